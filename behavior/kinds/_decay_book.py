"""The deposits that curves carry forward: the accounts open when the last month ends, as they stand there.

Most have a row of that month. Those first seen in it, new ones and such as come from another product, have an entry
only: they were not at risk yet, and are part of the book all the same. New accounts close faster than others, so that
a curve without them decays too slowly.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from behavior.assumptions.effects import POOLED
from behavior.estimators.spline_hazard import rows_of
from behavior.estimators.terms import column_of
from behavior.features.base import FeatureMatrix
from behavior.features.decay import FEATURES
from behavior.kinds._decay_fit import level_codes
from behavior.kinds._decay_pace import CUMULATED
from behavior.kinds._segments import scheme_of, segment_codes
from behavior.kinds.base import FittedModel
from behavior.panel.base import Panel
from behavior.quantities import AnyArray, FloatArray, IntArray

LEAST_WEIGHT = 1e-6


@dataclass(frozen=True)
class OpenAccounts:
    """Accounts open at as-of: features as they stand there, balances, and the place of each one's segment in the
    balance models (-1: none), shape (accounts,) each."""

    matrix: FeatureMatrix
    weight: FloatArray
    level: IntArray


@dataclass(frozen=True)
class OpenBook:
    """All accounts open at as-of.

    Parameters
    ----------
    units : their names. segment : code of each one's segment. labels : of the segments, by code.
    """

    accounts: OpenAccounts
    units: AnyArray
    segment: IntArray
    labels: list[tuple[str, ...]]

    def of_segment(self, segment: tuple[str, ...], alone: bool = False) -> OpenAccounts | None:
        """Those of a segment, `POOLED` taking any, or with `alone` none but those that do not say it; None: no such."""
        fits = [
            one == segment if alone else all(mine in (POOLED, own) for mine, own in zip(segment, one, strict=True))
            for one in self.labels
        ]
        mine = np.asarray(fits, dtype=bool)[self.segment]
        every = self.accounts
        return OpenAccounts(rows_of(every.matrix, mine), every.weight[mine], every.level[mine]) if mine.any() else None


def open_book(fitted: FittedModel, panel: Panel, matrix: FeatureMatrix) -> OpenBook:
    """The accounts open at the end of the panel's last month; `matrix` is the panel's."""
    table = panel.table
    left = (table["closed"].to_numpy() + table["migrated"].to_numpy()) > 0
    now = (table["month"] == table["month"].max()).to_numpy() & ~left
    standing, values = table[now], matrix.values[now]
    entries = _entries(panel)
    if len(entries):
        standing = pd.concat([standing, entries], ignore_index=True)
        values = np.vstack([values, fitted.estimators["inputs"].matrix(Panel(entries), FEATURES).values])
    segment, labels = segment_codes(standing, scheme_of(fitted.spec))
    accounts = accounts_of(fitted, standing, matrix.with_values(values))
    return OpenBook(accounts, standing["unit"].to_numpy(), segment, labels)


def _entries(panel: Panel) -> pd.DataFrame:
    """Those first seen in the panel's last month; their balance is the one at its end."""
    if panel.entries is None:
        return panel.table.iloc[:0]
    found: pd.DataFrame = panel.entries[panel.entries["month"] == panel.table["month"].max()]
    return found.assign(weight=found["balance_end"])


def accounts_of(fitted: FittedModel, table: pd.DataFrame, matrix: FeatureMatrix) -> OpenAccounts:
    """The accounts of some rows as they stand when the row's month ends; `matrix` is that of the rows."""
    weight, levels = balances_of(table), tuple(fitted.estimators["inputs"].extra["segments"])
    as_of = at_as_of(matrix, weight, fitted.estimators["closure"])
    return OpenAccounts(as_of, weight, level_codes(table, fitted.spec, levels))


def balances_of(table: pd.DataFrame) -> FloatArray:
    """Balance at each month's end, positive so that an empty account still counts for something."""
    return np.asarray(np.fmax(table["balance_end"].to_numpy(), LEAST_WEIGHT))


def at_as_of(matrix: FeatureMatrix, balance: FloatArray, closure: Any = None) -> FeatureMatrix:
    """The accounts' features as they stand at as-of: today's balance, not that of a month ago, and among what has been
    cumulated the last month's expected closing (by `closure`) of all that were open before it."""
    values = matrix.values.copy()
    if CUMULATED in matrix.names:
        lived = ~(column_of(matrix, "age_months") <= 0)
        values[lived, matrix.names.index(CUMULATED)] += closure.predict_hazard(rows_of(matrix, lived))
    if "log_balance" in matrix.names:
        values[:, matrix.names.index("log_balance")] = np.log(np.maximum(balance, 1.0))
    return matrix.with_values(values)
