"""Caps, floors, swaptions and limits of floating rates: what they are worth, at implied and at stressed volatility."""

from __future__ import annotations

import bisect
import math
from collections import defaultdict
from dataclasses import replace
from statistics import NormalDist
from typing import Any

from tests.engine.plain.dates import Day, anchor_day, in_month, index, is_thirty, later, whole_months, years
from tests.engine.plain.market import PlainWorld
from tests.engine.plain.rows import Row
from tests.engine.plain.walk import Choices, Walk

STRESS = 1.25
NORMAL = NormalDist()


def call(kind: str, forward: float, strike: float, width: float, shift: float) -> float:
    """Undiscounted call on a rate; width : volatility times the root of time to fixing."""
    if width <= 0:
        return max(forward - strike, 0.0)
    if kind == "normal":
        d = (forward - strike) / width
        return (forward - strike) * NORMAL.cdf(d) + width * NORMAL.pdf(d)
    d = math.log((forward + shift) / (strike + shift)) / width + width / 2
    return (forward + shift) * NORMAL.cdf(d) - (strike + shift) * NORMAL.cdf(d - width)


class Vols:
    """vols/1 of one currency and index: bilinear in expiry and tenor, linear in strike, flat outside."""

    def __init__(self, world: PlainWorld, rows: list[dict[str, Any]]) -> None:
        self.kind, self.shift = rows[0]["kind"], float(rows[0].get("shift") or 0.0)
        self.values = {}
        for row in rows:
            strike = row.get("strike")
            expiry = world.time(later(world.as_of, int(row["expiry_months"])))
            key = (expiry, int(row["tenor_months"]) / 12, 0.0 if strike is None or strike != strike else float(strike))
            self.values[key] = float(row["value"])
        self.axes = [sorted({key[k] for key in self.values}) for k in range(3)]

    def at(self, *point: float) -> float:
        """Volatility at an expiry and tenor in years and a strike."""
        corners = [((), 1.0)]
        for axis, x in zip(self.axes, point, strict=True):
            inside = min(max(x, axis[0]), axis[-1])
            k = min(max(bisect.bisect_right(axis, inside), 1), len(axis) - 1)
            if len(axis) == 1:
                parts = [(axis[0], 1.0)]
            else:
                w = (inside - axis[k - 1]) / (axis[k] - axis[k - 1])
                parts = [(axis[k - 1], 1 - w), (axis[k], w)]
            corners = [((*key, node), weight * w) for key, weight in corners for node, w in parts]
        return sum(weight * self.values[key] for key, weight in corners if weight)


