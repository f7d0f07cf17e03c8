"""The harness of deposit beta: what is left out is left out, and scores are what they say."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from behavior.benchmark.bars import judge_bar
from behavior.benchmark.beta_models import CHAMPION, LAST_CYCLE, SYMMETRIC, models
from behavior.benchmark.beta_protocols import leave_one_label_out, leave_one_phase_out
from behavior.benchmark.beta_run import BetaQuestion, beta_benchmark
from behavior.benchmark.beta_scores import path_rates, run_protocol
from behavior.benchmark.hazard_models import OURS
from behavior.benchmark.protocols import Bar, Incumbent, Question
from behavior.errors import FittingError, SpecFault, UsageError
from behavior.estimators.pass_through_correction import ErrorCorrection
from behavior.estimators.pass_through_fit import FitOptions
from behavior.market.history import RateHistory
from behavior.panel.base import CustomerHistory
from behavior.workflows.benchmark import answer_question
from tests.estimators.pass_through_cases import Truth, constant, policy_rate, ramp, series_of
from tests.spec_examples import BETA, spec_of

SPEC = spec_of(
    *BETA, "structural_pass_through", 'fixed = { largest_delay = 1, starts = 3 }\n[segments]\nby = ["product"]'
)


def test_a_phase_left_out_is_in_no_training_series():
    levels = policy_rate(180, 4)
    folds = leave_one_phase_out([series_of(levels, levels / 2)])
    assert len(folds) >= 3
    for fold in folds:
        held = fold.held_out[0]
        told = set(held.observed[1:] + held.first_month)
        for piece in fold.training:
            assert not told & set(piece.observed + piece.first_month)
        for piece in fold.earlier:
            assert piece.observed[-1] + piece.first_month <= held.observed[0] + held.first_month
    with pytest.raises(FittingError, match="at least 2"):
        leave_one_phase_out([series_of(np.linspace(0, 0.03, 40), np.linspace(0, 0.01, 40))])


def test_a_label_left_out_is_left_out_whole():
    levels = policy_rate(60, 4)
    series = [series_of(levels, levels / 2, name) for name in "abc"]
    folds = leave_one_label_out(series, 0)
    assert [fold.name for fold in folds] == ["a", "b", "c"]
    assert all(fold.name not in {one.segment[0] for one in fold.training} for fold in folds)


def test_scores_are_root_mean_squares_without_the_start():
    levels = np.linspace(0.0, 0.03, 13)
    series = series_of(levels, levels * 0.5)
    fold = leave_one_label_out([series, series_of(levels, levels, "other")], 0)[0]
    off = {
        CHAMPION: lambda fold: lambda one, begin, start: one.rate_paid[begin + 1 :] + 0.0001,
        LAST_CYCLE: lambda fold: lambda one, begin, start: one.rate_paid[begin + 1 :] + 0.0003,
    }
    found = run_protocol([fold], off)
    scores = found.summary.set_index("model")["path error, bp"]
    assert scores[CHAMPION] == pytest.approx(1.0) and scores[LAST_CYCLE] == pytest.approx(3.0)
    assert len(found.rows) == 12
    beta = found.by_fold.set_index("model")["cumulative beta error"]
    assert beta[LAST_CYCLE] == pytest.approx(0.0003 / 0.03)
    assert path_rates(off[CHAMPION](fold), series)[0] == series.rate_paid[0]


def test_a_fold_without_an_answer_of_ours_is_in_nobodys_figures():
    levels = np.linspace(0.0, 0.03, 13)
    folds = leave_one_label_out([series_of(levels, levels * 0.5, name) for name in ("easy", "hard")], 0)

    def ours(fold):
        if fold.name == "hard":
            raise FittingError("nothing is left to learn from.")
        return lambda one, begin, start: one.rate_paid[begin + 1 :] + 0.0001

    def last(fold):
        return lambda one, begin, start: one.rate_paid[begin + 1 :] + (0.0900 if fold.name == "hard" else 0.0003)

    found = run_protocol(folds, {CHAMPION: ours, LAST_CYCLE: last})
    line = found.summary.set_index("model").loc[LAST_CYCLE]
    assert line["path error, bp"] == pytest.approx(3.0) and line["ours minus this, bp"] == pytest.approx(-2.0)
    scores = {OURS if name == CHAMPION else name: own for name, own in found.scores().items()}
    bar = Bar(words="below last cycle's", score="path_error_bp", below=(LAST_CYCLE,))
    assert f"{LAST_CYCLE} -66.67%" in judge_bar("data", bar, scores).found
    assert set(found.failed) == {f"{CHAMPION}, hard"}
    closer = "folds where ours is closer"
    assert line[closer] == "1 of 1"
    alike = run_protocol(folds, {CHAMPION: ours, LAST_CYCLE: ours}).summary.set_index("model")
    assert alike.loc[LAST_CYCLE, closer] == "0 of 1"


def test_a_bar_compares_ours_with_a_rival_on_the_rows_that_both_answered():
    levels = np.linspace(0.0, 0.03, 13)
    fold = leave_one_label_out([series_of(levels, levels * 0.5, name) for name in ("sight", "term", "other")], 0)[0]
    held = tuple(series_of(levels, levels * 0.5, name) for name in ("sight", "term"))

    def off(sight: float, term: float):
        shift = {"sight": sight, "term": term}
        return lambda fold: lambda one, begin, start: one.rate_paid[begin + 1 :] + shift[one.segment[0]]

    asked = {CHAMPION: off(0.0001, 0.0009), LAST_CYCLE: off(0.0003, np.nan)}
    found = run_protocol([replace(fold, held_out=held)], asked)
    beside = {OURS if name == CHAMPION else name: own for name, own in found.scores_beside((LAST_CYCLE,)).items()}
    bar = Bar(words="below last cycle's", score="path_error_bp", below=(LAST_CYCLE,))
    folds = Bar(words="in most folds", score="path_error_bp", slice="fold", most_folds_below=(LAST_CYCLE,))
    assert f"ours 1.0000; ours less {LAST_CYCLE} -66.67%" in judge_bar("data", bar, beside).found
    assert judge_bar("data", bar, beside).verdict == judge_bar("data", folds, beside).verdict == "met"


def test_a_product_without_a_beta_of_the_banks_own_is_named():
    levels, ends = policy_rate(200, 4), pd.date_range("2005-01-31", periods=200, freq="ME")
    parts = [pd.DataFrame({"product": name, "month": ends, "rate_paid": levels / 2}) for name in ("sight", "term")]
    history = CustomerHistory("product_rate_history/1", {"product_rates": pd.concat(parts, ignore_index=True)})
    rates = RateHistory.from_table(pd.DataFrame({"date": ends, "index": "S", "value": levels}), {"short": "S"})
    bar = Bar(words="below", score="path_error_bp", below=("incumbent",))
    question = Question(title="own", model="own", history="own", incumbent=Incumbent(file="own.csv"), bars=(bar,))
    found = answer_question("own", history, rates, SPEC, question, "product,beta\nterm,0.9\nfund,0.4\n")
    line = found.summary.set_index("model").loc["incumbent"]
    rows = int(found.facts["rows judged"])
    assert line["what"].endswith(f"answers {rows // 2:,} of {rows:,} rows") and "vendor table own.csv" in line["what"]
    assert "incumbent, sight: no beta in what the bank uses today" in found.notes
    with pytest.raises(SpecFault, match=r"labels of `product` \(sight, term\)"):
        answer_question("own", history, rates, SPEC, question, "product,beta\nTERM,0.9\n")


def test_the_law_beats_the_incumbents_where_it_is_true():
    levels = policy_rate(200, 4)
    ends = pd.date_range("2005-01-31", periods=200, freq="ME")
    parts = [
        pd.DataFrame({"product": name, "month": ends, "rate_paid": truth.simulate(levels, number)})
        for number, (name, truth) in enumerate(
            {
                "a": Truth(ramp(), shock=5e-5),
                "b": Truth(ramp(0.1), shock=5e-5),
                "c": Truth(ramp(0.08), shock=5e-5),
            }.items()
        )
    ]
    history = CustomerHistory("product_rate_history/1", {"product_rates": pd.concat(parts, ignore_index=True)})
    table = pd.DataFrame({"date": ends, "index": "S", "value": levels})
    rates = RateHistory.from_table(table, {"short": "S"})
    spec = SPEC
    one = CustomerHistory("product_rate_history/1", {"product_rates": parts[0]})
    by_phase = beta_benchmark(one, rates, spec, BetaQuestion("phase", ("product",)))
    scores = by_phase.summary.set_index("model")["path error, bp"]
    assert scores[CHAMPION] < 0.6 * min(scores[SYMMETRIC], scores[LAST_CYCLE])
    assert scores["incumbent"] == scores[LAST_CYCLE]  # what the bank uses is not said: a row stands for it
    by_product = beta_benchmark(history, rates, spec, BetaQuestion("product", ("product",)))
    scores = by_product.summary.set_index("model")["path error, bp"]
    assert scores[CHAMPION] < min(scores[SYMMETRIC], scores[LAST_CYCLE])
    assert {"model", "lower", "upper"} <= set(by_product.summary)
    with pytest.raises(UsageError, match="leave out 'bank'"):
        beta_benchmark(history, rates, spec, BetaQuestion("bank", ("product",)))


def test_a_model_without_an_answer_is_named_and_the_rest_goes_on():
    rising = np.linspace(0.0, 0.04, 50)
    series = [series_of(rising, Truth(constant(0.5)).simulate(rising), name) for name in "ab"]
    known = models(FitOptions(replicates=1, largest_delay=0, starts=2))
    asked = {name: known[name] for name in (CHAMPION, LAST_CYCLE)}
    asked["asymmetric"] = lambda fold: ErrorCorrection(asymmetric=True).fit(fold.training)
    found = run_protocol(leave_one_label_out(series, 0), asked)
    assert set(found.summary["model"]) == {CHAMPION, LAST_CYCLE}
    assert set(found.failed) == {"asymmetric, a", "asymmetric, b"}
    assert all("cannot tell" in why for why in found.failed.values())


def test_a_beta_of_the_banks_own_that_is_no_number_is_named():
    question = Question(title="own", model="own", history="own")
    spec, empty = SPEC, CustomerHistory("product_rate_history/1", {})
    with pytest.raises(SpecFault, match=r"line 3, column `beta`: found 'high': expected a number"):
        answer_question("own", empty, RateHistory({}, {}), spec, question, "product,beta\nsavings,0.4\nterm,high\n")


def test_a_history_too_short_for_the_model_to_be_judged_says_so():
    ends = pd.date_range("2013-07-31", periods=14, freq="ME")
    levels = np.concatenate([np.linspace(0.05, 0.06, 7), np.linspace(0.059, 0.05, 7)])
    rates = RateHistory.from_table(pd.DataFrame({"date": ends, "index": "S", "value": levels}), {"short": "S"})
    paid = pd.DataFrame({"product": "fund", "month": ends, "rate_paid": 0.8 * levels})
    history = CustomerHistory("product_rate_history/1", {"product_rates": paid})
    question = Question(title="fund", model="own", history="own")
    with pytest.raises(FittingError, match=r"no answer in any fold, the first because: .*at least 16 needed"):
        answer_question("own", history, rates, SPEC, question)
