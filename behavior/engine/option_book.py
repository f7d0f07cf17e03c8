"""Option positions of a book under every scenario, at implied volatility and with the stress on it.

Periods of a cap or floor count back from maturity by `payment_months` (else `reset_months`); a period that begins on or
before as-of is fixed and counts at its intrinsic value on the row's `rate`, or not at all where the row has none. A
swaption is on a swap from `start_date` (else expiry) to maturity.
"""

from __future__ import annotations

import numpy as np

from behavior.engine.option_faults import option_faults
from behavior.engine.option_periods import Alike, alike, back_from_maturity, period_months, spans
from behavior.engine.option_values import (
    OptionValues,
    joined,
    no_options,
    refuse_negative,
    sum_by_option,
    told_of,
    volatility_of,
)
from behavior.engine.options import option_value, strip_values, volatility_factor
from behavior.engine.positions import CAP, FLOOR, SWAPTION, Book
from behavior.engine.swaps import annuity, floating_leg_value, par_rate
from behavior.errors import ContractFault
from behavior.market.contracts import DISCOUNT
from behavior.market.scenarios import ScenarioCurves
from behavior.market.volatilities import VolatilitySet
from behavior.months import DAYS_PER_YEAR, as_days, months_between, payment_dates, roll_months, year_fraction
from behavior.quantities import MONTHS_PER_YEAR, DateArray, FloatArray


def value_options(book: Book, curves: ScenarioCurves, vols: VolatilitySet | None) -> OptionValues:
    """Caps, floors and swaptions of a book.

    Parameters
    ----------
    vols : surfaces; None where every option row has its own `volatility`.

    Raises
    ------
    ContractFault : listing the option rows that lack a term or are over.
    MarketDataError : a curve or volatility is missing, or a lognormal one meets a negative forward.
    """
    faults = option_faults(book, curves.curves.as_of)
    if faults:
        raise ContractFault(faults)
    parts = [no_options(curves)]
    strips = np.flatnonzero((book.instrument == CAP) | (book.instrument == FLOOR))
    for some in alike(book, strips):
        with told_of(some.currency, some.index):
            parts.append(_value_strips(book, curves, vols, some))
    for row in np.flatnonzero(book.instrument == SWAPTION):
        with told_of(str(book.words("currency")[row]), str(book.words("index")[row])):
            parts.append(_value_swaption(book, curves, vols, int(row)))
    return joined(parts)


def _value_strips(book: Book, curves: ScenarioCurves, vols: VolatilitySet | None, some: Alike) -> OptionValues:
    as_of, time = as_days(curves.curves.as_of), curves.curves.times_of
    currency, index, rows = some.currency, some.index, some.rows
    periods = back_from_maturity(as_of, book.dates("maturity_date")[rows], np.full(len(rows), some.months))
    begins, rate = book.dates("start_date")[rows], book.numbers("rate")[rows]
    fixed = periods.start <= as_of
    opens = begins[periods.row]
    kept = np.isnat(opens) | (periods.start >= opens)
    kept = kept & ~(fixed & np.isnan(rate)[periods.row])
    option, start, end = periods.row[kept], periods.start[kept], periods.end[kept]
    fixed, place = fixed[kept], rows[option]
    accrual = some.spans(start, end)
    begin = np.maximum(time(start), 0.0)
    ahead = curves.simple_forward(currency, index, begin, time(roll_months(start, some.months)), accrual)
    forward = np.where(fixed, rate[option], ahead)
    factor = curves.discount_factor(currency, DISCOUNT, time(end))
    strike, notional = book.numbers("strike")[place], book.numbers("balance")[place]
    fixing = np.where(fixed, 0.0, time(start))
    tenor = np.full(len(option), some.months / MONTHS_PER_YEAR)
    vol = volatility_of(book, vols, currency, index, place, fixing, tenor, strike)
    refuse_negative(curves, vol, forward)
    is_cap = book.instrument[place] == CAP
    found = []
    for stress in (1.0, volatility_factor()):
        cap, floor = (
            strip_values(
                forward,
                strike,
                stress * vol.values,
                fixing,
                accrual,
                factor,
                notional,
                kind=vol.kind,
                cap=side,
                shift=vol.shift,
            )
            for side in (True, False)
        )
        found.append(sum_by_option(np.where(is_cap, cap, floor), option, len(rows)))
    return OptionValues(rows, found[0], found[1])


def _value_swaption(book: Book, curves: ScenarioCurves, vols: VolatilitySet | None, row: int) -> OptionValues:
    time = curves.curves.times_of
    currency, index = str(book.words("currency")[row]), str(book.words("index")[row])
    day_count = str(book.words("day_count", "30/360")[row])
    expiry, maturity = book.dates("expiry_date")[row], book.dates("maturity_date")[row]
    begin = book.dates("start_date")[row]
    begin = expiry if np.isnat(begin) else begin
    fixed_months = int(period_months(book)[row])
    float_months = int(book.whole("reset_months")[row]) or fixed_months
    fixed_end, fixed_span = _leg_periods(begin, maturity, fixed_months, day_count)
    float_end, float_span = _leg_periods(begin, maturity, float_months, day_count)
    float_start = np.concatenate([[begin], float_end[:-1]])
    forward = curves.simple_forward(currency, index, time(float_start), time(float_end), float_span)
    unit = annuity(fixed_span, curves.discount_factor(currency, DISCOUNT, time(fixed_end)))
    floating = floating_leg_value(forward, float_span, curves.discount_factor(currency, DISCOUNT, time(float_end)))
    par = par_rate(floating, unit)
    strike, notional = float(book.numbers("strike")[row]), float(book.numbers("balance")[row])
    at, tenor = float(time(expiry)), _years_of(begin, maturity)
    where = np.asarray([row])
    vol = volatility_of(book, vols, currency, index, where, np.asarray([at]), np.asarray([tenor]), np.asarray([strike]))
    refuse_negative(curves, vol, par)
    payer = str(book.words("option_type")[row]) == "payer"
    plain, stressed = (
        option_value(par, strike, stress * float(vol.values[0]), at, kind=vol.kind, call=payer, shift=vol.shift)
        for stress in (1.0, volatility_factor())
    )
    return OptionValues(where, (plain * unit * notional)[:, None], (stressed * unit * notional)[:, None])


def _years_of(begin: DateArray, maturity: DateArray) -> float:
    """Length of a swap as surfaces count it: whole months / 12, and the days that are left / 365."""
    months = months_between(begin, maturity)
    left = maturity - np.minimum(roll_months(begin, months), maturity)
    return float(months / MONTHS_PER_YEAR + left.astype(np.float64) / DAYS_PER_YEAR)


def _leg_periods(begin: DateArray, maturity: DateArray, months: int, day_count: str) -> tuple[DateArray, FloatArray]:
    """Payment dates of a swap leg and the accruals of its periods; a first period that is shorter accrues by days."""
    end = payment_dates(begin, maturity, months)
    start = np.concatenate([[begin], end[:-1]]).astype("datetime64[D]")
    span = spans(start, end, months, day_count)
    whole = roll_months(maturity, -months * len(end)) == begin
    if not bool(whole):
        span[0] = float(year_fraction(start[0], end[0], day_count))
    return end, span
