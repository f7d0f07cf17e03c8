"""The treasury report: figures are the result's, add up, and page one says what moved and what does not reconcile."""

from __future__ import annotations

from dataclasses import replace
from types import ModuleType

import pandas as pd
import pytest

from behavior.reporting.document import Paragraph, Table
from behavior.reporting.html import render
from behavior.reporting.irrbb_report import irrbb_report
from behavior.reporting.tables import number


def test_page_one_of_the_treasury_report_tells_what_does_not_reconcile(fakes: ModuleType) -> None:
    curves = fakes.make_set()
    page = render(irrbb_report(fakes.make_result(), curves, {})).split("Economic value of equity</h2>")[0]
    assert "not stated in the set" in page and "the book: not compared with a ledger" in page
    tables = [replace(one, provenance=replace(one.provenance, unreconciled="1,000 off")) for one in curves.tables]
    page = render(irrbb_report(fakes.make_result(), replace(curves, tables=tuple(tables)), {}))
    assert ": 1,000 off; the book" in page.split("Economic value of equity</h2>")[0]


@pytest.mark.parametrize("held", [["USD"], ["EUR", "USD"]])
def test_balances_covered_are_in_the_reporting_currency(fakes: ModuleType, held: list[str]) -> None:
    result = fakes.make_result()
    eve = pd.concat([result.eve.assign(currency=one) for one in held])
    words = "Of EUR 640.0 million that behaves"
    document = irrbb_report(replace(result, eve=eve), None, {})
    section = next(one for one in document.sections if one.title == "What the behaviour rests on")
    assert words in " ".join(block.text for block in section.blocks if isinstance(block, Paragraph))


def test_the_printed_table_is_the_result(fakes: ModuleType) -> None:
    result = fakes.make_result()
    document = irrbb_report(result, None, {})
    section = next(one for one in document.sections if one.title == "Economic value of equity")
    table = next(block for block in section.blocks if isinstance(block, Table) and "scenario" in block.data)
    total = result.eve_summary[result.eve_summary["currency"] == "total"]
    assert table.data["EVE, EUR million"].tolist() == pytest.approx((total["eve"] / 1e6).tolist())
    assert table.data["change"].tolist() == pytest.approx((total["delta_eve"] / 1e6).tolist())
    assert table.data["% of Tier 1"].tolist() == pytest.approx((100 * total["delta_eve_pct_tier1"]).tolist())
    assert "option add-on" not in table.data


def test_page_one_names_the_products_behind_the_worst_change_largest_first(fakes: ModuleType) -> None:
    result = fakes.make_result()
    document = irrbb_report(result, None, {})
    page = render(document).split("Economic value of equity</h2>")[0]
    table = next(
        block
        for section in document.sections
        for block in section.blocks
        if isinstance(block, Table) and block.title == "By product, in base and in the worst scenario"
    )
    change = next(name for name in table.data if name.startswith("change, ") and "%" not in name)
    moved = table.data.groupby("product")[change].sum()
    largest = moved.abs().idxmax()
    assert f"stand most of all {largest} EUR {number(moved[largest], ',.1f')}" in page
    only_base = replace(
        result,
        eve=result.eve[result.eve["scenario"] == "base"],
        eve_summary=result.eve_summary[result.eve_summary["scenario"] == "base"],
    )
    assert "Behind the change" not in render(irrbb_report(only_base, None, {}))


def test_products_and_gap_add_up_to_the_result(fakes: ModuleType) -> None:
    result = fakes.make_result()
    tables = {
        block.title: block.data
        for section in irrbb_report(result, None, {}).sections
        for block in section.blocks
        if isinstance(block, Table)
    }
    products = tables["By product, in base and in the worst scenario"]
    base = result.eve[result.eve["scenario"] == "base"]["present_value"].sum()
    assert products["base value, million"].sum() == pytest.approx(base / 1e6)
    worst = result.eve[result.eve["scenario"] == "parallel_up"]["present_value"].sum()
    assert products["change, parallel up"].sum() == pytest.approx((worst - base) / 1e6)
    gap = tables["Repricing gap, EUR million"]
    running = (gap["asset"] - gap["liability"]).cumsum()
    assert gap["cumulative gap"].tolist() == pytest.approx(running.tolist())


def test_income_is_printed_for_every_balance_sheet_and_horizon(fakes: ModuleType) -> None:
    result = fakes.make_result()
    later = result.nii_summary[result.nii_summary["horizon_months"] == 24].assign(horizon_months=36)
    longer = replace(result, nii_summary=pd.concat([result.nii_summary, later], ignore_index=True))
    section = next(one for one in irrbb_report(longer, None, {}).sections if one.title == "Net interest income")
    tables = {block.title: block.data for block in section.blocks if isinstance(block, Table)}
    assert list(tables) == [
        "Run-off balance sheet",
        "Run-off balance sheet, further years",
        "Constant balance sheet",
        "Constant balance sheet, further years",
    ]
    for sheet, title in (("run_off", "Run-off balance sheet"), ("constant", "Constant balance sheet")):
        own = result.nii_summary[result.nii_summary["balance_sheet"] == sheet]
        for horizon in (12, 24):
            rows = own[own["horizon_months"] == horizon]
            table = tables[title]
            assert table[f"{horizon} months, EUR million"].tolist() == pytest.approx((rows["nii"] / 1e6).tolist())
            assert table[f"{horizon} months, change"].tolist() == pytest.approx((rows["delta_nii"] / 1e6).tolist())
            shares = (100 * rows["delta_nii_pct_tier1"]).tolist()
            assert table[f"{horizon} months, % of Tier 1"].tolist() == pytest.approx(shares)
    assert "36 months, change" in tables["Run-off balance sheet, further years"]


def test_gains_that_a_framework_does_not_count_are_told_apart(fakes: ModuleType) -> None:
    result = fakes.make_result()
    summary = result.eve_summary.copy()
    total = summary["currency"] == "total"
    for column in ("delta_eve", "delta_eve_after_options", "delta_eve_pct_base", "delta_eve_pct_tier1"):
        summary.loc[total, column] = summary.loc[total, column].clip(upper=0.0)
    document = irrbb_report(replace(result, eve_summary=summary), None, {})
    section = next(one for one in document.sections if one.title == "Economic value of equity")
    table = next(block for block in section.blocks if isinstance(block, Table) and "scenario" in block.data)
    assert table.data["difference to base"].tolist() == pytest.approx([move / 1e6 for move in fakes.MOVES])
    assert table.data["change counted"].tolist() == pytest.approx([min(move, 0.0) / 1e6 for move in fakes.MOVES])
    assert "gains count in part" in table.note


def test_without_tier_1_nothing_is_tested_against_it(fakes: ModuleType) -> None:
    text = render(irrbb_report(fakes.make_result(tier1=None), None, {}))
    assert "Outlier tests" not in text
    assert "% of base EVE" in text


def test_further_tables_become_sections(fakes: ModuleType) -> None:
    extra = {
        "something_new": pd.DataFrame({"scenario": ["parallel_up"], "value": [1.0]}),
        "empty": pd.DataFrame({"a": []}),
    }
    document = irrbb_report(replace(fakes.make_result(), extra=extra), None, {})
    titles = [section.title for section in document.sections]
    assert "Something new" in titles
    assert "Empty" not in titles
