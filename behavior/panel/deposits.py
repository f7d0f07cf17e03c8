"""Deposit history -> account-months at risk: closures, dust, migrations by cause, balances before credited interest.

An account's rows follow one product; a migration to a successor of the same product continues the account, a move into
another product ends it with the cause `migrated`. All columns but the targets are known when the month begins.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd

from behavior.errors import FittingError, MarketDataError
from behavior.market.history import RateHistory, role_in
from behavior.months import month_number
from behavior.panel.account_rows import NEVER, AccountRows, Exits, account_rows
from behavior.panel.base import CustomerHistory, Panel
from behavior.panel.customers import count_of_units, customers_of
from behavior.panel.dense import (
    RowsMade,
    by_name,
    first_of_run,
    last_of_run,
    month_end_of,
    previous,
    repeated,
    slices_of,
    spread_to_rows,
    text_column,
)
from behavior.panel.successors import Successors
from behavior.quantities import BoolArray, FloatArray, IntArray

ACCOUNT_TEXTS = ("customer_type", "currency", "region", "channel")
TARGETS = ("closed", "migrated", "balance_before_interest", "balance_end", "reopened")
CLOSED_BY_BALANCE = "accounts closed by their balance alone"
USED_AGAIN = "times that an account stood empty and was used again"
DORMANT_AFTER = 12
"""Months without a movement of the customer's after which an account is dormant."""

MONTH_NUMBERS = ("rate_paid", "credits", "debits")


@dataclass(frozen=True)
class DepositPanelRules:
    """What the builder needs to know besides the tables.

    Parameters
    ----------
    market : role or index of the market rate that the spread is measured against.
    dust : balance (currency units) at or below which an account counts as empty.
    dust_months : empty months in a row, to the end and not reopened, that make a closure.
    """

    market: str = "short"
    dust: float = 1.0
    dust_months: int = 3
    extras: tuple[str, ...] = ()
    from_month: int | None = None
    to_month: int | None = None


@dataclass(frozen=True)
class AccountMonths:
    """Sorted account-months as arrays, one row a unit and month.

    Parameters
    ----------
    unit : code of the product series. month, opened, closes : month numbers (`closes` NEVER while open).
    balance, interest : end of month and credited in it (negative: charged), currency units; NaN = missing.
    moves : the unit ends by a move into another product. numbers : further monthly columns by name.
    """

    unit: IntArray
    month: IntArray
    balance: FloatArray
    interest: FloatArray
    opened: IntArray
    closes: IntArray
    moves: BoolArray
    numbers: Mapping[str, FloatArray] = field(default_factory=dict)

    def number(self, name: str) -> FloatArray:
        """A monthly column; all NaN where it is missing."""
        return self.numbers[name] if name in self.numbers else np.full(len(self.unit), np.nan)

    def part(self, own: slice) -> AccountMonths:
        """Some units' rows."""
        names = ("unit", "month", "balance", "interest", "opened", "closes", "moves")
        numbers = {name: values[own] for name, values in self.numbers.items()}
        return replace(self, **{name: getattr(self, name)[own] for name in names}, numbers=numbers)


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
    market = _market_rates(rates, rules.market, rows.month, accounts)
    made, dropped = RowsMade(len(rows.month)), Counter(joined)
    for own in slices_of(rows.first):
        account = rows.account[own]
        columns, kept, left_out = _columns(months.part(own), market.at(rows.month[own], account), rules)
        made.add({**columns, "account": account, "product": products[own]}, kept, texts, account[kept])
        dropped.update(left_out)
    if not made.count:
        raise FittingError("deposit panel: no account-month at risk is left. Check the window and the dates.")
    columns = made.columns()
    customers, unnamed = customers_of(accounts, "account_id", lines.line)
    if unnamed.any():
        dropped["accounts without a customer_id: each its own customer"] = count_of_units(unnamed, columns["account"])
    return Panel(pd.DataFrame(_named(columns, accounts, names, customers, rules.extras), copy=False), dict(dropped))


def _columns(
    rows: AccountMonths, seen: FloatArray, rules: DepositPanelRules
) -> tuple[dict[str, Any], IntArray, dict[str, int]]:
    """Columns of some units' rows, positions of those at risk, and what was left out and why; `seen`: market rates."""
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
        **{name: previous(rows.number(name), first) for name in rules.extras if name in rows.numbers},
    }
    chosen = targets.at_risk & _window(rows.month, rules)
    netted = "months whose credited interest is unknown: decay is then net of interest"
    dropped = targets.dropped | {
        "months whose credited interest was estimated from the rate paid": _count(estimated & chosen),
        netted: _count(np.isnan(interest) & chosen),
        "months whose spread is unknown: no market rate, or no rate paid": _count(np.isnan(columns["spread"]) & chosen),
        "months with a masked balance: kept for closures, left out of balances": _count(unknown & chosen),
    }
    return columns, np.flatnonzero(chosen), dropped


def _count(rows: BoolArray) -> int:
    return int(np.count_nonzero(rows))


@dataclass(frozen=True)
class DecayTargets:
    """What happened in each month: shape (rows,) each.

    `opening` is the deposit at the month's start (0 while overdrawn), `after` the deposit at its end before interest
    credited or charged in it; `closed` and `migrated` are 0/1, one of them in a month that `exits`.
    """

    opening: FloatArray
    after: FloatArray
    closed: FloatArray
    migrated: FloatArray
    exits: BoolArray
    overdrawn: BoolArray
    at_risk: BoolArray
    dropped: dict[str, int]


