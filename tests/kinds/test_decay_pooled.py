"""A pooled curve stands for its own accounts: each is carried forward at the level of the segment that it is in."""

from __future__ import annotations

import numpy as np
import pytest

from behavior.estimators.balance_decay import BalanceDecay
from behavior.estimators.decay_cells import sum_cells
from behavior.features.base import FeatureMatrix
from behavior.kinds._decay_curves import _lowest
from behavior.kinds._decay_export import first_decay

DRAIN = (0.0, 0.01, 0.05)


class Stays:
    """A closure hazard of nobody."""

    def predict_hazard(self, matrix: FeatureMatrix) -> np.ndarray:
        return np.zeros(len(matrix.values))


def drained() -> BalanceDecay:
    """Survivors' balances of three segments, which drain by nothing, 1% and 5% a month."""
    rng = np.random.default_rng(3)
    months, accounts = np.arange(48), 40
    parts = []
    for segment, rate in enumerate(DRAIN):
        month = np.tile(months, accounts)
        before = np.full(len(month), 1000.0)
        after = before * np.exp(-rate + 0.01 * rng.standard_normal(len(month)))
        who = np.repeat(np.arange(accounts), len(months)) + 1000 * segment
        parts.append((month, np.full(len(month), segment), before, after, who))
    month, segment, before, after, who = (np.concatenate(column) for column in zip(*parts, strict=True))
    columns = np.column_stack([segment.astype(float), np.full(len(month), 30.0)])
    key = segment * 1000 + month
    cells = sum_cells(key, columns, ("segment", "age_months"), before, after, month // 6, who)
    return BalanceDecay("", len(DRAIN), ()).fit(cells)


def test_accounts_of_a_pooled_curve_keep_their_own_segments_growth() -> None:
    """Two of the three segments in one pool: their mean, not that of all three."""
    accounts = FeatureMatrix(("age_months",), np.full((4, 1), 30.0))
    own = np.array([0.0, 0.0, 1.0, 1.0])
    found = first_decay(Stays(), drained(), accounts, own, np.zeros(1), np.array([1, 2, 3]))
    assert found[0] == pytest.approx(np.full(3, 0.005), abs=0.001)


def test_lowest_balances_of_a_pool_mix_its_segments_by_their_balance() -> None:
    model, grid = drained(), np.array([1, 2, 3, 6])
    lowest, spare = _lowest(model, np.array([0.0, 1.0, 1.0, 1.0]), grid, np.zeros(1))
    alone, _ = _lowest(model, np.full(4, 1.0), grid, np.zeros(1))
    assert lowest.shape == spare.shape == (1, 4)
    assert lowest[0] == pytest.approx(np.full(4, 0.0075), abs=0.001)
    assert alone[0] == pytest.approx(np.full(4, 0.01), abs=0.001)
    assert (spare >= 0).all()
