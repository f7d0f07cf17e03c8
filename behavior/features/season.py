"""Month of the year: a season, never a year."""

from __future__ import annotations

import numpy as np

from behavior.features.base import Feature
from behavior.quantities import AnyArray, FloatArray


def month_of_year(month: AnyArray) -> FloatArray:
    """Calendar month of the month at risk, 1 to 12."""
    return np.asarray(np.asarray(month, dtype="datetime64[M]").astype(np.int64) % 12 + 1, dtype=np.float64)


MONTH_OF_YEAR = Feature("month_of_year", ("month",), "month of year", 0, month_of_year, "season")
