"""Cohorts of the accounts open at a landmark month, followed month by month: new accounts never enter a cohort."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from behavior.months import month_number
from behavior.quantities import AnyArray, BoolArray, FloatArray, IntArray

EVERY = 5
"""Months between landmarks: prime to twelve, so that every season follows every landmark."""


@dataclass(frozen=True)
class BalanceGrid:
    """Accounts by months.

    Parameters
    ----------
    balance : end of month without the interest credited since the unit's first row, shape (units, months); NaN where
        masked or not yet open, 0 after closure. moved : the unit left by a move in or before that month.
    opened : balance at the start of each unit's first row sits in the column before it. first_month : month number of
        column 0. rows : position in the panel of each unit's row in each month, -1 where there is none.
    """

    balance: FloatArray
    moved: BoolArray
    first_month: int
    rows: IntArray


def balance_grid(table: pd.DataFrame) -> BalanceGrid:
    """Dense balances of a deposit panel, deflated by credited interest."""
    unit = pd.factorize(table["unit"])[0]
    month = month_number(table["month"])
    low, high = int(month.min()) - 1, int(month.max())
    count, width = int(unit.max()) + 1, high - low + 1
    before, after = table["weight"].to_numpy(), table["balance_before_interest"].to_numpy()
    end = table["balance_end"].to_numpy()
    deflator = np.ones((count, width))
    deflator[unit, month - low] = _without_interest(before, after, end)
    np.cumprod(deflator, axis=1, out=deflator)
    held: FloatArray = np.full((count, width), np.nan)
    known = table["balance_known"].to_numpy() > 0
    first = np.append(True, unit[1:] != unit[:-1])
    held[unit[first], month[first] - low - 1] = before[first]
    held[unit[known], month[known] - low] = end[known]
    balance: FloatArray = np.asarray(held * deflator)
    rows = np.full((count, width), -1, dtype=np.int64)
    rows[unit, month - low] = np.arange(len(unit))
    gone = (table["closed"].to_numpy() + table["migrated"].to_numpy()) > 0
    exit_column = np.full(count, width)
    exit_column[unit[gone]] = month[gone] - low
    columns = np.arange(width)
    balance[columns[None, :] >= exit_column[:, None]] = 0.0
    moves = np.full(count, width)
    went = table["migrated"].to_numpy() > 0
    moves[unit[went]] = month[went] - low
    return BalanceGrid(balance, columns[None, :] >= moves[:, None], low, rows)


def _without_interest(before: FloatArray, after: FloatArray, end: FloatArray) -> FloatArray:
    """Share of each month's end balance that interest credited in it did not add; above 1 where interest was charged.

    A charge is set against what it was charged on, the balance before the month or at its end, whichever is larger:
    against the little that a withdrawal left, it would raise every later balance many times over.
    """
    charged = np.fmax(after - end, 0.0)
    base = np.fmax(before, after)
    with np.errstate(invalid="ignore", divide="ignore"):
        keep = np.where(charged > 0, base / (base - charged), after / end)
    return np.where((end > 0) & (after > 0) & ~np.isnan(keep), keep, 1.0)


@dataclass(frozen=True)
class LandmarkSums:
    """Rows of (landmark, months since, group): sums over the cohort's accounts, shape (cells,) each."""

    landmark: IntArray
    months_since: IntArray
    group: IntArray
    before: FloatArray
    after: FloatArray
    squares: FloatArray
    start: FloatArray


def minimum_balance_sums(grid: BalanceGrid, group: IntArray, landmarks: Sequence[int], groups: int) -> LandmarkSums:
    """Sums of running minima since each landmark, by group; accounts that moved into another product are censored.

    Parameters
    ----------
    group : shape (units,), 0 .. groups - 1, negative = left out. landmarks : month numbers.
    """
    found: list[tuple[AnyArray, ...]] = []
    for one in followed_cohorts(grid, group, landmarks):
        own = group[one.units]
        total = np.bincount(own, grid.balance[one.units, one.landmark - grid.first_month], groups)
        for step in range(one.before.shape[1]):
            sums = np.bincount(own, one.before[:, step], groups)
            ends = np.bincount(own, one.after[:, step], groups)
            squares = np.bincount(own, one.before[:, step] ** 2, groups)
            found.append(_cells(one.landmark, step + 1, groups, sums, ends, squares, total))
    stacked = [np.concatenate(parts) for parts in zip(*found, strict=True)]
    return LandmarkSums(*stacked)


@dataclass(frozen=True)
class FollowedCohort:
    """Lowest balances since a landmark of the accounts open there.

    Parameters
    ----------
    units : places in the grid, shape (cohort,). before, after : lowest balance up to the start and the end of month
        1, 2, ... since the landmark, shape (cohort, months); both 0 where the account is no longer followed.
    """

    landmark: int
    units: IntArray
    before: FloatArray
    after: FloatArray


def followed_cohorts(grid: BalanceGrid, group: IntArray, landmarks: Sequence[int]) -> Iterator[FollowedCohort]:
    """The cohorts behind `minimum_balance_sums`, one a landmark that has accounts and a month after it."""
    for landmark in landmarks:
        place = landmark - grid.first_month
        start = grid.balance[:, place]
        cohort = np.flatnonzero((start > 0) & ~grid.moved[:, place] & (group >= 0))
        if len(cohort) == 0 or place + 1 >= grid.balance.shape[1]:
            continue
        path = grid.balance[cohort, place:]
        lowest = np.fmin.accumulate(path, axis=1)
        present = ~grid.moved[cohort, place:] & ~_ended(grid, cohort, place)
        before = np.where(present[:, 1:], lowest[:, :-1], 0.0)
        yield FollowedCohort(landmark, cohort, before, np.where(present[:, 1:], lowest[:, 1:], 0.0))


def _ended(grid: BalanceGrid, cohort: IntArray, place: int) -> BoolArray:
    """True where an open account's record has stopped: it is censored, not empty."""
    balance = grid.balance[cohort, place:]
    has_row = grid.rows[cohort, place:] >= 0
    seen_later = np.flip(np.logical_or.accumulate(np.flip(has_row, axis=1), axis=1), axis=1)
    return np.asarray(~seen_later & ~(balance == 0.0))


def _cells(
    landmark: int, step: int, groups: int, before: AnyArray, after: AnyArray, squares: AnyArray, start: AnyArray
) -> tuple[AnyArray, ...]:
    every = np.arange(groups)
    return (
        np.full(groups, landmark),
        np.full(groups, step),
        every,
        before,
        after,
        squares,
        start,
    )


def landmarks_between(first: int, last: int, every: int = EVERY) -> list[int]:
    """Landmark months, counted back from the last so that the latest cohort is always there."""
    return sorted(range(last, first - 1, -every))
