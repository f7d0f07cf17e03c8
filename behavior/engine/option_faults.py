"""What option rows of a book lack to be valued, every fault at once."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from behavior.engine.option_periods import period_months
from behavior.engine.positions import CAP, FLOOR, SWAPTION, Book
from behavior.errors import Fault
from behavior.months import DateLike, as_days
from behavior.quantities import BoolArray


def option_faults(book: Book, as_of: DateLike) -> list[Fault]:
    """What option rows lack to be valued: strike, maturity, expiry, index, a period, dates ahead in their order."""
    strips = (book.instrument == CAP) | (book.instrument == FLOOR)
    swaptions = book.instrument == SWAPTION
    if not (strips | swaptions).any():
        return []
    faults = _require(book, strips | swaptions, ("strike", "maturity_date"))
    faults += _require(book, swaptions, ("expiry_date",))
    named = np.asarray(book.words("index")).astype(str) != ""
    faults += book.faults((strips | swaptions) & ~named, "index", "an option needs the index that it is on")
    idle = (strips | swaptions) & (period_months(book) <= 0)
    faults += book.faults(
        idle, "payment_months", "an option needs the months of its periods, in payment_months or reset_months"
    )
    kinds = np.asarray(book.words("option_type")).astype(str)
    wrong = swaptions & ~np.isin(kinds, ("payer", "receiver"))
    faults += book.faults(wrong, "option_type", "expected payer or receiver")
    return faults + _past_faults(book, strips | swaptions, as_of) + _swaption_order_faults(book, swaptions)


def _require(book: Book, rows: BoolArray, columns: Sequence[str]) -> list[Fault]:
    """Faults of option rows that lack a term."""
    faults: list[Fault] = []
    for name in columns:
        dates = name.endswith("_date")
        empty = np.isnat(book.dates(name)) if dates else np.isnan(book.numbers(name))
        faults += book.faults(rows & empty, name, "an option needs it")
    return faults


def _past_faults(book: Book, rows: BoolArray, as_of: DateLike) -> list[Fault]:
    """Options that are over, as a cash position that has matured: what came of one is a position of its own."""
    now = as_days(as_of)
    rule = f"expected a date after the as-of date {now}"
    over = rows & (book.dates("maturity_date") <= now)
    expired = rows & ~over & (book.instrument == SWAPTION) & (book.dates("expiry_date") <= now)
    return [
        *book.faults(over, "maturity_date", rule, "It has matured: leave it out"),
        *book.faults(
            expired, "expiry_date", rule, "It has expired: leave it out, and give the legs of the swap if exercised"
        ),
    ]


def _swaption_order_faults(book: Book, rows: BoolArray) -> list[Fault]:
    """Swaptions whose swap ends before it can begin, or begins before they expire."""
    expiry, begin, maturity = (book.dates(name) for name in ("expiry_date", "start_date", "maturity_date"))
    early = rows & (begin < expiry)
    return [
        *book.faults(rows & (maturity <= expiry), "maturity_date", "must be after `expiry_date`"),
        *book.faults(rows & (maturity > expiry) & (maturity <= begin), "maturity_date", "must be after `start_date`"),
        *book.faults(early, "start_date", "must not be before `expiry_date`"),
    ]
