"""Where the columns of a tile stand on their paths, and their curves looked up side by side. Compiled."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from behavior.engine.compiled import folded, side_by_side
from behavior.engine.hazards import INCENTIVE, LEVEL, MAX_CAUSES, MAX_DRIVERS, MONEY, SPREAD
from behavior.engine.layout import Given, Market
from behavior.engine.tiles import ROW
from behavior.quantities import FloatArray, IntArray


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
