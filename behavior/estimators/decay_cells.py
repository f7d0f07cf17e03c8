"""Balances of survivors added up into cells, with the account-months behind them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from behavior.estimators.balance_errors import CellRows
from behavior.estimators.lasting_steps import LastingGrowth
from behavior.features.base import FeatureMatrix
from behavior.quantities import FloatArray, IntArray

CODES = ("segment", "month_of_year")
LEAST_BALANCE, MOST_LOG = 10.0, 1.5


@dataclass(frozen=True)
class DecayCells:
    """Cells with their sums.

    Parameters
    ----------
    matrix : features of the cells. before, after : balances at the start and the end of the month, currency units.
    effective : effective number of accounts. block : calendar block of each cell, for clustered errors.
    log_decay, accounts : mean of -log(after / before), winsorised, over `accounts` accounts; None = sums only.
    rows : the account-months behind the cells, where logarithms are known.
    counts : how much an account of the cell counts, shape (cells,); balances are already multiplied by it. None = 1.
    lasting : what lasting steps add to the growth that logarithms show, by segment. None = nothing.
    """

    matrix: FeatureMatrix
    before: FloatArray
    after: FloatArray
    effective: FloatArray
    block: IntArray
    log_decay: FloatArray | None = None
    accounts: FloatArray | None = None
    rows: CellRows | None = None
    counts: FloatArray | None = None
    lasting: LastingGrowth | None = None


def sum_cells(
    keys: IntArray,
    columns: FloatArray,
    names: tuple[str, ...],
    before: FloatArray,
    after: FloatArray,
    block: IntArray,
    customer: IntArray,
) -> DecayCells:
    """Add rows up by key; cell features are balance-weighted means of `columns` (rows, features)."""
    places, inverse = np.unique(keys, return_inverse=True)
    count = len(places)
    opening = np.asarray(np.bincount(inverse, before, count), dtype=np.float64)
    squares = np.bincount(inverse, before**2, count)
    weight = before + 1e-9
    total = np.bincount(inverse, weight, count)
    values = np.column_stack(
        [np.bincount(inverse, weight * np.nan_to_num(column), count) / total for column in columns.T]
    )
    for place, name in enumerate(names):
        if name in CODES:
            values[:, place] = np.round(values[:, place])
    first = np.zeros(count, dtype=np.int64)
    first[inverse] = block
    matrix = FeatureMatrix(names, values)
    with np.errstate(invalid="ignore", divide="ignore"):
        effective = np.where(squares > 0, opening**2 / squares, 0.0)
    logs = -log_growth(before, after)
    accounts = np.asarray(np.bincount(inverse, np.isfinite(logs), count), dtype=np.float64)
    mean = np.bincount(inverse, np.nan_to_num(logs), count) / np.maximum(accounts, 1.0)
    closing = np.asarray(np.bincount(inverse, after, count), dtype=np.float64)
    rows = CellRows(inverse, customer, before, after, logs)
    return DecayCells(matrix, opening, closing, effective, first, mean, accounts, rows)


def log_growth(before: FloatArray, after: FloatArray) -> FloatArray:
    """Log of balance after over before, winsorised; NaN where one of them is next to nothing, shape (rows,)."""
    usable = (before > LEAST_BALANCE) & (after > LEAST_BALANCE)
    found = np.full(len(before), np.nan)
    found[usable] = np.clip(np.log(after[usable] / before[usable]), -MOST_LOG, MOST_LOG)
    return found
