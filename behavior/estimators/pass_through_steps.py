"""Rates posted in steps: between two decisions the rate paid stands still while what it follows goes on.

A posted rate tells its law only to within half a step. Taken at its word it is an error that lasts for months, in one
direction for as long as rates rise, and least squares follow it: where the marginal rises with the level, the long-run
beta came out 0.03 to 0.05 too low. So an error inside half a step counts little, as all rates that would be posted
alike are alike likely; what lies beyond counts whole. The loss stays symmetric and convex: a step seen where there is
none costs next to nothing.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from behavior.estimators.pass_through_series import RateSeries
from behavior.quantities import FloatArray

LEAST_STEP, STANDS_STILL = 5e-4, 2e-4  # decimals a year: finer grids are how figures are printed, not how rates are set
LEAST_MOVES, LARGEST_SHARE_MOVED = 4, 0.5
OFF_THE_STEPS = 0.1  # mean distance of moves from whole steps, in steps; moves of any size have 0.25
# An error inside half a step: enough to tell the middle of all fits that suit alike, and for a slope to be left.
INSIDE = 0.1
LONGEST_WAIT = 12  # months between two moves that still belong to one way up or down
# How far a posted rate is behind while it is on its way, in steps beyond rounding to the nearest one: nothing, or half
# a step where the bank waits until a whole one has come together. Which of the two it does no posting tells.
BEHIND = (0.0, 0.5)


def posting_step(series: RateSeries) -> float:
    """Step (decimal a year) in which the rate paid is set, 0 for none: it moves in few months, by whole steps."""
    if np.any(series.periods != 1):
        return 0.0
    changes = np.abs(np.diff(series.rate_paid))
    moves = changes[changes > STANDS_STILL]
    if moves.size < LEAST_MOVES or moves.size > LARGEST_SHARE_MOVED * changes.size:
        return 0.0
    usual = float(np.median(moves))
    for step in (usual, usual / 2.0):
        off = np.abs(moves / step - np.maximum(np.round(moves / step), 1.0))
        if step >= LEAST_STEP and float(off.mean()) <= OFF_THE_STEPS:
            return step
    return 0.0


def beyond_step(errors: FloatArray, step: float) -> FloatArray:
    """Errors with what lies inside half a step made small; same shape, `step` in their unit."""
    inside = np.clip(errors, -step / 2.0, step / 2.0)
    return errors - (1.0 - INSIDE) * inside


def between_moves(series: RateSeries) -> FloatArray:
    """1 or -1 from a move of a posted rate to before the next one in the same direction, else 0; shape (rows,)."""
    moves = np.flatnonzero(np.abs(np.diff(series.rate_paid)) > STANDS_STILL) + 1
    found = np.zeros(series.rate_paid.size)
    for start, stop in pairwise(moves):
        before, after = (np.sign(series.rate_paid[one] - series.rate_paid[one - 1]) for one in (start, stop))
        if before == after and stop - start <= LONGEST_WAIT:
            found[start:stop] = before
    return found
