"""Export fidelity: does the table that treasury loads say what the model says?

Purpose
-------
The engine never sees the model, only the exported table. Whatever averaging over covariates and reading between
grid points costs is measured here, in the units of the result.

Mechanism
---------
The table, read back from disk, is looked up on the very rows that the model predicts, of all customers in the months
after those learned from: what a table says of a model is no question of unseen customers. Both are summed by balance
within segment and month; a macro that the table holds at its last value is held so in the model as well, where the
lookup says what that gives. The difference, table minus model, is signed: CPR points and points of remaining balance
over those months for shares, basis points for rates. Curves that count months since as-of speak of the accounts open
there; they are exported once more for the accounts of the last month learned from, and rows of accounts opened since
are left out. Means weigh cells by balance; worst cells count only with 1% of a segment's mean month or more.
Segments do not make up for each other: the months of each are added up with their signs, as the balance that is left
for curves that count months since as-of and as a mean by balance for the others, and the worst segment is judged.

Signs of high risk
------------------
A segment whose total is beyond 0.1 CPR point, 0.2 points of balance left or 1 basis point; a mean difference beyond
half a CPR point is a table that values another bank; a worst cell many times the mean points to a segment whose mix
moves.

Strengths
---------
Tests a file as it will be used, after rounding, ordering and every other accident of writing; for curves that hold
for any book it is the very file.

Limitations
-----------
Averaged covariates are right for the mix they were averaged over; a book with another mix is another question.
Single customers differ by design; totals are what is judged.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from behavior.assumptions.effects import Effect, MonthMeaning
from behavior.errors import DoesNotApply
from behavior.kinds.base import Exhibit, ModelKind
from behavior.validation.base import Check, CheckInput, Finding, Status
from behavior.validation.evidence import cpr_points, is_rate, mask_of, picture_unit

VALUES = {
    "mean_difference": "table minus model, mean of segment x month cells by balance: CPR points (rates: basis points)",
    "mean_absolute_difference": "the same without sign",
    "worst_difference": "largest absolute difference of a cell of size, CPR points (rates: basis points)",
    "total_difference": "table minus model, whole portfolio over all later months, CPR points (rates: basis points)",
    "survival_difference": "table minus model, balance left after all months, mean of segments by balance, points",
    "worst_survival_difference": "the largest absolute one of a segment, points",
    "worst_segment_difference": "table minus model, months added up, of the segment where it is largest: points of "
    "balance left for curves by month since as-of, else CPR points (rates: basis points)",
    "segments_beyond": "segments whose total is beyond 0.2 points of balance left, 0.1 CPR point or 1 basis point",
    "share_not_covered": "share of the balance for which the table has no curve",
}
ROUNDING = 1e-9


@dataclass(frozen=True)
class Bar:
    """How far a segment's total may be from the model's, and in which unit; `cumulated`: in balance left."""

    limit: float
    unit: str
    cumulated: bool = False


SURVIVAL_BAR = Bar(0.2, "survival points", cumulated=True)
SPEED_BAR = Bar(0.1, "CPR points")
RATE_BAR = Bar(1.0, "bp")


def run(given: CheckInput) -> Finding:
    """Compare the table's totals with the model's in the months after those learned from."""
    rate = is_rate(given)
    rows, missing = _paired(given)
    cells = cells_of(rows, rate)
    values = _values(cells, rows, rate)
    values["share_not_covered"] = missing
    exhibits = [
        Exhibit("export_by_segment", "Exported table against the model, by segment", "table", _by_segment(cells, rate))
    ]
    if not rate:
        survival = survival_of(cells)
        weight = survival["balance"]
        values["survival_difference"] = float(np.average(survival["difference, points"], weights=weight))
        values["worst_survival_difference"] = float(survival["difference, points"].abs().max())
        exhibits.append(Exhibit("export_survival", "Remaining balance after the later months", "table", survival))
    exhibits.append(_picture(rows, rate))
    unit = "bp" if rate else "CPR points"
    words = (
        f"The table read back from disk differs from the model by {values['total_difference']:+z.2f} {unit} in total "
        f"and {values['mean_absolute_difference']:.2f} {unit} in the mean segment and month (table minus model)."
    ) + _worst(cells, bar_of(given.kind), values)
    if missing > 0:
        words += f" {100 * missing:.1f}% of the balance finds no curve."
    off = values["segments_beyond"] > 0 or missing > 0.01
    return Finding("export_fidelity", Status.WARN if off else Status.PASS, values, words, exhibits=tuple(exhibits))


def _worst(cells: pd.DataFrame, bar: Bar, values: dict[str, float]) -> str:
    """The worst segment and how many are beyond the bar, in words; both go into `values`."""
    totals = segment_totals(cells, bar)
    gaps = totals["difference"].to_numpy(np.float64)
    place, beyond = int(np.argmax(np.abs(gaps))), int((np.abs(gaps) > bar.limit + ROUNDING).sum())
    values["worst_segment_difference"], values["segments_beyond"] = float(gaps[place]), float(beyond)
    words = f" Months added up, the worst segment is {totals['segment'].iloc[place]}: {gaps[place]:+z.3f} {bar.unit}"
    return f"{words}; {beyond} of {len(gaps)} segments are beyond {bar.limit:g}." if beyond else f"{words}."


def _paired(given: CheckInput) -> tuple[pd.DataFrame, float]:
    model, table = given.predictions.table, given.looked_up.table
    if len(model) != len(table):
        raise DoesNotApply("the lookup does not answer for the rows that the model predicts.")
    rows = model[["segment", "month"]].assign(
        weight=table["weight"].to_numpy(), model=modelled(model, table).to_numpy(), table=table["predicted"].to_numpy()
    )[mask_of(given, "out_of_time", model)]
    rows = rows[(rows["weight"] > 0) & rows["model"].notna()]
    if rows.empty:
        raise DoesNotApply("no row is out of time; lengthen the history or change the split.")
    covered = rows["table"].notna()
    if not covered.any():
        raise DoesNotApply("the table has no curve for any later row.")
    missing = float(rows.loc[~covered, "weight"].sum() / rows["weight"].sum())
    return rows[covered].reset_index(drop=True), missing


def modelled(predictions: pd.DataFrame, looked_up: pd.DataFrame) -> pd.Series:
    """What the model says where the table speaks: with macros held as the table holds them, else as it predicts."""
    return looked_up["modelled"] if "modelled" in looked_up else predictions["predicted"]


def cells_of(rows: pd.DataFrame, rate: bool) -> pd.DataFrame:
    """Balance-weighted means by segment and month and their difference, table minus model, CPR points (rates: bp).

    `rows` have the columns segment, month, weight, model, table.
    """
    sums = rows.assign(model=rows["weight"] * rows["model"], table=rows["weight"] * rows["table"])
    cells = sums.groupby(["segment", "month"], sort=True)[["weight", "model", "table"]].sum().reset_index()
    cells["model"], cells["table"] = cells["model"] / cells["weight"], cells["table"] / cells["weight"]
    cells["difference"] = _show(cells["table"], rate) - _show(cells["model"], rate)
    return cells


def _show(values: pd.Series, rate: bool) -> np.ndarray:
    return np.asarray(1e4 * values) if rate else cpr_points(values)


def _values(cells: pd.DataFrame, rows: pd.DataFrame, rate: bool) -> dict[str, float]:
    weight = rows["weight"]
    total = {side: pd.Series([float(np.average(rows[side], weights=weight))]) for side in ("model", "table")}
    sized = cells["weight"] >= 0.01 * cells.groupby("segment")["weight"].transform("mean")
    return {
        "mean_difference": float(np.average(cells["difference"], weights=cells["weight"])),
        "mean_absolute_difference": float(np.average(cells["difference"].abs(), weights=cells["weight"])),
        "worst_difference": float(cells.loc[sized, "difference"].abs().max()),
        "total_difference": float((_show(total["table"], rate) - _show(total["model"], rate))[0]),
    }


def _by_segment(cells: pd.DataFrame, rate: bool) -> pd.DataFrame:
    unit = "% a year" if rate else "% CPR"
    found = []
    for segment, part in cells.groupby("segment", sort=True):
        weight = part["weight"]
        means = {side: pd.Series([np.average(part[side], weights=weight)]) for side in ("model", "table")}
        scale = 0.01 if rate else 1.0
        found.append(
            {
                "segment": segment,
                "balance-months": weight.sum(),
                f"model, {unit}": scale * _show(means["model"], rate)[0],
                f"table, {unit}": scale * _show(means["table"], rate)[0],
                "mean difference, " + ("bp" if rate else "CPR points"): np.average(part["difference"], weights=weight),
                "largest, " + ("bp" if rate else "CPR points"): part["difference"].abs().max(),
            }
        )
    return pd.DataFrame(found)


def bar_of(kind: ModelKind) -> Bar:
    """What a kind's tables are held to, segment by segment."""
    if kind.effect is Effect.REPRICING:
        return RATE_BAR
    return SURVIVAL_BAR if kind.month_meaning is MonthMeaning.SINCE_AS_OF else SPEED_BAR


