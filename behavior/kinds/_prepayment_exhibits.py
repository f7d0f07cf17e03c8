"""Pictures of prepayment: the S-curve, seasoning, burnout and calendar path, realised beside predicted, in CPR."""

from __future__ import annotations

import numpy as np
import pandas as pd

from behavior.kinds._pictures import lines_by
from behavior.kinds.base import Exhibit, FittedModel, Predictions
from behavior.panel.base import Panel, PanelSplit
from behavior.quantities import FloatArray, monthly_to_annual


def exhibits(fitted: FittedModel, panel: Panel, split: PanelSplit, predictions: Predictions) -> tuple[Exhibit, ...]:
    """Realised against predicted on the out-of-time rows (all rows where there are none)."""
    rows = split.out_of_time if split.out_of_time.any() else np.ones(len(panel.table), dtype=bool)
    table = predictions.table[rows].copy()
    table["months_in_the_money"] = panel.table["months_in_the_money"].to_numpy()[rows]
    spread = table["driver"].to_numpy()
    buckets = np.round(spread / 0.005) * 0.005 * 100
    age = np.minimum(table["age_months"].to_numpy() // 12 * 12, 180)
    tired = np.minimum(table["months_in_the_money"].to_numpy() // 6 * 6, 60)
    month = table["month"].to_numpy()
    return (
        _picture("s_curve", "S-curve: prepayment by rate incentive", table, buckets, "incentive, percentage points"),
        _picture("seasoning", "Seasoning: prepayment by loan age", table, age, "age in months"),
        _picture("burnout", "Burnout: prepayment by earlier months in the money", table, tired, "months in the money"),
        _picture("calendar", "Prepayment by month", table, month, "month"),
    )


def _picture(name: str, title: str, table: pd.DataFrame, by: FloatArray, x_label: str) -> Exhibit:
    return lines_by(name, title, table, by, (x_label, "CPR, percent"), _percent_a_year)


def _percent_a_year(share: FloatArray) -> FloatArray:
    return monthly_to_annual(np.clip(share, 0.0, 1.0)) * 100
