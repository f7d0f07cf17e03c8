"""Curves, scenarios and histories as plain functions."""

from __future__ import annotations

import bisect
import datetime as dt
import math
from dataclasses import dataclass, field
from typing import Any

from scipy.interpolate import PchipInterpolator

from tests.engine.plain.dates import Day, later, month_after
from tests.engine.plain.scenarios import PlainScenario


class Curve:
    """Zero rates by tenor: linear in time or log-linear in the factor, flat outside."""

    def __init__(
        self, as_of: Day, nodes: list[tuple[int, float]], style: str = "linear", grid: bool = False, read: str = "pchip"
    ) -> None:
        self.as_of, self.style, self.read = as_of, style, read
        self.t = [m / 12 if grid else (later(as_of, m) - as_of).days / 365 for m, _ in sorted(nodes)]
        self.z = [z for _, z in sorted(nodes)]
        self._pchip: Any = PchipInterpolator(self.t, self.z) if len(self.t) > 1 else None

    def zero(self, t: float, style: str = "") -> float:
        """Zero rate that money is discounted and projected with."""
        if t <= self.t[0]:
            return self.z[0]
        if t >= self.t[-1]:
            return self.z[-1]
        k = bisect.bisect_right(self.t, t)
        a, b, u, v = self.t[k - 1], self.t[k], self.z[k - 1], self.z[k]
        if (style or self.style) == "log_linear":
            return (u * a + (v * b - u * a) * (t - a) / (b - a)) / t
        return u + (v - u) * (t - a) / (b - a)

    def smooth(self, t: float) -> float:
        """Zero rate that behaviour reads."""
        if self.read != "pchip":
            return self.zero(t, self.read)
        if self._pchip is None:
            return self.z[0]
        return float(self._pchip(min(max(t, self.t[0]), self.t[-1])))


