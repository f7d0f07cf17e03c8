"""What a book asks of the market data and they do not hold: everything at once, with what to supply."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from behavior.engine.drivers import World
from behavior.engine.option_book import limited_rows
from behavior.engine.positions import Book
from behavior.errors import MarketDataError
from behavior.market.curves import DISCOUNT
from behavior.months import as_days, months_between, roll_months, tenor_days
from behavior.quantities import BoolArray, DateArray

SHOWN = 5
"""Positions named in a message."""


def refuse_missing_market(book: Book, world: World, vols: pd.DataFrame | None, flat: bool, limits: bool) -> None:
    """Refuse a book whose market data lack a curve, a volatility or the tenors of its last flows.

    Deposits without maturity are not asked how far their curves reach: what lies beyond there is a tail of their own.

    Parameters
    ----------
    vols : vols/1. flat : whether curves go on flat beyond their last tenor. limits : whether caps and floors inside
        customer rates have a time value, for which vols/1, once given, has to know their index.

    Raises
    ------
    MarketDataError : everything that is missing.
    """
    found = [*_missing_curves(book, world), *_missing_volatilities(book, world, vols, limits)]
    short = [] if flat else _short_curves(book, world)
    if short:
        found.append(
            "curves do not reach the last cash flow. " + "; ".join(short) + "; or run with --extrapolation flat, which "
            "keeps the last zero rate."
        )
    if found:
        raise MarketDataError(found[0] if len(found) == 1 else "market data are missing\n  " + "\n  ".join(found))


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


def _missing_curves(book: Book, world: World) -> list[str]:
    curves = world.curves.curves
    held = ", ".join(f"{currency} {index}" for currency, index in sorted(curves.curves))
    return [
        f"curves: no curve for {currency} `{index}`; held: {held}. Add its rows to curves/1. {_needing(book, rows)}"
        for currency, index, rows in _by_index(book, _fixes(book))
        if not curves.has(currency, index)
    ]


def _missing_volatilities(book: Book, world: World, vols: pd.DataFrame | None, limits: bool) -> list[str]:
    now = as_days(world.curves.curves.as_of)
    held = pd.DataFrame() if vols is None else vols[as_days(vols["as_of"]) == now]
    if vols is not None and held.empty:
        return []  # the volatilities themselves say that their date is another
    known = set() if vols is None else set(zip(held["currency"], held["index"], strict=True))
    asked = ~book.is_linear
    if limits and vols is not None:
        asked = asked | limited_rows(book)
    asked &= np.isnan(book.numbers("volatility"))
    supply = ". Supply vols/1 (--vols)"
    if vols is not None:
        there = ", ".join(f"{currency} {index}" for currency, index in sorted(known))
        supply = f"; held: {there}. Add its rows to vols/1"
    return [
        f"volatilities: none for {currency} `{index}`{supply} or a `volatility` in each row. {_needing(book, mine)}"
        for currency, index, mine in _by_index(book, asked)
        if (currency, index) not in known
    ]


def _needing(book: Book, rows: BoolArray) -> str:
    """Which positions need something: the first by name, and how many there are."""
    places = np.flatnonzero(rows)
    shown = ", ".join(str(name) for name in book.names(places[:SHOWN]))
    if len(places) == 1:
        return f"Position {shown} needs it."
    return f"{len(places):,} positions need it: {shown}{', ...' if len(places) > SHOWN else ''}."


def _short_curves(book: Book, world: World) -> list[str]:
    """Contractual flows beyond the last tenor of their discount curve, and fixings beyond their index's."""
    maturity, currency = book.dates("maturity_date"), book.words("currency")
    dated = ~np.isnat(maturity)
    words = []
    for code, name in enumerate(currency.categories):
        words += _late(world, str(name), DISCOUNT, "pay", maturity[(currency.codes == code) & dated])
    for name, index, rows in _by_index(book, _fixes(book) & dated):
        words += _late(world, name, index, "fix", maturity[rows])
    return words


def _late(world: World, currency: str, index: str, act: str, maturity: DateArray) -> list[str]:
    """What to say where positions of these maturities go beyond a curve that is there."""
    if not len(maturity) or not world.curves.curves.has(currency, index):
        return []
    curve = world.curves.curves.projecting(currency, index)
    reach = as_days(curve.as_of) + int(tenor_days(curve.as_of, curve.months[-1]))
    late = maturity[maturity > reach]
    if not len(late):
        return []
    months = int(months_between(curve.as_of, late.max()))
    months += bool(roll_months(curve.as_of, months) < late.max())
    whose = "discount" if index == DISCOUNT else f"`{index}`"
    many = "position" if len(late) == 1 else "positions"
    verb = f"{act}es" if act == "fix" else f"{act}s"
    return [
        f"{currency}: the {whose} curve ends at {curve.months[-1]:g} months, {len(late):,} {many} "
        f"{act if len(late) > 1 else verb} later, the last on {late.max()}; add tenors up to "
        f"{months} months"
    ]
