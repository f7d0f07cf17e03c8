"""Shifts of a zero curve as functions of time."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from behavior.errors import MarketDataError
from behavior.quantities import MONTHS_PER_YEAR, FloatArray

BASIS_POINT = 1e-4


@dataclass(frozen=True)
class Shift:
    """A change of continuously compounded zero rates: parallel + short e^(-t/d) + long (1 - e^(-t/d)) + a table.

    Parameters
    ----------
    parallel, short, long : sizes, decimals a year, signed.
    decay_years : d, years; None where there is neither short nor long part.
    nodes : (tenor in months, shift) pairs with rising tenors; linear in time between, flat outside. A curve's date and
        time convention say when a tenor lies.
    """

    parallel: float = 0.0
    short: float = 0.0
    long: float = 0.0
    decay_years: float | None = None
    nodes: tuple[tuple[float, float], ...] = ()

    def __post_init__(self) -> None:
        if (self.short or self.long) and not (self.decay_years and self.decay_years > 0):
            raise MarketDataError(f"shift: a short or long part needs decay_years > 0, found {self.decay_years}.")
        numbers = [self.parallel, self.short, self.long, *(part for node in self.nodes for part in node)]
        if not np.isfinite(numbers).all():
            raise MarketDataError("shift: a size is missing or not finite. Supply a number.")
        tenors = [months for months, _ in self.nodes]
        if any(later <= earlier for earlier, later in itertools.pairwise(tenors)):
            raise MarketDataError(f"shift: the tenors {tenors} must rise without repeats.")

    @classmethod
    def at_tenors(cls, months: Sequence[float], sizes: Sequence[float]) -> Shift:
        """A shift given at tenors in months, decimals; linear between, flat outside."""
        if len(months) != len(sizes) or not months:
            raise MarketDataError(
                f"shift: {len(months)} tenors and {len(sizes)} sizes; expected as many, at least one."
            )
        return cls(nodes=tuple((float(month), float(size)) for month, size in zip(months, sizes, strict=True)))

    @property
    def is_zero(self) -> bool:
        """True where the shift changes no rate."""
        return not (self.parallel or self.short or self.long or any(size for _, size in self.nodes))

    def at(self, times: ArrayLike, times_of: Callable[[FloatArray], FloatArray] | None = None) -> FloatArray:
        """The shift at times in years, same shape, decimals a year.

        times_of : months -> years of the nodes' tenors (`CurveSet.tenor_times`); None = months / 12.
        """
        at = np.asarray(times, dtype=np.float64)
        found = np.full(at.shape, self.parallel)
        if self.decay_years is not None:
            near = np.exp(-at / self.decay_years)
            found = found + self.short * near + self.long * (1.0 - near)
        if self.nodes:
            months, sizes = np.asarray(self.nodes).T
            years = months / MONTHS_PER_YEAR if times_of is None else times_of(months)
            found = found + np.interp(at, years, sizes)
        return np.asarray(found, dtype=np.float64)

    def __add__(self, other: Shift) -> Shift:
        """The sum of two shifts.

        Raises
        ------
        MarketDataError : the two have short or long parts of different decay.
        """
        decays = {shift.decay_years for shift in (self, other) if shift.short or shift.long}
        if len(decays) > 1:
            raise MarketDataError(f"shifts with decays of {sorted(map(str, decays))} years cannot be added into one.")
        tenors = sorted({months for shift in (self, other) for months, _ in shift.nodes})
        tables = [Shift(nodes=shift.nodes).at(np.asarray(tenors) / MONTHS_PER_YEAR) for shift in (self, other)]
        nodes = tuple(zip(tenors, (float(size) for size in tables[0] + tables[1]), strict=True))
        return Shift(
            self.parallel + other.parallel,
            self.short + other.short,
            self.long + other.long,
            next(iter(decays), self.decay_years or other.decay_years),
            nodes,
        )

    def __mul__(self, factor: float) -> Shift:
        """The shift times a number."""
        nodes = tuple((months, size * factor) for months, size in self.nodes)
        return Shift(self.parallel * factor, self.short * factor, self.long * factor, self.decay_years, nodes)

    __rmul__ = __mul__

    def __neg__(self) -> Shift:
        """The shift the other way."""
        return self * -1.0


ZERO_SHIFT = Shift()
