"""Where a rate paid leaves the form of the law the fit says so, and where it keeps to it nothing is said."""

from __future__ import annotations

import numpy as np
import pytest

from behavior.estimators.pass_through import StructuralPassThrough
from behavior.estimators.pass_through_fit import FitOptions
from behavior.quantities import FloatArray
from tests.estimators.pass_through_cases import Truth, constant, logistic, policy_rate, ramp, series_of, steps

LEVELS = policy_rate(144, 1)
NOISE = np.random.default_rng(1).normal(0.0, 3e-5, LEVELS.size)
TRUTH = Truth(constant(0.5), 0.2, 0.3, offset=0.004)


def flags(paid: FloatArray, levels: FloatArray = LEVELS) -> str:
    options = FitOptions(largest_delay=2, replicates=0, starts=4)
    return "; ".join(StructuralPassThrough(options).fit([series_of(levels, paid)]).laws_[0].facts["flags"])


@pytest.mark.parametrize("truth", [TRUTH, Truth(logistic()), Truth(steps()), Truth(ramp(), 0.12, 0.3, 1, 0)])
def test_nothing_is_said_of_a_rate_that_keeps_to_a_law(truth):
    said = flags(truth.simulate(LEVELS) + NOISE)
    assert not any(words in said for words in ("at once", "stood at", "falls as", "longest"))


@pytest.mark.parametrize("size", [0.01, 0.003, -0.005])
def test_promotions_and_breaks_are_named_with_their_months(size):
    paid = TRUTH.simulate(LEVELS) + NOISE
    promoted, broken = paid.copy(), paid.copy()
    promoted[60:72] += size
    broken[90:] += size
    assert "bp in 2005-01" in flags(promoted) and "bp in 2006-01" in flags(promoted)
    said = flags(broken)
    assert "moved at once" in said and "bp in 2007-07" in said and said.count("bp in") == 1


def test_a_floor_and_a_cap_of_the_banks_own_are_named():
    paid = TRUTH.simulate(LEVELS) + NOISE
    assert "stood at its lowest: 0.80%" in flags(np.maximum(paid, 0.008))
    assert "stood at its highest: 1.80%" in flags(np.minimum(paid, 0.018))


def test_a_marginal_that_clearly_falls_is_named():
    def hump(level: FloatArray) -> FloatArray:
        return 0.2 + 0.5 * np.exp(-(((level - 0.025) / 0.01) ** 2))

    assert "falls as the short rate rises" in flags(Truth(hump, 0.12, 0.3, 0, 0).simulate(LEVELS) + NOISE)


def test_a_delay_longer_than_any_tried_is_named():
    assert "the delay up and down stands on the longest" in flags(Truth(constant(0.5), 0.5, 0.5, 4, 4).simulate(LEVELS))
