"""Scenarios as plain data: shifts by month with their floors, values of an index by month, and the frameworks."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

Shift = Callable[[float], float]


@dataclass(frozen=True)
class Floor:
    """Level + slope t, at most 0; where `observed`, a base rate below it is the floor itself."""

    level: float
    slope: float = 0.0
    observed: bool = False

    def moved(self, base: float, shift: float, t: float) -> float:
        """The shift that is left of `shift` at a base rate."""
        bound = min(0.0, self.level + self.slope * t)
        return max(base + shift, min(bound, base) if self.observed else bound) - base


EU_FLOOR = Floor(-0.015, 0.0003, True)


@dataclass(frozen=True)
class Path:
    """Shifts of a currency: one at once, or the m-th of several in month m, the last of which stays."""

    shifts: tuple[Shift, ...]
    floor: Floor | None = None

    def size(self, month: int, base: float, tenor: float) -> float:
        """The shift in force in a month, at a tenor whose base rate is known."""
        shift = self.shifts[min(month, len(self.shifts)) - 1](tenor)
        return shift if self.floor is None else self.floor.moved(base, shift, tenor)


STILL = Path((lambda t: 0.0,))


@dataclass(frozen=True)
class PlainScenario:
    """One scenario: paths by currency, index values by month (the last stays)."""

    name: str
    paths: dict[str, Path] = field(default_factory=dict)
    index_values: dict[str, tuple[float, ...]] = field(default_factory=dict)

    def path(self, money: str) -> Path:
        """The path of a currency."""
        return self.paths.get(money, STILL)


def shape(parallel: float, short: float = 0.0, long: float = 0.0, decay: float | None = None, nodes: Any = ()) -> Shift:
    """parallel + short e^(-t/d) + long (1 - e^(-t/d)), and a table linear between its times."""

    def at(t: float) -> float:
        found = parallel
        if decay is not None:
            near = math.exp(-t / decay)
            found += short * near + long * (1 - near)
        if not nodes:
            return found
        inside = min(max(t, nodes[0][0]), nodes[-1][0])
        for (a, x), (b, y) in pairwise(nodes):
            if a <= inside <= b:
                return found + x + (y - x) * (inside - a) / (b - a)
        return found + float(nodes[0][1])

    return at


# Frameworks: sizes in basis points (parallel, short, long) ----------------------------------------------------------

SIZES = {
    "bcbs_2016": {"USD": (200, 300, 150), "CHF": (100, 150, 100)},
    "bcbs_2024": {"USD": (200, 300, 225), "CHF": (175, 250, 200)},
    "eu_2024_856": {"USD": (200, 300, 150), "CHF": (100, 150, 100)},
}
AGGREGATION = {"bcbs_2016": "basel", "bcbs_2024": "basel", "eu_2024_856": "eu", "us_parallel": "sum"}


def six(parallel: float, short: float, long: float) -> dict[str, Shift]:
    """The six prescribed shifts of a currency."""
    return {
        "parallel_up": shape(parallel),
        "parallel_down": shape(-parallel),
        "steepener": shape(0.0, -0.65 * short, 0.9 * long, 4.0),
        "flattener": shape(0.0, 0.8 * short, -0.6 * long, 4.0),
        "short_up": shape(0.0, short, 0.0, 4.0),
        "short_down": shape(0.0, -short, 0.0, 4.0),
    }


def framework(name: str, moneys: list[str]) -> list[PlainScenario]:
    """Base and the scenarios of a framework."""
    found = [PlainScenario("base")]
    if name == "us_parallel":
        for size in (-400, -300, -200, -100, 100, 200, 300, 400):
            path = Path((shape(size / 1e4),))
            word = f"{'up' if size > 0 else 'down'}_{abs(size)}"
            found.append(PlainScenario(word, dict.fromkeys(moneys, path)))
        return found
    floor = EU_FLOOR if name.startswith("eu_") else None
    by_money = {money: six(*(size / 1e4 for size in SIZES[name][money])) for money in moneys}
    for word in next(iter(by_money.values())):
        found.append(PlainScenario(word, {money: Path((by_money[money][word],), floor) for money in moneys}))
    return found
