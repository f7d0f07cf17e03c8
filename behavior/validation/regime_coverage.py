"""Regime coverage: has the model seen the rates and the ages that it will be asked about?

Purpose
-------
Ten years of data can be a sample of one rate cycle. Models that never saw an incentive, or a falling rate, extend a
curve by its shape alone, and that should be known before a scenario does it.

Mechanism
---------
The economic driver of training rows is set against that of the test rows and of the last month: the balance outside
the training rows' 1st to 99th percentile, the driver's range, and the number of turns of its monthly mean of at
least 50 basis points. Test months are counted by whether the driver was rising, falling or flat over the half-year
before. Where units have an age, those of the last month are followed through the next five years: the balance-months
at ages that hardly a unit of the training rows stood at, between waves of opening or beyond the oldest.

Signs of high risk
------------------
More than 5% of the test or latest balance outside the training range; fewer than two turns; a direction of rates
that only the test knows; more than a tenth of the next five years at ages that nobody has lived through.

Strengths
---------
Independent of the model; flags extrapolation before there is an error to see.

Limitations
-----------
One driver at a time; the same incentive in another decade may meet other customers.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from behavior.errors import DoesNotApply
from behavior.kinds.base import Exhibit
from behavior.quantities import FloatArray
from behavior.validation.base import Check, CheckInput, Finding, Status
from behavior.validation.evidence import mask_of, monthly_path

TURN = 0.005
LOOK_BACK = 6
YEARS_AHEAD, AROUND, LEAST_LIVED = 5, 6, 50
"""Years that the last month's units are followed; an age is lived where that many unit-months stand so near it."""
MOST_UNSEEN = 0.1
VALUES = {
    "share_outside_training": "share of the test balance whose driver lies outside training's 1st to 99th percentile",
    "latest_share_outside_training": "the same share of the balance in the last panel month",
    "turns": "turns of the driver's monthly mean by at least 50 bp in the training months",
    "training_months": "months in the training rows",
    "training_events": "events in the training rows (0/1 outcomes only)",
    "driver_low": "1st percentile of the driver in training, % a year",
    "driver_high": "99th percentile of the driver in training, % a year",
    "ages_ahead_unseen": "share of the next five years' balance-months at ages that hardly a training unit stood at",
}


def run(given: CheckInput) -> Finding:
    """Compare the driver's range and regimes between training and test."""
    table = given.predictions.table
    known = table["driver"].notna() & (table["weight"] > 0)
    train = table[known & mask_of(given, "train", table)]
    test = table[known & mask_of(given, "test", table)]
    if train.empty or test.empty:
        raise DoesNotApply("the kind states no economic driver, or a part of the split is empty.")
    low, high = np.quantile(train["driver"], [0.01, 0.99])
    last = table[known & (table["month"] == table["month"].max())]
    path = monthly_path(train.assign(actual=train["driver"]), ("actual",))
    values = {
        "share_outside_training": _outside(test, low, high),
        "latest_share_outside_training": _outside(last, low, high),
        "turns": float(turns(path["actual"].to_numpy(), TURN)),
        "training_months": float(train["month"].nunique()),
        "driver_low": 100 * float(low),
        "driver_high": 100 * float(high),
    }
    if given.predictions.binary:
        values["training_events"] = float(train["actual"].sum())
    unseen = ages_ahead_unseen(train, last)
    if not np.isnan(unseen):
        values["ages_ahead_unseen"] = unseen
    late = max(values["share_outside_training"], values["latest_share_outside_training"])
    outside = 100 * values["share_outside_training"]
    words = (
        f"Training covers {values['training_months']:.0f} months with {values['turns']:.0f} turns of the driver, from "
        f"{values['driver_low']:+z.2f}% to {values['driver_high']:+z.2f}%; {outside:.1f}% of "
        f"the test balance and {100 * values['latest_share_outside_training']:.1f}% of the latest lie outside."
    )
    if unseen > MOST_UNSEEN:
        words += (
            f" {100 * unseen:.0f}% of the next {YEARS_AHEAD} years' balance-months are at ages that hardly anyone has "
            "lived through: there a curve rests on its form alone."
        )
    status = Status.WARN if late > 0.05 or values["turns"] < 2 or unseen > MOST_UNSEEN else Status.PASS
    exhibits = (_picture(table[known], low, high), _regimes(table[known], given))
    return Finding("regime_coverage", status, values, words, exhibits=exhibits)


