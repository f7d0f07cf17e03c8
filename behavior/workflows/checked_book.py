"""A book as read, held against what it is valued with: schedules, volatilities, curves, exchange rates.

Every fault is named at once and where it stands, before anything is computed; or faulty rows are set aside.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from behavior.cells import Breach
from behavior.contracts import Place, faults_at
from behavior.engine.positions import Book
from behavior.engine.principal import stray_rows
from behavior.engine.refusals import refused, rows_of, schedule_refused
from behavior.errors import ContractFault, Fault, MarketDataError
from behavior.io.quarantine import SetAside, at_rows, good_rows, split_faulty, with_partners
from behavior.io.tables import CheckedTable
from behavior.market.curves import CurveSet
from behavior.quantities import IntArray
from behavior.workflows.market_needs import ExchangeRates, MarketTables, missing_market


@dataclass(frozen=True, eq=False)
class Against:
    """What a book is held against; tables of the contracts of these names, None where none was given.

    Parameters
    ----------
    schedule_place : where the rows of the schedule came from.
    margins : as of the valuation. flat : curves go on flat. limits : caps and floors inside rates have a time value.
    """

    as_of: dt.date
    reporting_currency: str
    curves: pd.DataFrame
    schedule: pd.DataFrame | None = None
    schedule_place: Place | None = None
    vols: pd.DataFrame | None = None
    fx: pd.DataFrame | None = None
    margins: str = "included"
    flat: bool = False
    limits: bool = True


def checked_book(read: CheckedTable, held: Against) -> pd.DataFrame:
    """The book.

    Raises
    ------
    ContractFault : every fault of the book, of the schedule's rows against it, and of what its market data lack.
    """
    good = _good(read)
    book = _book_of(read, good, held)
    found: list[Fault] = []
    off: list[Fault] = []
    rows = good
    if len(good):
        found = refused(book, held.as_of, held.margins, held.vols)
        off = _schedule_faults(schedule_refused(book, held.as_of), held)
        rows = np.delete(good, rows_of(found, book))
    faults = [
        *read.faults,
        *at_rows(found, good[rows_of(found, book)].tolist(), read),
        *off,
        *_strays(read, book, held),
        # What a faulty row needs is not sure: a wrong word may ask for anything.
        *_market_faults(_book_of(read, rows, held), rows, read, held),
    ]
    if faults:
        raise ContractFault(faults)
    return read.table


def book_without_faulty(read: CheckedTable, held: Against, path: Path) -> tuple[pd.DataFrame, SetAside | None]:
    """The book without faulty rows, and what was set aside in `path`; None where nothing was.

    A row whose schedule does not fit goes with it, and so do the other legs of a trade.

    Raises
    ------
    ContractFault : faults that no row can be blamed for: of whole columns, rows of the schedule that no position asks
        for, what the market data lack. Nothing is written then.
    """
    good = good_rows(read)
    book = _book_of(read, good, held)
    if len(good):
        found = refused(book, held.as_of, held.margins, held.vols)
        added = at_rows(found, good[rows_of(found, book)].tolist(), read)
        read = replace(read, faults=(*read.faults, *added, *_by_schedule(book, good, read, held)))
    strays = _strays(read, book, held)
    read = with_partners(read, "trade_id", "position_id")
    kept = good_rows(read)
    faults = [*strays, *_market_faults(_book_of(read, kept, held), kept, read, held)]
    if faults:
        raise ContractFault(faults)
    if not read.faults:
        return read.table, None
    aside = split_faulty(read, path)
    return aside.table, aside


def _good(read: CheckedTable) -> IntArray:
    """Places of the rows that reading found no fault with; none where a whole column is at fault."""
    try:
        return good_rows(read)
    except ContractFault:
        return np.zeros(0, dtype=np.int64)


def _book_of(read: CheckedTable, rows: IntArray, held: Against) -> Book:
    """The book of some rows."""
    return Book(read.table if len(rows) == len(read.table) else read.table.iloc[rows], held.schedule)


def _schedule_faults(breaches: Sequence[Breach], held: Against) -> list[Fault]:
    """Breaches of schedule/1 as faults of its file."""
    return faults_at(held.schedule_place or Place("schedule"), breaches, held.schedule)


def _strays(read: CheckedTable, book: Book, held: Against) -> list[Fault]:
    """Faults of rows of the schedule that no position of the file is repaid by."""
    if held.schedule is None or "position_id" not in read.table:
        return []
    return _schedule_faults(stray_rows(book, read.table["position_id"].astype(str).to_numpy()), held)


def _by_schedule(book: Book, good: IntArray, read: CheckedTable, held: Against) -> list[Fault]:
    """Faults of the schedule as those of the positions that it is of."""
    if held.schedule is None:
        return []
    places = pd.Index(book.identity)
    found = []
    for breach in schedule_refused(book, held.as_of):
        names = held.schedule["position_id"].iloc[_rows(breach)].astype(str).to_numpy()
        rows = good[places.get_indexer(pd.Index(names))].tolist()
        for fault, row in zip(_schedule_faults([breach], held), rows, strict=True):
            found.append(read.place.fault(Breach(str(fault).rstrip("."), column="repayment"), row, "schedule"))
    return found


def _rows(breach: Breach) -> IntArray:
    return np.zeros(0, dtype=np.int64) if breach.rows is None else breach.rows


def _market_faults(book: Book, rows: IntArray, read: CheckedTable, held: Against) -> list[Fault]:
    """What the market data lack for a book of some rows; that there are no curves of the day is said later."""
    if not len(rows):
        return []
    try:
        curves = CurveSet.from_table(held.curves, held.as_of)
    except MarketDataError:
        return []
    market = MarketTables(curves, ExchangeRates(held.as_of, held.reporting_currency, held.fx), held.vols)
    lines = None if read.place.lines is None else read.place.lines[rows]
    return missing_market(book, market, held.flat, held.limits, lines)
