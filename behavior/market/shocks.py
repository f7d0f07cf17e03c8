"""Prescribed shocks by framework and currency, and the calibration of shocks for currencies without a published size.

BCBS d368 (April 2016) and d578 (July 2024), Commission Delegated Regulation (EU) 2024/856, US parallel shocks. Sizes,
weights, sources and dates are in ``market/parameters``; nothing of them stands in a function.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from behavior.errors import MarketDataError
from behavior.market.regulation import Parameters, Provenance, parameters
from behavior.market.shifts import BASIS_POINT, Shift
from behavior.quantities import FloatArray

SIX_SHOCK_FRAMEWORKS = ("bcbs_2016", "bcbs_2024", "eu_2024_856")
US_FRAMEWORKS = ("us_parallel", "us_ramps", "us_shapes")
FRAMEWORKS = (*SIX_SHOCK_FRAMEWORKS, *US_FRAMEWORKS)


@dataclass(frozen=True)
class ShockSizes:
    """Sizes of one currency.

    Parameters
    ----------
    currency : what they are for.
    parallel_bp, short_bp, long_bp : basis points, positive.
    listed : False where the currency has no published size and the rule for such currencies was used.
    provenance : where the numbers come from.
    """

    currency: str
    parallel_bp: float
    short_bp: float
    long_bp: float
    listed: bool
    provenance: Provenance


def shock_sizes(framework: str, currency: str) -> ShockSizes:
    """Shock sizes of a currency under ``bcbs_2016``, ``bcbs_2024`` or ``eu_2024_856``.

    Raises
    ------
    MarketDataError : the framework has no sizes by currency.
    """
    if framework not in SIX_SHOCK_FRAMEWORKS:
        raise MarketDataError(f"framework: found {framework!r}, expected one of {', '.join(SIX_SHOCK_FRAMEWORKS)}.")
    content = parameters(framework)
    listed = content["sizes_bp"].values
    table = content["sizes_bp"] if currency in listed else content["unlisted"]
    parallel, short, long = listed[currency] if currency in listed else content["unlisted"]["sizes_bp"]
    return ShockSizes(currency, parallel, short, long, currency in listed, table.provenance)


def six_shifts(sizes: ShockSizes, formulas: Parameters) -> dict[str, Shift]:
    """The six scenarios of one currency: S_short = R_s e^(-t/4), S_long = R_l (1 - e^(-t/4)), t in years.

    parallel ±R_p, steepener -0.65 |S_short| + 0.90 |S_long|, flattener 0.80 |S_short| - 0.60 |S_long|, short ±S_short.

    Parameters
    ----------
    sizes : the currency's sizes.
    formulas : parameters whose table ``scenarios`` holds the weights and the decay.
    """
    table = formulas["scenarios"].values
    return {
        name: Shift(
            parallel=weights.get("parallel", 0.0) * sizes.parallel_bp * BASIS_POINT,
            short=weights.get("short", 0.0) * sizes.short_bp * BASIS_POINT,
            long=weights.get("long", 0.0) * sizes.long_bp * BASIS_POINT,
            decay_years=table["decay_years"],
        )
        for name, weights in table.items()
        if isinstance(weights, Mapping)
    }


def unlisted_warning(framework: str, currencies: Iterable[str]) -> str | None:
    """A sentence on the currencies without a published size, or None where all are listed."""
    unlisted = sorted({currency for currency in currencies if not shock_sizes(framework, currency).listed})
    if not unlisted:
        return None
    sizes = shock_sizes(framework, unlisted[0])
    return (
        f"{framework} lists no shocks for {', '.join(unlisted)}: {sizes.parallel_bp}/{sizes.short_bp}/{sizes.long_bp} "
        f"bp (parallel/short/long) used ({sizes.provenance.source}). Calibrate sizes from the currency's own rates."
    )


def out_of_force_warning(framework: str, day: dt.date) -> str | None:
    """A sentence where the numbers of a framework do not hold on a day, or None where they do, or are the user's."""
    if framework not in SIX_SHOCK_FRAMEWORKS:
        return None
    origin = parameters(framework).provenance
    if origin.holds_on(day):
        return None
    until = "" if origin.effective_to is None else f" to {origin.effective_to}"
    return f"The shocks of {framework} hold from {origin.effective_from}{until} ({origin.source}), not on {day}."


def round_half_up(values: ArrayLike, step: float) -> FloatArray:
    """Values rounded to multiples of `step`, halves up, same shape.

    A margin of 1e-9 steps keeps 225 from falling to 200 because it was computed as 224.99999999999997.
    """
    return np.asarray(np.floor(np.asarray(values, dtype=np.float64) / step + 0.5 + 1e-9) * step)


def bounded_sizes(raw_bp: Sequence[float], framework: str) -> tuple[float, float, float]:
    """Floor, cap and rounding of calibrated sizes (parallel, short, long), basis points.

    Rounded to 50 bp (d368, EU) or 25 bp (d578), not below 100, not above 400, 500 and 300.
    """
    rules = parameters(framework)["calibration"].values
    rounded = round_half_up(raw_bp, rules["rounding_bp"])
    bounded = np.clip(rounded, rules["floor_bp"], rules["caps_bp"])
    return float(bounded[0]), float(bounded[1]), float(bounded[2])


def calibrate_shocks(daily_rates: ArrayLike, framework: str = "bcbs_2016") -> tuple[float, float, float]:
    """Shock sizes (parallel, short, long), basis points, of a currency from its own risk-free rates.

    The mean over days and tenors times the global factors 60%, 85% and 40%, then floor, caps and rounding.

    Parameters
    ----------
    daily_rates : shape (days, tenors), decimals a year, tenors 3 months to 20 years; NaN where not quoted.
    framework : ``bcbs_2016`` or ``eu_2024_856``. ``bcbs_2024`` replaced the global factors by a method whose averaging
        over tenors is not public enough to reproduce; only its bounds are offered (`bounded_sizes`).

    Raises
    ------
    MarketDataError : no rates, or a framework without global factors.

    Source: BCBS d368, Annex 2; Commission Delegated Regulation (EU) 2024/856, Annex, Part B.
    """
    rules = parameters(framework)["calibration"].values
    if "factors" not in rules:
        raise MarketDataError(
            f"calibration: {framework} has no global factors ({rules['note']}). Use bcbs_2016 or eu_2024_856."
        )
    rates = np.asarray(daily_rates, dtype=np.float64)
    if not np.isfinite(rates).any():
        raise MarketDataError("calibration: no daily rate given. Supply rates of tenors 3 months to 20 years by day.")
    average_bp = float(np.nanmean(rates)) / BASIS_POINT
    return bounded_sizes([average_bp * factor for factor in rules["factors"]], framework)
