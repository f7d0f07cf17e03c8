"""The options of a book in a valuation: option rows apart from what the kernel projects, and embedded limits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from behavior.engine.limit_book import limited_rows, value_limits
from behavior.engine.option_book import value_options
from behavior.engine.option_values import OptionValues
from behavior.engine.positions import Book
from behavior.market.curves import TimeConvention
from behavior.market.scenarios import ScenarioCurves
from behavior.market.volatilities import VolatilitySet
from behavior.measures.coverage import worth
from behavior.measures.option_add_on import OptionAddOn, option_add_on

IN_FULL = "caps, floors, swaptions at implied volatility; embedded limits intrinsic in cash flows, time value apart"
WITHOUT_LIMITS = (
    "embedded limits intrinsic in cash flows, without time value: no vols/1 and no volatility in their rows"
)
INTRINSIC = "caps, floors, swaptions at implied volatility; embedded limits intrinsic in cash flows, without time value"
NO_OPTIONS = "none in the book"


@dataclass(frozen=True)
class BookOptions:
    """What a valuation needs to know of a book's options.

    Parameters
    ----------
    linear : the rows that the kernel projects.
    add_on : values and add-on of the options, None where there are none.
    convention : how options were valued, in words.
    values : options row by row, None where there are none.
    untimed : rows whose limits have no time value because nothing says how volatile their index is.
    groups : currency, side and product of the option rows, which have rows of zeros where there is no interest.
    """

    linear: Book
    add_on: OptionAddOn | None
    convention: str
    values: OptionValues | None = None
    untimed: int = 0
    groups: tuple[tuple[str, str, str], ...] = ()


def book_options(
    book: Book,
    curves: ScenarioCurves,
    vols: pd.DataFrame | None,
    time: TimeConvention = "exact",
    embedded: str = "option",
) -> BookOptions:
    """Value the options of a book and set their rows apart.

    Parameters
    ----------
    vols : vols/1, None where none was given: then option rows need their own `volatility`, and embedded limits without
        one keep their intrinsic value only.
    embedded : limits of cash rates as ``option`` (time value beside the cash flows) or ``intrinsic``.

    Raises
    ------
    ContractFault, MarketDataError : what option rows, curves or volatilities lack.
    """
    surfaces = None if vols is None else VolatilitySet.from_table(vols, curves.curves.as_of, time=time)
    linear = book
    if not book.is_linear.all():
        linear = Book(book.table[book.is_linear].reset_index(drop=True), book.schedule)
    found = value_options(book, curves, surfaces)
    convention = NO_OPTIONS if found.rows.size == 0 else IN_FULL
    limited = limited_rows(book)
    if embedded == "intrinsic":
        convention, limited = INTRINSIC if limited.any() else convention, np.zeros(len(book), dtype=np.bool_)
    known = limited if surfaces is not None else limited & ~np.isnan(book.numbers("volatility"))
    if known.any():
        rows = np.flatnonzero(known)
        limits = value_limits(Book(book.table.iloc[rows].reset_index(drop=True)), curves, surfaces)
        convention = IN_FULL if limits.rows.size else convention
        found = found.joined(limits.of_rows(rows))
    elif limited.any():
        convention = WITHOUT_LIMITS
    untimed = int((limited & ~known).sum())
    groups = option_groups(book)
    if found.rows.size == 0:
        return BookOptions(linear, None, convention, None, untimed, groups)
    return BookOptions(linear, option_add_on(book, found, curves.names), convention, found, untimed, groups)


def option_groups(book: Book) -> tuple[tuple[str, str, str], ...]:
    """Distinct (currency, side, product) of a book's option rows."""
    if book.is_linear.all():
        return ()
    rows = Book(book.table[~book.is_linear])
    columns = [np.asarray(rows.words(name)).astype(str).tolist() for name in ("currency", "side", "product")]
    return tuple(sorted(set(zip(*columns, strict=True))))


def with_options(coverage: pd.DataFrame, book: Book, fx: Mapping[str, float]) -> pd.DataFrame:
    """Coverage with a row for each product's options, whose notionals, in the reporting currency, no curve reaches."""
    options = ~book.is_linear
    if not options.any():
        return coverage
    products = np.asarray(book.words("product")).astype(str)[options]
    notional = pd.Series(worth(book, fx)[options]).groupby(products).sum()
    found = coverage.copy()
    none = found["how"] == "none"
    rows = []
    for product, amount in notional.items():
        mine = none & (found["product"] == product)
        if mine.any():
            found.loc[mine, "balance"] += float(amount)
        else:
            rows.append({"product": product, "segment": "", "curve": "", "balance": float(amount), "how": "none"})
    if not rows:
        return found
    shares = dict.fromkeys([name for name in found.columns if name.startswith("share_")], 0.0)
    further = pd.DataFrame(rows).assign(**shares)
    return pd.concat([found, further], ignore_index=True) if len(found) else further
