"""House prices by region and month, from what the loans' own months carry."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
import pandas as pd

from behavior.panel.dense import previous
from behavior.panel.loan_rows import LoanRows
from behavior.quantities import FloatArray, IntArray


@dataclass(frozen=True)
class HousePrices:
    """Mean house price index by region and month, from what the loans' own months carry.

    Parameters
    ----------
    regions : names. first_month : month number of column 0. sums, counts : shape (regions, months).
    """

    regions: tuple[str, ...]
    first_month: int
    sums: FloatArray
    counts: FloatArray

    @classmethod
    def none(cls) -> HousePrices:
        """Nothing known."""
        return cls((), 0, np.zeros((0, 0)), np.zeros((0, 0)))

    @classmethod
    def of(cls, rows: LoanRows) -> HousePrices:
        """The means of some rows; no region where the history carries no index."""
        if "house_price_index" not in rows.numbers or not len(rows.unit):
            return cls.none()
        codes, names = _regions(rows.loans)
        low, width = int(rows.month.min()), int(rows.month.max()) - int(rows.month.min()) + 1
        sums, counts = np.zeros(len(names) * width), np.zeros(len(names) * width)
        for part in rows.parts():
            index = part.numbers["house_price_index"]
            known = ~np.isnan(index)
            key = (codes[part.unit] * width + part.month - low)[known]
            sums += np.bincount(key, index[known], len(sums))
            counts += np.bincount(key, minlength=len(sums))
        shape = (len(names), width)
        return cls(names if counts.any() else (), low, sums.reshape(shape), counts.reshape(shape))

    def joined(self, other: HousePrices) -> HousePrices:
        """The means of both parts together."""
        parts = [one for one in (self, other) if one.regions]
        if len(parts) < 2:
            return parts[0] if parts else self
        names = tuple(dict.fromkeys((*self.regions, *other.regions)))
        low = min(one.first_month for one in parts)
        width = max(one.first_month + one.sums.shape[1] for one in parts) - low
        sums, counts = np.zeros((len(names), width)), np.zeros((len(names), width))
        for one in parts:
            place = np.array([names.index(name) for name in one.regions])[:, None]
            months = one.first_month - low + np.arange(one.sums.shape[1])[None, :]
            sums[place, months] += one.sums
            counts[place, months] += one.counts
        return HousePrices(names, low, sums, counts)

    def at(self, region: IntArray, month: IntArray) -> FloatArray:
        """Mean index of places among `regions` (negative: unknown) and month numbers; NaN where nothing is known."""
        column = month - self.first_month
        inside = (region >= 0) & (column >= 0) & (column < self.sums.shape[1])
        place = (np.where(inside, region, 0), np.where(inside, column, 0))
        if not self.regions:
            return np.full(len(column), np.nan)
        with np.errstate(invalid="ignore"):
            return np.where(inside, self.sums[place] / self.counts[place], np.nan)


@dataclass(frozen=True)
class Houses:
    """Each loan's place among the regions of `prices`, and the index of its region at origination; shape (loans,)."""

    prices: HousePrices
    region: IntArray
    origin: FloatArray

    @classmethod
    def of(cls, rows: LoanRows, prices: HousePrices) -> Self:
        """The houses of all loans of some rows."""
        codes, names = _regions(rows.loans)
        known = {name: place for place, name in enumerate(prices.regions)}
        region = np.array([known.get(name, -1) for name in names], dtype=np.int64)[codes]
        return cls(prices, region, prices.at(region, rows.origination))

    def ratio(self, rows: LoanRows) -> FloatArray:
        """House prices at each month's start over those at origination: a loan's own index, else its region's mean."""
        if not self.prices.regions:
            return np.full(len(rows.unit), np.nan)
        at_start = previous(rows.number("house_price_index"), rows.first)
        missing = np.flatnonzero(np.isnan(at_start))
        at_start[missing] = self.prices.at(self.region[rows.unit[missing]], rows.month[missing] - 1)
        return np.asarray(at_start / self.origin[rows.unit])


def _regions(loans: pd.DataFrame) -> tuple[IntArray, tuple[str, ...]]:
    """Place of each loan's region among their names; one nameless region where loans have none."""
    if "region" not in loans.columns:
        return np.zeros(len(loans), dtype=np.int64), ("",)
    codes, names = pd.factorize(loans["region"], use_na_sentinel=False)
    return codes.astype(np.int64), tuple(str(name) for name in names)
