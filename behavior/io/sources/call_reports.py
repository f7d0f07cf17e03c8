"""Deposit cost by product from US call reports: FFIEC bulk schedules RI and RC-K, and FDIC financial data.

Sources: FFIEC, Central Data Repository, bulk data (tab-delimited schedules) and Micro Data Reference Manual; FDIC,
BankFind financials. Schedules are read as a folder: every schedule RI in it, each with the schedule RC-K of the same
quarter beside it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from behavior.cells import Breach
from behavior.contracts import Place, faults_at
from behavior.errors import Fault, FaultyInput
from behavior.io.raw import TextFormat
from behavior.io.sources.base import AS_PUBLISHED, Batch, Layout, dates, numbers, read_published
from behavior.quantities import BoolArray, IntArray

# Product -> items of interest expense (schedule RI, year to date) and of quarterly averages (schedule RC-K). Time
# deposits are split at 250,000 dollars since 2017 and at 100,000 before.
PRODUCTS: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "transaction_accounts": (("RIAD4508",), ("RCON3485",)),
    "savings": (("RIAD0093",), ("RCONB563",)),
    "time_deposits_small": (("RIADHK03", "RIADA518"), ("RCONHK16", "RCONA529")),
    "time_deposits_large": (("RIADHK04", "RIADA517"), ("RCONHK17", "RCONA514")),
}
ACQUIRED = "RIAD9106"
"""Day of a bank's acquisition, where push-down accounting was applied this calendar year (schedule RI, YYYYMMDD)."""
SCHEDULE = re.compile(r"Schedule RI (\d{8})", re.IGNORECASE)
DASHED = r"^(\d{4})-(\d{2})-(\d{2})$"
THOUSANDS = 1000.0
MERGER_JUMP = 1.5
FIELDS = "Ask for the fields CERT, REPDTE, EDEPDOM and DEPIDOM"


@dataclass(frozen=True)
class Quarter:
    """Figures of quarters: `institution`, `product`, `quarter`, `interest`, `balance`, `size` and `restarted`.

    Amounts are in dollars: `interest` is of the year to date, `balance` what it was paid on, `size` what a merger is
    seen in. `restarted` says that the year to date began anew within the quarter.
    """

    table: pd.DataFrame
    faults: tuple[Fault, ...]


def ffiec_schedules(path: Path) -> Iterator[Batch]:
    """Folder of ``FFIEC CDR Call Schedule RI/RCK MMDDYYYY.txt`` files, or any one of them -> ``product_rates``.

    Interest is reported year to date, so a quarter's is the difference to the quarter before; a quarter whose
    predecessor is missing is dropped and counted. The rate is a year's: interest / average balance x 4.

    Raises
    ------
    FaultyInput : no such file or folder, no schedules in it, or a schedule RI without its RC-K.
    """
    if not path.exists():
        raise FaultyInput(
            [Fault(str(path), "expected a folder of schedules, there is none of that name", hint="Check the path")]
        )
    files = _income_files(path)
    if not files:
        rule = "expected files named `FFIEC CDR Call Schedule RI MMDDYYYY.txt`"
        raise FaultyInput([Fault(str(_folder(path)), rule, hint="Unpack the bulk data there")])
    quarters = [_quarter(one, _report_date(one)) for one in files]
    table = pd.concat([one.table for one in quarters], ignore_index=True)
    faults = tuple(fault for one in quarters for fault in one.faults)
    yield _rates(table, faults)


def _folder(path: Path) -> Path:
    return path if path.is_dir() else path.parent


def _income_files(path: Path) -> list[Path]:
    return sorted(one for one in _folder(path).iterdir() if SCHEDULE.search(one.name))


def _averages_file(income: Path) -> Path:
    return income.with_name(re.sub("Schedule RI ", "Schedule RCK ", income.name, flags=re.IGNORECASE))


def _schedule_files(path: Path) -> tuple[Path, ...]:
    return tuple(file for income in _income_files(path) for file in (income, _averages_file(income)))


