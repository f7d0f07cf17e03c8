"""Caps, floors and swaptions: Bachelier, Black and shifted Black on any arrays.

Values are to the holder. Rates, strikes and normal volatilities are decimals a year; lognormal volatilities are
relative. A model that cannot price a forward says so; it never answers NaN.

Formulas: F. Black, The pricing of commodity contracts, 1976; L. Bachelier, 1900; shifted Black is Black on F + shift
and K + shift.
"""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtr

from behavior.errors import MarketDataError
from behavior.market.regulation import parameters
from behavior.quantities import FloatArray

VolatilityKind = Literal["normal", "lognormal"]


def _arrays(*values: ArrayLike) -> list[FloatArray]:
    return [np.asarray(array, dtype=np.float64) for array in np.broadcast_arrays(*values)]


def _density(at: FloatArray) -> FloatArray:
    return np.asarray(np.exp(-0.5 * at * at) / np.sqrt(2.0 * np.pi))


def bachelier_call(forward: ArrayLike, strike: ArrayLike, volatility: ArrayLike, expiry: ArrayLike) -> FloatArray:
    """Undiscounted call on a rate under normal volatility: (F - K) N(d) + s √T n(d), d = (F - K) / (s √T).

    `expiry` in years; where s √T = 0 the value is intrinsic. Shapes broadcast.
    """
    rate, level, vol, time = _arrays(forward, strike, volatility, expiry)
    spread = rate - level
    width = vol * np.sqrt(np.maximum(time, 0.0))
    safe = np.where(width > 0, width, 1.0)
    moved = spread / safe
    return np.asarray(np.where(width > 0, spread * ndtr(moved) + width * _density(moved), np.maximum(spread, 0.0)))


def black_call(
    forward: ArrayLike, strike: ArrayLike, volatility: ArrayLike, expiry: ArrayLike, shift: ArrayLike = 0.0
) -> FloatArray:
    """Undiscounted call on a rate under (shifted) lognormal volatility: F N(d1) - K N(d2), both moved by `shift`.

    d1 = (ln(F / K) + v² T / 2) / (v √T), d2 = d1 - v √T; where v √T = 0 the value is intrinsic. Shapes broadcast.

    Raises
    ------
    MarketDataError : a forward or strike plus shift that is not above zero.
    """
    rate, level, vol, time, moved_by = _arrays(forward, strike, volatility, expiry, shift)
    rate, level = rate + moved_by, level + moved_by
    faulty = (rate <= 0) | (level <= 0)
    if faulty.any():
        lowest = min(float(rate.min()), float(level.min()))
        raise MarketDataError(
            f"lognormal volatility: {int(faulty.sum())} of {faulty.size} forwards or strikes plus shift are not above "
            f"zero (lowest {lowest:.6f}). Supply normal volatilities, or a shift larger by at least {-lowest:.6f}."
        )
    width = vol * np.sqrt(np.maximum(time, 0.0))
    safe = np.where(width > 0, width, 1.0)
    near = np.log(rate / level) / safe + 0.5 * width
    priced = rate * ndtr(near) - level * ndtr(near - width)
    return np.asarray(np.where(width > 0, priced, np.maximum(rate - level, 0.0)))


def option_value(
    forward: ArrayLike,
    strike: ArrayLike,
    volatility: ArrayLike,
    expiry: ArrayLike,
    *,
    kind: VolatilityKind = "normal",
    call: bool = True,
    shift: ArrayLike = 0.0,
) -> FloatArray:
    """Undiscounted unit value of a call (caplet, payer) or put (floorlet, receiver) on a forward rate.

    The put comes from parity, put = call - (F - K), so that cap less floor is the swap to the last digit.

    Parameters
    ----------
    forward, strike : decimals a year.
    volatility : normal: decimals a year; lognormal: relative a year.
    expiry : years to fixing; at or before 0 the value is intrinsic.
    shift : of shifted lognormal volatilities; without meaning for normal ones.

    Raises
    ------
    MarketDataError : an unknown kind, a negative or missing volatility, or what `black_call` refuses.
    """
    if kind not in get_args(VolatilityKind):
        raise MarketDataError(f"volatility kind: found {kind!r}, expected normal or lognormal.")
    vol = np.asarray(volatility, dtype=np.float64)
    if not (np.isfinite(vol).all() and (vol >= 0).all()):
        raise MarketDataError(
            "volatility: a value is missing, negative or not finite. Supply vols/1 rows that cover it."
        )
    if kind == "normal":
        value = bachelier_call(forward, strike, vol, expiry)
    else:
        value = black_call(forward, strike, vol, expiry, shift)
    if call:
        return value
    return np.asarray(value - (np.asarray(forward, dtype=np.float64) - np.asarray(strike, dtype=np.float64)))


