"""Plain statistics on arrays that several checks share; nothing here knows a model or a table."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import sparse, stats

from behavior.quantities import FloatArray, IntArray

SMALLEST_PROBABILITY = 1e-6
SMALLEST_SHARE = 1e-4
LEVEL = 0.95
"""Of every interval."""
REPLICATES = 200


@dataclass(frozen=True)
class Discrimination:
    """How well a score ranks events: `auc` in [0, 1], `gini` = 2 auc - 1, `ks` the largest gap of the two curves."""

    auc: float
    gini: float
    ks: float


@dataclass(frozen=True)
class PathErrors:
    """Errors of a predicted path in its own unit; bias is predicted minus actual, ratio actual over predicted."""

    mae: float
    bias: float
    rmse: float
    ratio: float


def discrimination(score: ArrayLike, event: ArrayLike) -> Discrimination:
    """AUC, Gini and KS of a score; ties count half.

    Parameters
    ----------
    score : shape (rows,), higher means more likely.
    event : shape (rows,), 0/1 or a share in [0, 1]; a share counts as that much event and the rest as none.

    Returns not-a-number where there is no event or nothing but events.
    """
    scores = np.asarray(score, dtype=np.float64)
    events = np.clip(np.asarray(event, dtype=np.float64), 0.0, 1.0)
    _, codes = np.unique(scores, return_inverse=True)
    positive = np.bincount(codes, weights=events)
    negative = np.bincount(codes, weights=1.0 - events)
    if positive.sum() <= 0 or negative.sum() <= 0:
        return Discrimination(np.nan, np.nan, np.nan)
    share_positive, share_negative = positive / positive.sum(), negative / negative.sum()
    below = np.cumsum(share_negative) - share_negative
    auc = float(np.sum(share_positive * (below + 0.5 * share_negative)))
    gap = np.abs(np.cumsum(share_positive) - np.cumsum(share_negative))
    return Discrimination(auc, 2.0 * auc - 1.0, float(gap.max()))


def log_loss(predicted: ArrayLike, actual: ArrayLike) -> FloatArray:
    """Log loss of each row; shares count as that much event. Predictions are kept off 0 and 1."""
    chance = np.clip(np.asarray(predicted, dtype=np.float64), SMALLEST_PROBABILITY, 1.0 - SMALLEST_PROBABILITY)
    events = np.clip(np.asarray(actual, dtype=np.float64), 0.0, 1.0)
    return np.asarray(-(events * np.log(chance) + (1.0 - events) * np.log1p(-chance)))


def brier(predicted: ArrayLike, actual: ArrayLike) -> float:
    """Mean squared distance between prediction and outcome."""
    return float(np.mean((np.asarray(predicted, dtype=np.float64) - np.asarray(actual, dtype=np.float64)) ** 2))


def population_stability(expected: ArrayLike, actual: ArrayLike) -> float:
    """PSI of two distributions given as shares: sum of (a - e) ln(a / e), shares floored at 1e-4."""
    before = np.maximum(np.asarray(expected, dtype=np.float64), SMALLEST_SHARE)
    after = np.maximum(np.asarray(actual, dtype=np.float64), SMALLEST_SHARE)
    return float(np.sum((after - before) * np.log(after / before)))


def stability_noise(bins: int, before: float, after: float) -> float:
    """PSI that two samples of one population show by chance: (bins - 1) (1/n before + 1/n after)."""
    return (bins - 1) * (1.0 / max(before, 1.0) + 1.0 / max(after, 1.0))


def hosmer_lemeshow(rows: ArrayLike, predicted: ArrayLike, observed: ArrayLike, in_sample: bool) -> tuple[float, float]:
    """Hosmer-Lemeshow statistic and p-value of grouped counts; degrees of freedom are groups, less 2 in sample.

    A group that is foreseen with certainty (chance 0 or 1, or no rows) cannot depart by noise: it is no group where it
    came as foreseen, and makes the statistic infinite where it did not.
    """
    count = np.asarray(rows, dtype=np.float64)
    chance = np.asarray(predicted, dtype=np.float64)
    events = np.asarray(observed, dtype=np.float64)
    variance = count * chance * (1.0 - chance)
    certain = variance <= 0.0
    if np.any(events[certain] != (count * chance)[certain]):
        return np.inf, 0.0
    away = (events - count * chance)[~certain]
    statistic = float(np.sum(away**2 / variance[~certain]))
    freedom = int((~certain).sum()) - (2 if in_sample else 0)
    return statistic, float(stats.chi2.sf(statistic, freedom)) if freedom > 0 else np.nan


def path_errors(actual: ArrayLike, predicted: ArrayLike) -> PathErrors:
    """Errors of a predicted path against the realised one, every month alike."""
    truth = np.asarray(actual, dtype=np.float64)
    guess = np.asarray(predicted, dtype=np.float64)
    error = guess - truth
    total = float(np.sum(guess))
    return PathErrors(
        mae=float(np.mean(np.abs(error))),
        bias=float(np.mean(error)),
        rmse=float(np.sqrt(np.mean(error**2))),
        ratio=float(np.sum(truth)) / total if total else np.nan,
    )


@dataclass(frozen=True)
class SlopeLine:
    """Line of the outcome on the prediction, 0 and 1 when calibrated; not-a-number where the predictions do not vary.

    Parameters
    ----------
    deviation : the slope's standard error, with rows of one cluster moving together (Liang and Zeger's sandwich).
    freedom : degrees of freedom of that error (Satterthwaite): how many clusters it rests on, few where few are large.
    """

    intercept: float
    slope: float
    deviation: float
    freedom: float

    def interval(self) -> tuple[float, float]:
        """95% interval of the slope, by Student's t."""
        reach = float(stats.t.ppf(0.5 + LEVEL / 2.0, self.freedom)) * self.deviation
        return self.slope - reach, self.slope + reach


