"""The level that half-years share: its size and how long it lasts, over what counting explains and the fit took out."""

from __future__ import annotations

import numpy as np
import pytest

from behavior.estimators.shared_shocks import DEVIATIONS, PERSISTENCES, SharedShock, shared_shock

HALF_YEARS, EXPECTED = 30, 100.0


def surprises(shock: SharedShock, rng: np.random.Generator) -> np.ndarray:
    """Events less expected of half-years that expect as many each, under levels drawn from a shock."""
    levels = rng.multivariate_normal(np.zeros(HALF_YEARS), shock.covariance(HALF_YEARS), method="eigh")
    return np.asarray(rng.poisson(EXPECTED * np.exp(levels)) - EXPECTED)


def found_of(shock: SharedShock, trend: bool) -> list[SharedShock]:
    """What is found in 60 histories, without or with a fit that has taken out level and trend."""
    rng, time = np.random.default_rng(4), np.arange(HALF_YEARS) - HALF_YEARS / 2 + 0.5
    taken = np.column_stack([np.ones(HALF_YEARS), time]) if trend else np.zeros((HALF_YEARS, 1))
    left = np.eye(HALF_YEARS) - taken @ np.linalg.pinv(taken)
    return [shared_shock(left @ surprises(shock, rng), EXPECTED * left, EXPECTED * left) for _ in range(60)]


@pytest.mark.parametrize("trend", [False, True])
def test_no_shock_is_hardly_ever_more_than_chance(trend: bool) -> None:
    deviations = [one.deviation for one in found_of(SharedShock(), trend)]
    assert np.mean(np.array(deviations) > 0) < 0.25
    assert np.max(deviations) < 0.15


@pytest.mark.parametrize("trend", [False, True])
@pytest.mark.parametrize(("deviation", "persistence"), [(0.15, 0.0), (0.3, 0.7)])
def test_size_and_persistence_are_found(deviation: float, persistence: float, trend: bool) -> None:
    """Also where the fit has a slow level as its own: what it took out of the surprises is not taken for calm."""
    found = found_of(SharedShock(deviation, persistence), trend)
    assert np.median([one.deviation for one in found]) == pytest.approx(deviation, rel=0.2)
    assert np.median([one.persistence for one in found]) == pytest.approx(persistence, abs=0.26)


def test_two_half_years_in_a_row_are_no_lasting_level() -> None:
    counting = 100.0 * (np.eye(4) - 0.25)
    found = shared_shock(np.array([25.0, 20.0, -20.0, -25.0]), counting, counting)
    assert found.deviation > 0.1
    assert found.persistence == 0.0


def test_what_lasts_does_not_average_out() -> None:
    brief, lasting = (SharedShock(0.2, one).covariance(4) for one in (0.0, 0.9))
    assert brief.mean() == pytest.approx(0.04 / 4)
    assert lasting.mean() > 0.85 * 0.04
    np.testing.assert_allclose(lasting[0], 0.04 * 0.9 ** np.arange(4))


def test_half_years_without_units_say_nothing() -> None:
    surprise, counting = np.array([30.0, 0.0, -30.0, 0.0]), np.diag([100.0, 0.0, 100.0, 0.0])
    found = shared_shock(surprise, counting, counting)
    alone = shared_shock(surprise[[0, 2]], counting[np.ix_([0, 2], [0, 2])], counting[np.ix_([0, 2], [0, 2])])
    assert found.deviation == pytest.approx(alone.deviation)
    assert found.deviation > 0.2
    assert shared_shock(np.zeros(3), np.zeros((3, 3)), np.zeros((3, 3))) == SharedShock()
    assert DEVIATIONS[0] == PERSISTENCES[0] == 0.0
