"""What a contract alone leaves of today's balance at later dates: at today's rate, in periods of months / 12."""

from __future__ import annotations

import numpy as np

from behavior.engine.positions import Book
from behavior.months import as_days, payments_left
from behavior.quantities import MONTHS_PER_YEAR, BoolArray, DateArray, FloatArray, IntArray

NOTHING = 1e-12
ONE_DAY = np.timedelta64(1, "D")


def contractual_share(book: Book, rows: IntArray, dates: DateArray, as_of: DateArray) -> FloatArray:
    """Share of today's balance that is contractually left after each date, shape of `rows`; 1 for bullets.

    Instalments run over the payments that remain, or over `amortization_months`; those of `interest_only` begin one
    period after `amortization_start_date`. A schedule pays what its rows say.
    """
    repayment = np.asarray(book.words("repayment")).astype(str)[rows]
    step = np.maximum(book.whole("payment_months")[rows], 1)
    maturity = book.dates("maturity_date")[rows]
    begins = book.dates("start_date")[rows]
    begins = np.where(np.isnat(begins), book.dates("origination_date")[rows], begins)
    total = payments_left(np.where(begins > as_of, begins, as_of), maturity, step)
    count = _amortising(book, rows, repayment == "interest_only", total, as_of)
    made = np.maximum(count - payments_left(dates, maturity, step), 0)
    months = book.whole("amortization_months")[rows]
    over = np.maximum(np.where(months > 0, months // step, count), 1)
    linear = np.maximum(1.0 - made / over, 0.0)
    period = book.numbers("rate", 0.0)[rows] * step / MONTHS_PER_YEAR
    safe = np.where(np.abs(period) > NOTHING, period, 1.0)
    level = np.expm1(np.minimum(made - over, 0) * np.log1p(safe)) / np.expm1(-over * np.log1p(safe))
    level = np.where(np.abs(period) > NOTHING, level, linear)
    annuity = np.isin(repayment, ("annuity", "interest_only")) & (count > 0)
    found = np.select([annuity, repayment == "linear"], [level, linear], 1.0)
    explicit = repayment == "schedule"
    if explicit.any() and book.schedule is not None:
        found[explicit] = _scheduled(book, rows[explicit], dates[explicit], as_of)
    return np.asarray(found)


def _amortising(book: Book, rows: IntArray, late: BoolArray, total: IntArray, as_of: DateArray) -> IntArray:
    """Payments that repay principal."""
    if not late.any():
        return total
    begins, maturity = book.dates("amortization_start_date")[rows], book.dates("maturity_date")[rows]
    step = np.maximum(book.whole("payment_months")[rows], 1)
    ahead = payments_left(np.where(np.isnat(begins), maturity, begins) - ONE_DAY, maturity, step) - 1
    later = np.where(begins <= as_of, total, np.maximum(ahead, 0))
    return np.where(late, later, total)


def _scheduled(book: Book, rows: IntArray, dates: DateArray, as_of: DateArray) -> FloatArray:
    """Share that schedule/1 leaves, the rows of each position added up by date."""
    assert book.schedule is not None
    table = book.schedule
    day = as_days(table["date"].to_numpy(dtype="datetime64[D]"))
    coming = day > as_of
    name = table["position_id"].astype(str).to_numpy(dtype=object)[coming]
    paid, day = table["principal"].to_numpy(dtype=np.float64)[coming], day[coming]
    order = np.lexsort((day, name.astype(str)))
    name, day, grown = name[order].astype(str), day[order], np.concatenate([[0.0], np.cumsum(paid[order])])
    own, balance = book.identity[rows].astype(str), book.numbers("balance", 0.0)[rows]
    found = np.ones(len(rows))
    for one in np.unique(own):
        mine = own == one
        first, last = np.searchsorted(name, one, "left"), np.searchsorted(name, one, "right")
        at = first + np.searchsorted(day[first:last], dates[mine], "right")
        gone = grown[at] - grown[first]
        found[mine] = 1.0 - gone / np.where(balance[mine] > 0, balance[mine], 1.0)
    return found
