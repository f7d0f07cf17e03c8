"""A table's CSV: segment columns, direction, view, drivers in lower case, month, value, lower, upper, exposure_months.

Numbers are written as Python writes them (``repr``), so that reading gives the same floats back, bit for bit.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

import numpy as np
import pandas as pd

from behavior.assumptions.check import table_faults, value_bound
from behavior.assumptions.curve import LAST_MONTH, AssumptionCurve
from behavior.assumptions.effects import Direction, Driver, View
from behavior.assumptions.set import AssumptionTable
from behavior.errors import Fault, FaultyInput
from behavior.quantities import BoolArray, FloatArray, IntArray

BANDS = ("lower", "upper", "exposure_months")
KEPT_WORDS = ("direction", "view", "month", "value", *BANDS)


def render_table(table: AssumptionTable) -> str:
    """The CSV text of a table, rows in the order of curves, driver grids and months."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(_columns(table))
    for curve in table.curves:
        writer.writerows(_rows(table, curve))
    return buffer.getvalue()


def _columns(table: AssumptionTable) -> list[str]:
    curves = table.curves
    names = list(table.scheme.columns)
    names += ["direction"] if any(curve.direction is not None for curve in curves) else []
    names += ["view"] if any(curve.view is not None for curve in curves) else []
    names += [driver.lower() for driver in table.drivers]
    names += ["month"] if any(len(curve.months) for curve in curves) else []
    names += ["value"]
    return names + [name for name in BANDS if any(_is_known(getattr(curve, name)) for curve in curves)]


def _is_known(array: FloatArray | None) -> bool:
    return array is not None and not np.isnan(array).all()


def _rows(table: AssumptionTable, curve: AssumptionCurve) -> Iterator[list[str]]:
    present = _columns(table)
    head = list(curve.segment)
    head += [str(curve.direction or "")] if "direction" in present else []
    head += [str(curve.view or "")] if "view" in present else []
    grids = [[repr(float(node)) for node in grid] for grid in curve.driver_grids.values()]
    if "month" in present:
        grids.append([str(int(month)) for month in curve.months] or [""])
    places = np.meshgrid(*(np.arange(len(grid)) for grid in grids), indexing="ij") if grids else []
    axes = [[grid[place] for place in index.ravel()] for grid, index in zip(grids, places, strict=True)]
    cells = [_texts(curve.values)]
    cells += [_texts(getattr(curve, name), int(np.size(curve.values))) for name in BANDS if name in present]
    for row in zip(*axes, *cells, strict=True):
        yield [*head, *row]


def _texts(array: FloatArray | None, size: int = 0) -> list[str]:
    if array is None:
        return [""] * size
    return ["" if value != value else repr(value) for value in np.asarray(array, dtype=np.float64).ravel().tolist()]


def parse_table(text: str, heading: AssumptionTable, where: str, view: View | None = None) -> AssumptionTable:
    """Read a table's CSV text.

    Parameters
    ----------
    heading : the table as the manifest describes it, without curves. where : file name for messages.
    view : the view of every curve where the file has no `view` column, or a blank one; where it has words in it, a
        blank cell says that the curve speaks for every view.

    Raises
    ------
    FaultyInput : every fault with line, column and value.
    """
    faults: list[Fault] = []
    table, lines = read_rows(text, where, faults)
    whole = not faults
    needed = [*heading.scheme.columns, *(driver.lower() for driver in heading.drivers), "value"]
    missing = header_faults(table, needed, where)
    if missing:
        raise FaultyInput([*faults, *missing])
    curves, wrong = curves_of(table, heading, where, lines, view, whole)
    found = replace(heading, curves=tuple(curves))
    faults = [*faults, *wrong] or table_faults(found, where)
    if faults:
        raise FaultyInput(faults)
    return found


def read_rows(text: str, where: str, faults: list[Fault]) -> tuple[pd.DataFrame, IntArray]:
    """Comma-separated text as a table of texts, and the line of each row; blank lines are left out.

    Rows with another number of fields than the header are left out too, and each is added to `faults`.

    Raises
    ------
    FaultyInput : no header, or text that is not separated by commas.
    """
    reader = csv.reader(io.StringIO(text.removeprefix("\ufeff")))
    rows: list[list[str]] = []
    lines: list[int] = []
    try:
        header = next(reader, None)
        records = [(reader.line_num, row) for row in reader]
    except csv.Error as error:
        raise FaultyInput([Fault(where, f"expected comma-separated text ({error})", reader.line_num)]) from error
    if not header:
        raise FaultyInput([Fault(where, "expected a header and comma-separated rows; the file is empty")])
    _refuse_other_separators(header, where)
    for line, row in records:
        if not row:
            continue
        if len(row) != len(header):
            rule = f"expected {len(header)} comma-separated fields as in the header, found {len(row)}"
            faults.append(Fault(where, rule, line=line, hint="No thousands separators, no semicolons."))
            continue
        rows.append(row)
        lines.append(line)
    return pd.DataFrame(rows, columns=header, dtype=object), np.asarray(lines, dtype=np.int64)


