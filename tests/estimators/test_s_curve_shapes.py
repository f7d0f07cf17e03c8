"""Shapes of the industry's form: straight ramps and lopsided S-curves are learned, and models stored before read on."""

from __future__ import annotations

import json

import numpy as np
import pytest
from scipy.special import expit

from behavior.estimators.bands import log_error
from behavior.estimators.s_curve_hazard import SHAPES, SCurveHazard
from behavior.features.base import FeatureMatrix

NAMES = ("incentive", "age_months", "months_in_the_money")
EDGES = (1, 6, 12, 18, 24, 30, 36, 48, 72, 121)


def straight(values: np.ndarray, months: float) -> np.ndarray:
    """A law whose seasoning is straight, as PSA's: age over `months`, at most 1."""
    incentive, age, _ = values.T
    return (0.005 + 0.025 * expit((incentive - 0.008) / 0.003)) * np.minimum(age / months, 1.0)


def sharp(values: np.ndarray) -> np.ndarray:
    """Nobody refinances below half a point; above it ever more do, up to 3.5% a month."""
    return 0.004 + 0.035 * -np.expm1(-np.maximum(values[:, 0] - 0.005, 0.0) / 0.012)


def rows(count: int) -> FeatureMatrix:
    rng = np.random.default_rng(5)
    values = np.column_stack([rng.normal(0.002, 0.01, count), rng.integers(1, 121, count), rng.integers(0, 40, count)])
    return FeatureMatrix(NAMES, values, (1, 0, 0))


@pytest.mark.parametrize("months", [12, 24, 30, 60])
def test_a_straight_ramp_is_learned_at_every_age(months: int) -> None:
    """Fitted to the law's own hazards, so that what is left is the form's and its prior's at 1,200 payoffs."""
    matrix = rows(20_000)
    hazard = straight(matrix.values, months)
    model = SCurveHazard(*NAMES).fit(matrix, hazard, np.full(len(hazard), 5.0))
    band = np.digitize(matrix.values[:, 1], EDGES)
    share = np.bincount(band, model.predict_hazard(matrix))[1:] / np.bincount(band, hazard)[1:]
    assert share == pytest.approx(np.ones(len(EDGES) - 1), abs=0.1)


def test_a_lopsided_curve_is_learned_at_every_incentive() -> None:
    """Fitted to the law's own hazards: at the bend, where a symmetric curve is 26% too high, it is 17% too high."""
    matrix = rows(20_000)
    hazard = sharp(matrix.values)
    model = SCurveHazard(*NAMES).fit(matrix, hazard, np.full(len(hazard), 20.0))
    band = np.digitize(matrix.values[:, 0], np.arange(-0.015, 0.021, 0.0025))
    share = np.bincount(band, model.predict_hazard(matrix)) / np.bincount(band, hazard)
    assert share == pytest.approx(np.ones(len(share)), abs=0.2)
    assert model.readable()["s_curve_power"] > 2.0


def test_a_fit_with_many_covariates_settles() -> None:
    """What is left of the gradient is a fiftieth of a nat a unit of any parameter; 150 evaluations left 0.29."""
    plain, count, rng = rows(6_000), 6_000, np.random.default_rng(1)
    further, product = rng.normal(size=(count, 4)), rng.integers(0, 3, count)
    values = np.column_stack([plain.values, further, product])
    matrix = FeatureMatrix((*NAMES, "a", "b", "c", "d", "product"), values, (1, *[0] * 7), {"product": ("p", "q", "r")})
    held_back = np.where((product == 1) & (plain.values[:, 1] < 36), 0.25, 1.0)
    hazard, weight = sharp(values) * np.exp(0.3 * (further[:, 0] - further[:, 1])) * held_back, np.full(count, 20.0)
    model = SCurveHazard(*NAMES).fit(matrix, hazard, weight)
    _, gradient = model._objective(model._theta(), model._parts(matrix), hazard, weight)
    assert np.abs(gradient).max() < 0.1


def test_the_slopes_by_the_parameters_are_those_of_the_log_odds() -> None:
    matrix = rows(400)
    model = SCurveHazard(*NAMES).fit(matrix, straight(matrix.values, 24), np.ones(400))
    slopes, shift = model.sensitivities(matrix), 1e-6
    model.shift_ = 0.0
    for place, name in enumerate(SHAPES):
        held = model.shape_.copy()
        scores = []
        for side in (shift, -shift):
            model.shape_ = held + side * (np.arange(len(SHAPES)) == place)
            scores.append(model.score(matrix))
        model.shape_ = held
        assert slopes[:, place] == pytest.approx((scores[0] - scores[1]) / (2 * shift), abs=1e-5), name


def test_a_model_stored_before_powers_were_learned_reads_as_it_was() -> None:
    held = {"family": "s_curve_hazard", "driver": NAMES[0], "age": NAMES[1], "burnout": NAMES[2], "shift": 0.0}
    shape = [-4.5, 2.5, 0.3, 1.0, -0.5, -3.5, 2.0, 0.7, -0.7, 0.2, 3.0]
    stored = {**held, "shape": shape, "season": [0.0] * 12, "slopes": [], "columns": [], "facts": {}}
    covariance = 0.01 * np.eye(len(shape) + 12)
    files = {"model.json": json.dumps(stored), "covariance.json": json.dumps(covariance.tolist())}
    model, matrix = SCurveHazard.from_files(files), rows(500)
    incentive, age, tired = 100.0 * matrix.values[:, 0], matrix.values[:, 1], matrix.values[:, 2]
    a, t1, lock, c, v, b, t2, x0, w, q, t3 = shape
    kept = 1.0 - expit(lock) + expit(lock) * expit((incentive + c) / np.exp(v))
    burnt = expit(q) + (1.0 - expit(q)) * np.exp(-tired / np.exp(t3))
    turnover = np.exp(a) * -np.expm1(-age / np.exp(t1)) * kept
    refinancing = np.exp(b) * -np.expm1(-age / np.exp(t2)) * expit((incentive - x0) / np.exp(w)) * burnt
    assert model.predict_hazard(matrix) == pytest.approx(-np.expm1(-turnover - refinancing), rel=1e-9)
    slopes = np.delete(model.sensitivities(matrix), [11, 12, 13], axis=1) * model.predict_hazard(matrix)[:, None]
    slopes *= 1.0 - model.predict_hazard(matrix)[:, None]
    spread = np.sqrt(np.einsum("ij,jk,ik->i", slopes, covariance, slopes)) / model.predict_hazard(matrix)
    assert log_error(model, matrix) == pytest.approx(spread, rel=1e-9)
