"""The simulated bank keeps the contracts, ties out, and is the same for the same seed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from behavior.contracts import check, check_between
from behavior.engine.contracts import BOOK
from behavior.io.bank_writer import write_bank
from behavior.io.settings import parse_settings
from behavior.market.contracts import CURVES, RATE_HISTORY
from behavior.market.curves import CurveSet
from behavior.panel.contracts import CONTROL_TOTALS, DEPOSIT_HISTORY, MORTGAGE_HISTORY, PRODUCT_RATE_HISTORY
from behavior.simulator import SimulatedBank, simulate, small_settings
from behavior.simulator.rates import simulate_rates
from behavior.simulator.settings import SimulatorSettings

GROUPS = (MORTGAGE_HISTORY, DEPOSIT_HISTORY, PRODUCT_RATE_HISTORY, CONTROL_TOTALS, RATE_HISTORY, CURVES, BOOK)


@pytest.mark.parametrize("group", GROUPS, ids=lambda group: group.id)
def test_every_table_keeps_its_contract(bank: SimulatedBank, group) -> None:
    tables = bank.tables()
    faults = [fault for contract in group.tables for fault in check(tables[contract.table], contract)]
    faults += check_between({contract.table: tables[contract.table] for contract in group.tables}, group)
    assert [str(fault) for fault in faults] == []


def test_settings_are_read_by_the_door(bank: SimulatedBank) -> None:
    settings = parse_settings(bank.settings, "settings.toml")
    assert settings.book_equity > settings.tier1 > 0
    assert set(settings.index_roles) == {"short", "mortgage"}


def test_size_of_the_default_bank(bank: SimulatedBank) -> None:
    assert len(bank.mortgages.tables["loans"]) >= 20_000
    assert len(bank.deposits.tables["accounts"]) >= 20_000
    months = bank.mortgages.tables["loan_months"]["month"]
    assert months.nunique() >= 180
    assert bank.mortgages.tables["loan_months"]["loan_id"].nunique() == len(bank.mortgages.tables["loans"])
    assert bank.deposits.tables["account_months"]["account_id"].nunique() == len(bank.deposits.tables["accounts"])


@pytest.mark.parametrize("seed", range(12))
def test_rates_have_two_full_cycles_inside_the_history(seed: int) -> None:
    paths = simulate_rates(SimulatorSettings(), np.random.default_rng(seed))
    short = paths.short[paths.first :]
    # Swings of at least 2 points between a running low and a running high, in order.
    swings, low, high, rising = [], short[0], short[0], True
    for rate in short:
        low, high = min(low, rate), max(high, rate)
        if rising and high - rate >= 0.02:
            swings.append("up")
            rising, low = False, rate
        elif not rising and rate - low >= 0.02:
            swings.append("down")
            rising, high = True, rate
    assert swings[:4] == ["up", "down", "up", "down"] or swings[:3] == ["up", "down", "up"]
    assert short.min() > 0 and short.max() < 0.08
    assert swings.count("up") == 2
    forwards = -np.diff(np.exp(-paths.zeros * np.array([1, 3, 6, 12, 24, 36, 60, 84, 120, 180, 240, 360]) / 12), axis=1)
    assert (forwards > 0).all(), "negative forward rates"


def test_same_seed_same_bytes(tmp_path: Path) -> None:
    first = write_bank(simulate(small_settings(), seed=5), tmp_path / "one")
    again = write_bank(simulate(small_settings(), seed=5), tmp_path / "two")
    other = write_bank(simulate(small_settings(), seed=6), tmp_path / "three")
    assert first == again
    assert all(first[name] != other[name] for name in first)


@pytest.mark.slow
def test_same_seed_same_bytes_at_full_size(bank: SimulatedBank, tmp_path: Path) -> None:
    assert write_bank(bank, tmp_path / "one") == write_bank(simulate(), tmp_path / "two")


def test_control_totals_tie_to_the_cent(bank: SimulatedBank) -> None:
    totals = bank.control_totals
    for table, key, units in (("loan_months", "loan_id", "loans"), ("account_months", "account_id", "accounts")):
        months = bank.tables()[table].merge(bank.tables()[units][[key, "product"]], on=key)
        found = months.groupby(["month", "product"])["balance"].agg(["sum", "count"])
        mine = totals[totals["table"] == table].set_index(["month", "product"])
        held = found.loc[mine.index]
        assert len(mine) > 150
        np.testing.assert_allclose(held["sum"], mine["balance"], atol=0.01)
        assert (held["count"] == mine["rows"]).all()


def test_book_ties_to_the_last_month(bank: SimulatedBank) -> None:
    book, as_of = bank.book.set_index("position_id"), pd.Timestamp(bank.simulator.as_of)
    loans = bank.mortgages.tables["loan_months"]
    last = loans[(loans["month"] == as_of) & (loans["status"] == "open")].set_index("loan_id")
    lent = book[book["product"].str.startswith("mortgage")]
    assert set(lent.index) == set(last.index)
    assert (lent["balance"] == last.loc[lent.index, "balance"]).all()
    fixed = lent[lent["rate_type"] == "fixed"]
    assert (fixed["rate"] == last.loc[fixed.index, "rate"]).all()
    accounts = bank.deposits.tables["account_months"]
    held = accounts[(accounts["month"] == as_of) & (accounts["balance"] > 0)].set_index("account_id")
    deposits = book[book["rate_type"] == "administered"]
    assert set(deposits.index) == set(held.index)
    assert (deposits["balance"] == held.loc[deposits.index, "balance"]).all()
    assert (deposits["rate"] == held.loc[deposits.index, "rate_paid"]).all()


def test_book_is_a_bank(bank: SimulatedBank) -> None:
    book, as_of = bank.book, pd.Timestamp(bank.simulator.as_of)
    assert (book["origination_date"] <= as_of).all()
    assert (book["maturity_date"].dropna() > as_of).all()
    assert (book["next_reset_date"].dropna() > as_of).all()
    assert (book.groupby("trade_id")["side"].agg(sorted).map(tuple) == ("pay", "receive")).all()
    floating = book[book["rate_type"] == "floating"]
    assert floating[["index", "spread", "next_reset_date", "reset_months"]].notna().all().all()
    sign = book["side"].map({"asset": 1.0, "liability": -1.0}).fillna(0.0)
    equity = float((sign * book["balance"]).sum())
    assets = float(book.loc[book["side"] == "asset", "balance"].sum())
    assert bank.settings["book_equity"] == pytest.approx(equity)
    assert 0.05 < equity / assets < 0.15, "equity"
    income = float((sign * book["balance"] * book["rate"]).sum())
    assert 0.01 < income / assets < 0.05


def test_fixed_loans_amortise_as_annuities(bank: SimulatedBank) -> None:
    loans, months = bank.mortgages.tables["loans"], bank.mortgages.tables["loan_months"]
    wanted = loans[(loans["rate_type"] == "fixed")]["loan_id"].iloc[:400]
    rows = months[months["loan_id"].isin(wanted) & (months["status"] == "open")].merge(loans, on="loan_id")
    rows["before"] = rows.groupby("loan_id")["balance"].shift()
    rows = rows.dropna(subset="before")
    rate, left = rows["rate"] / 12, rows["original_term_months"] - rows["age_months"] + 1
    expected = rows["before"] - rows["before"] * rate / ((1 + rate) ** left - 1) - rows["curtailment"]
    np.testing.assert_allclose(rows["balance"], expected, atol=0.02)


def test_curves_have_history_and_hold_todays_mortgage_rate(bank: SimulatedBank) -> None:
    curves = CurveSet.from_table(bank.curves, bank.simulator.as_of)
    assert curves.indices("USD") == ("MORTGAGE30", "SOFR", "discount")
    today = bank.rate_history.at("mortgage", np.array([np.datetime64(bank.simulator.as_of)]))[0]
    assert curves.projecting("USD", "MORTGAGE30").zero_rates[0] == pytest.approx(today)
    assert bank.curves["as_of"].nunique() > 192
    month = 1 / 12
    simple = float(np.expm1(curves.discounting("USD").forward_zero(np.array([0.0]), np.array([month]))[0] * month) * 12)
    assert simple == pytest.approx(bank.rate_history.at("short", [bank.simulator.as_of])[0], abs=2e-5)
