"""Segments of a panel as the specification declares them, in the words that the assumption set uses."""

from __future__ import annotations

import numpy as np
import pandas as pd

from behavior.assumptions.effects import POOLED
from behavior.assumptions.segments import Band, SegmentScheme, band_of
from behavior.quantities import AnyArray
from behavior.specs import ModelSpec


def scheme_of(spec: ModelSpec) -> SegmentScheme:
    """The segment scheme of a specification."""
    bands = {name: Band(band.column, band.edges) for name, band in spec.segments.bands.items()}
    return SegmentScheme(spec.segments.by, bands)


def banded_column(table: pd.DataFrame, band: Band) -> AnyArray:
    """Values that a band is cut from; a book's `balance` is the panel's balance at the month's start."""
    name = "weight" if band.column == "balance" else band.column
    return table[name].to_numpy(dtype=np.float64)


def labels_of(table: pd.DataFrame, scheme: SegmentScheme) -> pd.DataFrame:
    """One text column a segment column of the scheme, one row a panel row; what is missing or blank is `pooled`."""
    found: dict[str, AnyArray] = {}
    for name in scheme.columns:
        if name in scheme.bands:
            found[name] = band_of(banded_column(table, scheme.bands[name]), scheme.bands[name])
        elif name in table.columns:
            text = table[name].astype(object).where(table[name].notna(), POOLED).astype(str)
            found[name] = text.where(text != "", POOLED).to_numpy(dtype=object)
        else:
            found[name] = np.full(len(table), POOLED, dtype=object)
    return pd.DataFrame(found, index=table.index)


def segment_text(table: pd.DataFrame, scheme: SegmentScheme) -> AnyArray:
    """Segment of each row as one text, ``all`` where the scheme has no columns; shape (rows,)."""
    labels = labels_of(table, scheme)
    if labels.shape[1] == 0:
        return np.full(len(table), "all", dtype=object)
    codes = np.zeros(len(table), dtype=np.int64)
    for name in labels.columns:
        own, words = pd.factorize(labels[name])
        codes = codes * len(words) + own
    place, first = np.unique(codes, return_index=True)
    words_of = [" / ".join(labels.iloc[row]) for row in first]
    return np.asarray(words_of, dtype=object)[np.searchsorted(place, codes)]


def curves_wanted(table: pd.DataFrame, spec: ModelSpec) -> list[tuple[tuple[str, ...], AnyArray]]:
    """Segments with a curve of their own and their rows (mask), and last the pooled fallback with all rows."""
    scheme = scheme_of(spec)
    count = len(scheme.columns)
    everything = np.ones(len(table), dtype=bool)
    if count == 0:
        return [((), everything)]
    labels = labels_of(table, scheme)
    text = segment_text(table, scheme)
    found: list[tuple[tuple[str, ...], AnyArray]] = []
    for one in sorted(set(text)):
        mask = text == one
        segment = tuple(str(word) for word in labels[mask].iloc[0])
        if mask.sum() >= spec.segments.minimum_exposure_months and POOLED not in segment:
            found.append((segment, mask))
    return [*found, ((POOLED,) * count, everything)]