def ages_ahead_unseen(train: pd.DataFrame, last: pd.DataFrame) -> float:
    """Share of the coming years' balance-months, nobody leaving, at ages that training hardly holds; NaN without ages.

    Parameters
    ----------
    train, last : rows with `age_months` and `weight` (balance), of training and of the last month.
    """
    if "age_months" not in train or not (train["age_months"].notna().any() and last["age_months"].notna().any()):
        return np.nan
    stood = train["age_months"].dropna().clip(lower=0).to_numpy(np.int64)
    now = last[last["age_months"].notna()]
    ages, balance = now["age_months"].clip(lower=0).to_numpy(np.int64), now["weight"].to_numpy(np.float64)
    ahead = 12 * YEARS_AHEAD
    counts = np.bincount(stood, minlength=int(ages.max()) + ahead + 1)
    lived = np.convolve(counts, np.ones(2 * AROUND + 1, dtype=np.int64), "same") >= LEAST_LIVED
    unlived = np.concatenate(([0], np.cumsum(~lived)))
    months = unlived[ages + ahead + 1] - unlived[ages + 1]
    return float((months * balance).sum() / (ahead * balance.sum()))


def _outside(rows: pd.DataFrame, low: float, high: float) -> float:
    outside = (rows["driver"] < low) | (rows["driver"] > high)
    return float(rows.loc[outside, "weight"].sum() / rows["weight"].sum()) if len(rows) else np.nan


def turns(path: FloatArray, size: float) -> int:
    """How often a path turns round by at least `size` from its last extreme; shape (months,) in, a count out."""
    found, direction = 0, 0
    lowest = highest = float(path[0])
    for value in map(float, path[1:]):
        # Until a first move of the size is seen, both ends are kept: the path may begin in the middle of a swing.
        lowest, highest = min(lowest, value), max(highest, value)
        if direction >= 0 and value <= highest - size:
            found, direction, lowest, highest = found + (direction > 0), -1, value, value
        elif direction <= 0 and value >= lowest + size:
            found, direction, lowest, highest = found + (direction < 0), 1, value, value
    return found


def _picture(rows: pd.DataFrame, low: float, high: float) -> Exhibit:
    path = monthly_path(rows.assign(actual=rows["driver"]), ("actual",))
    data = pd.DataFrame({"month": path["month"], "mean driver": 100 * path["actual"]})
    data["training's 1st percentile"], data["training's 99th percentile"] = 100 * low, 100 * high
    title = "The economic driver by month, and the range that training saw"
    return Exhibit("driver_by_month", title, "lines", data, "month", "driver, % a year")


def _regimes(rows: pd.DataFrame, given: CheckInput) -> Exhibit:
    path = monthly_path(rows.assign(actual=rows["driver"]), ("actual",)).set_index("month")["actual"]
    change = path.diff(LOOK_BACK)
    regime = pd.Series(
        np.where(change > 0.0025, "rising", np.where(change < -0.0025, "falling", "flat")), index=path.index
    )
    found = []
    for part in ("train", "test"):
        months = pd.Index(given.predictions.table.loc[mask_of(given, part, given.predictions.table), "month"].unique())
        seen = regime.reindex(months).value_counts()
        found.append({"part": part, **{name: int(seen.get(name, 0)) for name in ("rising", "falling", "flat")}})
    return Exhibit(
        "regimes", "Months by direction of the driver over the half-year before", "table", pd.DataFrame(found)
    )


CHECK = Check("regime_coverage", run, VALUES, __doc__)
