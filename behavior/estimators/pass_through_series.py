"""One series of rates paid beside the monthly short rate it follows: what every pass-through estimator reads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from behavior.errors import TooFewEvents
from behavior.quantities import BoolArray, FloatArray, IntArray

BASIS_POINTS = 1e4
LEAST_MOVE = 0.0025
"""Decimal a year: a short rate that moved less tells nothing."""
LEAST_ROWS = 6


@dataclass(frozen=True)
class RateSeries:
    """Rates paid on one product, segment or institution.

    Parameters
    ----------
    unit : name of the series. segment : its labels in the order of the segment columns.
    first_month : number of the month of ``levels[0]`` (year × 12 + month − 1).
    levels : shape (months,), short rate in each month without gaps, from before the first observation to the last,
        decimals a year.
    observed : shape (rows,), position in `levels` of the month in which each observation ends, rising.
    periods : shape (rows,), months that an observation averages over; 1 = the month itself.
    rate_paid : shape (rows,), decimals a year. weight : shape (rows,), balance in currency units or 1.
    source : whose rates these are; pieces of one source share the level of the target. Empty = the unit itself.
    """

    unit: str
    segment: tuple[str, ...]
    first_month: int
    levels: FloatArray
    observed: IntArray
    periods: IntArray
    rate_paid: FloatArray
    weight: FloatArray
    source: str = ""

    @property
    def begin(self) -> int:
        """Position in `levels` of the month that a path starts from; negative where history is too short."""
        first, period = int(self.observed[0]), int(self.periods[0])
        return first if period == 1 else first - period

    def rows(self, mask: BoolArray) -> RateSeries:
        """The series of the observations where `mask` (shape (rows,)) is true; the short rate is kept whole."""
        return replace(
            self,
            observed=self.observed[mask],
            periods=self.periods[mask],
            rate_paid=self.rate_paid[mask],
            weight=self.weight[mask],
        )

    def levels_from(self, start: int, stop: int | None = None) -> FloatArray:
        """Short rate from position `start` (the first known level stands for what is earlier) to before `stop`."""
        end = int(self.observed[-1]) + 1 if stop is None else stop
        early = np.full(max(0, -start), self.levels[0])
        return np.concatenate([early, self.levels[max(start, 0) : end]])


def require_movement(series: Sequence[RateSeries]) -> None:
    """Refuse series from which no pass-through can be learnt.

    Raises
    ------
    TooFewEvents : naming every series that is too short, or whose short rate hardly moved.
    """
    faults = []
    for one in series:
        moved = float(np.ptp(one.levels_from(one.begin))) if one.observed.size else 0.0
        if one.observed.size < LEAST_ROWS:
            faults.append(f"{one.unit}: {one.observed.size} observations, at least {LEAST_ROWS} needed")
        elif moved < LEAST_MOVE:
            faults.append(f"{one.unit}: the short rate moved by {moved * BASIS_POINTS:.1f} bp only")
    if faults:
        raise TooFewEvents(
            "Pass-through cannot be learnt: " + "; ".join(faults) + ". Widen the window or pool the series."
        )


def pieces_of(series: Sequence[RateSeries]) -> dict[tuple[str, ...], list[RateSeries]]:
    """Series by segment, in order of first appearance: what shares one law."""
    found: dict[tuple[str, ...], list[RateSeries]] = {}
    for one in series:
        found.setdefault(one.segment, []).append(one)
    return found


def without_months(series: RateSeries, first: int, last: int) -> list[RateSeries]:
    """The series before and after the months `first` to `last` (numbers of months, both left out)."""
    months = series.observed + series.first_month
    early, late = months < first, months - series.periods >= last
    found = [(f"{series.unit} before", early), (f"{series.unit} after", late)]
    return [
        replace(series.rows(mask), unit=name, source=series.source or series.unit) for name, mask in found if mask.any()
    ]
