"""Deposit history -> account-months at risk: closures, dust, migrations by cause, balances before credited interest.

An account's rows follow one product; a migration to a successor of the same product continues the account, a move into
another product ends it with the cause `migrated`. All columns but the targets are known when the month begins.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from behavior.errors import FittingError
from behavior.market.history import RateHistory
from behavior.panel.base import CustomerHistory, Panel
from behavior.panel.dense import (
    first_of_run,
    last_of_run,
    month_end_of,
    month_number,
    number_of,
    previous,
    spread_to_rows,
    text_column,
)
from behavior.quantities import AnyArray, BoolArray, FloatArray, IntArray

ACCOUNT_TEXTS = ("customer_type", "currency", "region", "channel")
TARGETS = ("closed", "migrated", "balance_before_interest", "balance_end", "reopened")
NEVER = -(2**62)


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
    balance, interest : end of month and credited in it, currency units; NaN = missing.
    moves : the unit ends by a move into another product.
    """

    unit: IntArray
    month: IntArray
    balance: FloatArray
    interest: FloatArray
    opened: IntArray
    closes: IntArray
    moves: BoolArray


def build_deposit_panel(history: CustomerHistory, rates: RateHistory, rules: DepositPanelRules) -> Panel:
    """The person-period table of deposits, one row an account and month at risk, sorted by account and month.

    Raises
    ------
    FittingError : when nothing is left at risk.
    """
    accounts = history.tables["accounts"].reset_index(drop=True)
    table, rows, dropped = _sorted_rows(accounts, history.tables["account_months"])
    first = first_of_run(rows.unit)
    rate_paid = number_of(table, "rate_paid")
    interest, estimated = _interest(rows, rate_paid, first)
    targets = decay_targets(rows, interest, rules)
    owner = table["_account"].to_numpy()
    paid_before = previous(rate_paid, first)
    paid_before = np.where(np.isnan(paid_before), rate_paid, paid_before)
    market = _market_rate(rates, rules.market, rows.month)
    columns: dict[str, Any] = {
        "unit": table["_unit_name"].to_numpy(dtype=object),
        "customer": accounts[_customer_column(accounts)].to_numpy()[owner],
        "month": month_end_of(rows.month),
        "weight": np.where(np.isnan(targets.opening), 0.0, targets.opening),
        "age_months": (rows.month - rows.opened).astype(np.float64),
        "market_rate": market,
        "rate_paid": paid_before,
        "spread": market - paid_before,
        "closed": targets.closed,
        "migrated": targets.migrated,
        "balance_before_interest": targets.after,
        "balance_end": np.where(targets.closed + targets.migrated > 0, 0.0, np.maximum(rows.balance, 0.0)),
        "balance_known": (~np.isnan(targets.opening) & ~np.isnan(targets.after)).astype(np.float64),
        "overdrawn": targets.overdrawn.astype(np.float64),
        "dormant": _dormant(table, rows, first),
        "product": text_column(table["_product"]),
    }
    for name in ACCOUNT_TEXTS:
        if name in accounts.columns:
            columns[name] = text_column(accounts[name]).take(owner)
    columns |= _extra_columns(accounts, table, owner, first, rules.extras)
    keep = targets.at_risk & _window(rows.month, rules)
    dropped |= targets.dropped
    dropped["months whose credited interest was estimated from the rate paid"] = int(estimated[keep].sum())
    dropped["months whose credited interest is unknown: decay is then net of interest"] = int(
        np.isnan(interest)[keep].sum()
    )
    dropped["months with a masked balance: kept for closures, left out of balances"] = int(
        (columns["balance_known"][keep] == 0).sum()
    )
    panel = pd.DataFrame(columns)[keep].reset_index(drop=True)
    if panel.empty:
        raise FittingError("deposit panel: no account-month at risk is left. Check the window and the dates.")
    return Panel(panel, dropped)


