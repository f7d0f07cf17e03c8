"""Refit: is the exported model still the one that was judged?

Purpose
-------
Evidence is of a model that had not seen the last months and some customers. Where curves come from the same
specification learned again from everything, the two must say the same of today's customers, up to what the months in
between have taught.

Mechanism
---------
Both models predict the rows of the last twelve months, rates along paths from the last month that the judged one saw;
the difference, exported minus judged, is weighed by balance: in all and by segment, CPR points for shares and basis
points for rates.

Signs of high risk
------------------
A segment that moves by more than 2 CPR points and a quarter of its level, or for rates by more than 10 basis points:
the last months are unlike those that the evidence speaks of, and the figures out of time say how they were missed.

Strengths
---------
Row by row, on the customers that the curves are for.

Limitations
-----------
A difference is no error: the months learned since are often why a model is trained again.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from behavior.errors import DoesNotApply
from behavior.kinds.base import Exhibit
from behavior.months import month_number
from behavior.validation.base import Check, CheckInput, Finding, Status
from behavior.validation.evidence import cpr_points, is_rate

VALUES = {
    "mean_difference": "exported minus judged model on the last twelve months, CPR points (rates: basis points)",
    "worst_difference": "largest absolute difference of a segment, CPR points (rates: basis points)",
    "segments_beyond": "segments beyond 2 CPR points and a quarter of the judged level; rates: beyond 10 basis points",
}
RECENT = 12
MOST_SHARE, MOST_RATE, MOST_RELATIVE = 2.0, 10.0, 0.25


def run(given: CheckInput) -> Finding:
    """Compare the two models on the last twelve months."""
    if given.exported is None or given.exported is given.fitted:
        raise DoesNotApply("what is exported is the model that was judged.")
    rate = is_rate(given)
    segments = _by_segment(given, rate)
    unit = "bp" if rate else "CPR points"
    gap, level = segments[f"difference, {unit}"], segments[f"judged, {unit}"]
    # A basis point too much is paid on the whole balance, whatever the level; a speed is as large as it is.
    limit = MOST_RATE if rate else np.maximum(MOST_SHARE, MOST_RELATIVE * level.abs())
    worst = int(np.argmax(gap.abs()))
    values = {
        "mean_difference": float(np.average(gap, weights=segments["balance-months"])),
        "worst_difference": float(gap.abs().max()),
        "segments_beyond": float((gap.abs() > limit).sum()),
    }
    words = (
        f"Learned again from every month and customer, the exported model differs by {values['mean_difference']:+z.2f} "
        f"{unit} from the judged one on the last twelve months; most in {segments['segment'].iloc[worst]}: "
        f"{gap.iloc[worst]:+z.2f} {unit}."
    )
    status = Status.WARN if values["segments_beyond"] else Status.PASS
    exhibit = Exhibit("refit_by_segment", "Judged and exported model, last twelve months", "table", segments)
    return Finding("refit", status, values, words, exhibits=(exhibit,))


def _by_segment(given: CheckInput, rate: bool) -> pd.DataFrame:
    """Both models' means by segment, weighted by balance."""
    assert given.exported is not None
    rows = given.predictions.table[["segment", "month", "weight", "predicted"]].rename(columns={"predicted": "judged"})
    rows["exported"] = given.kind.predict(given.exported, given.panel).table["predicted"].to_numpy()
    months = month_number(rows["month"])
    rows = rows[(months > months.max() - RECENT) & (rows["weight"] > 0)].dropna()
    if rows.empty:
        raise DoesNotApply("no row of the last twelve months has a balance.")
    unit = "bp" if rate else "CPR points"
    found = []
    for segment, part in rows.groupby("segment", sort=True):
        judged, exported = (
            _shown(float(np.average(part[name], weights=part["weight"])), rate) for name in ("judged", "exported")
        )
        found.append(
            {
                "segment": segment,
                "balance-months": part["weight"].sum(),
                f"judged, {unit}": judged,
                f"exported, {unit}": exported,
                f"difference, {unit}": exported - judged,
            }
        )
    return pd.DataFrame(found)


def _shown(value: float, rate: bool) -> float:
    return 1e4 * value if rate else float(cpr_points(np.array([value]))[0])


CHECK = Check("refit", run, VALUES, __doc__)
