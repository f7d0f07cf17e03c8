"""No feature is the calendar: a year or a year-month would memorise one wave of refinancing and know no year to come.

The kinds' own features hold none; a specification may name any column of the panel, and that is where it is looked for.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from behavior.errors import Fault, SpecFault
from behavior.features.base import Feature, FeatureMatrix
from behavior.months import month_number
from behavior.panel.base import Panel
from behavior.quantities import FloatArray, IntArray

LEAST_VALUES = 3
SHARE_OF_ONE_VALUE = 0.99
"""Of a month's rows: a monthly column is read a month late, and after a gap in a record later than that."""


def refuse_calendar(panel: Panel, matrix: FeatureMatrix, features: Sequence[Feature]) -> None:
    """Refuse columns of the panel's own that only tell the time.

    Parameters
    ----------
    matrix : of the panel's rows. features : those that the kind has, which are not looked at.

    Raises
    ------
    SpecFault : naming every such column.
    """
    known, month = {feature.name for feature in features}, month_number(panel.table["month"])
    faults = [
        Fault(
            "specification",
            "expected no calendar: the column has one value in a month, and never goes back as the months go by",
            column="$.features.use",
            value=name,
            hint="Use `month_of_year` for the season, and for what moves with time the rate or index that moves.",
        )
        for position, name in enumerate(matrix.names)
        if name not in known and _tells_the_time(matrix.values[:, position], month, name in matrix.levels)
    ]
    if faults:
        raise SpecFault(faults)


def _tells_the_time(values: FloatArray, month: IntArray, levels: bool) -> bool:
    """Whether the rows of a month have one value, which moves one way with the months, as often as once a year."""
    known = ~np.isnan(values)
    by_month = pd.Series(values[known]).groupby(month[known])
    path = by_month.median()
    if not len(path) or (by_month.transform("median") == values[known]).mean() < SHARE_OF_ONE_VALUE:
        return False
    # Words have no order but that in which they first stand there.
    steps = np.diff(pd.factorize(path)[0] if levels else path.to_numpy())
    years = (path.index[-1] - path.index[0] + 1) / 12.0
    one_way = bool((steps >= 0).all() or (steps <= 0).all())
    return one_way and path.nunique() >= max(LEAST_VALUES, years)
