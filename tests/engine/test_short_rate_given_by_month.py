"""A scenario that gives the short rate by month drives deposits, with a curve of that index and without one."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from behavior.engine.drivers import World, short_paths
from behavior.market.curves import CurveSet
from behavior.market.scenario_sets import Scenario, ScenarioSet
from behavior.market.scenarios import apply_scenarios

AS_OF = dt.date(2026, 9, 30)
GIVEN = (0.04, 0.05, 0.06)


def world(*curves: tuple[str, str], **roles: str) -> World:
    rows = [
        {"as_of": AS_OF, "currency": money, "index": index, "months": month, "zero_rate": 0.03}
        for money, index in (("USD", "discount"), ("EUR", "discount"), *curves)
        for month in (1, 360)
    ]
    scenarios = ScenarioSet((Scenario("base"), Scenario("path", index_values={"FEDFUNDS": GIVEN})))
    applied = apply_scenarios(CurveSet.from_table(pd.DataFrame(rows), AS_OF), scenarios)
    return World(applied, None, {"short": "FEDFUNDS", **roles}, "USD")


@pytest.mark.parametrize("curves", [(), (("USD", "FEDFUNDS"),)])
def test_its_own_currency_follows_it_with_a_curve_and_without(curves: tuple[tuple[str, str], ...]) -> None:
    base, path = short_paths(world(*curves), ("USD",), 5)[0]
    np.testing.assert_array_equal(path[1:], [0.04, 0.05, 0.06, 0.06, 0.06])
    assert path[0] == base[0] == base[1], "today's level is the curve's, whatever a scenario says of the months after"


def test_another_currency_follows_it_only_where_it_is_that_currencys_short_rate() -> None:
    base, path = short_paths(world(), ("EUR",), 5)[0]
    np.testing.assert_array_equal(path, base)
    for same in (world(("EUR", "FEDFUNDS")), world(short_EUR="FEDFUNDS")):
        np.testing.assert_array_equal(short_paths(same, ("EUR",), 5)[0, 1, 1:4], GIVEN)
