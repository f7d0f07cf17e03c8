"""Bars by bucket: a bucket speaks where events were expected or happened, and none at all is an answer too."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from behavior.benchmark.bars import judge_bar
from behavior.benchmark.hazard_models import OURS
from behavior.benchmark.hazard_scores import Score, interval_of, score_model
from behavior.benchmark.judged_rows import Rows
from behavior.benchmark.protocols import Bar
from behavior.benchmark.resampling import draws_of

MEETS = Bar(words="meets", score="actual_over_expected", slice="year", meets=(0.9, 1.1))
JOINT = Bar(words="joint", score="actual_over_expected", slice="year", joint=0.9)


def buckets(*pairs: tuple[int, float]) -> list[Score]:
    """One bucket for each pair of events and expected events, resampled as independent rows would be."""
    rng = np.random.default_rng(0)
    return [
        Score(
            "actual_over_expected",
            "count",
            "year",
            str(2000 + place),
            np.append(events, rng.poisson(events, 200)) / (expected or np.nan),
            1_000,
            float(events),
            expected,
        )
        for place, (events, expected) in enumerate(pairs)
    ]


@pytest.mark.parametrize("bar", [MEETS, JOINT])
@pytest.mark.parametrize(("events", "expected"), [(3, 30.0), (0, 40.0), (12, 1.0)])
def test_a_bucket_far_from_its_expectation_is_judged_however_few_events_it_has(
    bar: Bar, events: int, expected: float
) -> None:
    found = judge_bar("d", bar, {OURS: buckets((100, 100.0), (events, expected))})
    assert found.verdict == "missed" and "outside" in found.found and "2001" in found.found


@pytest.mark.parametrize("bar", [MEETS, JOINT])
@pytest.mark.parametrize(("events", "expected"), [(4, 0.5), (0, 2.0), (1, 4.9)])
def test_a_bucket_in_which_little_was_expected_and_little_happened_says_nothing(
    bar: Bar, events: int, expected: float
) -> None:
    assert judge_bar("d", bar, {OURS: buckets((100, 100.0), (events, expected))}).verdict == "met"
    assert judge_bar("d", bar, {OURS: buckets((events, expected))}).verdict == "missed"  # nothing judged, nothing met


@pytest.mark.parametrize(("events", "verdict"), [((8, 12), "missed"), ((8, 12, 8), "met"), ((12, 10, 8), "missed")])
def test_most_folds_are_more_than_half_of_them(events: tuple[int, ...], verdict: str) -> None:
    bar = Bar(words="most", score="actual_over_expected", slice="year", most_folds_below=("other",))
    other = buckets(*((10, 10.0) for _ in events))
    assert judge_bar("d", bar, {OURS: buckets(*((one, 10.0) for one in events)), "other": other}).verdict == verdict


def test_events_where_none_was_expected_are_outside() -> None:
    for bar in (MEETS, JOINT):
        found = judge_bar("d", bar, {OURS: buckets((100, 100.0), (7, 0.0))})
        assert found.verdict == "missed" and "2001: 7 events, none expected" in found.found


def test_the_interval_of_no_event_is_a_poisson_bound() -> None:
    """No draw of a sample without events holds one: the bound is what 5% of samples would leave empty."""
    value, low, high = interval_of(buckets((0, 40.0))[0])
    assert (value, low) == (0.0, 0.0)
    assert np.exp(-40.0 * high) == pytest.approx(0.05)


def test_scores_by_bucket_count_the_events_expected() -> None:
    labels = pd.Categorical(np.array(["a", "a", "b"], dtype=object))
    rows = Rows(
        np.array([1.0, 0.0, 0.0]),
        np.array([2.0, 2.0, 2.0]),
        np.ones(3),
        np.zeros(3, dtype=np.int64),
        np.ones(3),
        12.0,
        {"vintage": labels},
    )
    draws = draws_of(np.arange(3), rows.month, 0, 20)
    found = score_model(rows, np.array([0.2, 0.3, 0.4]), draws)
    by_label = {(one.weighting, one.bucket): one.expected for one in found if one.slice == "vintage"}
    assert by_label == pytest.approx(
        {("count", "a"): 0.5, ("count", "b"): 0.4, ("balance", "a"): 0.5, ("balance", "b"): 0.4}
    )
    assert next(one for one in found if one.score == "log_loss").expected == pytest.approx(0.9)
