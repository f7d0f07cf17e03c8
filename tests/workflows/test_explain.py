"""Every node of an explanation is the sum of what stands under it, and the root is the cell of the result."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
import pytest

from behavior.errors import SpecFault
from behavior.measures.explanation import Node, lines_of
from behavior.measures.result import IrrbbResult
from behavior.workflows.explain import explain
from behavior.workflows.explained_cell import Cell, Depth
from behavior.workflows.valuation import ValuationInputs, ValuationOptions
from behavior.workflows.value import value
from tests.engine.simple import AS_OF, loan, runoff, table
from tests.workflows.test_value_engine import deposit, inputs
from tests.workflows.test_value_options import VOLS
from tests.workflows.test_value_sheets import plan_row, shift_row

FLOATER = {
    "rate_type": "floating",
    "index": "SOFR",
    "spread": 0.01,
    "reset_months": 6,
    "payment_months": 6,
    "repayment": "bullet",
    "next_reset_date": pd.Timestamp("2026-03-31"),
    "origination_date": pd.Timestamp("2024-03-31"),
    "product": "floater",
    "cap": 0.06,
}
CAP = {"instrument": "cap", "side": "pay", "product": "caps", "index": "SOFR", "strike": 0.04, "payment_months": 6}


def given(**changed: Any) -> ValuationInputs:
    book = table(
        loan(120, 0.05),
        loan(60, 0.04, 3e5),
        loan(24, 0.06, 2e5, currency="EUR", product="euro"),
        loan(63, 0.05, 5e5, **FLOATER),
        loan(60, math.nan, 1e6, rate_type=None, repayment=None, **CAP),
        deposit(),
    )
    curves = pd.DataFrame(
        [
            {"as_of": AS_OF, "currency": currency, "index": index, "months": months, "zero_rate": zero}
            for currency, index in (("USD", "discount"), ("USD", "SOFR"), ("EUR", "discount"))
            for months, zero in ((0, 0.02), (60, 0.03), (480, 0.035))
        ]
    )
    fx = pd.DataFrame({"as_of": [AS_OF], "currency": "EUR", "reporting_currency": "USD", "rate": 1.1})
    vols = VOLS.assign(as_of=pd.Timestamp(AS_OF))
    return inputs(**{"book": book, "curves": curves, "fx": fx, "vols": vols, **changed})


def nodes(node: Node) -> Iterator[Node]:
    yield node
    for child in node.children:
        yield from nodes(child)


def held(tree: Node, cell: float) -> None:
    """Every sum in the tree, and the root against the cell."""
    for node in nodes(tree):
        if node.children:
            found = node.factor * math.fsum(child.value for child in node.children)
            assert node.value == pytest.approx(found, rel=1e-12, abs=1e-9), node.name
    assert abs(tree.value - cell) <= 1e-9 * max(tree.size(), 1.0)


def summary(result: IrrbbResult, scenario: str, currency: str) -> pd.Series:
    rows = result.eve_summary
    return rows[(rows["scenario"] == scenario) & (rows["currency"] == currency)].iloc[0]


@pytest.mark.parametrize(
    ("measure", "price"),
    [("eve", "dirty"), ("eve", "clean"), ("delta_eve", "clean"), ("delta_eve_after_options", "dirty")],
)
def test_economic_value_is_told_to_the_last_date(measure: str, price: str) -> None:
    options = ValuationOptions(price=price)  # type: ignore[arg-type]
    result = value(given(), options)
    for scenario, currency, shown in (("parallel_up", "total", 0), ("parallel_down", "total", 2)):
        tree = explain(given(), options, Cell(measure, scenario, currency), Depth(shown, shown))
        held(tree, float(summary(result, scenario, currency)[measure]))
        leaves = [node for node in nodes(tree) if "x discount factor" in node.detail]
        assert len(leaves) > (500 if not shown else 5)
        for leaf in leaves:
            parts = leaf.detail
            paid = parts["cash"] * parts["x discount factor"]
            base = parts.get("less base cash", 0.0) * parts.get("x base discount factor", 0.0)
            assert leaf.value == pytest.approx(paid - base, abs=1e-9)


def test_the_cash_of_a_loan_is_its_instalment() -> None:
    tree = explain(given(), ValuationOptions(), Cell("eve", "base", "USD", "loan", "p0"), Depth(0, 0))
    (product,) = tree.children
    (position,) = product.children
    level = 1e6 * (0.05 / 12) / (1 - (1 + 0.05 / 12) ** -120)
    assert len(position.children) == 120
    assert [node.name for node in position.children[:2]] == ["2026-01-31", "2026-02-28"]
    for node in position.children:
        assert node.detail["cash"] == pytest.approx(level, rel=1e-9)


def test_what_is_not_shown_is_summed() -> None:
    whole = explain(given(), ValuationOptions(), Cell("delta_eve", "parallel_up", "USD"), Depth(0, 0))
    short = explain(given(), ValuationOptions(), Cell("delta_eve", "parallel_up", "USD"), Depth(1, 2))
    assert short.value == pytest.approx(whole.value, rel=1e-12)
    text = "\n".join(lines_of(short))
    assert "1 more positions" in text
    assert "more dates" in text
    assert len(text.splitlines()) < 40


def test_options_and_limits_are_leaves_of_their_product() -> None:
    tree = explain(given(), ValuationOptions(), Cell("eve", "base", "USD"), Depth(0, 1))
    names = {node.name for node in nodes(tree)}
    assert "p4, option at implied volatility" in names
    assert "p3, time value of its limits" in names


@pytest.mark.parametrize("measure", ["nii", "delta_nii"])
@pytest.mark.parametrize("sheet", ["run_off", "constant", "dynamic"])
def test_income_is_told_by_position_and_month(measure: str, sheet: str) -> None:
    plan = pd.DataFrame([plan_row("2026-01-31", product="loan", volume=1e5, margin=0.02)])
    shift = pd.DataFrame([shift_row("2026-06-30", from_product="loan", to_product="floater", share=0.1)])
    told = given(plan=plan, mix_shift=shift, assumptions=runoff("savings", np.full(60, 0.01), "withdrawal"))
    options = ValuationOptions()
    result = value(told, options)
    for horizon in (12, 60):
        rows = result.nii_summary
        row = rows[
            (rows["scenario"] == "parallel_up") & (rows["balance_sheet"] == sheet) & (rows["horizon_months"] == horizon)
        ].iloc[0]
        tree = explain(told, options, Cell(measure, "parallel_up", sheet=sheet, last=horizon), Depth(0, 0))
        held(tree, float(row[measure]))
    month = explain(told, options, Cell("nii", "base", "USD", "loan", sheet=sheet, first=7, last=7), Depth(0, 0))
    rows = result.nii[(result.nii["scenario"] == "base") & (result.nii["balance_sheet"] == sheet)]
    rows = rows[(rows["product"] == "loan") & (rows["month"] == pd.Timestamp("2026-07-31"))]
    held(month, float(rows["nii"].iloc[0]))
    names = {node.name for node in nodes(month)}
    assert ("mix shift" in names) == (sheet == "constant")
    assert ("new business of the plan" in names) == (sheet == "dynamic")


@pytest.mark.parametrize(
    ("cell", "words"),
    [
        (Cell("eve", "storm"), "scenario"),
        (Cell("eve", "base", "JPY"), "currency"),
        (Cell("eve", "base", product="gold"), "product"),
        (Cell("eve", "base", position="p99"), "position"),
        (Cell("nii", "base", sheet="dynamic"), "balance sheet"),
    ],
)
def test_a_cell_that_is_not_there_is_refused_by_name(cell: Cell, words: str) -> None:
    with pytest.raises(SpecFault, match=words):
        explain(given(), ValuationOptions(), cell)


def test_nothing_is_written_without_a_sign() -> None:
    node = Node("2026-10-31", -0.0, detail={"of its balance": -0.0})
    assert list(lines_of(node)) == ["2026-10-31: 0.000000 (of its balance 0)"]
