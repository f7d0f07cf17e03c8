"""Resets on the exported grid: nodes close enough to show the months around one, and where loans stand at each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
import pandas as pd

from behavior.features.base import FeatureMatrix
from behavior.panel.dense import number_of
from behavior.panel.resets import LEAST_FIXATION, LEAST_REPEATED, PERIODS, PHASES, periods_of, phases_of
from behavior.quantities import BoolArray, FloatArray, IntArray

AROUND = (-3, -2, -1, 0, 1, 2, 3, 4, 6, 7)
"""Nodes around the end of a fixed period: the outer two lie just outside the months that a reset moves."""

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


def _learned(codes: IntArray, words: tuple[str, ...], levels: tuple[str, ...]) -> FloatArray:
    """Codes of `words` as places among the levels learned; NaN for what was not learned, or for none."""
    places = [float(levels.index(word)) if word in levels else np.nan for word in words]
    return np.array([*places, np.nan])[codes]
