"""Accrual periods of options and of limits inside rates, and which rows share forwards and volatilities."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from behavior.engine.calendars import day_in_month, next_resets, payment_day
from behavior.engine.positions import CASH, Book
from behavior.months import month_number, payments_left, roll_months, year_fraction
from behavior.quantities import MONTHS_PER_YEAR, AnyArray, DateArray, FloatArray, IntArray


@dataclass(frozen=True, eq=False)
class Periods:
    """Accrual periods of several rows, flat: `row` is the place of each period's option in the chosen rows.

    stop : where a period would end that no maturity cuts short.
    """

    row: IntArray
    start: DateArray
    end: DateArray
    stop: DateArray


@dataclass(frozen=True, eq=False)
class Alike:
    """Rows of a book that share currency, index, months of a period and day count, and so forwards and volatilities."""

    currency: str
    index: str
    months: int
    day_count: str
    rows: IntArray

    def spans(self, start: DateArray, end: DateArray) -> FloatArray:
        """Accruals of their regular periods, years."""
        return spans(start, end, self.months, self.day_count)


def spans(start: DateArray, end: DateArray, months: int, day_count: str) -> FloatArray:
    """Accruals of regular periods: months / 12 under 30/360, days under the ACT counts."""
    if day_count.startswith("30"):
        return np.full(start.shape, months / MONTHS_PER_YEAR)
    return year_fraction(start, end, day_count)


def period_months(book: Book) -> IntArray:
    """Months of an option's periods: `payment_months`, where that is empty or 0 `reset_months`."""
    paid, reset = book.whole("payment_months"), book.whole("reset_months")
    limited = book.instrument == CASH
    return np.asarray(np.where((paid > 0) & ~limited, paid, reset), dtype=np.int64)


def alike(book: Book, chosen: IntArray) -> Iterator[Alike]:
    """The chosen rows by what they share."""
    if not len(chosen):
        return
    columns: list[AnyArray] = [
        np.asarray(book.words("currency")).astype(str)[chosen],
        np.asarray(book.words("index")).astype(str)[chosen],
        period_months(book)[chosen].astype(str),
        np.asarray(book.words("day_count", "30/360")).astype(str)[chosen],
    ]
    keys = np.stack(columns, axis=1)
    for key in np.unique(keys, axis=0):
        currency, index, months, day_count = (str(part) for part in key)
        yield Alike(currency, index, int(months), day_count, chosen[(keys == key).all(axis=1)])


def back_from_maturity(as_of: DateArray, maturity: DateArray, step: IntArray) -> Periods:
    """Periods that end after as-of, counting back from maturity."""
    count = payments_left(as_of, maturity, step)
    row = np.repeat(np.arange(len(count)), count)
    back = np.concatenate([np.arange(number) for number in count]) if len(count) else np.zeros(0, dtype=np.int64)
    end = roll_months(maturity[row], -back.astype(np.int64) * step[row])
    start = roll_months(maturity[row], -(back.astype(np.int64) + 1) * step[row])
    return Periods(row.astype(np.int64), start, end, end)


def between_resets(book: Book, as_of: DateArray, rows: IntArray, months: int) -> Periods:
    """Periods between the resets of floating rows after as-of, the last one ending at maturity."""
    maturity, first = book.dates("maturity_date")[rows], book.dates("next_reset_date")[rows]
    # Without a date the next reset is the first on the grid that counts back from maturity.
    left = payments_left(as_of, maturity, months)
    first = np.where(np.isnat(first), roll_months(maturity, -(left - 1) * months), first)
    first, day = next_resets(as_of, first, maturity, months, payment_day(maturity))
    month = month_number(first)
    span = month_number(maturity) - month
    count = np.maximum(np.where(first < maturity, -(-span // months), 0), 0)
    count = count + ((first < maturity) & (day_in_month(month + count * months, day) < maturity))
    row = np.repeat(np.arange(len(rows)), count)
    step = np.concatenate([np.arange(number) for number in count]) if len(rows) else np.zeros(0)
    at = month[row] + step.astype(np.int64) * months
    start, stop = day_in_month(at, day[row]), day_in_month(at + months, day[row])
    return Periods(row.astype(np.int64), start, np.minimum(stop, maturity[row]), stop)
