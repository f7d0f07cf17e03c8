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
