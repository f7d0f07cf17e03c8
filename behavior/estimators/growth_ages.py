"""Growth of balances along the age of accounts: where it may turn, and what a turn costs.

Growth changes soon after opening, as offers for new money end, and little in later years. So the ages between which it
is a line stand close together at first, and cells of sums end at the same ages: a cell that straddles a turn would
carry what young accounts do into the ages of old ones.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from behavior.estimators.basis import differences
from behavior.estimators.terms import Term
from behavior.quantities import FloatArray, IntArray

AGES = (0.0, 3.0, 6.0, 9.0, 12.0, 15.0, 18.0, 24.0, 30.0, 36.0, 48.0, 60.0, 84.0, 120.0, 180.0, 240.0)
"""Months since opening between which growth is a line."""


@dataclass(frozen=True)
class GrowthTerm(Term):
    """A smooth term whose knots count as equally far apart: a turn within a year costs what one within decades does."""

    def penalty(self, smooth: float, cross: float, ridge: float) -> FloatArray:
        """Prior precision, shape (width, width): second differences of neighbours cost, near or far."""
        rough = differences(self.width, 2)
        return np.asarray(smooth * rough.T @ rough + ridge * np.eye(self.width))


def lived_ages(age: FloatArray) -> tuple[float, ...]:
    """Those of `AGES` that enclose the given ages, months; none where all are the same."""
    low, high = float(np.nanmin(age)), float(np.nanmax(age))
    if not high > low:
        return ()
    first = int(np.searchsorted(AGES, low, side="right")) - 1
    last = int(np.searchsorted(AGES, high))
    return AGES[max(first, 0) : last + 1]


def age_band(age: FloatArray) -> IntArray:
    """Which two of `AGES` each age lies between, shape (rows,)."""
    return np.searchsorted(AGES, age, side="right").astype(np.int64)