@dataclass(frozen=True)
class DecayTargets:
    """What happened in each month: shape (rows,) each.

    `opening` is the deposit at the month's start (0 while overdrawn), `after` the deposit at its end before interest
    credited in it; `closed` and `migrated` are 0/1.
    """

    opening: FloatArray
    after: FloatArray
    closed: FloatArray
    migrated: FloatArray
    overdrawn: BoolArray
    at_risk: BoolArray
    dropped: dict[str, int]


def decay_targets(rows: AccountMonths, interest: FloatArray, rules: DepositPanelRules) -> DecayTargets:
    """Closures (recorded or by dust), moves and balances before credited interest; one pass over dense arrays."""
    first = first_of_run(rows.unit)
    last = last_of_run(first)
    ends = _exit_month(rows, first, last, rules)
    exits = rows.month == ends
    moved = exits & rows.moves
    opening_raw = previous(rows.balance, first)
    gap = np.zeros(len(first), dtype=bool)
    gap[1:] = (rows.month[1:] - rows.month[:-1]) != 1
    opening_raw[gap] = np.nan
    opening = np.maximum(opening_raw, 0.0)
    held = np.where(np.isnan(interest), 0.0, np.maximum(interest, 0.0))
    after = np.where(exits, 0.0, np.maximum(rows.balance - held, 0.0))
    overdrawn = opening_raw < 0
    begins = first & (rows.month <= rows.opened)
    late = first & ~begins
    beyond = rows.month > ends
    dropped = {
        "opening months: not yet at risk": int(begins.sum()),
        "first months of late entries: they only give the opening balance": int(late.sum()),
        "months after a closure": int((beyond & ~first).sum()),
        "months overdrawn at their start: outside the decay of deposits": int((overdrawn & ~beyond).sum()),
    }
    return DecayTargets(
        opening=opening,
        after=after,
        closed=(exits & ~rows.moves).astype(np.float64),
        migrated=moved.astype(np.float64),
        overdrawn=overdrawn,
        at_risk=~(first | beyond),
        dropped=dropped,
    )


def _exit_month(rows: AccountMonths, first: BoolArray, last: BoolArray, rules: DepositPanelRules) -> IntArray:
    """Month number of each row's unit's exit; 2**62 while open. A dust run to the end begins with the exit."""
    ends_late = -NEVER
    above = np.isnan(rows.balance) | (np.abs(rows.balance) > rules.dust)
    position = np.where(above, np.arange(len(first)), -1)
    starts = np.flatnonzero(first)
    latest = np.maximum.reduceat(position, starts) if len(starts) else position
    finish = np.flatnonzero(last)
    recorded = np.where(rows.closes[starts] == NEVER, ends_late, rows.closes[starts])
    empty = finish - latest
    run_begins = np.minimum(latest + 1, finish)
    dust = (latest >= starts) & (empty >= rules.dust_months)
    exits = np.where(dust, np.minimum(rows.month[run_begins], recorded), recorded)
    return np.asarray(spread_to_rows(exits, first))


def _sorted_rows(accounts: pd.DataFrame, months: pd.DataFrame) -> tuple[pd.DataFrame, AccountMonths, dict[str, int]]:
    codes = pd.Index(accounts["account_id"]).get_indexer(months["account_id"])
    number = month_number(months["month"])
    known = codes >= 0
    order = np.lexsort((number[known], codes[known]))
    table = months[known].iloc[order].reset_index(drop=True)
    account, month = codes[known][order].astype(np.int64), number[known][order]
    product = accounts["product"].astype(object).to_numpy()[account]
    if "product" in table.columns:
        own = table["product"].astype(object)
        product = np.where(own.notna().to_numpy(), own.to_numpy(), product)
    root, joined = _roots(accounts)
    table["_account"], table["_product"] = account, product
    table["_root"], table["_month"] = root[account], month
    table["_opened"] = month_number(accounts["open_date"])[account]
    table, stitched = _stitch(table)
    table = _with_exit_rows(accounts, table)
    rows = _units(accounts, table, root)
    names = accounts["account_id"].astype(str).to_numpy()[table["_root"].to_numpy()]
    part = table["_part"].to_numpy()
    table["_unit_name"] = np.where(part > 0, names + "/" + (part + 1).astype(str), names)
    return table, rows, {"migrations within a product: no event, the account goes on": joined, "joined rows": stitched}