def _refuse_other_separators(header: list[str], where: str) -> None:
    for sign, words in ((";", "semicolons"), ("\t", "tabs")):
        if len(header) == 1 and sign in header[0]:
            rule = f"expected commas between the fields; this file is separated by {words}"
            hint = "Save it as CSV with commas between fields and a point in decimals."
            raise FaultyInput([Fault(where, rule, line=1, hint=hint)])


def header_faults(table: pd.DataFrame, needed: Iterable[str], where: str) -> list[Fault]:
    """Columns that are needed and not there, and those that are there twice."""
    there = ", ".join(str(name) for name in table.columns)
    faults = [
        Fault(where, f"expected this column; there are {there}", line=1, column=name)
        for name in needed
        if name not in table.columns
    ]
    doubled = dict.fromkeys(str(name) for name in table.columns[table.columns.duplicated()])
    return faults + [Fault(where, "expected each column once", line=1, column=name) for name in doubled]


def curves_of(
    table: pd.DataFrame,
    heading: AssumptionTable,
    where: str,
    lines: IntArray,
    view: View | None = None,
    whole: bool = True,
) -> tuple[list[AssumptionCurve], list[Fault]]:
    """Curves of a table of texts with a heading's columns, and every fault.

    Parameters
    ----------
    lines : line number of each row. view : as in `parse_table`.
    whole : false where faulty rows were left out: cells are judged, and no curve is made of what is left.
    """
    faults: list[Fault] = []
    if "view" in table.columns and (table["view"] == "").all():
        table = table.drop(columns="view")
    drivers = [driver.lower() for driver in heading.drivers]
    numbers = {
        name: _numbers(table[name], name, where, lines, faults, blank=name not in (*drivers, "value"))
        for name in (*drivers, "month", "value", *BANDS)
        if name in table.columns
    }
    top, rule = value_bound(heading.quantity)
    for name in ("value", "lower", "upper"):
        if name in numbers:
            bad = ((numbers[name] < 0.0) | (numbers[name] > top)) & np.isfinite(numbers[name])
            faults += _cell_faults(bad, table[name], name, f"expected {rule}", where, lines)
    if "month" in numbers:
        month = numbers["month"]
        bad = ~((month >= 1) & (month <= LAST_MONTH) & (month == np.floor(month))) & np.isfinite(month)
        rule = f"expected a whole month from 1 to {LAST_MONTH}"
        faults += _cell_faults(bad, table["month"], "month", rule, where, lines)
    names = [*heading.scheme.columns, *(word for word in ("direction", "view") if word in table.columns)]
    faults += _word_faults(table, heading.scheme.columns, where, lines)
    if faults or not whole:
        return [], faults
    curves: list[AssumptionCurve] = []
    for rows in _groups(table, names):
        curves += _curve(table, heading, numbers, rows, view, where, lines, faults)
    return curves, faults


def _numbers(column: pd.Series, name: str, where: str, lines: IntArray, faults: list[Fault], blank: bool) -> FloatArray:
    texts = column.to_numpy(dtype=object)
    try:
        found = np.where(texts == "", "nan", texts).astype(np.float64)
    except ValueError:
        found = np.asarray([_number(text) if text else np.nan for text in texts], dtype=np.float64)
    bad = ~np.isfinite(found)
    if blank:
        bad &= texts != ""
    rule = "expected a number with a decimal point" + (" or blank" if blank else "")
    faults += _cell_faults(bad, column, name, rule, where, lines)
    return found


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return np.nan


def _cell_faults(bad: BoolArray, column: pd.Series, name: str, rule: str, where: str, lines: IntArray) -> list[Fault]:
    texts = column.to_numpy(dtype=object)
    return [Fault(where, rule, line=int(lines[row]), column=name, value=str(texts[row])) for row in np.flatnonzero(bad)]


