"""Where the payoffs of a segment jump at the end of a whole year of age: a penalty ends there, or another bar.

No column of a history says until when a penalty holds a borrower, but its end shows: payoffs that were few are many
from one month to the next. Effects that are smooth in age spread such an end over half a year to either side. Where a
jump is beyond doubt, hazards read the months before it and the first ones after it apart, and the grid has nodes there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from behavior.estimators.champion import Roles
from behavior.estimators.spline_hazard import SplineHazard, rows_of
from behavior.features.base import FeatureMatrix
from behavior.kinds._segments import scheme_of, segment_text
from behavior.panel.base import Panel
from behavior.panel.dense import number_of
from behavior.quantities import AnyArray, BoolArray, FloatArray, IntArray
from behavior.specs import ModelSpec

PENALTY = "penalty_phase"
ENDS = "penalty_ends"
"""Where a model's inputs remember the ends: segment -> months."""

YEARS = 10
WINDOW = 12
PHASES = ("before", "+1", "+2", "+3", "+4 to +6")
AROUND = (0, 1, 2, 3, 4, 6, 7)
"""Nodes around an end: its last month before, and those between which payoffs after it move."""

LEAST_AWAITED = 5.0
LEAST_AGES = 6
"""Ages on either side of an end that were seen: periods of a quarter or a year tell no month from the next."""
LEAST_JUMP = np.log(2.0)
BEYOND_DOUBT = 12.0
"""Twice the log likelihood that a jump must be worth: one chance in 300 that one of ten ages has it by luck. Of 85
segments without any the clearest was worth 7."""
LEAST_SHARE = 0.05
"""Share of a curve's rows below which an end has no nodes of its own."""


@dataclass(frozen=True)
class PenaltyPhase:
    """Adds to a matrix which month before or after its segment's end each row is.

    Parameters
    ----------
    ends : segment -> last month before the jump. spec : what names the segments.
    """

    ends: Mapping[str, int]
    spec: ModelSpec

    @property
    def levels(self) -> tuple[str, ...]:
        """Words of the levels: of each end its phases."""
        return tuple(f"{end} {phase}" for end in sorted(set(self.ends.values())) for phase in PHASES)

    def __call__(self, matrix: FeatureMatrix, panel: Panel) -> FeatureMatrix:
        """The matrix with one more column; NaN where no end is near or awaited."""
        codes = self.codes(self.months(panel.table), panel.table["age_months"].to_numpy(dtype=np.float64))
        return replace(
            matrix,
            names=(*matrix.names, PENALTY),
            values=np.column_stack([matrix.values, codes]),
            signs=(*matrix.signs, 0),
            levels={**matrix.levels, PENALTY: self.levels},
        )

    def months(self, table: pd.DataFrame) -> FloatArray:
        """End that each row's segment has, NaN where it has none or the loan's own fixation says it; shape (rows,)."""
        if not self.ends:
            return np.full(len(table), np.nan)
        segments = segment_text(table, scheme_of(self.spec))
        return np.where(_free(table), pd.Series(segments).map(self.ends).to_numpy(dtype=np.float64), np.nan)

    def codes(self, months: FloatArray, age: FloatArray) -> FloatArray:
        """Places in `levels` of ages whose ends are `months`, of one shape."""
        past = age - months
        phase = np.where(past <= 0, 0.0, np.where(past <= 3, past, np.where(past <= 6, 4.0, np.nan)))
        first = np.searchsorted(sorted(set(self.ends.values())), np.nan_to_num(months)) * len(PHASES)
        return np.where(np.isnan(months), np.nan, first + phase)


@dataclass(frozen=True)
class PenaltiesOfRows:
    """What tells where the loans of a curve lie before or after their ends; `months` as of `PenaltyPhase.months`."""

    phase: PenaltyPhase
    months: FloatArray

    def ages(self, months: int) -> IntArray:
        """Further nodes up to `months` that the ends ask for."""
        found, counts = np.unique(self.months[~np.isnan(self.months)], return_counts=True)
        common = found[counts >= LEAST_SHARE * len(self.months)]
        nodes = {int(end) + step for end in common for step in AROUND}
        return np.array(sorted(one for one in nodes if 1 <= one <= months), dtype=np.int64)

    def codes(self, matrix: FeatureMatrix, rows: IntArray, age: float) -> dict[str, FloatArray]:
        """What the feature says of some rows at another age; NaN where nothing."""
        if PENALTY not in matrix.names:
            return {}
        return {PENALTY: self.phase.codes(self.months[rows], np.full(len(rows), age))}


