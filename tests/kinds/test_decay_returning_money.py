"""Money that leaves an account and comes back: what left and what came back are both counted."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from behavior.kinds.nmd_decay import KIND, _as_predictions
from behavior.market.history import RateHistory
from behavior.panel.base import CustomerHistory, Panel
from behavior.panel.split import split_panel
from behavior.specs import parse_spec

SPEC = parse_spec(
    (Path(__file__).resolve().parents[2] / "models" / "nmd_decay" / "spec.toml").read_text(), "nmd_decay/spec.toml"
)
MONTHS, ACCOUNTS = 40, 60
LEVELS = {"emptied": 0.0, "overdrawn": -200.0}


def bank(dip: float, seed: int = 4) -> Panel:
    """Accounts of which some stand empty or overdrawn for a month, one balance is masked and some accounts close."""
    rng = np.random.default_rng(seed)
    months = pd.date_range("2019-01-31", periods=MONTHS, freq="ME")
    accounts, rows = [], []
    for number in range(ACCOUNTS):
        name = f"A{number:03d}"
        closes = int(rng.integers(10, MONTHS)) if number % 6 == 0 else None
        path = np.round(np.exp(8.0 + np.cumsum(0.03 * rng.standard_normal(MONTHS))), 2)
        dips = rng.random(MONTHS) < 0.05
        path[dips] = dip
        if number == 7:
            path[12] = np.nan
        for place in range(MONTHS if closes is None else closes + 1):
            held = 0.0 if place == closes else path[place]
            rows.append((name, months[place], held, 0.001, 0.0))
        kind = "retail_transactional" if number % 2 else "wholesale"
        end = pd.NaT if closes is None else months[closes] - pd.Timedelta(days=3)
        accounts.append((name, name, "checking", kind, pd.Timestamp("2015-06-10"), end))
    account_names = ["account_id", "customer_id", "product", "customer_type", "open_date", "close_date"]
    month_names = ["account_id", "month", "balance", "rate_paid", "interest_credited"]
    history = CustomerHistory(
        "deposit_history/1",
        {
            "accounts": pd.DataFrame(accounts, columns=account_names),
            "account_months": pd.DataFrame(rows, columns=month_names),
        },
    )
    dates = pd.date_range("2018-11-30", periods=MONTHS + 3, freq="ME")
    quotes = pd.DataFrame({"date": dates, "index": "MARKET1M", "value": np.linspace(0.0, 0.02, len(dates))})
    return KIND.build_panel(history, RateHistory.from_table(quotes, {"short": "MARKET1M"}), SPEC)


@pytest.mark.parametrize("dip", LEVELS.values(), ids=list(LEVELS))
def test_every_segment_and_month_adds_up_to_what_left_less_what_came_back(dip: float) -> None:
    panel = bank(dip)
    table = panel.table
    made = _as_predictions(SPEC, panel, {"predicted": np.zeros(len(table))}).table
    known = table["balance_known"] > 0
    left = np.where(known, table["weight"] - table["balance_before_interest"], 0.0)
    keys = [made["segment"], made["month"]]
    found = (made["weight"] * made["actual"]).groupby(keys).sum()
    assert (table["weight"][known] == 0).sum() > 20 and (~known).sum() == 2
    assert found.to_numpy() == pytest.approx(pd.Series(left).groupby(keys).sum().to_numpy(), rel=1e-12, abs=1e-6)


@pytest.mark.parametrize("dip", LEVELS.values(), ids=list(LEVELS))
def test_the_whole_is_the_net_decay_of_closures_and_survivors_balances(dip: float) -> None:
    """Exits by balance and growth of those who stay, as the report's own table takes decay apart."""
    from behavior.kinds._decay_exhibits import decomposition

    panel = bank(dip)
    made = _as_predictions(SPEC, panel, {"predicted": np.zeros(len(panel.table))}).table
    gone = made["weight"] * made["actual"]
    by_year = 100 * gone.groupby(made["month"].dt.year).sum() / made["weight"].groupby(made["month"].dt.year).sum()
    table = decomposition(panel, np.ones(len(made), dtype=bool)).data
    assert table["year"].map(type).eq(str).all(), "a year is no amount: it is printed without a comma"
    apart = table["net decay, % a month"]
    assert by_year.to_numpy() == pytest.approx(apart.to_numpy(), rel=1e-3, abs=1e-3)


@pytest.mark.parametrize("dip", LEVELS.values(), ids=list(LEVELS))
def test_growth_of_survivors_counts_what_fills_an_account_again_and_says_so(dip: float) -> None:
    """Without those rows the fall of an account that empties would stand alone, and growth would be that much lower."""
    from behavior.kinds._decay_exhibits import decomposition

    table = bank(dip).table
    exhibit = decomposition(bank(dip), np.ones(len(table), dtype=bool))
    stay = table[(table["balance_known"] > 0) & (table["closed"] == 0)]
    sums = stay.groupby(stay["month"].dt.year)[["balance_before_interest", "weight"]].sum()
    whole = 100 * (sums["balance_before_interest"] / sums["weight"] - 1)
    assert exhibit.data["growth of survivors, % a month"].to_numpy() == pytest.approx(whole.to_numpy(), rel=1e-9)
    held = stay[stay["weight"] > 0].groupby(stay["month"].dt.year)["balance_before_interest"].sum()
    assert ((sums["balance_before_interest"] - held) / sums["weight"] > 0.01).all()
    assert "fills an account that stood empty or overdrawn" in exhibit.note


def test_an_empty_account_that_fills_again_bends_no_line_and_swamps_no_loss() -> None:
    """Its flow is in every sum; a slope or a squared error would be that of a few rows of no balance."""
    from behavior.validation.benchmark import CHECK as BENCHMARK
    from behavior.validation.calibration import CHECK as CALIBRATION

    panel = bank(0.0)
    rng = np.random.default_rng(1)
    wave = 0.02 + 0.01 * rng.standard_normal(len(panel.table))
    columns = {"predicted": wave, "challenger": np.full(len(wave), 0.02), "benchmark": np.full(len(wave), 0.02)}
    made = _as_predictions(SPEC, panel, columns)
    table = made.table
    assert table["actual"].min() < -50.0
    given = judged(panel, made)
    figures = CALIBRATION.run(given).values
    rows = table[given.split.test & (table["weight"] > 0).to_numpy()]
    total = float((rows["weight"] * rows["actual"]).sum() / (rows["weight"] * rows["predicted"]).sum())
    assert figures["ratio"] == pytest.approx(total)
    assert abs(figures["slope"]) < 10.0
    assert BENCHMARK.run(given).values["loss"] < 100.0


def judged(panel: Panel, made):  # type: ignore[no-untyped-def]
    """What checks read of predictions, without a model."""
    from types import SimpleNamespace

    split = split_panel(panel, SPEC.split)
    return SimpleNamespace(kind=KIND, panel=panel, split=split, predictions=made, seed=1)
