"""Zero curves: one per currency and index, and the set of them on one date.

Rates are decimals a year, zero rates continuously compounded. A curve is read at *times*, years from its as-of date, of
any shape.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Literal, get_args

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.interpolate import PchipInterpolator

from behavior.errors import Fault, MarketDataError
from behavior.market.contracts import DISCOUNT
from behavior.months import DAYS_PER_YEAR, DateLike, as_date, as_days, month_of, roll_months, tenor_days
from behavior.quantities import MONTHS_PER_YEAR, FloatArray

Interpolation = Literal["linear", "log_linear"]
DriverInterpolation = Literal["pchip", "linear", "log_linear"]
TimeConvention = Literal["exact", "month_grid"]


def tenor_times(as_of: DateLike, months: ArrayLike, time: TimeConvention = "exact") -> FloatArray:
    """Years to tenors in months: days / 365 to the date that many months on (`exact`) or k / 12 (`month_grid`)."""
    if time == "month_grid":
        return np.asarray(np.asarray(months, dtype=np.float64) / MONTHS_PER_YEAR)
    return tenor_days(as_of, months) / DAYS_PER_YEAR


def times_of(as_of: DateLike, dates: DateLike, time: TimeConvention = "exact") -> FloatArray:
    """Years to dates: days / 365 (`exact`), or k / 12 at k months after as-of (`month_grid`).

    On the month grid a date inside a month lies at the share of the month's days that have passed; a month's end is
    exactly k / 12.
    """
    days = as_days(dates)
    if time == "exact":
        return np.asarray((days - as_days(as_of)).astype(np.float64) / DAYS_PER_YEAR)
    number = month_of(as_of, days)
    low, high = roll_months(as_of, number - 1), roll_months(as_of, number)
    part = (high - days).astype(np.float64) / (high - low).astype(np.float64)
    return np.asarray((number - part) / MONTHS_PER_YEAR)


@dataclass(frozen=True, eq=False)
class RateCurve:
    """Zero rates of one currency and index by tenor.

    Parameters
    ----------
    as_of : the curve's date.
    currency, index : what the rates are of; ``discount`` is the index that discounts.
    months : rising tenors, months, shape (nodes,).
    zero_rates : continuously compounded, decimals a year, shape (nodes,).
    interpolation : ``linear`` in the zero rate or ``log_linear`` in the discount factor; the zero rate is flat outside.
    time : ``exact`` (days / 365 to the date of the tenor) or ``month_grid`` (k / 12).
    driver_interpolation : what behavioural drivers read: ``pchip`` through the same zero rates, or as `interpolation`.

    Raises
    ------
    MarketDataError : tenors that do not rise, numbers that are not finite, no node, or an unknown convention.
    """

    as_of: date
    currency: str
    index: str
    months: FloatArray
    zero_rates: FloatArray
    interpolation: Interpolation = "linear"
    time: TimeConvention = "exact"
    driver_interpolation: DriverInterpolation = "pchip"

    def __post_init__(self) -> None:
        months = np.array(self.months, dtype=np.float64).ravel()
        rates = np.array(self.zero_rates, dtype=np.float64).ravel()
        where = f"curve {self.currency} {self.index} of {self.as_of}"
        if months.size == 0 or months.shape != rates.shape:
            raise MarketDataError(
                f"{where}: {months.size} tenors and {rates.size} rates; expected as many, at least one."
            )
        if not (np.isfinite(months).all() and np.isfinite(rates).all()):
            raise MarketDataError(f"{where}: a tenor or rate is missing or not finite. Supply a number for every node.")
        if months[0] < 0 or (np.diff(months) <= 0).any():
            raise MarketDataError(f"{where}: tenors {months.tolist()} must be ≥ 0 months and rise without repeats.")
        if self.interpolation not in get_args(Interpolation):
            raise MarketDataError(f"{where}: interpolation {self.interpolation!r}, expected linear or log_linear.")
        if self.time not in get_args(TimeConvention):
            raise MarketDataError(f"{where}: time {self.time!r}, expected exact or month_grid.")
        if self.driver_interpolation not in get_args(DriverInterpolation):
            raise MarketDataError(
                f"{where}: driver interpolation {self.driver_interpolation!r}, expected pchip, linear or log_linear."
            )
        months.flags.writeable = rates.flags.writeable = False
        object.__setattr__(self, "months", months)
        object.__setattr__(self, "zero_rates", rates)

    @cached_property
    def times(self) -> FloatArray:
        """Years of the nodes, shape (nodes,)."""
        return tenor_times(self.as_of, self.months, self.time)

    def times_of(self, dates: DateLike) -> FloatArray:
        """Years from as-of to dates, in this curve's time convention."""
        return times_of(self.as_of, dates, self.time)

    def zero_rate(self, times: ArrayLike) -> FloatArray:
        """Zero rates at times in years, same shape."""
        return self._straight(np.asarray(times, dtype=np.float64), self.interpolation)

    def _straight(self, at: FloatArray, interpolation: str) -> FloatArray:
        if interpolation == "linear":
            return np.asarray(np.interp(at, self.times, self.zero_rates))
        inside = np.clip(at, self.times[0], self.times[-1])
        exponent = np.interp(inside, self.times, self.zero_rates * self.times)
        return np.asarray(np.where(inside > 0, exponent / np.where(inside > 0, inside, 1.0), self._rate_at_zero))

    @property
    def _rate_at_zero(self) -> float:
        """Limit of the log-linear zero rate at time 0: the first segment's forward when the first node is at 0."""
        if self.times[0] > 0 or self.times.size == 1:
            return float(self.zero_rates[0])
        return float(self.zero_rates[1])

    def discount_factor(self, times: ArrayLike) -> FloatArray:
        """exp(-z(t) t) at times in years, same shape."""
        at = np.asarray(times, dtype=np.float64)
        return np.asarray(np.exp(-self.zero_rate(at) * at))

    @cached_property
    def _monotone(self) -> PchipInterpolator | None:
        if self.times.size == 1:
            return None
        # Slopes of neighbouring rates that differ by next to nothing overflow on the way to the right answer, 0.
        with np.errstate(over="ignore"):
            return PchipInterpolator(self.times, self.zero_rates)

    def driver_zero(self, times: ArrayLike) -> FloatArray:
        """Zero rates on a monotone cubic (PCHIP) through the same nodes, flat outside: what behavioural drivers read.

        Linear zero rates give saw-tooth forwards, which a behaviour would answer to; `driver_interpolation` asks for
        them all the same.
        """
        if self.driver_interpolation != "pchip":
            return self._straight(np.asarray(times, dtype=np.float64), self.driver_interpolation)
        at = np.clip(np.asarray(times, dtype=np.float64), self.times[0], self.times[-1])
        if self._monotone is None:
            return np.full(at.shape, self.zero_rates[0])
        return np.asarray(self._monotone(at), dtype=np.float64)

    def forward_zero(self, start: ArrayLike, end: ArrayLike) -> FloatArray:
        """Continuous zero rate from `start` to `end` (years) on the driver view: (z(e) e - z(s) s) / (e - s).

        Where start = end it is the zero rate there. Shapes broadcast.
        """
        first, last = np.broadcast_arrays(np.asarray(start, dtype=np.float64), np.asarray(end, dtype=np.float64))
        span = last - first
        gain = self.driver_zero(last) * last - self.driver_zero(first) * first
        return np.asarray(np.where(span > 0, gain / np.where(span > 0, span, 1.0), self.driver_zero(last)))

    def simple_forward(self, start: ArrayLike, end: ArrayLike, accrual: ArrayLike) -> FloatArray:
        """Simple forward rate that cash flows use, `start` to `end` in years: (DF(start) / DF(end) - 1) / accrual."""
        ratio = self.discount_factor(start) / self.discount_factor(end)
        return np.asarray((ratio - 1.0) / np.asarray(accrual, dtype=np.float64))


