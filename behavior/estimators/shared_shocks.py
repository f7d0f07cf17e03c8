"""The level that all units of a half-year share beyond what their rows explain: how large it is and how long it lasts.

A boom in housing, rates in the headlines or a bank's own campaign move all loans of some months together, and no column
says so. What a fit leaves of it are the half-years' surprises (events less expected, s). Counting alone gives them the
variance V; levels u of the half-years add M u to them, where M takes out what the fit has already made its own, a slow
level more than a quick one. Levels are autoregressive, of variance d^2 and correlation r between neighbours, and d and
r are those under which s ~ N(0, V + M cov(u) M') is likeliest. Either is 0 where it is not worth its nat: counting may
explain the surprises, and a few half-years in a row on one side are no lasting level yet.

Sources: N. E. Breslow and D. G. Clayton, Approximate Inference in Generalized Linear Mixed Models, JASA 88, 1993;
H. Akaike, A New Look at the Statistical Model Identification, 1974 (a nat for each parameter).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from behavior.quantities import FloatArray, IntArray

PERSISTENCES = (0.0, 0.25, 0.5, 0.7, 0.8, 0.9, 0.95)
COLUMNS_AT_ONCE = 16
DEVIATIONS = np.concatenate([[0.0], np.geomspace(0.01, 1.0, 41)])
LEAST_VARIANCE = 1e-3
"""Share of a direction's variance that a fit must leave open for a surprise along it to be told."""


@dataclass(frozen=True)
class SharedShock:
    """Levels of half-years one after the other.

    Parameters
    ----------
    deviation : standard deviation of a half-year's relative level. persistence : correlation with the next one's.
    """

    deviation: float = 0.0
    persistence: float = 0.0

    def covariance(self, count: int) -> FloatArray:
        """Of the levels of `count` half-years in order, shape (count, count)."""
        return np.asarray(self.deviation**2 * _correlation(count, self.persistence))


def shared_shock(surprise: FloatArray, counting: FloatArray, carried: FloatArray) -> SharedShock:
    """The shock behind the half-years' surprises.

    Parameters
    ----------
    surprise : events less expected of each half-year in order, shape (n,). counting : their covariance by counting.
    carried : how much of each half-year's relative level is left in each surprise; both of shape (n, n).
    """
    scale = np.sqrt(np.maximum(np.diag(counting), 1e-300))
    left, directions = np.linalg.eigh(0.5 * (counting + counting.T) / np.outer(scale, scale))
    told = left > LEAST_VARIANCE
    white = directions[:, told].T / np.sqrt(left[told])[:, None] / scale
    found, most = SharedShock(), 0.0
    for persistence in PERSISTENCES:
        reached = white @ carried
        variances, axes = np.linalg.eigh(reached @ _correlation(len(surprise), persistence) @ reached.T)
        along = (axes.T @ (white @ surprise)) ** 2
        whole = 1.0 + DEVIATIONS[:, None] ** 2 * np.maximum(variances, 0.0)
        likelihood = -0.5 * (np.log(whole) + along / whole).sum(axis=1)
        best, parameters = int(np.argmax(likelihood)), 1 + (persistence > 0)
        gain = float(likelihood[best] - likelihood[0]) - parameters
        if gain > most:
            found, most = SharedShock(float(DEVIATIONS[best]), persistence), gain
    return found


@dataclass(frozen=True)
class HalfYears:
    """What the rows of each of n half-years, in order, say together of a fit with p coefficients.

    Parameters
    ----------
    expected : sums of the events' variances, shape (n,). pulls : those times the sensitivities, shape (n, p).
    counted, drawn : the same of what counting leaves open. curvature : that of all rows by sensitivities, shape (p, p).
    surprise : events less expected, shape (n,).
    """

    expected: FloatArray
    pulls: FloatArray
    counted: FloatArray
    drawn: FloatArray
    curvature: FloatArray
    surprise: FloatArray

    @classmethod
    def of(
        cls,
        design: FloatArray,
        spread: FloatArray,
        noise: FloatArray,
        calendar: IntArray,
        whole: IntArray,
        left: FloatArray,
    ) -> HalfYears:
        """Of a sample's rows (`design`, `spread`, `noise`, `calendar`); surprises of all rows (`whole`, `left`)."""
        count, present = int(whole.max(initial=0)) + 1, np.unique(calendar)
        pulls, drawn = (np.zeros((count, design.shape[1])) for _ in range(2))
        pulls[present], drawn[present] = sums_by(design, spread, calendar), sums_by(design, noise, calendar)
        return cls(
            np.asarray(np.bincount(calendar, spread, count), dtype=np.float64),
            pulls,
            np.asarray(np.bincount(calendar, noise, count), dtype=np.float64),
            drawn,
            design.T @ (noise[:, None] * design),
            np.asarray(np.bincount(whole, left, count), dtype=np.float64),
        )

    def shock(self, inverse: FloatArray) -> SharedShock:
        """The level that half-years share; `inverse` of the penalised Hessian says what the fit has made its own."""
        own = self.pulls @ inverse
        crossed = own @ self.drawn.T
        counting = np.diag(self.counted) - crossed - crossed.T + own @ self.curvature @ own.T
        return shared_shock(self.surprise, counting, np.diag(self.expected) - own @ self.pulls.T)


def sums_by(rows: FloatArray, weight: FloatArray, code: IntArray) -> FloatArray:
    """Weighted column sums by code, shape (codes present, p); some columns at a time, without a copy of all."""
    if len(rows) == 0:
        return rows
    order = np.argsort(code, kind="stable")
    starts = np.flatnonzero(np.r_[True, np.diff(code[order]) != 0])
    out = np.empty((len(starts), rows.shape[1]))
    for begin in range(0, rows.shape[1], COLUMNS_AT_ONCE):
        some = slice(begin, begin + COLUMNS_AT_ONCE)
        out[:, some] = np.add.reduceat((rows[:, some] * weight[:, None])[order], starts, axis=0)
    return out


def _correlation(count: int, persistence: float) -> FloatArray:
    apart = np.abs(np.subtract.outer(np.arange(count), np.arange(count)))
    return np.asarray(np.power(float(persistence), apart))
