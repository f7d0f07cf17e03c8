"""Published layouts by name, whole and in batches."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from behavior.contracts import Place
from behavior.errors import Fault, SpecFault
from behavior.io.raw import RawTable
from behavior.io.sources import agency, call_reports, pkdd, series, treasury
from behavior.io.sources.base import Batch, Layout, digest_of
from behavior.panel.base import SourceFile
from behavior.quantities import IntArray

LAYOUTS: Mapping[str, Layout] = {
    layout.name: layout for module in (agency, call_reports, pkdd, series, treasury) for layout in module.LAYOUTS
}


def layout_of(name: str) -> Layout:
    """The layout of that name.

    Raises
    ------
    SpecFault : there is none; the message lists those there are.
    """
    if name not in LAYOUTS:
        rule = f"expected a layout, one of {', '.join(sorted(LAYOUTS))}"
        raise SpecFault([Fault("profile", rule, column="layout", value=name)])
    return LAYOUTS[name]


def batches(name: str, path: Path) -> Iterator[Batch]:
    """A file in a published layout, batch by batch, in the contract's columns."""
    return layout_of(name).read(path)


def read_whole(name: str, path: Path) -> RawTable:
    """All batches of a file under each other; what was dropped is counted in the notes, every file read in the digest.

    Raises
    ------
    FaultyInput : the file is absent, empty or in another layout. Faults of single cells are in the table's `faults`.
    """
    tables: list[pd.DataFrame] = []
    lines: list[IntArray] = []
    faults: list[Fault] = []
    dropped: dict[str, int] = {}
    for batch in batches(name, path):
        tables.append(batch.table)
        lines.append(batch.lines)
        faults += batch.faults
        for reason, count in batch.dropped.items():
            dropped[reason] = dropped.get(reason, 0) + count
    table = pd.concat(tables, ignore_index=True) if tables else pd.DataFrame()
    place = Place(path.name, np.concatenate(lines) if lines else None)
    layout = layout_of(name)
    digest = digest_of(layout.files(path))
    notes = (
        *(f"{path.name}: {count:,} rows {reason} dropped" for reason, count in dropped.items()),
        *(f"{name}: {quirk}" for quirk in layout.quirks),
    )
    return RawTable(table, place, SourceFile(path.name, digest, len(table)), tuple(faults), notes)
