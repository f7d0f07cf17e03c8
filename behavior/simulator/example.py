"""A small book whose pools each stand for neighbours in the simulated bank: for people, documents and first steps."""

from __future__ import annotations

import numpy as np
import pandas as pd

from behavior.simulator.bank import SimulatedBank
from behavior.simulator.rates import FLOATING_INDEX, MORTGAGE_INDEX, ROLES

POOLS = {
    "mortgage_fixed": 14,
    "mortgage_fixed_15y": 6,
    "mortgage_arm": 6,
    "commercial_loan": 4,
    "bond_held": 5,
    "consumer_loan": 3,
    "central_bank_balance": 1,
    "checking": 2,
    "savings": 2,
    "money_market": 2,
    "term_deposit": 6,
    "wholesale_funding": 3,
    "bond_issued": 5,
    "interest_rate_swap": 4,
}
UNUSED = ("channel", "purpose", "occupancy", "region")


def example_book(bank: SimulatedBank) -> pd.DataFrame:
    """book/1 of about 60 pools: products (and customer types) keep their balances, so equity and Tier 1 stay right.

    Positions of one product are ordered by origination and cut into runs; each run becomes one pool with the terms of
    its middle position and the balance of all of them.
    """
    pools: list[pd.DataFrame] = []
    key = bank.book["customer_type"].fillna(bank.book["side"])
    for (product, _), rows in bank.book.groupby([bank.book["product"], key], sort=True):
        ordered = rows.sort_values(["origination_date", "position_id"])
        edges = np.linspace(0, len(ordered), min(POOLS[str(product)], len(ordered)) + 1).astype(np.int64)
        middle = ordered.iloc[(edges[:-1] + edges[1:]) // 2]
        running = np.r_[0.0, np.cumsum(ordered["balance"].to_numpy())]
        pools.append(middle.assign(balance=np.round(np.diff(running[edges]), 2)))
    book: pd.DataFrame = pd.concat(pools).sort_values(["side", "product"], kind="stable", ignore_index=True)
    number = book.groupby("product").cumcount() + 1
    pooled = book["trade_id"].isna()
    names = book["product"] + "-" + number.astype("str").str.zfill(2)
    book["position_id"] = names.where(pooled, book["position_id"])
    for name in ("months_in_the_money", "reset_months"):
        book[name] = book[name].astype("Int64")
    shown: pd.DataFrame = book.drop(columns=list(UNUSED))
    return shown


def example_curves(bank: SimulatedBank) -> pd.DataFrame:
    """curves/1 at as-of only: discount, floating index, and today's mortgage rate at tenor 0."""
    dates = bank.curves["as_of"]
    wanted = bank.curves["index"].isin(["discount", FLOATING_INDEX, MORTGAGE_INDEX])
    curves: pd.DataFrame = bank.curves[(dates == dates.max()) & wanted].reset_index(drop=True)
    return curves


def example_rates(bank: SimulatedBank) -> pd.DataFrame:
    """rate_history/1 of the indices that play a role, for lags and for what earlier moves still owe."""
    return bank.rates[bank.rates["index"].isin(ROLES.values())].reset_index(drop=True)
