"""Resets on the exported grid: nodes close enough to show the months around one, and where loans stand at each."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

import numpy as np
import pandas as pd
from scipy.stats import chi2

from behavior.estimators.champion import Roles
from behavior.estimators.spline_hazard import SplineHazard
from behavior.estimators.terms import column_of
from behavior.features.base import FeatureMatrix
from behavior.panel.dense import number_of
from behavior.panel.resets import LEAST_FIXATION, LEAST_REPEATED, PERIODS, PHASES, periods_of, phases_of
from behavior.quantities import BoolArray, FloatArray, IntArray

AROUND = (-3, -2, -1, 0, 1, 2, 3, 4, 6, 7)
"""Nodes around the end of a fixed period: the outer two lie just outside the months that a reset moves."""

RESET_FEATURES = ("fixed_period", "reset_phase")
SURE, LEAST_AWAITED = 0.999, 5.0

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

    A score test by group of months: a bank whose loans leave no differently there keeps the model that it has without.

    Parameters
    ----------
    event : 1 where a loan paid off. cases : months that a row stands for; shape (rows,) each.
    """
    plain = without_resets(matrix)
    model = SplineHazard(roles.driver, roles.age, roles.burnout, roles.interacts, most_rows=60_000)
    expected = cases * model.fit(plain, event, cases).predict_hazard(plain)
    surprise, groups = 0.0, 0
    for name in RESET_FEATURES:
        if name not in matrix.names:
            continue
        codes = column_of(matrix, name)
        known = ~np.isnan(codes)
        places = codes[known].astype(np.int64)
        awaited = np.bincount(places, expected[known])
        found = np.bincount(places, (cases * event)[known])
        enough = awaited >= LEAST_AWAITED
        surprise += float((((found - awaited) ** 2)[enough] / awaited[enough]).sum())
        groups += int(enough.sum())
    return groups > 0 and surprise > float(chi2.ppf(SURE, groups))


def without_resets(matrix: FeatureMatrix) -> FeatureMatrix:
    """The matrix without the features of resets."""
    kept = [place for place, name in enumerate(matrix.names) if name not in RESET_FEATURES]
    return replace(
        matrix,
        names=tuple(matrix.names[place] for place in kept),
        values=matrix.values[:, kept],
        signs=tuple(matrix.signs[place] for place in kept),
        units=tuple(matrix.units[place] for place in kept),
        levels={name: words for name, words in matrix.levels.items() if name not in RESET_FEATURES},
        raw={},
    )


def _learned(codes: IntArray, words: tuple[str, ...], levels: tuple[str, ...]) -> FloatArray:
    """Codes of `words` as places among the levels learned; NaN for what was not learned, or for none."""
    places = [float(levels.index(word)) if word in levels else np.nan for word in words]
    return np.array([*places, np.nan])[codes]
