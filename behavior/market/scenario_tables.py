"""Scenarios from tables: shifts by month and index values by month."""

from __future__ import annotations

import numpy as np
import pandas as pd

from behavior.errors import MarketDataError
from behavior.market.shifts import ZERO_SHIFT, Shift
from behavior.quantities import FloatArray


def shifts_by_month(table: pd.DataFrame) -> dict[str, tuple[Shift, ...]]:
    """Shifts by month from a table (month, currency, *tenor_months*, shift), shift in decimals.

    Month 1 is the first after as-of; a month left out keeps the shift before it (none before the first). Without
    `tenor_months` shifts are parallel; with it they are linear between tenors and flat outside.

    Raises
    ------
    MarketDataError : a month below 1, or a month, currency and tenor twice.
    """
    keys = [column for column in ("currency", "month", "tenor_months") if column in table]
    if table.duplicated(keys).any():
        raise MarketDataError(f"scenario table: a row occurs twice for the same {', '.join(keys)}.")
    if (table["month"] < 1).any():
        raise MarketDataError(
            f"scenario table: month {int(table['month'].min())}; expected 1 for the first after as-of."
        )
    paths: dict[str, tuple[Shift, ...]] = {}
    for currency, rows in table.groupby("currency", sort=True):
        given: dict[int, Shift] = {}
        for month, nodes in rows.groupby("month", sort=True):
            if "tenor_months" in nodes:
                ordered = nodes.sort_values("tenor_months")
                given[int(str(month))] = Shift.at_tenors(ordered["tenor_months"].tolist(), ordered["shift"].tolist())
            else:
                given[int(str(month))] = Shift(float(nodes["shift"].iloc[0]))
        path, held = [], ZERO_SHIFT
        for month_number in range(1, max(given) + 1):
            held = given.get(month_number, held)
            path.append(held)
        paths[str(currency)] = tuple(path)
    return paths


def index_values_by_month(table: pd.DataFrame) -> dict[str, tuple[float, ...]]:
    """Index values by month from a table (month, index, value): month 1 to n without a gap, the last one stays.

    Raises
    ------
    MarketDataError : an index whose months are not 1, 2, …, n, or a value that is missing.
    """
    found: dict[str, tuple[float, ...]] = {}
    for index, rows in table.groupby("index", sort=True):
        ordered = rows.sort_values("month")
        values: FloatArray = ordered["value"].to_numpy(dtype=np.float64)
        if ordered["month"].tolist() != list(range(1, len(ordered) + 1)) or not np.isfinite(values).all():
            raise MarketDataError(f"scenario table: `{index}` needs one value for each of the months 1 to n.")
        found[str(index)] = tuple(float(value) for value in values)
    return found
