"""Whether the indices that the settings give roles to are there."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from behavior.errors import Fault

QUOTED = ("rates", "curves")


def roles_without_index(roles: Mapping[str, str], tables: Mapping[str, pd.DataFrame], where: str) -> list[Fault]:
    """A fault for every role whose index neither the rates nor the curves have; none where no rates are read.

    Parameters
    ----------
    roles : role -> index. tables : tables read, by section of the profile. where : file of the settings.
    """
    read = [tables[name] for name in QUOTED if name in tables]
    if "rates" not in tables or any("index" not in table or table.empty for table in read):
        return []
    held = sorted({str(index) for table in read for index in table["index"].dropna().unique()})
    rule = f"expected an index of the rates or of the curves, which have {', '.join(held)}"
    hint = "Correct the name, or add the series to the rates"
    return [
        Fault(where, rule, None, f"index_roles.{role}", index, hint)
        for role, index in roles.items()
        if index not in held
    ]
