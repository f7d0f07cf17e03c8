"""The rules of a table, one broken at a time."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from behavior.assumptions.check import set_faults, table_faults
from behavior.assumptions.effects import Direction, Driver, Effect, MonthMeaning
from behavior.assumptions.pass_through_path import RestingRate
from behavior.assumptions.segments import Band, SegmentScheme
from behavior.assumptions.set import AssumptionTable, DriverTerms
from behavior.quantities import Quantity
from tests.assumption_examples import decay, example_set, flat_decay, prepayment, speed, target


def test_good_tables_have_no_faults() -> None:
    assert set_faults(example_set()) == []


def with_curve(table: AssumptionTable, **changes: Any) -> AssumptionTable:
    return replace(table, curves=(replace(table.curves[0], **changes), *table.curves[1:]))


FLAT = flat_decay(0.01)
SHORT = np.arange(1, 120)


@pytest.mark.parametrize(
    ("table", "words"),
    [
        (replace(FLAT, quantity=Quantity.DRAWN_SHARE), "RUNOFF needs MONTHLY_HAZARD"),
        (replace(FLAT, cause=""), "RUNOFF needs a cause"),
        (replace(FLAT, month_meaning=None), "from when its months count"),
        (replace(FLAT, month_meaning=MonthMeaning.SINCE_RATE_CHANGE), "SINCE_AS_OF or SINCE_ORIGINATION"),
        (replace(FLAT, season=(1.0,) * 11), "12 factors"),
        (replace(FLAT, season=(-1.0,) + (1.0,) * 11), "12 factors"),
        (replace(FLAT, terms=DriverTerms(lag_months=-1)), "`lag_months`"),
        (replace(FLAT, terms=DriverTerms(tenor_months="ten years")), "remaining_fixation"),
        (replace(FLAT, terms=DriverTerms(tenor_months=0)), "`driver_tenor_months`"),
        (replace(FLAT, terms=DriverTerms(lag_months=481)), "expected 0 to 480 months"),
        (replace(FLAT, terms=DriverTerms(lag_months=10**300)), "expected 0 to 480 months"),
        (replace(FLAT, terms=DriverTerms(tenor_months=99_999_999)), "expected 1 to 480 months"),
        (replace(FLAT, terms=DriverTerms(in_the_money_above=50.0)), "expected decimal a year (0.5% is 0.005)"),
        (replace(FLAT, terms=DriverTerms(in_the_money_above=float("nan"))), "`in_the_money_above`"),
        (replace(target(), resting_rates={("nope",): RestingRate(0.03, 0.01)}), "'nope': expected a segment of the"),
        (replace(target(), resting_rates={target().curves[0].segment: RestingRate(3.0, 0.01)}), "resting_rates.level"),
        (
            replace(target(), resting_rates={target().curves[0].segment: RestingRate(0.03, np.nan)}),
            "resting_rates.rate",
        ),
        (replace(FLAT, recovery=1.5), "`recovery`"),
        (replace(FLAT, curves=()), "at least one curve"),
        (replace(FLAT, curves=FLAT.curves * 2), "2 curves for one segment"),
        (replace(FLAT, drivers=(Driver.RATE_LEVEL,)), "expected the drivers RATE_LEVEL"),
        (replace(FLAT, drivers=(Driver.RATE_LEVEL,) * 2), "named twice"),
        (replace(FLAT, scheme=SegmentScheme(("x",))), "one label for each of x"),
        (replace(FLAT, scheme=SegmentScheme((), {"x": Band("y", (1.0,))})), "no such segment column"),
        (replace(prepayment(), scheme=SegmentScheme(("a", "b"), {"b": Band("y", (2.0, 1.0))})), "rising edges"),
        (with_curve(FLAT, values=np.full(120, np.nan)), "120 of 120 cells outside"),
        (with_curve(FLAT, values=np.full(120, 1.2)), "a share in [0, 1]"),
        (with_curve(FLAT, values=np.full(120, -1e-9)), "first -1e-09"),
        (with_curve(FLAT, upper=np.full(120, 2.0)), "`upper`"),
        (with_curve(FLAT, exposure_months=np.full(120, -2.0)), "`exposure_months`"),
        (with_curve(FLAT, values=np.zeros(119)), "the shape (120,)"),
        (with_curve(FLAT, months=SHORT, values=np.zeros(119)), "at least 120 months"),
        (with_curve(FLAT, months=np.arange(0, 120)), "rising whole months"),
        (with_curve(FLAT, months=np.arange(400, 520)), "rising whole months"),
        (with_curve(FLAT, months=np.empty(0, dtype=np.int64)), "the shape ()"),
        (with_curve(speed(), months=np.arange(1, 3), values=np.zeros(2)), "no months"),
        (with_curve(target(), driver_grids={Driver.RATE_LEVEL: np.array([0.0, 0.0, 1.0])}), "rising grid"),
        (with_curve(target(), values=np.array([0.1, 40.0, 0.5])), "40% is 0.4"),
        (replace(speed(), delay_months={Direction.UP: -1}), "`delay_months.up`"),
        (replace(speed(), delay_months={Direction.UP: 10**6}), "expected 0 to 480 months"),
        (with_curve(decay(), segment=("two\nlines",)), "a label of one line"),
    ],
)
def test_each_broken_rule_is_named(table: AssumptionTable, words: str) -> None:
    found = [str(fault) for fault in table_faults(table)]
    assert any(words in fault for fault in found), found
    assert all(table.name in fault for fault in found)


def test_a_set_needs_tables_of_different_names() -> None:
    assert "at least one table" in str(set_faults(example_set(tables=()))[0])
    assert "2 tables of one name" in str(set_faults(example_set(tables=(FLAT, FLAT)))[0])


def test_a_drawdown_table_may_be_short() -> None:
    curve = replace(FLAT.curves[0], months=np.arange(1, 13), values=np.full(12, 0.05))
    table = replace(FLAT, effect=Effect.DRAWDOWN, quantity=Quantity.DRAWN_SHARE, cause="", curves=(curve,))
    assert table_faults(table) == []
