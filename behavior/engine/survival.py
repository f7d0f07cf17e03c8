"""Behaviour of a tile's columns in one month: curves looked up side by side. Compiled."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from behavior.engine.compiled import folded, side_by_side
from behavior.engine.hazards import INCENTIVE, LEVEL, MAX_CAUSES, MAX_DRIVERS, MONEY, SPREAD, scaled_hazard
from behavior.engine.layout import Behaviours, Market
from behavior.engine.tiles import WIDTH
from behavior.quantities import FloatArray, IntArray


class Paths(NamedTuple):
    """Where the columns of a tile stand on their paths.

    share : (WIDTH,) that survives; before : the same a month ago. hazard : (causes, WIDTH) of this month. money :
    (causes, WIDTH) months in the money. rate : (WIDTH,) customer rate. scratch : (3, WIDTH) driver, value and whether a
    driver was clamped. weight : (drivers, WIDTH) of the upper node. node : (drivers, WIDTH) lower node; at : (WIDTH,)
    month of the curve. age : (WIDTH,), months; young : zeros. key : (causes, WIDTH), place of the mortgage rate;
    alike : (causes,), 1 where one place serves all. kept : (causes, events, WIDTH) hazards of base where behaviour is
    frozen. stays : (causes, WIDTH) that stays, month by month of the model, where run-off times are scaled.
    """

    share: FloatArray
    before: FloatArray
    hazard: FloatArray
    money: FloatArray
    rate: FloatArray
    scratch: FloatArray
    weight: FloatArray
    node: IntArray
    at: IntArray
    age: IntArray
    young: IntArray
    key: IntArray
    alike: IntArray
    kept: FloatArray
    stays: FloatArray


def paths_of(events: int, frozen: bool) -> Paths:
    """Room for a tile's paths."""
    return Paths(
        np.zeros(WIDTH),
        np.zeros(WIDTH),
        np.zeros((MAX_CAUSES, WIDTH)),
        np.zeros((MAX_CAUSES, WIDTH)),
        np.zeros(WIDTH),
        np.zeros((3, WIDTH)),
        np.zeros((MAX_DRIVERS, WIDTH)),
        np.zeros((MAX_DRIVERS, WIDTH), dtype=np.int64),
        np.zeros(WIDTH, dtype=np.int64),
        np.zeros(WIDTH, dtype=np.int64),
        np.zeros(WIDTH, dtype=np.int64),
        np.zeros((MAX_CAUSES, WIDTH), dtype=np.int64),
        np.zeros(MAX_CAUSES, dtype=np.int64),
        np.zeros((MAX_CAUSES, events + 2 if frozen else 1, WIDTH)),
        np.zeros((MAX_CAUSES, WIDTH)),
    )


@side_by_side
def locate(
    n: int,
    grids: FloatArray,
    offset: int,
    length: int,
    step: float,
    x: FloatArray,
    outside: FloatArray,
    node: IntArray,
    weight: FloatArray,
) -> None:
    """Lower node and weight of the upper one on a driver's grid; a driver beyond its ends is clamped and marked.

    step : distance of the nodes where all are the same, else 0.
    """
    low, high = grids[offset], grids[offset + length - 1]
    for i in range(n):
        outside[i] = 1.0 if x[i] < low or x[i] > high else outside[i]
    if length == 1:
        for i in range(n):
            node[i] = 0
            weight[i] = 0.0
        return
    if step > 0.0:
        inverse, top = 1.0 / step, float(length - 1)
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
    dense: int,
    count: int,
    lengths: IntArray,
    values: FloatArray,
    month: IntArray,
    node: IntArray,
    weight: FloatArray,
    value: FloatArray,
) -> None:
    """Values of a curve at each column's month and located drivers, multilinear, into `value`."""
    if count == 0:
        for i in range(n):
            value[i] = values[base + month[i]]
        return
    if count == 1:
        more = dense if lengths[0] > 1 else 0
        for i in range(n):
            at = base + node[0, i] * dense + month[i]
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
            value[i] += share * values[base + place * dense + month[i]]


@folded
def driver(axis: int, kind: int, cause: int, level: float, n: int, paths: Paths) -> None:
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
            x[i] = level - paths.rate[i]
    elif kind == MONEY:
        for i in range(n):
            x[i] = paths.money[cause, i]


@folded
def incentives(cause: int, s: int, month: int, n: int, mkt: Market, paths: Paths) -> None:
    """Customer rate less the mortgage rate that the month sees, into `scratch[1]`."""
    if paths.alike[cause] == 1:
        seen = mkt.mortgage[paths.key[cause, 0], s, month]
        for i in range(n):
            paths.scratch[1, i] = paths.rate[i] - seen
        return
    for i in range(n):
        paths.scratch[1, i] = paths.rate[i] - mkt.mortgage[paths.key[cause, i], s, month]


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
    beh: Behaviours,
    steps: FloatArray,
    mkt: Market,
    paths: Paths,
) -> None:
    """Hazards of one cause in a month, into its row of `hazard`; months in the money are counted on.

    month : of the drivers; model_month : that curves are asked for, the same unless run-off times are scaled.
    """
    last = beh.months[curve] - 1
    if beh.since_origination[table]:
        for i in range(n):
            paths.at[i] = min(int(model_month + paths.age[i] - 1), last)
    else:
        for i in range(n):
            paths.at[i] = min(model_month - 1, last)
    for i in range(n):
        paths.scratch[2, i] = 0.0
    priced = paths.key[cause, 0] >= 0
    for axis in range(beh.dimensions[curve]):
        if priced:
            incentives(cause, s, month, n, mkt, paths)
        driver(axis, beh.driver[curve, axis], cause, level, n, paths)
        offset, length = beh.grid_offset[curve, axis], beh.grid_length[curve, axis]
        locate(
            n,
            beh.grids,
            offset,
            length,
            steps[curve, axis],
            paths.scratch[0],
            paths.scratch[2],
            paths.node[axis],
            paths.weight[axis],
        )
    if priced:
        bound = beh.threshold[table]
        incentives(cause, s, month, n, mkt, paths)
        for i in range(n):
            paths.money[cause, i] += 1.0 if paths.scratch[1, i] > bound else 0.0
    interpolated(
        n,
        beh.offset[curve],
        beh.months[curve],
        beh.dimensions[curve],
        beh.grid_length[curve],
        beh.values,
        paths.at,
        paths.node,
        paths.weight,
        paths.scratch[1],
    )
    factor = beh.season[table, season]
    for i in range(n):
        paths.hazard[cause, i] = min(max(paths.scratch[1, i] * factor, 0.0), 1.0)


