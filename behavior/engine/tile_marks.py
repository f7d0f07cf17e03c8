"""Which positions share a path through the kernel, and what they share."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from behavior.engine.calendars import THIRTY
from behavior.engine.hazards import INCENTIVE, MONEY
from behavior.engine.layout import ANNUITY, FIXED, FLOATING, OPEN_ENDED, SCHEDULE, Behaviours, Positions
from behavior.quantities import BoolArray, FloatArray, IntArray

LONGEST_MONTH = 31.0 / 360.0
"""Largest accrual of a month under any day count, years."""


@dataclass(frozen=True, eq=False)
class Marks:
    """What decides how positions lie side by side, (rows,) each.

    Parameters
    ----------
    alike : their path knows no scenario. signs : a payment may fall short of its interest. keyed : they are added up.
    shared : what positions of one column share besides their block.
    """

    alike: BoolArray
    signs: BoolArray
    keyed: BoolArray
    shared: tuple[IntArray, ...]


def combined(columns: Sequence[IntArray]) -> IntArray:
    """One number for each distinct row of integer columns, rising with the columns in their order; shape (rows,)."""
    code = np.zeros(len(columns[0]), dtype=np.int64)
    reach = 1
    for values in columns:
        low = int(values.min(initial=0))
        span = int(values.max(initial=0)) - low + 1
        if span == 1:
            continue
        if reach > (1 << 62) // span:
            present, code = np.unique(code, return_inverse=True)
            reach = len(present)
        code = code * span + (values - low)
        reach *= span
    return np.asarray(code, dtype=np.int64)


def separable(positions: Positions, pool: bool) -> BoolArray:
    """Positions whose flows are their contract's own schedule times a share that survives."""
    kind, repayment = positions.rate_type, positions.repayment
    plain = (positions.undrawn == 0) & (positions.rounding == 0) & (positions.agreed == 0)
    plain &= (positions.start == 0) & (positions.late_start == 0)
    plain &= (positions.stretch == 1) | (repayment == OPEN_ENDED)
    plain &= (positions.spread_discount == 0) & ~np.isfinite(positions.payment_cap)
    dated = repayment < OPEN_ENDED
    fixed = (kind == FIXED) & dated
    floating = (kind == FLOATING) & dated & (positions.compounding <= 0)
    deposit = (kind != FLOATING) & (repayment == OPEN_ENDED) & (positions.compounding <= 0)
    acting = positions.behaviour >= 0
    return np.asarray(plain & (fixed | floating | deposit) & (pool | ~acting))


def falls_short(positions: Positions, count: IntArray) -> BoolArray:
    """Positions whose payment may not cover its interest, so that principal is added."""
    fixed = positions.rate_type == FIXED
    annuity = positions.repayment == ANNUITY
    months = np.maximum(positions.payment, 1).astype(np.float64)
    left = np.maximum((positions.events - 1) // np.maximum(positions.payment, 1) + 1, 1)
    payments = np.where(positions.level > 0, positions.level, left).astype(np.float64)
    with np.errstate(all="ignore"):
        periodic = np.maximum(positions.rate, 1e-9) * months / 12.0
        level = periodic / -np.expm1(-payments * np.log1p(periodic))
    most = np.where(np.isin(count, THIRTY), months / 12.0, months * LONGEST_MONTH)
    safe = fixed & (level >= positions.rate * most) & (positions.compounding <= 0)
    return np.asarray((annuity & ~safe) | (positions.repayment == SCHEDULE))


def any_entry(behaviours: Behaviours, marked: BoolArray) -> BoolArray:
    """Whether any entry of each combination of curves is marked (the last: no curve). marked : (entries,)."""
    first = behaviours.combination_first
    found = [marked[low:high].any() for low, high in itertools.pairwise(first)]
    return np.array([*found, False], dtype=np.bool_)


def _reads_own(behaviours: Behaviours) -> BoolArray:
    """Curves that read what positions at one rate need not share: a mortgage rate by term, months in the money."""
    used = np.arange(behaviours.driver.shape[1]) < behaviours.dimensions[:, None]
    return np.asarray((np.isin(behaviours.driver, (INCENTIVE, MONEY)) & used).any(axis=1))


def added_up(mine: Positions, behaviours: Behaviours, driven: BoolArray, marks: Marks) -> Marks:
    """Mark the positions that are added up, and what those of one column share.

    Two kinds may be: positions of one age, where no curve reads a driver; and deposits paid one rate, because spread
    and level depend on its path alone.
    """
    curves, tables = behaviours.entry_curve, behaviours.entry_table
    aged = any_entry(behaviours, behaviours.since_origination[tables] != 0)[mine.behaviour]
    own = any_entry(behaviours, _reads_own(behaviours)[curves])[mine.behaviour]
    open_ended = mine.repayment == OPEN_ENDED
    deposit = open_ended & ~own
    keyed = (~driven & ~marks.signs & (mine.rate_type == FIXED) & ~open_ended) | deposit
    shared = (
        np.where(keyed & aged, mine.age, 0),
        np.where(keyed, mine.renewal, 0),
        *(_labels(values, deposit) for values in (mine.rate, mine.floor)),
    )
    return replace(marks, keyed=keyed, shared=shared)


def _labels(values: FloatArray, chosen: BoolArray) -> IntArray:
    """A number for each distinct chosen value, 0 for all others."""
    found = np.zeros(len(values), dtype=np.int64)
    found[chosen] = np.unique(values[chosen], return_inverse=True)[1]
    return found
