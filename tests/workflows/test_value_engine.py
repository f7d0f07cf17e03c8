"""A valuation end to end: shapes of the result, options that change it, and errors that say what to supply."""

from __future__ import annotations

import datetime as dt
import warnings
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from behavior.assumptions.segments import SegmentScheme
from behavior.errors import AssumptionError, ContractFault, MarketDataError, UsageError
from behavior.workflows.valuation import ValuationInputs, ValuationOptions
from behavior.workflows.value import position_flows, value
from tests.engine.simple import AS_OF, loan, runoff, table

COLUMNS = {
    "nii": "scenario balance_sheet currency product month interest_income interest_expense nii",
    "nii_summary": "scenario balance_sheet horizon_months nii delta_nii delta_nii_pct_base delta_nii_pct_tier1",
    "eve": "scenario currency product side present_value",
    "eve_summary": "scenario currency eve delta_eve option_add_on delta_eve_after_options delta_eve_pct_base "
    "delta_eve_pct_tier1",
    "gap": "bucket currency side repricing_amount cumulative_gap",
    "cash_flows": "scenario currency side product month scheduled payoff curtailment withdrawal drawn capitalised "
    "interest accrued_interest closing_balance",
    "coverage": "product segment curve balance how share_clamped share_extrapolated share_without_burnout",
}


def curves(months: tuple[int, ...] = (0, 60, 480), currency: str = "USD") -> pd.DataFrame:
    return pd.DataFrame(
        [{"as_of": AS_OF, "currency": currency, "index": "discount", "months": m, "zero_rate": 0.03} for m in months]
    )


def deposit(**terms: Any) -> dict[str, Any]:
    return loan(
        1,
        0.01,
        8e5,
        product="savings",
        side="liability",
        rate_type="administered",
        repayment="none",
        maturity_date=None,
        **terms,
    )


def inputs(**changed: Any) -> ValuationInputs:
    found: dict[str, Any] = {
        "book": table(loan(120, 0.05), deposit()),
        "curves": curves(),
        "as_of": AS_OF,
        "reporting_currency": "USD",
        "tier1": 1e5,
        "book_equity": 2e5,
        "assumptions": runoff("savings", np.full(60, 0.008), "withdrawal"),
    }
    return ValuationInputs(**{**found, **changed})


def test_a_life_that_rests_on_the_tail_rule_is_warned_of_once() -> None:
    def said(hazard: float) -> list[str]:
        curves_of = runoff("savings", np.full(60, hazard), "withdrawal")
        return [one for one in value(inputs(assumptions=curves_of)).facts["warnings"] if "beyond the data" in one]

    (words,) = said(0.008)
    assert "savings (" in words and "% of " in words
    assert said(0.1) == []


def test_results_have_the_columns_of_the_contracts() -> None:
    result = value(inputs())
    for name, columns in COLUMNS.items():
        assert list(result.tables()[name].columns) == columns.split(), name
    assert result.facts["conventions"]["margins"] == "included"
    assert set(result.nii_summary["horizon_months"]) == {12, 24, 36, 60}
    base = result.eve_summary[result.eve_summary["scenario"] == "base"]
    assert base["delta_eve"].tolist() == [0.0, 0.0]
    assert result.gap["repricing_amount"].sum() == pytest.approx(1.8e6)


def test_calibrated_margins_make_the_base_value_the_balance() -> None:
    result = value(inputs(), ValuationOptions(margins="calibrated"))
    base = result.eve[result.eve["scenario"] == "base"].set_index("product")["present_value"]
    assert base["loan"] == pytest.approx(1e6, rel=1e-9)
    assert base["savings"] == pytest.approx(-8e5, rel=1e-9)


def test_margins_out_need_a_transfer_rate_and_take_the_margin_off() -> None:
    with pytest.raises(ContractFault, match="transfer rate"):
        value(inputs(), ValuationOptions(margins="excluded"))
    zero = 12 * (np.exp(0.03 / 12) - 1)
    book = table(loan(120, 0.05, repayment="bullet", transfer_rate=zero))
    result = value(inputs(book=book, assumptions=None), ValuationOptions(margins="excluded", time="month_grid"))
    assert result.eve["present_value"].iloc[0] == pytest.approx(1e6, rel=1e-9)


