"""Explicit principal on its payment dates, and positions that begin between two of them."""

from __future__ import annotations

import numpy as np

from behavior.engine import layout
from behavior.engine.calendars import accrued, day_in_month, first_month, regular_span
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
    place, dates, amount = _rows_of(terms, chosen)
    faults = _without_rows(terms, chosen, place)
    event = _event_of(terms, place, dates)
    faults += _off_calendar(terms, place, dates, event)
    good = event > 0
    np.add.at(principal, first[place[good]] + event[good] - 1, amount[good])
    total = np.zeros(len(terms.book))
    np.add.at(total, place, amount)
    balance = terms.book.numbers("balance", 0.0)
    over = (total > balance * (1 + TOLERANCE)) & (balance > 0)
    faults += terms.book.faults(over, "balance", "expected at least the principal still to come in schedule/1")
    if faults:
        raise ContractFault(faults)
    return principal, first


def _rows_of(terms: Terms, chosen: IntArray) -> tuple[IntArray, DateArray, FloatArray]:
    """Row of the book, date and principal of each row of schedule/1 after as-of that belongs to a chosen position."""
    table = terms.book.schedule
    if table is None or table.empty:
        nothing = np.zeros(0, dtype=np.int64)
        return nothing, np.zeros(0, dtype="datetime64[D]"), np.zeros(0)
    names: AnyArray = terms.book.identity[chosen]
    order = np.argsort(names.astype(str), kind="stable")
    sought = table["position_id"].astype(str).to_numpy(dtype=object)
    held = names[order].astype(str)
    found = np.minimum(np.searchsorted(held, sought.astype(str)), len(held) - 1)
    dates = as_days(table["date"].to_numpy(dtype="datetime64[D]"))
    kept = (held[found] == sought.astype(str)) & (dates > terms.as_of)
    amount = table["principal"].to_numpy(dtype=np.float64)
    return np.asarray(chosen[order][found[kept]], dtype=np.int64), dates[kept], amount[kept]


def _without_rows(terms: Terms, chosen: IntArray, place: IntArray) -> list[Fault]:
    """Faults of positions that have no principal to come and do not end at their next event."""
    bare = np.zeros(len(terms.book), dtype=np.bool_)
    bare[chosen] = terms.events[chosen] > np.maximum(terms.payment[chosen], 1)
    bare[place] = False
    return terms.book.faults(bare, "repayment", "expected rows of schedule/1 after the as-of date", "Give --schedule.")


def _event_of(terms: Terms, place: IntArray, dates: DateArray) -> IntArray:
    """Event number of each date, 0 where it is no payment date of its position."""
    day = terms.day[place]
    month = month_number(dates)
    number = month - first_month(terms.as_of, day) + 1
    left = terms.events[place] - number
    step = terms.payment[place]
    pays = np.where(step > 0, left % np.maximum(step, 1) == 0, left == 0)
    good = (day_in_month(month, day) == dates) & (left >= 0) & (number > 0) & pays
    return np.asarray(np.where(good, number, 0), dtype=np.int64)


def _off_calendar(terms: Terms, place: IntArray, dates: DateArray, event: IntArray) -> list[Fault]:
    """One fault a row of schedule/1 that lies on no payment date."""
    names = terms.book.identity
    rule = "expected a payment date of the position, counted back from its maturity by payment_months"
    return [
        Fault(f"schedule, position {names[place[row]]}", rule, column="date", value=str(dates[row]))
        for row in np.flatnonzero(event == 0)
    ]


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