NO_LINE = SlopeLine(np.nan, np.nan, np.nan, np.nan)


def logistic_line(
    predicted: ArrayLike, actual: ArrayLike, weight: ArrayLike, clusters: IntArray | None = None
) -> SlopeLine:
    """Line of the outcome on the log-odds of the prediction; `clusters` are codes from 0, None = every row its own.

    Newton's method on the weighted quasi-likelihood, so that shares are allowed beside 0/1; a step that would leave
    the likelihood lower is halved, so that a line far from 1 is found too. Not-a-number where the
    predictions do not vary or the iteration finds no answer.
    """
    chance = np.clip(np.asarray(predicted, dtype=np.float64), SMALLEST_PROBABILITY, 1.0 - SMALLEST_PROBABILITY)
    odds = np.log(chance / (1.0 - chance))
    events = np.asarray(actual, dtype=np.float64)
    weights = np.asarray(weight, dtype=np.float64)
    weights = weights / weights.sum()
    if np.ptp(odds) < 1e-9:
        return NO_LINE
    design = np.column_stack([np.ones_like(odds), odds])
    line = np.array([0.0, 1.0])
    for _ in range(50):
        fitted = 1.0 / (1.0 + np.exp(-np.clip(design @ line, -30.0, 30.0)))
        gradient = design.T @ (weights * (events - fitted))
        curvature = (design * (weights * fitted * (1.0 - fitted))[:, None]).T @ design
        if not np.isfinite(curvature).all() or np.linalg.cond(curvature) > 1e14:
            return NO_LINE
        step = np.linalg.solve(curvature, gradient)
        line = line + _downhill(design, weights, events, line, step)
        if np.abs(step).max() < 1e-10:
            pulls = design * (weights * (events - fitted))[:, None]
            return SlopeLine(float(line[0]), float(line[1]), *_deviation(pulls, curvature, clusters))
    return NO_LINE


def _downhill(
    design: FloatArray, weights: FloatArray, events: FloatArray, line: FloatArray, step: FloatArray
) -> FloatArray:
    """The step, halved until it does not raise the loss; the loss is convex, so Newton's direction always has one."""

    def loss(at: FloatArray) -> float:
        odds = design @ at
        return float(weights @ (np.logaddexp(0.0, odds) - events * odds))

    before = loss(line)
    for _ in range(30):
        if loss(line + step) <= before + 1e-14:
            return step
        step = step / 2.0
    return step


