"""Scenario sets, users' scenarios, paths by month, and how curves answer under them."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from behavior.errors import MarketDataError, SpecFault
from behavior.market.curves import CurveSet, RateCurve
from behavior.market.scenarios import Scenario, ScenarioSet, Shift, apply_scenarios, ramp, scenario_set
from behavior.market.user_scenarios import user_scenarios

AS_OF = date(2022, 3, 31)
CURVES = CurveSet.of(
    [
        RateCurve(AS_OF, "USD", "discount", np.array([1.0, 120.0]), np.array([0.01, 0.03])),
        RateCurve(AS_OF, "USD", "SOFR_3M", np.array([1.0, 120.0]), np.array([0.012, 0.031])),
        RateCurve(AS_OF, "CHF", "discount", np.array([12.0]), np.array([-0.005])),
    ]
)


def flat(rate: float, time: str = "month_grid") -> CurveSet:
    return CurveSet.of([RateCurve(AS_OF, "USD", "discount", np.array([12.0]), np.array([rate]), "linear", time)])  # type: ignore[arg-type]


def test_frameworks() -> None:
    six = ("base", "parallel_up", "parallel_down", "steepener", "flattener", "short_up", "short_down")
    for framework, floor, aggregation in (
        ("bcbs_2016", "none", "basel"),
        ("bcbs_2024", "none", "basel"),
        ("eu_2024_856", "eu_2024_856", "eu"),
    ):
        found = scenario_set(framework, ["USD", "EUR"])
        assert (found.names, found.floor, found.aggregation, found.warnings) == (six, floor, aggregation, ())
        assert all(scenario.source for scenario in found.scenarios)
    parallel = scenario_set("us_parallel", ["USD"])
    assert parallel.names == ("base", *(f"down_{n}00" for n in (4, 3, 2, 1)), *(f"up_{n}00" for n in (1, 2, 3, 4)))
    assert parallel.scenarios[1].shifts_of("CHF")[0].parallel == pytest.approx(-0.04)
    assert "XXX" in scenario_set("bcbs_2024", ["XXX"]).warnings[0]
    with pytest.raises(MarketDataError, match="expected one of bcbs_2016"):
        scenario_set("bcbs_2030", ["USD"])


def test_sets_refuse_what_cannot_be_valued() -> None:
    base, up = Scenario("base"), Scenario("up", {"USD": (Shift(0.01),)})
    for scenarios, message in (
        ((up, base), "expected `base`"),
        ((), "expected `base`"),
        ((base, up, up), "more than once"),
        ((Scenario("base", {"USD": (Shift(0.01),)}),), "must not shift"),
    ):
        with pytest.raises(MarketDataError, match=message):
            ScenarioSet(scenarios)
    found = ScenarioSet((base,)).with_scenarios([up])
    assert found.only(["up"]).names == ("base", "up")
    assert found.only([]).names == ("base",)
    with pytest.raises(MarketDataError, match=r"no scenario \['down'\]"):
        found.only(["down"])
    with pytest.raises(MarketDataError, match="forward or constant"):
        apply_scenarios(CURVES, found, rate_path="spot")  # type: ignore[arg-type]


def test_shifts_of_a_currency_without_curves_are_told() -> None:
    typo = Scenario("up", {"USd": (Shift(0.01),), "*": (Shift(0.01),)})
    under = apply_scenarios(CURVES, ScenarioSet((Scenario("base"), typo), warnings=("first",)))
    assert under.warnings == ("first", "scenarios shift USd; there are curves for CHF, USD only.")
    assert apply_scenarios(CURVES, scenario_set("us_parallel", ["USD"])).warnings == ()


def test_faulty_shifts_are_refused() -> None:
    with pytest.raises(MarketDataError, match="decay_years"):
        Shift(short=0.01)
    with pytest.raises(MarketDataError, match="not finite"):
        Shift(float("nan"))
    with pytest.raises(MarketDataError, match="rise"):
        Shift.at_tenors([12, 3], [0.01, 0.02])
    with pytest.raises(MarketDataError, match="2 tenors and 1 sizes"):
        Shift.at_tenors([3, 12], [0.01])
    with pytest.raises(MarketDataError, match="cannot be added"):
        Shift(short=0.01, decay_years=4) + Shift(short=0.01, decay_years=2)
    with pytest.raises(MarketDataError, match="at least 1"):
        ramp(Shift(0.01), 0)


def test_the_floor_is_read_on_the_discount_curve_and_its_shift_moves_every_curve() -> None:
    under = apply_scenarios(CURVES, scenario_set("eu_2024_856", ["USD", "CHF"]))
    down = under.names.index("parallel_down")
    at = np.array([0.0, 5.0, 9.0])
    discount = CURVES.discounting("USD").zero_rate(at)
    expected = np.maximum(discount - 0.02, np.minimum(-0.015 + 0.0003 * at, discount))
    np.testing.assert_allclose(under.zero_rate("USD", "discount", at)[down], expected, atol=1e-15)
    basis = CURVES.projecting("USD", "SOFR_3M").zero_rate(at) - discount
    np.testing.assert_allclose(under.zero_rate("USD", "SOFR_3M", at)[down], expected + basis, atol=1e-15)
    free = apply_scenarios(CURVES, scenario_set("eu_2024_856", ["USD", "CHF"]), floor="none")
    np.testing.assert_allclose(free.shift("USD", at)[down], -0.02)


def test_ramp_by_month_on_a_flat_curve() -> None:
    scenarios = ScenarioSet((Scenario("base"), Scenario("ramp", {"*": ramp(Shift(0.02), 12)})))
    under = apply_scenarios(flat(0.03), scenarios)
    starts = np.array([0.0, 1 / 12, 11 / 12, 1.0, 2.5])
    shares = np.array([1, 2, 12, 12, 12]) / 12
    np.testing.assert_allclose(under.shift_seen("USD", starts, starts + 5)[1], 0.02 * shares, atol=1e-15)
    # A date inside month 2 still has the second shift.
    np.testing.assert_allclose(under.shift_seen("USD", 1.5 / 12, 3.0)[1], 0.02 * 2 / 12, atol=1e-15)
    # Money rolled over a year grows by the mean of the twelve shifts: 0.02 x 6.5 / 12.
    np.testing.assert_allclose(under.shift("USD", [1.0])[1], 0.02 * 6.5 / 12, atol=1e-15)
    np.testing.assert_allclose(under.shift("USD", [2.0])[1], 0.02 * (6.5 / 12 + 1) / 2, atol=1e-15)
    rates = under.short_rate("USD", 13)
    np.testing.assert_allclose(np.log1p(rates[1] / 12) * 12, 0.03 + 0.02 * np.minimum(np.arange(1, 14), 12) / 12)


def test_ramps_are_floored_at_the_tenor_seen() -> None:
    scenarios = ScenarioSet((Scenario("base"), Scenario("ramp", {"*": ramp(Shift(-0.10), 2)})))
    under = apply_scenarios(flat(0.03), scenarios, floor="eu_2024_856")
    seen = 0.03 + under.shift_seen("USD", np.array([0.0, 0.5]), np.array([10.0, 10.5]))[1]
    np.testing.assert_allclose(seen, -0.015 + 0.0003 * 10, atol=1e-15)


def test_constant_path_keeps_todays_curve() -> None:
    scenarios = ScenarioSet((Scenario("base"), Scenario("up", {"USD": (Shift(0.01),)})))
    constant = apply_scenarios(CURVES, scenarios, rate_path="constant")
    forward = apply_scenarios(CURVES, scenarios)
    today = CURVES.projecting("USD", "SOFR_3M").zero_rate(0.25)
    later = constant.simple_forward("USD", "SOFR_3M", 5.0, 5.25, 0.25)
    np.testing.assert_allclose(later, np.expm1((today + np.array([0, 0.01])) * 0.25) / 0.25)
    assert (forward.simple_forward("USD", "SOFR_3M", 5.0, 5.25, 0.25) > later).all()
    at = np.array([0.5, 7.0])
    np.testing.assert_array_equal(
        constant.discount_factor("USD", "discount", at), forward.discount_factor("USD", "discount", at)
    )


def test_a_constant_path_is_floored_as_todays_curve_is() -> None:
    scenarios = ScenarioSet((Scenario("base"), Scenario("down", {"USD": (Shift(-0.025),)})))
    constant = apply_scenarios(CURVES, scenarios, floor=0.0, rate_path="constant")
    tenor = np.array([0.25, 1.0, 5.0, 9.0])
    np.testing.assert_array_equal(constant.shift_seen("USD", 3.0, 3.0 + tenor), constant.shift("USD", tenor))


def test_the_shift_of_a_ramp_at_as_of_is_that_of_its_first_month() -> None:
    under = apply_scenarios(CURVES, ScenarioSet((Scenario("base"), Scenario("ramp", {"*": ramp(Shift(0.02), 12)}))))
    np.testing.assert_allclose(under.shift("USD", [0.0, 1e-6])[1], 0.02 / 12, atol=1e-15)


def test_driver_rate_moves_from_today_with_the_scenario() -> None:
    scenarios = ScenarioSet((Scenario("base"), Scenario("up", {"USD": (Shift(0.01),)})))
    under = apply_scenarios(flat(0.03), scenarios)
    found = under.driver_rate("USD", "MORTGAGE30", 0.055, 120, 24)
    np.testing.assert_allclose(found[0], 0.055, atol=1e-14)
    np.testing.assert_allclose(found[1], 0.065, atol=1e-14)
    sloped = apply_scenarios(CURVES, scenarios).driver_rate("USD", "MORTGAGE30", 0.055, 60, 24)
    assert sloped[0, 0] == pytest.approx(0.055)
    assert (np.diff(sloped[0]) > 0).all()
    np.testing.assert_allclose(sloped[1] - sloped[0], 0.01, atol=1e-14)
    # Between nodes too, where a monotone cubic and a straight line part.
    bent = RateCurve(AS_OF, "USD", "discount", np.array([1.0, 24.0, 120.0]), np.array([0.01, 0.03, 0.025]))
    base = apply_scenarios(CurveSet.of([bent]), scenarios).driver_rate("USD", "MORTGAGE30", 0.055, 70, 1)
    assert base[0, 0] == pytest.approx(0.055, abs=1e-15)


def test_index_values_by_month_replace_fixings_only() -> None:
    path = Scenario("path", index_values={"SOFR_3M": (0.04, 0.05, 0.06)})
    under = apply_scenarios(CURVES, ScenarioSet((Scenario("base"), path)))
    bounds = under.month_bounds(5)
    fixings = under.simple_forward("USD", "SOFR_3M", bounds[:5], bounds[:5] + 0.25, 0.25)
    np.testing.assert_array_equal(fixings[1], [0.04, 0.05, 0.06, 0.06, 0.06])
    base, same = under.discount_factor("USD", "SOFR_3M", bounds)
    np.testing.assert_array_equal(base, same)
    np.testing.assert_array_equal(under.short_rate("USD", 3, "SOFR_3M")[1], [0.04, 0.05, 0.06])
    assert not np.isin(fixings[0], [0.04, 0.05, 0.06]).any()


USER = """
name = "House"
source = "ALCO minutes"
framework = "bcbs_2024"
floor = -0.01

