"""What the sections of a treasury report on further measures share: their tables, facts, units and formats."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from behavior.measures.eve import TOTAL
from behavior.measures.result import IrrbbResult
from behavior.reporting.document import Figure, Paragraph, Table
from behavior.reporting.irrbb_tables import Money

Blocks = tuple[Paragraph | Table | Figure, ...]


def extra_table(result: IrrbbResult, name: str) -> pd.DataFrame:
    """A further table of the result; empty where there is none."""
    return (result.extra or {}).get(name, pd.DataFrame())


def fact_of(result: IrrbbResult, name: str) -> Mapping[str, Any]:
    """What the result says of a further measure; empty where it says nothing."""
    found = result.facts.get("measures", {})
    chosen = found.get(name, {}) if isinstance(found, Mapping) else {}
    return chosen if isinstance(chosen, Mapping) else {}


def in_currency(money: Money, currency: str) -> Money:
    """The unit of one currency's amounts; totals are in the reporting currency."""
    return money if currency == TOTAL else money.in_currency(currency)


def number_formats(table: pd.DataFrame, form: str, others: Mapping[str, str] | None = None) -> dict[str, str]:
    """Format of every column of numbers: `form`, but for `others`."""
    plain = {str(name): form for name in table.columns if pd.api.types.is_numeric_dtype(table[name])}
    return {**plain, **(others or {})}
