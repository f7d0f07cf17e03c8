"""What behaviour that responds to rates is worth: the change under each scenario, beside behaviour that does not.

- ``model``: behaviour responds along each scenario's path;
- ``frozen``: customers do in every scenario what they do in base (run-off and drawing);
- ``frozen_rates``: the same, and the rates that the bank sets stay on base's path too;
- ``standardised``: base's prepayment and redemption times the factors of the standardised framework.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from behavior.measures.eve import TOTAL

MODEL, FROZEN, FROZEN_RATES, STANDARDISED = "model", "frozen", "frozen_rates", "standardised"
NII_HORIZONS = (12, 24)


def behaviour_worth(eve: Mapping[str, pd.DataFrame], nii: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """scenario, measure, then the change against base in each mode, and what responding is worth.

    ``response`` is model less frozen; ``rate_response``, where rates were frozen too, is frozen less that.

    Parameters
    ----------
    eve, nii : mode -> summary of the result under it; ``model`` and ``frozen`` at least.

    Changes are plain differences in the reporting currency, before any rule that counts gains in part, and before the
    option add-on; a loss is negative, so a negative response means that behaviour makes the scenario worse.
    """
    parts = [_changes({mode: _eve(table) for mode, table in eve.items()}, "eve")]
    sheets = list(dict.fromkeys(nii[MODEL]["balance_sheet"]))
    for sheet in sheets:
        for horizon in NII_HORIZONS:
            held = {mode: _nii(table, sheet, horizon) for mode, table in nii.items()}
            parts.append(_changes(held, f"nii_{horizon}_{sheet}"))
    return pd.concat(parts, ignore_index=True)


def _eve(table: pd.DataFrame) -> pd.Series:
    rows = table[table["currency"] == TOTAL]
    return pd.Series(rows["eve"].to_numpy(dtype=np.float64), index=rows["scenario"].tolist())


def _nii(table: pd.DataFrame, sheet: str, horizon: int) -> pd.Series:
    rows = table[(table["balance_sheet"] == sheet) & (table["horizon_months"] == horizon)]
    return pd.Series(rows["nii"].to_numpy(dtype=np.float64), index=rows["scenario"].tolist())


def _changes(values: Mapping[str, pd.Series], measure: str) -> pd.DataFrame:
    order = [mode for mode in (MODEL, FROZEN, FROZEN_RATES, STANDARDISED) if mode in values]
    names = list(values[MODEL].index)[1:]
    table: dict[str, object] = {"scenario": names, "measure": measure}
    for mode in order:
        series = values[mode]
        table[f"change_{mode}"] = (series.loc[names] - series.iloc[0]).to_numpy()
    found = pd.DataFrame(table)
    found["response"] = found[f"change_{MODEL}"] - found[f"change_{FROZEN}"]
    if FROZEN_RATES in values:
        found["rate_response"] = found[f"change_{FROZEN}"] - found[f"change_{FROZEN_RATES}"]
    return found
