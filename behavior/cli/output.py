"""What a command prints: words, tables, progress and one JSON object, and how its errors become exit codes."""

from __future__ import annotations

import argparse
import errno
import importlib
import json
import math
import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from shutil import get_terminal_size
from typing import Any, TextIO

from behavior.cli.tables import table_lines
from behavior.errors import BAD_INPUT, BehaviorError, FaultyInput

SLOW_SECONDS = 2.0
WIDTH = 120
"""Characters of a line where no terminal says how many it has."""
ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
"""Libraries of linear algebra read these when they load. The matrices here are many and small: their threads would wait
for each other (measured: a fit four times slower on two cores), and one thread gives the same bits on every machine."""
NOBODY_READS = 141
"""Exit code of a program whose reader went away, as in `| head`: 128 and the number of that signal."""
NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
"""What a system says where nothing more can be written: no file is at fault, and often none is named."""
INTERRUPTED = 130
"""Exit code of a program that was stopped from the keyboard: 128 and the number of that signal."""


class Console:
    """Where a command's output goes: people read tables on standard output, machines one JSON object."""

    def __init__(self, as_json: bool = False, out: TextIO | None = None, err: TextIO | None = None) -> None:
        self.as_json = as_json
        self._width = get_terminal_size((WIDTH, 0)).columns
        self._out = out or sys.stdout
        self._err = err or sys.stderr

    def say(self, text: str) -> None:
        """A line for people; silent under --json."""
        if not self.as_json:
            _write(text, self._out)

    def warn(self, text: str) -> None:
        """A line on standard error, under --json too."""
        _write(text, self._err)

    def table(self, title: str, rows: Sequence[Mapping[Any, object]]) -> None:
        """Rows as a table for people, as wide as the terminal; in `WIDTH` where there is none."""
        if self.as_json:
            return
        self.say("")
        self.say(title)
        for line in table_lines(rows, self._width):
            self.say(line)

    def result(self, value: Mapping[str, Any]) -> None:
        """The command's result; printed only under --json."""
        if self.as_json:
            _write(json.dumps(_plain(value), indent=1, default=str, allow_nan=False), self._out)

    @contextmanager
    def progress(self, label: str) -> Iterator[None]:
        """Say what is running on a terminal, and how long it took when longer than two seconds."""
        started = time.perf_counter()
        live = self._err.isatty() and not self.as_json
        if live:
            _write(f"{label} ...", self._err, end="\r")
        yield
        seconds = time.perf_counter() - started
        if live:
            _write(" " * (len(label) + 4), self._err, end="\r")
        if seconds > SLOW_SECONDS or live:
            self.warn(f"{label}: {seconds:.1f} s")


def _plain(value: Any) -> Any:
    """A result whose figures JSON knows: what is no finite number is null."""
    if isinstance(value, Mapping):
        return {str(key): _plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _write(text: str, stream: TextIO, end: str = "\n") -> None:
    """Write at once; where nobody reads any more, leave without a word, as other commands in a pipe do.

    Letters that the stream's encoding does not have are written as escapes: a name must not undo what has been done.
    """
    encoding = getattr(stream, "encoding", None) or "utf-8"
    text = text.encode(encoding, "backslashreplace").decode(encoding)
    try:
        print(text, file=stream, end=end, flush=True)
    except BrokenPipeError:
        # What the stream still holds is written when Python closes it: into nothing, so that it cannot fail again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
        raise SystemExit(NOBODY_READS) from None


def run_command(parsed: argparse.Namespace) -> int:
    """Run the command that was parsed; user errors become messages on standard error and designed exit codes."""
    one_thread()
    console = Console(as_json=bool(parsed.json))
    return guarded(console, lambda: int(importlib.import_module(f"behavior.cli.{parsed.command}").run(parsed, console)))


def one_thread() -> None:
    """Let libraries of linear algebra that are loaded from now on use one thread, unless the user says otherwise."""
    for name in ONE_THREAD:
        os.environ.setdefault(name, "1")


def guarded(console: Console, work: Callable[[], int]) -> int:
    """The exit code of what is run: its own, or that of the interruption or user error it raised, which is said."""
    try:
        return work()
    except KeyboardInterrupt:
        console.warn("interrupted: what had been written by then is whole, nothing else was written.")
        return INTERRUPTED
    except BehaviorError as error:
        _report(console, error)
        return error.exit_code
    except FileNotFoundError as error:
        console.warn(f"error: {error.filename}: no such file or folder. Check the path.")
        console.result({"error": "file not found", "file": str(error.filename), "exit_code": BAD_INPUT})
        return BAD_INPUT
    except OSError as error:
        if error.errno in NO_ROOM:
            return _no_room(console, error)
        if error.filename is None:
            raise
        console.warn(f"error: {error.filename}: {error.strerror}. Check the path and the right to use it.")
        console.result({"error": error.strerror, "file": str(error.filename), "exit_code": BAD_INPUT})
        return BAD_INPUT


def _no_room(console: Console, error: OSError) -> int:
    """A disk that is full is nobody's input, and no fault of the program either."""
    place = f"{error.filename}: " if error.filename else ""
    said = f"{place}{error.strerror}; what was being written is not there, what had been written is whole"
    console.warn(f"error: {said}. Make room and run the command again.")
    console.result({"error": error.strerror, "file": error.filename, "message": said, "exit_code": BAD_INPUT})
    return BAD_INPUT


def _report(console: Console, error: BehaviorError) -> None:
    console.warn(f"error: {error}")
    faults = [asdict(fault) for fault in error.faults] if isinstance(error, FaultyInput) else []
    console.result(
        {"error": type(error).__name__, "message": str(error), "faults": faults, "exit_code": error.exit_code}
    )
