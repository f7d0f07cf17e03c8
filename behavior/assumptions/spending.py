"""A table's hazard on rows of a history or a book, read as the engine spends it."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from behavior.assumptions.curve import AssumptionCurve
from behavior.assumptions.effects import Driver, View
from behavior.assumptions.interpolation import multilinear
from behavior.assumptions.matching import match_segments
from behavior.assumptions.set import AssumptionTable, seasonal_hazard
from behavior.errors import OutsideDomain
from behavior.quantities import FloatArray, IntArray


def spent_hazard(
    table: AssumptionTable,
    rows: pd.DataFrame,
    months: IntArray,
    drivers: Mapping[Driver, FloatArray],
    calendar_month: ArrayLike,
    view: View | None = None,
) -> tuple[FloatArray, IntArray]:
    """Monthly hazard with its season, 0 where no curve is, and the place of each row's curve (-1: none).

    Parameters
    ----------
    rows : the columns of the table's segments. months : of the curves, as the table means them, shape (rows,).
    drivers : a value for each row; those that the table does not read are ignored. calendar_month : 1 = January.

    Raises
    ------
    OutsideDomain : a month is below 1, or a driver that a curve reads is not a number.
    """
    if months.size and int(months.min()) < 1:
        raise OutsideDomain(f"found month {int(months.min())}, the first month is 1.")
    places = match_segments(rows, table, view).curve_index
    values = np.zeros(len(rows))
    for place in np.unique(places[places >= 0]).tolist():
        mine = places == place
        values[mine] = _values(table.curves[place], months[mine], {name: drivers[name][mine] for name in table.drivers})
    return np.where(places >= 0, seasonal_hazard(values, table.season, calendar_month), 0.0), places


def _values(curve: AssumptionCurve, months: IntArray, drivers: Mapping[Driver, FloatArray]) -> FloatArray:
    """Values of one curve, row by row: between months first and between the drivers' nodes then, as the engine does."""
    values = curve.every_month()
    axes = [*curve.driver_grids.values(), np.arange(1.0, values.shape[-1] + 1.0)]
    return multilinear(values, axes, [*(drivers[name] for name in curve.driver_grids), months.astype(np.float64)])[0]
