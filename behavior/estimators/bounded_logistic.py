"""Penalised logistic regression with coefficients that may be held at or above zero.

Newton's method with bounds: every step goes towards the lowest point of the quadratic that the objective is near where
it stands, among the coefficients that the bounds allow, and is shortened until the objective falls as the slope says.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy.special import expit

from behavior.errors import DidNotConverge
from behavior.estimators.bounded_squares import bounded_least_squares
from behavior.quantities import BoolArray, FloatArray

CHUNK = 4_096
"""Rows whose products are added up together: as many as stay in the processor's cache."""
FIRST_ROWS = 8_000
"""About as many rows, evenly spaced, find where the steps over all rows begin: a step costs what its rows cost."""
MOST_STEPS = 60
SETTLED, ROUGHLY_SETTLED = 1e-9, 1e-5


@dataclass(frozen=True)
class LogisticFit:
    """Coefficients (p,), penalised Hessian (p, p) where the last step began, and steps taken."""

    coefficients: FloatArray
    hessian: FloatArray
    steps: int


def fit_bounded_logistic(
    design: FloatArray,
    event: FloatArray,
    weight: FloatArray,
    penalty: FloatArray,
    bounded: BoolArray,
    start: FloatArray,
    near: bool = False,
    offset: FloatArray | None = None,
) -> LogisticFit:
    """Minimise weighted deviance / 2 + b' penalty b / 2 with b >= 0 where `bounded`.

    The steps are those over all rows; where they begin is found on some of them, unless `start` is `near` already.

    Parameters
    ----------
    design : shape (rows, p). event : shape (rows,), in [0, 1]. weight : shape (rows,), >= 0. penalty : shape (p, p).
    offset : log-odds that each row has before any coefficient, shape (rows,); none = 0.

    Raises
    ------
    DidNotConverge : when the objective still falls after `MOST_STEPS` steps.
    """
    known = np.zeros(len(event)) if offset is None else offset
    whole, begin = _Problem(design, event, weight, penalty, bounded, known), start
    every = len(event) // FIRST_ROWS
    if every > 1 and not near:
        begin = _descend(whole.every(every), start, MOST_STEPS, ROUGHLY_SETTLED)[0].coefficients
    fit, last = _descend(whole, begin, MOST_STEPS, SETTLED)
    if last > SETTLED:
        raise DidNotConverge(
            f"spline hazard: still improving after {MOST_STEPS} Newton steps (by {last:.1g} of the objective). "
            "Raise the smoothing penalty or look for a feature that separates events perfectly."
        )
    return fit


@dataclass(frozen=True)
class _Problem:
    """The rows fitted to, the prior and the bounds."""

    design: FloatArray
    event: FloatArray
    weight: FloatArray
    penalty: FloatArray
    bounded: BoolArray
    offset: FloatArray

    def every(self, step: int) -> _Problem:
        """Every so many rows, each with the weight of all of them."""
        some = slice(None, None, step)
        return replace(
            self,
            design=self.design[some],
            event=self.event[some],
            weight=self.weight[some] * step,
            offset=self.offset[some],
        )

    def objective(self, beta: FloatArray) -> float:
        score = self.design @ beta + self.offset
        loss = self.weight * (np.logaddexp(0.0, score) - self.event * score)
        return float(loss.sum() + 0.5 * beta @ self.penalty @ beta)

    def derivatives(self, beta: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Gradient (p,) and Hessian (p, p) of the objective."""
        fitted = expit(self.design @ beta + self.offset)
        gradient = self.design.T @ (self.weight * (fitted - self.event)) + self.penalty @ beta
        root = np.sqrt(self.weight * fitted * (1.0 - fitted))
        hessian = self.penalty.copy()
        for begin in range(0, len(root), CHUNK):
            block = self.design[begin : begin + CHUNK] * root[begin : begin + CHUNK, None]
            hessian += block.T @ block
        return gradient, hessian


def _descend(problem: _Problem, start: FloatArray, most_steps: int, settled: float) -> tuple[LogisticFit, float]:
    """Newton steps until one lowers the objective by no more than the share `settled`; what the last lowered."""
    bounded = problem.bounded
    beta, hessian = np.where(bounded, np.maximum(start, 0.0), start), problem.penalty
    value, gained, step = problem.objective(beta), np.inf, 0
    while gained > settled and step < most_steps:
        gradient, hessian = problem.derivatives(beta)
        ahead = bounded_least_squares(hessian, hessian @ beta - gradient, bounded, bounded & (beta <= 0.0))
        beta, new = _line_search(problem, beta, ahead - beta, gradient, value)
        gained, value, step = (value - new) / (abs(value) + 1.0), new, step + 1
    return LogisticFit(beta, hessian, step), gained


def _line_search(
    problem: _Problem, beta: FloatArray, direction: FloatArray, gradient: FloatArray, value: float
) -> tuple[FloatArray, float]:
    length = 1.0
    for _ in range(30):
        moved = beta + length * direction
        new = problem.objective(moved)
        if new <= value + 1e-4 * float(gradient @ (moved - beta)):
            return moved, new
        length *= 0.5
    return beta, value
