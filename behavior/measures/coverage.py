"""Which balances behave by which curve, and how much of that rests on the grid's ends."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from behavior.assumptions.effects import Driver
from behavior.engine.plan import CashFlows
from behavior.engine.positions import Book
from behavior.engine.runoff import Matching, coverage_rows
from behavior.quantities import BoolArray, FloatArray

SHARES = ("share_clamped", "share_extrapolated", "share_without_burnout")
KEY = ["product", "segment", "curve", "how"]
COLUMNS = ("product", "segment", "curve", "balance", "how", *SHARES)


def coverage_table(
    book: Book, flows: CashFlows, matchings: Sequence[Matching], overnight: BoolArray, fx: Mapping[str, float]
) -> pd.DataFrame:
    """One row a product, segment and curve; balances no curve reaches are `none`, or `overnight`.

    Parameters
    ----------
    flows : what was counted where curves were read, by currency, the first row being nobody's.
    overnight : rows sent to the first day.
    fx : units of the reporting currency for one of each; balances and the weights of shares are in it.
    """
    shown = _added_up(flows.coverage.iloc[1:], flows.counted[1:], fx)
    shown["share_without_burnout"] = 0.0
    missing, balance = np.isnan(book.numbers("months_in_the_money")), worth(book, fx)
    for matching in matchings:
        if any(Driver.MONTHS_IN_THE_MONEY in curve.driver_grids for curve in matching.table.curves):
            rows = shown["curve"].str.startswith(f"{matching.table.name}: ")
            for place in np.flatnonzero(rows.to_numpy()).tolist():
                shown.loc[shown.index[place], "share_without_burnout"] = _share(
                    book, balance, matching, shown.iloc[place], missing
                )
    repricing = [matching for matching in matchings if matching.table.effect == "REPRICING"]
    rates = coverage_rows(book, repricing).table.iloc[1:]
    further = _added_up(rates, np.zeros((len(rates), 3)), fx).assign(**dict.fromkeys(SHARES, 0.0))
    table = pd.concat([shown, further, _uncovered(book, balance, matchings, overnight)], ignore_index=True)
    return table[list(COLUMNS)]


def worth(book: Book, fx: Mapping[str, float]) -> FloatArray:
    """Balances in the reporting currency, shape (rows,)."""
    currency = book.words("currency")
    rates = np.array([fx.get(str(one), np.nan) for one in currency.categories], dtype=np.float64)
    return np.asarray(book.numbers("balance", 0.0) * rates[currency.codes], dtype=np.float64)


def _added_up(rows: pd.DataFrame, counted: FloatArray, fx: Mapping[str, float]) -> pd.DataFrame:
    """Rows of several currencies as one, in the reporting currency: balances, and shares of balance-months."""
    rate = rows["currency"].map(fx).to_numpy(np.float64)
    looked, clamped, beyond = (counted * rate[:, None]).T
    parts = rows[KEY].assign(balance=rows["balance"].to_numpy() * rate, looked=looked, clamped=clamped, beyond=beyond)
    found = parts.groupby(KEY, sort=False, as_index=False).sum()
    months = found["looked"].mask(found["looked"] <= 0, 1.0)
    return found.assign(share_clamped=found["clamped"] / months, share_extrapolated=found["beyond"] / months)


def _share(book: Book, balance: FloatArray, matching: Matching, row: pd.Series, missing: BoolArray) -> float:
    """Share of a coverage row's balance without a count of months in the money."""
    product = np.asarray(book.words("product")) == row["product"]
    mine = product & (matching.curve >= 0) & (matching.match.row_segments == row["segment"])
    total = float(balance[mine].sum())
    return float(balance[mine & missing].sum() / total) if total > 0 else 0.0


def _uncovered(book: Book, balance: FloatArray, matchings: Sequence[Matching], overnight: BoolArray) -> pd.DataFrame:
    """Balances without any curve, by product."""
    covered = np.zeros(len(book), dtype=np.bool_)
    for matching in matchings:
        covered |= matching.curve >= 0
    product = book.words("product")
    rows = []
    for how, mask in (("overnight", overnight), ("none", ~covered & ~overnight)):
        for code in np.flatnonzero(np.bincount(product.codes[mask], minlength=len(product.categories))).tolist():
            amount = float(balance[mask & (product.codes == code)].sum())
            name = str(product.categories[code])
            rows.append({"product": name, "segment": "", "curve": "", "balance": amount, "how": how})
    # Without a row nothing says that balances are numbers.
    found = pd.DataFrame(rows, columns=["product", "segment", "curve", "balance", "how"]).astype({"balance": float})
    return found.assign(**dict.fromkeys(SHARES, 0.0))
