"""Commercial margin inside net interest income: laws that need no second engine, and sums by hand."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from behavior.assumptions.curve import AssumptionCurve
from behavior.assumptions.effects import Driver, Effect, MonthMeaning
from behavior.assumptions.segments import SegmentScheme
from behavior.assumptions.set import AssumptionSet, AssumptionTable
from behavior.quantities import FloatArray, Quantity
from behavior.reporting.html import render
from behavior.reporting.irrbb_report import irrbb_report
from behavior.workflows.margin_income import margin_income
from behavior.workflows.valuation import ValuationOptions
from behavior.workflows.value import value
from behavior.workflows.value_measures import Measures, with_measures
from tests.engine.simple import AS_OF, loan, runoff, table
from tests.workflows.test_value_engine import deposit, inputs
from tests.workflows.test_value_sheets import SLOPED, plan_row, shift_row
from tests.workflows.test_value_switches import leaving_by_level, pass_through

OPTIONS = ValuationOptions(framework="us_parallel", time="month_grid")
FLOATER = {"rate_type": "floating", "index": "TERM", "spread": 0.015, "reset_months": 3, "payment_months": 3}
FLOATER |= {"next_reset_date": pd.Timestamp("2026-02-28"), "product": "floater", "repayment": "bullet"}


def found(*rows: dict[str, Any], options: ValuationOptions = OPTIONS, **changed: Any) -> pd.DataFrame:
    given: dict[str, Any] = {"book": table(*rows), "assumptions": None, "curves": SLOPED, **changed}
    return margin_income(inputs(**given), options)


def part(
    rows: pd.DataFrame, sheet: str, product: str, scenario: str = "base", column: str = "commercial_margin"
) -> FloatArray:
    """Months 1 to 60."""
    chosen = (rows["balance_sheet"] == sheet) & (rows["product"] == product) & (rows["scenario"] == scenario)
    return rows[chosen][column].to_numpy(dtype=np.float64)


def drawn_and_prepaid() -> AssumptionSet:
    """Payoffs of 1% a month, faster when rates are low, and lines drawn by 5% a month."""
    months = np.arange(1, 121)
    level = {Driver.RATE_LEVEL: np.asarray([0.0, 0.08])}
    since = {"month_meaning": MonthMeaning.SINCE_AS_OF}
    scheme = SegmentScheme(("behaves",))
    prepaid = AssumptionCurve(("yes",), months, level, np.repeat([[0.02], [0.0]], 120, axis=1))
    draws = AssumptionCurve(("yes",), months, {}, np.full(120, 0.05))
    terms = {"cause": "payoff", "drivers": (Driver.RATE_LEVEL,), **since}
    tables = (
        AssumptionTable("prepaid", Effect.RUNOFF, Quantity.MONTHLY_HAZARD, scheme, (prepaid,), **terms),
        AssumptionTable("drawn", Effect.DRAWDOWN, Quantity.DRAWN_SHARE, scheme, (draws,), **since),
    )
    return AssumptionSet("both", AS_OF, tables)


def test_a_fixed_rates_margin_is_its_share_of_the_interest_whatever_the_balance_does() -> None:
    schedule = pd.DataFrame({"position_id": ["p3"] * 2, "date": pd.to_datetime(["2026-06-30", "2027-06-30"])})
    schedule = schedule.assign(principal=[2e5, 1e5])
    forms: dict[str, dict[str, Any]] = {
        "monthly": {"transfer_rate": 0.03},
        "day_count": {"transfer_rate": 0.01, "day_count": "ACT/365F", "maturity_date": pd.Timestamp("2031-07-17")},
        "negative": {"transfer_rate": 0.055, "payment_months": 3, "repayment": "linear"},
        "explicit": {"transfer_rate": 0.02, "payment_months": 6, "repayment": "schedule"},
        "line": {"transfer_rate": 0.04, "repayment": "bullet", "undrawn": 5e5},
        "quarterly": {"transfer_rate": 0.045, "payment_months": 3, "day_count": "30E/360", "side": "liability"},
    }
    rows = [loan(66, 0.05, product=name, behaves="yes", **terms) for name, terms in forms.items()]
    rows.append(loan(66, 0.04, 2e6, product="monthly_two", behaves="yes", transfer_rate=0.035))
    held = found(*rows, schedule=schedule, assumptions=drawn_and_prepaid())
    for name, terms in [*forms.items(), ("monthly_two", {"transfer_rate": 0.035})]:
        rate = 0.04 if name == "monthly_two" else 0.05
        for scenario in ("base", "up_400", "down_200"):
            interest = part(held, "run_off", name, scenario, "nii")
            margin = part(held, "run_off", name, scenario)
            expected = interest * (rate - terms["transfer_rate"]) / rate
            np.testing.assert_allclose(margin, expected, rtol=1e-9, atol=1e-9 * np.abs(interest).max(), err_msg=name)
            assert np.abs(interest).max() > 100


@pytest.mark.parametrize("as_of", ["2026-01-30", "2026-05-30", "2028-01-29", "2026-02-28"])
def test_two_payments_in_one_month_earn_their_margin_each(as_of: str) -> None:
    """From 30 January to 28 February payers on month ends pay twice, and not at all in the month after."""
    day = pd.Timestamp(as_of)
    terms = {"transfer_rate": 0.03, "maturity_date": day + pd.offsets.MonthEnd(26), "origination_date": day}
    terms |= {"day_count": "ACT/365F"}
    forms = {"annuity": 1, "linear": 3, "bullet": 0}
    rows = [
        loan(12, 0.05, product=name, repayment=name, payment_months=months, **terms) for name, months in forms.items()
    ]
    rows.append(loan(12, 0.05, product="prepaid", **terms))
    prepaid = runoff("prepaid", np.full(120, 0.02))
    income = found(*rows, as_of=day.date(), curves=SLOPED.assign(as_of=day), assumptions=prepaid)
    for product in (*forms, "prepaid"):
        nii = part(income, "run_off", product, column="nii")
        assert part(income, "run_off", product) == pytest.approx(nii * 0.4, rel=1e-10, abs=1e-9)


def test_margins_of_one_product_add_up() -> None:
    rows = [loan(60 + k, 0.05, 1e5 * (k + 1), transfer_rate=0.03 + 0.004 * k, behaves="yes") for k in range(8)]
    together = found(*rows, assumptions=drawn_and_prepaid())
    each = [found(one, assumptions=drawn_and_prepaid()) for one in rows]
    for sheet in ("run_off", "constant"):
        whole = sum(part(one, sheet, "loan", "up_100") for one in each)
        np.testing.assert_allclose(part(together, sheet, "loan", "up_100"), whole, rtol=1e-9, atol=1e-6)


def test_a_floaters_margin_is_what_a_higher_spread_would_bring() -> None:
    row = loan(30, 0.04, transfer_rate=0.028, **FLOATER)
    dearer = {**row, "spread": row["spread"] + 0.01, "rate": row["rate"] + 0.01}
    held, more = found(row), found(dearer)
    for sheet, last in (("run_off", 60), ("constant", 60)):
        for scenario in ("base", "up_200"):
            gain = part(more, sheet, "floater", scenario, "nii") - part(held, sheet, "floater", scenario, "nii")
            margin = part(held, sheet, "floater", scenario)
            np.testing.assert_allclose(margin[:last], 1.2 * gain[:last], rtol=1e-8, atol=1e-6)


def test_deposits_earn_transfer_less_customer_rate_on_what_is_left_and_on_what_stays() -> None:
    tables = (leaving_by_level(), *pass_through(0.5, 0.3))
    held = found(
        deposit(transfer_rate=0.025),
        assumptions=AssumptionSet("all", AS_OF, tables),
        curves=SLOPED.assign(zero_rate=0.03),
    )
    level = 12 * math.expm1(0.03 / 12)
    left = 8e5 * (1 - 0.01 - (level - 0.03)) ** np.arange(60)
    np.testing.assert_allclose(part(held, "run_off", "savings"), left * 0.015 / 12, rtol=1e-9)
    np.testing.assert_allclose(part(held, "constant", "savings", "up_200"), np.full(60, 8e5 * 0.015 / 12), rtol=1e-9)


def test_renewed_balances_have_the_margin_of_new_business() -> None:
    row = loan(12, 0.05, repayment="bullet", product="bond", transfer_rate=0.02, origination_date=pd.Timestamp(AS_OF))
    held = found(row, new_business_margins={"bond": 0.012})
    by_hand = np.where(np.arange(60) < 12, 1e6 * 0.03 / 12, 1e6 * 0.012 / 12)
    for scenario in ("base", "up_300"):
        np.testing.assert_allclose(part(held, "constant", "bond", scenario), by_hand, rtol=1e-9)
    np.testing.assert_allclose(part(held, "run_off", "bond"), np.where(np.arange(60) < 12, by_hand, 0.0), atol=1e-8)


def test_new_business_of_plans_and_shifts_has_its_own_margin() -> None:
    bond = loan(36, 0.05, repayment="bullet", product="bond", transfer_rate=0.02)
    plan = pd.DataFrame(
        [
            plan_row("2026-03-31", volume=120_000.0, margin=0.01),
            plan_row("2026-06-30", volume=120_000.0),
            plan_row("2026-09-30", volume=120_000.0, index="TERM", spread=0.002, reset_months=6),
            plan_row("2026-12-31", volume=120_000.0, rate=0.06),
        ]
    )
    held = found(bond, plan=plan, curves=SLOPED)
    new = part(held, "dynamic", "bond") - part(held, "run_off", "bond")
    by_hand = np.zeros(60)
    # The year after the first has a zero rate of 4%: six percent lies two points above it.
    for begin, margin in ((3, 0.01), (6, 0.03), (9, 0.002), (12, 0.02)):
        by_hand[begin : begin + 12] += 120_000 * margin / 12
    np.testing.assert_allclose(new, by_hand, rtol=1e-9, atol=1e-8)


def test_the_margin_of_new_business_does_not_depend_on_which_balance_sheets_are_shown() -> None:
    bond = loan(36, 0.05, product="bond", transfer_rate=0.02)
    plan = pd.DataFrame([plan_row("2026-03-31", growth=0.0, margin=0.01)])

    def shown(*sheets: str) -> FloatArray:
        held = found(bond, plan=plan, curves=SLOPED, options=replace(OPTIONS, balance_sheets=sheets))
        return part(held, "dynamic", "bond")

    np.testing.assert_allclose(shown("dynamic"), shown("run_off", "constant", "dynamic"), rtol=1e-12)
    assert shown("dynamic")[3] > 1e6 * 0.03 / 12 * 0.9


def test_a_mix_shift_takes_margin_from_one_product_to_another() -> None:
    held = found(
        deposit(transfer_rate=0.02),
        mix_shift=pd.DataFrame([shift_row("2026-06-30", margin=-0.004, term_months=12)]),
        assumptions=runoff("savings", np.full(60, 0.01), "withdrawal"),
    )
    month = np.arange(60)
    kept = np.where(month < 6, 1.0, 0.75) * 8e5 * 0.01 / 12
    np.testing.assert_allclose(part(held, "constant", "savings"), kept, rtol=1e-9)
    np.testing.assert_allclose(part(held, "constant", "term"), np.where(month < 6, 0.0, 2e5 * 0.004 / 12), atol=1e-8)


def test_positions_without_a_transfer_rate_are_left_out() -> None:
    both = found(loan(24, 0.05, transfer_rate=0.03), loan(24, 0.05, product="other"))
    alone = found(loan(24, 0.05, transfer_rate=0.03))
    for sheet in ("run_off", "constant"):
        np.testing.assert_allclose(part(both, sheet, "loan"), part(alone, sheet, "loan"), rtol=1e-12)
        np.testing.assert_array_equal(part(both, sheet, "other"), np.zeros(60))
    assert found(loan(24, 0.05)).empty


def test_the_measure_gives_months_and_sums_in_the_reporting_currency() -> None:
    rows = (loan(36, 0.05, transfer_rate=0.03), loan(24, 0.04, 2e5, currency="EUR", product="euro", transfer_rate=0.02))
    euro = SLOPED.assign(currency="EUR")
    fx = pd.DataFrame({"as_of": [AS_OF], "currency": "EUR", "reporting_currency": "USD", "rate": 1.1})
    held = inputs(book=table(*rows), assumptions=None, curves=pd.concat([SLOPED, euro]), fx=fx)
    result = with_measures(value(held, OPTIONS), held, OPTIONS, Measures(("commercial_margin",)))
    months, sums = (result.tables()[f"commercial_margin_{name}"] for name in ("income", "summary"))
    assert list(sums.columns) == ["scenario", "balance_sheet", "horizon_months", "nii", "commercial_margin", "rest"]
    np.testing.assert_allclose(sums["rest"] + sums["commercial_margin"], sums["nii"], rtol=1e-12)
    year = sums[(sums["horizon_months"] == 12) & (sums["balance_sheet"] == "run_off") & (sums["scenario"] == "base")]
    by_hand = part(months, "run_off", "loan")[:12].sum() + 1.1 * part(months, "run_off", "euro")[:12].sum()
    assert year["commercial_margin"].iloc[0] == pytest.approx(by_hand, rel=1e-12)
    assert months["month"].min() == pd.Timestamp("2026-01-31")
    page = render(irrbb_report(result, None, {}))
    assert "Commercial margin in net interest income, constant balance sheet" in page
    assert "Commercial margin income" not in page
