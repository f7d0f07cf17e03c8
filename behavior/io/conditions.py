"""Tests of rows. A cell that cannot be held against a bound is named, where no other test settles its row."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import replace
from itertools import compress

import numpy as np
import pandas as pd

from behavior.cells import Breach, is_text, parse
from behavior.errors import Fault, SpecFault
from behavior.io.column_terms import Condition, Plain, word_of
from behavior.io.extract_cells import begins_with_a_day, column_of, dates_of, numbers_of, plain_numbers
from behavior.io.mapping_terms import PLAIN, Text
from behavior.quantities import AnyArray, BoolArray

Compared = tuple[AnyArray, AnyArray, list[Breach]]


def mask_of(conditions: Sequence[Condition], table: pd.DataFrame, text: Text) -> tuple[BoolArray, list[Breach]]:
    """Rows where every condition holds, shape (rows,), and the cells that leave it open.

    Raises
    ------
    SpecFault : a condition names no column, or compares with what is neither a number nor a date.
    """
    keep, open_rows = np.ones(len(table), dtype=bool), np.ones(len(table), dtype=bool)
    breaches: list[Breach] = []
    for one in conditions:
        holds, found = _holds(one, table, text)
        keep &= holds
        open_rows &= holds | _rows_of(found, len(table))
        breaches += found
    return keep, within(breaches, open_rows)


def within(breaches: Sequence[Breach], rows: BoolArray) -> list[Breach]:
    """Breaches of some of the rows only."""
    found: list[Breach] = []
    for one in breaches:
        if one.rows is None:
            found += [one] if rows.any() else []
            continue
        inside = rows[one.rows]
        values = None if one.values is None else list(compress(one.values, inside))
        found += [replace(one, rows=one.rows[inside], values=values)] if inside.any() else []
    return found


def among(cells: pd.Series, words: Plain | tuple[Plain, ...], text: Text) -> BoolArray:
    """Cells equal to one of the words: numbers as numbers, in the writing that is declared, dates as dates, else as
    text; shape (rows,)."""
    wanted = words if isinstance(words, tuple) else (words,)
    if pd.api.types.is_datetime64_any_dtype(cells):
        found = np.asarray(cells.isin([_moment(word, str(cells.name)) for word in wanted if word != ""]))
    else:
        found = np.asarray(cells.isin(list(wanted)))
    if is_text(cells):
        # A number of the profile is no word of a file that writes numbers in another way: 1.5 there may be fifteen.
        own = wanted if text.numbers == PLAIN else [word for word in wanted if not isinstance(word, float)]
        found = found | np.asarray(cells.isin([word_of(word) for word in own]))
        numbers = [float(word) for word in wanted if isinstance(word, int | float)]
        if numbers:
            plain, _ = plain_numbers(cells, str(cells.name), text)
            found = found | np.asarray(pd.to_numeric(plain, errors="coerce").isin(numbers))
    if "" in wanted:
        found = found | cells.isna().to_numpy()
    return found


def _holds(one: Condition, table: pd.DataFrame, text: Text) -> tuple[BoolArray, list[Breach]]:
    cells = column_of(table, one.column)
    keep = np.ones(len(table), dtype=bool)
    if one.filled is not None:
        keep &= _filled(cells) == one.filled
    if one.is_ is not None:
        keep &= among(cells, one.is_, text)
    if one.not_ is not None:
        keep &= ~among(cells, one.not_, text)
    open_rows = keep.copy()
    breaches: list[Breach] = []
    for bound, compare in (
        (one.at_least, np.greater_equal),
        (one.at_most, np.less_equal),
        (one.above, np.greater),
        (one.below, np.less),
    ):
        if bound is not None:
            left, right, found = _compared(one.column, bound, table, text)
            with np.errstate(invalid="ignore"):
                holds = compare(left, right)
            keep &= holds
            open_rows &= holds | _rows_of(found, len(table))
            breaches += [breach for breach in found if breach.rows is None or not _said(breach, breaches)]
    return keep, within(breaches, open_rows)


def _said(one: Breach, before: Sequence[Breach]) -> bool:
    """Whether two bounds of one column found the same cells."""
    return any(one.rule == other.rule and one.column == other.column for other in before)


def _rows_of(breaches: Sequence[Breach], count: int) -> BoolArray:
    rows = np.zeros(count, dtype=bool)
    for one in breaches:
        rows[slice(None) if one.rows is None else one.rows] = True
    return rows


def _filled(cells: pd.Series) -> BoolArray:
    filled = cells.notna().to_numpy()
    return filled & cells.ne("").to_numpy(dtype=bool, na_value=False) if is_text(cells) else filled


def _compared(name: str, bound: Plain, table: pd.DataFrame, text: Text) -> Compared:
    """Both sides as numbers or both as dates; a bound that names a column is that column."""
    if isinstance(bound, str) and bound in table:
        dated = _is_dated(table[name], table[bound])
        (left, found), (right, more) = (
            dates_of(table, one) if dated else numbers_of(table, one, text) for one in (name, bound)
        )
        return left.to_numpy(), right.to_numpy(), [*found, *more]
    cells = column_of(table, name)
    day = pd.api.types.is_datetime64_any_dtype(cells) or (is_text(cells) and not _is_number(bound))
    if isinstance(bound, dt.date) or day:
        limit = np.datetime64(_moment(bound, name), "us")
        left, found = dates_of(table, name)
        return left.to_numpy(), np.full(len(cells), limit), found
    if not _is_number(bound):
        raise SpecFault([_no_bound(bound, name)])
    left, found = numbers_of(table, name, text)
    return left.to_numpy(), np.full(len(cells), float(bound)), found


def _is_dated(cells: pd.Series, other: pd.Series) -> bool:
    """Whether two columns are compared as dates: one of them is typed so, or both hold cells written so."""
    if any(pd.api.types.is_datetime64_any_dtype(one) for one in (cells, other)):
        return True
    return all(is_text(one) and bool(begins_with_a_day(parse(one, "", "text")[0]).any()) for one in (cells, other))


def _is_number(bound: Plain) -> bool:
    try:
        float(bound)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return False
    return True


def _moment(word: Plain, name: str) -> pd.Timestamp:
    """A date of the profile."""
    try:
        return pd.Timestamp(dt.datetime.strptime(str(word), "%Y-%m-%d"))
    except ValueError as error:
        raise SpecFault([_no_bound(word, name)]) from error


def _no_bound(word: Plain, name: str) -> Fault:
    rule = "expected a number, a date (2026-09-30) or another column to compare this column with"
    return Fault("profile", rule, column=name, value=str(word))
