"""Season of survivors' growth, by segment: what a month of the year does every year, and no more of it than is sure.

A bonus in December or a summer's takings move all balances of a segment at once, by far more than a month's own growth.
Curves carry growth at its mean over the year; a fit that meets the season as noise reads it into whatever leans the
same way by chance, above all into the spread, which may only raise decay.
"""

from __future__ import annotations

import numpy as np

from behavior.quantities import FloatArray, IntArray

YEAR = 12


def growth_season(code: IntArray, month: IntArray, growth: FloatArray, segments: int) -> FloatArray:
    """Log growth of each month of the year beyond the mean over the year, shape (segments, 12), January first.

    Whole years are held against each other: means by month of the year, each year less its own mean, shrunk by the
    share of their variance that differences between the years explain (empirical Bayes). Fewer than two whole years
    tell no season: 0.

    Parameters
    ----------
    code : segment of each row, from 0 on. month : a number whose remainder by 12 is 0 in January. growth : log of
        balance after over before, NaN where unknown.
    """
    known = np.isfinite(growth)
    if not known.any():
        return np.zeros((segments, YEAR))
    code, growth, back = code[known], growth[known], int(month[known].max()) - month[known]
    years = int(back.max()) // YEAR + 1
    key = code * years * YEAR + back
    count = np.bincount(key, minlength=segments * years * YEAR).reshape(segments, years, YEAR)
    total = np.bincount(key, growth, segments * years * YEAR).reshape(segments, years, YEAR)
    found = np.zeros((segments, YEAR))
    for place, (rows, sums) in enumerate(zip(count, total, strict=True)):
        whole = (rows > 0).all(axis=1)
        if whole.sum() > 1:
            found[place] = _shared_by_years(sums[whole] / rows[whole], 1.0 / (1.0 / rows[whole]).mean(axis=1))
    # columns count months back from the last one; turn them to the calendar
    return np.asarray(found[:, (int(month[known].max()) - np.arange(YEAR)) % YEAR])


def _shared_by_years(mean: FloatArray, weight: FloatArray) -> FloatArray:
    """What the years, shape (years, 12), have in common beside their own means, shrunk by their differences."""
    own = mean - mean.mean(axis=1, keepdims=True)
    season = np.average(own, axis=0, weights=weight)
    between = float(weight.sum() * (season**2).sum())
    within = float((weight[:, None] * (own - season) ** 2).sum()) / (len(mean) - 1)
    return np.asarray(season * max(0.0, 1.0 - within / between) if between > 0 else np.zeros(YEAR))
