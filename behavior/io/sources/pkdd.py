"""The bank of the PKDD'99 Discovery Challenge (Berka): tables ``account.asc``, ``disp.asc`` and ``trans.asc``.

Source: P. Berka and M. Sochorova, Discovery Challenge guide to the financial data set, 1999.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from behavior.errors import Fault
from behavior.io.sources.base import Batch, Layout, dates, numbers, text_batches

ACCOUNT = ("account_id", "district_id", "frequency", "date")
TRANS = (
    "trans_id",
    "account_id",
    "date",
    "type",
    "operation",
    "amount",
    "balance",
    "k_symbol",
    "bank",
    "account",
)
OWNERS = "disp.asc"
CREDIT, INTEREST = "PRIJEM", "UROK"


def accounts(path: Path) -> Iterator[Batch]:
    """``account.asc`` -> ``accounts``; streamed. Owners come from ``disp.asc`` beside it where that is there."""
    owners = _owners(path.with_name(OWNERS))
    for raw, lines, faults in text_batches(path, ACCOUNT, ";", skip_lines=1):
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
        yield Batch(table, lines, (*faults, *bad))


def _with_owners(path: Path) -> tuple[Path, ...]:
    owners = path.with_name(OWNERS)
    return (path, owners) if owners.is_file() else (path,)


def _owners(path: Path) -> pd.Series | None:
    if not path.is_file():
        return None
    parts = [raw for raw, _, _ in text_batches(path, ("disp_id", "client_id", "account_id", "type"), ";", skip_lines=1)]
    table = pd.concat(parts, ignore_index=True)
    owners: pd.Series = (
        table[table["type"] == "OWNER"].drop_duplicates("account_id").set_index("account_id")["client_id"]
    )
    return owners


def account_months(path: Path) -> Iterator[Batch]:
    """``trans.asc`` -> ``account_months``; streamed, with one row an account and month held in memory.

    A month without a transaction carries the balance on; months run to the last one of the file.
    """
    parts: list[pd.DataFrame] = []
    found: list[Fault] = []
    for raw, lines, faults in text_batches(path, TRANS, ";", skip_lines=1):
        day, bad_dates = dates(path, raw["date"], "%y%m%d", lines)
        amount, bad_amounts = numbers(path, raw["amount"], lines)
        balance, bad_balances = numbers(path, raw["balance"], lines)
        found += [*faults, *bad_dates, *bad_amounts, *bad_balances]
        interest = raw["k_symbol"] == INTEREST
        credit = raw["type"] == CREDIT
        parts.append(
            _by_month(
                pd.DataFrame(
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
            )
        )
    if not parts:
        return
    table = _by_month(pd.concat(parts, ignore_index=True))
    table = _without_gaps(table)
    lines_of = table.pop("line").to_numpy(dtype=np.int64)
    yield Batch(table.drop(columns="day"), lines_of, tuple(found))


def _by_month(table: pd.DataFrame) -> pd.DataFrame:
    """One row an account and month: sums of flows, the last balance in the order of day, then of the file."""
    table = table[table["day"].notna()].sort_values(["account_id", "day", "line"], kind="stable")
    month = (table["day"] + pd.offsets.MonthEnd(0)).astype("datetime64[us]").rename("month")
    grouped = table.groupby(["account_id", month], sort=True)
    flows = grouped[["interest_credited", "credits", "debits"]].sum()
    return grouped[["day", "balance", "line"]].last().join(flows).reset_index()


def _without_gaps(table: pd.DataFrame) -> pd.DataFrame:
    """Every month from an account's first to the file's last; nothing moved in the months put in."""
    number = table["month"].dt.year * 12 + table["month"].dt.month
    first = number.groupby(table["account_id"]).transform("min")
    last = int(number.max())
    units = table.drop_duplicates("account_id")["account_id"]
    lengths = (last - first[units.index] + 1).to_numpy()
    start = first[units.index].to_numpy()
    all_numbers = np.concatenate([np.arange(s, last + 1) for s in start]) if len(start) else np.zeros(0, dtype=int)
    months = (all_numbers - 1 - 1970 * 12).astype("datetime64[M]").astype("datetime64[D]")
    ends = (pd.Series(months) + pd.offsets.MonthEnd(0)).astype("datetime64[us]")
    frame = pd.DataFrame({"account_id": np.repeat(units.to_numpy(), lengths), "month": ends.to_numpy()})
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
        ),
        account_months,
        whole=True,
    ),
)
