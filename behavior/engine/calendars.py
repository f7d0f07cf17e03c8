"""Dates become numbers here: event days, months, accrual fractions and reset columns, shared by many positions.

Positions with the same payment day, day count and (where it matters) period share one calendar. Interval j of a
calendar runs from event j - 1 to event j; events lie a month apart. Within a period the day count decides: ACT counts
accrue by days; a regular period of a 30/360 count accrues months / 12, spread in proportion to the raw count.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from behavior.engine.intervals import Keys, Series, fill, month_table
from behavior.engine.layout import CALENDAR, NII_MONTHS, Calendars, Records, calendars_of
from behavior.engine.positions import distinct
from behavior.months import (
    DAY_COUNTS,
    DateLike,
    as_days,
    day_of_month,
    first_day,
    is_month_end,
    month_number,
    months_between,
    roll_months,
    year_fraction,
)
from behavior.quantities import BoolArray, DateArray, FloatArray, IntArray

COUNTS = tuple(DAY_COUNTS)
THIRTY = tuple(index for index, name in enumerate(COUNTS) if name.startswith("30"))
MONTH_END = 31
MOVING_DAY = 28
"""From this payment day on, short months make 30/360 counts depend on where a period begins."""

MAX_KEY = 2**60
SPARE = 2
"""Events kept beyond the last one needed, so that the interval after the horizon exists."""


def payment_day(anchor: DateLike) -> IntArray:
    """Day of the month that events fall on: 31 stands for month ends, other days are clipped to short months."""
    days = as_days(anchor)
    return np.asarray(np.where(is_month_end(days), MONTH_END, day_of_month(days)))


def day_in_month(month: IntArray, day: IntArray) -> DateArray:
    """The event of a calendar month (months since January 1970) for a payment day; shapes broadcast."""
    number = np.asarray(month, dtype=np.int64)
    start = first_day(number)
    length = (first_day(number + 1) - start).astype(np.int64)
    return np.asarray(start + (np.minimum(np.asarray(day), length) - 1).astype("timedelta64[D]"))


def first_month(as_of: DateLike, day: IntArray) -> IntArray:
    """Calendar month of the first event after as-of, months since 1970, by payment day."""
    now = as_days(as_of)
    month = np.broadcast_to(month_number(now), np.shape(day))
    return np.asarray(month + (day_in_month(month, np.asarray(day)) <= now))


def fractions(start: DateArray, end: DateArray, count: IntArray) -> FloatArray:
    """Raw year fractions on day counts given by number (place in `COUNTS`); all of one shape."""
    result = np.zeros(np.shape(start))
    for number in np.unique(count):
        chosen = count == number
        result[chosen] = year_fraction(start[chosen], end[chosen], COUNTS[number])
    return result


def accrued(start: DateArray, end: DateArray, at: DateArray, months: IntArray, count: IntArray) -> FloatArray:
    """Accrual fraction from a period's start to a date inside it, years.

    Parameters
    ----------
    start, end : the period. months : its regular length, 0 = not regular. count : day count by number.
    """
    part = fractions(start, at, count)
    regular = np.isin(count, THIRTY) & (months > 0)
    if not regular.any():
        return part
    whole = np.where(regular, fractions(start, end, count), 1.0)
    return np.asarray(np.where(regular, part * (months / 12.0) / np.where(whole == 0.0, 1.0, whole), part))


@dataclass(frozen=True, eq=False)
class CalendarKeys:
    """One row a distinct calendar.

    Parameters
    ----------
    day : payment day. count : day count by number. step : months of a period (1 where intervals stand alone).
    phase : events before the next period's end, modulo step. start, end : period of positions that pay once, else NaT.
    span : regular months of that period, 0 = not regular. reset : number of the reset series, -1 = none.
    length : events needed.
    """

    day: IntArray
    count: IntArray
    step: IntArray
    phase: IntArray
    start: DateArray
    end: DateArray
    span: IntArray
    reset: IntArray
    length: IntArray


@dataclass(frozen=True, eq=False)
class CalendarSet:
    """Flat calendars and where each begins.

    Parameters
    ----------
    records : what the kernel reads. first, length : (calendars,), first entry of each and how many it has.
    """

    records: Records
    first: IntArray
    length: IntArray

    @property
    def arrays(self) -> Calendars:
        """The entries' columns, views of the records."""
        return calendars_of(self.records)

    def holding(self, entries: IntArray) -> IntArray:
        """Calendar that holds each of some entries."""
        return np.asarray(np.searchsorted(self.first, entries, side="right") - 1)


@dataclass(frozen=True, eq=False)
class ResetSeries:
    """Reset dates by series.

    Parameters
    ----------
    next_date : (series,), first reset after as-of. months : (series,), months between resets, 0 = only one.
    day : (series,), day of the month resets fall on.
    """

    next_date: DateArray
    months: IntArray
    day: IntArray


