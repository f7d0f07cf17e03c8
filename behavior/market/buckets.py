"""Time buckets of repricing and liquidity gaps, bounded by dates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from behavior.errors import MarketDataError
from behavior.market.regulation import parameters
from behavior.months import DateLike, as_days, roll_months
from behavior.quantities import MONTHS_PER_YEAR, DateArray, FloatArray, IntArray

LATEST = np.datetime64("9999-12-31", "D")


@dataclass(frozen=True)
class Buckets:
    """Buckets one after another: lower bound exclusive, upper inclusive.

    Parameters
    ----------
    labels : shape (buckets,).
    months : upper bounds as tenors in months, shape (buckets,); 0 stands for `overnight_days`, inf for no bound.
    midpoint_years : where a standardised framework discounts each bucket's flows, shape (buckets,).
    overnight_days : days after as-of that a bound of 0 months means.
    """

    labels: tuple[str, ...]
    months: tuple[float, ...]
    midpoint_years: tuple[float, ...]
    overnight_days: int = 1

    def __post_init__(self) -> None:
        same = len(self.labels) == len(self.months) == len(self.midpoint_years)
        if not same or not self.labels or list(self.months) != sorted(set(self.months)):
            raise MarketDataError("buckets: labels, months and midpoints must be as many and months rise.")

    def upper_dates(self, as_of: DateLike) -> DateArray:
        """Last day of each bucket, as-of + n months (month ends when as-of is one), shape (buckets,)."""
        months = np.asarray(self.months)
        whole = np.where(np.isfinite(months), months, 0).astype(np.int64)
        dates = np.where(months == 0, as_days(as_of) + self.overnight_days, roll_months(as_of, whole))
        return np.asarray(np.where(np.isfinite(months), dates, LATEST))

    def of_dates(self, as_of: DateLike, dates: DateLike) -> IntArray:
        """Index of the bucket that holds each date, same shape; dates on or before as-of are in the first."""
        return np.asarray(np.searchsorted(self.upper_dates(as_of), as_days(dates), side="left"), dtype=np.int64)

    @property
    def upper_years(self) -> FloatArray:
        """Upper bounds in years of 12 equal months, overnight as a day of 365, shape (buckets,)."""
        return np.where(
            np.asarray(self.months) == 0, self.overnight_days / 365.0, np.asarray(self.months) / MONTHS_PER_YEAR
        )


def regulatory_buckets() -> Buckets:
    """The 19 buckets of the standardised framework (BCBS d368)."""
    values = parameters("buckets")["buckets"].values
    return Buckets(
        tuple(values["labels"]),
        tuple(float(months) for months in values["months"]),
        tuple(float(years) for years in values["midpoint_years"]),
        int(values["overnight_days"]),
    )


def own_buckets(months: Sequence[float]) -> Buckets:
    """A user's buckets from upper bounds in whole months, 0 = overnight; an open one is added at the end.

    Raises
    ------
    MarketDataError : no bound, or bounds that are not whole months ≥ 0 or do not rise.
    """
    closed = [float(month) for month in months if month != np.inf]
    if not closed or any(month < 0 or month % 1 for month in closed):
        raise MarketDataError(f"buckets: found {list(months)}, expected rising whole months such as [1, 3, 6, 12].")
    starts = [0.0, *closed[:-1]]
    labels = [f"{low:g}-{high:g}M" for low, high in zip(starts, closed, strict=True)]
    middles = [(low + high) / 2.0 / MONTHS_PER_YEAR for low, high in zip(starts, closed, strict=True)]
    last = closed[-1]
    return Buckets((*labels, f">{last:g}M"), (*closed, np.inf), (*middles, last / MONTHS_PER_YEAR))
