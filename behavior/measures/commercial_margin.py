"""Commercial margin of today's balances: customer rate against internal transfer rate, by product."""

from __future__ import annotations

import numpy as np
import pandas as pd

from behavior.engine.positions import SIDES, SIGNS, Book

COLUMNS = (
    "currency",
    "product",
    "side",
    "balance",
    "share_with_transfer_rate",
    "customer_rate",
    "transfer_rate",
    "commercial_margin",
    "margin_a_year",
    "servicing_cost_a_year",
    "fee_income_a_year",
)


def commercial_margin(book: Book) -> pd.DataFrame:
    """One row a product and side: balance-weighted rates and what the margin is worth a year at today's balances.

    Assets earn customer rate less transfer rate, liabilities transfer rate less customer rate; rates and amounts are
    of the balances that have a transfer rate. Derivatives are left out.
    """
    cash = book.instrument == 0
    transfer = book.numbers("transfer_rate")
    known = cash & ~np.isnan(transfer)
    balance = book.numbers("balance", 0.0)
    sign = SIGNS[book.side]
    table = pd.DataFrame(
        {
            "currency": np.asarray(book.words("currency")).astype(str),
            "product": np.asarray(book.words("product")).astype(str),
            "side": np.asarray(SIDES)[book.side],
            "balance": balance,
            "known": np.where(known, balance, 0.0),
            "paid": np.where(known, balance * book.numbers("rate", 0.0), 0.0),
            "internal": np.where(known, balance * transfer, 0.0),
            "margin_a_year": np.where(known, sign * balance * (book.numbers("rate", 0.0) - transfer), 0.0),
            "servicing_cost_a_year": balance * book.numbers("servicing_cost", 0.0),
            "fee_income_a_year": balance * book.numbers("fee_income", 0.0),
        }
    )[cash]
    summed = table.groupby(["currency", "product", "side"], as_index=False).sum()
    held = summed["known"].where(summed["known"] > 0)
    summed["share_with_transfer_rate"] = (summed["known"] / summed["balance"].where(summed["balance"] > 0)).fillna(0.0)
    summed["customer_rate"] = summed["paid"] / held
    summed["transfer_rate"] = summed["internal"] / held
    summed["commercial_margin"] = summed["margin_a_year"] / held
    found: pd.DataFrame = summed[list(COLUMNS)]
    return found
