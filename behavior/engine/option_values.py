"""What options are worth under every scenario, and the volatilities that they are valued at."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np

from behavior.engine.options import VolatilityKind
from behavior.engine.positions import Book
from behavior.errors import MarketDataError
from behavior.market.scenarios import ScenarioCurves
from behavior.market.volatilities import VolatilitySet
from behavior.quantities import FloatArray, IntArray


@dataclass(frozen=True, eq=False)
class OptionValues:
    """Values to the holder (of a limit: to who receives the rate), in the row's currency.

    Parameters
    ----------
    rows : number of the book's row, shape (options,).
    value : at implied volatility, shape (scenarios, options).
    stressed : at implied volatility x 1.25 (BCBS d368; EU 2024/857, Article 13), same shape.
    """

    rows: IntArray
    value: FloatArray
    stressed: FloatArray

    def of_rows(self, rows: IntArray) -> OptionValues:
        """The same values, where the book was made of these rows of another."""
        return OptionValues(np.asarray(rows)[self.rows], self.value, self.stressed)

    def joined(self, other: OptionValues) -> OptionValues:
        """Both sets of options."""
        return OptionValues(
            np.concatenate([self.rows, other.rows]),
            np.concatenate([self.value, other.value], axis=1),
            np.concatenate([self.stressed, other.stressed], axis=1),
        )


def no_options(curves: ScenarioCurves) -> OptionValues:
    """Values of no option, under as many scenarios."""
    nothing = np.zeros((len(curves), 0))
    return OptionValues(np.zeros(0, dtype=np.int64), nothing, nothing)


def joined(parts: Sequence[OptionValues]) -> OptionValues:
    """All options of at least one part, in their order."""
    found = parts[0]
    for part in parts[1:]:
        found = found.joined(part)
    return found


def sum_by_option(values: FloatArray, option: IntArray, count: int) -> FloatArray:
    """Values of periods as those of the options that they belong to: (scenarios, periods) -> (scenarios, count)."""
    found = np.zeros((values.shape[0], count))
    np.add.at(found.T, option, values.T)
    return found


@contextmanager
def told_of(currency: str, index: str) -> Iterator[None]:
    """Say whose options an error is about, where it does not say so itself."""
    try:
        yield
    except MarketDataError as error:
        if index in str(error):
            raise
        raise MarketDataError(f"options on {currency} `{index}`: {error}") from error


@dataclass(frozen=True)
class Volatility:
    """Volatility of one option or strip: the row's own, or read from the surface of its index."""

    kind: VolatilityKind
    shift: float
    values: FloatArray


def volatility_of(
    book: Book,
    vols: VolatilitySet | None,
    currency: str,
    index: str,
    rows: IntArray,
    expiry: FloatArray,
    tenor: FloatArray,
    strike: FloatArray,
) -> Volatility:
    """Volatility of each period; `rows`, `expiry`, `tenor` and `strike` have its shape."""
    own = book.numbers("volatility")[rows]
    surface = None if vols is None else vols.surfaces.get((currency, index))
    if surface is None:
        if np.isnan(own).any():
            if vols is not None:
                vols.of(currency, index)
            raise MarketDataError(
                f"volatilities: none for {currency} `{index}`. Supply vols/1 (--vols) or a `volatility` in each row."
            )
        return Volatility("normal", 0.0, own)
    read = surface.at(np.maximum(expiry, 0.0), tenor, strike)
    kind: VolatilityKind = "normal" if surface.kind == "normal" else "lognormal"
    return Volatility(kind, surface.shift, np.asarray(np.where(np.isnan(own), read, own)))


def refuse_negative(curves: ScenarioCurves, vol: Volatility, forward: FloatArray) -> None:
    """Refuse forwards that a lognormal volatility cannot price, by scenario; forward : (scenarios, ...)."""
    if vol.kind == "normal" or not forward.size:
        return
    lowest = (forward + vol.shift).reshape(len(curves), -1).min(axis=1)
    if (lowest <= 0).any():
        names = ", ".join(f"{name} ({low:.6f})" for name, low in zip(curves.names, lowest, strict=True) if low <= 0)
        raise MarketDataError(
            f"lognormal volatility: the lowest forward plus shift is not above zero under {names}. Supply normal "
            f"volatilities, or a shift larger by at least {-float(lowest.min()):.6f}."
        )
