"""A column of a sibling table or lookup. Rows of one key that say different things are named, not chosen from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

import numpy as np
import pandas as pd

from behavior.cells import Breach, is_text, parse
from behavior.columns import shown
from behavior.contracts import Place
from behavior.errors import Fault, SpecFault
from behavior.io.column_terms import Join, Plain, word_of
from behavior.io.extract_cells import column_of, read_times
from behavior.io.mapping_terms import Text

MOST_LINES = 5
FOUND, ROW, THERE = "__found", "__row", "__there"
"""Names on the way, which no extract has."""


class Sibling(Protocol):
    """A table read before, and where its rows came from."""

    @property
    def table(self) -> pd.DataFrame:
        """The rows."""
        ...

    @property
    def place(self) -> Place:
        """Their files and lines."""
        ...

    @property
    def text(self) -> Text:
        """How its numbers are written that are still text."""
        ...


def joined(
    join: Join, otherwise: Plain | None, table: pd.DataFrame, siblings: Mapping[str, Sibling]
) -> tuple[pd.Series, list[Breach]]:
    """The sibling's column at each row's key, empty (or `otherwise`) where it has no such row, and ambiguous keys.

    Raises
    ------
    SpecFault : there is no such sibling, or it has no such column.
    """
    sibling = siblings.get(join.table)
    if sibling is None:
        rule = f"expected a sibling table or lookup; there are {', '.join(siblings) or 'none'}"
        raise SpecFault([Fault("profile", rule, column="join", value=join.table)])
    if not len(sibling.table.columns):
        # What made it unreadable is said already.
        return pd.Series(pd.NA, index=table.index, dtype="str"), []
    pairs = join.on if isinstance(join.on, dict) else {name: name for name in join.on}
    there = sibling.table.reset_index(drop=True)
    left, right = pd.DataFrame(index=table.index), pd.DataFrame(index=there.index)
    breaches: list[Breach] = []
    for mine, theirs in pairs.items():
        left[mine], right[mine], odd = _alike(join, column_of(table, mine), column_of(there, theirs))
        breaches += odd
    keys = list(left.columns)
    # A key that is empty names no row.
    right = right.assign(**{FOUND: column_of(there, join.column)})[right.notna().all(axis=1)]
    breaches += [] if join.take else _ambiguous(join, left, right, sibling.place)
    once = right.drop_duplicates(keys, keep=join.take or "first")
    cells = left.merge(once, "left", keys)[FOUND].set_axis(table.index)
    if otherwise is None:
        return cells, breaches
    cells = parse(cells, "", "text")[0] if isinstance(otherwise, str) else cells
    return cells.where(cells.notna(), word_of(otherwise) if is_text(cells) else otherwise), breaches


def finds_nothing(join: Join, table: pd.DataFrame, siblings: Mapping[str, Sibling]) -> str:
    """In words, that no row finds its key because one of its columns has nothing in common with the sibling's."""
    there = siblings[join.table].table
    if table.empty or there.empty:
        return ""
    pairs = join.on if isinstance(join.on, dict) else {name: name for name in join.on}
    for mine, theirs in pairs.items():
        here, known, _ = _alike(join, column_of(table, mine), column_of(there, theirs))
        if not pd.Index(here.dropna().unique()).isin(known.dropna().unique()).any():
            return f"no `{mine}` is a `{theirs}` of `{join.table}`: `{join.column}` is found for no row"
    return ""


def _alike(join: Join, mine: pd.Series, theirs: pd.Series) -> tuple[pd.Series, pd.Series, list[Breach]]:
    """Keys of a join in one type: dates where one side holds them, else text where they differ; and what is no date."""
    kinds = {_family(mine), _family(theirs)}
    if kinds != {"M", "text"}:
        apart = len(kinds) > 1
        return (parse(mine, "", "text")[0], parse(theirs, "", "text")[0], []) if apart else (mine, theirs, [])
    (left, odd), (right, there) = (read_times(one, str(one.name)) for one in (mine, theirs))
    hint = f"Give `{theirs.name}` of `{join.table}` its `date_format` under that table's `columns`"
    if there:
        value = (there[0].values or [""])[0]
        odd = [*odd, Breach("expected ISO dates in the key of a join", None, str(mine.name), hint, None, value)]
    return left, right, odd


def _family(cells: pd.Series) -> str:
    if is_text(cells) or isinstance(cells.dtype, pd.CategoricalDtype):
        return "text"
    return "numbers" if cells.dtype.kind in "iuf" else cells.dtype.kind


def _ambiguous(join: Join, left: pd.DataFrame, right: pd.DataFrame, place: Place) -> list[Breach]:
    """Keys of the table whose rows of the sibling differ in the column asked for; each at its first row."""
    keys = list(left.columns)
    differ = right.drop_duplicates()
    differ = differ[differ.duplicated(keys, keep=False)]
    first = left.reset_index(drop=True).drop_duplicates(keys).reset_index(names=ROW)
    met = first.merge(differ.reset_index(names=THERE), "inner", keys)
    if met.empty:
        return []
    rows, values = [], []
    for row, group in met.groupby(ROW):
        lines = [_line(place, int(at)) for at in group[THERE]]
        more = f" and {len(lines) - MOST_LINES} more" if len(lines) > MOST_LINES else ""
        key = ", ".join(shown(group[name].iloc[:1])[0] for name in keys)
        rows.append(int(str(row)))
        values.append(f"{key} ({'; '.join(lines[:MOST_LINES])}{more})")
    rule = f"expected one row of `{join.table}` with this key, or rows that agree on `{join.column}`"
    hint = 'Keep one of them, or write `take = "first"` or "last" in the join'
    return [Breach(rule, np.array(rows, dtype=np.int64), " + ".join(keys), hint, values)]


def _line(place: Place, position: int) -> str:
    at = place.fault(Breach(""), position, None)
    return at.where if at.line is None else f"{at.where}, line {at.line}"
