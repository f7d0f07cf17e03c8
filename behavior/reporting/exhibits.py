"""Exhibits of kinds and checks as blocks of a report."""

from __future__ import annotations

from collections.abc import Iterable

from behavior.kinds.base import Exhibit
from behavior.reporting.charts import draw
from behavior.reporting.document import Figure, Table


def block_of(exhibit: Exhibit) -> Figure | Table:
    """A table as it is, everything else drawn; an empty picture becomes an empty table that says so."""
    if exhibit.form == "table":
        return Table(exhibit.title, exhibit.data, exhibit.note, exhibit.formats)
    if exhibit.data.empty or exhibit.data.shape[1] < 2:
        return Table(exhibit.title, exhibit.data, exhibit.note or "No row to draw.")
    series = ", ".join(str(name) for name in exhibit.data.columns[1:] if not str(name).endswith(("_lower", "_upper")))
    alt = f"{exhibit.title}: {series} by {exhibit.x_label or exhibit.data.columns[0]}, {len(exhibit.data)} points."
    return Figure(exhibit.title, draw(exhibit), alt, exhibit.note)


def blocks_of(exhibits: Iterable[Exhibit]) -> tuple[Figure | Table, ...]:
    """All of them, in order."""
    return tuple(block_of(exhibit) for exhibit in exhibits)
