"""Panels of a history that is read some customers at a time: in a stream, or kept for a share of the customers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

import numpy as np
import pandas as pd

from behavior.errors import FittingError
from behavior.market.history import RateHistory
from behavior.panel.base import CustomerHistory, Panel
from behavior.panel.house_prices import HousePrices
from behavior.panel.loan_rows import sorted_rows
from behavior.panel.loans import LoanPanelRules, build_loan_panel
from behavior.panel.split import held_out_customers


def loan_panels(parts: Iterable[CustomerHistory], rates: RateHistory, rules: LoanPanelRules) -> Iterator[Panel]:
    """The panel of each part as it is in the panel of the whole; `parts` is gone through twice.

    The first pass gathers house prices by region and month, which loans of other parts know.
    """
    prices = HousePrices.none()
    for part in parts:
        prices = prices.joined(HousePrices.of(sorted_rows(part.tables["loans"], part.tables["loan_months"])))
    for part in parts:
        try:
            yield build_loan_panel(part, rates, rules, prices)
        except FittingError:  # none of these loans is at risk inside the window: others may be
            continue


def kept_panel(panels: Iterable[Panel], share: float, seed: int) -> Panel:
    """One panel of a share of the customers, whole customers by a keyed hash of their names: what fits into memory.

    Months at risk are what a hazard learns from, and customers are drawn whatever became of them: every estimate stays
    unbiased, and a band grows by the root of what was left out.

    Raises
    ------
    FittingError : when no row is left.
    """
    held: list[pd.DataFrame] = []
    dropped: Counter[str] = Counter()
    for panel in panels:
        mine = np.ones(len(panel.table), dtype=bool)
        if share < 1.0:
            mine = held_out_customers(panel.table["customer"], share, seed)
        dropped.update(panel.dropped)
        dropped["customers left out of a sample, months at risk"] += int((~mine).sum())
        held.append(panel.table[mine])
    if not sum(map(len, held)):
        raise FittingError("sample of customers: no row at risk is left. Keep a larger share.")
    return Panel(_stacked(held), dict(dropped))


def _stacked(tables: list[pd.DataFrame]) -> pd.DataFrame:
    """Tables below each other, each column let go as soon as it stands; categories of all."""
    names = list(tables[0].columns)
    made = {}
    for name in names:
        cells = [table.pop(name) for table in tables]
        made[name] = _one(cells)
    return pd.DataFrame(made, copy=False)


def _one(cells: list[pd.Series]) -> object:
    if isinstance(cells[0].dtype, pd.CategoricalDtype):
        return pd.api.types.union_categoricals([one.array for one in cells])
    return pd.concat(cells, ignore_index=True).array