def decay_targets(rows: AccountMonths, interest: FloatArray, rules: DepositPanelRules) -> DecayTargets:
    """Closures (recorded or by dust), moves and balances before credited interest; one pass over dense arrays."""
    first = first_of_run(rows.unit)
    last = last_of_run(first)
    ends, emptied = _exit_month(rows, first, last, rules)
    exits = rows.month == ends
    moved = exits & rows.moves
    opening_raw = previous(rows.balance, first)
    opening_raw[np.flatnonzero(rows.month[1:] - rows.month[:-1] != 1) + 1] = np.nan
    opening = np.maximum(opening_raw, 0.0)
    after = rows.balance - np.where(np.isnan(interest), 0.0, interest)
    np.maximum(after, 0.0, out=after)
    after[exits] = 0.0
    overdrawn = opening_raw < 0
    begins = first & (rows.month <= rows.opened)
    beyond = rows.month > ends
    dropped = {
        "opening months: not yet at risk": _count(begins),
        "first months of late entries: they only give the opening balance": _count(first) - _count(begins),
        "months after a closure": _count(beyond & ~first),
        "months overdrawn at their start: what fills them counts as growth": _count(overdrawn & ~beyond),
        f"{CLOSED_BY_BALANCE}, at or below {rules.dust:g} to the end": emptied,
        f"{USED_AGAIN}, after {rules.dust_months} months at least": _used_again(rows, rules),
    }
    return DecayTargets(
        opening=opening,
        after=after,
        closed=(exits & ~rows.moves).astype(np.float64),
        migrated=moved.astype(np.float64),
        exits=exits,
        overdrawn=overdrawn,
        at_risk=~(first | beyond),
        dropped=dropped,
    )


def _used_again(rows: AccountMonths, rules: DepositPanelRules) -> int:
    """How often an account stood empty for as long as makes a closure at the end, and was then used again."""
    used = np.flatnonzero(~(np.abs(rows.balance) <= rules.dust))
    same = rows.unit[used[1:]] == rows.unit[used[:-1]]
    return _count(same & (np.diff(used) > rules.dust_months))


def _exit_month(
    rows: AccountMonths, first: BoolArray, last: BoolArray, rules: DepositPanelRules
) -> tuple[IntArray, int]:
    """Month number of each row's unit's exit, 2**62 while open, and how many units no closing is recorded of.

    A dust run to the end begins with the exit.
    """
    ends_late = -NEVER
    above = ~(np.abs(rows.balance) <= rules.dust)
    starts, finish = np.flatnonzero(first), np.flatnonzero(last)
    latest = finish
    if not above.all():
        position = np.where(above, np.arange(len(first)), -1)
        latest = np.maximum.reduceat(position, starts) if len(starts) else position
    recorded = np.where(rows.closes[starts] == NEVER, ends_late, rows.closes[starts])
    empty = finish - latest
    run_begins = np.minimum(latest + 1, finish)
    dust = (latest >= starts) & (empty >= rules.dust_months)
    exits = np.where(dust, np.minimum(rows.month[run_begins], recorded), recorded)
    return np.asarray(spread_to_rows(exits, first)), _count(dust & (recorded == ends_late))


def _account_months(accounts: pd.DataFrame, rows: AccountRows, exits: Exits, extras: tuple[str, ...]) -> AccountMonths:
    first, table = rows.first, rows.table
    wanted = {*MONTH_NUMBERS, *(name for name in extras if name not in accounts.columns)} & set(table.columns)
    return AccountMonths(
        unit=np.cumsum(first) - 1,
        month=rows.month,
        balance=rows.number("balance"),
        interest=rows.number("interest_credited"),
        opened=month_number(accounts["open_date"])[rows.root],
        closes=spread_to_rows(exits.month, first),
        moves=np.asarray(spread_to_rows(exits.moves, first), dtype=bool),
        numbers={name: rows.number(name) for name in wanted if pd.api.types.is_numeric_dtype(table[name])},
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


@dataclass(frozen=True)
class MarketRates:
    """Market rates at the start of months: `values` of shape (rates, months), the first of them month number
    `first_month`, and which of the rates each account is held against."""

    values: FloatArray
    first_month: int
    of_account: IntArray

    def at(self, month: IntArray, account: IntArray) -> FloatArray:
        """The rate of each row's month and account, shape (rows,)."""
        return np.asarray(self.values[self.of_account[account], month - self.first_month])


def _market_rates(rates: RateHistory, role: str, month: IntArray, accounts: pd.DataFrame) -> MarketRates:
    """The market rate of each account's currency at the start of each month; NaN where there are no rates or nobody has
    named the role.

    A role that the settings name, or an index that the specification names, must be there: without it the spread, and
    with it an axis of the curves, would be lost without a word.
    """
    low, high = (int(month.min()), int(month.max())) if len(month) else (0, 0)
    before = np.arange(low, high + 1) - 1
    currencies, of_account = _currencies(accounts)
    roles = [rates.role_in(role, one) for one in currencies]
    read = [
        rates.has(one) or (rates.values and (one in rates.roles or role != DepositPanelRules.market)) for one in roles
    ]
    shared = [
        name or "no currency" for name, one, known in zip(currencies, roles, read, strict=True) if one == role and known
    ]
    if len(shared) > 1:
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


def _currencies(accounts: pd.DataFrame) -> tuple[list[str], IntArray]:
    """Currencies of the accounts, and which is each one's; an account that does not say is of the only one said."""
    if "currency" not in accounts.columns:
        return [""], np.zeros(len(accounts), dtype=np.int64)
    said = accounts["currency"].astype(object).where(accounts["currency"].notna(), "").astype(str)
    names = sorted(set(said))
    if len(names) == 2 and names[0] == "":
        return names[1:], np.zeros(len(accounts), dtype=np.int64)
    return names, np.asarray(pd.Index(names).get_indexer(pd.Index(said)), dtype=np.int64)


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
