"""One column of a mapping: origin, missing values, words, date form, unit. Nothing is guessed; what fails is named."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from behavior.cells import Breach, is_text, parse
from behavior.errors import Fault, SpecFault
from behavior.io.mapping_terms import UNITS, ColumnMap, Condition, Join, Plain, Text
from behavior.quantities import BoolArray

QUARTER = "quarter"


def mask_of(conditions: Sequence[Condition], table: pd.DataFrame) -> BoolArray:
    """Rows where every condition holds; shape (rows,)."""
    keep = np.ones(len(table), dtype=bool)
    for one in conditions:
        keep &= _holds(one, table)
    return keep


def _holds(one: Condition, table: pd.DataFrame) -> BoolArray:
    cells = _column(table, one.column)
    keep = np.ones(len(table), dtype=bool)
    if one.filled is not None:
        keep &= _filled(cells) == one.filled
    if one.is_ is not None:
        keep &= _among(cells, one.is_)
    if one.not_ is not None:
        keep &= ~_among(cells, one.not_)
    for bound, compare in (
        (one.at_least, np.greater_equal),
        (one.at_most, np.less_equal),
        (one.above, np.greater),
        (one.below, np.less),
    ):
        if bound is not None:
            left, right = _comparable(cells, bound, table)
            with np.errstate(invalid="ignore"):
                keep &= compare(left, right)
    return keep


def _column(table: pd.DataFrame, name: str) -> pd.Series:
    if name not in table:
        there = ", ".join(str(one) for one in table.columns)
        raise SpecFault([Fault("profile", f"expected one of the columns {there}", column=name)])
    return table[name]


def _filled(cells: pd.Series) -> BoolArray:
    filled = cells.notna().to_numpy()
    return filled & cells.ne("").to_numpy(dtype=bool, na_value=False) if is_text(cells) else filled


def _among(cells: pd.Series, words: Plain | tuple[Plain, ...]) -> BoolArray:
    """Cells equal to one of the words: numbers as numbers, dates as dates, else as text."""
    wanted = words if isinstance(words, tuple) else (words,)
    if pd.api.types.is_datetime64_any_dtype(cells):
        return np.asarray(cells.isin(pd.to_datetime([str(word) for word in wanted])))
    found = np.asarray(cells.isin(list(wanted)))
    if is_text(cells):
        found = found | np.asarray(cells.isin([_word(word) for word in wanted]))
        numbers = [float(word) for word in wanted if isinstance(word, int | float)]
        if numbers:
            found = found | np.asarray(pd.to_numeric(cells, errors="coerce").isin(numbers))
    if "" in wanted:
        found = found | cells.isna().to_numpy()
    return found


def _word(word: Plain) -> str:
    return str(word).lower() if isinstance(word, bool) else str(word)


def _comparable(cells: pd.Series, bound: Plain, table: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Both sides as numbers or both as dates; a bound that names a column is that column."""
    if isinstance(bound, str) and bound in table:
        other = table[bound]
        if pd.api.types.is_datetime64_any_dtype(cells):
            return cells.to_numpy(), pd.to_datetime(other).to_numpy()
        return _as_numbers(cells), _as_numbers(other)
    if isinstance(bound, dt.date | dt.datetime) or pd.api.types.is_datetime64_any_dtype(cells):
        dates = pd.to_datetime(cells, errors="coerce").to_numpy().astype("datetime64[us]")
        return dates, np.full(len(cells), np.datetime64(str(bound), "us"))
    return _as_numbers(cells), np.full(len(cells), float(bound))


def _as_numbers(cells: pd.Series) -> np.ndarray:
    return np.asarray(pd.to_numeric(cells, errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan))


