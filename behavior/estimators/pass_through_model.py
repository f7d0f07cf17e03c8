"""The structural law as a regression: parameters in, one-step errors of the rate paid out, many parameter sets at once.

The rate paid moves by the law of `behavior.assumptions.pass_through_path`. Between observations the state runs by
that law; at an observation it is corrected by a share (`gain`) of the error. Gain 1 is the one-step form (an error is
forgiven after a month), gain 0 the free-running form (errors add up over a cycle); it is fitted with the rest, up to
0.3: what is asked of the law is a path over years, and a one-step fit of a law that is not quite true gives a poor one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from behavior.assumptions.pass_through_path import PassThroughLaw, integral_weights
from behavior.estimators.pass_through_kernel import fitted_rates
from behavior.estimators.pass_through_series import BASIS_POINTS, RateSeries
from behavior.estimators.pass_through_steps import beyond_step, posting_step
from behavior.quantities import FloatArray, IntArray

PERCENT = 100.0


@dataclass(frozen=True)
class Layout:
    """Where each parameter stands: target of every source at the middle knot and start of every piece (both in
    percent), the gain, the impacts up and down where there are any, the marginal at the lowest knot, its rises from
    knot to knot, log of the speeds up and down.

    Parameters
    ----------
    knots : shape (k,), short-rate levels, decimals a year. monotone : the marginal may only rise with the level.
    sources : for each piece that shares the law, which level of the target it has.
    impact : a share of each move of the target passes at once, beside the closing of the gap; no part of the law.
    """

    knots: FloatArray
    monotone: bool = True
    sources: tuple[int, ...] = (0,)
    largest_marginal: float = 1.0
    slowest: float = 0.003
    largest_gain: float = 0.3
    impact: bool = False

    @property
    def size(self) -> int:
        """Number of parameters."""
        return self.head + self.shape + 2

    @property
    def shape(self) -> int:
        """Number of parameters of the marginal."""
        return int(self.knots.size)

    @property
    def head(self) -> int:
        """Number of parameters that are not the law's: levels of the sources, starts of the pieces, gain, impacts."""
        return self.gain + 1 + (2 if self.impact else 0)

    @property
    def reference(self) -> float:
        """Short rate at which the sources' targets are stated, decimal a year."""
        return float(self.knots.mean())

    def level_at(self, piece: int) -> int:
        """Place of a piece's target level."""
        return self.sources[piece]

    def start_at(self, piece: int) -> int:
        """Place of a piece's start."""
        return max(self.sources) + 1 + piece

    @property
    def gain(self) -> int:
        """Place of the gain."""
        return max(self.sources) + 1 + len(self.sources)

    @property
    def impacts(self) -> slice:
        """Shares of a move of the target that pass at once, up and down; empty without impact."""
        return slice(self.gain + 1, self.head)

    @property
    def marginal(self) -> slice:
        """Marginal at the lowest knot and the rises after it."""
        return slice(self.head, self.head + self.shape)

    @property
    def rises(self) -> slice:
        """Rises of the marginal from knot to knot."""
        return slice(self.head + 1, self.head + self.shape)

    @property
    def speeds(self) -> slice:
        """Logs of the monthly adjustment up and down."""
        return slice(self.head + self.shape, self.head + self.shape + 2)

    @property
    def structural(self) -> slice:
        """All that the exported tables hold: marginal and speeds."""
        return slice(self.head, self.size)

    def bounds(self) -> tuple[FloatArray, FloatArray]:
        """Lower and upper bounds, shape (size,) each."""
        lower, upper = np.full(self.size, -50.0), np.full(self.size, 100.0)
        lower[self.gain], upper[self.gain] = 0.0, self.largest_gain
        lower[self.impacts], upper[self.impacts] = 0.0, 1.0
        lower[self.marginal], upper[self.marginal] = 0.0, self.largest_marginal
        if not self.monotone:
            lower[self.rises] = -self.largest_marginal
        lower[self.speeds], upper[self.speeds] = np.log(self.slowest), 0.0
        return lower, upper

    def marginals(self, parameters: FloatArray) -> FloatArray:
        """Marginal at each knot, shape (..., knots), from 0 to the largest one allowed."""
        return np.clip(np.cumsum(parameters[..., self.marginal], axis=-1), 0.0, self.largest_marginal)

    def walk(self) -> FloatArray:
        """Distances between neighbouring knots, decimals a year: what the rises walk over."""
        return np.asarray(np.diff(self.knots))

    def usual_shape(self) -> tuple[FloatArray, FloatArray]:
        """Centre and loose spread of the marginal's parameters; the walk holds the rises."""
        centre, spread = np.zeros(self.shape), np.full(self.shape, np.inf)
        centre[0], spread[0] = 0.4, 0.7
        return centre, spread

    def impacts_of(self, parameters: FloatArray) -> FloatArray:
        """Impacts up and down of each parameter vector, shape (p, 2): zero where the layout has none."""
        return parameters[:, self.impacts] if self.impact else np.zeros((parameters.shape[0], 2))

    def law(self, parameters: FloatArray, delays: tuple[int, int]) -> PassThroughLaw:
        """One parameter vector as the law of a segment."""
        up, down = np.exp(parameters[self.speeds])
        return PassThroughLaw(self.knots, self.marginals(parameters), float(up), float(down), *delays)


