"""Books, curves and behaviour that the engine's speed is measured on; everything is drawn from a seed."""

from __future__ import annotations

import numpy as np
import pandas as pd

from behavior.assumptions.curve import AssumptionCurve
from behavior.assumptions.effects import Direction, Driver, Effect, MonthMeaning
from behavior.assumptions.segments import SegmentScheme
from behavior.assumptions.set import AssumptionSet, AssumptionTable, DriverTerms
from behavior.engine.drivers import World
from behavior.market.curves import CurveSet
from behavior.market.scenarios import Scenario, ScenarioSet, apply_scenarios, scenario_set
from behavior.market.shifts import Shift
from behavior.quantities import FloatArray, Quantity

AS_OF = np.datetime64("2026-09-30")
MONTHS = (0, 12, 60, 120, 360)
ZEROS = (0.043, 0.0395, 0.038, 0.0415, 0.0445)
MORTGAGE, SHORT = "MORTGAGE", "SHORT"
TERMS = (120, 180, 240, 300, 360)


def world(scenarios: int = 7, time: str = "exact") -> World:
    """One currency under the seven scenarios of the framework, or under as many parallel shifts as asked for."""
    rows = [
        {"as_of": AS_OF, "currency": "USD", "index": index, "months": months, "zero_rate": zero + more}
        for index, more in (("discount", 0.0), (MORTGAGE, 0.015), (SHORT, 0.0))
        for months, zero in zip(MONTHS, ZEROS, strict=True)
    ]
    curves = CurveSet.from_table(pd.DataFrame(rows), time=time)  # type: ignore[arg-type]
    if scenarios == 7:
        shocks = scenario_set("bcbs_2024", ["USD"])
    else:
        shifts = np.random.default_rng(5).normal(0.0, 0.01, scenarios - 1)
        made = (Scenario(f"path {number}", {"USD": (Shift(float(shift)),)}) for number, shift in enumerate(shifts))
        shocks = ScenarioSet((Scenario("base"), *made))
    return World(apply_scenarios(curves, shocks), None, {"mortgage": MORTGAGE, "short": SHORT})


def mortgages(count: int, seed: int = 1, month_ends: bool = False) -> pd.DataFrame:
    """Fixed annuities of usual terms, of any age, paying on any day of the month or all on month ends."""
    draw = np.random.default_rng(seed)
    term = draw.choice(TERMS, count)
    age = (draw.uniform(0.0, 0.97, count) * term).astype(np.int64)
    day = draw.integers(0, 28, count)
    month = AS_OF.astype("datetime64[M]") - age
    begin = month.astype("datetime64[D]") + day
    end = (month + term).astype("datetime64[D]") + day
    if month_ends:
        begin = (month + 1).astype("datetime64[D]") - 1
        end = (month + term + 1).astype("datetime64[D]") - 1
    return pd.DataFrame(
        {
            "position_id": np.arange(count).astype(str),
            "product": "loan",
            "side": "asset",
            "currency": "USD",
            "balance": draw.uniform(1e4, 1e6, count).round(2),
            "rate_type": "fixed",
            "rate": draw.uniform(0.02, 0.07, count).round(5),
            "repayment": "annuity",
            "origination_date": begin,
            "maturity_date": end,
            "payment_months": 1,
        }
    )


def every_kind(count: int, seed: int = 2) -> pd.DataFrame:
    """Mortgages, floating loans, quarterly bullets, term deposits and deposits without maturity, a fifth each."""
    draw = np.random.default_rng(seed)
    fifth = count // 5
    parts = [
        mortgages(count - 4 * fifth, seed),
        mortgages(fifth, seed + 1).assign(
            product="floating loan",
            rate_type="floating",
            index=SHORT,
            spread=0.02,
            reset_months=12,
            cap=0.08,
            floor=0.0,
        ),
        mortgages(fifth, seed + 2).assign(product="bond", repayment="bullet", payment_months=3, day_count="ACT/365F"),
        mortgages(fifth, seed + 3).assign(product="term", side="liability", repayment="bullet", payment_months=0),
        mortgages(fifth, seed + 4).assign(
            product="savings", side="liability", repayment="none", rate_type="administered", maturity_date=pd.NaT
        ),
    ]
    book = pd.concat(parts, ignore_index=True)
    savings = (book["product"] == "savings").to_numpy()
    book.loc[savings, "rate"] = draw.uniform(0.0, 0.03, int(savings.sum())).round(4)
    book["position_id"] = np.arange(len(book)).astype(str)
    return book


def loan_curve(by_incentive: bool) -> AssumptionTable:
    """Prepayment since origination, alone or by rate incentive."""
    month = np.arange(1, 361)
    ramp = 0.008 * np.minimum(month / 30.0, 1.0)
    grids: dict[Driver, FloatArray] = {}
    values = ramp
    if by_incentive:
        grid = np.linspace(-0.04, 0.04, 17)
        grids = {Driver.RATE_INCENTIVE: grid}
        values = ramp * (0.4 + 3.0 / (1.0 + np.exp(-120.0 * (grid[:, None] - 0.01))))
    return AssumptionTable(
        "prepayment",
        Effect.RUNOFF,
        Quantity.MONTHLY_HAZARD,
        SegmentScheme(("product",)),
        (AssumptionCurve(("loan",), month, grids, values),),
        "payoff",
        MonthMeaning.SINCE_ORIGINATION,
        tuple(grids),
        DriverTerms(tenor_months=120, lag_months=1),
    )


def deposit_tables() -> tuple[AssumptionTable, ...]:
    """Decay of savings by spread, and the pass-through of their rate."""
    month = np.arange(1, 121)
    grid = np.linspace(-0.01, 0.05, 7)
    decay = 0.01 * (1.0 + 10.0 * np.maximum(grid[:, None], 0.0)) * np.ones(len(month))
    scheme = SegmentScheme(("product",))
    level = {Driver.RATE_LEVEL: np.array([0.0, 0.02, 0.04])}
    speeds = tuple(
        AssumptionCurve(("savings",), np.zeros(0, dtype=np.int64), {}, np.asarray(speed), direction)
        for direction, speed in ((Direction.UP, 0.15), (Direction.DOWN, 0.3))
    )
    return (
        AssumptionTable(
            "decay",
            Effect.RUNOFF,
            Quantity.MONTHLY_HAZARD,
            scheme,
            (AssumptionCurve(("savings",), month, {Driver.RATE_SPREAD: grid}, decay),),
            "withdrawal",
            MonthMeaning.SINCE_AS_OF,
            (Driver.RATE_SPREAD,),
        ),
        AssumptionTable(
            "target",
            Effect.REPRICING,
            Quantity.MARGINAL_PASS_THROUGH,
            scheme,
            (AssumptionCurve(("savings",), np.zeros(0, dtype=np.int64), level, np.array([0.2, 0.4, 0.6])),),
            drivers=(Driver.RATE_LEVEL,),
        ),
        AssumptionTable("adjustment", Effect.REPRICING, Quantity.MONTHLY_ADJUSTMENT, scheme, speeds),
    )


def behaviour(by_incentive: bool, deposits: bool = False) -> AssumptionSet:
    """The set of a run."""
    more = deposit_tables() if deposits else ()
    return AssumptionSet("speed", AS_OF.astype(object), (loan_curve(by_incentive), *more))
