"""What a first pass over monthly rows learns of each loan, so that its rows may stand in any order."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from behavior.months import month_number_or_nan
from behavior.quantities import BoolArray, FloatArray


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


@dataclass(frozen=True)
class _Earliest:
    """A value of each loan, from the row of its earliest month."""

    held: dict[str, tuple[float, float]] = field(default_factory=dict)

    def add(self, loans: pd.Series, number: FloatArray, values: FloatArray, rows: BoolArray) -> None:
        at = np.flatnonzero(rows & np.isfinite(number) & np.isfinite(values) & loans.notna().to_numpy())
        at = at[np.argsort(number[at], kind="stable")]
        first = pd.Series(loans.to_numpy()[at]).drop_duplicates()
        for loan, row in zip(first, at[first.index], strict=True):
            if loan not in self.held or number[row] < self.held[loan][0]:
                self.held[loan] = (float(number[row]), float(values[row]))

    def of(self, loans: pd.Series) -> FloatArray:
        """The value of each row's loan, NaN where there is none; shape (rows,)."""
        codes, names = pd.factorize(loans)
        none = (np.nan, np.nan)
        values = np.array([self.held.get(name, none)[1] for name in names] + [np.nan])
        return np.asarray(values[codes], dtype=np.float64)


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
            number = month_number_or_nan(part.month)
            last = max(last, float(np.nanmax(number, initial=-np.inf)))
            exits.add(part.loans, number, number, part.left)
            every = np.ones(number.size, dtype=bool)
            if part.age is not None:
                born.add(part.loans, number, number - part.age, every)
            if part.rate is not None:
                paid.add(part.loans, -number, part.rate, every)  # the earliest counted backwards is the latest
            if part.remaining is not None:
                ends.add(part.loans, -number, number + part.remaining, ~part.left)
        return cls(last, exits, born, paid, ends)

    def late(self, month: pd.Series) -> BoolArray:
        """Rows of the release's last month; shape (rows,)."""
        return np.asarray(month_number_or_nan(month) >= self.last)

    def gone(self, loans: pd.Series, month: pd.Series) -> BoolArray:
        """Rows of a month after the loan's exit; shape (rows,)."""
        return np.asarray(month_number_or_nan(month) > self.exits.of(loans))

    def ages(self, loans: pd.Series, month: pd.Series, published: pd.Series) -> pd.Series:
        """Age by the calendar from a loan's first month with an age: a modification does not make it young again.

        In months, shape (rows,). An age that is not published stays empty.
        """
        age = month_number_or_nan(month) - self.born.of(loans)
        return pd.Series(age, index=loans.index).where(published.notna())

    def last_rates(self, loans: pd.Series) -> pd.Series:
        """The last rate published of each row's loan, percent a year, empty where there is none; shape (rows,)."""
        return pd.Series(self.paid.of(loans), index=loans.index)

    def remaining(self, loans: pd.Series, month: pd.Series) -> pd.Series:
        """Months from a row to the scheduled end that its loan published last while open; empty where there is none."""
        return pd.Series(self.ends.of(loans) - month_number_or_nan(month), index=loans.index)
