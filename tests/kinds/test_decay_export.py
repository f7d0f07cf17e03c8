"""Decay as curves, against the same steps written out month by month, account by account."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from behavior.features.base import FeatureMatrix
from behavior.kinds import _decay_export
from behavior.kinds._decay_export import (
    ACCOUNTS,
    AGE_BANDS,
    TOLERANCE,
    DecayParts,
    clip_inflows,
    first_decay,
    project_parts,
    refined,
    representatives,
)
from behavior.quantities import FloatArray

GRID = np.array([1, 2, 3, 6, 10])
SPREADS = np.array([-0.01, 0.0, 0.02])
SEASON = tuple(1.0 + 0.3 * np.sin(np.arange(12)))
NAMES = ("age_months", "spread", "month_of_year")


@dataclass(frozen=True)
class Straight:
    """A hazard (or log decay) that is a straight line in age and spread, times its month's factor."""

    level: float
    by_age: float
    by_spread: float
    season: tuple[float, ...] = (1.0,) * 12

    def at(self, age: FloatArray, spread: FloatArray | float) -> FloatArray:
        return self.level + self.by_age * age + self.by_spread * spread

    def predict_hazard(self, matrix: FeatureMatrix) -> FloatArray:
        age, spread, month = matrix.values.T
        return self.at(age, spread) * np.asarray(self.season)[month.astype(int) - 1]

    def log_decay(self, cells: FeatureMatrix) -> FloatArray:
        columns = dict(zip(cells.names, cells.values.T, strict=True))
        return self.at(columns["age_months"], columns["spread"])


def month_by_month(
    ages: FloatArray, spread: float, closure: Straight, move: Straight, drain: Straight
) -> tuple[list[float], list[float], list[float]]:
    """Shares of the balance that close and move, and growth of what stays, accounts of one balance carried forward."""
    balance = [1.0] * len(ages)
    closed, moved, grown = [], [], []
    for month in range(1, int(GRID[-1]) + 1):
        total = sum(balance)
        stay = [b * (1 - closure.at(a + month, spread)) for a, b in zip(ages, balance, strict=True)]
        kept = [s * (1 - move.at(a + month, spread)) for a, s in zip(ages, stay, strict=True)]
        after = [k * np.exp(-drain.at(a + month, spread)) for a, k in zip(ages, kept, strict=True)]
        closed.append(1 - sum(stay) / total)
        moved.append(1 - sum(kept) / sum(stay))
        grown.append(sum(after) / sum(kept) - 1)
        balance = after
    return closed, moved, grown


@pytest.mark.parametrize("season", [(1.0,) * 12, SEASON], ids=["every month alike", "a season"])
def test_accounts_are_carried_forward_as_one_would_by_hand(
    monkeypatch: pytest.MonkeyPatch, season: tuple[float, ...]
) -> None:
    monkeypatch.setattr(_decay_export, "monthly_errors", lambda *_: np.zeros(1))
    closure, move = Straight(0.02, 0.001, 0.3, season), Straight(0.03, -0.0002, 0.0)
    drain = Straight(0.01, 0.0005, 0.5)
    ages = np.array([3.0, 40.0, 90.0])
    accounts = FeatureMatrix(NAMES, np.column_stack([ages, ages * 0, np.ones(3)]))
    seasons = {"closure": season}
    found = project_parts(closure, move, drain, accounts, np.zeros(3), SPREADS, GRID, seasons)
    for place, spread in enumerate(SPREADS):
        closed, moved, grown = month_by_month(ages, float(spread), closure, move, drain)
        assert found.closure[place] == pytest.approx(closed, rel=1e-12)
        assert found.migrated[place] == pytest.approx(moved, rel=1e-12)
        assert found.growth[place] == pytest.approx(grown, rel=1e-10)


def test_hazards_are_straight_between_the_months_they_are_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    class Bent(Straight):
        def at(self, age: FloatArray, spread: FloatArray | float) -> FloatArray:
            return self.level * np.sqrt(age)

    monkeypatch.setattr(_decay_export, "monthly_errors", lambda *_: np.zeros(1))
    closure, nothing = Bent(0.01, 0.0, 0.0), Straight(0.0, 0.0, 0.0)
    one = FeatureMatrix(NAMES, np.array([[5.0, 0.0, 1.0]]))
    found = project_parts(closure, nothing, nothing, one, np.zeros(1), SPREADS, GRID, {})
    every = np.arange(1, GRID[-1] + 1)
    assert found.closure[0] == pytest.approx(np.interp(every, GRID, 0.01 * np.sqrt(5.0 + GRID)))


def test_the_first_look_is_the_mean_share_that_closes_or_drains_as_accounts_age() -> None:
    closure, drain, ages = Straight(0.02, 0.001, 0.3), Straight(0.01, 0.0005, 0.5), np.array([3.0, 40.0, 90.0])
    accounts = FeatureMatrix(NAMES, np.column_stack([ages, ages * 0, np.ones(3)]))
    found = first_decay(closure, drain, accounts, np.zeros(3), SPREADS, GRID)
    for row, spread in zip(found, SPREADS, strict=True):
        at = ages + GRID[:, None]
        stays = (1 - closure.at(at, spread)) * np.exp(-drain.at(at, spread))
        assert row == pytest.approx(1 - stays.mean(axis=1))


