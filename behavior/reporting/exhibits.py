"""Exhibits of kinds and checks as blocks of a report."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd

from behavior.kinds.base import Exhibit
from behavior.reporting.charts import draw
from behavior.reporting.document import Block, Blocks, Figure, Table
from behavior.reporting.tables import cells

MOST_SPOKEN = 8
"""Values of a series that are all said."""


def block_of(exhibit: Exhibit) -> Block:
    """A table as it is, everything else drawn; an empty picture becomes an empty table that says so."""
    if exhibit.form == "table":
        said = ("No row to show." if exhibit.data.empty else "", exhibit.note)
        return Table(exhibit.title, exhibit.data, " ".join(one for one in said if one), exhibit.formats)
    if exhibit.data.empty or exhibit.data.shape[1] < 2:
        return Table(exhibit.title, exhibit.data, exhibit.note or "No row to draw.")
    return Figure(exhibit.title, draw(exhibit), in_words(exhibit), exhibit.note)


def in_words(exhibit: Exhibit) -> str:
    """A picture for those who cannot see it: what by what, and of each series the figures that its shape shows."""
    data = exhibit.data
    series = [str(name) for name in data.columns[1:] if not str(name).endswith(("_lower", "_upper"))]
    head = f"{exhibit.title}: {', '.join(series)} by {exhibit.x_label or data.columns[0]}, {len(data)} points."
    if exhibit.form not in ("lines", "bars"):
        return head
    unit = f" In {exhibit.y_label}." if exhibit.y_label else ""
    return f"{head}{unit} {' '.join(f'{name}: {_shape(data, name)}.' for name in series)}"


def _shape(data: pd.DataFrame, name: str) -> str:
    """Every value of a few; of many the first, the last, the lowest and the highest, each with its place."""
    known = data[[data.columns[0], name]].dropna()
    if known.empty:
        return "nothing known"
    values = known[name].to_numpy()
    every = len(known) <= MOST_SPOKEN
    marked = {"first": 0, "last": len(known) - 1, "lowest": int(values.argmin()), "highest": int(values.argmax())}
    said = [f"{value} at {place}" for place, value in cells(known, {})]
    return ", ".join(said) if every else ", ".join(f"{mark} {said[place]}" for mark, place in marked.items())


def blocks_of(exhibits: Iterable[Exhibit]) -> Blocks:
    """All of them, in order."""
    return tuple(block_of(exhibit) for exhibit in exhibits)
