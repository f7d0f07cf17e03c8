"""Models and baselines of a hazard, fitted on the same rows with the same features and asked for the same rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from behavior.benchmark.incumbents import AGE, FittedPsa
from behavior.benchmark.missing_rows import words_of
from behavior.errors import BehaviorError
from behavior.estimators.averaged_hazard import AveragedHazard
from behavior.estimators.boosted_hazard import BoostedHazard
from behavior.estimators.champion import Roles
from behavior.estimators.constant_hazard import ConstantHazard
from behavior.estimators.empirical import EmpiricalHazard
from behavior.estimators.s_curve_hazard import SCurveHazard
from behavior.estimators.spline_hazard import SplineHazard, rows_of
from behavior.features.base import FeatureMatrix
from behavior.quantities import BoolArray, FloatArray

OURS = "ours"
MOST_ROWS = 60_000
TREES: Mapping[str, float] = {"num_leaves": 5, "min_data_in_leaf": 300, "learning_rate": 0.05}
ROUNDS = 30
WORDS: Mapping[str, str] = {
    OURS: "our model, as specified",
    "incumbent": "what the bank uses today",
    "constant": "one constant hazard",
    "psa": "PSA curve, speed fitted",
    "age_table": "Kaplan-Meier table by age",
    "age_incentive_table": "table by age and driver",
    "logistic": "plain logistic regression",
    "s_curve": "S-curve x age x season x burnout",
    "spline": "spline-logistic",
    "averaged": "mean of S-curve and spline",
    "boosted": "boosted trees on the spline",
    "boosted_cluster": "the same trees, grown on a cluster",
}


def contenders(roles: Roles, matrix: FeatureMatrix, client: Any = None) -> dict[str, Any]:
    """Every baseline, unfitted, by name; those without their feature are left out."""
    spline = SplineHazard(
        roles.driver, roles.age, roles.burnout, roles.interacts, sample_share=1.0, most_rows=MOST_ROWS
    )
    found: dict[str, Any] = {
        "constant": ConstantHazard(),
        "age_table": EmpiricalHazard((roles.age,), cells=20, prior=50.0),
        "logistic": SplineHazard("", "", "", smooth=1e6, sample_share=1.0, most_rows=MOST_ROWS),
        "spline": spline,
        "boosted": BoostedHazard(spline, TREES, rounds=ROUNDS),
    }
    if client is not None:
        found["boosted_cluster"] = BoostedHazard(spline, TREES, rounds=ROUNDS, client=client)
    if roles.driver in matrix.names:
        found["age_incentive_table"] = EmpiricalHazard((roles.age, roles.driver), cells=8, prior=100.0)
        s_curve = SCurveHazard(roles.driver, roles.age, roles.burnout, sample_share=1.0, most_rows=40_000)
        found["s_curve"] = s_curve
        found["averaged"] = AveragedHazard({"s_curve_hazard": s_curve, "spline_hazard": spline})
    return found


def fit_contenders(
    models: Mapping[str, Any], matrix: FeatureMatrix, event: FloatArray, learn: BoolArray, test: BoolArray
) -> tuple[dict[str, FloatArray], dict[str, str]]:
    """Expected hazards of every model on the test rows, learned from the learning rows with equal weights.

    What trees stand on and what a mean is of is fitted once.

    Returns
    -------
    Model -> hazard a period, shape (test rows,); and model -> why these rows cannot carry it.
    """
    train, check = rows_of(matrix, learn), rows_of(matrix, test)
    ones = np.ones(int(learn.sum()))
    fitted: dict[str, Any] = {}
    found: dict[str, FloatArray] = {}
    refused: dict[str, str] = {}
    for name, model in models.items():
        try:
            if name.startswith("boosted") and "spline" not in fitted:
                model.base.fit(train, event[learn], ones)
            ready = name == "averaged" and {"s_curve", "spline"} <= set(fitted)
            fitted[name] = (model.level if ready else model.fit)(train, event[learn], ones)
        except BehaviorError as error:
            refused[name] = words_of(error)
            continue
        found[name] = np.asarray(fitted[name].predict_hazard(check))
    return found, refused


def with_psa(models: dict[str, Any], names: tuple[str, ...], cause: str, months: int) -> dict[str, Any]:
    """The baselines, with the PSA curve where rows are of mortgages: payoffs with an incentive and an age."""
    wanted = cause == "payoff" and {"incentive", AGE} <= set(names)
    return {**models, "psa": FittedPsa(months)} if wanted else models


def in_order(names: Sequence[str]) -> list[str]:
    """Names in the order of tables: ours, the incumbent, then from the simplest on."""
    known = list(WORDS)
    return sorted(names, key=lambda name: known.index(name) if name in known else len(known))