def ends_found(
    panel: Panel, matrix: FeatureMatrix, learning: BoolArray, roles: Roles, spec: ModelSpec
) -> dict[str, int]:
    """Segments whose payoffs jump at the end of a year of age, and after how many months, from the rows learned from.

    What jumps against the loans that were there must jump as well against what a model expects of them that knows all
    but their age: it may be their rates that moved.
    """
    rows = learning & _free(panel.table)
    if not rows.any():
        return {}
    segments = segment_text(panel.table, scheme_of(spec))[rows]
    age = panel.table["age_months"].to_numpy()[rows].astype(np.int64)
    event, cases = panel.table["payoff"].to_numpy()[rows], panel.cases[rows]
    if not (found := _jumps(segments, age, event * cases, cases)):
        return {}
    ageless = rows_of(matrix.without((roles.age,)), rows)
    model = SplineHazard(roles.driver, "", roles.burnout, roles.interacts, most_rows=60_000).fit(ageless, event, cases)
    expected = cases * model.predict_hazard(ageless)
    return {name: end for name, end in _jumps(segments, age, event * cases, expected).items() if name in found}


def _free(table: pd.DataFrame) -> BoolArray:
    """Rows of loans whose fixation says nothing."""
    if "fixation_months" not in table.columns:
        return np.ones(len(table), dtype=bool)
    return ~(np.nan_to_num(number_of(table, "fixation_months")) > 0)


def _jumps(segments: AnyArray, age: IntArray, event: FloatArray, expected: FloatArray) -> dict[str, int]:
    """The age of each segment's clearest jump, where it is one."""
    found: dict[str, int] = {}
    for name in np.unique(segments.astype(str)):
        mine = segments == name
        count = max(int(age[mine].max()) + 1, (YEARS + 1) * 12 + 1)
        seen, awaited = (np.bincount(age[mine], one[mine], count).astype(np.float64) for one in (event, expected))
        awaited = awaited * seen.sum() / max(float(awaited.sum()), 1e-300)
        worth = {12 * year: _worth(seen, awaited, 12 * year) for year in range(1, YEARS + 1)}
        best = max(worth, key=lambda one: worth[one])
        if worth[best] > BEYOND_DOUBT:
            found[str(name)] = best
    return found


def _worth(seen: FloatArray, awaited: FloatArray, end: int) -> float:
    """Twice the log likelihood that a jump after `end` is worth beside a level and a slope in age; 0 for none.

    Parameters
    ----------
    seen, awaited : payoffs by age in months.
    """
    ages = np.arange(end - WINDOW + 1, end + WINDOW + 1)
    own, base = seen[ages], awaited[ages]
    after = ages > end
    if any(base[side].sum() < LEAST_AWAITED or (base[side] > 0).sum() < LEAST_AGES for side in (after, ~after)):
        return 0.0
    smooth = np.column_stack([np.ones(len(ages)), (ages - end - 0.5) / WINDOW])
    plain, _ = _poisson(smooth, own, base)
    stepped, theta = _poisson(np.column_stack([smooth, after]), own, base)
    return 2.0 * (stepped - plain) if theta[-1] > LEAST_JUMP else 0.0


def _poisson(design: FloatArray, seen: FloatArray, base: FloatArray) -> tuple[float, FloatArray]:
    """Penalised log likelihood of counts whose mean is `base` times exp(design x theta), and theta: a weak prior."""
    theta, prior = np.zeros(design.shape[1]), 0.05
    for _ in range(50):
        mean = base * np.exp(np.clip(design @ theta, -20.0, 20.0))
        pull = design.T @ (seen - mean) - prior * theta
        step = np.linalg.solve(design.T @ (mean[:, None] * design) + prior * np.eye(len(theta)), pull)
        theta = theta + step / max(1.0, float(np.abs(step).max()))
        if np.abs(step).max() < 1e-8:
            break
    score = design @ theta
    return float(seen @ score - (base * np.exp(score)).sum() - 0.5 * prior * theta @ theta), theta
