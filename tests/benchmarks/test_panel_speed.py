"""Speed of panel building, tables as read to the panel; run with --benchmark-only."""

from __future__ import annotations

import time

import numpy as np
import pandas as pd
import pytest

from behavior.market.history import RateHistory
from behavior.panel.account_months import DepositPanelRules
from behavior.panel.base import CustomerHistory, Panel
from behavior.panel.deposits import build_deposit_panel
from behavior.panel.loans import LoanPanelRules, build_loan_panel

MONTHS, UNITS = 100, 20_000
ENDS = pd.date_range("2015-01-31", periods=MONTHS, freq="ME")
COUNT = MONTHS * UNITS


def rates() -> RateHistory:
    months = pd.date_range("2010-01-31", periods=180, freq="ME")
    table = pd.DataFrame({"date": months, "index": "M30", "value": 0.03 + 0.01 * np.sin(np.arange(180) / 20)})
    return RateHistory.from_table(
        pd.concat([table, table.assign(index="SHORT")]), {"mortgage": "M30", "short": "SHORT"}
    )


def names(letter: str) -> pd.Series:
    return pd.Series([f"{letter}{place:07d}" for place in range(UNITS)])


def loans() -> CustomerHistory:
    rng = np.random.default_rng(0)
    table = pd.DataFrame(
        {
            "loan_id": names("L"),
            "origination_date": pd.Timestamp("2014-12-15"),
            "original_balance": 200_000.0,
            "original_term_months": 360,
            "original_rate": rng.uniform(0.02, 0.05, UNITS),
            "product": "mortgage",
            "region": rng.choice(["north", "south", "west"], UNITS),
            "purpose": rng.choice(["purchase", "refinance"], UNITS),
            "credit_score": rng.normal(700, 50, UNITS),
            "ltv": 0.8,
        }
    )
    left = 200_000.0 * (1.0 - np.arange(1, MONTHS + 1) / 400.0)
    months = pd.DataFrame(
        {
            "loan_id": names("L").repeat(MONTHS).reset_index(drop=True),
            "month": np.tile(ENDS, UNITS),
            "balance": np.tile(left, UNITS),
            "rate": np.repeat(table["original_rate"].to_numpy(), MONTHS),
            "age_months": np.tile(np.arange(1, MONTHS + 1), UNITS),
            "status": pd.Series("open", index=range(COUNT)),
            "curtailment": np.where(rng.random(COUNT) < 0.05, 100.0, 0.0),
            "house_price_index": np.tile(np.linspace(100, 150, MONTHS), UNITS),
        }
    )
    return CustomerHistory("mortgage_history/1", {"loans": table, "loan_months": months})


def deposits() -> CustomerHistory:
    rng = np.random.default_rng(0)
    accounts = pd.DataFrame(
        {
            "account_id": names("A"),
            "product": rng.choice(["savings", "checking"], UNITS),
            "customer_type": "retail",
            "open_date": pd.Timestamp("2012-03-10"),
            "close_date": pd.NaT,
        }
    )
    months = pd.DataFrame(
        {
            "account_id": names("A").repeat(MONTHS).reset_index(drop=True),
            "month": np.tile(ENDS, UNITS),
            "balance": rng.uniform(100, 1_000, COUNT),
            "rate_paid": 0.01,
            "interest_credited": 1.0,
            "credits": rng.uniform(0, 10, COUNT),
            "debits": 0.0,
        }
    )
    return CustomerHistory("deposit_history/1", {"accounts": accounts, "account_months": months})


def loan_panel(history: CustomerHistory, market: RateHistory) -> Panel:
    return build_loan_panel(history, market, LoanPanelRules(in_the_money_above=0.005))


def deposit_panel(history: CustomerHistory, market: RateHistory) -> Panel:
    return build_deposit_panel(history, market, DepositPanelRules())


@pytest.mark.benchmark
@pytest.mark.parametrize("kind", ["loans", "deposits"])
def test_panel_of_two_million_customer_months(benchmark, kind: str) -> None:
    """Dense monthly rows to the panel with every column; customer-months a CPU-second."""
    history, build = (loans(), loan_panel) if kind == "loans" else (deposits(), deposit_panel)
    market, spent = rates(), []

    def once() -> Panel:
        begun = time.process_time()
        made = build(history, market)
        spent.append(time.process_time() - begun)
        return made

    panel = benchmark.pedantic(once, rounds=5, warmup_rounds=1)
    late = UNITS if kind == "deposits" else 0  # the first month of a late entry only gives the opening balance
    assert len(panel.table) == COUNT - late
    benchmark.extra_info["customer_months_a_cpu_second"] = COUNT / min(spent)
    print(f"\n{kind}: {COUNT / min(spent) / 1e6:.1f} million customer-months a CPU-second")