@dataclass
class PlainWorld:
    """What the valuation knows of the market.

    scenarios : base first.
    """

    as_of: Day
    curves: dict[tuple[str, str], Curve]
    scenarios: list[PlainScenario]
    spot: dict[str, float] = field(default_factory=dict)
    history: dict[str, list[tuple[Day, float]]] = field(default_factory=dict)
    short: str = ""
    short_history: str = ""
    home: str = ""
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

    def month_at(self, t: float) -> int:
        """The month whose shift and index values hold for a fixing: month 1 starts at as-of."""
        m = int(12 * max(t, 0.0))
        while self.bound(m) <= t + 1e-9:
            m += 1
        return m

    def bound(self, m: int) -> float:
        """Time of as-of + m months."""
        if ("bound", m) not in self.memory:
            self.memory["bound", m] = self.time(later(self.as_of, m))
        return float(self.memory["bound", m])

    def ahead(self, money: str, index: str, a: float, b: float) -> float:
        """Base forward zero rate that cash flows read."""
        curve = self.curves[money, index]
        return (curve.zero(b) * b - curve.zero(a) * a) / (b - a) if b > a else curve.zero(b)

    def shift(self, s: int, money: str, t: float) -> float:
        """Shift of today's zero rate: at once, or of money rolled over month by month along the path."""
        path = self.scenarios[s].path(money)
        if len(path.shifts) == 1:
            return path.size(1, self.curves[money, "discount"].zero(t), t)
        if t <= 0:
            return self._monthly(s, money, 1)
        m = self.month_at(t)
        gone = self._grown(s, money, m - 1) + self._monthly(s, money, m) * (t - self.bound(m - 1))
        return gone / t

    def _monthly(self, s: int, money: str, m: int) -> float:
        """Shift of the one-month rate of month m."""
        a, b = self.bound(m - 1), self.bound(m)
        return self.scenarios[s].path(money).size(m, self.ahead(money, "discount", a, b), b - a)

    def _grown(self, s: int, money: str, m: int) -> float:
        """Sum of the first m months' shifts, each times its length."""
        key = ("grown", s, money, m)
        if key not in self.memory:
            last = self._monthly(s, money, m) * (self.bound(m) - self.bound(m - 1)) if m else 0.0
            self.memory[key] = last + (self._grown(s, money, m - 1) if m else 0.0)
        return float(self.memory[key])

    def shift_seen(self, s: int, money: str, a: float, b: float) -> float:
        """Shift of the zero rate from a to b as it is seen at a."""
        path, span = self.scenarios[s].path(money), b - a
        curve = self.curves[money, "discount"]
        if len(path.shifts) > 1:
            seen = curve.zero(span) if self.constant else self.ahead(money, "discount", a, b)
            return path.size(self.month_at(a), seen, span)
        if self.constant:
            return path.size(1, curve.zero(span), span)
        return (self.shift(s, money, b) * b - self.shift(s, money, a) * a) / span

    def told(self, s: int, index: str, t: float) -> float | None:
        """What a scenario says an index is at a time."""
        values = self.scenarios[s].index_values.get(index)
        return None if values is None else values[min(self.month_at(t), len(values)) - 1]

    def zero(self, s: int, money: str, index: str, t: float) -> float:
        """Scenario zero rate."""
        return self.curves[money, index].zero(t) + self.shift(s, money, t)

    def factor(self, s: int, money: str, index: str, day: Day) -> float:
        """Scenario discount factor."""
        key = (s, money, index, day)
        if key not in self.memory:
            t = self.time(day)
            self.memory[key] = math.exp(-self.zero(s, money, index, t) * t)
        return float(self.memory[key])

    def seen(self, s: int, money: str, index: str, a: float, b: float) -> float:
        """Zero rate from a to b as cash flows see it at a; where today's curve stays, its rate for that stretch."""
        base = self.curves[money, index].zero(b - a) if self.constant else self.ahead(money, index, a, b)
        return base + self.shift_seen(s, money, a, b)

    def fixing(self, s: int, money: str, index: str, start: Day, end: Day, accrual: float) -> float:
        """Simple rate of a reset."""
        a, b = self.time(start), self.time(end)
        told = self.told(s, index, a)
        return math.expm1(self.seen(s, money, index, a, b) * (b - a)) / accrual if told is None else told

    def term_zero(self, s: int, money: str, start: Day, months: int) -> float:
        """The scenario's zero rate for a term on a date."""
        return self.seen(s, money, "discount", self.time(start), self.time(later(start, months)))

    def driver_forward(self, s: int, money: str, index: str, start: Day, end: Day) -> float:
        """Forward zero rate on the smooth view."""
        curve = self.curves[money, index]
        a, b = self.time(start), self.time(end)
        moved = self.shift_seen(s, money, a, b)
        if self.constant:
            return curve.smooth(b - a) + moved
        return (curve.smooth(b) * b - curve.smooth(a) * a) / (b - a) + moved

    def level(self, s: int, money: str, m: int) -> float:
        """RATE_LEVEL of month m: the simple one-month forward."""
        key = ("level", s, money, m)
        if key not in self.memory:
            index = self.short if (money, self.short) in self.curves else "discount"
            a, b = later(self.as_of, m - 1), later(self.as_of, m)
            tau, told = self.time(b) - self.time(a), self.told(s, index, self.time(a))
            if told is None and money == self.home:
                told = self.told(s, self.short, self.time(a))
            rate = math.expm1(self.driver_forward(s, money, index, a, b) * tau) / tau
            self.memory[key] = rate if told is None else told
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
        told = self.told(s, index, self.bound(m - 1))
        if told is not None:
            return told
        now = self.curves[money, "discount"].smooth(self.time(later(self.as_of, tenor)))
        start, end = later(self.as_of, m - 1), later(self.as_of, m - 1 + tenor)
        return today + self.driver_forward(s, money, "discount", start, end) - now

    def past(self, index: str, day: Day) -> float | None:
        """Last value on or before a day."""
        found = [value for date, value in self.history.get(index, []) if date <= day]
        return found[-1] if found else None


def day_of(value: Any) -> dt.date | None:
    """A table's cell as a date; None where empty."""
    if value is None or value != value:
        return None
    return dt.date.fromisoformat(str(value)[:10])
