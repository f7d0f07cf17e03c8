"""Month arithmetic, payment dates and day counts on arrays of dates.

Dates are ``datetime64[D]`` arrays of any shape; a scalar date answers with a 0-d array. No clock is read here and no
business-day calendar is known: dates are unadjusted.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from functools import cache
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from behavior.errors import BehaviorError
from behavior.quantities import MONTHS_PER_YEAR, AnyArray, BoolArray, DateArray, FloatArray, IntArray

DateLike = date | np.datetime64 | str | DateArray | Any
DAYS_PER_YEAR = 365.0
DEFAULT_DAY_COUNT = "30/360"
TICKS_A_DAY = {
    np.dtype("datetime64[s]"): 86_400,
    np.dtype("datetime64[ms]"): 86_400_000,
    np.dtype("datetime64[us]"): 86_400_000_000,
    np.dtype("datetime64[ns]"): 86_400_000_000_000,
}
"""Of times that many rows come in: dividing whole numbers takes a third of what converting dates does."""


TABLE_START, TABLE_END = np.datetime64("1800-01", "M"), np.datetime64("2400-01", "M")
"""Months between these are looked up; dates before and after are worked out, which takes about ten times as long."""


@cache
def _month_starts() -> DateArray:
    """First day of every month of the table and of the one after it."""
    days = np.arange(TABLE_START, TABLE_END + 1).astype("datetime64[D]")
    days.flags.writeable = False
    return days


@cache
def _month_of_days() -> AnyArray:
    """Months since January 1970 of every day of the table, int32."""
    starts = _month_starts()
    months = np.arange(TABLE_START.astype(np.int64), TABLE_END.astype(np.int64), dtype=np.int32)
    found = np.repeat(months, np.diff(starts).astype(np.int64))
    found.flags.writeable = False
    return found


def _inside(place: IntArray, length: int) -> bool:
    return place.size == 0 or bool(place.min() >= 0 and place.max() < length)


def as_days(dates: DateLike) -> DateArray:
    """Dates as ``datetime64[D]``: accepts `date`, ISO text, NumPy arrays and pandas columns."""
    found = np.asarray(dates)
    ticks = TICKS_A_DAY.get(found.dtype)
    if ticks is None or np.isnat(found).any():
        return np.asarray(found.astype("datetime64[D]", copy=False))
    return np.asarray(found.view(np.int64) // ticks).view("datetime64[D]")


def as_date(day: DateLike) -> date:
    """One date as `datetime.date`."""
    found = as_days(day).item()
    assert isinstance(found, date)
    return found


def month_number(dates: DateLike) -> IntArray:
    """Months since January 1970, as int64: the same for all days of one calendar month.

    Shape as given; a missing date becomes the smallest integer.
    """
    days = as_days(dates)
    place = days.astype(np.int64) - int(_month_starts()[0].astype(np.int64))
    table = _month_of_days()
    if _inside(place, len(table)):
        return np.asarray(table[place], dtype=np.int64)
    return days.astype("datetime64[M]").astype(np.int64)


def month_number_or_nan(dates: DateLike) -> FloatArray:
    """`month_number` of dates of which some are missing: NaN there."""
    days = as_days(dates)
    return np.asarray(np.where(np.isnat(days), np.nan, month_number(days)))


def day_of_month(dates: DateLike) -> IntArray:
    """Day of the month, 1 to 31."""
    days = as_days(dates)
    return np.asarray((days - first_day(month_number(days))).astype(np.int64) + 1)


def first_day(number: IntArray) -> DateArray:
    """First day of months given as months since January 1970; any shape."""
    months = np.asarray(number, dtype=np.int64)
    place = months - int(TABLE_START.astype(np.int64))
    if _inside(place, len(_month_starts())):
        return np.asarray(_month_starts()[place])
    return months.astype("datetime64[M]").astype("datetime64[D]")


def month_end(dates: DateLike) -> DateArray:
    """Last day of the month of each date."""
    return np.asarray(first_day(month_number(dates) + 1) - np.timedelta64(1, "D"))


def is_month_end(dates: DateLike) -> BoolArray:
    """True where a date is the last day of its month."""
    days = as_days(dates)
    return np.asarray(month_end(days) == days)


def add_months(dates: DateLike, months: ArrayLike) -> DateArray:
    """The same day `months` later (earlier when negative), clipped to short months: 31 January + 1 = 28 February.

    Shapes broadcast. The end of a month is not remembered: 28 February + 1 is 28 March; see `roll_months`.
    """
    days = as_days(dates)
    number = month_number(days) + np.asarray(months, dtype=np.int64)
    last = day_of_month(first_day(number + 1) - np.timedelta64(1, "D"))
    day = np.minimum(day_of_month(days), last)
    return np.asarray(first_day(number) + (day - 1).astype("timedelta64[D]"))


def roll_months(dates: DateLike, months: ArrayLike) -> DateArray:
    """`add_months` under the rule of payment dates: a month's last day stays a month's last day, else the day is kept.

    The anchor decides: 28 February 2023 - 1 is 31 January, 30 January + 1 is 28 February, and rolling always starts
    from the anchor, never from a clipped date. Shapes broadcast.
    """
    days = as_days(dates)
    moved = add_months(days, months)
    return np.asarray(np.where(is_month_end(days), month_end(moved), moved))


def months_between(start: DateLike, end: DateLike) -> IntArray:
    """Completed months from `start` to `end`: the largest n with ``add_months(start, n) <= end``, and month ends meet.

    Negative when `end` is before `start`. 31 January to 28 February is 1; 28 February to 31 March is 1; 30 January to
    28 February is 1. Both on month ends count whole months. Shapes broadcast.
    """
    first, last = as_days(start), as_days(end)
    count = month_number(last) - month_number(first)
    return np.asarray(count - (add_months(first, count) > last))


def payments_left(as_of: DateLike, maturity: DateLike, payment_months: ArrayLike) -> IntArray:
    """How many payment dates lie after `as_of`, counting back from maturity; flows on the as-of date are past.

    `payment_months` 0 means one payment, at maturity. 0 where maturity is on or before as-of. Shapes broadcast.
    """
    now, last = as_days(as_of), as_days(maturity)
    step = np.asarray(payment_months, dtype=np.int64)
    safe = np.maximum(step, 1)
    back = (month_number(last) - month_number(now)) // safe
    # Right to the month; within as-of's own month the day decides.
    back = back - (roll_months(last, -back * safe) <= now)
    count = np.where(step > 0, back + 1, 1)
    return np.asarray(np.where(last > now, count, 0), dtype=np.int64)


def payment_dates(as_of: DateLike, maturity: DateLike, payment_months: int) -> DateArray:
    """Payment dates of one position after `as_of`, rising, shape (n,): back from maturity by `payment_months`.

    A maturity on a month's last day puts all payments on month ends; otherwise the day is kept and clipped to short
    months. Unadjusted for holidays.
    """
    count = int(payments_left(as_of, maturity, payment_months))
    back = np.arange(count - 1, -1, -1, dtype=np.int64) * max(payment_months, 1)
    return roll_months(maturity, -back)


def previous_payment(as_of: DateLike, maturity: DateLike, payment_months: ArrayLike) -> DateArray:
    """The roll-back date on or before `as_of`: where the running interest period began. Shapes broadcast.

    With `payment_months` 0 there is none and the answer is NaT: the period began at origination.
    """
    step = np.asarray(payment_months, dtype=np.int64)
    found = roll_months(maturity, -payments_left(as_of, maturity, np.maximum(step, 1)) * np.maximum(step, 1))
    return np.asarray(np.where(step > 0, found, np.datetime64("NaT", "D")))


def month_bounds(as_of: DateLike, count: int) -> DateArray:
    """Bounds of months 1 to `count` after as-of, shape (count + 1,): month k is (bounds[k - 1], bounds[k]].

    Month ends when as-of is one.
    """
    return roll_months(as_of, np.arange(count + 1))


def month_of(as_of: DateLike, dates: DateLike) -> IntArray:
    """The month k after as-of that holds each date, ``(as-of + k - 1 months, as-of + k months]``; 0 on as-of."""
    now, days = as_days(as_of), as_days(dates)
    count = month_number(days) - month_number(now)
    return np.asarray(count + (roll_months(now, count) < days))


def tenor_days(as_of: DateLike, months: ArrayLike) -> FloatArray:
    """Days to the date `months` after as-of (month ends when as-of is one); a part of a month is that share of it."""
    tenor = np.asarray(months, dtype=np.float64)
    whole = np.floor(tenor).astype(np.int64)
    now = as_days(as_of)
    low = (roll_months(now, whole) - now).astype(np.float64)
    high = (roll_months(now, whole + 1) - now).astype(np.float64)
    return np.asarray(low + (tenor - whole) * (high - low))


def _parts(dates: DateArray) -> tuple[IntArray, IntArray]:
    return month_number(dates), day_of_month(dates)


def _thirty(first: IntArray, first_day: IntArray, last: IntArray, last_day: IntArray) -> FloatArray:
    return np.asarray((30 * (last - first) + last_day - first_day) / 360.0)


def _bond_basis(start: DateArray, end: DateArray) -> FloatArray:
    first, first_day = _parts(start)
    last, last_day = _parts(end)
    first_day = np.minimum(first_day, 30)
    last_day = np.where((last_day == 31) & (first_day == 30), 30, last_day)
    return _thirty(first, first_day, last, last_day)


def _thirty_us(start: DateArray, end: DateArray) -> FloatArray:
    first, first_day = _parts(start)
    last, last_day = _parts(end)
    start_february = is_month_end(start) & (first % MONTHS_PER_YEAR == 1)
    end_february = is_month_end(end) & (last % MONTHS_PER_YEAR == 1)
    last_day = np.where(start_february & end_february, 30, last_day)
    first_day = np.where(start_february, 30, first_day)
    last_day = np.where((last_day == 31) & (first_day >= 30), 30, last_day)
    return _thirty(first, np.minimum(first_day, 30), last, last_day)


def _thirty_european(start: DateArray, end: DateArray) -> FloatArray:
    first, first_day = _parts(start)
    last, last_day = _parts(end)
    return _thirty(first, np.minimum(first_day, 30), last, np.minimum(last_day, 30))


def _days(start: DateArray, end: DateArray) -> FloatArray:
    return np.asarray((end - start).astype(np.float64))


def _actual_360(start: DateArray, end: DateArray) -> FloatArray:
    return np.asarray(_days(start, end) / 360.0)


def _actual_365(start: DateArray, end: DateArray) -> FloatArray:
    return np.asarray(_days(start, end) / 365.0)


def _share_of_year(days: DateArray, year: IntArray) -> FloatArray:
    """Days since 1 January over the length of that calendar year (years since 1970)."""
    begin = first_day(year * MONTHS_PER_YEAR)
    length = (first_day((year + 1) * MONTHS_PER_YEAR) - begin).astype(np.float64)
    return np.asarray((days - begin).astype(np.float64) / length)


def _actual_actual(start: DateArray, end: DateArray) -> FloatArray:
    first, last = month_number(start) // MONTHS_PER_YEAR, month_number(end) // MONTHS_PER_YEAR
    whole = (last - first).astype(np.float64)
    return np.asarray(whole + (_share_of_year(end, last) - _share_of_year(start, first)))


DAY_COUNTS: Mapping[str, Callable[[DateArray, DateArray], FloatArray]] = MappingProxyType(
    {
        "30/360": _bond_basis,
        "30/360 US": _thirty_us,
        "30E/360": _thirty_european,
        "ACT/360": _actual_360,
        "ACT/365F": _actual_365,
        "ACT/ACT": _actual_actual,
    }
)


def year_fraction(start: DateLike, end: DateLike, day_count: str = DEFAULT_DAY_COUNT) -> FloatArray:
    """Years from `start` to `end` on a day count, broadcast over arrays.

    Parameters
    ----------
    day_count : ``30/360`` (bond basis, ISDA 2006 4.16(f)), ``30/360 US`` (with the February rule of SIFMA),
        ``30E/360``, ``ACT/360``, ``ACT/365F``, ``ACT/ACT`` (ISDA: each calendar year's days over its own length).

    Raises
    ------
    BehaviorError : when the day count is not one of these.
    """
    rule = DAY_COUNTS.get(day_count)
    if rule is None:
        raise BehaviorError(f"day count: found {day_count!r}, expected one of {sorted(DAY_COUNTS)}.")
    first, last = np.broadcast_arrays(as_days(start), as_days(end))
    return rule(first, last)
