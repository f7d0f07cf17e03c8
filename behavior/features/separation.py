"""How well a value tells apart: areas under the curve over rows, and over units that came in together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
import pandas as pd

from behavior.features.contract_ends import ContractEnds
from behavior.months import month_number
from behavior.panel.base import Panel
from behavior.quantities import BoolArray, FloatArray, IntArray

BINS = 60
GROUPS, LEAVERS_OF_GROUP = 20, 10
LEAST_PAIRS = 400.0
LEAST_LEAVERS = 30
FIRST_MONTHS = 13
"""Months in which a value that is not there at once is looked for: a year's mean begins with the thirteenth."""


@dataclass(frozen=True)
class Units:
    """Who leaves at all, and since when each unit is seen.

    Parameters
    ----------
    owner : unit of each row, shape (rows,). ever : 1 where a unit's event was seen. entered : group of units that came
        in together, under equal terms where contracts end. stayed : whether it is there in the panel's last month.
        begins, ends : its first and last month. judged : whether it left otherwise than at an end that its contract
        sets, or not at all. half : which half of the units it is in, of one look two in the same.
    """

    owner: IntArray
    ever: FloatArray
    entered: IntArray
    stayed: BoolArray
    begins: IntArray
    ends: IntArray
    judged: BoolArray
    half: BoolArray

    @classmethod
    def of(cls, panel: Panel, event: FloatArray, ends: ContractEnds) -> Self:
        """The units of a panel whose rows of one unit lie together."""
        owner, months = unit_codes(panel.table["unit"]), month_number(panel.table["month"])
        months = months - months.min(initial=0)  # months before 1970 have numbers below 0
        count = int(owner.max(initial=-1)) + 1
        ever = np.zeros(count)
        np.maximum.at(ever, owner, np.nan_to_num(event) > 0)
        entered, last = np.full(count, np.iinfo(np.int64).max), np.zeros(count, dtype=np.int64)
        np.minimum.at(entered, owner, months)
        np.maximum.at(last, owner, months)
        first, judged = first_of(owner), np.ones(count, dtype=bool)
        judged[owner[ends.rows & (np.nan_to_num(event) > 0)]] = False
        terms = ends.terms[first]
        kinds = int(terms.max(initial=0)) + 1
        groups = int(np.clip(ever[judged].sum() / (LEAVERS_OF_GROUP * kinds), 1, GROUPS))
        edges = np.quantile(entered, np.linspace(0, 1, groups + 1)[1:-1]) if count else np.zeros(0)
        group = np.searchsorted(edges, entered, side="right") * kinds + terms
        stayed = last == months.max(initial=0)
        return cls(owner, ever, group, stayed, entered, last, judged, halves(panel, first))

    def separation(self, values: FloatArray) -> float:
        """Area under the curve by which a value, as a unit is first seen with it, tells who ever leaves.

        Compared are units that came in together, so that who came earlier, and had longer to leave, plays no part; with
        all others, and with those who stayed to the end (who left otherwise may look like either). What a unit shows
        later is not read: how long it was there would tell.
        """
        first, there = self._first_of(values)
        who = self.judged & there
        return max(self._told(first, who), self._told(first, who & (self.stayed | (self.ever > 0))))

    def timing(self, values: FloatArray) -> float:
        """Correlation of when units leave with what a value, as they are first seen with it, tells of it; at least 0.

        The value counts by its place among the others', and as a table that half of the units fill for the others.
        Compared are units that came in together, and when they came is taken out. 0 where few leave.
        """
        first, there = self._first_of(values)
        left = np.flatnonzero((self.ever > 0) & self.judged & there)
        if len(left) < LEAST_LEAVERS:
            return 0.0
        group, came, odd = self.entered[left], self.begins[left], self.half[left]
        code = bins_of(first[left])
        late = _beyond_entry(self.ends[left], came, group)
        table = np.bincount(code[odd], late[odd], BINS + 2) / (np.bincount(code[odd], minlength=BINS + 2) + 1.0)
        number = abs(_correlation(_beyond_entry(code, came, group), late))
        return max(number, _correlation(table[code[~odd]], late[~odd]), 0.0)

    def all_leave(self, values: FloatArray) -> float:
        """How unlikely it is that all units first seen with one value have left, the largest of all values.

        Minus the common logarithm of the chance of it, were they to leave as often as was seen of them, at the pace at
        which all leave in each month. Of units that only leave often, those that came last are still there. A value
        whose units leave nearly together, as when a branch is closed, knows nothing of any one of them.
        """
        pace, usual = self._pace(), _spread(self.ends[self.ever > 0])
        seen, could = pace[self.ends + 1] - pace[self.begins], pace[-1] - pace[self.begins]
        first, there = self._first_of(values)
        who = self.judged & there
        code = bins_of(first)[who]
        ever, seen, could = self.ever[who], seen[who], could[who]
        count, left = np.bincount(code), np.bincount(code, ever)
        often = left / np.maximum(np.bincount(code, seen), 1e-12)
        with np.errstate(divide="ignore"):
            surprise = np.bincount(code, -np.log10(-np.expm1(-often[code] * could)))
        ends = self.ends[who]
        gone = np.flatnonzero((left == count) & (count >= LEAST_LEAVERS))
        return max((float(surprise[one]) for one in gone if _spread(ends[code == one]) > usual / 2.0), default=0.0)

    def _pace(self) -> FloatArray:
        """Cumulated share that leaves by month number, of those there: one more entry than months, 0 at first."""
        size = int(self.ends.max(initial=0)) + 1
        there = np.cumsum(np.bincount(self.begins, minlength=size + 1) - np.bincount(self.ends + 1, minlength=size + 1))
        left = np.bincount(self.ends, self.ever, size)
        return np.concatenate([[0.0], np.cumsum(left / np.maximum(there[:size], 1))])

    def _first_of(self, values: FloatArray) -> tuple[FloatArray, BoolArray]:
        """Value that each unit is first seen with, and the units that are there then; shape (units,) each.

        A value of the month before has none in a unit's first month: it is read where most units have one first, the
        same month of all, so that how long a unit was there plays no part.
        """
        first = first_of(self.owner)
        size = np.diff(np.append(first, len(self.owner)))
        known = ~np.isnan(values)
        months = range(min(FIRST_MONTHS, int(size.max(initial=1))))
        shares = [float(known[first[size > month] + month].mean()) for month in months] if len(first) else [0.0]
        begin = next(month for month, share in enumerate(shares) if share >= max(shares) / 2.0)
        there = size > begin
        return np.asarray(values[first + np.where(there, begin, 0)], dtype=np.float64), there

    def _told(self, first: FloatArray, who: BoolArray) -> float:
        """The same of some units: the value as a number, and as a table that half of them fill for the others."""
        value, ever, group = first[who], self.ever[who], self.entered[who]
        known = value[~np.isnan(value)]
        number = together(np.where(np.isnan(value), known.min(initial=0.0) - 1.0, value), ever, group)
        odd, code = self.half[who], bins_of(value)
        exposure = np.bincount(code[odd], minlength=BINS + 2)
        rate = (np.bincount(code[odd], ever[odd], BINS + 2) + 0.5) / (exposure + 1.0)
        return max(number, 1.0 - number, together(rate[code[~odd]], ever[~odd], group[~odd]))


