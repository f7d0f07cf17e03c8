"""Swaps, caps, floors, swaptions, the option add-on, aggregation and durations against independent values."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from behavior.engine.options import option_value, strip_values, volatility_factor
from behavior.engine.swaps import (
    annuity,
    discount_factors_from_par,
    fixed_leg_value,
    floating_leg_value,
    par_rate,
    swap_value,
)
from behavior.market.curves import CurveSet, RateCurve
from behavior.market.scenarios import apply_scenarios, scenario_set
from behavior.measures.aggregation import aggregate, outlier_test
from behavior.measures.duration import (
    duration_gap,
    dv01,
    measures_at_yield,
    measures_on_curve,
    sensitivities,
    sensitivity_scenarios,
    yield_of,
)
from behavior.quantities import FloatArray

TIMES = [0.0, 0.25, 0.5, 1, 2, 3, 5, 7, 10, 15, 20, 30]
ZEROS = np.array([4.30, 4.25, 4.15, 3.95, 3.75, 3.70, 3.80, 3.95, 4.15, 4.40, 4.50, 4.45]) / 100
CURVE = RateCurve(date(2026, 1, 31), "USD", "discount", 12 * np.array(TIMES), ZEROS, time="month_grid")
CURVES = CurveSet.of([CURVE])
UNDER = apply_scenarios(CURVES, sensitivity_scenarios([12, 24, 36, 60, 84, 120]))


def read(vectors: Path, name: str) -> Any:
    return json.loads((vectors / "quantitative" / name).read_text())


def legs(start: float, maturity: float, frequency: int) -> tuple[FloatArray, FloatArray, FloatArray]:
    ends = start + np.arange(1, round((maturity - start) * frequency) + 1) / frequency
    starts = ends - 1 / frequency
    return starts, ends, UNDER.simple_forward("USD", "discount", starts, ends, 1 / frequency)


def payer_values(start: float, maturity: float, frequency: int, rate: float, notionals: Any = 1.0) -> FloatArray:
    """Values of a payer swap under base, +1 bp and -1 bp: forwards and discount factors both move."""
    _, ends, forwards = legs(start, maturity, frequency)
    factors = UNDER.discount_factor("USD", "discount", ends)
    floating = floating_leg_value(forwards, 1 / frequency, factors, notionals)
    return swap_value(floating, fixed_leg_value(rate, 1 / frequency, factors, notionals), payer=True)[:3]


def test_par_rates(vectors: Path) -> None:
    for row in pd.read_csv(vectors / "quantitative" / "13_par_swap_rates.csv").itertuples():
        _, ends, forwards = legs(0, float(row.tenor_years), int(row.fixed_frequency))
        accrual = 1 / row.fixed_frequency
        factors = CURVE.discount_factor(ends)
        unit = annuity(accrual, factors)
        assert factors[-1] == pytest.approx(row.df_maturity, rel=1e-10)
        assert float(unit) == pytest.approx(row.annuity, rel=1e-10)
        found = par_rate(floating_leg_value(forwards[0], accrual, factors), unit)
        assert float(found) == pytest.approx(row.par_rate, rel=1e-10)


@pytest.mark.parametrize(
    "name", ["payer_5y_4.5_annual", "receiver_5y_4.5_annual", "payer_10y_3.0_semi", "fwd_2y5y_payer_4.0_semi"]
)
def test_swaps(vectors: Path, name: str) -> None:
    given = read(vectors, "13_swaps.json")[name]
    start, maturity, frequency = given["start"], given["maturity"], given["fixed_frequency"]
    values = payer_values(start, maturity, frequency, given["fixed_rate"], given["notional"])
    values = values if given["payer"] else -values
    assert values.tolist() == pytest.approx([given["pv"], given["pv_up1bp"], given["pv_dn1bp"]], abs=1e-6)
    assert float(dv01(values[1], values[2])) == pytest.approx(given["dv01_central"], abs=1e-6)
    _, ends, forwards = legs(start, maturity, frequency)
    factors = CURVE.discount_factor(ends)
    unit = annuity(1 / frequency, factors)
    assert float(unit) == pytest.approx(given["annuity"], rel=1e-10)
    par = par_rate(floating_leg_value(forwards[0], 1 / frequency, factors), unit)
    assert float(par) == pytest.approx(given["par_rate"], rel=1e-10)


def test_amortising_swap(vectors: Path) -> None:
    given = read(vectors, "13_swaps.json")["amortising_5y_payer_4.2_annual"]
    notionals = np.array(given["notionals"])
    assert payer_values(0, 5, 1, given["fixed_rate"], notionals)[0] == pytest.approx(given["pv"], abs=1e-6)
    _, ends, forwards = legs(0, 5, 1)
    factors = CURVE.discount_factor(ends)
    par = par_rate(floating_leg_value(forwards[0], 1.0, factors, notionals), annuity(1.0, factors, notionals))
    assert float(par) == pytest.approx(given["par_rate"], rel=1e-10)


def test_bootstrap(vectors: Path) -> None:
    given = read(vectors, "13_swaps.json")["bootstrap_annual"]
    found = discount_factors_from_par(given["par_rates_1_to_10"])
    np.testing.assert_allclose(found, given["discount_factors"], rtol=1e-10)


def test_caplets_and_floorlets(vectors: Path) -> None:
    rows = pd.read_csv(vectors / "quantitative" / "21_caplets_floorlets.csv")
    assert set(rows["model"]) == {"normal", "lognormal"} or len(set(rows["model"])) == 3
    for (case, kind, model), strip in rows.groupby(["case", "type", "model"]):
        accruals = strip["pay_t"] - strip["fixing_t"]
        kind_of = "normal" if str(model) in ("normal", "bachelier") else "lognormal"
        found = strip_values(
            strip["forward"],
            strip["strike"],
            strip["vol"],
            strip["fixing_t"],
            accruals,
            strip["df_pay"],
            1e7,
            kind=kind_of,  # type: ignore[arg-type]
            cap=str(kind) == "cap",
            shift=strip["shift"],
        )
        np.testing.assert_allclose(found, strip["pv"], rtol=1e-9, atol=1e-6, err_msg=str(case))


def test_caps_and_floors_from_the_curve(vectors: Path) -> None:
    given = read(vectors, "21_caps_floors.json")
    totals = given["totals"]
    for name, curve, years, frequency, strike, kind, vol, shift in (
        ("usd_3y_q_K4_black20", CURVE, 3, 4, 0.04, "lognormal", 0.20, 0.0),
        ("usd_3y_q_K4_norm80", CURVE, 3, 4, 0.04, "normal", 0.0080, 0.0),
        ("eur_3y_q_K0_norm60_negative_curve", None, 3, 4, 0.0, "normal", 0.0060, 0.0),
        ("eur_3y_q_K0_shifted3_black25_negative_curve", None, 3, 4, 0.0, "lognormal", 0.25, 0.03),
        ("usd_5y_s_K3.5_norm90", CURVE, 5, 2, 0.035, "normal", 0.0090, 0.0),
    ):
        read_on = curve or RateCurve(CURVE.as_of, "EUR", "discount", np.array([12.0]), np.array([-0.005]))
        fixing = np.arange(1, years * frequency) / frequency
        pays = fixing + 1 / frequency
        forwards = read_on.simple_forward(fixing, pays, 1 / frequency)
        factors = read_on.discount_factor(pays)
        cap, floor = (
            strip_values(
                forwards,
                strike,
                vol,
                fixing,
                1 / frequency,
                factors,
                1e7,
                kind=kind,
                cap=side,
                shift=shift,  # type: ignore[arg-type]
            ).sum()
            for side in (True, False)
        )
        swap = swap_value(
            floating_leg_value(forwards, 1 / frequency, factors, 1e7),
            fixed_leg_value(strike, 1 / frequency, factors, 1e7),
            payer=True,
        )
        assert cap == pytest.approx(totals[f"{name}_cap"], abs=1e-5)
        assert floor == pytest.approx(totals[f"{name}_floor"], abs=1e-5)
        assert float(swap) == pytest.approx(totals[f"{name}_parity_forward_swap"], abs=1e-5)


def test_swaption(vectors: Path) -> None:
    given = read(vectors, "21_caps_floors.json")["swaption"]
    ends = 1.0 + np.arange(1, 6)
    factors = CURVE.discount_factor(ends)
    unit = annuity(1.0, factors)
    forwards = CURVE.simple_forward(ends - 1, ends, 1.0)
    forward = par_rate(floating_leg_value(forwards, 1.0, factors), unit)
    assert float(unit) == pytest.approx(given["annuity"], rel=1e-10)
    assert float(forward) == pytest.approx(given["forward"], rel=1e-10)
    for key, kind, vol, payer in (
        ("payer_black_20pct_K4", "lognormal", 0.20, True),
        ("payer_normal_80bp_K4", "normal", 0.0080, True),
        ("receiver_normal_80bp_K4", "normal", 0.0080, False),
    ):
        found = option_value(forward, 0.04, vol, 1.0, kind=kind, call=payer) * unit * 1e7  # type: ignore[arg-type]
        assert float(found) == pytest.approx(given[key], abs=1e-5)


def test_unit_options(vectors: Path) -> None:
    given = read(vectors, "21_caps_floors.json")["undiscounted_unit"]
    forward, strike, expiry = given["F"], given["K"], given["T"]
    for name, kind, vol in (("black", "lognormal", given["black_vol"]), ("normal", "normal", given["normal_vol"])):
        for side in ("call", "put"):
            found = option_value(forward, strike, vol, expiry, kind=kind, call=side == "call")  # type: ignore[arg-type]
            assert float(found) == pytest.approx(given[f"{name}_{side}"], rel=1e-10)
    assert float(option_value(forward, forward, given["normal_vol"], expiry)) == pytest.approx(
        given["normal_atm"], rel=1e-10
    )


def test_automatic_option_add_on(vectors: Path) -> None:
    given = read(vectors, "30_automatic_option_addon.json")
    assert volatility_factor() == given["vol_multiplier"]
    under = apply_scenarios(CURVES, scenario_set("bcbs_2024", ["USD"]))
    fixing = np.arange(1, 10) / 2
    pays = fixing + 0.5
    forwards = under.simple_forward("USD", "discount", fixing, pays, 0.5)
    factors = under.discount_factor("USD", "discount", pays)
    vol = 0.0090 * np.where(np.arange(7) == 0, 1.0, volatility_factor())[:, None]
    cap = strip_values(forwards, 0.05, vol, fixing, 0.5, factors, 1e7).sum(axis=-1)
    floor = strip_values(forwards, 0.02, vol, fixing, 0.5, factors, 1e7, cap=False).sum(axis=-1)
    assert cap[0] == pytest.approx(given["base_values"]["sold_cap"], abs=1e-6)
    assert floor[0] == pytest.approx(given["base_values"]["bought_floor"], abs=1e-6)
    loss = (cap - cap[0]) - (floor - floor[0])
    for position, name in enumerate(under.names):
        if name == "base":
            continue
        expected = given["scenarios"][name]
        assert cap[position] - cap[0] == pytest.approx(expected["sold_cap_change"], abs=1e-5)
        assert floor[position] - floor[0] == pytest.approx(expected["bought_floor_change"], abs=1e-5)
        assert loss[position] == pytest.approx(expected["kao_loss"], abs=1e-5)


def test_aggregation_over_currencies(vectors: Path) -> None:
    given = read(vectors, "31_multi_currency_aggregation.json")
    changes = np.array(list(given["delta_eve_by_currency"].values())).T
    loss = -aggregate(changes, "basel")
    assert loss.tolist() == given["bcbs_loss_sum_by_scenario"]
    assert loss.max() == given["bcbs_eve_risk_measure"]
    found = aggregate(changes, "eu")
    np.testing.assert_allclose(found, given["eu_aggregate_50pct_gains"], rtol=1e-12)
    test = outlier_test("eu_eve", given["scenarios"], found, 100.0)
    assert (test.scenario, test.change, test.outlier) == ("parallel_up", given["eu_worst"], True)


def test_bond_duration_and_key_rates(vectors: Path) -> None:
    given = read(vectors, "24_bond_duration_krd.json")
    times = np.arange(1.0, 11.0)
    flows = np.where(times == 10, 104.0, 4.0)
    key_months = [12 * year for year in given["key_tenors"]]
    values = (UNDER.discount_factor("USD", "discount", times) * flows).sum(axis=-1)
    found = sensitivities(values, key_months)
    assert float(found.value) == pytest.approx(given["price"], rel=1e-10)
    assert float(found.duration) == pytest.approx(given["effective_duration_cc"], rel=1e-9)
    assert float(found.convexity) == pytest.approx(given["effective_convexity_cc"], rel=1e-6)
    assert float(found.dv01) == pytest.approx(given["dv01_per_100"], rel=1e-9)
    np.testing.assert_allclose(found.key_rate_durations, given["key_rate_durations"], rtol=1e-8)
    assert found.key_rate_durations.sum() == pytest.approx(float(found.duration), abs=1e-6)
    on_curve = measures_on_curve(times, flows, CURVE.discount_factor(times))
    assert on_curve.macaulay == pytest.approx(given["macaulay_cc"], rel=1e-10)
    rate = yield_of(given["price"], times, flows)
    assert rate == pytest.approx(given["annual_yield"], rel=1e-10)
    at_yield = measures_at_yield(times, flows, rate)
    assert at_yield.macaulay == pytest.approx(given["macaulay_yield"], rel=1e-10)
    assert at_yield.modified == pytest.approx(given["modified_duration_yield"], rel=1e-10)
    assert at_yield.convexity == pytest.approx(given["convexity_yield"], rel=1e-10)


def test_duration_gap(vectors: Path) -> None:
    given = read(vectors, "17_duration_gap.json")

    def column(side: str, key: str) -> list[float]:
        return [item[key] for item in given[side]]

    gap = duration_gap(
        column("assets", "mv"),
        column("assets", "mod_duration"),
        column("liabilities", "mv"),
        column("liabilities", "mod_duration"),
        column("assets", "convexity"),
        column("liabilities", "convexity"),
    )
    assert (gap.assets, gap.liabilities) == (given["MV_A"], given["MV_L"])
    for found, key in (
        (gap.asset_duration, "D_A"),
        (gap.liability_duration, "D_L"),
        (gap.gap, "duration_gap"),
        (gap.convexity_gap, "convexity_gap"),
        (gap.equity_duration, "equity_duration"),
        (gap.asset_duration_for_zero_gap, "asset_duration_for_zero_gap"),
    ):
        assert found == pytest.approx(given[key], rel=1e-10)
    for bp, expected in given["delta_eve"].items():
        assert float(gap.change(int(bp) / 1e4, convexity=False)) == pytest.approx(expected["first_order"], rel=1e-10)
        assert float(gap.change(int(bp) / 1e4)) == pytest.approx(expected["second_order"], rel=1e-10)


def test_textbook_durations(vectors: Path) -> None:
    for given in json.loads((vectors / "duration_convexity" / "expected.json").read_text()):
        found = measures_at_yield(given["times"], given["cfs"], given["annual_effective_rate"])
        tolerance = given.get("abs_tol", 0.0)
        for key, value in (
            ("pv", found.value),
            ("macaulay", found.macaulay),
            ("modified", found.modified),
            ("convexity", found.convexity),
        ):
            if key in given:
                # The files print between two and sixteen digits.
                digits = len(str(given[key]).split(".")[-1])
                assert value == pytest.approx(given[key], abs=max(tolerance, 0.6 * 10.0**-digits, 1e-12)), given["id"]
