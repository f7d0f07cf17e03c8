"""Behaviour of a tile's columns in one month: curves looked up side by side. Compiled."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from behavior.engine.compiled import folded, side_by_side
from behavior.engine.hazards import INCENTIVE, LEVEL, MAX_CAUSES, MAX_DRIVERS, MONEY, SPREAD, scaled_hazard
from behavior.engine.layout import Behaviours, Given, Market
from behavior.engine.tiles import ROW
from behavior.quantities import FloatArray, IntArray

AT_NODE = 1e-9
"""Share of a node's width within which a driver at an outer node is not beyond it."""


class Paths(NamedTuple):
    """Where the columns of a tile stand on their paths.

    share : (ROW,) that survives; before : the same a month ago. hazard : (causes, ROW) of this month. money : (causes,
    ROW) months in the money; entered : (ROW,) at as-of. rate : (ROW,) customer rate. scratch : (3, ROW) driver, value
    and whether a driver was clamped. weight : (drivers, ROW) of the upper node. node : (drivers, ROW) lower node; at :
    (ROW,) month of the curve. age : (ROW,), months; row : age in places of the first cause's curve; young : zeros.
    key : (causes, ROW), place of the mortgage rate; alike : (causes,), 1 where one place serves all. kept : (causes,
    events, ROW) hazards of base where behaviour is frozen. stays : (causes, ROW) that stays, month by month of the
    model, where run-off times are scaled.
    """

    share: FloatArray
    before: FloatArray
    hazard: FloatArray
    money: FloatArray
    entered: FloatArray
    rate: FloatArray
    scratch: FloatArray
    weight: FloatArray
    node: IntArray
    at: IntArray
    age: IntArray
    row: IntArray
    young: IntArray
    key: IntArray
    alike: IntArray
    kept: FloatArray
    stays: FloatArray


def paths_of(events: int, frozen: bool) -> Paths:
    """Room for a tile's paths."""
    return Paths(
        np.zeros(ROW),
        np.zeros(ROW),
        np.zeros((MAX_CAUSES, ROW)),
        np.zeros((MAX_CAUSES, ROW)),
        np.zeros(ROW),
        np.zeros(ROW),
        np.zeros((3, ROW)),
        np.zeros((MAX_DRIVERS, ROW)),
        np.zeros((MAX_DRIVERS, ROW), dtype=np.int64),
        np.zeros(ROW, dtype=np.int64),
        np.zeros(ROW, dtype=np.int64),
        np.zeros(ROW, dtype=np.int64),
        np.zeros(ROW, dtype=np.int64),
        np.zeros((MAX_CAUSES, ROW), dtype=np.int64),
        np.zeros(MAX_CAUSES, dtype=np.int64),
        np.zeros((MAX_CAUSES, events + 2 if frozen else 1, ROW)),
        np.zeros((MAX_CAUSES, ROW)),
    )


@side_by_side
def locate(
    n: int,
    grids: FloatArray,
    offset: int,
    length: int,
    inverse: float,
    x: FloatArray,
    outside: FloatArray,
    node: IntArray,
    weight: FloatArray,
) -> None:
    """Lower node and weight of the upper one on a driver's grid; a driver beyond its ends is clamped and marked.

    inverse : 1 / distance of the nodes where all are the same, else 0.
    """
    low, high = grids[offset], grids[offset + length - 1]
    for i in range(n):
        outside[i] = 1.0 if x[i] < low or x[i] > high else outside[i]
    if length == 1:
        for i in range(n):
            node[i] = 0
            weight[i] = 0.0
        return
    if inverse > 0.0:
        top = float(length - 1)
        for i in range(n):
            place = min(max((x[i] - low) * inverse, 0.0), top)
            lower = min(int(place), length - 2)
            node[i] = lower
            weight[i] = place - lower
        return
    for i in range(n):
        node[i] = 0
    for k in range(1, length - 1):
        bound = grids[offset + k]
        for i in range(n):
            node[i] += 1 if x[i] >= bound else 0
    for i in range(n):
        left = grids[offset + node[i]]
        place = (x[i] - left) / (grids[offset + node[i] + 1] - left)
        weight[i] = min(max(place, 0.0), 1.0)


