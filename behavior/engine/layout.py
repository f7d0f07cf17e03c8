"""The resolved schedule: the one shape that book rows and contract terms compile to, and all that the kernel knows.

Everything here is plain arrays. Dates have become day offsets, times and accrual fractions (`calendars`), segments have
become curve numbers (`runoff`), indices have become columns of forward rates (`repricing`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from behavior.quantities import FloatArray, IntArray

FIXED, FLOATING, ADMINISTERED = 0, 1, 2
BULLET, ANNUITY, LINEAR, SCHEDULE, OPEN_ENDED, OVERNIGHT = 0, 1, 2, 3, 4, 5
POOL, CONSTANT_PAYMENT, OPENING_BALANCE = 0, 1, 2

SCHEDULED, PAYOFF, CURTAILMENT, WITHDRAWAL, DRAWN, CAPITALISED, INTEREST, ACCRUED, CLOSING = range(9)
FIELDS = (
    "scheduled",
    "payoff",
    "curtailment",
    "withdrawal",
    "drawn",
    "capitalised",
    "interest",
    "accrued_interest",
    "closing_balance",
)
NII_MONTHS = 60
"""Longest horizon of income, months."""

OPEN_END_MONTHS = 480
"""A position without maturity is followed so long; what is left then flows out."""


class Positions(NamedTuple):
    """Resolved positions, one entry each; amounts in the position's currency, rates decimals a year.

    group : number of the (currency, side, product) group. first : where the position's calendar begins in the flat
    calendar arrays. events : monthly events to maturity. payment : months between payments, 0 = only at maturity.
    start : events before the position begins (forward start); late_start : share of the next interval's accrual that
    has passed when it does. carried : accrual fraction of the running period before
    the first event's month (the first flow is a full coupon). level : payments that the level payment runs over, 0 =
    those that remain. amortises_from : first amortising event. rounding : unit of payments and interest, 0 = none;
    rounding_rule : see `level`. agreed : level payment as agreed, 0 = computed. compounding : months, 0 = simple.
    exchanged : 0 for notionals that are never paid. margin : taken off the rate, before it is compounded, in present
    values. renewal : number of the renewal group, -1 where nothing is renewed; renewal_margin : decimals a year.
    spread_discount : added to the zero rate. stretch : factor on run-off times, 1 = as modelled.
    """

    group: IntArray
    first: IntArray
    events: IntArray
    start: IntArray
    late_start: FloatArray
    payment: IntArray
    carried: FloatArray
    currency: IntArray
    balance: FloatArray
    undrawn: FloatArray
    rate_type: IntArray
    rate: FloatArray
    spread: FloatArray
    cap: FloatArray
    floor: FloatArray
    periodic_cap: FloatArray
    payment_cap: FloatArray
    repayment: IntArray
    level: IntArray
    amortises_from: IntArray
    compounding: FloatArray
    term: FloatArray
    rounding: FloatArray
    rounding_rule: IntArray
    agreed: FloatArray
    schedule: IntArray
    exchanged: IntArray
    margin: FloatArray
    behaviour: IntArray
    age: IntArray
    in_the_money: FloatArray
    repricing: IntArray
    renewal: IntArray
    renewal_margin: FloatArray
    spread_discount: FloatArray
    open_column: IntArray
    stays: IntArray
    stretch: FloatArray


class Calendars(NamedTuple):
    """Flat calendars; entry e of a calendar is the interval that ends at its event.

    day : days from as-of to the event. month : month after as-of that holds it. season : calendar month - 1. accrual :
    accrual fraction of the whole interval, years. head : share of it that lies before the bound of the month that
    holds the event. pays : 1 yes, 0 no, 2 by the position's payment frequency. hazard_month : the k of the behaviour
    that acts here, 0 = none. reset : column of forward rates that applies from `split` (share of the accrual) on, -1 =
    none. opening_reset : one that falls on the interval's first day when another follows inside it (short months).
    opens : days from as-of to the start of the month that holds the event; starts : to the interval's first day.
    """

    day: IntArray
    month: IntArray
    season: IntArray
    accrual: FloatArray
    head: FloatArray
    pays: IntArray
    hazard_month: IntArray
    reset: IntArray
    split: FloatArray
    opening_reset: IntArray
    opens: IntArray
    starts: IntArray


CALENDAR = np.dtype(
    [
        *((name, np.float64) for name in ("accrual", "head", "split")),
        *((name, np.int32) for name in ("day", "reset", "opening_reset", "opens", "starts")),
        *((name, np.int16) for name in ("month", "hazard_month")),
        *((name, np.int8) for name in ("season", "pays")),
    ],
    align=True,
)
"""An interval as a record of small numbers, widest first, because a large book has millions of them."""

BY_FREQUENCY = 2
"""`pays` of an interval at whose end positions pay by their own frequency."""


class Behaviours(NamedTuple):
    """RUNOFF and DRAWDOWN curves as flat arrays; `values` end with a 0 that no curve has.

    combination_first : entries of combination c are [first[c], first[c + 1]). entry_curve, entry_table : curve and
    table of each entry. Curves: `offset` into `values`, `months` one after another (the last is the tail) of `nodes`
    values each, `dimensions`, `driver`, `grid_offset`, `grid_length` (curves, 4). Tables: `since_origination`, `season`
    (tables, 12), `column` of the cash flows, `threshold` of being in the money. mortgage_key, coverage : (positions,
    tables).
    """

    combination_first: IntArray
    entry_curve: IntArray
    entry_table: IntArray
    offset: IntArray
    months: IntArray
    nodes: IntArray
    observed: IntArray
    dimensions: IntArray
    driver: IntArray
    grid_offset: IntArray
    grid_length: IntArray
    grids: FloatArray
    values: FloatArray
    since_origination: IntArray
    season: FloatArray
    column: IntArray
    threshold: FloatArray
    draws: IntArray
    loss: FloatArray
    mortgage_key: IntArray
    coverage: IntArray


class Repricing(NamedTuple):
    """REPRICING by key: arrays (keys, scenarios, months + 1), month 0 = today.

    seen_up, seen_down : target as each direction sees it, less today's rate paid. up, down : share of the distance
    closed in the month.
    """

    seen_up: FloatArray
    seen_down: FloatArray
    up: FloatArray
    down: FloatArray


class Market(NamedTuple):
    """What the scenarios say, by number.

    discount : (currencies, scenarios, days). time : (days,) years. forward : (scenarios, columns) simple forwards at
    resets; reset_day : (columns,) days from as-of. bucket : (days,) repricing bucket of a day. short : (currencies,
    scenarios, months + 1) level of the short rate in month k. mortgage : (keys, scenarios, months + 1) driver rate that
    behaviour in month k sees, lag applied. multiplier : (scenarios, tables) factor on the annual hazard where behaviour
    is frozen at base.
    """

    discount: FloatArray
    time: FloatArray
    forward: FloatArray
    reset_day: IntArray
    bucket: IntArray
    short: FloatArray
    mortgage: FloatArray
    multiplier: FloatArray


class Switches(NamedTuple):
    """Options of one run.

    convention : POOL, CONSTANT_PAYMENT or OPENING_BALANCE. frozen : 1 = every scenario uses the hazards of base, times
    `multiplier`. flows, per_position : 1 = fill those totals. horizon_day : last day of the income horizon.
    first_group : what the first entry of the totals stands for.
    """

    convention: int
    frozen: int
    flows: int
    per_position: int
    horizon_day: int
    first_group: int


class Given(NamedTuple):
    """What a run reads and never writes. density : (curves, drivers), nodes of a driver per unit where all are equally
    far apart, else 0. schedule : explicit instalments, one position's after another's."""

    pos: Records
    cal: Records
    beh: Behaviours
    density: FloatArray
    rep: Repricing
    mkt: Market
    switches: Switches
    schedule: FloatArray


class Cuts(NamedTuple):
    """A book cut into tiles, see `tiles.Tiles`; renewal : numbered within the chunk."""

    tiles: Records
    begin: IntArray
    end: IntArray
    renewal: IntArray
    loans: IntArray


class Totals(NamedTuple):
    """What one chunk of positions adds up to.

    flows : (scenarios, groups, months + 1, fields). value : (scenarios, groups). income : (scenarios, groups, 61).
    staying, constant : same, run-off income of balances that stay on a constant balance sheet, and what they earn there
    instead; `income` leaves them out. gap : (groups, buckets). coverage : (rows, 3)
    balance-months looked up, clamped, beyond the data. renewed, renewed_margin : (scenarios, renewal groups, 63).
    position_value, position_income : (positions, scenarios) or empty. cash : (groups, days) that no scenario changes;
    `value` leaves it out. Where a path is the same in every scenario, there is one scenario.
    """

    flows: FloatArray
    value: FloatArray
    income: FloatArray
    staying: FloatArray
    constant: FloatArray
    gap: FloatArray
    coverage: FloatArray
    renewed: FloatArray
    renewed_margin: FloatArray
    position_value: FloatArray
    position_income: FloatArray
    cash: FloatArray


RECORDS_AT_ONCE = 4096
Records = np.ndarray[Any, np.dtype[np.void]]
"""Rows as records, fields as in `Positions` or `Calendars`."""


def as_records(columns: Positions) -> Records:
    """Columns as one array of records, so that a row is one stretch of memory."""
    names = columns._fields
    small = [np.int32 if values.dtype.kind in "iub" else np.float64 for values in columns]
    found = np.empty(len(columns[0]), dtype=np.dtype(list(zip(names, small, strict=True)), align=True))
    # Block by block: filling one field after another would go through all of a large book's memory once a field.
    for at in range(0, len(found), RECORDS_AT_ONCE):
        block = slice(at, at + RECORDS_AT_ONCE)
        for name, values in zip(names, columns, strict=True):
            found[name][block] = values[block]
    return found


def positions_of(records: Records) -> Positions:
    """The columns of records: views, which take no memory of their own."""
    return Positions._make(records[name] for name in Positions._fields)


def taken(positions: Positions, rows: IntArray, names: Sequence[str]) -> Positions:
    """Some columns of some rows as arrays of their own, block by block as above; the other columns are left empty."""
    found = {name: np.empty(len(rows), dtype=getattr(positions, name).dtype) for name in names}
    for at in range(0, len(rows), RECORDS_AT_ONCE):
        block = slice(at, at + RECORDS_AT_ONCE)
        for name, values in found.items():
            values[block] = getattr(positions, name)[rows[block]]
    return Positions._make(values[:0] for values in positions)._replace(**found)


def calendars_of(records: Records) -> Calendars:
    """The columns of records: views, which take no memory of their own."""
    return Calendars._make(records[name] for name in Calendars._fields)


def empty_floats(*shape: int) -> FloatArray:
    """Zeros of a shape, float64."""
    return np.zeros(shape, dtype=np.float64)
