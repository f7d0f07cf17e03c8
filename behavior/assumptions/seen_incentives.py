"""How far a payoff table's history speaks along the incentive, and how much of a balance stands beyond that."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from behavior.assumptions.curve import AssumptionCurve
from behavior.assumptions.effects import Driver
from behavior.assumptions.set import AssumptionTable
from behavior.quantities import FloatArray, Quantity

FEWEST = 50
"""Events that a history has to hold beyond an incentive: 50 tell a level to within a quarter, nine times in ten."""
SAME = 1e-9
"""Incentives that are a node's but for the rounding of a difference of rates."""


@dataclass(frozen=True)
class SeenIncentives:
    """Incentives, decimals a year, beyond which a history holds fewer than `FEWEST` events.

    `low` is minus infinity where the history reaches out of the money: below it loans leave as they do for other
    reasons than the rate, which was seen.
    """

    low: float
    high: float

    def share_above(self, incentive: FloatArray, balance: FloatArray) -> float:
        """Share of the balance at incentives above what was seen; shape (rows,) each."""
        return _share(balance, incentive > self.high + SAME)

    def share_below(self, incentive: FloatArray, balance: FloatArray) -> float:
        """Share of the balance at incentives below what was seen; shape (rows,) each."""
        return _share(balance, incentive < self.low - SAME)

    @property
    def words_above(self) -> str:
        """Where those above stand."""
        return f"at incentives above {100 * self.high:+z.2f}%"

    @property
    def words_below(self) -> str:
        """Where those below stand."""
        return f"at incentives below {100 * self.low:+z.2f}%"


def seen_incentives(table: AssumptionTable) -> SeenIncentives | None:
    """The widest range of a table's curves; None where it records no exposure, has no incentive, or too few events."""
    if table.quantity is not Quantity.MONTHLY_HAZARD or Driver.RATE_INCENTIVE not in table.drivers:
        return None
    found = [ends for ends in (_ends(table, curve) for curve in table.curves) if ends is not None]
    if not found:
        return None
    low, high = min(one for one, _ in found), max(one for _, one in found)
    return SeenIncentives(low if low > -table.terms.in_the_money_above else -np.inf, high)


def one_sided_warnings(tables: Sequence[AssumptionTable]) -> tuple[str, ...]:
    """A sentence a table whose history saw hardly a loan in the money, or out of it: rates only rose, or fell."""
    found = []
    for table in tables:
        seen = seen_incentives(table)
        if seen is None:
            continue
        if seen.high <= table.terms.in_the_money_above + SAME:
            found.append(_one_sided(table, "in", seen.words_above, "how many more leave when rates fall"))
        if np.isfinite(seen.low):
            found.append(_one_sided(table, "out of", seen.words_below, "how many still leave when rates rise"))
    return tuple(found)


def _one_sided(table: AssumptionTable, side: str, where: str, unknown: str) -> str:
    return (
        f"The history behind {table.name} hardly saw a loan {side} the money (fewer than {FEWEST} events {where}): "
        f"{unknown} is the curve's form, and was not seen."
    )


def _ends(table: AssumptionTable, curve: AssumptionCurve) -> tuple[float, float] | None:
    """Lowest and highest node with `FEWEST` events at it and beyond: exposure times hazard."""
    if curve.exposure_months is None or Driver.RATE_INCENTIVE not in curve.driver_grids:
        return None
    axis = table.drivers.index(Driver.RATE_INCENTIVE)
    others = tuple(place for place in range(curve.values.ndim) if place != axis)
    events = (np.nan_to_num(curve.exposure_months) * curve.values).sum(axis=others)
    if events.sum() < FEWEST:
        return None
    nodes = curve.driver_grids[Driver.RATE_INCENTIVE]
    low = nodes[np.flatnonzero(np.cumsum(events) >= FEWEST)[0]]
    high = nodes[np.flatnonzero(np.cumsum(events[::-1])[::-1] >= FEWEST)[-1]]
    return float(low), float(high)


def _share(balance: FloatArray, rows: np.ndarray) -> float:
    total = float(balance.sum())
    return float(balance[rows].sum() / total) if total > 0 else 0.0
