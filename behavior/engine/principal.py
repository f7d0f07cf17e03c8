"""Explicit principal on its payment dates, and positions that begin between two of them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd

from behavior.cells import Breach
from behavior.contracts import Place, faults_at
from behavior.engine import layout
from behavior.engine.calendars import accrued, day_in_month, first_month, regular_span
from behavior.engine.positions import Book
from behavior.engine.terms import Terms
from behavior.errors import ContractFault, Fault
from behavior.months import as_days, month_number
from behavior.quantities import AnyArray, BoolArray, DateArray, FloatArray, IntArray

TOLERANCE = 1e-9


def resolve_principal(terms: Terms) -> tuple[FloatArray, IntArray]:
    """Principal by event of every position with repayment `schedule`, and where each position's begins.

    Rows on or before as-of are past. The last event clears whatever is left, so the row of the maturity date may be
    left out.

    Returns
    -------
    principal : flat, one entry a monthly event, at least one. first : (rows,), 0 where the repayment is another.

    Raises
    ------
    ContractFault : a position without rows, a row on a day that is no payment date of its position, or principal that
        is more than the balance; every one is named.
    """
    chosen = np.flatnonzero(terms.repayment == layout.SCHEDULE)
    first = np.zeros(len(terms.book), dtype=np.int64)
    if not len(chosen):
        return np.zeros(1), first
    length = terms.events[chosen]
    first[chosen] = np.concatenate([[0], np.cumsum(length)[:-1]])
    principal = np.zeros(int(length.sum()))
    rows = coming_rows(terms)
    place, amount = rows.place, rows.amount
    event = _event_of(terms, rows)
    faults = position_faults(terms, rows)
    if terms.book.schedule is not None:
        faults += faults_at(Place("schedule"), off_calendar(terms, rows), terms.book.schedule)
    if faults:
        raise ContractFault(faults)
    np.add.at(principal, first[place] + event - 1, amount)
    return principal, first


def position_faults(terms: Terms, rows: ComingRows) -> list[Fault]:
    """Positions with repayment `schedule` whose rows of schedule/1 are not there, or are more than the balance."""
    chosen = np.flatnonzero(terms.repayment == layout.SCHEDULE)
    if not len(chosen):
        return []
    total = np.zeros(len(terms.book))
    np.add.at(total, rows.place, rows.amount)
    balance = terms.book.numbers("balance", 0.0)
    over = (total > balance * (1 + TOLERANCE)) & (balance > 0)
    return [
        *_without_rows(terms, chosen, rows.place),
        *terms.book.faults(over, "balance", "expected at least the principal still to come in schedule/1"),
    ]


def off_calendar(terms: Terms, rows: ComingRows) -> list[Breach]:
    """Rows of schedule/1 after as-of that lie on no payment date of their position; those of other positions pass."""
    wrong = rows.row[_event_of(terms, rows) == 0]
    rule = "expected a payment date of the position, counted back from its maturity by payment_months"
    return (
        [Breach(rule, np.sort(wrong), "date", "Move it there, or correct maturity_date or payment_months")]
        if len(wrong)
        else []
    )


def stray_rows(book: Book, named: AnyArray | None = None) -> list[Breach]:
    """Rows of schedule/1 that no position of a whole book is repaid by.

    named : every position_id that the book's file has, where `book` holds some of its rows alone.
    """
    table = book.schedule
    if table is None or table.empty:
        return []
    sought = pd.Index(table["position_id"].astype(str))
    unknown = ~sought.isin(book.identity if named is None else named)
    other = sought.isin(book.identity[~book.is_word("repayment", "schedule", "bullet")])
    breaches = [
        (unknown, "expected a position of the book", "Add the position, or leave its rows out"),
        (other, "expected a position with repayment `schedule`", "Correct its `repayment`, or leave its rows out"),
    ]
    return [Breach(rule, np.flatnonzero(wrong), "position_id", hint) for wrong, rule, hint in breaches if wrong.any()]


class ComingRows(NamedTuple):
    """Rows of schedule/1 after as-of: row of the book, row of the table, date and principal of each."""

    place: IntArray
    row: IntArray
    date: DateArray
    amount: FloatArray


def coming_rows(terms: Terms) -> ComingRows:
    """Rows of schedule/1 after as-of that belong to a position with repayment `schedule`."""
    table, chosen = terms.book.schedule, np.flatnonzero(terms.repayment == layout.SCHEDULE)
    if table is None or table.empty or not len(chosen):
        nothing = np.zeros(0, dtype=np.int64)
        return ComingRows(nothing, nothing, np.zeros(0, dtype="datetime64[D]"), np.zeros(0))
    names: AnyArray = terms.book.identity[chosen]
    order = np.argsort(names.astype(str), kind="stable")
    sought = table["position_id"].astype(str).to_numpy(dtype=object)
    held = names[order].astype(str)
    found = np.minimum(np.searchsorted(held, sought.astype(str)), len(held) - 1)
    dates = as_days(table["date"].to_numpy(dtype="datetime64[D]"))
    kept = np.flatnonzero((held[found] == sought.astype(str)) & (dates > terms.as_of))
    amount = table["principal"].to_numpy(dtype=np.float64)
    return ComingRows(np.asarray(chosen[order][found[kept]], dtype=np.int64), kept, dates[kept], amount[kept])


def _without_rows(terms: Terms, chosen: IntArray, place: IntArray) -> list[Fault]:
    """Faults of positions that have no principal to come and do not end at their next event."""
    bare = np.zeros(len(terms.book), dtype=np.bool_)
    bare[chosen] = terms.events[chosen] > np.maximum(terms.payment[chosen], 1)
    bare[place] = False
    return terms.book.faults(bare, "repayment", "expected rows of schedule/1 after the as-of date", "Give --schedule.")


def _event_of(terms: Terms, rows: ComingRows) -> IntArray:
    """Event number of each date, 0 where it is no payment date of its position."""
    place, dates = rows.place, rows.date
    day = terms.day[place]
    month = month_number(dates)
    number = month - first_month(terms.as_of, day) + 1
    left = terms.events[place] - number
    step = terms.payment[place]
    pays = np.where(step > 0, left % np.maximum(step, 1) == 0, left == 0)
    good = (day_in_month(month, day) == dates) & (left >= 0) & (number > 0) & pays
    return np.asarray(np.where(good, number, 0), dtype=np.int64)


def _begins(terms: Terms) -> DateArray:
    """First day of each position: its start, else its origination; NaT where neither is known."""
    begins = terms.book.dates("start_date")
    return np.asarray(np.where(np.isnat(begins), terms.book.dates("origination_date"), begins))


def begins_later(terms: Terms) -> BoolArray:
    """Positions that begin after as-of, shape (rows,): no part of their running period has accrued yet."""
    return np.asarray((_begins(terms) > terms.as_of) & (terms.repayment < layout.OPEN_ENDED))


def late_starts(terms: Terms) -> FloatArray:
    """Share of the first interval's accrual that lies before a position begins, shape (rows,).

    0 where it has begun by as-of, or begins on a monthly event of its payment day.
    """
    begins = _begins(terms)
    found = np.zeros(len(terms.book))
    arrays = terms.calendars.arrays
    entry = terms.calendars.first[terms.calendar] + terms.start
    opens = terms.as_of + arrays.starts[entry].astype("timedelta64[D]")
    rows = np.flatnonzero((begins > terms.as_of) & (begins > opens) & (terms.repayment < layout.OPEN_ENDED))
    if not len(rows):
        return found
    closes = terms.as_of + arrays.day[entry[rows]].astype("timedelta64[D]")
    step = np.maximum(terms.payment[rows], 1)
    ahead = (terms.events[rows] - terms.start[rows] - 1) % step
    last = month_number(closes) + ahead
    once = terms.payment[rows] == 0
    end = np.where(once, terms.book.dates("maturity_date")[rows], day_in_month(last, terms.day[rows]))
    start = np.where(once, terms.book.dates("origination_date")[rows], day_in_month(last - step, terms.day[rows]))
    months = np.where(once, regular_span(start, end), step)
    low, at, high = (
        accrued(start, end, np.maximum(day, start), months, terms.count[rows])
        for day in (opens[rows], begins[rows], closes)
    )
    whole = high - low
    found[rows] = np.where(whole > 0, (at - low) / np.where(whole > 0, whole, 1.0), 0.0)
    return found
