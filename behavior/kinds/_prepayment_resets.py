"""Resets on the exported grid: nodes close enough to show the months around one, and where loans stand at each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
import pandas as pd

from behavior.estimators.champion import Roles
from behavior.estimators.spline_hazard import SplineHazard, rows_of
from behavior.estimators.terms import column_of
from behavior.features.base import FeatureMatrix
from behavior.panel.dense import number_of
from behavior.panel.resets import LEAST_FIXATION, LEAST_REPEATED, PERIODS, PHASES, periods_of, phases_of
from behavior.quantities import BoolArray, FloatArray, IntArray

AROUND = (-3, -2, -1, 0, 1, 2, 3, 4, 6, 7)
"""Nodes around the end of a fixed period: the outer two lie just outside the months that a reset moves."""

RESET_FEATURES = ("fixed_period", "reset_phase")
LEAST_AWAITED = 5.0
LEAST_LEFT = 0.02
"""Share of a direction's variance that the plain model must leave open for its surprise to be told."""

LEAST_SHARE = 0.05
"""Share of a segment's rows below which a fixation has no nodes of its own; its resets are left out of the curve."""


@dataclass(frozen=True)
class Resets:
    """What tells where loans lie among their resets, shape (rows,) each.

    Parameters
    ----------
    fixation : months of the fixed period, 0 = for life. strayed : as in `behavior.panel.resets`.
    shown : fixations whose resets the grid has nodes for.
    """

    fixation: FloatArray
    strayed: BoolArray
    shown: tuple[int, ...]

    @classmethod
    def of(cls, table: pd.DataFrame, mask: BoolArray, rows: BoolArray) -> Self:
        """Those of `rows`; the fixations shown are the common ones among the segment's rows, `mask`."""
        fixation = np.nan_to_num(number_of(table, "fixation_months"))
        strayed = np.nan_to_num(number_of(table, "resets_strayed")) > 0
        found, counts = np.unique(fixation[mask], return_counts=True)
        common = (counts >= LEAST_SHARE * counts.sum()) & (found >= LEAST_FIXATION)
        return cls(fixation[rows], strayed[rows], tuple(int(one) for one in found[common]))

    def ages(self, months: int) -> IntArray:
        """Further nodes up to `months` that the resets ask for."""
        ends = [
            end
            for length in self.shown
            for end in range(length, months + 1, length)
            if end == length or (length >= LEAST_REPEATED and not self._strays(length))
        ]
        nodes = {end + step for end in ends for step in AROUND}
        return np.array(sorted(one for one in nodes if 1 <= one <= months), dtype=np.int64)

    def codes(self, matrix: FeatureMatrix, rows: IntArray, age: float) -> dict[str, FloatArray]:
        """What the features of resets say of some rows at another age, as learned codes; NaN where nothing."""
        fixation, ages = self.fixation[rows], np.full(len(rows), age)
        phase = np.where(np.isin(fixation, self.shown), phases_of(ages, fixation, self.strayed[rows]), -1)
        found = {"reset_phase": (phase, PHASES), "fixed_period": (periods_of(ages, fixation), PERIODS)}
        return {
            name: _learned(codes, words, matrix.levels[name])
            for name, (codes, words) in found.items()
            if name in matrix.levels
        }

    def _strays(self, length: int) -> bool:
        """Whether most loans of a fixation move between its ends, as far as they are old enough to tell."""
        mine = self.fixation == length
        return bool(mine.any() and self.strayed[mine].mean() > 0.5)


def resets_matter(matrix: FeatureMatrix, event: FloatArray, cases: FloatArray, roles: Roles) -> bool:
    """Whether payoffs around resets, before and after, depart from what a model without their features expects.

    Efficient scores of the features' levels: what the plain model has learned of the same loans is no surprise any
    more, and its share of the variance is taken out, because a smooth effect of age bends around a step and leaves less
    of it than chance would. The features are read where they are expected to foretell unseen loans better, which is
    where the statistic is more than twice its degrees of freedom; other banks keep the model that they have without.

    Sources: D. R. Cox and D. V. Hinkley, Theoretical Statistics, 1974, section 9.3 (efficient scores); H. Akaike, A New
    Look at the Statistical Model Identification, 1974 (twice the degrees of freedom).

    Parameters
    ----------
    event : 1 where a loan paid off. cases : months that a row stands for; shape (rows,) each.
    """
    plain = without_resets(matrix)
    model = SplineHazard(
        roles.driver, roles.age, roles.burnout, roles.interacts, most_rows=60_000, ramp_months=roles.ramp_months
    )
    hazard = model.fit(plain, event, cases).predict_hazard(plain)
    groups = _levels_awaited(matrix, cases * hazard)
    if not len(groups):
        return False
    spread, surprise = cases * hazard * (1.0 - hazard), cases * (event - hazard)
    assert model.covariance_ is not None
    shared = np.array([model.layout_.pulled(rows_of(plain, group), spread[group]) for group in groups])
    own = np.array([[float(spread[one] @ other[one]) for other in groups] for one in groups])
    score = np.array([float(surprise[group].sum()) for group in groups])
    return _surprise_beyond_chance(score, own, own - shared @ model.covariance_ @ shared.T)


def _levels_awaited(matrix: FeatureMatrix, expected: FloatArray) -> list[BoolArray]:
    """Rows of each level of the features of resets that awaits enough payoffs, shape (rows,) each."""
    found = []
    for name in (one for one in RESET_FEATURES if one in matrix.names):
        codes = column_of(matrix, name)
        found += [codes == level for level in range(len(matrix.levels[name]))]
    return [group for group in found if float(expected[group].sum()) >= LEAST_AWAITED]


def _surprise_beyond_chance(score: FloatArray, own: FloatArray, variance: FloatArray) -> bool:
    """Whether scores are beyond twice what chance gives, in the directions that the plain model leaves open."""
    scale = 1.0 / np.sqrt(np.diag(own))
    left, directions = np.linalg.eigh(0.5 * (variance + variance.T) * np.outer(scale, scale))
    open_ = left > LEAST_LEFT
    along = directions.T @ (score * scale)
    return bool(open_.any() and (along[open_] ** 2 / left[open_]).sum() > 2 * int(open_.sum()))


def without_resets(matrix: FeatureMatrix) -> FeatureMatrix:
    """The matrix without the features of resets."""
    return matrix.without(RESET_FEATURES)


def _learned(codes: IntArray, words: tuple[str, ...], levels: tuple[str, ...]) -> FloatArray:
    """Codes of `words` as places among the levels learned; NaN for what was not learned, or for none."""
    places = [float(levels.index(word)) if word in levels else np.nan for word in words]
    return np.array([*places, np.nan])[codes]
