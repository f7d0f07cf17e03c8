"""Whether the indices that the settings give roles to are there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd

from behavior.errors import Fault

LEARNED_FROM = {"mortgage_history": "mortgage", "deposit_history": "short", "product_rate_history": "short"}
"""Role of the market rate beside which each history is read; its past is the rates', which no curve can give."""


def learned_roles(contracts: Iterable[str]) -> frozenset[str]:
    """Roles of the market rates beside which histories of these contracts (``deposit_history/1``) are read."""
    names = {contract.partition("/")[0] for contract in contracts}
    return frozenset(role for name, role in LEARNED_FROM.items() if name in names)


def roles_without_index(
    roles: Mapping[str, str],
    tables: Mapping[str, pd.DataFrame],
    learned: frozenset[str],
    settings: Mapping[str, Any],
    profile: str,
) -> list[Fault]:
    """A fault for every role whose index is not there; none where no rates are read.

    Roles that a history is learned with must be among the rates, others among the rates or the curves.

    Parameters
    ----------
    roles : role -> index. tables : tables read, by section of the profile. learned : see `learned_roles`.
    settings : that section of the profile, the settings themselves or the file they are in. profile : its file.
    """
    read = {name: tables[name] for name in ("rates", "curves") if name in tables}
    if "rates" not in read or any("index" not in table or table.empty for table in read.values()):
        return []
    held = {name: {str(index) for index in table["index"].dropna().unique()} for name, table in read.items()}
    where, path = (str(settings["file"]), "$") if set(settings) == {"file"} else (profile, "$.settings")
    faults = []
    for role, index in roles.items():
        places = ["rates"] if role in learned else list(held)
        known = set().union(*(held[name] for name in places))
        if index not in known:
            rule = f"expected an index of the {' or the '.join(places)}, which have {', '.join(sorted(known))}"
            hint = "Correct the name, or add the series to the rates"
            faults.append(Fault(where, rule, None, f"{path}.index_roles.{role}", index, hint))
    return faults