@dataclass(frozen=True, eq=False)
class CurveSet:
    """All curves of one date.

    Parameters
    ----------
    as_of : date of every curve.
    curves : (currency, index) -> curve; each currency has one whose index is ``discount``.
    """

    as_of: date
    curves: Mapping[tuple[str, str], RateCurve]

    @classmethod
    def of(cls, curves: Iterable[RateCurve]) -> CurveSet:
        """A set from curves of one date.

        Raises
        ------
        MarketDataError : no curve, two dates, or the same currency and index twice.
        """
        found = list(curves)
        dates = {curve.as_of for curve in found}
        if len(dates) != 1:
            raise MarketDataError(f"curve set: curves of {len(dates)} dates {sorted(dates)}; expected one date.")
        by_key = {(curve.currency, curve.index): curve for curve in found}
        if len(by_key) != len(found):
            raise MarketDataError("curve set: a currency and index occurs twice; expected one curve for each.")
        return cls(found[0].as_of, by_key)

    @classmethod
    def from_table(
        cls,
        table: pd.DataFrame,
        as_of: DateLike | None = None,
        *,
        interpolation: Interpolation = "linear",
        time: TimeConvention = "exact",
        driver_interpolation: DriverInterpolation = "pchip",
    ) -> CurveSet:
        """The curves of one date from a curves/1 table (as_of, currency, index, months, zero_rate).

        Parameters
        ----------
        as_of : the date wanted; the table may hold earlier ones. None takes the latest.

        Raises
        ------
        MarketDataError : the table holds no curve of that date; the dates there are are named.
        """
        dates = as_days(table["as_of"])
        if dates.size == 0:
            raise MarketDataError("curves: the table is empty. Supply at least a `discount` curve.")
        wanted = dates.max() if as_of is None else as_days(as_of)
        rows = table[dates == wanted]
        if rows.empty:
            held = sorted({str(day) for day in np.unique(dates)})
            raise MarketDataError(
                f"curves: no curve as of {wanted}; the table holds {len(held)} dates from {held[0]} to {held[-1]}. "
                "Add the curves of the as-of date or change `as_of` in the settings."
            )
        day = as_date(wanted)
        curves = []
        for (currency, index), nodes in rows.groupby(["currency", "index"], sort=True):
            ordered = nodes.sort_values("months")
            months = ordered["months"].to_numpy(dtype=np.float64)
            rates = ordered["zero_rate"].to_numpy(dtype=np.float64)
            named = (day, str(currency), str(index), months, rates)
            curves.append(RateCurve(*named, interpolation, time, driver_interpolation))
        return cls.of(curves)

    @property
    def currencies(self) -> tuple[str, ...]:
        """Currencies with a curve, sorted."""
        return tuple(sorted({currency for currency, _ in self.curves}))

    def indices(self, currency: str) -> tuple[str, ...]:
        """Indices of a currency, sorted."""
        return tuple(sorted(index for held, index in self.curves if held == currency))

    def has(self, currency: str, index: str = DISCOUNT) -> bool:
        """Whether the set holds a curve."""
        return (currency, index) in self.curves

    def projecting(self, currency: str, index: str) -> RateCurve:
        """The curve that projects an index.

        Raises
        ------
        MarketDataError : naming what the set holds.
        """
        found = self.curves.get((currency, index))
        if found is None:
            held = ", ".join(f"{c} {i}" for c, i in sorted(self.curves))
            fault = Fault(
                "curves", f"no curve for {currency} `{index}`; held: {held}", hint="Add its rows to curves/1."
            )
            raise MarketDataError(str(fault))
        return found

    def discounting(self, currency: str) -> RateCurve:
        """The discount curve of a currency.

        Raises
        ------
        MarketDataError : naming what the set holds.
        """
        return self.projecting(currency, DISCOUNT)

    @property
    def time(self) -> TimeConvention:
        """The time convention that the curves share."""
        return next(iter(self.curves.values())).time

    def times_of(self, dates: DateLike) -> FloatArray:
        """Years from as-of to dates in the shared time convention."""
        return times_of(self.as_of, dates, self.time)

    def tenor_times(self, months: ArrayLike) -> FloatArray:
        """Years from as-of to tenors in months in the shared time convention."""
        return tenor_times(self.as_of, months, self.time)
