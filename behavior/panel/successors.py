"""Which account goes on in which: migrations to a successor of the same product, and moves into another one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
import pandas as pd

from behavior.months import month_number
from behavior.quantities import BoolArray, IntArray


@dataclass(frozen=True)
class Successors:
    """What became of each account, and which of them are one; shape (accounts,) each.

    Parameters
    ----------
    heir : position of the successor, -1 without one among the accounts.
    goes_on : the successor is of the same product: no event. moves : it is of another product, or not among the
        accounts, where its product is unknown.
    end : position of the last account that successors of the same product lead to; its own where it has none.
    steps : successors on the way there.
    root : position of the account that all with the same `end` continue: the one opened first. Accounts merged into
        one successor share it.
    line : the same through successors of any product.
    """

    heir: IntArray
    goes_on: BoolArray
    moves: BoolArray
    end: IntArray
    steps: IntArray
    root: IntArray
    line: IntArray

    @classmethod
    def of(cls, accounts: pd.DataFrame) -> Self:
        """The successors that the accounts' `successor_id` names."""
        own = np.arange(len(accounts))
        never = np.zeros(len(accounts), dtype=bool)
        if "successor_id" not in accounts.columns or not accounts["successor_id"].notna().any():
            return cls(np.full(len(own), -1), never, never, own, np.zeros_like(own), own, own)
        named = accounts["successor_id"].notna().to_numpy()
        heir = np.asarray(pd.Index(accounts["account_id"]).get_indexer(accounts["successor_id"]), dtype=np.int64)
        heir, named = np.where(named & (heir != own), heir, -1), named & (heir != own)
        product = accounts["product"].astype(object).to_numpy()
        goes_on = (heir >= 0) & (product == product[np.maximum(heir, 0)])
        end, steps = _ends(np.where(goes_on, heir, -1))
        opened = month_number(accounts["open_date"])
        line = _first_opened(*_ends(heir), opened)
        return cls(heir, goes_on, named & ~goes_on, end, steps, _first_opened(end, steps, opened), line)


def _ends(heir: IntArray) -> tuple[IntArray, IntArray]:
    """Position that each line leads to, and the steps there; each round doubles the steps taken."""
    end, steps = np.where(heir >= 0, heir, np.arange(len(heir))), (heir >= 0).astype(np.int64)
    for _ in range(40):  # no line is as long as that, unless it is a ring
        further = end[end]
        if np.array_equal(further, end):
            break
        end, steps = further, steps + steps[end]
    return end, steps


def _first_opened(end: IntArray, steps: IntArray, opened: IntArray) -> IntArray:
    """Position of the account opened first among all with the same end; of those opened together, the farthest one."""
    order = np.lexsort((np.arange(len(end)), -steps, opened, end))
    first = np.append(True, np.diff(end[order]) != 0)
    place = np.empty(len(end), dtype=np.int64)
    place[order] = order[first][np.cumsum(first) - 1]
    return place
