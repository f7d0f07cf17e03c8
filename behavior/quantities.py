"""What a number means: quantities, and conversions between the conventions the field uses."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]
IntArray = NDArray[np.int64]
DateArray = NDArray[np.datetime64]
AnyArray = NDArray[Any]

MONTHS_PER_YEAR = 12


class Quantity(StrEnum):
    """The meaning of the values on a curve; a wrong one is refused, never converted silently."""

    ZERO_RATE = "ZERO_RATE"
    FORWARD_RATE = "FORWARD_RATE"
    DISCOUNT_FACTOR = "DISCOUNT_FACTOR"
    MONTHLY_HAZARD = "MONTHLY_HAZARD"
    MARGINAL_PASS_THROUGH = "MARGINAL_PASS_THROUGH"
    MONTHLY_ADJUSTMENT = "MONTHLY_ADJUSTMENT"
    DRAWN_SHARE = "DRAWN_SHARE"


def annual_to_monthly(annual: ArrayLike) -> FloatArray:
    """Monthly share (SMM, monthly decay) from the annual share (CPR): 1 - (1 - a)^(1/12), share of opening balance."""
    return np.asarray(1.0 - (1.0 - np.asarray(annual, dtype=np.float64)) ** (1.0 / MONTHS_PER_YEAR))


def monthly_to_annual(monthly: ArrayLike) -> FloatArray:
    """Annual share (CPR) from the monthly share (SMM): 1 - (1 - m)^12."""
    return np.asarray(1.0 - (1.0 - np.asarray(monthly, dtype=np.float64)) ** MONTHS_PER_YEAR)
