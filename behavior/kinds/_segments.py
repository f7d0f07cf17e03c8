"""Segments of a panel as the specification declares them, in the words that the assumption set uses."""

from __future__ import annotations

import numpy as np
import pandas as pd

from behavior.assumptions.effects import POOLED
from behavior.assumptions.segments import Band, SegmentScheme, band_of
from behavior.quantities import AnyArray, IntArray
from behavior.specs import ModelSpec


def scheme_of(spec: ModelSpec) -> SegmentScheme:
    """The segment scheme of a specification."""
    bands = {name: Band(band.column, band.edges) for name, band in spec.segments.bands.items()}
    return SegmentScheme(spec.segments.by, bands)


def banded_column(table: pd.DataFrame, band: Band) -> AnyArray:
    """Values that a band is cut from; a book's `balance` is the panel's balance at the month's start."""
    name = "weight" if band.column == "balance" else band.column
    return table[name].to_numpy(dtype=np.float64)


def _coded(table: pd.DataFrame, scheme: SegmentScheme, name: str) -> tuple[IntArray, list[str]]:
    """Codes of a segment column and the words they stand for; what is missing or blank is `pooled`."""
    if name in scheme.bands:
        codes, words = pd.factorize(band_of(banded_column(table, scheme.bands[name]), scheme.bands[name]))
    elif name in table.columns:
        codes, words = pd.factorize(table[name])
    else:
        return np.zeros(len(table), dtype=np.int64), [POOLED]
    texts = [str(word) or POOLED for word in words]
    return np.where(codes < 0, len(texts), codes).astype(np.int64), [*texts, POOLED]


def segment_codes(table: pd.DataFrame, scheme: SegmentScheme) -> tuple[IntArray, list[tuple[str, ...]]]:
    """Code of each row's segment, shape (rows,), and the segments' labels in the order of the codes."""
    key = np.zeros(len(table), dtype=np.int64)
    columns: list[list[str]] = []
    for name in scheme.columns:
        codes, words = _coded(table, scheme, name)
        key = key * len(words) + codes
        columns.append(words)
    codes, present = pd.factorize(key)
    labels: list[tuple[str, ...]] = []
    for one in present:
        parts: list[str] = []
        rest = int(one)
        for words in reversed(columns):
            rest, place = divmod(rest, len(words))
            parts.append(words[place])
        labels.append(tuple(reversed(parts)))
    return codes.astype(np.int64), labels


def segment_text(table: pd.DataFrame, scheme: SegmentScheme) -> AnyArray:
    """Segment of each row as one text, ``all`` where the scheme has no columns; shape (rows,)."""
    codes, labels = segment_codes(table, scheme)
    words = np.asarray([" / ".join(one) or "all" for one in labels], dtype=object)
    return words[codes]


def curves_wanted(table: pd.DataFrame, spec: ModelSpec) -> list[tuple[tuple[str, ...], AnyArray]]:
    """Segments with a curve of their own and their rows (mask), and last the pooled fallback with all rows."""
    scheme = scheme_of(spec)
    count = len(scheme.columns)
    everything = np.ones(len(table), dtype=bool)
    if count == 0:
        return [((), everything)]
    codes, labels = segment_codes(table, scheme)
    found: list[tuple[tuple[str, ...], AnyArray]] = []
    for place in sorted(range(len(labels)), key=lambda one: labels[one]):
        mask = codes == place
        if mask.sum() >= spec.segments.minimum_exposure_months and POOLED not in labels[place]:
            found.append((labels[place], mask))
    return [*found, ((POOLED,) * count, everything)]
