"""Rows gathered month by month and turned into tables sorted by unit."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd

from behavior.quantities import AnyArray, BoolArray, IntArray


class RowBook:
    """Columns of rows in the order in which the months were lived; grows by one block a month."""

    def __init__(self) -> None:
        self._blocks: dict[str, list[AnyArray]] = {}

    def add(self, kept: BoolArray, **columns: AnyArray) -> None:
        """Append the rows where `kept` (shape (units,)) is true; every call brings the same columns."""
        for name, values in columns.items():
            self._blocks.setdefault(name, []).append(values[kept])

    def sorted_by_unit(self) -> dict[str, AnyArray]:
        """All columns, rows ordered by `unit` and, inside a unit, by month."""
        joined = {name: np.concatenate(blocks) for name, blocks in self._blocks.items()}
        order = np.argsort(joined["unit"], kind="stable")
        return {name: values[order] for name, values in joined.items()}


def unit_names(prefix: str, count: int) -> pd.Index:
    """Identifiers of equal width, `L0000001` first; they say nothing about the unit."""
    return pd.Index([f"{prefix}{number:07d}" for number in range(1, count + 1)], dtype="str")


def labels(words: Iterable[str], codes: IntArray) -> pd.Index:
    """Words by their position in a closed list, shape (rows,)."""
    return pd.Index(list(words), dtype="str").take(codes)
