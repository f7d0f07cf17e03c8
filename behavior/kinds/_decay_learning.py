"""Learning of deposit decay: closures and moves by account, survivors' balances, and lowest balances."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from behavior.estimators.champion import Roles
from behavior.estimators.constant_hazard import ConstantHazard
from behavior.estimators.spline_hazard import rows_of
from behavior.estimators.terms import column_of
from behavior.features.base import FeatureMatrix
from behavior.features.decay import FEATURES
from behavior.features.leakage import refuse_leaks
from behavior.kinds._decay_closure import ClosureRows, calm, learn_closure, learn_pace
from behavior.kinds._decay_fit import fit_balance, fit_minimum, lasting_steps, level_codes, segment_levels
from behavior.kinds._decay_pace import SIZE, Pace, pace_left, usual_by_segment
from behavior.kinds._decay_words import LEAST_EVENTS, counted, doubts, small_segments
from behavior.kinds._learning import absent_features, learn_challengers, learn_inputs, learn_small_cause
from behavior.kinds._segments import absent_columns
from behavior.kinds.base import FittedModel
from behavior.months import month_number
from behavior.panel.base import Panel, PanelSplit
from behavior.panel.deposits import TARGETS
from behavior.quantities import BoolArray, FloatArray, IntArray
from behavior.specs import ModelSpec

LEAST_MOVES = 40


def fit(panel: Panel, split: PanelSplit, spec: ModelSpec) -> FittedModel:
    """Closure and move hazards, survivors' balances, and lowest balances; closure 0 is an answer.

    Raises
    ------
    DidNotConverge, LeakFound, FittingError.
    """
    return _fit(panel, split, spec, judging=True)


def refit(judged: FittedModel, panel: Panel, split: PanelSplit, spec: ModelSpec) -> FittedModel:
    """A judged model learned again from other rows, without its screens and challengers.

    Raises
    ------
    DidNotConverge, FittingError.
    """
    return _fit(panel, split, spec, judging=False)


def _fit(panel: Panel, split: PanelSplit, spec: ModelSpec, judging: bool) -> FittedModel:
    table = panel.table
    learning = split.train | split.validate
    levels = segment_levels(table, spec)
    with_spread = bool(table["spread"].notna().mean() > 0.5)
    extra = {
        "segments": list(levels),
        "with_spread": with_spread,
        "landmark": int(month_number(table["month"])[learning].max()),
    }
    inputs, plain = learn_inputs(panel, split, FEATURES, spec, extra)
    calm_rows = learning & calm(table)
    strong = refuse_leaks(panel, plain, table["closed"].to_numpy(), calm_rows, TARGETS, FEATURES) if judging else {}
    roles = Roles("spread" if with_spread else "", interacts=_interacts(plain, spec))
    codes = level_codes(table, spec, levels)
    pace = _pace(table, plain, codes, learning, spec, levels)
    learned = _closing(panel, split, plain, roles, codes, pace, judging)
    closure, matrix = learned.estimators["closure"], learned.matrix
    left = pace_left(closure, matrix)
    minimum, seen = fit_minimum(panel, learning, codes, len(levels), with_spread)
    lasting = lasting_steps(panel, learning, codes, len(levels))
    estimators: dict[str, Any] = {
        "balance": fit_balance(panel, learning, codes, len(levels), with_spread, left, lasting),
        "minimum": minimum,
        **learned.estimators,
    }
    facts = counted(panel, split, estimators) | small_segments(table, spec, levels) | absent_columns(table, spec)
    facts |= absent_features(inputs, spec) | strong | learned.facts | doubts(panel, spec)
    estimators["migrated"] = _moves(plain, table, split, roles, facts)
    facts["closures actual over expected by balance"] = _balance_weighted(closure, matrix, table, calm_rows)
    known = {
        "seen": [[round(float(one), 1) for one in row] for row in seen],
        "facts": {name: value for name, value in facts.items() if name != "search"},
        "usual_spreads": pace.usual,
        "usual_sizes": pace.sizes,
    }
    estimators["inputs"] = replace(inputs, extra={**inputs.extra, **known}, derived=learned.pace)
    return FittedModel("nmd_decay", spec, estimators, learned.challengers, facts, keeps_challengers=True)


def _pace(
    table: pd.DataFrame,
    plain: FeatureMatrix,
    codes: IntArray,
    learning: BoolArray,
    spec: ModelSpec,
    levels: tuple[str, ...],
) -> Pace:
    """What is usual of the months learned from, those later being unknown yet; the hazard comes from closures."""
    spreads = usual_by_segment(table["spread"].to_numpy()[learning], codes[learning], len(levels))
    sizes: tuple[float, ...] = ()
    if SIZE in plain.names:
        sizes = usual_by_segment(column_of(plain, SIZE)[learning], codes[learning], len(levels))
    return Pace(None, spreads, sizes, spec, levels)


@dataclass(frozen=True)
class _Closing:
    """What was learned of closures: estimators by role, challengers, what is said, and the matrix that they read."""

    estimators: dict[str, Any]
    challengers: dict[str, dict[str, Any]]
    facts: dict[str, Any]
    matrix: FeatureMatrix
    pace: Pace | None = None


def _closing(
    panel: Panel,
    split: PanelSplit,
    plain: FeatureMatrix,
    roles: Roles,
    codes: IntArray,
    pace_by: Pace,
    judging: bool,
) -> _Closing:
    """The closure champion, on a matrix with what has been cumulated where accounts have a pace of their own.

    `pace_by` is the pace but for the hazard that it is read from.
    """
    rows, spec = ClosureRows.of(panel, split, codes), pace_by.spec
    if int(rows.event.sum()) < LEAST_EVENTS:
        constant, words = _constant_closure(rows_of(plain, rows.learning), rows.event)
        return _Closing({"closure": constant}, {}, dict(words), plain)

    def wide(hazard: Any) -> FeatureMatrix:
        return replace(pace_by, first=hazard)(plain, panel)

    champion, speaker = learn_closure(plain, rows, roles, spec, wide)
    by = ("age_months", *(name for name in spec.segments.by if name in plain.names))
    closed = panel.table["closed"].to_numpy()
    challengers = learn_challengers(plain, closed, split, roles, champion, "closure", by) if judging else {}
    estimators: dict[str, Any] = {} if speaker is champion.model else {"closure_error": speaker}
    matrix, pace = plain, None
    if champion.family == "spline_hazard":  # trees read the history's own composition in their leaves
        slower = learn_pace(champion, plain, panel, rows, roles, replace(pace_by, first=champion.model))
        if slower is not None:
            champion, matrix, pace = slower
            estimators["pace"] = pace.first
    facts = {"form": champion.family, "validation log loss": dict(champion.losses), **champion.facts}
    return _Closing({**estimators, "closure": champion.model}, challengers, facts, matrix, pace)


def _constant_closure(matrix: FeatureMatrix, closed: FloatArray) -> tuple[ConstantHazard, dict[str, str]]:
    """One rate where closures are too few for a model, and what is said of it."""
    found = ConstantHazard().fit(matrix, closed, np.ones(len(closed)))
    words = (
        f"{int(closed.sum())} closures are too few for a model; the rate {found.rate_:.4%} a month is used, "
        f"with an upper 95% bound of {found.upper_:.4%}"
    )
    return found, {"form": "constant_hazard", "closures in words": words}


def _interacts(matrix: FeatureMatrix, spec: ModelSpec) -> tuple[str, ...]:
    return tuple(name for name in (*spec.segments.by, SIZE) if name in matrix.names)


def _moves(matrix: FeatureMatrix, table: pd.DataFrame, split: PanelSplit, roles: Roles, facts: dict[str, Any]) -> Any:
    moved, known = table["migrated"].to_numpy(), calm(table)
    learning = (split.train | split.validate) & known
    facts["moves into other products"] = int(moved.sum())
    facts["moves into other products learned from"] = int(moved[learning].sum())
    if facts["moves into other products learned from"] < LEAST_MOVES:
        return ConstantHazard().fit(rows_of(matrix, learning), moved[learning], np.ones(int(learning.sum())))
    return learn_small_cause(matrix, moved, split, Roles(roles.driver), known, np.ones(len(moved)))


def _balance_weighted(closure: Any, matrix: FeatureMatrix, table: pd.DataFrame, rows: Any) -> float:
    weight = table["weight"].to_numpy()[rows]
    expected = float((weight * closure.predict_hazard(rows_of(matrix, rows))).sum())
    return float((weight * table["closed"].to_numpy()[rows]).sum() / expected) if expected > 0 else float("nan")
