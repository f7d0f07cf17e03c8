"""Which segments a history of mortgages is divided into: those that the specification names, else what its rates say.

A specification names columns of the bank (``product``). Where a history has none of them, the columns of the contract
that say how a rate is fixed divide it instead (`segments_otherwise` of the options), if they tell loans apart.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from behavior.assumptions.curve import AssumptionCurve
from behavior.assumptions.effects import POOLED
from behavior.assumptions.segments import SegmentScheme
from behavior.kinds._segments import HISTORY_WORDS, curves_wanted, scheme_of, segment_codes
from behavior.quantities import BoolArray
from behavior.specs import ModelSpec

SIDE, ASSET = "side", "asset"
OTHERWISE, OTHERWISE_MONTHS = "segments_otherwise", "segments_otherwise_months"
TERMS = "rate_terms"


@dataclass(frozen=True)
class FoundSegments:
    """The specification with the segments that a history has, and why, in words; none where it has what was named."""

    spec: ModelSpec
    words: str = ""


def otherwise_of(spec: ModelSpec) -> tuple[str, ...]:
    """Columns that divide a history which has none of the segment columns."""
    return tuple(spec.options.get(OTHERWISE, ()))


def by_rate(spec: ModelSpec) -> bool:
    """Whether the segments are those of `segments_otherwise`."""
    return bool(spec.segments.by) and set(spec.segments.by) <= set(otherwise_of(spec))


def months_by_rate(spec: ModelSpec) -> float:
    """Loan-months below which a segment by rate has no curve of its own; the minimum exposure where none are named."""
    return float(spec.options.get(OTHERWISE_MONTHS, spec.segments.minimum_exposure_months))


def divided_by(spec: ModelSpec, columns: tuple[str, ...]) -> ModelSpec:
    """The specification with other segment columns."""
    return spec.model_copy(update={"segments": spec.segments.model_copy(update={"by": columns})})


def segments_found(spec: ModelSpec, table: pd.DataFrame) -> FoundSegments:
    """The segments of a panel: by the columns named, else by those of the options, else pooled.

    Loans are told apart where those outside the largest segment have the exposure that a curve by rate needs.
    """
    named, bands = spec.segments.by, spec.segments.bands
    present = tuple(name for name in otherwise_of(spec) if name in table.columns)
    if any(name in bands or name in table.columns for name in named) or not present:
        return FoundSegments(spec)
    found = divided_by(spec, present)
    codes, labels = segment_codes(table, scheme_of(found))
    lacks = f"the history has no {' and no '.join(named)}, " if named else ""
    others = len(table) - int(np.bincount(codes, minlength=1).max())
    if others < max(months_by_rate(spec), 1.0):
        return FoundSegments(spec, f"{lacks}and {' and '.join(present)} tell too few loans apart: all are pooled")
    own = sorted({" / ".join(one) for one in labels})
    return FoundSegments(found, f"{lacks}so that {' and '.join(present)} divide it: {'; '.join(own)}")


def curves_by_rate(table: pd.DataFrame, spec: ModelSpec) -> list[tuple[tuple[str, ...], BoolArray]]:
    """Segments with a curve of their own and their rows (mask), then those of each first column, then all.

    A book need not carry the later columns, which are none of its contract's: it finds the wider curves.
    """
    scheme, least = scheme_of(spec), months_by_rate(spec)
    codes, labels = segment_codes(table, scheme)
    everywhere = np.ones(len(table), dtype=bool)
    if len(scheme.columns) == 1:
        own = [one for one in curves_wanted(table, spec) if POOLED not in one[0] and one[1].sum() >= least]
        return [*own, ((POOLED,), everywhere)]
    rest = (POOLED,) * (len(scheme.columns) - 1)
    narrow, wide = [], []
    for kind in sorted({one[0] for one in labels} - {POOLED}):
        mine = [place for place, one in enumerate(labels) if one[0] == kind]
        mask = np.isin(codes, mine)
        if mask.sum() < least:
            continue
        wide.append(((kind, *rest), mask))
        if len(mine) > 1:
            parts = [(labels[place], codes == place) for place in sorted(mine, key=lambda one: labels[one])]
            narrow += [one for one in parts if POOLED not in one[0] and one[1].sum() >= least]
    return [*narrow, *wide, ((POOLED, *rest), everywhere)]


def read_by(found: ModelSpec, named: ModelSpec, table: pd.DataFrame) -> ModelSpec:
    """The specification that features are read by: segments by rate are told by one feature of all their columns."""
    if not by_rate(found):
        return found
    use = [name for name in found.features.use if name in table.columns or name not in named.segments.by]
    features = found.features.model_copy(update={"use": tuple(dict.fromkeys((*use, TERMS)))})
    return divided_by(found.model_copy(update={"features": features}), ())


def of_assets(
    scheme: SegmentScheme, curves: tuple[AssumptionCurve, ...]
) -> tuple[SegmentScheme, tuple[AssumptionCurve, ...]]:
    """Scheme and curves that name the side as well: how a rate is fixed does not tell a loan from a deposit."""
    wider = SegmentScheme((SIDE, *scheme.columns), scheme.bands)
    return wider, tuple(replace(one, segment=(ASSET, *one.segment)) for one in curves)


def as_in_a_book(table: pd.DataFrame) -> pd.DataFrame:
    """A panel's columns by the names and in the words that a book has for them."""
    side = pd.Categorical.from_codes(np.zeros(len(table), dtype=np.int8), pd.Index([ASSET]))
    rows = table.rename(columns={"weight": "balance"}).assign(**{SIDE: side})
    for name, words in HISTORY_WORDS.items():
        if name in rows.columns:
            rows[name] = rows[name].astype("category").cat.rename_categories(dict(words))
    return rows
