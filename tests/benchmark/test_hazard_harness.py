"""The hazard harness: no customer and no month on both sides, scores by hand, intervals, vendor tables."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from behavior.benchmark.bars import judge_bar
from behavior.benchmark.hazard_models import OURS
from behavior.benchmark.hazard_protocols import windows
from behavior.benchmark.hazard_run import hazard_benchmark
from behavior.benchmark.hazard_scores import incidence_by_age, interval_of, log_losses, score_model
from behavior.benchmark.incumbents import incumbent_hazard
from behavior.benchmark.judged_rows import Rows
from behavior.benchmark.protocols import Bar, Incumbent, Protocol, Question
from behavior.benchmark.ranking import ranking
from behavior.benchmark.resampling import BLOCK_MONTHS, draws_of, value_and_interval
from behavior.errors import FittingError, SpecFault
from behavior.features.base import FeatureMatrix
from behavior.kinds.mortgage_prepayment import KIND
from behavior.months import month_number
from behavior.panel.base import CustomerHistory, Panel
from behavior.panel.dense import month_end_of
from behavior.panel.exposures import build_exposure_panel
from tests.spec_examples import PREPAYMENT, spec_of

SPEC = spec_of(*PREPAYMENT, more='fixed = { sample_share = 1.0 }\n[features]\nuse = ["incentive", "age_months"]')


def toy_panel(count: int = 4_000, seed: int = 0) -> Panel:
    rng = np.random.default_rng(seed)
    incentive = rng.normal(0, 0.01, count)
    hazard = np.clip(0.05 + 4.0 * incentive, 0.002, 0.5)
    customer = rng.integers(0, 300, count)
    order = np.argsort(customer, kind="stable")
    table = pd.DataFrame(
        {
            "unit": customer,
            "customer": customer,
            "month": month_end_of(rng.integers(360, 408, count)),
            "weight": 100.0,
            "age_months": rng.integers(1, 120, count).astype(float),
            "incentive": incentive,
            "months_in_the_money": 0.0,
            "market_rate": 0.03,
            "payoff": (rng.random(count) < hazard).astype(float),
            "default": 0.0,
            "curtailment": np.nan,
        }
    )
    return Panel(table.iloc[order].reset_index(drop=True))


def rows_of(actual, month=None, age=None) -> Rows:
    count = len(actual)
    month = np.zeros(count, dtype=np.int64) if month is None else month
    label = pd.Categorical(np.full(count, "all", dtype=object))
    return Rows(
        np.asarray(actual, dtype=float),
        np.ones(count),
        np.ones(count),
        month,
        np.ones(count) if age is None else age,
        12.0,
        {"vintage": label},
    )


def test_windows_share_no_customer_and_no_month() -> None:
    table = toy_panel().table
    protocol = Protocol(starts=(date(2002, 1, 31), date(2003, 1, 31)), window_months=12, customer_folds=3, gap_months=1)
    month, customer = month_number(table["month"]), table["customer"].to_numpy()
    found = list(windows(month, customer, table["payoff"].to_numpy(), protocol))
    assert len(found) == 6
    for one in found:
        learn = one.learn.train | one.learn.validate
        assert not set(customer[learn]) & set(customer[one.test])
        assert month[learn].max() + 1 < month[one.test].min()
        assert month[one.learn.train].max() < month[one.learn.validate].min()
    assert len(list(windows(month, customer, table["payoff"].to_numpy(), protocol.shortened()))) == 1
    with pytest.raises(FittingError, match="least_events"):
        list(windows(month, customer, np.zeros(len(month)), protocol))


def test_a_window_is_judged_when_its_events_lie_in_the_validation_months() -> None:
    """What is learned from counts, not what is left when validation months are set aside: hard years stay in."""
    table = toy_panel().table
    month, customer = month_number(table["month"]), table["customer"].to_numpy()
    protocol = Protocol(starts=(date(2002, 1, 31),), window_months=12, customer_folds=2, least_events=1)
    event = (table["payoff"].to_numpy() > 0) & (month == month_number(np.array(["2001-12-31"], "datetime64[D]"))[0])
    found = list(windows(month, customer, event.astype(float), protocol))
    assert len(found) == 2
    assert all(event[one.learn.train].sum() == 0 and event[one.learn.validate].sum() > 0 for one in found)


def test_every_model_is_judged_on_the_same_rows_and_bars_are_held() -> None:
    question = Question(
        title="toy",
        model="m",
        history="h",
        protocol=Protocol(starts=(date(2003, 1, 31),), window_months=12, customer_folds=2),
        incumbent=Incumbent(cpr=0.4),
        bars=(
            Bar(words="below the constant", score="log_loss", below=("constant",)),
            Bar(words="level", score="actual_over_expected", between=(0.7, 1.4)),
            Bar(words="buckets", score="actual_over_expected", slice="incentive", meets=(0.9, 1.1)),
            Bar(words="years", score="actual_over_expected", slice="year", joint=0.9),
            Bar(words="impossible", score="log_loss", at_most=0.0),
            Bar(words="nothing", score="no such score", at_most=0.0),
        ),
    )
    incumbent = incumbent_hazard(question.incumbent, "", 12.0)
    found = hazard_benchmark("toy", toy_panel(), KIND, SPEC, question, incumbent, replicates=60)
    whole = found.scores[(found.scores["slice"] == "") & (found.scores["cause"] == "payoff")]
    assert whole.groupby("model")["rows"].first().nunique() == 1
    assert {OURS, "incumbent", "constant", "psa", "age_table", "logistic", "s_curve", "spline", "boosted"} <= set(
        whole["model"]
    )
    known = whole.dropna(subset=["low", "high"])
    assert (known["low"] <= known["high"]).all()
    assert [one.verdict for one in found.verdicts] == ["met", "met", "met", "met", "missed", "not measured"]
    assert found.summary["model"].iloc[0] == OURS
    said = found.summary.set_index("model").loc["incumbent", "what"]
    assert said == "what the bank uses today: CPR of 40%"
    for one in found.exhibits:
        named = (
            "CPR of 40%" if one.name.startswith("payoff") else "psa"
        )  # it is of payoffs; the other causes' stands in
        assert f"incumbent: {named}" in one.data.columns, one.name


def test_a_cycle_left_out_is_answered_by_every_model() -> None:
    panel = toy_panel()
    month = month_number(panel.table["month"]) - 360
    level = np.interp(month, [0, 15, 30, 47], [0.06, 0.03, 0.05, 0.02])
    panel = Panel(panel.table.assign(market_rate=level))
    protocol = Protocol(name="one phase left out", leave_out="phase", customer_folds=2, folds_judged=1)
    question = Question(title="toy", model="m", history="h", protocol=protocol, incumbent=Incumbent(psa=2.0))
    incumbent = incumbent_hazard(question.incumbent, "", 12.0)
    found = hazard_benchmark("toy", panel, KIND, SPEC, question, incumbent, replicates=20)
    whole = found.scores[(found.scores["slice"] == "") & (found.scores["score"] == "log_loss")]
    assert {OURS, "incumbent", "s_curve"} <= set(whole["model"]) and whole["rows"].nunique() == 1
    months = set(found.scores.loc[found.scores["slice"] == "month", "bucket"])
    assert len(months) == 47 and "2000-01" not in months  # every move once; the first month is where the first begins


def test_scores_agree_with_the_vector(quantitative: Path) -> None:
    held = json.loads((quantitative / "27_validation_stats.json").read_text())["discrimination"]
    score, event = np.array(held["score"]), np.array(held["y"], dtype=float)
    rows = rows_of(event)
    draws = draws_of(np.arange(len(event)), rows.month // BLOCK_MONTHS, 0, 20)
    found = {one.score: float(one.draws[0]) for one in score_model(rows, score, draws)}
    assert found["area_under_curve"] == pytest.approx(held["auc"])
    assert found["brier"] == pytest.approx(held["brier"])
    assert found["log_loss"] == pytest.approx(held["log_loss"])
    assert log_losses(event, score).mean() == pytest.approx(held["log_loss"])


def test_what_a_customer_has_in_a_block_is_drawn_as_a_whole() -> None:
    customer, block = np.repeat(np.arange(40), 3), np.tile([0, 0, 1], 40)
    draws = draws_of(customer, block, 0, 50)
    drawn = draws.weights[:, draws.cell].reshape(51, 40, 3)
    assert (drawn[0] == 1.0).all()
    np.testing.assert_array_equal(drawn[:, :, 0], drawn[:, :, 1])
    assert len(np.unique(drawn[1:, :, 0])) > 3


def test_concordance_counts_pairs_of_one_month_only() -> None:
    month = np.array([0, 0, 1, 1])
    rows = rows_of([1, 0, 1, 0], month)
    expected = np.array([0.2, 0.1, 0.9, 0.8])
    draws = draws_of(np.arange(4), month // BLOCK_MONTHS, 0, 20)
    assert ranking(rows, expected, draws, within_month=True)[0] == 1.0
    assert ranking(rows, expected, draws, within_month=False)[0] == 0.75


def test_interval_covers_the_level_of_a_right_model() -> None:
    covered = 0
    for seed in range(40):
        rng = np.random.default_rng(seed)
        expected = rng.uniform(0.01, 0.05, 5_000)
        rows = rows_of(rng.random(5_000) < expected, rng.integers(0, 60, 5_000))
        draws = draws_of(rng.integers(0, 500, 5_000), rows.month // BLOCK_MONTHS, seed, 100)
        total = draws.sums(rows.actual, expected)
        _, low, high = value_and_interval(total[:, 0] / total[:, 1])
        covered += low <= 1.0 <= high
    assert 32 <= covered <= 40


def test_a_shock_that_months_share_widens_the_interval() -> None:
    rng = np.random.default_rng(1)
    month = rng.integers(0, 60, 20_000)
    shock = np.exp(0.5 * rng.standard_normal(10))[month // 6]
    rows = rows_of(rng.random(20_000) < 0.03 * shock, month)
    widths = []
    for when in (month, np.zeros_like(month)):
        draws = draws_of(np.arange(20_000), when // BLOCK_MONTHS, 0, 200)
        total = draws.sums(rows.actual, np.full(20_000, 0.03))
        _, low, high = value_and_interval(total[:, 0] / total[:, 1])
        widths.append(high - low)
    assert widths[0] > 2.0 * widths[1]


def test_cumulative_incidence_of_two_causes_by_hand() -> None:
    age = np.array([1.0, 2.0])
    rows = rows_of([0, 0], np.zeros(2, dtype=np.int64), age)
    draws = draws_of(np.arange(2), rows.month // BLOCK_MONTHS, 0, 5)
    hazards = {"payoff": np.array([0.1, 0.2]), "default": np.array([0.05, 0.0])}
    found, ages = incidence_by_age(hazards, rows, draws)
    np.testing.assert_allclose(found["payoff"][0], [0.1, 0.1 + 0.85 * 0.2])
    np.testing.assert_allclose(found["default"][0], [0.05, 0.05])
    assert list(ages) == [1, 2]


def test_calibration_keeps_rows_of_one_score_together() -> None:
    """A constant has one bin: its error is that of the level, whatever the order of the rows."""
    rng = np.random.default_rng(0)
    actual = (rng.random(20_000) < 0.01).astype(float)
    actual[:2_000] = 0.0
    rows = rows_of(actual)
    draws = draws_of(np.arange(20_000), rows.month, 0, 20)

    def error(expected: np.ndarray) -> float:
        found = score_model(rows, expected, draws)
        return next(float(one.draws[0]) for one in found if one.score == "calibration_error")

    assert error(np.full(20_000, 0.011)) == pytest.approx(abs(actual.mean() - 0.011))
    two = np.where(np.arange(20_000) % 2, 0.02, 0.001)
    gaps = [abs(actual[two == one].mean() - one) for one in (0.02, 0.001)]
    assert error(two) == pytest.approx(np.mean(gaps))
    distinct = np.linspace(0.001, 0.02, 20_000)
    bins = [abs((actual - distinct)[k * 2_000 : (k + 1) * 2_000].mean()) for k in range(10)]
    assert error(distinct) == pytest.approx(np.mean(bins))


def test_incidence_of_a_vintage_is_of_those_whom_another_exit_has_not_taken() -> None:
    """1 - (1 - h)(1 - h) of one cause counts loans that defaulted as still there to be paid off."""
    month = np.repeat([0, 1], 100)
    payoff, default = np.zeros(200), np.zeros(200)
    payoff[:10], default[10:30], payoff[100:110] = 1.0, 1.0, 1.0
    rows = replace(rows_of(payoff, month), other=default)
    draws = draws_of(np.arange(200), month // BLOCK_MONTHS, 0, 20)

    def error(expected: np.ndarray, other: np.ndarray | None) -> float:
        found = score_model(rows, expected, draws, other)
        return next(float(one.draws[0]) for one in found if one.score == "incidence_error_points")

    happened = 0.1 + 0.7 * 0.1
    assert error(np.full(200, 0.1), np.full(200, 0.05)) == pytest.approx(100 * (0.1 + 0.85 * 0.1 - happened))
    assert error(np.full(200, 0.2), None) == pytest.approx(100 * (0.2 + 0.6 * 0.2 - happened))


def test_every_vintage_has_its_own_incidence_error_with_its_sign() -> None:
    """A model too fast for the old loans and too slow for the young ones says so; one average would hide it."""
    rng = np.random.default_rng(4)
    month, old = np.repeat([0, 1], 4_000), np.tile([0, 0, 0, 1], 2_000)
    actual = (rng.random(8_000) < 0.10).astype(float)
    vintage = pd.Categorical.from_codes(old.tolist(), categories=pd.Index(["2001", "2002"], dtype=object))
    rows = replace(rows_of(actual, month), buckets={"vintage": vintage})
    expected = np.where(old == 0, 0.15, 0.05)
    found = score_model(rows, expected, draws_of(np.arange(8_000), month // BLOCK_MONTHS, 0, 200))
    own = {one.bucket: one for one in found if one.score == "incidence_error_points"}
    gaps = {}
    for code, name in enumerate(("2001", "2002")):
        mine = old == code
        left = [1.0 - actual[mine & (month == when)].mean() for when in (0, 1)]
        gaps[name] = 100 * (left[0] * left[1] - (1.0 - expected[mine][0]) ** 2)
        value, low, high = interval_of(own[name])
        assert value == pytest.approx(gaps[name]) and low < value < high
        assert (own[name].slice, own[name].rows, own[name].events) == ("vintage", mine.sum(), actual[mine].sum())
    assert gaps["2002"] < 0 < gaps["2001"]
    assert own[""].draws[0] == pytest.approx(0.75 * gaps["2001"] - 0.25 * gaps["2002"])


def test_the_interval_of_an_absolute_error_holds_the_error() -> None:
    """Drawing a sample again adds noise to every month's error: that growth is no part of the interval."""
    rng = np.random.default_rng(2)
    month = np.repeat(np.arange(36), 60)
    expected = np.full(len(month), 0.02)
    rows = rows_of(rng.random(len(month)) < expected, month, np.tile(np.arange(1.0, 61.0), 36))
    draws = draws_of(np.arange(len(month)), month // BLOCK_MONTHS, 0, 200)
    found = {one.score: interval_of(one) for one in score_model(rows, expected, draws) if one.slice == ""}
    for name in ("monthly_cpr_error_points", "incidence_error_points", "curve_error_points", "calibration_error"):
        value, low, high = found[name]
        assert 0.0 <= low <= value <= high, name


def test_a_vendor_table_in_a_file_is_read_between_its_points() -> None:
    text = "incentive,age_months,cpr\n-0.01,1,0.05\n-0.01,60,0.07\n0.02,1,0.2\n0.02,60,0.4\n"
    hazard = incumbent_hazard(Incumbent(file="vendor.csv"), text, 12.0)
    assert hazard is not None
    matrix = FeatureMatrix(("incentive", "age_months"), np.array([[-0.05, 1.0], [0.02, 90.0]]), (1, 0))
    np.testing.assert_allclose(1 - (1 - hazard.predict_hazard(matrix)) ** 12, [0.05, 0.4])
    assert incumbent_hazard(Incumbent(), "", 12.0) is None
    with pytest.raises(SpecFault, match="cpr"):
        incumbent_hazard(Incumbent(file="v"), "age_months,rate\n1,2\n", 12.0)
    with pytest.raises(SpecFault, match="combination"):
        incumbent_hazard(Incumbent(file="v"), "a,b,cpr\n1,1,0.1\n2,2,0.1\n", 12.0)


def test_most_folds_and_not_behind() -> None:
    from behavior.benchmark.hazard_scores import Score

    def scores(values):
        return [Score("path_error_bp", "count", "fold", str(k), np.full(20, v), 1, 0.0) for k, v in enumerate(values)]

    bar = Bar(words="most", score="path_error_bp", slice="fold", most_folds_below=("other",))
    assert judge_bar("d", bar, {OURS: scores([1, 2, 9]), "other": scores([2, 3, 4])}).verdict == "met"
    assert judge_bar("d", bar, {OURS: scores([1, 9, 9]), "other": scores([2, 3, 4])}).verdict == "missed"
    level = [Score("log_loss", "count", "", "", np.append(1.01, np.linspace(0.9, 1.1, 20)), 1, 0.0)]
    other = [Score("log_loss", "count", "", "", np.ones(21), 1, 0.0)]
    behind = Bar(words="not behind", score="log_loss", not_behind=("other",))
    assert judge_bar("d", behind, {OURS: level, "other": other}).verdict == "met"
    assert judge_bar("d", behind, {OURS: level}).verdict == "missed"  # a model without a figure was not beaten
    with pytest.raises(ValueError, match="expected one of"):
        Bar(words="two tests", score="log_loss", at_most=1.0, joint=0.9)


def test_exposures_become_periods() -> None:
    table = pd.DataFrame(
        {
            "unit_id": ["a", "b", "c", "d"],
            "month": pd.to_datetime(["2020-03-31", "2020-12-31", "2020-02-29", "2020-05-31"]),
            "from_months": [0, 12, 0, 0],
            "to_months": [3, 24, 2, 3],
            "period_months": [1, 12, 1, 1],
            "status": ["prepaid", "open", "transferred", "default"],
            "original_term_months": [3, 360, 36, 36],
            "rate": [0.1, 0.2, 0.3, 0.4],
        }
    )
    panel = build_exposure_panel(CustomerHistory("exposure_history/1", {"exposures": table}))
    found = panel.table.groupby("unit")
    assert found.size().to_dict() == {"a": 3, "b": 1, "c": 1, "d": 3}
    assert found["age_months"].apply(list).to_dict() == {"a": [1, 2, 3], "b": [19.0], "c": [1], "d": [1, 2, 3]}
    assert found["payoff"].sum().to_dict() == {"a": 1.0, "b": 0.0, "c": 0.0, "d": 0.0}
    assert found["default"].apply(list)["d"] == [0.0, 0.0, 1.0]
    assert list(found["month"].apply(list)["a"]) == list(pd.to_datetime(["2020-01-31", "2020-02-29", "2020-03-31"]))
    assert found["month"].first()["c"] == pd.Timestamp("2020-01-31")
    assert list(found["term_phase"].apply(list)["a"]) == ["-2", "-1", "+0"]
