"""Curves under every scenario: the one place where a shift meets a curve.

How a curve answers, per scenario (first axis, base at 0). Let b be the base zero rate of the curve asked, d the shift.

- *At once* (one shift): d is evaluated at the time asked, floored on the currency's discount curve, and the floored
  shift is added to every curve of the currency, so basis is kept. Driver forwards add the same shift to the monotone
  cubic through the base zero rates.
- *By month* (ramps): nobody foresees the shifts still to come. The curve as seen at a time in month m is the base
  forward curve plus the m-th shift at the tenor asked (floored there); money is discounted along the path that comes
  true, rolled over month by month at the base one-month forward plus that month's shift.
- *Index values by month*: a fixing inside month m is the table's value for m; curves are untouched by it.
- *Rate path*: `forward` (the scenario's forwards come true) or `constant` (the curve seen later is today's curve with
  the scenario's shift). Discounting to today is the same in both.

A fixing on a month's first bound belongs to that month: month m holds fixings from as-of + m - 1 months to before as-of
+ m months. A scenario whose shift is zero everywhere is the base case and is never floored.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike

from behavior.errors import MarketDataError
from behavior.market.contracts import DISCOUNT
from behavior.market.curves import CurveSet, RateCurve
from behavior.market.floors import FloorRule, floor_rule
from behavior.market.scenario_sets import ALL_CURRENCIES
from behavior.market.scenario_sets import BASE as BASE
from behavior.market.scenario_sets import Scenario as Scenario
from behavior.market.scenario_sets import ScenarioSet as ScenarioSet
from behavior.market.scenario_sets import ramp as ramp
from behavior.market.scenario_sets import scenario_set as scenario_set
from behavior.market.shifts import Shift as Shift
from behavior.months import roll_months
from behavior.quantities import FloatArray, IntArray

RatePath = Literal["forward", "constant"]
# A day is 2.7e-3 years; times closer than this are the same moment.
SAME_TIME = 1e-9


def _forward(curve: RateCurve, start: FloatArray, end: FloatArray) -> FloatArray:
    """Continuous forward zero rate on the curve that cash flows use; the zero rate where start = end."""
    span = end - start
    last = curve.zero_rate(end)
    gain = last * end - curve.zero_rate(start) * start
    return np.asarray(np.where(span > 0, gain / np.where(span > 0, span, 1.0), last))


@dataclass(frozen=True, eq=False)
class ScenarioCurves:
    """Curves of one date under every scenario. Made by `apply_scenarios`.

    Times are years from as-of in the curves' own time convention and may have any shape; answers have the scenarios as
    first axis: (scenarios, *shape), decimals.

    Parameters
    ----------
    curves : the base curves.
    scenarios : base first.
    floor : rule of post-shock rates.
    rate_path : ``forward`` or ``constant``.
    """

    curves: CurveSet
    scenarios: ScenarioSet
    floor: FloorRule
    rate_path: RatePath = "forward"

    @property
    def names(self) -> tuple[str, ...]:
        """Scenario names, base first."""
        return self.scenarios.names

    def __len__(self) -> int:
        return len(self.scenarios)

    # Months ---------------------------------------------------------------------------------------------------------

    def month_bounds(self, count: int) -> FloatArray:
        """Years to the bounds of months 1 to `count` after as-of, shape (count + 1,), the first 0."""
        return self.curves.times_of(roll_months(self.curves.as_of, np.arange(count + 1)))

    def month_at(self, times: ArrayLike) -> IntArray:
        """The month whose shift and index values hold for a fixing at each time; month 1 starts at as-of."""
        at = np.asarray(times, dtype=np.float64)
        count = int(12 * max(float(at.max(initial=0.0)), 0.0)) + 2
        return np.asarray(np.searchsorted(self.month_bounds(count), at + SAME_TIME, side="right"), dtype=np.int64)

    # Shifts ---------------------------------------------------------------------------------------------------------

    def shift(self, currency: str, times: ArrayLike) -> FloatArray:
        """The floored shift of zero rates seen today, (scenarios, *times)."""
        at = np.asarray(times, dtype=np.float64)
        base = self.curves.discounting(currency).zero_rate(at)
        return np.stack([self._today(scenario, currency, base, at) for scenario in self.scenarios.scenarios])

    def _today(self, scenario: Scenario, currency: str, base: FloatArray, at: FloatArray) -> FloatArray:
        path = scenario.shifts_of(currency)
        if len(path) == 1:
            return self._floored(path[0], base, at)
        return self._rolled(path, currency, at)

    def _floored(self, shift: Shift, base: FloatArray, tenor: FloatArray) -> FloatArray:
        """The shift that floored rates have: floor(base + shift) - base."""
        if shift.is_zero:
            return np.zeros(np.broadcast_shapes(base.shape, tenor.shape))
        size = shift.at(tenor, self.curves.tenor_times)
        if self.floor.level is None:
            return size
        return np.asarray(self.floor.apply(base, size, tenor) - base)

    def _rolled(self, path: tuple[Shift, ...], currency: str, at: FloatArray) -> FloatArray:
        """Zero shift of money rolled over month by month: the mean over [0, t] of the one-month shifts in force."""
        count = int(self.month_at(at).max(initial=1))
        bounds = self.month_bounds(count)
        start, end = bounds[:-1], bounds[1:]
        forward = _forward(self.curves.discounting(currency), start, end)
        monthly = self._by_month(path, np.arange(1, count + 1), forward, end - start)
        grown = np.concatenate([[0.0], np.cumsum(monthly * (end - start))])
        total = np.interp(at, bounds, grown)
        return np.asarray(np.where(at > 0, total / np.where(at > 0, at, 1.0), monthly[0]))

    def _by_month(self, path: tuple[Shift, ...], months: IntArray, base: FloatArray, tenor: FloatArray) -> FloatArray:
        """The floored shift in force in each month, at a tenor; the last of the path stays."""
        found = np.zeros(np.broadcast_shapes(months.shape, tenor.shape))
        position = np.minimum(months, len(path)) - 1
        for number in np.unique(position):
            chosen = position == number
            found[chosen] = self._floored(path[number], base[chosen], tenor[chosen])
        return found

    def shift_seen(self, currency: str, starts: ArrayLike, ends: ArrayLike) -> FloatArray:
        """The floored shift of the zero rate from `starts` to `ends` as seen at the start, (scenarios, *shape)."""
        start, end = np.broadcast_arrays(np.asarray(starts, dtype=np.float64), np.asarray(ends, dtype=np.float64))
        curve = self.curves.discounting(currency)
        tenor = end - start
        months = self.month_at(start)
        constant = self.rate_path == "constant"
        seen = curve.zero_rate(tenor) if constant else _forward(curve, start, end)
        at_end = seen if constant else curve.zero_rate(end)
        at_start = curve.zero_rate(start)
        found = []
        for scenario in self.scenarios.scenarios:
            path = scenario.shifts_of(currency)
            if len(path) > 1:
                found.append(self._by_month(path, months, seen, tenor))
            elif constant or path[0].is_zero:
                found.append(self._floored(path[0], seen, tenor))
            else:
                last = self._floored(path[0], at_end, end)
                gain = last * end - self._floored(path[0], at_start, start) * start
                found.append(np.where(tenor > 0, gain / np.where(tenor > 0, tenor, 1.0), last))
        return np.stack(found)

    # Curves seen today ----------------------------------------------------------------------------------------------

    def zero_rate(self, currency: str, index: str, times: ArrayLike) -> FloatArray:
        """Zero rates seen today, (scenarios, *times)."""
        at = np.asarray(times, dtype=np.float64)
        return np.asarray(self.curves.projecting(currency, index).zero_rate(at) + self.shift(currency, at))

    def discount_factor(self, currency: str, index: str, times: ArrayLike) -> FloatArray:
        """exp(-z(t) t) seen today, (scenarios, *times)."""
        at = np.asarray(times, dtype=np.float64)
        return np.asarray(np.exp(-self.zero_rate(currency, index, at) * at))

    # Curves seen later ----------------------------------------------------------------------------------------------

    def forward_zero(self, currency: str, index: str, starts: ArrayLike, ends: ArrayLike) -> FloatArray:
        """Zero rate from `starts` to `ends` as seen at the start, on the driver view (PCHIP), (scenarios, *shape)."""
        start, end = np.broadcast_arrays(np.asarray(starts, dtype=np.float64), np.asarray(ends, dtype=np.float64))
        curve = self.curves.projecting(currency, index)
        base = curve.driver_zero(end - start) if self.rate_path == "constant" else curve.forward_zero(start, end)
        return np.asarray(base + self.shift_seen(currency, start, end))

    def simple_forward(
        self, currency: str, index: str, starts: ArrayLike, ends: ArrayLike, accruals: ArrayLike
    ) -> FloatArray:
        """Fixings of an index: the simple rate from `starts` to `ends` as seen at the start, (scenarios, *shape).

        Parameters
        ----------
        accruals : year fractions of the periods on the day count of whoever pays the rate.
        """
        start, end = np.broadcast_arrays(np.asarray(starts, dtype=np.float64), np.asarray(ends, dtype=np.float64))
        curve = self.curves.projecting(currency, index)
        base = curve.zero_rate(end - start) if self.rate_path == "constant" else _forward(curve, start, end)
        growth = np.expm1((base + self.shift_seen(currency, start, end)) * (end - start))
        return self.with_index_values(index, start, growth / np.asarray(accruals, dtype=np.float64))

    def with_index_values(self, index: str, starts: ArrayLike, rates: FloatArray) -> FloatArray:
        """Rates (scenarios, *starts) with the values of scenarios that give the index by month put in their place."""
        months = self.month_at(starts)
        found = rates
        for position, scenario in enumerate(self.scenarios.scenarios):
            values = scenario.index_values.get(index)
            if values is not None:
                found = found.copy() if found is rates else found
                found[position] = np.asarray(values)[np.minimum(months, len(values)) - 1]
        return found

    def short_rate(self, currency: str, count: int, index: str = DISCOUNT) -> FloatArray:
        """RATE_LEVEL: the simple one-month forward over months 1 to `count`, (scenarios, count).

        Read on the driver view; its value in base month 1 is today's level. Simple over the curves' own time:
        (exp(f τ) - 1) / τ with τ the years between the month's bounds.
        """
        bounds = self.month_bounds(count)
        start, end = bounds[:-1], bounds[1:]
        forward = self.forward_zero(currency, index, start, end)
        return self.with_index_values(index, start, np.expm1(forward * (end - start)) / (end - start))

    def driver_rate(self, currency: str, index: str, today: float, tenor_months: float, count: int) -> FloatArray:
        """A driver such as the mortgage rate at the start of months 1 to `count`, (scenarios, count).

        Today's value plus a change of the discount curve: the scenario's forward zero rate from the month's start over
        `tenor_months`, less today's base zero rate at that tenor.

        Parameters
        ----------
        index : the driver's own index; scenarios that give its values by month say it themselves.
        today : the index's value today, decimals.
        """
        start = self.month_bounds(count)[:-1]
        end = self.times_after_months(np.arange(count), tenor_months)
        curve = self.curves.discounting(currency)
        change = self.forward_zero(currency, DISCOUNT, start, end) - curve.driver_zero(end[0])
        return self.with_index_values(index, start, today + change)

    def times_after_months(self, months: IntArray, tenor_months: ArrayLike) -> FloatArray:
        """Years to the date `months` + `tenor_months` after as-of; tenors in part months take that share of a month."""
        total = np.asarray(months, dtype=np.float64) + np.asarray(tenor_months, dtype=np.float64)
        whole = np.floor(total).astype(np.int64)
        low = self.curves.times_of(roll_months(self.curves.as_of, whole))
        high = self.curves.times_of(roll_months(self.curves.as_of, whole + 1))
        return np.asarray(low + (total - whole) * (high - low))

    @cached_property
    def warnings(self) -> tuple[str, ...]:
        """Sentences that every report must show: the set's own, and currencies shifted without a curve."""
        named = {currency for scenario in self.scenarios.scenarios for currency in scenario.shifts}
        unknown = sorted(named - set(self.curves.currencies) - {ALL_CURRENCIES})
        if not unknown:
            return self.scenarios.warnings
        held = ", ".join(self.curves.currencies)
        return (*self.scenarios.warnings, f"scenarios shift {', '.join(unknown)}; there are curves for {held} only.")


def apply_scenarios(
    curves: CurveSet, scenarios: ScenarioSet, *, floor: str | float | None = None, rate_path: RatePath = "forward"
) -> ScenarioCurves:
    """Put scenarios on curves.

    Parameters
    ----------
    floor : a floor rule or level to use instead of the set's own.
    rate_path : ``forward`` (default) or ``constant``.

    Raises
    ------
    MarketDataError : no such floor or rate path.
    """
    if rate_path not in get_args(RatePath):
        raise MarketDataError(f"rate path: found {rate_path!r}, expected forward or constant.")
    rule = floor_rule(scenarios.floor if floor is None else floor)
    return ScenarioCurves(curves, scenarios, rule, rate_path)
