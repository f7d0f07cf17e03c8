"""Account-months in order as arrays: accounts that continue each other joined, a change of product begins a new unit.

An account's rows follow one product; a migration to a successor of the same product continues the account, a move into
another product ends it. Accounts merged into one successor of their product are one from the beginning.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
import pandas as pd

from behavior.months import month_number
from behavior.panel.dense import first_of_run, last_of_run, number_of, order_of, places_of
from behavior.panel.successors import Successors
from behavior.quantities import BoolArray, FloatArray, IntArray

NEVER = -(2**62)
MONEY = ("balance", "interest_credited", "credits", "debits")
ARRAYS = ("account", "root", "part", "month", "product")
NONE: IntArray = np.zeros(0, dtype=np.int64)


@dataclass(frozen=True)
class AccountRows:
    """Account-months by account and month, shape (rows,) each.

    Parameters
    ----------
    table : account-months as read. place : row of `table` that each row is; None = the same.
    account, root : positions among the accounts: whose row it is, and which account it continues.
    part : 0 for a root's first product, 1 for its second. month : month number. product : code among `products`.
    joined : rows that several months of continued accounts became, and `sums` of money over them by column.
    added : rows of exits that the table does not have; no money moves in them.
    """

    table: pd.DataFrame
    place: IntArray | None
    account: IntArray
    root: IntArray
    part: IntArray
    month: IntArray
    product: IntArray
    products: tuple[object, ...]
    joined: IntArray = field(default_factory=lambda: NONE)
    sums: Mapping[str, FloatArray] = field(default_factory=dict)
    added: IntArray = field(default_factory=lambda: NONE)

    def number(self, name: str) -> FloatArray:
        """A column of numbers in the order of the rows; all NaN where it is missing."""
        values = number_of(self.table, name)
        if self.place is None:
            return values
        values = values[self.place]
        if name in MONEY and name in self.table.columns:
            values[self.joined] = self.sums.get(name, NONE)
            values[self.added] = 0.0
        return values

    def cells(self, name: str) -> pd.Series:
        """A column of words or dates in the order of the rows."""
        return self.table[name] if self.place is None else self.table[name].iloc[self.place]

    def taken(self, rows: IntArray) -> AccountRows:
        """Some rows, in the order given; what was joined or added before is not carried."""
        place = rows if self.place is None else self.place[rows]
        return replace(self, place=place, **{name: getattr(self, name)[rows] for name in ARRAYS})

    @cached_property
    def first(self) -> BoolArray:
        """True on the first row of each unit: a part of a root."""
        first = first_of_run(self.root)
        first[1:] |= self.part[1:] != self.part[:-1]
        return first


@dataclass(frozen=True)
class Exits:
    """What is recorded of each unit's end, units in the order of the rows; shape (units,).

    Parameters
    ----------
    month : month number, NEVER while open. moves : the unit ends by a move into another product.
    """

    month: IntArray
    moves: BoolArray


@dataclass(frozen=True)
class HandedOver:
    """Rows of closing months whose account goes on in another; positions, rising.

    Parameters
    ----------
    counted : the successor has a row in the month, which holds the whole balance. waiting : it has none: the balance
        stands in neither account, so that it is unknown.
    """

    counted: IntArray
    waiting: IntArray


def account_rows(
    accounts: pd.DataFrame, table: pd.DataFrame, lines: Successors, dust: float = 0.0
) -> tuple[AccountRows, Exits, dict[str, int]]:
    """Rows by root, part and month with an exit row for every recorded exit; the exits; and what was joined.

    Parameters
    ----------
    lines : what became of each account. dust : balance at or below which a closing month has handed its money over.
    """
    account, month = places_of(accounts["account_id"], table["account_id"]), month_number(table["month"])
    root = lines.root
    place = _order(accounts, lines, account, month)
    if place is not None:
        account, month = account[place], month[place]
    product, products = _products(accounts, table, account, place)
    rows = AccountRows(table, place, account, _taken(root, account), np.zeros_like(month), month, product, products)
    closes = _closing_months(accounts)
    handed = _handed_over(rows, lines, closes, dust)
    rows = _with_parts(_joined(rows, handed))
    held = np.zeros(len(accounts), dtype=bool)
    held[rows.account] = True
    exits = _recorded_exits(rows, lines, closes, held)
    joins = {
        "migrations within a product: no event, the account goes on": int(lines.goes_on.sum()),
        "joined rows": len(account) - len(rows.month),
    }
    rare = {
        "closing months whose successor has no row yet: balance unknown": len(handed.waiting),
        "accounts whose successor of the same product has no months: censored": int((held & ~held[lines.end]).sum()),
        "successors not among the accounts: taken as moves into another product": int(
            (lines.moves & (lines.heir < 0)).sum()
        ),
    }
    return _with_exit_rows(rows, exits), exits, joins | {why: count for why, count in rare.items() if count}


def _taken(values: IntArray, place: IntArray) -> IntArray:
    """``values[place]``; the places themselves where each value is its own place, as it mostly is."""
    return place if np.array_equal(values, np.arange(len(values))) else values[place]


def _order(accounts: pd.DataFrame, lines: Successors, account: IntArray, month: IntArray) -> IntArray | None:
    """Rows of known accounts by root and month; in one month, successors come last, of the others the account opened
    first comes first. None = as it is.
    """
    place = np.flatnonzero(account >= 0) if len(account) and account.min() < 0 else None
    if place is not None:
        account, month = account[place], month[place]
    rank = np.empty(len(accounts), dtype=np.int64)
    opened = month_number(accounts["open_date"])
    rank[np.lexsort((np.arange(len(accounts)), opened, -lines.steps, lines.root))] = np.arange(len(accounts))
    low, high = (int(month.min()), int(month.max())) if len(month) else (0, 0)
    when = _taken(lines.root, account) * (high - low + 1)
    when += month
    order = order_of(_taken(rank, account))
    again = order_of(when if order is None else when[order])
    for further in (order, again):
        if further is not None:
            place = further if place is None else place[further]
    return place


def _products(
    accounts: pd.DataFrame, table: pd.DataFrame, account: IntArray, place: IntArray | None
) -> tuple[IntArray, tuple[object, ...]]:
    """Code of each row's product, its own where the months say one, and the products."""
    own, names = pd.factorize(accounts["product"].astype(object))
    product = own.astype(np.int64)[account]
    products = [*names]
    if "product" in table.columns:
        codes, words = pd.factorize(table["product"])
        products += sorted(word for word in words if word not in products)
        known = {name: code for code, name in enumerate(products)}
        renamed = np.array([*(known[word] for word in words), -1], dtype=np.int64)[codes]
        renamed = renamed if place is None else renamed[place]
        product = np.where(renamed >= 0, renamed, product)
    return product, tuple(products)


