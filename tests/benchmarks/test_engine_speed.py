"""Speed of the engine: run with ``pytest tests/benchmarks --benchmark-only -o addopts=''``.

Seconds alone say little on a busy machine; a roof measured in the same run is still to come.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from behavior.engine.drivers import World
from behavior.engine.positions import Book
from behavior.engine.projection import Plan, ProjectionOptions, prepare, run
from behavior.market.curves import CurveSet
from behavior.market.scenarios import apply_scenarios, scenario_set
from tests.engine.simple import runoff

AS_OF = np.datetime64("2026-09-30")
MONTHS = [0, 12, 60, 120, 360]
ZEROS = [0.043, 0.0395, 0.038, 0.0415, 0.0445]


def mortgages(count: int) -> pd.DataFrame:
    """Fixed annuities with 12 to 360 months to go."""
    draw = np.random.default_rng(1)
    left = draw.integers(12, 361, count)
    maturity = (AS_OF.astype("datetime64[M]") + left).astype("datetime64[D]") + draw.integers(0, 28, count)
    return pd.DataFrame(
        {
            "position_id": np.arange(count).astype(str),
            "product": "loan",
            "side": "asset",
            "currency": "USD",
            "balance": draw.uniform(1e4, 1e6, count),
            "rate_type": "fixed",
            "rate": draw.uniform(0.02, 0.07, count),
            "repayment": "annuity",
            "origination_date": maturity - np.timedelta64(30 * 365, "D"),
            "maturity_date": maturity,
            "payment_months": 1,
        }
    )


@pytest.fixture(scope="module")
def plan() -> Plan:
    rows = [
        {"as_of": AS_OF, "currency": "USD", "index": "discount", "months": m, "zero_rate": z}
        for m, z in zip(MONTHS, ZEROS, strict=True)
    ]
    curves = CurveSet.from_table(pd.DataFrame(rows))
    world = World(apply_scenarios(curves, scenario_set("bcbs_2024", ["USD"])))
    made = prepare(Book(mortgages(100_000)), world, runoff("loan", np.full(360, 0.006)), ProjectionOptions())
    run(made)
    return made


def test_a_hundred_thousand_positions_in_seven_scenarios(benchmark: Any, plan: Plan) -> None:
    """Totals, cash flows, income and values of 100,000 positions x 7 scenarios x up to 360 months."""
    found = benchmark.pedantic(run, args=(plan,), rounds=3)
    events = int(plan.positions.events.sum()) * len(plan.scenarios)
    benchmark.extra_info["events"] = events
    benchmark.extra_info["nanoseconds_an_event"] = benchmark.stats.stats.min / events * 1e9
    assert np.isfinite(found.value).all()
