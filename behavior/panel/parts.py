"""Panels of a history that is read some customers at a time: in a stream, or kept for a share of the customers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from behavior.errors import FittingError
from behavior.market.history import RateHistory
from behavior.months import month_number
from behavior.panel.account_months import DepositPanelRules
from behavior.panel.base import CASES, CustomerHistory, Panel
from behavior.panel.deposits import build_deposit_panel
from behavior.panel.house_prices import HousePrices
from behavior.panel.loan_rows import sorted_rows
from behavior.panel.loans import LoanPanelRules, build_loan_panel
from behavior.panel.split import held_out_customers
from behavior.quantities import BoolArray

LEFT_OUT = "customers left out of a sample, months at risk"
GOLDEN = np.uint64(0x9E3779B97F4A7C15)
MIXERS = (np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB))


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


def deposit_panels(parts: Iterable[CustomerHistory], rates: RateHistory, rules: DepositPanelRules) -> Iterator[Panel]:
    """The panel of each part as it is in the panel of the whole."""
    for part in parts:
        try:
            yield build_deposit_panel(part, rates, rules)
        except FittingError:
            continue


def kept_panel(panels: Iterable[Panel], share: float, seed: int) -> Panel:
    """One panel of a share of the customers, whole customers by a keyed hash of their names: what fits into memory.

    Months at risk are what a hazard learns from, and customers are drawn whatever became of them: every estimate stays
    unbiased, and a band grows by the root of what was left out.

    Raises
    ------
    FittingError : when no row is left.
    """
    held: list[Panel] = []
    dropped: Counter[str] = Counter()
    for panel in panels:
        held.append(_of_customers(panel, share, seed, dropped))
    return _one_panel(held, dropped)


@dataclass(frozen=True)
class CaseRules:
    """Which months a fit learns from where memory does not hold them all.

    Parameters
    ----------
    events : target columns; a month where one is above 0 is always kept. share : of the other months, in (0, 1].
    """

    events: Sequence[str]
    share: float


def sampled_panels(panels: Iterable[Panel], customers: float, seed: int, cases: CaseRules) -> tuple[Panel, Panel]:
    """A panel of a share of the customers, and the cases of all customers that a fit learns from, in one pass.

    The second keeps every event and a share of the other months, drawn by a keyed hash of unit and month, so that it
    does not hang on the parts; its column `cases` says how many months a row stands for.

    Raises
    ------
    FittingError : when no row is left.
    """
    held: list[Panel] = []
    dropped: Counter[str] = Counter()
    learned = _Cases(cases, seed)
    for panel in panels:
        learned.add(panel)
        held.append(_of_customers(panel, customers, seed, dropped))
    return _one_panel(held, dropped), learned.panel()


@dataclass(frozen=True)
class _Cases:
    """Cases gathered panel by panel."""

    rules: CaseRules
    seed: int
    held: list[Panel] = field(default_factory=list)
    dropped: Counter[str] = field(default_factory=Counter)
    quiet: Counter[bool] = field(default_factory=Counter)

    def add(self, panel: Panel) -> None:
        """Take the cases of one panel."""
        happened = _happened(panel.table, self.rules.events)
        kept = happened | _drawn(panel.table, self.rules.share, self.seed)
        self.quiet.update({True: int((kept & ~happened).sum()), False: int((~kept).sum())})
        self.dropped.update(panel.dropped)
        rows = panel.table[kept]
        rows[CASES] = np.where(happened[kept], 1.0, np.nan)
        self.held.append(Panel(rows))

    def panel(self) -> Panel:
        """All cases; a quiet month stands for as many as there were for each that was kept."""
        weight = (self.quiet[True] + self.quiet[False]) / max(self.quiet[True], 1)
        counted = {"months without event left out of a sample of cases": self.quiet[False]}
        made = _one_panel(self.held, Counter({**self.dropped, **counted}))
        return Panel(made.table.assign(**{CASES: made.table[CASES].fillna(weight)}), made.dropped)


def _happened(table: pd.DataFrame, events: Sequence[str]) -> BoolArray:
    found = np.zeros(len(table), dtype=bool)
    for name in events:
        found |= table[name].to_numpy(dtype=np.float64) > 0
    return found


def _drawn(table: pd.DataFrame, share: float, seed: int) -> BoolArray:
    """True on a share of the rows: by unit and month, the same in whatever part they stand."""
    codes, names = pd.factorize(table["unit"])
    key = f"{seed % 10**16:016d}"
    units = pd.util.hash_array(np.asarray([str(name) for name in names], dtype=object), hash_key=key)
    mixed = units[codes] + month_number(table["month"]).astype(np.uint64) * GOLDEN
    for shift, factor in zip((30, 27), MIXERS, strict=True):
        mixed = (mixed ^ (mixed >> np.uint64(shift))) * factor
    mixed ^= mixed >> np.uint64(31)
    return np.asarray((mixed >> np.uint64(11)).astype(np.float64) / float(1 << 53) < share)


def _of_customers(panel: Panel, share: float, seed: int, dropped: Counter[str]) -> Panel:
    """Rows and entries of a share of the customers; rows left out are counted."""
    table = _kept(panel.table, share, seed)
    dropped.update(panel.dropped)
    dropped[LEFT_OUT] += len(panel.table) - len(table)
    return Panel(table, entries=None if panel.entries is None else _kept(panel.entries, share, seed))


def _kept(table: pd.DataFrame, share: float, seed: int) -> pd.DataFrame:
    return table[held_out_customers(table["customer"], share, seed)] if share < 1.0 else table.copy(deep=False)


def _one_panel(held: list[Panel], dropped: Mapping[str, int]) -> Panel:
    if not sum(len(one.table) for one in held):
        raise FittingError("sample of customers: no row at risk is left. Keep a larger share.")
    entries = [one.entries for one in held if one.entries is not None]
    return Panel(_stacked([one.table for one in held]), dict(dropped), _stacked(entries) if entries else None)


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
