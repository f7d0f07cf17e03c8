"""Which balances behave by which curve, and how much of that rests on the grid's ends."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from behavior.assumptions.effects import Driver
from behavior.engine.positions import Book
from behavior.engine.runoff import Matching, coverage_rows
from behavior.quantities import BoolArray

SHARES = ("share_clamped", "share_extrapolated", "share_without_burnout")
COLUMNS = ("product", "segment", "curve", "balance", "how", *SHARES)


def coverage_table(
    book: Book, counted: pd.DataFrame, matchings: Sequence[Matching], overnight: BoolArray
) -> pd.DataFrame:
    """One row a product, segment and curve; balances no curve reaches are `none`, or `overnight`.

    counted : rows of the RUNOFF and DRAWDOWN tables with their shares, the first row being nobody's.
    overnight : rows sent to the first day.
    """
    shown = counted.iloc[1:].copy()
    shown["share_without_burnout"] = 0.0
    missing = np.isnan(book.numbers("months_in_the_money"))
    for matching in matchings:
        if any(Driver.MONTHS_IN_THE_MONEY in curve.driver_grids for curve in matching.table.curves):
            rows = shown["curve"].str.startswith(f"{matching.table.name}: ")
            for place in np.flatnonzero(rows.to_numpy()).tolist():
                shown.loc[shown.index[place], "share_without_burnout"] = _share(
                    book, matching, shown.iloc[place], missing
                )
    repricing = [matching for matching in matchings if matching.table.effect == "REPRICING"]
    further = coverage_rows(book, repricing).table.iloc[1:].assign(**dict.fromkeys(SHARES, 0.0))
    table = pd.concat([shown, further, _uncovered(book, matchings, overnight)], ignore_index=True)
    return table[list(COLUMNS)]


def _share(book: Book, matching: Matching, row: pd.Series, missing: BoolArray) -> float:
    """Share of a coverage row's balance without a count of months in the money."""
    product = np.asarray(book.words("product")) == row["product"]
    mine = product & (matching.curve >= 0) & (matching.match.row_segments == row["segment"])
    balance = book.numbers("balance", 0.0)
    total = float(balance[mine].sum())
    return float(balance[mine & missing].sum() / total) if total > 0 else 0.0


def _uncovered(book: Book, matchings: Sequence[Matching], overnight: BoolArray) -> pd.DataFrame:
    """Balances without any curve, by product."""
    covered = np.zeros(len(book), dtype=np.bool_)
    for matching in matchings:
        covered |= matching.curve >= 0
    balance, product = book.numbers("balance", 0.0), book.words("product")
    rows = []
    for how, mask in (("overnight", overnight), ("none", ~covered & ~overnight)):
        for code in np.flatnonzero(np.bincount(product.codes[mask], minlength=len(product.categories))).tolist():
            amount = float(balance[mask & (product.codes == code)].sum())
            name = str(product.categories[code])
            rows.append({"product": name, "segment": "", "curve": "", "balance": amount, "how": how})
    # Without a row nothing says that balances are numbers.
    found = pd.DataFrame(rows, columns=["product", "segment", "curve", "balance", "how"]).astype({"balance": float})
    return found.assign(**dict.fromkeys(SHARES, 0.0))
