"""The error-correction challenger: the error of its long-run beta, and what its text keeps."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from behavior.assumptions.effects import POOLED
from behavior.assumptions.pass_through_path import project_rate_paid
from behavior.estimators.pass_through_correction import CorrectionFit, ErrorCorrection, correction_fit, regression
from behavior.quantities import FloatArray
from tests.estimators.pass_through_cases import policy_rate, series_of

UP, DOWN, CORRECTION, LONG_RUN = 0.1, 0.2, 0.12, 0.4


def simulated(levels: FloatArray, seed: int, down: float = DOWN) -> FloatArray:
    generator = np.random.default_rng(seed)
    paid = [0.002 + LONG_RUN * levels[0]]
    for before, now in pairwise(levels):
        gap = paid[-1] - 0.002 - LONG_RUN * before
        move = now - before
        step = UP * max(move, 0.0) + down * min(move, 0.0) - CORRECTION * gap
        paid.append(paid[-1] + step + 2e-4 * generator.standard_normal())
    return np.array(paid)


def test_the_error_of_the_long_run_beta_is_its_spread_over_samples():
    levels = policy_rate(240, 5)
    found = [correction_fit(levels, simulated(levels, seed)) for seed in range(150)]
    spread = np.std([one.long_run_beta for one in found])
    assert np.median([one.long_run_error for one in found]) == pytest.approx(spread, rel=0.3)
    assert np.mean([abs(one.long_run_beta - LONG_RUN) < 1.96 * one.long_run_error for one in found]) > 0.8


@pytest.mark.parametrize("asymmetric", [True, False])
def test_the_delta_method_is_the_slope_of_the_ratio(asymmetric):
    levels = policy_rate(240, 5)
    paid = simulated(levels, 1)
    fitted = regression([(levels, paid)], asymmetric)

    def ratio(coefficients: FloatArray) -> float:
        return float(-coefficients[-1] / coefficients[-2])

    size = fitted.coefficients.size
    steps = 1e-6 * np.eye(size)
    slope = np.array([(ratio(fitted.coefficients + step) - ratio(fitted.coefficients - step)) / 2e-6 for step in steps])
    wanted = np.sqrt(slope @ fitted.robust_covariance @ slope)
    assert correction_fit(levels, paid, asymmetric).long_run_error == pytest.approx(wanted, rel=1e-5)
    assert np.sqrt(np.diag(fitted.robust_covariance)) == pytest.approx(fitted.robust_errors)


def test_rises_and_falls_that_differ_show_and_those_that_do_not_stay_within_chance():
    levels = policy_rate(240, 5)
    apart = [correction_fit(levels, simulated(levels, seed, 0.6)).asymmetry for seed in range(20)]
    alike = [correction_fit(levels, simulated(levels, seed, UP)).asymmetry for seed in range(60)]
    assert np.max(apart) < -2.0
    assert np.mean(np.abs(alike) < 1.96) > 0.8
    assert np.isnan(correction_fit(levels, simulated(levels, 0), asymmetric=False).asymmetry)


def test_written_and_read_back_with_its_error_and_older_texts_without():
    levels = policy_rate(240, 5)
    series = [series_of(levels, simulated(levels, seed), f"s{seed}") for seed in (1, 2)]
    model = ErrorCorrection().fit(series)
    again = ErrorCorrection.from_files(model.to_files())
    assert again.to_files() == model.to_files()
    assert again.equation(("s1",)).long_run_error == model.equation(("s1",)).long_run_error > 0
    pooled: CorrectionFit = model.equation(("unknown",))
    assert pooled.long_run_error == pytest.approx(np.std([model.equation((f"s{n}",)).long_run_beta for n in (1, 2)]))
    content = json.loads(model.to_files()["error_correction.json"])
    for one in content["equations"]:
        del one["long_run_error"], one["asymmetry"]
    older = ErrorCorrection.from_files({"error_correction.json": json.dumps(content)})
    assert np.isnan(older.equation(("s1",)).long_run_error)


def test_what_tables_hold_of_the_equation_moves_as_it_does_where_there_is_no_impact_and_no_gap():
    levels = policy_rate(240, 5)
    paid = [0.002 + LONG_RUN * levels[0]]
    for before in levels[:-1]:  # closes a share of last month's gap and answers nothing at once
        paid.append(paid[-1] - CORRECTION * (paid[-1] - 0.002 - LONG_RUN * before))
    fitted = ErrorCorrection(asymmetric=False).fit([series_of(levels, np.array(paid))])
    law = fitted.law(("one",))
    assert (law.up, law.down, law.delay_up, law.delay_down) == (pytest.approx(CORRECTION),) * 2 + (0, 0)
    assert float(law.target_change(0.01, 0.03)) == pytest.approx(LONG_RUN * 0.02)
    # The month of a change is the law's first month and the equation's second.
    moved = project_rate_paid(law, levels[:-1], paid[0], floor=-1.0)
    assert moved == pytest.approx(np.array(paid[2:]), abs=1e-9)


def test_tables_close_by_the_month_what_an_equation_of_quarters_closes_by_the_quarter():
    levels = policy_rate(240, 5)
    paid = simulated(levels, 1)
    found = correction_fit(levels[::3], paid[::3], asymmetric=False, period=3)
    model = ErrorCorrection(asymmetric=False)
    model.fits_ = {("one",): found}
    assert (1.0 - model.law(("one",)).up) ** 3 == pytest.approx(1.0 + found.coefficients[3])


def test_a_pooled_equation_of_one_member_keeps_its_errors_and_claims_no_spread_of_zero():
    levels = policy_rate(240, 5)
    series = [
        replace(series_of(levels, simulated(levels, seed)), segment=(product, "retail"))
        for seed, product in ((1, "savings"), (2, "checking"))
    ]
    fits = ErrorCorrection().fit(series).fits_
    assert fits["savings", POOLED] == fits["savings", "retail"]
    assert fits["savings", POOLED].long_run_error > 0.0
    assert fits[POOLED, POOLED].long_run_error == pytest.approx(
        np.std([fits[product, "retail"].long_run_beta for product in ("savings", "checking")])
    )
