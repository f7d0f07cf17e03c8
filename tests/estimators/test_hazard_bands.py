"""Errors of hazards: derivatives by differences, the limit of a block bootstrap, shocks that months share."""

from __future__ import annotations

import numpy as np
import pytest

from behavior.estimators.averaged_hazard import AveragedHazard
from behavior.estimators.bands import (
    Blocks,
    log_error,
    log_error_between,
    log_mean,
    with_block_covariance,
)
from behavior.estimators.s_curve_hazard import SCurveHazard
from behavior.estimators.spline_hazard import SplineHazard
from behavior.features.base import FeatureMatrix
from behavior.kinds._prepayment_export import NODES, rising_with_band
from behavior.kinds._prepayment_export import _error as errors_of_cells

NAMES = ("incentive", "age_months", "months_in_the_money", "month_of_year", "credit_score")


def sample(count: int = 6_000, seed: int = 3) -> tuple[FeatureMatrix, np.ndarray]:
    rng = np.random.default_rng(seed)
    values = np.column_stack(
        [
            rng.normal(0.005, 0.01, count),
            rng.integers(1, 150, count),
            rng.integers(0, 40, count),
            rng.integers(1, 13, count),
            rng.normal(720, 40, count),
        ]
    ).astype(float)
    hazard = 0.01 + 0.05 / (1.0 + np.exp(-(values[:, 0] - 0.008) / 0.003))
    matrix = FeatureMatrix(NAMES, values, (1, 0, 0, 0, 0))
    return matrix, (rng.random(count) < hazard).astype(float)


def test_sensitivities_of_the_s_curve_are_its_derivatives() -> None:
    matrix, event = sample()
    model = SCurveHazard("incentive", "age_months", "months_in_the_money").fit(matrix, event, np.ones(len(event)))
    model.shift_ = 0.0
    few = FeatureMatrix(NAMES, matrix.values[:50], matrix.signs)
    found, theta = model.sensitivities(few), model._theta()
    for place in range(len(theta)):
        scores = []
        for step in (1e-5, -1e-5):
            moved = theta.copy()
            moved[place] += step
            model._unpack(moved)
            scores.append(model.score(few))
        np.testing.assert_allclose(found[:, place], (scores[0] - scores[1]) / 2e-5, rtol=1e-4, atol=1e-6)


def test_covariance_is_the_spread_of_refits_on_drawn_blocks() -> None:
    """The limit needs no draws, yet says what refitting on drawn customers would have said."""
    matrix, event = sample(5_000)
    customer = np.repeat(np.arange(500), 10)
    blocks = Blocks.of(customer, np.zeros(5_000, dtype=np.int64))
    ones = np.ones(len(event))
    model = SplineHazard("incentive", sample_share=1.0, ridge=1e-3, smooth=50.0).fit(matrix, event, ones)
    with_block_covariance(model, matrix, event, ones, blocks)
    place = FeatureMatrix(NAMES, matrix.values[:200], matrix.signs)
    rng, drawn = np.random.default_rng(5), []
    for _ in range(40):
        weight = rng.multinomial(500, np.full(500, 0.002)).astype(float)[customer]
        again = SplineHazard("incentive", sample_share=1.0, ridge=1e-3, smooth=50.0, layout_=model.layout_)
        again._terms = lambda _, held=model.layout_.terms: held  # the same knots in every draw
        drawn.append(np.log(again.fit(matrix, event, weight).predict_hazard(place).mean()))
    assert log_error(model, place, 200)[0] == pytest.approx(np.std(drawn), rel=0.35)


def test_error_of_a_mean_is_below_the_mean_error() -> None:
    matrix, event = sample()
    model = SplineHazard("incentive").fit(matrix, event, np.ones(len(event)))
    some = FeatureMatrix(NAMES, matrix.values[:400], matrix.signs)
    assert log_error(model, some, 400)[0] < log_error(model, some).mean()


