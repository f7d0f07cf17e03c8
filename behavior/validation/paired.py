"""Losses of two models on the same rows: what checks that set one beside another share."""

from __future__ import annotations

import numpy as np
import pandas as pd

from behavior.quantities import FloatArray
from behavior.validation.evidence import cpr_points
from behavior.validation.statistics import log_loss, path_errors


def losses_of(rows: pd.DataFrame, name: str, events: bool) -> FloatArray:
    """Loss of the column `name` on each row, shape (rows,): log loss of events, squared error of anything else."""
    if events:
        return log_loss(rows[name], rows["actual"])
    # A net flow may be negative; squared error is right for the mean of anything.
    return np.asarray((rows[name] - rows["actual"]) ** 2, dtype=np.float64)


def loss_scale(events: bool, rate: bool) -> float:
    """Units of `mean_loss`: basis points for rates, percent a month for flows; 0 = a log loss, which has none."""
    return 0.0 if events else 1e4 if rate else 100.0


def mean_loss(losses: FloatArray, weight: FloatArray, scale: float) -> float:
    """Mean log loss where `scale` is 0, else the root of the mean square times `scale`."""
    mean = float(np.average(losses, weights=weight))
    return scale * float(np.sqrt(mean)) if scale else mean


def path_error(path: pd.DataFrame, name: str, rate: bool) -> float:
    """Mean absolute error by month of the column `name` of a path, CPR points or basis points."""
    if rate:
        return path_errors(1e4 * path["actual"], 1e4 * path[name]).mae
    return path_errors(cpr_points(path["actual"]), cpr_points(path[name])).mae
