"""Accounts have a pace of their own: those in a hurry leave first, and what is left is slower than it was.

Under gamma frailty of variance v the mean pace of accounts that are still there is exp(-v x cumulated hazard), the
cumulated hazard of their own past: of the spreads that they have lived through, not of their age alone. So one number a
row, the closing that was to be expected of the account since its opening, and one coefficient that may only lower the
hazard, say how much of the history's slowing down is selection, which goes on along the path, and how much is age. The
history decides: accounts of one age and spread with another past tell v from age, and where they do not, v is zero and
nothing changes.

The cumulated hazard of a row is read from a hazard fitted before: at first one without it, then one that has it, whose
expectations slow down along each account's past. What lies before an account's first row is read at its segment's usual
spread. Every account counts as of its segment's usual size: customers draw down what they are about to close, so that a
small balance foretells closing more than a small account closes. Read at their own balances, accounts that are always
small would be expected to close all along, did not, and stood as proof of a slow pace.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from behavior.estimators.spline_hazard import rows_of
from behavior.estimators.terms import Term, column_of
from behavior.features.base import FeatureMatrix
from behavior.kinds._decay_fit import level_codes
from behavior.months import month_number
from behavior.panel.base import Panel
from behavior.quantities import FloatArray, IntArray
from behavior.specs import ModelSpec

CUMULATED = "cumulated_closing"
SIZE = "log_balance"
MOST = 4.0
"""Expected closings beyond which nothing more is known: two accounts in a hundred are left by then."""
LEAST = 1e-3
BEFORE = 8
"""Ages at which the life before an account's first row is looked at."""


def pace_term(matrix: FeatureMatrix) -> tuple[Term, ...]:
    """The one coefficient of what has been cumulated, where the matrix has it."""
    return (Term("rising", CUMULATED, (MOST, 0.0)),) if CUMULATED in matrix.names else ()


def with_cumulated(matrix: FeatureMatrix, cumulated: FloatArray) -> FeatureMatrix:
    """The matrix and what has been cumulated as its last column."""
    return replace(
        matrix,
        names=(*matrix.names, CUMULATED),
        values=np.column_stack([matrix.values, cumulated]),
        signs=(*matrix.signs, -1),
    )


def variance_of_pace(closure: Any, matrix: FeatureMatrix) -> float:
    """By how much the log-odds fall with each expected closing: the variance of pace; 0 for a hazard without it."""
    if CUMULATED not in matrix.names:
        return 0.0
    values = np.repeat(matrix.values[:1], 2, axis=0)
    values[:, matrix.names.index(CUMULATED)] = [0.0, 1.0]
    score = closure.score(matrix.with_values(values))
    return float(score[0] - score[1])


def pace_left(closure: Any, matrix: FeatureMatrix, cumulated: FloatArray | None = None) -> FloatArray | None:
    """Mean pace of accounts that are still there, of those at opening; None for a hazard that knows of none.

    `cumulated` stands in the place of the matrix's column, in any shape.
    """
    if CUMULATED not in matrix.names:
        return None
    past = column_of(matrix, CUMULATED) if cumulated is None else cumulated
    return np.asarray(np.exp(-variance_of_pace(closure, matrix) * np.minimum(past, MOST)))


def usual_by_segment(values: FloatArray, codes: IntArray, segments: int) -> tuple[float, ...]:
    """Mean of the known values of each segment's rows, and last that of all; 0 where none is known."""
    known = ~np.isnan(values)
    overall = float(values[known].mean()) if known.any() else 0.0
    own = [values[known & (codes == one)] for one in range(segments)]
    return (*(float(one.mean()) if one.size else overall for one in own), overall)


def at_usual_size(matrix: FeatureMatrix, codes: IntArray, sizes: Sequence[float]) -> FeatureMatrix:
    """The matrix with every account at its segment's usual size; as it is where it knows no size, or none is usual."""
    if SIZE not in matrix.names or not sizes:
        return matrix
    values = matrix.values.copy()
    values[:, matrix.names.index(SIZE)] = np.asarray(sizes)[codes]
    return matrix.with_values(values)


