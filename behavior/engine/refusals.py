"""Rows that keep the contracts of a book and still cannot be valued: all of them, before anything is computed."""

from __future__ import annotations

import numpy as np
import pandas as pd

from behavior.cells import Breach
from behavior.engine.option_faults import option_faults
from behavior.engine.positions import CASH, Book
from behavior.engine.principal import coming_rows, off_calendar, position_faults
from behavior.engine.terms import Terms, resolve_terms, term_faults
from behavior.errors import Fault
from behavior.market.contracts import VOLATILITY_UNITS
from behavior.months import DateLike, as_days
from behavior.quantities import IntArray

POSITION = ", position "
TRANSFER_RULE = "a transfer rate is required where margins are excluded"


def refused(book: Book, as_of: DateLike, margins: str = "included", vols: pd.DataFrame | None = None) -> list[Fault]:
    """Every fault that a valuation would refuse a row of the book for.

    - dates that make no schedule; a balance of a position that has not begun; a position or option that is over;
    - an option that lacks a term; a normal volatility in another unit;
    - explicit principal that does not fit its position;
    - a missing transfer rate, where margins are ``excluded``.

    What a curve or a set lacks is no row's fault.
    """
    linear = _linear(book)
    terms = _explicit(linear, as_of)
    faults = [
        *term_faults(linear, as_of),
        *option_faults(book, as_of),
        *volatility_faults(book, as_of, vols),
        *(position_faults(terms, coming_rows(terms)) if terms is not None else ()),
    ]
    if margins == "excluded":
        faults += transfer_faults(linear)
    return faults


def schedule_refused(book: Book, as_of: DateLike) -> list[Breach]:
    """Every row of schedule/1 that does not fit its position; `stray_rows` has those that no position asks for."""
    terms = _explicit(_linear(book), as_of)
    return [] if terms is None else off_calendar(terms, coming_rows(terms))


def _linear(book: Book) -> Book:
    return book if book.is_linear.all() else book.rows(book.is_linear)


def volatility_faults(book: Book, as_of: DateLike, vols: pd.DataFrame | None) -> list[Fault]:
    """Volatilities of rows that are read as normal and are too high for it: the unit is another, or the kind.

    A row's volatility is of the kind that vols/1 has for its index on the day, else normal.
    """
    own = book.numbers("volatility")
    largest, unit, hint = VOLATILITY_UNITS["normal"]
    high = own > largest
    if not high.any():
        return []
    if vols is not None:
        rows = vols[(as_days(vols["as_of"]) == as_days(as_of)) & (vols["kind"] == "lognormal")]
        known = pd.MultiIndex.from_frame(rows[["currency", "index"]].astype(str))
        words = [np.asarray(book.words(name)).astype(str) for name in ("currency", "index")]
        high &= ~pd.MultiIndex.from_arrays(words).isin(known)
    rule = f"expected {unit}, at most {largest:g}: it is read as normal, as vols/1 has no lognormal one for its index"
    return book.faults(high, "volatility", rule, hint)


def transfer_faults(book: Book) -> list[Fault]:
    """Cash positions without the transfer rate that tells their margin; a derivative leg without one has no margin."""
    missing = (book.instrument == CASH) & np.isnan(book.numbers("transfer_rate"))
    return book.faults(missing, "transfer_rate", TRANSFER_RULE, "Give it, or value with margins included")


def _explicit(linear: Book, as_of: DateLike) -> Terms | None:
    """Terms of the positions with an explicit schedule whose own dates are right; None where there are none."""
    explicit = linear.is_word("repayment", "schedule", "bullet")
    if not explicit.any():
        return None
    chosen = linear.rows(explicit)
    wrong = rows_of(term_faults(chosen, as_of), chosen)
    kept = np.ones(len(chosen), dtype=np.bool_)
    kept[wrong[wrong >= 0]] = False
    return resolve_terms(chosen.rows(kept), as_of) if kept.any() else None


def rows_of(faults: list[Fault], book: Book) -> IntArray:
    """Row of the book that each fault is about, -1 where it names none; shape (faults,)."""
    if not faults:
        return np.zeros(0, dtype=np.int64)
    names = pd.Index([fault.where.partition(POSITION)[2] for fault in faults])
    return np.asarray(pd.Index(book.table["position_id"].astype("str")).get_indexer(names), dtype=np.int64)
