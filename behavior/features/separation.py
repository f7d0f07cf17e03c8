"""How well a value tells apart: areas under the curve over rows, and over units that came in together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
import pandas as pd

from behavior.panel.base import Panel
from behavior.panel.dense import month_number
from behavior.quantities import BoolArray, FloatArray, IntArray

BINS = 60
GROUPS = 20
LEAST_PAIRS = 400.0


@dataclass(frozen=True)
class Units:
    """Who leaves at all, and since when each unit is seen.

    Parameters
    ----------
    owner : unit of each row, shape (rows,). ever : 1 where a unit's event was seen. entered : group of units that came
        in together. stayed : whether it is there in the panel's last month.
    """

    owner: IntArray
    ever: FloatArray
    entered: IntArray
    stayed: BoolArray

    @classmethod
    def of(cls, panel: Panel, event: FloatArray) -> Self:
        """The units of a panel whose rows of one unit lie together."""
        owner, months = unit_codes(panel.table["unit"]), month_number(panel.table["month"])
        count = int(owner.max(initial=-1)) + 1
        ever = np.zeros(count)
        np.maximum.at(ever, owner, np.nan_to_num(event) > 0)
        entered, last = np.full(count, np.iinfo(np.int64).max), np.zeros(count, dtype=np.int64)
        np.minimum.at(entered, owner, months)
        np.maximum.at(last, owner, months)
        edges = np.quantile(entered, np.linspace(0, 1, GROUPS + 1)[1:-1]) if count else np.zeros(0)
        return cls(owner, ever, np.searchsorted(edges, entered, side="right"), last == months.max(initial=0))

    def separation(self, values: FloatArray) -> float:
        """Area under the curve by which a value that stands still in every unit tells who ever leaves; 0.5 if it moves.

        Compared are units that came in together, so that who came earlier, and had longer to leave, plays no part; with
        all others, and with those who stayed to the end (who left otherwise may look like either).
        """
        first = np.full(len(self.ever), np.nan)
        first[self.owner[::-1]] = values[::-1]
        if not np.array_equal(first[self.owner], values, equal_nan=True):
            return 0.5
        everyone = np.ones(len(first), dtype=bool)
        return max(self._told(first, everyone), self._told(first, self.stayed | (self.ever > 0)))

    def _told(self, first: FloatArray, who: BoolArray) -> float:
        """The same of some units: the value as a number, and as a table that half of them fill for the others."""
        value, ever, group = first[who], self.ever[who], self.entered[who]
        known = value[~np.isnan(value)]
        number = together(np.where(np.isnan(value), known.min(initial=0.0) - 1.0, value), ever, group)
        odd, code = np.arange(len(value)) % 2 == 1, bins_of(value)
        exposure = np.bincount(code[odd], minlength=BINS + 2)
        rate = (np.bincount(code[odd], ever[odd], BINS + 2) + 0.5) / (exposure + 1.0)
        return max(number, 1.0 - number, together(rate[code[~odd]], ever[~odd], group[~odd]))


def together(score: FloatArray, event: FloatArray, group: IntArray) -> float:
    """Mean area under the curve inside groups, weighted by the pairs that each compares; 0.5 where there are few."""
    pairs = np.zeros(2)
    for one in np.unique(group):
        mine = group == one
        count = float(event[mine].sum()) * float((1.0 - event[mine]).sum())
        pairs += count, count * area_under_curve(score[mine], event[mine])
    return float(pairs[1] / pairs[0]) if pairs[0] >= LEAST_PAIRS else 0.5


def bins_of(values: FloatArray) -> IntArray:
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
    held = units.array
    changed = np.ones(len(units), dtype=np.int64)
    changed[1:] = np.asarray(held[1:] != held[:-1], dtype=bool)
    return np.asarray(np.cumsum(changed) - 1)
