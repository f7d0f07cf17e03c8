"""What is solved for before a book is valued: spreads that calibrate values, and the scale of deposits' run-off."""

from __future__ import annotations

from collections import defaultdict

from scipy.optimize import brentq

from tests.engine.plain.market import PlainWorld
from tests.engine.plain.rows import Row
from tests.engine.plain.walk import Choices, Walk

LEFT = ("scheduled", "payoff", "curtailment", "withdrawal")


def calibrate(world: PlainWorld, rows: list[Row], choices: Choices) -> None:
    """Give each cash row the spread in the discounting that makes its base value its balance."""

    def miss(spread: float, row: Row) -> float:
        row.extra = spread
        return Walk(world, row, 0, choices, {}).run().value - row.balance

    for row in rows:
        if row.cash and row.balance > 0:
            row.extra = float(brentq(miss, -0.5, 2.0, args=(row,), xtol=1e-15, rtol=1e-14))


def cap_life(world: PlainWorld, rows: list[Row], choices: Choices, years: float) -> None:
    """Scale run-off times until the deposits under the cap last so many years on average, by currency."""
    under: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        if row.open_ended and row.side == "liability" and not row.overnight:
            under[row.money].append(row)

    def average(scale: float, mine: list[Row]) -> float:
        months, all_of_it = 0.0, 0.0
        for row in mine:
            row.stretch = scale
            for k, flows in Walk(world, row, 0, choices, {}).run().flows.items():
                gone = sum(flows[name] for name in LEFT)
                months += k * gone
                all_of_it += gone
        return months / all_of_it / 12

    for mine in under.values():
        if average(1.0, mine) > years:
            scale = brentq(lambda x, found: average(x, found) - years, 1e-3, 1.0, args=(mine,), xtol=1e-15, rtol=1e-14)
            average(float(scale), mine)