def _report_date(path: Path) -> pd.Timestamp:
    found = SCHEDULE.search(path.name)
    assert found is not None  # only such names are listed
    day = pd.to_datetime(pd.Series([found.group(1)]), format="%m%d%Y", errors="coerce")
    if not _ends_a_quarter(day).all():
        rule = "expected the last day of a quarter, as MMDDYYYY, in the file's name"
        raise FaultyInput([Fault(path.name, rule, value=found.group(1), hint="Keep the name it was published under")])
    return day.iloc[0]


def _ends_a_quarter(days: pd.Series) -> BoolArray:
    """Days that are a quarter's last; shape (rows,)."""
    return np.asarray(days.eq(days + pd.offsets.QuarterEnd(0)))


def _quarter(path: Path, quarter: pd.Timestamp) -> Quarter:
    averages = _averages_file(path)
    if not averages.is_file():
        hint = "Averages stand in schedule RC-K of the same quarter"
        raise FaultyInput([Fault(averages.name, "expected this file beside schedule RI", hint=hint)])
    income, bad_income = _schedule(path)
    balances, bad_balances = _schedule(averages)
    # A bank without averages stays, with no balance: its quarter is counted as dropped, its year to date is known.
    both = income.merge(balances, on="IDRSSD", how="left")
    acquired = pd.to_datetime(both[ACQUIRED].str.strip(), format="%Y%m%d", errors="coerce")
    restarted = acquired.between(quarter - pd.offsets.QuarterBegin(startingMonth=1), quarter)
    parts = []
    for product, (interest, average) in PRODUCTS.items():
        paid, held = _first_filled(both, interest), _first_filled(both, average)
        part = pd.DataFrame({"institution": both["IDRSSD"], "interest": paid, "balance": held, "restarted": restarted})
        parts.append(part.assign(product=product, quarter=quarter))
    table = pd.concat(parts, ignore_index=True)
    table[["interest", "balance"]] *= THOUSANDS
    return Quarter(table.assign(size=table["balance"]), (*bad_income, *bad_balances))


def _schedule(path: Path) -> tuple[pd.DataFrame, tuple[Fault, ...]]:
    """A schedule's items as numbers, the day of acquisition as text; the second line, of descriptions, is skipped."""
    raw = read_published(path, TextFormat(delimiter="\t"))
    names = [str(name).strip().strip('"') for name in raw.table.columns]
    if "IDRSSD" not in names:
        raise FaultyInput(
            [Fault(path.name, f"expected a column IDRSSD, found {', '.join(names[:6])}", 1, hint=AS_PUBLISHED)]
        )
    table = raw.table.set_axis(names, axis=1)
    rows = np.flatnonzero(table["IDRSSD"].notna())
    table, lines = table.iloc[rows].reset_index(drop=True), raw.place.take(rows).lines
    assert lines is not None  # taken rows say where they stood
    twice = table["IDRSSD"].duplicated()
    figures, faults = {"IDRSSD": table["IDRSSD"]}, [*raw.faults, *_repeated(table["IDRSSD"], twice, path, lines)]
    for name in (item for items in PRODUCTS.values() for item in (*items[0], *items[1]) if item in names):
        figures[name], found = numbers(path, table[name], lines)
        faults += found
    if SCHEDULE.search(path.name):
        figures[ACQUIRED] = table[ACQUIRED] if ACQUIRED in names else pd.Series(pd.NA, table.index, dtype="str")
    return pd.DataFrame(figures)[~twice].reset_index(drop=True), tuple(faults)


def _repeated(banks: pd.Series, twice: pd.Series, path: Path, lines: IntArray) -> list[Fault]:
    """Second rows of a bank and quarter: their interest would be counted as another quarter's."""
    rows = np.flatnonzero(twice)
    rule = "expected one row a bank and quarter"
    breach = Breach(rule, rows, str(banks.name), "Remove the row that does not count", banks.iloc[rows].tolist())
    return faults_at(Place(path.name, lines), [breach])


