"""Survivors' growth is its mean over the year, whichever month of the year the history ends with."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from behavior.kinds._decay_fit import balance_features, fit_balance
from behavior.panel.base import Panel

ACCOUNTS = 400


def bonus_panel(first: str, months: int) -> Panel:
    """Accounts whose balances stand half as high again at the end of every December, and are flat otherwise."""
    ends = pd.date_range(first, periods=months + 1, freq="ME")
    height = np.where(ends.month == 12, 1.5, 1.0)
    rng = np.random.default_rng(1)
    size = np.exp(rng.normal(8.0, 0.5, ACCOUNTS))
    return Panel(
        pd.DataFrame(
            {
                "unit": np.repeat(np.arange(ACCOUNTS), months),
                "customer": np.repeat(np.arange(ACCOUNTS), months),
                "month": np.tile(ends[1:], ACCOUNTS),
                "age_months": np.tile(np.arange(1.0, months + 1), ACCOUNTS)
                + np.repeat(rng.integers(0, 200, ACCOUNTS), months),
                "spread": 0.01,
                "weight": np.outer(size, height[:-1]).ravel(),
                "balance_before_interest": np.outer(size, height[1:]).ravel(),
                "closed": 0.0,
                "migrated": 0.0,
                "balance_known": 1.0,
            }
        )
    )


@pytest.mark.parametrize("months", [36, 41, 59, 107])
def test_one_bonus_more_than_months_after_a_bonus_is_no_growth(months: int) -> None:
    first = pd.Timestamp("2025-12-31") - pd.offsets.MonthEnd(months)
    panel = bonus_panel(str(first.date()), months)
    codes = np.zeros(len(panel.table), dtype=np.int64)
    model = fit_balance(panel, np.ones(len(codes), dtype=bool), codes, 1, False)
    growth = -model.log_decay(balance_features(panel.table, codes, None)).mean()
    assert abs(60 * growth) < 0.02


def salary_and_tourism_panel(seed: int, years: int = 10) -> Panel:
    """Two segments flat over the years, full in December the one and in July the other, while the spread moves."""
    months = 12 * years
    ends = pd.date_range("2015-09-30", periods=months + 1, freq="ME")
    december = np.array([-0.10, -0.04, -0.02, 0.0, 0.0, 0.0, 0.0, -0.02, -0.02, 0.0, 0.02, 0.18])
    rng = np.random.default_rng(seed)
    spread = 0.015 + 0.012 * np.sin(2 * np.pi * (np.arange(months) + rng.uniform(0, 84)) / 84)
    parts = []
    for place, season in enumerate((december, np.roll(december, -5))):
        height = np.exp(season[ends.month - 1])
        size = np.exp(rng.normal(8.0, 1.0, ACCOUNTS))
        noise = np.exp(rng.normal(0.0, 0.05, (ACCOUNTS, months + 1)))  # comes and goes
        balance = size[:, None] * height * noise
        unit = place * ACCOUNTS + np.repeat(np.arange(ACCOUNTS), months)
        parts.append(
            pd.DataFrame(
                {
                    "unit": unit,
                    "customer": unit,
                    "segment": place,
                    "month": np.tile(ends[1:], ACCOUNTS),
                    "age_months": np.tile(np.arange(1.0, months + 1), ACCOUNTS)
                    + np.repeat(rng.integers(0, 200, ACCOUNTS), months),
                    "spread": np.tile(spread, ACCOUNTS),
                    "weight": balance[:, :-1].ravel(),
                    "balance_before_interest": balance[:, 1:].ravel(),
                    "closed": 0.0,
                    "migrated": 0.0,
                    "balance_known": 1.0,
                }
            )
        )
    return Panel(pd.concat(parts, ignore_index=True))


@pytest.mark.parametrize("seed", range(4))
def test_seasons_of_two_segments_are_neither_decay_nor_a_response_to_the_spread(seed: int) -> None:
    panel = salary_and_tourism_panel(seed)
    codes = panel.table["segment"].to_numpy()
    model = fit_balance(panel, np.ones(len(codes), dtype=bool), codes, 2, True)
    features = balance_features(panel.table, codes, None)
    assert np.sqrt(((60 * model.log_decay(features)) ** 2).mean()) < 0.01
    assert np.median(60 * model.error(features)) < 0.03