def test_the_european_rule_caps_deposit_life_and_shows_both() -> None:
    result = value(inputs(), ValuationOptions(framework="eu_2024_856", scenarios=None))
    cap = result.facts["deposit_life_cap"]["currencies"]["USD"]
    assert cap["uncapped_years"] > 5.0
    assert cap["capped_years"] == pytest.approx(5.0, abs=1e-8)
    assert result.facts["deposit_life_cap"]["eve_uncapped"]["USD"]["base"] != pytest.approx(
        result.facts["deposit_life_cap"]["eve_capped"]["USD"]["base"]
    )


def test_uncovered_deposits_are_refused_or_go_overnight() -> None:
    said = r"savings \(rows: 1, USD 800,000.00, first .*\)\. Correct the columns .* --uncovered overnight"
    with pytest.raises(AssumptionError, match=said):
        value(inputs(assumptions=None))
    result = value(inputs(assumptions=None), ValuationOptions(uncovered="overnight"))
    gap = result.gap[(result.gap["side"] == "liability") & (result.gap["bucket"] == "ON")]
    assert gap["repricing_amount"].tolist() == [8e5]
    assert "overnight" in set(result.coverage["how"])


def test_missing_market_data_says_what_to_supply() -> None:
    with pytest.raises(MarketDataError, match="add tenors up to"):
        value(inputs(curves=curves((0, 60))), ValuationOptions(extrapolation="refuse"))
    with pytest.raises(MarketDataError, match="no discount curve for EUR"):
        value(inputs(book=table(loan(12, 0.05, currency="EUR"))))
    euro = inputs(book=table(loan(12, 0.05, currency="EUR")), curves=pd.concat([curves(), curves(currency="EUR")]))
    with pytest.raises(MarketDataError, match="--fx"):
        value(euro)


def test_a_curve_that_ends_too_soon_keeps_its_last_zero_rate_and_says_so() -> None:
    whole = curves((0, 60))
    longer = pd.concat([whole, whole.iloc[[-1]].assign(months=480)])
    short = value(inputs(curves=whole))
    assert sum("its last zero rate is kept there" in words for words in short.facts["warnings"]) == 1
    (told,) = (words for words in short.facts["warnings"] if "last zero rate" in words)
    assert told.startswith("USD: the discount curve ends at 60 months, 1 position pays later, the last on 20")
    reached = value(inputs(curves=longer))
    assert not any("last zero rate" in words for words in reached.facts["warnings"])
    pd.testing.assert_frame_equal(short.eve, reached.eve, rtol=1e-12)


def test_all_missing_market_data_are_named_at_once() -> None:
    floater = {"rate_type": "floating", "repayment": "bullet", "spread": 0.01, "reset_months": 3, "payment_months": 3}
    floater |= {"next_reset_date": pd.Timestamp("2026-03-31")}
    cap = {"instrument": "cap", "side": "pay", "product": "cap", "strike": 0.01, "payment_months": 3}
    cap |= {"rate_type": None, "repayment": None, "reset_months": 3}
    rows = [loan(36, 0.03, index=index, **floater) for index in ("A", "B", "B")]
    caps = [loan(36, np.nan, index=index, **cap) for index in ("C", "D")]
    indices = [curves().assign(index=index) for index in ("C", "D")]
    book = table(loan(120, 0.05), *rows, *caps)
    with pytest.raises(MarketDataError) as caught:
        short = pd.concat([curves((0, 60)), *indices])
        value(inputs(book=book, curves=short, assumptions=None), ValuationOptions(extrapolation="refuse"))
    said = str(caught.value).splitlines()
    assert len(said) == 6
    assert "no curve for USD `A`" in said[1] and said[1].endswith("Position p1 needs it.")
    assert "no curve for USD `B`" in said[2] and said[2].endswith("2 positions need it: p2, p3.")
    assert "volatilities: none for USD `C`. Supply vols/1 (--vols)" in said[3] and "Position p4" in said[3]
    assert "USD `D`" in said[4]
    assert "add tenors up to" in said[5]
    vols = pd.DataFrame({"as_of": [AS_OF], "currency": "USD", "index": "C", "expiry_months": 12, "tenor_months": 3})
    vols = vols.assign(kind="normal", value=0.008, as_of=pd.to_datetime(vols["as_of"]))
    with pytest.raises(MarketDataError) as caught:
        value(inputs(book=table(*caps), curves=pd.concat([curves(), *indices]), assumptions=None, vols=vols))
    assert str(caught.value).startswith("volatilities: none for USD `D`; held: USD C. Add its rows to vols/1")


