"""The age of accounts: where growth of balances and closures may turn along it, and what a turn of growth costs.

Both change soon after opening, as offers for new money end, and little in later years. So the ages between which they
are a line stand close together at first, wherever most of a history's accounts stand: where a bank opened accounts in
waves, ages at quantiles leave out those between the waves, which is where the younger ones are going. Cells of sums end
at the same ages: a cell that straddles a turn would carry what young accounts do into the ages of old ones.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from behavior.estimators.basis import differences
from behavior.estimators.terms import Term
from behavior.quantities import FloatArray, IntArray

AGES = (0.0, 3.0, 6.0, 9.0, 12.0, 15.0, 18.0, 24.0, 30.0, 36.0, 48.0, 60.0, 84.0, 120.0, 180.0, 240.0)
"""Months since opening between which growth is a line."""
LATER = (300.0, 360.0, 480.0)
"""Further ones between which closures are."""
ENDS = (0.003, 0.997)
"""Shares of the rows below which the first and the last age stand that closures are read at."""


@dataclass(frozen=True)
class GrowthTerm(Term):
    """A smooth term, or one of each level of another feature (``product``), whose knots count as equally far apart: a
    turn within a year costs what one within decades does."""

    def penalty(self, smooth: float, cross: float, ridge: float) -> FloatArray:
        """Prior precision, shape (width, width): second differences of neighbours cost, near or far, and in a
        ``product`` each level's distance from the shape that all share."""
        rough = differences(len(self.knots), 2)
        shape = smooth * rough.T @ rough + ridge * np.eye(len(self.knots))
        if self.form != "product":
            return np.asarray(shape)
        return np.asarray(np.kron(shape + cross / 3.0 * np.eye(len(self.knots)), np.eye(self.levels)))


def lived_ages(age: FloatArray) -> tuple[float, ...]:
    """Those of `AGES` that enclose the given ages, months; none where all are the same."""
    low, high = float(np.nanmin(age)), float(np.nanmax(age))
    if not high > low:
        return ()
    first = int(np.searchsorted(AGES, low, side="right")) - 1
    last = int(np.searchsorted(AGES, high))
    return AGES[max(first, 0) : last + 1]


def ages_within(age: FloatArray, among: tuple[float, ...] = (*AGES, *LATER)) -> tuple[float, ...]:
    """The first and the last of the given ages, months, and those of `among` between them.

    Beyond the last one a hazard is flat, not the line that leads there. One of `among` within a month of the first, or
    nearer to the last than half the step before, is left out; none are given where all ages are the same, or unknown.
    """
    known = age[~np.isnan(age)]
    if not known.size:
        return ()
    low, high = (float(end) for end in np.quantile(known, ENDS))
    inner = [one for one in among if low + 1.0 <= one < high]
    if inner and high - inner[-1] < 0.5 * (inner[-1] - (inner[-2] if len(inner) > 1 else low)):
        inner = inner[:-1]
    return (low, *inner, high) if high > low else ()


def age_band(age: FloatArray) -> IntArray:
    """Which two of `AGES` each age lies between, shape (rows,)."""
    return np.searchsorted(AGES, age, side="right").astype(np.int64)
