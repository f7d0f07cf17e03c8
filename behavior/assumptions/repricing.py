"""Target and speed of administered rates, and the betas, half-lives and lags that are readings of them.

The target is the integral of the marginal pass-through over the level of the short rate: piecewise linear between
nodes, flat outside, in closed form. So it is one function up and down, and one move of +300 bp equals three of
+100 bp (contracts, Behaviour).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from behavior.assumptions.curve import AssumptionCurve
from behavior.assumptions.effects import Driver
from behavior.errors import BehaviorError
from behavior.quantities import FloatArray


@dataclass(frozen=True)
class TargetFunction:
    """Long-run rate paid as a function of the short rate, up to a constant.

    Parameters
    ----------
    levels : shape (nodes,), rising short rates, decimals a year.
    marginal : shape (nodes,), long-run pass-through at each level, rate per rate.
    integral : shape (nodes,), integral of the marginal from the first node, decimals a year.
    """

    levels: FloatArray
    marginal: FloatArray
    integral: FloatArray

    def value(self, level: ArrayLike) -> FloatArray:
        """Integral from the first node to `level` (any shape, decimals a year); negative below the first node."""
        x = np.asarray(level, dtype=np.float64)
        if len(self.levels) == 1:
            return np.asarray((x - self.levels[0]) * self.marginal[0])
        index = np.clip(np.searchsorted(self.levels, x, side="right") - 1, 0, len(self.levels) - 2)
        low, high = self.levels[index], self.levels[index + 1]
        inside = np.clip(x, low, high) - low
        slope = (self.marginal[index + 1] - self.marginal[index]) / (high - low)
        within = self.integral[index] + inside * (self.marginal[index] + 0.5 * slope * inside)
        below = np.minimum(x - self.levels[0], 0.0) * self.marginal[0]
        above = np.maximum(x - self.levels[-1], 0.0) * self.marginal[-1]
        return np.asarray(within + below + above)

    def move(self, old: ArrayLike, new: ArrayLike) -> FloatArray:
        """Change of the target when the short rate goes from `old` to `new`; depends on nothing between."""
        return np.asarray(self.value(new) - self.value(old))


def target_function(curve: AssumptionCurve) -> TargetFunction:
    """Target of a MARGINAL_PASS_THROUGH curve; without a RATE_LEVEL axis the pass-through is one constant.

    Raises
    ------
    BehaviorError : the curve has another driver, or months.
    """
    others = [str(driver) for driver in curve.driver_grids if driver is not Driver.RATE_LEVEL]
    if others or len(curve.months):
        raise BehaviorError(
            f"curve {curve.label}: found {', '.join(others) or 'months'}, expected pass-through by RATE_LEVEL alone."
        )
    levels = np.asarray(curve.driver_grids.get(Driver.RATE_LEVEL, np.zeros(1)), dtype=np.float64)
    marginal = np.asarray(curve.values, dtype=np.float64).reshape(len(levels))
    steps = 0.5 * (marginal[1:] + marginal[:-1]) * np.diff(levels)
    return TargetFunction(levels, marginal, np.concatenate([[0.0], np.cumsum(steps)]))


def half_life_months(adjustment: float) -> float:
    """Months in which half the distance closes, delay not counted: ln 0.5 / ln(1 - a); 0 at once, infinite if never."""
    if adjustment >= 1.0:
        return 0.0
    return math.inf if adjustment <= 0.0 else math.log(0.5) / math.log1p(-adjustment)


def long_run_beta(target: TargetFunction, old: float, new: float) -> float:
    """Share of a move of the short rate that is passed on in the long run, rate per rate.

    Raises
    ------
    BehaviorError : the two levels are the same, where a beta is undefined.
    """
    if old == new:
        raise BehaviorError(f"found a move from {old:g} to {new:g}; a beta needs two different levels.")
    return float(target.move(old, new)) / (new - old)


def pass_through_by_lag(
    target: TargetFunction, adjustment: float, old: float, new: float, months: int, delay_months: int = 0
) -> FloatArray:
    """Cumulative pass-through of one step, shape (months,), rate per rate; entry 0 is the month of the change.

    Raises
    ------
    BehaviorError : the two levels are the same.
    """
    closed = 1.0 - (1.0 - adjustment) ** np.maximum(np.arange(1, months + 1) - delay_months, 0)
    return np.asarray(long_run_beta(target, old, new) * closed)


def cycle_betas(
    target: TargetFunction, adjustment: float, old: float, new: float, ramp_months: int, delay_months: int = 0
) -> tuple[float, float]:
    """Interim and terminal beta of a cycle of equal monthly steps from `old` to `new`.

    Interim counts what is passed on in the month of the last step, terminal what is passed on in the end.

    Raises
    ------
    BehaviorError : the two levels are the same.
    """
    terminal = long_run_beta(target, old, new)
    path = np.linspace(old, new, ramp_months + 1)
    aims = target.move(old, path)
    paid = 0.0
    for month in range(1, ramp_months + 1):
        paid += adjustment * (float(aims[max(0, month - delay_months)]) - paid)
    return paid / (new - old), terminal