[[scenarios]]
name = "bear"
[scenarios.shifts]
USD = { parallel_bp = 50, short_bp = -100, long_bp = 100, decay_years = 4 }
CHF = { tenor_months = [12, 36], bp = [0, 100] }
"*" = { parallel_bp = 25 }

[[scenarios]]
name = "slow"
ramp_months = 4
[scenarios.shifts]
USD = { parallel_bp = 100 }

[[scenarios]]
name = "policy"
[scenarios.shifts_by_month]
USD = [25, 50]
[scenarios.index_values]
FEDFUNDS = [0.05, 0.04]
"""


def test_user_scenarios() -> None:
    found = user_scenarios(USER, ["USD"])
    assert found.names[-3:] == ("bear", "slow", "policy")
    assert len(found) == 10
    assert (found.framework, found.floor, found.aggregation, found.source) == ("House", -0.01, "basel", "ALCO minutes")
    bear, slow, policy = found.scenarios[-3:]
    assert float(bear.shifts_of("USD")[0].at(0.0)) == pytest.approx(-0.005)
    assert float(bear.shifts_of("CHF")[0].at(2.0)) == pytest.approx(0.005)
    assert bear.shifts_of("EUR")[0].parallel == pytest.approx(0.0025)
    assert [shift.parallel for shift in slow.shifts_of("USD")] == pytest.approx([0.0025, 0.005, 0.0075, 0.01])
    assert [shift.parallel for shift in policy.shifts_of("USD")] == pytest.approx([0.0025, 0.005])
    assert policy.index_values == {"FEDFUNDS": (0.05, 0.04)}
    assert user_scenarios('name = "n"\nsource = "s"\n', []).names == ("base",)


def test_every_fault_of_user_scenarios_is_named_with_its_path() -> None:
    text = """
