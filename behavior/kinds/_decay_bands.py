"""Bands of decay curves: how far what is left after k months may be off, spread over the months.

A closure hazard that is wrong is wrong in many months at once, but not by the same share in all: what is known of young
accounts says little of old ones. So the error of the *cumulated* decay is counted, from the coefficients' covariance
carried through all months up to k, and each month's band is what that error grows by in it. Survival at bands' edges
is then off by its own standard error times the band's quantile at every horizon, neither more nor less. Curves carry
no season, so the accounts that speak for errors stand in all months of the year: what is open about one month's level
would otherwise be counted in every month.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from behavior.estimators.balance_decay import SCALE, BalanceDecay
from behavior.estimators.bands import root_of
from behavior.features.base import FeatureMatrix
from behavior.quantities import FloatArray, IntArray

SPEAKERS = 24
GOLDEN = 0.618034


def monthly_errors(
    closure: Any, closed: FloatArray, accounts: FeatureMatrix, values: FloatArray, balance: Any, cells: FeatureMatrix,
    grid: IntArray,
) -> FloatArray:  # fmt: skip
    """Standard error of decay by month, in steps of the cumulated decay's, shape (spreads, months 1 .. last).

    Parameters
    ----------
    closure : hazard with a covariance (without one its part is 0). closed : its share by month, (spreads, months).
    values : features of the accounts carried forward, shape (spreads, grid months, accounts, features).
    cells : the same accounts as the balance model reads them, rows in that order. grid : months of `values`.
    """
    shape = values.shape[:3]
    total = _cumulated(_closure_pulls(closure, accounts, values), grid, closed)
    shrinking = SCALE * balance.layout_.design(_thinned(cells, shape)).reshape(*shape[:2], -1, len(balance.covariance_))
    held = _cumulated(shrinking.mean(axis=2) @ root_of(balance.covariance_), grid, np.ones_like(closed))
    error = np.sqrt(total + held)
    return np.maximum(np.diff(error, axis=1, prepend=0.0), 0.0)


def smooth_errors(model: BalanceDecay, cells: FeatureMatrix, grid: IntArray, share: FloatArray) -> FloatArray:
    """Standard error of a log decay without accounts behind it, in steps of the cumulated decay's, (rows, months).

    `cells` stand at every segment, row and month of `grid`, months the inner axis; segments are mixed by `share`.
    """
    whole = SCALE * model.layout_.design(cells).reshape(len(share), -1, len(grid), len(model.covariance_))
    design = np.tensordot(share, whole, axes=1)
    ones = np.ones((len(design), int(grid[-1])))
    error = np.sqrt(_cumulated(design @ root_of(model.covariance_), grid, ones))
    return np.maximum(np.diff(error, axis=1, prepend=0.0), 0.0)


def _closure_pulls(closure: Any, accounts: FeatureMatrix, values: FloatArray) -> FloatArray:
    """Derivative of the log of the accounts' mean hazard along the covariance's roots, (spreads, grid months, p)."""
    carrier = getattr(closure, "base", None) or closure
    covariance = getattr(carrier, "covariance_", None)
    if covariance is None:
        return np.zeros((*values.shape[:2], 1))
    some = values[:, :, _speakers(values.shape[2]), :]
    if "month_of_year" in accounts.names:
        some[..., accounts.names.index("month_of_year")] = np.arange(some.shape[2]) * 5 % 12 + 1.0
    made = accounts.with_values(some.reshape(-1, values.shape[-1]))
    hazard = closure.predict_hazard(made)
    pull = carrier.sensitivities(made) * (hazard * (1.0 - hazard))[:, None]
    summed = pull.reshape(*some.shape[:3], -1).sum(axis=2)
    mean = np.maximum(hazard.reshape(some.shape[:3]).sum(axis=2), 1e-300)
    return np.asarray((summed / mean[:, :, None]) @ root_of(covariance))


def _cumulated(pulls: FloatArray, grid: IntArray, weight: FloatArray) -> FloatArray:
    """Variance of the sum of `pulls` times `weight` over months 1 .. k, shape (spreads, months)."""
    every = np.arange(1, weight.shape[1] + 1)
    right = np.clip(np.searchsorted(grid, every), 0, len(grid) - 1)
    left = np.maximum(right - 1, 0)
    part = np.where(right == left, 0.0, (every - grid[left]) / np.maximum(grid[right] - grid[left], 1))
    found = np.empty_like(weight)
    for place, own in enumerate(pulls):
        monthly = own[left] * (1.0 - part)[:, None] + own[right] * part[:, None]
        found[place] = (np.cumsum(monthly * weight[place][:, None], axis=0) ** 2).sum(axis=1)
    return found


def _thinned(cells: FeatureMatrix, shape: tuple[int, ...]) -> FeatureMatrix:
    values = cells.values.reshape(*shape, -1)[:, :, _speakers(shape[2]), :]
    return cells.with_values(values.reshape(-1, values.shape[-1]))


def _speakers(accounts: int) -> IntArray:
    """Which accounts speak for all where derivatives are taken: one of every stretch, at ever other places in it."""
    count = min(SPEAKERS, accounts)
    each = np.arange(count)
    return np.floor((each + each * GOLDEN % 1.0) * accounts / count).astype(np.int64)