def _roots(accounts: pd.DataFrame) -> tuple[IntArray, int]:
    """Position of the account that each account continues, through successors of the same product."""
    root = np.arange(len(accounts), dtype=np.int64)
    if "successor_id" not in accounts.columns:
        return root, 0
    heir = pd.Index(accounts["account_id"]).get_indexer(accounts["successor_id"])
    product = accounts["product"].astype(object).to_numpy()
    same = np.flatnonzero((heir >= 0) & (product == product[np.maximum(heir, 0)]))
    opened = month_number(accounts["open_date"])
    for position in same[np.argsort(opened[heir[same]], kind="stable")]:
        root[heir[position]] = root[position]
    for _ in range(len(same)):
        further = root[root]
        if np.array_equal(further, root):
            break
        root = further
    return root, len(same)


def _stitch(table: pd.DataFrame) -> tuple[pd.DataFrame, int]:
    """Rows of one continued account in one month become one; a change of product begins a new part of it."""
    table = table.sort_values(["_root", "_month", "_opened", "_account"], kind="stable").reset_index(drop=True)
    again = table.duplicated(["_root", "_month"], keep="last")
    if again.any():
        money = [name for name in ("balance", "interest_credited", "credits", "debits") if name in table.columns]
        sums = table.groupby(["_root", "_month"], sort=True)[money].sum(min_count=1).reset_index(drop=True)
        table = table[~again].reset_index(drop=True)
        table[money] = sums
    root = table["_root"].to_numpy()
    product = pd.factorize(table["_product"])[0]
    first = first_of_run(root)
    change = np.zeros(len(root), dtype=np.int64)
    change[1:] = (product[1:] != product[:-1]) & ~first[1:]
    total = np.cumsum(change)
    starts = np.flatnonzero(first)
    table["_part"] = total - np.repeat(total[starts], np.diff(np.append(starts, len(root))))
    return table, int(again.sum())


def _recorded_exits(accounts: pd.DataFrame, table: pd.DataFrame) -> tuple[IntArray, BoolArray, BoolArray]:
    """Month of the recorded exit and whether it is a move, per unit in row order; and each unit's last row."""
    owner, part = table["_root"].to_numpy(), table["_part"].to_numpy()
    last = last_of_run(first_of_run(owner * 10_000 + part))
    finish = np.flatnonzero(last)
    account, month = table["_account"].to_numpy()[finish], table["_month"].to_numpy()
    closes = np.full(len(accounts), NEVER)
    if "close_date" in accounts.columns:
        closes = np.where(accounts["close_date"].notna(), month_number(accounts["close_date"]), NEVER)
    follows = np.zeros(len(finish), dtype=bool)
    follows[:-1] = owner[finish[:-1] + 1] == owner[finish[:-1]]
    # A change of product inside an account is a move in the month in which the new product first stands.
    begins = month[np.minimum(finish + 1, len(month) - 1)]
    return np.where(follows, begins, closes[account]), follows | (_successor(accounts)[account] >= 0), last


def _with_exit_rows(accounts: pd.DataFrame, table: pd.DataFrame) -> pd.DataFrame:
    """Units whose rows stop before their recorded exit get the exit row that the contract asks for."""
    closes, _, last = _recorded_exits(accounts, table)
    ends = table["_month"].to_numpy()[last]
    missing = (closes != NEVER) & (closes > ends) & (closes <= table["_month"].max())
    if not missing.any():
        return table
    extra = table[last][missing].copy()
    extra["_month"] = closes[missing]
    extra["balance"] = 0.0
    for name in ("interest_credited", "credits", "debits"):
        if name in extra.columns:
            extra[name] = 0.0
    joined: pd.DataFrame = pd.concat([table, extra], ignore_index=True)
    return joined.sort_values(["_root", "_part", "_month"], kind="stable").reset_index(drop=True)


