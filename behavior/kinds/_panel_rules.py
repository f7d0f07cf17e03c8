"""What every hazard kind asks of its panel in one way: columns beside the features' own, and the months wanted."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import TypedDict

import numpy as np

from behavior.features.base import Feature
from behavior.months import month_number
from behavior.specs import ModelSpec


class ColumnsAndWindow(TypedDict):
    """Parameters that the panel rules of loans and deposits share."""

    extras: tuple[str, ...]
    from_month: int | None
    to_month: int | None


def columns_and_window(spec: ModelSpec, features: Sequence[Feature]) -> ColumnsAndWindow:
    """Columns that features and segments name and no feature computes, in order, and the window as month numbers."""
    known = {feature.name for feature in features} | {"balance"}
    wanted = {*spec.features.use, *spec.segments.by, *(band.column for band in spec.segments.bands.values())}
    window = spec.history.window
    return ColumnsAndWindow(
        extras=tuple(sorted(wanted - known)), from_month=_number(window.from_month), to_month=_number(window.to_month)
    )


def _number(day: dt.date | None) -> int | None:
    return None if day is None else int(month_number(np.array([day], "M"))[0])
