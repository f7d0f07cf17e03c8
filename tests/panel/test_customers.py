"""Whose each unit is: one customer's units stay together, whatever else is not known."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pandas as pd

from behavior.panel.account_months import DepositPanelRules
from behavior.panel.base import CustomerHistory
from behavior.panel.deposits import build_deposit_panel
from behavior.panel.exposures import build_exposure_panel
from behavior.panel.loans import LoanPanelRules, build_loan_panel
from behavior.panel.split import held_out_customers

_spec = importlib.util.spec_from_file_location("small_histories", Path(__file__).with_name("small_histories.py"))
assert _spec is not None and _spec.loader is not None
small = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(small)

UNNAMED = "{} without a customer_id: each its own customer"


def deposits(owners: list[dict[str, object]]):
    rows = [small.account_rows(str(one["account_id"]), "2015-01-31", [100.0, 90.0, 80.0]) for one in owners]
    return build_deposit_panel(small.deposits(small.accounts(owners), *rows), small.market(), DepositPanelRules())


def test_one_account_without_a_customer_leaves_the_others_with_theirs() -> None:
    owners = [
        {"account_id": f"a{place:02d}", "customer_id": f"c{place // 2:02d}" if place else None} for place in range(40)
    ]
    panel = deposits(owners)
    assert panel.table["customer"].unique().tolist() == ["account a00", *(f"c{place:02d}" for place in range(20))]
    assert panel.dropped[UNNAMED.format("accounts")] == 1
    sides = panel.table.assign(held=held_out_customers(panel.table["customer"], 0.5, 3))
    of_customer = sides["unit"].map({one["account_id"]: one["customer_id"] for one in owners})
    assert sides.groupby(of_customer)["held"].nunique().max() == 1


def test_accounts_without_any_customer_are_their_own_and_counted_where_the_column_is_there() -> None:
    absent = deposits([{"account_id": "a"}, {"account_id": "b"}])
    assert absent.table["customer"].tolist() == absent.table["unit"].tolist()
    assert UNNAMED.format("accounts") not in absent.dropped
    empty = deposits([{"account_id": "a", "customer_id": None}, {"account_id": "b", "customer_id": None}])
    assert empty.table["customer"].unique().tolist() == ["account a", "account b"]
    assert empty.dropped[UNNAMED.format("accounts")] == 2


def test_a_successor_without_a_customer_is_its_predecessors() -> None:
    old = {"account_id": "a", "close_date": pd.Timestamp("2015-03-20"), "successor_id": "b"}
    new = {"account_id": "b", "product": "term"}
    named = deposits([{**old, "customer_id": "c"}, {**new, "customer_id": None}])
    assert named.table["customer"].unique().tolist() == ["c"]
    assert deposits([old, new]).table["customer"].unique().tolist() == ["a"]
    same = deposits([old, {**new, "product": "savings"}])
    assert same.table[["unit", "customer"]].drop_duplicates().to_numpy().tolist() == [["a", "a"]]


def test_one_loan_without_a_customer_leaves_the_others_with_theirs() -> None:
    names = ["l0", "l1", "l2", "l3"]
    owners = small.loans(
        [{"loan_id": name, "customer_id": who} for name, who in zip(names, ["c", None, "c", None], strict=True)]
    )
    rows = [small.loan_rows(name, "2015-02-28", 1, [99_000.0, 98_000.0]) for name in names]
    panel = build_loan_panel(small.mortgage(owners, *rows), small.market(), LoanPanelRules())
    whose = panel.table.drop_duplicates("unit").set_index("unit")["customer"]
    assert whose.to_dict() == {"l0": "c", "l1": "loan l1", "l2": "c", "l3": "loan l3"}
    assert panel.dropped[UNNAMED.format("loans")] == 2


def test_one_stretch_without_a_customer_leaves_the_others_with_theirs() -> None:
    rows = [("u0", "c"), ("u1", None), ("u2", "c"), ("u3", None)]
    stretch = {"month": pd.Timestamp("2015-03-31"), "from_months": 0, "to_months": 3, "status": "open"}
    table = pd.DataFrame([{"unit_id": unit, "customer_id": who, **stretch} for unit, who in rows])
    panel = build_exposure_panel(CustomerHistory("exposure_history/1", {"exposures": table}))
    whose = panel.table.drop_duplicates("unit").set_index("unit")["customer"]
    assert whose.to_dict() == {"u0": "c", "u1": "unit u1", "u2": "c", "u3": "unit u3"}
    assert panel.dropped["stretches without a customer_id: their unit its own customer"] == 2
