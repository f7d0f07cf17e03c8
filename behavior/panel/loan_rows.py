"""Loan-months in order as arrays, whole or some loans at a time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from behavior.months import month_number
from behavior.panel.contracts import LOAN_MONTHS
from behavior.panel.dense import by_name, coded, fill_forward, first_of_run, number_of, order_of, places_of, slices_of
from behavior.quantities import BoolArray, FloatArray, IntArray

MONTH_NUMBERS = ("balance", "curtailment", "house_price_index", "unemployment_rate")


@dataclass(frozen=True)
class LoanRows:
    """Loan-months sorted by loan and month, as arrays of shape (rows,).

    Parameters
    ----------
    loans : table. origination : month number per loan. unit : position in `loans`. first : true on each loan's first
        row. status : position among `words`. numbers : monthly columns by name; those missing are unknown.
        meanings : what the numbers of columns of words or dates stand for.
    """

    loans: pd.DataFrame
    origination: IntArray
    unit: IntArray
    first: BoolArray
    month: IntArray
    age: IntArray
    rate: FloatArray
    status: IntArray
    words: tuple[str, ...]
    numbers: Mapping[str, FloatArray]
    meanings: Mapping[str, pd.Series]

    def number(self, name: str) -> FloatArray:
        """A monthly column; all NaN where it is missing."""
        return self.numbers[name] if name in self.numbers else np.full(len(self.unit), np.nan)

    def of_loan(self, name: str, rows: IntArray) -> FloatArray:
        """A column of the loans for some rows."""
        return number_of(self.loans, name)[self.unit[rows]]

    def status_is(self, word: str) -> BoolArray:
        """True on rows of that status."""
        return np.asarray(self.status == (self.words.index(word) if word in self.words else -2))

    def parts(self) -> Iterator[LoanRows]:
        """Whole loans, some at a time."""
        names = ("unit", "first", "month", "age", "rate", "status")
        for own in slices_of(self.first):
            numbers = {name: values[own] for name, values in self.numbers.items()}
            yield replace(self, **{name: getattr(self, name)[own] for name in names}, numbers=numbers)


def sorted_rows(loans: pd.DataFrame, months: pd.DataFrame, extras: Sequence[str] = ()) -> LoanRows:
    """The months of known loans by the loan's name and month; nothing is moved where they stand in order."""
    loans = by_name(loans, "loan_id")
    unit, month = places_of(loans["loan_id"], months["loan_id"]), month_number(months["month"])
    if len(unit) and unit.min() < 0:
        known = unit >= 0
        unit, month, months = unit[known], month[known], months[known]
    low, high = (int(month.min()), int(month.max())) if len(month) else (0, 0)
    order = order_of(unit * (high - low + 1) + month - low)
    if order is not None:
        unit, month, months = unit[order], month[order], months.iloc[order]
    first = first_of_run(unit)
    rate = fill_forward(number_of(months, "rate"), first)
    unknown = np.flatnonzero(np.isnan(rate))
    if len(unknown):
        rate = rate.copy()
        rate[unknown] = number_of(loans, "original_rate")[unit[unknown]]
    status, words = _statuses(months["status"])
    names = {*MONTH_NUMBERS, *(name for name in extras if name not in loans.columns)} & set(months.columns)
    plain = {name for name in names if pd.api.types.is_numeric_dtype(months[name])}
    told = {name: coded(months[name]) for name in names - plain if LOAN_MONTHS.column(name) is None}
    numbers = {name: number_of(months, name) for name in plain} | {name: codes for name, (codes, _) in told.items()}
    meanings = {name: meaning for name, (_, meaning) in told.items()}
    age, origination = months["age_months"].to_numpy(dtype=np.int64), month_number(loans["origination_date"])
    return LoanRows(loans, origination, unit, first, month, age, rate, status, words, numbers, meanings)


def _statuses(cells: pd.Series) -> tuple[IntArray, tuple[str, ...]]:
    """Place of each row's word among the words; nearly every row is open, so that only the others are looked up."""
    other = np.flatnonzero(np.asarray(cells.array != "open", dtype=bool))
    codes, words = pd.factorize(cells.iloc[other])
    status: IntArray = np.zeros(len(cells), dtype=np.int8)
    status[other] = codes + 1
    return status, ("open", *(str(word) for word in words))