def _units(accounts: pd.DataFrame, table: pd.DataFrame, root: IntArray) -> AccountMonths:
    owner, part = table["_root"].to_numpy(), table["_part"].to_numpy()
    unit = np.cumsum(first_of_run(owner * 10_000 + part)) - 1
    first = first_of_run(unit)
    closes, moves, _ = _recorded_exits(accounts, table)
    account, month = table["_account"].to_numpy(), table["_month"].to_numpy()
    opened = month_number(accounts["open_date"])[root][account]
    return AccountMonths(
        unit=unit,
        month=month,
        balance=number_of(table, "balance"),
        interest=number_of(table, "interest_credited"),
        opened=opened,
        closes=spread_to_rows(closes, first),
        moves=np.asarray(spread_to_rows(moves, first), dtype=bool),
    )


def _successor(accounts: pd.DataFrame) -> IntArray:
    if "successor_id" not in accounts.columns:
        return np.full(len(accounts), -1)
    return np.asarray(pd.Index(accounts["account_id"]).get_indexer(accounts["successor_id"]))


def _interest(rows: AccountMonths, rate_paid: FloatArray, first: BoolArray) -> tuple[FloatArray, BoolArray]:
    """Interest credited in the month; where not recorded, rate paid on the opening balance over 12."""
    opening = np.maximum(previous(rows.balance, first), 0.0)
    guess = opening * rate_paid / 12.0
    missing = np.isnan(rows.interest)
    return np.where(missing, guess, rows.interest), missing & ~np.isnan(guess)


def _market_rate(rates: RateHistory, role: str, month: IntArray) -> FloatArray:
    """The market rate at the start of each month; NaN where the rate history does not know the role."""
    if not rates.has(role):
        return np.full(len(month), np.nan)
    low, high = int(month.min()) - 1, int(month.max())
    return np.asarray(rates.monthly(role, month_end_of(np.arange(low, high + 1)))[month - 1 - low])


def _dormant(table: pd.DataFrame, rows: AccountMonths, first: BoolArray) -> FloatArray:
    """1 where the last 12 months before this one saw neither credits nor debits; NaN where neither is known."""
    if "credits" not in table.columns and "debits" not in table.columns:
        return np.full(len(first), np.nan)
    moved = np.nan_to_num(number_of(table, "credits")) + np.nan_to_num(number_of(table, "debits")) != 0
    index = np.arange(len(first))
    latest = np.maximum.accumulate(np.where(moved | first, index, 0))
    before = np.append(0, latest[:-1])
    return np.where(first, 0.0, (index - before > 12).astype(np.float64))


def _customer_column(accounts: pd.DataFrame) -> str:
    named = "customer_id" in accounts.columns and accounts["customer_id"].notna().all()
    return "customer_id" if named else "account_id"


def _extra_columns(
    accounts: pd.DataFrame, table: pd.DataFrame, owner: IntArray, first: BoolArray, extras: tuple[str, ...]
) -> dict[str, AnyArray]:
    found: dict[str, AnyArray] = {}
    for name in extras:
        if name in accounts.columns:
            found[name] = accounts[name].to_numpy()[owner]
        elif name in table.columns and pd.api.types.is_numeric_dtype(table[name]):
            found[name] = previous(number_of(table, name), first)
    return found


def _window(month: IntArray, rules: DepositPanelRules) -> BoolArray:
    low = -(10**9) if rules.from_month is None else rules.from_month
    high = 10**9 if rules.to_month is None else rules.to_month
    return np.asarray((month >= low) & (month <= high))
