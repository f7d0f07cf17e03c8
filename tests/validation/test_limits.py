"""Segments and slopes beyond their limits: wrong ones are named, honest ones on few customers are left alone."""

from __future__ import annotations

from dataclasses import replace
from types import ModuleType

import numpy as np
import pandas as pd
import pytest

from behavior.validation import backtest, calibration
from behavior.validation.base import CheckInput, Status
from behavior.validation.limits import judged_groups
from behavior.validation.statistics import logistic_line, straight_line

MANY = 4000


def scaled(given: CheckInput, factor: pd.Series) -> CheckInput:
    """The same rows, predicted so many times as fast."""
    table = given.predictions.table
    predicted = (table["predicted"] * factor).clip(upper=1.0)
    return replace(given, predictions=replace(given.predictions, table=table.assign(predicted=predicted)))


def test_an_honest_model_passes(fakes: ModuleType) -> None:
    for rate in (False, True):
        given = fakes.make_input(rate)
        for check in (calibration, backtest):
            finding = check.run(given)
            assert finding.status is Status.PASS
            assert finding.values["segments_beyond"] == 0.0


def test_two_segments_that_make_up_for_each_other_are_named(fakes: ModuleType) -> None:
    given = fakes.make_input(units=MANY)
    north = given.predictions.table["segment"] == "north"
    wrong = scaled(given, pd.Series(np.where(north, 2.0, 0.6), north.index))
    for check in (calibration, backtest):
        finding = check.run(wrong)
        assert finding.status is Status.WARN
        assert finding.values["segments_beyond"] == 2.0
        assert "north (0." in finding.in_words and "south (1." in finding.in_words


def test_a_segment_of_rates_is_judged_in_basis_points(fakes: ModuleType) -> None:
    given = fakes.make_input(rate=True)
    table = given.predictions.table
    north = table["segment"] == "north"
    for miss, beyond in ((0.0005, 0.0), (0.0020, 1.0)):
        predicted = table["predicted"] + np.where(north, miss, 0.0)
        moved = replace(given, predictions=replace(given.predictions, table=table.assign(predicted=predicted)))
        finding = calibration.run(moved)
        assert finding.values["segments_beyond"] == beyond
        assert finding.status is (Status.WARN if beyond else Status.PASS)
        assert ("north (+20" in finding.in_words) is bool(beyond)


def test_predictions_that_are_too_extreme_or_too_flat_are_a_warning(fakes: ModuleType) -> None:
    given = fakes.make_input(units=MANY)
    table = given.predictions.table
    odds = np.log(table["predicted"] / (1 - table["predicted"]))
    for stretch in (0.4, 3.0):
        shifted = odds.mean() + stretch * (odds - odds.mean())
        wrong = table.assign(predicted=1 / (1 + np.exp(-shifted)))
        finding = calibration.run(replace(given, predictions=replace(given.predictions, table=wrong)))
        assert finding.status is Status.WARN
        assert "The slope is beyond 0.8 to 1.2" in finding.in_words
        assert (finding.values["slope"] > 1.0) is (stretch < 1.0)


def test_one_year_too_fast_and_one_too_slow_is_no_good_back_test(fakes: ModuleType) -> None:
    given = fakes.make_input(units=MANY)
    early = given.predictions.table["month"] < "2021-01-31"
    finding = backtest.run(scaled(given, pd.Series(np.where(early, 1.8, 0.5), early.index)))
    assert finding.status is Status.WARN
    assert finding.values["years_beyond"] >= 1.0
    assert "2020 (" in finding.in_words


def portfolio(seed: int, customers: int = 400, months: int = 24, groups: int = 20) -> pd.DataFrame:
    """Rows that happen exactly as often as predicted, in segments of a few customers with rare events."""
    random = np.random.default_rng(seed)
    own = random.lognormal(11, 0.8, customers)
    rows = pd.DataFrame(
        {
            "customer": np.repeat(np.arange(customers), months),
            "month": np.tile(pd.date_range("2022-01-31", periods=months, freq="ME"), customers),
            "weight": np.repeat(own, months),
            "segment": np.repeat(np.arange(customers) % groups, months).astype(str),
            "predicted": np.repeat(random.uniform(0.001, 0.01, customers), months),
        }
    )
    return rows.assign(actual=(random.random(len(rows)) < rows["predicted"]).astype(float))


def test_small_segments_of_an_honest_model_are_left_alone() -> None:
    """Expected events a segment: 2.6, so that some have none; a family of 20 may err in one run in twenty."""
    runs = [judged_groups(rows := portfolio(seed), rows["segment"], False) for seed in range(60)]
    assert min(one["level"].min() for one in runs) == 0.0
    assert sum(one["beyond"].any() for one in runs) <= 6


def test_a_group_of_one_cluster_or_of_no_weight_is_not_judged() -> None:
    rows = portfolio(1)
    labels = rows["segment"].where(rows["customer"] > 0, "alone").mask(rows["month"] > "2022-06-30")
    found = judged_groups(rows, labels, False).set_index("group")
    assert "alone" not in found.index or not found.loc["alone", "beyond"]
    assert not found["beyond"].any()


@pytest.mark.parametrize("line", [logistic_line, straight_line])
def test_the_slopes_interval_covers_the_slope(line) -> None:  # type: ignore[no-untyped-def]
    inside = 0
    for seed in range(80):
        random = np.random.default_rng(seed)
        odds = np.repeat(random.normal(-2.0, 0.7, 150), 10)
        # Rows of one cluster share a shock: an interval by rows would be too narrow.
        shock = np.repeat(random.normal(0, 0.1, 150), 10)
        chance = 1 / (1 + np.exp(-odds))
        actual = (random.random(1500) < chance) if line is logistic_line else chance + shock
        made = line(chance, actual, np.ones(1500), np.repeat(np.arange(150), 10))
        low, high = made.interval()
        inside += low <= 1.0 <= high
    assert 70 <= inside <= 80
