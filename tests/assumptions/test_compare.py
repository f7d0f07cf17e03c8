"""Readings and differences of sets, against figures worked out apart."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from behavior.assumptions.beyond_data import beyond_data_warnings
from behavior.assumptions.compare import compare
from behavior.assumptions.curve import AssumptionCurve
from behavior.assumptions.effects import Direction, Driver, Effect, View
from behavior.assumptions.pass_through_path import RestingRate
from behavior.assumptions.readings import ReadingPoints, readings
from behavior.assumptions.segments import SegmentScheme
from behavior.assumptions.set import AssumptionTable
from behavior.quantities import Quantity
from tests.assumption_examples import example_set, flat_decay, prepayment, speed, target


def test_a_constant_decay_reads_as_its_formulas() -> None:
    found = {one.measure: one for one in readings(example_set(tables=(flat_decay(0.01),)))}
    assert found["5-year CPR"].value == pytest.approx(1 - 0.99**12)
    assert found["5-year survival"].value == pytest.approx(0.99**60)
    assert found["average life from as-of"].value == pytest.approx((1 - 0.99**480) / 0.12)
    assert found["average life from as-of"].unit == "years"


def test_betas_lags_and_half_lives_are_read_together() -> None:
    found = {one.measure: one.value for one in readings(example_set(tables=(target(), speed(0.1, 0.3, 1))))}
    # The marginal rises from 0.4 at 2% to 0.55 at 5%, and from 0.1 at 0% to 0.4 at 2%.
    assert found["long-run beta at +100 bp from 2.00%"] == pytest.approx(0.425)
    assert found["long-run beta at -100 bp from 2.00%"] == pytest.approx(0.325)
    assert found["beta after 12 months at +100 bp from 2.00%"] == pytest.approx(0.425 * (1 - 0.9**11))
    assert found["half-life up"] == pytest.approx(np.log(0.5) / np.log(0.9))
    assert found["half-life down"] == pytest.approx(np.log(0.5) / np.log(0.7))


def test_a_set_does_not_differ_from_itself() -> None:
    same = compare(example_set(), example_set("2026-12-31.r1"))
    assert same.changed() == ()
    assert len(same.differences) > len(readings(example_set()))
    never = example_set(tables=(target(), speed(0.0, 0.0)))
    assert compare(never, never).changed() == ()


def changed(table: AssumptionTable, **changes: object) -> dict[str, tuple[object, object, str]]:
    """Old, new and unit of everything that differs when one table of a set is changed."""
    old, new = example_set(tables=(table,)), example_set("r2", tables=(replace(table, **changes),))
    return {one.measure: (one.old, one.new, one.unit) for one in compare(old, new).changed()}


@pytest.mark.parametrize(
    ("terms", "name", "old", "new", "unit"),
    [
        ({"lag_months": 12}, "lag", 1.0, 12.0, "months"),
        ({"in_the_money_above": 0.05}, "in the money above", 0.005, 0.05, "a year"),
        ({"tenor_months": 12}, "driver tenor", 120.0, 12.0, "months"),
        ({"tenor_months": "remaining_fixation"}, "driver tenor", 120.0, "remaining_fixation", "months"),
        ({"tenor_months": None}, "driver tenor", 120.0, None, "months"),
        ({"index": "MORTGAGE15"}, "driver index", "MORTGAGE30", "MORTGAGE15", ""),
    ],
)
def test_every_driver_term_is_a_row_of_its_own(
    terms: dict[str, object], name: str, old: object, new: object, unit: str
) -> None:
    table = prepayment()
    assert changed(table, terms=replace(table.terms, **terms)) == {name: (old, new, unit)}


def test_season_is_compared_by_month() -> None:
    table = prepayment()
    season = table.season or ()
    double = changed(table, season=tuple(2 * factor for factor in season))
    assert len(double) == 12
    assert double["season, January"] == (0.85, 1.7, "factor")
    assert changed(table, season=None)["season, June"] == (season[5], None, "factor")
    assert set(changed(table, season=(1.0, *season[1:]))) == {"season, January"}


def test_customers_who_are_burnt_out_are_compared_too() -> None:
    def burnt(curve: AssumptionCurve) -> AssumptionCurve:
        values = curve.values.copy()
        values[:, 1:, :] *= 3
        return replace(curve, values=values)

    table = prepayment()
    found = changed(table, curves=tuple(burnt(curve) for curve in table.curves))
    assert "5-year CPR at rate incentive +100 bp, 12 months in the money" in found
    assert "5-year CPR at rate incentive +100 bp" not in found
    (largest,) = [name for name in found if name.startswith("largest change of a cell (2,160 differ), rate incent")]
    assert "24 months in the money, month" in largest
    before, after, unit = found[largest]
    assert isinstance(before, float)
    assert (after, unit) == (pytest.approx(3 * before), "share a month")


def test_terms_of_repricing_are_rows() -> None:
    assert changed(speed(), delay_months={Direction.UP: 4})["delay up"] == (1.0, 4.0, "months")
    faster = speed(0.2, 0.3)
    assert changed(speed(), curves=faster.curves)["speed up"] == (0.1, 0.2, "share a month")
    rests = {("savings",): RestingRate(0.03, 0.01)}
    found = changed(replace(target(), resting_rates=rests), resting_rates={("savings",): RestingRate(0.03, 0.02)})
    assert found == {"resting rate": (0.01, 0.02, "a year")}


def test_the_curve_that_moved_most_is_first_on_one_scale_for_all() -> None:
    old = example_set(tables=(flat_decay(0.01), target(), speed(0.1, 0.3)))
    new = example_set("r2", tables=(flat_decay(0.011), target(), speed(0.2, 0.3)))
    found = compare(old, new)
    passed, left = found.most_moved()
    assert left.moved == pytest.approx(0.99**60 - 0.989**60)
    assert passed.measure.startswith("beta after 12 months")
    assert passed.moved == pytest.approx(passed.change)
    rows = [one for one in found.in_order(found.changed()) if one.moved > 0]
    assert [one.effect for one in rows] == ["REPRICING", "RUNOFF", "RUNOFF"]
    gone = compare(old, example_set("r2", tables=(target(), speed(0.1, 0.3))))
    assert {one.moved for one in gone.most_moved()} == {float("inf")}, "a curve that one set alone has"
    assert compare(old, old).most_moved() == ()


@given(st.floats(0.002, 0.05), st.floats(0.002, 0.05))
@settings(max_examples=20)
def test_what_moved_is_the_change_of_the_balance_left(one: float, other: float) -> None:
    found = compare(example_set(tables=(flat_decay(one),)), example_set("r2", tables=(flat_decay(other),)))
    for row in found.most_moved():
        assert row.moved == pytest.approx(abs((1 - one) ** 60 - (1 - other) ** 60))


@given(st.sampled_from(["values", "lower", "upper", "exposure_months"]), st.integers(0, 2159), st.booleans())
@settings(max_examples=20)
def test_whatever_differs_in_the_text_is_a_difference(part: str, cell: int, whole: bool) -> None:
    table = prepayment()
    curve = table.curves[0]
    array = getattr(curve, part).copy()
    array.flat[cell] += 1e-9
    other = replace(curve, **{part: None if whole and part != "values" else array})
    found = changed(table, curves=(other, *table.curves[1:]))
    assert "table text, sha256" in found
    assert "table text, sha256" in changed(table, curves=table.curves[::-1])
    assert any(name.startswith("largest change of a cell (1 differ)") for name in found) == (part == "values")


def test_tables_of_other_names_are_compared_where_they_are_alone() -> None:
    old = example_set(tables=(flat_decay(0.01, name="runoff_withdrawal"), target(), speed()))
    new = example_set("r2", tables=(flat_decay(0.01), replace(target(), name="target2"), target()))
    found = [(one.segment, one.old is None, one.new is None) for one in compare(old, new).changed()]
    assert found[-2:] == [("table target2", True, False), ("table speed", False, True)]
    assert not any(segment == "table flat" for segment, _, _ in found)


def test_a_difference_says_what_changed() -> None:
    old = example_set(tables=(flat_decay(0.01), target()))
    new = example_set("r2", tables=(flat_decay(0.02),))
    found = compare(old, new)
    life = next(one for one in found.changed() if one.measure == "average life from as-of")
    assert life.change == pytest.approx((1 - 0.98**480) / 0.24 - (1 - 0.99**480) / 0.12)
    gone = [one for one in found.changed() if one.effect == "REPRICING"]
    assert gone
    assert all(one.new is None and one.change is None for one in gone)


def test_draws_are_read_over_a_year() -> None:
    curve = replace(flat_decay(0.05).curves[0])
    table = replace(flat_decay(0.05), effect=Effect.DRAWDOWN, quantity=Quantity.DRAWN_SHARE, cause="", curves=(curve,))
    (found,) = readings(example_set(tables=(table,)))
    assert found.value == pytest.approx(1 - 0.95**12)


def test_each_segment_finds_its_own_speed_among_several_tables() -> None:
    slow = replace(speed(0.05, 0.05, 3), name="slow")
    slow = replace(slow, curves=tuple(replace(curve, segment=("checking",)) for curve in slow.curves))
    both = replace(target(), curves=(*target().curves, replace(target().curves[0], segment=("checking",))))
    found = {
        (one.segment, one.measure): one.value for one in readings(example_set(tables=(both, speed(0.1, 0.3), slow)))
    }
    assert found["savings", "half-life up"] == pytest.approx(np.log(0.5) / np.log(0.9))
    assert found["checking", "half-life up"] == pytest.approx(np.log(0.5) / np.log(0.95))
    assert found["checking", "beta after 12 months at +100 bp from 2.00%"] == pytest.approx(0.425 * (1 - 0.95**9))


def test_competing_causes_are_read_together_and_default_is_left_out() -> None:
    causes = {"withdrawal": 0.01, "migrated": 0.02, "default": 0.5}
    tables = tuple(flat_decay(hazard, name=cause, cause=cause) for cause, hazard in causes.items())
    found = {(one.cause, one.measure): one.value for one in readings(example_set(tables=tables))}
    assert found["all causes without default", "5-year survival"] == pytest.approx((0.99 * 0.98) ** 60)
    assert found["all causes without default", "average life from as-of"] == pytest.approx(
        (1 - (0.99 * 0.98) ** 480) / (12 * (1 - 0.99 * 0.98))
    )
    assert found["withdrawal", "5-year survival"] == pytest.approx(0.99**60)
    whole = {
        (one.cause, one.measure): one.value for one in readings(example_set(tables=tables), ReadingPoints(default=True))
    }
    assert whole["all causes", "5-year survival"] == pytest.approx((0.99 * 0.98 * 0.5) ** 60)
    without = readings(example_set(tables=tables[:2]))
    assert "all causes" in {one.cause for one in without}
    assert not any(one.cause.startswith("all causes") for one in readings(example_set(tables=tables[:1])))


def test_a_cause_that_is_new_changes_what_all_causes_do() -> None:
    alone, default = flat_decay(0.01), replace(flat_decay(0.5), name="default", cause="default")
    more = replace(flat_decay(0.02), name="migrated", cause="migrated")
    old, new = example_set(tables=(alone, default)), example_set("r2", tables=(alone, more))
    for one, other, sign in ((old, new, 1), (new, old, -1)):
        found = {(row.cause, row.measure): row for row in compare(one, other).differences}
        row = next(
            row for (cause, measure), row in found.items() if cause[:3] == "all" and measure == "5-year survival"
        )
        assert row.change == pytest.approx(sign * ((0.99 * 0.98) ** 60 - 0.99**60))
        assert row.moved == abs(row.change)
    assert not any(row.cause.startswith("all causes") for row in compare(old, old).differences)


def test_a_rate_outside_the_grid_is_said_to_be_read_at_its_end() -> None:
    grid = np.array([0.0075, 0.02])
    curve = replace(
        flat_decay(0.01).curves[0],
        driver_grids={Driver.RATE_SPREAD: grid},
        values=np.array([0.01, 0.02])[:, None] * np.ones(120),
    )
    table = replace(flat_decay(0.01), curves=(curve,), drivers=(Driver.RATE_SPREAD,))
    found = {one.measure: one for one in readings(example_set(tables=(table,)))}
    assert found["5-year CPR at rate spread +0 bp"].held_at == "rate spread +75 bp"
    assert found["5-year CPR at rate spread +0 bp"].value == pytest.approx(1 - 0.99**12)
    assert found["5-year CPR at rate spread +100 bp"].held_at == ""
    assert found["5-year CPR at rate spread +300 bp"].held_at == "rate spread +200 bp"
    assert found["average life from as-of"].held_at == "rate spread +75 bp"


def test_segments_that_live_beyond_the_data_are_named_in_one_sentence() -> None:
    slow, fast = flat_decay(0.004).curves[0], flat_decay(0.05).curves[0]
    curves = (replace(slow, segment=("savings",)), replace(fast, segment=("checking",)))
    table = replace(flat_decay(0.01), scheme=SegmentScheme(("product",)), curves=curves)
    (words,) = beyond_data_warnings((table,))
    life = curves[0].average_life()
    assert f"savings ({life.share_beyond:.0%} of {life.years:.1f} years)" in words
    assert "checking" not in words and words.endswith("years).")
    assert beyond_data_warnings((table,), segments={"checking"}) == ()


def test_a_life_beyond_the_data_says_at_which_rate_it_is_one() -> None:
    """Beside a life of the same curves at today's spread, one without its rate would be a contradiction."""
    curve = replace(
        flat_decay(0.004).curves[0],
        driver_grids={Driver.RATE_SPREAD: np.array([0.0, 0.02])},
        values=np.array([0.004, 0.05])[:, None] * np.ones(120),
    )
    table = replace(flat_decay(0.01), curves=(curve,), drivers=(Driver.RATE_SPREAD,))
    (words,) = beyond_data_warnings((table,))
    assert "Read at rate spread +0 bp" in words
    assert beyond_data_warnings((table,), ReadingPoints(base={Driver.RATE_SPREAD: 0.02})) == ()


def test_a_life_that_other_causes_shorten_needs_no_warning() -> None:
    tables = (flat_decay(0.001), flat_decay(0.05, name="moved", cause="migrated"))
    assert tables[0].curves[0].average_life().needs_warning
    assert beyond_data_warnings(tables) == ()


def test_each_view_of_deposits_has_a_sentence_of_its_own() -> None:
    slow = flat_decay(0.004)
    both = replace(slow, curves=tuple(replace(slow.curves[0], view=view) for view in View))
    assert len(beyond_data_warnings((both,))) == 2
    (words,) = beyond_data_warnings((both,), view=View.MINIMUM_BALANCE)
    assert "minimum_balance" in words
