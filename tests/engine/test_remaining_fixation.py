"""`remaining_fixation`: the driver rate looks from the month's start to the very day on which the rate is next set."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest
from scipy.interpolate import PchipInterpolator

from behavior.assumptions.curve import AssumptionCurve
from behavior.assumptions.effects import Driver, Effect, MonthMeaning
from behavior.assumptions.segments import SegmentScheme
from behavior.assumptions.set import AssumptionSet, AssumptionTable, DriverTerms
from behavior.engine.drivers import World
from behavior.engine.positions import Book
from behavior.engine.projection import ProjectionOptions, prepare
from behavior.market.curves import CurveSet
from behavior.market.scenarios import Scenario, ScenarioSet, apply_scenarios
from behavior.market.shifts import Shift
from behavior.quantities import Quantity
from tests.engine.simple import loan, table

AS_OF = dt.date(2026, 6, 15)
TENORS = [0, 6, 12, 24, 60, 120, 360]
ZEROS = [0.021, 0.024, 0.026, 0.029, 0.034, 0.037, 0.035]
TODAY = 0.0512
MONTHS = 30
STARTS = [dt.date(2026 + (5 + k) // 12, (5 + k) % 12 + 1, 15) for k in range(MONTHS)]


def world() -> World:
    rows = [
        {"as_of": AS_OF, "currency": "USD", "index": index, "months": months, "zero_rate": zero}
        for index in ("discount", "TERM")
        for months, zero in zip(TENORS, ZEROS, strict=True)
    ]
    rows.append({"as_of": AS_OF, "currency": "USD", "index": "MORTGAGE30", "months": 0, "zero_rate": TODAY})
    up = Scenario("up", {"USD": (Shift(parallel=0.013),)})
    return World(apply_scenarios(CurveSet.from_table(pd.DataFrame(rows)), ScenarioSet((Scenario("base"), up))))


def incentive_set() -> AssumptionSet:
    grid = {Driver.RATE_INCENTIVE: np.asarray([-0.02, 0.02])}
    curve = AssumptionCurve(("loan",), np.arange(1, 121), grid, np.outer([0.001, 0.02], np.ones(120)))
    made = AssumptionTable(
        "payoff",
        Effect.RUNOFF,
        Quantity.MONTHLY_HAZARD,
        SegmentScheme(("product",)),
        (curve,),
        "payoff",
        MonthMeaning.SINCE_AS_OF,
        (Driver.RATE_INCENTIVE,),
        DriverTerms("MORTGAGE30", "remaining_fixation"),
    )
    return AssumptionSet("incentives", AS_OF, (made,))


def expected(end_of: list[dt.date]) -> list[float]:
    """By hand: today's value, plus the forward zero rate from the start to the day, less today's for as long."""
    nodes = [
        (AS_OF.replace(year=AS_OF.year + (5 + m) // 12, month=(5 + m) % 12 + 1) - AS_OF).days / 365 for m in TENORS
    ]
    zero = PchipInterpolator(nodes, ZEROS)
    found = []
    for start, end in zip(STARTS, end_of, strict=True):
        low, high = (start - AS_OF).days / 365, (end - AS_OF).days / 365
        forward = (float(zero(high)) * high - float(zero(low)) * low) / (high - low)
        found.append(TODAY + forward - float(zero(high - low)))
    return found


MATURITY = dt.date(2031, 3, 10)


def test_a_fixed_rate_lasts_to_maturity_and_a_floating_one_to_its_next_reset() -> None:
    resets = [dt.date(2026 + (8 + 7 * k) // 12, (8 + 7 * k) % 12 + 1, 22) for k in range(12)]
    floating = {"rate_type": "floating", "index": "TERM", "next_reset_date": resets[0], "reset_months": 7}
    rows = table(
        loan(1, 0.04, maturity_date=MATURITY, origination_date=dt.date(2021, 3, 10)),
        loan(1, 0.04, maturity_date=MATURITY, origination_date=dt.date(2021, 3, 10), **floating),
    )
    plan = prepare(Book(rows), world(), incentive_set(), ProjectionOptions())
    key = np.empty(2, dtype=np.int64)
    key[plan.order] = plan.behaviours.mortgage_key[:, 0]
    rate = plan.market.mortgage[key, :, 1 : MONTHS + 1]
    fixed = expected([MATURITY] * MONTHS)
    floats = expected([next(day for day in resets if day > start) for start in STARTS])
    assert rate[0, 0].tolist() == pytest.approx(fixed, abs=1e-13)
    assert rate[1, 0].tolist() == pytest.approx(floats, abs=1e-13)
    np.testing.assert_allclose(rate[:, 1] - rate[:, 0], 0.013, atol=1e-13)


def test_loans_of_one_maturity_share_their_path_and_others_do_not() -> None:
    last = [MATURITY, MATURITY + dt.timedelta(1), MATURITY]
    rows = table(*(loan(1, 0.04, maturity_date=day, origination_date=dt.date(2021, 3, 10)) for day in last))
    plan = prepare(Book(rows), world(), incentive_set(), ProjectionOptions())
    key = np.empty(3, dtype=np.int64)
    key[plan.order] = plan.behaviours.mortgage_key[:, 0]
    assert key[0] == key[2] != key[1]
    assert np.abs(plan.market.mortgage[key[0]] - plan.market.mortgage[key[1]])[:, 1:50].max() > 1e-9