def segment_totals(cells: pd.DataFrame, bar: Bar) -> pd.DataFrame:
    """Table minus model by segment, months added up with their signs: `segment`, `difference` in the bar's unit."""
    if bar.cumulated:
        left = survival_of(cells)
        return pd.DataFrame({"segment": left["segment"], "difference": left["difference, points"]})
    weighted = cells.assign(difference=cells["difference"] * cells["weight"])
    sums = weighted.groupby("segment", sort=True)[["weight", "difference"]].sum()
    mean = sums["difference"] / sums["weight"]
    return pd.DataFrame({"segment": mean.index.to_numpy(), "difference": mean.to_numpy()})


def survival_of(cells: pd.DataFrame) -> pd.DataFrame:
    """Balance left after the months of `cells_of`, by segment: months, mean balance, model, table and difference."""
    found = []
    for segment, part in cells.sort_values("month").groupby("segment", sort=True):
        model, table = float(np.prod(1.0 - part["model"])), float(np.prod(1.0 - part["table"]))
        found.append(
            {
                "segment": segment,
                "months": len(part),
                "balance": part["weight"].mean(),
                "model, %": 100 * model,
                "table, %": 100 * table,
                "difference, points": 100 * (table - model),
            }
        )
    return pd.DataFrame(found)


def _picture(rows: pd.DataFrame, rate: bool) -> Exhibit:
    sums = rows.assign(model=rows["weight"] * rows["model"], table=rows["weight"] * rows["table"])
    path = sums.groupby("month", sort=True)[["weight", "model", "table"]].sum()
    scale = 0.01 if rate else 1.0
    lines = pd.DataFrame(
        {
            "month": path.index,
            "model": scale * _show(path["model"] / path["weight"], rate),
            "exported table": scale * _show(path["table"] / path["weight"], rate),
        }
    )
    unit = picture_unit(rate)
    return Exhibit("export_path", "The model and its exported table, later months", "lines", lines, "month", unit)


CHECK = Check("export_fidelity", run, VALUES, __doc__)
