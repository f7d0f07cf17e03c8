"""Nothing hangs on when time is counted from: a bank of sixty years ago learns what the same bank learns today."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pandas as pd
import pytest

from behavior.kinds.base import ModelKind
from behavior.kinds.mortgage_prepayment import KIND as PREPAYMENT
from behavior.kinds.nmd_decay import KIND as DECAY
from behavior.market.history import RateHistory
from behavior.panel.base import CustomerHistory
from behavior.panel.split import split_panel
from behavior.quantities import FloatArray
from behavior.simulator import simulate
from behavior.simulator.settings import small_settings
from tests.spec_examples import spec_of

YEARS = pd.DateOffset(years=60)
"""All dates stay: leap years come again, and the months of the simulated bank end before 1970."""


@cache
def bank():
    return simulate(small_settings(), seed=5)


def earlier(history: CustomerHistory) -> CustomerHistory:
    def moved(table: pd.DataFrame) -> pd.DataFrame:
        days = table.select_dtypes("datetime").columns
        return table.assign(**{name: (table[name] - YEARS).astype(table[name].dtype) for name in days})

    return replace(history, tables={name: moved(table) for name, table in history.tables.items()})


def rates_earlier(rates: RateHistory) -> RateHistory:
    dates = {name: (pd.DatetimeIndex(days) - YEARS).to_numpy().astype(days.dtype) for name, days in rates.dates.items()}
    return replace(rates, dates=dates)


def learned(kind: ModelKind, history: CustomerHistory, rates: RateHistory) -> tuple[pd.DataFrame, FloatArray]:
    use = f"[features]\nuse = ['{kind.features[0].name}', 'age_months', 'month_of_year']"
    spec = spec_of(kind.name, history.contract, "spline_hazard", use)
    panel = kind.build_panel(history, rates, spec)
    fitted = kind.fit(panel, split_panel(panel, spec.split), spec)
    return panel.table, kind.predict(fitted, panel).table["predicted"].to_numpy(np.float64)


@pytest.mark.parametrize("kind", [PREPAYMENT, DECAY], ids=lambda kind: kind.name)
def test_a_bank_of_sixty_years_ago_learns_the_same(kind: ModelKind) -> None:
    history = bank().mortgages if kind is PREPAYMENT else bank().deposits
    table, predicted = learned(kind, history, bank().rate_history)
    before, said = learned(kind, earlier(history), rates_earlier(bank().rate_history))
    assert before["month"].max() < pd.Timestamp("1970-01-01")
    numbers = table.select_dtypes("number").columns
    np.testing.assert_allclose(before[numbers], table[numbers], atol=1e-12)
    np.testing.assert_allclose(said, predicted, rtol=1e-9)
