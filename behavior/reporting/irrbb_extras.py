"""Sections for further tables of a valuation: known ones with a picture, unknown ones as they are."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pandas as pd

from behavior.measures.result import IrrbbResult
from behavior.reporting.document import Blocks, Section, Table
from behavior.reporting.irrbb_income import driver_blocks, margin_blocks
from behavior.reporting.irrbb_measures import (
    behaviour_blocks,
    duration_blocks,
    liquidity_blocks,
    option_blocks,
    sensitivity_blocks,
)
from behavior.reporting.irrbb_rules import limit_blocks, overlay_blocks, standardised_blocks
from behavior.reporting.irrbb_tables import Money, spaced

Draw = Callable[[IrrbbResult, Money], Blocks]
SECTIONS: tuple[tuple[str, tuple[str, ...], Draw], ...] = (
    ("The bank's own limits", ("limit_use",), limit_blocks),
    ("What moves net interest income", ("income_drivers_summary",), driver_blocks),
    ("Liquidity gap", ("liquidity_gap",), liquidity_blocks),
    ("Commercial margin", ("commercial_margin",), margin_blocks),
    ("Durations and key rates", ("durations",), duration_blocks),
    ("What responding behaviour is worth", ("behaviour_worth",), behaviour_blocks),
    ("Sensitivity to key assumptions", ("assumption_sensitivity",), sensitivity_blocks),
    ("Regulatory caps on deposits", ("regulatory_overlay", "regulatory_overlay_eve"), overlay_blocks),
    ("Standardised framework", ("standardised_eve",), standardised_blocks),
)
"""Title, the tables that the section needs, and what draws it."""

WITH: Mapping[str, tuple[str, ...]] = {
    "durations": ("key_rate_durations",),
    "income_drivers_summary": ("income_drivers",),
    "standardised_eve": ("standardised_terms", "standardised_slots", "standardised_buckets"),
    "commercial_margin": ("commercial_margin_summary", "commercial_margin_income"),
}
"""Tables that the section of another draws, or sums up."""


def extra_sections(result: IrrbbResult, money: Money) -> tuple[Section, ...]:
    """A section for each group of further tables that holds rows; tables that nobody knows come last, as they are."""
    held = {name: table for name, table in (result.extra or {}).items() if not table.empty}
    found: list[Section] = []
    drawn: set[str] = set()
    options = option_blocks(result, money)
    if options:
        found.append(Section("Automatic options", options))
    for title, needed, draw in SECTIONS:
        if all(name in held for name in needed):
            found.append(Section(title, draw(result, money)))
            drawn |= {*needed, *WITH.get(needed[0], ())}
    for name, data in held.items():
        if name not in drawn:
            found.append(Section(name.replace("_", " ").capitalize(), (_as_is(data),)))
    return tuple(found)


def _as_is(data: pd.DataFrame) -> Table:
    shown = data.copy()
    for column in shown.columns:
        if column in ("scenario", "product", "measure", "assumption"):
            shown[column] = spaced(shown[column])
    shown.columns = pd.Index([str(column).replace("_", " ") for column in shown.columns])
    return Table("", shown)
