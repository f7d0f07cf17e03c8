"""Curves by hand: closed forms, exposure, clamping, and questions that a curve does not answer."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from behavior.assumptions.curve import AssumptionCurve
from behavior.assumptions.effects import Direction, Driver, View
from behavior.assumptions.repricing import half_life_months, long_run_beta, pass_through_law, speeds_of
from behavior.assumptions.spending import spent_hazard
from behavior.errors import BehaviorError, OutsideDomain, SegmentNotCovered
from tests.assumption_examples import decay, example_set, flat_decay, prepayment, speed, target


def test_average_life_of_a_constant_hazard_is_the_balloon_formula() -> None:
    # Quantitative 4.2: (1 - (1 - d)^H) / (12 d), the rest repaid at the end of month H = 480.
    for hazard in (0.002, 0.01, 0.05):
        curve = flat_decay(hazard).curves[0]
        life = curve.average_life()
        assert life.years == pytest.approx((1 - (1 - hazard) ** 480) / (12 * hazard), rel=1e-12)
        assert life.inside_years == pytest.approx((1 - (1 - hazard) ** 120) / (12 * hazard), rel=1e-12)


def test_a_long_tail_is_warned_of() -> None:
    assert flat_decay(0.005).curves[0].average_life().needs_warning
    assert not flat_decay(0.05).curves[0].average_life().needs_warning


def test_observed_months_end_where_exposure_ends() -> None:
    table = prepayment()
    curve = table.curves[0]
    assert curve.last_observed_month == 180
    window = curve.values[..., 156:180].mean(axis=-1)
    assert curve.tail_values() == pytest.approx(np.maximum(curve.values[..., -1], window))
    assert replace(curve, exposure_months=None).last_observed_month == 360


def test_clamping_is_counted_by_point() -> None:
    curve = prepayment().curves[0]
    asked = {Driver.RATE_INCENTIVE: [-0.03, 0.0, 0.02, 0.01], Driver.MONTHS_IN_THE_MONEY: [0, 0, 0, 30]}
    found = curve.at([1, 2, 3, 361], asked)
    assert found.clamped.tolist() == [True, False, True, True]
    assert found.extrapolated.tolist() == [False, False, False, True]


def test_what_a_curve_cannot_answer_is_an_error() -> None:
    curve = prepayment().curves[0]
    both = {Driver.RATE_INCENTIVE: 0.0, Driver.MONTHS_IN_THE_MONEY: 0.0}
    with pytest.raises(OutsideDomain, match="no value for driver MONTHS_IN_THE_MONEY; given RATE_INCENTIVE"):
        curve.at(1, {Driver.RATE_INCENTIVE: 0.0})
    with pytest.raises(OutsideDomain, match="no month was given"):
        curve.at(None, both)
    with pytest.raises(OutsideDomain, match="found month 0"):
        curve.at([0, 1], both)
    with pytest.raises(OutsideDomain, match="1 of 2 lookup points are not a number"):
        curve.at([1, 1], {**both, Driver.RATE_INCENTIVE: [np.nan, 0.0]})
    rows = pd.DataFrame({"product": ["fixed"], "balance": [1.0]})
    with pytest.raises(OutsideDomain, match="found month 0"):
        spent_hazard(prepayment(), rows, np.array([0]), {name: np.zeros(1) for name in both}, 1)


def test_tables_and_sets_find_their_parts() -> None:
    found = example_set()
    assert found.table("speed").curve(("savings",), Direction.DOWN).values == 0.3
    assert decay().curve(("retail",), view=View.MINIMUM_BALANCE).view is View.MINIMUM_BALANCE
    with pytest.raises(SegmentNotCovered, match="'wholesale'; there are pooled; retail"):
        decay().curve(("wholesale",))
    with pytest.raises(BehaviorError, match="no table 'x'; there are prepayment, decay, target, speed"):
        found.table("x")
    assert flat_decay(0.1).curves[0].label == "all"
    assert prepayment().curves[1].is_pooled


def test_repricing_readings_by_hand() -> None:
    law = pass_through_law(target().curves[0], *speeds_of([target(), speed()], ("savings",)))
    # Marginal rises from 0.1 at 0% to 0.4 at 2%: the mean over [1%, 2%] is 0.325.
    assert long_run_beta(law, 0.01, 0.02) == pytest.approx(0.325)
    assert (law.up, law.down, law.delay_up, law.delay_down) == (0.1, 0.3, 1, 0)
    assert half_life_months(0.5) == pytest.approx(1.0)
    assert half_life_months(1.0) == 0.0
    assert half_life_months(0.0) == np.inf
    constant = pass_through_law(AssumptionCurve((), np.empty(0, dtype=np.int64), {}, np.array(0.4)))
    assert (constant.up, long_run_beta(constant, 0.0, 0.1)) == (1.0, pytest.approx(0.4))
    with pytest.raises(BehaviorError, match="two different levels"):
        long_run_beta(law, 0.01, 0.01)
    with pytest.raises(BehaviorError, match="RATE_LEVEL alone"):
        pass_through_law(prepayment().curves[0])