def _first_filled(table: pd.DataFrame, items: tuple[str, ...]) -> pd.Series:
    """The first of several items that a bank fills in: layouts changed names over time."""
    found = pd.Series(np.nan, table.index)
    for item in items:
        if item in table:
            found = found.where(found.notna(), table[item])
    return found


def _rates(table: pd.DataFrame, faults: tuple[Fault, ...]) -> Batch:
    """Year-to-date interest to the quarter's rate; series are cut where a bank or a product grows as by a merger."""
    table = table.sort_values(["institution", "product", "quarter"], ignore_index=True)
    series = [table["institution"], table["product"]]
    follows = _number(table["quarter"]).groupby(series).diff() == 1
    earned = table["interest"] - table["interest"].groupby(series).shift().where(follows)
    interest = table["interest"].where(table["quarter"].dt.quarter == 1, earned)
    merged = _merged(table, table["size"].groupby(series).shift().where(follows), interest < 0)
    cuts = merged.groupby(series).cumsum()
    rates = pd.DataFrame(
        {
            "institution": table["institution"].where(cuts == 0, table["institution"] + "/" + (cuts + 1).astype("str")),
            "product": table["product"],
            "month": table["quarter"].astype("datetime64[us]"),
            "rate_paid": interest / table["balance"].where(table["balance"] > 0) * 4.0,
            "period_months": 3,
            "averaging": "average",
            "balance": table["balance"],
            "currency": "USD",
        }
    )
    reasons = {
        "without the quarter before or without balance": rates["rate_paid"].isna(),
        "of a quarter in which a merger mixes two banks": merged,
        "of a quarter in which push-down accounting starts the year to date anew": table["restarted"],
        "with interest below zero (a year to date that starts again)": interest < 0,
    }
    usable, dropped = _usable(reasons, len(rates))
    rates = rates[usable].reset_index(drop=True)
    return Batch(rates, -np.arange(1, len(rates) + 1), faults, dropped)


def _number(quarter: pd.Series) -> pd.Series:
    """Quarters counted through, so that following ones differ by 1."""
    number: pd.Series = quarter.dt.year * 4 + quarter.dt.quarter
    return number


def _merged(table: pd.DataFrame, before: pd.Series, negative: pd.Series) -> pd.Series:
    """Rows of a quarter with a merger: of a product that jumps, and of every product where the whole bank does.

    The whole bank jumps where its balances together do, or where one does and the year to date starts again. A small
    product that grows by half alone says nothing about the others. `before` is the size a quarter ago, empty where
    that is not known; shapes (rows,).
    """
    bank = [table["institution"], table["quarter"]]
    jumps = (before > 0) & (table["size"] > MERGER_JUMP * before)
    size, held = (one.where(before.notna(), 0.0).groupby(bank).transform("sum") for one in (table["size"], before))
    restarts = jumps.groupby(bank).transform("any") & negative.groupby(bank).transform("any")
    return jumps | restarts | ((held > 0) & (size > MERGER_JUMP * held))


def _usable(reasons: Mapping[str, pd.Series], rows: int) -> tuple[BoolArray, dict[str, int]]:
    """Rows without a reason to drop them, and how many are dropped for each; a row counts under its first reason."""
    usable, dropped = np.ones(rows, dtype=bool), {}
    for reason, holds in reasons.items():
        out = usable & holds.to_numpy(dtype=bool)
        if out.any():
            dropped[reason] = int(out.sum())
        usable &= ~out
    return usable, dropped


