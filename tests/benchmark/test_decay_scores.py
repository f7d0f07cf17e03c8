"""Scores of foretold balances, worked by hand on two accounts of 100 and 300."""

from __future__ import annotations

import numpy as np
import pytest

from behavior.benchmark.decay_scores import CURVE, LIFE, RATIO, RUN_OFF, Followed, scores_of, share_left
from behavior.benchmark.resampling import draws_of

VIEW = "with_redeposits"
ACTUAL = np.array([[1.0, 0.8, 0.5], [1.0, 1.0, 0.9]])
FORETOLD = np.array([[1.0, 0.9, 0.7], [1.0, 0.9, 0.9]])
ACCOUNTS = np.arange(2)
FOLLOWED = Followed(
    ACCOUNTS, np.zeros(2, dtype=np.int64), ACCOUNTS, np.array([100.0, 300.0]), {VIEW: ACTUAL}, {VIEW: {"own": FORETOLD}}
)
DRAWS = draws_of(ACCOUNTS, FOLLOWED.landmark, 0, 20)


def test_shares_left_are_weighted_by_balance_and_money_paid_in_is_new_business() -> None:
    np.testing.assert_allclose(share_left(FOLLOWED, ACTUAL, DRAWS)[0], [1.0, 0.95, 0.8])
    grown = np.array([[1.0, 3.0, 0.5], [1.0, 1.0, 0.9]])
    np.testing.assert_allclose(share_left(FOLLOWED, grown, DRAWS)[0], [1.0, 1.0, 0.8])


@pytest.mark.parametrize(
    ("bucket", "expected"),
    [
        ("", {CURVE: 5.0, RUN_OFF: 5.0, LIFE: 0.0, RATIO: 0.2 / 0.15}),
        ("first", {CURVE: 15.0, RUN_OFF: 20.0, LIFE: 0.3 / 12, RATIO: 0.5 / 0.3}),
        ("second", {CURVE: 5.0, RUN_OFF: 0.0, LIFE: -0.1 / 12, RATIO: 1.0}),
    ],
)
def test_scores_are_foretold_less_seen_and_the_ratio_is_of_what_left(bucket: str, expected: dict[str, float]) -> None:
    scores = scores_of(FOLLOWED, VIEW, FORETOLD, DRAWS, ("first", "second"))
    found = {one.score: float(one.draws[0]) for one in scores if one.bucket == bucket}
    assert found == pytest.approx(expected, abs=1e-12)