def test_what_flows_in_on_top_of_todays_balance_is_taken_out_month_by_month() -> None:
    """Net balance 1.1, 0.99, 0.495 of 1: it stands at 1, falls to 0.99, and halves; a tenth was on top."""
    zero = np.zeros((1, 3))
    parts = DecayParts(zero, zero, np.array([[0.1, -0.1, -0.5]]), zero)
    found = clip_inflows(parts)
    assert found.withdrawal[0] == pytest.approx([0.0, 0.01, 0.5])
    assert found.clipped == pytest.approx([0.1])
    leaving = DecayParts(zero + 0.2, zero + 0.05, parts.growth, zero)
    assert clip_inflows(leaving).withdrawal[0] == pytest.approx([0.12, 0.28, 0.6])


def test_withdrawal_and_migration_are_together_the_net_decay_whatever_flows_in() -> None:
    """Moves that inflows make up for are no decay; the lowest net balance so far is what stays."""
    random = np.random.default_rng(5)
    closure, moved = random.uniform(0, 0.03, (2, 40, 60))
    growth = random.uniform(-0.05, 0.08, (40, 60))
    found = clip_inflows(DecayParts(closure, moved, growth, np.zeros_like(growth)))
    net = np.cumprod((1 - closure) * (1 - moved) * (1 + growth), axis=1)
    stays = np.cumprod((1 - found.withdrawal) * (1 - found.migrated), axis=1)
    assert stays == pytest.approx(np.minimum(np.minimum.accumulate(net, axis=1), 1.0))
    assert (found.migrated <= moved).all() and (found.migrated < moved).any()


def test_the_first_years_inflow_alone_is_what_was_clipped() -> None:
    growth = np.zeros((1, 24))
    growth[0, 20] = 0.5
    zero = np.zeros_like(growth)
    assert clip_inflows(DecayParts(zero, zero, growth, zero)).clipped == pytest.approx([0.0])


def test_representatives_stand_for_the_balance_along_age_and_hazard() -> None:
    """Of twice as many accounts of one balance every second stands, ten in each band of age; no balance, no account."""
    count = 2 * ACCOUNTS
    values = np.zeros((count, 3))
    values[:, 2] = 1.0
    values[:, 0] = np.random.default_rng(1).permutation(count)
    values[:, 1] = np.random.default_rng(2).normal(0.0, 0.01, count)
    matrix = FeatureMatrix(NAMES, values)
    chosen = representatives(matrix, np.ones(count), Straight(0.1, 0.0, 1.0))
    assert len(set(chosen.tolist())) == ACCOUNTS
    bands = np.bincount((values[chosen, 0] * AGE_BANDS // count).astype(int), minlength=AGE_BANDS)
    assert np.abs(bands - ACCOUNTS // AGE_BANDS).max() <= 1
    weight = np.zeros(count)
    weight[:4] = [5.0, 3.0, 2.0, 0.0]
    shares = np.bincount(representatives(matrix, weight, Straight(0.1, 0.0, 1.0)), minlength=count) / ACCOUNTS
    assert shares[:4] == pytest.approx([0.5, 0.3, 0.2, 0.0], abs=2 / ACCOUNTS)
    assert shares[4:].sum() == 0.0


def test_a_month_that_bends_is_enough_for_a_node() -> None:
    """One of the months looked at jumps, the other is a straight line."""
    nodes = np.round(np.arange(0.0, 0.0501, 0.0025), 6)

    def decay(spreads: FloatArray) -> FloatArray:
        return np.column_stack([0.01 + 0.1 * spreads, 0.01 + 0.004 * (spreads > 0.02125)])

    found = refined(nodes, decay)
    fine = np.round(np.arange(0.0, 0.0501, 0.0005), 6)
    assert np.abs(np.interp(fine, found, decay(found)[:, 1]) - decay(fine)[:, 1]).max() <= TOLERANCE


def test_accounts_of_another_season_than_the_tables_keep_their_level_over_the_year(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """One table of factors speaks for all: those without a season would otherwise close faster, the others slower."""
    monkeypatch.setattr(_decay_export, "monthly_errors", lambda *_: np.zeros(1))
    own = np.array([4.0, 0.2, 0.2, 0.2, 0.2, 0.2, 2.8, 2.8, 0.6, 0.2, 0.3, 0.3])
    shared = tuple((own / own.mean() + 1.0) / 2.0)
    nothing = Straight(0.0, 0.0, 0.0)
    accounts = FeatureMatrix(NAMES, np.column_stack([np.full(24, 5.0), np.zeros((24, 1)), np.ones(24)]))
    for season in (tuple(own / own.mean()), (1.0,) * 12):
        closure = Straight(0.01, 0.0, 0.0, season)
        found = project_parts(closure, nothing, nothing, accounts, np.zeros(24), SPREADS, GRID, {"closure": shared})
        spent = np.multiply.outer(found.closure[0], shared).mean(axis=1)
        assert spent == pytest.approx(0.01, rel=0.02)
