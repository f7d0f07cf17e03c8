"""A table's hazard on rows of a history or a book, read as the engine spends it."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from behavior.assumptions.effects import Driver, View
from behavior.assumptions.grid import table_grid
from behavior.assumptions.matching import match_segments
from behavior.assumptions.set import AssumptionTable, seasonal_hazard
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
    """
    match = match_segments(rows, table, view)
    known = {driver: drivers[driver] for driver in table.drivers}
    values = table_grid(table).at(np.maximum(match.curve_index, 0), months, known).values
    return np.where(
        match.curve_index >= 0, seasonal_hazard(values, table.season, calendar_month), 0.0
    ), match.curve_index
