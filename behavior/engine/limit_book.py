"""Caps and floors on the customer rate of floating cash positions, for their time value.

They are valued on the contractual balance at each reset; cash flows already carry them at intrinsic value.
"""

from __future__ import annotations

import numpy as np

from behavior.engine.contractual_share import contractual_share
from behavior.engine.option_periods import Alike, alike, between_resets, period_months
from behavior.engine.option_values import (
    OptionValues,
    joined,
    no_options,
    refuse_negative,
    sum_by_option,
    told_of,
    volatility_of,
)
from behavior.engine.options import limit_values, volatility_factor
from behavior.engine.positions import CASH, Book
from behavior.market.contracts import DISCOUNT
from behavior.market.scenarios import ScenarioCurves
from behavior.market.volatilities import VolatilitySet
from behavior.months import as_days, year_fraction
from behavior.quantities import MONTHS_PER_YEAR, BoolArray

FLOATING = "floating"


def limited_rows(book: Book) -> BoolArray:
    """Floating cash positions with a cap or a floor on the customer rate."""
    limited = np.isfinite(book.numbers("cap")) | np.isfinite(book.numbers("floor"))
    if not limited.any():
        return limited
    kinds = book.words("rate_type")
    named = np.asarray([str(kind) == FLOATING for kind in kinds.categories])
    return np.asarray(limited & named[kinds.codes] & (book.instrument == CASH))


def value_limits(book: Book, curves: ScenarioCurves, vols: VolatilitySet | None) -> OptionValues:
    """Time value of caps and floors on the customer rate of floating cash positions.

    A floor is held by who receives the rate and a cap by who pays it; the value is to who receives it. Balances are
    contractual, without behaviour; periodic limits have no option value here.

    Raises
    ------
    MarketDataError : a curve or volatility is missing, or a lognormal one meets a negative forward.
    """
    limited = limited_rows(book)
    alive = book.dates("maturity_date") > as_days(curves.curves.as_of)
    chosen = (
        np.flatnonzero(limited & alive & (period_months(book) > 0)) if limited.any() else np.zeros(0, dtype=np.int64)
    )
    parts = [no_options(curves)]
    for some in alike(book, chosen):
        with told_of(some.currency, some.index):
            parts.append(_value_limits(book, curves, vols, some))
    return joined(parts)


def _value_limits(book: Book, curves: ScenarioCurves, vols: VolatilitySet | None, some: Alike) -> OptionValues:
    as_of, time = as_days(curves.curves.as_of), curves.curves.times_of
    currency, index, rows = some.currency, some.index, some.rows
    periods = between_resets(book, as_of, rows, some.months)
    place = rows[periods.row]
    forward = curves.simple_forward(
        currency, index, time(periods.start), time(periods.stop), some.spans(periods.start, periods.stop)
    )
    whole = periods.end == periods.stop
    accrual = np.where(
        whole, some.spans(periods.start, periods.end), year_fraction(periods.start, periods.end, some.day_count)
    )
    factor = curves.discount_factor(currency, DISCOUNT, time(periods.end))
    notional = book.numbers("balance")[place] * contractual_share(book, place, periods.start, as_of)
    spread = book.numbers("spread", 0.0)[place]
    lower, upper = book.numbers("floor", -np.inf)[place] - spread, book.numbers("cap", np.inf)[place] - spread
    fixing, tenor = time(periods.start), np.full(len(place), some.months / MONTHS_PER_YEAR)
    found = []
    for stress in (1.0, volatility_factor()):
        total = np.zeros((len(curves), len(place)))
        # Each limit reads the volatility of its own strike.
        for floor, cap, strike in (
            (lower, np.full(len(place), np.inf), lower),
            (np.full(len(place), -np.inf), upper, upper),
        ):
            read = np.where(np.isfinite(strike), strike, 0.0)
            vol = volatility_of(book, vols, currency, index, place, fixing, tenor, read)
            refuse_negative(curves, vol, forward)
            total = total + limit_values(
                forward,
                floor,
                cap,
                stress * vol.values,
                fixing,
                accrual,
                factor,
                notional,
                kind=vol.kind,
                shift=vol.shift,
            )
        found.append(sum_by_option(total, periods.row, len(rows)))
    return OptionValues(rows, found[0], found[1])
