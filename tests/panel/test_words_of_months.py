"""A bank's own words and dates of a month are features as its numbers are: known from the next month on."""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd
import pytest

from behavior.features.base import compute_features
from behavior.kinds.base import ModelKind
from behavior.kinds.mortgage_prepayment import KIND as PREPAYMENT
from behavior.kinds.nmd_decay import KIND as DECAY
from behavior.panel.base import CustomerHistory
from behavior.panel.split import split_panel
from behavior.simulator import simulate
from behavior.simulator.settings import small_settings
from behavior.specs import ModelSpec
from tests.spec_examples import spec_of

NAMES = ("arrears", "arrears_number", "last_contact")
TABLES = {PREPAYMENT.name: ("loans", "loan_months"), DECAY.name: ("accounts", "account_months")}


@cache
def bank():
    return simulate(small_settings(), seed=5)


def told(kind: ModelKind) -> tuple[CustomerHistory, ModelSpec]:
    """The small bank with arrears as agencies write them, once as words and once as numbers, and days of contact."""
    rng, history = np.random.default_rng(1), bank().mortgages if kind is PREPAYMENT else bank().deposits
    units, months = (history.tables[name] for name in TABLES[kind.name])
    place = rng.choice(4, len(months), p=[0.9, 0.05, 0.02, 0.03])
    days = pd.to_timedelta(rng.integers(0, 900, len(months)), unit="D")
    months = months.assign(
        arrears=pd.Series(np.array(["0", "1", "XX", None], dtype=object)[place], months.index, dtype="str"),
        arrears_number=np.array([0.0, 1.0, 2.0, np.nan])[place],
        last_contact=months["month"] - days,
    )
    use = [kind.features[0].name, "age_months", *NAMES]
    spec = spec_of(kind.name, kind.history_contract, "spline_hazard", f"[features]\nuse = {use}")
    return CustomerHistory(history.contract, dict(zip(TABLES[kind.name], (units, months), strict=True))), spec


@pytest.mark.parametrize("kind", [PREPAYMENT, DECAY], ids=lambda kind: kind.name)
def test_words_and_dates_of_a_month_are_read_as_its_numbers_are(kind: ModelKind) -> None:
    history, spec = told(kind)
    panel = kind.build_panel(history, bank().rate_history, spec)
    words, numbers, days = (panel.table[name] for name in NAMES)
    assert words.notna().mean() > 0.9
    assert numbers.equals(words.map({"0": 0.0, "1": 1.0, "XX": 2.0}).astype(float).rename(numbers.name))
    known = days.notna()
    assert known.mean() > 0.95 and (days[known] < panel.table["month"][known]).all()
    matrix = compute_features(panel, kind.features, spec.features.use)
    assert matrix.names[-3:] == NAMES and matrix.levels["arrears"] == ("0", "1", "XX")
    assert kind.fit(panel, split_panel(panel, spec.split), spec).facts


def test_a_loans_words_are_those_of_the_month_before() -> None:
    history, spec = told(PREPAYMENT)
    table = PREPAYMENT.build_panel(history, bank().rate_history, spec).table
    months = history.tables["loan_months"]
    before = months[["loan_id", "month", "arrears", "last_contact"]].assign(
        month=months["month"] + pd.offsets.MonthEnd(1)
    )
    own = table[["unit", "month"]].merge(before, how="left", left_on=["unit", "month"], right_on=["loan_id", "month"])
    for name in ("arrears", "last_contact"):
        assert (table[name].isna() == own[name].isna()).all()
        assert (table[name] == own[name])[own[name].notna()].all()
