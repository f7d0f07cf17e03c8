"""One column of a mapping: origin, missing values, words, date form, unit. Nothing is guessed; what fails is named."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

import numpy as np
import pandas as pd

from behavior.cells import Breach, is_text, parse
from behavior.errors import Fault, SpecFault
from behavior.io.column_terms import IN_BRACES, UNITS, ColumnMap, Plain, word_of
from behavior.io.conditions import among, mask_of, within
from behavior.io.extract_cells import column_of, dates_of, numbers_of, plain_numbers, read_dates, read_times
from behavior.io.joins import Sibling, joined
from behavior.io.mapping_terms import Text
from behavior.months import add_months, month_number_or_nan

NUMBERS, DATES = ("number", "integer"), ("date", "month")
LAST_DIGITS = 4.0 * float(np.finfo(np.float64).eps)
MOST_MONTHS = 12_000
"""Further than this no date is moved."""


def make_column(
    name: str,
    how: ColumnMap,
    kind: str | None,
    table: pd.DataFrame,
    siblings: Mapping[str, Sibling],
    text: Text | None = None,
) -> tuple[pd.Series, list[Breach]]:
    """A column as the mapping says; `table` holds the extract's columns and those made so far.

    Returns the cells (unreadable ones empty) and what could not be read, with rows as positions in `table`.

    Raises
    ------
    SpecFault : the mapping names a column that is not there, or asks of a column what its kind has not.
    """
    text = text or Text()
    kind = kind or _kind_of(how)
    _fits(name, how, kind)
    cells, breaches = _origin(name, how, table, siblings, text)
    # What another table holds is written as it is there.
    writing = siblings[how.join.table].text if how.join is not None else text
    if how.null_where:
        cells = cells.mask(among(cells, how.null_where, writing))
    if kind in NUMBERS:
        cells, found = _plainly_written(name, how, cells, writing)
        breaches += found
    for filler in how.fill_from:
        other = column_of(table, filler)
        other = other.mask(among(other, how.null_where, text)) if how.null_where else other
        if kind in NUMBERS:
            other, found = _plainly_written(filler, ColumnMap(values=how.values, otherwise=how.otherwise), other, text)
            breaches += within(found, cells.isna().to_numpy())
        cells = _filled(cells, other)
    if how.values:
        cells, found = _mapped(cells, name, how.values, how.otherwise)
        breaches += found
    cells, found = _typed(cells, name, how, kind)
    breaches += found
    if how.reckons:
        cells, found = _scaled(cells, how, table, text)
        breaches += found
    if how.null_when:
        missing, found = mask_of(how.null_when, table, text)
        cells = cells.mask(missing)
        breaches += found
    return cells, breaches


def _typed(cells: pd.Series, name: str, how: ColumnMap, kind: str | None) -> tuple[pd.Series, list[Breach]]:
    """Cells as their kind; dates in their form, and as the day or month end that is asked for."""
    if how.date_format:
        cells, found = read_dates(cells, name, how.date_format)
    elif how.day or how.month_end:
        cells, found = read_times(cells, name)
    elif kind is not None:
        # Whole numbers may still be scaled, so only the cells are read here.
        return parse(cells, name, "number" if kind == "integer" else kind)
    else:
        return cells, []
    if how.day or how.month_end:
        cells = cells.dt.normalize() + pd.offsets.MonthEnd(0) if how.month_end else cells.dt.normalize()
    return cells.astype("datetime64[us]"), found


def _plainly_written(name: str, how: ColumnMap, cells: pd.Series, text: Text) -> tuple[pd.Series, list[Breach]]:
    """The extract's own numbers as plain ones; words that the profile replaces stay, for it writes plain numbers."""
    if how.value is not None:
        return cells, []
    plain, found = plain_numbers(cells, name, text)
    if plain is cells:
        return cells, []
    own = [*how.values, *([word_of(how.otherwise)] if how.join is not None and how.otherwise is not None else [])]
    replaced = np.asarray(cells.isin(own))
    if how.values and how.otherwise is not None:
        replaced = np.ones(len(cells), dtype=bool)
    return plain.where(~replaced, cells), within(found, ~replaced)


def _kind_of(how: ColumnMap) -> str | None:
    """Kind of a column that neither contract nor mapping names a kind for."""
    if how.reckons:
        return "number"
    return "date" if how.date_format or how.day or how.month_end else None


def _fits(name: str, how: ColumnMap, kind: str | None) -> None:
    """Refuse arithmetic with what is no number, and month ends of what is no date."""
    steps = ((how.reckons, NUMBERS, "arithmetic"), (how.month_end, DATES, "month_end"), (how.day, DATES, "day"))
    for asked, kinds, words in steps:
        if asked and kind not in kinds:
            rule = f"expected {words} for a column of kind {' or '.join(kinds)} only"
            raise SpecFault([Fault("profile", rule, column=name, value=kind)])


def _filled(cells: pd.Series, other: pd.Series) -> pd.Series:
    """Cells with the empty ones taken from another column, as text where either is text."""
    if is_text(cells) != is_text(other):
        cells, other = parse(cells, "", "text")[0], parse(other, "", "text")[0]
    return cells.where(cells.notna(), other)


