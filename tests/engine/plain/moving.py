"""Balance sheets that move: a plan of new business beside run-off, and shifts of mix on the constant one."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Any

from tests.engine.plain.dates import is_thirty, later, month_after, years
from tests.engine.plain.market import PlainWorld, day_of
from tests.engine.plain.rows import Row
from tests.engine.plain.walk import HORIZON

Key = tuple[str, str, str]
"""Currency, side and product."""


@dataclass
class Piece:
    """One row of a table, its cells None where they are empty."""

    cells: dict[str, Any]
    month: int
    renews: bool

    def number(self, name: str) -> int:
        """A whole number, 0 where it is empty."""
        return int(self.cells.get(name) or 0)

    @property
    def term(self) -> int:
        """Months until it is repaid or priced anew."""
        return self.number("term_months")

    @property
    def end(self) -> int:
        """Month at whose end it is repaid."""
        return HORIZON + 1 if self.renews or not self.term else self.month + self.term

    def began(self, k: int) -> int:
        """The month at whose end the term began that runs in month k + 1."""
        return self.month + (k - self.month) // self.term * self.term if self.renews and self.term else self.month


class Moving:
    """New business of a run. constant, opening : interest on the constant sheet and as-of balances by key."""

    def __init__(self, world: PlainWorld, constant: Any, opening: dict[Key, float]) -> None:
        self.w, self.constant, self.opening = world, constant, opening

    def unit(self, s: int, key: Key, piece: Piece, k: int) -> float:
        """What one unit earns in month k + 1."""
        cells, w, money = piece.cells, self.w, key[0]
        count = cells.get("day_count") or "30/360"
        if cells.get("index"):
            reset = piece.number("reset_months")
            day = later(w.as_of, piece.month + (k - piece.month) // reset * reset)
            stop = later(day, reset)
            accrual = reset / 12 if is_thirty(count) else years(day, stop, count)
            rate = w.fixing(s, money, cells["index"], day, stop, accrual) + float(cells.get("spread") or 0.0)
        elif cells.get("rate") is not None:
            rate = float(cells["rate"])
        elif cells.get("margin") is not None:
            rate = w.term_zero(s, money, later(w.as_of, piece.began(k)), piece.term) + float(cells["margin"])
        else:
            return float(self.constant[s, key, k + 1] / self.opening[key])
        return rate * self._accrual(piece, count, k)

    def _accrual(self, piece: Piece, count: str, k: int) -> float:
        """Accrual of month k + 1, in periods counted from the day that the term began."""
        a, b = later(self.w.as_of, k), later(self.w.as_of, k + 1)
        if not is_thirty(count):
            return years(a, b, count)
        period = piece.number("payment_months") or piece.term or piece.number("reset_months") or 1
        period = min(period, piece.term or period)
        first = piece.began(k) + (k - piece.began(k)) // period * period
        start, close = later(self.w.as_of, first), later(self.w.as_of, first + period)
        part = years(start, b, count) - years(start, a, count)
        return part * (period / 12) / years(start, close, count)


def pieces(world: PlainWorld, table: Any, scenario: str, same: tuple[str, ...], renews: bool) -> list[Piece]:
    """Rows that act in a scenario: its own take the place of those that name none."""
    found = []
    for cells in table.to_dict("records"):
        clean = {name: None if value is None or value != value else value for name, value in cells.items()}
        found.append(Piece(clean, month_after(world.as_of, day_of(clean["month"])), renews))

    def what(piece: Piece) -> tuple[Any, ...]:
        return (piece.month, *(piece.cells[name] for name in same))

    own = {what(piece) for piece in found if piece.cells.get("scenario") == scenario}
    blank = [piece for piece in found if piece.cells.get("scenario") is None and what(piece) not in own]
    return [*(piece for piece in found if piece.cells.get("scenario") == scenario), *blank]


def planned(held: Moving, s: int, rows: list[Piece], closing: dict[Key, list[float]], income: Any) -> None:
    """Add what a plan earns to `income`. closing : run-off balances of cash positions at the ends of months 0 to 60."""
    taken: dict[Key, list[tuple[Piece, float]]] = defaultdict(list)
    for piece in sorted(rows, key=lambda one: one.month):
        key = (piece.cells["currency"], piece.cells["side"], piece.cells["product"])
        k, growth = piece.month, piece.cells.get("growth")
        amount = float(piece.cells.get("volume") or 0.0)
        if growth is not None:
            balances = closing.get(key, [0.0] * (HORIZON + 1))
            before = balances[k - 1] + sum(x for one, x in taken[key] if one.month < k <= one.end)
            still = balances[k] + sum(x for one, x in taken[key] if one.month < k < one.end)
            amount = max((1 + float(growth)) * before - still, 0.0)
        taken[key].append((piece, amount))
    for key, found in taken.items():
        for piece, amount in found:
            for k in range(piece.month, min(piece.end, HORIZON)):
                income[s, key, k + 1] += amount * held.unit(s, key, piece, k)


def moved(held: Moving, s: int, rows: list[Piece], side_of: dict[tuple[str, str], str], income: Any) -> None:
    """Move shares of products' balances from one to another, on `income` of the constant balance sheet."""
    for piece in rows:
        cells, money = piece.cells, piece.cells["currency"]
        side = side_of[money, cells["from_product"]]
        source, target = (money, side, cells["from_product"]), (money, side, cells["to_product"])
        share = float(cells["share"])
        for k in range(piece.month, HORIZON):
            income[s, source, k + 1] -= share * held.constant[s, source, k + 1]
            income[s, target, k + 1] += share * held.opening[source] * held.unit(s, target, piece, k)


def opening_of(rows: list[Row]) -> dict[Key, float]:
    """As-of balances of cash positions."""
    found: dict[Key, float] = defaultdict(float)
    for row in rows:
        if row.cash:
            found[row.money, row.side, row.product] += row.balance
    return found
