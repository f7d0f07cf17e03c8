"""A table's curves as dense arrays of one shape, for kernels that look up millions of cells.

Layout, the same for every table so that a compiled kernel needs one signature:

- months are dense: entry ``k`` is month ``k + 1``; the last entry is the tail value that holds for ever after, so
  ``min(month, months) - 1`` is the month index;
- the driver grids are flattened in C order into ``cells``; ``strides[curve, driver]`` is the step in cells from one
  node of a driver to the next;
- shorter grids are padded with their last node, shorter curves with their tail value.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import ArrayLike

from behavior.assumptions.curve import AssumptionCurve, Reading, Tail
from behavior.assumptions.effects import Driver
from behavior.assumptions.interpolation import bracket
from behavior.assumptions.set import AssumptionTable
from behavior.errors import OutsideDomain
from behavior.quantities import BoolArray, FloatArray, IntArray, Quantity


@dataclass(frozen=True)
class CurveGrid:
    """All curves of one table, padded to one shape.

    Parameters
    ----------
    values : shape (curves, cells, months); unit of the table's quantity; C-contiguous.
    nodes : shape (curves, drivers, nodes), rising up to `counts`, decimals a year (counts for MONTHS_IN_THE_MONEY).
    counts : shape (curves, drivers), nodes in use. strides : shape (curves, drivers), step in cells a node.
    last_month : shape (curves,), last month of the grid; later months are extrapolated.
    first_month : shape (curves,), first month of the grid; earlier months are clamped.
    observed_month : shape (curves,), last month with exposure behind it.
    """

    drivers: tuple[Driver, ...]
    values: FloatArray
    nodes: FloatArray
    counts: IntArray
    strides: IntArray
    first_month: IntArray
    last_month: IntArray
    observed_month: IntArray

    def at(
        self, curve_index: ArrayLike, months: ArrayLike, drivers: Mapping[Driver, ArrayLike] | None = None
    ) -> Reading:
        """Look up many cells: arguments broadcast; the same answers as `AssumptionCurve.at` curve by curve.

        Parameters
        ----------
        curve_index : place in the table's curves, from 0. months : whole months from 1 on (anything without months).

        Raises
        ------
        OutsideDomain : a driver is missing or not a number, or a month is below 1.
        """
        given = drivers or {}
        lacking = [str(driver) for driver in self.drivers if driver not in given]
        if lacking:
            raise OutsideDomain(f"no value for driver {', '.join(lacking)}; given {', '.join(given) or 'none'}.")
        arrays = np.broadcast_arrays(
            np.asarray(curve_index, dtype=np.int64),
            np.asarray(months, dtype=np.int64),
            *(np.asarray(given[driver], dtype=np.float64) for driver in self.drivers),
        )
        curve, month, points = arrays[0], arrays[1], arrays[2:]
        if month.size and int(month.min()) < 1:
            raise OutsideDomain(f"found month {int(month.min())}, the first month is 1.")
        column = np.minimum(month, self.values.shape[2]) - 1
        clamped: BoolArray = month < self.first_month[curve]
        brackets = []
        for axis, point in enumerate(points):
            lower, weight, outside = self._bracket(curve, axis, np.asarray(point))
            brackets.append((lower, weight))
            clamped = clamped | outside
        result = np.zeros(curve.shape)
        for corner in product((0, 1), repeat=len(brackets)):
            weight, cell = np.ones(curve.shape), np.zeros(curve.shape, dtype=np.int64)
            for axis, side in enumerate(corner):
                lower, upper = brackets[axis]
                weight = weight * (upper if side else 1.0 - upper)
                node = np.minimum(lower + side, self.counts[curve, axis] - 1)
                cell = cell + node * self.strides[curve, axis]
            result = result + weight * self.values[curve, cell, column]
        return Reading(result, np.asarray(clamped), np.asarray(month > self.last_month[curve]))

    def _bracket(self, curve: IntArray, axis: int, points: FloatArray) -> tuple[IntArray, FloatArray, BoolArray]:
        index = np.zeros(points.shape, dtype=np.int64)
        weight = np.zeros(points.shape)
        clamped = np.zeros(points.shape, dtype=np.bool_)
        grids = [self.nodes[place, axis, : self.counts[place, axis]] for place in range(len(self.nodes))]
        if all(np.array_equal(grids[0], grid) for grid in grids[1:]):
            return bracket(grids[0], points)
        for place, grid in enumerate(grids):
            here = curve == place
            if here.any():
                index[here], weight[here], clamped[here] = bracket(grid, points[here])
        return index, weight, clamped


def table_grid(table: AssumptionTable, tail: Tail = Tail.LARGER_OF_LAST_AND_MEAN) -> CurveGrid:
    """Dense arrays of a table's curves, in the table's order; the tail rule applies to hazards, others end flat."""
    rule = tail if table.quantity is Quantity.MONTHLY_HAZARD else Tail.LAST_VALUE
    curves = table.curves
    counts = np.asarray(
        [[len(curve.driver_grids[driver]) for driver in table.drivers] for curve in curves], dtype=np.int64
    ).reshape(len(curves), len(table.drivers))
    cells = max((int(np.prod(row)) for row in counts), default=1)
    months = max((_span(curve) for curve in curves), default=1)
    values = np.zeros((len(curves), cells, months))
    nodes = np.zeros((len(curves), len(table.drivers), int(counts.max(initial=1))))
    for place, curve in enumerate(curves):
        dense = _dense(curve, rule)
        values[place, : len(dense), : dense.shape[1]] = dense
        values[place, : len(dense), dense.shape[1] :] = dense[:, -1:]
        for axis, driver in enumerate(table.drivers):
            grid = curve.driver_grids[driver]
            nodes[place, axis, : len(grid)] = grid
            nodes[place, axis, len(grid) :] = grid[-1]
    return CurveGrid(
        drivers=table.drivers,
        values=values,
        nodes=nodes,
        counts=counts,
        strides=_strides(counts),
        first_month=_each(curves, lambda curve: int(curve.months[0]) if len(curve.months) else 1),
        last_month=_each(curves, lambda curve: int(curve.months[-1]) if len(curve.months) else np.iinfo(np.int64).max),
        observed_month=_each(curves, lambda curve: curve.last_observed_month),
    )


def _span(curve: AssumptionCurve) -> int:
    return int(curve.months[-1]) + 1 if len(curve.months) else 1


def _dense(curve: AssumptionCurve, tail: Tail) -> FloatArray:
    """Shape (cells, months of the curve + tail), or (cells, 1) for a curve without months."""
    if not len(curve.months):
        return curve.values.reshape(-1, 1)
    whole = np.concatenate([curve.monthly_values, curve.tail_values(tail)[..., None]], axis=-1)
    return whole.reshape(-1, whole.shape[-1])


def _strides(counts: IntArray) -> IntArray:
    strides = np.ones_like(counts)
    for axis in range(counts.shape[1] - 2, -1, -1):
        strides[:, axis] = strides[:, axis + 1] * counts[:, axis + 1]
    return strides


def _each(curves: tuple[AssumptionCurve, ...], read: Callable[[AssumptionCurve], int]) -> IntArray:
    return np.asarray([read(curve) for curve in curves], dtype=np.int64)
