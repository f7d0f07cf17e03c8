"""House prices by region and month, from what the loans' own months carry.

An index says how one place's prices move; its level is anybody's. What is shared by a region is therefore growth, and a
loan's own index is only ever divided by itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import pandas as pd

from behavior.panel.dense import fill_forward, previous, spread_to_rows
from behavior.panel.loan_rows import LoanRows
from behavior.quantities import BoolArray, FloatArray, IntArray

UNKNOWN_BEFORE = "loans whose house prices before their first index are unknown, taken as unmoved"
OLD_PRICES = "loan-months whose house prices were last given a year or more before, taken as unmoved since"
OLD_MONTHS = 12


@dataclass(frozen=True)
class HousePrices:
    """Growth of the house price index by region, from what the loans' own months carry.

    Parameters
    ----------
    regions : names. first_month : month number of column 0. sums, counts : of the growth of the index's logarithm from
        the month before, shape (regions, months).
    spans : growth over months in which an index was not given, one row a region and pair of months: columns `region`,
        `begin`, `end` (places), `sums`, `counts`.
    """

    regions: tuple[str, ...]
    first_month: int
    sums: FloatArray
    counts: FloatArray
    spans: pd.DataFrame

    @classmethod
    def none(cls) -> HousePrices:
        """Nothing known."""
        return cls((), 0, np.zeros((0, 0)), np.zeros((0, 0)), _added([]))

    @classmethod
    def of(cls, rows: LoanRows) -> HousePrices:
        """The growth of some rows; no region where the history carries no index."""
        if "house_price_index" not in rows.numbers or not len(rows.unit):
            return cls.none()
        codes, names = _regions(rows.loans)
        low, width = int(rows.month.min()), int(rows.month.max()) - int(rows.month.min()) + 1
        sums, counts = np.zeros(len(names) * width), np.zeros(len(names) * width)
        spans = []
        for part in rows.parts():
            unit, begin, end, growth = _growth(part)
            near = end - begin == 1
            key = codes[unit[near]] * width + end[near] - low
            sums += np.bincount(key, growth[near], len(sums))
            counts += np.bincount(key, minlength=len(sums))
            far = {"region": codes[unit], "begin": begin - low, "end": end - low, "sums": growth, "counts": 1.0}
            if not near.all():
                spans.append(_added([pd.DataFrame(far)[~near]]))
        shape, given = (len(names), width), bool(counts.any() or spans)
        return cls(names if given else (), low, sums.reshape(shape), counts.reshape(shape), _added(spans))

    def joined(self, other: HousePrices) -> HousePrices:
        """The growth of both parts together."""
        parts = [one for one in (self, other) if one.regions]
        if len(parts) < 2:
            return parts[0] if parts else self
        names = tuple(dict.fromkeys((*self.regions, *other.regions)))
        low = min(one.first_month for one in parts)
        width = max(one.first_month + one.sums.shape[1] for one in parts) - low
        sums, counts = np.zeros((len(names), width)), np.zeros((len(names), width))
        spans = []
        for one in parts:
            place, later = np.array([names.index(name) for name in one.regions]), one.first_month - low
            months = later + np.arange(one.sums.shape[1])[None, :]
            sums[place[:, None], months] += one.sums
            counts[place[:, None], months] += one.counts
            own = one.spans
            spans.append(own.assign(region=place[own["region"]], begin=own["begin"] + later, end=own["end"] + later))
        return HousePrices(names, low, sums, counts, _added(spans))

    def news(self) -> FloatArray:
        """Month number of the last growth told by each month, shape (regions, months); -inf before the first."""
        told = self.counts > 0
        told[self.spans["region"].to_numpy(dtype=np.int64), self.spans["end"].to_numpy(dtype=np.int64)] = True
        months = self.first_month + np.arange(self.counts.shape[1], dtype=np.float64)
        return np.asarray(np.maximum.accumulate(np.where(told, months, -np.inf), axis=1))

    def levels(self) -> FloatArray:
        """Price level of each region by month, 1 in the month before its first growth, shape (regions, months).

        NaN before what is known. No month's level hangs on a later index: what grew over several months is learned of
        in the last of them, less what other loans have told by then, and a month without news stays where it was.
        """
        size, width = self.sums.shape
        level, known = np.zeros((size, width)), np.zeros((size, width), dtype=bool)
        region, begin, end = (self.spans[name].to_numpy(dtype=np.int64) for name in ("region", "begin", "end"))
        spans, held = (self.spans[name].to_numpy(dtype=np.float64) for name in ("sums", "counts"))
        known[:, :-1] = self.counts[:, 1:] > 0
        known[region, begin] = True
        ends = np.searchsorted(end, np.arange(width + 1))
        for month in range(1, width):
            own = slice(int(ends[month]), int(ends[month + 1]))
            told = level[region[own], month - 1] - level[region[own], begin[own]]
            news = self.sums[:, month] + np.bincount(region[own], spans[own] - held[own] * told, size)
            count = self.counts[:, month] + np.bincount(region[own], held[own], size)
            level[:, month] = level[:, month - 1] + news / np.maximum(count, 1.0)
        return np.asarray(np.where(np.maximum.accumulate(known, axis=1), np.exp(level), np.nan))


def _added(spans: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Spans of all parts, one row each, by the month in which they end."""
    keys = ["end", "region", "begin"]
    if not spans:
        return pd.DataFrame({name: np.zeros(0, dtype=np.int64) for name in (*keys, "sums", "counts")})
    return pd.concat(spans).groupby(keys, as_index=False)[["sums", "counts"]].sum()


