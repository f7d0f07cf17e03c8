"""Balance sheets that move, against sums by hand: a plan of new business, and shifts of mix."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from behavior.assumptions.effects import Direction
from behavior.assumptions.set import AssumptionSet, AssumptionTable
from behavior.contracts import check
from behavior.engine.sheet_contracts import MIX_SHIFT_TABLE, PLAN_TABLE
from behavior.errors import ContractFault
from behavior.market.scenarios import Scenario, ScenarioSet
from behavior.measures.result import IrrbbResult
from behavior.workflows.valuation import ValuationOptions
from behavior.workflows.value import value
from tests.engine.simple import AS_OF, loan, runoff, table
from tests.workflows.test_value_engine import deposit, inputs
from tests.workflows.test_value_switches import pass_through

HORIZONS = [12, 24, 36, 60]
SLOPED = pd.DataFrame(
    [
        {"as_of": AS_OF, "currency": "USD", "index": index, "months": months, "zero_rate": zero}
        for index in ("discount", "TERM")
        for months, zero in ((0, 0.02), (12, 0.02), (24, 0.03), (480, 0.03))
    ]
)
"""Zero rates: 2% in the first year, linear to 3% in the second, 3% from then on."""

BOND: dict[str, Any] = loan(36, 0.05, repayment="bullet", product="bond")


def zero_between(start: float, end: float) -> float:
    """Forward zero rate between two times in years on that curve."""

    def exponent(years: float) -> float:
        return float(np.interp(years, [0.0, 1.0, 2.0], [0.02, 0.02, 0.03])) * years

    return (exponent(end) - exponent(start)) / (end - start)


def plan_row(month: str, **cells: Any) -> dict[str, Any]:
    row = {"product": "bond", "currency": "USD", "side": "asset", "month": pd.Timestamp(month)}
    return row | {"term_months": 12, "payment_months": 1} | cells


def shift_row(month: str, **cells: Any) -> dict[str, Any]:
    row = {"currency": "USD", "from_product": "savings", "to_product": "term", "month": pd.Timestamp(month)}
    return row | {"share": 0.25, "payment_months": 1} | cells


def run(*rows: dict[str, Any], sheets: tuple[str, ...] | None = None, **changed: Any) -> IrrbbResult:
    given: dict[str, Any] = {"book": table(*rows), "assumptions": None, "curves": SLOPED}
    options = ValuationOptions(framework="us_parallel", time="month_grid", balance_sheets=sheets, uncovered="overnight")
    return value(inputs(**{**given, **changed}), options)


def planned(*rows: dict[str, Any], **changed: Any) -> IrrbbResult:
    return run(BOND, plan=pd.DataFrame(list(rows)), **changed)


def interest(result: IrrbbResult, sheet: str, product: str = "bond", scenario: str = "base") -> np.ndarray:
    """Income less expense of months 1 to 60."""
    rows = result.nii
    chosen = (rows["scenario"] == scenario) & (rows["balance_sheet"] == sheet) & (rows["product"] == product)
    return rows[chosen]["nii"].to_numpy()


def extra(result: IrrbbResult, scenario: str = "base") -> np.ndarray:
    """What new business earns."""
    return interest(result, "dynamic", scenario=scenario) - interest(result, "run_off", scenario=scenario)


def months(first: int, last: int, each: float) -> np.ndarray:
    found = np.zeros(60)
    found[first - 1 : last] = each
    return found


def test_new_business_earns_its_rate_from_the_end_of_its_month_for_its_term() -> None:
    result = planned(plan_row("2026-03-15", volume=120_000.0, rate=0.06))
    # Taken up on 31 March, month 3: months 4 to 15.
    np.testing.assert_allclose(extra(result), months(4, 15, 120_000 * 0.06 / 12), atol=1e-8)
    np.testing.assert_allclose(extra(result, "up_400"), extra(result), atol=1e-8)
    assert result.nii_summary["balance_sheet"].unique().tolist() == ["run_off", "constant", "dynamic"]
    assert result.nii_summary["horizon_months"].unique().tolist() == HORIZONS
    base = result.nii_summary[result.nii_summary["scenario"] == "base"].set_index(["balance_sheet", "horizon_months"])
    gain = base.loc["dynamic", "nii"] - base.loc["run_off", "nii"]
    np.testing.assert_allclose(gain, [9 * 600.0, 12 * 600.0, 12 * 600.0, 12 * 600.0])


def test_new_business_is_priced_over_the_scenarios_zero_rate() -> None:
    result = planned(plan_row("2026-12-31", volume=100_000.0, margin=0.01))
    # One year from year one on is 4%, and a point more in a parallel shock of one point.
    np.testing.assert_allclose(extra(result), months(13, 24, 100_000 * 0.05 / 12), rtol=1e-9, atol=1e-8)
    np.testing.assert_allclose(extra(result, "up_100"), months(13, 24, 100_000 * 0.06 / 12), rtol=1e-9, atol=1e-8)


def test_floating_new_business_resets() -> None:
    row = plan_row("2026-06-30", volume=100_000.0, index="TERM", spread=0.002, reset_months=6, term_months=18)
    result = planned(row)
    by_hand = np.zeros(60)
    for begin in (6, 12, 18):
        rate = 2 * math.expm1(zero_between(begin / 12, begin / 12 + 0.5) / 2) + 0.002
        by_hand += months(begin + 1, begin + 6, 100_000 * rate / 12)
    np.testing.assert_allclose(extra(result), by_hand, rtol=1e-9, atol=1e-8)


def test_day_counts_and_periods_of_new_business() -> None:
    result = planned(
        plan_row("2026-01-31", volume=100_000.0, rate=0.0365, day_count="ACT/365F", term_months=2, payment_months=0)
    )
    assert extra(result)[1:3] == pytest.approx([100_000 * 0.0365 * 28 / 365, 100_000 * 0.0365 * 31 / 365])
    # A whole period of three months under 30/360 accrues 3 / 12, 30E/360 spreads it 28, 32, 30.
    thirty = planned(
        plan_row("2026-01-31", volume=100_000.0, rate=0.06, day_count="30E/360", term_months=3, payment_months=0)
    )
    assert extra(thirty)[1:4] == pytest.approx(np.array([28, 32, 30]) / 90 * 1500.0)


def test_growth_of_zero_keeps_a_balance_that_runs_off() -> None:
    ends = pd.date_range("2026-01-31", periods=59, freq="ME")
    rows = [plan_row(str(end.date()), growth=0.0, rate=0.05, term_months=24) for end in ends]
    result = run({**BOND, "repayment": "linear"}, plan=pd.DataFrame(rows))
    np.testing.assert_allclose(interest(result, "dynamic"), 1e6 * 0.05 / 12, rtol=1e-9)
    margin = result.facts["summary"]["net_interest_margin_12_months_dynamic"]["base"]
    assert margin == pytest.approx(0.05)


def test_interest_margins_are_over_thirteen_month_ends_and_a_shift_between_assets_leaves_what_they_are_over() -> None:
    linear = {"repayment": "linear", "product": "short"}
    rows = loan(10, 0.06, **linear), loan(10, 0.06, product="other")
    falls = run(rows[0]).facts["summary"]["net_interest_margin_12_months_run_off"]["base"]
    assert falls == pytest.approx(0.06 / 12 * 5.5 / (5.5 / 13))
    moved = shift_row("2026-03-31", from_product="short", to_product="other", share=0.5, rate=0.03)
    shifted = run(*rows, mix_shift=pd.DataFrame([moved]))
    income = shifted.nii_summary.set_index(["scenario", "balance_sheet", "horizon_months"])["nii"]
    found = shifted.facts["summary"]["net_interest_margin_12_months_constant"]["base"]
    assert found == pytest.approx(income["base", "constant", 12] / 2e6)


def test_commercial_margin_is_what_the_bank_earns_on_either_side() -> None:
    result = run(loan(60, 0.05, 2e6, transfer_rate=0.03), deposit(transfer_rate=0.025))
    found = (result.extra or {})["commercial_margin"].set_index("side")
    assert found.loc["asset", "commercial_margin"] == pytest.approx(0.02)
    assert found.loc["asset", "margin_a_year"] == pytest.approx(2e6 * 0.02)
    assert found.loc["liability", "commercial_margin"] == pytest.approx(0.025 - 0.01)
    assert found.loc["liability", "margin_a_year"] == pytest.approx(8e5 * 0.015)


def test_growth_by_scenario_follows_what_is_left_there() -> None:
    rows = [
        plan_row("2026-01-31", growth=0.02, rate=0.04),
        plan_row("2026-02-28", volume=1e5, rate=0.04, scenario="up_100"),
    ]
    result = planned(*rows, assumptions=runoff("bond", np.full(60, 0.10)))
    # A tenth leaves; the balance is to be 1.02 million, so 120,000 are taken up, for a year.
    np.testing.assert_allclose(extra(result), months(2, 13, 120_000 * 0.04 / 12), rtol=1e-9, atol=1e-7)
    more = extra(result, "up_100") - extra(result)
    np.testing.assert_allclose(more, months(3, 14, 100_000 * 0.04 / 12), rtol=1e-9, atol=1e-7)


def test_a_row_of_a_scenario_takes_the_place_of_the_row_for_all() -> None:
    rows = [
        plan_row("2026-01-31", volume=1e5, rate=0.04),
        plan_row("2026-01-31", volume=3e5, rate=0.04, scenario="up_100"),
    ]
    result = planned(*rows)
    np.testing.assert_allclose(extra(result), months(2, 13, 1e5 * 0.04 / 12), atol=1e-8)
    np.testing.assert_allclose(extra(result, "up_100"), 3 * extra(result), atol=1e-8)


def test_business_without_a_price_earns_what_the_product_earns() -> None:
    result = run(
        deposit(), plan=pd.DataFrame([plan_row("2026-01-31", product="savings", side="liability", volume=8e4)])
    )
    paid = interest(result, "constant", "savings")
    np.testing.assert_allclose(interest(result, "dynamic", "savings")[1:13], paid[1:13] / 10, rtol=1e-12)


def test_a_product_that_the_book_lacks_gets_rows_of_its_own() -> None:
    result = planned(plan_row("2026-01-31", product="green", volume=1e5, rate=0.06))
    assert interest(result, "dynamic", "green")[1] == pytest.approx(500.0)
    assert (interest(result, "run_off", "green") == 0).all()
    assert (result.eve[result.eve["product"] == "green"]["present_value"] == 0).all()


TERM = loan(12, 0.03, 2e5, repayment="bullet", side="liability", product="term")


def test_a_shift_takes_interest_from_one_product_and_gives_it_to_the_other() -> None:
    still = run(deposit(), TERM)
    moved = run(deposit(), TERM, mix_shift=pd.DataFrame([shift_row("2026-06-30", rate=0.04, term_months=12)]))
    before, after = interest(still, "constant", "savings"), interest(moved, "constant", "savings")
    np.testing.assert_allclose(after[:6], before[:6], rtol=1e-12)
    np.testing.assert_allclose(after[6:], 0.75 * before[6:], rtol=1e-12)
    change = interest(moved, "constant", "term") - interest(still, "constant", "term")
    np.testing.assert_allclose(change, months(7, 60, -2e5 * 0.04 / 12), atol=1e-8)
    np.testing.assert_allclose(interest(moved, "run_off", "term"), interest(still, "run_off", "term"), rtol=1e-12)
    summary = moved.facts["summary"]
    assert summary["nii_12_months_constant_before_mix_shift"] == pytest.approx(
        still.facts["summary"]["nii_12_months_constant"]
    )
    assert summary["nii_outlier_test"] == still.facts["summary"]["nii_outlier_test"]


def test_what_moved_is_priced_anew_after_each_term() -> None:
    moved = run(deposit(), TERM, mix_shift=pd.DataFrame([shift_row("2026-06-30", margin=-0.005, term_months=12)]))
    still = run(deposit(), TERM)
    change = (interest(moved, "constant", "term") - interest(still, "constant", "term")) / -2e5 * 12
    for begin in (6, 18, 30, 42):
        rate = zero_between(begin / 12, begin / 12 + 1) - 0.005
        np.testing.assert_allclose(change[begin : begin + 12], rate, rtol=1e-9)


def test_a_shift_without_a_price_earns_what_the_product_earns() -> None:
    still, moved = run(deposit(), TERM), run(deposit(), TERM, mix_shift=pd.DataFrame([shift_row("2026-01-31")]))
    held = interest(still, "constant", "term")
    np.testing.assert_allclose(interest(moved, "constant", "term")[1:], 2 * held[1:], rtol=1e-12)


def test_what_tables_do_not_fit_is_said_row_by_row() -> None:
    rows = [
        plan_row("2025-12-31", volume=1.0, rate=0.05),
        plan_row("2032-01-31", volume=1.0, rate=0.05),
        plan_row("2026-01-31", volume=1.0, rate=0.05, side="liability"),
        plan_row("2026-01-31", volume=1.0, product="unknown"),
        plan_row("2026-01-31", volume=1.0, rate=0.05, scenario="storm"),
        plan_row("2026-01-31", volume=1.0, index="LIBOR", reset_months=3),
        plan_row("2026-01-31", volume=1.0, rate=0.05, currency="EUR"),
    ]
    with pytest.raises(ContractFault) as found:
        planned(*rows)
    assert sorted(fault.where for fault in found.value.faults) == [f"plan, row {row}" for row in range(1, 8)]
    shifts = [
        shift_row("2026-01-31", from_product="nothing", rate=0.04, term_months=12),
        shift_row("2026-01-31", to_product="bond"),
        shift_row("2026-01-31", to_product="unknown"),
    ]
    with pytest.raises(ContractFault) as found:
        run(deposit(), BOND, TERM, mix_shift=pd.DataFrame(shifts))
    assert sorted(fault.where for fault in found.value.faults) == [f"mix_shift, row {row}" for row in range(1, 4)]


def test_a_dynamic_balance_sheet_needs_a_plan() -> None:
    with pytest.raises(ContractFault, match="--plan"):
        run(BOND, sheets=("dynamic",))
    with pytest.raises(ContractFault, match="constant"):
        run(deposit(), TERM, sheets=("run_off",), mix_shift=pd.DataFrame([shift_row("2026-01-31")]))


@pytest.mark.parametrize(
    ("cells", "rule"),
    [
        ({"volume": 1.0, "growth": 0.1}, "not both"),
        ({}, "a `volume` or a `growth` is required"),
        ({"volume": 1.0, "rate": 0.04, "margin": 0.01}, "at most one of"),
        ({"volume": 1.0, "index": "TERM"}, "required where `index` is given"),
        ({"volume": -1.0}, "expected 0"),
        ({"volume": 1.0, "rate": 4.0}, "percent"),
    ],
)
def test_the_plan_is_checked_at_the_door(cells: dict[str, Any], rule: str) -> None:
    row = {"volume": None, "growth": None, "rate": None, "margin": None, "index": None, "reset_months": None}
    faults = check(pd.DataFrame([plan_row("2026-01-31", **{**row, **cells})]), PLAN_TABLE)
    assert any(rule in fault.rule for fault in faults), faults


def test_growth_stands_alone_in_its_month() -> None:
    rows = [
        plan_row("2026-01-31", growth=0.0, volume=None),
        plan_row("2026-01-31", growth=None, volume=1.0, term_months=6),
    ]
    assert any("only row" in fault.rule for fault in check(pd.DataFrame(rows), PLAN_TABLE))


@pytest.mark.parametrize(
    ("cells", "rule"),
    [
        ([{"to_product": "savings"}], "another product"),
        ([{"share": 0.6}, {"share": 0.6, "to_product": "bond"}], "more than 1"),
        ([{"rate": 0.03}], "required where `rate` or `margin`"),
    ],
)
def test_a_mix_shift_is_checked_at_the_door(cells: list[dict[str, Any]], rule: str) -> None:
    rows = pd.DataFrame([shift_row("2026-01-31", **one) for one in cells])
    assert any(rule in fault.rule for fault in check(rows, MIX_SHIFT_TABLE))


def test_the_commercial_margin_of_todays_balances_is_shown() -> None:
    result = run({**BOND, "transfer_rate": 0.03}, {**TERM, "transfer_rate": 0.035}, BOND)
    shown = result.tables()["commercial_margin"].set_index("product")
    assert shown.loc["bond", "commercial_margin"] == pytest.approx(0.02)
    assert shown.loc["bond", "share_with_transfer_rate"] == pytest.approx(0.5)
    assert shown.loc["bond", "margin_a_year"] == pytest.approx(20_000)
    assert shown.loc["term", "margin_a_year"] == pytest.approx(2e5 * 0.005)


def test_the_income_outlier_test_of_the_european_rules() -> None:
    result = value(
        inputs(book=table(deposit(), loan(60, 0.05, repayment="bullet")), tier1=1e5),
        ValuationOptions(framework="eu_2024_856"),
    )
    year = result.nii_summary
    year = year[(year["horizon_months"] == 12) & (year["balance_sheet"] == "constant")].set_index("scenario")
    worst = year.loc[["parallel_up", "parallel_down"], "delta_nii"].min()
    test = result.facts["summary"]["nii_outlier_test"]
    assert test["test"] == "eu_nii"
    assert test["change"] == pytest.approx(worst)
    assert test["outlier"] == bool(worst < -0.05 * 1e5)


def test_new_deposits_without_a_price_follow_their_products_pass_through() -> None:
    tables = (*runoff("savings", np.full(60, 0.01), "withdrawal").tables, *pass_through(0.5, 1.0))
    row = plan_row("2026-02-28", product="savings", side="liability", growth=0.0, term_months=60, payment_months=1)
    result = run(
        deposit(),
        plan=pd.DataFrame([row]),
        assumptions=AssumptionSet("beta", AS_OF, tables),
        curves=SLOPED.assign(zero_rate=0.03),
    )
    rise = 12 * (math.expm1(0.04 / 12) - math.expm1(0.03 / 12))
    for scenario, rate in (("base", 0.01), ("up_100", 0.01 + rise / 2)):
        kept = interest(result, "constant", "savings", scenario)
        np.testing.assert_allclose(kept, months(1, 60, -8e5 * rate / 12), rtol=1e-9)
        # What left in the second month is taken up again at its end: 1% of what the first month left over.
        new = interest(result, "dynamic", "savings", scenario) - interest(result, "run_off", "savings", scenario)
        np.testing.assert_allclose(new, months(3, 60, -8e5 * 0.99 * 0.01 * rate / 12), rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("scenario", ["base", "up_200"])
def test_without_an_origination_date_a_renewal_runs_as_long_as_the_position_did_from_today(scenario: str) -> None:
    known, unknown = (run(loan(60, 0.05, origination_date=day)) for day in (AS_OF, pd.NaT))
    sheets = [interest(result, "constant", "loan", scenario) for result in (known, unknown)]
    np.testing.assert_allclose(sheets[1], sheets[0], rtol=1e-14)
    assert known.facts["warnings"] == []
    assert unknown.facts["warnings"] == [
        "1 position has no origination date: behaviour counts its age, and a renewal its term, from today."
    ]


def test_a_floating_rate_that_does_not_say_when_it_is_reset_is_valued_as_the_warning_says() -> None:
    floats = {"rate_type": "floating", "index": "discount", "spread": 0.01, "payment_months": 3, "repayment": "bullet"}
    told = {"next_reset_date": pd.Timestamp("2026-02-28"), "reset_months": 3}
    known, unknown = run(loan(14, 0.05, **floats, **told)), run(loan(14, 0.05, **floats))
    pd.testing.assert_frame_equal(known.eve, unknown.eve)
    assert known.facts["warnings"] == []
    assert unknown.facts["warnings"] == [
        "1 position has a floating rate and no next_reset_date: taken as its first payment date, or its start.",
        "1 position has a floating rate and no reset_months: taken as its payment_months.",
    ]


def test_what_no_row_needs_is_not_missed() -> None:
    """A deposit whose curve counts from as-of has no use for a day of origination, nor a book of loans for betas."""

    def said(words: str, *rows: dict[str, Any], assumptions: AssumptionSet) -> bool:
        return words in " ".join(run(*rows, assumptions=assumptions).facts["warnings"])

    aged, fresh = (runoff("savings", np.full(120, 0.008), "withdrawal", since) for since in (True, False))
    undated = deposit(origination_date=pd.NaT)
    assert said("no origination date", undated, assumptions=aged)
    assert not said("no origination date", undated, assumptions=fresh)
    betas = AssumptionSet("beta", fresh.as_of, (*fresh.tables, *pass_through(0.5, 0.2)))
    assert said("pending pass-through", deposit(), assumptions=betas)
    assert not said("pending pass-through", loan(60, 0.05), assumptions=betas)


def test_a_margin_of_a_product_that_the_book_lacks_is_said_with_the_nearest_name() -> None:
    def said(**margins: float) -> list[str]:
        warnings = run(BOND, new_business_margins=margins).facts["warnings"]
        return [words for words in warnings if "new_business_margins" in words]

    assert not said(bond=0.01)
    (words,) = said(bond=0.01, bonds=0.012, cars=0.02)
    assert "product `bonds` (is it `bond`?), `cars`; nothing is renewed" in words


def test_tables_that_no_position_behaves_by_are_named() -> None:
    def said(book: pd.DataFrame) -> list[str]:
        result = run(assumptions=AssumptionSet("both", AS_OF, (*tables.tables, *pass_through(0.5, 0.2))), book=book)
        return [words for words in result.facts["warnings"] if "behaves by" in words]

    tables = runoff("savings", np.full(60, 0.01), "withdrawal")
    assert said(table(deposit(), loan(12, 0.05))) == []
    (words,) = said(table(deposit()).assign(product="saving"))
    assert words == "Of the assumption set, no position of the book behaves by runoff, target."


def test_a_target_without_a_speed_is_said() -> None:
    target, speed = pass_through(0.5, 0.2)
    upwards = replace(speed, curves=tuple(curve for curve in speed.curves if curve.direction == Direction.UP))
    fitting = runoff("savings", np.full(60, 0.01), "withdrawal").tables

    def said(*found: AssumptionTable) -> list[str]:
        result = run(deposit(), assumptions=AssumptionSet("beta", AS_OF, (*fitting, target, *found)))
        return [words for words in result.facts["warnings"] if "no speed" in words]

    assert said(speed) == []
    assert said(upwards) == said()
    assert said()[0].startswith("1 position (savings) with a target of the set and no speed")


def test_values_of_an_index_that_nothing_knows_are_said() -> None:
    def said(index: str) -> list[str]:
        told = ScenarioSet((Scenario("base"), Scenario("told", {}, {index: (0.05,)})))
        given = inputs(book=table(BOND), assumptions=None, curves=SLOPED)
        return [words for words in value(given, ValuationOptions(scenarios=told)).facts["warnings"] if "index" in words]

    assert said("TERM") == []
    assert said("TERMS") == ["scenarios give values of TERMS; nothing reads an index of that name."]
