"""Checks where the answer is known, both ways: what must pass does, what must not does not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from types import ModuleType
from typing import Any

import numpy as np
import pandas as pd
import pytest

from behavior.validation import all_checks
from behavior.validation.base import CheckInput, Finding, Status
from behavior.validation.regime_coverage import ages_ahead_unseen, turns

CHECKS = all_checks()


def answer(name: str, given: CheckInput) -> Finding:
    return CHECKS[name].run(given)


def predicting(given: CheckInput, **columns: Any) -> CheckInput:
    return replace(given, predictions=replace(given.predictions, table=given.predictions.table.assign(**columns)))


def test_a_score_that_ranks_passes_and_chance_or_its_reverse_does_not(fakes: ModuleType) -> None:
    given = fakes.make_input(units=2000)
    predicted = given.predictions.table["predicted"]
    assert answer("discrimination", given).status is Status.PASS
    for score in (np.random.default_rng(1).random(len(predicted)), 1.0 - predicted):
        assert answer("discrimination", predicting(given, predicted=score)).status is Status.WARN
    silent = answer("discrimination", predicting(given, challenger=np.nan))
    assert "auc_challenger" not in silent.values


def test_the_truth_beats_the_mean_and_noise_beats_nothing(fakes: ModuleType) -> None:
    given = fakes.make_input(units=2000)
    table = given.predictions.table
    mean = np.full(len(table), table["actual"].mean())
    assert answer("benchmark", predicting(given, challenger=mean, benchmark=mean)).status is Status.PASS
    for other in ({"predicted": mean}, {"predicted": mean, "benchmark": table["predicted"]}):
        assert answer("benchmark", predicting(given, challenger=mean, **{"benchmark": mean, **other})).status is (
            Status.WARN
        )


def test_a_band_from_nothing_to_everything_does_not_pass(fakes: ModuleType) -> None:
    given = fakes.make_input(units=2000)
    (table,) = given.tables
    finding: dict[str, Finding] = {}
    for name, low, high in (("honest", 0.7, 1.3), ("too wide", 0.0, 9.0), ("elsewhere", 3.0, 4.0)):
        curves = tuple(
            replace(one, lower=low * one.values, upper=np.minimum(high * one.values, 1.0)) for one in table.curves
        )

        def look_up(tables: Any, fitted: Any, panel: Any) -> Any:
            scale = float(tables[0].curves[0].values[0, 0] / table.curves[0].values[0, 0])
            return fakes.predictions_of(panel.table, False, error=scale)

        # A lower bound above the value is no curve: the band alone is moved, by way of the values.
        values = tuple(replace(one, values=np.clip(one.values, one.lower, one.upper)) for one in curves)
        kind = replace(given.kind, look_up=look_up)
        finding[name] = answer("band_coverage", replace(given, tables=(replace(table, curves=values),), kind=kind))
    assert finding["honest"].status is Status.PASS
    assert finding["too wide"].status is Status.WARN and "hardly anything" in finding["too wide"].in_words
    assert finding["elsewhere"].status is Status.WARN and finding["elsewhere"].values["coverage"] == 0.0


def test_wrong_steps_are_found_without_a_single_test_row(fakes: ModuleType) -> None:
    given = fakes.make_input()
    (table,) = given.tables
    falling = replace(table, curves=tuple(replace(one, values=one.values[::-1].copy()) for one in table.curves))
    none = replace(given, split=replace(given.split, test=np.zeros_like(given.split.test)))
    assert answer("monotonicity", none).status is Status.PASS
    for where in (given, none):
        finding = answer("monotonicity", replace(where, tables=(falling,)))
        assert finding.status is Status.WARN
        assert finding.values["wrong_steps"] == 1.0


def test_every_curves_grid_says_what_is_held(fakes: ModuleType) -> None:
    given = fakes.make_input()
    (table,) = given.tables
    wide = answer("sensitivity", given).values["share_clamped"]
    first, second = table.curves
    middle = slice(12, 21)
    ((driver, grid),) = second.driver_grids.items()
    narrow = replace(second, values=second.values[middle], driver_grids={driver: grid[middle]})
    finding = answer("sensitivity", replace(given, tables=(replace(table, curves=(first, narrow)),)))
    assert finding.values["share_clamped"] == pytest.approx((wide + 0.75) / 2, abs=0.126)
    assert finding.values["share_clamped"] > wide


def test_shocks_beyond_what_a_history_saw_are_a_warning(fakes: ModuleType) -> None:
    given = fakes.make_input()
    (table,) = given.tables
    (driver,) = table.drivers

    def answered(seen: Callable[[Any], Any]) -> Any:
        curves = []
        for one in table.curves:
            nodes = one.driver_grids[driver]
            months = np.where(seen(nodes), 1e6, 0.0)[:, None] * np.ones(one.values.shape)
            curves.append(replace(one, exposure_months=months))
        return answer("sensitivity", replace(given, tables=(replace(table, curves=tuple(curves)),)))

    everywhere, rises, falls = (
        answered(lambda nodes: nodes > -np.inf),
        answered(lambda nodes: nodes < -0.005),
        answered(lambda nodes: nodes > 0.005),
    )
    assert "share_above_history" not in answer("sensitivity", given).values
    assert everywhere.values["share_above_history"] < 0.25
    assert rises.status is Status.WARN and rises.values["share_above_history"] > 0.7
    assert "Rates 200 bp down" in rises.in_words and "Rates 200 bp up" not in rises.in_words
    assert falls.values["share_below_history"] > 0.5 and "Rates 200 bp up" in falls.in_words


@pytest.mark.parametrize(
    ("path", "count"),
    [
        ([0.0, 0.004, -0.004, 0.004], 1),
        ([0.0, -0.004, 0.004, -0.004, 0.004], 2),
        ([0.0, 0.02, 0.018, 0.03, 0.01], 1),
        ([0.01] * 9, 0),
    ],
)
def test_turns_are_counted_from_the_middle_of_a_swing(path: list[float], count: int) -> None:
    assert turns(np.asarray(path), 0.005) == count
    assert turns(-np.asarray(path), 0.005) == count


def test_rates_that_training_never_saw_are_a_warning(fakes: ModuleType) -> None:
    given = fakes.make_input()
    driver = given.predictions.table["driver"]
    assert answer("regime_coverage", given).values["share_outside_training"] < 0.05
    finding = answer("regime_coverage", predicting(given, driver=driver + 0.06 * given.split.out_of_time))
    assert finding.status is Status.WARN
    assert finding.values["share_outside_training"] > 0.9


def test_attributions_of_nothing_say_so(fakes: ModuleType) -> None:
    given = fakes.make_input()
    assert answer("shap_summary", given).status is Status.PASS

    def explain(fitted: Any, panel: Any) -> Any:
        one = fakes.attributions_of(panel.table)
        return {"payoff": replace(one, contributions=0 * one.contributions, score=np.full(len(one.score), one.base))}

    finding = answer("shap_summary", replace(given, kind=replace(given.kind, explain=explain)))
    assert finding.in_words.endswith("No input moves the answer at all.") and "nan" not in finding.in_words


def test_ages_that_nobody_lived_through_are_counted_ahead() -> None:
    stood = np.repeat(np.concatenate([np.arange(31), np.arange(100, 301)]), 50)
    train = pd.DataFrame({"age_months": stood.astype(float)})

    def unseen(ages: list[float], balance: list[float]) -> float:
        return ages_ahead_unseen(train, pd.DataFrame({"age_months": ages, "weight": balance}))

    # Ages 37 to 93 are more than half a year from any that 50 unit-months stood at.
    assert unseen([30.0], [1.0]) == pytest.approx((90 - 36) / 60)
    assert unseen([120.0], [1.0]) == 0.0
    assert unseen([30.0, 120.0, np.nan], [1.0, 3.0, 5.0]) == pytest.approx(54 / 60 / 4)
    assert unseen([299.0], [1.0]) == pytest.approx((359 - 306) / 60)
    assert np.isnan(unseen([np.nan], [1.0]))
