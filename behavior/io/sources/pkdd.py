"""The bank of the PKDD'99 Discovery Challenge (Berka): tables ``account.asc``, ``disp.asc`` and ``trans.asc``.

Source: P. Berka and M. Sochorova, Discovery Challenge guide to the financial data set, 1999.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from behavior.cells import Breach
from behavior.contracts import Place, faults_at
from behavior.errors import Fault
from behavior.io.sources.base import AS_PUBLISHED, Batch, Layout, dates, numbers, text_batches
from behavior.months import first_day, month_end, month_number
from behavior.quantities import IntArray

ACCOUNT = ("account_id", "district_id", "frequency", "date")
TRANS = ("trans_id", "account_id", "date", "type", "operation", "amount", "balance", "k_symbol", "bank", "account")
DISP = ("disp_id", "client_id", "account_id", "type")
OWNERS = "disp.asc"
CREDIT, DEBITS, INTEREST = "PRIJEM", ("VYDAJ", "VYBER"), "UROK"


def accounts(path: Path) -> Iterator[Batch]:
    """``account.asc`` -> ``accounts``; streamed. Owners come from ``disp.asc`` beside it where that is there."""
    owners, lost = _owners(path.with_name(OWNERS))
    for raw, lines, faults in text_batches(path, ACCOUNT, ";", header=True):
        opened, bad = dates(path, raw["date"], "%y%m%d", lines)
        table = pd.DataFrame(
            {
                "account_id": raw["account_id"],
                "product": "current_account",
                "open_date": opened,
                "close_date": pd.Series(pd.NaT, raw.index, dtype="datetime64[us]"),
                "currency": "CZK",
                "frequency": raw["frequency"],
                "region": raw["district_id"],
            }
        )
        if owners is not None:
            table["customer_id"] = raw["account_id"].map(owners).astype("str")
        yield Batch(table, lines, (*lost, *faults, *bad))
        lost = ()


def _with_owners(path: Path) -> tuple[Path, ...]:
    owners = path.with_name(OWNERS)
    return (path, owners) if owners.is_file() else (path,)


def _owners(path: Path) -> tuple[pd.Series | None, tuple[Fault, ...]]:
    """Owner of each account, None where the file is not there; and its lines that could not be read."""
    if not path.is_file():
        return None, ()
    parts = list(text_batches(path, DISP, ";", header=True))
    table = pd.concat([raw for raw, _, _ in parts], ignore_index=True)
    owners: pd.Series = (
        table[table["type"] == "OWNER"].drop_duplicates("account_id").set_index("account_id")["client_id"]
    )
    return owners, tuple(fault for _, _, faults in parts for fault in faults)


def account_months(path: Path) -> Iterator[Batch]:
    """``trans.asc`` -> ``account_months``; read whole, because a day's balance hangs on the days around it.

    A month without a transaction carries the balance on; months run to the last one of the file.
    """
    parts: list[pd.DataFrame] = []
    names: list[pd.Series] = []
    places: list[IntArray] = []
    found: list[Fault] = []
    for raw, lines, faults in text_batches(path, TRANS, ";", header=True):
        rows, bad = _transactions(path, raw, lines)
        found += [*faults, *bad]
        parts.append(rows)
        names.append(raw["trans_id"])
        places.append(lines)
    if not parts:
        return
    found += _twice(path, pd.concat(names, ignore_index=True), np.concatenate(places))
    rows = pd.concat(parts, ignore_index=True)
    if rows["day"].isna().all():
        yield Batch(pd.DataFrame(), np.zeros(0, np.int64), tuple(found))
        return
    table = _without_gaps(_by_month(_in_order(rows)))
    lines_of = table.pop("line").to_numpy(dtype=np.int64)
    yield Batch(table.drop(columns="day"), lines_of, tuple(found))


def _transactions(path: Path, raw: pd.DataFrame, lines: IntArray) -> tuple[pd.DataFrame, list[Fault]]:
    """Rows as values, and what of them would be lost or guessed at: every cell that money hangs on must be there."""
    day, bad_dates = dates(path, raw["date"], "%y%m%d", lines)
    amount, bad_amounts = numbers(path, raw["amount"], lines)
    balance, bad_balances = numbers(path, raw["balance"], lines)
    needed = ("account_id", "date", "type", "amount", "balance")
    empty = {name: np.flatnonzero(raw[name].isna()) for name in needed}
    breaches = [
        Breach("expected a value, the cell is empty", rows, name, "Is the file whole?", [""] * len(rows))
        for name, rows in empty.items()
        if len(rows)
    ]
    odd = np.flatnonzero((raw["type"].notna() & ~raw["type"].isin((CREDIT, *DEBITS))).to_numpy(dtype=bool))
    if odd.size:
        rule = f"expected a type of transaction, one of {', '.join((CREDIT, *DEBITS))}"
        breaches.append(Breach(rule, odd, "type", AS_PUBLISHED, raw["type"].iloc[odd].tolist()))
    interest = raw["k_symbol"] == INTEREST
    credit = raw["type"] == CREDIT
    rows = pd.DataFrame(
        {
            "account_id": raw["account_id"],
            "day": day,
            "balance": balance,
            "interest_credited": amount.where(interest & credit, 0.0),
            "credits": amount.where(credit & ~interest, 0.0),
            "debits": amount.where(~credit, 0.0),
            "line": lines,
        }
    )
    return rows, [*bad_dates, *bad_amounts, *bad_balances, *faults_at(Place(path.name, lines), breaches)]


def _twice(path: Path, names: pd.Series, lines: IntArray) -> list[Fault]:
    """Transactions that stand in the file again: their money would be counted twice."""
    rows = np.flatnonzero((names.duplicated() & names.notna()).to_numpy())
    hint = "Keep one of them; were two files put together?"
    breach = Breach("expected each transaction once", rows, "trans_id", hint, names.iloc[rows].tolist())
    return faults_at(Place(path.name, lines), [breach])


def _in_order(table: pd.DataFrame) -> pd.DataFrame:
    """Transactions in the order of account and day, the one that a day ends with last of its day.

    The file does not keep a day's order: interest often stands below the fee that was taken after it. Where a day has
    several transactions, it ends with the one whose balance is that of the account's nearest day with a single one,
    moved by all flows between; the nearest before, or after where there is none before.
    """
    table = table[table["day"].notna()].sort_values(["account_id", "day", "line"], kind="stable", ignore_index=True)
    account, day = table["account_id"], [table["account_id"], table["day"]]
    flow = table["interest_credited"] + table["credits"] - table["debits"]
    moved = flow.groupby(account).cumsum().groupby(day).transform("last")
    alone = table["line"].groupby(day).transform("size") == 1
    start = (table["balance"] - moved).where(alone)
    start = start.groupby(account).ffill().fillna(start.groupby(account).bfill())
    # Balances are published to a tenth. Where no day of an account tells, the last in the file stays last.
    off = (table["balance"] - (start + moved)).abs().round(1).fillna(0.0)
    ends = off == off.groupby(day).transform("min")
    return table.assign(ends=ends).sort_values(["account_id", "day", "ends", "line"], kind="stable", ignore_index=True)


def _by_month(table: pd.DataFrame) -> pd.DataFrame:
    """One row an account and month: sums of flows, and the balance after the last row."""
    month = (table["day"] + pd.offsets.MonthEnd(0)).astype("datetime64[us]").rename("month")
    grouped = table.groupby(["account_id", month], sort=True)
    flows = grouped[["interest_credited", "credits", "debits"]].sum()
    return grouped[["day", "balance", "line"]].last().join(flows).reset_index()


def _without_gaps(table: pd.DataFrame) -> pd.DataFrame:
    """Every month from an account's first to the file's last; nothing moved in the months put in."""
    number = pd.Series(month_number(table["month"]), index=table.index)
    first = number.groupby(table["account_id"]).transform("min")
    last = int(number.max())
    units = table.drop_duplicates("account_id")["account_id"]
    lengths = (last - first[units.index] + 1).to_numpy()
    start = first[units.index].to_numpy()
    all_numbers = np.concatenate([np.arange(s, last + 1) for s in start]) if len(start) else np.zeros(0, dtype=int)
    ends = month_end(first_day(all_numbers)).astype("datetime64[us]")
    frame = pd.DataFrame({"account_id": np.repeat(units.to_numpy(), lengths), "month": ends})
    full = frame.merge(table, how="left", on=["account_id", "month"])
    full[["balance", "line"]] = full.groupby("account_id")[["balance", "line"]].ffill()
    flows = ["interest_credited", "credits", "debits"]
    full[flows] = full[flows].fillna(0.0)
    return full


LAYOUTS = (
    Layout(
        "pkdd99_account",
        "PKDD'99 Discovery Challenge",
        "deposit_history/1:accounts",
        ("no account ever closes", "owners are taken from disp.asc where it lies beside the file"),
        accounts,
        files=_with_owners,
    ),
    Layout(
        "pkdd99_trans",
        "PKDD'99 Discovery Challenge",
        "deposit_history/1:account_months",
        (
            "type VYBER (cash withdrawal) is a debit like VYDAJ",
            "transactions marked UROK are interest credited and no part of credits",
            "a month without a transaction carries the balance on",
            "balances below zero are overdrafts and stay",
            "a day's transactions do not stand in their order: it ends with the one whose balance fits the days around",
        ),
        account_months,
        whole=True,
    ),
)
