"""The standardised framework over several currencies: each stands alone, caps are on categories, losses add up."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from behavior.assumptions.curve import AssumptionCurve
from behavior.assumptions.effects import Effect, MonthMeaning
from behavior.assumptions.segments import SegmentScheme
from behavior.assumptions.set import AssumptionSet, AssumptionTable
from behavior.engine.slotting import CoreTerms, core_caps, split_category
from behavior.measures.result import IrrbbResult
from behavior.quantities import Quantity
from behavior.workflows.standardised import standardised_value
from behavior.workflows.standardised_core import NMD, PREPAYABLE, TERM_DEPOSIT, Portfolio
from behavior.workflows.valuation import ValuationInputs, ValuationOptions
from behavior.workflows.value import value
from behavior.workflows.value_measures import Measures, with_measures
from tests.engine.simple import AS_OF, loan, table

OPTIONS = ValuationOptions(time="month_grid")
FX = {"USD": 1.0, "EUR": 1.1, "JPY": 0.0065}
ZERO = {"USD": 0.035, "EUR": 0.02, "JPY": 0.01}
SIZE = {"USD": 4e5, "EUR": 3e5, "JPY": 6e7}
HAZARD = {"USD": 0.010, "EUR": 0.003, "JPY": 0.020}
DECAY = {"USD": 0.03, "EUR": 0.01, "JPY": 0.005}
SHOCKS = {"USD": (200, 300, 225), "EUR": (225, 350, 200), "JPY": (100, 100, 100)}
FACTORS = {  # scenario -> prepayment, redemption
    "parallel_up": (0.8, 1.2),
    "parallel_down": (1.2, 0.8),
    "steepener": (0.8, 0.8),
    "flattener": (1.2, 1.2),
    "short_up": (0.8, 1.2),
    "short_down": (1.2, 0.8),
}
BOUNDS = (1, 3, 6, 9, 12, 18, 24, 36, 48, 60, 72, 84, 96, 108, 120, 180, 240, math.inf)
MIDDLES = (0.0028, 0.0417, 0.1667, 0.375, 0.625, 0.875, 1.25, 1.75, *np.arange(2.5, 10, 1), 12.5, 17.5, 25)
STABLE = {"USD": 0.9, "EUR": 0.99, "JPY": 0.8}


def rows(currency: str) -> list[dict[str, Any]]:
    size, open_ended = SIZE[currency], {"repayment": "none", "rate_type": "administered", "maturity_date": pd.NaT}
    terms = {"side": "liability", "currency": currency, "product": "savings", "pass_through": 0.05}
    return [
        loan(120, 0.05, size, currency=currency),
        loan(60, 0.03, size / 4, currency=currency, product="bond", repayment="bullet", payment_months=12),
        loan(1, 0.01, size, **open_ended, **terms, stable_share=STABLE[currency], customer_type="retail_transactional"),
        loan(24, 0.02, size / 3, repayment="bullet", payment_months=12, **(terms | {"product": "term"})),
    ]


def curves_of(name: str, hazards: dict[str, float], product: str, cause: str) -> AssumptionTable:
    curves = tuple(
        AssumptionCurve((product, money), np.arange(1, 61), {}, np.full(60, hazard))
        for money, hazard in hazards.items()
    )
    scheme = SegmentScheme(("product", "currency"))
    monthly = Quantity.MONTHLY_HAZARD
    return AssumptionTable(name, Effect.RUNOFF, monthly, scheme, curves, cause, MonthMeaning.SINCE_AS_OF)


def inputs(*currencies: str) -> ValuationInputs:
    made = AssumptionSet(
        "own",
        AS_OF,
        (curves_of("prepayment", HAZARD, "loan", "payoff"), curves_of("decay", DECAY, "savings", "withdrawal")),
    )
    nodes = [
        {"as_of": AS_OF, "currency": money, "index": "discount", "months": months, "zero_rate": ZERO[money]}
        for money in currencies
        for months in (0, 480)
    ]
    rates = [{"as_of": AS_OF, "currency": m, "reporting_currency": "USD", "rate": FX[m]} for m in currencies]
    held = table(*(row for money in currencies for row in rows(money)))
    return ValuationInputs(held, pd.DataFrame(nodes), AS_OF, "USD", 1e5, 2e5, assumptions=made, fx=pd.DataFrame(rates))


def measured(*currencies: str) -> IrrbbResult:
    held = inputs(*currencies)
    return with_measures(value(held, OPTIONS), held, OPTIONS, Measures(("standardised",)))


def shock(currency: str, scenario: str, years: float) -> float:
    """Change of the zero rate, bp of Table 2 as recalibrated in 2024, written out again."""
    parallel, short, long = SHOCKS[currency]
    near, far = short * math.exp(-years / 4), long * (1 - math.exp(-years / 4))
    found = {
        "base": 0.0,
        "parallel_up": parallel,
        "parallel_down": -parallel,
        "steepener": -0.65 * near + 0.9 * far,
        "flattener": 0.8 * near - 0.6 * far,
        "short_up": near,
        "short_down": -near,
    }
    return found[scenario] / 1e4


def own_value(currency: str, scenario: str, cpr: float, redeemed: float, core: float, years: float) -> float:
    """Economic value of `rows` by bucket, a plain loop over months: assets less deposits."""
    size, cash = SIZE[currency], np.zeros(19)

    def pay(month: float, amount: float) -> None:
        cash[1 + next(k for k, bound in enumerate(BOUNDS) if month <= bound)] += amount

    balance, smm = size, 1 - (1 - cpr) ** (1 / 12)
    for month in range(1, 121):
        left = 121 - month
        level = balance * (0.05 / 12) / (1 - (1 + 0.05 / 12) ** -left)
        interest, principal = balance * 0.05 / 12, level - balance * 0.05 / 12
        early = (balance - principal) * (smm if month < 120 else 0.0)
        pay(month, interest + principal + early)
        balance -= principal + early
    for year in range(1, 6):
        pay(12 * year, size / 4 * (0.03 + (year == 5)))
    cash[0] -= size - core + size / 3 * redeemed
    lower = 0.0
    for k, bound in enumerate((1 / 365 * 12, *BOUNDS)):
        upper = min(bound / 12, 2 * years)
        cash[k] -= core * (upper - lower) / (2 * years)
        lower = upper
    for year in (1, 2):
        pay(12 * year, -size / 3 * (1 - redeemed) * (0.02 + (year == 2)))
    at = np.asarray(MIDDLES)
    rate = ZERO[currency] + np.asarray([shock(currency, scenario, float(t)) for t in at])
    return float((cash * np.exp(-rate * at)).sum())


def test_three_currencies_are_worth_what_a_plain_calculation_says_and_losses_alone_add_up() -> None:
    held, base_cpr, base_ratio, years = inputs(*FX), {}, {}, {"USD": 3.0, "EUR": 9.0, "JPY": None}
    portfolios = []
    for money, hazard in HAZARD.items():
        base_cpr[money], base_ratio[money] = 1 - (1 - hazard) ** 12, 0.9 if money == "EUR" else 0.04
        portfolios += [
            Portfolio("loan", PREPAYABLE, currency=money, annual_rate=base_cpr[money]),
            Portfolio("term", TERM_DEPOSIT, currency=money, annual_rate=base_ratio[money]),
            Portfolio(
                "savings",
                NMD,
                currency=money,
                category="retail_transactional",
                stable_share=STABLE[money],
                pass_through=0.05,
                years=years[money],
            ),
        ]
    found = standardised_value(held, OPTIONS, portfolios).summary.set_index(["scenario", "currency"])
    mine: dict[str, dict[str, float]] = {}
    for money in FX:
        core, life = min(0.95 * STABLE[money], 0.9) * SIZE[money], min(years[money] or 5.0, 5.0)
        mine[money] = {"base": own_value(money, "base", base_cpr[money], base_ratio[money], core, life)}
        for scenario, (prepaid, redeemed) in FACTORS.items():
            cpr, ratio = min(1.0, prepaid * base_cpr[money]), min(1.0, redeemed * base_ratio[money])
            mine[money][scenario] = own_value(money, scenario, cpr, ratio, core, life)
            change = mine[money][scenario] - mine[money]["base"]
            assert found.loc[(scenario, money), "delta_eve"] == pytest.approx(change, abs=0.005)
        assert found.loc[("base", money), "eve"] == pytest.approx(mine[money]["base"], abs=0.005)
    offset = False
    for scenario in FACTORS:
        changes = [FX[money] * (mine[money][scenario] - mine[money]["base"]) for money in FX]
        losses = sum(min(change, 0.0) for change in changes)
        offset |= min(changes) < 0 < max(changes)
        assert found.loc[(scenario, "total"), "delta_eve_after_options"] == pytest.approx(losses, abs=0.005)
        assert found.loc[(scenario, "total"), "delta_eve"] == pytest.approx(sum(changes), abs=0.005)
    assert offset


def test_a_currency_is_worth_beside_others_what_it_is_worth_alone() -> None:
    together = measured(*FX)
    tables = together.extra or {}
    assert len(tables["standardised_terms"]) == 2 * len(FX)
    for money in FX:
        alone = (measured(money).extra or {})["standardised_eve"]
        columns = ["scenario", "eve", "delta_eve", "delta_eve_frozen", "response"]
        both = tables["standardised_eve"]
        pd.testing.assert_frame_equal(
            both.loc[both["currency"] == money, columns].reset_index(drop=True),
            alone.loc[alone["currency"] == money, columns].reset_index(drop=True),
            rtol=1e-11,
        )
    terms = tables["standardised_terms"].set_index(["currency", "treatment"])
    for money, hazard in HAZARD.items():
        assert terms.loc[(money, PREPAYABLE), "annual_rate"] == pytest.approx(1 - (1 - hazard) ** 12)
        life = (1 - (1 - DECAY[money]) ** 480) / DECAY[money] / 12
        assert terms.loc[(money, NMD), "core_years"] == pytest.approx(life / STABLE[money])
        assert terms.loc[(money, NMD), "pass_through"] == pytest.approx(0.05)
    total = tables["standardised_eve"].query("currency == 'total'").set_index("scenario")
    test = together.facts["measures"]["standardised"]["outlier_test"]
    counted = total["delta_eve_after_options"]
    assert test["change"] == counted.min() == counted[test["worst_scenario"]]


def test_behaviour_switched_off_is_no_prepayment_and_an_asset_without_maturity_is_overnight() -> None:
    held = inputs("USD")
    card = held.book.iloc[[2]].assign(position_id="card", product="card", side="asset", balance=1e4)
    off = pd.concat([held.book.assign(behavioral=[False, True, True, True]), card], ignore_index=True)
    terms = [Portfolio("loan", PREPAYABLE, annual_rate=0.2), Portfolio("savings", NMD, category="wholesale")]
    found, plain = (standardised_value(replace(held, book=book), OPTIONS, terms) for book in (off, held.book))
    assert found.summary["response"].abs().max() < 1e-9
    assert plain.summary["response"].abs().max() > 1.0
    cash = found.buckets.query("scenario == 'parallel_up' and bucket == 'ON'")["cash_flow"].item()
    assert cash == pytest.approx(1e4 - SIZE["USD"] * (0.5 + 0.5 / 8 / 365))


def test_a_limit_inside_a_loan_is_worth_what_the_same_option_beside_it_is() -> None:
    terms = {"rate_type": "floating", "index": "discount", "spread": 0.0, "reset_months": 6, "payment_months": 6}
    terms |= {"next_reset_date": pd.Timestamp("2026-06-30"), "repayment": "bullet", "volatility": 0.009}
    option = {"side": "pay", "instrument": "cap", "product": "cap", "strike": 0.04}
    books = [
        table(loan(60, 0.03, **terms)),
        table(loan(60, 0.03, **terms, cap=0.04)),
        table(loan(60, 0.03, **terms), loan(60, 0.03, **terms) | option),
    ]
    free, inside, beside = (
        standardised_value(replace(inputs("USD"), book=book), OPTIONS, []).summary.query("currency == 'USD'")
        for book in books
    )
    for name in ("eve", "delta_eve", "option_add_on", "delta_eve_after_options"):
        assert inside[name].to_numpy() == pytest.approx(beside[name].to_numpy(), rel=1e-9, abs=1e-6)
    assert inside["option_add_on"].max() > 1e3
    assert (inside["delta_eve"] - free["delta_eve"]).min() < -1e4


def test_caps_are_on_the_category() -> None:
    cap = core_caps("bcbs")["retail_transactional"]
    checking, salary = split_category([CoreTerms(100.0, 1.0, 0.0, 8.0), CoreTerms(100.0, 0.5, 0.0, 1.0)], cap)
    assert (checking.core, salary.core, checking.binding) == (100.0, 50.0, False)
    scale = 5.0 / ((100 * 8 + 50 * 1) / 150)
    assert (checking.years, salary.years) == pytest.approx((8 * scale, scale))
    checking, salary = split_category([CoreTerms(300.0, 1.0, 0.0, 4.0), CoreTerms(100.0, 0.8, 0.0)], cap)
    assert (checking.core, salary.core) == pytest.approx((300 * 360 / 380, 80 * 360 / 380))
    assert (checking.non_core + salary.non_core, checking.years, salary.years) == pytest.approx((40.0, 4.0, 5.0))


def test_options_alone_are_worth_what_they_are_beside_a_loan_that_is_not() -> None:
    floating = {"rate_type": "floating", "index": "discount", "reset_months": 6, "payment_months": 6}
    cap = loan(60, 0.0, product="cap", side="receive", instrument="cap", strike=0.035, volatility=0.009, **floating)
    bond = loan(60, 0.03, product="bond", repayment="bullet")
    alone, beside, without = (
        with_measures(value(one, OPTIONS), one, OPTIONS, Measures(("standardised",)))
        for one in (replace(inputs("USD"), book=table(*held)) for held in ([cap], [cap, bond], [bond]))
    )
    figures = ["eve", "delta_eve", "option_add_on"]
    mine, both, rest = (
        one.tables()["standardised_eve"].query("currency == 'USD'")[figures] for one in (alone, beside, without)
    )
    assert (mine + rest).to_numpy() == pytest.approx(both.to_numpy(), rel=1e-9, abs=1e-6)
    assert alone.tables()["standardised_buckets"].empty
