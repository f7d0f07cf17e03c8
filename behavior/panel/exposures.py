"""Stretches of time at risk -> one row a unit and period: for histories that say how long, not month by month.

A loan that is one row with the month it ended in, and a survey that asks once a year, are both such histories. Every
covariate of the extract is constant over its stretch and known when the stretch begins; where the term is known, so is
how far each period lies before or beyond it.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from behavior.errors import FittingError
from behavior.months import month_number
from behavior.panel.base import CustomerHistory, Panel
from behavior.panel.customers import count_of_units, customers_of
from behavior.panel.dense import month_end_of, number_of, text_column
from behavior.quantities import FloatArray, IntArray

EXPOSURES = "exposure_history/1"
OWN = ("unit_id", "customer_id", "month", "from_months", "to_months", "period_months", "status", "weight", "balance")
UNKNOWN = ("market_rate", "curtailment", "depth_in_the_money")


def build_exposure_panel(history: CustomerHistory) -> Panel:
    """The person-period table of an ``exposure_history/1``, in the columns of the loan panel.

    `age_months` is the middle of the period, rounded up (month k of a monthly history is k); the status of a stretch
    falls into its last period; `survey_weight` is the history's weight or 1, `weight` its balance or the same.

    Raises
    ------
    FittingError : when nothing is left at risk.
    """
    table = history.tables["exposures"].reset_index(drop=True)
    gone = table["status"].to_numpy(dtype=object) == "transferred"
    begin, end = (table[name].to_numpy(dtype=np.int64) for name in ("from_months", "to_months"))
    step = np.maximum(np.nan_to_num(number_of(table, "period_months"), nan=1.0).astype(np.int64), 1)
    count: IntArray = np.maximum(-(-(end - begin) // step) - gone, 0)
    owner = np.repeat(np.arange(len(table)), count)
    place = np.arange(len(owner)) - np.repeat(np.cumsum(count) - count, count)
    last = place == count[owner] - 1
    status = np.where(last, table["status"].to_numpy(dtype=object)[owner], "open")
    month = month_number(table["month"])[owner] - np.where(gone[owner], step[owner], 0)
    month = month - (count[owner] - 1 - place) * step[owner]
    survey = np.nan_to_num(number_of(table, "weight"), nan=1.0)
    survey = survey / max(float(np.average(survey, weights=np.maximum(count, 1))), 1e-12)
    balance = number_of(table, "balance")
    customers, unnamed = customers_of(table, "unit_id")
    columns = {
        "unit": table["unit_id"].to_numpy()[owner],
        "customer": customers.to_numpy()[owner],
        "month": month_end_of(month),
        "weight": np.where(np.isnan(balance), survey, balance)[owner],
        "survey_weight": survey[owner],
        "age_months": begin[owner] + place * step[owner] + np.ceil((step[owner] + 1) / 2.0),
        "payoff": (status == "prepaid").astype(np.float64),
        "default": (status == "default").astype(np.float64),
        "status": status,
    }
    for name in table.columns:
        if name not in OWN:
            columns[name] = _covariate(table[name], owner)
    for name in UNKNOWN:
        columns.setdefault(name, np.full(len(owner), np.nan))
    for name in ("incentive", "months_in_the_money"):
        columns.setdefault(name, np.zeros(len(owner)))
    if "original_term_months" in table.columns:
        columns["term_phase"] = _term_phase(columns["age_months"] - number_of(table, "original_term_months")[owner])
    made = pd.DataFrame(columns)
    if made.empty:
        raise FittingError("exposures: no period at risk is left. Check `from_months` and `to_months`.")
    dropped = {"stretches ended by a transfer: censored at the start of their last period": int(gone.sum())}
    if alone := count_of_units(unnamed, owner):
        dropped["stretches without a customer_id: their unit its own customer"] = alone
    return Panel(made.sort_values(["unit", "month"], kind="stable").reset_index(drop=True), dropped)


def _term_phase(past: FloatArray) -> pd.Categorical:
    """Months past the contractual term in words: the last instalment is a date, not a seasoning."""
    labels = ["before", *(f"{one:+d}" for one in range(-2, 4)), "later"]
    place = np.clip(np.nan_to_num(past, nan=-9.0) + 3, 0, len(labels) - 1).astype(np.int64)
    return pd.Categorical.from_codes(place, categories=pd.Index(labels, dtype=object))


def _covariate(values: pd.Series, owner: IntArray) -> object:
    if pd.api.types.is_numeric_dtype(values):
        return values.to_numpy(dtype=np.float64, na_value=np.nan)[owner]
    if pd.api.types.is_datetime64_any_dtype(values):
        return values.to_numpy()[owner]
    return text_column(values).take(owner)
