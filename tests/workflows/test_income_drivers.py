"""What moves income: the drivers add up to its change, and each kind of position has its own."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from behavior.assumptions.set import AssumptionSet
from behavior.reporting.html import render
from behavior.reporting.irrbb_report import irrbb_report
from behavior.workflows.income_drivers import DRIVERS
from behavior.workflows.valuation import ValuationOptions
from behavior.workflows.value import value
from behavior.workflows.value_measures import Measures, with_measures
from tests.engine.simple import AS_OF, loan, runoff, table
from tests.workflows.test_margin_income import FLOATER
from tests.workflows.test_value_engine import curves, deposit, inputs
from tests.workflows.test_value_switches import pass_through

OPTIONS = ValuationOptions(framework="us_parallel", time="month_grid")


def test_each_driver_moves_its_own_balances_and_they_add_up() -> None:
    floater = loan(60, 0.04, **FLOATER, currency="USD")
    bond = loan(6, 0.05, repayment="bullet", product="bond", origination_date=pd.Timestamp("2025-06-30"))
    euro = loan(6, 0.05, repayment="bullet", product="euro", currency="EUR")
    behaviour = (*runoff("savings", np.full(60, 0.01), "withdrawal").tables, *pass_through(0.5, 1.0))
    fx = pd.DataFrame({"as_of": [AS_OF], "currency": "EUR", "reporting_currency": "USD", "rate": 1.1})
    held = inputs(
        book=table(floater, bond, euro, deposit()),
        assumptions=AssumptionSet("beta", AS_OF, behaviour),
        curves=pd.concat([curves(), curves().assign(index="TERM"), curves(currency="EUR")]),
        fx=fx,
    )
    result = with_measures(value(held, OPTIONS), held, OPTIONS, Measures(("income_drivers",)))
    found = result.tables()["income_drivers"].set_index(["scenario", "year", "product"])
    up = found.loc["up_100"]
    assert found.loc["up_100"].groupby("year").size().tolist() == [4, 4]
    # 58 days of 360 at the old rate, the rest at the new: the simple forward of three months.
    rise = 4 * (math.expm1(0.04 / 4) - math.expm1(0.03 / 4))
    assert up.loc[(1, "floater"), "repricing"] == pytest.approx(1e6 * rise * 302 / 360, rel=1e-9)
    # Renewed after six months at a zero rate that is a point higher, in euros too.
    assert up.loc[(1, "bond"), "new_business"] == pytest.approx(1e6 * 0.01 / 2, rel=1e-9)
    assert up.loc[(2, "euro"), "new_business"] == pytest.approx(1e6 * 0.01, rel=1e-9)
    assert set(found["currency"]) == {"USD", "EUR"}
    worth = result.tables()["income_drivers_summary"].set_index(["scenario", "year", "product"])
    assert worth.loc[("up_100", 2, "euro"), "new_business"] == pytest.approx(1.1 * 1e6 * 0.01, rel=1e-9)
    short = 12 * (math.expm1(0.04 / 12) - math.expm1(0.03 / 12))
    assert up.loc[(2, "savings"), "beta"] == pytest.approx(-8e5 * short / 2, rel=1e-9)
    for product, driver in (("floater", "repricing"), ("bond", "new_business"), ("savings", "beta")):
        others = [name for name in DRIVERS if name != driver]
        np.testing.assert_allclose(up.loc[(1, product), others].to_numpy(dtype=float), 0.0, atol=1e-6)
    summary = result.nii_summary.set_index(["scenario", "balance_sheet", "horizon_months"])["delta_nii"]
    for scenario in ("up_400", "down_300"):
        years = worth.loc[scenario].groupby("year")["delta_nii"].sum()
        assert years[1] == pytest.approx(summary[scenario, "constant", 12], rel=1e-9)
        assert years.sum() == pytest.approx(summary[scenario, "constant", 24], rel=1e-9)
    assert "What moves net interest income" in render(irrbb_report(result, None, {}))
