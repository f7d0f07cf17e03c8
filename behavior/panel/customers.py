"""Whose each unit is: what must stay on one side of a split."""

from __future__ import annotations

import numpy as np
import pandas as pd

from behavior.quantities import BoolArray, IntArray


def customers_of(units: pd.DataFrame, key: str, line: IntArray | None = None) -> tuple[pd.Series, BoolArray]:
    """The customer of each unit, and which units had to be their own for want of a name; shape (units,) each.

    Only a unit whose `customer_id` is empty is its own customer, so that one empty cell parts nobody else's units. A
    table without the column names no customer: units are then their own by their names, and none of them is marked.

    Parameters
    ----------
    key : column of the units' names, ``account_id`` or ``loan_id``. line : position of the unit whose line each unit
        continues, which says whose it is where its own row does not; None = each stands alone.
    """
    head = np.arange(len(units)) if line is None else line
    marked = np.zeros(len(units), dtype=bool)
    if "customer_id" not in units.columns:
        return (units[key] if line is None else units[key].take(head).reset_index(drop=True)), marked
    named = units["customer_id"]
    empty = np.flatnonzero(named.isna().to_numpy())
    if not len(empty):
        return named, marked
    customers = named.to_numpy(dtype=object, copy=True)
    inherited = customers[head[empty]]
    alone = np.asarray(pd.isna(inherited))
    word, names = key.removesuffix("_id"), units[key].astype(str).to_numpy(dtype=object)[head[empty]]
    customers[empty] = np.where(alone, word + " " + names, inherited)
    marked[empty[alone]] = True
    return pd.Series(customers), marked


def count_of_units(marked: BoolArray, unit: IntArray) -> int:
    """How many of the marked units have a row; `unit` is each row's position among them."""
    return int(np.count_nonzero(np.bincount(unit, minlength=len(marked))[marked])) if marked.any() else 0
