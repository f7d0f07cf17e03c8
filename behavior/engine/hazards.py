"""Behaviour of one position in one month, compiled: lookups of RUNOFF and DRAWDOWN curves along the path."""

from __future__ import annotations

from behavior.engine.compiled import compiled, folded
from behavior.engine.layout import Behaviours, Market, Records
from behavior.quantities import FloatArray

INCENTIVE, LEVEL, SPREAD, MONEY = 0, 1, 2, 3
MAX_DRIVERS = 4
MAX_CAUSES = 8


@compiled
def bracket(grids: FloatArray, offset: int, length: int, x: float) -> tuple[int, float, bool]:
    """Lower node, weight of the upper node, and whether x lies outside the grid; x is clamped."""
    if x <= grids[offset]:
        return 0, 0.0, x < grids[offset]
    last = offset + length - 1
    if x >= grids[last]:
        return max(length - 2, 0), 1.0 if length > 1 else 0.0, x > grids[last]
    low, high = 0, length - 1
    while high - low > 1:
        middle = (low + high) >> 1
        if grids[offset + middle] <= x:
            low = middle
        else:
            high = middle
    left = grids[offset + low]
    return low, (x - left) / (grids[offset + low + 1] - left), False


@folded
def look_up(beh: Behaviours, curve: int, month: int, drivers: FloatArray, scratch: FloatArray) -> tuple[float, bool]:
    """Value of a curve in a month at driver values, multilinear; whether a driver was clamped.

    scratch : (2, MAX_DRIVERS) workspace for weights and positions.
    """
    count = beh.dimensions[curve]
    base = beh.offset[curve] + (min(month, beh.months[curve]) - 1) * beh.nodes[curve]
    if count == 0:
        return beh.values[base], False
    clamped = False
    for axis in range(count):
        length = beh.grid_length[curve, axis]
        low, weight, outside = bracket(
            beh.grids, beh.grid_offset[curve, axis], length, drivers[beh.driver[curve, axis]]
        )
        scratch[0, axis] = weight
        scratch[1, axis] = low
        clamped = clamped or outside
    total = 0.0
    for corner in range(1 << count):
        weight, place = 1.0, 0
        for axis in range(count):
            upper = (corner >> axis) & 1
            weight *= scratch[0, axis] if upper else 1.0 - scratch[0, axis]
            place = place * beh.grid_length[curve, axis] + int(scratch[1, axis]) + upper
        if weight != 0.0:
            total += weight * beh.values[base + place]
    return total, clamped


@folded
def hazards_of_month(
    p: int,
    s: int,
    month: int,
    model_month: int,
    season: int,
    rate: float,
    balance: float,
    pos: Records,
    beh: Behaviours,
    mkt: Market,
    money: FloatArray,
    drivers: FloatArray,
    scratch: FloatArray,
    found: FloatArray,
    coverage: FloatArray,
) -> None:
    """Share of balance that each cause takes in a month, into `found`; counts months in the money on the way.

    month : of the drivers; model_month : that the curves are asked for, the same unless run-off times are scaled.
    rate : customer rate at the month's start. money : months in the money by cause, updated here.
    """
    combination = pos[p].behaviour
    first, last = beh.combination_first[combination], beh.combination_first[combination + 1]
    drivers[LEVEL] = mkt.short[pos[p].currency, s, month]
    drivers[SPREAD] = drivers[LEVEL] - rate
    for entry in range(first, last):
        i = entry - first
        curve, table = beh.entry_curve[entry], beh.entry_table[entry]
        key = beh.mortgage_key[p, table]
        if key >= 0:
            drivers[INCENTIVE] = rate - mkt.mortgage[key, s, month]
            drivers[MONEY] = money[i]
            if drivers[INCENTIVE] > beh.threshold[table]:
                money[i] += 1.0
        counted = model_month + pos[p].age if beh.since_origination[table] else model_month
        value, clamped = look_up(beh, curve, counted, drivers, scratch)
        found[i] = min(max(value * beh.season[table, season], 0.0), 1.0)
        row = beh.coverage[p, table]
        coverage[row, 0] += balance
        if clamped:
            coverage[row, 1] += balance
        if counted > beh.observed[curve]:
            coverage[row, 2] += balance


@compiled
def scaled_hazard(base: float, multiplier: float) -> float:
    """A monthly hazard whose annual form is multiplied: CPR' = min(1, factor x CPR)."""
    if multiplier == 1.0:
        return base
    annual = min(1.0, multiplier * (1.0 - (1.0 - base) ** 12))
    return float(1.0 - (1.0 - annual) ** (1.0 / 12.0))
