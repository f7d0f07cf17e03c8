"""Cells of an extract as numbers and dates, as the profile declares them written; what cannot be read is named."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd

from behavior.cells import Breach, is_text, parse
from behavior.errors import Fault, SpecFault
from behavior.io.mapping_terms import PLAIN, Text
from behavior.quantities import BoolArray

QUARTER = "quarter"
ISO_DAY = r"\d{4}-\d{2}-\d{2}"
BEHIND = r"^\s*(.*\S)-\s*$"
"""A number with its minus behind."""
OFFSET = r"^(\S{10}[T ][\d:.]+) ?(?:Z|[-+]\d{2}(?::?\d{2})?)$"
"""A time of day with its distance from Greenwich: a day is the one on the wall where the money moved."""


def column_of(table: pd.DataFrame, name: str) -> pd.Series:
    """A column of the extract, or one made before.

    Raises
    ------
    SpecFault : there is none of that name.
    """
    if name not in table:
        there = ", ".join(str(one) for one in table.columns)
        raise SpecFault([Fault("profile", f"expected one of the columns {there}", column=name)])
    return table[name]


def numbers_of(table: pd.DataFrame, name: str, text: Text) -> tuple[pd.Series, list[Breach]]:
    """A column as finite numbers, empty where a cell is; and the cells that are none."""
    cells, odd = plain_numbers(column_of(table, name), name, text)
    numbers, breaches = parse(cells, name, "number")
    breaches = [*odd, *breaches]
    infinite = np.isinf(numbers.to_numpy(dtype=np.float64))
    if not infinite.any():
        return numbers, breaches
    rows = np.flatnonzero(infinite)
    return numbers.mask(infinite), [
        *breaches,
        Breach(
            "expected a finite number",
            rows,
            name,
            "Leave unknown cells empty, or name what stands for them in `null_where`",
        ),
    ]


def plain_numbers(cells: pd.Series, name: str, text: Text) -> tuple[pd.Series, list[Breach]]:
    """Numbers in the declared writing as plain ones, and the cells in another: those are empty, never guessed at.

    Where a comma stands before the decimals, a point means something else: 1.234 is no plain number there.
    """
    if not is_text(cells) or text.numbers == PLAIN:
        return cells, []
    mark, group = re.escape(text.decimal), re.escape(text.thousands)
    grouped = rf"|\d{{1,3}}(?:{group}\d{{3}})+" if text.thousands else ""
    before, after = ("", "-?") if text.minus == "after" else ("[-+]?", "")
    number = rf"\s*{before}(?:\d+{grouped})?(?:{mark}\d+)?(?:[eE][-+]?\d+)?{after}\s*"
    typed = ~cells.map(lambda cell: isinstance(cell, str)).astype(bool) if cells.dtype == object else cells.isna()
    fits = typed | cells.str.fullmatch(number).fillna(False).astype(bool)
    plain = cells.str.replace(text.thousands, "", regex=False) if text.thousands else cells
    plain = plain.str.replace(text.decimal, ".", regex=False).where(fits)
    plain = plain.str.replace(BEHIND, r"-\1", regex=True) if after else plain
    plain = plain.where(~typed, cells)
    if fits.all():
        return plain, []
    rule = f"expected a number with `{text.decimal}` before the decimals"
    rule += f" and `{text.thousands}` between thousands" if text.thousands else " and nothing between thousands"
    rule += ", a minus behind" if after else ""
    hint = "Correct the cell, or how the profile's `text` says that numbers are written"
    rows = np.flatnonzero(~fits.to_numpy())
    return plain, [Breach(rule, rows, name, hint, cells.iloc[rows].tolist())]


def dates_of(table: pd.DataFrame, name: str, form: str = "") -> tuple[pd.Series, list[Breach]]:
    """A column as dates with their time of day: as typed, in the declared form, or else in ISO's."""
    cells = column_of(table, name)
    return read_dates(cells, name, form) if form else read_times(cells, name)


def read_times(cells: pd.Series, name: str) -> tuple[pd.Series, list[Breach]]:
    """Dates with their time of day, as typed or in ISO's form; and the cells that are neither."""
    if pd.api.types.is_datetime64_any_dtype(cells):
        return _of_no_zone(cells), []
    if not is_text(cells):
        return parse(cells, name, "date")
    texts = parse(cells, name, "text")[0].str.strip()
    clock = texts.where(begins_with_a_day(texts)).str.replace(OFFSET, r"\1", regex=True)
    dates = _of_no_zone(pd.to_datetime(clock, format="ISO8601", errors="coerce"))
    bad = (dates.isna() & texts.notna() & texts.ne("")).to_numpy(dtype=bool)
    if not bad.any():
        return dates, []
    rule, hint = "expected an ISO date (2026-09-30)", "Give its `date_format` in the profile"
    return dates, [Breach(rule, np.flatnonzero(bad), name, hint, texts[bad].tolist())]


def begins_with_a_day(texts: pd.Series) -> BoolArray:
    """Texts that begin as an ISO date does; shape (rows,)."""
    return np.asarray(texts.str.match(ISO_DAY).fillna(False).astype(bool))


def read_dates(cells: pd.Series, name: str, form: str) -> tuple[pd.Series, list[Breach]]:
    """Text in the declared form (strptime, or `quarter`) as dates, and the cells that are not.

    Raises
    ------
    SpecFault : the form is neither.
    """
    if pd.api.types.is_datetime64_any_dtype(cells):
        return _of_no_zone(cells), []
    texts = parse(cells, name, "text")[0].str.strip()
    if form == QUARTER:
        parts = texts.str.extract(r"^(\d{4})-?Q([1-4])$")
        month = pd.to_numeric(parts[1], errors="coerce") * 3
        dates = pd.to_datetime(
            parts[0] + "-" + month.astype("Int64").astype("str") + "-01", format="%Y-%m-%d", errors="coerce"
        ) + pd.offsets.MonthEnd(0)
    else:
        dates = _written_as(texts, name, form)
    dates = _of_no_zone(dates)
    bad = (dates.isna() & texts.notna() & texts.ne("")).to_numpy(dtype=bool)
    if not bad.any():
        return dates, []
    rule = f"expected a date written as `{form}`"
    return dates, [Breach(rule, np.flatnonzero(bad), name, "Correct `date_format`", texts[bad].tolist())]


def _written_as(texts: pd.Series, name: str, form: str) -> pd.Series:
    rule = "expected strptime directives such as %d.%m.%Y, or `quarter`, as `date_format`"
    if "%" not in form:
        raise SpecFault([Fault("profile", rule, column=name, value=form)])
    try:
        return pd.to_datetime(texts, format=form, errors="coerce")
    except ValueError as error:
        raise SpecFault([Fault("profile", f"{rule} ({error})", column=name, value=form)]) from error


def _of_no_zone(dates: pd.Series) -> pd.Series:
    """Dates as the clock on the wall showed them."""
    local = dates.dt.tz_localize(None) if getattr(dates.dt, "tz", None) is not None else dates
    return local.astype("datetime64[us]")
