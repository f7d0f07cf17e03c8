"""Penalised logistic regression with coefficients that may be held at or above zero: projected Newton steps.

Method: Bertsekas' projected Newton; the active set is the bounded coefficients at zero whose gradient pushes outward.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.linalg import cho_factor, cho_solve
from scipy.special import expit

from behavior.errors import DidNotConverge
from behavior.quantities import BoolArray, FloatArray

CHUNK = 32_768


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
) -> LogisticFit:
    """Minimise weighted deviance / 2 + b' penalty b / 2 with b >= 0 where `bounded`.

    Parameters
    ----------
    design : shape (rows, p). event : shape (rows,), in [0, 1]. weight : shape (rows,), >= 0. penalty : shape (p, p).

    Raises
    ------
    DidNotConverge : when the objective still falls after `most_steps` steps.
    """
    beta = np.where(bounded, np.maximum(start, 0.0), start)
    base = np.zeros(len(event)) if offset is None else offset
    value = _objective(design, event, weight, penalty, beta, base)
    hessian = penalty
    for step in range(most_steps):
        gradient, hessian = _derivatives(design, event, weight, penalty, beta, base)
        active = bounded & (beta <= 0.0) & (gradient > 0)
        direction = _newton_direction(hessian, gradient, ~active)
        beta, new = _line_search(design, event, weight, penalty, beta, base, direction, gradient, bounded, value)
        if value - new <= 1e-9 * (abs(value) + 1.0):
            return LogisticFit(beta, hessian, 2.0 * _objective(design, event, weight, 0.0 * penalty, beta, base), step)
        value = new
    raise DidNotConverge(
        f"spline hazard: still improving after {most_steps} Newton steps (objective {value:.6g}). "
        "Raise the smoothing penalty or look for a feature that separates events perfectly."
    )


def _newton_direction(hessian: FloatArray, gradient: FloatArray, free: BoolArray) -> FloatArray:
    direction = np.zeros_like(gradient)
    inner = hessian[np.ix_(free, free)]
    ridge = 1e-10 * float(np.trace(inner)) / max(len(inner), 1)
    factor = cho_factor(inner + ridge * np.eye(len(inner)))
    direction[free] = -cho_solve(factor, gradient[free])
    return direction


def _line_search(
    design: FloatArray,
    event: FloatArray,
    weight: FloatArray,
    penalty: FloatArray,
    beta: FloatArray,
    base: FloatArray,
    direction: FloatArray,
    gradient: FloatArray,
    bounded: BoolArray,
    value: float,
) -> tuple[FloatArray, float]:
    length = 1.0
    for _ in range(30):
        moved = beta + length * direction
        moved = np.where(bounded, np.maximum(moved, 0.0), moved)
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
