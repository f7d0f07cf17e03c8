"""What a book asks of the market data and they do not hold: everything at once, with what to supply."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from behavior.engine.limit_book import limited_rows
from behavior.engine.positions import Book
from behavior.errors import Fault
from behavior.market.contracts import DISCOUNT
from behavior.market.curves import CurveSet
from behavior.months import DateLike, as_days, months_between, roll_months, tenor_days
from behavior.quantities import BoolArray, DateArray, IntArray

SHOWN = 5
"""Positions named in a message."""


@dataclass(frozen=True, eq=False)
class ExchangeRates:
    """Rates of fx/1 on one day.

    Parameters
    ----------
    fx : fx/1, None where there is none.
    """

    as_of: DateLike
    reporting_currency: str
    fx: pd.DataFrame | None = None

    def known(self) -> dict[str, float]:
        """Units of the reporting currency for one unit of each currency that has a rate on the day."""
        found = {self.reporting_currency: 1.0}
        if self.fx is not None:
            to_reporting = self.fx["reporting_currency"] == self.reporting_currency
            rows = self.fx[(as_days(self.fx["as_of"]) == as_days(self.as_of)) & to_reporting]
            found |= {str(name): float(rate) for name, rate in zip(rows["currency"], rows["rate"], strict=True)}
        return found


@dataclass(frozen=True, eq=False)
class MarketTables:
    """What a book is held against.

    Parameters
    ----------
    curves : of the as-of date. exchange : rates of the same date. vols : vols/1.
    """

    curves: CurveSet
    exchange: ExchangeRates
    vols: pd.DataFrame | None = None


def missing_market(
    book: Book, market: MarketTables, flat: bool, limits: bool, lines: IntArray | None = None
) -> list[Fault]:
    """Everything that a book needs and its market data lack: curves, exchange rates, volatilities, tenors.

    Deposits without maturity are not asked how far their curves reach: what lies beyond there is a tail of their own.

    Parameters
    ----------
    flat : whether curves go on flat beyond their last tenor. limits : whether caps and floors inside customer rates
        have a time value, for which vols/1, once given, has to know their index.
    lines : (rows,), line of each row in its file, to be shown beside its name; None where there is none.
    """
    needing = _Needing(book, lines)
    return [
        *_missing_discounting(book, market, needing),
        *missing_exchange_rates(book, market.exchange, needing),
        *_missing_curves(book, market.curves, needing),
        *_missing_volatilities(book, market, limits, needing),
        *([] if flat else [short.fault() for short in short_curves(book, market.curves)]),
    ]


@dataclass(frozen=True, eq=False)
class _Needing:
    """Says which positions need something: the first by name and line, and how many there are."""

    book: Book
    lines: IntArray | None

    def __call__(self, rows: BoolArray) -> str:
        places = np.flatnonzero(rows)
        names = [str(name) for name in self.book.names(places[:SHOWN])]
        if self.lines is not None:
            names = [f"{name} (line {self.lines[row]})" for name, row in zip(names, places, strict=False)]
        shown = ", ".join(names)
        if len(places) == 1:
            return f"Position {shown} needs it."
        return f"{len(places):,} positions need it: {shown}{', ...' if len(places) > SHOWN else ''}."


def _by_currency(book: Book) -> Iterator[tuple[str, BoolArray]]:
    """Currency and rows of each currency of the book."""
    money = book.words("currency")
    for code, currency in enumerate(money.categories):
        if currency:
            yield str(currency), np.asarray(money.codes == code)


def _missing_discounting(book: Book, market: MarketTables, needing: _Needing) -> list[Fault]:
    curves = market.curves
    held = ", ".join(curves.currencies)
    return [
        Fault(
            "curves",
            f"no discount curve for {currency} as of {curves.as_of}; curves/1 holds {held}",
            hint=f"Add rows with index `{DISCOUNT}`. {needing(rows)}",
        )
        for currency, rows in _by_currency(book)
        if not curves.has(currency)
    ]


def missing_exchange_rates(book: Book, exchange: ExchangeRates, needing: _Needing | None = None) -> list[Fault]:
    """One fault for each currency of a book without an exchange rate."""
    says = needing or _Needing(book, None)
    known = exchange.known()
    return [
        Fault(
            "fx",
            f"no exchange rate from {currency} to {exchange.reporting_currency} as of {exchange.as_of}",
            hint=f"Give fx/1 (--fx) with a row for it. {says(rows)}",
        )
        for currency, rows in _by_currency(book)
        if currency not in known
    ]


def _fixes(book: Book) -> BoolArray:
    """Rows that read an index: floating rates and options."""
    return np.asarray(book.is_word("rate_type", "floating") | ~book.is_linear)


def _by_index(book: Book, rows: BoolArray) -> Iterator[tuple[str, str, BoolArray]]:
    """Currency, index and rows of each pair that some of the rows have."""
    money, index = book.words("currency"), book.words("index")
    for code, currency in enumerate(money.categories):
        for place, name in enumerate(index.categories):
            mine = rows & (money.codes == code) & (index.codes == place)
            if name and mine.any():
                yield str(currency), str(name), mine


def _missing_curves(book: Book, curves: CurveSet, needing: _Needing) -> list[Fault]:
    held = ", ".join(f"{currency} {index}" for currency, index in sorted(curves.curves))
    return [
        Fault(
            "curves",
            f"no curve for {currency} `{index}`; held: {held}",
            hint=f"Add its rows to curves/1. {needing(rows)}",
        )
        for currency, index, rows in _by_index(book, _fixes(book))
        if not curves.has(currency, index)
    ]


def _missing_volatilities(book: Book, market: MarketTables, limits: bool, needing: _Needing) -> list[Fault]:
    vols, now = market.vols, as_days(market.curves.as_of)
    held = pd.DataFrame() if vols is None else vols[as_days(vols["as_of"]) == now]
    if vols is not None and held.empty:
        return []  # the volatilities themselves say that their date is another
    known = set() if vols is None else set(zip(held["currency"], held["index"], strict=True))
    asked = ~book.is_linear
    if limits and vols is not None:
        asked = asked | limited_rows(book)
    asked &= np.isnan(book.numbers("volatility"))
    there, supply = "", "Supply vols/1 (--vols)"
    if vols is not None:
        there = f"; held: {', '.join(f'{currency} {index}' for currency, index in sorted(known))}"
        supply = "Add its rows to vols/1"
    return [
        Fault(
            "volatilities",
            f"none for {currency} `{index}`{there}",
            hint=f"{supply} or a `volatility` in each row. {needing(mine)}",
        )
        for currency, index, mine in _by_index(book, asked)
        if (currency, index) not in known
    ]


def short_curves(book: Book, curves: CurveSet) -> list[ShortCurve]:
    """Curves that end before contractual flows that they discount, or fixings that they project."""
    maturity, currency = book.dates("maturity_date"), book.words("currency")
    dated = ~np.isnat(maturity)
    found: list[ShortCurve] = []
    for code, name in enumerate(currency.categories):
        found += _late(curves, str(name), DISCOUNT, maturity[(currency.codes == code) & dated])
    for name, index, rows in _by_index(book, _fixes(book) & dated):
        found += _late(curves, name, index, maturity[rows])
    return found


@dataclass(frozen=True)
class ShortCurve:
    """A curve that ends before the last of its flows or fixings.

    Parameters
    ----------
    last : its last tenor, months. positions : that go on after it. until : the last of their maturities. asked : tenor
        that would reach it, months.
    """

    currency: str
    index: str
    last: float
    positions: int
    until: np.datetime64
    asked: int

    @property
    def words(self) -> str:
        """Which curve, where it ends, and who goes on."""
        whose, act = ("discount", "pay") if self.index == DISCOUNT else (f"`{self.index}`", "fix")
        many, verb = (
            ("position", f"{act}{'es' if act == 'fix' else 's'}") if self.positions == 1 else ("positions", act)
        )
        return (
            f"{self.currency}: the {whose} curve ends at {self.last:g} months, {self.positions:,} {many} {verb} later, "
            f"the last on {self.until}"
        )

    def fault(self) -> Fault:
        """What to say where curves may not go on."""
        rule = f"{self.words}; add tenors up to {self.asked} months; or run with --extrapolation flat"
        return Fault("curves", rule, hint="That keeps the last zero rate.")


def _late(curves: CurveSet, currency: str, index: str, maturity: DateArray) -> list[ShortCurve]:
    """What positions of these maturities lack of a curve that is there."""
    if not len(maturity) or not curves.has(currency, index):
        return []
    curve = curves.projecting(currency, index)
    reach = as_days(curve.as_of) + int(tenor_days(curve.as_of, curve.months[-1]))
    late = maturity[maturity > reach]
    if not len(late):
        return []
    months = int(months_between(curve.as_of, late.max()))
    months += bool(roll_months(curve.as_of, months) < late.max())
    return [ShortCurve(currency, index, float(curve.months[-1]), len(late), late.max(), months)]
