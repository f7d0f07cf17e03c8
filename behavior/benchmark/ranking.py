"""Ranking of hazards: the chance that an event's score is above a non-event's, on all rows and in every draw.

The value is that of all rows. Draws are of every event (of many, a sample) and of a sample of the other rows, each
weighted by how many it stands for: events are few and carry the interval, the others are many alike. What the sample
differs from all rows by is taken off every draw.
"""

from __future__ import annotations

import numpy as np

from behavior.benchmark.judged_rows import Rows
from behavior.benchmark.resampling import Draws
from behavior.quantities import BoolArray, FloatArray, IntArray

MOST_EVENTS = 20_000
MOST_QUIET = 40_000
RANKED_DRAWS = 60
SEED = 20260930


def ranking(rows: Rows, expected: FloatArray, draws: Draws, within_month: bool) -> FloatArray:
    """Chance that an event's score is above a non-event's, ties counting half; pairs of one month only if so asked.

    Rows count by their weight in a count (that of a survey, else 1).

    Returns
    -------
    Shape (draws,): the value on all rows, then `RANKED_DRAWS` draws, the others NaN.
    """
    group = rows.months[0] if within_month else np.zeros(len(expected), dtype=np.int64)
    happened = rows.actual > 0
    found: FloatArray = np.full(len(draws.weights), np.nan)
    found[0] = _Order(expected, group).concordance(happened, rows.weight)
    some, stands_for = _drawn(happened)
    stands_for = stands_for * rows.weight[some]
    order = _Order(expected[some], group[some])
    cell, event = draws.cell[some], happened[some]
    moved = found[0] - order.concordance(event, stands_for)
    for draw in range(1, min(RANKED_DRAWS + 1, len(found))):
        found[draw] = moved + order.concordance(event, stands_for * draws.weights[draw][cell])
    return found


def _drawn(happened: BoolArray) -> tuple[IntArray, FloatArray]:
    """Positions of the rows drawn, the same for every model, and how many rows each stands for."""
    rng = np.random.default_rng(SEED)
    places, weights = [], []
    for mine, most in ((happened, MOST_EVENTS), (~happened, MOST_QUIET)):
        place = np.flatnonzero(mine)
        kept = np.sort(rng.choice(place, most, replace=False)) if len(place) > most else place
        places.append(kept)
        weights.append(np.full(len(kept), len(place) / max(len(kept), 1)))
    return np.concatenate(places), np.concatenate(weights)


class _Order:
    """Rows sorted by group and score, with the places at which ties and groups begin."""

    def __init__(self, expected: FloatArray, group: IntArray) -> None:
        self.order = np.lexsort((expected, group))
        score, group = expected[self.order], group[self.order]
        new_group = np.append(True, group[1:] != group[:-1])
        self.tie = np.flatnonzero(np.append(True, score[1:] != score[:-1]) | new_group)
        self.first = np.searchsorted(self.tie, np.flatnonzero(new_group))

    def concordance(self, happened: BoolArray, weight: FloatArray) -> float:
        """Weighted pairs in order over all pairs, within groups; NaN where there is no pair."""
        held = weight[self.order]
        mine = happened[self.order]
        events = np.add.reduceat(np.where(mine, held, 0.0), self.tie)
        quiets = np.add.reduceat(np.where(mine, 0.0, held), self.tie)
        total = np.cumsum(quiets)
        base = np.concatenate([[0.0], total])[self.first]
        before = total - quiets - np.repeat(base, np.diff(np.append(self.first, len(self.tie))))
        pairs = np.add.reduceat(events, self.first) * np.add.reduceat(quiets, self.first)
        won = float((events * (before + 0.5 * quiets)).sum())
        return won / float(pairs.sum()) if pairs.sum() > 0 else float("nan")