def _origin(
    name: str, how: ColumnMap, table: pd.DataFrame, siblings: Mapping[str, Sibling], text: Text
) -> tuple[pd.Series, list[Breach]]:
    if how.value is not None:
        return _constant(how.value, table), []
    if how.composed is not None:
        return _composed(how.composed, table)
    if how.months_between is not None:
        (first, found), (second, more) = (dates_of(table, one) for one in how.months_between)
        months = month_number_or_nan(second) - month_number_or_nan(first)
        return pd.Series(months, index=table.index), [*found, *more]
    if how.months_after is not None:
        return _months_after(how.months_after.date, how.months_after.months, table, text)
    if how.join is not None:
        return joined(how.join, how.otherwise, table, siblings)
    if how.cases:
        return _cases(how, table, text)
    return column_of(table, how.from_ or name), []


def _constant(value: Plain, table: pd.DataFrame) -> pd.Series:
    if value == "":
        return pd.Series(pd.NA, index=table.index, dtype="str")
    if isinstance(value, dt.date):
        return pd.Series(pd.Timestamp(value), index=table.index).astype("datetime64[us]")
    return pd.Series(value, index=table.index, dtype="str" if isinstance(value, str) else None)


def _composed(words: str, table: pd.DataFrame) -> tuple[pd.Series, list[Breach]]:
    """Columns and the words between them as one text; empty where one of the columns is."""
    pieces = IN_BRACES.split(words)  # words and names in turn
    found, breaches = pd.Series(pieces[0], table.index, dtype="str"), []
    for name, after in zip(pieces[1::2], pieces[2::2], strict=True):
        cells, odd = parse(column_of(table, name), name, "text")
        found = found + cells.str.strip() + after
        breaches += odd
    return found, breaches


def _months_after(date: str, months: str | int, table: pd.DataFrame, text: Text) -> tuple[pd.Series, list[Breach]]:
    """Dates moved by whole months, the day kept and clipped to short months."""
    starts, breaches = dates_of(table, date)
    count = pd.Series(float(months) if isinstance(months, int) else np.nan, index=table.index)
    if isinstance(months, str):
        count, found = numbers_of(table, months, text)
        wrong = count.notna() & ~((count.abs() <= MOST_MONTHS) & (count % 1 == 0))
        if wrong.any():
            rule = f"expected whole months, {MOST_MONTHS:,} at most"
            found = [
                *found,
                Breach(rule, np.flatnonzero(wrong.to_numpy()), months, "Correct the cell, or name another column"),
            ]
        breaches, count = [*breaches, *found], count.mask(wrong)
    known = (starts.notna() & count.notna()).to_numpy()
    moved = np.full(len(table), np.datetime64("NaT", "us"))
    moved[known] = add_months(starts[known], count[known])
    return pd.Series(moved, index=table.index), breaches


def _cases(how: ColumnMap, table: pd.DataFrame, text: Text) -> tuple[pd.Series, list[Breach]]:
    """The first case whose tests all hold; tests are asked only of the rows that no earlier case took."""
    found = pd.Series(pd.NA, index=table.index, dtype=object)
    free = np.ones(len(table), dtype=bool)
    breaches: list[Breach] = []
    for case in how.cases:
        holds, unread = mask_of(case.when, table, text)
        breaches += within(unread, free)
        found = found.mask(holds & free, pd.NA if case.then == "" else case.then)
        free &= ~holds
    if how.otherwise not in (None, ""):
        found = found.mask(free, how.otherwise)
    kind = how.kind_of_cases()
    if kind == "text":
        return found.astype("str"), breaches
    return parse(pd.to_datetime(found) if kind == "date" else found, "", kind)[0], breaches


def _mapped(
    cells: pd.Series, name: str, words: Mapping[str, Plain], otherwise: Plain | None
) -> tuple[pd.Series, list[Breach]]:
    texts, breaches = parse(cells, name, "text")
    found = texts.map({word: word_of(value) for word, value in words.items()})
    rest = texts if otherwise is None else pd.Series(word_of(otherwise), index=cells.index, dtype="str")
    if otherwise == "":
        rest = pd.Series(pd.NA, index=cells.index, dtype="str")
    filled = found.where(found.notna(), rest).astype("str")
    return (filled if "" in words or otherwise is not None else filled.mask(texts.isna())), breaches


def _scaled(cells: pd.Series, how: ColumnMap, table: pd.DataFrame, text: Text) -> tuple[pd.Series, list[Breach]]:
    """Arithmetic with other columns, then with a number; empty where a cell of it is, or where the divisor is 0."""
    factor = UNITS[how.unit or "units"] * (1.0 if how.times is None else how.times)
    numbers = cells.astype(np.float64)
    breaches: list[Breach] = []
    for others, step in ((how.minus, _taken_away), (how.plus, np.add), (how.divided_by, _divided)):
        for other in others:
            operand, found = numbers_of(table, other, text)
            numbers = pd.Series(step(numbers, operand), index=table.index)
            breaches += found
    # Dividing keeps 3.25 percent at 0.0325 to the last digit; multiplying by 0.01 does not.
    scaled = numbers / round(1.0 / factor) if 0 < factor < 1 and how.times is None else numbers * factor
    return (scaled.round() if how.rounded else scaled), breaches


def _taken_away(numbers: pd.Series, operand: pd.Series) -> pd.Series:
    """A difference; what is left of two equal amounts by their last binary digits is 0, never a little below it."""
    difference = numbers - operand
    return difference.mask(difference.abs() <= LAST_DIGITS * (numbers.abs() + operand.abs()), 0.0)


def _divided(numbers: pd.Series, divisor: pd.Series) -> pd.Series:
    return numbers / divisor.mask(divisor == 0)
