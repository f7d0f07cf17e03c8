"""Sentences that a reader of percentages needs where their base misleads."""

from __future__ import annotations

import numpy as np
import pandas as pd

from behavior.market.scenario_sets import BASE
from behavior.measures.eve import TOTAL

SMALL = 0.02
"""A base below this share of the largest amount it is compared with makes percentages of it meaningless."""


def base_warnings(eve: pd.DataFrame, nii: pd.DataFrame, book_equity: float) -> list[str]:
    """Warnings on percentages of a base that is negative or next to nothing, and on equity of the other sign.

    Parameters
    ----------
    eve, nii : the summaries of the result. book_equity : reporting currency.
    """
    found = []
    for currency, part in eve.groupby("currency", sort=False):
        base = float(part.loc[part["scenario"] == BASE, "eve"].iloc[0])
        where = "" if currency == TOTAL else f" of {currency}"
        # In one currency the total repeats it.
        if currency == TOTAL or eve["currency"].nunique() > 2:
            found += _of_base(base, part["delta_eve"], f"economic value of equity{where}", "delta_eve_pct_base")
        if currency == TOTAL and base * book_equity < 0:
            found.append(
                f"Base economic value ({base:,.0f}) and book equity ({book_equity:,.0f}) have opposite signs: check "
                "that the book is whole, and read changes in money or as shares of Tier 1."
            )
    for (sheet, horizon), part in nii.groupby(["balance_sheet", "horizon_months"], sort=False):
        base = float(part.loc[part["scenario"] == BASE, "nii"].iloc[0])
        words = f"net interest income over {horizon} months ({str(sheet).replace('_', '-')} balance sheet)"
        found += _of_base(base, part["delta_nii"], words, "delta_nii_pct_base")
    return found


def _of_base(base: float, changes: pd.Series, what: str, column: str) -> list[str]:
    if base < 0:
        return [
            f"Base {what} is negative ({base:,.0f}): {column} has the opposite sign of the change it describes. "
            "Read the change in money or as a share of Tier 1."
        ]
    largest = float(np.abs(changes.to_numpy(dtype=np.float64)).max(initial=0.0))
    if base < SMALL * largest:
        return [f"Base {what} is next to nothing ({base:,.0f}) beside its changes: {column} says little."]
    return []