@dataclass(frozen=True)
class LogisticLayout(Layout):
    """The same with a marginal that rises along a logistic curve: low + rise / (1 + exp(−slope (level − middle))).

    Four parameters stand for the marginal: low, rise, middle (percent) and log of the slope (per percentage point). The
    curve is read at the knots, which are close together, and is linear between them.
    """

    @property
    def shape(self) -> int:
        """Number of parameters of the marginal."""
        return 4

    @property
    def rises(self) -> slice:
        """The one rise."""
        return slice(self.head + 1, self.head + 2)

    def bounds(self) -> tuple[FloatArray, FloatArray]:
        """Lower and upper bounds, shape (size,) each."""
        lower, upper = super().bounds()
        at = self.head
        if not self.monotone:
            lower[at + 1] = -self.largest_marginal
        lower[at + 2], upper[at + 2] = self.knots[0] * PERCENT, self.knots[-1] * PERCENT
        lower[at + 3], upper[at + 3] = np.log(0.2), np.log(10.0)
        return lower, upper

    def marginals(self, parameters: FloatArray) -> FloatArray:
        """Marginal at each knot, shape (..., knots), from 0 to the largest one allowed."""
        low, rise, middle, slope = (parameters[..., self.head + place, None] for place in range(4))
        risen = low + rise / (1.0 + np.exp(-np.exp(slope) * (self.knots * PERCENT - middle)))
        return np.asarray(np.clip(risen, 0.0, self.largest_marginal))

    def walk(self) -> FloatArray:
        """No random walk over the levels: the form is smooth of itself."""
        return np.zeros(0)

    def usual_shape(self) -> tuple[FloatArray, FloatArray]:
        """Centre and loose spread of the marginal's parameters."""
        middle = float(self.knots.mean()) * PERCENT
        return np.array([0.2, 0.3, middle, 0.0]), np.array([0.3, 0.3, 2.0, 1.0])


@dataclass(frozen=True)
class Design:
    """A series cut to the months a path runs through.

    Parameters
    ----------
    piece : which of the pieces that share a law this is.
    weights : shape (before + months, knots), integrals of the marginal from the middle knot to each month's level.
    before : months of levels kept before the start, for delays.
    row_at : shape (months,), observation that ends in each month or -1.
    step : in which the rate paid is posted, decimal a year; 0 = any rate.
    """

    series: RateSeries
    piece: int
    weights: FloatArray
    before: int
    row_at: IntArray
    floor: float
    step: float = 0.0

    @property
    def months(self) -> int:
        """Months of the path, the start included."""
        return int(self.row_at.size)


def design_of(series: RateSeries, layout: Layout, longest_delay: int, floor: float, piece: int = 0) -> Design:
    """Prepare a series for repeated evaluation; the floor gives way to rates paid that were seen below it."""
    begin, end = series.begin, int(series.observed[-1])
    weights = integral_weights(layout.knots, series.levels_from(begin - longest_delay))
    row_at = np.full(end - begin + 1, -1, dtype=np.int64)
    row_at[series.observed - begin] = np.arange(series.observed.size)
    centred = weights - integral_weights(layout.knots, layout.reference)
    least = min(floor, float(series.rate_paid.min()))
    return Design(series, piece, centred, longest_delay, row_at, least, posting_step(series))


def targets(layout: Layout, design: Design, parameters: FloatArray) -> FloatArray:
    """Target in each month from `before` months ahead of the start, shape (before + months, p), decimals a year."""
    return parameters[:, layout.level_at(design.piece)] / PERCENT + design.weights @ layout.marginals(parameters).T


def seen_by(target: FloatArray, delay: IntArray, design: Design) -> FloatArray:
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
    seen_up, seen_down = seen_by(target, delays[:, 0], design), seen_by(target, delays[:, 1], design)
    return fitted_rates(
        (seen_up, seen_down),
        np.exp(parameters[:, layout.speeds]),
        layout.impacts_of(parameters),
        parameters[:, layout.gain],
        design.floor,
        parameters[:, layout.start_at(design.piece)] / PERCENT,
        (design.row_at, design.series.periods),
        actual,
    )


def errors_in_basis_points(
    layout: Layout, designs: Sequence[Design], parameters: FloatArray, delays: IntArray, actual: FloatArray
) -> FloatArray:
    """One-step errors of all pieces after one another, shape (p, rows), basis points; little inside a posted step."""
    found, first = [], 0
    for design in designs:
        own = actual[first : first + design.series.observed.size]
        errors = (one_step_paths(layout, design, parameters, delays, own) - own) * BASIS_POINTS
        found.append(beyond_step(errors, design.step * BASIS_POINTS) if design.step else errors)
        first += own.shape[0]
    return np.concatenate(found).T
