"""Interest-rate swaps as two legs: annuity, par rate, value, and curves out of par rates.

The last axis of every array is the periods of a leg; leading axes (scenarios) broadcast. Notionals are not exchanged.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from behavior.errors import MarketDataError
from behavior.quantities import FloatArray


def _float(values: ArrayLike) -> FloatArray:
    return np.asarray(values, dtype=np.float64)


def annuity(accruals: ArrayLike, discount_factors: ArrayLike, notionals: ArrayLike = 1.0) -> FloatArray:
    """Value of one unit of rate paid on a leg: Σ notional x accrual x DF."""
    return np.asarray((_float(notionals) * _float(accruals) * _float(discount_factors)).sum(axis=-1))


def fixed_leg_value(
    rate: ArrayLike, accruals: ArrayLike, discount_factors: ArrayLike, notionals: ArrayLike = 1.0
) -> FloatArray:
    """Value of a fixed leg to who receives it: rate x annuity; `rate` in decimals, of the leading axes' shape."""
    return np.asarray(_float(rate) * annuity(accruals, discount_factors, notionals))


def floating_leg_value(
    forwards: ArrayLike, accruals: ArrayLike, discount_factors: ArrayLike, notionals: ArrayLike = 1.0
) -> FloatArray:
    """Value of a floating leg to who receives it: Σ notional x accrual x forward x DF.

    `forwards` are simple rates of the projection curve on the leg's day count; the first of a seasoned leg is its
    fixing.
    """
    earned = _float(notionals) * _float(accruals) * _float(forwards)
    return np.asarray((earned * _float(discount_factors)).sum(axis=-1))


def par_rate(floating_value: ArrayLike, fixed_annuity: ArrayLike) -> FloatArray:
    """The fixed rate at which both legs are worth the same.

    Raises
    ------
    MarketDataError : an annuity of zero: a leg without periods ahead.
    """
    unit = _float(fixed_annuity)
    if (unit == 0).any():
        raise MarketDataError("par rate: the fixed leg has no payment ahead; expected at least one period.")
    return np.asarray(_float(floating_value) / unit)


def swap_value(floating_value: ArrayLike, fixed_value: ArrayLike, *, payer: bool) -> FloatArray:
    """Value of a swap: floating less fixed to the payer of the fixed rate, the other way round to its receiver."""
    value = _float(floating_value) - _float(fixed_value)
    return np.asarray(value if payer else -value)


def discount_factors_from_par(par_rates: ArrayLike) -> FloatArray:
    """Discount factors of years 1 to n from annual par rates of the same years, shape (n,).

    DF_n = (1 - S_n Σ_{i<n} DF_i) / (1 + S_n).

    Raises
    ------
    MarketDataError : a rate at which no positive factor is left.
    """
    rates = _float(par_rates)
    factors = np.empty_like(rates)
    total = 0.0
    for year, rate in enumerate(rates):
        factor = (1.0 - rate * total) / (1.0 + rate)
        if not factor > 0:
            raise MarketDataError(f"par rate of year {year + 1}, {rate}: leaves no positive discount factor. Check it.")
        factors[year] = factor
        total += factor
    return factors
