"""Driver rates of today and before: of the rate history on the day, never of a series that ended long before."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from behavior.assumptions.set import DriverTerms
from behavior.engine.drivers import World, mortgage_path, todays_value
from behavior.errors import MarketDataError
from behavior.market.curves import CurveSet
from behavior.market.history import RateHistory
from behavior.market.scenarios import Scenario, ScenarioSet, apply_scenarios
from tests.engine.simple import AS_OF, flat_world

INDEX = "MORTGAGE30"


def world(**quoted: float) -> World:
    """A flat world as of 2025-12-31 with fixings by day (``d2025_11_30``)."""
    days = [dt.date.fromisoformat(name[1:].replace("_", "-")) for name in quoted]
    rows = pd.DataFrame({"date": pd.to_datetime(days), "index": INDEX, "value": list(quoted.values())})
    return replace(flat_world(), history=RateHistory.from_table(rows))


@pytest.mark.parametrize("day", ["d2025_12_31", "d2025_12_29", "d2025_12_01"])
def test_todays_value_is_a_fixing_of_the_month_up_to_as_of(day: str) -> None:
    assert todays_value(world(d2020_01_31=0.03, **{day: 0.06}), "USD", INDEX) == 0.06


@pytest.mark.parametrize("day", ["d2025_11_30", "d2020_12_31"])
def test_a_series_that_ended_before_says_nothing_of_today(day: str) -> None:
    with pytest.raises(MarketDataError, match=f"no value on {AS_OF}.* of {day[1:].replace('_', '-')}. Add a row"):
        todays_value(world(**{day: 0.06}), "USD", INDEX)


@pytest.mark.parametrize("lag", [1, 3])
def test_a_lagged_driver_is_the_unlagged_one_so_many_months_later(lag: int) -> None:
    nodes = pd.DataFrame({"as_of": AS_OF, "currency": "USD", "index": "discount", "months": [0, 480]})
    curves = CurveSet.from_table(nodes.assign(zero_rate=[0.01, 0.09]), time="month_grid")
    steep = replace(world(d2025_12_31=0.06), curves=apply_scenarios(curves, ScenarioSet((Scenario("base"),))))
    late, now = (mortgage_path(steep, "USD", DriverTerms(index=INDEX, lag_months=k), None, 9)[0] for k in (lag, 0))
    assert (np.diff(now[1:]) > 1e-5).all()
    np.testing.assert_array_equal(late[1 + lag :], now[1:-lag])
    np.testing.assert_array_equal(late[1 : 1 + lag], 0.06)


def test_months_before_are_of_what_was_in_force_then_else_of_today() -> None:
    """Months seen four before as-of (nothing quoted yet: today), three, two (what still stood) and one before."""
    held = world(d2025_09_30=0.04, d2025_11_30=0.05, d2025_12_31=0.06)
    found = mortgage_path(held, "USD", DriverTerms(index=INDEX, lag_months=4), None, 6)
    np.testing.assert_allclose(found[0, 1:5], [0.06, 0.04, 0.04, 0.05])
    np.testing.assert_allclose(found[0, 5:], 0.06, atol=1e-9)
