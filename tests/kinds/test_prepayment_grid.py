"""Nodes of an exported payoff table: what the history saw, and what a fall of 200 bp makes of the loans held."""

from __future__ import annotations

import numpy as np
import pytest

from behavior.kinds._prepayment_export import FALL, STEP, Grid, grid_for
from behavior.kinds._prepayment_tables import DRIVERS
from behavior.quantities import FloatArray


def grid(incentive: FloatArray, today: FloatArray | None = None) -> Grid:
    return grid_for(incentive, np.zeros(len(incentive)), 360, DRIVERS, (), today)


def test_after_rises_alone_the_table_reaches_what_a_fall_makes_of_todays_loans() -> None:
    seen, today = np.linspace(-0.04, -0.005, 2001), np.linspace(-0.04, -0.01, 501)
    plain, reaching = grid(seen).incentives, grid(seen, today).incentives
    assert plain[-1] < 0.0
    assert -0.01 + FALL - STEP <= reaching[-1] <= -0.01 + FALL + 2 * STEP
    assert reaching[: len(plain)] == pytest.approx(plain)
    assert np.diff(reaching) == pytest.approx(np.full(len(reaching) - 1, STEP))


def test_a_history_that_saw_as_much_has_its_own_grid() -> None:
    seen = np.linspace(-0.02, 0.04, 2001)
    assert grid(seen, seen - 0.03).incentives == pytest.approx(grid(seen).incentives)
