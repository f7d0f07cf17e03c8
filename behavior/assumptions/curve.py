"""One curve of one segment: values on a grid of drivers and months, looked up multilinearly."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from behavior.assumptions.effects import Direction, Driver, View
from behavior.quantities import FloatArray, IntArray


@dataclass(frozen=True)
class AssumptionCurve:
    """Values of one segment on a rectangular grid.

    Parameters
    ----------
    segment : labels in the order of the scheme's columns; ``pooled`` marks a declared fallback.
    months : shape (months,), whole months counted as the table's `month_meaning` says, rising; empty for quantities
        without a month axis (REPRICING).
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
