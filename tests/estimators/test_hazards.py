"""Hazard estimators: right on known laws, monotone by construction, the same twice, whole again from their files."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

from behavior.errors import TooFewEvents
from behavior.estimators.averaged_hazard import AveragedHazard
from behavior.estimators.boosted_hazard import BoostedHazard
from behavior.estimators.bounded_logistic import fit_bounded_logistic
from behavior.estimators.champion import WITH_AVERAGED, Roles, choose_champion, load_hazard, log_loss, saved_in_errors
from behavior.estimators.constant_hazard import ConstantHazard
from behavior.estimators.empirical import EmpiricalHazard, kaplan_meier, psa_hazard
from behavior.estimators.s_curve_hazard import SCurveHazard
from behavior.estimators.sampling import level_shift, sample_cases
from behavior.estimators.spline_hazard import SplineHazard
from behavior.features.base import FeatureMatrix
from behavior.quantities import monthly_to_annual
from behavior.specs import EstimatorSpec, Range, SearchSpec

NAMES = ("incentive", "age_months", "months_in_the_money", "month_of_year", "credit_score")


def law(values: np.ndarray) -> np.ndarray:
    incentive, age, tired, month, score = values.T
    refinancing = 0.035 * expit((incentive - 0.009) / 0.003) * (0.4 + 0.6 * np.exp(-tired / 15))
    turnover = 0.006 * np.minimum(age / 30, 1)
    season = 1 + 0.2 * np.cos((month - 7) / 12 * 2 * np.pi)
    return season * (refinancing * np.exp(0.2 * (score - 700) / 50) + turnover)


def sample(rows: int, seed: int) -> tuple[FeatureMatrix, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    incentive = rng.normal(0.0, 0.012, rows)
    values = np.column_stack(
        [
            incentive,
            rng.integers(1, 240, rows),
            np.where(incentive > 0, rng.integers(0, 60, rows), rng.integers(0, 8, rows)),
            rng.integers(1, 13, rows),
            rng.normal(700, 50, rows),
        ]
    ).astype(float)
    matrix = FeatureMatrix(NAMES, values, (1, 0, 0, 0, 0))
    hazard = law(values)
    return matrix, (rng.random(rows) < hazard).astype(float), hazard


def models() -> dict[str, object]:
    roles = {"driver": "incentive", "age": "age_months", "burnout": "months_in_the_money"}
    return {
        "spline": SplineHazard(**roles, interacts=("credit_score",), most_rows=40_000),
        "s_curve": SCurveHazard(**roles),
        "averaged": AveragedHazard({"one": SCurveHazard(**roles), "other": SplineHazard(**roles, most_rows=40_000)}),
        "boosted": BoostedHazard(SplineHazard(**roles, most_rows=40_000), {"num_leaves": 7}, rounds=20),
        "trees alone": BoostedHazard(None, {"num_leaves": 7}, rounds=60),
        "constant": ConstantHazard(),
        "table": EmpiricalHazard(("incentive", "age_months")),
    }


@pytest.fixture(scope="module")
def data() -> tuple[FeatureMatrix, np.ndarray, np.ndarray]:
    return sample(120_000, 1)


def fitted(name: str, data) -> object:
    matrix, event, _ = data
    model = models()[name]
    if name == "boosted":
        model.base.fit(matrix, event, np.ones(len(event)))
    return model.fit(matrix, event, np.ones(len(event)))


@pytest.mark.parametrize("name", ["spline", "s_curve", "averaged", "boosted"])
def test_finds_the_law_within_two_points_of_cpr(name: str, data) -> None:
    model = fitted(name, data)
    matrix, _, hazard = sample(30_000, 2)
    error = np.abs(monthly_to_annual(model.predict_hazard(matrix)) - monthly_to_annual(hazard)).mean()
    assert error < 0.02


@pytest.mark.parametrize("name", list(models()))
def test_level_is_that_of_the_events(name: str, data) -> None:
    matrix, event, _ = data
    expected = fitted(name, data).predict_hazard(matrix)
    assert ((expected >= 0) & (expected <= 1)).all()
    assert expected.sum() == pytest.approx(event.sum(), rel=5e-3)


@pytest.mark.parametrize("name", ["spline", "s_curve", "averaged", "boosted", "trees alone"])
def test_never_falls_as_the_incentive_rises(name: str, data) -> None:
    model = fitted(name, data)
    matrix, _, _ = sample(200, 3)
    grid = np.linspace(-0.05, 0.06, 45)
    values = np.repeat(matrix.values[:, None, :], len(grid), axis=1)
    values[:, :, 0] = grid
    hazards = model.predict_hazard(FeatureMatrix(NAMES, values.reshape(-1, 5), matrix.signs))
    assert (np.diff(hazards.reshape(200, -1), axis=1) >= -1e-12).all()


@pytest.mark.parametrize("name", list(models()))
def test_files_hold_the_whole_model_and_are_the_same_twice(name: str, data) -> None:
    model, again = fitted(name, data), fitted(name, data)
    assert model.to_files() == again.to_files()
    back = load_hazard(model.to_files())
    matrix, _, _ = sample(500, 4)
    np.testing.assert_allclose(back.predict_hazard(matrix), model.predict_hazard(matrix), rtol=0, atol=1e-12)
    assert json.loads(model.to_files()["model.json"])["family"]


@pytest.mark.parametrize("name", ["spline", "s_curve", "averaged", "boosted", "trees alone", "constant"])
def test_contributions_sum_to_the_score(name: str, data) -> None:
    model = fitted(name, data)
    matrix, _, _ = sample(300, 5)
    parts, base = model.contributions(matrix)
    np.testing.assert_allclose(base + parts.sum(axis=1), model.score(matrix), atol=1e-6)


def test_prediction_changes_nothing(data) -> None:
    model = fitted("spline", data)
    before = model.to_files()
    model.predict_hazard(sample(100, 6)[0])
    assert model.to_files() == before


def test_bounded_logistic_agrees_with_an_independent_fit() -> None:
    from sklearn.linear_model import LogisticRegression

    rng = np.random.default_rng(0)
    x = rng.normal(size=(3_000, 3))
    y = (rng.random(3_000) < expit(x @ [0.5, 1.0, 0.2] - 1)).astype(float)
    design = np.column_stack([np.ones(3_000), x])
    penalty = np.diag([0.0, 2.0, 2.0, 2.0])
    mine = fit_bounded_logistic(design, y, np.ones(3_000), penalty, np.zeros(4, dtype=bool), np.zeros(4))
    other = LogisticRegression(C=0.5, tol=1e-10, max_iter=1_000).fit(x, y)
    np.testing.assert_allclose(mine.coefficients, [other.intercept_[0], *other.coef_[0]], atol=1e-5)


def test_bounds_hold_and_the_rest_is_optimal() -> None:
    rng = np.random.default_rng(1)
    x = rng.normal(size=(2_000, 2))
    y = (rng.random(2_000) < expit(-x[:, 0] + x[:, 1])).astype(float)
    bounded = np.array([True, True])
    fit = fit_bounded_logistic(x, y, np.ones(2_000), np.eye(2) * 0.1, bounded, np.zeros(2))
    assert fit.coefficients[0] == 0.0
    assert fit.coefficients[1] > 0.5


def test_case_sampling_keeps_events_and_weights_up_to_the_rows_there_are() -> None:
    event = np.zeros(50_000)
    event[::100] = 1.0
    sample_of = sample_cases(event, 0.2, 3)
    assert set(np.flatnonzero(event)) <= set(sample_of.rows)
    assert sample_of.factor.sum() == pytest.approx(50_000)
    assert len(sample_of.rows) < 12_000


def test_more_events_than_rows_asked_for_are_drawn_too() -> None:
    event = np.zeros(50_000)
    event[::4] = 1.0
    drawn = sample_cases(event, 0.2, 3, 4_000)
    kept = event[drawn.rows] > 0
    assert len(drawn.rows) < 8_400 and kept.sum() == 4_000
    assert drawn.factor[kept].sum() == pytest.approx(12_500)
    assert drawn.factor[~kept].sum() == pytest.approx(37_500)
    assert (np.diff(drawn.rows) > 0).all()


def test_level_shift_restores_the_events() -> None:
    hazard = np.linspace(0.001, 0.1, 1_000)
    event = np.zeros(1_000)
    event[:20] = 1.0
    shift = level_shift(hazard, event, np.ones(1_000))
    assert expit(np.log(hazard / (1 - hazard)) + shift).sum() == pytest.approx(20, rel=1e-9)


def test_too_few_events_are_refused(data) -> None:
    matrix, event, _ = data
    with pytest.raises(TooFewEvents, match="events"):
        SplineHazard().fit(matrix, np.zeros_like(event), np.ones(len(event)))


def test_a_family_is_fitted_unjudged_where_too_little_came_before_the_validation_months(data) -> None:
    matrix, event, _ = data
    last = np.cumsum(event) > 20
    family = EstimatorSpec(family="spline_hazard", fixed={"sample_share": 1.0})
    found = choose_champion(matrix, event, np.ones(len(event)), last, Roles("incentive"), family, SearchSpec())
    assert found.family == "spline_hazard" and not found.losses
    expected = found.model.predict_hazard(matrix)
    assert expected.sum() == pytest.approx(event.sum())


def test_a_mean_loses_no_more_than_its_members_do_on_average(data) -> None:
    """Log loss is convex in the log-odds; also on rows that none of them has seen."""
    model = fitted("averaged", data)
    matrix, event, _ = sample(60_000, 8)
    ones = np.ones(len(event))
    lost = [log_loss(one.predict_hazard(matrix), event, ones) for one in model.members.values()]
    assert log_loss(model.predict_hazard(matrix), event, ones) < np.mean(lost) + 1e-6


def test_best_judges_the_mean_of_the_members_that_it_has_fitted() -> None:
    matrix, event, _ = sample(40_000, 9)
    ones, validate = np.ones(len(event)), np.arange(len(event)) % 4 == 0
    best = EstimatorSpec(family="best", fixed={"rounds": 10})
    roles, trials = Roles("incentive", "age_months", "months_in_the_money"), SearchSpec(trials=1)
    found = choose_champion(matrix, event, ones, validate, roles, best, trials, candidates=WITH_AVERAGED)
    assert tuple(found.losses) == WITH_AVERAGED
    mean = found.candidates["averaged_hazard"]
    assert tuple(mean.members) == WITH_AVERAGED[:2]
    assert all(member is found.candidates[name] for name, member in mean.members.items())
    assert found.losses[found.family] <= min(found.losses[name] for name in WITH_AVERAGED[:3]) * (1 + 2e-4)


@pytest.mark.parametrize("family", [SCurveHazard, SplineHazard])
def test_a_sampled_fit_is_nearly_as_likely_as_one_of_all_rows(family, data) -> None:
    """One step on all rows takes out what the sample left to chance: one to five nats without it."""
    matrix, event, _ = data
    ones, roles = np.ones(len(event)), ("incentive", "age_months", "months_in_the_money")

    def lost(**sampled: float) -> float:
        model = family(*roles, **sampled).fit(matrix, event, ones)
        return log_loss(model.predict_hazard(matrix), event, ones) * len(event)

    whole = lost(sample_share=1.0, most_rows=0)
    for seed in range(3):
        assert lost(sample_share=0.1, seed=seed) < whole + 0.5


def test_a_customer_seen_twice_is_no_further_evidence() -> None:
    rng = np.random.default_rng(2)
    event, hazards = (rng.random(500) < 0.1) * 1.0, (rng.uniform(0.05, 0.2, 500), rng.uniform(0.05, 0.2, 500))
    ones, customer = np.ones(500), np.arange(500)
    saved = saved_in_errors(hazards, event, ones, customer)
    assert saved_in_errors(hazards[::-1], event, ones, customer) == pytest.approx(-saved)
    twice = tuple(np.tile(one, 2) for one in hazards), np.tile(event, 2), np.tile(ones, 2)
    assert saved_in_errors(*twice, np.tile(customer, 2)) == pytest.approx(saved)
    assert saved_in_errors(*twice, np.arange(1_000)) == pytest.approx(saved * np.sqrt(2))


@pytest.mark.parametrize("crossed", [True, False])
def test_trees_are_the_champion_only_where_they_win_by_more_than_chance(crossed: bool) -> None:
    """Two features that matter only together are what sums of smooth terms cannot hold."""
    rng = np.random.default_rng(5)
    values = rng.uniform(-1.0, 1.0, (40_000, 2))
    lifted = values[:, 0] * values[:, 1] > 0 if crossed else values[:, 0] > 0
    event = (rng.random(40_000) < np.where(lifted, 0.08, 0.02)) * 1.0
    matrix = FeatureMatrix(("one", "other"), values, (0, 0))
    spec = EstimatorSpec(family="best", fixed={"rounds": 60, "learning_rate": 0.2})
    validate = np.arange(40_000) % 4 == 0
    trials, roles = SearchSpec(trials=1), Roles("", "one", "")
    found = choose_champion(
        matrix, event, np.ones(40_000), validate, roles, spec, trials, candidates=("spline_hazard", "boosted_hazard")
    )
    assert (found.family == "boosted_hazard") == crossed


def test_search_is_serial_and_seeded(data) -> None:
    matrix, event, _ = sample(20_000, 7)
    ones = np.ones(len(event))
    base = SplineHazard("incentive", most_rows=10_000).fit(matrix, event, ones)
    spec = SearchSpec(trials=3, seed=9, space={"num_leaves": Range(low=4, high=12, integer=True)})
    validate = np.arange(len(event)) % 4 == 0
    found = []
    for _ in range(2):
        model = BoostedHazard(base, {"min_data_in_leaf": 200}, rounds=20)
        found.append(model.tune(matrix, event, ones, validate, spec))
    assert found[0] == found[1]
    assert len(found[0].trials) == 3


def test_kaplan_meier_agrees_with_the_vector(quantitative: Path) -> None:
    held = json.loads((quantitative / "33_kaplan_meier_input.json").read_text())
    expected = pd.read_csv(quantitative / "33_kaplan_meier.csv")
    found = kaplan_meier(np.array(held["time_months"], dtype=float), np.array(held["closed_event"], dtype=float))
    at = np.searchsorted(found.times, expected["t_months"])
    np.testing.assert_array_equal(found.at_risk[at], expected["at_risk"])
    np.testing.assert_array_equal(found.events[at], expected["events"])
    np.testing.assert_allclose(found.survival[at], expected["survival"], atol=1e-12)
    np.testing.assert_allclose(found.variance[at], expected["greenwood_variance"], atol=1e-12)
    assert found.restricted_mean(12.0) == pytest.approx(held["restricted_mean_12m"])


def test_late_entries_are_not_at_risk_before_they_enter() -> None:
    found = kaplan_meier(np.array([5.0, 6.0, 7.0]), np.array([1.0, 1.0, 0.0]), np.array([0.0, 5.0, 2.0]))
    assert found.at_risk.tolist() == [2, 2, 1]


def test_psa_is_the_standard() -> None:
    months = np.array([1.0, 5.0, 30.0, 31.0, 300.0])
    np.testing.assert_allclose(monthly_to_annual(psa_hazard(months, 1.5)), [0.003, 0.015, 0.09, 0.09, 0.09])
    assert psa_hazard(np.array([5.0]), 1.5)[0] == pytest.approx(0.00125868, abs=5e-9)


def test_zero_closures_are_an_answer_with_a_bound() -> None:
    matrix = FeatureMatrix(("age_months",), np.ones((300, 1)))
    model = ConstantHazard().fit(matrix, np.zeros(300), np.ones(300))
    assert model.rate_ == 0.0
    assert model.upper_ == pytest.approx(0.01)


def test_a_spline_that_learns_its_smoothness_is_nearer_the_law() -> None:
    """Mean over three histories: what a smooth law leaves of roughness is noise."""
    check, _, truth = sample(40_000, 99)

    def excess(model: SplineHazard) -> float:
        learnt = model.predict_hazard(check)
        parts = truth * np.log(truth / learnt) + (1 - truth) * np.log1p(-truth) - (1 - truth) * np.log1p(-learnt)
        return float(parts.mean())

    roles = {"driver": "incentive", "age": "age_months", "burnout": "months_in_the_money", "interacts": NAMES[-1:]}
    lost = {}
    for learns in (True, False):
        found = []
        for seed in (2, 3, 4):
            matrix, event, _ = sample(60_000, seed)
            found.append(
                excess(SplineHazard(**roles, learns_smoothness=learns).fit(matrix, event, np.ones(len(event))))
            )
        lost[learns] = float(np.mean(found))
    assert lost[True] < 0.95 * lost[False]


def test_a_sample_answers_as_all_rows_do(data) -> None:
    """One step on all rows takes the sample's noise out: two samples agree with the fit that left nothing out."""
    matrix, event, _ = data
    ones = np.ones(len(event))
    made = [SplineHazard("incentive", sample_share=1.0, most_rows=len(event)).fit(matrix, event, ones)]
    made += [
        SplineHazard("incentive", sample_share=0.1, most_rows=12_000, seed=one).fit(matrix, event, ones)
        for one in (1, 2)
    ]
    whole, first, second = (model.predict_hazard(matrix) for model in made)
    for some in (first, second):
        assert np.abs(np.log(some / whole)).mean() < 0.02
        assert np.average(np.log(some / whole), weights=whole) == pytest.approx(0.0, abs=2e-3)