@side_by_side
def placed(
    n: int,
    x: FloatArray,
    slope: float,
    shift: float,
    low: float,
    step: float,
    length: int,
    node: IntArray,
    weight: FloatArray,
) -> int:
    """As `locate`, for a driver slope * x + shift on even nodes; returns how many columns it lies outside of."""
    inverse, top = 1.0 / step, float(length - 1)
    for i in range(n):
        place = min(max((slope * x[i] + shift - low) * inverse, 0.0), top)
        lower = min(int(place), length - 2)
        node[i] = lower
        weight[i] = place - lower
    outside, high = 0, low + step * top
    for i in range(n):
        driver = slope * x[i] + shift
        outside += 1 if driver < low or driver > high else 0
    return outside


@side_by_side
def survivors(
    n: int,
    base: int,
    dense: int,
    month: int,
    age: IntArray,
    more: int,
    values: FloatArray,
    node: IntArray,
    weight: FloatArray,
    factor: float,
    before: FloatArray,
    balance: FloatArray,
    share: FloatArray,
) -> float:
    """Let one cause take its share of every column; returns the balance that stays.

    month : of the curve, less 1, at age 0. more : distance of the upper node's values, 0 = no driver.
    """
    remaining = 0.0
    last = dense - 1
    for i in range(n):
        at = base + min(month + age[i], last)
        if more > 0:
            at += node[i] * dense
        low = values[at]
        hazard = min(max((low + (values[at + more] - low) * weight[i]) * factor, 0.0), 1.0)
        stays = before[i] * (1.0 - hazard)
        share[i] = stays
        remaining += stays * balance[i]
    return remaining


@side_by_side
def older(n: int, age: IntArray, month: int, observed: int, share: FloatArray, balance: FloatArray) -> float:
    """Balance of columns that a curve's data do not reach."""
    found = 0.0
    for i in range(n):
        found += share[i] * balance[i] if month + age[i] > observed else 0.0
    return found


@folded
def is_plain(curve: int, table: int, beh: Behaviours, steps: FloatArray, paths: Paths) -> bool:
    """Whether a curve is read by one driver at most, on even nodes, that moves with the customer rate alone."""
    if beh.dimensions[curve] == 0:
        return True
    kind = beh.driver[curve, 0]
    if beh.dimensions[curve] > 1 or kind == MONEY or steps[curve, 0] <= 0.0:
        return False
    return bool(kind != INCENTIVE or paths.alike[0] == 1)


@folded
def plain(
    s: int,
    curve: int,
    table: int,
    row: int,
    month: int,
    season: int,
    level: float,
    n: int,
    opening: float,
    balance: FloatArray,
    beh: Behaviours,
    steps: FloatArray,
    mkt: Market,
    paths: Paths,
    coverage: FloatArray,
) -> float:
    """One cause whose curve is plain: look up, leave and count in two passes. Returns the balance that stays."""
    since, dense = beh.since_origination[table], beh.months[curve]
    age = paths.age if since else paths.young
    more = 0
    if beh.dimensions[curve] == 1:
        kind, more = beh.driver[curve, 0], dense
        slope, shift = 0.0, level
        if kind == INCENTIVE:
            slope, shift = 1.0, -mkt.mortgage[paths.key[0, 0], s, month]
        elif kind == SPREAD:
            slope = -1.0
        low, length = beh.grids[beh.grid_offset[curve, 0]], beh.grid_length[curve, 0]
        node, weight = paths.node[0], paths.weight[0]
        if placed(n, paths.rate, slope, shift, low, steps[curve, 0], length, node, weight) > 0:
            high = low + steps[curve, 0] * (length - 1)
            for i in range(n):
                driver = slope * paths.rate[i] + shift
                coverage[row, 1] += paths.before[i] * balance[i] if driver < low or driver > high else 0.0
    coverage[row, 0] += opening
    coverage[row, 2] += older(n, age, month, beh.observed[curve], paths.before, balance)
    return survivors(
        n,
        beh.offset[curve],
        dense,
        month - 1,
        age,
        more,
        beh.values,
        paths.node[0],
        paths.weight[0],
        beh.season[table, season],
        paths.before,
        balance,
        paths.share,
    )


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
def thaw(
    first: int, causes: int, s: int, j: int, n: int, dated: bool, beh: Behaviours, mkt: Market, paths: Paths
) -> None:
    """Base's hazards of a month, multiplied where the scenario says so and the position has a maturity."""
    for cause in range(causes):
        factor = mkt.multiplier[s, beh.entry_table[first + cause]] if dated else 1.0
        for i in range(n):
            paths.hazard[cause, i] = scaled_hazard(paths.kept[cause, j, i], factor)
