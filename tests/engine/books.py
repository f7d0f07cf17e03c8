"""Random positions for the oracle and the engine at once."""

from __future__ import annotations

import datetime as dt
import math
import random
from typing import Any

import numpy as np
import pandas as pd

from behavior.assumptions.curve import AssumptionCurve
from behavior.assumptions.effects import Direction, Driver, Effect, MonthMeaning
from behavior.assumptions.segments import SegmentScheme
from behavior.assumptions.set import AssumptionSet, AssumptionTable, DriverTerms
from behavior.engine.drivers import World
from behavior.market.curves import CurveSet
from behavior.market.history import RateHistory
from behavior.market.scenarios import Scenario, ScenarioSet, apply_scenarios
from behavior.market.shifts import Shift
from behavior.quantities import Quantity
from tests.engine.oracle import OracleBeta, OracleCause, OracleCurve, OracleWorld, Position, on, payment_day, roll

TENORS = [0, 1, 3, 6, 12, 24, 36, 60, 84, 120, 180, 240, 360, 480]
SHIFTS = {
    "base": Shift(),
    "parallel_up": Shift(parallel=0.02),
    "parallel_down": Shift(parallel=-0.02),
    "steepener": Shift(short=-0.65 * 0.03, long=0.9 * 0.0225, decay_years=4.0),
}
INDEX, MORTGAGE = "TERM", "MORTGAGE30"
CODES = {
    "incentive": Driver.RATE_INCENTIVE,
    "level": Driver.RATE_LEVEL,
    "spread": Driver.RATE_SPREAD,
    "money": Driver.MONTHS_IN_THE_MONEY,
}


def shift_function(shift: Shift) -> Any:
    def at(t: float) -> float:
        if shift.decay_years is None:
            return shift.parallel
        near = math.exp(-t / shift.decay_years)
        return shift.parallel + shift.short * near + shift.long * (1 - near)

    return at


def random_world(draw: random.Random) -> tuple[World, OracleWorld]:
    as_of = draw.choice(
        [dt.date(2026, 9, 30), dt.date(2026, 2, 28), dt.date(2024, 2, 29), dt.date(2027, 1, 31), dt.date(2026, 6, 15)]
    )
    zeros = [draw.uniform(*(-0.01, 0.06)) for _ in TENORS]
    basis = draw.uniform(*(-0.002, 0.004))
    mortgage = draw.uniform(*(0.02, 0.08))
    rows = [
        {"as_of": as_of, "currency": "USD", "index": index, "months": m, "zero_rate": z + add}
        for index, add in (("discount", 0.0), (INDEX, basis))
        for m, z in zip(TENORS, zeros, strict=True)
    ]
    rows.append({"as_of": as_of, "currency": "USD", "index": MORTGAGE, "months": 0, "zero_rate": mortgage})
    scenarios = ScenarioSet(tuple(Scenario(n, {} if n == "base" else {"USD": (s,)}) for n, s in SHIFTS.items()))
    curves = apply_scenarios(CurveSet.from_table(pd.DataFrame(rows)), scenarios)
    past: dict[str, list[tuple[dt.date, float]]] = {}
    history = None
    if draw.random() < 0.5:
        months = range(-30, 1)
        past = {
            "SHORT": [(roll(as_of, k), 0.03 + 0.02 * math.sin(k / 5)) for k in months],
            MORTGAGE: [(roll(as_of, k), 0.05 + 0.01 * math.cos(k / 4)) for k in months],
        }
        table = pd.DataFrame(
            [{"date": d, "index": "FEDFUNDS" if n == "SHORT" else n, "value": v} for n, r in past.items() for d, v in r]
        )
        history = RateHistory.from_table(table, {"short": "FEDFUNDS", "mortgage": MORTGAGE})
    world = World(curves, history, {"short": "FEDFUNDS", "mortgage": MORTGAGE})
    plain = OracleWorld(
        as_of,
        OracleCurve(as_of, TENORS, zeros),
        {INDEX: OracleCurve(as_of, TENORS, [z + basis for z in zeros])},
        [shift_function(s) for s in SHIFTS.values()],
        mortgage,
        past,
    )
    return world, plain