@dataclass(frozen=True, eq=False)
class Fixation:
    """Until when rates are fixed, (rows,) each.

    Parameters
    ----------
    first : next reset of floaters, maturity of others. months : months between resets, 0 = none follows. day : payment
    day of resets. last : maturity, after which nothing is fixed.
    """

    first: DateArray
    months: IntArray
    day: IntArray
    last: DateArray

    def keys(self, rows: IntArray) -> tuple[IntArray, IntArray]:
        """Distinct fixations among rows: the row of the first of each, and the number of each row's."""
        columns = {
            "first": self.first[rows].astype(np.int64),
            "months": self.months[rows],
            "day": self.day[rows],
            "last": self.last[rows].astype(np.int64),
        }
        place, key = unique_keys(columns)
        return rows[place], key

    def end(self, row: int, days: DateArray) -> DateArray:
        """End of the fixation that runs on each day: the next reset after it, at most maturity; at least a day on."""
        first, every = self.first[row], int(self.months[row])
        end = np.full(days.shape, first)
        if every > 0:
            begin = month_number(first)
            turn = np.maximum((month_number(days) - begin) // every, 0)
            day = np.asarray(self.day[row])
            found = np.where(turn > 0, day_in_month(begin + turn * every, day), first)
            end = np.where(found > days, found, day_in_month(begin + (turn + 1) * every, day))
        return np.asarray(np.maximum(np.minimum(end, self.last[row]), days + np.timedelta64(1, "D")))


def next_resets(
    as_of: DateLike, given: DateArray, maturity: DateArray, months: IntArray | int, day: IntArray
) -> tuple[DateArray, IntArray]:
    """The first reset after as-of of the series that begins on `given`, and the day of the month that resets fall on.

    A first reset on a day that counts back from maturity follows the payment day, any other one its own.

    Parameters
    ----------
    months : between resets. day : payment day.
    """
    now, number = as_days(as_of), month_number(given)
    on_grid = roll_months(maturity, number - month_number(maturity)) == given
    day = np.where(on_grid, day, payment_day(given))
    behind = np.maximum(months_between(given, now) // months + 1, 0) * (given <= now)
    return np.where(behind > 0, day_in_month(number + behind * months, day), given), day


def build_calendars(as_of: DateLike, keys: CalendarKeys, resets: ResetSeries) -> CalendarSet:
    """Resolve keys to calendars; `reset` holds the day offset of each reset (-1 = none), not yet a column of rates.

    Event j ends a period when (j - phase) is a multiple of step. `split` is the share of an interval's accrual before
    its last reset; `opening_reset` is an earlier one where two fall into one interval.
    """
    now = as_days(as_of)
    length = keys.length + SPARE
    first = np.asarray(np.concatenate([[0], np.cumsum(length)[:-1]]), dtype=np.int64)
    month = first_month(now, keys.day)
    once = ~np.isnat(keys.start)
    begin, close = np.where(once, keys.start, now), np.where(once, keys.end, now)
    reach = max(int((month + length + 2 * keys.step).max(initial=0)), int(month_number(close).max(initial=0)))
    back = min(int((month - keys.step).min(initial=0)), int(month_number(begin).min(initial=0)))
    longest = int(resets.months.max(initial=0)) + max(int(month_number(resets.next_date).max(initial=0)) - reach, 0)
    table = month_table(back - 1, reach + longest + 1)
    found = np.empty(int(length.sum()), dtype=CALENDAR)
    fill(
        Keys(
            day=keys.day,
            basis=keys.count,
            step=keys.step,
            phase=keys.phase,
            once=once.astype(np.int64),
            opens=begin.astype(np.int64),
            closes=close.astype(np.int64),
            span=keys.span,
            series=keys.reset,
            month=month - table.first,
            first=first,
            length=length,
        ),
        Series(
            resets.next_date.astype(np.int64), month_number(resets.next_date) - table.first, resets.months, resets.day
        ),
        table,
        int(now.astype(np.int64)),
        int(payment_day(now)),
        found,
    )
    return CalendarSet(found, first, length)


def unique_keys(columns: dict[str, IntArray]) -> tuple[IntArray, IntArray]:
    """Distinct rows of integer columns: place of the first row of each, and the number of each row's key."""
    code = np.zeros(len(next(iter(columns.values()))), dtype=np.int64)
    width = 1
    for values in columns.values():
        if not len(values):
            break
        low, high = int(values.min()), int(values.max())
        if high == low:
            continue
        if width > MAX_KEY // (high - low + 1):
            code = pd.factorize(code)[0].astype(np.int64)
            width = len(code) + 1
        if width > MAX_KEY // (high - low + 1):
            values, low = pd.factorize(values)[0].astype(np.int64), 0
            high = len(values)
        code *= high - low + 1
        code += values
        code -= low
        width *= high - low + 1
    present, place, inverse = distinct(code)
    del present
    return place, inverse


def horizon_day(as_of: DateLike) -> int:
    """Days from as-of to the end of the income horizon."""
    return int((roll_months(as_of, NII_MONTHS) - as_days(as_of)).astype(np.int64))


def regular_span(start: DateArray, end: DateArray) -> IntArray:
    """Whole months of a period whose start is a roll-back date of its end, else 0."""
    months = month_number(end) - month_number(start)
    return np.asarray(np.where(roll_months(end, -months) == start, months, 0), dtype=np.int64)


def thirty(count: IntArray) -> BoolArray:
    """Whether a day count (by number) is of the 30/360 family."""
    return np.isin(count, THIRTY)