def test_a_shock_that_months_share_is_found_and_widens_the_error() -> None:
    """It widens the error of the mean over the history, and more that of the two years ahead, for it may go on."""
    rng = np.random.default_rng(1)
    matrix, event = sample(40_000)
    month = rng.integers(0, 120, 40_000)
    ones, blocks = np.ones(len(event)), Blocks.of(np.arange(40_000), month)
    hazard = SplineHazard("incentive").fit(matrix, event, ones).predict_hazard(matrix)
    level = np.exp(0.3 * np.sin(np.arange(20) / 2.0))[month // 6]
    shocked = (rng.random(40_000) < hazard * level).astype(float)
    found, facts = {}, {}
    for name, outcome in (("event", event), ("shocked", shocked)):
        for form in (SplineHazard("incentive"), SCurveHazard("incentive")):
            model = form.fit(matrix, outcome, ones)
            for ahead in (0, 4):
                with_block_covariance(model, matrix, outcome, ones, blocks, None, ahead)
                found[name, type(form), ahead] = float(log_error(model, matrix, 40_000)[0])
            facts[name, type(form)] = model.facts_
    for form in (SplineHazard, SCurveHazard):
        assert facts["event", form]["shock shared by a half-year, relative"] < 0.08
        assert facts["shocked", form]["shock shared by a half-year, relative"] == pytest.approx(0.21, abs=0.08)
        assert facts["shocked", form]["its correlation with the next half-year's"] >= 0.5
        assert found["shocked", form, 0] > 1.5 * found["event", form, 0]
        assert found["shocked", form, 4] > max(1.5 * found["shocked", form, 0], 0.12)
        assert found["event", form, 4] < 0.08


def test_the_level_direction_moves_all_hazards_alike() -> None:
    matrix, event = sample()
    for model in (SplineHazard("incentive"), SCurveHazard("incentive")):
        model.fit(matrix, event, np.ones(len(event)))
        pull = model.sensitivities(matrix) @ model.level_direction()
        np.testing.assert_allclose(pull * (1.0 - model.predict_hazard(matrix)), 1.0, atol=0.15)


def test_the_error_of_a_mean_of_forms_counts_their_distance() -> None:
    matrix, event = sample(20_000)
    ones, blocks = np.ones(len(event)), Blocks.of(np.arange(len(event)), np.zeros(len(event), dtype=np.int64))
    stiff, free = SCurveHazard("incentive"), SplineHazard("incentive")
    model = AveragedHazard({"stiff": stiff, "free": free}).fit(matrix, event, ones)
    with_block_covariance(model, matrix, event, ones, blocks)
    few = FeatureMatrix(NAMES, matrix.values[:4_000], matrix.signs)
    own = [log_error(one, few, 40) for one in (stiff, free)]
    found = log_error(model, few, 40)
    assert all((one > 0).all() for one in own)
    assert (found >= own[0]).all()
    alike = AveragedHazard({"one": free, "other": free})
    np.testing.assert_allclose(log_error(alike, few, 40), own[1], rtol=1e-12)
    apart = np.abs(log_mean(stiff, few, 40) - log_mean(free, few, 40))
    assert apart.max() > 0.05
    assert (found >= 0.5 * apart).all()


def test_a_stiff_form_is_as_unsure_as_if_a_freer_one_might_be_right() -> None:
    """Where the two agree by chance, what the history could not have told from chance still counts."""
    matrix, event = sample(20_000)
    ones, blocks = np.ones(len(event)), Blocks.of(np.arange(len(event)), np.zeros(len(event), dtype=np.int64))
    stiff, free = SCurveHazard("incentive").fit(matrix, event, ones), SplineHazard("incentive").fit(matrix, event, ones)
    for one in (stiff, free):
        with_block_covariance(one, matrix, event, ones, blocks)
    few = FeatureMatrix(NAMES, matrix.values[: 200 * NODES], matrix.signs)
    own, other = (log_error(one, few, NODES) ** 2 for one in (stiff, free))
    apart = (log_mean(stiff, few, NODES) - log_mean(free, few, NODES)) ** 2
    found = errors_of_cells(stiff, free, few)
    assert (apart < other - own).any() and (apart > other - own).any()
    np.testing.assert_allclose(found**2, own + 0.5 * np.maximum(apart, other - own), rtol=1e-9)
    np.testing.assert_array_equal(errors_of_cells(stiff, None, few), np.sqrt(own))
    np.testing.assert_allclose(log_error_between(stiff, stiff, 0.5, few, NODES), np.sqrt(own), rtol=1e-12)


def test_a_hazard_that_rises_has_a_band_that_knows_it() -> None:
    """What is not known of incentives that no loan had is no doubt about those after it, nor about those before."""
    values = np.array([0.01, 0.01, 0.02, 0.03])
    lower, upper = values / np.array([9.0, 1.1, 1.1, 9.0]), values * np.array([9.0, 1.1, 1.1, 9.0])
    risen, least, most = rising_with_band(values, lower, upper)
    np.testing.assert_allclose(most, [0.011, 0.011, 0.022, 0.27])
    np.testing.assert_allclose(least, [0.01 / 9.0, 0.01 / 1.1, 0.02 / 1.1, 0.02 / 1.1])
    np.testing.assert_array_equal(risen, values)