def make_column(
    name: str,
    how: ColumnMap,
    kind: str | None,
    table: pd.DataFrame,
    siblings: Mapping[str, pd.DataFrame],
    text: Text | None = None,
) -> tuple[pd.Series, list[Breach]]:
    """A column as the mapping says; `table` holds the extract's columns and those made so far.

    Returns the cells (unreadable ones empty) and what could not be read, with rows as positions in `table`.
    """
    cells = _origin(name, how, table, siblings)
    if how.null_where:
        cells = cells.mask(_among(cells, how.null_where))
    for filler in how.fill_from:
        other = table[filler]
        cells = cells.where(cells.notna(), other.mask(_among(other, how.null_where)) if how.null_where else other)
    if how.values:
        cells = _mapped(cells, how.values, how.otherwise)
    kind = kind or ("number" if how.unit or how.times is not None else "date" if how.date_format else None)
    breaches: list[Breach] = []
    if how.date_format:
        cells, breaches = read_dates(cells, name, how.date_format)
    elif kind is not None:
        if text is not None and kind in ("number", "integer"):
            cells = plain_numbers(cells, text)
        # Month ends are moved below and whole numbers may still be scaled, so only the cells are read here.
        cells, breaches = parse(cells, name, "number" if kind == "integer" else kind)
    if how.reckons:
        cells = _scaled(cells, how, table)
    if how.month_end:
        cells = cells + pd.offsets.MonthEnd(0)
        cells = cells.astype("datetime64[us]")
    if how.null_when:
        cells = cells.mask(mask_of(how.null_when, table))
    return cells, breaches


def plain_numbers(cells: pd.Series, text: Text) -> pd.Series:
    """Numbers in the declared writing as plain ones; cells in another writing stay and are reported."""
    if not is_text(cells) or (text.decimal == "." and not text.thousands):
        return cells
    mark, group = re.escape(text.decimal), re.escape(text.thousands)
    grouped = rf"|\d{{1,3}}(?:{group}\d{{3}})+" if text.thousands else ""
    fits = cells.str.fullmatch(rf"\s*[-+]?(?:\d+{grouped})?(?:{mark}\d+)?\s*").fillna(False).astype(bool)
    plain = cells.str.replace(text.thousands, "", regex=False) if text.thousands else cells
    return plain.str.replace(text.decimal, ".", regex=False).where(fits, cells)


def _origin(name: str, how: ColumnMap, table: pd.DataFrame, siblings: Mapping[str, pd.DataFrame]) -> pd.Series:
    if how.value is not None:
        return _constant(how.value, table)
    if how.months_between is not None:
        first, second = (pd.to_datetime(_column(table, one)) for one in how.months_between)
        months = (second.dt.year - first.dt.year) * 12 + second.dt.month - first.dt.month
        return months.astype(np.float64)
    if how.months_after is not None:
        return _months_after(_column(table, how.months_after.date), how.months_after.months, table)
    if how.join is not None:
        return _joined(how.join, how.otherwise, table, siblings)
    if how.cases:
        return _cases(how, table)
    return _column(table, how.from_ or name)


def _constant(value: Plain, table: pd.DataFrame) -> pd.Series:
    if value == "":
        return pd.Series(pd.NA, index=table.index, dtype="str")
    if isinstance(value, dt.date):
        return pd.Series(pd.Timestamp(value), index=table.index).astype("datetime64[us]")
    return pd.Series(value, index=table.index, dtype="str" if isinstance(value, str) else None)


def _months_after(dates: pd.Series, months: str | int, table: pd.DataFrame) -> pd.Series:
    """Dates moved by whole months, the day kept and clipped to short months."""
    starts = pd.to_datetime(dates)
    count = table[months] if isinstance(months, str) else pd.Series(months, index=table.index)
    numbers = pd.to_numeric(count, errors="coerce")
    index = starts.dt.year * 12 + starts.dt.month - 1 + numbers
    known = index.notna().to_numpy()
    moved = np.full(len(table), np.datetime64("NaT", "us"))
    first = (index[known].to_numpy().astype(np.int64) - 1970 * 12).astype("datetime64[M]")
    length = ((first + 1).astype("datetime64[D]") - first.astype("datetime64[D]")).astype(np.int64)
    day = np.minimum(starts[known].dt.day.to_numpy().astype(np.int64), length)
    moved[known] = (first.astype("datetime64[D]") + (day - 1)).astype("datetime64[us]")
    return pd.Series(moved, index=table.index)


