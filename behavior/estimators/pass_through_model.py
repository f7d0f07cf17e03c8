"""The structural law as a regression: parameters in, one-step errors of the rate paid out, many parameter sets at once.

The rate paid moves by the law of `behavior.assumptions.pass_through_path`. Between observations the state runs by
that law; at an observation it is corrected by a share (`gain`) of the error. Gain 1 is the one-step form (shocks to the
rate paid stay), gain 0 the free-running form (errors are noise of measurement); it is fitted with the rest, because
each form alone is biased where the other is true.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from behavior.assumptions.pass_through_path import PassThroughLaw, adjusted, integral_weights
from behavior.estimators.pass_through_series import BASIS_POINTS, RateSeries
from behavior.quantities import FloatArray, IntArray

PERCENT = 100.0
NUISANCE = 3
INTERCEPT, START, GAIN = 0, 1, 2


@dataclass(frozen=True)
class Layout:
    """Where each parameter stands: intercept, start (both in percent), gain, marginal at the lowest knot, its rises
    from knot to knot, log of the speeds up and down.

    Parameters
    ----------
    knots : shape (k,), short-rate levels, decimals a year. monotone : the marginal may only rise with the level.
    """

    knots: FloatArray
    monotone: bool = True
    largest_marginal: float = 1.5
    slowest: float = 0.003

    @property
    def size(self) -> int:
        """Number of parameters."""
        return NUISANCE + self.knots.size + 2

    @property
    def marginal(self) -> slice:
        """Marginal at the lowest knot and the rises after it."""
        return slice(NUISANCE, NUISANCE + self.knots.size)

    @property
    def rises(self) -> slice:
        """Rises of the marginal from knot to knot."""
        return slice(NUISANCE + 1, NUISANCE + self.knots.size)

    @property
    def speeds(self) -> slice:
        """Logs of the monthly adjustment up and down."""
        return slice(NUISANCE + self.knots.size, NUISANCE + self.knots.size + 2)

    @property
    def structural(self) -> slice:
        """All that the exported tables hold: marginal and speeds."""
        return slice(NUISANCE, self.size)

    def bounds(self) -> tuple[FloatArray, FloatArray]:
        """Lower and upper bounds, shape (size,) each."""
        lower, upper = np.full(self.size, -50.0), np.full(self.size, 100.0)
        lower[GAIN], upper[GAIN] = 0.0, 1.0
        lower[self.marginal], upper[self.marginal] = 0.0, self.largest_marginal
        if not self.monotone:
            lower[self.rises] = -self.largest_marginal
        lower[self.speeds], upper[self.speeds] = np.log(self.slowest), 0.0
        return lower, upper

    def marginals(self, parameters: FloatArray) -> FloatArray:
        """Marginal at each knot, shape (..., knots), never below zero."""
        return np.maximum(np.cumsum(parameters[..., self.marginal], axis=-1), 0.0)

    def law(self, parameters: FloatArray, delays: tuple[int, int]) -> PassThroughLaw:
        """One parameter vector as the law of a segment."""
        up, down = np.exp(parameters[self.speeds])
        return PassThroughLaw(self.knots, self.marginals(parameters), float(up), float(down), *delays)


@dataclass(frozen=True)
class Design:
    """A series cut to the months a path runs through.

    Parameters
    ----------
    weights : shape (before + months, knots), integrals of the marginal to each month's level, centred on the
        observed months' mean so that the intercept is the mean target.
    before : months of levels kept before the start, for delays.
    row_at : shape (months,), observation that ends in each month or -1.
    """

    series: RateSeries
    weights: FloatArray
    before: int
    row_at: IntArray
    floor: float

    @property
    def months(self) -> int:
        """Months of the path, the start included."""
        return int(self.row_at.size)


def design_of(series: RateSeries, layout: Layout, longest_delay: int, floor: float) -> Design:
    """Prepare a series for repeated evaluation; the floor gives way to rates paid that were seen below it."""
    begin, end = series.begin, int(series.observed[-1])
    weights = integral_weights(layout.knots, series.levels_from(begin - longest_delay))
    row_at = np.full(end - begin + 1, -1, dtype=np.int64)
    row_at[series.observed - begin] = np.arange(series.observed.size)
    centred = weights - weights[longest_delay:].mean(axis=0)
    return Design(series, centred, longest_delay, row_at, min(floor, float(series.rate_paid.min())))


def targets(layout: Layout, design: Design, parameters: FloatArray) -> FloatArray:
    """Target in each month from `before` months ahead of the start, shape (before + months, p), decimals a year."""
    return parameters[:, INTERCEPT] / PERCENT + design.weights @ layout.marginals(parameters).T


def _seen(target: FloatArray, delay: IntArray, design: Design) -> FloatArray:
    """Target as a direction sees it, shape (months, p)."""
    rows = design.before + np.arange(design.months)[:, None] - delay[None, :]
    return np.take_along_axis(target, rows, axis=0)


def one_step_paths(
    layout: Layout, design: Design, parameters: FloatArray, delays: IntArray, actual: FloatArray
) -> FloatArray:
    """Fitted observations given those before them, shape (rows, p), decimals a year.

    Parameters
    ----------
    parameters : shape (p, size). delays : shape (p, 2), months. actual : shape (rows, p) or (rows, 1).
    """
    target = targets(layout, design, parameters)
    seen_up, seen_down = _seen(target, delays[:, 0], design), _seen(target, delays[:, 1], design)
    up, down = np.exp(parameters[:, layout.speeds]).T
    gain, floor = parameters[:, GAIN], np.full(parameters.shape[0], design.floor)
    paid = parameters[:, START] / PERCENT
    path = np.empty((design.months, parameters.shape[0]))
    fitted = np.empty((design.series.observed.size, parameters.shape[0]))
    for month in range(design.months):
        if month:
            paid = adjusted(paid, seen_up[month], seen_down[month], up, down, floor)
        path[month] = paid
        row = design.row_at[month]
        if row < 0:
            continue
        period = int(design.series.periods[row])
        fitted[row] = paid if period == 1 else path[max(0, month - period + 1) : month + 1].mean(axis=0)
        paid = paid + gain * (actual[row] - fitted[row])
    return fitted


def errors_in_basis_points(
    layout: Layout, design: Design, parameters: FloatArray, delays: IntArray, actual: FloatArray
) -> FloatArray:
    """One-step errors, shape (p, rows), basis points."""
    return ((one_step_paths(layout, design, parameters, delays, actual) - actual) * BASIS_POINTS).T
