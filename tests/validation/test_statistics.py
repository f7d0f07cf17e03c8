"""Published and independent numbers, and laws that hold for any sample."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from behavior.validation import statistics as ours


@pytest.fixture(scope="module")
def vector(quantitative: Path) -> dict[str, dict[str, object]]:
    return dict(json.loads((quantitative / "27_validation_stats.json").read_text()))


def test_psi_of_the_vector(vector: dict) -> None:
    given_ = vector["psi"]
    assert ours.population_stability(given_["expected"], given_["actual"]) == pytest.approx(given_["psi"], abs=1e-14)


def test_discrimination_of_the_vector(vector: dict) -> None:
    given_ = vector["discrimination"]
    found = ours.discrimination(given_["score"], given_["y"])
    assert (found.auc, found.gini, found.ks) == pytest.approx((given_["auc"], given_["gini"], given_["ks"]), abs=1e-14)
    assert ours.brier(given_["score"], given_["y"]) == pytest.approx(given_["brier"], abs=1e-14)
    assert ours.log_loss(given_["score"], given_["y"]).mean() == pytest.approx(given_["log_loss"], abs=1e-14)


def test_hosmer_lemeshow_of_the_vector(vector: dict) -> None:
    given_ = vector["hosmer_lemeshow"]
    rows, chance, events = zip(*given_["n_p_obs"], strict=True)
    statistic, outside = ours.hosmer_lemeshow(rows, chance, events, in_sample=False)
    _, inside = ours.hosmer_lemeshow(rows, chance, events, in_sample=True)
    assert statistic == pytest.approx(given_["statistic"], abs=1e-12)
    assert outside == pytest.approx(given_["p_value_df_G"], abs=1e-12)
    assert inside == pytest.approx(given_["p_value_df_G_minus_2"], abs=1e-12)


def test_hosmer_lemeshow_of_groups_that_are_certain() -> None:
    plain = ours.hosmer_lemeshow([100, 50], [0.1, 0.4], [12, 18], in_sample=False)
    with_certain = ours.hosmer_lemeshow(
        [100, 30, 50, 20, 0], [0.1, 0.0, 0.4, 1.0, 0.3], [12, 0, 18, 20, 0], in_sample=False
    )
    assert with_certain == pytest.approx(plain, abs=1e-15)
    assert ours.hosmer_lemeshow([100, 30], [0.1, 0.0], [12, 1], in_sample=False) == (np.inf, 0.0)
    statistic, chance = ours.hosmer_lemeshow([30], [0.0], [0], in_sample=False)
    assert statistic == 0.0 and np.isnan(chance)


def test_backtest_of_the_vector(vector: dict) -> None:
    given_ = vector["backtest"]
    found = ours.path_errors(given_["actual_cpr"], given_["predicted_cpr"])
    assert found.mae == pytest.approx(given_["mae"], abs=1e-15)
    assert found.bias == pytest.approx(given_["bias"], abs=1e-15)
    assert found.rmse == pytest.approx(given_["rmse"], abs=1e-15)
    assert found.ratio == pytest.approx(given_["ape_ratio_actual_over_pred"], abs=1e-14)


scores = st.lists(st.tuples(st.integers(0, 8), st.integers(0, 1), st.floats(0.1, 5.0)), min_size=4, max_size=60).filter(
    lambda rows: 0 < sum(event for _, event, _ in rows) < len(rows)
)


@given(scores)
@settings(max_examples=50, deadline=None)
def test_auc_is_the_share_of_ordered_pairs(rows: list[tuple[int, int, float]]) -> None:
    score, event, _ = (np.asarray(column, dtype=float) for column in zip(*rows, strict=True))
    left, stayed = score[event == 1][:, None], score[event == 0][None, :]
    pairs = np.mean((left > stayed) + 0.5 * (left == stayed))
    assert ours.discrimination(score, event).auc == pytest.approx(pairs, abs=1e-12)


@given(scores)
@settings(max_examples=50, deadline=None)
def test_ks_agrees_with_the_two_sample_statistic(rows: list[tuple[int, int, float]]) -> None:
    score, event, _ = (np.asarray(column, dtype=float) for column in zip(*rows, strict=True))
    expected = stats.ks_2samp(score[event == 1], score[event == 0], method="asymp").statistic
    assert ours.discrimination(score, event).ks == pytest.approx(expected, abs=1e-12)


@given(scores)
@settings(max_examples=50, deadline=None)
def test_half_an_event_is_half_a_row_that_left(rows: list[tuple[int, int, float]]) -> None:
    score, event, _ = (np.asarray(column, dtype=float) for column in zip(*rows, strict=True))
    halves = np.concatenate([event, np.full(len(event), 0.5)])
    whole = np.concatenate([event, event, np.ones_like(event), np.zeros_like(event)])
    found = ours.discrimination(np.tile(score, 2), halves).auc
    assert found == pytest.approx(ours.discrimination(np.tile(score, 4), whole).auc, abs=1e-12)


@given(scores)
@settings(max_examples=50, deadline=None)
def test_ranking_is_all_that_counts(rows: list[tuple[int, int, float]]) -> None:
    score, event, _ = (np.asarray(column, dtype=float) for column in zip(*rows, strict=True))
    assert ours.discrimination(np.exp(score), event).auc == pytest.approx(ours.discrimination(score, event).auc)
    assert ours.discrimination(-score, event).auc == pytest.approx(1 - ours.discrimination(score, event).auc)


def test_no_event_is_no_answer() -> None:
    assert np.isnan(ours.discrimination([0.1, 0.2], [0, 0]).auc)


@given(st.lists(st.floats(0.01, 1.0), min_size=3, max_size=12))
@settings(max_examples=50, deadline=None)
def test_psi_is_never_negative_and_zero_on_itself(sizes: list[float]) -> None:
    shares = np.asarray(sizes) / sum(sizes)
    other = np.roll(shares, 1)
    assert ours.population_stability(shares, shares) == 0.0
    assert ours.population_stability(shares, other) >= 0.0
    assert ours.population_stability(shares, other) == pytest.approx(ours.population_stability(other, shares))


def test_the_noise_floor_is_what_chance_shows() -> None:
    random = np.random.default_rng(5)
    found = [
        ours.population_stability(
            *(np.bincount(random.integers(0, 10, size), minlength=10) / size for size in (400, 600))
        )
        for _ in range(400)
    ]
    assert np.mean(found) == pytest.approx(ours.stability_noise(10, 400, 600), rel=0.1)


@given(st.floats(-3, 3), st.floats(-1.0, 6.0), st.integers(0, 10_000))
@settings(max_examples=20, deadline=None)
def test_the_calibration_line_is_found_where_it_is_known(intercept: float, slope: float, seed: int) -> None:
    predicted = np.linspace(0.02, 0.6, 400)
    odds = np.log(predicted / (1 - predicted))
    truth = 1 / (1 + np.exp(-(intercept + slope * odds)))
    weight = np.random.default_rng(seed).uniform(0.5, 2.0, 400)
    line = ours.logistic_line(predicted, truth, weight)
    assert (line.intercept, line.slope) == pytest.approx((intercept, slope), abs=1e-6)


def test_a_constant_prediction_has_no_slope() -> None:
    flat = np.full(10, 0.2)
    outcome = np.tile([0.0, 1.0], 5)
    for line in (ours.logistic_line, ours.straight_line):
        made = line(flat, outcome, np.ones(10))
        assert np.isnan([made.intercept, made.slope, *made.interval()]).all()


def test_the_straight_line_agrees_with_a_library() -> None:
    random = np.random.default_rng(2)
    x = random.normal(size=50)
    y = 0.3 + 0.8 * x + random.normal(0, 0.1, 50)
    expected = stats.linregress(x, y)
    line = ours.straight_line(x, y, np.ones(50))
    assert (line.intercept, line.slope) == pytest.approx((expected.intercept, expected.slope))
    # The library takes every row's error to be of one size; with such rows the two agree but for the sample.
    assert line.deviation == pytest.approx(expected.stderr, rel=0.2)


def test_the_bootstrap_covers_the_truth_about_as_often_as_it_says() -> None:
    random = np.random.default_rng(11)
    inside = 0
    for seed in range(120):
        # 80 customers whose 6 months share one level: rows of a customer are not independent.
        level = np.repeat(random.gamma(4.0, 0.25, 80), 6)
        actual = random.poisson(level).astype(float)
        bootstrap = ours.ClusterBootstrap.over(np.repeat(np.arange(80), 6), np.zeros(480, dtype=np.int64), seed)
        low, high = bootstrap.ratio_interval(actual, np.ones_like(actual))
        inside += bool(low[0] <= 1.0 <= high[0])
    assert 0.88 <= inside / 120 <= 0.99


def test_the_bootstrap_covers_the_truth_where_all_customers_share_a_half_year() -> None:
    """Drawing customers' half-years as if they were independent held the truth in half of these worlds."""
    inside = 0
    for seed in range(100):
        random = np.random.default_rng(seed)
        shock = random.gamma(10.0, 0.1, 12)
        customer, half_year = np.repeat(np.arange(200), 12), np.tile(np.arange(12), 200)
        actual = random.poisson(0.3 * shock[half_year]).astype(float)
        bootstrap = ours.ClusterBootstrap.over(customer, half_year, seed)
        low, high = bootstrap.ratio_interval(actual, np.full(len(actual), 0.3))
        inside += bool(low[0] <= 1.0 <= high[0])
    assert inside >= 85


def test_the_bootstrap_keeps_groups_apart() -> None:
    groups = np.array([0, 0, 1, 1])
    bootstrap = ours.ClusterBootstrap.over(np.arange(4), np.zeros(4, dtype=np.int64), 1)
    low, high = bootstrap.ratio_interval(np.array([1.0, 1.0, 3.0, 3.0]), np.ones(4), groups)
    assert low.tolist() == high.tolist() == [1.0, 3.0]
