"""Option positions and embedded limits of a book under every scenario, at implied volatility and with the stress on it.

Periods of a cap or floor count back from maturity by `payment_months` (else `reset_months`); a period that begins on or
before as-of is fixed and counts at its intrinsic value on the row's `rate`, or not at all where the row has none. A
swaption is on a swap from `start_date` (else expiry) to maturity. Limits of floating cash positions are valued on the
contractual balance at each reset, and only for their time value: cash flows already carry them at intrinsic value.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np

from behavior.engine.calendars import day_in_month, next_resets, payment_day
from behavior.engine.contractual_share import contractual_share
from behavior.engine.options import (
    VolatilityKind,
    limit_values,
    strip_values,
    swaption_value,
    volatility_factor,
)
from behavior.engine.positions import CAP, CASH, FLOOR, SWAPTION, Book
from behavior.engine.swaps import annuity, floating_leg_value, par_rate
from behavior.errors import ContractFault, Fault, MarketDataError
from behavior.market.contracts import DISCOUNT
from behavior.market.scenarios import ScenarioCurves
from behavior.market.volatilities import VolatilitySet
from behavior.months import (
    DAYS_PER_YEAR,
    DateLike,
    as_days,
    month_number,
    months_between,
    payment_dates,
    payments_left,
    roll_months,
    year_fraction,
)
from behavior.quantities import MONTHS_PER_YEAR, AnyArray, BoolArray, DateArray, FloatArray, IntArray

FLOATING = "floating"


@dataclass(frozen=True, eq=False)
class OptionValues:
    """Values to the holder (of a limit: to who receives the rate), in the row's currency.

    Parameters
    ----------
    rows : number of the book's row, shape (options,).
    value : at implied volatility, shape (scenarios, options).
    stressed : at implied volatility x 1.25 (BCBS d368; EU 2024/857, Article 13), same shape.
    """

    rows: IntArray
    value: FloatArray
    stressed: FloatArray

    def of_rows(self, rows: IntArray) -> OptionValues:
        """The same values, where the book was made of these rows of another."""
        return OptionValues(np.asarray(rows)[self.rows], self.value, self.stressed)

    def joined(self, other: OptionValues) -> OptionValues:
        """Both sets of options."""
        return OptionValues(
            np.concatenate([self.rows, other.rows]),
            np.concatenate([self.value, other.value], axis=1),
            np.concatenate([self.stressed, other.stressed], axis=1),
        )


@dataclass(frozen=True)
class _Volatility:
    """Volatility of one option or strip: the row's own, or read from the surface of its index."""

    kind: VolatilityKind
    shift: float
    values: FloatArray


@dataclass(frozen=True, eq=False)
class _Periods:
    """Accrual periods of several rows, flat: `row` is the place of each period's option in the chosen rows.

    stop : where a period would end that no maturity cuts short.
    """

    row: IntArray
    start: DateArray
    end: DateArray
    stop: DateArray


def _spans(start: DateArray, end: DateArray, months: int, day_count: str) -> FloatArray:
    """Accruals of regular periods: months / 12 under 30/360, days under the ACT counts."""
    if day_count.startswith("30"):
        return np.full(start.shape, months / MONTHS_PER_YEAR)
    return year_fraction(start, end, day_count)


def _back_from_maturity(as_of: DateArray, maturity: DateArray, step: IntArray) -> _Periods:
    """Periods that end after as-of, counting back from maturity."""
    count = payments_left(as_of, maturity, step)
    row = np.repeat(np.arange(len(count)), count)
    back = np.concatenate([np.arange(number) for number in count]) if len(count) else np.zeros(0, dtype=np.int64)
    end = roll_months(maturity[row], -back.astype(np.int64) * step[row])
    start = roll_months(maturity[row], -(back.astype(np.int64) + 1) * step[row])
    return _Periods(row.astype(np.int64), start, end, end)


def _groups(book: Book, chosen: IntArray) -> Iterator[tuple[str, str, int, str, IntArray]]:
    """Rows that share currency, index, reset period and day count, which share forwards and volatilities."""
    if not len(chosen):
        return
    columns: list[AnyArray] = [
        np.asarray(book.words("currency")).astype(str)[chosen],
        np.asarray(book.words("index")).astype(str)[chosen],
        _period_months(book)[chosen].astype(str),
        np.asarray(book.words("day_count", "30/360")).astype(str)[chosen],
    ]
    keys = np.stack([column.astype("U32") for column in columns], axis=1)
    for key in np.unique(keys, axis=0):
        currency, index, months, day_count = (str(part) for part in key)
        yield currency, index, int(months), day_count, chosen[(keys == key).all(axis=1)]


