"""What a first pass over monthly rows learns of each loan, so that its rows may stand in any order."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from behavior.months import month_number_or_nan
from behavior.quantities import BoolArray, FloatArray, IntArray

LoanMarks = npt.NDArray[np.uint64]
"""Eight bytes a row that stand for its loan's name; of ten million names no two share theirs but once in 400,000."""


def marks_of(names: pd.Series | pd.DataFrame) -> LoanMarks:
    """Marks of names, or of what several columns together name; shape (rows,)."""
    return np.asarray(pd.util.hash_pandas_object(names, index=False), dtype=np.uint64)


def places_of(held: LoanMarks, loans: LoanMarks) -> tuple[IntArray, BoolArray]:
    """Where rising marks hold a loan, or would, and whether they do; shapes (rows,)."""
    at = np.searchsorted(held, loans)
    known = np.zeros(loans.size, dtype=bool)
    inside = at < held.size
    known[inside] = held[at[inside]] == loans[inside]
    return at, known


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


class _Earliest:
    """A value of each loan, from the row of its earliest month, the first such row of the file: 24 bytes a loan."""

    def __init__(self) -> None:
        self.loans = np.zeros(0, dtype=np.uint64)
        self.when, self.values = np.zeros(0), np.zeros(0)

    def add(self, loans: LoanMarks, number: FloatArray, values: FloatArray, rows: BoolArray) -> None:
        usable = rows & np.isfinite(number) & np.isfinite(values)
        loans, number, values = loans[usable], number[usable], values[usable]
        order = np.lexsort((number, loans))
        names, first = np.unique(loans[order], return_index=True)
        first = order[first]
        at, known = places_of(self.loans, names)
        known[known] = number[first[known]] < self.when[at[known]]
        self.when[at[known]], self.values[at[known]] = number[first[known]], values[first[known]]
        at, known = places_of(self.loans, names)
        self.when = np.insert(self.when, at[~known], number[first[~known]])
        self.values = np.insert(self.values, at[~known], values[first[~known]])
        self.loans = np.insert(self.loans, at[~known], names[~known])

    def of(self, loans: LoanMarks) -> FloatArray:
        """The value of each row's loan, NaN where there is none; shape (rows,)."""
        at, known = places_of(self.loans, loans)
        values = np.full(loans.size, np.nan)
        values[known] = self.values[at[known]]
        return values


class FirstRows:
    """Which rows are the first of their loan, over the parts of a file: 8 bytes a loan."""

    def __init__(self) -> None:
        self._held = np.zeros(0, dtype=np.uint64)

    def of(self, loans: LoanMarks) -> BoolArray:
        """Rows whose loan stood in no earlier row; shape (rows,)."""
        names, rows = np.unique(loans, return_index=True)
        at, known = places_of(self._held, names)
        self._held = np.insert(self._held, at[~known], names[~known])
        first = np.zeros(loans.size, dtype=bool)
        first[rows[~known]] = True
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
