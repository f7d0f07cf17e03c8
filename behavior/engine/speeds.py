"""Prepayment speeds as the market quotes them."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from behavior.quantities import FloatArray, annual_to_monthly

RAMP_MONTHS, RAMP_STEP = 30, 0.002


def psa_annual(age: ArrayLike, speed: float = 100.0) -> FloatArray:
    """CPR of the PSA standard at an age in months (the first month is 1): 0.2% a month up to 6%, times speed / 100.

    Capped at 1. Source: SIFMA, Standard Formulas, mortgage prepayment.
    """
    months = np.minimum(np.asarray(age, dtype=np.float64), RAMP_MONTHS)
    return np.asarray(np.minimum(1.0, months * RAMP_STEP * speed / 100.0))


def psa_monthly(age: ArrayLike, speed: float = 100.0) -> FloatArray:
    """SMM of the PSA standard at an age in months."""
    return annual_to_monthly(psa_annual(age, speed))
