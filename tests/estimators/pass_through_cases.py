"""Simulated rates paid under laws of several functional forms, written apart from the code under test."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from behavior.estimators.pass_through_series import RateSeries
from behavior.quantities import FloatArray


def series_of(market: FloatArray, paid: FloatArray, name: str = "one", first_month: int = 360) -> RateSeries:
    """A monthly series without gaps."""
    months = market.size
    return RateSeries(
        name, (name,), first_month, market, np.arange(months), np.ones(months, dtype=np.int64), paid, np.ones(months)
    )


def policy_rate(months: int, seed: int, top: float = 0.05) -> FloatArray:
    """Two and a half cycles in quarter-point steps."""
    generator = np.random.default_rng(seed)
    anchors = top * np.array([0.1, 0.1, 1.0, 1.0, 0.2, 0.04, 0.04, 0.9, 0.9, 0.4])
    anchors = anchors * generator.uniform(0.85, 1.15, anchors.size)
    smooth = np.interp(np.linspace(0, 9, months), np.arange(10), anchors)
    return np.asarray(np.round(np.maximum(smooth + generator.normal(0, 0.0005, months), 0) / 0.0025) * 0.0025)


@dataclass(frozen=True)
class Truth:
    """A law by its functions: marginal pass-through by level, speeds, delays and what disturbs the rate paid."""

    marginal: Callable[[FloatArray], FloatArray]
    up: float = 0.15
    down: float = 0.35
    delay_up: int = 0
    delay_down: int = 0
    offset: float = 0.001
    shock: float = 0.0
    measurement: float = 0.0
    rounding: float = 0.0

    def target(self, levels: FloatArray) -> FloatArray:
        """Integral of the marginal from zero, by fine quadrature."""
        grid = np.linspace(-0.02, 0.12, 28_001)
        heights = self.marginal(grid)
        integral = np.concatenate([[0.0], np.cumsum((heights[1:] + heights[:-1]) / 2 * np.diff(grid))])
        return np.asarray(self.offset + np.interp(levels, grid, integral) - np.interp(0.0, grid, integral))

    def long_run(self, low: float, high: float) -> float:
        """Share of a move between two levels passed on in the end."""
        ends = self.target(np.array([low, high]))
        return float((ends[1] - ends[0]) / (high - low))

    def simulate(self, levels: FloatArray, seed: int = 0) -> FloatArray:
        """Rate paid month by month, from rest."""
        generator = np.random.default_rng(seed)
        target = self.target(levels)
        paid = target[0]
        path = [paid]
        for month in range(1, levels.size):
            above = target[max(month - self.delay_up, 0)] - paid
            below = target[max(month - self.delay_down, 0)] - paid
            paid += self.up * above if above > 0 else 0.0
            paid += self.down * below if below < 0 else 0.0
            paid = max(paid + self.shock * generator.standard_normal(), 0.0)
            path.append(paid)
        seen = np.array(path) + self.measurement * generator.standard_normal(levels.size)
        return np.round(seen / self.rounding) * self.rounding if self.rounding else np.maximum(seen, 0.0)


def logistic(low: float = 0.1, high: float = 0.75, middle: float = 0.025, slope: float = 150.0):
    """Marginal that rises from `low` to `high` around `middle`."""
    return lambda level: low + (high - low) / (1.0 + np.exp(-slope * (level - middle)))


def steps(low: float = 0.2, high: float = 0.6, at: float = 0.02):
    """Marginal that jumps."""
    return lambda level: np.where(level > at, high, low)


def constant(beta: float = 0.4):
    """The same marginal at every level."""
    return lambda level: np.full(np.shape(level), beta)


def ramp(low: float = 0.05, slope: float = 8.0, high: float = 0.9):
    """Marginal that rises in proportion to the level."""
    return lambda level: np.clip(low + slope * level, low, high)


@dataclass(frozen=True)
class ErrorCorrectionTruth:
    """A rate paid that answers part of a change in its own month and closes a share of the gap of the month before.

    Parameters
    ----------
    beta, spread : target = spread + beta x short rate. up, down : share of a rise or fall of the short rate passed on
        at once. correction : share of last month's gap that closes.
    """

    beta: float = 0.4
    up: float = 0.10
    down: float = 0.20
    correction: float = 0.12
    spread: float = 0.002
    rounding: float = 5e-4

    def simulate(self, levels: FloatArray) -> FloatArray:
        """Rate paid month by month, from rest."""
        path = [self.spread + self.beta * levels[0]]
        for before, now in pairwise(levels):
            at_once = self.up * max(now - before, 0.0) + self.down * min(now - before, 0.0)
            gap = path[-1] - self.spread - self.beta * before
            path.append(max(path[-1] + at_once - self.correction * gap, 0.0))
        return np.round(np.array(path) / self.rounding) * self.rounding


def three_cycles(seed: int) -> FloatArray:
    """Seventeen years of a short rate in quarter-point steps with some noise; the last rise is from month 150."""
    generator = np.random.default_rng(seed)
    months = [0, 10, 34, 44, 56, 76, 98, 108, 124, 150, 176, 204]
    anchors = [0.0025, 0.0025, 0.05, 0.05, 0.005, 0.005, 0.035, 0.035, 0.0075, 0.0075, 0.0475, 0.0475]
    smooth = np.interp(np.arange(204), months, anchors)
    return np.asarray(np.round(smooth / 0.0025) * 0.0025 + np.round(generator.normal(0, 0.0002, 204), 4))
