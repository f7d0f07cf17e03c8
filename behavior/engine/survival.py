"""What behaviour leaves of a tile's columns in one month. Compiled."""

from __future__ import annotations

import numpy as np

from behavior.engine.compiled import folded, side_by_side
from behavior.engine.curve_lookup import Paths
from behavior.engine.hazards import INCENTIVE, MONEY, SPREAD, scaled_hazard
from behavior.engine.layout import Behaviours, Given, Market
from behavior.quantities import FloatArray, IntArray

AT_NODE = 1e-9
"""Share of a node's width within which a driver at an outer node is not beyond it."""


@side_by_side
def without_driver(
    n: int, base: int, last: int, month: int, age: IntArray, values: FloatArray, factor: float, hazard: FloatArray
) -> None:
    """Hazards of a curve that reads no driver. month : of the curve at age 0, less 1; last : of its months, less 1."""
    for i in range(n):
        hazard[i] = min(max(values[base + min(month + age[i], last)] * factor, 0.0), 1.0)


@side_by_side
def survive(
    n: int, hazard: FloatArray, interest: FloatArray, balance: FloatArray, share: FloatArray, before: FloatArray
) -> tuple[float, float, float]:
    """Let one cause take its share of every column, the share a month ago kept in `before`.

    Returns the interest of the month, the balance before the cause and the balance that stays.
    """
    earned, opening, remaining = 0.0, 0.0, 0.0
    for i in range(n):
        was = share[i]
        stays = was - was * hazard[i]
        before[i] = was
        share[i] = stays
        earned += was * interest[i]
        opening += was * balance[i]
        remaining += stays * balance[i]
    return earned, opening, remaining


@side_by_side
def older(n: int, age: IntArray, reach: int, share: FloatArray, balance: FloatArray) -> float:
    """Balance of columns that a curve's data do not reach."""
    found = 0.0
    for i in range(n):
        found += share[i] * balance[i] if age[i] > reach else 0.0
    return found


@folded
def is_plain(curve: int, given: Given, paths: Paths) -> bool:
    """Whether a curve is read by one driver at most, on even nodes, that moves with the customer rate alone."""
    if given.beh.dimensions[curve] == 0:
        return True
    kind = given.beh.driver[curve, 0]
    if given.beh.dimensions[curve] > 1 or kind == MONEY or given.density[curve, 0] <= 0.0:
        return False
    return bool(kind != INCENTIVE or paths.alike[0] == 1)


@folded
def rate_to_driver(s: int, kind: int, month: int, currency: int, mkt: Market, paths: Paths) -> tuple[float, float]:
    """A plain driver as slope x customer rate + shift."""
    if kind == INCENTIVE:
        return 1.0, -mkt.mortgage[paths.key[0, 0], s, month]
    return (-1.0 if kind == SPREAD else 0.0), mkt.short[currency, s, month]


@side_by_side
def survive_on_nodes(
    n: int,
    first: int,
    final: int,
    reach: int,
    own: IntArray,
    values: FloatArray,
    factor: float,
    slope: float,
    shift: float,
    top: float,
    rate: FloatArray,
    interest: FloatArray,
    balance: FloatArray,
    share: FloatArray,
    before: FloatArray,
) -> tuple[float, float, float, float, float]:
    """As `survive`, by hazards of a curve with one driver on even nodes that lies slope * rate + shift nodes along.

    first, own, final : place of the month's first value at age 0, what a column's age adds to it, and the last month's.
    reach : the most that data allow of what is added. top : number of the last node; there the weight of the value that
    follows is 0. Returns besides the balances whose driver lies outside the nodes, and whose age beyond the data.
    """
    earned, opening, remaining, outside, late = 0.0, 0.0, 0.0, 0.0, 0.0
    for i in range(n):
        along = slope * rate[i] + shift
        place = min(max(along, 0.0), top)
        node = int(place)
        at = min(first + own[i], final) + node
        lower = values[np.uint64(at)]
        hazard = (lower + (values[np.uint64(at + 1)] - lower) * (place - node)) * factor
        was = share[i]
        amount = was * balance[i]
        stays = was - was * min(max(hazard, 0.0), 1.0)
        before[i] = was
        share[i] = stays
        earned += was * interest[i]
        opening += amount
        remaining += stays * balance[i]
        outside += amount if abs(along - place) > AT_NODE else 0.0
        late += amount if own[i] > reach else 0.0
    return earned, opening, remaining, outside, late


