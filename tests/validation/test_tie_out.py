"""A ledger beside a history: what agrees ties out to the cent, what one side alone has is named."""

from __future__ import annotations

from dataclasses import replace
from types import ModuleType

import numpy as np
import pandas as pd
import pytest

from behavior.errors import DoesNotApply
from behavior.panel.control_totals import tie_out as tied_out
from behavior.validation import tie_out
from behavior.validation.base import Finding, Status
from behavior.validation.tie_out import reconcile

MONTHS = pd.to_datetime(["2026-08-31", "2026-09-30"])


def test_the_ledger_ties_out_to_the_cent(fakes: ModuleType) -> None:
    clean, off = tie_out.run(fakes.make_input()), tie_out.run(fakes.make_input(missing=1000.0))
    assert clean.values["unreconciled_balance"] == 0.0
    assert clean.status is Status.PASS
    assert off.values["unreconciled_latest"] == pytest.approx(1000.0)
    assert off.values["lines_off"] == 1.0
    assert off.status is Status.WARN


def test_the_ledger_is_compared_by_product_and_within_its_tolerance(fakes: ModuleType) -> None:
    month = pd.Timestamp("2020-01-31")
    accounts = pd.DataFrame({"account_id": ["a", "b"], "product": ["savings", "checking"]})
    rows = pd.DataFrame({"account_id": ["a", "b"], "month": [month, month], "balance": [100.0, 50.0]})
    ledger = pd.DataFrame(
        {
            "table": "account_months",
            "month": [month, month],
            "product": ["savings", "checking"],
            "balance": [100.5, 51.0],
            "rows": [1, 2],
            "tolerance": [0.6, 1.5],
        }
    )
    history = replace(
        fakes.make_input().history, tables={"accounts": accounts, "account_months": rows}, control_totals=ledger
    )
    lines = reconcile(history).set_index("product")
    assert lines["difference"].to_dict() == {"savings": -0.5, "checking": -1.0}
    assert lines["reconciled"].to_dict() == {"savings": True, "checking": False}
    assert lines["rows difference"].to_dict() == {"savings": 0.0, "checking": -1.0}


def test_a_ledger_that_counts_other_rows_is_said_to_and_its_lines_are_shown(fakes: ModuleType) -> None:
    given = fakes.make_input()
    ledger = tied_out(given.history.control_totals, given.history.tables)
    earlier = ledger["month"] < ledger["month"].max()
    ledger = ledger.assign(rows=ledger["held_rows"] + earlier, reconciled=~earlier)
    finding = tie_out.run(replace(given, history=replace(given.history, control_totals=ledger)))
    off = int(earlier.sum())
    assert (
        off
        and f"{off} of {len(ledger)} ledger lines do not reconcile, {off} of them in the number of rows that"
        in (finding.in_words)
    )
    shown = next(one.data for one in finding.exhibits if one.name == "tie_out_off")
    assert set(shown["reconciled"]) == {"no"} and len(shown) == off


def tied(fakes: ModuleType, *ledger: tuple[str, int, str, float]) -> Finding:
    """Savings of 1,000 and checking of 500 in two months, set against lines of a ledger."""
    accounts = pd.DataFrame({"account_id": ["a", "b"], "product": ["savings", "checking"]})
    rows = {"account_id": ["a", "b"] * 2, "month": MONTHS.repeat(2), "balance": [1000.0, 500.0] * 2}
    lines = pd.DataFrame(ledger, columns=["table", "month", "product", "balance"])
    lines = lines.assign(month=MONTHS[lines["month"]], rows=np.nan)
    given = fakes.make_input()
    tables = {"accounts": accounts, "account_months": pd.DataFrame(rows)}
    return tie_out.run(replace(given, history=replace(given.history, tables=tables, control_totals=lines)))


@pytest.mark.parametrize(
    "ledger",
    [
        [("account_months", 0, "", 1500.0), ("account_months", 1, "", 1500.0)],
        [("account_months", 1, "", 1500.0)],
        [("account_months", 1, "savings", 1000.0), ("account_months", 1, "checking", 500.0)],
        [("account_months", 1, "savings", 1000.0), ("account_months", 1, "", 1500.0)],
        [("account_months", 1, "", 1500.0), ("loan_months", 1, "", 9e9)],
        [("account_months", 1, "", 1500.0), ("account_months", 1, "closed product", 0.0)],
    ],
    ids=["whole", "last month alone", "by product", "whole and a part", "a ledger of two histories", "nothing of it"],
)
def test_a_ledger_that_says_the_same_ties_out(fakes: ModuleType, ledger: list[tuple[str, int, str, float]]) -> None:
    finding = tied(fakes, *ledger)
    assert finding.status is Status.PASS
    assert finding.values["unreconciled_share"] == 0.0


@pytest.mark.parametrize(
    ("ledger", "share", "named"),
    [
        ([("account_months", 0, "", 0.0), ("account_months", 1, "", 0.0)], 1.0, "2 of 2"),
        ([("account_months", 1, "checking", 500.0)], 1000 / 1500, "history: account_months 2026-09 savings (1,000)"),
        ([("account_months", 0, "", 1500.0)], 0.5, "history: account_months 2026-09 savings (1,000); account"),
        ([("account_month", 1, "", 1500.0)], 1.0, "ledger: account_month 2026-09 (1,500)"),
        (
            [("account_month", 1, "", 9e9), ("account_months", 1, "", 1500.0)],
            9e9 / (9e9 + 1500),
            "ledger: account_month 2026-09 (9,000,000,000)",
        ),
        (
            [("account_months", 1, "saving", 1000.0), ("account_months", 1, "checking", 500.0)],
            2000 / 2500,
            "ledger: account_months 2026-09 saving (1,000). Only in the history: account_months 2026-09 savings",
        ),
    ],
    ids=[
        "a ledger of nothing",
        "a product left out",
        "an old ledger",
        "no such table",
        "one of two",
        "no such product",
    ],
)
def test_what_only_one_side_has_is_unreconciled_and_named(
    fakes: ModuleType, ledger: list[tuple[str, int, str, float]], share: float, named: str
) -> None:
    finding = tied(fakes, *ledger)
    assert finding.status is Status.WARN
    assert finding.values["unreconciled_share"] == pytest.approx(share)
    assert named in finding.in_words


def test_without_a_ledger_nothing_is_claimed(fakes: ModuleType) -> None:
    given = fakes.make_input()
    with pytest.raises(DoesNotApply, match="not reconciled"):
        tie_out.run(replace(given, history=replace(given.history, control_totals=None)))
