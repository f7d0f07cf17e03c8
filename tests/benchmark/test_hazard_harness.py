"""The hazard harness: no customer and no period on both sides, scores by hand, real loans beside every baseline."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path

import numpy as np
import pytest

from behavior.benchmark.hazard_protocols import HazardProtocol, HazardRows, judge, windows
from behavior.benchmark.hazard_scores import (
    actual_over_expected,
    blocks_of,
    brier,
    bucket_table,
    cumulative_incidence,
    interval,
    log_loss,
    ranking,
    score_table,
)
from behavior.estimators.champion import Roles
from behavior.features.base import FeatureMatrix

_spec = importlib.util.spec_from_file_location("real_hazard_data", Path(__file__).with_name("real_hazard_data.py"))
assert _spec is not None and _spec.loader is not None
real = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(real)


def rows(count: int = 4_000, seed: int = 0) -> HazardRows:
    rng = np.random.default_rng(seed)
    values = np.column_stack([rng.normal(0, 0.01, count), rng.integers(1, 120, count).astype(float)])
    hazard = np.clip(0.05 + 2.0 * values[:, 0], 0.001, 0.5)
    matrix = FeatureMatrix(("incentive", "age_months"), values, (1, 0), ("", ""))
    event = (rng.random(count) < hazard).astype(float)
    return HazardRows(matrix, event, np.ones(count), rng.integers(0, 300, count), rng.integers(0, 48, count))


def test_windows_share_no_customer_and_no_period() -> None:
    one = rows()
    protocol = HazardProtocol("toy", (24, 36), 12, folds=3, gap=1)
    pairs = list(windows(one, protocol))
    assert len(pairs) == 6
    for learn, test in pairs:
        assert not set(one.customer[learn]) & set(one.customer[test])
        assert one.period[learn].max() + 1 < one.period[test].min()


def test_every_model_is_judged_on_the_same_rows() -> None:
    one = rows()
    found = judge(
        one, HazardProtocol("toy", (36,), 12, folds=2), Roles("incentive"), ("age_table", "spline", "constant")
    )
    assert set(found.expected) == {"age_table", "spline", "constant"}
    assert {len(values) for values in found.expected.values()} == {len(found.rows)}
    table = score_table(one.event[found.rows], found.expected, one.weight[found.rows], found.blocks, 1)
    held = table[table["score"] == "log_loss"].set_index("model")["value"]
    assert held["spline"] < held["constant"]
    assert (table["low"] <= table["high"]).all()


def test_scores_agree_with_the_vector(vectors: Path) -> None:
    held = json.loads((vectors / "quantitative" / "27_validation_stats.json").read_text())["discrimination"]
    score, event = np.array(held["score"]), np.array(held["y"], dtype=float)
    ones = np.ones(len(event))
    assert ranking(event, score, ones) == pytest.approx(held["auc"])
    assert brier(event, score, ones) == pytest.approx(held["brier"])
    assert log_loss(event, score, ones) == pytest.approx(held["log_loss"])


def test_interval_covers_the_level_of_a_right_model() -> None:
    covered = 0
    for seed in range(40):
        rng = np.random.default_rng(seed)
        expected = rng.uniform(0.01, 0.05, 5_000)
        actual = (rng.random(5_000) < expected).astype(float)
        blocks = blocks_of(rng.integers(0, 500, 5_000), rng.integers(0, 36, 5_000))
        low, high = interval(actual_over_expected, actual, expected, np.ones(5_000), blocks, seed, 100)
        covered += low <= 1.0 <= high
    assert 30 <= covered <= 40


def test_cumulative_incidence_of_two_causes_by_hand() -> None:
    found = cumulative_incidence({"payoff": np.array([0.1, 0.2]), "charge_off": np.array([0.05, 0.0])})
    np.testing.assert_allclose(found["payoff"], [0.1, 0.1 + 0.85 * 0.2])
    np.testing.assert_allclose(found["charge_off"], [0.05, 0.05])


@pytest.mark.slow
@pytest.mark.shared
def test_nsmo_on_unseen_customers(real_data: Path) -> None:
    """All years on both sides, customers held out: what this data can carry. Out of time no model meets the bars."""
    held = real.nsmo(real_data)
    period = np.zeros(len(held.event), dtype=np.int64)
    fold = HazardRows(held.matrix, held.event, held.weight, held.customer, period)
    doubled = _two_periods(fold)
    names = ("age_table", "logistic", "s_curve", "spline")
    found = judge(
        doubled, HazardProtocol("unseen", (1,), 1, 5), Roles("incentive", interacts=("credit_score", "cltv")), names
    )
    actual, weight = doubled.event[found.rows], doubled.weight[found.rows]
    loss = {name: log_loss(actual, found.expected[name], weight) for name in names}
    assert loss["spline"] < min(loss["age_table"], loss["logistic"], loss["s_curve"])
    assert 0.95 < actual_over_expected(actual, found.expected["spline"], weight) < 1.05
    incentive = doubled.matrix.values[found.rows, 0]
    buckets = np.digitize(incentive, [-0.005, 0.0, 0.0025, 0.005, 0.0075, 0.01])
    table = bucket_table(actual, found.expected["spline"], weight, buckets, found.blocks, 1)
    assert ((table["low"] <= 1.1) & (table["high"] >= 0.9)).all()


def _two_periods(one: HazardRows) -> HazardRows:
    """The rows as learning rows (period 0) and again as test rows (period 1): only customers separate them."""
    count = len(one.event)
    matrix = FeatureMatrix(
        one.matrix.names, np.vstack([one.matrix.values] * 2), one.matrix.signs, one.matrix.units, one.matrix.levels
    )
    return HazardRows(
        matrix,
        np.tile(one.event, 2),
        np.tile(one.weight, 2),
        np.tile(one.customer, 2),
        np.repeat(np.array([0, 1]), count),
    )


@pytest.mark.slow
@pytest.mark.shared
def test_lending_club_cumulative_incidence_on_unseen_loans(real_data: Path) -> None:
    """Payoff and charge-off within a point at every age, from cause-specific hazards by age learned on other loans."""
    loans = real.lending_club(real_data)
    learn = (loans["id"].astype("int64") % 2 == 0).to_numpy()
    found = {part: cumulative_incidence(_hazards(loans[mask])) for part, mask in (("learn", learn), ("test", ~learn))}
    for cause in ("payoff", "charge_off"):
        assert np.abs(found["learn"][cause] - found["test"][cause]).max() < 0.01


def _hazards(loans) -> dict[str, np.ndarray]:
    months = loans["months"].to_numpy()
    at_risk = np.array([(months >= age).sum() for age in range(1, 37)])
    return {
        cause: np.array([((months == age) & (loans["cause"] == cause)).sum() for age in range(1, 37)]) / at_risk
        for cause in ("payoff", "charge_off")
    }
