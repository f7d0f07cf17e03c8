"""Sensitivity to key assumptions: each one scaled on its own, everything else held, ranked by what it does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

COLUMNS = (
    "rank",
    "rank_nii",
    "assumption",
    "factor",
    "scenario",
    "eve",
    "delta_eve",
    "effect_on_eve",
    "effect_on_delta_eve",
    "nii",
    "delta_nii",
    "effect_on_nii",
    "effect_on_delta_nii",
)


@dataclass(frozen=True)
class Case:
    """One valuation with one assumption scaled.

    Parameters
    ----------
    assumption : its name. factor : what it was multiplied by; 1 = as used.
    eve, nii : scenario -> value in the reporting currency, base first; `nii` may be empty.
    """

    assumption: str
    factor: float
    eve: Mapping[str, float]
    nii: Mapping[str, float]


def sensitivity_table(as_used: Case, cases: Sequence[Case]) -> pd.DataFrame:
    """One row an assumption, factor and scenario.

    `delta` is the change against the same assumption's own base; `effect` is what scaling changes, against the value
    with the assumption as used: of the value itself and of its change under the shock. `rank` orders assumptions by
    their largest effect on the value or on its change (`rank_nii` by that on income), 1 the largest.
    """
    rows = [row for case in cases for row in _rows(as_used, case)]
    table = pd.DataFrame(rows, columns=list(COLUMNS[2:]))
    table.insert(0, "rank_nii", _ranks(table, ["effect_on_nii", "effect_on_delta_nii"]))
    table.insert(0, "rank", _ranks(table, ["effect_on_eve", "effect_on_delta_eve"]))
    return table.sort_values("rank", kind="stable", ignore_index=True)


def _rows(as_used: Case, case: Case) -> list[dict[str, object]]:
    found = []
    base = next(iter(case.eve))
    for scenario in case.eve:
        row: dict[str, object] = {"assumption": case.assumption, "factor": case.factor, "scenario": scenario}
        for name, mine, reference in (("eve", case.eve, as_used.eve), ("nii", case.nii, as_used.nii)):
            value, known = mine.get(scenario, np.nan), reference.get(scenario, np.nan)
            delta = value - mine.get(base, np.nan)
            row |= {
                name: value,
                f"delta_{name}": delta,
                f"effect_on_{name}": value - known,
                f"effect_on_delta_{name}": delta - (known - reference.get(base, np.nan)),
            }
        found.append(row)
    return found


def _ranks(table: pd.DataFrame, columns: list[str]) -> pd.Series:
    """1 for the assumption with the largest absolute effect in any of the columns; ties in the table's order."""
    largest = table[columns].abs().max(axis=1).fillna(0.0).groupby(table["assumption"], sort=False).max()
    order = largest.rank(ascending=False, method="first").astype(int)
    return table["assumption"].map(order)
