"""Boosted pass-through: monotone, near the truth where it has seen the levels, flat where it has not."""

from __future__ import annotations

import numpy as np
import pytest

from behavior.errors import TooFewEvents
from behavior.estimators.pass_through_boosted import BoostedPassThrough
from tests.estimators.pass_through_cases import Truth, constant, policy_rate, series_of


def learned(months: int = 240) -> tuple[BoostedPassThrough, np.ndarray, np.ndarray]:
    levels = policy_rate(months, 4)
    paid = Truth(constant(0.5)).simulate(levels)
    return BoostedPassThrough().fit([series_of(levels, paid)]), levels, paid


def test_a_path_that_was_seen_is_followed() -> None:
    model, levels, paid = learned()
    path = model.path(("a",), levels, float(paid[0]), 0, 0.0)
    assert path.shape == (len(levels) - 1,)
    assert np.sqrt(np.mean((path - paid[1:]) ** 2)) < 0.2 * np.ptp(paid)


def test_the_change_never_falls_in_the_short_rate_and_never_rises_in_the_rate_paid() -> None:
    model, levels, _ = learned()
    grid = np.linspace(-0.01, levels.max() + 0.02, 80)
    for place, sign in enumerate((1, 1, -1)):
        rows = np.tile([0.02, 0.0, 0.01], (80, 1))
        rows[:, place] = grid
        assert (sign * np.diff(model.trees_.score(rows))).min() >= -1e-9


def test_higher_rates_never_give_a_lower_path() -> None:
    model, levels, _ = learned()
    low = model.path(("a",), levels, 0.01, 0, 0.0)
    assert (model.path(("a",), levels + 0.005, 0.01, 0, 0.0) >= low - 1e-12).all()


def test_what_is_learned_is_the_same_twice() -> None:
    assert learned()[0].trees_.text == learned()[0].trees_.text


def test_a_handful_of_changes_is_refused() -> None:
    levels = policy_rate(30, 4)
    with pytest.raises(TooFewEvents, match="at least 40"):
        BoostedPassThrough().fit([series_of(levels, levels / 2)])
