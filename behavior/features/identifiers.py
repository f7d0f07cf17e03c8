"""Identifiers are read character by character: a number's last digit may hold what the number as such does not tell."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from behavior.features.separation import BINS
from behavior.panel.base import Panel
from behavior.quantities import FloatArray, IntArray

SHARE_OF_OWN_VALUES = 0.9
"""Of the units: an identifier is nearly every unit's own."""

MOST_CHARACTERS = 12


def characters_of(panel: Panel, name: str, owner: IntArray) -> Iterator[FloatArray]:
    """Each character of an identifier as a number, shape (rows,), counted from its end; none of any other column.

    NaN for a unit of which none is known.

    Parameters
    ----------
    owner : unit of each panel row, as a number.
    """
    if name not in panel.table or pd.api.types.is_datetime64_any_dtype(panel.table[name]):
        return
    known = np.flatnonzero(panel.table[name].notna())
    who, first = np.unique(owner[known], return_index=True)
    column = panel.table[name].iloc[known[first]]
    if pd.api.types.is_numeric_dtype(column):
        if not (column.dropna() % 1 == 0).all():
            return
        column = column.astype("Int64")
    if column.nunique() < max(SHARE_OF_OWN_VALUES * len(column), BINS + 1):
        return
    text = column.astype("string").str.rjust(MOST_CHARACTERS).to_numpy(dtype=object)
    for place in range(1, MOST_CHARACTERS + 1):
        found = np.full(int(owner.max()) + 1, np.nan)
        found[who] = [float(ord(one[-place])) for one in text]
        yield found[owner]