def straight_line(
    predicted: ArrayLike, actual: ArrayLike, weight: ArrayLike, clusters: IntArray | None = None
) -> SlopeLine:
    """Line of the outcome on the prediction by weighted least squares; `clusters` as in `logistic_line`."""
    guess = np.asarray(predicted, dtype=np.float64)
    truth = np.asarray(actual, dtype=np.float64)
    weights = np.asarray(weight, dtype=np.float64)
    weights = weights / weights.sum()
    centre_guess, centre_truth = np.average(guess, weights=weights), np.average(truth, weights=weights)
    away = guess - centre_guess
    spread = float(np.average(away**2, weights=weights))
    if spread < 1e-18:
        return NO_LINE
    slope = float(np.average(away * (truth - centre_truth), weights=weights)) / spread
    left = truth - centre_truth - slope * away
    # Around its centre the slope stands apart from the level, so that one direction is enough.
    pulls, curvature = (weights * left * away)[:, None], np.array([[spread]])
    return SlopeLine(float(centre_truth - slope * centre_guess), slope, *_deviation(pulls, curvature, clusters))


def _deviation(pulls: FloatArray, curvature: FloatArray, clusters: IntArray | None) -> tuple[float, float]:
    """Standard error of the last parameter and its degrees of freedom, of what each cluster pulls at it."""
    if clusters is not None:
        pulls = np.column_stack([np.bincount(clusters, weights=column) for column in pulls.T])
    squares = np.linalg.solve(curvature, pulls.T)[-1] ** 2
    total, fourth = float(squares.sum()), float((squares**2).sum())
    return float(np.sqrt(total)), total**2 / fourth if fourth > 0 else float(len(squares))


@dataclass(frozen=True)
class ClusterBootstrap:
    """Bootstrap of ratios of sums: customers and half-years are drawn apart, and the draws multiplied.

    A shock that all customers of a half-year share moves every one of them in a draw. What neither shares is drawn
    twice by it, so that intervals are wide rather than narrow. Source: Owen (2007), The pigeonhole bootstrap, Annals of
    Applied Statistics 1(2).

    Parameters
    ----------
    clusters : shape (rows,), code of each row's customer in one half-year, 0 ... n - 1.
    draws : shape (replicates, n), how often each cluster is drawn.
    """

    clusters: IntArray
    draws: FloatArray

    @classmethod
    def over(cls, customers: IntArray, half_years: IntArray, seed: int) -> ClusterBootstrap:
        """Draw the replicates; the same seed gives the same intervals.

        Parameters
        ----------
        customers, half_years : of each row, as any whole numbers, shape (rows,). One half-year alone is always drawn.
        """
        who, customer = np.unique(customers, return_inverse=True)
        when, half_year = np.unique(half_years, return_inverse=True)
        pairs, clusters = np.unique(customer * max(len(when), 1) + half_year, return_inverse=True)
        generator = np.random.default_rng(seed)
        by_customer = generator.poisson(1.0, (REPLICATES, len(who)))
        by_half_year = generator.multinomial(len(when), np.full(len(when), 1.0 / max(len(when), 1)), REPLICATES)
        drawn = by_customer[:, pairs // max(len(when), 1)] * by_half_year[:, pairs % max(len(when), 1)]
        return cls(np.asarray(clusters, dtype=np.int64), drawn.astype(np.float64))

    def ratio_interval(
        self, numerator: FloatArray, denominator: FloatArray, groups: IntArray | None = None
    ) -> tuple[FloatArray, FloatArray]:
        """95% interval, its bounds of shape (groups,), of sum(numerator) / sum(denominator) within each group."""
        codes = np.zeros(len(numerator), dtype=np.int64) if groups is None else groups
        shape = (self.draws.shape[1], int(codes.max()) + 1 if len(codes) else 1)
        above = sparse.coo_matrix((numerator, (self.clusters, codes)), shape=shape).tocsc()
        below = sparse.coo_matrix((denominator, (self.clusters, codes)), shape=shape).tocsc()
        top, bottom = np.asarray((above.T @ self.draws.T).T), np.asarray((below.T @ self.draws.T).T)
        ratio = np.full(top.shape, np.nan)
        np.divide(top, bottom, out=ratio, where=np.abs(bottom) > 0)
        tail = (1.0 - LEVEL) / 2.0
        bounds = np.full((2, shape[1]), np.nan)
        filled = np.isfinite(ratio).any(axis=0)
        bounds[:, filled] = np.nanquantile(ratio[:, filled], [tail, 1.0 - tail], axis=0)
        return bounds[0], bounds[1]
