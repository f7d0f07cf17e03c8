"""What happens to loans and accounts is what the contracts say a history holds."""

from __future__ import annotations

import numpy as np
import pandas as pd

from behavior.panel.loans import LoanPanelRules, build_loan_panel
from behavior.simulator import SimulatedBank


def test_loans_end_in_every_way_and_some_enter_late(bank: SimulatedBank) -> None:
    months = bank.mortgages.tables["loan_months"]
    assert set(months["status"]) == {"open", "prepaid", "matured", "default", "transferred"}
    first = months.groupby("loan_id")["age_months"].first()
    start = months["month"].min()
    bought = months.groupby("loan_id")["month"].first() > start
    assert (first == 1).mean() > 0.5
    assert (first > 1).mean() > 0.15
    assert ((first > 1) & bought).sum() > 500, "no loan was bought"
    assert (months.groupby("loan_id")["month"].diff().dropna().dt.days.between(28, 31)).all()
    assert (months["curtailment"] > 0).sum() > 1_000


def test_adjustable_loans_take_their_new_rate_the_month_after_refixing(bank: SimulatedBank) -> None:
    months = bank.mortgages.tables["loan_months"].merge(bank.mortgages.tables["loans"], on="loan_id")
    changed = months["rate"].ne(months.groupby("loan_id")["rate"].shift()) & (months["age_months"] > 1)
    changed &= months["loan_id"].eq(months["loan_id"].shift())
    assert (months.loc[changed, "rate_type"] == "arm").all()
    assert ((months.loc[changed, "age_months"] - 61) % 12 == 0).all()
    assert changed.sum() > 1_000


def test_panel_sees_the_incentive_and_burnout_that_the_law_saw(small_bank: SimulatedBank) -> None:
    law = small_bank.truth.loans
    rules = LoanPanelRules(lag_months=law.lag_months, in_the_money_above=law.in_the_money_above)
    panel = build_loan_panel(small_bank.mortgages, small_bank.rate_history, rules).table
    truth = small_bank.truth.loan_life.truth.rename(columns={"loan_id": "unit"})
    both = panel.merge(truth, on=["unit", "month"], suffixes=("", "_true"))
    assert len(both) == len(panel)
    np.testing.assert_allclose(both["incentive"], both["incentive_true"], atol=1e-12)
    # Before an adjustable loan was held its rate is not in the tables, so its burnout at entry is not either.
    fixed = both["product"] != "mortgage_arm"
    assert (both["months_in_the_money"] == both["months_in_the_money_true"])[fixed].all()


def test_accounts_open_close_and_migrate_as_the_contracts_say(bank: SimulatedBank) -> None:
    accounts = bank.deposits.tables["accounts"].set_index("account_id")
    months = bank.deposits.tables["account_months"]
    moved = accounts.dropna(subset="successor_id")
    heirs = accounts.loc[moved["successor_id"]]
    same = (moved["product"].to_numpy() == heirs["product"].to_numpy()) & (
        moved["customer_type"].to_numpy() == heirs["customer_type"].to_numpy()
    )
    assert same.sum() > 200 and (~same).sum() > 200
    assert (heirs["open_date"].to_numpy() == moved["open_date"].to_numpy())[same].all()
    assert (heirs["open_date"].to_numpy() > moved["open_date"].to_numpy())[~same].all()
    assert (heirs["customer_id"].to_numpy() == moved["customer_id"].to_numpy()).all()
    assert moved["close_date"].notna().all()
    last = months.groupby("account_id").tail(1).set_index("account_id")
    closed = accounts["close_date"].notna()
    assert (last.loc[accounts.index[closed], "balance"] == 0).all()
    assert (last.loc[accounts.index[~closed], "month"] == pd.Timestamp(bank.simulator.as_of)).all()
    assert (last.loc[accounts.index[closed], "month"] == accounts["close_date"][closed] + pd.offsets.MonthEnd(0)).all()


def test_flows_of_every_account_month_add_up(bank: SimulatedBank) -> None:
    months = bank.deposits.tables["account_months"].copy()
    months["before"] = months.groupby("account_id")["balance"].shift()
    held = months.dropna(subset=["balance", "before"])
    moved = held["credits"] - held["debits"] + held["interest_credited"]
    np.testing.assert_allclose(held["balance"], held["before"] + moved, atol=0.011)
    interest = held["rate_paid"] / 12 * held["before"].clip(lower=0)
    open_rows = held["balance"] != 0
    np.testing.assert_allclose(held["interest_credited"][open_rows], interest[open_rows], atol=0.011)


def test_balances_grow_shrink_go_negative_and_are_masked(bank: SimulatedBank) -> None:
    months = bank.deposits.tables["account_months"]
    change = months.groupby("account_id")["balance"].pct_change(fill_method=None)
    assert 0.3 < (change > 0).mean() < 0.7
    assert 0.001 < months["balance"].isna().mean() < 0.01
    negative = months["balance"] < 0
    assert negative.sum() > 50
    assert (months.loc[negative, "balance"] >= -months.loc[negative, "overdraft_limit"]).all()
    quarter_end = months["month"].dt.month % 3 == 0
    assert months.loc[quarter_end, "balance"].notna().all()


def test_customers_hold_several_accounts(bank: SimulatedBank) -> None:
    accounts = bank.deposits.tables["accounts"]
    held = accounts.groupby("customer_id")["account_id"].size()
    assert 0.2 < (held > 1).mean() < 0.7
    assert accounts.groupby("customer_id")["customer_type"].nunique().max() <= 2
