"""Ranking on many rows: the value is that of all of them, and its interval has all the events in it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.stats import rankdata

from behavior.benchmark.judged_rows import Rows
from behavior.benchmark.ranking import ranking
from behavior.benchmark.resampling import Draws, draws_of, value_and_interval
from behavior.quantities import FloatArray


def judged(count: int, months: int, seed: int = 0) -> tuple[Rows, FloatArray, Draws]:
    """Rare events whose score says a little, each customer's months one after the other as a panel has them."""
    rng = np.random.default_rng(seed)
    expected = 0.0045 * np.exp(0.5 * rng.standard_normal(count) - 0.125)
    actual = (rng.random(count) < expected).astype(float)
    month = np.tile(np.arange(months), -(-count // months))[:count]
    label = pd.Categorical.from_codes(np.zeros(count, dtype=np.int8), categories=["all"])
    rows = Rows(actual, np.ones(count), np.ones(count), month, np.ones(count), 12.0, {"vintage": label})
    return rows, expected, draws_of(np.arange(count) // months, month // 6, 0, 100)


def exact(actual: FloatArray, expected: FloatArray) -> float:
    rank, events = rankdata(expected), actual.sum()
    return float((rank[actual > 0].sum() - events * (events + 1) / 2) / (events * (len(actual) - events)))


@pytest.mark.parametrize("within_month", [False, True])
def test_the_value_on_many_rows_is_that_of_all_rows(within_month: bool) -> None:
    rows, expected, draws = judged(480_000, 12)
    found = ranking(rows, expected, draws, within_month)
    if within_month:
        by_month = [rows.month == one for one in range(12)]
        pairs = [rows.actual[one].sum() * (1 - rows.actual[one]).sum() for one in by_month]
        wanted = np.average([exact(rows.actual[one], expected[one]) for one in by_month], weights=pairs)
    else:
        wanted = exact(rows.actual, expected)
    assert found[0] == pytest.approx(wanted, abs=1e-9)
    value, low, high = value_and_interval(found)
    assert low < value < high
    assert high - low < 0.04  # of 2,200 events; a twelfth of them would give 0.1


def test_every_event_and_every_month_is_in_the_draws() -> None:
    """The interval is that of all rows, within what sixty draws can tell."""
    rows, expected, draws = judged(120_000, 12, seed=3)
    found = ranking(rows, expected, draws, within_month=False)
    weights = draws.weights[1:61]
    whole = []
    for weight in weights:
        again = np.repeat(np.arange(len(expected)), weight[draws.cell].astype(int))
        whole.append(exact(rows.actual[again], expected[again]))
    assert np.std(found[1:61]) == pytest.approx(np.std(whole), rel=0.15)
    assert np.corrcoef(found[1:61], whole)[0, 1] > 0.9


def test_a_row_of_a_survey_counts_as_often_as_its_weight_says() -> None:
    rows, expected, draws = judged(20_000, 12, seed=5)
    weight = np.random.default_rng(1).integers(1, 5, len(expected)).astype(float)
    often = weight.astype(int)
    found = ranking(replace(rows, weight=weight), expected, draws, within_month=False)
    assert found[0] == pytest.approx(exact(np.repeat(rows.actual, often), np.repeat(expected, often)), abs=1e-9)
    drawn = np.repeat(np.arange(len(expected)), often * draws.weights[1][draws.cell].astype(int))
    assert found[1] == pytest.approx(exact(rows.actual[drawn], expected[drawn]), abs=1e-9)
