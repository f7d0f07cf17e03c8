"""Where a rate paid leaves the form of the law the fit says so, and where it keeps to it nothing is said."""

from __future__ import annotations

import numpy as np
import pytest

from behavior.estimators.pass_through import StructuralPassThrough
from behavior.estimators.pass_through_departures import _held
from behavior.estimators.pass_through_fit import FitOptions
from behavior.quantities import FloatArray
from tests.estimators.pass_through_cases import (
    Truth,
    constant,
    logistic,
    policy_rate,
    ramp,
    series_of,
    steps,
)

LEVELS = policy_rate(144, 1)
NOISE = np.random.default_rng(1).normal(0.0, 3e-5, LEVELS.size)
TRUTH = Truth(constant(0.5), 0.2, 0.3, offset=0.004)


def flags(paid: FloatArray, levels: FloatArray = LEVELS) -> str:
    options = FitOptions(largest_delay=2, replicates=0, starts=4)
    return "; ".join(StructuralPassThrough(options).fit([series_of(levels, paid)]).laws_[0].facts["flags"])


@pytest.mark.parametrize("truth", [TRUTH, Truth(logistic()), Truth(steps()), Truth(ramp(), 0.12, 0.3, 1, 0)])
def test_nothing_is_said_of_a_rate_that_keeps_to_a_law(truth):
    said = flags(truth.simulate(LEVELS) + NOISE)
    assert not any(
        words in said for words in ("at once", "stood at", "falls as", "longest", "one law", "neither", "before")
    )


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


@pytest.mark.parametrize("step", [0.0005, 0.001])
def test_a_rate_rounded_to_coarse_steps_has_no_floor_or_cap_for_that(step):
    """Of rates rounded to 5 or 10 bp that keep to a law up to every fourth was said to stand at a floor or cap."""
    said = []
    for seed in range(40):
        levels = policy_rate(72, seed)
        truth = Truth(ramp(), 0.12, 0.3, 1, 0, offset=0.004) if seed % 2 else Truth(steps(), 0.2, 0.3, offset=0.004)
        paid = np.round(truth.simulate(levels, seed) / step) * step
        said.append(bool(_held(series_of(levels, paid), 0.0)))
    assert np.mean(said) <= 0.05
    paid = np.round(np.maximum(TRUTH.simulate(LEVELS), 0.011) / 0.0005) * 0.0005
    assert "stood at its lowest: 1.10%" in _held(series_of(LEVELS, paid), 0.0)[0]


