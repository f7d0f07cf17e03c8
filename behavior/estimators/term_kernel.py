"""The terms of a hazard, compiled: a row is placed on each axis once, whatever number of terms read that axis.

Every term is a table over one or two axes. A row stands between two neighbours of an axis (hats at its knots), on one
of its levels or of two features' levels crossed, or nowhere; what a term says of it is the table's mean of the four
corners around it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numba import njit

from behavior.quantities import FloatArray, IntArray
from behavior.vectors import take_full_width

take_full_width()

COMPILED: dict[str, Any] = {"cache": True, "nogil": True, "error_model": "numpy"}
EVERYWHERE, MISSING, LEVELS, HATS, CROSSED = range(5)


@dataclass(frozen=True)
class TablePlan:
    """Axes and the tables over them, as arrays.

    Parameters
    ----------
    column, form : of each axis: its matrix column, and one of the forms above. begin, count : its knots in `knots`, or
        the number of its levels. unknown : what a missing value is read as on knots. beside, inner : of crossed levels
        the column of those that move fastest, and their number.
    first, second : axes of each table. place : its first entry in the tables laid end to end. across : width of
        `second`. size : entries of all tables.
    """

    column: IntArray
    form: IntArray
    begin: IntArray
    count: IntArray
    unknown: FloatArray
    beside: IntArray
    inner: IntArray
    knots: FloatArray
    first: IntArray
    second: IntArray
    place: IntArray
    across: IntArray
    size: int

    def score(self, values: FloatArray, tables: FloatArray, group: IntArray, groups: int) -> FloatArray:
        """Sum of the tables of each group at every row, shape (rows, groups); `tables` has shape (size,)."""
        out = np.zeros((len(values), groups))
        # A corner of weight 0 may lie behind a table's end; behind the last there are zeros for it.
        padded = np.concatenate([tables, np.zeros(int(self.across.max(initial=1)) + 1)])
        _score(values, self._axes(), self._tables(), padded, group, out)
        return out

    def pulled(self, values: FloatArray, surprise: FloatArray) -> FloatArray:
        """What rows' numbers pull at every table's entries, shape (size,): the transpose of `score`."""
        out = np.zeros(self.size + int(self.across.max(initial=1)) + 1)
        _pull(values, self._axes(), self._tables(), surprise, out)
        return out[: self.size]

    def design(self, values: FloatArray, rising: IntArray, into: IntArray, width: int) -> FloatArray:
        """Columns of all terms behind an intercept, shape (rows, width).

        Parameters
        ----------
        rising : 1 for a term whose columns are ramps along its first axis, one fewer than its knots.
        into : its first column.
        """
        out = np.zeros((len(values), width))
        out[:, 0] = 1.0
        _fill(values, self._axes(), self._tables(), rising, into, out)
        return out

    def _axes(self) -> tuple[Any, ...]:
        return self.column, self.form, self.begin, self.count, self.unknown, self.beside, self.inner, self.knots

    def _tables(self) -> tuple[Any, ...]:
        return self.first, self.second, self.place, self.across


def _among(value: float, knots: Any, begin: int, count: int) -> tuple[int, float]:
    """The knot below a value, and the share of the way to the next one; beyond the outer knots, the outer knots."""
    left, right = 0, count - 1
    while right - left > 1:
        middle = (left + right) // 2
        if knots[begin + middle] <= value:
            left = middle
        else:
            right = middle
    lower = knots[begin + left]
    share = (value - lower) / (knots[begin + left + 1] - lower)
    return left, min(max(share, 0.0), 1.0)


_among_knots = njit(**COMPILED)(_among)


def _located(values: Any, row: int, axes: Any, at: Any, low: Any, high: Any) -> None:
    """Where a row stands on every axis: the lower neighbour, its weight and that of the one above."""
    column, form, begin, count, unknown, beside, inner, knots = axes
    for axis in range(form.size):
        at[axis], low[axis], high[axis] = 0, 1.0, 0.0
        if form[axis] == EVERYWHERE or (form[axis] == HATS and count[axis] == 1):
            continue
        value = values[row, column[axis]]
        if form[axis] == MISSING:
            low[axis] = 1.0 if np.isnan(value) else 0.0
        elif form[axis] == HATS:
            known = unknown[axis] if np.isnan(value) else value
            at[axis], high[axis] = _among_knots(known, knots, begin[axis], count[axis])
            low[axis] = 1.0 - high[axis]
        elif form[axis] == CROSSED:
            other = values[row, beside[axis]]
            if np.isnan(value) or np.isnan(other):
                low[axis] = 0.0
            elif value < 0 or value * inner[axis] >= count[axis] or other < 0 or other >= inner[axis]:
                raise IndexError("a level's code lies outside the levels that were learned")
            else:
                at[axis] = int(value) * inner[axis] + int(other)
        elif np.isnan(value):
            low[axis] = 0.0
        elif value < 0 or value >= count[axis]:
            raise IndexError("a level's code lies outside the levels that were learned")
        else:
            at[axis] = int(value)


def _put_two(out: Any, row: int, place: int, share: float, low: float, high: float) -> None:
    out[row, place] = share * low
    if high != 0.0:
        out[row, place + 1] = share * high


_locate, _put = (njit(**COMPILED)(one) for one in (_located, _put_two))


def _score_rows(values: Any, axes: Any, tables: Any, entries: Any, group: Any, out: Any) -> None:
    first, second, place, across = tables
    places = axes[1].size
    at, low, high = np.empty(places, np.int64), np.empty(places), np.empty(places)
    for row in range(len(values)):
        _locate(values, row, axes, at, low, high)
        for term in range(first.size):
            one, other = first[term], second[term]
            corner, step = place[term] + at[one] * across[term] + at[other], across[term]
            total = low[one] * (low[other] * entries[corner] + high[other] * entries[corner + 1])
            if high[one] != 0.0:
                corner += step
                total += high[one] * (low[other] * entries[corner] + high[other] * entries[corner + 1])
            out[row, group[term]] += total


def _pull_rows(values: Any, axes: Any, tables: Any, surprise: Any, out: Any) -> None:
    first, second, place, across = tables
    places = axes[1].size
    at, low, high = np.empty(places, np.int64), np.empty(places), np.empty(places)
    for row in range(len(values)):
        _locate(values, row, axes, at, low, high)
        for term in range(first.size):
            one, other = first[term], second[term]
            corner, step = place[term] + at[one] * across[term] + at[other], across[term]
            lower, upper = surprise[row] * low[one], surprise[row] * high[one]
            out[corner] += lower * low[other]
            out[corner + 1] += lower * high[other]
            if upper != 0.0:
                out[corner + step] += upper * low[other]
                out[corner + step + 1] += upper * high[other]


def _fill_rows(values: Any, axes: Any, tables: Any, rising: Any, into: Any, out: Any) -> None:
    first, second, _, across = tables
    places = axes[1].size
    at, low, high = np.empty(places, np.int64), np.empty(places), np.empty(places)
    for row in range(len(values)):
        _locate(values, row, axes, at, low, high)
        for term in range(first.size):
            one, other, step = first[term], second[term], across[term]
            begin = into[term] + at[other]
            if rising[term]:  # a ramp is the sum of all hats behind its first knot
                for ramp in range(at[one] + 1):
                    reached = 1.0 if ramp < at[one] else high[one]
                    _put(out, row, begin + ramp * step, reached, low[other], high[other])
            else:
                _put(out, row, begin + at[one] * step, low[one], low[other], high[other])
                if high[one] != 0.0:
                    _put(out, row, begin + (at[one] + 1) * step, high[one], low[other], high[other])


_score, _pull, _fill = (njit(**COMPILED)(loop) for loop in (_score_rows, _pull_rows, _fill_rows))
