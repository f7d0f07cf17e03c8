"""Readings and differences of sets, against figures worked out apart."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from behavior.assumptions.beyond_data import beyond_data_warnings
from behavior.assumptions.compare import ReadingPoints, compare, readings
from behavior.assumptions.effects import Driver, Effect, View
from behavior.assumptions.segments import SegmentScheme
from behavior.quantities import Quantity
from tests.assumption_examples import example_set, flat_decay, speed, target


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
    assert len(same.differences) == len(readings(example_set()))
    never = example_set(tables=(target(), speed(0.0, 0.0)))
    assert compare(never, never).changed() == ()


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
    assert "checking" not in words
    assert beyond_data_warnings((table,), segments={"checking"}) == ()


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
