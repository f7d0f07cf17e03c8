"""What is said of a history of deposits and of what was learned of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from behavior.kinds._segments import curves_wanted, scheme_of, segment_codes, segment_name
from behavior.panel.base import Panel, PanelSplit
from behavior.panel.decay_targets import CLOSED_BY_BALANCE, USED_AGAIN
from behavior.specs import ModelSpec

LEAST_EVENTS = 100
DOUBTED = 0.1
"""Accounts used again after standing empty, over those that count as closed by it, from which that is said."""


def counted(panel: Panel, split: PanelSplit, estimators: Mapping[str, Any]) -> dict[str, Any]:
    """How many rows and closures there are, and were learned from."""
    table, learning = panel.table, split.train | split.validate
    return {
        "rows": len(table),
        "rows learned from": int(learning.sum()),
        "closures": int(table["closed"].sum()),
        "closures learned from": int(table["closed"].to_numpy()[learning].sum()),
        "balance cells": estimators["balance"].facts_["cells"],
    }


def small_segments(table: pd.DataFrame, spec: ModelSpec, levels: tuple[str, ...]) -> dict[str, str]:
    """Names of segments without a curve of their own, and of those whose own closures are so few that others' count."""
    own = {segment_name(segment): mask for segment, mask in curves_wanted(table, spec)}
    thin = [name for name in levels if name not in own]
    closures = {name: int(table["closed"].to_numpy()[own[name]].sum()) for name in levels if name in own}
    leaning = [f"{name} ({count})" for name, count in closures.items() if count < LEAST_EVENTS]
    least = spec.segments.minimum_exposure_months
    return {
        f"segments read from pooled curves, below {least:,.0f} account-months": ", ".join(thin) or "none",
        f"segments whose curves lean on the others', with closures below {LEAST_EVENTS}": ", ".join(leaning) or "none",
    }


def doubts(panel: Panel, spec: ModelSpec) -> dict[str, str]:
    """What is said where closures by balance alone may be none, and where money of two currencies is added up."""
    found = {}
    closed, again = (
        sum(count for reason, count in panel.dropped.items() if reason.startswith(name))
        for name in (CLOSED_BY_BALANCE, USED_AGAIN)
    )
    if closed and again > closed * DOUBTED:
        found["closures in doubt in words"] = (
            f"{closed:,} accounts count as closed because they stood empty to the end of the history, yet {again:,} "
            "times an account stood empty as long and was used again: decay of the last months is too high. Raise "
            "`options.dust_months`, or record closings"
        )
    if "currency" in panel.table and "currency" not in spec.segments.by:
        codes, labels = segment_codes(panel.table, scheme_of(spec))
        several = panel.table.groupby(codes)["currency"].nunique()
        names = [segment_name(labels[int(code)]) for code in several.index[several > 1]]
        if names:
            found["currencies in words"] = (
                f"balances of several currencies are added up as they stand in {', '.join(sorted(names))}: "
                "name `currency` in `segments.by`"
            )
    return found
