"""Rates posted in steps: the step is found where there is one, and the target is not the lower for it."""

from __future__ import annotations

import numpy as np
import pytest

from behavior.estimators.pass_through import StructuralPassThrough
from behavior.estimators.pass_through_fit import FitOptions
from behavior.estimators.pass_through_steps import INSIDE, between_moves, beyond_step, posting_step
from behavior.quantities import FloatArray
from tests.estimators.pass_through_cases import Truth, constant, logistic, policy_rate, series_of

STEP = 0.0025


def posted(rates: FloatArray, width: float = 0.5) -> FloatArray:
    """Rates that stay where they are until what they follow has gone further than `width` steps, then the nearest."""
    found = [np.round(rates[0] / STEP) * STEP]
    for rate in rates[1:]:
        moves = abs(rate - found[-1]) > width * STEP
        found.append(np.round(rate / STEP) * STEP if moves else found[-1])
    return np.array(found)


@pytest.mark.parametrize("noise", [0.0, 3e-5])
def test_the_step_is_that_of_the_bank(noise):
    levels = policy_rate(156, 1)
    for truth in (Truth(constant(0.45)), Truth(logistic()), Truth(constant(0.3), 0.06, 0.2)):
        rates = posted(truth.simulate(levels)) + noise * np.random.default_rng(2).standard_normal(levels.size)
        assert posting_step(series_of(levels, rates)) == pytest.approx(STEP, rel=0.05)


def test_there_is_no_step_in_rates_that_follow_month_by_month_or_stand_still():
    levels = policy_rate(156, 1)
    for truth in (Truth(constant(0.45)), Truth(logistic(), shock=1e-4), Truth(constant(0.4), measurement=2e-4)):
        assert posting_step(series_of(levels, truth.simulate(levels, 3))) == 0.0
    assert posting_step(series_of(levels, np.full(levels.size, 0.01))) == 0.0
    once = np.where(np.arange(levels.size) > 70, 0.02, 0.005)
    assert posting_step(series_of(levels, once)) == 0.0
    printed = np.round(Truth(constant(0.3)).simulate(levels), 4)  # a figure of two decimals of a percent is no policy
    assert posting_step(series_of(levels, printed)) == 0.0


def test_an_error_inside_half_a_step_counts_little_and_the_rest_whole():
    errors = np.array([-30.0, -12.5, -5.0, 0.0, 5.0, 12.5, 30.0])
    wanted = np.array([5 * INSIDE, 12.5 * INSIDE, 17.5 + 12.5 * INSIDE])
    assert beyond_step(errors, 25.0) == pytest.approx(np.concatenate([-wanted[::-1], [0.0], wanted]))
    assert beyond_step(errors, 0.0) == pytest.approx(errors)


@pytest.mark.parametrize(
    "truth", [Truth(logistic(), 0.15, 0.35), Truth(constant(0.3), 0.06, 0.2)], ids=["rises with the level", "slow"]
)
def test_the_long_run_beta_of_a_posted_rate_is_not_pulled_down(truth):
    off = []
    for seed in range(4):
        levels = policy_rate(156, seed)
        one = series_of(levels, posted(truth.simulate(levels)))
        law = StructuralPassThrough(FitOptions(largest_delay=2, replicates=0)).fit([one]).law(("one",))
        low, high = float(levels.min()), float(levels.max())
        off.append(float(law.target_change(low, high)) / (high - low) - truth.long_run(low, high))
    assert abs(float(np.mean(off))) < 0.02, off  # with every error counted whole: 0.03 too low


def test_bands_of_posted_rates_know_neither_the_delay_nor_whether_the_bank_waits_for_a_whole_step():
    """Speeds of banks that round, wait, and wait for a whole step: bands at 90% held 63% of them."""
    inside = []
    for width in (0.5, 0.75, 1.0):
        for seed in range(2):
            truth, levels = Truth(constant(0.45), 0.4, 0.4), policy_rate(156, seed)
            one = series_of(levels, posted(truth.simulate(levels), width))
            law = StructuralPassThrough(FitOptions(largest_delay=3, replicates=60)).fit([one]).laws_[0]
            low, high = np.quantile(np.exp(law.replicates[:, -2:]), [0.05, 0.95], axis=0)
            found = np.exp(law.parameters[-2:])
            inside.append((np.minimum(low, found) <= 0.4) & (np.maximum(high, found) >= 0.4))
    assert np.mean(inside) >= 0.75


def test_a_rate_on_its_way_is_behind_between_two_moves_and_where_it_rests_it_is_not():
    paid = np.array([1.0, 1.0, 1.25, 1.25, 1.5, 1.5, 1.5, 1.25, 1.25, 1.0, 1.0]) / 100
    wanted = [0, 0, 1, 1, 0, 0, 0, -1, -1, 0, 0]
    assert between_moves(series_of(np.zeros(paid.size), paid)).tolist() == wanted
