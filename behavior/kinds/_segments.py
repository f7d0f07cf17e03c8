"""Segments of a panel as the specification declares them, in the words that the assumption set uses."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from behavior.assumptions.effects import POOLED
from behavior.assumptions.segments import Band, SegmentScheme, band_of, label_text
from behavior.quantities import AnyArray, BoolArray, IntArray
from behavior.specs import ModelSpec

HISTORY_WORDS = {"rate_type": {"arm": "floating"}}
"""Words of a history that a book, and so a set, has others for."""


def segment_name(segment: Sequence[str]) -> str:
    """Name of a segment: its labels in one text, ``all`` where there are none."""
    return " / ".join(segment) or "all"


def scheme_of(spec: ModelSpec) -> SegmentScheme:
    """The segment scheme of a specification."""
    bands = {name: Band(band.column, band.edges) for name, band in spec.segments.bands.items()}
    return SegmentScheme(spec.segments.by, bands)


def absent_columns(table: pd.DataFrame, spec: ModelSpec) -> dict[str, str]:
    """What is said of segment columns that the history does not have; nothing where it has all."""
    named = [name for name in spec.segments.by if name not in spec.segments.bands]
    absent = [name for name in named if name not in table.columns or table[name].eq(POOLED).all()]
    return {"segment columns that the history does not have, pooled": ", ".join(absent)} if absent else {}


def banded_column(table: pd.DataFrame, band: Band) -> AnyArray:
    """Values that a band is cut from; a book's `balance` is the panel's balance at the month's start."""
    name = "weight" if band.column == "balance" else band.column
    return table[name].to_numpy(dtype=np.float64)


def _coded(table: pd.DataFrame, scheme: SegmentScheme, name: str) -> tuple[IntArray, list[str]]:
    """Codes of a segment column and the words they stand for; what is missing or blank is `pooled`."""
    if name in scheme.bands:
        column = pd.Series(band_of(banded_column(table, scheme.bands[name]), scheme.bands[name]))
    elif name in table.columns:
        column = table[name]
    else:
        return np.zeros(len(table), dtype=np.int64), [POOLED]
    codes, words = pd.factorize(column)
    other = HISTORY_WORDS.get(name, {})
    texts = [other.get(text, text) or POOLED for text in map(label_text, words)]
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
    words = np.asarray([segment_name(one) for one in labels], dtype=object)
    return words[codes]


def curves_wanted(table: pd.DataFrame, spec: ModelSpec) -> list[tuple[tuple[str, ...], BoolArray]]:
    """Segments with a curve of their own and their rows (mask), then the fallbacks that thin segments need.

    A segment below the minimum exposure falls back on its first column with the others pooled, and where that is thin
    too, or there is one column only, on a wholly pooled curve. A fallback that no segment needs is not exported: a
    wholly pooled curve would speak for every position of a book. Rows that do not say to which segment they belong are
    the ones that a fallback speaks of first: where they are enough, it is learned from them and not from those that do.
    """
    scheme = scheme_of(spec)
    count = len(scheme.columns)
    if count == 0:
        return [((), np.ones(len(table), dtype=bool))]
    codes, labels = segment_codes(table, scheme)
    least = spec.segments.minimum_exposure_months
    own: dict[tuple[str, ...], BoolArray] = {}
    fallback: dict[tuple[str, ...], BoolArray] = {}
    first = np.asarray([one[0] for one in labels], dtype=object)[codes]
    for place in sorted(range(len(labels)), key=lambda one: labels[one]):
        mask = codes == place
        if mask.sum() >= least and POOLED not in labels[place]:
            own[labels[place]] = mask
            continue
        wider, key = first == labels[place][0], (labels[place][0], *(POOLED,) * (count - 1))
        if count == 1 or labels[place][0] == POOLED or wider.sum() < least:
            wider, key = np.ones(len(table), dtype=bool), (POOLED,) * count
        if labels[place] == key and mask.sum() >= least:
            fallback[key] = mask
        else:
            fallback.setdefault(key, wider)
    return [*own.items(), *fallback.items()]
