"""Ages that no row shows: payoff is expected to rise along the industry's ramp, unless what was seen says otherwise."""

from __future__ import annotations

import json

import numpy as np
import pytest
from scipy.special import expit, logit

from behavior.estimators.empirical import psa_hazard
from behavior.estimators.s_curve_hazard import SCurveHazard
from behavior.estimators.spline_hazard import SplineHazard
from behavior.features.base import FeatureMatrix
from behavior.quantities import PSA_RAMP_MONTHS

NAMES = ("incentive", "age_months")


def loans(ages: np.ndarray, seed: int) -> FeatureMatrix:
    incentive = np.random.default_rng(seed).normal(0.0, 0.004, len(ages))
    return FeatureMatrix(NAMES, np.column_stack([incentive, ages.astype(float)]), (1, 0))


def payoffs(matrix: FeatureMatrix, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Payoffs drawn at three times the standard's speed, turned by the incentive, and their hazard."""
    hazard = psa_hazard(matrix.values[:, 1], 3.0) * 2.0 * expit(matrix.values[:, 0] / 0.01)
    return (np.random.default_rng(seed).random(len(hazard)) < hazard).astype(float), hazard


def learned(model, ages: tuple[int, int], seed: int):
    matrix = loans(np.random.default_rng(seed).integers(ages[0], ages[1] + 1, 60_000), seed)
    return model.fit(matrix, payoffs(matrix, seed)[0], np.ones(len(matrix.values)))


def spline(ramp_months: float = PSA_RAMP_MONTHS) -> SplineHazard:
    return SplineHazard("incentive", ramp_months=ramp_months)


@pytest.mark.parametrize("ages", [(1, 12), (40, 120)])
def test_beyond_the_ages_learned_from_log_odds_follow_the_ramp(ages):
    model = learned(spline(), ages, 3)
    last = float(ages[1] if ages[1] < PSA_RAMP_MONTHS else ages[0])
    other = np.array([last, 5.0, 20.0, 30.0, 300.0])
    other = other[(other >= last) if ages[1] < PSA_RAMP_MONTHS else (other <= last)]
    rows = FeatureMatrix(NAMES, np.column_stack([np.full(len(other), 0.002), other]), (1, 0))
    expected = np.log(np.minimum(other, PSA_RAMP_MONTHS) / min(last, PSA_RAMP_MONTHS))
    score = model.score(rows)
    np.testing.assert_allclose(score - score[other == last], expected, atol=1e-12)


def test_a_young_book_is_expected_to_season():
    after = loans(np.random.default_rng(9).integers(16, 40, 20_000), 9)
    truth = payoffs(after, 9)[1].sum()
    found = [truth / learned(spline(), (1, 15), seed).predict_hazard(after).sum() for seed in range(4)]
    assert np.mean(found) == pytest.approx(1.0, abs=0.15), found


def test_turnover_of_loans_of_one_age_is_expected_to_season_as_the_industry_says():
    found = learned(SCurveHazard("incentive"), (10, 10), 2).readable()
    assert found["turnover_ramp_months"] == pytest.approx(PSA_RAMP_MONTHS, rel=0.2)


def test_without_a_ramp_the_same_book_stays_young():
    after = loans(np.random.default_rng(9).integers(16, 40, 20_000), 9)
    truth = payoffs(after, 9)[1].sum()
    assert truth / learned(spline(0.0), (1, 15), 0).predict_hazard(after).sum() > 1.4


def test_what_was_seen_is_not_bent_to_the_ramp():
    """A hazard that does not season at all: the prior gives way where rows speak."""
    matrix = loans(np.random.default_rng(4).integers(1, 61, 200_000), 4)
    event = (np.random.default_rng(5).random(len(matrix.values)) < 0.02).astype(float)
    model = spline().fit(matrix, event, np.ones(len(event)))
    rows = FeatureMatrix(NAMES, np.column_stack([np.zeros(59), np.arange(2.0, 61.0)]), (1, 0))
    away = model.score(rows) - logit(0.02)
    assert np.sqrt(np.mean(away**2)) < 0.1 and abs(away[:10].mean()) < 0.1


def test_attributions_hold_the_ramp_under_age_and_add_up():
    model, rows = learned(spline(), (1, 12), 6), loans(np.arange(1, 60), 7)
    parts, base = model.contributions(rows)
    np.testing.assert_allclose(parts.sum(axis=1) + base, model.score(rows), atol=1e-10)
    assert parts[40, 1] - parts[11, 1] == pytest.approx(np.log(PSA_RAMP_MONTHS / 12), abs=1e-10)


def test_files_keep_the_ramp_and_those_without_one_have_none():
    model, rows = learned(spline(), (1, 12), 8), loans(np.arange(1, 60), 9)
    files = dict(model.to_files())
    np.testing.assert_array_equal(SplineHazard.from_files(files).score(rows), model.score(rows))
    held = json.loads(files["model.json"])
    del held["parameters"]["ramp_months"]
    older = SplineHazard.from_files(files | {"model.json": json.dumps(held)})
    climbed = np.log(np.minimum(rows.values[:, 1] / PSA_RAMP_MONTHS, 1.0))
    np.testing.assert_allclose(older.score(rows) + climbed, model.score(rows), atol=1e-12)
