"""The loop behind calendars: dates, months, accruals and resets of every interval, one after another.

Days and months are numbers here: days since 1970, months since the first month of a `MonthTable`. What each line means
is said in `calendars`.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from behavior.engine.compiled import compiled
from behavior.engine.layout import BY_FREQUENCY, Records
from behavior.quantities import AnyArray, IntArray

MONTHS = 12
ACT_360, ACT_365F, ACT_ACT = 3, 4, 5
BOND_BASIS, US, EUROPEAN = 0, 1, 2
"""Places of the day counts in `months.DAY_COUNTS`; those below `ACT_360` are of the 30/360 family."""


class MonthTable(NamedTuple):
    """Whole years of months.

    first : January that the table begins with, months since 1970. starts : (months + 1,), first day of each month.
    month_of_day : (days,), counted from the table's first, int32.
    """

    first: int
    starts: IntArray
    month_of_day: AnyArray


class Keys(NamedTuple):
    """Calendars to lay out, (calendars,) each, as in `calendars.CalendarKeys`.

    basis : day count by number. month : of the first event. once : 1 for a single period, from opens to closes.
    series : reset series, -1 = none. first, length : entries.
    """

    day: IntArray
    basis: IntArray
    step: IntArray
    phase: IntArray
    once: IntArray
    opens: IntArray
    closes: IntArray
    span: IntArray
    series: IntArray
    month: IntArray
    first: IntArray
    length: IntArray


class Series(NamedTuple):
    """Reset series, (series,) each: first reset as a day, its month, months between resets (0 = one), payment day."""

    next_day: IntArray
    next_month: IntArray
    months: IntArray
    day: IntArray


def month_table(first: int, last: int) -> MonthTable:
    """Whole years that hold the months `first` to `last` (months since 1970)."""
    begin, end = first // MONTHS * MONTHS, (last // MONTHS + 1) * MONTHS
    starts = np.arange(begin, end + 1).astype("datetime64[M]").astype("datetime64[D]").astype(np.int64)
    month = np.repeat(np.arange(end - begin, dtype=np.int32), np.diff(starts))
    return MonthTable(begin, starts, month)


@compiled
def day_of(month: int, day: int, starts: IntArray) -> int:
    """The day of a month for a payment day, clipped to short months."""
    return int(starts[month] + min(day, starts[month + 1] - starts[month]) - 1)


@compiled
def fraction(begin: int, end: int, count: int, starts: IntArray, months: IntArray) -> float:
    """Raw year fraction of two days; the arithmetic of `months.year_fraction`, operation by operation."""
    if count == ACT_360:
        return float(end - begin) / 360.0
    if count == ACT_365F:
        return float(end - begin) / 365.0
    low, high = int(months[begin - starts[0]]), int(months[end - starts[0]])
    if count == ACT_ACT:
        first, last = low // MONTHS * MONTHS, high // MONTHS * MONTHS
        early = float(begin - starts[first]) / float(starts[first + MONTHS] - starts[first])
        late = float(end - starts[last]) / float(starts[last + MONTHS] - starts[last])
        return float((last - first) // MONTHS) + (late - early)
    begin_day, end_day = begin - starts[low] + 1, end - starts[high] + 1
    if count == US:
        opens_february = low % MONTHS == 1 and begin == starts[low + 1] - 1
        if opens_february and high % MONTHS == 1 and end == starts[high + 1] - 1:
            end_day = 30
        if opens_february:
            begin_day = 30
    begin_day = min(begin_day, 30)
    if count == EUROPEAN:
        end_day = min(end_day, 30)
    elif end_day == 31 and begin_day == 30:
        end_day = 30
    return float(30 * (high - low) + end_day - begin_day) / 360.0


@compiled
def accrued_to(
    begin: int, close: int, at: int, span: int, count: int, whole: float, starts: IntArray, months: IntArray
) -> float:
    """Accrual from a period's start to a day in it; `whole` is the raw fraction of the whole period, 0 = not known."""
    if at == begin:
        return 0.0
    part = whole if at == close and whole != 0.0 else fraction(begin, at, count, starts, months)
    if count < ACT_360 and span > 0:
        part = part * (span / 12.0) / (1.0 if whole == 0.0 else whole)
    return part


@compiled
def take_resets(
    series: Series, number: int, turn: int, end: int, now: int, e: int, found: Records, starts: IntArray
) -> int:
    """Put the resets before `end` into interval `e`, from the `turn`-th of the series on; returns the next turn."""
    found[e].reset = -1
    found[e].opening_reset = -1
    if number < 0:
        return 0
    every = series.months[number]
    while turn == 0 or every > 0:
        coming = series.next_day[number]
        if turn > 0:
            coming = day_of(series.next_month[number] + turn * every, series.day[number], starts)
        if coming >= end:
            return turn
        if found[e].reset >= 0:
            found[e].opening_reset = found[e].reset
        found[e].reset = coming - now
        turn += 1
    return turn


@compiled
def fill(keys: Keys, series: Series, table: MonthTable, now: int, anchor: int, found: Records) -> None:
    """Fill the intervals of all calendars.

    now : as-of as a day. anchor : its payment day, 31 at a month's end. found : (entries,), fields as in
    `layout.Calendars`.
    """
    starts, months = table.starts, table.month_of_day
    today = months[now - starts[0]]
    for c in range(len(keys.day)):
        day, count, step, once = keys.day[c], keys.basis[c], keys.step[c], keys.once[c]
        turn = 0
        for j in range(1, keys.length[c] + 1):
            e = keys.first[c] + j - 1
            month = keys.month[c] + j - 1
            start, end = day_of(month - 1, day, starts), day_of(month, day, starts)
            if once:
                begin, close, span = keys.opens[c], keys.closes[c], keys.span[c]
            else:
                last = month + (keys.phase[c] - j) % step
                begin, close, span = day_of(last - step, day, starts), day_of(last, day, starts), step
            whole = 0.0
            if count < ACT_360 and span > 0:
                whole = fraction(begin, close, count, starts, months)
            low = accrued_to(begin, close, start, span, count, whole, starts, months)
            accrual = accrued_to(begin, close, end, span, count, whole, starts, months) - low
            safe = 1.0 if accrual == 0.0 else accrual
            index = month - today
            if day_of(month, anchor, starts) < end:
                index += 1
            bound = day_of(today + index - 1, anchor, starts)
            found[e].day = end - now
            found[e].month = index
            found[e].season = month % MONTHS
            found[e].accrual = accrual
            found[e].head = 0.0
            found[e].pays = BY_FREQUENCY
            if start < bound < end:
                cut = accrued_to(begin, close, bound, span, count, whole, starts, months)
                found[e].head = (cut - low) / safe
            found[e].hazard_month = j
            found[e].opens = bound - now
            found[e].starts = start - now
            turn = take_resets(series, keys.series[c], turn, end, now, e, found, starts)
            found[e].split = 1.0
            if found[e].reset >= 0:
                at = accrued_to(begin, close, now + found[e].reset, span, count, whole, starts, months)
                found[e].split = (at - low) / safe
