"""House prices by region and month, from what the loans' own months carry.

An index says how one place's prices move; its level is anybody's. What is shared by a region is therefore growth, and a
loan's own index is only ever divided by itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
import pandas as pd

from behavior.panel.dense import previous, spread_to_rows
from behavior.panel.loan_rows import LoanRows
from behavior.quantities import FloatArray, IntArray

UNKNOWN_BEFORE = "loans whose house prices before their first index are unknown, taken as unmoved"


@dataclass(frozen=True)
class HousePrices:
    """Mean growth of the house price index by region and month, from what the loans' own months carry.

    Parameters
    ----------
    regions : names. first_month : month number of column 0. sums, counts : of the growth of the index's logarithm from
        the month before, shape (regions, months).
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
        """The growth of some rows; no region where the history carries no index."""
        if "house_price_index" not in rows.numbers or not len(rows.unit):
            return cls.none()
        codes, names = _regions(rows.loans)
        low, width = int(rows.month.min()), int(rows.month.max()) - int(rows.month.min()) + 1
        sums, counts = np.zeros(len(names) * width), np.zeros(len(names) * width)
        for part in rows.parts():
            unit, month, growth = _growth(part)
            key = codes[unit] * width + month - low
            sums += np.bincount(key, growth, len(sums))
            counts += np.bincount(key, minlength=len(sums))
        shape = (len(names), width)
        return cls(names if counts.any() else (), low, sums.reshape(shape), counts.reshape(shape))

    def joined(self, other: HousePrices) -> HousePrices:
        """The growth of both parts together."""
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

    def levels(self) -> FloatArray:
        """Price level of each region by month, 1 in the month before its first growth, shape (regions, months).

        NaN before and after what is known; a month without growth of its own in between stays where it was.
        """
        grown = self.counts > 0
        level = np.exp(np.cumsum(self.sums / np.maximum(self.counts, 1.0), axis=1))
        before = np.zeros_like(grown)
        before[:, :-1] = grown[:, 1:]
        since = np.maximum.accumulate(grown | before, axis=1)
        until = np.maximum.accumulate(grown[:, ::-1], axis=1)[:, ::-1]
        return np.asarray(np.where(since & until, level, np.nan))


@dataclass(frozen=True)
class Houses:
    """Each loan's place among the regions of `prices`, their levels, and the level at origination; shape (loans,)."""

    prices: HousePrices
    level: FloatArray
    region: IntArray
    origin: FloatArray

    @classmethod
    def of(cls, rows: LoanRows, prices: HousePrices) -> Self:
        """The houses of all loans of some rows."""
        codes, names = _regions(rows.loans)
        known = {name: place for place, name in enumerate(prices.regions)}
        region = np.array([known.get(name, -1) for name in names], dtype=np.int64)[codes]
        level = prices.levels()
        return cls(prices, level, region, _at(level, region, rows.origination - prices.first_month))

    def ratio(self, rows: LoanRows) -> tuple[FloatArray, int]:
        """House prices at each month's start over those at origination, and of how many loans they are known from their
        first index on only.

        A loan's own index over its first one, times what its region's prices grew from origination to there; the
        region's growth where its own index is masked.
        """
        if not len(self.level):
            return np.full(len(rows.unit), np.nan), 0
        own, starts = rows.number("house_price_index"), np.flatnonzero(rows.first)
        places = np.where(own > 0, np.arange(len(own)), len(own))
        begin = np.minimum.reduceat(places, starts)
        has = begin < len(own)
        begin = np.where(has, begin, starts)
        loan = rows.unit[starts]
        there = self._of_region(loan, np.where(has, rows.month[begin], rows.origination[loan]))
        before = there / self.origin[loan]
        unknown = has & np.isnan(before)
        before[unknown] = 1.0
        base = spread_to_rows(np.where(has, own[begin], np.nan), rows.first)
        at_start = previous(np.where(own > 0, own, np.nan), rows.first)
        moved = at_start / base * spread_to_rows(before, rows.first)
        since = np.where(np.isnan(self.origin[loan]), there, self.origin[loan])
        begun = np.where(np.isnan(self.origin[loan]), rows.month[begin], rows.origination[loan])
        masked = self._of_region(rows.unit, rows.month - 1) / spread_to_rows(since, rows.first)
        masked[rows.month - 1 < spread_to_rows(begun, rows.first)] = np.nan
        return np.where(np.isnan(at_start), masked, moved), int(unknown.sum())

    def _of_region(self, loan: IntArray, month: IntArray) -> FloatArray:
        """Price level of the loans' regions at month numbers; NaN where nothing is known."""
        return _at(self.level, self.region[loan], month - self.prices.first_month)


def _at(level: FloatArray, region: IntArray, column: IntArray) -> FloatArray:
    if not len(level):
        return np.full(len(column), np.nan)
    inside = (region >= 0) & (column >= 0) & (column < level.shape[1])
    return np.where(inside, level[np.where(inside, region, 0), np.where(inside, column, 0)], np.nan)


def _growth(rows: LoanRows) -> tuple[IntArray, IntArray, FloatArray]:
    """Loan, month number and monthly log growth of every month between two known indices of a loan."""
    index = rows.numbers["house_price_index"]
    known = np.flatnonzero(index > 0)
    unit, month, level = rows.unit[known], rows.month[known], np.log(index[known])
    next_of = np.flatnonzero(unit[1:] == unit[:-1]) + 1
    gap = month[next_of] - month[next_of - 1]
    growth = np.repeat((level[next_of] - level[next_of - 1]) / gap, gap)
    back = np.arange(gap.sum()) - np.repeat(np.cumsum(gap) - gap, gap)
    return np.repeat(unit[next_of], gap), np.repeat(month[next_of], gap) - back, growth


def _regions(loans: pd.DataFrame) -> tuple[IntArray, tuple[str, ...]]:
    """Place of each loan's region among their names; one nameless region where loans have none."""
    if "region" not in loans.columns:
        return np.zeros(len(loans), dtype=np.int64), ("",)
    codes, names = pd.factorize(loans["region"], use_na_sentinel=False)
    return codes.astype(np.int64), tuple(str(name) for name in names)
