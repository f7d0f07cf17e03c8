"""Small books on a flat curve, for tests that need few moving parts."""

from __future__ import annotations

import datetime as dt
import math
from typing import Any

import numpy as np
import pandas as pd

from behavior.assumptions.curve import AssumptionCurve
from behavior.assumptions.effects import Effect, MonthMeaning
from behavior.assumptions.segments import SegmentScheme
from behavior.assumptions.set import AssumptionSet, AssumptionTable
from behavior.engine.drivers import World
from behavior.market.curves import CurveSet
from behavior.market.scenarios import Scenario, ScenarioSet, apply_scenarios
from behavior.quantities import FloatArray, Quantity

AS_OF = dt.date(2025, 12, 31)


def flat_world(zero: float = 0.03, shifts: Any = None, time: str = "month_grid", index: str = "TERM") -> World:
    """A flat curve, a flat index on it, and parallel shifts by name."""
    rows = [
        {"as_of": AS_OF, "currency": "USD", "index": name, "months": months, "zero_rate": zero}
        for name in ("discount", index)
        for months in (0, 480)
    ]
    curves = CurveSet.from_table(pd.DataFrame(rows), time=time)  # type: ignore[arg-type]
    scenarios = (Scenario("base"), *(Scenario(name, {"USD": (shift,)}) for name, shift in (shifts or {}).items()))
    return World(apply_scenarios(curves, ScenarioSet(scenarios)))


def monthly_zero(rate: float) -> float:
    """The continuous zero rate worth a nominal rate compounded monthly."""
    return 12 * math.log1p(rate / 12)


def loan(months: int, rate: float, balance: float = 1e6, **terms: Any) -> dict[str, Any]:
    """A monthly level-payment loan on month ends, `months` to go."""
    end = np.datetime64("2025-12") + months
    maturity = (end + 1).astype("datetime64[D]") - 1
    return {
        "position_id": "loan",
        "product": "loan",
        "side": "asset",
        "currency": "USD",
        "balance": balance,
        "rate_type": "fixed",
        "rate": rate,
        "repayment": "annuity",
        "origination_date": AS_OF,
        "maturity_date": maturity,
        "payment_months": 1,
    } | terms


def table(*rows: dict[str, Any]) -> pd.DataFrame:
    """Rows as a book with parsed dates and names of their own."""
    found = pd.DataFrame(list(rows))
    found["position_id"] = [f"p{k}" for k in range(len(found))]
    for name in [column for column in found if column.endswith("_date")]:
        found[name] = pd.to_datetime(found[name])
    return found


def runoff(product: str, hazards: FloatArray, cause: str = "payoff", since_origination: bool = False) -> AssumptionSet:
    """A set with one curve of monthly hazards from month 1."""
    curve = AssumptionCurve((product,), np.arange(1, len(hazards) + 1), {}, np.asarray(hazards, dtype=np.float64))
    meaning = MonthMeaning.SINCE_ORIGINATION if since_origination else MonthMeaning.SINCE_AS_OF
    made = AssumptionTable(
        "runoff", Effect.RUNOFF, Quantity.MONTHLY_HAZARD, SegmentScheme(("product",)), (curve,), cause, meaning
    )
    return AssumptionSet("simple", AS_OF, (made,))
