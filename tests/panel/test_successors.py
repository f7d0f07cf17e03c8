"""Accounts that go on in another one of their product are one account; moves are into another product."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import pandas as pd

from behavior.panel.account_months import DepositPanelRules
from behavior.panel.base import Panel
from behavior.panel.deposits import build_deposit_panel
from behavior.panel.landmarks import balance_grid
from behavior.panel.successors import Successors

_spec = importlib.util.spec_from_file_location("small_histories", Path(__file__).with_name("small_histories.py"))
assert _spec is not None and _spec.loader is not None
small = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(small)

WAITING = "closing months whose successor has no row yet: balance unknown"
CENSORED = "accounts whose successor of the same product has no months: censored"
UNKNOWN = "successors not among the accounts: taken as moves into another product"


def build(accounts: list[dict[str, object]], *parts: pd.DataFrame) -> Panel:
    return build_deposit_panel(small.deposits(small.accounts(accounts), *parts), small.market(), DepositPanelRules())


def closed(account: str, day: str, successor: str, **more: object) -> dict[str, object]:
    return {"account_id": account, "close_date": pd.Timestamp(day), "successor_id": successor, **more}


def opened(account: str, day: str, **more: object) -> dict[str, object]:
    return {"account_id": account, "open_date": pd.Timestamp(day), **more}


def renewed_next_month() -> Panel:
    return build(
        [closed("a", "2015-03-31", "b"), opened("b", "2015-04-01")],
        small.account_rows("a", "2015-01-31", [100.0, 90.0, 0.0]),
        small.account_rows("b", "2015-04-30", [91.0, 92.0]),
    )


def test_an_account_renewed_in_the_month_after_was_never_empty() -> None:
    panel = renewed_next_month()
    assert panel.table["unit"].unique().tolist() == ["a"]
    assert panel.table["weight"].tolist() == [100.0, 90.0, 0.0, 91.0]
    assert panel.table["balance_known"].tolist() == [1, 0, 0, 1]
    assert panel.table[["closed", "migrated"]].to_numpy().sum() == 0
    assert panel.dropped[WAITING] == 1


def test_the_lowest_balance_of_a_renewed_account_is_not_the_gap_between_the_two() -> None:
    balance = balance_grid(renewed_next_month().table).balance[0]
    assert np.nanmin(balance) == 90.0


def test_money_still_on_the_closing_row_is_believed_until_the_successor_has_it() -> None:
    rows = small.account_rows("a", "2015-01-31", [100.0, 90.0, 90.0])
    later = build(
        [closed("a", "2015-03-31", "b"), opened("b", "2015-04-01")], rows, small.account_rows("b", "2015-04-30", [91.0])
    )
    assert later.table["weight"].tolist() == [100.0, 90.0, 90.0]
    dust = [small.account_rows("a", "2015-01-31", [100.0, 90.0, end]) for end in (1.0, 1.01)]
    known = [
        build(
            [closed("a", "2015-03-31", "b"), opened("b", "2015-04-01")],
            one,
            small.account_rows("b", "2015-04-30", [91.0]),
        )
        for one in dust
    ]
    assert [panel.dropped.get(WAITING, 0) for panel in known] == [1, 0]
    same = build(
        [closed("a", "2015-03-31", "b"), opened("b", "2015-03-31")], rows, small.account_rows("b", "2015-03-31", [91.0])
    )
    assert same.table["balance_end"].tolist() == [90.0, 91.0]


def test_accounts_merged_into_one_are_one_from_the_beginning() -> None:
    owners = [closed("a", "2015-03-20", "c"), closed("b", "2015-03-20", "c"), opened("c", "2015-03-20")]
    rows = [
        small.account_rows("a", "2015-01-31", [100.0, 90.0, 0.0]),
        small.account_rows("b", "2015-01-31", [10.0, 9.0, 0.0]),
        small.account_rows("c", "2015-03-31", [100.0, 101.0]),
    ]
    panel = build(owners, *rows)
    assert panel.table["unit"].unique().tolist() == ["a"]
    assert panel.table["weight"].tolist() == [110.0, 99.0, 100.0]
    assert panel.table[["closed", "migrated"]].to_numpy().sum() == 0
    turned = build(owners[::-1], *rows)
    assert turned.table["weight"].tolist() == [110.0, 99.0, 100.0]


def test_while_one_of_two_merged_accounts_waits_their_balance_is_unknown() -> None:
    panel = build(
        [closed("a", "2015-03-31", "c"), closed("b", "2015-04-30", "c"), opened("c", "2015-04-01")],
        small.account_rows("a", "2015-01-31", [100.0, 90.0, 0.0]),
        small.account_rows("b", "2015-01-31", [10.0, 9.0, 9.0, 0.0]),
        small.account_rows("c", "2015-04-30", [100.0, 101.0]),
    )
    assert panel.table["weight"].tolist() == [110.0, 99.0, 0.0, 100.0]
    assert panel.table["balance_known"].tolist() == [1, 0, 0, 1]


def test_a_successor_of_the_same_product_without_months_is_no_event() -> None:
    panel = build(
        [closed("a", "2015-03-20", "b"), opened("b", "2015-03-20"), {"account_id": "z"}],
        small.account_rows("a", "2015-01-31", [100.0, 90.0, 0.0]),
        small.account_rows("z", "2015-01-31", [10.0] * 6),
    )
    own = panel.table[panel.table["unit"] == "a"]
    assert own["weight"].tolist() == [100.0, 90.0]
    assert own[["closed", "migrated"]].to_numpy().sum() == 0
    assert own["balance_known"].tolist() == [1, 0]
    assert panel.dropped[CENSORED] == 1


def test_the_end_of_the_last_account_is_the_end_of_all_that_it_continues() -> None:
    panel = build(
        [closed("a", "2015-03-20", "b"), closed("b", "2015-05-20", "t"), opened("t", "2015-05-20", product="term")],
        small.account_rows("a", "2015-01-31", [100.0, 90.0, 0.0]),
        small.account_rows("b", "2015-03-31", [88.0, 80.0, 0.0]),
        small.account_rows("t", "2015-05-31", [80.0, 80.0]),
    )
    own = panel.table[panel.table["unit"] == "a"]
    assert own["migrated"].tolist() == [0, 0, 0, 1]
    assert own["closed"].sum() == 0


def test_a_successor_that_is_not_among_the_accounts_is_a_move() -> None:
    panel = build([closed("a", "2015-03-20", "elsewhere")], small.account_rows("a", "2015-01-31", [100.0, 90.0, 0.0]))
    assert panel.table["migrated"].tolist() == [0, 1]
    assert panel.table["closed"].sum() == 0
    assert panel.dropped[UNKNOWN] == 1


def test_lines_of_successors_are_followed_to_their_end_and_rings_do_no_harm() -> None:
    accounts = small.accounts(
        [
            closed("a", "2015-03-20", "b", open_date=pd.Timestamp("2014-01-01")),
            closed("b", "2016-03-20", "c"),
            closed("c", "2017-03-20", "t"),
            opened("t", "2017-03-20", product="term"),
            closed("r", "2015-03-20", "s"),
            closed("s", "2015-03-20", "r"),
            closed("own", "2015-03-20", "own"),
        ]
    )
    found = Successors.of(accounts)
    assert found.end.tolist()[:4] == [2, 2, 2, 3]
    assert found.steps.tolist()[:4] == [2, 1, 0, 0]
    assert found.root.tolist()[:4] == [0, 0, 0, 3]
    assert found.line.tolist()[:4] == [0, 0, 0, 0]
    assert found.moves.tolist() == [False, False, True, False, False, False, False]
    assert found.root[6] == 6 and not found.goes_on[6]
