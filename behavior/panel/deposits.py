"""Deposit history -> account-months at risk: closures, dust, migrations by cause, balances before credited interest.

An account's rows follow one product; a migration to a successor of the same product continues the account, a move into
another product ends it with the cause `migrated`. All columns but the targets are known when the month begins.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from behavior.errors import FittingError
from behavior.market.history import RateHistory
from behavior.months import month_number
from behavior.panel.account_months import AccountMonths, DepositPanelRules
from behavior.panel.account_rows import AccountRows, Exits, account_rows
from behavior.panel.base import CustomerHistory, Panel
from behavior.panel.contracts import ACCOUNT_MONTHS
from behavior.panel.customers import count_of_units, customers_of
from behavior.panel.decay_targets import decay_targets
from behavior.panel.dense import (
    RowsMade,
    by_name,
    coded,
    count_true,
    decoded,
    first_of_run,
    month_end_of,
    previous,
    repeated,
    slices_of,
    spread_to_rows,
    text_column,
)
from behavior.panel.market_rates import market_rates
from behavior.panel.successors import Successors
from behavior.quantities import BoolArray, FloatArray, IntArray

ACCOUNT_TEXTS = ("customer_type", "currency", "region", "channel")
TARGETS = ("closed", "migrated", "balance_before_interest", "balance_end", "reopened")
DORMANT_AFTER = 12
"""Months without a movement of the customer's after which an account is dormant."""
MONTH_NUMBERS = ("rate_paid", "credits", "debits")


def build_deposit_panel(history: CustomerHistory, rates: RateHistory, rules: DepositPanelRules) -> Panel:
    """The person-period table of deposits, one row an account and month at risk, by the account's name and month.

    Raises
    ------
    FittingError : when nothing is left at risk. MarketDataError : there are rates, but not those of the market role, or
    deposits of two currencies would be held against one.
    """
    accounts = by_name(history.tables["accounts"], "account_id")
    lines = Successors.of(accounts)
    rows, exits, joined = account_rows(accounts, history.tables["account_months"], lines, rules.dust)
    months = _account_months(accounts, rows, exits, rules.extras)
    names = _unit_names(accounts, rows)
    products = text_column(pd.Series(rows.products, dtype=object)).take(rows.product)
    texts = {name: text_column(accounts[name]) for name in ACCOUNT_TEXTS if name in accounts.columns}
    market = market_rates(rates, rules.market, rows.month, accounts)
    made, begun, dropped = RowsMade(len(rows.month)), RowsMade(count_true(rows.first)), Counter(joined)
    for own in slices_of(rows.first):
        account = rows.account[own]
        columns, kept, entries, left_out = _columns(months.part(own), market.at(rows.month[own], account), rules)
        columns |= {"account": account, "product": products[own]}
        made.add(columns, kept, texts, account[kept])
        begun.add(columns, entries, texts, account[entries])
        dropped.update(left_out)
    if not made.count:
        raise FittingError("deposit panel: no account-month at risk is left. Check the window and the dates.")
    columns, begins = (_decoded(one.columns(), months.meanings) for one in (made, begun))
    customers, unnamed = customers_of(accounts, "account_id", lines.line)
    if unnamed.any():
        dropped["accounts without a customer_id: each its own customer"] = count_of_units(unnamed, columns["account"])
    table, entered = (
        pd.DataFrame(_named(one, accounts, names, customers, rules.extras), copy=False) for one in (columns, begins)
    )
    return Panel(table, dict(dropped), entered)


def _decoded(columns: dict[str, Any], meanings: Mapping[str, pd.Series]) -> dict[str, Any]:
    return columns | {name: decoded(columns[name], meaning) for name, meaning in meanings.items()}


def _columns(
    rows: AccountMonths, seen: FloatArray, rules: DepositPanelRules
) -> tuple[dict[str, Any], IntArray, IntArray, dict[str, int]]:
    """Columns of some units' rows, positions of those at risk and of units' entries, and what was left out and why.

    `seen`: market rates. What is read of the month before is the month's own in a unit's first.
    """
    first = first_of_run(rows.unit)
    rate_paid = rows.number("rate_paid")
    interest, estimated = _interest(rows, rate_paid, first)
    targets = decay_targets(rows, interest, rules)
    paid_before = previous(rate_paid, first)
    unpaid = np.flatnonzero(np.isnan(paid_before))
    paid_before[unpaid] = rate_paid[unpaid]
    idle = _idle_months(rows, first)
    unknown = np.isnan(targets.opening) | np.isnan(targets.after)
    columns: dict[str, Any] = {
        "unit": rows.unit,
        "month": month_end_of(rows.month),
        "weight": np.fmax(targets.opening, 0.0),
        "age_months": (rows.month - rows.opened).astype(np.float64),
        "market_rate": seen,
        "rate_paid": paid_before,
        "spread": seen - paid_before,
        "closed": targets.closed,
        "migrated": targets.migrated,
        "balance_before_interest": targets.after,
        "balance_end": np.where(targets.exits, 0.0, np.maximum(rows.balance, 0.0)),
        "balance_known": (~unknown).astype(np.float64),
        "overdrawn": targets.overdrawn.astype(np.float64),
        "idle_months": idle,
        "dormant": np.where(np.isnan(idle), np.nan, idle > DORMANT_AFTER),
        **{name: _before(rows.number(name), first) for name in rules.extras if name in rows.numbers},
    }
    inside = _window(rows.month, rules)
    chosen, entries = targets.at_risk & inside, first & ~targets.exits & inside
    netted = "months whose credited interest is unknown: decay is then net of interest"
    dropped = targets.dropped | {
        "months whose credited interest was estimated from the rate paid": count_true(estimated & chosen),
        netted: count_true(np.isnan(interest) & chosen),
        "months whose spread is unknown: no market rate, or no rate paid": count_true(
            np.isnan(columns["spread"]) & chosen
        ),
        "months with a masked balance: kept for closures, left out of balances": count_true(unknown & chosen),
    }
    return columns, np.flatnonzero(chosen), np.flatnonzero(entries), dropped


