"""Shifts that are known: flags, heavy values and missing ones move the index, samples of one population do not."""

from __future__ import annotations

from dataclasses import replace
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from behavior.validation import stability
from behavior.validation.base import Status
from behavior.validation.stability import _shift

RANDOM = np.random.default_rng(8)
MANY = 4000


def flag(share: float) -> np.ndarray:
    return (RANDOM.random(MANY) < share).astype(float)


def with_missing(share: float) -> np.ndarray:
    return np.where(RANDOM.random(MANY) < share, np.nan, RANDOM.normal(size=MANY))


def heavy(share: float) -> np.ndarray:
    return np.where(RANDOM.random(MANY) < share, 0.0, RANDOM.lognormal(size=MANY))


MOVED = {
    "a flag": (flag(0.05), flag(0.95)),
    "a flag the other way": (flag(0.95), flag(0.05)),
    "a category of few values": (RANDOM.integers(0, 4, MANY) * 1.0, np.full(MANY, 3.0)),
    "a value that training never had": (np.zeros(MANY), np.full(MANY, 7.0)),
    "a heavy value that goes": (heavy(0.95), np.full(MANY, 0.5)),
    "a heavy value that thins out": (heavy(0.95), heavy(0.5)),
    "a heavy value that comes": (heavy(0.1), heavy(0.9)),
    "missing values": (with_missing(0.0), with_missing(0.6)),
    "everything missing": (with_missing(0.2), np.full(MANY, np.nan)),
    "a continuous score": (RANDOM.normal(size=MANY), RANDOM.normal(1.0, 1.0, MANY)),
    "one score for all": (RANDOM.normal(size=MANY), np.full(MANY, 0.5)),
}
STILL = {
    "a flag": (flag(0.05), flag(0.05)),
    "a category": (RANDOM.integers(0, 15, MANY) * 1.0, RANDOM.integers(0, 15, MANY) * 1.0),
    "whole numbers": (RANDOM.integers(0, 60, MANY) * 1.0, RANDOM.integers(0, 60, MANY) * 1.0),
    "a heavy value": (heavy(0.7), heavy(0.7)),
    "missing values": (with_missing(0.3), with_missing(0.3)),
    "a continuous score": (RANDOM.normal(size=MANY), RANDOM.normal(size=MANY)),
    "nothing known": (np.full(MANY, np.nan), np.full(MANY, np.nan)),
}


@pytest.mark.parametrize("name", MOVED)
def test_a_shift_is_seen(name: str) -> None:
    index, noise = _shift(*MOVED[name], MANY, MANY)
    assert index - noise > 0.25


@pytest.mark.parametrize("name", STILL)
def test_two_samples_of_one_population_are_alike(name: str) -> None:
    index, noise = _shift(*STILL[name], MANY, MANY)
    assert index - noise < 0.01


def test_a_flag_by_hand() -> None:
    before, after = np.repeat([0.0, 1.0], [90, 10]), np.repeat([0.0, 1.0], [60, 40])
    index, _ = _shift(before, after, 100, 100)
    assert index == pytest.approx(-0.3 * np.log(0.6 / 0.9) + 0.3 * np.log(0.4 / 0.1))


@pytest.mark.parametrize(("before", "after"), [(0.01, 0.5), (0.5, 0.01)])
def test_a_score_of_one_value_that_jumps_is_a_warning(fakes: ModuleType, before: float, after: float) -> None:
    given = fakes.make_input()
    table = given.predictions.table
    jumped = table.assign(predicted=np.where(given.split.out_of_time, after, before))
    finding = stability.run(replace(given, predictions=replace(given.predictions, table=jumped)))
    assert finding.status is Status.WARN


def test_a_moved_flag_is_the_most_moved_feature(fakes: ModuleType) -> None:
    given = fakes.make_input()
    panel = given.panel.table
    late = panel.assign(flag=(RANDOM.random(len(panel)) < np.where(given.split.out_of_time, 0.95, 0.05)).astype(float))

    def explain(fitted: Any, part: Any) -> Any:
        one = fakes.attributions_of(part.table)
        values = np.column_stack([part.table["flag"], np.zeros(len(part.table))])
        return {"payoff": replace(one, names=("flag", "constant"), values=values)}

    kind = replace(given.kind, explain=explain)
    finding = stability.run(replace(given, kind=kind, panel=replace(given.panel, table=late)))
    assert "Most moved feature: flag" in finding.in_words
    assert "1 of 2 moved by more than 0.25" in finding.in_words
    assert finding.values["worst_feature_shift"] > 2.0
