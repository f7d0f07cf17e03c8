"""Steps of a mapping over groups of rows: running sums, one row a group. Text is read as declared, never guessed."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from behavior.cells import Breach, is_text
from behavior.columns import unit_codes
from behavior.io.extract_cells import dates_of, numbers_of
from behavior.io.mapping_terms import Aggregate, Cumulate, Text
from behavior.months import month_number
from behavior.panel.dense import month_end_of
from behavior.quantities import IntArray

NAMES = {"minimum": "min", "maximum": "max"}
MOST_DECIMALS = 9
SUMMED = ("sum", "mean")
FREE_DAYS = 4
"""Days at the end of a month on which a bank may be closed: a weekend with a holiday on either side."""


def cumulated(table: pd.DataFrame, how: Cumulate, text: Text) -> tuple[pd.DataFrame, list[Breach]]:
    """The table with running sums as further columns, its rows as they were; and the cells that could not be read."""
    dates, breaches = dates_of(table, how.date, how.date_format)
    order = np.argsort(dates.to_numpy(), kind="stable")
    keys = [table[name].iloc[order] for name in how.by]
    made = {}
    for name, total in how.columns.items():
        flows, found = numbers_of(table, name, text)
        breaches += found
        sums = flows.fillna(0.0).iloc[order].groupby(keys, dropna=False).cumsum().reindex(table.index)
        made[total] = _exact(sums, flows)
    return table.assign(**made), breaches


def aggregated(table: pd.DataFrame, how: Aggregate, text: Text) -> tuple[pd.DataFrame, IntArray, list[Breach]]:
    """One row a group, the last row that went into each, shape (groups,), and the cells that could not be read."""
    table = table.reset_index(drop=True)
    breaches: list[Breach] = []
    for name, word in how.take.items():
        table, found = _taken(table, name, word, text)
        breaches += found
    keys: list[pd.Series] = [table[name] for name in how.by]
    if how.date:
        dates, found = dates_of(table, how.date, how.date_format)
        breaches = [*found, *breaches]
        months = (dates.dt.normalize() + pd.offsets.MonthEnd(0)).astype("datetime64[us]")
        keys.append(months.rename(how.date))
        order = np.argsort(dates.to_numpy(), kind="stable")
        table, keys = table.iloc[order], [key.iloc[order] for key in keys]
    position = pd.Series(table.index.to_numpy(), index=table.index, name="__row")
    take = {name: (name, NAMES.get(word, word)) for name, word in how.take.items()}
    # Rows without a key stay, for the contract to name: money must not leave with them.
    grouped = table.assign(__row=position).groupby(keys, sort=False, dropna=False)
    made = grouped.agg(**take, __row=("__row", "last")).reset_index()
    for name in (name for name, word in how.take.items() if word == "sum"):
        made[name] = _exact(made[name], table[name])
    if how.every_month:
        made = _every_month(made, how)
    return made, made.pop("__row").to_numpy(dtype=np.int64), breaches


def _exact(sums: pd.Series, addends: pd.Series) -> pd.Series:
    """Sums with no more decimals than what was added: an account that is emptied to the cent holds 0, not -1e-11."""
    if not pd.api.types.is_float_dtype(addends):
        return sums
    known = addends.dropna().to_numpy(dtype=np.float64)
    decimals = next((places for places in range(MOST_DECIMALS) if np.array_equal(np.round(known, places), known)), None)
    return sums if decimals is None else sums.round(decimals) + 0.0


def last_in_part(table: pd.DataFrame, how: Aggregate) -> str:
    """In words, that the last calendar month is there in part; days at its end on which nothing happens are none."""
    last = dates_of(table, how.date, how.date_format)[0].max() if how.date else pd.NaT
    if pd.isna(last) or last.normalize() + pd.Timedelta(days=FREE_DAYS) >= last.normalize() + pd.offsets.MonthEnd(0):
        return ""
    return f"the last `{how.date}` is {last:%Y-%m-%d}: that month is there in part"


def _every_month(made: pd.DataFrame, how: Aggregate) -> pd.DataFrame:
    """A row for each month from a group's first to the last of all: what was held is carried on, what was paid is 0."""
    undated = made[made[how.date].isna()]
    made = made[made[how.date].notna()].reset_index(drop=True)
    if made.empty:
        return undated
    month, code = month_number(made[how.date]), unit_codes(made, how.by)
    order = np.lexsort((month, code))
    made, month, code = made.iloc[order], month[order], code[order]
    ends = np.append(np.where(np.diff(code) == 0, month[1:] - 1, month.max()), month.max())
    count = ends - month + 1
    found = made.iloc[np.repeat(np.arange(len(made)), count)].reset_index(drop=True)
    after = np.arange(len(found)) - np.repeat(np.cumsum(count) - count, count)
    found[how.date] = month_end_of(np.repeat(month, count) + after)
    for name, word in how.take.items():
        if word != "last":
            found[name] = found[name].mask(after > 0, 0 if word in ("sum", "count") else None)
    return pd.concat([found, undated], ignore_index=True) if len(undated) else found


def _taken(table: pd.DataFrame, name: str, word: str, text: Text) -> tuple[pd.DataFrame, Sequence[Breach]]:
    """Text as numbers where it is summed, and where it is compared and any of it is a number."""
    cells = table[name]
    if not (is_text(cells) and word in NAMES) and (word not in SUMMED or pd.api.types.is_numeric_dtype(cells)):
        return table, []
    numbers, breaches = numbers_of(table, name, text)
    if breaches and word in NAMES and not numbers.notna().any():
        return table, []
    return table.assign(**{name: numbers}), breaches