def test_a_kind_that_is_held_back_when_young_has_ages_of_its_own() -> None:
    """A penalty that keeps one kind of loan until its third year is no matter of level, nor of the other's ages."""
    rng = np.random.default_rng(8)
    age, kind = rng.integers(1, 97, 80_000).astype(float), rng.integers(0, 2, 80_000).astype(float)
    held = (kind == 1) & (age <= 36)
    event = (rng.random(80_000) < np.where(held, 0.004, 0.02)).astype(float)
    levels = {"penalty": ("no", "yes")}
    matrix = FeatureMatrix(("age_months", "penalty"), np.column_stack([age, kind]), (0, 0), levels)
    model = SplineHazard(interacts=("penalty",), sample_share=1.0).fit(matrix, event, np.ones(80_000))
    asked = np.array([[12.0, 0.0], [12.0, 1.0], [72.0, 0.0], [72.0, 1.0]])
    found = model.predict_hazard(matrix.with_values(asked))
    np.testing.assert_allclose(found, [0.02, 0.004, 0.02, 0.02], rtol=0.2)


@pytest.mark.filterwarnings("error::RuntimeWarning")
def test_attributions_take_a_covariate_that_a_later_window_lacks() -> None:
    matrix, event, _ = sample(20_000, 5)
    model = SCurveHazard("incentive", "age_months", "months_in_the_money").fit(matrix, event, np.ones(len(event)))
    later = matrix.with_values(np.where(np.array(NAMES) == "credit_score", np.nan, matrix.values[:200]))
    parts, base = model.contributions(later)
    assert np.allclose(parts.sum(axis=1) + base, model.score(later))
    assert (parts[:, NAMES.index("credit_score")] == 0.0).all()
