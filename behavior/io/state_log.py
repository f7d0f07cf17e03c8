"""The log of a store's states on disk: appended to by one writer at a time, and found out when lines are cut off.

``log.jsonl`` holds the lines, ``log.head`` the hash of the last one.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from itertools import takewhile
from pathlib import Path
from threading import get_ident

from behavior.assumptions.state import StateChange, read_log
from behavior.errors import DigestMismatch
from behavior.io.files import write_atomically

LOG = "log.jsonl"
HEAD = "log.head"
NO_LINES = "\n"


class StateLog:
    """The log in a store's folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._holder = 0

    def read(self) -> tuple[StateChange, ...]:
        """All changes of state, oldest first, the chain verified.

        Raises
        ------
        DigestMismatch : a line was edited, lines were cut off, or the head is missing.
        """
        path = self.folder / LOG
        try:
            text = path.read_bytes().decode("utf-8") if path.is_file() else ""
        except UnicodeDecodeError as error:
            raise DigestMismatch(f"{path}: expected UTF-8 text; the log was edited.") from error
        self._refuse_torn(text)
        changes = read_log(text, str(path)) if path.is_file() else ()
        self._check_head(changes)
        return changes

    def _refuse_torn(self, text: str) -> None:
        """Refuse a last line without an end; where nothing but that line was lost, say how the log is made whole."""
        whole, _, torn = text.rpartition("\n")
        if not torn:
            return
        path, head = self.folder / LOG, self.folder / HEAD
        kept = f"{whole}\n" if whole else ""
        changes = read_log(kept, str(path))
        last = changes[-1].hash if changes else ""
        if not head.is_file() or head.read_text("utf-8", "replace") != f"{last}\n":
            return  # more may be missing than this line: who reads the lines refuses them
        before = (
            f"The {len(changes)} lines before it are whole and end as {HEAD} says" if changes else "It is the first"
        )
        raise DigestMismatch(
            f"{path}, line {len(changes) + 1}: the line has no end: its writer was stopped while it wrote, so this "
            f"change of state never took effect. {before}. Keep a copy of {LOG}, cut it to its first "
            f"{len(kept.encode()):,} bytes, and make the change again."
        )

    def append(self, changes: Sequence[StateChange]) -> tuple[StateChange, ...]:
        """Number changes, chain them to the log and write their lines, all or none; to be called while `locked`."""
        log = self.read()
        previous = log[-1].hash if log else ""
        sealed: list[StateChange] = []
        for change in changes:
            sealed.append(replace(change, sequence=len(log) + len(sealed) + 1).sealed(previous))
            previous = sealed[-1].hash
        if not log:
            # A log has a head before it has lines, so that a head that is missing was taken away.
            write_atomically(self.folder / HEAD, NO_LINES)
        self._write("".join(change.line() + "\n" for change in sealed).encode())
        write_atomically(self.folder / HEAD, previous + "\n")
        return tuple(sealed)

    def _write(self, lines: bytes) -> None:
        with (self.folder / LOG).open("ab", buffering=0) as file:
            size = file.seek(0, os.SEEK_END)
            try:
                if file.write(lines) < len(lines):
                    raise OSError(errno.ENOSPC, "the disk is full", str(file.name))
                os.fsync(file.fileno())
            except BaseException:
                file.truncate(size)
                raise

    def _check_head(self, changes: tuple[StateChange, ...]) -> None:
        """Refuse a log whose end is missing. A head just behind it is a writer that stopped between two writes."""
        path = self.folder / HEAD
        if not path.is_file():
            if changes:
                raise DigestMismatch(
                    f"{path}: found no such file, which names the last line of {LOG}; lines may have been cut off. "
                    "Restore both from a backup."
                )
            return
        head = path.read_text("utf-8", "replace")
        behind = list(takewhile(lambda change: head != f"{change.hash}\n", reversed(changes)))
        one_writing = len({(change.by, change.at) for change in behind}) <= 1
        if not one_writing or (len(behind) == len(changes) and head != NO_LINES):
            raise DigestMismatch(
                f"{self.folder / LOG} does not end with the line that {path} names: lines were cut off, or {HEAD} was "
                "edited. Restore both from a backup."
            )

    @contextmanager
    def locked(self) -> Iterator[None]:
        """One writer of the store at a time, where the system has file locks; who holds it may ask for it again."""
        try:
            import fcntl
        except ImportError:
            yield
            return
        if self._holder == get_ident():
            yield
            return
        # The folder itself is locked, so that no lock file is left behind.
        folder = os.open(self.folder, os.O_RDONLY)
        try:
            fcntl.flock(folder, fcntl.LOCK_EX)
            self._holder = get_ident()
            yield
        finally:
            self._holder = 0
            os.close(folder)
