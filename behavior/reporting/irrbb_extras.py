"""Sections for further tables of a valuation: known ones with a picture, unknown ones as they are."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pandas as pd

from behavior.kinds.base import Exhibit
from behavior.measures.result import IrrbbResult
from behavior.reporting.document import Paragraph, Section, Table
from behavior.reporting.exhibits import block_of
from behavior.reporting.irrbb_blocks import Blocks
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
        blocks = draw(result, money) if all(name in held for name in needed) else ()
        if blocks:
            found.append(Section(title, blocks))
            drawn |= {*needed, *WITH.get(needed[0], ())}
    for name, data in held.items():
        if name not in drawn:
            title, words, form = KNOWN.get(name, (name.replace("_", " ").capitalize(), "", _as_is))
            said: Blocks = (Paragraph(words),) if words else ()
            found.append(Section(title, (*said, *form(data, money))))
    return tuple(found)


def _as_is(data: pd.DataFrame, money: Money) -> Blocks:
    shown = data.copy()
    for column in shown.columns:
        if column in ("scenario", "product", "measure", "assumption"):
            shown[column] = spaced(shown[column])
    shown.columns = pd.Index([str(column).replace("_", " ") for column in shown.columns])
    return (Table("", shown),)


def _key_rates(data: pd.DataFrame, money: Money) -> Blocks:
    tenor = next((name for name in ("tenor", "months", "key_rate", "tenor_months", "years") if name in data), None)
    values = [name for name in data.columns if name != tenor and pd.api.types.is_numeric_dtype(data[name])]
    if tenor is None or not values:
        return _as_is(data, money)
    value = values[0]
    by = [name for name in ("currency", "side") if name in data and data[name].nunique() > 1]
    if by:
        wide = data.pivot_table(index=tenor, columns=by[0], values=value, aggfunc="sum", sort=False).reset_index()
    else:
        wide = data[[tenor, value]].copy()
    wide[tenor] = wide[tenor].astype(str)
    wide.columns = pd.Index([str(name).replace("_", " ") for name in wide.columns])
    picture = Exhibit("key_rates", "Sensitivity by key rate", "bars", wide, "key rate", value.replace("_", " "))
    return (block_of(picture), *_as_is(data, money))


KNOWN: Mapping[str, tuple[str, str, Callable[[pd.DataFrame, Money], Blocks]]] = {
    "key_rate_durations": (
        "Key-rate durations",
        "Change of economic value when one point of the curve moves and its neighbours do not.",
        _key_rates,
    ),
    "option_add_on": (
        "Automatic options",
        "What a quarter more volatility adds to the loss under each shocked curve; options themselves are in EVE.",
        _as_is,
    ),
    "assumption_sensitivity": (
        "Sensitivity to assumptions",
        "Each behavioural assumption scaled on its own, everything else held, ranked by what it does.",
        _as_is,
    ),
}
