"""Passes over sorted unit-month rows without loops: what every panel builder is made of.

All functions take rows sorted by unit and month and `first`, which is true on each unit's first row.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from behavior.quantities import AnyArray, BoolArray, DateArray, FloatArray, IntArray


def month_number(dates: AnyArray | pd.Series) -> IntArray:
    """Months since January 1970 of each date, shape as given; a missing date becomes the smallest integer."""
    return np.asarray(dates, dtype="datetime64[M]").astype(np.int64)


def month_end_of(numbers: IntArray) -> DateArray:
    """Last day of each month number, datetime64[ns]; the inverse of `month_number` for month ends."""
    months = (np.asarray(numbers, dtype=np.int64) + 1).astype("datetime64[M]")
    return np.asarray((months.astype("datetime64[D]") - np.timedelta64(1, "D")).astype("datetime64[ns]"))


def first_of_run(units: IntArray) -> BoolArray:
    """True where a unit's first row stands, shape (rows,)."""
    first = np.empty(len(units), dtype=bool)
    first[:1] = True
    np.not_equal(units[1:], units[:-1], out=first[1:])
    return first


def last_of_run(first: BoolArray) -> BoolArray:
    """True where a unit's last row stands, shape (rows,)."""
    last = np.empty_like(first)
    last[-1:] = True
    last[:-1] = first[1:]
    return last


def previous(values: AnyArray, first: BoolArray) -> FloatArray:
    """The unit's value one row earlier; NaN on its first row."""
    out = np.empty(len(values))
    out[:1] = np.nan
    out[1:] = values[:-1]
    out[first] = np.nan
    return out


def sum_before(values: FloatArray, first: BoolArray) -> FloatArray:
    """Sum of the unit's earlier rows, this one left out."""
    total = np.cumsum(values)
    before = total - values
    starts = np.flatnonzero(first)
    counts = np.diff(np.append(starts, len(values)))
    return np.asarray(before - np.repeat(before[starts], counts))


def spread_to_rows(per_unit: AnyArray, first: BoolArray) -> AnyArray:
    """A value per unit (in row order) repeated over the unit's rows."""
    counts = np.diff(np.append(np.flatnonzero(first), len(first)))
    return np.repeat(per_unit, counts)


def fill_forward(values: FloatArray, first: BoolArray) -> FloatArray:
    """Missing values replaced by the unit's latest earlier one; NaN stays where there is none."""
    known = ~np.isnan(values)
    index = np.where(known | first, np.arange(len(values)), 0)
    return np.asarray(values[np.maximum.accumulate(index)], dtype=np.float64)


def number_of(table: pd.DataFrame, column: str) -> FloatArray:
    """A numeric column as floats; all NaN where the table does not have it."""
    if column not in table.columns:
        return np.full(len(table), np.nan)
    return table[column].to_numpy(dtype=np.float64, na_value=np.nan)


def text_column(values: pd.Series) -> pd.Categorical:
    """Text as categories, so that millions of rows repeat a few words cheaply; missing is the empty text."""
    codes, words = pd.factorize(values)
    texts = [*(str(word) for word in words), ""]
    distinct = list(dict.fromkeys(texts))
    place = np.array([distinct.index(text) for text in texts], dtype=np.int64)
    return pd.Categorical.from_codes(place[codes], categories=pd.Index(distinct, dtype=object))