@dataclass(frozen=True)
class Houses:
    """Each loan's place among the regions of `prices`, their levels and last news, and the level at origination; shape
    (loans,)."""

    prices: HousePrices
    level: FloatArray
    news: FloatArray
    region: IntArray
    origin: FloatArray

    @classmethod
    def of(cls, rows: LoanRows, prices: HousePrices) -> Self:
        """The houses of all loans of some rows."""
        codes, names = _regions(rows.loans)
        known = {name: place for place, name in enumerate(prices.regions)}
        region = np.array([known.get(name, -1) for name in names], dtype=np.int64)[codes]
        level = prices.levels()
        return cls(prices, level, prices.news(), region, _at(level, region, rows.origination - prices.first_month))

    def ratio(self, rows: LoanRows) -> tuple[FloatArray, int, BoolArray]:
        """House prices at each month's start over those at origination; of how many loans they are known from their
        first index on only; and the rows that neither the loan's own nor its region's index has told of for a year.

        A loan's own index over its first one, times what its region's prices grew from origination to there; where its
        own index is masked, the last one moved on by the region's growth, and that alone before the first.
        """
        if not len(self.level):
            return np.full(len(rows.unit), np.nan), 0, np.zeros(len(rows.unit), dtype=bool)
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
        latest = previous(fill_forward(np.where(own > 0, own, np.nan), rows.first), rows.first)
        seen = previous(fill_forward(np.where(own > 0, rows.month, np.nan), rows.first), rows.first)
        moved = latest / base * spread_to_rows(before, rows.first)
        stale = np.flatnonzero(seen < rows.month - 1)
        now, then = self._of_region(rows.unit[stale], rows.month[stale] - 1), seen[stale].astype(np.int64)
        since_then = now / self._of_region(rows.unit[stale], then)
        moved[stale] *= np.where(np.isnan(since_then), 1.0, since_then)
        told = _at(self.news, self.region[rows.unit[stale]], rows.month[stale] - 1 - self.prices.first_month)
        old = np.zeros(len(moved), dtype=bool)
        old[stale] = rows.month[stale] - 1 - np.fmax(told, seen[stale]) >= OLD_MONTHS
        since = np.where(np.isnan(self.origin[loan]), there, self.origin[loan])
        begun = np.where(np.isnan(self.origin[loan]), rows.month[begin], rows.origination[loan])
        masked = self._of_region(rows.unit, rows.month - 1) / spread_to_rows(since, rows.first)
        masked[rows.month - 1 < spread_to_rows(begun, rows.first)] = np.nan
        return np.where(np.isnan(latest), masked, moved), int(unknown.sum()), old

    def _of_region(self, loan: IntArray, month: IntArray) -> FloatArray:
        """Price level of the loans' regions at month numbers; NaN where nothing is known."""
        return _at(self.level, self.region[loan], month - self.prices.first_month)


def _at(level: FloatArray, region: IntArray, column: IntArray) -> FloatArray:
    if not len(level):
        return np.full(len(column), np.nan)
    inside = (region >= 0) & (column >= 0) & (column < level.shape[1])
    return np.where(inside, level[np.where(inside, region, 0), np.where(inside, column, 0)], np.nan)


def _growth(rows: LoanRows) -> tuple[IntArray, IntArray, IntArray, FloatArray]:
    """Loan, the months of two known indices of a loan that follow each other, and the log growth between them."""
    index = rows.numbers["house_price_index"]
    known = np.flatnonzero(index > 0)
    unit, month, level = rows.unit[known], rows.month[known], np.log(index[known])
    next_of = np.flatnonzero(unit[1:] == unit[:-1]) + 1
    return unit[next_of], month[next_of - 1], month[next_of], level[next_of] - level[next_of - 1]


def _regions(loans: pd.DataFrame) -> tuple[IntArray, tuple[str, ...]]:
    """Place of each loan's region among their names; one nameless region where loans have none."""
    if "region" not in loans.columns:
        return np.zeros(len(loans), dtype=np.int64), ("",)
    codes, names = pd.factorize(loans["region"], use_na_sentinel=False)
    return codes.astype(np.int64), tuple(str(name) for name in names)
