"""What a feature is: a column as it is, or a function whose name is the column and whose arguments are its inputs."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from behavior.errors import Fault, SpecFault
from behavior.months import month_number_or_nan
from behavior.panel.base import Panel
from behavior.quantities import AnyArray, FloatArray


def as_it_is(values: AnyArray) -> AnyArray:
    """The input itself."""
    return values


@dataclass(frozen=True)
class Feature:
    """One column of the matrix.

    Parameters
    ----------
    inputs : panel columns that the function takes, in order; all known before the month at risk begins.
    unit : unit in words.
    expected_sign : +1, -1 or 0: direction of the effect on the target, the monotone constraint where not 0.
    compute : takes the inputs (shape (rows,) each), returns shape (rows,) floats; NaN = unknown.
    """

    name: str
    inputs: tuple[str, ...]
    unit: str
    expected_sign: int
    compute: Callable[..., FloatArray] = as_it_is
    meaning: str = ""


@dataclass(frozen=True)
class FeatureMatrix:
    """Features as a float matrix.

    Parameters
    ----------
    names : feature names, in column order.
    values : shape (rows, features), float64; NaN = unknown.
    signs : expected sign of each column; none where no form that is bound to them reads the matrix.
    levels : levels of categorical columns by name; codes are positions in them, unknown levels are NaN.
    """

    names: tuple[str, ...]
    values: FloatArray
    signs: tuple[int, ...] = ()
    levels: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def with_values(self, values: FloatArray) -> FeatureMatrix:
        """The same columns with other rows."""
        return replace(self, values=values)

    def without(self, names: Collection[str]) -> FeatureMatrix:
        """The matrix without some features; those that it does not have are no fault."""
        kept = [place for place, name in enumerate(self.names) if name not in names]
        return FeatureMatrix(
            tuple(self.names[place] for place in kept),
            self.values[:, kept],
            tuple(self.signs[place] for place in kept if self.signs),
            {name: words for name, words in self.levels.items() if name not in names},
        )


MOST_LEVELS = 20


def compute_features(
    panel: Panel, features: Sequence[Feature], use: Sequence[str], levels: Mapping[str, tuple[str, ...]] | None = None
) -> FeatureMatrix:
    """The matrix of the named features, one row a panel row.

    A name that no feature has is a column of the panel read as it stands (numbers, dates as months, or text as levels):
    that is how a specification uses a bank's own column. Features whose inputs the panel does not have, or that are
    unknown everywhere, are left out when `levels` is None (learning) and are all NaN otherwise (applying).

    Parameters
    ----------
    levels : levels of categorical columns as learned; None = learn them from this panel.

    Raises
    ------
    SpecFault : a name is neither a feature nor a column.
    """
    known = {feature.name: feature for feature in features}
    learning = levels is None
    names: list[str] = []
    columns: list[FloatArray] = []
    signs: list[int] = []
    found_levels: dict[str, tuple[str, ...]] = {}
    for name in use:
        feature = known.get(name) or _known_column(panel, name, known)
        present = all(column in panel.table.columns for column in feature.inputs)
        values, own = _values(panel, feature, present, None if levels is None else levels.get(name))
        if learning and (not present or np.isnan(values).all()):
            continue
        if own:
            found_levels[name] = own
        names.append(name)
        columns.append(values)
        signs.append(feature.expected_sign)
    matrix = np.column_stack(columns) if columns else np.empty((len(panel.table), 0))
    return FeatureMatrix(tuple(names), matrix, tuple(signs), found_levels)


def column_feature(panel: Panel, name: str) -> Feature:
    """A column of the panel read as it stands: a number, a date as months, or text as levels."""
    column, meaning = panel.table[name], "a column of the history"
    if pd.api.types.is_numeric_dtype(column):
        return Feature(name, (name,), "as in the history", 0, meaning=meaning)
    if pd.api.types.is_datetime64_any_dtype(column):
        return Feature(name, (name,), "months since January 1970", 0, month_number_or_nan, meaning)
    return Feature(name, (name,), "level", 0, meaning=meaning)


def _known_column(panel: Panel, name: str, known: Mapping[str, Feature]) -> Feature:
    if name not in panel.table.columns:
        fault = Fault(
            "specification",
            rule=f"expected a feature ({', '.join(sorted(known))}) or a column of the history",
            column="$.features.use",
            value=name,
        )
        raise SpecFault([fault])
    return column_feature(panel, name)


def _values(
    panel: Panel, feature: Feature, present: bool, learned: tuple[str, ...] | None
) -> tuple[FloatArray, tuple[str, ...]]:
    if not present:
        return np.full(len(panel.table), np.nan), learned or ()
    if feature.unit != "level":
        raw = feature.compute(*(panel.table[column].to_numpy() for column in feature.inputs))
        return np.asarray(raw, dtype=np.float64), ()
    codes, texts = pd.factorize(panel.table[feature.inputs[0]])
    if learned is None:
        counts = np.bincount(codes[codes >= 0], minlength=len(texts))
        order = sorted(range(len(texts)), key=lambda place: (-counts[place], texts[place]))[:MOST_LEVELS]
        learned = tuple(sorted(str(texts[place]) for place in order if texts[place] not in ("", "nan", "None")))
    place = {text: float(position) for position, text in enumerate(learned)}
    lookup = np.array([*(place.get(str(text), np.nan) for text in texts), np.nan])
    return lookup[codes], learned
