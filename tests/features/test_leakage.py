"""Planted leaks are caught and fail the run; honest features pass."""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd
import pytest

from behavior.features.leakage import LeakFound
from behavior.features.separation import area_under_curve
from behavior.kinds.mortgage_prepayment import KIND
from behavior.panel.base import CustomerHistory
from behavior.panel.split import split_panel
from behavior.simulator import simulate
from behavior.simulator.settings import small_settings
from behavior.specs import ModelSpec, parse_spec

SPEC = """
[model]
kind = "mortgage_prepayment"
version = 1
owner = "tests"
[history]
contract = "mortgage_history/1"
[features]
use = ["incentive", "age_months", "month_of_year"{extra}]
[estimator]
family = "s_curve_hazard"
"""


def spec_with(extra: str = "") -> ModelSpec:
    return parse_spec(SPEC.replace("{extra}", f', "{extra}"' if extra else ""), "spec.toml")


@cache
def bank():
    return simulate(small_settings(), seed=5)


def planted(column: str) -> CustomerHistory:
    """The small bank's loans with one more column that knows the outcome."""
    tables = dict(bank().mortgages.tables)
    loans, months = tables["loans"].copy(), tables["loan_months"].copy()
    last = months.groupby("loan_id").tail(1).set_index("loan_id")
    rows = months.groupby("loan_id").size()
    ended = last["status"].eq("prepaid")
    exit_balance = np.where(ended, 0.0, last["balance"])
    numbers = pd.Series(np.arange(len(last)), index=last.index)
    planted_columns = {
        "record_length": rows + last["age_months"] - rows,
        "encoded_id": numbers + np.where(ended, 1_000_000 + last["age_months"] * 10_000, 0),
        "id_of_who_paid": numbers + np.where(ended, 1_000_000, 0),
        "last_balance": pd.Series(exit_balance, index=last.index),
    }
    if column in planted_columns:
        loans[column] = loans["loan_id"].map(planted_columns[column]).astype(float)
    if column == "prefix_of_who_paid":
        loans[column] = np.where(loans["loan_id"].map(ended), "P", "K")
    if column == "exit_month_balance":
        # A month's own end balance, written so that the month before shows it.
        shown = months["balance"].where(months["status"] != "prepaid", 0.0)
        months[column] = shown.groupby(months["loan_id"]).shift(-1)
        own = pd.Series(exit_balance, index=last.index).reindex(months["loan_id"]).to_numpy()
        months[column] = months[column].where(months[column].notna(), own)
    if column == "future_rate":
        rates = bank().rate_history
        ahead = months["month"] + pd.offsets.MonthEnd(6)
        months[column] = rates.monthly("mortgage", ahead.to_numpy())
    return CustomerHistory("mortgage_history/1", {**tables, "loans": loans, "loan_months": months})


LEAKS = [
    "exit_month_balance", "record_length", "encoded_id", "id_of_who_paid", "prefix_of_who_paid", "last_balance",
    "future_rate",
]  # fmt: skip


@pytest.mark.parametrize("column", LEAKS)
def test_planted_leak_fails_the_run(column: str) -> None:
    spec = spec_with(column)
    panel = KIND.build_panel(planted(column), bank().rate_history, spec)
    with pytest.raises(LeakFound, match=column):
        KIND.fit(panel, split_panel(panel, spec.split), spec)


def test_identifier_is_refused_whatever_it_says() -> None:
    spec = spec_with("unit")
    panel = KIND.build_panel(bank().mortgages, bank().rate_history, spec)
    with pytest.raises(LeakFound, match="identifier"):
        KIND.fit(panel, split_panel(panel, spec.split), spec)


@pytest.mark.parametrize("column", ["", "vintage", "rate_at_the_start"])
def test_honest_features_pass(column: str) -> None:
    """Who came earlier had longer to leave, and a rate known when the month begins is no future."""
    spec = spec_with(column)
    tables = dict(bank().mortgages.tables)
    loans, months = tables["loans"].copy(), tables["loan_months"].copy()
    loans["vintage"] = loans["origination_date"].dt.year * 12.0 + loans["origination_date"].dt.month
    months["rate_at_the_start"] = bank().rate_history.monthly("mortgage", months["month"].to_numpy())
    history = CustomerHistory("mortgage_history/1", {**tables, "loans": loans, "loan_months": months})
    panel = KIND.build_panel(history, bank().rate_history, spec)
    assert KIND.fit(panel, split_panel(panel, spec.split), spec).facts["payoffs"] > 0


def test_area_under_curve_counts_ties_half() -> None:
    score = np.array([0.1, 0.25, 0.35, 0.4, 0.55, 0.6, 0.7, 0.72, 0.8, 0.95])
    event = np.array([0, 0, 1, 0, 0, 1, 1, 0, 1, 1.0])
    assert area_under_curve(score, event) == pytest.approx(0.8)
    assert area_under_curve(np.ones(10), event) == 0.5
