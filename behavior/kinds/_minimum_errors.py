"""How sure the curves of lowest balances are: surprises added up by customer over every cohort it is in.

An account stands in the cohort of each landmark that it was open at, and one withdrawal is a surprise in all of them.
Cohorts are therefore no separate information: the scores of the fit are added up by customer over all landmarks and
months before they are squared, as those of net balances are (`estimators/balance_errors.py`).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

import numpy as np

from behavior.estimators.balance_decay import CROSS, RIDGE, SCALE, SMOOTH, BalanceDecay
from behavior.estimators.balance_errors import Scores, scored_covariance
from behavior.estimators.decay_cells import DecayCells
from behavior.panel.landmarks import FollowedCohort
from behavior.quantities import FloatArray, IntArray

SHARED_BLOCKS = 4
"""Six-month blocks of the stretch whose shock all customers of a segment may share: two years."""


def minimum_covariance(
    model: BalanceDecay,
    cells: DecayCells,
    followed: Iterable[FollowedCohort],
    group: IntArray,
    customer: IntArray,
) -> tuple[FloatArray, float]:
    """Covariance of a fitted model's coefficients, and the shock that two years of a segment share, units of SCALE.

    Parameters
    ----------
    cells : those of the fit, by landmark, months since and group, in the order of `followed`. group, customer : of the
        grid's units, shape (units,); a group below 0 is in no cell.
    """
    fit = _Fit.of(model, cells)
    scores, sums = _added_up(fit, followed, group)
    holders = int(customer.max()) + 1
    by_customer = _grouped(scores, customer, holders)
    levels = range(fit.cells.shape[1])
    noise = sum(float((_grouped(sums[group == one], customer[group == one], holders) ** 2).sum()) for one in levels)
    found = np.concatenate([sums[group == one].sum(axis=0) for one in levels])
    segment = np.tile(np.arange(len(levels)), len(fit.cells))[cells.before > 0]
    places, place = np.unique(segment * sums.shape[1] + fit.block, return_inverse=True)
    prior = model.layout_.penalty(SMOOTH, CROSS, RIDGE)
    summed = Scores(by_customer.T @ by_customer, found[places], noise)
    return scored_covariance(fit.design, fit.weight, prior, summed, place, len(levels))


@dataclass(frozen=True)
class _Fit:
    """What a fit made of its used cells.

    Parameters
    ----------
    design, weight, kept, factor, block : of the used cells; `kept` is the share of a month's balance that the fit
        expects to stay, `factor` turns a surprise in balance into one of the response by its weight, `block` is the
        stretch of calendar. cells : place among the used ones by (landmark and month, group), -1 = not used.
    """

    design: FloatArray
    weight: FloatArray
    kept: FloatArray
    factor: FloatArray
    block: IntArray
    cells: IntArray

    @classmethod
    def of(cls, model: BalanceDecay, cells: DecayCells) -> Self:
        use = cells.before > 0
        design = model.layout_.design(cells.matrix.with_values(cells.matrix.values[use]))
        weight = model.weights_of_sums(design, cells, use)
        kept = np.exp(-SCALE * (design @ model.coefficients_))
        block = np.unique(cells.block[use] // SHARED_BLOCKS, return_inverse=True)[1]
        place = np.where(use, np.cumsum(use) - 1, -1).reshape(-1, max(model.segments, 1))
        return cls(design, weight, kept, weight / (SCALE * cells.before[use]), block, place)


def _added_up(fit: _Fit, followed: Iterable[FollowedCohort], group: IntArray) -> tuple[FloatArray, FloatArray]:
    """Scores of units, shape (units, coefficients), and their surprises by stretch of calendar, (units, stretches)."""
    scores = np.zeros((len(group), fit.design.shape[1]))
    stretches = np.eye(int(fit.block.max()) + 1)
    sums = np.zeros((len(group), len(stretches)))
    begun = 0
    for one in followed:
        table = fit.cells[begun : begun + one.before.shape[1]]
        begun += len(table)
        own = group[one.units]
        for level in np.unique(own):
            rows, seen = np.flatnonzero(own == level), np.flatnonzero(table[:, level] >= 0)
            cell, corner = table[seen, level], np.ix_(rows, seen)
            surprise = (one.before[corner] - one.after[corner] / fit.kept[cell]) * fit.factor[cell]
            scores[one.units[rows]] += surprise @ fit.design[cell]
            sums[one.units[rows]] += surprise @ stretches[fit.block[cell]]
    return scores, sums


def _grouped(values: FloatArray, code: IntArray, count: int) -> FloatArray:
    """Rows added up by code, shape (count, columns)."""
    return np.column_stack([np.bincount(code, column, count) for column in values.T])
