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
PSA_RAMP_MONTHS, PSA_STEP = 30, 0.002
"""The PSA standard: 0.2% a year more in each month of a loan's age up to month 30 (SIFMA, Standard Formulas)."""


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


def psa_to_cpr(speed: ArrayLike, age_months: ArrayLike) -> FloatArray:
    """CPR of a PSA speed (100 = the standard) at an age, month 1 the first: min(1, min(age, 30) x 0.2% x speed / 100).

    Source: SIFMA, Standard Formulas, mortgage prepayment; quantitative 5.1.
    """
    months = np.minimum(np.asarray(age_months, dtype=np.float64), PSA_RAMP_MONTHS)
    return np.asarray(np.minimum(1.0, months * PSA_STEP * np.asarray(speed, dtype=np.float64) / 100.0))
