"""The table held to the model: smooth factors along incentive, burnout and age, so that recent totals are the model's.

A table averages a model over covariates that are no axis. Where those move with the axes (who has been in the money
for years is not who was never), the average reads differently from the loans that are really there. The factors are
log-linear between few knots and answer to the loan-months of the last years, by balance, without their outcomes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from behavior.estimators.basis import hats, knots_of
from behavior.quantities import FloatArray

SHARES = np.array([0.02, 0.2, 0.4, 0.6, 0.8, 0.98])
SPACING = {"incentive": 0.0025, "burnout": 3.0, "age": 6.0}
PRIOR = 0.02
MOST = 0.35


@dataclass(frozen=True)
class Factors:
    """Log factors at knots by axis; their sum is the log of a hazard's factor. `level` is part of it everywhere."""

    level: float
    knots: Mapping[str, FloatArray]
    heights: Mapping[str, FloatArray]

    def of(self, axis: str, values: FloatArray) -> FloatArray:
        """Log factor of one axis, shape of `values`; flat beyond the outer knots."""
        if axis not in self.knots:
            return np.zeros(np.shape(values))
        return np.asarray(np.interp(values, self.knots[axis], self.heights[axis]))


def rake(axes: Mapping[str, FloatArray], table: FloatArray, model: FloatArray, weight: FloatArray) -> Factors:
    """Factors that bring the table's weighted totals to the model's along every axis.

    Parameters
    ----------
    axes : axis -> its value, table, model : hazards of each row. weight : balances; shape (rows,) each.
    """
    knots = {name: knots_of(values, SHARES, SPACING[name]) for name, values in axes.items()}
    knots = {name: own for name, own in knots.items() if len(own) > 1}
    design = np.concatenate([np.ones((len(table), 1)), *(hats(axes[name], knots[name]) for name in knots)], axis=1)
    target, base = weight * model, weight * table
    scale = 1.0 / max(float(target.sum()), 1e-300)
    size = design.shape[1]
    prior = PRIOR * np.eye(size) / size
    prior[0, 0] = 1e-9
    theta = np.zeros(size)
    for _ in range(12):
        expected = base * np.exp(np.clip(design @ theta, -1.0, 1.0))
        gradient = scale * (design.T @ (target - expected)) - prior @ theta
        hessian = scale * (design.T @ (expected[:, None] * design)) + prior
        step = np.linalg.solve(hessian, gradient)
        theta = theta + step
        if np.abs(step).max() < 1e-8:
            break
    theta = np.clip(theta, -MOST, MOST)
    heights, place = {}, 1
    for name, own in knots.items():
        heights[name] = theta[place : place + len(own)]
        place += len(own)
    return Factors(float(theta[0]), knots, heights)
