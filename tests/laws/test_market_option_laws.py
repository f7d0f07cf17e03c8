"""Laws of options, swaps, durations and aggregation, and options against QuantLib."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from behavior.engine.options import limit_values, option_value, strip_values
from behavior.engine.swaps import (
    annuity,
    discount_factors_from_par,
    fixed_leg_value,
    floating_leg_value,
    par_rate,
    swap_value,
)
from behavior.errors import BehaviorError, MarketDataError
from behavior.market.scenarios import Shift
from behavior.market.volatilities import VolatilitySet
from behavior.measures.aggregation import aggregate, aggregation_rules, outlier_test
from behavior.measures.duration import key_rate_shifts, measures_at_yield, yield_of

ql = pytest.importorskip("QuantLib")

rates = st.floats(-0.02, 0.15)
positive = st.floats(0.001, 0.15)
expiries = st.floats(0.01, 30.0)
normal_vols = st.floats(0.0005, 0.03)
lognormal_vols = st.floats(0.02, 0.9)


@given(rates, rates, normal_vols, expiries, st.booleans())
def test_bachelier_against_quantlib(forward: float, strike: float, vol: float, expiry: float, call: bool) -> None:
    side = ql.Option.Call if call else ql.Option.Put
    expected = ql.bachelierBlackFormula(side, strike, forward, vol * expiry**0.5, 1.0)
    assert float(option_value(forward, strike, vol, expiry, call=call)) == pytest.approx(expected, abs=1e-13)


@given(rates, rates, lognormal_vols, expiries, st.booleans())
def test_shifted_black_against_quantlib(forward: float, strike: float, vol: float, expiry: float, call: bool) -> None:
    side = ql.Option.Call if call else ql.Option.Put
    expected = ql.blackFormula(side, strike, forward, vol * expiry**0.5, 1.0, 0.03)
    found = option_value(forward, strike, vol, expiry, kind="lognormal", call=call, shift=0.03)
    assert float(found) == pytest.approx(expected, abs=1e-12)


@given(rates, rates, normal_vols, expiries, st.sampled_from(["normal", "lognormal"]))
def test_call_less_put_is_the_forward(forward: float, strike: float, vol: float, expiry: float, kind: str) -> None:
    call, put = (
        option_value(forward, strike, vol, expiry, kind=kind, call=side, shift=0.05)  # type: ignore[arg-type]
        for side in (True, False)
    )
    assert float(call - put) == pytest.approx(forward - strike, abs=1e-14)
    assert float(call) >= max(forward - strike, 0.0) - 1e-12


@given(rates, rates, normal_vols, normal_vols, expiries)
def test_more_volatility_is_worth_more(forward: float, strike: float, low: float, more: float, expiry: float) -> None:
    less, larger = (float(option_value(forward, strike, vol, expiry)) for vol in (low, low + more))
    assert larger >= less - 1e-15


@given(rates, rates, st.sampled_from(["normal", "lognormal"]))
def test_without_time_or_volatility_an_option_is_intrinsic(forward: float, strike: float, kind: str) -> None:
    for vol, expiry in ((0.0, 5.0), (0.2, 0.0), (0.2, -1.0)):
        found = option_value(forward, strike, vol, expiry, kind=kind, shift=0.05)  # type: ignore[arg-type]
        assert float(found) == pytest.approx(max(forward - strike, 0.0), abs=1e-15)


@given(st.floats(-0.05, 0.0), positive)
def test_black_refuses_what_it_cannot_price(forward: float, strike: float) -> None:
    with pytest.raises(MarketDataError, match="normal volatilities, or a shift larger"):
        option_value(forward, strike, 0.2, 1.0, kind="lognormal")
    with pytest.raises(MarketDataError, match="normal volatilities, or a shift larger"):
        option_value(strike, forward, 0.2, 1.0, kind="lognormal")


def test_faulty_volatilities_are_refused() -> None:
    for vol in (float("nan"), -0.1, float("inf")):
        with pytest.raises(MarketDataError, match="missing, negative or not finite"):
            option_value(0.03, 0.03, vol, 1.0)
    with pytest.raises(MarketDataError, match="normal or lognormal"):
        option_value(0.03, 0.03, 0.1, 1.0, kind="sabr")  # type: ignore[arg-type]


@given(st.lists(rates, min_size=1, max_size=8), rates, normal_vols)
def test_cap_less_floor_is_a_swap(forwards: list[float], strike: float, vol: float) -> None:
    fixing = 0.5 + np.arange(len(forwards)) / 2
    factors = np.exp(-0.03 * (fixing + 0.5))
    cap, floor = (
        strip_values(forwards, strike, vol, fixing, 0.5, factors, 100.0, cap=side).sum() for side in (True, False)
    )
    floating = floating_leg_value(forwards, 0.5, factors, 100.0)
    swap = swap_value(floating, fixed_leg_value(strike, 0.5, factors, 100.0), payer=True)
    assert cap - floor == pytest.approx(float(swap), abs=1e-12)


@given(st.lists(rates, min_size=1, max_size=6), st.floats(-0.01, 0.02), st.floats(0.03, 0.09), normal_vols)
def test_limits_are_a_floor_bought_and_a_cap_sold(forwards: list[float], low: float, high: float, vol: float) -> None:
    fixing = 1.0 + np.arange(len(forwards))
    factors = np.exp(-0.03 * (fixing + 1))
    both = limit_values(forwards, low, high, vol, fixing, 1.0, factors)
    floor = strip_values(forwards, low, vol, fixing, 1.0, factors, cap=False)
    cap = strip_values(forwards, high, vol, fixing, 1.0, factors, cap=True)
    intrinsic = (np.maximum(low - np.array(forwards), 0) - np.maximum(np.array(forwards) - high, 0)) * factors
    np.testing.assert_allclose(both, floor - cap - intrinsic, atol=1e-14)
    np.testing.assert_array_equal(limit_values(forwards, -np.inf, np.inf, vol, fixing, 1.0, factors), 0.0)
    assert (limit_values(forwards, low, np.inf, vol, fixing, 1.0, factors) >= -1e-15).all()


def test_unlimited_rates_are_not_held_to_a_models_domain() -> None:
    found = limit_values([-0.01, 0.04], [-np.inf, 0.03], np.inf, 0.2, [1.0, 2.0], 1.0, 1.0, kind="lognormal")
    assert found[0] == 0.0
    assert found[1] > 0.0


@given(rates, rates, normal_vols, expiries, st.floats(0.1, 10))
def test_swaption_parity(forward: float, strike: float, vol: float, expiry: float, unit: float) -> None:
    payer, receiver = (
        float(option_value(forward, strike, vol, expiry, call=side) * unit * 100.0) for side in (True, False)
    )
    assert payer - receiver == pytest.approx(unit * 100.0 * (forward - strike), abs=1e-9)


@given(st.lists(positive, min_size=1, max_size=30))
def test_bootstrapped_factors_give_back_the_par_rates(par: list[float]) -> None:
    try:
        factors = discount_factors_from_par(par)
    except MarketDataError:
        assume(False)
    for year in range(1, len(par) + 1):
        held = factors[:year]
        forwards = np.concatenate([[1.0], held[:-1]]) / held - 1.0
        found = par_rate(floating_leg_value(forwards, 1.0, held), annuity(1.0, held))
        assert float(found) == pytest.approx(par[year - 1], rel=1e-9)


def test_swaps_refuse_legs_and_rates_without_meaning() -> None:
    with pytest.raises(MarketDataError, match="no payment ahead"):
        par_rate(0.0, annuity([], []))
    with pytest.raises(MarketDataError, match="no positive discount factor"):
        discount_factors_from_par([0.02, 3.0, 3.0])


@given(st.sets(st.integers(1, 360), min_size=1, max_size=8), st.floats(1e-5, 0.01))
def test_key_rate_shifts_add_to_a_parallel_shift(tenors: set[int], size: float) -> None:
    at = np.linspace(0, 40, 97)
    total = sum((shift.at(at) for shift in key_rate_shifts(sorted(tenors), size)), np.zeros(at.size))
    np.testing.assert_allclose(total, size, rtol=1e-12)


@given(
    st.floats(-0.05, 0.3),
    st.lists(st.floats(0.1, 30), min_size=1, max_size=6, unique=True),
    st.sampled_from([1.0, 2.0, 12.0]),
)
def test_yield_prices_back(rate: float, times: list[float], frequency: float) -> None:
    price = measures_at_yield(times, np.ones(len(times)), rate, frequency).value
    assert yield_of(price, times, np.ones(len(times)), frequency) == pytest.approx(rate, abs=1e-9)


changes = st.lists(st.floats(-100, 100), min_size=1, max_size=5)


@given(changes)
def test_aggregates_are_ordered_by_how_gains_count(values: list[float]) -> None:
    basel, half, whole = (float(aggregate(values, rule)) for rule in ("basel", "eu", "sum"))
    assert basel <= half + 1e-12
    assert half <= whole + 1e-12
    assert whole == pytest.approx(sum(values), abs=1e-9)
    losses = [value for value in values if value < 0]
    assert basel == pytest.approx(sum(losses), abs=1e-9)


def test_aggregation_and_tests_refuse_what_they_do_not_know() -> None:
    assert set(aggregation_rules()) == {"sum", "basel", "eu"}
    with pytest.raises(BehaviorError, match="expected one of"):
        aggregate([1.0], "net")
    with pytest.raises(BehaviorError, match="expected one of"):
        outlier_test("uk_eve", ["base"], [0.0], 1.0)
    with pytest.raises(BehaviorError, match="above 0"):
        outlier_test("eu_eve", ["base"], [0.0], 0.0)
    found = outlier_test("eu_nii", ["base", "parallel_down", "steepener"], [0.0, -3.0, -50.0], 100.0)
    assert (found.scenario, found.outlier, found.missing) == ("parallel_down", False, ("parallel_up",))


def test_volatilities_are_bilinear_and_flat_outside() -> None:
    table = pd.DataFrame(
        {
            "as_of": pd.Timestamp("2022-03-31"),
            "currency": "USD",
            "index": "SOFR_3M",
            "expiry_months": [12, 12, 36, 36],
            "tenor_months": [3, 60, 3, 60],
            "kind": "normal",
            "shift": 0.0,
            "value": [0.010, 0.008, 0.006, 0.004],
        }
    )
    surface = VolatilitySet.from_table(table, date(2022, 3, 31), time="month_grid").of("USD", "SOFR_3M")
    found = surface.at([0.1, 1.0, 2.0, 3.0, 9.0], [0.25, 5.0, 2.625, 0.25, 9.0])
    np.testing.assert_allclose(found, [0.010, 0.008, 0.007, 0.006, 0.004])
    one = VolatilitySet.from_table(table.iloc[:1]).of("USD", "SOFR_3M")
    np.testing.assert_allclose(one.at([0.1, 9.0], 1.0), 0.010)
    smile = pd.concat([table.assign(strike=0.0), table.assign(strike=0.02, value=table["value"] + 0.002)])
    steep = VolatilitySet.from_table(smile, time="month_grid").of("USD", "SOFR_3M")
    assert float(steep.at(1.0, 0.25, 0.01)) == pytest.approx(0.011)
    for faulty, message in (
        (table.iloc[:3], "Supply every combination"),
        (table.assign(value=-1.0), "Supply every combination"),
        (table.assign(kind=["normal", "lognormal"] * 2), "expected one of each"),
        (table.assign(kind="sabr"), "expected normal or lognormal"),
        (pd.concat([table, table]), "occurs twice"),
        (table.iloc[:0], "no row as of"),
    ):
        with pytest.raises(MarketDataError, match=message):
            VolatilitySet.from_table(faulty, "2022-03-31")
    with pytest.raises(MarketDataError, match="none for CHF"):
        VolatilitySet.from_table(table).of("CHF", "SARON")


def test_key_tenors_must_rise() -> None:
    with pytest.raises(BehaviorError, match="rise"):
        key_rate_shifts([24, 12], 1e-4)
    assert key_rate_shifts([12], 1e-4) == (Shift(nodes=((12.0, 1e-4),)),)
