"""Months of deposit accounts in order, as arrays, and what the panel's builder is told of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from behavior.quantities import BoolArray, FloatArray, IntArray


@dataclass(frozen=True)
class DepositPanelRules:
    """What the builder needs to know besides the tables.

    Parameters
    ----------
    market : role or index of the market rate that the spread is measured against.
    dust : balance (currency units) at or below which an account counts as empty.
    dust_months : empty months in a row, to the end and not reopened, that make a closure.
    """

    market: str = "short"
    dust: float = 1.0
    dust_months: int = 3
    extras: tuple[str, ...] = ()
    from_month: int | None = None
    to_month: int | None = None


@dataclass(frozen=True)
class AccountMonths:
    """Sorted account-months as arrays, one row a unit and month.

    Parameters
    ----------
    unit : code of the product series. month, opened, closes : month numbers (`closes` NEVER while open).
    balance, interest : end of month and credited in it (negative: charged), currency units; NaN = missing.
    moves : the unit ends by a move into another product. numbers : further monthly columns by name.
    meanings : what the numbers of columns of words or dates stand for.
    """

    unit: IntArray
    month: IntArray
    balance: FloatArray
    interest: FloatArray
    opened: IntArray
    closes: IntArray
    moves: BoolArray
    numbers: Mapping[str, FloatArray] = field(default_factory=dict)
    meanings: Mapping[str, pd.Series] = field(default_factory=dict)

    def number(self, name: str) -> FloatArray:
        """A monthly column; all NaN where it is missing."""
        return self.numbers[name] if name in self.numbers else np.full(len(self.unit), np.nan)

    def part(self, own: slice) -> AccountMonths:
        """Some units' rows."""
        names = ("unit", "month", "balance", "interest", "opened", "closes", "moves")
        numbers = {name: values[own] for name, values in self.numbers.items()}
        return replace(self, **{name: getattr(self, name)[own] for name in names}, numbers=numbers)