COUNTS = ["30/360", "30E/360", "ACT/360", "ACT/365F", "ACT/ACT"]


def random_causes(draw: random.Random, deposit: bool) -> list[OracleCause]:
    found = []
    for column in draw.choice([["withdrawal"]] if deposit else [["payoff"], ["payoff", "curtailment"]]):
        kinds = [[], ["spread"], ["level"]] if deposit else [[], ["incentive"], ["incentive", "money"], ["level"]]
        drivers = draw.choice(kinds)
        size = {"incentive": [-0.02, 0.0, 0.015], "money": [0.0, 6.0, 24.0], "spread": [-0.01, 0.01, 0.03]}
        grids = [size.get(d, [0.0, 0.02, 0.05]) for d in drivers]
        months = list(range(1, draw.choice([36, 60]) + 1))
        shape = [len(g) for g in grids] + [len(months)]
        seed = draw.randint(*(0, 10**6))
        values = np.random.default_rng(seed).uniform(0.0, 0.04, shape)
        found.append(
            OracleCause(
                column,
                months,
                drivers,
                grids,
                values.tolist(),
                (draw.random() < 0.5) and not deposit,
                draw.choice([None, [0.8, 0.9, 1, 1.1, 1.2, 1.2, 1.1, 1, 1, 0.9, 0.9, 0.9]]),
                draw.choice([0, 1, 2]),
                draw.choice([60, 120]),
                0.002,
            )
        )
    return found


def random_position(draw: random.Random, as_of: dt.date) -> Position:
    kind = draw.choice(["deposit", "fixed", "fixed", "floating", "floating", "administered"])
    balance, rate = draw.uniform(*(1.0, 1e6)), draw.uniform(*(-0.005, 0.09))
    count = draw.choice(COUNTS)
    beta = None
    if kind in ("deposit", "administered"):
        beta = draw.choice(
            [
                None,
                OracleBeta([0.0, 0.02, 0.05], [0.1, 0.4, 0.7], 0.2, 0.5),
                OracleBeta([0.01], [0.5], 1.0, 0.3, 2, 1),
            ]
        )
    if kind == "deposit":
        found = random_causes(draw, True)
        return Position(
            balance,
            rate,
            "none",
            draw.choice(["administered", "fixed"]),
            None,
            dt.date(2015, 3, 31),
            count=count,
            causes=found,
            beta=beta,
        )
    pm = draw.choice([1, 1, 3, 6, 12, 0])
    maturity = dt.date(draw.randint(*(as_of.year + 1, as_of.year + 12)), draw.randint(*(1, 12)), 1)
    maturity = on(maturity.year * 12 + maturity.month - 1, draw.choice([1, 15, 28, 29, 30, 31]))
    term = draw.choice([12, 36, 60, 120, 180])
    start = maturity
    while start > as_of:
        start = on(start.year * 12 + start.month - 1 - term, payment_day(maturity))
    repayments = ["bullet"] if pm == 0 else ["bullet", "annuity", "annuity", "linear", "interest_only"]
    repayment = draw.choice(repayments)
    pos = Position(
        balance,
        rate,
        repayment,
        "administered" if kind == "administered" else kind,
        maturity,
        start,
        pm,
        count,
        beta=beta,
    )
    if repayment == "interest_only":
        left = pm * draw.randint(*(0, 8))
        pos.amortization_start = on(maturity.year * 12 + maturity.month - 1 - left, payment_day(maturity))
    if repayment in ("annuity", "linear") and (draw.random() < 0.5):
        pos.amortization_months = draw.choice([120, 240, 360])
    if kind == "floating":
        pos.index, pos.spread = INDEX, draw.uniform(*(0.0, 0.03))
        pos.reset_months = draw.choice([1, 3, 12])
        if draw.random() < 0.5:
            pos.next_reset = as_of + dt.timedelta(days=draw.randint(*(1, 28 * pos.reset_months)))
        else:
            pos.next_reset = on(as_of.year * 12 + as_of.month - 1 + draw.randint(*(1, 12)), payment_day(maturity))
        if draw.random() < 0.5:
            pos.cap, pos.floor = 0.06, 0.02
        if draw.random() < 0.5:
            pos.periodic_cap = 0.01
    if draw.random() < 0.5:
        pos.causes = random_causes(draw, False)
    return pos


