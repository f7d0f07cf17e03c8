"""Rows that keep the contract of a book and still cannot be valued: all of them, before anything is computed."""

from __future__ import annotations

import numpy as np
import pandas as pd

from behavior.engine.option_book import option_faults
from behavior.engine.positions import Book
from behavior.engine.principal import resolve_principal
from behavior.engine.terms import resolve_terms, term_faults
from behavior.errors import ContractFault, Fault
from behavior.months import DateLike
from behavior.quantities import IntArray

POSITION = ", position "
TRANSFER_RULE = "a transfer rate is required where margins are excluded"


def refused(book: Book, as_of: DateLike, margins: str = "included") -> list[Fault]:
    """Every fault that a valuation would refuse a row of the book for.

    Dates that make no schedule, positions and options that are over, options that lack a term, explicit principal that
    does not fit its position, and (margins ``excluded``) missing transfer rates. What a curve or a set lacks is no
    row's fault.
    """
    linear = book if book.is_linear.all() else book.rows(book.is_linear)
    faults = [*term_faults(linear, as_of), *option_faults(book, as_of), *_principal_faults(linear, as_of)]
    if margins == "excluded":
        faults += transfer_faults(linear)
    return faults


def transfer_faults(book: Book) -> list[Fault]:
    """Cash positions without the transfer rate that tells their margin; a derivative leg without one has no margin."""
    missing = (book.instrument == 0) & np.isnan(book.numbers("transfer_rate"))
    return book.faults(missing, "transfer_rate", TRANSFER_RULE, "Give it, or value with margins included")


def _principal_faults(linear: Book, as_of: DateLike) -> list[Fault]:
    """Faults of positions with an explicit schedule whose own dates are right."""
    explicit = linear.is_word("repayment", "schedule", "bullet")
    if not explicit.any():
        return []
    chosen = linear.rows(explicit)
    wrong = rows_of(term_faults(chosen, as_of), chosen)
    kept = np.ones(len(chosen), dtype=np.bool_)
    kept[wrong[wrong >= 0]] = False
    try:
        resolve_principal(resolve_terms(chosen.rows(kept), as_of))
    except ContractFault as refusal:
        return list(refusal.faults)
    return []


def rows_of(faults: list[Fault], book: Book) -> IntArray:
    """Row of the book that each fault is about, -1 where it names none; shape (faults,)."""
    if not faults:
        return np.zeros(0, dtype=np.int64)
    names = pd.Index([fault.where.partition(POSITION)[2] for fault in faults])
    return np.asarray(pd.Index(book.table["position_id"].astype("str")).get_indexer(names), dtype=np.int64)
