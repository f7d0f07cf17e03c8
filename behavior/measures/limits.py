"""A bank's own limits: how much of each is used, and in which scenario.

There is no supervisory limit in the United States; banks set their own on the change of income and economic value. A
limit is a share (0.15 is 15%) of Tier 1 or of the base figure, by a name of `KNOWN`; every fall is measured against it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import pandas as pd

from behavior.measures.eve import TOTAL
from behavior.measures.nii import main_sheet

AMBER = 0.8
"""Share of a limit from which its use is worth a look."""
COLUMNS = ("limit", "measure", "of", "scenario", "change", "share", "limit_share", "used", "status")


@dataclass(frozen=True)
class Limited:
    """What a limit is on: ``eve`` or months of income, as a share of ``tier1`` or ``base``."""

    months: int
    of: str

    @property
    def measure(self) -> str:
        """``eve``, ``nii_12`` or ``nii_24``."""
        return f"nii_{self.months}" if self.months else "eve"


KNOWN: Mapping[str, Limited] = MappingProxyType(
    {
        "delta_eve_tier1": Limited(0, "tier1"),
        "delta_eve_share_of_tier1": Limited(0, "tier1"),
        "delta_eve_base": Limited(0, "base"),
        "delta_nii_tier1": Limited(12, "tier1"),
        "delta_nii_share_of_tier1": Limited(12, "tier1"),
        "delta_nii_base": Limited(12, "base"),
        "delta_nii_24_tier1": Limited(24, "tier1"),
        "delta_nii_24_base": Limited(24, "base"),
    }
)


def limit_use(limits: Mapping[str, float], eve: pd.DataFrame, nii: pd.DataFrame, tier1: float) -> pd.DataFrame:
    """The worst scenario of each limit that a measure knows; columns as in `COLUMNS`.

    Parameters
    ----------
    limits : name -> share. eve, nii : summaries of the result. tier1 : reporting currency.

    `used` is the fall over the limit: 1 = all of it. Income is that of the constant balance sheet where there is one.
    A limit on a base that is not above zero says nothing and is left out.
    """
    rows: list[dict[str, object]] = []
    for name, share in limits.items():
        if name in KNOWN and share > 0:
            rows += _row(name, float(share), KNOWN[name], eve, nii, tier1)
    return pd.DataFrame(rows, columns=list(COLUMNS))


def unknown_limits(limits: Mapping[str, float]) -> tuple[str, ...]:
    """Names that no measure knows."""
    return tuple(sorted(set(limits) - set(KNOWN)))


def _row(
    name: str, share: float, limited: Limited, eve: pd.DataFrame, nii: pd.DataFrame, tier1: float
) -> list[dict[str, object]]:
    values, changes = _changes(limited, eve, nii)
    whole = tier1 if limited.of == "tier1" else float(values.iloc[0]) if len(values) else 0.0
    if len(changes) < 2 or not whole > 0:
        return []
    worst = str(changes.index[int(np.argmin(changes.to_numpy()))])
    change = float(changes[worst])
    used = max(-change / whole, 0.0) / share
    return [
        {
            "limit": name,
            "measure": limited.measure,
            "of": limited.of,
            "scenario": worst,
            "change": change,
            "share": change / whole,
            "limit_share": -share,
            "used": used,
            "status": "above" if used > 1 else "near" if used > AMBER else "inside",
        }
    ]


def _changes(limited: Limited, eve: pd.DataFrame, nii: pd.DataFrame) -> tuple[pd.Series, pd.Series]:
    """Values and changes by scenario, base first."""
    if not limited.months:
        rows = eve[eve["currency"] == TOTAL].set_index("scenario")
        return rows["eve"], rows["delta_eve_after_options"]
    rows = nii[nii["horizon_months"] == limited.months]
    rows = rows[rows["balance_sheet"] == main_sheet(nii)].set_index("scenario")
    return rows["nii"], rows["delta_nii"]
