"""Totals of a book as it was valued, for the user to hold against the ledger."""

from __future__ import annotations

import numpy as np

from behavior.engine.positions import Book, group_rows


def control_totals(book: Book) -> list[dict[str, object]]:
    """One entry a currency, side and product: positions, balance and undrawn amount.

    Amounts are unsigned, in the row's currency; of derivatives the balance is the notional. Rows that were set aside
    are not in the book.
    """
    groups = group_rows(book)
    positions = np.bincount(groups.of_row, minlength=len(groups))
    balance, undrawn = (
        np.bincount(groups.of_row, weights=book.numbers(name, 0.0), minlength=len(groups))
        for name in ("balance", "undrawn")
    )
    return [
        {
            "currency": groups.currency[g],
            "side": groups.side[g],
            "product": groups.product[g],
            "positions": int(positions[g]),
            "balance": float(balance[g]),
            "undrawn": float(undrawn[g]),
        }
        for g in range(len(groups))
    ]
