"""Along age closures are read wherever accounts are going, also at ages that few of them have reached."""

from __future__ import annotations

import numpy as np
import pytest

from behavior.estimators.account_ages import ages_within
from behavior.features.base import FeatureMatrix
from behavior.kinds._decay_closure import ClosureHazard

NAMES = ("age_months", "spread")


def matrix_of(age: np.ndarray) -> FeatureMatrix:
    return FeatureMatrix(NAMES, np.column_stack([age, np.zeros(len(age))]), (0, 1))


def hazard_at(age: np.ndarray) -> np.ndarray:
    return np.asarray(0.01 * (0.4 + 2.0 * np.exp(-age / 15.0)))


def test_ages_between_two_waves_of_opening_are_no_straight_line() -> None:
    """One wave came long ago, one within two years: what the young are going through, few have gone through yet.

    Over six histories together: one has some fifty closures between the waves.
    """
    ahead, found = np.arange(12.0, 73.0), []
    for seed in range(1, 7):
        rng = np.random.default_rng(seed)
        waves = (rng.integers(1, 24, 30_000), rng.integers(24, 70, 6_000), rng.integers(70, 190, 570_000))
        age = np.concatenate(waves).astype(float)
        event = (rng.random(len(age)) < hazard_at(age)).astype(float)
        model = ClosureHazard("spread", learns_smoothness=True, sample_share=0.2, most_rows=60_000)
        model.fit(matrix_of(age), event, np.ones(len(event)))
        found.append(model.predict_hazard(matrix_of(ahead)).sum())
    assert np.mean(found) == pytest.approx(hazard_at(ahead).sum(), rel=0.08)


def test_ages_are_those_between_the_first_and_the_last_seen() -> None:
    assert ages_within(np.full(9, 5.0)) == () == ages_within(np.full(3, np.nan)) == ages_within(np.zeros(0))
    first, *inner, last = ages_within(np.arange(1.0, 125.0))
    assert inner[:3] == [3.0, 6.0, 9.0] and inner[-1] == 84.0
    assert 1.0 <= first < 2.0 and 123.0 < last <= 124.0
    assert ages_within(np.arange(250.0, 400.0))[1:-1] == (300.0, 360.0)
    assert ages_within(np.repeat([8.5, 40.0], 50))[:2] == (8.5, 12.0)


@pytest.mark.parametrize("seed", range(5))
def test_no_two_ages_are_nearer_than_a_month_wherever_accounts_stand(seed: int) -> None:
    rng = np.random.default_rng(seed)
    age = rng.integers(1, 500, 40) + rng.integers(0, 300)
    found = ages_within(age.astype(float))
    assert np.diff(found).min() >= 1.0
    assert age.min() <= found[0] < found[-1] <= age.max()
