"""Causes that compete, each read on nodes of its own, in season, against products of months by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from behavior.assumptions.curve import AssumptionCurve
from behavior.assumptions.effects import Driver
from behavior.assumptions.set import AssumptionSet
from behavior.engine.layout import CLOSING, CURTAILMENT, PAYOFF
from behavior.engine.plan import ProjectionOptions
from behavior.engine.positions import Book
from behavior.engine.projection import project
from behavior.market.shifts import Shift
from behavior.quantities import FloatArray
from tests.engine.simple import flat_world, loan, runoff, table

LEVELS = np.asarray([0.0, 0.02, 0.08])
"""Uneven nodes of payoffs; curtailments have the outer two."""
MONTHS = np.arange(1, 49)
PAYOFFS = np.asarray([0.002, 0.01, 0.04])[:, None] * (1.0 + MONTHS / 24.0)
PARTS = np.asarray([0.03, 0.0])[:, None] * np.ones(48)
SPREADS, BY_SPREAD = np.asarray([-0.05, 0.05]), np.asarray([0.5, 1.5])
"""What payoffs are multiplied by where they are read by the spread of the level over the rate paid, too."""
SEASON = (1.0, 0.5, 2.0) * 4
ZEROS = (0.03, 0.05)
LAST = 24
HELD = ((0.03, 1.0), (0.05, 2.0))
"""Rate and balance."""


def two_causes(times: float, by_spread: bool) -> AssumptionSet:
    made = runoff("loan", np.full(48, 0.01))
    one = replace(made.tables[0], drivers=(Driver.RATE_LEVEL,))
    axes, values = {Driver.RATE_LEVEL: LEVELS}, PAYOFFS * times
    if by_spread:
        axes |= {Driver.RATE_SPREAD: SPREADS}
        values = values[:, None, :] * BY_SPREAD[None, :, None]
    payoff = AssumptionCurve(("loan",), MONTHS, axes, values)
    part = AssumptionCurve(("loan",), MONTHS, {Driver.RATE_LEVEL: LEVELS[[0, 2]]}, PARTS)
    parts = replace(one, name="parts", cause="curtailment", curves=(part,))
    return replace(made, tables=(replace(one, curves=(payoff,), drivers=tuple(axes), season=SEASON), parts))


def left(zero: float, times: float, rate: float | None) -> FloatArray:
    """Share of a bullet at the ends of months 0 to 23; rate : that spreads are measured from, None = unread."""
    level = 12.0 * np.expm1(zero / 12.0)
    times *= 1.0 if rate is None else np.interp(level - rate, SPREADS, BY_SPREAD)
    stays = [1.0]
    for month in range(1, LAST):
        payoff = np.interp(level, LEVELS, PAYOFFS[:, month - 1]) * times * SEASON[(month - 1) % 12]
        part = np.interp(level, LEVELS[[0, 2]], PARTS[:, month - 1])
        stays.append(stays[-1] * (1.0 - min(payoff, 1.0)) * (1.0 - part))
    return np.asarray(stays)


@pytest.mark.parametrize("convention", ["pool", "opening_balance"])
@pytest.mark.parametrize("by_spread", [False, True])
@pytest.mark.parametrize("times", [1.0, 50.0])
def test_what_stays_is_what_every_cause_leaves(convention: str, times: float, by_spread: bool) -> None:
    """At 50 times the payoffs, March takes more than all there is: all of it leaves, and no more."""
    book = Book(table(*(loan(LAST, rate, balance, repayment="bullet") for rate, balance in HELD)))
    world = flat_world(ZEROS[0], {"up": Shift(parallel=ZEROS[1] - ZEROS[0])})
    found = project(book, world, two_causes(times, by_spread), ProjectionOptions(runoff_convention=convention))
    for s, zero in enumerate(ZEROS):
        parts = [balance * left(zero, times, rate if by_spread else None) for rate, balance in HELD]
        expected = np.sum(parts, axis=0)
        flows = found.flows[s].sum(axis=0)
        assert flows[1:LAST, CLOSING] == pytest.approx(expected[1:], rel=1e-10, abs=1e-12)
        assert flows[1:LAST, [PAYOFF, CURTAILMENT]].sum(axis=1) == pytest.approx(-np.diff(expected), abs=1e-12)
        assert flows[:, [PAYOFF, CURTAILMENT]].min() >= 0.0
    assert (found.flows[0, :, LAST - 1, CLOSING].sum() == 0.0) == (times > 1.0)
