"""Balances before they leave: customers who draw down what they are about to close, and swings of one segment alone."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from behavior.assumptions.effects import View
from behavior.features.base import FeatureMatrix
from behavior.kinds._decay_pace import SIZE, at_usual_size, usual_by_segment
from behavior.kinds.base import ExportContext, FittedModel
from behavior.kinds.nmd_decay import KIND
from behavior.market.history import RateHistory
from behavior.panel.base import CustomerHistory, Panel
from behavior.panel.split import nothing_held_back
from behavior.specs import parse_spec

TEXT = (Path(__file__).resolve().parents[2] / "models" / "nmd_decay" / "spec.toml").read_text()
SPEC = parse_spec(TEXT.replace('family = "best"', 'family = "spline_hazard"'), "nmd_decay/spec.toml")
MONTHS = pd.date_range("2017-01-31", periods=60, freq="ME")
DECIDE, DRAWN, SHUT = 0.012, 0.5, 0.4
"""Shares a month: who decides to leave, what they draw down, and which of them close."""


def drawn_down(count: int) -> np.ndarray:
    """Balances of accounts by month, NaN after closing: they keep a size of their own until their customer leaves."""
    rng = np.random.default_rng(6)
    size = np.exp(9.0 + rng.standard_normal(count))
    balance, leaving, here = np.full((count, len(MONTHS)), np.nan), np.zeros(count, bool), np.ones(count, bool)
    for place in range(len(MONTHS)):
        gone = leaving & here & (rng.random(count) < SHUT)
        balance[gone, place] = 0.0
        here &= ~gone
        leaving |= rng.random(count) < DECIDE
        size = np.where(leaving, size * (1.0 - DRAWN), size)
        balance[here, place] = (size * np.exp(0.2 * rng.standard_normal(count) - 0.02))[here]
    return balance


def swinging(count: int, spread: float) -> np.ndarray:
    """Balances about a level that stays, of accounts of which one in a hundred closes each month."""
    rng = np.random.default_rng(7)
    closes = rng.geometric(0.01, count)[:, None]
    balance = np.exp(9.0 + spread * rng.standard_normal((count, len(MONTHS))))
    month = np.arange(len(MONTHS))[None, :]
    return np.where(month < closes, balance, np.where(month == closes, 0.0, np.nan))


def learn(products: dict[str, np.ndarray]) -> tuple[FittedModel, Panel]:
    """The default specification on balances by product."""
    accounts, rows = [], []
    for product, balance in products.items():
        closed = (balance == 0.0).argmax(axis=1)
        for number, path in enumerate(balance):
            name, end = f"{product}{number:05d}", MONTHS[closed[number]] if closed[number] else pd.NaT
            accounts.append((name, product, "retail", pd.Timestamp("2016-11-30"), end))
            known = ~np.isnan(path)
            rows.append(pd.DataFrame({"account_id": name, "month": MONTHS[known], "balance": path[known]}))
    names = ["account_id", "product", "customer_type", "open_date", "close_date"]
    months = pd.concat(rows, ignore_index=True).assign(rate_paid=0.0, interest_credited=0.0)
    tables = {"accounts": pd.DataFrame(accounts, columns=names), "account_months": months}
    quotes = pd.DataFrame({"date": MONTHS, "index": "M", "value": 0.01 + 0.01 * np.sin(np.arange(60) / 8.0)})
    rates = RateHistory.from_table(quotes, {"short": "M"})
    panel = KIND.build_panel(CustomerHistory("deposit_history/1", tables), rates, SPEC)
    return KIND.fit(panel, nothing_held_back(panel, SPEC.split), SPEC), panel


def hazards(fitted: FittedModel, panel: Panel, product: str, view: View) -> np.ndarray:
    """Withdrawal of months 1 .. 60 at the middle of the curve's spreads."""
    tables = KIND.export(fitted, ExportContext(MONTHS[-1], panel, RateHistory({}, {})))
    curve = next(one for one in tables[0].curves if one.segment == (product, "retail") and one.view is view)
    every = np.arange(1, 61)
    middle = {driver: np.full(60, np.median(grid)) for driver, grid in curve.driver_grids.items()}
    return np.asarray(curve.at(every, middle).values)


def test_balances_drawn_down_before_closing_are_no_proof_of_a_slow_pace() -> None:
    """All accounts are alike but for their size: what leaves a month is the same share in every year to come."""
    fitted, panel = learn({"savings": drawn_down(2_500)})
    assert fitted.facts.get("variance of accounts' pace", 0.0) < 0.5
    decay = hazards(fitted, panel, "savings", View.WITH_REDEPOSITS)
    assert float(np.prod(1.0 - decay)) == pytest.approx((1.0 - DECIDE) ** 60, abs=0.08)


def test_accounts_count_as_of_the_usual_size_of_their_segment() -> None:
    matrix = FeatureMatrix(("age_months", SIZE), np.array([[3.0, 5.0], [4.0, 9.0], [5.0, 7.0]]), (0, 0))
    sizes = usual_by_segment(matrix.values[:, 1], np.array([0, 0, 1]), 2)
    assert sizes == pytest.approx((7.0, 7.0, 7.0))
    alike = at_usual_size(matrix, np.array([0, 1, -1]), (7.0, 6.0, 6.5))
    np.testing.assert_array_equal(alike.values, [[3.0, 7.0], [4.0, 6.0], [5.0, 6.5]])
    np.testing.assert_array_equal(at_usual_size(matrix, np.zeros(3, dtype=np.int64), ()).values, matrix.values)


def test_swings_of_one_segment_are_no_fall_of_anothers_lowest_balance() -> None:
    """Salary accounts, full or nearly empty, beside savings that hardly move: the month that liquidity counts."""
    balances = {"checking": swinging(600, 1.0), "savings": swinging(600, 0.1)}
    fitted, panel = learn(balances)
    for product, held in balances.items():
        here = ~np.isnan(held[:, :-1]) & (held[:, :-1] > 0)
        before, after = held[:, :-1][here], held[:, 1:][here]
        realised = 1.0 - np.minimum(before, after).sum() / before.sum()
        found = hazards(fitted, panel, product, View.MINIMUM_BALANCE)[0]
        assert found == pytest.approx(realised, abs=0.02), product