def _period_months(book: Book) -> IntArray:
    """Months of an option's periods: `payment_months`, where that is empty or 0 `reset_months`."""
    paid, reset = book.whole("payment_months"), book.whole("reset_months")
    limited = book.instrument == CASH
    return np.asarray(np.where((paid > 0) & ~limited, paid, reset), dtype=np.int64)


def _require(book: Book, rows: BoolArray, columns: Sequence[str]) -> list[Fault]:
    """Faults of option rows that lack a term."""
    faults: list[Fault] = []
    for name in columns:
        dates = name.endswith("_date")
        empty = np.isnat(book.dates(name)) if dates else np.isnan(book.numbers(name))
        faults += book.faults(rows & empty, name, "an option needs it")
    return faults


def option_faults(book: Book, as_of: DateLike) -> list[Fault]:
    """What option rows lack to be valued: strike, maturity, expiry, index, a period, dates ahead in their order."""
    strips = (book.instrument == CAP) | (book.instrument == FLOOR)
    swaptions = book.instrument == SWAPTION
    if not (strips | swaptions).any():
        return []
    faults = _require(book, strips | swaptions, ("strike", "maturity_date"))
    faults += _require(book, swaptions, ("expiry_date",))
    named = np.asarray(book.words("index")).astype(str) != ""
    faults += book.faults((strips | swaptions) & ~named, "index", "an option needs the index that it is on")
    idle = (strips | swaptions) & (_period_months(book) <= 0)
    faults += book.faults(
        idle, "payment_months", "an option needs the months of its periods, in payment_months or reset_months"
    )
    kinds = np.asarray(book.words("option_type")).astype(str)
    wrong = swaptions & ~np.isin(kinds, ("payer", "receiver"))
    faults += book.faults(wrong, "option_type", "expected payer or receiver")
    return faults + _past_faults(book, strips | swaptions, as_of) + _swaption_order_faults(book, swaptions)


def _past_faults(book: Book, rows: BoolArray, as_of: DateLike) -> list[Fault]:
    """Options that are over, as a cash position that has matured: what came of one is a position of its own."""
    now = as_days(as_of)
    rule = f"expected a date after the as-of date {now}"
    over = rows & (book.dates("maturity_date") <= now)
    expired = rows & ~over & (book.instrument == SWAPTION) & (book.dates("expiry_date") <= now)
    return [
        *book.faults(over, "maturity_date", rule, "It has matured: leave it out"),
        *book.faults(
            expired, "expiry_date", rule, "It has expired: leave it out, and give the legs of the swap if exercised"
        ),
    ]


def _swaption_order_faults(book: Book, rows: BoolArray) -> list[Fault]:
    """Swaptions whose swap ends before it can begin, or begins before they expire."""
    expiry, begin, maturity = (book.dates(name) for name in ("expiry_date", "start_date", "maturity_date"))
    early = rows & (begin < expiry)
    return [
        *book.faults(rows & (maturity <= expiry), "maturity_date", "must be after `expiry_date`"),
        *book.faults(rows & (maturity > expiry) & (maturity <= begin), "maturity_date", "must be after `start_date`"),
        *book.faults(early, "start_date", "must not be before `expiry_date`"),
    ]


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
    parts = [_empty(curves)]
    strips = np.flatnonzero((book.instrument == CAP) | (book.instrument == FLOOR))
    for currency, index, months, day_count, rows in _groups(book, strips):
        with _of(currency, index):
            parts.append(_value_strips(book, curves, vols, currency, index, months, day_count, rows))
    for row in np.flatnonzero(book.instrument == SWAPTION):
        with _of(str(book.words("currency")[row]), str(book.words("index")[row])):
            parts.append(_value_swaption(book, curves, vols, int(row)))
    return _join(parts)


@contextmanager
def _of(currency: str, index: str) -> Iterator[None]:
    """Say whose options an error is about, where it does not say so itself."""
    try:
        yield
    except MarketDataError as error:
        if index in str(error):
            raise
        raise MarketDataError(f"options on {currency} `{index}`: {error}") from error


def _empty(curves: ScenarioCurves) -> OptionValues:
    nothing = np.zeros((len(curves), 0))
    return OptionValues(np.zeros(0, dtype=np.int64), nothing, nothing)


def _join(parts: Sequence[OptionValues]) -> OptionValues:
    found = parts[0]
    for part in parts[1:]:
        found = found.joined(part)
    return found


