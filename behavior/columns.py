"""What a column of a table is, and every way in which its cells can break that; small helpers of rules over rows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from behavior.cells import Breach
from behavior.quantities import AnyArray, BoolArray, IntArray

RATE_UNIT = "decimal a year"
SHARE_UNIT = "share ("
MONEY_UNIT = "currency units"
PERCENT_HINT = "Declare `percent` for this column in the profile, or divide by 100 (3.25% is 0.0325)"
LARGEST_PLAIN_RATE = 1.0
LARGEST_USUAL_RATE = 0.35
LARGEST_USUAL_SHARE = 3.0
VALUE_REQUIRED = "a value is required here"
FILL = "Fill it where the file is made, or set the row aside with `where` in the profile"
UNKNOWN = "Leave unknown cells empty where the column may be"
BOUNDED = "Is its sign or its unit another? Declare it for this column in the profile, or correct the cell"
NO_DAY = -10_000_000


@dataclass(frozen=True)
class Column:
    """One column of a contract.

    Parameters
    ----------
    kind : ``text``, ``number``, ``integer``, ``date``, ``month`` (month-end date), ``flag``.
    unit : unit in words (``decimal a year``, ``currency units``, ``months``); empty for text.
    required : the column must be there.
    nullable : cells may be empty.
    minimum, maximum : inclusive bounds for numbers.
    allowed : closed list of words for text columns.
    personal_data : what a bank must mask.
    """

    name: str
    kind: str
    meaning: str
    unit: str = ""
    required: bool = True
    nullable: bool = False
    minimum: float | None = None
    maximum: float | None = None
    allowed: tuple[str, ...] = ()
    personal_data: bool = False


def optional_column(
    name: str, kind: str, meaning: str, unit: str = "", minimum: float | None = None, allowed: tuple[str, ...] = ()
) -> Column:
    """A column that a table may leave out, and whose cells may be empty."""
    return Column(name, kind, meaning, unit, required=False, nullable=True, minimum=minimum, allowed=allowed)


def column_breaches(cells: pd.Series, column: Column, declared: bool, unread: Sequence[IntArray]) -> Iterable[Breach]:
    """Every way in which a parsed column breaks its contract; rows of `unread` are said to be unreadable already."""
    empty = cells.isna().to_numpy()
    if not column.nullable and empty.any():
        blank = empty.copy()
        for rows in unread:
            blank[rows] = False
        if blank.any():
            count = int(blank.sum())
            yield Breach(VALUE_REQUIRED, np.flatnonzero(blank), column.name, FILL, [""] * count)
    if column.kind in ("number", "integer"):
        yield from _number_breaches(cells.to_numpy(dtype=np.float64, na_value=np.nan), column, declared)
    elif column.kind == "month":
        ends = cells.dt.is_month_end.to_numpy() | empty
        if not ends.all():
            yield Breach(
                "expected the last day of a month",
                np.flatnonzero(~ends),
                column.name,
                "Set `month_end = true` for this column in the profile",
            )
    elif column.allowed:
        unknown = ~(cells.isin(column.allowed).to_numpy() | empty)
        if unknown.any():
            words = ", ".join(f"`{word}`" for word in column.allowed)
            yield Breach(
                f"expected one of {words}",
                np.flatnonzero(unknown),
                column.name,
                "Map the extract's words with `values` in the profile",
            )


def _number_breaches(values: AnyArray, column: Column, declared: bool) -> Iterable[Breach]:
    with np.errstate(invalid="ignore"):
        if np.isinf(values).any():
            yield Breach("expected a finite number", np.flatnonzero(np.isinf(values)), column.name, UNKNOWN)
        if column.minimum is not None and (values < column.minimum).any():
            unit = f" {column.unit}" if column.unit else ""
            rule = f"expected {column.minimum:g}{unit} or more"
            yield Breach(rule, np.flatnonzero(values < column.minimum), column.name, BOUNDED)
        if column.maximum is not None and (values > column.maximum).any():
            unit = f" {column.unit}" if column.unit else ""
            rule = f"expected {column.maximum:g}{unit} or less"
            yield Breach(rule, np.flatnonzero(values > column.maximum), column.name, BOUNDED)
        if column.unit == RATE_UNIT and not declared:
            yield from _percent_breaches(values, column.name)
        if column.unit.startswith(SHARE_UNIT) and not declared:
            yield from _share_breaches(values, column)


def _percent_breaches(values: AnyArray, name: str) -> Iterable[Breach]:
    """Rates above 100%, row by row; a column that is mostly above 35% is reported as a whole. Nothing is converted."""
    size = np.abs(values)
    large = (size > LARGEST_PLAIN_RATE) & np.isfinite(size)
    if large.any():
        rule = f"expected {RATE_UNIT} (3.25% is 0.0325), this looks like percent"
        yield Breach(rule, np.flatnonzero(large), name, PERCENT_HINT)
        return
    known = size[np.isfinite(size) & (size > 0)]
    if known.size and np.quantile(known, 0.75) > LARGEST_USUAL_RATE:
        yield Breach(
            f"expected {RATE_UNIT} (3.25% is 0.0325), a quarter or more of the values is above "
            f"{LARGEST_USUAL_RATE:.0%}, which looks like percent",
            column=name,
            hint=PERCENT_HINT + "; declare `decimal` if the values are right",
            value=f"{np.quantile(known, 0.75):g}",
        )


def _share_breaches(values: AnyArray, column: Column) -> Iterable[Breach]:
    """A column of shares of which half are above 300% is reported as a whole; single ones may be that large."""
    known = values[np.isfinite(values) & (values > 0)]
    if known.size and np.median(known) > LARGEST_USUAL_SHARE:
        yield Breach(
            f"expected {column.unit}, half of the values or more are above {LARGEST_USUAL_SHARE:.0%}, "
            "which looks like percent",
            column=column.name,
            hint=PERCENT_HINT.replace("3.25% is 0.0325", "80% is 0.8") + "; declare `decimal` if the values are right",
            value=f"{np.median(known):g}",
        )


def unit_codes(table: pd.DataFrame, columns: Sequence[str]) -> IntArray:
    """Whole numbers that are equal where the values of `columns` are equal; shape (rows,). No columns: all zero."""
    codes = np.zeros(len(table), dtype=np.int64)
    for name in columns:
        part, words = pd.factorize(table[name], use_na_sentinel=False)
        codes = codes * (len(words) + 1) + part
        if len(columns) > 1:
            codes = pd.factorize(codes)[0].astype(np.int64)
    return codes


def sorted_within(codes: IntArray, when: IntArray) -> IntArray:
    """Row positions ordered by unit and date, rows of one unit and date in the order of the file."""
    if codes.size < 2:
        return np.arange(codes.size)
    same = np.diff(codes)
    if bool(np.all((same > 0) | ((same == 0) & (np.diff(when) >= 0)))):
        return np.arange(codes.size)
    return np.asarray(np.lexsort((when, codes)))


def day_numbers(cells: pd.Series) -> IntArray:
    """Dates as whole days since 1970, empty ones far before any other; shape (rows,)."""
    days = cells.to_numpy().astype("datetime64[D]").astype(np.int64)
    return np.asarray(np.maximum(days, NO_DAY))


def shown(cells: pd.Series) -> list[str]:
    """Cells as a person would type them: dates without time, whole numbers without a point, empty as nothing."""
    if pd.api.types.is_datetime64_any_dtype(cells):
        return list(cells.dt.strftime("%Y-%m-%d").fillna(""))
    if pd.api.types.is_float_dtype(cells):
        return ["" if np.isnan(value) else f"{value:.15g}" for value in cells.to_numpy(dtype=np.float64)]
    return ["" if pd.isna(value) else str(value) for value in cells]


def rows_where(mask: BoolArray) -> IntArray:
    """Positions of the true rows; shape (true rows,)."""
    return np.flatnonzero(mask)
