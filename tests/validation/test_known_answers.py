"""Checks where the answer is known, both ways: what must pass does, what must not does not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from behavior.validation import all_checks
from behavior.validation.base import CheckInput, Finding, Status

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
