"""Rows as a table of text that keeps to the terminal's width: words are wrapped, numbers and names never cut."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from textwrap import wrap
from typing import Any

MARGIN, BETWEEN = "  ", "  "
PART = "_ "
"""A column's name is words with underscores; this one may be broken, where numbers alone are wider than the line."""
AMOUNT = 100.0
"""From here on a number is read as an amount, with two decimals; below it as a rate or share, with four."""
DECIMALS = {"seconds": 1}
"""Decimals of columns that people read at a glance."""


def table_lines(rows: Sequence[Mapping[Any, object]], width: int) -> list[str]:
    """Lines of a table, columns in the first row's order; numbers are right-aligned.

    Parameters
    ----------
    width : of the terminal, in characters. Cells of several words share what numbers, names and paths leave of it;
        where these alone are wider, column names are broken at underscores, and what is wider even then stays whole.
    """
    if not rows:
        return [MARGIN + "(none)"]
    right = [all(isinstance(row.get(name), (int, float, type(None))) for row in rows) for name in rows[0]]
    columns = [_column(str(name), [row.get(name) for row in rows]) for name in rows[0]]
    room = width - len(MARGIN) - len(BETWEEN) * (len(columns) - 1)
    if sum(map(_least, columns)) > room:
        columns = [[name.replace("_", PART), *cells] for name, *cells in columns]
    widths = _widths(columns, room)
    head, *body = (_row(cells, widths) for cells in zip(*columns, strict=True))
    head = [[line.replace(PART, "_") for line in cell] for cell in head]
    lines = [_line(parts, widths, right) for parts in _side_by_side(head, bottom=True)]
    lines.append(MARGIN + BETWEEN.join("-" * one for one in widths))
    return lines + [_line(parts, widths, right) for row in body for parts in _side_by_side(row)]


def spaced(rows: Sequence[Mapping[str, object]]) -> list[dict[str, object]]:
    """Rows under headings for people: words where a machine's keys have underscores."""
    return [{name.replace("_", " "): value for name, value in row.items()} for row in rows]


def _widths(columns: Sequence[Sequence[str]], room: int) -> list[int]:
    """Widths that fill the room: the widest columns give way first, none below its longest word."""
    least = [_least(column) for column in columns]
    full = [max(map(len, column)) for column in columns]
    widths = full
    for cap in range(max(full), 0, -1):
        if sum(widths) <= room or widths == least:
            break
        widths = [max(low, min(whole, cap)) for low, whole in zip(least, full, strict=True)]
    return widths


def _row(cells: Sequence[str], widths: Sequence[int]) -> list[list[str]]:
    """Cells as lines of their columns' widths."""
    return [_wrapped(text, width) for text, width in zip(cells, widths, strict=True)]


def _side_by_side(cells: Sequence[list[str]], bottom: bool = False) -> Iterator[tuple[str, ...]]:
    """Lines of a row whose cells have several: they start at its top, or end at its bottom."""
    height = max(map(len, cells))
    blanks = [[""] * (height - len(cell)) for cell in cells]
    return zip(*(gap + cell if bottom else cell + gap for cell, gap in zip(cells, blanks, strict=True)), strict=True)


def _line(parts: Sequence[str], widths: Sequence[int], right: Sequence[bool]) -> str:
    padded = (text.rjust(w) if r else text.ljust(w) for text, w, r in zip(parts, widths, right, strict=True))
    return (MARGIN + BETWEEN.join(padded)).rstrip()


def _wrapped(text: str, width: int) -> list[str]:
    if len(text) <= width:
        return [text]
    return wrap(text, width, break_long_words=False, break_on_hyphens=False) or [""]


def _least(column: Sequence[str]) -> int:
    """The least width of a column: that of its longest word."""
    return max(map(_longest_word, column))


def _longest_word(text: str) -> int:
    return max(map(len, text.split()), default=0)


def _column(name: str, values: Sequence[object]) -> list[str]:
    """A column's name and cells; nothing among amounts is written as an amount."""
    amounts = any(isinstance(value, float) and abs(value) >= AMOUNT for value in values)
    return [
        name,
        *(
            f"{0:.2f}" if amounts and isinstance(value, float) and value == 0.0 else _cell(name, value)
            for value in values
        ),
    ]


def _cell(name: str, value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        if value != value:
            return ""
        return f"{value:,.{DECIMALS.get(name, 2 if abs(value) >= AMOUNT else 4)}f}"
    if isinstance(value, int):
        return f"{value:,}"
    return str(value)
