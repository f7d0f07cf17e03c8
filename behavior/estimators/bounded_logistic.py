"""Penalised logistic regression with coefficients that may be held at or above zero.

Newton's method with bounds: every step goes towards the lowest point of the quadratic that the objective is near where
it stands, among the coefficients that the bounds allow, and is shortened until the objective falls as the slope says.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import expit

from behavior.errors import DidNotConverge
from behavior.estimators.bounded_squares import bounded_least_squares
from behavior.quantities import BoolArray, FloatArray

CHUNK = 4_096
"""Rows whose products are added up together: as many as stay in the processor's cache."""
FIRST_ROWS = 8_000
"""About as many rows, evenly spaced, find where the steps over all rows begin: a step costs what its rows cost."""
SETTLED, ROUGHLY_SETTLED = 1e-9, 1e-5


@dataclass(frozen=True)
class LogisticFit:
    """Coefficients (p,), penalised Hessian (p, p) at the answer, deviance and steps taken."""

    coefficients: FloatArray
    hessian: FloatArray
    deviance: float
    steps: int


def fit_bounded_logistic(
    design: FloatArray,
    event: FloatArray,
    weight: FloatArray,
    penalty: FloatArray,
    bounded: BoolArray,
    start: FloatArray,
    offset: FloatArray | None = None,
    most_steps: int = 60,
    near: bool = False,
) -> LogisticFit:
    """Minimise weighted deviance / 2 + b' penalty b / 2 with b >= 0 where `bounded`.

    The steps are those over all rows; where they begin is found on some of them, unless `start` is `near` already.

    Parameters
    ----------
    design : shape (rows, p). event : shape (rows,), in [0, 1]. weight : shape (rows,), >= 0. penalty : shape (p, p).

    Raises
    ------
    DidNotConverge : when the objective still falls after `most_steps` steps.
    """
    base = np.zeros(len(event)) if offset is None else offset
    every, begin = len(event) // FIRST_ROWS, start
    if every > 1 and not near:
        some = slice(None, None, every)
        fewer = (design[some], event[some], weight[some] * every, penalty, bounded)
        begin = _descend(*fewer, start, base[some], most_steps, ROUGHLY_SETTLED)[0].coefficients
    fit, last = _descend(design, event, weight, penalty, bounded, begin, base, most_steps, SETTLED)
    if last > SETTLED:
        raise DidNotConverge(
            f"spline hazard: still improving after {most_steps} Newton steps (by {last:.1g} of the objective). "
            "Raise the smoothing penalty or look for a feature that separates events perfectly."
        )
    return fit


def _descend(
    design: FloatArray,
    event: FloatArray,
    weight: FloatArray,
    penalty: FloatArray,
    bounded: BoolArray,
    start: FloatArray,
    base: FloatArray,
    most_steps: int,
    settled: float,
) -> tuple[LogisticFit, float]:
    """Newton steps until one lowers the objective by no more than the share `settled`; what the last lowered."""
    beta, hessian = np.where(bounded, np.maximum(start, 0.0), start), penalty
    value, gained, step = _objective(design, event, weight, penalty, beta, base), np.inf, 0
    while gained > settled and step < most_steps:
        gradient, hessian = _derivatives(design, event, weight, penalty, beta, base)
        ahead = bounded_least_squares(hessian, hessian @ beta - gradient, bounded, bounded & (beta <= 0.0))
        beta, new = _line_search(design, event, weight, penalty, beta, base, ahead - beta, gradient, value)
        gained, value, step = (value - new) / (abs(value) + 1.0), new, step + 1
    deviance = 2.0 * _objective(design, event, weight, 0.0 * penalty, beta, base)
    return LogisticFit(beta, hessian, deviance, step), gained


def _line_search(
    design: FloatArray,
    event: FloatArray,
    weight: FloatArray,
    penalty: FloatArray,
    beta: FloatArray,
    base: FloatArray,
    direction: FloatArray,
    gradient: FloatArray,
    value: float,
) -> tuple[FloatArray, float]:
    length = 1.0
    for _ in range(30):
        moved = beta + length * direction
        new = _objective(design, event, weight, penalty, moved, base)
        if new <= value + 1e-4 * float(gradient @ (moved - beta)):
            return moved, new
        length *= 0.5
    return beta, value


def _objective(
    design: FloatArray, event: FloatArray, weight: FloatArray, penalty: FloatArray, beta: FloatArray, base: FloatArray
) -> float:
    score = design @ beta + base
    loss = weight * (np.logaddexp(0.0, score) - event * score)
    return float(loss.sum() + 0.5 * beta @ penalty @ beta)


def _derivatives(
    design: FloatArray, event: FloatArray, weight: FloatArray, penalty: FloatArray, beta: FloatArray, base: FloatArray
) -> tuple[FloatArray, FloatArray]:
    fitted = expit(design @ beta + base)
    gradient = design.T @ (weight * (fitted - event)) + penalty @ beta
    root = np.sqrt(weight * fitted * (1.0 - fitted))
    hessian = penalty.copy()
    for begin in range(0, len(event), CHUNK):
        block = design[begin : begin + CHUNK] * root[begin : begin + CHUNK, None]
        hessian += block.T @ block
    return gradient, hessian
