"""Segments: which columns divide a book, and how bands are cut."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np

from behavior.quantities import AnyArray, FloatArray, IntArray


@dataclass(frozen=True)
class Band:
    """A band column derived from a numeric column by rising edges; labels read ``0-100000``, ``250000+``.

    An edge belongs to the band above it: with edges 100000 and 250000 a balance of exactly 100000 is in
    ``100000-250000`` and one of exactly 250000 in ``250000+``.
    """

    column: str
    edges: tuple[float, ...]

    @property
    def labels(self) -> tuple[str, ...]:
        """Labels from low to high, one more than there are edges."""
        return band_labels(self.edges)


@dataclass(frozen=True)
class SegmentScheme:
    """The columns that divide a table's curves.

    Parameters
    ----------
    columns : segment column names in order; each is a column of the book or a band of `bands`.
    bands : band name -> the column and edges it is derived from.
    """

    columns: tuple[str, ...]
    bands: Mapping[str, Band] = field(default_factory=dict)


def band_labels(edges: tuple[float, ...]) -> tuple[str, ...]:
    """Labels of the bands that rising edges cut: ``0-100000``, ``100000-250000``, ``250000+``.

    The first band holds everything below the first edge; where that edge is zero or negative it is ``below <edge>``.
    """
    words = [edge_text(edge) for edge in edges]
    first = f"0-{words[0]}" if edges[0] > 0 else f"below {words[0]}"
    return (first, *(f"{low}-{high}" for low, high in pairwise(words)), f"{words[-1]}+")


def edge_text(edge: float) -> str:
    """An edge as labels write it: a whole number without a decimal point."""
    return str(int(edge)) if float(edge).is_integer() else repr(float(edge))


def band_of(values: FloatArray, band: Band) -> AnyArray:
    """Band label of each value, shape (rows,); blank where the value is not a number."""
    labels = np.asarray([*band.labels, ""], dtype=object)
    return np.asarray(labels[band_codes(values, band)])


def band_codes(values: FloatArray, band: Band) -> IntArray:
    """Place of each value among the band's labels, shape (rows,); one past the last where it is not a number."""
    codes = np.searchsorted(np.asarray(band.edges, dtype=np.float64), values, side="right")
    return np.where(np.isnan(values), len(band.edges) + 1, codes).astype(np.int64)


def label_text(label: object) -> str:
    """A label as a set's CSV writes it: whole numbers without a decimal point, flags in lower case, days as ISO."""
    if isinstance(label, bool | np.bool_):
        return str(bool(label)).lower()
    if isinstance(label, float | np.floating):
        return edge_text(float(label))
    if isinstance(label, dt.datetime) and label.time() == dt.time.min:
        return label.date().isoformat()
    return str(label)


def label_reader(labels: AnyArray) -> Callable[[str], str]:
    """How a set's label is read beside a column of these: a number beside numbers, flag beside flags, else as is."""
    if len(labels) and all(isinstance(label, bool | np.bool_) for label in labels):
        return str.lower
    if len(labels) and all(isinstance(label, int | float | np.number) for label in labels):
        return _number_text
    return str


def _number_text(label: str) -> str:
    """A label as numbers are written; words and codes with leading zeros as they are."""
    try:
        number = float(label)
    except ValueError:
        return label
    coded = label.lstrip("+-").startswith("0") and label.lstrip("+-")[1:2].isdigit()
    return label if coded or not np.isfinite(number) else edge_text(number)
