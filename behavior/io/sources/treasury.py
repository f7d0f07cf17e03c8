"""US Treasury daily par yields: as indices, and bootstrapped to zero curves.

Source: US Department of the Treasury, Daily Treasury Par Yield Curve Rates; its note on conventions (semi-annual bond
equivalent yields, par).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from behavior.errors import Fault, FaultyInput
from behavior.io.sources.base import AS_PUBLISHED, Batch, Layout, numbers, read_published
from behavior.quantities import FloatArray, IntArray

TENOR = re.compile(r"^(\d+(?:\.\d+)?)[ _]?(Mo|Month|Yr|Year)s?$", re.IGNORECASE)
HALF_YEAR = 6
NO_QUOTE = ("", "N/A", "NA", "ND")
REAL = [60, 84, 120, 240, 360]
"""Tenors of the real yields, which are published beside the par yields in a file of the same form."""


def par_rates(path: Path) -> Iterator[Batch]:
    """CSV of the Treasury (Date, 1 Mo ... 30 Yr) -> rates ``UST_3M``, ``UST_10Y``: par yields as quoted."""
    days, months, yields, lines, faults = _read(path)
    row, column = np.nonzero(np.isfinite(yields))
    names = np.array([f"UST_{m}M" if m < 12 else f"UST_{m // 12}Y" for m in months])
    table = pd.DataFrame({"date": days[row], "index": names[column], "value": yields[row, column]})
    order = np.lexsort((table["date"].to_numpy(), column))
    yield Batch(
        table.iloc[order].reset_index(drop=True).astype({"date": "datetime64[us]", "index": "str"}),
        lines[row][order],
        faults,
    )


def zero_curves(path: Path) -> Iterator[Batch]:
    """The same CSV -> curves/1, index `discount`: zero rates, continuously compounded, bootstrapped day by day."""
    days, months, yields, lines, faults = _read(path)
    frames, places = [], []
    for i in np.argsort(days, kind="stable"):
        quoted = np.isfinite(yields[i])
        if not quoted.any():
            continue
        zero = bootstrap(months[quoted], yields[i][quoted])
        if not np.isfinite(zero).all():
            rule = "expected yields in percent that a curve can be made of, a discount factor is 0 or below"
            faults = (*faults, Fault(path.name, rule, int(lines[i]), None, None, AS_PUBLISHED))
            continue
        frames.append(
            pd.DataFrame({"as_of": days[i], "months": months[quoted], "zero_rate": zero}).assign(
                currency="USD", index="discount"
            )
        )
        places.append(np.full(int(quoted.sum()), lines[i]))
    if not frames:
        yield Batch(pd.DataFrame(), np.zeros(0, np.int64), faults)
        return
    table = pd.concat(frames, ignore_index=True).astype({"as_of": "datetime64[us]"})
    yield Batch(table[["as_of", "currency", "index", "months", "zero_rate"]], np.concatenate(places), faults)


def bootstrap(months: IntArray, par: FloatArray) -> FloatArray:
    """Zero rates of par yields on one day.

    Parameters
    ----------
    months : rising tenors. par : semi-annual bond equivalent yields, decimals a year, same shape.

    Returns
    -------
    Continuously compounded zero rates at the same tenors, not finite where a discount factor is not above 0. Up to six
    months a bill pays no coupon; beyond, par yields between quotes are linear in tenor and each half-year's discount
    factor clears a par bond.
    """
    short = months <= HALF_YEAR
    zero = 2.0 * np.log1p(par / 2.0)
    if short.all():
        return zero
    grid = np.arange(HALF_YEAR, int(months[-1]) + 1, HALF_YEAR)
    yields = np.interp(grid, months, par)
    factors = np.empty(grid.size)
    annuity = 0.0
    for k, coupon in enumerate(yields / 2.0):
        factors[k] = (1.0 - coupon * annuity) / (1.0 + coupon)
        annuity += factors[k]
    with np.errstate(invalid="ignore", divide="ignore"):  # yields that no bond can have
        curve = -np.log(factors) / (grid / 12.0)
    return np.where(short, zero, np.interp(months, grid, curve))


def _read(path: Path) -> tuple[np.ndarray, IntArray, FloatArray, IntArray, tuple[Fault, ...]]:
    raw = read_published(path)
    tenors = {str(name): _tenor(str(name)) for name in raw.table.columns}
    columns = sorted((months, name) for name, months in tenors.items() if months is not None)
    heads = [str(name) for name in raw.table.columns if str(name).strip().lower() == "date"]
    if not heads or not columns:
        hint = "Download the Daily Treasury Par Yield Curve Rates as CSV"
        named = Fault(path.name, "expected the columns Date, 1 Mo ... 30 Yr", 1, hint=hint)
        raise FaultyInput((*raw.faults, named))
    if [months for months, _ in columns] == REAL:
        rule = "expected par yields, these are the columns of the real yields (inflation-indexed securities)"
        hint = "Download the Daily Treasury Par Yield Curve Rates, from 1 Mo on"
        raise FaultyInput([Fault(path.name, rule, 1, None, ", ".join(name for _, name in columns), hint)])
    text = raw.table[heads[0]].str.strip()
    day = pd.to_datetime(text, format="%m/%d/%Y", errors="coerce")
    day = day.fillna(pd.to_datetime(text, format="%m/%d/%y", errors="coerce"))
    lines = raw.place.lines if raw.place.lines is not None else np.arange(1, len(raw.table) + 1)
    dated = day.notna().to_numpy()
    faults = [*raw.faults]
    faults += [
        Fault(
            path.name,
            "expected a date as 12/31/2024",
            int(lines[i]),
            heads[0],
            str(text.fillna("").iloc[i]),
            AS_PUBLISHED,
        )
        for i in np.flatnonzero(~dated)
    ]
    quotes = []
    for month, name in columns:
        cells, bad = numbers(path, raw.table[name].mask(raw.table[name].str.strip().isin(NO_QUOTE)), lines)
        faults += bad
        quotes.append(_quotes(cells, month, day))
    months = np.array([month for month, _ in columns])
    return day[dated].to_numpy(), months, np.column_stack(quotes)[dated] / 100.0, lines[dated], tuple(faults)


def _tenor(name: str) -> int | None:
    """Whole months of a column's name; the tenor of one and a half months is left out."""
    found = TENOR.match(name.strip())
    if found is None or "." in found.group(1):
        return None
    return int(found.group(1)) * (12 if found.group(2).lower().startswith("y") else 1)


def _quotes(cells: pd.Series, months: int, day: pd.Series) -> FloatArray:
    """Quotes in percent; 0.00 is no quote beyond a year, nor before a tenor was first quoted above 0."""
    values = cells.where(np.isfinite(cells)).to_numpy(dtype=np.float64)
    zero = values == 0.0
    if months > 12:
        return np.where(zero, np.nan, values)
    live = day[(values > 0.0)].min()
    return np.where(zero & ~(day >= live).to_numpy(), np.nan, values)


QUIRKS = (
    "N/A and blanks are no quotes; 0.00 is none beyond a year or before the tenor's first quote, else a real 0",
    "years are written with two or four digits; names of columns are in capitals or, in the archive, not",
    "the tenor of one and a half months is left out",
)
LAYOUTS = (
    Layout("treasury_par_rates", "US Department of the Treasury", "rate_history/1:rates", QUIRKS, par_rates, True),
    Layout(
        "treasury_zero_curves",
        "US Department of the Treasury",
        "curves/1:curves",
        (*QUIRKS, "par yields are bootstrapped to zero rates: between quotes linear in tenor"),
        zero_curves,
        whole=True,
    ),
)