def _word_faults(table: pd.DataFrame, segments: Iterable[str], where: str, lines: IntArray) -> list[Fault]:
    faults: list[Fault] = []
    for name in segments:
        bad = (table[name] == "").to_numpy(dtype=np.bool_)
        faults += _cell_faults(bad, table[name], name, "expected a label; write `pooled` for a fallback", where, lines)
    words: Mapping[str, type[Direction] | type[View]] = {"direction": Direction, "view": View}
    for name, kind in words.items():
        if name in table.columns:
            allowed = [str(word) for word in kind]
            bad = (~table[name].isin([*allowed, ""])).to_numpy(dtype=np.bool_)
            faults += _cell_faults(bad, table[name], name, f"expected {' or '.join(allowed)}", where, lines)
    return faults


def _groups(table: pd.DataFrame, names: list[str]) -> list[IntArray]:
    """Rows of each curve, curves in the order of their first row."""
    if not names:
        return [np.arange(len(table))] if len(table) else []
    codes = table.groupby(names, sort=False).ngroup().to_numpy(dtype=np.int64)
    order = np.argsort(codes, kind="stable")
    return (
        [np.asarray(part) for part in np.split(order, np.flatnonzero(np.diff(codes[order])) + 1)] if len(table) else []
    )


def _curve(
    table: pd.DataFrame,
    heading: AssumptionTable,
    numbers: Mapping[str, FloatArray],
    rows: IntArray,
    view: View | None,
    where: str,
    lines: IntArray,
    faults: list[Fault],
) -> list[AssumptionCurve]:
    first = int(rows[0])
    segment = tuple(str(table[name].iloc[first]) for name in heading.scheme.columns)
    grids: dict[Driver, FloatArray] = {driver: np.unique(numbers[driver.lower()][rows]) for driver in heading.drivers}
    has_months = "month" in numbers and not np.isnan(numbers["month"][rows]).all()
    months = np.unique(numbers["month"][rows]) if has_months else np.empty(0)
    axes = [*grids.values(), *([months] if has_months else [])]
    points = [numbers[driver.lower()][rows] for driver in heading.drivers] + (
        [numbers["month"][rows]] if has_months else []
    )
    shape = tuple(len(axis) for axis in axes)
    cell = np.zeros(len(rows), dtype=np.int64)
    for axis, point in zip(axes, points, strict=True):
        cell = cell * len(axis) + np.searchsorted(axis, point)
    wrong = _grid_faults(cell, axes, rows, segment, where, lines)
    if wrong:
        faults += wrong
        return []

    def spread(name: str) -> FloatArray | None:
        if name not in numbers or np.isnan(numbers[name][rows]).all():
            return None
        array = np.full(int(np.prod(shape)), np.nan)
        array[cell] = numbers[name][rows]
        return array.reshape(shape)

    values = spread("value")
    direction = str(table["direction"].iloc[first]) if "direction" in table.columns else ""
    own_view = str(table["view"].iloc[first]) if "view" in table.columns else (view or "")
    return [
        AssumptionCurve(
            segment=segment,
            months=months.astype(np.int64),
            driver_grids=grids,
            values=np.full(shape, np.nan) if values is None else values,
            direction=Direction(direction) if direction else None,
            view=View(own_view) if own_view else None,
            lower=spread("lower"),
            upper=spread("upper"),
            exposure_months=spread("exposure_months"),
        )
    ]


def _grid_faults(
    cell: IntArray, axes: list[FloatArray], rows: IntArray, segment: tuple[str, ...], where: str, lines: IntArray
) -> list[Fault]:
    """Cells given twice, and cells of the rectangular grid that are not there."""
    label = " / ".join(segment) or "all"
    _, first = np.unique(cell, return_index=True)
    again = np.setdiff1d(np.arange(len(cell)), first)
    faults = [
        Fault(where, f"segment {label}: this cell of the grid was given before", line=int(lines[rows[place]]))
        for place in again
    ]
    size = int(np.prod([len(axis) for axis in axes])) if axes else 1
    absent = np.setdiff1d(np.arange(size), cell)
    if len(absent):
        at = np.unravel_index(int(absent[0]), [len(axis) for axis in axes])
        point = ", ".join(f"{axis[place]:g}" for axis, place in zip(axes, at, strict=True))
        faults.append(
            Fault(
                where,
                f"segment {label}: {len(absent)} of {size} cells of the grid are missing, the first at ({point}) "
                "of its drivers and month; expected every combination",
            )
        )
    return faults
