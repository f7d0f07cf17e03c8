"""Changes by currency as one change, worked by hand: what is lost counts in full, what is gained by the rule."""

from __future__ import annotations

import numpy as np
import pytest

from behavior.errors import BehaviorError
from behavior.measures.aggregation import aggregate, outlier_test

EUR, DKK, USD, SEK = 40.0, -30.0, 60.0, -100.0
NAMES = ("EUR", "DKK", "USD", "SEK")


@pytest.mark.parametrize(("rule", "expected"), [("sum", -30.0), ("basel", -130.0), ("eu", -80.0)])
def test_gains_count_by_the_weight_of_the_rule(rule: str, expected: float) -> None:
    scenarios = aggregate([[EUR, DKK, USD, SEK], [0.0, 0.0, 0.0, 0.0]], rule)
    assert scenarios == pytest.approx([expected, 0.0])


@pytest.mark.parametrize(
    ("krone", "near"),
    [
        pytest.param(-30.0, 30.0, id="as much as is lost in the band, above half of what is gained"),
        pytest.param(-10.0, 20.0, id="half of what is gained, above what is lost in the band"),
        pytest.param(-90.0, 32.0, id="at most 80% of what is gained"),
    ],
)
def test_gains_inside_the_narrow_band_count_up_to_four_fifths(krone: float, near: float) -> None:
    found = aggregate([EUR, krone, USD, SEK], "eu", NAMES, {"EUR", "DKK"})
    assert float(found) == pytest.approx(krone + SEK + 0.5 * USD + near)
    assert aggregate([EUR, krone, USD, SEK], "basel", NAMES, {"EUR", "DKK"}) == pytest.approx(krone + SEK)


def test_names_have_to_fit_the_currencies() -> None:
    with pytest.raises(BehaviorError, match="3 names for 4 currencies"):
        aggregate([EUR, DKK, USD, SEK], "eu", NAMES[:3], {"EUR"})


def test_basel_sums_losses_alone() -> None:
    changes = np.array([[EUR, DKK], [10.0, 20.0], [-5.0, SEK]])
    assert aggregate(changes, "basel") == pytest.approx([-30.0, 0.0, -105.0])


def test_an_outlier_is_a_fall_beyond_the_limit_not_at_it() -> None:
    names = ("base", "parallel_up", "parallel_down")
    at = outlier_test("bcbs_eve", names, [-99.0, -15.0, 20.0], 100.0)
    assert (at.scenario, at.change, at.share, at.outlier) == ("parallel_up", -15.0, pytest.approx(-0.15), False)
    assert set(at.missing) == {"steepener", "flattener", "short_up", "short_down"}
    assert outlier_test("bcbs_eve", names, [0.0, -15.01, 20.0], 100.0).outlier
    nothing = outlier_test("bcbs_eve", (), [], 100.0)
    assert (nothing.scenario, nothing.change, nothing.share, nothing.outlier) == ("", 0.0, 0.0, False)
    with pytest.raises(BehaviorError, match="tier1 is 0"):
        outlier_test("bcbs_eve", names, [0.0, 0.0, 0.0], 0.0)