name = "House"
flor = "none"
[[scenarios]]
name = "base"
[scenarios.shifts]
USD = { parallel = 50 }
[[scenarios]]
name = "a"
ramp_months = 0
[scenarios.shifts]
USD = { parallel_bp = "50" }
EUR = { tenor_months = [12] }
GBP = 100
JPY = { short_bp = 10 }
[[scenarios]]
name = "b"
[scenarios.index_values]
FEDFUNDS = [5.25]
SOFR = "x"
"""
    with pytest.raises(SpecFault) as caught:
        user_scenarios(text, ["USD"], "house.toml")
    message = str(caught.value)
    for part in (
        "$.source",
        "$.flor",
        "$.scenarios[0].name",
        "$.scenarios[0].shifts.USD.parallel",
        "$.scenarios[1].ramp_months",
        "$.scenarios[1].shifts.USD.parallel_bp",
        "$.scenarios[1].shifts.EUR",
        "$.scenarios[1].shifts.GBP",
        "$.scenarios[1].shifts.JPY",
        "$.scenarios[2].index_values.FEDFUNDS",
        "$.scenarios[2].index_values.SOFR",
    ):
        assert f"house.toml {part}" in message
    for text, rule in (
        ("name =", "expected TOML"),
        ('name = "n"\nsource = "s"\n[[scenarios]]\nname = "a"\nindex_values.SOFR = [nan]\n', "a finite number"),
        ('name = "n"\nsource = "s"\nframework = "x"\n', "expected one of bcbs_2016"),
        ('name = "n"\nsource = "s"\nfloor = "x"\n', "expected a level"),
        ('name = "n"\nsource = "s"\n[[scenarios]]\nname = "a"\n', "says nothing"),
    ):
        with pytest.raises(SpecFault, match=rule):
            user_scenarios(text, ["USD"])


def test_a_shifts_tenor_is_the_date_so_many_months_on() -> None:
    scenarios = ScenarioSet((Scenario("base"), Scenario("bent", {"*": (Shift.at_tenors([24, 120], [0.0, 0.01]),)})))
    exact, grid = (apply_scenarios(flat(0.03, time=time), scenarios) for time in ("exact", "month_grid"))
    for under, times in ((exact, exact.curves.tenor_times([24, 72, 120])), (grid, np.array([2.0, 6.0, 10.0]))):
        share = (times[1] - times[0]) / (times[2] - times[0])
        np.testing.assert_allclose(under.shift("USD", times)[1], [0.0, 0.01 * share, 0.01], atol=1e-16)
    days = [(date(2022 + years, 3, 31) - AS_OF).days for years in (2, 10)]
    np.testing.assert_allclose(exact.curves.tenor_times([24, 120]), np.array(days) / 365, rtol=1e-15)