def _joined(
    join: Join, otherwise: Plain | None, table: pd.DataFrame, siblings: Mapping[str, pd.DataFrame]
) -> pd.Series:
    other = siblings.get(join.table)
    pairs = join.on if isinstance(join.on, dict) else {name: name for name in join.on}
    if other is None:
        rule = f"expected a sibling table or lookup; there are {', '.join(siblings) or 'none'}"
        raise SpecFault([Fault("profile", rule, column="join", value=join.table)])
    keys = list(pairs.values())
    right = other.drop_duplicates(keys)[list(dict.fromkeys([*keys, join.column]))].copy()
    left = pd.DataFrame(index=table.index)
    for mine, theirs in pairs.items():
        left[theirs], right[theirs] = _alike(_column(table, mine), right[theirs])
    found = left.merge(right, how="left", on=keys)[join.column]
    found.index = table.index
    return found if otherwise is None else found.where(found.notna(), otherwise)


def _alike(mine: pd.Series, theirs: pd.Series) -> tuple[pd.Series, pd.Series]:
    """Keys of a join in one type: text where either side is text."""
    if is_text(mine) != is_text(theirs):
        return parse(mine, "", "text")[0], parse(theirs, "", "text")[0]
    return mine, theirs


def _cases(how: ColumnMap, table: pd.DataFrame) -> pd.Series:
    found = pd.Series(pd.NA if how.otherwise is None else how.otherwise, index=table.index, dtype=object)
    for case in reversed(how.cases):
        found = found.mask(mask_of(case.when, table), case.then)
    texts = all(isinstance(case.then, str) for case in how.cases)
    return found.astype("str") if texts else pd.to_numeric(found)


def _mapped(cells: pd.Series, words: Mapping[str, Plain], otherwise: Plain | None) -> pd.Series:
    texts = parse(cells, "", "text")[0]
    found = texts.map({word: _word(value) for word, value in words.items()})
    rest = texts if otherwise is None else pd.Series(_word(otherwise), index=cells.index, dtype="str")
    if otherwise == "":
        rest = pd.Series(pd.NA, index=cells.index, dtype="str")
    filled = found.where(found.notna(), rest).astype("str")
    return filled if "" in words or otherwise is not None else filled.mask(texts.isna())


def read_dates(cells: pd.Series, name: str, form: str) -> tuple[pd.Series, list[Breach]]:
    """Text in the declared form (strptime, or `quarter`) as dates, and the cells that are not."""
    if pd.api.types.is_datetime64_any_dtype(cells):
        return cells.astype("datetime64[us]"), []
    texts = parse(cells, name, "text")[0].str.strip()
    if form == QUARTER:
        parts = texts.str.extract(r"^(\d{4})-?Q([1-4])$")
        month = pd.to_numeric(parts[1], errors="coerce") * 3
        dates = pd.to_datetime(
            parts[0] + "-" + month.astype("Int64").astype("str") + "-01", format="%Y-%m-%d", errors="coerce"
        ) + pd.offsets.MonthEnd(0)
    else:
        dates = pd.to_datetime(texts, format=form, errors="coerce")
    dates = dates.astype("datetime64[us]")
    bad = (dates.isna() & texts.notna() & texts.ne("")).to_numpy(dtype=bool)
    if not bad.any():
        return dates, []
    rule = f"expected a date written as `{form}`"
    return dates, [Breach(rule, np.flatnonzero(bad), name, "Correct `date_format`", texts[bad].tolist())]


def _scaled(cells: pd.Series, how: ColumnMap, table: pd.DataFrame) -> pd.Series:
    factor = UNITS[how.unit or "units"] * (1.0 if how.times is None else how.times)
    numbers = pd.to_numeric(cells, errors="coerce").astype(np.float64)
    for other in how.minus:
        numbers = numbers - _as_numbers(table[other])
    for other in how.plus:
        numbers = numbers + _as_numbers(table[other])
    for other in how.divided_by:
        divisor = _as_numbers(table[other])
        numbers = numbers / np.where(divisor == 0, np.nan, divisor)
    # Dividing keeps 3.25 percent at 0.0325 to the last digit; multiplying by 0.01 does not.
    found = numbers / round(1.0 / factor) if 0 < factor < 1 and how.times is None else numbers * factor
    return found.round() if how.rounded else found