def _closing_months(accounts: pd.DataFrame) -> IntArray:
    """Month number of each account's recorded closing, NEVER while open."""
    if "close_date" not in accounts.columns:
        return np.full(len(accounts), NEVER)
    return np.where(accounts["close_date"].notna(), month_number(accounts["close_date"]), NEVER)


def _handed_over(rows: AccountRows, lines: Successors, closes: IntArray, dust: float) -> HandedOver:
    """Closing months of accounts that go on in a successor of their product.

    A balance above `dust` whose successor has no row yet still stands in the account: that month says what it held.
    """
    if not lines.goes_on.any():
        return HandedOver(NONE, NONE)
    left = lines.goes_on & (closes != NEVER)
    closing = np.flatnonzero(left[rows.account] & (rows.month >= closes[rows.account]))
    heirs = np.zeros(len(closes), dtype=bool)
    heirs[lines.heir[lines.goes_on]] = True
    held = np.flatnonzero(heirs[rows.account])
    low, high = int(rows.month.min(initial=0)), int(rows.month.max(initial=0))
    when, width = rows.month - low, high - low + 1
    wanted = lines.heir[rows.account[closing]] * width + when[closing]
    there = np.isin(wanted, rows.account[held] * width + when[held])
    waiting = closing[~there]
    return HandedOver(closing[there], waiting[~(rows.number("balance")[waiting] > dust)])