@side_by_side
def interpolated(
    n: int,
    base: int,
    size: int,
    count: int,
    lengths: IntArray,
    values: FloatArray,
    month: IntArray,
    node: IntArray,
    weight: FloatArray,
    value: FloatArray,
) -> None:
    """Values of a curve at each column's month and located drivers, multilinear, into `value`.

    size : values of one month.
    """
    if count == 0:
        for i in range(n):
            value[i] = values[base + month[i]]
        return
    if count == 1:
        more = 1 if lengths[0] > 1 else 0
        for i in range(n):
            at = base + month[i] * size + node[0, i]
            low = values[at]
            value[i] = low + (values[at + more] - low) * weight[0, i]
        return
    for i in range(n):
        value[i] = 0.0
    for corner in range(1 << count):
        for i in range(n):
            share, place = 1.0, 0
            for axis in range(count):
                upper = (corner >> axis) & 1
                share *= weight[axis, i] if upper else 1.0 - weight[axis, i]
                place = place * lengths[axis] + min(node[axis, i] + upper, lengths[axis] - 1)
            value[i] += share * values[base + month[i] * size + place]


@folded
def driver(kind: int, cause: int, level: float, n: int, rate: FloatArray, paths: Paths) -> None:
    """A driver's value in each column, into `scratch[0]`; the incentive stands in `scratch[1]`."""
    x = paths.scratch[0]
    if kind == INCENTIVE:
        for i in range(n):
            x[i] = paths.scratch[1, i]
    elif kind == LEVEL:
        for i in range(n):
            x[i] = level
    elif kind == SPREAD:
        for i in range(n):
            x[i] = level - rate[i]
    elif kind == MONEY:
        for i in range(n):
            x[i] = paths.money[cause, i]


@folded
def incentives(cause: int, s: int, month: int, n: int, rate: FloatArray, mkt: Market, paths: Paths) -> None:
    """Customer rate less the mortgage rate that the month sees, into `scratch[1]`."""
    if paths.alike[cause] == 1:
        seen = mkt.mortgage[paths.key[cause, 0], s, month]
        for i in range(n):
            paths.scratch[1, i] = rate[i] - seen
        return
    for i in range(n):
        paths.scratch[1, i] = rate[i] - mkt.mortgage[paths.key[cause, i], s, month]


@folded
def located(
    cause: int,
    curve: int,
    s: int,
    month: int,
    level: float,
    n: int,
    priced: bool,
    rate: FloatArray,
    given: Given,
    paths: Paths,
) -> None:
    """Where every driver of a curve lies on its grid, column by column. priced : a mortgage rate is seen."""
    for axis in range(given.beh.dimensions[curve]):
        if priced:
            incentives(cause, s, month, n, rate, given.mkt, paths)
        driver(given.beh.driver[curve, axis], cause, level, n, rate, paths)
        offset, length = given.beh.grid_offset[curve, axis], given.beh.grid_length[curve, axis]
        x, outside, node, weight = paths.scratch[0], paths.scratch[2], paths.node[axis], paths.weight[axis]
        locate(n, given.beh.grids, offset, length, given.density[curve, axis], x, outside, node, weight)


@folded
def looked_up(
    cause: int,
    curve: int,
    table: int,
    s: int,
    month: int,
    model_month: int,
    season: int,
    level: float,
    n: int,
    rate: FloatArray,
    given: Given,
    paths: Paths,
) -> None:
    """Hazards of one cause in a month, into its row of `hazard`; months in the money are counted on.

    month : of the drivers; model_month : that curves are asked for, the same unless run-off times are scaled.
    """
    last = given.beh.months[curve] - 1
    if given.beh.since_origination[table]:
        for i in range(n):
            paths.at[i] = min(int(model_month + paths.age[i] - 1), last)
    else:
        for i in range(n):
            paths.at[i] = min(model_month - 1, last)
    for i in range(n):
        paths.scratch[2, i] = 0.0
    priced = paths.key[cause, 0] >= 0
    located(cause, curve, s, month, level, n, priced, rate, given, paths)
    if priced:
        bound = given.beh.threshold[table]
        incentives(cause, s, month, n, rate, given.mkt, paths)
        for i in range(n):
            paths.money[cause, i] += 1.0 if paths.scratch[1, i] > bound else 0.0
    interpolated(
        n,
        given.beh.offset[curve],
        given.beh.nodes[curve],
        given.beh.dimensions[curve],
        given.beh.grid_length[curve],
        given.beh.values,
        paths.at,
        paths.node,
        paths.weight,
        paths.scratch[1],
    )
    factor = given.beh.season[table, season]
    for i in range(n):
        paths.hazard[cause, i] = min(max(paths.scratch[1, i] * factor, 0.0), 1.0)


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
