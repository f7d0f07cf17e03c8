"""Changes by currency as one change, worked by hand: what is lost counts in full, what is gained by the rule."""

from __future__ import annotations

import numpy as np
import pytest

from behavior.errors import BehaviorError
from behavior.measures.aggregation import aggregate, outlier_test

EUR, DKK, USD, SEK = 40.0, -30.0, 60.0, -100.0


@pytest.mark.parametrize(("rule", "expected"), [("sum", -30.0), ("basel", -130.0), ("eu", -80.0)])
def test_gains_count_by_the_weight_of_the_rule(rule: str, expected: float) -> None:
    scenarios = aggregate([[EUR, DKK, USD, SEK], [0.0, 0.0, 0.0, 0.0]], rule)
    assert scenarios == pytest.approx([expected, 0.0])


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
