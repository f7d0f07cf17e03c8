"""Piecewise linear bases: hats that sum to one, and knots chosen from the data."""

from __future__ import annotations

import numpy as np

from behavior.quantities import FloatArray


def hats(values: FloatArray, knots: FloatArray) -> FloatArray:
    """Hat functions at the knots, shape (rows, knots): each row sums to 1, flat beyond the outer knots.

    A missing value gets the row of the knot nearest to the knots' middle.
    """
    count = len(knots)
    if count == 1:
        return np.ones((len(values), 1))
    filled = np.where(np.isnan(values), knots[count // 2], values)
    index = np.clip(np.searchsorted(knots, filled, side="right") - 1, 0, count - 2)
    weight = np.clip((filled - knots[index]) / (knots[index + 1] - knots[index]), 0.0, 1.0)
    out = np.zeros((len(values), count))
    rows = np.arange(len(values))
    out[rows, index] = 1.0 - weight
    out[rows, index + 1] += weight
    return out


def knots_of(values: FloatArray, shares: FloatArray, spacing: float) -> FloatArray:
    """Knots at the given quantiles, at least `spacing` apart; one knot where the values do not vary."""
    known = values[~np.isnan(values)]
    if known.size == 0:
        return np.zeros(1)
    found: list[float] = []
    for knot in np.quantile(known, shares):
        if not found or knot - found[-1] >= spacing:
            found.append(float(knot))
    return np.asarray(found)


def differences(count: int, order: int) -> FloatArray:
    """Matrix whose rows take differences of `order` between neighbours, shape (count - order, count)."""
    if count <= order:
        return np.zeros((0, count))
    return np.asarray(np.diff(np.eye(count), n=order, axis=0))


def divided_differences(knots: FloatArray) -> FloatArray:
    """Second differences of a function given at uneven knots, scaled so that even knots give 1, -2, 1."""
    count = len(knots)
    if count < 3:
        return np.zeros((0, count))
    gaps = np.diff(knots)
    mean = gaps.mean()
    out = np.zeros((count - 2, count))
    for row in range(count - 2):
        before, after = gaps[row] / mean, gaps[row + 1] / mean
        out[row, row] = 1.0 / before
        out[row, row + 1] = -1.0 / before - 1.0 / after
        out[row, row + 2] = 1.0 / after
    return out