def _sum_by_option(values: FloatArray, option: IntArray, count: int) -> FloatArray:
    found = np.zeros((values.shape[0], count))
    np.add.at(found.T, option, values.T)
    return found


def _volatility(
    book: Book,
    vols: VolatilitySet | None,
    currency: str,
    index: str,
    rows: IntArray,
    expiry: FloatArray,
    tenor: FloatArray,
    strike: FloatArray,
) -> _Volatility:
    """Volatility of each period; `rows`, `expiry`, `tenor` and `strike` have its shape."""
    own = book.numbers("volatility")[rows]
    surface = None if vols is None else vols.surfaces.get((currency, index))
    if surface is None:
        if np.isnan(own).any():
            if vols is not None:
                vols.of(currency, index)
            raise MarketDataError(
                f"volatilities: none for {currency} `{index}`. Supply vols/1 (--vols) or a `volatility` in each row."
            )
        return _Volatility("normal", 0.0, own)
    read = surface.at(np.maximum(expiry, 0.0), tenor, strike)
    kind: VolatilityKind = "normal" if surface.kind == "normal" else "lognormal"
    return _Volatility(kind, surface.shift, np.asarray(np.where(np.isnan(own), read, own)))


def _above_zero(curves: ScenarioCurves, vol: _Volatility, forward: FloatArray) -> None:
    """Refuse forwards that a lognormal volatility cannot price, by scenario; forward : (scenarios, ...)."""
    if vol.kind == "normal" or not forward.size:
        return
    lowest = (forward + vol.shift).reshape(len(curves), -1).min(axis=1)
    if (lowest <= 0).any():
        names = ", ".join(f"{name} ({low:.6f})" for name, low in zip(curves.names, lowest, strict=True) if low <= 0)
        raise MarketDataError(
            f"lognormal volatility: the lowest forward plus shift is not above zero under {names}. Supply normal "
            f"volatilities, or a shift larger by at least {-float(lowest.min()):.6f}."
        )


def _value_strips(
    book: Book,
    curves: ScenarioCurves,
    vols: VolatilitySet | None,
    currency: str,
    index: str,
    months: int,
    day_count: str,
    rows: IntArray,
) -> OptionValues:
    as_of, time = as_days(curves.curves.as_of), curves.curves.times_of
    periods = _back_from_maturity(as_of, book.dates("maturity_date")[rows], np.full(len(rows), months))
    begins, rate = book.dates("start_date")[rows], book.numbers("rate")[rows]
    fixed = periods.start <= as_of
    opens = begins[periods.row]
    kept = np.isnat(opens) | (periods.start >= opens)
    kept = kept & ~(fixed & np.isnan(rate)[periods.row])
    option, start, end = periods.row[kept], periods.start[kept], periods.end[kept]
    fixed, place = fixed[kept], rows[option]
    accrual = _spans(start, end, months, day_count)
    begin = np.maximum(time(start), 0.0)
    ahead = curves.simple_forward(currency, index, begin, time(roll_months(start, months)), accrual)
    forward = np.where(fixed, rate[option], ahead)
    factor = curves.discount_factor(currency, DISCOUNT, time(end))
    strike, notional = book.numbers("strike")[place], book.numbers("balance")[place]
    fixing = np.where(fixed, 0.0, time(start))
    tenor = np.full(len(option), months / MONTHS_PER_YEAR)
    vol = _volatility(book, vols, currency, index, place, fixing, tenor, strike)
    _above_zero(curves, vol, forward)
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
        found.append(_sum_by_option(np.where(is_cap, cap, floor), option, len(rows)))
    return OptionValues(rows, found[0], found[1])


def _value_swaption(book: Book, curves: ScenarioCurves, vols: VolatilitySet | None, row: int) -> OptionValues:
    time = curves.curves.times_of
    currency, index = str(book.words("currency")[row]), str(book.words("index")[row])
    day_count = str(book.words("day_count", "30/360")[row])
    expiry, maturity = book.dates("expiry_date")[row], book.dates("maturity_date")[row]
    begin = book.dates("start_date")[row]
    begin = expiry if np.isnat(begin) else begin
    fixed_months = int(_period_months(book)[row])
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
    vol = _volatility(book, vols, currency, index, where, np.asarray([at]), np.asarray([tenor]), np.asarray([strike]))
    _above_zero(curves, vol, par)
    payer = str(book.words("option_type")[row]) == "payer"
    plain, stressed = (
        swaption_value(
            par, strike, stress * float(vol.values[0]), at, unit, notional, kind=vol.kind, payer=payer, shift=vol.shift
        )[:, None]
        for stress in (1.0, volatility_factor())
    )
    return OptionValues(where, plain, stressed)


