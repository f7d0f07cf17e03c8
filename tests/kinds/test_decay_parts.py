"""What decay curves are made of: weights, survivors' balances, and accounts carried forward one by one."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from behavior.estimators.balance_decay import BalanceDecay
from behavior.estimators.decay_cells import sum_cells
from behavior.features.base import FeatureMatrix
from behavior.kinds._decay_bands import _cumulated
from behavior.kinds._decay_book import at_as_of
from behavior.kinds._decay_closure import balance_weights
from behavior.kinds._decay_export import TOLERANCE, refined, spread_grid


def test_weights_keep_each_segment_at_its_count_and_grow_with_the_root_of_balance() -> None:
    balance = np.array([100.0, 400.0, 100.0, 900.0, 0.0])
    weight = balance_weights(balance, np.array([0, 0, 1, 1, 1]))
    assert weight[:2].mean() == pytest.approx(1.0) and weight[2:].mean() == pytest.approx(1.0)
    assert weight[1] / weight[0] == pytest.approx(2.0) and weight[3] / weight[2] == pytest.approx(3.0)
    assert weight[4] > 0


def test_two_kinds_of_savers_decay_by_age_as_their_money_does() -> None:
    """One account in five drains by 3% a month: logarithms would say 0.6% at every age, money says less and less."""
    rng = np.random.default_rng(5)
    ages, accounts = np.arange(1, 121), 300
    drains = np.arange(accounts) < accounts // 5
    rate = np.where(drains, 0.03, 0.0)
    before = 1000.0 * np.exp(-rate[:, None] * (ages - 1)) * np.exp(0.02 * rng.standard_normal((accounts, len(ages))))
    after = 1000.0 * np.exp(-rate[:, None] * ages) * np.exp(0.02 * rng.standard_normal((accounts, len(ages))))
    age = np.tile(ages.astype(float), accounts)
    month, who = np.tile(ages, accounts), np.repeat(np.arange(accounts), len(ages))
    cells = sum_cells(month, age[:, None], ("age_months",), before.ravel(), after.ravel(), month // 6, who)
    model = BalanceDecay("", 1, ("age_months",)).fit(cells)
    at = FeatureMatrix(("age_months",), np.array([[6.0], [100.0]]))
    young, old = model.log_decay(at)
    share = 0.2 * np.exp(-0.03 * 5.5) / (0.2 * np.exp(-0.03 * 5.5) + 0.8)
    assert young == pytest.approx(0.03 * share, abs=0.0015)
    assert old == pytest.approx(0.03 * 0.25 * np.exp(-3.0), abs=0.001)


def test_accounts_stand_at_their_balance_of_today_and_spreads_reach_one_step_beyond() -> None:
    matrix = FeatureMatrix(("age_months", "log_balance"), np.array([[5.0, 1.0]]), (0, 0))
    assert at_as_of(matrix, np.array([np.e**3])).values[0, 1] == pytest.approx(3.0)
    grid = spread_grid(pd.Series([0.011, 0.019]).to_numpy())
    assert grid[0] <= 0.011 and grid[-1] >= 0.019 and np.allclose(np.diff(grid), 0.0025)


def test_spreads_stand_closer_where_decay_bends() -> None:
    """Lines stay lines; a jump gets a node on both of its sides; what is read between nodes is what was asked for."""
    quarter = np.round(np.arange(0.0, 0.0501, 0.0025), 6)

    def jumps(spreads: np.ndarray) -> np.ndarray:
        return (0.01 + 0.1 * spreads + 0.004 * (spreads > 0.02125))[:, None]

    assert len(refined(quarter, lambda spreads: (0.01 + 0.1 * spreads)[:, None])) == len(quarter)
    nodes = refined(quarter, jumps)
    assert {0.021, 0.0215} <= set(nodes.tolist()) and len(nodes) < len(quarter) + 6
    fine = np.round(np.arange(0.0, 0.0501, 0.0005), 6)
    assert np.abs(np.interp(fine, nodes, jumps(nodes)[:, 0]) - jumps(fine)[:, 0]).max() <= TOLERANCE


def test_errors_of_months_add_up_as_their_causes_do() -> None:
    """A level that is off is off in every month, and cumulates month by month; two causes that hold in half of the
    months each cumulate as independent things do."""
    grid, ones = np.arange(1, 11), np.ones((1, 10))
    level = np.full((1, 10, 1), 0.01)
    assert np.sqrt(_cumulated(level, grid, ones))[0] == pytest.approx(0.01 * np.arange(1, 11))
    halves = np.zeros((1, 10, 2))
    halves[0, :5, 0] = halves[0, 5:, 1] = 0.01
    assert np.sqrt(_cumulated(halves, grid, ones))[0, -1] == pytest.approx(0.05 * np.sqrt(2.0))
