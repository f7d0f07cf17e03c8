"""The season of survivors' growth is what whole years of a segment have in common, and no more of it than is sure."""

from __future__ import annotations

import numpy as np
import pytest

from behavior.estimators.growth_season import growth_season

DECEMBER = np.array([-0.28, 0.06, 0.02, 0.02, 0.0, 0.0, 0.0, -0.02, 0.0, 0.02, 0.02, 0.16])


def rows(years: int, noise: float, seed: int = 0, first: int = 7) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Two segments of 50 accounts whose seasons are half a year apart, with one shock a month for all of a segment."""
    rng = np.random.default_rng(seed)
    month = np.repeat(np.arange(first, first + 12 * years), 50)
    codes, months, growths = [], [], []
    for code in range(2):
        season = np.roll(DECEMBER, 6 * code)
        shocks = np.repeat(rng.normal(0.0, noise, 12 * years), 50)
        codes.append(np.full(len(month), code))
        months.append(month)
        growths.append(season[month % 12] + shocks + rng.normal(0.0, 0.05, len(month)))
    return np.concatenate(codes), np.concatenate(months), np.concatenate(growths)


def test_each_segment_has_its_own_season_in_calendar_order() -> None:
    found = growth_season(*rows(8, 0.0), 2)
    np.testing.assert_allclose(found[0], DECEMBER - DECEMBER.mean(), atol=0.01)
    np.testing.assert_allclose(found[1], np.roll(DECEMBER, 6) - DECEMBER.mean(), atol=0.01)


@pytest.mark.parametrize("seed", range(4))
def test_a_season_adds_nothing_over_the_year(seed: int) -> None:
    found = growth_season(*rows(5, 0.05, seed), 2)
    np.testing.assert_allclose(found.sum(axis=1), 0.0, atol=1e-12)


def test_one_year_tells_no_season() -> None:
    code, month, growth = rows(2, 0.0)
    once = month < month.min() + 23
    assert (growth_season(code[once], month[once], growth[once], 2) == 0).all()


def test_noise_is_no_season() -> None:
    sizes = []
    for seed in range(20):
        code, month, growth = rows(6, 0.1, seed)
        season = np.where(code == 0, DECEMBER[month % 12], np.roll(DECEMBER, 6)[month % 12])
        sizes.append(np.abs(growth_season(code, month, growth - season, 2)).max(axis=1))
    assert np.mean(sizes) < 0.03  # means of six years, taken as they are, would show one of some 0.08


def test_an_unknown_balance_says_nothing() -> None:
    code, month, growth = rows(4, 0.0)
    growth[::3] = np.nan
    assert np.isfinite(growth_season(code, month, growth, 2)).all()
    assert (growth_season(code, month, np.full(len(code), np.nan), 2) == 0).all()
