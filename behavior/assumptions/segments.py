"""Segments: which columns divide a book, how bands are cut, and how a position finds its curve."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Band:
    """A band column derived from a numeric column by rising edges; labels read ``0-100000``, ``250000+``."""

    column: str
    edges: tuple[float, ...]


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
