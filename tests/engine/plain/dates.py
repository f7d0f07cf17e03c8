"""Days, months and day counts."""

from __future__ import annotations

import calendar
import datetime as dt
from functools import cache

Day = dt.date


def length(year: int, month: int) -> int:
    """Days of a month."""
    return calendar.monthrange(year, month)[1]


def ends_month(day: Day) -> bool:
    """Whether a day is the last of its month."""
    return day.day == length(day.year, day.month)


def index(day: Day) -> int:
    """Calendar months since year 0."""
    return 12 * day.year + day.month - 1


@cache
def in_month(number: int, day: int) -> Day:
    """A day of a calendar month, clipped to its length."""
    year, month = divmod(number, 12)
    return dt.date(year, month + 1, min(day, length(year, month + 1)))


def anchor_day(anchor: Day) -> int:
    """The day that a maturity or as-of date stands for: 31 on a month's last day."""
    return 31 if ends_month(anchor) else anchor.day


@cache
def later(anchor: Day, months: int) -> Day:
    """Anchor + months: month ends stay month ends, other days are kept and clipped."""
    return in_month(index(anchor) + months, anchor_day(anchor))


def whole_months(start: Day, end: Day) -> int:
    """Completed months: the largest n with start + n months (day kept, clipped) on or before end."""
    n = index(end) - index(start)
    return n - 1 if in_month(index(end), start.day) > end else n


def month_after(as_of: Day, day: Day) -> int:
    """k with day in (as-of + k - 1 months, as-of + k months]."""
    k = index(day) - index(as_of)
    return k + 1 if later(as_of, k) < day else k


@cache
def years(start: Day, end: Day, count: str) -> float:
    """Year fraction on a day count."""
    if count == "ACT/360":
        return (end - start).days / 360
    if count == "ACT/365F":
        return (end - start).days / 365
    if count == "ACT/ACT":
        return sum(
            (min(end, dt.date(y + 1, 1, 1)) - max(start, dt.date(y, 1, 1))).days / (366 if calendar.isleap(y) else 365)
            for y in range(start.year, end.year + 1)
        )
    first, last = start.day, end.day
    if count == "30/360":
        first = 30 if first == 31 else first
        last = 30 if last == 31 and first == 30 else last
    elif count == "30E/360":
        first, last = min(first, 30), min(last, 30)
    else:
        raise ValueError(count)
    return ((end.year - start.year) * 360 + (end.month - start.month) * 30 + last - first) / 360


def is_thirty(count: str) -> bool:
    """Whether regular periods accrue months / 12."""
    return count.startswith("30")
