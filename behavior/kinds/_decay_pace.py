"""Accounts have a pace of their own: those in a hurry leave first, and what is left is slower than it was.

Under gamma frailty of variance v the mean pace of accounts that are still there is exp(-v x cumulated hazard), the
cumulated hazard of their own past: of the spreads that they have lived through, not of their age alone. So one number a
row, the closing that was to be expected of the account since its opening, and one coefficient that may only lower the
hazard, say how much of the history's slowing down is selection, which goes on along the path, and how much is age. The
history decides: accounts of one age and spread with another past tell v from age, and where they do not, v is zero and
nothing changes.

The cumulated hazard of a row is read from the hazard fitted without it. What lies before an account's first row is read
at its segment's usual spread.
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
from behavior.panel.base import Panel
from behavior.panel.dense import month_number
from behavior.quantities import FloatArray, IntArray
from behavior.specs import ModelSpec

CUMULATED = "cumulated_closing"
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
        units=(*matrix.units, "expected closings"),
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


def usual_spreads(table: pd.DataFrame, codes: IntArray, segments: int) -> tuple[float, ...]:
    """Mean spread of the rows of each segment, and last that of all."""
    spread = table["spread"].to_numpy()
    known = ~np.isnan(spread)
    overall = float(spread[known].mean()) if known.any() else 0.0
    means = [float(spread[known & (codes == one)].mean()) if (known & (codes == one)).any() else overall
             for one in range(segments)]  # fmt: skip
    return (*means, overall)


def cumulated_closing(
    first: Any, matrix: FeatureMatrix, table: pd.DataFrame, codes: IntArray, usual: Sequence[float]
) -> FloatArray:
    """Expected closings of each row's account from its opening to the month's start, shape (rows,)."""
    unit, month = pd.factorize(table["unit"])[0], month_number(table["month"])
    order = np.lexsort((month, unit))
    own, when = unit[order], month[order]
    begins = np.r_[True, own[1:] != own[:-1]] if len(own) else np.zeros(0, dtype=bool)
    step = np.where(np.r_[begins[1:], True], 0, np.r_[np.diff(when), 0])
    expected = first.predict_hazard(matrix)[order] * step
    cumulated = np.cumsum(expected) - expected
    rows = order[begins]
    entered = _before(first, rows_of(matrix, rows), np.asarray(usual)[codes[rows]])
    found = np.empty(len(order))
    found[order] = cumulated + (entered - cumulated[begins])[np.cumsum(begins) - 1]
    return found


def _before(first: Any, matrix: FeatureMatrix, spread: FloatArray) -> FloatArray:
    """Expected closings between opening and the first row, at the usual spread, shape (accounts,)."""
    lived = np.maximum(np.nan_to_num(column_of(matrix, "age_months")) - 1.0, 0.0)
    values, total = matrix.values.copy(), np.zeros(len(lived))
    if "spread" in matrix.names:
        values[:, matrix.names.index("spread")] = spread
    for place in range(BEFORE):
        values[:, matrix.names.index("age_months")] = lived * (place + 0.5) / BEFORE
        total += first.predict_hazard(matrix.with_values(values))
    return np.asarray(total / BEFORE * lived)


def slowed(hazard: FloatArray, variance: float, begun: FloatArray, axis: int) -> tuple[FloatArray, FloatArray]:
    """Monthly hazards of accounts whose pace is what is left of it, and what is cumulated before each month.

    Parameters
    ----------
    hazard : by month along `axis` as of accounts with nothing cumulated. begun : cumulated before the first month.
    """
    along = np.moveaxis(hazard, axis, 0)
    odds = along / np.maximum(1.0 - along, 1e-12)
    cumulated, found, before = np.broadcast_to(begun, along.shape[1:]).copy(), np.empty_like(along), []
    for month, each in enumerate(odds):
        before.append(cumulated.copy())
        now = each * np.exp(-variance * np.minimum(cumulated, MOST))
        found[month] = now / (1.0 + now)
        cumulated += found[month]
    return np.moveaxis(found, 0, axis), np.moveaxis(np.array(before), 0, axis)


@dataclass(frozen=True)
class Pace:
    """Adds what has been cumulated to a matrix: the hazard it is read from, and the usual spreads by segment."""

    first: Any
    usual: tuple[float, ...]
    spec: ModelSpec
    segments: tuple[str, ...]

    def __call__(self, matrix: FeatureMatrix, panel: Panel) -> FeatureMatrix:
        """The matrix of the panel's rows with its column."""
        codes = level_codes(panel.table, self.spec, self.segments)
        return with_cumulated(matrix, cumulated_closing(self.first, matrix, panel.table, codes, self.usual))
