"""What happened on the rows judged, and the buckets they fall into: the same for every model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import pandas as pd

from behavior.quantities import FloatArray, IntArray

AGES = 481
DRIVERS = ("incentive", "spread")


@dataclass(frozen=True)
class Rows:
    """Judged rows, shape (rows,) each.

    Parameters
    ----------
    actual : 0/1. weight : of the row in a count (survey weight or 1). balance : currency units.
    month : month number. age : months. periods_a_year : 12 for months, 1 for years.
    buckets : slice name -> label of each row, as codes of a sorted list of labels. other : 0/1, exits by the other
        causes; None = there is no other.
    """

    actual: FloatArray
    weight: FloatArray
    balance: FloatArray
    month: IntArray
    age: FloatArray
    periods_a_year: float
    buckets: Mapping[str, pd.Categorical]
    other: FloatArray | None = None

    @cached_property
    def months(self) -> tuple[IntArray, IntArray]:
        """Place of each row's month among the distinct months, and those months."""
        return _places(self.month)

    @cached_property
    def ages(self) -> tuple[IntArray, IntArray]:
        """Place of each row's age among the distinct ages, and those ages."""
        return _places(np.minimum(self.age, AGES).astype(np.int64))


@dataclass(frozen=True)
class Judged:
    """Expectations of every model on the rows judged, for one cause.

    Parameters
    ----------
    place : positions of the rows in the panel. expected : model -> hazard a period, shape (rows,).
    families : form of ours -> windows in which it was chosen. absent : model that has no row -> why, in words.
    """

    place: IntArray
    expected: Mapping[str, FloatArray]
    families: Mapping[str, int] = field(default_factory=dict)
    absent: Mapping[str, str] = field(default_factory=dict)


def _places(values: IntArray) -> tuple[IntArray, IntArray]:
    low = int(values.min()) if len(values) else 0
    seen = np.bincount(values - low) > 0
    return (np.cumsum(seen) - 1)[values - low], np.flatnonzero(seen) + low
