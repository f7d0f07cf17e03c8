"""Curves, scenarios and histories as plain functions."""

from __future__ import annotations

import bisect
import datetime as dt
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from scipy.interpolate import PchipInterpolator

from tests.engine.plain.dates import Day, later, month_after

Shift = Callable[[float], float]


class Curve:
    """Zero rates by tenor: linear in time or log-linear in the factor, flat outside."""

    def __init__(self, as_of: Day, nodes: list[tuple[int, float]], style: str = "linear", grid: bool = False) -> None:
        self.as_of, self.style = as_of, style
        self.t = [m / 12 if grid else (later(as_of, m) - as_of).days / 365 for m, _ in sorted(nodes)]
        self.z = [z for _, z in sorted(nodes)]
        self._pchip: Any = PchipInterpolator(self.t, self.z) if len(self.t) > 1 else None

    def zero(self, t: float) -> float:
        """Zero rate that money is discounted and projected with."""
        if t <= self.t[0]:
            return self.z[0]
        if t >= self.t[-1]:
            return self.z[-1]
        k = bisect.bisect_right(self.t, t)
        a, b, u, v = self.t[k - 1], self.t[k], self.z[k - 1], self.z[k]
        if self.style == "log_linear":
            return (u * a + (v * b - u * a) * (t - a) / (b - a)) / t
        return u + (v - u) * (t - a) / (b - a)

    def smooth(self, t: float) -> float:
        """Zero rate that behaviour reads."""
        if self._pchip is None:
            return self.z[0]
        return float(self._pchip(min(max(t, self.t[0]), self.t[-1])))


@dataclass
class PlainWorld:
    """What the valuation knows of the market.

    shifts : one a scenario and currency, functions of time in years; floors already in.
    """

    as_of: Day
    curves: dict[tuple[str, str], Curve]
    shifts: list[dict[str, Shift]]
    spot: dict[str, float] = field(default_factory=dict)
    history: dict[str, list[tuple[Day, float]]] = field(default_factory=dict)
    short: str = ""
    short_history: str = ""
    earlier: dict[Day, dict[str, Curve]] = field(default_factory=dict)
    grid: bool = False
    constant: bool = False
    memory: dict[Any, Any] = field(default_factory=dict)

    def time(self, day: Day) -> float:
        """Years from as-of: days / 365, or months of the grid and the part of one that has passed."""
        if not self.grid:
            return (day - self.as_of).days / 365
        k = month_after(self.as_of, day)
        low, high = later(self.as_of, k - 1), later(self.as_of, k)
        return (k - (high - day).days / (high - low).days) / 12

    def zero(self, s: int, money: str, index: str, t: float) -> float:
        """Scenario zero rate."""
        return self.curves[money, index].zero(t) + self.shifts[s][money](t)

    def factor(self, s: int, money: str, index: str, day: Day) -> float:
        """Scenario discount factor."""
        key = (s, money, index, day)
        if key not in self.memory:
            t = self.time(day)
            self.memory[key] = math.exp(-self.zero(s, money, index, t) * t)
        return float(self.memory[key])

    def fixing(self, s: int, money: str, index: str, start: Day, end: Day, accrual: float) -> float:
        """Simple forward; where today's curve stays, its rate for the same stretch of time."""
        if self.constant:
            span = self.time(end) - self.time(start)
            return (math.exp(self.zero(s, money, index, span) * span) - 1) / accrual
        ratio = self.factor(s, money, index, start) / self.factor(s, money, index, end)
        return (ratio - 1) / accrual

    def term_zero(self, s: int, money: str, start: Day, months: int) -> float:
        """The scenario's zero rate for a term on a date."""
        end = later(start, months)
        if self.constant:
            return self.zero(s, money, "discount", self.time(end) - self.time(start))
        ratio = self.factor(s, money, "discount", start) / self.factor(s, money, "discount", end)
        return math.log(ratio) / (self.time(end) - self.time(start))

    def driver_forward(self, s: int, money: str, index: str, start: Day, end: Day) -> float:
        """Forward zero rate on the smooth view."""
        curve, shift = self.curves[money, index], self.shifts[s][money]
        a, b = self.time(start), self.time(end)
        if self.constant:
            return curve.smooth(b - a) + shift(b - a)
        low = (curve.smooth(a) + shift(a)) * a if a > 0 else 0.0
        return ((curve.smooth(b) + shift(b)) * b - low) / (b - a)

    def level(self, s: int, money: str, m: int) -> float:
        """RATE_LEVEL of month m: the simple one-month forward."""
        key = ("level", s, money, m)
        if key not in self.memory:
            index = self.short if (money, self.short) in self.curves else "discount"
            a, b = later(self.as_of, m - 1), later(self.as_of, m)
            tau = self.time(b) - self.time(a)
            self.memory[key] = (math.exp(self.driver_forward(s, money, index, a, b) * tau) - 1) / tau
        return float(self.memory[key])

    def driver_rate(self, s: int, money: str, index: str, m: int, lag: int, tenor: int) -> float:
        """The mortgage rate that month m sees: at the month's start, `lag` months before."""
        key = ("driver", s, money, index, m, lag, tenor)
        if key not in self.memory:
            self.memory[key] = self._driver_rate(s, money, index, m - lag, tenor)
        return float(self.memory[key])

    def _driver_rate(self, s: int, money: str, index: str, m: int, tenor: int) -> float:
        today = self.spot[index]
        if m < 1:
            known = self.past(index, later(self.as_of, m - 1))
            return today if known is None else known
        now = self.curves[money, "discount"].smooth(self.time(later(self.as_of, tenor)))
        start, end = later(self.as_of, m - 1), later(self.as_of, m - 1 + tenor)
        return today + self.driver_forward(s, money, "discount", start, end) - now

    def past(self, index: str, day: Day) -> float | None:
        """Last value on or before a day."""
        found = [value for date, value in self.history.get(index, []) if date <= day]
        return found[-1] if found else None


def floored(curve: Curve, shift: Shift, level: float | None, slope: float = 0.0, observed: bool = False) -> Shift:
    """A shift whose result on the discount curve is not below a floor (level + slope t, at most 0)."""
    if level is None:
        return shift

    def inside(t: float) -> float:
        base = curve.zero(t)
        bound = min(0.0, level + slope * t)
        if observed:
            bound = min(bound, base)
        return max(base + shift(t), bound) - base

    return inside


def day_of(value: Any) -> dt.date | None:
    """A table's cell as a date; None where empty."""
    if value is None or value != value:
        return None
    return dt.date.fromisoformat(str(value)[:10])
