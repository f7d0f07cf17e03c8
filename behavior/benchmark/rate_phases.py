"""Phases of the market rate in a panel of months: left out, they ask a hazard about a cycle that it never saw."""

from __future__ import annotations

import numpy as np

from behavior.errors import FittingError
from behavior.estimators.pass_through_static import cycles
from behavior.quantities import FloatArray, IntArray

LEAST_PHASES = 2
PLACES = 9


def phases_of(month: IntArray, rate: FloatArray | None) -> list[tuple[int, int]]:
    """Month numbers of the turning points at which each move of the market rate begins and ends, oldest first.

    The last months of a move are its plateau. The first month of a phase is the last of the one before.

    Parameters
    ----------
    month, rate : month number and market rate (decimal a year; NaN = unknown) of each row, shape (rows,); None = the
        history holds no market rate.

    Raises
    ------
    FittingError : the rate is unknown everywhere, or it shows fewer than two moves.
    """
    known = np.isfinite(rate) if rate is not None else np.zeros(len(month), dtype=bool)
    if rate is None or not known.any():
        raise FittingError(
            "leave one phase out: the history holds no `market_rate`. Map it to a column, or use `starts`."
        )
    months, place = np.unique(month[known], return_inverse=True)
    levels = np.round(np.bincount(place, rate[known]) / np.bincount(place), PLACES)  # a plateau is no move of a sum
    found = cycles(levels)
    if len(found) < LEAST_PHASES:
        raise FittingError(
            f"leave one phase out: {len(found)} move{'s' if len(found) != 1 else ''} of the market rate found, at least"
            f" {LEAST_PHASES} needed. Use `starts`."
        )
    return [(int(months[one.first]), int(months[one.last])) for one in found]
