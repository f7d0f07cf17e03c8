"""Slices of renewed balance: what one begun at an event accrues by month, and the rate it begins at.

Event i of a payment day lies in month i after as-of. The month ends somewhere between event i and event i + 1. So the
accrual of that interval has two parts: a tail that belongs to month i, and a head that belongs to month i + 1.
"""

from __future__ import annotations

import numpy as np

from behavior.engine.calendars import (
    COUNTS,
    MONTH_END,
    MOVING_DAY,
    THIRTY,
    day_in_month,
    first_month,
    thirty,
    unique_keys,
)
from behavior.engine.drivers import World
from behavior.engine.layout import NII_MONTHS
from behavior.engine.repricing import fixing, zero_at
from behavior.engine.terms import Terms
from behavior.market.contracts import DISCOUNT
from behavior.months import is_month_end, roll_months, year_fraction
from behavior.quantities import MONTHS_PER_YEAR, AnyArray, DateArray, FloatArray, IntArray

EVENTS = NII_MONTHS + 1
BATCH = 4096
"""Rows of shares worked out at once, to bound memory."""


def share_keys(day: IntArray, count: IntArray, pays: IntArray) -> tuple[IntArray, IntArray, IntArray]:
    """What slices share of their accrual, by payment day, day count and period.

    ACT counts add up wherever a period begins, and so do 30/360 counts on payment days before 28: one row serves every
    slice. Elsewhere accrual depends on where the slice's periods begin, and there is a row for each phase.

    Returns
    -------
    first : (slices,), first row of each. phases : (slices,), rows of each: a slice begun at event j reads row j modulo
    `phases`. Then the rows' key columns, as `share_rows` takes them: day, count, period, phase, shape (4, rows).
    """
    moving = thirty(count) & (day >= MOVING_DAY) & (pays > 1)
    period = np.where(moving, pays, 1)
    place, number = unique_keys({"day": day, "count": count, "period": period})
    own = np.minimum(period[place], EVENTS)
    begin = np.concatenate([[0], np.cumsum(own)])
    of_row = np.repeat(place, own)
    phase = np.arange(begin[-1]) - np.repeat(begin[:-1], own)
    columns = np.stack([day[of_row], count[of_row], period[of_row], phase])
    return begin[:-1][number], own[number], np.asarray(columns, dtype=np.int64)


def share_rows(as_of: DateArray, columns: IntArray) -> FloatArray:
    """Tail and head of each interval's accrual, years: shape (rows, 2, events + 1), entry i from event i to i + 1."""
    found = np.zeros((columns.shape[1], 2, EVENTS + 1))
    for at in range(0, columns.shape[1], BATCH):
        found[at : at + BATCH] = _shares(as_of, columns[:, at : at + BATCH])
    return found


def _shares(as_of: DateArray, columns: IntArray) -> FloatArray:
    day, period, phase = (columns[place][:, None] for place in (0, 2, 3))
    event = np.arange(EVENTS + 1)[None, :]
    origin = first_month(as_of, day) - 1
    # Events that have passed since the running period began; phases count from event 0.
    opens = origin + event - (event - phase) % period
    begin, close = day_in_month(opens, day), day_in_month(opens + period, day)
    start, end = day_in_month(origin + event, day), day_in_month(origin + event + 1, day)
    bound = np.minimum(np.maximum(roll_months(as_of, event), start), end)
    found = np.zeros((columns.shape[1], 2, EVENTS + 1))
    for number in np.unique(columns[1]):
        rows = np.flatnonzero(columns[1] == number)
        low, middle, high, whole = (
            year_fraction(begin[rows], at[rows], COUNTS[number]) for at in (start, bound, end, close)
        )
        size = period[rows] / MONTHS_PER_YEAR / whole if number in THIRTY else 1.0
        found[rows, 0], found[rows, 1] = (middle - low) * size, (high - middle) * size
    return found


def slice_rates(
    terms: Terms, world: World, currency: AnyArray, day: IntArray, term: IntArray, kind: IntArray
) -> FloatArray:
    """Rate of a slice begun at each event before its margin: shape (kinds, scenarios, events + 1).

    Parameters
    ----------
    kind : (kinds,), fixing of floaters, -1 = the zero rate of the term.
    """
    found = np.zeros((len(day), len(world.curves), EVENTS + 1))
    names, money = np.unique(currency.astype(str), return_inverse=True)
    for place in unique_keys({"money": money, "kind": kind})[0]:
        chosen = np.flatnonzero((money == money[place]) & (kind == kind[place]))
        name = str(names[money[place]])
        if kind[place] < 0:
            rates = zero_rates(world, name, terms.as_of, day[chosen], term[chosen])
        else:
            number = int(kind[place])
            count = COUNTS[int(terms.fixings.count[number])]
            dates = _starts(terms.as_of, day[chosen]).ravel()
            rates = fixing(world, name, terms.fixings.index[number], dates, int(term[place]), count)
            rates = rates.reshape(len(world.curves), len(chosen), EVENTS)
        found[chosen, :, 1:] = np.moveaxis(rates, 0, 1)
    return found


def _starts(as_of: DateArray, day: IntArray) -> DateArray:
    """Dates of events 1 to `EVENTS` of payment days: (kinds, events)."""
    return day_in_month(first_month(as_of, day)[:, None] + np.arange(EVENTS)[None, :], day[:, None])


def adds_up(world: World, currency: str) -> bool:
    """Whether forwards follow from today's discount factors: no ramp, no rates that stay, no index given by month."""
    curves = world.curves
    return curves.rate_path == "forward" and all(
        len(one.shifts_of(currency)) == 1 and DISCOUNT not in one.index_values for one in curves.scenarios.scenarios
    )


def zero_rates(world: World, currency: str, as_of: DateArray, day: IntArray, term: IntArray) -> FloatArray:
    """The scenario's zero rate for a term at each event of a payment day: shape (scenarios, kinds, events)."""
    if not adds_up(world, currency):
        starts = _starts(as_of, day)
        rates = zero_at(world, currency, starts.ravel(), np.repeat(term, EVENTS))
        return rates.reshape(len(world.curves), *starts.shape)
    # A slice begins and ends on events of a few payment days: one table of discount factors serves all.
    days = np.unique(np.append(day, MONTH_END))
    months = np.arange(EVENTS + int(term.max(initial=1)) + 1)
    first = first_month(as_of, days)
    dates = day_in_month(first[:, None] + months[None, :], days[:, None])
    time = world.curves.curves.times_of(dates)
    growth = world.curves.zero_rate(currency, DISCOUNT, time) * time
    # A start on a month's last day ends on one: the row of month ends, counted from its own first event.
    sticky = is_month_end(dates[:, :EVENTS])
    place = np.arange(len(days))[:, None] * len(months) + months[:EVENTS]
    month_ends = (len(days) - 1) * len(months) + months[:EVENTS] + (first - first[-1])[:, None]
    own = np.searchsorted(days, day)
    start, end = place[own], np.where(sticky, month_ends, place)[own] + term[:, None]
    span = time.ravel()[end] - time.ravel()[start]
    return np.asarray(np.stack([(row[end] - row[start]) / span for row in growth.reshape(len(growth), -1)]))
