"""One curve of one segment: values on a grid of drivers and months, looked up multilinearly."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike

from behavior.assumptions.effects import POOLED, Direction, Driver, View
from behavior.assumptions.interpolation import multilinear
from behavior.errors import OutsideDomain
from behavior.quantities import MONTHS_PER_YEAR, BoolArray, FloatArray, IntArray

LAST_MONTH = 480
"""Beyond this month the rest of a balance is repaid (contracts, Behaviour)."""

TAIL_MONTHS = 24
"""How many of the last observed months the tail rule averages (contracts, Behaviour)."""

WARN_BEYOND = 0.25
"""Share of average life beyond the data above which a warning is due (contracts, Behaviour)."""


class Tail(StrEnum):
    """What the hazard is beyond a curve's last month; applied at each node of the driver grid."""

    LARGER_OF_LAST_AND_MEAN = "larger_of_last_and_mean"
    LAST_VALUE = "last_value"
    MEAN_OF_LAST_24 = "mean_of_last_24"


@dataclass(frozen=True)
class Reading:
    """What a lookup returns.

    Parameters
    ----------
    values : looked-up values in the broadcast shape of the points, unit of the curve.
    clamped : same shape; a driver, or a month before the first, was outside the grid and held at its end.
    extrapolated : same shape; the month lies beyond the curve's last month.
    """

    values: FloatArray
    clamped: BoolArray
    extrapolated: BoolArray


@dataclass(frozen=True)
class AverageLife:
    """Average life in years, with the part that the data saw.

    `inside_years` is the area under survival up to the last observed month; `share_beyond` is what lies after it.
    """

    years: float
    inside_years: float

    @classmethod
    def of(cls, survival: FloatArray, observed: int) -> AverageLife:
        """Life under a share left after months 1, 2 .. (payments at month ends, what is left repaid in the last).

        Parameters
        ----------
        observed : months that the data saw.
        """
        open_share = np.concatenate([[1.0], survival[:-1]]) / MONTHS_PER_YEAR
        return cls(float(open_share.sum()), float(open_share[:observed].sum()))

    @property
    def share_beyond(self) -> float:
        """Share of the average life that lies beyond the data: on months carried on, and on the tail rule."""
        return max(0.0, 1.0 - self.inside_years / self.years) if self.years > 0 else 0.0

    @property
    def needs_warning(self) -> bool:
        """Whether more of it lies beyond the data than goes without a warning."""
        return self.share_beyond > WARN_BEYOND