def fdic_financials(path: Path) -> Iterator[Batch]:
    """FDIC financials CSV (CERT, REPDTE, EDEPDOM, DEPIDOM) -> ``product_rates`` of all interest-bearing deposits.

    The balance is the mean of the quarter's two ends, because this file has no averages.
    """
    raw = read_published(path)
    needed = ("CERT", "REPDTE", "EDEPDOM", "DEPIDOM")
    missing = [name for name in needed if name not in raw.table]
    if missing:
        absent = tuple(Fault(path.name, "expected this column", 1, name, hint=FIELDS) for name in missing)
        raise FaultyInput((*raw.faults, *absent))
    found = _ends(path, raw.table[list(needed)].astype("str"), raw.place)
    table = found.table.sort_values(["institution", "quarter"], ignore_index=True)
    follows = _number(table["quarter"]).groupby(table["institution"]).diff() == 1
    before = table.groupby("institution")["size"].shift().where(follows)
    yield _rates(table.assign(balance=(table["size"] + before) / 2.0), (*raw.faults, *found.faults))


def _ends(path: Path, cells: pd.DataFrame, place: Place) -> Quarter:
    """Interest and balances at the ends of quarters, still without `balance`; rows of no bank or quarter are faults."""
    lines = place.take(np.arange(len(cells))).lines
    assert lines is not None  # taken rows say where they stood
    day, bad_days = dates(path, cells["REPDTE"].str.replace(DASHED, r"\1\2\3", regex=True), "%Y%m%d", lines)
    interest, bad_interest = numbers(path, cells["EDEPDOM"], lines)
    end, bad_ends = numbers(path, cells["DEPIDOM"], lines)
    table = pd.DataFrame(
        {
            "institution": cells["CERT"],
            "product": "interest_bearing_deposits",
            "quarter": day,
            "interest": interest * THOUSANDS,
            "size": end * THOUSANDS,
            "restarted": False,
        }
    )
    odd = day.notna().to_numpy() & ~_ends_a_quarter(day)
    rule = "expected the last day of a quarter"
    shown = cells["REPDTE"][odd].tolist()
    bad_days = (
        *bad_days,
        *faults_at(Place(path.name, lines), [Breach(rule, np.flatnonzero(odd), "REPDTE", AS_PUBLISHED, shown)]),
    )
    known = table[["institution", "quarter"]].notna().all(axis=1) & ~odd
    twice = table.duplicated(["institution", "quarter"]) & known
    empty = _empty(cells[["CERT", "REPDTE"]], Place(path.name, lines))
    repeated = _repeated(cells["CERT"], twice, path, lines)
    return Quarter(table[known & ~twice], (*bad_days, *bad_interest, *bad_ends, *empty, *repeated))


def _empty(cells: pd.DataFrame, place: Place) -> list[Fault]:
    """Cells without which a row is nobody's or of no quarter."""
    rows = {name: np.flatnonzero(cells[name].isna()) for name in cells}
    rule = "expected a value, the cell is empty"
    return faults_at(
        place, [Breach(rule, at, str(name), AS_PUBLISHED, [""] * len(at)) for name, at in rows.items() if len(at)]
    )


QUIRKS = (
    "interest is year to date: a quarter is the difference to the one before; without it the quarter is dropped",
    "amounts are in thousands of dollars",
    "balances that grow by more than half within a quarter are taken for a merger, of a product or of the whole bank: "
    "that quarter is dropped, and the series are cut there and go on under the name `institution/2`",
    "a quarter with interest below zero, where the year to date starts again, is dropped",
)
LAYOUTS = (
    Layout(
        "ffiec_schedules",
        "FFIEC, Central Data Repository",
        "product_rate_history/1:product_rates",
        (
            "a folder is read: every schedule RI in it with its RC-K, also where one file of it is named",
            "the second line of a schedule holds descriptions",
            "time deposits are split at 250,000 dollars since 2017, at 100,000 before",
            "a quarter in which push-down accounting begins (RIAD9106) is dropped: its year to date starts at that day",
            *QUIRKS,
        ),
        ffiec_schedules,
        whole=True,
        files=_schedule_files,
    ),
    Layout(
        "fdic_financials",
        "FDIC, BankFind financials",
        "product_rate_history/1:product_rates",
        ("there are no averages: the balance is the mean of the quarter's ends, a merger is seen in the ends", *QUIRKS),
        fdic_financials,
        whole=True,
    ),
)
