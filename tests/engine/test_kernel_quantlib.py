"""Loans, bonds, floaters and swaps as rows of a book, through the engine, against QuantLib; negative rates included."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from behavior.engine.drivers import World
from behavior.engine.positions import Book
from behavior.engine.projection import ProjectionOptions, project
from behavior.market.curves import CurveSet, RateCurve
from behavior.market.scenarios import Scenario, ScenarioSet, apply_scenarios
from behavior.market.shifts import Shift
from behavior.months import as_date, roll_months
from tests.quantlib_dates import ql, quantlib_date

TENORS = np.array([1, 6, 12, 24, 60, 120, 240, 480])
# No month ends: the contract keeps payments on them, QuantLib is told not to.
days = st.dates(date(2015, 1, 1), date(2035, 12, 27)).map(lambda day: day.replace(day=min(day.day, 27)))
zeros = st.lists(st.floats(-0.01, 0.09), min_size=len(TENORS), max_size=len(TENORS))
markets = st.tuples(days, zeros, zeros, st.sampled_from([0.0, 0.02, -0.02]))
COUNTS = {
    "30/360": ql.Thirty360(ql.Thirty360.BondBasis),
    "30E/360": ql.Thirty360(ql.Thirty360.European),
    "ACT/360": ql.Actual360(),
    "ACT/365F": ql.Actual365Fixed(),
    "ACT/ACT": ql.ActualActual(ql.ActualActual.ISDA),
}
PLAIN = ProjectionOptions(cash_flows=False)


class Market:
    """One world in both libraries, shifted in parallel."""

    def __init__(self, drawn: tuple[date, list[float], list[float], float]) -> None:
        self.as_of, discount, index, shift = drawn
        ql.Settings.instance().evaluationDate = quantlib_date(self.as_of)
        held = {"discount": discount, "IDX": index}
        curves = [RateCurve(self.as_of, "USD", name, TENORS, rates) for name, rates in held.items()]
        scenarios = ScenarioSet((Scenario("base"), Scenario("moved", {"USD": (Shift(parallel=shift),)})))
        self.world = World(apply_scenarios(CurveSet.of(curves), scenarios))
        self.discount, self.index = (self.curve([rate + shift for rate in rates]) for rates in held.values())

    def curve(self, rates: list[float]) -> Any:
        dates = [quantlib_date(self.as_of), *(quantlib_date(self.day(int(months))) for months in TENORS)]
        found = ql.ZeroCurve(dates, [rates[0], *rates], ql.Actual365Fixed())
        found.enableExtrapolation()
        return ql.YieldTermStructureHandle(found)

    def day(self, months: int) -> date:
        return as_date(roll_months(self.as_of, months))

    def value(self, *rows: dict[str, Any]) -> float:
        """Signed present value of rows in the moved scenario."""
        shared = {
            "position_id": "x",
            "product": "x",
            "side": "asset",
            "currency": "USD",
            "balance": 1e6,
            "rate_type": "fixed",
            "rate": 0.0,
            "repayment": "bullet",
            "origination_date": pd.Timestamp(self.as_of),
        }
        table = pd.DataFrame([{**shared, **row} for row in rows])
        table["position_id"] = [f"p{k}" for k in range(len(table))]
        found = project(Book(table), self.world, None, PLAIN)
        return float((found.groups.sign * found.value[1]).sum())

    def schedule(self, start: date, end: date, months: int) -> Any:
        period, free = ql.Period(months, ql.Months), ql.NullCalendar()
        rule = ql.DateGeneration.Backward
        return ql.Schedule(
            quantlib_date(start), quantlib_date(end), period, free, ql.Unadjusted, ql.Unadjusted, rule, False
        )

    def worth(self, leg: Any) -> float:
        return float(ql.CashFlows.npv(leg, self.discount, False, quantlib_date(self.as_of)))

    def ibor(self, months: int, count: str) -> Any:
        period = ql.Period(months, ql.Months)
        found = ql.IborIndex(
            "IDX", period, 0, ql.USDCurrency(), ql.NullCalendar(), ql.Unadjusted, False, COUNTS[count], self.index
        )
        found.clearFixings()
        return found


steps = st.sampled_from([1, 3, 6, 12])
counts = st.sampled_from(sorted(COUNTS))


@settings(max_examples=25, deadline=None)
@given(markets, steps, counts, st.integers(1, 40), st.integers(0, 11), st.floats(-0.005, 0.09))
def test_bonds(drawn: Any, step: int, count: str, payments: int, passed: int, rate: float) -> None:
    market = Market(drawn)
    # The running coupon began some months ago: it is paid whole.
    passed %= step
    end, start = market.day(payments * step - passed), market.day(-passed)
    leg = ql.FixedRateLeg(market.schedule(start, end, step), COUNTS[count], [1e6], [rate])
    row = {"rate": rate, "payment_months": step, "maturity_date": pd.Timestamp(end), "day_count": count}
    known = market.worth(leg) + 1e6 * market.discount.discount(quantlib_date(end))
    assert market.value(row) == pytest.approx(known, rel=1e-11, abs=1e-5)
    assert market.value({**row, "side": "liability"}) == pytest.approx(-known, rel=1e-11, abs=1e-5)


@settings(max_examples=25, deadline=None)
@given(markets, st.sampled_from([1, 3, 6, 12]), st.integers(1, 30), st.floats(0.001, 0.12))
def test_level_payment_loans(drawn: Any, step: int, years: int, rate: float) -> None:
    market = Market(drawn)
    frequency = {1: ql.Monthly, 3: ql.Quarterly, 6: ql.Semiannual, 12: ql.Annual}[step]
    notionals = ql.sinkingNotionals(ql.Period(years, ql.Years), frequency, rate, 1e6)
    schedule = market.schedule(market.as_of, market.day(12 * years), step)
    bond = ql.AmortizingFixedRateBond(0, list(notionals)[:-1], schedule, [rate], COUNTS["30/360"])
    row = {"rate": rate, "payment_months": step, "repayment": "annuity"}
    found = market.value({**row, "maturity_date": pd.Timestamp(market.day(12 * years))})
    assert found == pytest.approx(market.worth(bond.cashflows()), rel=1e-9, abs=1e-4)


@settings(max_examples=25, deadline=None)
@given(markets, steps, counts, st.integers(1, 40), st.floats(-0.01, 0.03), st.floats(-0.005, 0.09))
def test_floaters(drawn: Any, step: int, count: str, payments: int, spread: float, rate: float) -> None:
    market = Market(drawn)
    end, first = market.day(payments * step), market.day(step)
    index = market.ibor(step, count)
    index.addFixing(quantlib_date(market.as_of), rate - spread)
    leg = ql.IborLeg(
        [1e6], market.schedule(market.as_of, end, step), index, COUNTS[count], ql.Unadjusted, [0], [1], [spread]
    )
    row = {
        "rate_type": "floating",
        "rate": rate,
        "index": "IDX",
        "spread": spread,
        "payment_months": step,
        "reset_months": step,
        "next_reset_date": pd.Timestamp(first),
        "maturity_date": pd.Timestamp(end),
        "day_count": count,
    }
    known = market.worth(leg) + 1e6 * market.discount.discount(quantlib_date(end))
    assert market.value(row) == pytest.approx(known, rel=1e-10, abs=1e-4)


@settings(max_examples=25, deadline=None)
@given(markets, steps, steps, counts, st.integers(1, 15), st.integers(0, 5), st.booleans(), st.floats(-0.01, 0.08))
def test_swaps_forward_starting_and_amortising(
    drawn: Any, step: int, other: int, count: str, years: int, ahead: int, amortises: bool, rate: float
) -> None:
    market = Market(drawn)
    start, end = market.day(12 * ahead), market.day(12 * (ahead + years))
    if amortises:
        other = step
    repaid = years * 12 // step
    notionals = [1e6 * (1 - k / repaid) for k in range(repaid)] if amortises else [1e6]
    index = market.ibor(other, count)
    index.addFixing(quantlib_date(market.as_of), 0.031)
    schedules = market.schedule(start, end, step), market.schedule(start, end, other)
    fixed = ql.FixedRateLeg(schedules[0], COUNTS["30/360"], notionals, [rate])
    floats = ql.IborLeg(notionals, schedules[1], index, COUNTS[count])
    shared = {
        "instrument": "swap_leg",
        "trade_id": "t",
        "maturity_date": pd.Timestamp(end),
        "start_date": pd.Timestamp(start),
        "repayment": "linear" if amortises else "bullet",
    }
    paid = {**shared, "side": "pay", "rate": rate, "payment_months": step}
    got = {
        **shared,
        "side": "receive",
        "rate": 0.031,
        "rate_type": "floating",
        "index": "IDX",
        "spread": 0.0,
        "payment_months": other,
        "reset_months": other,
        "next_reset_date": pd.Timestamp(start if ahead else market.day(other)),
        "day_count": count,
    }
    assert market.value(paid, got) == pytest.approx(market.worth(floats) - market.worth(fixed), rel=1e-9, abs=1e-4)
