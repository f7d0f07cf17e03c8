"""Customer history as read, and the person-period table made of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd

from behavior.quantities import BoolArray, FloatArray

CASES = "cases"
"""Column of a sampled panel: months that a row stands for."""


@dataclass(frozen=True)
class SourceFile:
    """One input as it was read: file name (no folder), sha256 of its bytes, rows."""

    name: str
    digest: str
    rows: int

    def as_facts(self) -> dict[str, Any]:
        """What a result says of the input."""
        return {"file": self.name, "sha256": self.digest, "rows": self.rows}


@dataclass(frozen=True)
class CustomerHistory:
    """Tables of one history contract, already checked: ``{"loans": ..., "loan_months": ...}``.

    Month and date columns are ``datetime64`` (months at month end), rates decimals a year, money in currency units.
    """

    contract: str
    tables: Mapping[str, pd.DataFrame]
    sources: tuple[SourceFile, ...] = ()
    control_totals: pd.DataFrame | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class StreamedHistory(CustomerHistory):
    """A history whose months stay in their file: `tables` holds its units alone, `parts` some units with their months.

    Parameters
    ----------
    parts : can be gone through again and again. customers : share of the customers whose months are kept, in (0, 1].
    """

    parts: Iterable[CustomerHistory] = ()
    customers: float = 1.0


@dataclass(frozen=True)
class Panel:
    """Rows at risk, one a unit and month, by the unit's name and month.

    Parameters
    ----------
    table : always holds `unit` (loan, account or product series), `customer` (what the split keeps together), `month`
        (month end), `weight` (balance at the month's start, currency units), the segment columns, the targets of the
        kind and the raw inputs of its features.
    dropped : reason -> rows or units left out, printed in the report.
    entries : a row for the month in which a unit is first seen and left open, with the columns of `table`: not at risk
        yet, so that nothing is learned from it, but part of the book at that month's end. None: not asked for.
    """

    table: pd.DataFrame
    dropped: Mapping[str, int] = field(default_factory=dict)
    entries: pd.DataFrame | None = None

    def rows(self, mask: BoolArray) -> Panel:
        """The panel of the rows where `mask` (shape (rows,)) is true, without entries where it leaves out any."""
        if mask.all():
            return self
        return Panel(self.table[mask].reset_index(drop=True), self.dropped)

    def until(self, month_end: pd.Timestamp) -> Panel:
        """What was known at a month's end: rows and entries of months up to it."""
        entries = self.entries
        if entries is not None:
            entries = entries[entries["month"] <= month_end].reset_index(drop=True)
        return replace(self.rows((self.table["month"] <= month_end).to_numpy()), entries=entries)

    @property
    def cases(self) -> FloatArray:
        """Months that each row stands for, shape (rows,): 1, but in a sample of the months without event."""
        if CASES not in self.table.columns:
            return np.ones(len(self.table))
        return self.table[CASES].to_numpy(dtype=np.float64)


@dataclass(frozen=True)
class PanelSplit:
    """Boolean masks over a panel's rows; no customer and no month is on both sides of train and test.

    `train` fits, `validate` tunes (later months of training customers' sample), `test` is out of time **and** unseen
    customers; `out_of_time` (all customers) and `unseen_customers` (training months) are there to tell the two apart.
    """

    train: BoolArray
    validate: BoolArray
    test: BoolArray
    out_of_time: BoolArray
    unseen_customers: BoolArray
