"""Pace: what is left of accounts slows down by what they have lived through, as gamma frailty says."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from behavior.estimators.constant_hazard import ConstantHazard
from behavior.features.base import FeatureMatrix
from behavior.kinds._decay_closure import ClosureHazard
from behavior.kinds._decay_pace import (
    CUMULATED,
    cumulated_closing,
    slowed,
    usual_spreads,
    variance_of_pace,
    with_cumulated,
)

NAMES = ("age_months", "spread")


def matrix_of(age: np.ndarray, spread: np.ndarray) -> FeatureMatrix:
    return FeatureMatrix(NAMES, np.column_stack([age, spread]), (0, 1), ("months", ""))


def test_survivors_of_gamma_frailty_slow_down_in_closed_form() -> None:
    fresh = np.full((1, 600, 1), 0.002)
    hazard, before = slowed(fresh, 0.5, np.array([0.0]), axis=1)
    closed_form = np.log1p(0.5 * 0.002 * np.arange(600)) / 0.5
    assert before[0, :, 0] == pytest.approx(closed_form, abs=2e-3)
    assert hazard[0, :, 0] == pytest.approx(0.002 / (1.0 + 0.5 * 0.002 * np.arange(600)), rel=5e-3)


def test_a_higher_hazard_stays_higher_however_long_it_lasts() -> None:
    fresh = np.linspace(0.002, 0.05, 20)[:, None, None] * np.ones((1, 480, 1))
    hazard, _ = slowed(fresh, 1.5, np.array([0.3]), axis=1)
    assert (np.diff(hazard, axis=0) > -1e-12).all()


def test_closings_are_cumulated_over_gaps_and_before_the_first_row() -> None:
    rate = ConstantHazard(rate_=0.01)
    table = pd.DataFrame(
        {"unit": list("bbaa"), "month": pd.to_datetime(["2020-01-31", "2020-03-31", "2020-02-29", "2020-03-31"])}
    )
    age, spread = np.array([5.0, 7.0, 1.0, 2.0]), np.full(4, 0.01)
    codes = np.zeros(4, dtype=np.int64)
    usual = usual_spreads(table.assign(spread=spread), codes, 1)
    found = cumulated_closing(rate, matrix_of(age, spread), table, codes, usual)
    assert usual == pytest.approx((0.01, 0.01))
    assert found == pytest.approx([0.04, 0.06, 0.0, 0.01])


@pytest.mark.parametrize("variance", [0.0, 1.0])
def test_the_history_says_how_much_is_selection(variance: float) -> None:
    """Accounts of one age and spread with another past tell pace from age; without frailty its variance is near 0."""
    rng = np.random.default_rng(3)
    accounts, months = 15_000, 120
    opened = rng.integers(0, 90, accounts)
    pace = rng.gamma(1.0 / variance, variance, accounts) if variance else np.ones(accounts)
    spread = 0.02 + 0.02 * np.sin(np.arange(months) / 6.0)
    rows, alive, cumulated = [], np.ones(accounts, dtype=bool), np.zeros(accounts)
    for month in range(months):
        here = np.flatnonzero(alive & (opened < month))
        base = 0.012 * np.exp(90.0 * (spread[month] - 0.02))
        marginal = base * np.exp(-variance * cumulated[here])
        closes = rng.random(len(here)) < np.minimum(base * pace[here], 0.9)
        rows.append(np.column_stack([month - opened[here], np.full(len(here), spread[month]), cumulated[here], closes]))
        cumulated[here] += marginal
        alive[here[closes]] = False
    age, at, past, event = np.concatenate(rows).T
    wide = with_cumulated(matrix_of(age, at), past)
    assert wide.names[-1] == CUMULATED
    model = ClosureHazard("spread", "age_months", learns_smoothness=True, most_rows=40_000)
    model.fit(wide, event, np.ones(len(event)))
    assert variance_of_pace(model, wide) == pytest.approx(variance, abs=0.35)
    assert variance_of_pace(model, matrix_of(age, at)) == 0.0
