"""Bands of lowest balances: cohorts of the same customers are no separate information, errors of months cumulate."""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd
import pytest

from behavior.estimators.balance_decay import CROSS, RIDGE, SCALE, SMOOTH
from behavior.estimators.balance_errors import CellRows, customer_covariance
from behavior.estimators.decay_cells import DecayCells
from behavior.features.base import FeatureMatrix
from behavior.kinds._decay_bands import smooth_errors
from behavior.kinds._decay_fit import MinimumDecay
from behavior.kinds._minimum_errors import minimum_covariance
from behavior.panel.landmarks import BalanceGrid, FollowedCohort, balance_grid, followed_cohorts, minimum_balance_sums

GROUPS, ACCOUNTS, MONTHS = 2, 80, 48


@cache
def grid() -> BalanceGrid:
    """Accounts of which some wander, some close."""
    rng = np.random.default_rng(6)
    months = pd.date_range("2018-01-31", periods=MONTHS, freq="ME")
    parts = []
    for number in range(ACCOUNTS):
        path = 1000.0 * np.exp(np.cumsum(0.06 * rng.standard_normal(MONTHS + 1) - 0.004))
        closes = int(rng.integers(6, MONTHS)) if number % 3 == 0 else MONTHS
        last = min(closes + 1, MONTHS)
        after = np.where(np.arange(MONTHS) == closes, 0.0, path[1:])[:last]
        parts.append(
            pd.DataFrame(
                {
                    "unit": f"A{number:03d}",
                    "month": months[:last],
                    "weight": path[:last],
                    "balance_before_interest": after,
                    "balance_end": after,
                    "balance_known": 1.0,
                    "closed": (np.arange(last) == closes).astype(float),
                    "migrated": 0.0,
                }
            )
        )
    return balance_grid(pd.concat(parts, ignore_index=True))


def fitted(landmarks: list[int]) -> tuple[MinimumDecay, DecayCells, np.ndarray, list[FollowedCohort]]:
    group = np.arange(ACCOUNTS) % GROUPS
    sums = minimum_balance_sums(grid(), group, landmarks, GROUPS)
    columns = np.column_stack([sums.group.astype(float), sums.months_since.astype(float)])
    matrix = FeatureMatrix(("segment", "months_since"), columns, (0, 0))
    effective = np.divide(sums.before**2, sums.squares, out=np.zeros(len(sums.before)), where=sums.squares > 0)
    cells = DecayCells(matrix, sums.before, sums.after, effective, (sums.landmark + sums.months_since) // 6)
    model = MinimumDecay("", GROUPS, ("months_since",)).fit(cells)
    return model, cells, group, list(followed_cohorts(grid(), group, landmarks))


def landmarks_every(step: int) -> list[int]:
    return list(range(grid().first_month, grid().first_month + MONTHS - 1, step))


def test_scores_added_up_by_cohort_are_those_of_every_account_month() -> None:
    model, cells, group, followed = fitted(landmarks_every(5))
    customer = np.arange(ACCOUNTS) // 2
    found, shock = minimum_covariance(model, cells, followed, group, customer)
    rows = rows_of(cells, group, customer, followed)
    use = cells.before > 0
    kept = rows.of_cells(use)
    design = model.layout_.design(cells.matrix.with_values(cells.matrix.values[use]))
    weight = model.weights_of_sums(design, cells, use)
    stays = np.exp(-SCALE * (design @ model.coefficients_))[kept.cell]
    surprise = (kept.before - kept.after / stays) / (SCALE * cells.before[use][kept.cell]) * weight[kept.cell]
    segment = cells.matrix.values[use, 0].astype(int)
    block = segment * 10_000 + cells.block[use] // 4
    prior = model.layout_.penalty(SMOOTH, CROSS, RIDGE)
    expected, size = customer_covariance(design, weight, prior, kept, surprise, block, GROUPS)
    assert np.allclose(found, expected, rtol=1e-8, atol=1e-12)
    assert shock == pytest.approx(size)


def rows_of(cells: DecayCells, group: np.ndarray, customer: np.ndarray, followed: list[FollowedCohort]) -> CellRows:
    """Every account, landmark and month as a row of its own."""
    parts, begun = [], 0
    for one in followed:
        steps = one.before.shape[1]
        cell = (begun + np.arange(steps))[None, :] * GROUPS + group[one.units][:, None]
        begun += steps
        who = np.repeat(customer[one.units], steps)
        parts.append((cell.ravel(), who, one.before.ravel(), one.after.ravel()))
    cell, who, before, after = (np.concatenate(column) for column in zip(*parts, strict=True))
    return CellRows(cell, who, before, after, np.full(len(cell), np.nan))


def test_more_landmarks_over_the_same_months_tell_little_more() -> None:
    """Five times the cohorts are the same accounts again: errors that took them for new ones would more than halve."""
    errors = []
    for step in (5, 1):
        model, cells, group, followed = fitted(landmarks_every(step))
        covariance, _ = minimum_covariance(model, cells, followed, group, np.arange(ACCOUNTS))
        model.covariance_ = covariance
        errors.append(smooth_errors(model, at_months(np.arange(1, 25)), np.arange(1, 25), np.ones(1)).sum())
    assert errors[1] > 0.7 * errors[0]


def test_the_first_months_fall_is_not_spread_over_the_next() -> None:
    """A fall of 4% and then of 1% a month, seen through noise that a line is smoothed against."""
    since = np.tile(np.arange(1.0, 41.0), 60)
    before = np.full(len(since), 100.0)
    shock = np.random.default_rng(1).standard_normal((60, 40))
    shock -= shock.mean(axis=0)
    after = before * np.exp(-np.where(since == 1, 0.04, 0.01) + 0.03 * shock.ravel())
    columns = np.column_stack([np.zeros(len(since)), since, since == 1])
    matrix = FeatureMatrix(("segment", "months_since", "first_month"), columns)
    cells = DecayCells(matrix, before, after, np.full(len(since), 2.0), np.repeat(np.arange(60), 40))
    model = MinimumDecay("", 1, ("months_since",)).fit(cells)
    assert model.log_decay(matrix)[:3] == pytest.approx([0.04, 0.01, 0.01], abs=0.002)


def at_months(months: np.ndarray) -> FeatureMatrix:
    columns = np.column_stack([np.zeros(len(months)), months.astype(float)])
    return FeatureMatrix(("segment", "months_since"), columns, (0, 0))


def test_errors_of_months_add_up_to_that_of_the_cumulated_fall() -> None:
    model, cells, group, followed = fitted(landmarks_every(5))
    model.covariance_, _ = minimum_covariance(model, cells, followed, group, np.arange(ACCOUNTS))
    every = np.arange(1, 25)
    design = SCALE * np.cumsum(model.layout_.design(at_months(every)), axis=0)
    whole = np.sqrt(np.einsum("ij,jk,ik->i", design, model.covariance_, design))
    steps = smooth_errors(model, at_months(every), every, np.ones(1))[0]
    rising = np.maximum.accumulate(whole)
    assert steps.sum() >= rising[-1] - 1e-12
    assert np.cumsum(steps)[0] == pytest.approx(whole[0])
