"""Readings of the contracts that every figure rests on and that no option changes, in words for ``result.json``."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

READINGS: Mapping[str, str] = MappingProxyType(
    {
        "month": "month k ends k months after as-of, on a month end when as-of is one; tables name it by that date",
        "payment_days": "counted back from maturity, not adjusted for holidays; month ends from a month end, else the "
        "day, clipped to short months; flows on as-of are past",
        "compounding": "zero rates are continuous",
        "shock": "taken at each flow's time and floored on the currency's discount curve, then added to all its curves",
        "lookup": "multilinear in month and drivers, clamped at the grid's ends; the share clamped is in coverage",
        "drivers": "incentive = customer rate - mortgage rate of the lag before; spread = short rate - rate paid at "
        "the month's start; months in the money count those before",
        "option_add_on": "volatility of a shocked scenario x 1.25; surfaces bilinear in expiry and tenor, flat outside",
        "interest_only": "until amortization_start_date; the first level payment falls a period later",
        "renewal_margin": "customer rate less the zero rate of the original term on the last given curve on or before "
        "origination, however old, else less today's; floating positions at their spread",
        "deposit_payment_days": "non-maturity deposits pay at the end of each month after as-of",
        "income": "a period's interest is spread over its days by cumulative day count from the period's start",
        "first_period": "a full coupon from the payment date before as-of, also where origination is later",
        "reset_on_as_of": "past: the row's rate holds until the following reset",
        "rate_level": "simple forward over the month on days / 365",
        "remaining_fixation": "from the month's start to the day of the next reset or maturity, less today's base zero "
        "rate for as many days",
        "pass_through_delays": "each direction sees the target of its own delay; with unequal delays both may act",
        "deposit_floor": "binds the rate paid; a rate already below the floor is not lifted to it",
        "season": "factor of the calendar month of the event",
        "overnight": "principal on the day after as-of, without interest",
        "renewal_rate": "forward zero rate of the term plus margin, used as the customer rate without conversion",
        "renewed_floaters": "reset anew every reset_months from the day of renewal, within cap and floor; the periodic "
        "cap does not bind them",
        "origination": "age and original term count from as-of where origination_date is empty",
        "gap": "principal by repricing date: floating balances at their first reset, options left out",
        "total": "delta_eve and delta_eve_after_options are aggregated each on its own; option_add_on is summed",
        "percentages": "delta_eve_pct_base is delta_eve over base; delta_eve_pct_tier1 is after options",
        "limits": "the periodic cap binds before cap and floor",
        "day_count": "30/360 where a row names none; regular periods under 30/360 accrue months / 12",
    }
)
