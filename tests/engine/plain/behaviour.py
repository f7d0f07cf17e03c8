"""Curves of a set by row, hazards by month, and the rate of a product that the bank sets."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise, product
from typing import Any

import numpy as np

from tests.engine.plain.dates import later
from tests.engine.plain.market import PlainWorld


def between(grid: list[float], x: float) -> list[tuple[int, float]]:
    """Places and weights of a linear lookup, clamped."""
    if x <= grid[0]:
        return [(0, 1.0)]
    if x >= grid[-1]:
        return [(len(grid) - 1, 1.0)]
    k = bisect_right(grid, x) - 1
    w = (x - grid[k]) / (grid[k + 1] - grid[k])
    return [(k, 1 - w), (k + 1, w)]


def multilinear(values: Any, grids: list[list[float]], point: list[float]) -> float:
    """Multilinear lookup, clamped."""
    places = [between(grid, x) for grid, x in zip(grids, point, strict=True)]
    total = 0.0
    for corner in product(*places):
        weight = 1.0
        for _, w in corner:
            weight *= w
        total += weight * float(values[tuple(k for k, _ in corner)])
    return total


@dataclass
class Rule:
    """One behaviour of a row: a table of the set and the row's curve in it."""

    table: Any
    curve: Any
    tail: str = "larger_of_last_and_mean"

    @property
    def cause(self) -> str:
        """What the balance leaves for."""
        return str(self.table.cause)

    @cached_property
    def months(self) -> list[float]:
        """The curve's own months."""
        return [float(m) for m in self.curve.months]

    @cached_property
    def beyond(self) -> Any:
        """What lies beyond the last month: by default the larger of its value and the mean of the last 24."""
        last = int(self.months[-1])
        seen = range(max(last - 23, 1), last + 1)
        found = np.zeros(self.curve.values.shape[:-1])
        for place in np.ndindex(*found.shape):
            line = self.curve.values[place]
            mean = sum(multilinear(line, [self.months], [float(m)]) for m in seen) / len(seen)
            end = float(line[-1])
            words = {"larger_of_last_and_mean": max(end, mean), "last_value": end, "mean_of_last_24": mean}
            found[place] = words[self.tail]
        return found

    def value(self, month: int, drivers: dict[str, float]) -> float:
        """Value of the curve in a month."""
        grids = [[float(x) for x in grid] for grid in self.curve.driver_grids.values()]
        point = [drivers[str(name)] for name in self.curve.driver_grids]
        if month <= self.months[-1]:
            return multilinear(self.curve.values, [*grids, self.months], [*point, float(month)])
        return multilinear(self.beyond, grids, point)


class Pass:
    """REPRICING of one row: target by level, speed by direction, delays."""

    def __init__(self, target: Any, up: Any, down: Any) -> None:
        self.grid = [float(x) for x in next(iter(target.driver_grids.values()))] if target.driver_grids else [0.0]
        self.marginal = [float(x) for x in np.ravel(target.values)]
        self.share, self.delay = [1.0, 1.0], [0, 0]
        for k, found in enumerate((up, down)):
            if found is not None:
                table, curve = found
                self.share[k] = float(np.ravel(curve.values)[0])
                self.delay[k] = int(table.delay_months.get(curve.direction, 0))

    def moved(self, old: float, new: float) -> float:
        """Integral of the marginal pass-through from an old level of the short rate to a new one."""
        if new < old:
            return -self.moved(new, old)
        total = 0.0
        cuts = [old, *(x for x in self.grid if old < x < new), new]
        for a, b in pairwise(cuts):
            middle = (a + b) / 2
            if len(self.grid) == 1:
                value = self.marginal[0]
            else:
                value = sum(w * self.marginal[k] for k, w in between(self.grid, middle))
            total += value * (b - a)
        return total

    def next(self, paid: float, seen: list[float]) -> float:
        """Rate a month on; seen : target as the upward and the downward direction know it."""
        up, down = max(seen[0] - paid, 0.0), min(seen[1] - paid, 0.0)
        return paid + self.share[0] * up + self.share[1] * down


def paid_path(
    world: PlainWorld, s: int, money: str, rate: float, floor: float, rule: Pass | None, months: int, pending: bool
) -> list[float]:
    """Customer rate in months 0 .. months of a row whose rate the bank sets."""
    if rule is None:
        return [rate] * (months + 1)
    before, owed = _history(world, rule) if pending else ([], 0.0)
    today = world.level(0, money, 1)
    target = [rate + owed]
    target += [rate + owed + rule.moved(today, world.level(s, money, m)) for m in range(1, months + 1)]
    old = [rate + owed + x for x in before] or [rate + owed]

    def at(m: int) -> float:
        return target[m] if m >= 0 else old[max(len(old) + m, 0)]

    path = [rate]
    for m in range(1, months + 1):
        moved = rule.next(path[-1], [at(m - rule.delay[0]), at(m - rule.delay[1])])
        path.append(max(moved, min(floor, path[-1])))
    return path


def _history(world: PlainWorld, rule: Pass) -> tuple[list[float], float]:
    """Targets of earlier months less today's, oldest first, and what they still owe."""
    levels: list[float] = []
    k = 0
    while (value := world.past(world.short_history, later(world.as_of, -k))) is not None and k < 1200:
        levels.insert(0, value)
        k += 1
        if later(world.as_of, -k) < world.history[world.short_history][0][0]:
            break
    if len(levels) < 2:
        return [], 0.0
    targets = [rule.moved(levels[0], x) for x in levels]
    paid = 0.0
    for m in range(1, len(levels)):
        paid = rule.next(paid, [targets[max(m - d, 0)] for d in rule.delay])
    return [t - targets[-1] for t in targets[:-1]], targets[-1] - paid
