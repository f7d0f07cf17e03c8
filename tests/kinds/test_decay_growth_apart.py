"""Growth of survivors by segment: a shape in age of each one's own, and bands that know that growth has moved."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from behavior.estimators.account_ages import age_band
from behavior.estimators.balance_decay import BalanceDecay
from behavior.estimators.decay_cells import sum_cells
from behavior.features.base import FeatureMatrix
from behavior.kinds._decay_words import doubts
from behavior.panel.base import Panel
from behavior.panel.decay_targets import CLOSED_BY_BALANCE, USED_AGAIN
from behavior.specs import parse_spec

MONTHS, ACCOUNTS = 120, 250
AGES = np.array([6.0, 60.0])
SPEC = Path(__file__).resolve().parents[2] / "models" / "nmd_decay" / "spec.toml"
Growth = Callable[[np.ndarray, np.ndarray], np.ndarray]


def flat(age: np.ndarray, month: np.ndarray) -> np.ndarray:
    return np.zeros(age.shape)


def learnt(first: Growth, second: Growth = flat) -> BalanceDecay:
    """Two segments over ten years, of accounts opened at any time in them or in the ten years before."""
    rng, parts = np.random.default_rng(11), []
    for segment, growth in enumerate((first, second)):
        month = np.broadcast_to(np.arange(MONTHS), (ACCOUNTS, MONTHS))
        age = month - rng.integers(-120, MONTHS - 6, (ACCOUNTS, 1))
        steps = np.where(age > 0, growth(age, month), 0.0) + 0.02 * rng.standard_normal(age.shape)
        after = np.exp(8.0 + np.cumsum(steps, axis=1))
        before, here, who = after / np.exp(steps), age > 0, np.broadcast_to(np.arange(ACCOUNTS)[:, None], age.shape)
        columns = (month, np.full(age.shape, segment), age, before, after, who + segment * ACCOUNTS)
        parts.append([column[here] for column in columns])
    month, code, age, before, after, who = (np.concatenate(column) for column in zip(*parts, strict=True))
    key = (code * 1000 + month) * 100 + age_band(age.astype(float))
    columns = np.column_stack([code, age]).astype(float)
    cells = sum_cells(key, columns, ("segment", "age_months"), before, after, month // 6, who)
    return BalanceDecay("", 2, ("age_months",)).fit(cells)


def at(segment: int) -> FeatureMatrix:
    columns = np.column_stack([np.full(len(AGES), float(segment)), AGES])
    return FeatureMatrix(("segment", "age_months"), columns, (0, 0), ("", ""))


def young_grow(age: np.ndarray, month: np.ndarray) -> np.ndarray:
    return np.where(age <= 12, 0.02, -0.002)


def test_a_segment_whose_new_accounts_grow_says_nothing_of_another_ones() -> None:
    model = learnt(young_grow)
    assert -model.log_decay(at(0)) == pytest.approx([0.02, -0.002], abs=0.002)
    assert -model.log_decay(at(1)) == pytest.approx([0.0, 0.0], abs=0.001)


def test_what_all_segments_share_by_age_stays() -> None:
    model = learnt(young_grow, young_grow)
    for segment in range(2):
        assert -model.log_decay(at(segment)) == pytest.approx([0.02, -0.002], abs=0.002)


@pytest.mark.parametrize("last", [-0.003, 0.03])
def test_a_band_reaches_the_growth_of_the_last_years_where_it_has_moved(last: float) -> None:
    moved = learnt(lambda age, month: np.where(month < MONTHS - 24, 0.015, last))
    steady = learnt(lambda age, month: np.full(age.shape, 0.015))
    gap = np.abs(moved.log_decay(at(0)) + last)
    assert (gap > 0.006).all()  # it says the mean of the years
    assert (1.6449 * moved.error(at(0)) > gap).all()
    assert (steady.error(at(0)) < 0.1 * moved.error(at(0))).all()
    assert (moved.error(at(1)) < moved.error(at(0)) / 3.0).all()


def test_closures_are_in_doubt_only_where_some_were_told_by_an_empty_balance() -> None:
    spec = parse_spec(SPEC.read_text(), SPEC.name)

    def words(closed: int, again: int) -> set[str]:
        return set(doubts(Panel(pd.DataFrame(), {CLOSED_BY_BALANCE: closed, USED_AGAIN: again}), spec))

    assert words(0, 40) == set()
    assert words(100, 5) == set()
    assert words(100, 40) == {"closures in doubt in words"}
