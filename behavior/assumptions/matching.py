"""How a position finds its curve: the most specific match wins, what fits nothing is reported."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from behavior.assumptions.effects import POOLED, Direction, View
from behavior.assumptions.segments import SegmentScheme, band_codes, label_reader, label_text
from behavior.assumptions.set import AssumptionTable
from behavior.errors import Fault, FaultyInput
from behavior.quantities import AnyArray, IntArray

OWN, POOLED_MATCH, NONE = "own", "pooled", "none"
HOW = (OWN, POOLED_MATCH, NONE)


@dataclass(frozen=True)
class SegmentMatch:
    """Which curve each row uses.

    Parameters
    ----------
    curve_index : shape (rows,), place in ``table.curves``, -1 where no curve fits.
    how_code : shape (rows,), place in `HOW`, int8; `how` gives the words.
    labels : label of every curve of the table, by curve index.
    segment_index : shape (rows,), place in `segments` of the row's own segment.
    segments : the rows' own segments as text, also those that no curve has.
    missing_columns : columns of the scheme that the rows do not have; every row was treated as blank there.
    """

    curve_index: AnyArray
    how_code: AnyArray
    labels: tuple[str, ...]
    segment_index: AnyArray
    segments: tuple[str, ...]
    missing_columns: tuple[str, ...] = ()

    @property
    def how(self) -> AnyArray:
        """``own`` (every segment column matched), ``pooled`` (a declared fallback) or ``none``, shape (rows,)."""
        return np.asarray(HOW)[self.how_code]

    @property
    def row_segments(self) -> AnyArray:
        """Own segment of every row as text, shape (rows,)."""
        return np.asarray(self.segments, dtype=object)[self.segment_index]


def select_curves(table: AssumptionTable, view: View | None, direction: Direction | None) -> list[int]:
    """Places of the curves that answer for a view and a direction.

    Where curves carry a view and none is asked for, ``with_redeposits`` answers (contracts, Behaviour). A curve without
    a view speaks for every view; where a segment has a curve of the view asked for as well, that one goes before it.

    Raises
    ------
    FaultyInput : curves differ by direction and none was asked for.
    """
    if direction is None and any(curve.direction is not None for curve in table.curves):
        raise FaultyInput([Fault(table.name, "its curves differ by direction; ask for `up` or `down`")])
    wanted = view or View.WITH_REDEPOSITS
    found = [
        place
        for place, curve in enumerate(table.curves)
        if curve.view in (None, wanted) and curve.direction in (None, direction)
    ]
    return sorted(found, key=lambda place: table.curves[place].view is None)


def match_segments(
    rows: pd.DataFrame, table: AssumptionTable, view: View | None = None, direction: Direction | None = None
) -> SegmentMatch:
    """Find each row's curve: the most specific match wins, `pooled` matches anything, what fits nothing is reported.

    Between matches of equal specificity the one that is specific in the earlier column wins. Blank cells match
    `pooled` alone. Offer only the rows that the table can speak for: a wholly pooled curve fits every row.

    Parameters
    ----------
    rows : any table with the scheme's columns or the columns that its bands are cut from.

    Raises
    ------
    FaultyInput : a segment column is not in `rows` and no curve is pooled there; all such columns are listed.
    """
    chosen = select_curves(table, view, direction)
    columns = [_column_labels(rows, table, name) for name in table.scheme.columns]
    missing = tuple(name for name, found in zip(table.scheme.columns, columns, strict=True) if found is None)
    _refuse_missing(table, missing, chosen)
    count = len(rows)
    key = np.zeros(count, dtype=np.int64)
    words: list[AnyArray] = []
    for found in columns:
        codes, labels = found or (np.zeros(count, dtype=np.int64), np.asarray([""], dtype=object))
        key = key * len(labels) + codes
        words.append(labels)
    segment_index, present = pd.factorize(key)
    own = _labels_of(np.asarray(present, dtype=np.int64), words)
    best = [best_curve(labels, table, chosen) for labels in own]
    place = np.asarray([one[0] for one in best], dtype=np.int32)
    how = np.asarray([HOW.index(one[1]) for one in best], dtype=np.int8)
    index = np.asarray(segment_index, dtype=np.int32)
    return SegmentMatch(
        curve_index=place[index],
        how_code=how[index],
        labels=tuple(curve.label for curve in table.curves),
        segment_index=index,
        segments=tuple(" / ".join(labels) or "all" for labels in own),
        missing_columns=missing,
    )


def _column_labels(rows: pd.DataFrame, table: AssumptionTable, name: str) -> tuple[IntArray, AnyArray] | None:
    """Codes (rows,) and the labels they stand for; None where the column is not there."""
    band = table.scheme.bands.get(name)
    if band is not None and band.column in rows.columns:
        values = pd.to_numeric(rows[band.column], errors="coerce").to_numpy(dtype=np.float64)
        return band_codes(values, band), np.asarray([*band.labels, ""], dtype=object)
    if name not in rows.columns:
        return None
    codes, labels = _codes(rows[name])
    blank = len(labels)
    number = table.scheme.columns.index(name)
    texts = np.asarray([*_as_written(labels, {curve.segment[number] for curve in table.curves}), ""], dtype=object)
    return np.where(codes < 0, np.int32(blank), codes).astype(np.int32), texts


def _codes(cells: pd.Series) -> tuple[AnyArray, AnyArray]:
    """Cells as places in a list of labels, -1 where empty; categories are that already."""
    if isinstance(cells.dtype, pd.CategoricalDtype):
        return cells.cat.codes.to_numpy(), np.asarray(cells.cat.categories, dtype=object)
    codes, labels = pd.factorize(cells)
    return codes, np.asarray(labels, dtype=object)


def _as_written(labels: AnyArray, written: set[str]) -> list[str]:
    """Labels of a column as the set writes them: its 1.0 is the book's 1, its True the book's true."""
    read = label_reader(labels)
    own = {read(word): word for word in written} | {word: word for word in written}
    return [own.get(text, text) for text in map(label_text, labels)]


def _labels_of(keys: IntArray, words: list[AnyArray]) -> list[tuple[str, ...]]:
    parts: list[AnyArray] = []
    for labels in reversed(words):
        keys, code = np.divmod(keys, len(labels))
        parts.append(labels[code])
    return list(zip(*reversed(parts), strict=True)) if parts else [() for _ in keys]


def best_curve(labels: tuple[str, ...], table: AssumptionTable, chosen: list[int]) -> tuple[int, str]:
    """Place of the best curve among those `chosen` (-1: none) and how it was found, for one row's labels."""
    best: tuple[tuple[int, tuple[bool, ...]], int] | None = None
    for place in chosen:
        segment = table.curves[place].segment
        exact = tuple(mine == asked for mine, asked in zip(segment, labels, strict=True))
        if not all(same or mine == POOLED for same, mine in zip(exact, segment, strict=True)):
            continue
        rank = (sum(exact), exact)
        if best is None or rank > best[0]:
            best = (rank, place)
    if best is None:
        return -1, NONE
    return best[1], OWN if best[0][0] == len(labels) else POOLED_MATCH


def _refuse_missing(table: AssumptionTable, missing: tuple[str, ...], chosen: list[int]) -> None:
    faults = [
        Fault(
            table.name,
            "a segment column of this table is not in the rows offered, and none of its curves is `pooled` there",
            column=name,
            hint=_where_from(table.scheme, name),
        )
        for name in missing
        if not any(table.curves[place].segment[table.scheme.columns.index(name)] == POOLED for place in chosen)
    ]
    if faults:
        raise FaultyInput(faults)


def _where_from(scheme: SegmentScheme, name: str) -> str:
    band = scheme.bands.get(name)
    return f"Add `{band.column}`, from which it is cut." if band else f"Add the column `{name}`."
