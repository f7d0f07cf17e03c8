"""Bounded Levenberg–Marquardt over many small least-squares problems at once.

Multi-start, a grid of delays and a bootstrap are all the same model on slightly different data; solving them side by
side keeps the months' recursion in whole-array operations. Source: Levenberg (1944), Marquardt (1963), with the active
bounds of Moré (1978) reduced to a projection.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from behavior.quantities import BoolArray, FloatArray, IntArray

Residuals = Callable[[FloatArray, IntArray], FloatArray]
DIFFERENCE_STEP = 1e-6


@dataclass(frozen=True)
class Solutions:
    """Where each problem ended.

    Parameters
    ----------
    parameters : shape (problems, k). cost : shape (problems,), half the sum of squares.
    converged : shape (problems,), the step or the gain became negligible.
    """

    parameters: FloatArray
    cost: FloatArray
    converged: BoolArray


@dataclass(frozen=True)
class _Local:
    """Residuals and their slopes at the current parameters of the problems still running."""

    residuals: FloatArray
    slopes: FloatArray


def jacobian(residuals: Residuals, parameters: FloatArray, problems: IntArray, upper: FloatArray) -> _Local:
    """Residuals (problems, rows) and forward differences (problems, rows, k), stepping inward at the upper bound."""
    count, size = parameters.shape
    steps = np.where(parameters + DIFFERENCE_STEP > upper, -DIFFERENCE_STEP, DIFFERENCE_STEP)
    moved = np.repeat(parameters[:, None, :], size + 1, axis=1)
    moved[:, 1:, :] += steps[:, :, None] * np.eye(size)
    values = residuals(moved.reshape(-1, size), np.repeat(problems, size + 1)).reshape(count, size + 1, -1)
    slopes = (values[:, 1:, :] - values[:, :1, :]) / steps[:, :, None]
    return _Local(values[:, 0, :], np.swapaxes(slopes, 1, 2))


def _step(
    local: _Local, damping: FloatArray, parameters: FloatArray, bounds: tuple[FloatArray, FloatArray]
) -> FloatArray:
    slopes = local.slopes
    gradient = np.einsum("prk,pr->pk", slopes, local.residuals)
    curvature = np.einsum("prk,prl->pkl", slopes, slopes)
    held = ((parameters <= bounds[0]) & (gradient > 0)) | ((parameters >= bounds[1]) & (gradient < 0))
    diagonal = np.einsum("pkk->pk", curvature)
    scale = np.maximum(diagonal, 1e-12 * diagonal.max(axis=1, keepdims=True) + 1e-12)
    curvature = curvature + np.eye(slopes.shape[2]) * (damping[:, None] * scale)[:, None, :]
    free = ~held
    curvature = np.where(free[:, :, None] & free[:, None, :], curvature, 0.0)
    curvature += np.eye(slopes.shape[2]) * np.where(held, 1.0, 1e-10 * scale)[:, None, :]
    return -np.linalg.solve(curvature, np.where(held, 0.0, gradient)[:, :, None])[:, :, 0]


def minimise(
    residuals: Residuals,
    starts: FloatArray,
    lower: FloatArray,
    upper: FloatArray,
    iterations: int = 60,
    tolerance: float = 1e-8,
) -> Solutions:
    """Minimise half the sum of squared residuals of every problem inside its bounds.

    Parameters
    ----------
    residuals : takes parameters (p, k) and the problems' numbers (p,), returns residuals (p, rows).
    starts : shape (problems, k). lower, upper : shape (k,) or (problems, k).
    tolerance : relative fall of the cost below which a problem is done.
    """
    low, high = np.broadcast_to(lower, starts.shape), np.broadcast_to(upper, starts.shape)
    parameters = np.clip(starts, low, high)
    problems = np.arange(starts.shape[0])
    cost = 0.5 * np.sum(residuals(parameters, problems) ** 2, axis=1)
    damping = np.full(problems.size, 1e-3)
    converged = np.zeros(problems.size, dtype=bool)
    still = np.zeros(problems.size, dtype=np.int64)
    for _ in range(iterations):
        running = np.flatnonzero(~converged)
        if running.size == 0:
            break
        local = jacobian(residuals, parameters[running], running, high[running])
        bounds = (low[running], high[running])
        proposed = np.clip(parameters[running] + _step(local, damping[running], parameters[running], bounds), *bounds)
        new_cost = 0.5 * np.sum(residuals(proposed, running) ** 2, axis=1)
        better = new_cost < cost[running]
        fall = cost[running] - new_cost
        negligible = np.abs(fall) <= tolerance * (cost[running] + 1e-300)
        accepted = running[better]
        parameters[accepted], cost[accepted] = proposed[better], new_cost[better]
        damping[running] = np.clip(damping[running] * np.where(better, 0.2, 6.0), 1e-9, 1e9)
        still[running] = np.where(negligible, still[running] + 1, 0)
        converged[running] = (still[running] >= 2) | (damping[running] >= 1e8)
    return Solutions(parameters, cost, converged)