@folded
def plain(
    s: int,
    e: int,
    n: int,
    head: int,
    rate: FloatArray,
    given: Given,
    interest: FloatArray,
    balance: FloatArray,
    paths: Paths,
    coverage: FloatArray,
) -> tuple[float, float, float]:
    """As `survive`, by one cause whose curve is plain.

    rate : (columns,) customer rate; balance : before the cause.
    """
    entry = given.beh.combination_first[given.pos[head].behaviour]
    curve, table = given.beh.entry_curve[entry], given.beh.entry_table[entry]
    month, factor, row = (
        given.cal[e].hazard_month,
        given.beh.season[table, given.cal[e].season],
        given.beh.coverage[head, table],
    )
    base, size, last = given.beh.offset[curve], given.beh.nodes[curve], given.beh.months[curve] - 1
    age, own, values, share = paths.young, paths.young, given.beh.values, paths.share
    if given.beh.since_origination[table]:
        age, own = paths.age, paths.row
    reach = given.beh.observed[curve] - month
    if given.beh.dimensions[curve] == 0:
        without_driver(n, base, last, month - 1, age, values, factor, paths.hazard[0])
        coverage[row, 2] += older(n, age, reach, share, balance)
        return survive(n, paths.hazard[0], interest, balance, share, paths.before)
    slope, shift = rate_to_driver(s, given.beh.driver[curve, 0], month, given.pos[head].currency, given.mkt, paths)
    low, inverse = given.beh.grids[given.beh.grid_offset[curve, 0]], given.density[curve, 0]
    first, final = base + (month - 1) * size, base + last * size
    slope, shift, top = slope * inverse, (shift - low) * inverse, float(size - 1)
    earned, opening, after, outside, late = survive_on_nodes(
        n,
        first,
        final,
        reach * size,
        own,
        values,
        factor,
        slope,
        shift,
        top,
        rate,
        interest,
        balance,
        share,
        paths.before,
    )
    coverage[row, 1] += outside
    coverage[row, 2] += late
    return earned, opening, after


@folded
def count_coverage(
    curve: int,
    table: int,
    month: int,
    n: int,
    row: int,
    beh: Behaviours,
    balance: FloatArray,
    paths: Paths,
    coverage: FloatArray,
) -> None:
    """Balance-months looked up, clamped and beyond the data."""
    looked, clamped, beyond = 0.0, 0.0, 0.0
    observed, since = beh.observed[curve], beh.since_origination[table]
    for i in range(n):
        amount = paths.share[i] * balance[i]
        looked += amount
        clamped += amount * paths.scratch[2, i]
    if since:
        for i in range(n):
            beyond += paths.share[i] * balance[i] if month + paths.age[i] > observed else 0.0
    elif month > observed:
        beyond = looked
    coverage[row, 0] += looked
    coverage[row, 1] += clamped
    coverage[row, 2] += beyond


@folded
def freeze(causes: int, j: int, n: int, paths: Paths) -> None:
    """Keep base's hazards for the other scenarios."""
    for cause in range(causes):
        for i in range(n):
            paths.kept[cause, j, i] = paths.hazard[cause, i]


@folded
def thaw(first: int, causes: int, s: int, j: int, n: int, dated: bool, given: Given, paths: Paths) -> None:
    """Base's hazards of a month, multiplied where the scenario says so and the position has a maturity."""
    for cause in range(causes):
        factor = given.mkt.multiplier[s, given.beh.entry_table[first + cause]] if dated else 1.0
        for i in range(n):
            paths.hazard[cause, i] = scaled_hazard(paths.kept[cause, j, i], factor)
