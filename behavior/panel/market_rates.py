"""Market rates that deposits are held against: each account's by its currency, at the start of every month."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from behavior.errors import MarketDataError
from behavior.market.history import RateHistory, role_in
from behavior.panel.account_months import DepositPanelRules
from behavior.panel.base import CustomerHistory
from behavior.panel.dense import month_end_of
from behavior.quantities import AnyArray, FloatArray, IntArray


@dataclass(frozen=True)
class MarketRates:
    """Market rates at the start of months.

    Parameters
    ----------
    values : shape (currencies, months), decimals a year, the first month being number `first_month`.
    of_account : place of each account's currency, shape (accounts,).
    """

    values: FloatArray
    first_month: int
    of_account: IntArray

    def at(self, month: IntArray, account: IntArray) -> FloatArray:
        """The rate of each row's month and account, shape (rows,)."""
        return np.asarray(self.values[self.of_account[account], month - self.first_month])


def currency_of_rows(table: pd.DataFrame) -> AnyArray:
    """Currency of each row, shape (rows,); where it is not said, the one that all others have, else empty."""
    if "currency" not in table.columns:
        return np.full(len(table), "", dtype=object)
    found = table["currency"].astype(object).where(table["currency"].notna(), "").to_numpy(dtype=object)
    named = set(found) - {""}
    return np.where(found == "", named.pop(), found) if len(named) == 1 else found


def currencies_held(history: CustomerHistory) -> dict[str, bool]:
    """Currencies of a history's accounts or products, in their order, and whether a rate is paid in each."""
    table = next((one for one in history.tables.values() if "currency" in one.columns), None)
    if table is None:
        return {}
    found, paid = currency_of_rows(table), np.ones(len(table), dtype=bool)
    months = history.tables.get("account_months", table)
    if "rate_paid" in months.columns:
        known = months["rate_paid"].notna()
        paid = known.to_numpy() if months is table else table["account_id"].isin(months["account_id"][known]).to_numpy()
    return {str(one): bool(paid[found == one].any()) for one in sorted(set(found))}


def market_rates(rates: RateHistory, role: str, month: IntArray, accounts: pd.DataFrame) -> MarketRates:
    """The market rate of each account's currency at the start of each month; NaN where there are no rates or nobody has
    named the role.

    A role that the settings name, or an index that the specification names, must be there: without it the spread, and
    with it an axis of the curves, would be lost without a word.
    """
    low, high = (int(month.min()), int(month.max())) if len(month) else (0, 0)
    before = np.arange(low, high + 1) - 1
    of_account, currencies = pd.factorize(currency_of_rows(accounts), sort=True)
    roles = [rates.role_in(role, one) for one in currencies]
    read = [
        rates.has(one) or (rates.values and (one in rates.roles or role != DepositPanelRules.market)) for one in roles
    ]
    if (shared := rates.sharing(role, currencies)) and read[roles.index(role)]:
        raise MarketDataError(
            f"deposit panel: deposits in {' and '.join(shared)} would be held against one market rate, `{role}`. Name "
            f"each currency's own in the settings (index_roles: `{role_in(role, shared[0])}` for {shared[0]}), or keep "
            "one currency with `where` in the profile and give each a model of its own."
        )
    unknown = np.full(len(before), np.nan)
    found = [
        rates.monthly(one, month_end_of(before)) if known else unknown for one, known in zip(roles, read, strict=True)
    ]
    return MarketRates(np.array(found), low, of_account)