def strip_values(
    forwards: ArrayLike,
    strike: ArrayLike,
    volatility: ArrayLike,
    fixing_times: ArrayLike,
    accruals: ArrayLike,
    discount_factors: ArrayLike,
    notionals: ArrayLike = 1.0,
    *,
    kind: VolatilityKind = "normal",
    cap: bool = True,
    shift: ArrayLike = 0.0,
) -> FloatArray:
    """Value of each caplet (floorlet) of a strip to its holder: DF(payment) notional accrual x option on the forward.

    Parameters
    ----------
    forwards, discount_factors : e.g. (scenarios, periods); factors to the payment dates.
    fixing_times : years to fixing, shape (periods,); periods already fixed (≤ 0) are intrinsic on the forward given.
    strike, volatility, accruals, notionals : broadcast to the periods.

    Returns
    -------
    Values with the shape of `forwards`; a cap is their sum along the last axis.
    """
    unit = option_value(forwards, strike, volatility, fixing_times, kind=kind, call=cap, shift=shift)
    _, accrual, factor, notional = np.broadcast_arrays(unit, accruals, discount_factors, notionals)
    return np.asarray(unit * accrual * factor * notional)


def limit_values(
    forwards: ArrayLike,
    lower: ArrayLike,
    upper: ArrayLike,
    volatility: ArrayLike,
    fixing_times: ArrayLike,
    accruals: ArrayLike,
    discount_factors: ArrayLike,
    notionals: ArrayLike = 1.0,
    *,
    kind: VolatilityKind = "normal",
    shift: ArrayLike = 0.0,
) -> FloatArray:
    """Time value of limits embedded in a rate, to who receives the rate: floors add to it, caps take from it.

    Cash flows carry limits at their intrinsic value, so only value less intrinsic is here.

    Parameters
    ----------
    lower, upper : limits on the index (customer limit less spread), -inf and inf where there is none.

    Returns
    -------
    Values with the shape of `forwards`.
    """
    total = np.zeros(np.broadcast_shapes(np.shape(forwards), np.shape(discount_factors)))
    for limit, cap, sign in ((lower, False, 1.0), (upper, True, -1.0)):
        level = np.asarray(limit, dtype=np.float64)
        held = np.isfinite(level)
        if not held.any():
            continue
        # Rates without this limit are priced at a forward and strike of 1, which every model can, and left out.
        rate, strike = np.where(held, np.asarray(forwards, dtype=np.float64), 1.0), np.where(held, level, 1.0)
        vol = np.where(held, np.asarray(volatility, dtype=np.float64), 0.0)
        priced = strip_values(
            rate, strike, vol, fixing_times, accruals, discount_factors, notionals, kind=kind, cap=cap, shift=shift
        )
        gain = rate - strike
        intrinsic = np.maximum(gain if cap else -gain, 0.0)
        paid = np.asarray(accruals, dtype=np.float64) * np.asarray(discount_factors) * np.asarray(notionals)
        total = total + sign * np.where(held, priced - intrinsic * paid, 0.0)
    return np.asarray(total)


def volatility_factor() -> float:
    """What implied volatilities are multiplied by in the add-on for automatic options (25% more)."""
    return float(parameters("options")["add_on"]["volatility_factor"])
