"""Replicating portfolio: the ladder of market investments whose yield stays closest to the rate paid.

A reading of a deposit's behaviour, not an assumption of the engine. Source: quantitative specification 4.5.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np

from behavior.errors import DidNotConverge
from behavior.quantities import MONTHS_PER_YEAR, FloatArray


@dataclass(frozen=True)
class ReplicatingPortfolio:
    """Weights of rolling ladders.

    Parameters
    ----------
    tenors_months : shape (ladders,). weights : shape (ladders,), shares that sum to 1.
    margin, margin_deviation : mean and standard deviation of portfolio yield minus rate paid, decimal a year.
    reset_months : sum of weights × tenor. residual_months : sum of weights × (tenor + 1) / 2, what a uniform ladder has
        left on average, the month just bought included. duration_years : sum of weights × tenor / 2, in years.
    """

    tenors_months: tuple[int, ...]
    weights: FloatArray
    margin: float
    margin_deviation: float
    reset_months: float
    residual_months: float
    duration_years: float


def replicate(
    yields: FloatArray,
    rate_paid: FloatArray,
    tenors_months: Sequence[int],
    long_only: bool = True,
) -> ReplicatingPortfolio:
    """Weights that minimise the variance of portfolio yield minus rate paid and sum to one.

    Parameters
    ----------
    yields : shape (months, ladders), decimals a year. rate_paid : shape (months,).
    long_only : no weight below 0.

    Raises
    ------
    DidNotConverge : when yields or rates are missing.
    """
    if not (np.isfinite(yields).all() and np.isfinite(rate_paid).all()):
        raise DidNotConverge("replicating portfolio: yields or rates are missing; start once every ladder is filled.")
    distance = yields - rate_paid[:, None]
    covariance = np.cov(distance, rowvar=False, ddof=1).reshape(yields.shape[1], yields.shape[1])
    weights = _long_only(covariance) if long_only else _on_plane(covariance)
    margin = yields @ weights - rate_paid
    tenors = np.asarray(tenors_months, dtype=np.float64)
    return ReplicatingPortfolio(
        tenors_months=tuple(int(tenor) for tenor in tenors_months),
        weights=weights,
        margin=float(margin.mean()),
        margin_deviation=float(margin.std(ddof=1)),
        reset_months=float(weights @ tenors),
        residual_months=float(weights @ (tenors + 1.0) / 2.0),
        duration_years=float(weights @ tenors / 2.0 / MONTHS_PER_YEAR),
    )


def _on_plane(covariance: FloatArray) -> FloatArray:
    """Weights of smallest variance among those that sum to one."""
    size = covariance.shape[0]
    system = np.block([[2.0 * covariance, np.ones((size, 1))], [np.ones((1, size)), np.zeros((1, 1))]])
    right = np.append(np.zeros(size), 1.0)
    return np.asarray(np.linalg.lstsq(system, right, rcond=1e-14)[0][:size])


def _long_only(covariance: FloatArray) -> FloatArray:
    """Exact solution: the best of the few dozen sets of ladders that may be held, each solved in closed form."""
    best, smallest = np.empty(0), np.inf
    for chosen in product((False, True), repeat=covariance.shape[0]):
        held = np.array(chosen)
        if not held.any():
            continue
        weights = np.zeros(held.size)
        weights[held] = _on_plane(covariance[np.ix_(held, held)])
        variance = float(weights @ covariance @ weights)
        if np.all(weights >= -1e-12) and variance < smallest:
            best, smallest = np.maximum(weights, 0.0), variance
    return best
