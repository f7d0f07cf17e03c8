"""Commercial margin of today's balances: customer rate against internal transfer rate, by product."""

from __future__ import annotations

import numpy as np
import pandas as pd

from behavior.engine.positions import CASH, Book, group_rows
from behavior.quantities import FloatArray

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


def commercial_margin(book: Book, rate: FloatArray, transfer: FloatArray) -> pd.DataFrame:
    """One row a product and side: balance-weighted rates and what the margin is worth a year at today's balances.

    Assets earn customer rate less transfer rate, liabilities transfer rate less customer rate; rates and amounts are
    of the balances that have a transfer rate, no rows where none has. Derivatives are left out.

    rate, transfer : (rows,), as they are paid, compounded as the rows say; transfer is NaN where there is none.
    """
    known = (book.instrument == CASH) & ~np.isnan(transfer)
    if not known.any():
        return pd.DataFrame(columns=list(COLUMNS))
    groups = group_rows(book)
    balance = book.numbers("balance", 0.0)
    cash = np.where(book.instrument == CASH, balance, 0.0)
    told = np.where(known, balance, 0.0)

    def summed(weight: FloatArray) -> FloatArray:
        return np.asarray(np.bincount(groups.of_row, weights=weight, minlength=len(groups)), dtype=np.float64)

    whole, held = summed(cash), summed(told)
    some = np.where(held > 0, held, np.nan)
    margin = groups.sign * summed(np.where(known, balance * (rate - transfer), 0.0))
    table = pd.DataFrame(
        {
            "currency": groups.currency,
            "product": groups.product,
            "side": groups.side,
            "balance": whole,
            "share_with_transfer_rate": held / np.where(whole > 0, whole, 1.0),
            "customer_rate": summed(np.where(known, balance * rate, 0.0)) / some,
            "transfer_rate": summed(np.where(known, balance * transfer, 0.0)) / some,
            "commercial_margin": margin / some,
            "margin_a_year": margin,
            "servicing_cost_a_year": summed(cash * book.numbers("servicing_cost", 0.0)),
            "fee_income_a_year": summed(cash * book.numbers("fee_income", 0.0)),
        }
    )
    found: pd.DataFrame = table[whole > 0].reset_index(drop=True)
    return found