@dataclass(frozen=True)
class AssumptionCurve:
    """Values of one segment on a rectangular grid.

    Parameters
    ----------
    segment : labels in the order of the scheme's columns; ``pooled`` marks a declared fallback.
    months : shape (months,), whole months counted as the table's `month_meaning` says, rising; empty where one value
        stands for all months (REPRICING always, a constant hazard).
    driver_grids : one rising grid a driver, decimals a year (counts for MONTHS_IN_THE_MONEY).
    values : shape (grid of driver 1, ..., grid of driver n, months), or without the last axis where `months` is empty;
        unit is the table's quantity (monthly hazard and adjustment: share a month; pass-through: rate per rate).
    lower, upper : same shape, band of the stated level, or None.
    exposure_months : same shape, months of observation behind each cell, or None.
    """

    segment: tuple[str, ...]
    months: IntArray
    driver_grids: Mapping[Driver, FloatArray]
    values: FloatArray
    direction: Direction | None = None
    view: View | None = None
    lower: FloatArray | None = None
    upper: FloatArray | None = None
    exposure_months: FloatArray | None = None

    @property
    def label(self) -> str:
        """Segment labels in one text, ``all`` where the scheme has no columns."""
        return " / ".join(self.segment) or "all"

    @property
    def is_pooled(self) -> bool:
        """Whether any segment column is the declared fallback."""
        return POOLED in self.segment

    @cached_property
    def last_observed_month(self) -> int:
        """Last month with exposure where exposure is recorded, else the last month of the grid.

        A curve without months says the same of every month: nothing of it lies beyond.
        """
        if not len(self.months):
            return LAST_MONTH
        if self.exposure_months is None:
            return int(self.months[-1])
        seen = np.nan_to_num(self.exposure_months).reshape(-1, len(self.months)).sum(axis=0) > 0
        return int(self.months[seen][-1]) if seen.any() else int(self.months[-1])

    @cached_property
    def monthly_values(self) -> FloatArray:
        """Values at every month 1 .. last: shape (drivers' grids ..., last month), linear between the grid's months."""
        if not len(self.months):
            return np.asarray(self.values, dtype=np.float64)[..., None]
        whole = np.arange(1, int(self.months[-1]) + 1, dtype=np.float64)
        flat = self.values.reshape(-1, len(self.months))
        nodes = self.months.astype(np.float64)
        dense, _ = multilinear(
            flat,
            [np.arange(len(flat), dtype=np.float64), nodes],
            [
                np.broadcast_to(np.arange(len(flat), dtype=np.float64)[:, None], (len(flat), len(whole))),
                np.broadcast_to(whole, (len(flat), len(whole))),
            ],
        )
        return dense.reshape(*self.values.shape[:-1], len(whole))

    def tail_values(self, tail: Tail = Tail.LARGER_OF_LAST_AND_MEAN) -> FloatArray:
        """Value beyond the last month at each driver node: shape (drivers' grids ...,), unit of the curve."""
        if not len(self.months):
            return np.asarray(self.values, dtype=np.float64)
        last: FloatArray = self.values[..., -1]
        if tail is Tail.LAST_VALUE:
            return last
        end = self.last_observed_month
        mean = np.asarray(self.monthly_values[..., max(0, end - TAIL_MONTHS) : end].mean(axis=-1))
        return mean if tail is Tail.MEAN_OF_LAST_24 else np.maximum(last, mean)

    def every_month(self, tail: Tail = Tail.LARGER_OF_LAST_AND_MEAN) -> FloatArray:
        """Values of month 1 to the last, then the one that holds for ever: shape (drivers' grids ..., months + 1).

        A curve without months has one entry.
        """
        if not len(self.months):
            return self.monthly_values
        return np.concatenate([self.monthly_values, self.tail_values(tail)[..., None]], axis=-1)

    def at(
        self,
        months: ArrayLike | None = None,
        drivers: Mapping[Driver, ArrayLike] | None = None,
        tail: Tail = Tail.LARGER_OF_LAST_AND_MEAN,
    ) -> Reading:
        """Look up values: multilinear, clamped at the grid's ends, the tail rule beyond the last month.

        Parameters
        ----------
        months : whole months from 1 on, any shape; a curve without a month axis says the same in each.
        drivers : one array a driver of the curve, decimals a year; shapes broadcast with `months` and each other.

        Raises
        ------
        OutsideDomain : a driver or the months are missing, not a number, or a month is below 1.
        """
        given = drivers or {}
        missing = [str(driver) for driver in self.driver_grids if driver not in given]
        if missing:
            raise OutsideDomain(
                f"curve {self.label}: no value for driver {', '.join(missing)}; given {', '.join(given) or 'none'}."
            )
        axes = [np.asarray(grid, dtype=np.float64) for grid in self.driver_grids.values()]
        asked = [np.asarray(given[driver], dtype=np.float64) for driver in self.driver_grids]
        values = self.values
        if len(self.months):
            axes.append(np.append(self.months, self.months[-1] + 1).astype(np.float64))
            asked.append(self._whole_months(months))
            values = np.concatenate([values, self.tail_values(tail)[..., None]], axis=-1)
        if not len(self.months) and months is not None:
            over = np.broadcast_shapes(self._whole_months(months).shape, *(one.shape for one in asked))
            asked = [np.broadcast_to(one, over) for one in asked]
            values = values if asked else np.broadcast_to(values, over)
        points = [np.asarray(one) for one in np.broadcast_arrays(*asked)] if asked else []
        if not axes:
            return self._reading(np.asarray(values, dtype=np.float64), [], [])
        result, outside = multilinear(values, axes, points)
        return self._reading(result, outside, points)

    def _whole_months(self, months: ArrayLike | None) -> FloatArray:
        if months is None:
            raise OutsideDomain(f"curve {self.label}: it has a month axis, and no month was given.")
        asked = np.asarray(months, dtype=np.float64)
        if asked.size and float(asked.min()) < 1:
            raise OutsideDomain(f"curve {self.label}: found month {asked.min():g}, the first month is 1.")
        return asked

    def _reading(self, values: FloatArray, outside: list[BoolArray], points: list[FloatArray]) -> Reading:
        none = np.zeros(np.shape(values), dtype=np.bool_)
        if not len(self.months):
            return Reading(values, np.logical_or.reduce([none, *outside]), none)
        beyond = points[-1] > self.months[-1]
        early = points[-1] < self.months[0]
        return Reading(values, np.logical_or.reduce([none, early, *outside[:-1]]), beyond)

    def survival(self, drivers: Mapping[Driver, ArrayLike] | None = None, months: int = LAST_MONTH) -> FloatArray:
        """Share still there at the end of months 1 .. `months`: shape (..., months), in [0, 1].

        The running product of 1 - hazard; each driver is a constant, or a path whose last axis has `months` entries.

        Raises
        ------
        OutsideDomain : as `at`.
        """
        hazard = np.clip(self.at(np.arange(1, months + 1), drivers).values, 0.0, 1.0)
        return np.asarray(np.cumprod(1.0 - hazard, axis=-1))

    def average_life(self, drivers: Mapping[Driver, ArrayLike] | None = None) -> AverageLife:
        """Average life with payments at month ends and the rest repaid in month 480, and its part inside the data.

        Raises
        ------
        OutsideDomain : as `at`.
        """
        return AverageLife.of(self.survival(drivers), self.last_observed_month)
