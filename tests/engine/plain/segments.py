"""The curve of a row's segment: bands by their edges, the most specific label, `pooled` for anything."""

from __future__ import annotations

from bisect import bisect_right
from typing import Any

POOLED = "pooled"


def band_words(edges: list[float]) -> list[str]:
    """Labels of bands from low to high: ``0-100000``, ``100000-250000``, ``250000+``."""
    words = [str(int(edge)) if float(edge).is_integer() else repr(float(edge)) for edge in edges]
    lows = ["0", *words]
    return [f"{low}-{high}" for low, high in zip(lows, words, strict=False)] + [f"{words[-1]}+"]


def word_of(cells: dict[str, Any], scheme: Any, column: str) -> str | None:
    """A row's own label in a segment column; None where it has none."""
    band = scheme.bands.get(column)
    value = cells.get(column if band is None else band.column)
    if value is None or value != value:
        return None
    if band is not None:
        return band_words(list(band.edges))[bisect_right(list(band.edges), float(value))]
    if isinstance(value, bool):
        return str(value).lower()
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def curve_of(cells: dict[str, Any], table: Any, **wanted: Any) -> Any:
    """The curve of a row's segment: the most specific label, then the one specific in the earlier column."""
    own = [word_of(cells, table.scheme, column) for column in table.scheme.columns]
    best, score = None, (-1, [False])
    for curve in table.curves:
        if any(getattr(curve, name) != value for name, value in wanted.items()):
            continue
        named = [label != POOLED for label in curve.segment]
        fits = all(label in (POOLED, word) for label, word in zip(curve.segment, own, strict=True))
        if fits and (sum(named), named) > score:
            best, score = curve, (sum(named), named)
    return best
