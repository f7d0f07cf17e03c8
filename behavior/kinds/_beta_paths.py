"""Paths of the rate paid from what was known on a day: the one protocol by which all models of a rate are judged.

From an anchor (the first observation, or the last one that the fit saw) the path knows the short rate and nothing of
the rate paid after it, exactly as the engine's does; moves of the short rate before the anchor are pending.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from behavior.assumptions.pass_through_path import PassThroughLaw, RestingRate, pending_on_a_day, project_rate_paid
from behavior.estimators.pass_through_series import RateSeries
from behavior.estimators.pass_through_static import positions
from behavior.months import month_number
from behavior.quantities import FloatArray, IntArray

GapOf = Callable[[RateSeries, int, float], float | None]
LawOf = Callable[[tuple[str, ...]], PassThroughLaw | None]
RestingOf = Callable[[tuple[str, ...]], RestingRate | None]
PathModel = Callable[[RateSeries, int, float], FloatArray]


def law_path(law_of: LawOf, floor: float, resting_of: RestingOf, gap_of: GapOf | None = None) -> PathModel:
    """Paths by the structural law, pending pass-through included.

    `gap_of` may know the distance to the target at a start; where it does not, earlier moves of the short rate tell,
    and at the floor where the target rests.
    """

    def path(series: RateSeries, begin: int, start: float) -> FloatArray:
        law = law_of(series.segment)
        ahead = series.levels[begin:]
        if law is None:
            return np.full(ahead.size - 1, np.nan)
        pending = pending_on_a_day(law, series.levels[: begin + 1], start, floor, resting_of(series.segment))
        gap = None if gap_of is None else gap_of(series, begin, start)
        if gap is not None:
            pending = replace(pending, gap=np.asarray(gap))
        return project_rate_paid(law, ahead, start, pending, min(floor, start))

    return path


def anchors(series: RateSeries, known_to: int) -> IntArray:
    """Anchor row of each row, shape (rows,): the first row, and for rows after `known_to` the last row not after it.

    The first row has no anchor before it and gets −1.
    """
    months = series.observed + series.first_month
    last_known = int(np.searchsorted(months, known_to, side="right")) - 1
    rows = np.zeros(months.size, dtype=np.int64)
    if last_known > 0:
        rows[last_known + 1 :] = last_known
    rows[0] = -1
    return rows


def predicted_rates(model: PathModel, series: RateSeries, anchor_rows: IntArray) -> FloatArray:
    """Rates of all rows, averaged over their period, from their anchors; NaN without an anchor. Shape (rows,)."""
    found = np.full(series.observed.size, np.nan)
    middle = positions(series)
    for anchor in np.unique(anchor_rows[anchor_rows >= 0]):
        begin, start = int(middle[anchor]), float(series.rate_paid[anchor])
        path = np.concatenate([[start], model(series, begin, start)])
        for row in np.flatnonzero(anchor_rows == anchor):
            last, period = int(series.observed[row]) - begin, int(series.periods[row])
            found[row] = path[max(0, last - period + 1) : last + 1].mean()
    return found


def in_panel_order(table: pd.DataFrame, series: Sequence[RateSeries], values: Sequence[FloatArray]) -> FloatArray:
    """Values by series and row put back in the order of the panel, shape (rows,)."""
    keys = pd.MultiIndex.from_arrays([table["unit"].astype(str), month_number(table["month"])])
    units = np.concatenate([np.repeat(np.array([one.unit], dtype=object), one.observed.size) for one in series])
    months = np.concatenate([one.observed + one.first_month for one in series])
    flat = pd.Series(np.concatenate(list(values)), index=pd.MultiIndex.from_arrays([units, months]))
    return np.asarray(flat.reindex(keys).to_numpy(dtype=np.float64))


def recursive_path(estimator: Any, floor: float) -> PathModel:
    """How an estimator with `path` foretells a series from a month on; `floor` binds the rate paid."""

    def path(series: RateSeries, begin: int, start: float) -> FloatArray:
        found: FloatArray = estimator.path(series.segment, series.levels, start, begin, floor)
        return found

    return path
