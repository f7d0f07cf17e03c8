"""Faults of inputs of any length: every one is counted and may be written, and so many are held as a person can use."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from behavior.errors import EXAMPLES_A_RULE, Fault, FaultKind, kind_of
from behavior.io.files import whole_file

MOST_HELD = 100_000
REJECTS = ("file", "line", "column", "value", "rule", "hint")

Take = Callable[[Sequence[Fault]], None]
"""What faults are handed to."""


class FoundFaults:
    """Faults so far: `counts` by file, column and rule are of all; `held` are the first, and some of every kind.

    Parameters
    ----------
    write : takes all of them, in the order they were found.
    """

    def __init__(self, write: Take | None = None) -> None:
        self.counts: dict[FaultKind, int] = {}
        self.held: list[Fault] = []
        self._write = write

    def add(self, faults: Sequence[Fault]) -> None:
        """Count them, hand them on, and hold them where there is room."""
        if self._write is not None:
            self._write(faults)
        for fault in faults:
            kind = kind_of(fault)
            self.counts[kind] = self.counts.get(kind, 0) + 1
            if len(self.held) < MOST_HELD or self.counts[kind] <= EXAMPLES_A_RULE:
                self.held.append(fault)

    def __len__(self) -> int:
        """How many there are, held or not."""
        return sum(self.counts.values())


@contextmanager
def rejects_file(path: Path | None) -> Iterator[Take | None]:
    """A CSV with a row a fault (file, line, column, value, rule, hint), whole at the end or not there; None is none."""
    if path is None:
        yield None
        return
    with whole_file(path) as file:
        file.write(_rows([REJECTS]))

        def take(faults: Sequence[Fault]) -> None:
            file.write(_rows([_cells(fault) for fault in faults]))

        yield take


def _cells(fault: Fault) -> tuple[str | int | None, ...]:
    return fault.where, fault.line, fault.column, fault.value, fault.rule, fault.hint


def _rows(rows: Sequence[Sequence[str | int | None]]) -> bytes:
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\n").writerows(rows)
    return buffer.getvalue().encode("utf-8")
