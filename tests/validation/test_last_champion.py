"""The last champion beside a new version: who wins is said, and what cannot be compared is not passed over."""

from __future__ import annotations

from dataclasses import replace
from types import ModuleType

import numpy as np
import pandas as pd
import pytest

from behavior.errors import DoesNotApply
from behavior.specs import Gate
from behavior.validation import all_checks, run_checks
from behavior.validation.base import CheckInput, Finding, LastChampion, Status

CHECK = all_checks()["last_champion"]
NOT_BEHIND = {"last_champion.gain_upper": Gate(min=-0.01)}


def beside(fakes: ModuleType, rate: bool = False, **changed: object) -> CheckInput:
    """A version beside a last champion of the same predictions, the last champion's columns changed."""
    given: CheckInput = fakes.make_input(rate=rate)
    given = replace(given, predictions=replace(given.predictions, table=given.predictions.table.assign(cause="")))
    theirs = replace(given.predictions, table=given.predictions.table.assign(**changed))
    return replace(given, last_champion=LastChampion("toy@1", theirs))


def noisy(fakes: ModuleType) -> pd.Series:
    table = fakes.make_input().predictions.table
    return np.clip(table["predicted"] * np.random.default_rng(1).lognormal(0, 1.5, len(table)), 1e-6, 0.9)


def gated(given: CheckInput, gates: dict[str, Gate] | None = None) -> Finding:
    return run_checks(given, NOT_BEHIND if gates is None else gates, {"last_champion": CHECK}).findings[0]


def test_the_same_model_again_gains_nothing_and_is_not_behind(fakes: ModuleType) -> None:
    finding = gated(beside(fakes))
    assert finding.status is Status.PASS
    assert [finding.values[name] for name in ("gain", "gain_lower", "gain_upper", "path_error_rise")] == [0, 0, 0, 0]
    assert "not told apart" in finding.in_words


def test_a_better_version_passes_and_a_worse_one_fails_its_gate(fakes: ModuleType) -> None:
    better = gated(beside(fakes, predicted=noisy(fakes)))
    assert better.status is Status.PASS and better.values["gain_lower"] > 0
    assert "the version is better than the last champion, toy@1" in better.in_words
    worse = beside(fakes)
    own = replace(worse.predictions, table=worse.predictions.table.assign(predicted=noisy(fakes)))
    finding = gated(replace(worse, predictions=own))
    assert finding.status is Status.FAIL and finding.values["gain_upper"] < -0.01
    assert "the last champion, toy@1, is better" in finding.in_words
    assert gated(replace(worse, predictions=own), {}).status is Status.WARN, "without a gate it is still said"


def test_only_rows_that_the_last_champion_has_not_learned_from_count(fakes: ModuleType) -> None:
    given = beside(fakes)
    last = given.last_champion
    assert last is not None and last.predictions is not None
    table = last.predictions.table
    late = table[table["month"] > table["month"].max() - pd.DateOffset(months=6)]
    fewer = replace(given, last_champion=replace(last, predictions=replace(last.predictions, table=late)))
    assert 0 < gated(fewer).values["rows"] < gated(given).values["rows"]
    none = replace(given, last_champion=replace(last, predictions=replace(last.predictions, table=table[:0])))
    with pytest.raises(DoesNotApply, match="no test row is one that toy@1 has not learned from"):
        CHECK.run(none)


def test_a_first_version_and_one_that_cannot_be_asked_leave_the_gate_open_or_fail_a_required_one(
    fakes: ModuleType,
) -> None:
    given = beside(fakes)
    for last, words in (
        (None, "no version was champion"),
        (LastChampion("toy@1", None, "a file was edited"), "edited"),
    ):
        finding = gated(replace(given, last_champion=last))
        assert finding.status is Status.DOES_NOT_APPLY
        assert words in finding.in_words and "Gate left open: gain_upper" in finding.in_words
        required = {"last_champion.gain_upper": Gate(min=-0.01, required=True)}
        assert gated(replace(given, last_champion=last), required).status is Status.FAIL


@pytest.mark.filterwarnings("error::RuntimeWarning")
def test_versions_without_any_error_are_alike(fakes: ModuleType) -> None:
    given = beside(fakes, rate=True)
    exact = given.predictions.table.assign(predicted=given.predictions.table["actual"])
    both = replace(given.predictions, table=exact)
    same = gated(replace(given, predictions=both, last_champion=LastChampion("toy@1", both)))
    assert same.status is Status.PASS and same.values["gain_upper"] == 0
    behind = gated(replace(given, last_champion=LastChampion("toy@1", both)))
    assert behind.status is Status.FAIL and "nan" not in behind.in_words