def _spread(months: IntArray) -> float:
    """Months between the quartiles."""
    low, high = np.quantile(months, [0.25, 0.75]) if months.size else (0.0, 0.0)
    return float(high - low)


def first_of(owner: IntArray) -> IntArray:
    """Position of each unit's first row, shape (units,)."""
    return np.flatnonzero(np.diff(owner, prepend=-1))


def halves(panel: Panel, first: IntArray) -> BoolArray:
    """Half that each unit is in: by what it is first seen with, so that one history under two names is in one half."""
    look = panel.table[["month", "age_months", "weight"]].iloc[first]
    number = look.groupby(list(look.columns), dropna=False, sort=True).ngroup().to_numpy()
    return np.asarray(number % 2 == 1)


def _beyond_entry(values: IntArray, came: IntArray, group: IntArray) -> FloatArray:
    """What a value is beyond its group's mean and beyond a line in the month in which units came."""
    count = np.maximum(np.bincount(group), 1)
    less, earlier = (one - (np.bincount(group, one) / count)[group] for one in (values, came))
    return np.asarray(less - earlier * (earlier @ less) / max(float(earlier @ earlier), 1.0))


def _correlation(one: FloatArray, other: FloatArray) -> float:
    if np.std(one) == 0 or np.std(other) == 0:
        return 0.0
    return float(np.corrcoef(one, other)[0, 1])


def together(score: FloatArray, event: FloatArray, group: IntArray) -> float:
    """Mean area under the curve inside groups, weighted by the pairs that each compares; 0.5 where there are few."""
    pairs = np.zeros(2)
    for one in np.unique(group):
        mine = group == one
        count = float(event[mine].sum()) * float((1.0 - event[mine]).sum())
        pairs += count, count * area_under_curve(score[mine], event[mine])
    return float(pairs[1] / pairs[0]) if pairs[0] >= LEAST_PAIRS else 0.5


def bins_of(values: FloatArray) -> IntArray:
    """Bin of each value, shape (rows,): the distinct values where they are few, else their quantiles; one for NaN."""
    known = values[~np.isnan(values)]
    if known.size == 0:
        return np.zeros(len(values), dtype=np.int64)
    distinct = np.unique(known[:: max(len(known) // 20_000, 1)])
    edges = distinct if len(distinct) <= BINS else np.unique(np.quantile(known, np.linspace(0, 1, BINS + 1)[1:-1]))
    return np.where(np.isnan(values), BINS + 1, np.searchsorted(edges, values, side="right")).astype(np.int64)


def area_under_curve(score: FloatArray, event: FloatArray) -> float:
    """Probability that an event's score is above a non-event's, ties counting half."""
    order = np.argsort(score, kind="stable")
    ranked, happened = score[order], event[order] > 0
    starts = np.flatnonzero(np.append(True, ranked[1:] != ranked[:-1]))
    counts = np.diff(np.append(starts, len(ranked)))
    ranks = np.repeat(starts + (counts + 1) / 2.0, counts)
    events, quiet = int(happened.sum()), int((~happened).sum())
    if events == 0 or quiet == 0:
        return 0.5
    return float((ranks[happened].sum() - events * (events + 1) / 2.0) / (events * quiet))


def unit_codes(units: pd.Series) -> IntArray:
    """Number of each row's unit in the order of the rows, shape (rows,); rows of a unit lie together."""
    held = units.array
    changed = np.ones(len(units), dtype=np.int64)
    changed[1:] = np.asarray(held[1:] != held[:-1], dtype=bool)
    return np.asarray(np.cumsum(changed) - 1)