def _joined(rows: AccountRows, handed: HandedOver) -> AccountRows:
    """Rows of one continued account in one month become one, its latest account's, with the money of all."""
    same = (rows.root[1:] == rows.root[:-1]) & (rows.month[1:] == rows.month[:-1])
    if not same.any() and not len(handed.waiting):
        return rows
    begins, ends = np.flatnonzero(np.append(True, ~same)), np.flatnonzero(np.append(~same, True))
    several = ends > begins
    several[np.searchsorted(begins, handed.waiting, side="right") - 1] = True
    joined = np.flatnonzero(several)
    sums = {
        name: _sums(rows.number(name), begins[joined], ends[joined]) for name in MONEY if name in rows.table.columns
    }
    balance = rows.number("balance").copy()
    balance[handed.counted], balance[handed.waiting] = 0.0, np.nan
    sums["balance"] = _sums(balance, begins[joined], ends[joined], whole=True)
    return replace(rows.taken(ends), joined=joined, sums=sums)


def _sums(values: FloatArray, begins: IntArray, ends: IntArray, whole: bool = False) -> FloatArray:
    """Sum of the known values from each begin to its end; NaN where none is known, or where `whole` asks for all."""
    sizes = ends - begins + 1
    bounds = np.cumsum(sizes) - sizes
    inside = values[np.repeat(begins - bounds, sizes) + np.arange(int(sizes.sum()))]
    known = ~np.isnan(inside)
    total = np.add.reduceat(np.where(known, inside, 0.0), bounds)
    needed = sizes if whole else 1
    return np.where(np.add.reduceat(known, bounds, dtype=np.int64) >= needed, total, np.nan)


def _with_parts(rows: AccountRows) -> AccountRows:
    """A change of product inside a continued account begins a new part of it."""
    inside = rows.root[1:] == rows.root[:-1]
    change = np.append(False, (rows.product[1:] != rows.product[:-1]) & inside)[: len(rows.root)]
    if not change.any():
        return rows
    total = np.cumsum(change)
    starts = np.flatnonzero(np.append(True, ~inside))
    return replace(rows, part=total - np.repeat(total[starts], np.diff(np.append(starts, len(total)))))


def _recorded_exits(rows: AccountRows, lines: Successors, closes: IntArray, held: BoolArray) -> Exits:
    """What is recorded of each unit's end: that of the last account that it goes on in. Where that one has no months
    (`held` by account), the unit is censored."""
    finish = np.flatnonzero(last_of_run(rows.first))
    follows = np.zeros(len(finish), dtype=bool)
    follows[:-1] = rows.root[finish[:-1] + 1] == rows.root[finish[:-1]]
    # A change of product inside an account is a move in the month in which the new product first stands.
    begins = rows.month[np.minimum(finish + 1, len(rows.month) - 1)]
    end = lines.end[rows.account[finish]]
    recorded = np.where(held[end], closes[end], NEVER)
    return Exits(np.where(follows, begins, recorded), follows | lines.moves[end])


def _with_exit_rows(rows: AccountRows, exits: Exits) -> AccountRows:
    """Units whose rows stop before their recorded exit get the exit row that the contract asks for."""
    finish = np.flatnonzero(last_of_run(rows.first))
    latest = rows.month.max(initial=NEVER)
    missing = (exits.month != NEVER) & (exits.month > rows.month[finish]) & (exits.month <= latest)
    if not missing.any():
        return rows
    after = finish[missing]
    made = rows.taken(np.insert(np.arange(len(rows.month)), after + 1, after))
    added = after + 1 + np.arange(len(after))
    made.month[added] = exits.month[missing]
    joined = rows.joined + np.searchsorted(after, rows.joined, side="left")
    return replace(made, joined=joined, added=added)
