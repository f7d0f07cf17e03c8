"""What a first pass over monthly rows learns of each loan, so that its rows may stand in any order."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pandas as pd

from behavior.months import month_number_or_nan
from behavior.quantities import BoolArray, FloatArray

LoanMarks = npt.NDArray[np.uint64]
"""Eight bytes a row that stand for its loan's name; of ten million names no two share theirs but once in 400,000."""
ENOUGH = 1 << 16


def marks_of(loans: pd.Series) -> LoanMarks:
    """Marks of names; shape (rows,)."""
    return pd.util.hash_pandas_object(loans, index=False).to_numpy(dtype=np.uint64)


@dataclass(frozen=True)
class Seen:
    """Some rows of a first pass.

    Parameters
    ----------
    left : rows that say that a loan left. age : published age in months. rate : published rate, percent a year.
        remaining : scheduled months left. These are NaN where they are not published, and None where they are not
        asked for. Shapes (rows,).
    """

    loans: pd.Series
    month: pd.Series
    left: BoolArray
    age: FloatArray | None = None
    rate: FloatArray | None = None
    remaining: FloatArray | None = None


@dataclass
class _Earliest:
    """A value of each loan, from the row of its earliest month, the first such row of the file: 24 bytes a loan.

    What comes in waits until it is as much as what is held, so that each loan is sorted a few times only.
    """

    loans: LoanMarks = field(default_factory=lambda: np.zeros(0, dtype=np.uint64))
    when: FloatArray = field(default_factory=lambda: np.zeros(0))
    values: FloatArray = field(default_factory=lambda: np.zeros(0))
    waiting: list[tuple[LoanMarks, FloatArray, FloatArray]] = field(default_factory=list)

    def add(self, loans: LoanMarks, number: FloatArray, values: FloatArray, rows: BoolArray) -> None:
        at = rows & np.isfinite(number) & np.isfinite(values)
        self.waiting.append(_first_of_each(loans[at], number[at], values[at]))
        if sum(part[0].size for part in self.waiting) >= max(self.loans.size, ENOUGH):
            self.settle()

    def settle(self) -> None:
        """Put what waits to what is held."""
        parts = [(self.loans, self.when, self.values), *self.waiting]
        loans, when, values = (np.concatenate(cells) for cells in zip(*parts, strict=True))
        self.loans, self.when, self.values = _first_of_each(loans, when, values)
        self.waiting.clear()

    def of(self, loans: LoanMarks) -> FloatArray:
        """The value of each row's loan, NaN where there is none; shape (rows,)."""
        if not self.loans.size:
            return np.full(loans.size, np.nan)
        at = np.minimum(np.searchsorted(self.loans, loans), self.loans.size - 1)
        return np.where(self.loans[at] == loans, self.values[at], np.nan)


def _first_of_each(
    loans: LoanMarks, when: FloatArray, values: FloatArray
) -> tuple[LoanMarks, FloatArray, FloatArray]:
    """Of each loan the row of its earliest month, the first of several; in the order of marks."""
    order = np.lexsort((when, loans))
    new = np.diff(loans[order], prepend=~loans[order[:1]]) != 0
    first = order[new]
    return loans[first], when[first], values[first]


class FirstRows:
    """Which rows are the first of their loan, over the parts of a file: 8 bytes a loan."""

    def __init__(self) -> None:
        self._held = np.zeros(0, dtype=np.uint64)
        self._waiting = np.zeros(0, dtype=np.uint64)

    def of(self, loans: LoanMarks) -> BoolArray:
        """Rows whose loan stood in no earlier row; shape (rows,)."""
        names, rows = np.unique(loans, return_index=True)
        at = np.minimum(np.searchsorted(self._held, names), max(self._held.size - 1, 0))
        new = (self._held[at] != names) if self._held.size else np.ones(names.size, dtype=bool)
        new &= ~np.isin(names, self._waiting, assume_unique=True)
        self._waiting = np.concatenate([self._waiting, names[new]])
        if self._waiting.size >= ENOUGH:
            self._held, self._waiting = np.union1d(self._held, self._waiting), self._waiting[:0]
        first = np.zeros(loans.size, dtype=bool)
        first[rows[new]] = True
        return first


@dataclass(frozen=True)
class Lives:
    """The last month of a release, and of each loan its exit, the month it was new in, its last rate and last end."""

    last: float
    exits: _Earliest
    born: _Earliest
    paid: _Earliest
    ends: _Earliest

    @classmethod
    def of(cls, parts: Iterable[Seen]) -> Lives:
        """What all rows of a file say."""
        last, exits, born, paid, ends = -np.inf, _Earliest(), _Earliest(), _Earliest(), _Earliest()
        for part in parts:
            loans, named = marks_of(part.loans), part.loans.notna().to_numpy(dtype=bool)
            number = month_number_or_nan(part.month)
            last = max(last, float(np.nanmax(number, initial=-np.inf)))
            exits.add(loans, number, number, part.left & named)
            if part.age is not None:
                born.add(loans, number, number - part.age, named)
            if part.rate is not None:
                paid.add(loans, -number, part.rate, named)  # the earliest counted backwards is the latest
            if part.remaining is not None:
                ends.add(loans, -number, number + part.remaining, named & ~part.left)
        for one in (exits, born, paid, ends):
            one.settle()
        return cls(last, exits, born, paid, ends)

    def late(self, month: pd.Series) -> BoolArray:
        """Rows of the release's last month; shape (rows,)."""
        return np.asarray(month_number_or_nan(month) >= self.last)

    def gone(self, loans: LoanMarks, month: pd.Series) -> BoolArray:
        """Rows of a month after the loan's exit; shape (rows,)."""
        return np.asarray(month_number_or_nan(month) > self.exits.of(loans))

    def ages(self, loans: LoanMarks, month: pd.Series, published: pd.Series) -> pd.Series:
        """Age by the calendar from a loan's first month with an age: a modification does not make it young again.

        In months, shape (rows,). An age that is not published stays empty.
        """
        age = month_number_or_nan(month) - self.born.of(loans)
        return pd.Series(age, index=month.index).where(published.notna())

    def last_rates(self, loans: LoanMarks) -> pd.Series:
        """The last rate published of each row's loan, percent a year, empty where there is none; shape (rows,)."""
        return pd.Series(self.paid.of(loans))

    def remaining(self, loans: LoanMarks, month: pd.Series) -> pd.Series:
        """Months from a row to the scheduled end that its loan published last while open; empty where there is none."""
        return pd.Series(self.ends.of(loans) - month_number_or_nan(month), index=month.index)