def book_of(found: list[Position], as_of: dt.date) -> pd.DataFrame:
    rows = []
    for k, p in enumerate(found):
        rows.append(
            {
                "position_id": f"p{k}",
                "product": f"p{k}",
                "side": "liability" if p.repayment == "none" else "asset",
                "currency": "USD",
                "balance": p.balance,
                "rate_type": p.rate_type,
                "rate": p.rate,
                "repayment": p.repayment,
                "origination_date": p.origination,
                "maturity_date": p.maturity,
                "payment_months": p.payment_months,
                "day_count": p.count,
                "index": p.index or None,
                "spread": p.spread if p.index else np.nan,
                "next_reset_date": p.next_reset,
                "reset_months": p.reset_months or np.nan,
                "cap": p.cap if math.isfinite(p.cap) else np.nan,
                "floor": np.nan if p.floor is None else p.floor,
                "periodic_cap": p.periodic_cap if math.isfinite(p.periodic_cap) else np.nan,
                "amortization_start_date": p.amortization_start,
                "amortization_months": p.amortization_months or np.nan,
                "months_in_the_money": p.money,
            }
        )
    table = pd.DataFrame(rows)
    for name in ("origination_date", "maturity_date", "next_reset_date", "amortization_start_date"):
        table[name] = pd.to_datetime(table[name])
    return table


def set_of(found: list[Position], as_of: dt.date) -> AssumptionSet:
    tables: list[AssumptionTable] = []
    scheme = SegmentScheme(("product",))
    for k, p in enumerate(found):
        for i, c in enumerate(p.causes):
            grids = {CODES[d]: np.asarray(g) for d, g in zip(c.drivers, c.grids, strict=True)}
            curve = AssumptionCurve((f"p{k}",), np.asarray(c.months), grids, np.asarray(c.values))
            tables.append(
                AssumptionTable(
                    f"runoff_{k}_{i}",
                    Effect.RUNOFF,
                    Quantity.MONTHLY_HAZARD,
                    scheme,
                    (curve,),
                    c.column,
                    MonthMeaning.SINCE_ORIGINATION if c.since_origination else MonthMeaning.SINCE_AS_OF,
                    tuple(grids),
                    DriverTerms(MORTGAGE, c.tenor, c.lag, c.threshold),
                    None if c.season is None else tuple(c.season),
                )
            )
        if p.beta is not None:
            b = p.beta
            none = np.zeros(0, dtype=np.int64)
            target = AssumptionCurve(
                (f"p{k}",), none, {Driver.RATE_LEVEL: np.asarray(b.levels)}, np.asarray(b.marginal)
            )
            speeds = tuple(
                AssumptionCurve((f"p{k}",), none, {}, np.asarray(v), d)
                for d, v in ((Direction.UP, b.up), (Direction.DOWN, b.down))
            )
            tables.append(
                AssumptionTable(f"target_{k}", Effect.REPRICING, Quantity.MARGINAL_PASS_THROUGH, scheme, (target,))
            )
            tables.append(
                AssumptionTable(
                    f"speed_{k}",
                    Effect.REPRICING,
                    Quantity.MONTHLY_ADJUSTMENT,
                    scheme,
                    speeds,
                    delay_months={Direction.UP: b.delay_up, Direction.DOWN: b.delay_down},
                )
            )
    return AssumptionSet("random", as_of, tuple(tables))
