"""What sums of balances show beyond the growth of a typical account, and how much of it is noise."""

from __future__ import annotations

import numpy as np

from behavior.quantities import FloatArray, IntArray

LEAST_CLUSTERS = 3.0
"""Clusters, effectively, over which a gap must lie to say how sure it is: within one it would seem certain."""


def weighted_quantiles(values: FloatArray, weight: FloatArray, shares: FloatArray) -> FloatArray:
    """Values below which the given shares of the weight lie, shape (shares,)."""
    order = np.argsort(values, kind="stable")
    total = np.cumsum(weight[order])
    place = np.minimum(np.searchsorted(total, shares * total[-1]), len(values) - 1)
    return np.asarray(values[order][place])


def clusters(block: IntArray) -> IntArray:
    """Calendar years where there are eight, else six-month blocks where there are eight, else each cell by itself."""
    for cluster in (block // 2, block):
        if len(np.unique(cluster)) >= 8:
            return np.asarray(cluster)
    return np.arange(len(block))


def level_gaps(
    code: IntArray, cluster: IntArray, residual: FloatArray, expected: FloatArray, segments: int
) -> tuple[FloatArray, FloatArray]:
    """Growth that sums show beyond the model, share a month, by segment, and its error from clusters of cells.

    Clusters say how sure a gap is by how much they differ: one that lies in too few of them has an infinite error.
    """
    total = np.bincount(code, expected, segments)
    names, place = np.unique(cluster, return_inverse=True)
    count = len(names)
    key = code * count + place
    found = np.bincount(key, residual, segments * count).reshape(segments, count)
    share = np.bincount(key, expected, segments * count).reshape(segments, count)
    with np.errstate(invalid="ignore", divide="ignore"):
        gap = np.where(total > 0, found.sum(axis=1) / total, 0.0)
        spread = ((found - gap[:, None] * share) ** 2).sum(axis=1) * count / max(count - 1, 1)
        told = share.sum(axis=1) ** 2 >= LEAST_CLUSTERS * (share**2).sum(axis=1)
        error = np.where((total > 0) & told, np.sqrt(spread) / total, np.inf)
    return gap, np.maximum(error, 1e-6)


def customers_error(
    code: IntArray, customer: IntArray, surprise: FloatArray, before: FloatArray, groups: int
) -> FloatArray:
    """Error of each group's gap as far as it is single customers', share a month, shape (groups,).

    Years that agree say little of it where one customer's balance is a large part of a group's in all of them.

    Parameters
    ----------
    code, customer, surprise, before : of account-months: group, whose, balance beyond what is expected, and balance.
    """
    own, place = np.unique(customer * groups + code, return_inverse=True)
    squares = np.bincount(own % groups, np.bincount(place, surprise, len(own)) ** 2, groups)
    return np.asarray(np.sqrt(squares) / np.maximum(np.bincount(code, before, groups), 1e-300))


def shrunk_gaps(gap: FloatArray, error: FloatArray) -> tuple[float, FloatArray, float, FloatArray]:
    """Gaps shrunk by what is noise in them: the common shift, each segment's, and the variances both leave open.

    A gap that is all noise moves nothing, and its noise is then none of the answer's.
    """
    weight = 1.0 / error**2
    mean = float((weight * gap).sum() / max(float(weight.sum()), 1e-300))
    spare = float(1.0 / np.sqrt(max(float(weight.sum()), 1e-300)))
    kept = 1.0 - (spare / mean) ** 2 if abs(mean) > spare else 0.0
    shift = mean * kept
    finite = np.isfinite(error)
    extra = (
        float(np.average((gap[finite] - shift) ** 2 - error[finite] ** 2, weights=weight[finite]))
        if finite.any()
        else 0.0
    )
    between = max(0.0, extra) if finite.sum() > 2 else 0.0
    noise = np.where(finite, error, 1e6) ** 2
    share = between / (between + noise)
    moved = shift + (gap - shift) * share
    return shift, moved, kept * spare**2, share * np.where(finite, noise, 0.0)