def _before(values: FloatArray, first: BoolArray) -> FloatArray:
    """The unit's value one row earlier, on its first row its own."""
    return np.where(first, values, previous(values, first))


def _account_months(accounts: pd.DataFrame, rows: AccountRows, exits: Exits, extras: tuple[str, ...]) -> AccountMonths:
    first, table = rows.first, rows.table
    wanted = {*MONTH_NUMBERS, *(name for name in extras if name not in accounts.columns)} & set(table.columns)
    plain = {name for name in wanted if pd.api.types.is_numeric_dtype(table[name])}
    told = {name: coded(rows.cells(name)) for name in wanted - plain if ACCOUNT_MONTHS.column(name) is None}
    return AccountMonths(
        unit=np.cumsum(first) - 1,
        month=rows.month,
        balance=rows.number("balance"),
        interest=rows.number("interest_credited"),
        opened=month_number(accounts["open_date"])[rows.root],
        closes=spread_to_rows(exits.month, first),
        moves=np.asarray(spread_to_rows(exits.moves, first), dtype=bool),
        numbers={name: rows.number(name) for name in plain} | {name: codes for name, (codes, _) in told.items()},
        meanings={name: meaning for name, (_, meaning) in told.items()},
    )


def _unit_names(accounts: pd.DataFrame, rows: AccountRows) -> pd.Series:
    """Name of each unit: the account that it continues, and which of its products it is from the second on."""
    first = rows.first
    names = accounts["account_id"].astype(str).to_numpy(dtype=object)[rows.root[first]]
    later = np.flatnonzero(rows.part[first] > 0)
    names[later] = [f"{name}/{part + 1}" for name, part in zip(names[later], rows.part[first][later], strict=True)]
    return pd.Series(names)


def _named(
    made: dict[str, Any], accounts: pd.DataFrame, names: pd.Series, customers: pd.Series, extras: tuple[str, ...]
) -> dict[str, Any]:
    """The columns made, with names of units and customers, and columns of the account that a specification names."""
    account, unit = made.pop("account"), repeated(names, made.pop("unit"))
    alone = "customer_id" not in accounts.columns and names.equals(customers.astype(str))
    customer = unit if alone else repeated(customers, account)
    own = {name: repeated(accounts[name], account) for name in extras if name in accounts.columns}
    return {"unit": unit, "customer": customer, **made, **own}


def _interest(rows: AccountMonths, rate_paid: FloatArray, first: BoolArray) -> tuple[FloatArray, BoolArray]:
    """Interest credited in the month; where not recorded, rate paid on the opening balance over 12."""
    missing = np.isnan(rows.interest)
    where = np.flatnonzero(missing)
    if not len(where):
        return rows.interest, missing
    opening = np.where(first[where], np.nan, np.maximum(rows.balance[np.maximum(where - 1, 0)], 0.0))
    guess = opening * rate_paid[where] / 12.0
    interest = rows.interest.copy()
    interest[where] = guess
    missing[where] = ~np.isnan(guess)
    return interest, missing


def _idle_months(rows: AccountMonths, first: BoolArray) -> FloatArray:
    """Months from the latest one before this in which the customer paid in or out, or in which the account was first
    seen, to this one: 1 after a month with movement; 0 in the first row, NaN where movements are not known.

    Credited interest is no movement: the history's contract keeps it out of credits.
    """
    known = [rows.numbers[name] for name in ("credits", "debits") if name in rows.numbers]
    if not known:
        return np.full(len(first), np.nan)
    moved = first.copy()
    for one in known:
        moved |= one > 0  # money is counted one way in each column; a missing cell says nothing
    latest = np.maximum.accumulate(np.where(moved, np.arange(len(first), dtype=np.int32), np.int32(0)))
    out = np.zeros(len(first))
    out[1:] = rows.month[1:] - rows.month[latest[:-1]]
    out[first] = 0.0
    return out


def _window(month: IntArray, rules: DepositPanelRules) -> BoolArray:
    low = -(10**9) if rules.from_month is None else rules.from_month
    high = 10**9 if rules.to_month is None else rules.to_month
    return np.asarray((month >= low) & (month <= high))
