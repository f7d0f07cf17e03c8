"""What the sections of a treasury report on further measures share: their tables and facts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from behavior.measures.result import IrrbbResult


def extra_table(result: IrrbbResult, name: str) -> pd.DataFrame:
    """A further table of the result; empty where there is none."""
    return (result.extra or {}).get(name, pd.DataFrame())


def fact_of(result: IrrbbResult, name: str) -> Mapping[str, Any]:
    """What the result says of a further measure; empty where it says nothing."""
    found = result.facts.get("measures", {})
    chosen = found.get(name, {}) if isinstance(found, Mapping) else {}
    return chosen if isinstance(chosen, Mapping) else {}
