"""How sure a fit of the structural law is: noise, information, and how much of it is only said again."""

from __future__ import annotations

import numpy as np

from behavior.estimators.pass_through_model import errors_in_basis_points
from behavior.estimators.pass_through_problem import WHOLE_SCALE_BP, Problem, rates_of
from behavior.estimators.pass_through_solver import Solutions, jacobian
from behavior.quantities import FloatArray

EFFECT_MONTHS, LARGEST_EFFECT = 24, 25.0
GAINS = np.linspace(0.0, 1.0, 21)


def _slopes(task: Problem, parameters: FloatArray, at: int) -> tuple[FloatArray, FloatArray]:
    _, upper = task.layout.bounds()
    local = jacobian(task.residuals, parameters[None, :], np.array([at]), upper[None, :])
    return local.residuals[0], local.slopes[0]


def standard_error(task: Problem, parameters: FloatArray, at: int) -> float:
    """Standard error of a one-step error of the law, basis points."""
    residuals, slopes = _slopes(task, parameters, at)
    rows = rates_of(task.designs).size
    used = _freedom(slopes, rows)
    return float(np.sqrt(max(np.sum(residuals[:rows] ** 2) / max(rows - used, 1.0), WHOLE_SCALE_BP**2)))


def _freedom(slopes: FloatArray, rows: int) -> float:
    """Effective number of parameters: trace of the data's share of the curvature."""
    whole = slopes.T @ slopes + 1e-9 * np.eye(slopes.shape[1])
    return float(np.trace(np.linalg.solve(whole, slopes[:rows].T @ slopes[:rows])))


def corrected_aic(task: Problem, solved: Solutions, at: int) -> float:
    """Corrected Akaike information criterion of the solution at a place: the smallest chooses the smoothing."""
    residuals, slopes = _slopes(task, solved.parameters[at], at)
    rows = rates_of(task.designs).size
    used = _freedom(slopes, rows) + 1.0
    fit = rows * np.log(max(float(np.mean(residuals[:rows] ** 2)), WHOLE_SCALE_BP**2))
    # Quasi-likelihood: information that is overstated must not pay for a rougher curve (Burnham and Anderson, 2002).
    return float(fit / task.effect.mean() + 2.0 * used * rows / max(rows - used - 1.0, 1.0))


def information(task: Problem, parameters: FloatArray, at: int) -> FloatArray:
    """Curvature of the log likelihood in the structural parameters, nuisance parameters profiled out."""
    _, slopes = _slopes(task, parameters, at)
    data = slopes[: rates_of(task.designs).size]
    first = task.layout.structural.start
    nuisance, own = data[:, :first], data[:, first:]
    shared = np.linalg.lstsq(nuisance, own, rcond=1e-10)[0]
    cleaned = own - nuisance @ shared
    believed = np.sqrt(task.effect)
    return np.asarray(cleaned.T @ cleaned / np.outer(believed, believed) / max(task.sigma, WHOLE_SCALE_BP) ** 2)


def observed_best(task: Problem, parameters: FloatArray) -> FloatArray:
    """The same law with the gain, of all from 0 to 1, that leaves the smallest one-step errors; shape (size,).

    A fit holds the gain down because it wants the path right; what is asked of the errors wants them independent.
    """
    many = np.repeat(parameters[None, :], GAINS.size, axis=0)
    many[:, task.layout.gain] = GAINS
    delays = np.repeat(task.delays[:1], GAINS.size, axis=0)
    errors = errors_in_basis_points(task.layout, task.designs, many, delays, task.actual[:, :1])
    return np.asarray(many[int(np.sum(errors**2, axis=1).argmin())])


def design_effect(task: Problem, parameters: FloatArray, at: int) -> FloatArray:
    """How many times the data seem to say more than they do, because errors of neighbouring months go together.

    Variance of the score in two-year blocks over that of independent errors, shape (structural,), at least 1. A real
    bank answers each phase of a cycle a little differently, which no single month's error shows.
    """
    residuals, slopes = _slopes(task, parameters, at)
    rows = rates_of(task.designs).size
    months = [one.series.observed + one.series.first_month for one in task.designs]
    own = [np.full(one.series.observed.size, one.piece) for one in task.designs]
    labels = np.concatenate(own) * 100_000 + np.concatenate(months) // EFFECT_MONTHS
    _, block = np.unique(labels, return_inverse=True)
    scores = slopes[:rows, task.layout.structural] * residuals[:rows, None]
    summed = np.zeros((int(block.max()) + 1, scores.shape[1]))
    np.add.at(summed, block, scores)
    alone = np.sum(scores**2, axis=0)
    return np.asarray(np.clip(np.sum(summed**2, axis=0) / np.maximum(alone, 1e-300), 1.0, LARGEST_EFFECT))
