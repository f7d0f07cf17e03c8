"""Bytes in and out: writes that are whole or not there at all."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from behavior.digests import sha256_of
from behavior.errors import Fault, FaultyInput

MOST_NAMED = 12
"""Files that a message names beside the one that is missing."""


def read_bytes(path: Path) -> bytes:
    """A file's bytes.

    Raises
    ------
    FaultyInput : when there is no such file, with the files that lie beside it.
    """
    if path.is_file():
        return path.read_bytes()
    if path.is_dir():
        raise FaultyInput([Fault(str(path), "expected a file, this is a folder", hint="Name a file in it")])
    hint = f"Files there: {', '.join(beside)}" if (beside := _beside(path)) else "Check the path"
    raise FaultyInput([Fault(str(path), "expected a file, there is none of that name", hint=hint)])


def _beside(path: Path) -> list[str]:
    if not path.parent.is_dir():
        return []
    return sorted(one.name for one in path.parent.iterdir() if one.is_file())[:MOST_NAMED]


def require_outputs(folders: Iterable[Path | None] = (), files: Iterable[Path | None] = ()) -> None:
    """Refuse to begin where what comes of the work could not be written; nothing is made here. None is no output.

    Raises
    ------
    FaultyInput : naming every path of the wrong kind, and every folder that may not be written.
    """
    faults = [_folder_fault(path, path) for path in folders if path is not None]
    faults += [_file_fault(path) for path in files if path is not None]
    if found := [fault for fault in faults if fault is not None]:
        raise FaultyInput(found)


def _file_fault(path: Path) -> Fault | None:
    if path.is_dir():
        return Fault(str(path), "expected a file to write, this is a folder", hint="Name a file in it")
    return _folder_fault(path.parent, path)


def _folder_fault(folder: Path, asked: Path) -> Fault | None:
    """What is wrong with a folder to write into; of one that is not there, with the nearest above it that is."""
    there = next(one for one in (folder, *folder.absolute().parents) if one.exists())
    if not there.is_dir():
        rule = "this is a file" if there == asked else f"`{there}` is a file"
        return Fault(str(asked), f"expected a folder to write into, {rule}", hint="Name another place")
    if not os.access(there, os.W_OK | os.X_OK):
        return Fault(str(asked), f"the folder `{there}` may not be written", hint="Name another place")
    return None


def write_atomically(path: Path, content: bytes | str) -> str:
    """Write a file that is whole or not there at all; returns the sha256."""
    data = content.encode("utf-8") if isinstance(content, str) else content
    with whole_file(path) as file:
        file.write(data)
    return sha256_of(data)


@contextmanager
def whole_file(path: Path) -> Iterator[IO[bytes]]:
    """A file written beside the target and renamed at the end. A failure leaves nothing behind."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).chmod(0o644)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
