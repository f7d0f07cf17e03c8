"""A bank that passes on part of a change at once: its target is found, and nobody else's answer changes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from behavior.assumptions.pass_through_path import pending_from_history, project_rate_paid
from behavior.estimators import pass_through_impact
from behavior.estimators.pass_through import StructuralPassThrough
from behavior.estimators.pass_through_fit import FitOptions
from behavior.estimators.pass_through_readings import read_law
from tests.estimators.pass_through_cases import (
    ErrorCorrectionTruth,
    Truth,
    constant,
    logistic,
    policy_rate,
    series_of,
    three_cycles,
)

QUICK = FitOptions(replicates=40, largest_delay=3)
SEEN = 153
LOW, HIGH = 0.0025, 0.05


def learnt(truth: ErrorCorrectionTruth, seed: int) -> tuple[StructuralPassThrough, np.ndarray, np.ndarray]:
    levels = three_cycles(seed)
    paid = truth.simulate(levels)
    return StructuralPassThrough(QUICK).fit([series_of(levels[:SEEN], paid[:SEEN])]), levels, paid


@pytest.mark.parametrize("seed", (1, 2, 3))
@pytest.mark.parametrize(
    "truth",
    (
        ErrorCorrectionTruth(),
        ErrorCorrectionTruth(beta=0.5, up=0.05, down=0.15, correction=0.08),
        ErrorCorrectionTruth(up=0.0),
    ),
)
def test_a_part_passed_on_at_once_does_not_bend_the_target(truth, seed):
    model, levels, paid = learnt(truth, seed)
    found, law = model.segment_law(("one",)), model.law(("one",))
    assert read_law(law, LOW, HIGH).long_run_beta == pytest.approx(truth.beta, abs=0.03)
    # The true marginal is one number; none that rises with the level is invented.
    assert np.ptp(law.marginal) < 0.05
    path = project_rate_paid(law, levels[SEEN - 1 :], paid[SEEN - 1], pending_from_history(law, levels[:SEEN]))
    move = levels[-1] - levels[SEEN - 1]
    assert (path[-1] - paid[-1]) / move == pytest.approx(0.0, abs=0.03)
    assert any("passes at once" in flag for flag in found.facts["flags"])
    assert found.facts["impact"][1] > 0.1


def test_bands_of_such_a_target_hold_the_truth():
    model, _, _ = learnt(ErrorCorrectionTruth(), 1)
    found, layout = model.segment_law(("one",)), model.layout_
    many = [layout.law(np.pad(one, (layout.head, 0)), found.delays) for one in found.replicates]
    low, high = np.quantile([read_law(one, LOW, HIGH).long_run_beta for one in many], [0.05, 0.95])
    assert low <= 0.4 <= high
    assert 0.002 < high - low < 0.06


def test_speeds_are_those_of_the_law_alone():
    # The law has no impact: what passes at once up to a fifth of a change makes the rest look faster, no more.
    model, _, _ = learnt(ErrorCorrectionTruth(), 1)
    law, correction = model.law(("one",)), 0.12
    assert correction < law.up < 0.25 and correction < law.down < 0.35


def test_drawn_to_a_population_the_target_stays():
    levels = three_cycles(1)[:SEEN]
    betas = (0.3, 0.4, 0.5, 0.6)
    series = [series_of(levels, ErrorCorrectionTruth(beta=beta).simulate(levels), f"s{beta}") for beta in betas]
    model = StructuralPassThrough(replace(QUICK, replicates=5, largest_delay=1)).fit(series)
    read = [read_law(model.law((f"s{beta}",)), LOW, HIGH).long_run_beta for beta in betas]
    assert read == pytest.approx(betas, abs=0.03)
    assert StructuralPassThrough.from_files(model.to_files()).to_files() == model.to_files()


@pytest.mark.parametrize(
    "truth", (Truth(logistic(), 0.12, 0.30, 2, 1, shock=1e-4), Truth(constant(0.4), 0.15, 0.25, measurement=1e-4))
)
def test_without_one_the_answer_is_the_same_to_the_last_digit(truth):
    levels = policy_rate(216, 3)
    series = [series_of(levels, truth.simulate(levels, 5))]
    options = replace(QUICK, replicates=5)
    looked = StructuralPassThrough(options).fit(series).segment_law(("one",))
    never = StructuralPassThrough(replace(options, impact_evidence=np.inf)).fit(series).segment_law(("one",))
    assert looked.facts["impact"] == []
    np.testing.assert_array_equal(looked.parameters, never.parameters)
    np.testing.assert_array_equal(looked.replicates, never.replicates)


def test_an_impact_that_leaves_errors_of_neighbouring_months_together_is_not_believed(monkeypatch):
    levels = three_cycles(1)[:SEEN]
    series = [series_of(levels, ErrorCorrectionTruth().simulate(levels))]
    options = replace(QUICK, replicates=5)
    never = StructuralPassThrough(replace(options, impact_evidence=np.inf)).fit(series).segment_law(("one",))
    monkeypatch.setattr(pass_through_impact, "LARGEST_LEFT", 0.9)
    left = StructuralPassThrough(options).fit(series).segment_law(("one",))
    np.testing.assert_array_equal(left.parameters, never.parameters)
