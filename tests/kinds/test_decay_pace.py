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
    usual_by_segment,
    variance_of_pace,
    with_cumulated,
)

NAMES = ("age_months", "spread")


def matrix_of(age: np.ndarray, spread: np.ndarray) -> FeatureMatrix:
    return FeatureMatrix(NAMES, np.column_stack([age, spread]), (0, 1))


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
    usual = usual_by_segment(spread, codes, 1)
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


def test_what_is_cumulated_slows_down_with_what_was_cumulated_before() -> None:
    """Expectations of a hazard that knows the pace follow the closed form of gamma frailty, from opening on."""
    rng = np.random.default_rng(8)
    rows = 40_000
    age, spread, past = rng.integers(1, 120, rows), rng.uniform(0.0, 0.04, rows), rng.uniform(0.0, 2.0, rows)
    hazard = 0.03 * np.exp(-0.8 * past)
    wide = with_cumulated(matrix_of(age, spread), past)
    model = ClosureHazard("spread", "age_months", learns_smoothness=True, sample_share=1.0, most_rows=rows)
    model.fit(wide, (rng.random(rows) < hazard).astype(float), np.ones(rows))
    months = np.arange(1, 61)
    table = pd.DataFrame({"unit": "a", "month": pd.date_range("2020-01-31", periods=60, freq="ME")})
    matrix = matrix_of(months.astype(float), np.full(60, 0.02))
    found = cumulated_closing(model, matrix, table, np.zeros(60, dtype=np.int64), (0.02, 0.02))
    fresh = model.predict_hazard(with_cumulated(matrix, np.zeros(60)))
    variance = variance_of_pace(model, wide)
    assert variance == pytest.approx(0.8, abs=0.2)
    assert found == pytest.approx(np.log1p(variance * np.r_[0.0, np.cumsum(fresh)[:-1]]) / variance, rel=0.02)
    later = cumulated_closing(
        model, matrix.with_values(matrix.values[24:]), table[24:], np.zeros(36, int), (0.02, 0.02)
    )
    assert later[0] == pytest.approx(found[24], rel=0.02)


def test_a_segment_of_two_labels_has_a_level_of_its_own() -> None:
    """Product and customer type each raise closing, together they do not: no sum of two effects says that."""
    rng = np.random.default_rng(9)
    rows = 120_000
    product, kind = rng.integers(0, 2, rows), rng.integers(0, 2, rows)
    level = np.array([[0.01, 0.02], [0.02, 0.02]])
    values = np.column_stack([rng.integers(1, 120, rows), rng.uniform(0.0, 0.04, rows), product, kind]).astype(float)
    names = ("age_months", "spread", "product", "kind")
    labels = {"product": ("a", "b"), "kind": ("x", "y")}
    matrix = FeatureMatrix(names, values, (0, 1, 0, 0), labels)
    event = (rng.random(rows) < level[product, kind]).astype(float)
    model = ClosureHazard("spread", "age_months", "", ("product", "kind"), learns_smoothness=True, most_rows=40_000)
    expected = model.fit(matrix, event, np.ones(rows)).predict_hazard(matrix)
    for one in range(2):
        for other in range(2):
            mine = (product == one) & (kind == other)
            assert expected[mine].sum() == pytest.approx(event[mine].sum(), rel=0.03)
