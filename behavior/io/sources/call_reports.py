"""Deposit cost by product from US call reports: FFIEC bulk schedules RI and RC-K, and FDIC financial data.

Sources: FFIEC, Central Data Repository, bulk data (tab-delimited schedules) and Micro Data Reference Manual; FDIC,
BankFind financials. A file of schedule RI is read together with the schedule RC-K of the same quarter beside it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from behavior.errors import Fault, FaultyInput
from behavior.io.raw import TextFormat, read_raw
from behavior.io.sources.base import Batch, Layout

# Product -> items of interest expense (schedule RI, year to date) and of quarterly averages (schedule RC-K). Time
# deposits are split at 250,000 dollars since 2017 and at 100,000 before.
PRODUCTS: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "transaction_accounts": (("RIAD4508",), ("RCON3485",)),
    "savings": (("RIAD0093",), ("RCONB563",)),
    "time_deposits_small": (("RIADHK03", "RIADA518"), ("RCONHK16", "RCONA529")),
    "time_deposits_large": (("RIADHK04", "RIADA517"), ("RCONHK17", "RCONA514")),
}
SCHEDULE = re.compile(r"Schedule RI (\d{8})", re.IGNORECASE)
THOUSANDS = 1000.0
MERGER_JUMP = 1.5


@dataclass(frozen=True)
class Quarter:
    """One quarter's figures: `institution`, `product`, `quarter`, `interest` (year to date) and `balance` (dollars)."""

    table: pd.DataFrame
    faults: tuple[Fault, ...]


def ffiec_schedules(path: Path) -> Iterator[Batch]:
    """Folder of ``FFIEC CDR Call Schedule RI/RCK MMDDYYYY.txt`` files -> ``product_rates``.

    Interest is reported year to date, so a quarter's is the difference to the quarter before; a quarter whose
    predecessor is missing is dropped and counted. The rate is a year's: interest / average balance x 4.
    """
    folder = path if path.is_dir() else path.parent
    files = sorted(one for one in folder.iterdir() if SCHEDULE.search(one.name))
    if not files:
        rule = "expected files named `FFIEC CDR Call Schedule RI MMDDYYYY.txt`"
        raise FaultyInput([Fault(str(folder), rule, hint="Unpack the bulk data there")])
    quarters = [_quarter(one, _report_date(one)) for one in files]
    table = pd.concat([one.table for one in quarters], ignore_index=True)
    faults = tuple(fault for one in quarters for fault in one.faults)
    yield _rates(table, faults)


def _report_date(path: Path) -> pd.Timestamp:
    found = SCHEDULE.search(path.name)
    assert found is not None  # only such names are listed
    return pd.to_datetime(found.group(1), format="%m%d%Y")


def _quarter(path: Path, quarter: pd.Timestamp) -> Quarter:
    averages = path.with_name(re.sub("Schedule RI ", "Schedule RCK ", path.name, flags=re.IGNORECASE))
    if not averages.is_file():
        hint = "Averages stand in schedule RC-K of the same quarter"
        raise FaultyInput([Fault(averages.name, "expected this file beside schedule RI", hint=hint)])
    income, bad_income = _schedule(path)
    balances, bad_balances = _schedule(averages)
    both = income.merge(balances, on="IDRSSD", how="inner")
    parts = []
    for product, (interest, average) in PRODUCTS.items():
        paid, held = _first_filled(both, interest), _first_filled(both, average)
        part = pd.DataFrame({"institution": both["IDRSSD"], "interest": paid, "balance": held})
        parts.append(part.assign(product=product, quarter=quarter))
    table = pd.concat(parts, ignore_index=True)
    table[["interest", "balance"]] *= THOUSANDS
    return Quarter(table, (*bad_income, *bad_balances))


def _schedule(path: Path) -> tuple[pd.DataFrame, tuple[Fault, ...]]:
    """A schedule's items as numbers; the second line holds descriptions and is skipped."""
    raw = read_raw(path, TextFormat(delimiter="\t"))
    if raw.faults and raw.table.empty:
        raise FaultyInput(raw.faults)
    names = [str(name).strip().strip('"') for name in raw.table.columns]
    if "IDRSSD" not in names:
        raise FaultyInput([Fault(path.name, f"expected a column IDRSSD, found {', '.join(names[:6])}", 1)])
    table = raw.table.set_axis(names, axis=1)
    table = table[table["IDRSSD"].notna()].reset_index(drop=True)
    wanted = [name for name in names if name.startswith(("RIAD", "RCON"))]
    figures = table[wanted].apply(pd.to_numeric, errors="coerce")
    return pd.concat([table[["IDRSSD"]], figures], axis=1), raw.faults


