"""Curtailment and default have no axis for rates: their tables speak of the loans of the as-of book at today's."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from behavior.assumptions.set import AssumptionTable
from behavior.estimators.terms import column_of
from behavior.features.base import FeatureMatrix
from behavior.features.prepayment import FEATURES
from behavior.kinds._inputs import ModelInputs
from behavior.kinds._prepayment_tables import export, table_values
from behavior.kinds.base import ExportContext, FittedModel
from behavior.market.history import RateHistory
from behavior.panel.base import Panel
from tests.spec_examples import PREPAYMENT, spec_of

NAMES = ("incentive", "months_in_the_money", "age_months")
SPEC = spec_of(*PREPAYMENT, more='[features]\nuse = ["incentive", "months_in_the_money", "age_months"]')


class Known:
    """A hazard that moves with the incentive, the months in the money and the age as told."""

    def __init__(self, steep: float, tired: float = 0.0) -> None:
        self.slopes = {"incentive": steep, "months_in_the_money": tired, "age_months": 0.01}

    def score(self, matrix: FeatureMatrix) -> Any:
        return np.log(0.002) + sum(slope * column_of(matrix, name) for name, slope in self.slopes.items())

    def predict_hazard(self, matrix: FeatureMatrix) -> Any:
        return np.exp(self.score(matrix))


def history(last: float) -> Panel:
    """Five years of 60 loans, 1 to 60 months old at the end of 300 to 1,900; the market rate
    moves in the last year, so that incentives go from one point to `last`."""
    months = pd.date_range(end="2026-09-30", periods=60, freq="ME")
    age, place = (one.ravel() for one in np.meshgrid(np.arange(1, 61), np.arange(60)))
    month = 59 - (place - (age - 1))  # of a loan that is `place` + 1 months old at the end
    kept = month <= 59
    age, place, month = age[kept], place[kept], month[kept]
    incentive = np.interp(month, [47, 59], [0.01, last]) + 0.004 * np.sin(place)
    table = pd.DataFrame(
        {
            "unit": [f"L{one}" for one in place],
            "month": months[month],
            "weight": 100.0 * (3 + place % 17),
            "age_months": age.astype(float),
            "incentive": incentive,
            "months_in_the_money": np.minimum(age - 1.0, 30.0),
        }
    )
    return Panel(table)


def table_of(panel: Panel, model: Known) -> AssumptionTable:
    estimators = {"inputs": ModelInputs(NAMES, {}, {}), "payoff": Known(0.0), "curtailment": model}
    rates = RateHistory.from_table(pd.DataFrame({"date": ["2026-09-30"], "index": ["M"], "value": [0.04]}), {})
    fitted = FittedModel("mortgage_prepayment", SPEC, estimators, {}, {})
    tables = export(fitted, ExportContext(panel.table["month"].max(), panel, rates, None))
    return next(one for one in tables if one.cause == "curtailment")


@pytest.mark.parametrize("last", [-0.03, 0.01, 0.03])
@pytest.mark.parametrize(("steep", "tired"), [(0.0, 0.0), (40.0, 0.0), (-40.0, 0.03)])
def test_the_level_by_balance_is_the_models_of_the_loans_held_at_todays_rates(
    last: float, steep: float, tired: float
) -> None:
    panel, model = history(last), Known(steep, tired)
    now = panel.rows((panel.table["month"] == panel.table["month"].max()).to_numpy())
    spent = table_values(table_of(panel, model), now)[0]
    own = model.predict_hazard(ModelInputs(NAMES, {}, {}).matrix(now, FEATURES))
    weight, age = now.table["weight"].to_numpy(), now.table["age_months"].to_numpy()
    for some, near in ((age > 0, 0.01), (age <= 24, 0.06), (age > 24, 0.06)):
        expected = float(weight[some] @ own[some])
        assert float(weight[some] @ spent[some]) == pytest.approx(expected, rel=near)


def test_the_manifest_names_every_covariate_that_a_cause_is_averaged_over() -> None:
    averaged = table_of(history(0.01), Known(10.0)).averaged_over
    assert averaged["covariates"] == "incentive, months_in_the_money" and "last month" in averaged["level"]
