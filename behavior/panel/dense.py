"""Passes over sorted unit-month rows without loops: what every panel builder is made of.

All functions take rows sorted by unit and month and `first`, which is true on each unit's first row.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd

from behavior.quantities import AnyArray, BoolArray, DateArray, FloatArray, IntArray

SLICE = 65_536


def month_end_of(numbers: IntArray) -> DateArray:
    """Last day of each month number, datetime64[ns]; the inverse of `month_number` for month ends."""
    wanted = np.asarray(numbers, dtype=np.int64)
    low, high = (int(wanted.min()), int(wanted.max())) if wanted.size else (0, 0)
    if high - low >= wanted.size:
        return _ends(wanted)
    return np.asarray(_ends(np.arange(low, high + 1))[wanted - low])


def _ends(months: IntArray) -> DateArray:
    after = (months + 1).astype("datetime64[M]").astype("datetime64[D]")
    return np.asarray((after - np.timedelta64(1, "D")).astype("datetime64[ns]"))


def places_of(names: pd.Series, cells: pd.Series) -> IntArray:
    """Position of each cell among `names`, -1 where it is none of them; shape (rows,).

    Rows of one unit mostly stand together, so that each run of equal cells is looked up once.
    """
    index = pd.Index(names)
    if not len(cells):
        return np.zeros(0, dtype=np.int64)
    held = cells.array
    begins = np.append(True, np.asarray(held[1:] != held[:-1], dtype=bool))
    starts = np.flatnonzero(begins)
    found = index.get_indexer(pd.Index(cells.iloc[starts]))
    return np.repeat(found.astype(np.int64), np.diff(np.append(starts, len(cells))))


def by_name(units: pd.DataFrame, key: str) -> pd.DataFrame:
    """Units in the order of their names as text, whatever their order in the file.

    Sums and samples follow the order of a panel's rows: with the units' own order no estimate hangs on the file's.
    """
    names = pd.Index(units[key].astype(str))
    if names.is_monotonic_increasing:
        return units.reset_index(drop=True)
    return units.iloc[names.argsort()].reset_index(drop=True)


def order_of(keys: IntArray) -> IntArray | None:
    """Row positions in which `keys` rise, equal keys in the order of the rows; None where they rise already."""
    if bool(np.all(keys[1:] >= keys[:-1])):
        return None
    return np.argsort(keys, kind="stable")


def slices_of(first: BoolArray) -> Iterator[slice]:
    """Whole units, about `SLICE` rows at a time: passes over them stay in the processor's cache."""
    starts = np.append(np.flatnonzero(first), len(first))
    wanted = np.append(np.arange(0, len(first), SLICE), len(first))
    for low, high in pairwise(np.unique(starts[np.searchsorted(starts, wanted)])):
        yield slice(int(low), int(high))


@dataclass(frozen=True)
class MonthlyValues:
    """One value a month, from month number `first_month` on."""

    values: FloatArray
    first_month: int

    def at(self, month: IntArray) -> FloatArray:
        """The value of each month number; all must lie inside."""
        return np.asarray(self.values[month - self.first_month])


class RowsMade:
    """Columns of a table that is made some rows at a time, each written once to where it stays.

    Parameters
    ----------
    most : rows that the table can have at most.
    """

    def __init__(self, most: int) -> None:
        self.most, self.count = most, 0
        self._held: dict[str, AnyArray] = {}
        self._words: dict[str, pd.Index] = {}

    def add(self, columns: Mapping[str, Any], kept: IntArray, of_unit: Mapping[str, Any], unit: IntArray) -> None:
        """Append the `kept` rows of `columns`, and for each of them the value of its `unit` in `of_unit`."""
        own = slice(self.count, self.count + len(kept))
        for values, place in ((columns, kept), (of_unit, unit)):
            for name, one in values.items():
                if isinstance(one, pd.Categorical):
                    self._words[name], one = one.categories, one.codes
                if name not in self._held:
                    self._held[name] = np.empty(self.most, one.dtype)
                np.take(one, place, out=self._held[name][own], mode="clip")
        self.count += len(kept)

    def columns(self) -> dict[str, Any]:
        """What was appended."""
        made = {name: values[: self.count] for name, values in self._held.items()}
        categories = {name: pd.CategoricalDtype(words) for name, words in self._words.items()}
        return made | {name: pd.Categorical.from_codes(made[name], dtype=one) for name, one in categories.items()}


def repeated(cells: pd.Series, place: IntArray) -> Any:
    """The cell at each position, as a column of the same kind: texts stay texts, without a Python object a row."""
    return pd.Series(cells.to_numpy()).array.take(place)


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
    before = np.cumsum(values)
    before -= values
    before -= spread_to_rows(before[first], first)
    return np.asarray(before)


def spread_to_rows(per_unit: AnyArray, first: BoolArray) -> AnyArray:
    """A value per unit (in row order) repeated over the unit's rows."""
    counts = np.diff(np.append(np.flatnonzero(first), len(first)))
    return np.repeat(per_unit, counts)


def fill_forward(values: FloatArray, first: BoolArray) -> FloatArray:
    """Missing values replaced by the unit's latest earlier one; NaN stays where there is none."""
    known = ~np.isnan(values)
    if known.all():
        return values
    index = np.where(known | first, np.arange(len(values)), 0)
    return np.asarray(values[np.maximum.accumulate(index)], dtype=np.float64)


def count_true(rows: BoolArray) -> int:
    """How many rows are marked."""
    return int(np.count_nonzero(rows))


def number_of(table: pd.DataFrame, column: str) -> FloatArray:
    """A numeric column as floats; all NaN where the table does not have it."""
    if column not in table.columns:
        return np.full(len(table), np.nan)
    return table[column].to_numpy(dtype=np.float64, na_value=np.nan)


def coded(cells: pd.Series) -> tuple[FloatArray, pd.Series]:
    """Words or dates as numbers, NaN where there is none, and what each number stands for."""
    codes, found = pd.factorize(cells)
    return np.where(codes < 0, np.nan, codes), pd.Series(found)


def decoded(values: FloatArray, found: pd.Series) -> Any:
    """What numbers of `coded` stand for, as a column of its kind; missing where they are NaN."""
    return found.array.take(np.nan_to_num(values, nan=-1.0).astype(np.int64), allow_fill=True)


def text_column(values: pd.Series) -> pd.Categorical:
    """Text as categories, so that millions of rows repeat a few words cheaply; missing is the empty text."""
    codes, words = pd.factorize(values)
    texts = [*(str(word) for word in words), ""]
    distinct = list(dict.fromkeys(texts))
    place = np.array([distinct.index(text) for text in texts], dtype=np.int64)
    return pd.Categorical.from_codes(place[codes], categories=pd.Index(distinct, dtype=object))
