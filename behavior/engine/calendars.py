"""Dates become numbers here: event days, months, accrual fractions and reset columns, shared by many positions.

Positions with the same payment day, day count and (where it matters) period share one calendar. Interval j of a
calendar runs from event j - 1 to event j; events lie a month apart. Within a period the day count decides: ACT counts
accrue by days; a regular period of a 30/360 count accrues months / 12, spread in proportion to the raw count.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from behavior.engine.layout import NII_MONTHS, Calendars
from behavior.months import (
    DAY_COUNTS,
    DateLike,
    as_days,
    day_of_month,
    is_month_end,
    month_number,
    month_of,
    roll_months,
    year_fraction,
)
from behavior.quantities import BoolArray, DateArray, FloatArray, IntArray

COUNTS = tuple(DAY_COUNTS)
THIRTY = tuple(index for index, name in enumerate(COUNTS) if name.startswith("30"))
MONTH_END = 31
MOVING_DAY = 28
"""From this payment day on, short months make 30/360 counts depend on where a period begins."""

SPARE = 2
"""Events kept beyond the last one needed, so that the interval after the horizon exists."""


def payment_day(anchor: DateLike) -> IntArray:
    """Day of the month that events fall on: 31 stands for month ends, other days are clipped to short months."""
    days = as_days(anchor)
    return np.asarray(np.where(is_month_end(days), MONTH_END, day_of_month(days)))


def day_in_month(month: IntArray, day: IntArray) -> DateArray:
    """The event of a calendar month (months since January 1970) for a payment day; shapes broadcast."""
    first = np.asarray(month, dtype=np.int64).astype("datetime64[M]")
    start = first.astype("datetime64[D]")
    length = ((first + 1).astype("datetime64[D]") - start).astype(np.int64)
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
    arrays : what the kernel reads. first : (calendars,), first entry of each. calendar : (entries,), whose each is.
    dates : (entries,), event dates.
    """

    arrays: Calendars
    first: IntArray
    calendar: IntArray
    dates: DateArray


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

    def dates_up_to(self, series: int, last: np.datetime64) -> DateArray:
        """Reset dates of one series up to a date."""
        step = int(self.months[series])
        begin = month_number(self.next_date[series])
        if step == 0:
            return self.next_date[series : series + 1]
        count = max(int(month_number(last) - begin) // step + 1, 1)
        return day_in_month(begin + np.arange(count) * step, np.asarray(self.day[series]))


def entries_of(keys: CalendarKeys) -> tuple[IntArray, IntArray, IntArray]:
    """First entry of each calendar, calendar of each entry, event number j (from 1) of each entry."""
    length = keys.length + SPARE
    first = np.concatenate([[0], np.cumsum(length)[:-1]])
    calendar = np.repeat(np.arange(len(length)), length)
    number = np.arange(int(length.sum())) - first[calendar] + 1
    return np.asarray(first, dtype=np.int64), calendar, number


def build_calendars(as_of: DateLike, keys: CalendarKeys, resets: ResetSeries) -> CalendarSet:
    """Resolve keys to calendars; `reset` holds the day offset of each reset (-1 = none), not yet a column of rates."""
    now = as_days(as_of)
    first, calendar, number = entries_of(keys)
    day, count = keys.day[calendar], keys.count[calendar]
    month = first_month(now, keys.day)[calendar] + number - 1
    end = day_in_month(month, day)
    start = day_in_month(month - 1, day)
    begin, close, span = _periods(keys, calendar, number, month, day, start, end)
    low = accrued(begin, close, start, span, count)
    high = accrued(begin, close, end, span, count)
    month_index = month_of(now, end)
    bound = roll_months(now, month_index - 1)
    inside = (bound > start) & (bound < end)
    cut = accrued(begin, close, np.where(inside, bound, start), span, count)
    accrual = high - low
    safe = np.where(accrual == 0.0, 1.0, accrual)
    reset, split, opening = _resets(
        keys, calendar, first, start, end, begin, close, span, count, low, safe, resets, now
    )
    arrays = Calendars(
        day=(end - now).astype(np.int64),
        month=month_index,
        season=np.asarray(month % 12, dtype=np.int64),
        accrual=accrual,
        head=np.where(inside, (cut - low) / safe, 0.0),
        pays=np.full(len(end), 2, dtype=np.int64),
        hazard_month=np.asarray(number, dtype=np.int64),
        reset=reset,
        split=split,
        opening_reset=opening,
        opens=(bound - now).astype(np.int64),
        starts=(start - now).astype(np.int64),
    )
    return CalendarSet(arrays, first, calendar, end)


def _periods(
    keys: CalendarKeys,
    calendar: IntArray,
    number: IntArray,
    month: IntArray,
    day: IntArray,
    start: DateArray,
    end: DateArray,
) -> tuple[DateArray, DateArray, IntArray]:
    """Period that each interval lies in, and its regular months (0 = not regular)."""
    step, phase = keys.step[calendar], keys.phase[calendar]
    # Event j ends a period when (j - phase) is a multiple of step.
    ahead = (phase - number) % step
    close_month = month + ahead
    begin, close = day_in_month(close_month - step, day), day_in_month(close_month, day)
    once = ~np.isnat(keys.start[calendar])
    begin = np.where(once, keys.start[calendar], begin)
    close = np.where(once, keys.end[calendar], close)
    span = np.where(once, keys.span[calendar], step)
    return begin, close, span


def _resets(
    keys: CalendarKeys,
    calendar: IntArray,
    first: IntArray,
    start: DateArray,
    end: DateArray,
    begin: DateArray,
    close: DateArray,
    span: IntArray,
    count: IntArray,
    low: FloatArray,
    accrual: FloatArray,
    resets: ResetSeries,
    now: np.datetime64 | DateArray,
) -> tuple[IntArray, FloatArray, IntArray]:
    """Day offset of the last reset in each interval (-1 = none), share of the accrual before it, and an earlier one."""
    opening = np.full(len(end), -1, dtype=np.int64)
    found = np.full(len(end), -1, dtype=np.int64)
    split = np.ones(len(end))
    dates = start.copy()
    for number in np.flatnonzero(keys.reset >= 0):
        lo = first[number]
        hi = lo + keys.length[number] + SPARE
        days = resets.dates_up_to(int(keys.reset[number]), end[hi - 1])
        place = np.searchsorted(end[lo:hi], days, side="right")
        kept = place < hi - lo
        twice = np.flatnonzero(kept[:-1] & (np.diff(place) == 0))
        opening[lo + place[twice]] = (days[twice] - now).astype(np.int64)
        found[lo + place[kept]] = (days[kept] - now).astype(np.int64)
        dates[lo + place[kept]] = days[kept]
    chosen = np.flatnonzero(found >= 0)
    at = accrued(begin[chosen], close[chosen], dates[chosen], span[chosen], count[chosen])
    split[chosen] = (at - low[chosen]) / accrual[chosen]
    return found, split, opening


def unique_keys(columns: dict[str, IntArray]) -> tuple[IntArray, IntArray]:
    """Distinct rows of integer columns: place of the first row of each, and the number of each row's key."""
    code = np.zeros(len(next(iter(columns.values()))), dtype=np.int64)
    for values in columns.values():
        part, labels = pd.factorize(values)
        code = pd.factorize(code * max(len(labels), 1) + part)[0].astype(np.int64)
    present, place, inverse = np.unique(code, return_index=True, return_inverse=True)
    del present
    return np.asarray(place, dtype=np.int64), np.asarray(inverse, dtype=np.int64)


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
