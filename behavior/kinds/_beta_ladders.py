"""Yields of rolling ladders of market investments, month by month, from the rates that the history has.

A ladder of T months holds T equal parts, one of which falls due and is bought again each month: its yield is the mean
of the market rate over the last T months. Source: quantitative specification 4.5.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from behavior.market.history import RateHistory
from behavior.months import month_number
from behavior.panel.dense import month_end_of
from behavior.quantities import MONTHS_PER_YEAR, BoolArray, FloatArray, IntArray

NAME = re.compile(r"^(?P<family>.*)[_ ](?P<count>\d+)(?P<unit>M|Y)$")
COLUMN = re.compile(r"^ladder_(\d+)_months_(.+)$")
LONGEST = 120
STALE_MONTHS = 2
LARGEST_COUNT = 7
USUAL = (1, 3, 12, 36, 60, 84, 120)


def tenor_months(index: str) -> int | None:
    """Months in the name of an index (``UST_2Y``, ``SWAP_6M``); None where it names none."""
    found = NAME.match(index)
    if found is None:
        return None
    return int(found["count"]) * (MONTHS_PER_YEAR if found["unit"] == "Y" else 1)


def ladder_indices(rates: RateHistory, short: str, family: str) -> dict[int, str]:
    """Index of each ladder by tenor in months, shortest first; only the short rate's own where nothing else is there.

    The short rate stands for its own tenor, or for one month where its name tells none.

    Parameters
    ----------
    family : first part of the names of market rates (``SWAP`` of ``SWAP_5Y``). It is declared and never guessed: a rate
        history does not say which of its rates belong to the deposits' currency.
    """
    own = rates.index_of(short)
    curve: dict[int, str] = {}
    for index in sorted(rates.values):
        found, months = NAME.match(index), tenor_months(index)
        if found is not None and found["family"] == family and months is not None and 1 <= months <= LONGEST:
            curve[months] = index
    if len(curve) >= LARGEST_COUNT:
        curve = {months: index for months, index in curve.items() if months in USUAL}
    return dict(sorted({**curve, (tenor_months(own) or 1): own}.items()))


def stopped(rates: RateHistory, index: str, months: IntArray) -> BoolArray:
    """True where an index quoted every month had stopped; a rate that is in force until changed never does."""
    quoted = month_number(rates.dates[rates.index_of(index)])
    regular = quoted.size < 3 or float(np.median(np.diff(quoted))) <= 1.0
    return np.asarray(regular & (months > quoted[-1] + STALE_MONTHS))


def with_ladders(rows: pd.DataFrame, rates: RateHistory, short: str, family: str) -> pd.DataFrame:
    """The rows with a column of yields for each ladder, decimals a year; NaN while a ladder is not filled.

    Parameters
    ----------
    rows : with `month_number` and `period_months`; an average over months gets the ladder's average over them.
    """
    months, periods = rows["month_number"].to_numpy(np.int64), rows["period_months"].to_numpy(np.int64)
    if not months.size:
        return rows
    columns: dict[str, FloatArray] = {}
    for tenor, index in ladder_indices(rates, short, family).items():
        first = int(months.min()) - tenor - int(periods.max())
        grid = np.arange(first, int(months.max()) + 1)
        quoted = rates.monthly(index, month_end_of(grid))
        quoted[stopped(rates, index, grid)] = np.nan
        yields = pd.Series(quoted).rolling(tenor).mean()
        found = np.full(months.size, np.nan)
        for period in np.unique(periods):
            own = periods == period
            found[own] = yields.rolling(int(period)).mean().to_numpy()[months[own] - first]
        columns[f"ladder_{tenor}_months_{index}"] = found
    return rows.assign(**columns)


def ladders_of(columns: Sequence[str]) -> Mapping[int, tuple[str, str]]:
    """Column and index of each ladder in a panel by tenor in months, shortest first."""
    found = {int(match[1]): (name, match[2]) for name in columns if (match := COLUMN.match(str(name))) is not None}
    return dict(sorted(found.items()))
