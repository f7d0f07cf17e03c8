"""Discrimination: does the model tell apart those who leave from those who stay?

Purpose
-------
A model that ranks well puts prepayment and closure on the right customers, so that the mix of a changing book is
valued right and not only today's average.

Mechanism
---------
Area under the ROC curve, Gini (2 AUC - 1) and Kolmogorov-Smirnov distance on the test rows, month by month at risk;
the same by test month, because a single figure over many months also rewards knowing which months were busy. Last,
the landmark form: units are ranked once, at a month, and judged by who leaves within 3, 6 and 12 months; units
whose end is unknown by then are left out.

Signs of high risk
------------------
AUC near 0.5; AUC far above what the field reports for the behaviour (0.62 to 0.69 for agency mortgage prepayment
out of time), which more often means that the outcome leaked into a feature than that the model is better; a
landmark AUC far below the monthly one.

Strengths
---------
Independent of the level of predictions and of thresholds; the landmark form exposes leaked durations.

Limitations
-----------
Says nothing about level: a perfectly ranked model can be wrong by half. Shares of balance count as that much event.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from behavior.errors import DoesNotApply
from behavior.kinds.base import Exhibit
from behavior.months import month_number
from behavior.validation.base import Check, CheckInput, Finding, Status
from behavior.validation.evidence import is_ranking, is_rate, rows_of, tested_on
from behavior.validation.statistics import brier, discrimination, log_loss

HORIZONS = (3, 6, 12)
LANDMARK_EVERY = 6
FEWEST_EVENTS = 5
VALUES = {
    "auc": "area under the ROC curve on the test rows, 0.5 is chance",
    "gini": "2 AUC - 1",
    "ks": "Kolmogorov-Smirnov distance",
    "auc_within_month": "mean AUC inside single test months, weighted by events",
    "auc_challenger": "AUC of the plain challenger",
    "auc_train": "AUC on the training rows",
    "brier": "mean squared distance between prediction and outcome",
    "log_loss": "mean log loss a row",
    "auc_landmark_3_months": "ranked once, judged by who leaves within 3 months",
    "auc_landmark_6_months": "ranked once, judged by who leaves within 6 months",
    "auc_landmark_12_months": "ranked once, judged by who leaves within 12 months",
}


def run(given: CheckInput) -> Finding:
    """Rank the test rows by prediction and compare with the outcome."""
    if is_rate(given):
        raise DoesNotApply("a rate paid is a level, nobody leaves or stays; see calibration and backtest.")
    if not is_ranking(given):
        raise DoesNotApply("net flows go both ways, so nobody simply leaves or stays; see calibration and backtest.")
    rows = rows_of(given, "test")
    overall = discrimination(rows["predicted"], rows["actual"])
    if not np.isfinite(overall.auc):
        raise DoesNotApply("the test rows hold no event, so there is nothing to tell apart.")
    by_month = _by_month(rows)
    values = {"auc": overall.auc, "gini": overall.gini, "ks": overall.ks}
    values["auc_within_month"] = _event_weighted(by_month)
    known = rows[rows["challenger"].notna()] if "challenger" in rows else rows.iloc[:0]
    if len(known):
        values["auc_challenger"] = discrimination(known["challenger"], known["actual"]).auc
    if given.split.train.any():
        train = rows_of(given, "train")
        values["auc_train"] = discrimination(train["predicted"], train["actual"]).auc
    values["brier"] = brier(rows["predicted"], rows["actual"].clip(0, 1))
    values["log_loss"] = float(np.mean(log_loss(rows["predicted"], rows["actual"])))
    exhibits = [
        Exhibit("auc_by_month", "AUC inside each test month", "lines", by_month[["month", "AUC"]], "month", "AUC")
    ]
    if given.predictions.binary:
        landmark = _landmark(rows)
        for horizon, part in landmark.groupby("horizon, months"):
            values[f"auc_landmark_{horizon}_months"] = float(np.average(part["AUC"], weights=part["events"]))
        exhibits.append(Exhibit("auc_landmark", "Ranked once, judged later (time-dependent AUC)", "table", landmark))
    return Finding(
        "discrimination",
        Status.WARN if overall.auc < 0.55 else Status.PASS,
        values,
        _words(values, tested_on(given)),
        exhibits=tuple(exhibits),
    )


def _words(values: dict[str, float], tested: str) -> str:
    figures = f"AUC {values['auc']:.3f} (Gini {values['gini']:.3f}, KS {values['ks']:.3f})"
    words = f"{figures} on {tested}"
    if np.isfinite(values.get("auc_landmark_12_months", np.nan)):
        words += f"; {values['auc_landmark_12_months']:.3f} when ranked once and judged a year later"
    return words + "."


def _by_month(rows: pd.DataFrame) -> pd.DataFrame:
    found = []
    for month, part in rows.groupby("month", sort=True):
        events = float(part["actual"].clip(0, 1).sum())
        auc = discrimination(part["predicted"], part["actual"]).auc if events >= FEWEST_EVENTS else np.nan
        found.append({"month": month, "events": events, "AUC": auc})
    return pd.DataFrame(found)


def _event_weighted(by_month: pd.DataFrame) -> float:
    known = by_month.dropna(subset=["AUC"])
    return float(np.average(known["AUC"], weights=known["events"])) if len(known) else np.nan


def _landmark(rows: pd.DataFrame) -> pd.DataFrame:
    """AUC of predictions made at a landmark month for leaving within each horizon."""
    months = month_number(rows["month"])
    table = pd.DataFrame(
        {"unit": rows["unit"], "month": months, "score": rows["predicted"], "left": rows["actual"] > 0}
    )
    last = table.groupby("unit")["month"].max()
    leaving = table[table["left"]].groupby("unit")["month"].min()
    found = []
    for landmark in range(int(months.min()), int(months.max()) + 1, LANDMARK_EVERY):
        at = table[table["month"] == landmark]
        until_leaving = at["unit"].map(leaving) - landmark
        seen = at["unit"].map(last) - landmark
        for horizon in HORIZONS:
            event = (until_leaving >= 0) & (until_leaving < horizon)
            known = event | (seen >= horizon - 1)
            if event.sum() < FEWEST_EVENTS or known.sum() == event.sum():
                continue
            auc = discrimination(at["score"][known], event[known]).auc
            label = str(np.datetime64(landmark, "M"))
            found.append(
                {
                    "landmark": label,
                    "horizon, months": horizon,
                    "units": int(known.sum()),
                    "events": int(event.sum()),
                    "AUC": auc,
                }
            )
    return pd.DataFrame(found, columns=["landmark", "horizon, months", "units", "events", "AUC"])


CHECK = Check("discrimination", run, VALUES, __doc__)
