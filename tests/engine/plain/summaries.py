"""Summaries: income by horizon and economic value by currency, added up in the reporting currency."""

from __future__ import annotations

import math
from collections import defaultdict
from typing import Any

import pandas as pd

HORIZONS = (12, 24, 36, 60)
GAINS = {"sum": 1.0, "basel": 0.0, "eu": 0.5}
"""What a gain in one currency counts beside losses in others."""


def nii_summary(nii: pd.DataFrame, rates: dict[str, float], tier1: float) -> pd.DataFrame:
    """Income over the first 12, 24, 36 and 60 months, and its change from base."""
    found: Any = defaultdict(float)
    months = sorted(set(nii["month"]))
    for row in nii.to_dict("records"):
        number = months.index(row["month"]) + 1
        for horizon in HORIZONS:
            if number <= horizon:
                found[row["scenario"], row["balance_sheet"], horizon] += row["nii"] * rates[row["currency"]]
    rows = []
    for (scenario, sheet, horizon), total in found.items():
        base = found["base", sheet, horizon]
        rows.append((scenario, sheet, horizon, total, total - base, _share(total - base, base), (total - base) / tier1))
    return pd.DataFrame(
        rows,
        columns=[
            "scenario",
            "balance_sheet",
            "horizon_months",
            "nii",
            "delta_nii",
            "delta_nii_pct_base",
            "delta_nii_pct_tier1",
        ],
    )


def eve_summary(
    eve: pd.DataFrame, add_on: dict[tuple[str, str], float], rates: dict[str, float], tier1: float, rule: str
) -> pd.DataFrame:
    """Economic value by currency and in total; add_on : (scenario, currency) -> loss by stressed volatility."""
    value = eve.groupby(["scenario", "currency"], sort=False)["present_value"].sum()
    scenarios, moneys = list(dict.fromkeys(eve["scenario"])), sorted(set(eve["currency"]))
    rows = []
    for scenario in scenarios:
        total, delta, extra, after = 0.0, 0.0, 0.0, 0.0
        for money in moneys:
            now, base = value[scenario, money], value["base", money]
            loss = add_on.get((scenario, money), 0.0)
            rows.append(_row(scenario, money, now, now - base, loss, now - base - loss, base, tier1 / rates[money]))
            total += now * rates[money]
            delta += _counted((now - base) * rates[money], rule)
            after += _counted((now - base - loss) * rates[money], rule)
            extra += loss * rates[money]
        base = sum(value["base", money] * rates[money] for money in moneys)
        rows.append(_row(scenario, "total", total, delta, extra, after, base, tier1))
    return pd.DataFrame(rows)


def _share(change: float, base: float) -> float:
    return change / base if base else math.nan


def _counted(change: float, rule: str) -> float:
    return change * (GAINS[rule] if change > 0 else 1.0)


def _row(
    scenario: str, money: str, value: float, delta: float, extra: float, after: float, base: float, tier1: float
) -> dict[str, Any]:
    return {
        "scenario": scenario,
        "currency": money,
        "eve": value,
        "delta_eve": delta,
        "option_add_on": extra,
        "delta_eve_after_options": after,
        "delta_eve_pct_base": _share(delta, base),
        "delta_eve_pct_tier1": after / tier1,
    }
