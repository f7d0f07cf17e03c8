"""Calibration over tenths of the predictions: who is in a tenth, and what the gap over tenths is."""

from __future__ import annotations

from dataclasses import replace
from types import ModuleType

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from behavior.validation import calibration
from behavior.validation.base import CheckInput
from behavior.validation.evidence import prediction_tenths, rows_of


@given(st.lists(st.floats(0.0, 1.0), min_size=1, max_size=200))
def test_tenths_keep_the_order_and_never_part_equals(predicted: list[float]) -> None:
    codes = prediction_tenths(pd.DataFrame({"predicted": predicted})).codes
    order = np.argsort(predicted, kind="stable")
    assert np.all(np.diff(codes[order]) >= 0) and codes.min() >= 0 and codes.max() <= 9
    assert pd.Series(codes).groupby(pd.Series(predicted)).nunique().max() == 1


def test_a_tenth_of_different_predictions_is_a_tenth_of_the_rows() -> None:
    codes = prediction_tenths(pd.DataFrame({"predicted": np.random.default_rng(3).permutation(1_000)})).codes
    assert np.all(np.abs(np.bincount(codes, minlength=10) - 100) <= 1)


@pytest.fixture
def hazard(fakes: ModuleType) -> CheckInput:
    found: CheckInput = fakes.make_input()
    return found


def _happening(hazard: CheckInput, factor: float) -> CheckInput:
    """The same rows, predicted from 0.02 to 0.2, of which the outcome is drawn at `factor` of the prediction."""
    table, random = hazard.predictions.table, np.random.default_rng(11)
    predicted = 0.02 + 0.18 * random.random(len(table))
    actual = (random.random(len(table)) < factor * predicted).astype(np.float64)
    predictions = replace(hazard.predictions, table=table.assign(predicted=predicted, actual=actual))
    return replace(hazard, predictions=predictions)


def test_the_error_is_the_mean_gap_of_the_tenths(hazard: CheckInput) -> None:
    rows = rows_of(hazard, "test")
    tenths = pd.qcut(rows["predicted"].rank(method="first"), 10, labels=False)
    gaps = (rows["actual"] - rows["predicted"]).groupby(tenths).sum().abs()
    found = calibration.run(hazard).values["calibration_error"]
    assert found == pytest.approx(gaps.sum() / len(rows), rel=0.05)


def test_outcomes_at_half_the_predictions_are_out_by_half_and_not_by_chance(hazard: CheckInput) -> None:
    right, half = (calibration.run(_happening(hazard, factor)).values for factor in (1.0, 0.5))
    rows = rows_of(_happening(hazard, 1.0), "test")
    mean = float(rows["predicted"].mean())
    chance = float(np.sqrt(2.0 / np.pi * mean * (1.0 - mean) / (len(rows) / 10)))
    assert right["calibration_error"] < 2.0 * chance
    assert half["calibration_error"] == pytest.approx(0.5 * mean, abs=chance)
    assert right["hosmer_lemeshow_p"] > 0.05 > half["hosmer_lemeshow_p"]


def test_a_rate_has_no_tenths(fakes: ModuleType) -> None:
    found = calibration.run(fakes.make_input(rate=True))
    assert "calibration_error" not in found.values and "hosmer_lemeshow_p" not in found.values
    assert not any("prediction" in one.name for one in found.exhibits)
