"""How far a history speaks along the incentive: fifty events at an incentive and beyond, counted by hand."""

from __future__ import annotations

import numpy as np
import pytest

from behavior.assumptions.curve import AssumptionCurve
from behavior.assumptions.effects import Driver, Effect, MonthMeaning
from behavior.assumptions.seen_incentives import one_sided_warnings, seen_incentives
from behavior.assumptions.segments import SegmentScheme
from behavior.assumptions.set import AssumptionTable, DriverTerms
from behavior.quantities import Quantity

NODES = np.array([-0.02, -0.01, 0.0, 0.01, 0.02])


def payoffs(*events: list[float] | None, product: str = "mortgage") -> AssumptionTable:
    """A table with a curve for each list of events by incentive, at 1% a month over two months of age."""
    curves = []
    for place, counts in enumerate(events):
        values = np.full((len(NODES), 2), 0.01)
        exposure = None if counts is None else np.repeat(np.array(counts)[:, None] / 0.02, 2, axis=1)
        segment, grids = (f"{product}{place}",), {Driver.RATE_INCENTIVE: NODES}
        curves.append(AssumptionCurve(segment, np.array([1, 2]), grids, values, exposure_months=exposure))
    return AssumptionTable(
        "payoffs",
        Effect.RUNOFF,
        Quantity.MONTHLY_HAZARD,
        SegmentScheme(("product",)),
        tuple(curves),
        "payoff",
        MonthMeaning.SINCE_ORIGINATION,
        drivers=(Driver.RATE_INCENTIVE,),
        terms=DriverTerms(index="MORTGAGE30", in_the_money_above=0.005),
    )


@pytest.mark.parametrize(
    ("events", "low", "high"),
    [
        ([60.0, 60.0, 60.0, 60.0, 60.0], -np.inf, 0.02),
        ([60.0, 60.0, 30.0, 30.0, 0.0], -np.inf, 0.0),
        ([0.0, 0.0, 49.0, 2.0, 60.0], 0.01, 0.02),
        ([0.0, 60.0, 0.0, 0.0, 0.0], -np.inf, -0.01),
    ],
)
def test_the_ends_are_where_fifty_events_lie_beyond(events: list[float], low: float, high: float) -> None:
    seen = seen_incentives(payoffs(events))
    assert seen is not None
    assert (seen.low, seen.high) == (low, high)
    balance = np.array([1.0, 3.0])
    assert seen.share_above(np.array([high, high + 1e-4]), balance) == 0.75
    assert seen.share_below(np.array([-0.05, 0.05]), balance) == (0.25 if np.isfinite(low) else 0.0)


def test_a_small_products_curve_leans_on_the_widest() -> None:
    seen = seen_incentives(payoffs([0.0, 60.0, 0.0, 0.0, 0.0], [0.0, 0.0, 90.0, 90.0, 0.0], [1.0] * 5))
    assert seen is not None
    assert (seen.low, seen.high) == (-np.inf, 0.01)


def test_nothing_is_said_of_what_records_no_exposure_or_hardly_an_event() -> None:
    assert seen_incentives(payoffs(None)) is None
    assert seen_incentives(payoffs([9.0] * 5)) is None


def test_a_history_of_one_side_of_the_money_says_which() -> None:
    (rose,) = one_sided_warnings([payoffs([200.0, 200.0, 60.0, 0.0, 0.0])])
    assert "hardly saw a loan in the money (fewer than 50 events at incentives above +0.00%)" in rose
    (fell,) = one_sided_warnings([payoffs([0.0, 0.0, 60.0, 200.0, 200.0])])
    assert "hardly saw a loan out of the money (fewer than 50 events at incentives below +0.00%)" in fell
    assert one_sided_warnings([payoffs([200.0] * 5), payoffs(None)]) == ()