def test_position_flows_add_up_to_the_totals() -> None:
    given = inputs()
    total = value(given).cash_flows.groupby("scenario")[["scheduled", "withdrawal", "interest"]].sum()
    parts = pd.concat(list(position_flows(given)))
    each = parts.groupby("scenario")[["scheduled", "withdrawal", "interest"]].sum()
    pd.testing.assert_frame_equal(each, total, rtol=1e-12, check_like=True)
    assert parts["month"].min() == pd.Timestamp(dt.date(2026, 1, 31))


def test_balances_of_coverage_are_numbers_where_a_curve_reaches_every_row() -> None:
    assert value(inputs(book=table(deposit()))).coverage["balance"].dtype == np.float64


def test_a_book_of_loans_needs_no_columns_of_deposits() -> None:
    made = runoff("savings", np.full(60, 0.008), "withdrawal")
    curve = replace(made.tables[0].curves[0], segment=("savings", "retail"))
    divided = replace(made.tables[0], scheme=SegmentScheme(("product", "customer_type")), curves=(curve,))
    result = value(inputs(book=table(loan(120, 0.05)), assumptions=replace(made, tables=(divided,))))
    assert result.coverage["how"].tolist() == ["none"]


@pytest.mark.parametrize("years", [-1.0, 0.0, 0.02, float("nan"), float("inf")])
def test_a_cap_that_no_deposit_can_live_by_is_refused(years: float) -> None:
    with pytest.raises(UsageError, match="above 1/12"):
        value(inputs(), ValuationOptions(framework="eu_2024_856", deposit_life_cap=years))


def test_deposits_without_a_balance_are_left_alone_by_the_cap() -> None:
    book = table({**deposit(), "balance": 0.0}, loan(24, 0.04))
    options = ValuationOptions(framework="eu_2024_856")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = value(inputs(book=book), options)
    alone = value(inputs(book=table(loan(24, 0.04))), options)
    both = found.eve_summary, alone.eve_summary
    np.testing.assert_array_equal(*(one[one["currency"] == "USD"]["eve"] for one in both))


def test_history_of_another_currency_alone_is_todays_zero_and_says_so() -> None:
    row = loan(24, 0.04, origination_date=pd.Timestamp("2024-06-30"))
    share = {}
    for currency in ("EUR", "USD"):
        early = curves(currency=currency).assign(as_of=np.datetime64("2024-01-31"))
        both = pd.concat([curves(), *([curves(currency="EUR")] if currency == "EUR" else []), early])
        result = value(inputs(book=table(row), assumptions=None, curves=both), ValuationOptions())
        share[currency] = result.facts["summary"]["renewed_at_todays_zero_share"]
    assert share == {"EUR": 1.0, "USD": 0.0}


def test_the_balances_that_were_valued_can_be_held_against_the_ledger() -> None:
    cap = {"instrument": "cap", "side": "receive", "product": "hedge", "index": "TERM", "strike": 0.04}
    cap |= {"volatility": 0.01, "payment_months": 3, "rate_type": None, "repayment": None}
    book = table(loan(12, 0.05), loan(24, 0.05, 2e5, undrawn=5e4), deposit(), loan(36, np.nan, 7e5, **cap))
    both = pd.concat([curves(), curves().assign(index="TERM")])
    rows = pd.DataFrame(value(inputs(book=book, curves=both)).facts["summary"]["balances_valued"])
    found = rows.set_index(["currency", "side", "product"])
    assert found.loc[("USD", "asset", "loan")].tolist() == [2, 1.2e6, 5e4]
    assert found.loc[("USD", "liability", "savings")].tolist() == [1, 8e5, 0.0]
    assert found.loc[("USD", "receive", "hedge"), "balance"] == 7e5
    assert found["positions"].sum() == len(book)
