"""Growth that turns soon after opening is found at the ages before and after, and a turn is no part of other ages."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from behavior.estimators.account_ages import AGES, GrowthTerm, age_band, lived_ages
from behavior.estimators.terms import Term
from behavior.features.base import FeatureMatrix
from behavior.kinds._decay_fit import balance_cells, fit_balance
from behavior.panel.base import Panel

MONTHS = 96


def book_of(young: float, old: float, turn: int, seed: int) -> Panel:
    """Accounts that grow by `young` a month below age `turn` and by `old` from it on, and come and go about that."""
    rng = np.random.default_rng(seed)
    accounts = 1_500
    opened = rng.integers(-180, MONTHS - 6, accounts)
    wander = 0.1 * rng.standard_normal(accounts)
    parts = []
    size = np.exp(rng.normal(9.0, 0.8, accounts))
    for month in range(MONTHS):
        age = month - opened
        there = age > 0
        step = 0.9 * wander + np.sqrt(1.0 - 0.81) * 0.1 * rng.standard_normal(accounts)
        level = young * np.minimum(age - 1, turn - 1) + old * np.maximum(age - turn, 0)
        before = size * np.exp(level + wander)
        after = before * np.exp(np.where(age < turn, young, old) + step - wander)
        wander = np.where(there, step, wander)
        parts.append(
            pd.DataFrame(
                {
                    "customer": np.flatnonzero(there),
                    "month": pd.Timestamp("2018-01-31") + pd.offsets.MonthEnd(month),
                    "age_months": age[there].astype(float),
                    "weight": before[there],
                    "balance_before_interest": after[there],
                }
            )
        )
    table = pd.concat(parts, ignore_index=True)
    table = table.assign(spread=np.nan, closed=0.0, migrated=0.0, balance_known=1.0)
    return Panel(table)


def decay_at(panel: Panel, ages: np.ndarray) -> np.ndarray:
    rows = np.ones(len(panel.table), dtype=bool)
    model = fit_balance(panel, rows, np.zeros(len(rows), dtype=np.int64), 1, False)
    at = FeatureMatrix(("segment", "age_months"), np.column_stack([np.zeros(len(ages)), ages]), (0, 0))
    return model.log_decay(at)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_growth_that_turns_after_a_year_is_found_on_both_sides(seed: int) -> None:
    """Over stretches of ages, as a curve adds it up; at one age a line between knots may swing about it."""
    found = decay_at(book_of(0.02, -0.004, 12, seed), np.arange(1.0, 145.0))
    assert found[:9].mean() == pytest.approx(-0.02, abs=0.003)
    for first, last in ((15, 36), (24, 60), (60, 144)):
        assert found[first - 1 : last].mean() == pytest.approx(0.004, abs=0.0005), (first, last)


@pytest.mark.parametrize("seed", [1, 2])
def test_growth_of_one_rate_is_the_same_at_all_ages(seed: int) -> None:
    """Knots where nothing turns cost nothing: the data ask for a line."""
    found = decay_at(book_of(-0.003, -0.003, 12, seed), np.array([4.0, 12.0, 36.0, 120.0]))
    assert found == pytest.approx(np.full(4, 0.003), abs=0.001)


def test_no_cell_straddles_an_age_where_growth_may_turn() -> None:
    panel = book_of(0.0, 0.0, 12, 4)
    rows = np.ones(len(panel.table), dtype=bool)
    cells = balance_cells(panel, rows, np.zeros(len(rows), dtype=np.int64), False)
    assert cells.rows is not None
    band = age_band(panel.table["age_months"].to_numpy())
    spread = pd.Series(band).groupby(cells.rows.cell).nunique()
    assert spread.max() == 1


def test_ages_enclose_what_was_lived_and_none_are_taken_where_all_are_of_one() -> None:
    assert lived_ages(np.array([4.0, 20.0])) == (3.0, 6.0, 9.0, 12.0, 15.0, 18.0, 24.0)
    assert lived_ages(np.array([1.0, 240.0])) == AGES
    assert lived_ages(np.full(5, 30.0)) == ()


def test_a_turn_costs_the_same_at_every_age() -> None:
    term = GrowthTerm("smooth", "age_months", AGES)
    cost = np.diag(term.penalty(10.0, 0.0, 0.0))
    assert cost[2:-2] == pytest.approx(np.full(term.width - 4, cost[5]))
    assert Term.from_json(term.as_json()).axes == term.axes
