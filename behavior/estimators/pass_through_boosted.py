"""Boosted pass-through, monotone by construction: a challenger without any form of target or speed.

    d_t - d_(t-1) = trees(r_t, r_t - r_(t-1), d_(t-1)),  never falling in the first two, never rising in the third

One set of trees for all series, so that it answers for a series left out. Trees are flat beyond what they have seen: a
level of rates that no cycle reached is answered as the highest one that was, which is what the benchmark is to show.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Self

import numpy as np

from behavior.errors import TooFewEvents
from behavior.estimators.boosting import Trees, train_regression
from behavior.estimators.pass_through_series import BASIS_POINTS, RateSeries
from behavior.estimators.pass_through_static import matched
from behavior.quantities import FloatArray

NAMES = ("level", "change", "paid_before")
SIGNS = (1, 1, -1)
LEAST_ROWS = 40
TREES = 150


class BoostedPassThrough:
    """Monotone trees of the month's change of the rate paid."""

    def fit(self, series: Sequence[RateSeries]) -> Self:
        """Learn from every change between neighbouring observations; each series counts the same.

        Raises
        ------
        TooFewEvents : fewer than `LEAST_ROWS` changes in all series.
        """
        parts = [_changes(one) for one in series if one.observed.size > 1]
        count = sum(len(change) for _, change in parts)
        if count < LEAST_ROWS:
            raise TooFewEvents(f"boosted pass-through: {count} changes of rates paid, at least {LEAST_ROWS} needed.")
        values, changes = (np.concatenate([part[place] for part in parts]) for place in (0, 1))
        weight = np.concatenate([np.full(len(change), count / len(parts) / len(change)) for _, change in parts])
        gaps = np.concatenate([np.diff(one.observed) for one in series])
        self.period_ = max(int(np.median(gaps)), 1)
        parameters = {
            "num_leaves": 8,
            "learning_rate": 0.05,
            "min_data_in_leaf": max(5, count // 40),
            "lambda_l2": 1.0,
        }
        text = train_regression(values, changes * BASIS_POINTS, weight, NAMES, SIGNS, parameters, TREES)
        self.trees_ = Trees(text)
        return self

    def path(self, segment: tuple[str, ...], levels: FloatArray, start: float, begin: int, floor: float) -> FloatArray:
        """Rate paid in the months after position `begin` of `levels`, stepping by the period it was fitted on."""
        months = np.arange(begin, levels.size + self.period_, self.period_)
        stepped = np.interp(months, np.arange(levels.size), levels)
        paid = [start]
        for before, now in pairwise(stepped):
            row = np.array([[now, now - before, paid[-1]]])
            paid.append(max(paid[-1] + float(self.trees_.score(row)[0]) / BASIS_POINTS, min(floor, start)))
        return np.asarray(np.interp(np.arange(begin + 1, levels.size), months, paid))


def _changes(series: RateSeries) -> tuple[FloatArray, FloatArray]:
    """Rows of `NAMES`, shape (rows - 1, 3), and the change of the rate paid, decimals a year."""
    levels, paid = matched(series)
    return np.column_stack([levels[1:], np.diff(levels), paid[:-1]]), np.diff(paid)
