"""Whole random books, table by table and cell by cell, against the second valuation."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
import pytest

from behavior.workflows.valuation import ValuationInputs, ValuationOptions
from behavior.workflows.value import value
from tests.engine.plain.tables import value_tables
from tests.engine.plain.walk import Choices
from tests.engine.random_books import random_case

TOLERANCE = 1e-9
KEYS = {
    "eve": ["scenario", "currency", "product", "side"],
    "nii": ["scenario", "balance_sheet", "currency", "product", "month"],
    "gap": ["bucket", "currency", "side"],
    "cash_flows": ["scenario", "currency", "side", "product", "month"],
    "nii_summary": ["scenario", "balance_sheet", "horizon_months"],
    "eve_summary": ["scenario", "currency"],
}


def differences(name: str, mine: pd.DataFrame, theirs: pd.DataFrame, scale: float) -> list[str]:
    """Cells of a table that differ by more than the tolerance times the book's balance, in words."""
    keys = KEYS[name]
    if name == "gap":
        order = list(dict.fromkeys(mine["bucket"]))
        mine = mine.assign(bucket=mine["bucket"].map(order.index))
    values = [column for column in theirs if column not in keys]
    both = mine.merge(theirs, on=keys, how="outer", suffixes=("", " plain")).fillna(0.0)
    found = []
    for column in values:
        a, b = both[column].to_numpy(dtype=float), both[f"{column} plain"].to_numpy(dtype=float)
        room = TOLERANCE * (1.0 + np.abs(b)) if column.startswith("delta") and "_pct_" in column else TOLERANCE * scale
        for k in np.flatnonzero(~(np.abs(a - b) <= room)):
            where = ", ".join(str(cell) for cell in both.loc[k, keys])
            found.append(f"{name} {column} at {where}: engine {a[k]!r}, plain {b[k]!r}")
    return found


def disagreements(case: tuple[ValuationInputs, ValuationOptions, Choices]) -> list[str]:
    """Cells of every table of a case that differ, in words."""
    found = value(case[0], case[1])
    return against({name: getattr(found, name) for name in KEYS}, case)


def against(mine: Mapping[str, pd.DataFrame], case: tuple[ValuationInputs, ValuationOptions, Choices]) -> list[str]:
    """Cells of result tables that differ from what the plain valuation makes of a case."""
    inputs, options, choices = case
    theirs = value_tables(inputs, options, choices)
    undrawn = inputs.book["undrawn"].fillna(0.0) if "undrawn" in inputs.book else 0.0
    scale = max(float((inputs.book["balance"] + undrawn).max()), 1.0)
    found = []
    for name, table in theirs.items():
        found += differences(name, mine[name], table, scale)
    return found


@pytest.mark.parametrize("seed", range(5))
def test_every_table_agrees_with_the_plain_valuation(seed: int) -> None:
    wrong = disagreements(random_case(seed, 14))
    assert not wrong, f"{len(wrong)} cells differ: {wrong[:6]}"


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(1000, 1024))
def test_many_books_agree_with_the_plain_valuation(seed: int) -> None:
    wrong = disagreements(random_case(seed, 25))
    assert not wrong, f"{len(wrong)} cells differ: {wrong[:6]}"
