"""What a plan or a mix shift must agree on with the book, the market and the scenarios; every fault at once."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from behavior.cells import Breach
from behavior.contracts import Place, faults_at
from behavior.engine.layout import NII_MONTHS
from behavior.errors import Fault
from behavior.months import DateLike, month_of, roll_months
from behavior.quantities import BoolArray


@dataclass(frozen=True)
class Known:
    """What the tables are held against.

    Parameters
    ----------
    scenarios : names. balances : (currency, side, product) -> as-of balance of cash positions.
    indices : (currency, index) of every curve.
    """

    as_of: DateLike
    scenarios: Sequence[str]
    balances: dict[tuple[str, str, str], float]
    indices: Collection[tuple[str, str]]

    @property
    def currencies(self) -> list[str]:
        """Currencies of the book."""
        return sorted({currency for currency, _, _ in self.balances})

    def side_of(self, currency: str, product: str) -> str:
        """Side on which the book has a balance of a product, empty where it has none."""
        held = [key[1] for key, amount in self.balances.items() if key[::2] == (currency, product) and amount > 0]
        return held[0] if held else ""


def plan_faults(plan: pd.DataFrame, known: Known, place: Place | None = None) -> list[Fault]:
    """Faults of a plan/1 table against the book; `place` is where its rows came from."""
    table = plan.reset_index(drop=True)
    held = [known.side_of(*pair) for pair in zip(table["currency"], table["product"], strict=True)]
    other = _flags(bool(side) and side != own for side, own in zip(held, table["side"], strict=True))
    balance = [
        known.balances.get(key, 0.0) for key in zip(table["currency"], table["side"], table["product"], strict=True)
    ]
    lost = ~_priced(table) & (np.asarray(balance) <= 0) & ~other
    rule = "a product without balance in the book needs `rate`, `margin` or `index`"
    breaches = [
        *_common(table, known),
        *_at(other, "side", "the book has this product on the other side"),
        *_at(lost, "product", rule, "Price it, or correct its name"),
    ]
    return faults_at(place or Place("plan"), breaches, table)


def shift_faults(shifts: pd.DataFrame, known: Known, place: Place | None = None) -> list[Fault]:
    """Faults of a mix_shift/1 table against the book; `place` is where its rows came from."""
    table = shifts.reset_index(drop=True)
    pairs = zip(table["currency"], table["from_product"], table["to_product"], strict=True)
    sides = [(known.side_of(money, source), known.side_of(money, target)) for money, source, target in pairs]
    empty = _flags(not source for source, _ in sides)
    other = _flags(bool(source) and bool(target) and source != target for source, target in sides)
    lost = ~_priced(table) & _flags(not target for _, target in sides)
    rule = "a product without balance in the book needs `rate`, `margin` or `index`"
    breaches = [
        *_common(table, known),
        *_at(empty, "from_product", "the book has no balance of this product in this currency"),
        *_at(other, "to_product", "expected a product on the side of `from_product`"),
        *_at(lost, "to_product", rule, "Price it, or correct its name"),
    ]
    return faults_at(place or Place("mix_shift"), breaches, table)


def _flags(found: Iterable[bool]) -> BoolArray:
    """One a row, of a table without rows too."""
    return np.asarray(list(found), dtype=np.bool_)


def _priced(table: pd.DataFrame) -> BoolArray:
    found = np.zeros(len(table), dtype=np.bool_)
    for name in ("rate", "margin", "index"):
        if name in table:
            found |= table[name].notna().to_numpy(dtype=bool)
    return found


def _common(table: pd.DataFrame, known: Known) -> list[Breach]:
    months = month_of(known.as_of, table["month"].to_numpy())
    last = roll_months(known.as_of, NII_MONTHS)
    late = (months < 1) | (months > NII_MONTHS)
    found = _at(late, "month", f"expected a day after {known.as_of} and up to {last}")
    strange = ~table["currency"].isin(known.currencies).to_numpy()
    found += _at(strange, "currency", f"expected a currency of the book: {', '.join(known.currencies)}")
    if "scenario" in table:
        unknown = (table["scenario"].notna() & ~table["scenario"].isin(list(known.scenarios))).to_numpy()
        found += _at(unknown, "scenario", f"expected one of {', '.join(known.scenarios)}")
    if "index" in table:
        pairs = list(zip(table["currency"], table["index"], strict=True))
        gone = _flags(bool(pd.notna(index)) and (str(c), str(index)) not in known.indices for c, index in pairs)
        found += _at(gone, "index", "curves/1 has no such index in this currency", "Add its rows")
    return found


def _at(wrong: BoolArray, column: str, rule: str, hint: str = "") -> list[Breach]:
    return [Breach(rule, np.flatnonzero(wrong), column, hint)] if wrong.any() else []
