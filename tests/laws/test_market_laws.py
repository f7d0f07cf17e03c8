"""Laws of dates, curves, shifts and scenarios: properties that hold for any input."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from behavior.market.curves import CurveSet, RateCurve
from behavior.market.floors import floor_names, floor_rule
from behavior.market.scenarios import Scenario, ScenarioSet, Shift, apply_scenarios, ramp, scenario_set
from behavior.market.shocks import FRAMEWORKS
from behavior.months import (
    DAY_COUNTS,
    add_months,
    as_days,
    is_month_end,
    month_bounds,
    month_of,
    months_between,
    payment_dates,
    payments_left,
    previous_payment,
    roll_months,
    year_fraction,
)

days = st.dates(date(1990, 1, 1), date(2090, 12, 31))
rates = st.floats(-0.02, 0.15)
sizes = st.floats(-0.05, 0.05).filter(lambda size: size == 0 or abs(size) > 1e-6)
TIMES = np.array([0.0, 1 / 365, 0.1, 0.5, 1.0, 2.5, 5.0, 9.99, 10.0, 20.0, 29.0, 45.0])


@st.composite
def curve_sets(draw: st.DrawFn, low: float = -0.02) -> CurveSet:
    as_of = draw(days)
    interpolation = draw(st.sampled_from(["linear", "log_linear"]))
    time = draw(st.sampled_from(["exact", "month_grid"]))
    tenors = sorted(draw(st.sets(st.integers(0, 480), min_size=1, max_size=10)))
    curves = []
    for index in ("discount", "SWAP_3M"):
        zeros = draw(st.lists(st.floats(low, 0.15), min_size=len(tenors), max_size=len(tenors)))
        curves.append(RateCurve(as_of, "USD", index, tenors, zeros, interpolation, time))
    return CurveSet.of(curves)


@st.composite
def shifts(draw: st.DrawFn) -> Shift:
    times = sorted(draw(st.sets(st.integers(0, 40), max_size=4)))
    nodes = tuple((float(time), draw(sizes)) for time in times)
    return Shift(draw(sizes), draw(sizes), draw(sizes), 4.0, nodes)


def one(shift: tuple[Shift, ...] | Shift, name: str = "shocked") -> ScenarioSet:
    path = shift if isinstance(shift, tuple) else (shift,)
    return ScenarioSet((Scenario("base"), Scenario(name, {"*": path})))


@given(curve_sets(), st.sampled_from(floor_names()), st.sampled_from(["forward", "constant"]))
def test_zero_shift_changes_nothing(curves: CurveSet, floor: str, path: str) -> None:
    scenarios = one((Shift(), Shift(), Shift()))
    under = apply_scenarios(curves, scenarios, floor=floor, rate_path=path)
    base = curves.discounting("USD")
    for found in under.discount_factor("USD", "discount", TIMES):
        np.testing.assert_array_equal(found, base.discount_factor(TIMES))
    assert not under.shift_seen("USD", TIMES[:, None], TIMES[:, None] + np.array([0.25, 5.0])).any()


@given(curve_sets(), shifts(), st.sampled_from(floor_names()))
def test_base_is_the_curve_whatever_the_floor(curves: CurveSet, shift: Shift, floor: str) -> None:
    under = apply_scenarios(curves, one(shift), floor=floor)
    for index in ("discount", "SWAP_3M"):
        base = curves.projecting("USD", index).zero_rate(TIMES)
        np.testing.assert_array_equal(under.zero_rate("USD", index, TIMES)[0], base)


@given(shifts(), shifts(), shifts())
def test_shifts_add_in_any_order(first: Shift, second: Shift, third: Shift) -> None:
    total = first.at(TIMES) + second.at(TIMES) + third.at(TIMES)
    np.testing.assert_allclose((first + second + third).at(TIMES), total, atol=1e-15)
    np.testing.assert_allclose((third + (second + first)).at(TIMES), total, atol=1e-15)


@given(curve_sets(), shifts())
def test_up_then_down_changes_nothing(curves: CurveSet, shift: Shift) -> None:
    under = apply_scenarios(curves, one(shift + (-shift)))
    base, back = under.zero_rate("USD", "SWAP_3M", TIMES)
    np.testing.assert_allclose(back, base, atol=1e-15)


@given(curve_sets(), st.floats(1e-4, 0.04))
def test_parallel_up_and_down_are_symmetric(curves: CurveSet, size: float) -> None:
    both = ScenarioSet(
        (Scenario("base"), Scenario("up", {"*": (Shift(size),)}), Scenario("down", {"*": (Shift(-size),)}))
    )
    base, up, down = apply_scenarios(curves, both).zero_rate("USD", "discount", TIMES)
    np.testing.assert_allclose(up - base, size, atol=1e-15)
    np.testing.assert_allclose(base - down, size, atol=1e-15)
    factors = apply_scenarios(curves, both).discount_factor("USD", "discount", TIMES)
    np.testing.assert_allclose(factors[1] * factors[2], factors[0] ** 2, rtol=1e-12)


@given(curve_sets(), shifts(), st.sampled_from(floor_names()))
def test_one_shift_moves_every_curve_of_a_currency_alike(curves: CurveSet, shift: Shift, floor: str) -> None:
    under = apply_scenarios(curves, one(shift), floor=floor)
    basis = under.zero_rate("USD", "SWAP_3M", TIMES) - under.zero_rate("USD", "discount", TIMES)
    np.testing.assert_allclose(basis[1], basis[0], atol=1e-14)


@given(curve_sets(), shifts(), st.sampled_from(floor_names()))
def test_no_rate_ends_below_its_floor(curves: CurveSet, shift: Shift, floor: str) -> None:
    rule = floor_rule(floor)
    base, shocked = apply_scenarios(curves, one(shift), floor=floor).zero_rate("USD", "discount", TIMES)
    if shift.is_zero:
        return
    bound = np.minimum(rule.floor(TIMES), base) if rule.observed else rule.floor(TIMES)
    assert (shocked >= bound - 1e-15).all()


@given(days, st.lists(st.floats(0.0001, 0.15), min_size=1, max_size=10), st.sampled_from(["exact", "month_grid"]))
def test_discount_factors_fall_where_forwards_are_positive(as_of: date, forwards: list[float], time: str) -> None:
    tenors = 12 * (1 + np.arange(len(forwards)))
    # Zero rates with positive forwards between nodes; log-linear factors keep the forwards as they are.
    years = RateCurve(as_of, "USD", "discount", tenors, forwards, "log_linear", time).times
    gains = np.cumsum(np.asarray(forwards) * np.diff(years, prepend=0.0))
    curve = RateCurve(as_of, "USD", "discount", tenors, gains / years, "log_linear", time)
    factors = curve.discount_factor(np.linspace(0, years[-1], 50))
    assert factors[0] == 1.0
    assert (np.diff(factors) < 0).all()


@given(curve_sets())
def test_every_view_of_a_curve_meets_its_nodes(curves: CurveSet) -> None:
    for curve in curves.curves.values():
        after = curve.times > 0
        np.testing.assert_allclose(curve.zero_rate(curve.times)[after], curve.zero_rates[after], atol=1e-13)
        np.testing.assert_allclose(curve.driver_zero(curve.times), curve.zero_rates, atol=1e-13)
        outside = np.array([curve.times[-1] + 1.0, curve.times[-1] + 50.0])
        np.testing.assert_allclose(curve.zero_rate(outside), curve.zero_rates[-1], atol=1e-13)
        inside = curve.driver_zero(np.linspace(curve.times[0], curve.times[-1], 60))
        assert inside.min() >= curve.zero_rates.min() - 1e-12
        assert inside.max() <= curve.zero_rates.max() + 1e-12


@given(curve_sets(), shifts(), st.floats(0.05, 3.0), st.floats(0.05, 3.0))
def test_forwards_chain_to_discount_factors(curves: CurveSet, shift: Shift, first: float, second: float) -> None:
    under = apply_scenarios(curves, one(shift))
    starts, ends = np.array([0.0, first]), np.array([first, first + second])
    simple = under.simple_forward("USD", "SWAP_3M", starts, ends, ends - starts)
    grown = np.prod(1 + simple * (ends - starts), axis=-1)
    factor = under.discount_factor("USD", "SWAP_3M", first + second)
    np.testing.assert_allclose(grown * factor, 1.0, rtol=1e-12)


@given(curve_sets(), sizes, st.integers(1, 36))
def test_a_ramp_ends_where_the_shock_stands(curves: CurveSet, size: float, months: int) -> None:
    whole = apply_scenarios(curves, one(Shift(size)))
    slow = apply_scenarios(curves, one(ramp(Shift(size), months)))
    start = whole.month_bounds(months + 12)[months:]
    at_once = whole.forward_zero("USD", "discount", start, start + 2.0)
    np.testing.assert_allclose(slow.forward_zero("USD", "discount", start, start + 2.0), at_once, atol=1e-12)
    first = slow.shift_seen("USD", 0.0, 1.0)[1]
    np.testing.assert_allclose(first, size / months, atol=1e-15)
    # Discounting grows into the shock and never beyond it.
    assert (np.abs(slow.shift("USD", TIMES)[1]) <= abs(size) + 1e-15).all()


@given(curve_sets(), sizes, st.integers(2, 24))
def test_a_parallel_path_that_stays_is_a_parallel_shock(curves: CurveSet, size: float, months: int) -> None:
    path = apply_scenarios(curves, one(tuple(Shift(size) for _ in range(months))))
    at_once = apply_scenarios(curves, one(Shift(size)))
    np.testing.assert_allclose(
        path.discount_factor("USD", "discount", TIMES), at_once.discount_factor("USD", "discount", TIMES), rtol=1e-12
    )
    np.testing.assert_allclose(path.short_rate("USD", 40), at_once.short_rate("USD", 40), atol=1e-12)


@given(curve_sets(), shifts())
def test_constant_rates_stay(curves: CurveSet, shift: Shift) -> None:
    under = apply_scenarios(curves, one(shift), rate_path="constant")
    tenor = 2.0
    seen = under.forward_zero("USD", "discount", np.array([0.0, 1.0, 7.0]), np.array([0.0, 1.0, 7.0]) + tenor)
    np.testing.assert_allclose(seen, np.broadcast_to(seen[:, :1], seen.shape), atol=1e-14)


@given(curve_sets(low=0.0), st.sampled_from([name for name in FRAMEWORKS if name != "us_ramps"]))
def test_frameworks_put_base_first_and_keep_names_apart(curves: CurveSet, framework: str) -> None:
    scenarios = scenario_set(framework, ["USD", "CHF"])
    under = apply_scenarios(curves, scenarios)
    assert under.names[0] == "base"
    assert under.discount_factor("USD", "discount", TIMES).shape == (len(scenarios), TIMES.size)
    assert not under.shift("USD", TIMES)[0].any()


@given(days, st.integers(-400, 400))
def test_months_are_counted_as_they_are_added(start: date, months: int) -> None:
    assert int(months_between(start, add_months(start, months))) == months
    day = as_days(start)
    if months >= 0:
        assert add_months(start, months_between(start, day + months)) <= day + months


@given(days, st.integers(0, 480))
def test_month_ends_roll_to_month_ends(start: date, months: int) -> None:
    rolled = roll_months(start, months)
    if bool(is_month_end(start)):
        assert bool(is_month_end(rolled))
    else:
        assert rolled == add_months(start, months)


@given(days, st.integers(1, 4000), st.integers(1, 24))
def test_payment_dates_are_all_those_after_as_of(as_of: date, length: int, every: int) -> None:
    maturity = as_of + timedelta(days=length)
    dates = payment_dates(as_of, maturity, every)
    assert dates[-1] == as_days(maturity)
    assert (dates > as_days(as_of)).all()
    assert (np.diff(dates) > np.timedelta64(0, "D")).all()
    assert previous_payment(as_of, maturity, every) <= as_days(as_of)
    assert dates.size == int(payments_left(as_of, maturity, every))
    assert previous_payment(as_of, maturity, every) == roll_months(maturity, -dates.size * every)


@given(days, st.integers(0, 3000))
def test_every_day_lies_in_one_month_after_as_of(as_of: date, later: int) -> None:
    day = as_of + timedelta(days=later)
    month = int(month_of(as_of, day))
    bounds = month_bounds(as_of, month + 1)
    if later == 0:
        assert month == 0
    else:
        assert bounds[month - 1] < as_days(day) <= bounds[month]


@settings(max_examples=200)
@given(days, st.integers(0, 2000), st.integers(0, 2000), st.sampled_from(["ACT/360", "ACT/365F", "ACT/ACT"]))
def test_day_counts_of_days_add(start: date, first: int, second: int, day_count: str) -> None:
    middle, end = start + timedelta(days=first), start + timedelta(days=first + second)
    whole = year_fraction(start, end, day_count)
    parts = year_fraction(start, middle, day_count) + year_fraction(middle, end, day_count)
    assert float(whole) == pytest.approx(float(parts), abs=1e-12)


@given(days, st.integers(0, 5000), st.sampled_from(sorted(DAY_COUNTS)))
def test_year_fractions_do_not_fall_and_are_near_a_year(start: date, length: int, day_count: str) -> None:
    found = float(year_fraction(start, start + timedelta(days=length), day_count))
    assert found >= -1e-12
    assert found == pytest.approx(length / 365.25, abs=0.02 + 0.015 * length / 365.25)