def cumulated_closing(
    first: Any, matrix: FeatureMatrix, table: pd.DataFrame, codes: IntArray, usual: Sequence[float]
) -> FloatArray:
    """Expected closings of each row's account from its opening to the month's start, shape (rows,).

    Where `first` knows a pace, what is expected of an account slows down with what has been expected of it before.
    """
    unit, month = pd.factorize(table["unit"])[0], month_number(table["month"])
    order = np.lexsort((month, unit))
    own, when = unit[order], month[order]
    begins = np.flatnonzero(np.r_[True, own[1:] != own[:-1]]) if len(own) else np.zeros(0, dtype=np.int64)
    length = np.diff(np.r_[begins, len(own)])
    step = np.r_[np.diff(when), 0]
    rows = order[begins]
    cumulated = _before(first, rows_of(matrix, rows), np.asarray(usual)[codes[rows]])
    hazard, variance = _at_full_pace(first, matrix)
    hazard, found = hazard[order], np.empty(len(order))
    longest = np.argsort(-length, kind="stable")
    begins, length, cumulated = begins[longest], length[longest], cumulated[longest]
    for place in range(int(length.max(initial=0))):
        left = int(np.searchsorted(-length, -place))  # accounts with more rows than these, the longest first
        at = begins[:left] + place
        found[order[at]] = cumulated[:left]
        cumulated[:left] += _slower(hazard[at], variance, cumulated[:left]) * step[at]
    return found


def _at_full_pace(first: Any, matrix: FeatureMatrix) -> tuple[FloatArray, float]:
    """Hazards as of accounts with nothing cumulated, shape (rows,), and the variance of their pace."""
    layout = getattr(first, "layout_", None)
    if layout is None or all(term.name != CUMULATED for term in layout.terms):
        return np.asarray(first.predict_hazard(matrix)), 0.0
    fresh = with_cumulated(matrix, np.zeros(len(matrix.values)))
    return np.asarray(first.predict_hazard(fresh)), variance_of_pace(first, fresh)


def _slower(hazard: FloatArray, variance: float, cumulated: FloatArray) -> FloatArray:
    """Monthly hazards at the pace that is left, from those at full pace: odds fall by the mean pace, same shape."""
    odds = hazard / np.maximum(1.0 - hazard, 1e-12) * np.exp(-variance * np.minimum(cumulated, MOST))
    return np.asarray(odds / (1.0 + odds))


def _before(first: Any, matrix: FeatureMatrix, spread: FloatArray) -> FloatArray:
    """Expected closings between opening and the first row, at the usual spread, shape (accounts,)."""
    lived = np.maximum(np.nan_to_num(column_of(matrix, "age_months")) - 1.0, 0.0)
    values, total = matrix.values.copy(), np.zeros(len(lived))
    if "spread" in matrix.names:
        values[:, matrix.names.index("spread")] = spread
    for place in range(BEFORE):
        values[:, matrix.names.index("age_months")] = lived * (place + 0.5) / BEFORE
        hazard, variance = _at_full_pace(first, matrix.with_values(values))
        half = total + _slower(hazard, variance, total) * lived / (2 * BEFORE)
        total = total + _slower(hazard, variance, half) * lived / BEFORE
    return total


def slowed(hazard: FloatArray, variance: float, begun: FloatArray, axis: int) -> tuple[FloatArray, FloatArray]:
    """Monthly hazards of accounts whose pace is what is left of it, and what is cumulated before each month.

    Parameters
    ----------
    hazard : by month along `axis` as of accounts with nothing cumulated. begun : cumulated before the first month.
    """
    along = np.moveaxis(hazard, axis, 0)
    cumulated, found, before = np.broadcast_to(begun, along.shape[1:]).copy(), np.empty_like(along), []
    for month, each in enumerate(along):
        before.append(cumulated.copy())
        found[month] = _slower(each, variance, cumulated)
        cumulated += found[month]
    return np.moveaxis(found, 0, axis), np.moveaxis(np.array(before), 0, axis)


@dataclass(frozen=True)
class Pace:
    """Adds what has been cumulated to a matrix.

    Parameters
    ----------
    first : the hazard that it is read from. usual, sizes : usual spread and log balance by segment, and last of all;
        no sizes where the matrix has none.
    """

    first: Any
    usual: tuple[float, ...]
    sizes: tuple[float, ...]
    spec: ModelSpec
    segments: tuple[str, ...]

    def __call__(self, matrix: FeatureMatrix, panel: Panel) -> FeatureMatrix:
        """The matrix of the panel's rows with its column."""
        codes = level_codes(panel.table, self.spec, self.segments)
        alike = at_usual_size(matrix, codes, self.sizes)
        return with_cumulated(matrix, cumulated_closing(self.first, alike, panel.table, codes, self.usual))
