"""Pictures of decay: run-off of a cohort, decay by spread and by age, closure and balances apart."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from behavior.assumptions.set import AssumptionTable
from behavior.kinds._decay_core import core_exhibit, weighting_exhibit
from behavior.kinds._decay_lives import lives_exhibit, readings
from behavior.kinds._pictures import SERIES, lines_by
from behavior.kinds.base import Exhibit, Predictions
from behavior.months import month_number
from behavior.panel.base import Panel, PanelSplit
from behavior.quantities import AnyArray, BoolArray


def exhibits(
    panel: Panel, split: PanelSplit, predictions: Predictions, tables: Sequence[AssumptionTable]
) -> tuple[Exhibit, ...]:
    """Realised against predicted on the out-of-time rows (all rows where there are none), and readings of the curves.

    `tables` are the model's, of the accounts open in the panel's last month.
    """
    segment = predictions.table["segment"].to_numpy()
    found = readings(tables, panel.table, segment)
    rows = split.out_of_time if split.out_of_time.any() else np.ones(len(panel.table), dtype=bool)
    table = predictions.table[rows]
    pictures = [
        _picture(
            "decay_by_age", "Net decay by account age", table, table["age_months"].to_numpy() // 12, "age in years"
        ),
        _picture("decay_by_month", "Net decay by month", table, table["month"].to_numpy(), "month"),
        run_off(panel, predictions, rows),
        decomposition(panel, rows),
        lives_exhibit(found),
        core_exhibit(panel, segment, predictions.table, found),
        weighting_exhibit(panel.rows(rows), table["segment"].to_numpy(), table["predicted"].to_numpy(dtype=np.float64)),
    ]
    if table["driver"].notna().any():
        spread = np.round(table["driver"].to_numpy() / 0.005) * 0.5
        pictures.insert(
            0, _picture("decay_by_spread", "Net decay by spread", table, spread, "spread, percentage points")
        )
    return tuple(pictures)


def _picture(name: str, title: str, table: pd.DataFrame, by: AnyArray, x_label: str) -> Exhibit:
    axes = (x_label, "net decay, percent of balance a month")
    return lines_by(name, title, table, by, axes, lambda share: share * 100)


def run_off(panel: Panel, predictions: Predictions, rows: BoolArray) -> Exhibit:
    """Balance of the accounts open at the first month shown, realised and expected; new accounts never enter."""
    month = month_number(panel.table["month"])[rows]
    unit = panel.table["unit"][rows]
    cohort = unit.isin(unit[month == month.min()]).to_numpy()  # hashed: comparing texts would take a minute
    table = predictions.table[rows][cohort]
    weight = table["weight"].to_numpy()
    shares: dict[str, AnyArray] = {"months": np.arange(1, int(np.ptp(month)) + 2, dtype=np.float64)}
    for column in SERIES:
        if column in table:
            gone = np.bincount(month[cohort] - month.min(), weight * table[column].to_numpy())
            held = np.bincount(month[cohort] - month.min(), weight)
            shares[column] = np.cumprod(1.0 - gone / np.maximum(held, 1e-300)) * 100
    data = pd.DataFrame({name: pd.Series(one) for name, one in shares.items()})
    return Exhibit(
        "run_off",
        "Run-off of one cohort",
        "lines",
        data,
        "months since the first",
        "percent of balance, before interest",
    )


def decomposition(panel: Panel, rows: BoolArray) -> Exhibit:
    """Closure by balance, growth of survivors and their product, by year: 1 - decay = (1 - closure)(1 + growth)."""
    table = panel.table[rows]
    use = table["balance_known"].to_numpy() > 0
    year = pd.DatetimeIndex(table["month"]).year.to_numpy()[use]
    before, after = table["weight"].to_numpy()[use], table["balance_before_interest"].to_numpy()[use]
    gone = (table["closed"].to_numpy() + table["migrated"].to_numpy())[use] > 0
    frame = pd.DataFrame({"year": year, "before": before, "left": before * gone, "after": after})
    sums = frame.groupby("year", sort=True).sum()
    closure = sums["left"] / sums["before"]
    growth = sums["after"] / (sums["before"] - sums["left"]) - 1.0
    data = pd.DataFrame(
        {
            "year": sums.index.astype(str),
            "closures and moves, % of balance a month": closure.to_numpy() * 100,
            "growth of survivors, % a month": growth.to_numpy() * 100,
            "net decay, % a month": (1.0 - (1.0 - closure) * (1.0 + growth)).to_numpy() * 100,
        }
    )
    note = (
        "of the months judged, before credited interest; 1 - net decay = (1 - closures and moves)(1 + growth of "
        "survivors); what fills an account that stood empty or overdrawn counts as growth, as its leaving did as decay"
    )
    formats = dict.fromkeys(data.columns[1:], ",.2f")
    return Exhibit("decomposition", "Closures and survivors' balances", "table", data, note=note, formats=formats)
