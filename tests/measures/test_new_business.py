"""What a unit of new business earns, by month."""

from __future__ import annotations

import numpy as np
import pandas as pd

from behavior.engine.drivers import World
from behavior.market.curves import CurveSet
from behavior.market.scenarios import Scenario, ScenarioSet, apply_scenarios
from behavior.measures.new_business import Business, Pricing
from tests.engine.simple import AS_OF

STEEP = [(AS_OF, "USD", "discount", months, 0.01 + months / 2000) for months in (0, 120)]


def earned(**terms: float | str) -> np.ndarray:
    """Yearly rate that one unit earns in each month, the unit beginning two months after as-of."""
    nodes = pd.DataFrame(STEEP, columns=["as_of", "currency", "index", "months", "zero_rate"])
    curves = apply_scenarios(CurveSet.from_table(nodes, time="month_grid"), ScenarioSet((Scenario("base"),)))
    one = Business.of(pd.Series({"currency": "USD", "day_count": "30/360", **terms}), 0, 2)
    found = Pricing(World(curves), np.zeros((1, 1, 61)), np.ones(1)).interest(one)
    return np.asarray(found[0] * 12)


def test_resets_count_from_the_month_that_business_begins_at() -> None:
    rates = earned(index="discount", reset_months=3, payment_months=1, spread=0.01)
    assert (rates[:3] == 0).all()
    runs = rates[3:60].reshape(-1, 3)
    np.testing.assert_allclose(runs, np.broadcast_to(runs[:, :1], runs.shape), rtol=1e-12)
    assert (np.diff(runs[:, 0]) > 0).all()
    # Three months from as-of + 2 on a straight zero curve: (z(5) 5 - z(2) 2) / 3, simple.
    forward = ((0.01 + 5 / 2000) * 5 - (0.01 + 2 / 2000) * 2) / 3
    np.testing.assert_allclose(runs[0, 0], np.expm1(forward / 4) * 4 + 0.01, rtol=1e-12)


def test_nothing_is_paid_after_the_end_of_a_term() -> None:
    row = pd.Series({"currency": "USD", "term_months": 6.0, "payment_months": 12.0, "rate": 0.04})
    assert Business.of(row, 0, 2).payment == 6
    rates = earned(term_months=6.0, payment_months=12.0, rate=0.04)
    # One period of six months, whose interest lies on the days of 30/360 from 28 February on.
    np.testing.assert_allclose(rates[3:9].sum(), 6 * 0.04, rtol=1e-12)
    assert (rates[9:] == 0).all()