@pytest.mark.parametrize("every", [2, 3, 6])
def test_a_rate_that_is_reviewed_every_so_many_months_is_named(every):
    levels = np.tile(policy_rate(144, 1), 2)
    paid = Truth(ramp(), 0.12, 0.3, 1, 0, offset=0.004).simulate(levels)
    reviewed = paid[np.arange(paid.size) // every * every]
    assert f"reviewed every {every} months" in flags(reviewed, levels)
    assert "reviewed" not in flags(paid, levels)
    # A bank that follows at once moves when the central bank does: that is no review of its own.
    meetings = levels[np.arange(levels.size) // every * every]
    assert "reviewed" not in flags(0.004 + 0.5 * meetings, meetings)


@pytest.mark.parametrize("truth", [TRUTH, Truth(ramp(), 0.12, 0.3), Truth(steps(), 0.2, 0.35)])
def test_a_short_rate_dated_too_late_is_named(truth):
    """Unsaid, one dated by the month after made speeds 1.3 times too fast, two months late twice."""
    paid = truth.simulate(LEVELS) + 3.0 * NOISE
    for late in (1, 2):
        assert "moves before the short rate" in flags(paid[late:], LEVELS[:-late])
    # Dated too early it is a delay, and a rate paid in which a part passes at once, or one in steps, does not lead.
    assert "before" not in flags(paid[:-2], LEVELS[2:])
    assert "before" not in flags(0.8 * paid + 0.2 * truth.target(LEVELS))
    assert "before" not in flags(np.round(paid / 0.0025) * 0.0025)


def test_a_marginal_that_clearly_falls_is_named():
    def hump(level: FloatArray) -> FloatArray:
        return 0.2 + 0.5 * np.exp(-(((level - 0.025) / 0.01) ** 2))

    assert "falls as the short rate rises" in flags(Truth(hump, 0.12, 0.3, 0, 0).simulate(LEVELS) + NOISE)


def test_rates_paid_below_the_floor_of_the_specification_are_named():
    """Paths from above stop at the floor: unsaid, they were up to 18 bp off out of time, 0.7 with a floor of -2%."""
    levels = LEVELS - 0.01
    paid = Truth(constant(0.5), 0.2, 0.3, offset=0.001).simulate(LEVELS) - 0.004 + NOISE
    below = int((paid < -1e-4).sum())
    assert f"below its floor: 0.00%, in {below} of 144 observations" in flags(paid, levels)
    assert "went below" not in flags(paid + 0.01, levels)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("at", [0.012, 0.0155, 0.0295])
def test_a_marginal_that_rises_at_once_between_two_knots_does_not_fall(at, seed):
    """Lines between knots overshoot beside a jump, which is no fall: setting `monotone` to false would export it."""
    levels = policy_rate(144, 10 + seed)
    shocks = np.random.default_rng(seed).normal(0.0, 5e-5, levels.size)
    paid = Truth(steps(0.1, 0.7, at), 0.2, 0.3, offset=0.004).simulate(levels) + shocks
    assert "falls as" not in flags(paid, levels)


def test_a_delay_longer_than_any_tried_is_named():
    assert "the delay up and down stands on the longest" in flags(Truth(constant(0.5), 0.5, 0.5, 4, 4).simulate(LEVELS))


def moving_target(beta: FloatArray | float, spread: FloatArray | float = 0.002) -> FloatArray:
    """Rate paid towards a target that is given month by month."""
    target = spread + beta * LEVELS
    paid = [float(target[0])]
    for wanted in target[1:]:
        paid.append(paid[-1] + (0.2 if wanted > paid[-1] else 0.3) * (wanted - paid[-1]))
    return np.array(paid) + NOISE


MONTHS, MOVES = np.arange(LEVELS.size), np.diff(LEVELS, prepend=LEVELS[0])
ELSEWHERE = {
    "a beta that drifts": moving_target(np.linspace(0.4, 0.5, LEVELS.size)),
    "another bank after a merger": moving_target(np.where(MONTHS < 80, 0.3, 0.55)),
    "a spread that competition moves": moving_target(0.5, np.linspace(0.002, 0.010, LEVELS.size)),
    "rises pass on less than falls": moving_target(
        0.0, 0.003 + 0.3 * LEVELS[0] + np.cumsum(np.where(MOVES > 0, 0.35, 0.3) * MOVES)
    ),
    "money drawn by offers in waves": moving_target(0.5) + 0.0018 * np.maximum(np.sin(MONTHS / 9.0), 0.0),
}


@pytest.mark.parametrize("name", ELSEWHERE)
def test_months_that_no_one_law_holds_for_are_named(name):
    assert "the months do not keep to one law" in flags(ELSEWHERE[name])


@pytest.mark.parametrize("seed", range(4))
def test_shocks_that_a_bank_never_takes_back_are_no_departure(seed):
    truth = Truth(constant(0.4), shock=0.0003, measurement=0.0002)
    assert "one law" not in flags(truth.simulate(LEVELS, seed))


def test_a_bank_of_two_speeds_is_not_passed_over():
    """Half at once, half slowly: neither target and speed nor an impact beside them; it was 0.40 for 0.50, unsaid."""
    said = []
    for seed in (2, 4, 5):
        levels = policy_rate(144, seed)
        paid = (Truth(constant(), 0.8, 0.8).simulate(levels) + Truth(constant(), 0.05, 0.1).simulate(levels)) / 2
        said.append(flags(paid + NOISE, levels))
    assert all("at once" in words or "one law" in words for words in said)
