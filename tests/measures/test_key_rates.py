"""Durations and key rates as tables of a result: they add up, and a bond's are the formula's."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from behavior.measures.duration import measures_on_curve, sensitivities
from behavior.measures.key_rates import ALL, ASSETS, EVE, LIABILITIES, Bumps, rate_tables
from behavior.workflows.valuation import ValuationInputs, ValuationOptions
from behavior.workflows.value import value
from behavior.workflows.value_measures import DURATIONS, Measures, with_measures
from tests.engine.simple import loan, table

AS_OF = dt.date(2025, 12, 31)
RATES = {0: 0.02, 12: 0.025, 60: 0.03, 120: 0.035, 480: 0.033}


def inputs(*rows: dict[str, object]) -> ValuationInputs:
    curves = [
        {"as_of": AS_OF, "currency": currency, "index": "discount", "months": months, "zero_rate": rate}
        for months, rate in RATES.items()
        for currency in ("USD", "EUR")
    ]
    fx = pd.DataFrame({"as_of": [AS_OF], "currency": ["EUR"], "reporting_currency": ["USD"], "rate": [1.1]})
    return ValuationInputs(table(*rows), pd.DataFrame(curves), AS_OF, "USD", 1e5, 2e5, fx=fx)  # type: ignore[arg-type]


def measured(*rows: dict[str, object], bumps: Bumps | None = None) -> dict[str, pd.DataFrame]:
    given_inputs, options = inputs(*rows), ValuationOptions(time="month_grid")
    wanted = Measures((DURATIONS,), bumps or Bumps.standard())
    found = with_measures(value(given_inputs, options), given_inputs, options, wanted)
    return dict(found.extra or {})


def test_a_bond_has_the_durations_of_its_flows() -> None:
    bond = loan(120, 0.04, 100.0, repayment="bullet", payment_months=12, product="bond")
    found = measured(bond)["durations"].set_index(["side", "product"])
    times = np.arange(1.0, 11.0)
    flows = np.where(times == 10, 104.0, 4.0)
    zero = np.interp(12 * times, list(RATES), list(RATES.values()))
    expected = measures_on_curve(times, flows, np.exp(-zero * times))
    mine = found.loc[(ASSETS, "bond")]
    assert mine["present_value"] == pytest.approx(expected.value, rel=1e-12)
    assert mine["effective_duration"] == pytest.approx(expected.macaulay, rel=1e-6)
    assert mine["effective_convexity"] == pytest.approx(expected.convexity, rel=1e-3)
    assert mine["dv01"] == pytest.approx(expected.value * expected.macaulay * 1e-4, rel=1e-6)
    assert found.loc[(EVE, ALL), "duration_gap"] == pytest.approx(expected.macaulay, rel=1e-6)


def test_key_rates_add_up_to_the_duration_and_sides_to_equity() -> None:
    found = measured(
        loan(120, 0.05),
        loan(36, 0.02, 6e5, side="liability", repayment="bullet", product="deposit"),
        loan(60, 0.03, 2e5, currency="EUR", product="bond"),
    )
    durations, keys = found["durations"], found["key_rate_durations"]
    whole = durations[durations["product"] == ALL].set_index(["currency", "side"])
    sums = keys.groupby(["currency", "side"])[["key_rate_duration", "key_rate_dv01"]].sum()
    assert set(whole.index.get_level_values(0)) == {"USD", "EUR", "total"}
    for place, row in whole.iterrows():
        assert sums.loc[place, "key_rate_duration"] == pytest.approx(row["effective_duration"], abs=1e-6)
        assert sums.loc[place, "key_rate_dv01"] == pytest.approx(row["dv01"], rel=1e-6)
    dv01 = whole["dv01"]
    for currency in ("USD", "total"):
        assert dv01[currency, EVE] == pytest.approx(dv01[currency, ASSETS] + dv01[currency, LIABILITIES], rel=1e-9)
    assert dv01["total", EVE] == pytest.approx(dv01["USD", EVE] + 1.1 * dv01["EUR", EVE], rel=1e-9)
    # Owed amounts have the duration of what is owed, and cost value where rates fall.
    assert whole.loc[("USD", LIABILITIES), "effective_duration"] == pytest.approx(3.0, abs=0.15)
    assert dv01["USD", LIABILITIES] < 0


@settings(deadline=None, max_examples=30)
@given(
    slope=st.lists(st.floats(-5e4, 5e4), min_size=3, max_size=3),
    worth=st.floats(1e3, 1e6),
    size=st.sampled_from([0.1, 1.0, 10.0]),
)
def test_a_value_that_is_linear_in_rates(slope: list[float], worth: float, size: float) -> None:
    bumps = Bumps((12.0, 60.0, 120.0), size, size, 100.0)
    rows = []
    for scenario in bumps.scenarios().scenarios:
        shift = scenario.shifts_of("USD")[0].at(np.asarray([1.0, 5.0, 10.0]))
        amount = worth - float(np.dot(slope, shift))
        rows.append((scenario.name, "USD", "bond", "asset", amount))
    eve = pd.DataFrame(rows, columns=["scenario", "currency", "product", "side", "present_value"])
    found = rate_tables(eve, {"USD": 1.0}, bumps)
    keys = found.key_rates[found.key_rates["side"] == EVE]
    np.testing.assert_allclose(keys["key_rate_duration"], np.asarray(slope) / worth, atol=1e-6)
    assert found.durations["dv01"].iloc[-1] == pytest.approx(sum(slope) * 1e-4, rel=1e-6, abs=1e-6)


@pytest.mark.parametrize("size", [1e-6, 1e-4, 1e-3])
def test_money_for_a_basis_point_does_not_hang_on_the_bump(size: float) -> None:
    found = sensitivities([100.0, *(100.0 - 7.0 * size, 100.0 + 7.0 * size) * 2], (60.0,), size)
    assert float(found.dv01) == pytest.approx(7e-4, rel=1e-9)


def test_the_users_key_tenors() -> None:
    found = measured(loan(60, 0.05), bumps=Bumps((3.0, 60.0), 1.0, 0.01, 50.0))
    assert sorted(set(found["key_rate_durations"]["tenor_months"])) == [3, 60]