class Options:
    """The options of a book along its scenarios."""

    def __init__(self, world: PlainWorld, vols: Any, choices: Choices) -> None:
        self.w, self.c = world, choices
        by_index: dict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)
        for row in vols.to_dict("records") if vols is not None else []:
            by_index[row["currency"], row["index"]].append(row)
        self.surfaces = {key: Vols(world, rows) for key, rows in by_index.items()}

    def value(self, row: Row, s: int, stress: float) -> float:
        """To the holder; of limits to who receives the rate."""
        if row.instrument in ("cap", "floor"):
            return self._strip(row, s, stress)
        if row.instrument == "swaption":
            return self._swaption(row, s, stress)
        return self._limits(row, s, stress)

    def _priced(
        self, row: Row, forward: float, strike: float, expiry: float, tenor: float, stress: float, calls: bool
    ) -> float:
        """Undiscounted option on a rate with the row's own volatility or that of its index."""
        surface = self.surfaces.get((row.money, row.index))
        own = row.cells.get("volatility")
        kind, shift = ("normal", 0.0) if surface is None else (surface.kind, surface.shift)
        volatility = float(own) if own is not None else surface.at(max(expiry, 0.0), tenor, strike)  # type: ignore[union-attr]
        width = stress * volatility * math.sqrt(max(expiry, 0.0))
        value = call(kind, forward, strike, width, shift)
        return value if calls else value - (forward - strike)

    def _accrual(self, row: Row, a: Day, b: Day, months: int) -> float:
        return months / 12 if months and is_thirty(row.count) else years(a, b, row.count)

    def _strip(self, row: Row, s: int, stress: float) -> float:
        w, months = self.w, row.step or row.reset_months
        total, k = 0.0, 0
        strike = float(row.cells["strike"])
        begins = row.cells.get("start_date")
        while (end := later(row.maturity, -k * months)) > w.as_of:
            start = later(row.maturity, -(k + 1) * months)
            k += 1
            known = start <= w.as_of
            if (begins is not None and start < begins) or (known and row.cells.get("rate") is None):
                continue
            accrual = self._accrual(row, start, end, months)
            stop = later(start, months)
            if known:
                forward, expiry = float(row.cells["rate"]), 0.0
            else:
                forward = w.fixing(s, row.money, row.index, start, stop, accrual)
                expiry = w.time(start)
            unit = self._priced(row, forward, strike, expiry, months / 12, stress, row.instrument == "cap")
            total += unit * accrual * row.balance * w.factor(s, row.money, "discount", end)
        return total

    def _leg(self, row: Row, begin: Day, months: int) -> list[tuple[Day, Day, float]]:
        """Periods of a swap from a start to maturity, counted back; a shorter first one accrues by days."""
        found, k = [], 0
        while (end := later(row.maturity, -k * months)) > begin:
            start = later(row.maturity, -(k + 1) * months)
            k += 1
            whole = start >= begin
            found.append((max(start, begin), end, self._accrual(row, max(start, begin), end, months if whole else 0)))
        return found[::-1]

    def _swaption(self, row: Row, s: int, stress: float) -> float:
        w, expires = self.w, row.cells["expiry_date"]
        begin = row.cells.get("start_date") or expires
        if expires <= w.as_of or begin >= row.maturity:
            return 0.0
        fixed = row.step or row.reset_months

        def paid(day: Day) -> float:
            return w.factor(s, row.money, "discount", day)

        annuity = sum(accrual * paid(b) for _, b, accrual in self._leg(row, begin, fixed))
        floating = sum(
            w.fixing(s, row.money, row.index, a, b, accrual) * accrual * paid(b)
            for a, b, accrual in self._leg(row, begin, row.reset_months or fixed)
        )
        months = whole_months(begin, row.maturity)
        tenor = months / 12 + (row.maturity - min(later(begin, months), row.maturity)).days / 365
        payer = row.cells["option_type"] == "payer"
        strike = float(row.cells["strike"])
        unit = self._priced(row, floating / annuity, strike, w.time(expires), tenor, stress, payer)
        return unit * annuity * row.balance

    # Limits ---------------------------------------------------------------------------------------------------------

    def contract(self, row: Row) -> list[tuple[Day, float]]:
        """Balances that the contract alone leaves at today's rate in regular periods, by date."""
        cells = {
            **row.cells,
            "rate_type": "fixed",
            "behavioral": False,
            "undrawn": 0.0,
            "rounding": None,
            "day_count": None,
        }
        bare = Row(cells, self.w.as_of, row.schedule)
        walk = Walk(self.w, bare, 0, replace(self.c, margins="included"), {})
        walk.run()
        return walk.balances

    def _limits(self, row: Row, s: int, stress: float) -> float:
        """Time value alone: the cash flows carry what limits are worth at the forwards."""
        w, months = self.w, row.reset_months
        first = row.next_reset
        aligned = in_month(index(first), row.day) == first
        day = row.day if aligned else anchor_day(first)
        balances, total, k = self.contract(row), 0.0, 0
        while (start := in_month(index(first) + k * months, day)) < row.maturity:
            k += 1
            if start <= w.as_of:
                continue
            stop = in_month(index(start) + months, day)
            end = min(stop, row.maturity)
            accrual = self._accrual(row, start, end, months if end == stop else 0)
            forward = w.fixing(s, row.money, row.index, start, stop, self._accrual(row, start, stop, months))
            left = [amount for date, amount in balances if date <= start][-1]
            paid = accrual * left * w.factor(s, row.money, "discount", end)
            for limit, calls in ((row.floor, False), (row.cap, True)):
                if math.isfinite(limit):
                    strike = limit - row.spread
                    unit = self._priced(row, forward, strike, w.time(start), months / 12, stress, calls)
                    intrinsic = max(forward - strike if calls else strike - forward, 0.0)
                    total += (-1.0 if calls else 1.0) * (unit - intrinsic) * paid
        return total
