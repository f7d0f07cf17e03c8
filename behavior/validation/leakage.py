"""Leakage: could the model have known what it was asked to predict?

Purpose
-------
The commonest way to publish a wonderful model of customer behaviour is to let the outcome into the inputs. This
check looks for the ways in which that has happened elsewhere, and blocks a version where the split itself is
broken.

Mechanism
---------
Training and test rows must share no month and, where customers are held out, no customer; no unit may have two rows
in a month or a row after its exit. Every feature of a sample of test rows is tried on its own as a score: a single
feature that nearly orders the outcome is a suspect. The AUC on the training rows stands under discrimination beside
that of the test: a test that is easier than training is a sign too.

Signs of high risk
------------------
Any shared customer or month; a single feature with an AUC above 0.90; an AUC above 0.90 of the whole model.

Strengths
---------
The structural part is exact, needs no judgement and is blocking by itself.

Limitations
-----------
A feature that knows a little of the future hides among honest ones; the law that moves the future and watches the
features is a test of the code, not of this fit.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from behavior.errors import DoesNotApply
from behavior.kinds.base import Exhibit
from behavior.quantities import BoolArray
from behavior.validation.base import Check, CheckInput, Finding, Status
from behavior.validation.evidence import is_ranking, rows_of
from behavior.validation.statistics import discrimination

SUSPECT = 0.90
BUILT_IN = {"shared_customers": "at most 0", "shared_months": "at most 0", "duplicate_rows": "at most 0"}
VALUES = {
    "shared_customers": "customers on both sides of training and test",
    "shared_months": "months on both sides of training and test",
    "duplicate_rows": "panel rows of a unit and month that is there twice",
    "rows_after_exit": "rows of a unit after the month in which it left (0/1 targets)",
    "best_single_feature": "largest AUC of one feature on its own, either direction",
    "model_auc": "AUC of the model on the same test rows",
}


def run(given: CheckInput) -> Finding:
    """Look for shared customers and months, rows that should not be, and features that know too much."""
    values = _structure(given)
    bounds = {name: words for name, words in BUILT_IN.items() if name in values}
    broken = [name for name in bounds if values[name] > 0]
    exhibits: tuple[Exhibit, ...] = ()
    if is_ranking(given):
        suspects = _single_features(given, values)
        if len(suspects):
            exhibits = (Exhibit("single_features", "Each feature alone as a score, test sample", "table", suspects),)
    suspect = max(values.get("best_single_feature", 0.0), values.get("model_auc", 0.0)) > SUSPECT
    status = Status.FAIL if broken else Status.WARN if suspect or values.get("rows_after_exit", 0) > 0 else Status.PASS
    return Finding(
        "leakage", status, values, _words(values, broken), thresholds=bounds, exhibits=exhibits, failed=tuple(broken)
    )


def _structure(given: CheckInput) -> dict[str, float]:
    table, split = given.panel.table, given.split
    learned = split.train | split.validate
    values = {
        "shared_months": float(_shared(table["month"], learned, split.test)),
        "duplicate_rows": float(table.duplicated(["unit", "month"]).sum()),
    }
    if split.unseen_customers.any():
        values = {"shared_customers": float(_shared(table["customer"], learned, split.test)), **values}
    if given.predictions.binary:
        outcome = given.predictions.table
        gone = outcome[outcome["actual"] >= 1].groupby("unit")["month"].min()
        values["rows_after_exit"] = float((outcome["month"] > outcome["unit"].map(gone)).sum())
    return values


def _shared(column: pd.Series, one: BoolArray, other: BoolArray) -> int:
    return len(np.intersect1d(column[one].unique(), column[other].unique()))


def _single_features(given: CheckInput, values: dict[str, float]) -> pd.DataFrame:
    try:
        rows = rows_of(given, "test")
    except DoesNotApply:
        return pd.DataFrame()
    values["model_auc"] = discrimination(rows["predicted"], rows["actual"]).auc
    sample, outcome = given.explained_test, given.explained_outcome
    found = []
    for matrix in sample.values():
        if len(matrix.values) != len(outcome):
            continue
        for place, name in enumerate(matrix.names):
            column = matrix.values[:, place]
            auc = discrimination(
                np.where(np.isfinite(column), column, np.nanmin(column, initial=0.0) - 1.0), outcome
            ).auc
            found.append({"feature": name, "AUC alone": max(auc, 1.0 - auc)})
        break
    table = pd.DataFrame(found).dropna() if found else pd.DataFrame()
    if len(table):
        table = table.sort_values("AUC alone", ascending=False, ignore_index=True)
        values["best_single_feature"] = float(table["AUC alone"].iloc[0])
    return table


def _words(values: dict[str, float], broken: list[str]) -> str:
    if broken:
        return "The split leaks: " + "; ".join(f"{values[name]:,.0f} {VALUES[name]}" for name in broken) + "."
    if "shared_customers" in values:
        words = "Training and test share no customer and no month, and no unit has two rows in a month."
    else:
        words = "Training and test share no month, and no unit has two rows in one; no customer was held out."
    best = values.get("best_single_feature", np.nan)
    if np.isfinite(best):
        words += f" The strongest single feature reaches an AUC of {best:.2f}."
        if best > SUSPECT or values.get("model_auc", 0.0) > SUSPECT:
            words += " That is more than behaviour allows; look for the outcome in the inputs."
    return words


CHECK = Check("leakage", run, VALUES, __doc__)
