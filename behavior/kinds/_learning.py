"""Steps that every hazard kind shares: matrix, leak screens, champion, challengers and predictions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from behavior.estimators.bands import Blocks, with_block_covariance
from behavior.estimators.base import Attributions
from behavior.estimators.champion import Champion, Roles, make_hazard
from behavior.estimators.empirical import EmpiricalHazard
from behavior.estimators.spline_hazard import SplineHazard, rows_of
from behavior.features.base import Feature, FeatureMatrix, compute_features
from behavior.features.calendar_time import refuse_calendar
from behavior.kinds._inputs import ModelInputs
from behavior.kinds._segments import scheme_of, segment_text
from behavior.panel.base import Panel, PanelSplit
from behavior.quantities import BoolArray, FloatArray
from behavior.specs import EstimatorSpec, ModelSpec


def learn_inputs(
    panel: Panel, split: PanelSplit, features: Sequence[Feature], spec: ModelSpec, extra: Mapping[str, Any]
) -> tuple[ModelInputs, FeatureMatrix]:
    """Features of the whole panel, with levels learned from training and validation rows alone.

    Raises
    ------
    SpecFault : of a name that is no column, or of a column that is the calendar.
    """
    learning = panel.rows(split.train | split.validate)
    known = compute_features(learning, features, names_read(panel, features, spec))
    refuse_calendar(learning, known, features)
    inputs = ModelInputs(known.names, known.levels, dict(extra))
    if learning is panel:
        return inputs, known
    del learning, known  # a large panel's copy need not stand beside the whole matrix
    return inputs, inputs.matrix(panel, features)


def names_read(panel: Panel, features: Sequence[Feature], spec: ModelSpec) -> tuple[str, ...]:
    """The features that the specification uses, and what its segments differ by.

    A segment's curve is the model's for that segment, so that the model must read what divides segments. A segment
    column that the history does not have is left out: its curves are pooled.
    """
    used, bands = spec.features.use, spec.segments.bands
    inputs = {column for feature in features if feature.name in used for column in feature.inputs}
    divided = [bands[name].column if name in bands else name for name in spec.segments.by]
    wanted = ["log_balance" if name == "balance" else name for name in divided if name not in inputs]
    known = {*panel.table.columns, *(feature.name for feature in features)}
    kept = [name for name in used if name in known or name not in spec.segments.by]
    return tuple(dict.fromkeys([*kept, *(name for name in wanted if name in known)]))


def absent_features(inputs: ModelInputs, spec: ModelSpec) -> dict[str, str]:
    """What is said of features that the specification asks for and no row learned from has."""
    absent = [name for name in spec.features.use if name not in inputs.names and name not in spec.segments.by]
    words = f"{', '.join(absent)}: without a value in every month learned from, so the model does not read it"
    return {"absent features in words": words} if absent else {}


def learn_small_cause(
    matrix: FeatureMatrix, event: FloatArray, split: PanelSplit, roles: Roles, known: BoolArray, weight: FloatArray
) -> SplineHazard:
    """A plain spline hazard of a rare cause."""
    learning = (split.train | split.validate) & known
    model = SplineHazard(roles.driver, roles.age, roles.burnout, smooth=30.0, cross=10.0, most_rows=60_000)
    return model.fit(rows_of(matrix, learning), event[learning], weight[learning])


def learn_challengers(
    matrix: FeatureMatrix,
    event: FloatArray,
    split: PanelSplit,
    roles: Roles,
    champion: Champion,
    role: str,
    table_by: tuple[str, ...],
    cases: FloatArray | None = None,
    blocks: Blocks | None = None,
    ahead: int = 0,
) -> dict[str, dict[str, Any]]:
    """The plain challenger (another structured family than the champion's) and the empirical benchmark, by name.

    `blocks` of the matrix's rows give the plain challenger's error by what is drawn together, `ahead` half-years on.
    """
    learning = split.train | split.validate
    rows, events = rows_of(matrix, learning), event[learning]
    count = np.ones(len(events)) if cases is None else cases[learning]
    family = "s_curve_hazard" if champion.family != "s_curve_hazard" else "spline_hazard"
    plain, seen = champion.candidates.get(family), split.train
    if plain is None:
        seen = learning
        fixed = EstimatorSpec(family=family, fixed={"most_rows": 60_000})
        plain = make_hazard(family, roles, fixed).fit(rows, events, count)
    if blocks is not None:
        own = np.ones(len(event)) if cases is None else cases
        with_block_covariance(plain, rows_of(matrix, seen), event[seen], own[seen], blocks.rows(seen), own[seen], ahead)
    return {
        "challenger": {role: plain},
        "benchmark": {role: EmpiricalHazard(table_by).fit(rows, events, count)},
    }


def predictions_table(
    panel: Panel,
    spec: ModelSpec,
    cause: str,
    actual: FloatArray,
    driver: FloatArray,
    columns: Mapping[str, FloatArray],
) -> pd.DataFrame:
    """Actual against expected in the columns that every check reads, one row a panel row."""
    table = panel.table
    return pd.DataFrame(
        {
            "unit": table["unit"],
            "customer": table["customer"],
            "month": table["month"],
            "segment": segment_text(table, scheme_of(spec)),
            "cause": cause,
            "weight": table["weight"],
            "actual": actual,
            **columns,
            "driver": driver,
            "age_months": table["age_months"],
        }
    )


def explain_hazard(model: Any, matrix: FeatureMatrix) -> Attributions:
    """Additive attributions of a hazard's log-odds on the matrix's rows."""
    parts, base = model.contributions(matrix)
    return Attributions(matrix.names, matrix.values, parts, base, model.score(matrix), "log-odds", matrix.levels)
