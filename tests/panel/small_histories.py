"""Histories small enough to read, shared by the tests of this folder."""

from __future__ import annotations

import numpy as np
import pandas as pd

from behavior.market.history import RateHistory
from behavior.panel.base import CustomerHistory


def ends(first: str, count: int) -> pd.DatetimeIndex:
    return pd.date_range(first, periods=count, freq="ME")


def market(values: dict[str, float] | None = None, level: float = 0.04) -> RateHistory:
    months = ends("2010-01-31", 180)
    rate = np.full(len(months), level)
    for month, value in (values or {}).items():
        rate[months >= pd.Timestamp(month)] = value
    table = pd.DataFrame({"date": months, "index": "M30", "value": rate})
    short = table.assign(index="SHORT", value=rate - 0.02)
    return RateHistory.from_table(pd.concat([table, short]), {"mortgage": "M30", "short": "SHORT"})


def loans(rows: list[dict[str, object]]) -> pd.DataFrame:
    base = {
        "origination_date": pd.Timestamp("2015-01-15"),
        "original_balance": 100_000.0,
        "original_term_months": 360,
        "original_rate": 0.05,
        "product": "mortgage",
        "region": "north",
        "ltv": 0.8,
        "credit_score": 700.0,
    }
    return pd.DataFrame([{**base, **row} for row in rows])


def loan_rows(
    loan: str, first: str, age: int, balances: list[float], last: str = "open", rate: float = 0.05
) -> pd.DataFrame:
    count = len(balances)
    status = ["open"] * (count - 1) + [last]
    return pd.DataFrame(
        {
            "loan_id": loan,
            "month": ends(first, count),
            "balance": balances,
            "rate": rate,
            "age_months": np.arange(age, age + count),
            "status": status,
            "curtailment": 0.0,
        }
    )


def mortgage(loan_table: pd.DataFrame, *parts: pd.DataFrame) -> CustomerHistory:
    months = pd.concat(parts, ignore_index=True)
    return CustomerHistory("mortgage_history/1", {"loans": loan_table, "loan_months": months})


def accounts(rows: list[dict[str, object]]) -> pd.DataFrame:
    base = {
        "product": "savings",
        "customer_type": "retail",
        "open_date": pd.Timestamp("2015-01-10"),
        "close_date": pd.NaT,
        "successor_id": None,
    }
    return pd.DataFrame([{**base, **row} for row in rows])


def account_rows(
    account: str, first: str, balances: list[float], interest: float | None = 0.0, **more: object
) -> pd.DataFrame:
    table = pd.DataFrame({"account_id": account, "month": ends(first, len(balances)), "balance": balances})
    table["interest_credited"] = np.nan if interest is None else interest
    return table.assign(rate_paid=0.01, **more)


def deposits(account_table: pd.DataFrame, *parts: pd.DataFrame) -> CustomerHistory:
    months = pd.concat(parts, ignore_index=True)
    return CustomerHistory("deposit_history/1", {"accounts": account_table, "account_months": months})
