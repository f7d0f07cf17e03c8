"""A history in parts gives the panel of the whole, whatever the order of its rows and wherever it is cut."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from behavior.errors import ContractFault, FittingError
from behavior.io.history_parts import HistoryParts
from behavior.panel.account_months import DepositPanelRules
from behavior.panel.base import CustomerHistory, Panel
from behavior.panel.deposits import build_deposit_panel
from behavior.panel.loans import LoanPanelRules, build_loan_panel
from behavior.panel.parts import kept_panel, loan_panels
from behavior.simulator import SimulatedBank, SimulatorSettings, simulate

LOANS, DEPOSITS = LoanPanelRules(in_the_money_above=0.005), DepositPanelRules()


@cache
def bank() -> SimulatedBank:
    return simulate(SimulatorSettings(loans=120, accounts=150, minimum_balance_paths=2), seed=5)


def months_of(history: CustomerHistory) -> str:
    return next(name for name in history.tables if name.endswith("_months"))


def written(history: CustomerHistory, folder: Path, by_month: bool, rows_at_once: int) -> HistoryParts:
    name = months_of(history)
    rows = history.tables[name]
    rows = rows.sort_values("month", kind="stable") if by_month else rows
    rows.to_parquet(folder / "months.parquet", index=False, row_group_size=500)
    units = history.tables[name.removesuffix("_months") + "s"]
    return HistoryParts(history.contract, units, folder / "months.parquet", rows_at_once)


def assert_same(found: Panel, wanted: Panel) -> None:
    assert_same_rows(found.table, wanted.table)
    assert (found.entries is None) == (wanted.entries is None)
    if found.entries is not None and wanted.entries is not None:
        assert_same_rows(found.entries, wanted.entries)
    left_out = "customers left out of a sample, months at risk"
    assert {why: count for why, count in found.dropped.items() if why != left_out} == dict(wanted.dropped)


def assert_same_rows(found: pd.DataFrame, wanted: pd.DataFrame) -> None:
    by = ["unit", "month"]
    one, two = (
        table.sort_values(by)
        .reset_index(drop=True)
        .apply(lambda cells: cells.astype(object) if isinstance(cells.dtype, pd.CategoricalDtype) else cells)
        for table in (found, wanted)
    )
    pd.testing.assert_frame_equal(one[sorted(one)], two[sorted(two)], rtol=1e-12, atol=1e-15, check_like=True)


@pytest.mark.parametrize("by_month", [False, True])
def test_loans_in_parts(tmp_path: Path, by_month: bool) -> None:
    history = bank().mortgages
    parts = written(history, tmp_path, by_month, 1_000)
    assert len(list(parts)) > 3
    found = kept_panel(loan_panels(parts, bank().rate_history, LOANS), 1.0, 0)
    assert_same(found, build_loan_panel(history, bank().rate_history, LOANS))


@pytest.mark.parametrize("by_month", [False, True])
def test_accounts_in_parts_stay_with_those_they_continue(tmp_path: Path, by_month: bool) -> None:
    history = bank().deposits
    accounts = history.tables["accounts"]
    assert accounts["successor_id"].notna().sum() > 5
    parts = written(history, tmp_path, by_month, 1_000)
    panels = [build_deposit_panel(part, bank().rate_history, DEPOSITS) for part in parts]
    assert len(panels) > 3
    assert_same(kept_panel(panels, 1.0, 0), build_deposit_panel(history, bank().rate_history, DEPOSITS))


def test_rows_in_any_order_give_the_same_panel() -> None:
    for history, build, rules in (
        (bank().mortgages, build_loan_panel, LOANS),
        (bank().deposits, build_deposit_panel, DEPOSITS),
    ):
        name = months_of(history)
        mixed = {**history.tables, name: history.tables[name].sample(frac=1.0, random_state=4)}
        other = build(CustomerHistory(history.contract, mixed), bank().rate_history, rules)
        assert_same(other, build(history, bank().rate_history, rules))


@pytest.mark.parametrize("seed", [4, 5])
def test_units_in_any_order_give_the_same_panel_to_the_last_bit(seed: int) -> None:
    rows = bank().deposits.tables["account_months"]
    changed = rows.assign(
        product=np.where(rows.index % 997 == 5, "fixed", np.where(rows.index % 991 == 7, "notice", None))
    )
    deposits = CustomerHistory("deposit_history/1", {**bank().deposits.tables, "account_months": changed})
    for history, build, rules in (
        (bank().mortgages, build_loan_panel, LOANS),
        (deposits, build_deposit_panel, DEPOSITS),
    ):
        mixed = {name: table.sample(frac=1.0, random_state=seed) for name, table in history.tables.items()}
        found = build(CustomerHistory(history.contract, mixed), bank().rate_history, rules)
        wanted = build(history, bank().rate_history, rules)
        pd.testing.assert_frame_equal(found.table, wanted.table, check_exact=True)
        assert dict(found.dropped) == dict(wanted.dropped)
        assert wanted.table["unit"].drop_duplicates().is_monotonic_increasing


def test_a_share_of_the_customers_is_whole_customers_and_the_same_whatever_the_parts(tmp_path: Path) -> None:
    history = bank().mortgages
    whole = build_loan_panel(history, bank().rate_history, LOANS)
    panels = list(loan_panels(written(history, tmp_path, False, 700), bank().rate_history, LOANS))
    found = kept_panel(panels, 0.3, 7)
    assert_same(found, Panel(kept_panel([whole], 0.3, 7).table, whole.dropped))
    names = set(found.table["customer"])
    assert 0.1 < len(names) / whole.table["customer"].nunique() < 0.5
    assert len(found.table) == whole.table["customer"].isin(names).sum()
    with pytest.raises(FittingError, match="larger share"):
        kept_panel([whole], 0.0, 7)


def test_faults_of_a_part_are_said(tmp_path: Path) -> None:
    history = bank().mortgages
    rows = history.tables["loan_months"].copy()
    rows.loc[rows.index[-1], "rate"] = np.nan
    rows["age_months"] = rows["age_months"].where(rows.index != rows.index[10], -4)
    rows.to_parquet(tmp_path / "months.parquet", index=False)
    parts = HistoryParts(history.contract, history.tables["loans"], tmp_path / "months.parquet", 10**9)
    with pytest.raises(ContractFault, match="age_months"):
        list(parts)
