"""Landmark evaluation of decay: who is followed teaches nothing, baselines by hand, one set of accounts for all."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from behavior.benchmark import decay_models as models
from behavior.benchmark.decay_run import _as_it_went, decay_benchmark
from behavior.benchmark.hazard_models import OURS
from behavior.benchmark.protocols import Bar, Incumbent, Protocol, Question
from behavior.errors import FittingError
from behavior.kinds.nmd_decay import KIND
from behavior.panel.dense import month_end_of
from behavior.panel.landmarks import balance_grid
from behavior.simulator import simulate
from behavior.simulator.settings import small_settings
from behavior.specs import parse_spec

MODELS = Path(__file__).resolve().parents[2] / "models"


def cohort(accounts: int = 2, horizon: int = 3) -> models.Cohort:
    rows = pd.DataFrame({"age_months": np.full(accounts, 10.0), "balance": 100.0})
    return models.Cohort(rows, np.zeros(accounts, dtype=np.int64), np.arange(10, 10 + horizon), np.zeros((1, horizon)))


def history() -> pd.DataFrame:
    """Two accounts over four months: one keeps 90% a month, one closes in the third."""
    return pd.DataFrame(
        {
            "unit": ["a"] * 4 + ["b"] * 3,
            "month": month_end_of(np.array([6, 7, 8, 9, 6, 7, 8])),
            "weight": [100.0, 90.0, 81.0, 72.9, 100.0, 100.0, 100.0],
            "balance_before_interest": [90.0, 81.0, 72.9, 65.61, 100.0, 100.0, 0.0],
            "balance_known": 1.0,
            "closed": [0, 0, 0, 0, 0, 0, 1.0],
            "migrated": 0.0,
            "age_months": [1.0, 2, 3, 4, 1, 2, 3],
        }
    )


def test_constant_rates_by_hand() -> None:
    table = history()
    every = np.ones(len(table), dtype=bool)
    codes = np.zeros(len(table), dtype=np.int64)
    kept = table["balance_before_interest"].sum() / table["weight"].sum()
    found = models.constant_decay(table, codes, every, cohort())
    np.testing.assert_allclose(found[0], kept ** np.arange(4))
    last = models.constant_decay(table, codes, every, cohort(), last_months=1)
    np.testing.assert_allclose(last[0], 0.9 ** np.arange(4))
    np.testing.assert_allclose(models.fixed_decay(5.0, cohort(1, 60))[0, -1], np.exp(-1.0))
    exits = models.kaplan_meier(table, codes, every, cohort())
    np.testing.assert_allclose(exits[0], (1.0 - 1.0 / 7.0) ** np.arange(4))


def test_cohorts_chain_ratios_and_follow_the_lowest_balance() -> None:
    paths = np.array([[100.0, 80.0, 100.0, 80.0], [100.0, 100.0, 50.0, 60.0]])
    group = np.zeros(2, dtype=np.int64)
    found = models.cohort_decay(paths, group, 3, cohort(1, 3), lowest=False)
    np.testing.assert_allclose(found[0], [1.0, 0.9, 0.75, 0.7])
    lowest = models.cohort_decay(paths, group, 3, cohort(1, 3), lowest=True)
    np.testing.assert_allclose(lowest[0], [1.0, 0.9, 0.65, 0.65])
    rising = np.cumprod(np.full((1, 40), 1.01), axis=1)
    probable = models.probable_amount(rising, np.zeros(1, dtype=np.int64), 39, cohort(1, 3))
    assert probable is not None and probable[0, -1] == pytest.approx(1.0, abs=1e-6)


def test_a_move_takes_the_balance_away_but_is_censored_where_the_lowest_balance_is_asked_for() -> None:
    table = history()
    table.loc[6, ["closed", "migrated"]] = [0.0, 1.0]
    table = table.assign(balance_end=table["balance_before_interest"])
    grid, both = balance_grid(table), np.arange(2)
    went = _as_it_went(grid, both, 1, 3)
    np.testing.assert_allclose(went["net_balance"], [[1.0, 0.9, 0.81, 0.729], [1.0, 1.0, 0.0, 0.0]])
    np.testing.assert_allclose(went["lowest_balance"], [[1.0, 0.9, 0.81, 0.729], [1.0, 1.0, 1.0, 1.0]])
    everyone, group = np.ones(2, dtype=bool), np.zeros(2, dtype=np.int64)
    staying = models.learning_paths(grid, everyone, moves=False)
    lowest = models.cohort_decay(staying, group, 4, cohort(1, 3), lowest=True)
    # Cohorts of the first and the fourth month; the third month after the first is that of the account that stays.
    ratios = [(90.0 + 100.0 + 65.61) / (100.0 + 100.0 + 72.9), 181.0 / 190.0, 0.9]
    np.testing.assert_allclose(lowest[0], np.cumprod([1.0, *ratios]))


@pytest.mark.filterwarnings("ignore")
def test_every_model_follows_the_same_unseen_accounts() -> None:
    bank = simulate(small_settings(), seed=5)
    spec = parse_spec((MODELS / "nmd_decay" / "spec.toml").read_text(), "s")
    spec = spec.model_copy(update={"search": spec.search.model_copy(update={"trials": 0})})
    panel = KIND.build_panel(bank.deposits, bank.rate_history, spec)
    question = Question(
        title="small",
        model="m",
        history="h",
        protocol=Protocol(landmarks=(date(2023, 9, 30),), horizon_months=12, customer_folds=2, folds_judged=1),
        incumbent=Incumbent(name="five years", average_life_years=5.0),
        bars=(Bar(words="run-off", score="run_off_error_points", weighting="balance", at_most=30.0),),
    )
    found = decay_benchmark("small", panel, bank.rate_history, KIND, spec, question, 40, with_boosted=False)
    names = set(found.scores.loc[found.scores["cause"] == "net_balance", "model"])
    assert names == {
        OURS, "incumbent", "exponential", "last_period", "kaplan_meier", "cohort_decay", "probable_amount"
    }  # fmt: skip
    assert set(found.scores["cause"]) == {"net_balance", "lowest_balance"}
    assert "incumbent" in set(found.scores.loc[found.scores["cause"] == "lowest_balance", "model"])
    assert found.scores.groupby("model")["rows"].max().nunique() == 1
    assert [one.verdict for one in found.verdicts] == ["met"]
    used = found.summary.loc[found.summary["model"] == "incumbent", "what"]
    assert set(used) == {"what the bank uses today: five years"}
    nowhere = question.model_copy(update={"protocol": Protocol(landmarks=(date(1990, 1, 31),))})
    with pytest.raises(FittingError, match="no landmark"):
        decay_benchmark("small", panel, bank.rate_history, KIND, spec, nowhere, 40)
    alone = replace(panel, table=panel.table.assign(customer="alone"))
    with pytest.raises(FittingError, match="other customers to learn from"):
        decay_benchmark("small", alone, bank.rate_history, KIND, spec, question, 40)


@pytest.mark.filterwarnings("ignore")
def test_what_stands_for_the_incumbent_and_which_rows_are_missing_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    bank = simulate(small_settings(), seed=5)
    spec = parse_spec((MODELS / "nmd_decay" / "spec.toml").read_text(), "s")
    spec = spec.model_copy(update={"search": spec.search.model_copy(update={"trials": 0})})
    panel = KIND.build_panel(bank.deposits, bank.rate_history, spec)
    protocol = Protocol(landmarks=(date(2023, 9, 30),), horizon_months=6, customer_folds=2, folds_judged=1)
    question = Question(title="small", model="m", history="h", says="Simulated.", protocol=protocol)
    monkeypatch.setattr(models, "probable_amount", lambda *words: None)
    found = decay_benchmark("small", panel, bank.rate_history, KIND, spec, question, 20, with_boosted=False)
    used = found.summary.loc[found.summary["model"] == "incumbent", "what"]
    assert set(used) == {"stand-in, as none is given: one rate a segment, last year"}
    assert found.notes[0] == "Simulated." and len(found.notes) == 2
    assert "probable_amount (lowest probable total, 95%) has no row: no answer in 1 of 1 windows" in found.notes[1]