def _years_of(begin: DateArray, maturity: DateArray) -> float:
    """Length of a swap as surfaces count it: whole months / 12, and the days that are left / 365."""
    months = months_between(begin, maturity)
    left = maturity - np.minimum(roll_months(begin, months), maturity)
    return float(months / MONTHS_PER_YEAR + left.astype(np.float64) / DAYS_PER_YEAR)


def _leg_periods(begin: DateArray, maturity: DateArray, months: int, day_count: str) -> tuple[DateArray, FloatArray]:
    """Payment dates of a swap leg and the accruals of its periods; a first period that is shorter accrues by days."""
    end = payment_dates(begin, maturity, months)
    start = np.concatenate([[begin], end[:-1]]).astype("datetime64[D]")
    span = _spans(start, end, months, day_count)
    whole = roll_months(maturity, -months * len(end)) == begin
    if not bool(whole):
        span[0] = float(year_fraction(start[0], end[0], day_count))
    return end, span


# Limits of floating cash positions ----------------------------------------------------------------------------------


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
        np.flatnonzero(limited & alive & (_period_months(book) > 0)) if limited.any() else np.zeros(0, dtype=np.int64)
    )
    parts = [_empty(curves)]
    for currency, index, months, day_count, rows in _groups(book, chosen):
        with _of(currency, index):
            parts.append(_value_limits(book, curves, vols, currency, index, months, day_count, rows))
    return _join(parts)


def _resets(book: Book, as_of: DateArray, rows: IntArray, months: int) -> _Periods:
    """Periods between the resets of floating rows after as-of, the last one ending at maturity."""
    maturity, first = book.dates("maturity_date")[rows], book.dates("next_reset_date")[rows]
    # Without a date the next reset is the first on the grid that counts back from maturity.
    left = payments_left(as_of, maturity, months)
    first = np.where(np.isnat(first), roll_months(maturity, -(left - 1) * months), first)
    first, day = next_resets(as_of, first, maturity, months, payment_day(maturity))
    month = month_number(first)
    span = month_number(maturity) - month
    count = np.maximum(np.where(first < maturity, -(-span // months), 0), 0)
    count = count + ((first < maturity) & (day_in_month(month + count * months, day) < maturity))
    row = np.repeat(np.arange(len(rows)), count)
    step = np.concatenate([np.arange(number) for number in count]) if len(rows) else np.zeros(0)
    at = month[row] + step.astype(np.int64) * months
    start, stop = day_in_month(at, day[row]), day_in_month(at + months, day[row])
    return _Periods(row.astype(np.int64), start, np.minimum(stop, maturity[row]), stop)


def _value_limits(
    book: Book,
    curves: ScenarioCurves,
    vols: VolatilitySet | None,
    currency: str,
    index: str,
    months: int,
    day_count: str,
    rows: IntArray,
) -> OptionValues:
    as_of, time = as_days(curves.curves.as_of), curves.curves.times_of
    periods = _resets(book, as_of, rows, months)
    place = rows[periods.row]
    forward = curves.simple_forward(
        currency,
        index,
        time(periods.start),
        time(periods.stop),
        _spans(periods.start, periods.stop, months, day_count),
    )
    whole = periods.end == periods.stop
    accrual = np.where(
        whole,
        _spans(periods.start, periods.end, months, day_count),
        year_fraction(periods.start, periods.end, day_count),
    )
    factor = curves.discount_factor(currency, DISCOUNT, time(periods.end))
    notional = book.numbers("balance")[place] * contractual_share(book, place, periods.start, as_of)
    spread = book.numbers("spread", 0.0)[place]
    lower, upper = book.numbers("floor", -np.inf)[place] - spread, book.numbers("cap", np.inf)[place] - spread
    fixing, tenor = time(periods.start), np.full(len(place), months / MONTHS_PER_YEAR)
    found = []
    for stress in (1.0, volatility_factor()):
        total = np.zeros((len(curves), len(place)))
        # Each limit reads the volatility of its own strike.
        for floor, cap, strike in (
            (lower, np.full(len(place), np.inf), lower),
            (np.full(len(place), -np.inf), upper, upper),
        ):
            read = np.where(np.isfinite(strike), strike, 0.0)
            vol = _volatility(book, vols, currency, index, place, fixing, tenor, read)
            _above_zero(curves, vol, forward)
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
        found.append(_sum_by_option(total, periods.row, len(rows)))
    return OptionValues(rows, found[0], found[1])