def _first_filled(table: pd.DataFrame, items: tuple[str, ...]) -> pd.Series:
    """The first of several items that a bank fills in: layouts changed names over time."""
    found = pd.Series(np.nan, table.index)
    for item in items:
        if item in table:
            found = found.where(found.notna(), table[item])
    return found


def _rates(table: pd.DataFrame, faults: tuple[Fault, ...]) -> Batch:
    """Year-to-date interest to the quarter's rate; series are cut where a balance jumps as mergers make it jump."""
    table = table.sort_values(["institution", "product", "quarter"], ignore_index=True)
    same = table.groupby(["institution", "product"])
    number = table["quarter"].dt.year * 4 + table["quarter"].dt.quarter
    before = number - number.groupby([table["institution"], table["product"]]).shift()
    first = table["quarter"].dt.quarter == 1
    earned = table["interest"] - same["interest"].shift().where(before == 1)
    interest = table["interest"].where(first, earned)
    jump = table["balance"] / same["balance"].shift().where(before == 1)
    merged = (jump > MERGER_JUMP).groupby([table["institution"], table["product"]]).cumsum()
    name = table["institution"].where(merged == 0, table["institution"] + "/" + (merged + 1).astype("str"))
    usable = (interest.notna() & (table["balance"] > 0)).to_numpy()
    rates = pd.DataFrame(
        {
            "institution": name,
            "product": table["product"],
            "month": table["quarter"].astype("datetime64[us]"),
            "rate_paid": interest / table["balance"].where(table["balance"] > 0) * 4.0,
            "period_months": 3,
            "averaging": "average",
            "balance": table["balance"],
            "currency": "USD",
        }
    )[usable].reset_index(drop=True)
    lines = np.arange(1, len(rates) + 1)
    dropped = {"without the quarter before or without balance": int((~usable).sum())} if (~usable).any() else {}
    return Batch(rates, -lines, faults, dropped)


def fdic_financials(path: Path) -> Iterator[Batch]:
    """FDIC financials CSV (CERT, REPDTE, EDEPDOM, DEPIDOM) -> ``product_rates`` of all interest-bearing deposits.

    The balance is the mean of the quarter's two ends, because this file has no averages.
    """
    raw = read_raw(path)
    needed = ("CERT", "REPDTE", "EDEPDOM", "DEPIDOM")
    missing = [name for name in needed if name not in raw.table]
    if raw.faults or missing:
        absent = tuple(Fault(path.name, "expected this column", 1, name) for name in missing)
        raise FaultyInput((*raw.faults, *absent))
    text = raw.table["REPDTE"].astype("str").str.replace("-", "")
    ends = pd.to_numeric(raw.table["DEPIDOM"], errors="coerce") * THOUSANDS
    table = pd.DataFrame(
        {
            "institution": raw.table["CERT"].astype("str"),
            "product": "interest_bearing_deposits",
            "quarter": pd.to_datetime(text, format="%Y%m%d", errors="coerce"),
            "interest": pd.to_numeric(raw.table["EDEPDOM"], errors="coerce") * THOUSANDS,
            "end": ends,
        }
    ).sort_values(["institution", "quarter"], ignore_index=True)
    table["balance"] = (table["end"] + table.groupby("institution")["end"].shift()) / 2.0
    yield _rates(table.drop(columns="end"), ())


QUIRKS = (
    "interest is year to date: a quarter is the difference to the one before; without it the quarter is dropped",
    "amounts are in thousands of dollars",
    "a balance that grows by half or more within a quarter is taken for a merger: the series is cut there and goes on "
    "under the name `institution/2`",
)
LAYOUTS = (
    Layout(
        "ffiec_schedules",
        "FFIEC, Central Data Repository",
        "product_rate_history/1:product_rates",
        (
            "the second line of a schedule holds descriptions",
            "time deposits are split at 250,000 dollars since 2017, at 100,000 before",
            *QUIRKS,
        ),
        ffiec_schedules,
        whole=True,
    ),
    Layout(
        "fdic_financials",
        "FDIC, BankFind financials",
        "product_rate_history/1:product_rates",
        ("there are no averages: the balance is the mean of the quarter's ends", *QUIRKS),
        fdic_financials,
        whole=True,
    ),
)
