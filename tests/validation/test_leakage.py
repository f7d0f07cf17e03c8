"""Leaks between what learned and what is tested: shared customers, features that know, rows after exit."""

from __future__ import annotations

from dataclasses import replace
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from behavior.validation import backtest, leakage, run_checks
from behavior.validation.base import Status


def test_shared_customers_block_by_themselves(fakes: ModuleType) -> None:
    given = fakes.make_input()
    leaky = replace(given, split=replace(given.split, test=given.split.out_of_time))
    findings = run_checks(leaky)
    assert [one.check for one in findings.blocking] == ["leakage"]
    assert findings.blocking[0].values["shared_customers"] > 0


def test_a_history_of_a_few_series_is_split_by_time_alone(fakes: ModuleType) -> None:
    given = fakes.make_input(rate=True)
    none = np.zeros_like(given.split.test)
    by_time = replace(given, split=replace(given.split, test=given.split.out_of_time, unseen_customers=none))
    finding = leakage.run(by_time)
    assert finding.status is Status.PASS
    assert "no customer was held out" in finding.in_words
    assert "unseen" not in backtest.run(by_time).in_words


def test_a_feature_that_knows_the_outcome_is_suspected(fakes: ModuleType) -> None:
    given = fakes.make_input()

    def explain(fitted: Any, panel: Any) -> Any:
        one = fakes.attributions_of(panel.table)
        return {"payoff": replace(one, values=np.column_stack([panel.table["actual"], one.values[:, 1]]))}

    finding = leakage.run(replace(given, kind=replace(given.kind, explain=explain)))
    assert finding.values["best_single_feature"] == pytest.approx(1.0)
    assert finding.status is Status.WARN


def test_rows_after_exit_are_counted(fakes: ModuleType) -> None:
    given = fakes.make_input()
    table = given.predictions.table.copy()
    first = table.groupby("unit").head(1).index[:5]
    table.loc[first, "actual"] = 1.0
    later = table["unit"].isin(table.loc[first, "unit"]).sum() - len(first)
    finding = leakage.run(replace(given, predictions=replace(given.predictions, table=table)))
    assert finding.values["rows_after_exit"] == later > 0
