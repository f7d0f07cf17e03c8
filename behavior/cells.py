"""Text cells to values: every cell that cannot be read is named, none is guessed at.

Numbers have a point for decimals and no thousands separators; dates are ISO (2026-09-30); flags are true or false.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from behavior.quantities import IntArray

FLAGS = {"true": True, "false": False}
ISO_DATE = r"\d{4}-\d{2}-\d{2}(?:[T ]00:00(?::00(?:\.0+)?)?)?"
ISO_TIME = r"\d{4}-\d{2}-\d{2}[T ]\d{2}:.*"
TIMED = "Set `day = true` for it in the profile, or write the day alone"
THOUSANDS = r"[-+]?\d{1,3}(?:[,' \u2019\u00a0\u202f]\d{3})+(?:\.\d+)?"
BY_PROFILE = ", or say in a profile what a comma is: `text = { decimal = ',', thousands = '.' }`"
DECIMAL_COMMA = r"[-+]?\d+(?:\.\d{3})*,\d+"
AS_FLAG = "Write true or false, or set `values` for it in the profile"
WHOLE = "Is this the right column? Set `rounded = true` for it in a profile where fractions mean nothing"
LARGEST_EXACT = 2.0**53
"""From here on floating point no longer tells neighbouring whole numbers apart."""


@dataclass(frozen=True)
class Breach:
    """Rows of a table that break one rule.

    Parameters
    ----------
    rows : positions of the rows, shape (n,); None when the fault is the whole table's or column's.
    values : the offending values as text, one a row; None = the cells of `column`.
    value : the offending value where `rows` is None.
    """

    rule: str
    rows: IntArray | None = None
    column: str | None = None
    hint: str = ""
    values: Sequence[str] | None = None
    value: str | None = None


def parse(cells: pd.Series, name: str, kind: str, unit: str = "") -> tuple[pd.Series, list[Breach]]:
    """A column as values of its kind, and the cells that are not; those become empty. Parsed columns pass through."""
    cells, undecoded = _decoded(cells, name)
    if kind == "text":
        values, found = _text(cells, name)
    elif kind in ("number", "integer"):
        values, found = _numbers(cells, name, kind == "integer", unit)
    elif kind in ("date", "month"):
        values, found = _dates(cells, name)
    else:
        values, found = _flags(cells, name)
    return values, [*undecoded, *found]


def _decoded(cells: pd.Series, name: str) -> tuple[pd.Series, list[Breach]]:
    """Categories as what they stand for, bytes as text; bytes that are no text are named."""
    if isinstance(cells.dtype, pd.CategoricalDtype):
        return cells.astype(cells.cat.categories.dtype), []
    if cells.dtype != object or pd.api.types.infer_dtype(cells, skipna=True) not in ("bytes", "mixed"):
        return cells, []
    texts = cells.map(_word_of, na_action="ignore")
    bad = (texts.isna() & cells.notna()).to_numpy(dtype=bool)
    texts = texts.astype("str")
    values = [repr(cell) for cell in cells[bad]]
    found = [Breach("expected text in UTF-8, not other bytes", np.flatnonzero(bad), name, "Export it as text", values)]
    return texts, found if bad.any() else []


def _word_of(cell: object) -> object:
    try:
        return cell.decode("utf-8") if isinstance(cell, bytes) else cell
    except UnicodeDecodeError:
        return None


def is_text(cells: pd.Series) -> bool:
    """Whether a column holds text (pandas `str`, or objects)."""
    return bool(pd.api.types.is_string_dtype(cells.dtype) or cells.dtype == object)


def _text(cells: pd.Series, name: str) -> tuple[pd.Series, list[Breach]]:
    if is_text(cells):
        blank = cells.isin([""])
        cells = cells.mask(blank) if blank.any() else cells
        return (cells if str(cells.dtype) == "str" else cells.astype("str")), []
    if not pd.api.types.is_float_dtype(cells):
        return cells.astype("str"), []
    size = np.abs(cells.to_numpy(dtype=np.float64, na_value=np.nan))
    large = size >= LARGEST_EXACT
    found = []
    if large.any():
        rule = "expected text, or a number below 2^53: of a larger one digits are lost"
        found = [Breach(rule, np.flatnonzero(large), name, "Export the column as text")]
        cells = cells.mask(large)
    whole = bool((cells.dropna() % 1 == 0).all())
    return cells.astype("Int64").astype("str") if whole else cells.astype("str"), found


def _numbers(cells: pd.Series, name: str, whole: bool, unit: str) -> tuple[pd.Series, list[Breach]]:
    if not is_text(cells):
        if pd.api.types.is_bool_dtype(cells.dtype) or not pd.api.types.is_numeric_dtype(cells.dtype):
            rule = f"expected numbers, the column holds {cells.dtype}"
            return pd.Series(np.nan, cells.index), [
                Breach(rule, column=name, hint="Map another column, or export it as numbers")
            ]
        numbers = cells.astype(np.float64) if not pd.api.types.is_integer_dtype(cells) or cells.hasnans else cells
        return _whole(numbers, name) if whole else (numbers.astype(np.float64), [])
    texts = cells.astype("str").str.strip()
    numbers = pd.to_numeric(texts, errors="coerce").astype(np.float64)
    filled = (texts.notna() & texts.ne("")).to_numpy()
    bad = numbers.isna().to_numpy() & filled
    breaches = _unreadable_numbers(texts, bad, name, unit) if bad.any() else []
    if not whole:
        return numbers, breaches
    numbers, fractions = _whole(numbers, name)
    return numbers, breaches + fractions


def _unreadable_numbers(texts: pd.Series, bad: np.ndarray, name: str, unit: str) -> list[Breach]:
    """Unreadable numbers by cause, because the cure differs."""
    of = f" ({unit})" if unit else ""
    rows, words = np.flatnonzero(bad), texts[bad]
    percent = words.str.endswith("%").to_numpy(dtype=bool)
    thousands = words.str.fullmatch(THOUSANDS).to_numpy(dtype=bool) & ~percent
    comma = words.str.fullmatch(DECIMAL_COMMA).to_numpy(dtype=bool) & ~thousands
    causes = (
        (percent, f"expected a plain number{of} without a percent sign", "Divide by 100 and drop the sign"),
        (
            thousands,
            f"expected a plain number{of} without thousands separators",
            f"Write 1234.56, not 1,234.56{BY_PROFILE}",
        ),
        (comma, f"expected a point before the decimals{of}, not a comma", f"Write 1234.56, not 1234,56{BY_PROFILE}"),
        (
            ~(percent | thousands | comma),
            f"expected a number{of}, not text",
            "Leave unknown cells empty",
        ),
    )
    values = words.tolist()
    return [
        Breach(rule, rows[which], name, hint, [values[at] for at in np.flatnonzero(which)])
        for which, rule, hint in causes
        if which.any()
    ]


def _whole(numbers: pd.Series, name: str) -> tuple[pd.Series, list[Breach]]:
    if pd.api.types.is_signed_integer_dtype(numbers):
        return numbers.astype(np.int64), []
    values = numbers.to_numpy(dtype=np.float64)
    known = np.isfinite(values)
    fractions, large = known & (np.floor(values) != values), known & (np.abs(values) >= LARGEST_EXACT)
    found = [Breach("expected a whole number", np.flatnonzero(fractions), name, WHOLE)] if fractions.any() else []
    if large.any():
        found.append(
            Breach("expected a whole number below 2^53", np.flatnonzero(large), name, "Is this the right column?")
        )
        numbers = numbers.astype(np.float64).mask(large)
    return (numbers.astype(np.int64) if known.all() and not found else numbers), found


def _dates(cells: pd.Series, name: str) -> tuple[pd.Series, list[Breach]]:
    if pd.api.types.is_datetime64_any_dtype(cells):
        naive = cells.dt.tz_localize(None) if getattr(cells.dt, "tz", None) is not None else cells
        return _whole_days(naive, name)
    if not is_text(cells):
        empty = pd.Series(pd.NaT, cells.index, dtype="datetime64[us]")
        if bool(cells.isna().all()):
            return empty, []
        rule = f"expected ISO dates (2026-09-30), the column holds {cells.dtype}"
        return empty, [Breach(rule, column=name, hint="Give its `date_format` in the profile")]
    texts = cells.astype("str").str.strip()
    filled = (texts.notna() & texts.ne("")).to_numpy()
    shaped = texts.where(texts.str.fullmatch(ISO_DATE).fillna(False).astype(bool))
    dates = pd.to_datetime(shaped.str.slice(0, 10), format="%Y-%m-%d", errors="coerce").astype("datetime64[us]")
    bad = dates.isna().to_numpy() & filled
    if not bad.any():
        return dates, []
    timed = bool(texts[bad].str.fullmatch(ISO_TIME).all())
    hint = TIMED if timed else "Give its `date_format` in the profile, or write it as 2026-09-30"
    return dates, [Breach("expected an ISO date (2026-09-30)", np.flatnonzero(bad), name, hint, texts[bad].tolist())]


def _whole_days(dates: pd.Series, name: str) -> tuple[pd.Series, list[Breach]]:
    times = (dates != dates.dt.normalize()) & dates.notna()
    dates = dates if str(dates.dtype) == "datetime64[us]" else dates.astype("datetime64[us]")
    if not times.any():
        return dates, []
    texts = dates[times].dt.strftime("%Y-%m-%d %H:%M:%S").tolist()
    rule, hint = "expected a date without a time of day", TIMED
    # The day is kept, so that a cell that is named here is not named again where its column is used.
    return dates.dt.normalize(), [Breach(rule, np.flatnonzero(times.to_numpy()), name, hint, texts)]


def _flags(cells: pd.Series, name: str) -> tuple[pd.Series, list[Breach]]:
    if pd.api.types.is_bool_dtype(cells.dtype):
        return cells, []
    if not is_text(cells):
        rule = f"expected true or false, the column holds {cells.dtype}"
        return pd.Series(pd.NA, cells.index, dtype="boolean"), [Breach(rule, column=name, hint=AS_FLAG)]
    if cells.dtype == object and cells.dropna().map(lambda value: isinstance(value, bool | np.bool_)).all():
        return cells.astype("boolean"), []
    texts = cells.astype("str").str.strip().str.lower()
    filled = (texts.notna() & texts.ne("")).to_numpy()
    flags = texts.map(FLAGS).astype("boolean")
    bad = flags.isna().to_numpy() & filled
    found = [Breach("expected true or false", np.flatnonzero(bad), name, "", cells[bad].astype("str").tolist())]
    flags = flags if flags.isna().any() else flags.astype(bool)
    return flags, found if bad.any() else []
