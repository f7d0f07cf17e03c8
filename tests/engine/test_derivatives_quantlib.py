"""Swaps, caps, floors and swaptions against QuantLib on random curves, negative rates included."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from behavior.engine.option_book import value_options
from behavior.engine.positions import Book
from behavior.engine.swaps import annuity, fixed_leg_value, floating_leg_value, par_rate, swap_value
from behavior.market.curves import CurveSet, RateCurve
from behavior.market.scenarios import Scenario, ScenarioSet, apply_scenarios
from behavior.months import as_date, as_days, payment_dates, roll_months, year_fraction
from tests.quantlib_dates import ql, quantlib_date

TENORS = np.array([1, 6, 12, 24, 60, 120, 240, 480])
# No month ends: the contract keeps payments on them, QuantLib is told not to.
as_ofs = st.dates(date(2015, 1, 1), date(2035, 12, 27)).map(lambda day: day.replace(day=min(day.day, 27)))
zeros = st.lists(st.floats(-0.01, 0.09), min_size=len(TENORS), max_size=len(TENORS))
terms = st.tuples(as_ofs, zeros, zeros, st.integers(1, 15), st.sampled_from([3, 6, 12]), st.floats(-0.01, 0.08))


class World:
    """The same curves, index and schedule in both libraries."""

    def __init__(self, drawn: tuple[date, list[float], list[float], int, int, float]) -> None:
        self.as_of, discount, projection, self.years, self.months, self.strike = drawn
        ql.Settings.instance().evaluationDate = quantlib_date(self.as_of)
        held = {"discount": discount, "IDX": projection}
        curves = [RateCurve(self.as_of, "USD", index, TENORS, rates) for index, rates in held.items()]
        self.under = apply_scenarios(CurveSet.of(curves), ScenarioSet((Scenario("base"),)))
        self.discount, projected = (self.oracle(rates) for rates in held.values())
        period = ql.Period(self.months, ql.Months)
        calendar, currency = ql.NullCalendar(), ql.USDCurrency()
        self.index = ql.IborIndex("IDX", period, 0, currency, calendar, ql.Unadjusted, False, ql.Actual360(), projected)

    def oracle(self, rates: list[float]) -> Any:
        start = quantlib_date(self.as_of)
        days = [quantlib_date(roll_months(self.as_of, int(months)).item()) for months in TENORS]
        curve = ql.ZeroCurve([start, *days], [rates[0], *rates], ql.Actual365Fixed())
        curve.enableExtrapolation()
        return ql.YieldTermStructureHandle(curve)

    def schedule(self, start: date, end: date, months: int) -> Any:
        rule = ql.DateGeneration.Backward
        period, free = ql.Period(months, ql.Months), ql.NullCalendar()
        first, last = quantlib_date(start), quantlib_date(end)
        return ql.Schedule(first, last, period, free, ql.Unadjusted, ql.Unadjusted, rule, False)

    def ends(self, start: date, end: date, months: int) -> Any:
        return payment_dates(start, end, months)

    def day(self, months: int) -> date:
        return as_date(roll_months(self.as_of, months))

    def floating(self, start: date, end: date, notional: float) -> float:
        ends = self.ends(start, end, self.months)
        starts = roll_months(ends, -self.months)
        spans = year_fraction(starts, ends, "ACT/360")
        time = self.under.curves.times_of
        forwards = self.under.simple_forward("USD", "IDX", time(starts), time(ends), spans)
        factors = self.under.discount_factor("USD", "discount", time(ends))
        return float(floating_leg_value(forwards, spans, factors, notional)[0])

    def unit(self, start: date, end: date, notional: float = 1.0) -> float:
        ends = self.ends(start, end, 12)
        spans = year_fraction(roll_months(ends, -12), ends, "30/360")
        factors = self.under.discount_factor("USD", "discount", self.under.curves.times_of(ends))
        return float(annuity(spans, factors, notional)[0])


@settings(max_examples=60, deadline=None)
@given(terms, st.integers(0, 5))
def test_swaps(drawn: tuple[date, list[float], list[float], int, int, float], forward_years: int) -> None:
    world = World(drawn)
    start, end = world.day(12 * forward_years), world.day(12 * (forward_years + world.years))
    fixed_schedule, float_schedule = world.schedule(start, end, 12), world.schedule(start, end, world.months)
    basis = ql.Thirty360(ql.Thirty360.BondBasis)
    swap = ql.VanillaSwap(
        ql.VanillaSwap.Payer, 1e6, fixed_schedule, world.strike, basis, float_schedule, world.index, 0.0, ql.Actual360()
    )
    swap.setPricingEngine(ql.DiscountingSwapEngine(world.discount))
    floating = world.floating(start, end, 1e6)
    unit = world.unit(start, end, 1e6)
    found = swap_value(floating, world.strike * unit, payer=True)
    assert float(found) == pytest.approx(swap.NPV(), abs=1e-4)
    assert float(par_rate(floating, unit)) == pytest.approx(swap.fairRate(), abs=1e-10)
    one = fixed_leg_value(world.strike, [1.0], [1.0], 1e6)
    assert float(one) == pytest.approx(world.strike * 1e6)


def rows(world: World, **own: Any) -> Book:
    shared = {
        "position_id": "o",
        "product": "options",
        "side": "receive",
        "currency": "USD",
        "balance": 1e6,
        "index": "IDX",
        "strike": world.strike,
        "day_count": "ACT/360",
        "rate": np.nan,
        "volatility": 0.0085,
    }
    return Book(pd.DataFrame([{**shared, **own}]))


@settings(max_examples=60, deadline=None)
@given(terms, st.booleans())
def test_caps_and_floors(drawn: tuple[date, list[float], list[float], int, int, float], is_cap: bool) -> None:
    world = World(drawn)
    start, end = world.day(world.months), world.day(12 * world.years + world.months)
    leg = ql.IborLeg([1e6], world.schedule(start, end, world.months), world.index, ql.Actual360(), ql.Unadjusted, [0])
    made = ql.Cap(leg, [world.strike]) if is_cap else ql.Floor(leg, [world.strike])
    vol = ql.QuoteHandle(ql.SimpleQuote(0.0085))
    made.setPricingEngine(ql.BachelierCapFloorEngine(world.discount, vol))
    book = rows(
        world,
        instrument="cap" if is_cap else "floor",
        maturity_date=str(end),
        start_date=str(start),
        payment_months=world.months,
    )
    found = value_options(book, world.under, None).value[0, 0]
    assert found == pytest.approx(made.NPV(), abs=1e-4)


@settings(max_examples=60, deadline=None)
@given(terms, st.integers(1, 8), st.booleans())
def test_swaptions(
    drawn: tuple[date, list[float], list[float], int, int, float], expiry_years: int, payer: bool
) -> None:
    world = World(drawn)
    start, end = world.day(12 * expiry_years), world.day(12 * (expiry_years + world.years))
    side = ql.VanillaSwap.Payer if payer else ql.VanillaSwap.Receiver
    swap = ql.VanillaSwap(
        side,
        1e6,
        world.schedule(start, end, 12),
        world.strike,
        ql.Actual360(),
        world.schedule(start, end, world.months),
        world.index,
        0.0,
        ql.Actual360(),
    )
    made = ql.Swaption(swap, ql.EuropeanExercise(quantlib_date(start)))
    vol = ql.QuoteHandle(ql.SimpleQuote(0.0085))
    made.setPricingEngine(ql.BachelierSwaptionEngine(world.discount, vol))
    book = rows(
        world,
        instrument="swaption",
        option_type="payer" if payer else "receiver",
        expiry_date=str(start),
        maturity_date=str(end),
        payment_months=12,
        reset_months=world.months,
    )
    found = value_options(book, world.under, None).value[0, 0]
    assert found == pytest.approx(made.NPV(), rel=1e-7, abs=1e-3)


def test_both_libraries_start_from_the_same_curve() -> None:
    world = World((date(2026, 1, 15), [0.03] * 8, [0.035] * 8, 5, 3, 0.03))
    at = as_days([world.day(months) for months in (1, 30, 300)])
    mine = world.under.discount_factor("USD", "discount", world.under.curves.times_of(at))[0]
    theirs = [world.discount.discount(quantlib_date(day.item())) for day in at]
    np.testing.assert_allclose(mine, theirs, rtol=1e-12)
