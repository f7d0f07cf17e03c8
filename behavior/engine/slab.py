"""Positions of a tile side by side, as they are worked out: balances, rates, instalments. Compiled."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from behavior.engine.compiled import compiled, side_by_side
from behavior.engine.layout import ANNUITY, LINEAR, NII_MONTHS, SCHEDULE, Records
from behavior.engine.level import left_out, period_rate
from behavior.engine.tiles import ROW
from behavior.quantities import FloatArray, IntArray

SLAB = 128
"""Positions that are worked out at once where they are added up; elsewhere all of a tile are."""

RENEWED = NII_MONTHS + 4
"""Events that a constant balance sheet looks at."""

RATE, OLD, START, BALANCE, ACCRUED, LESS, PART, BEAR = range(8)
MARGIN, WEIGHT, SPREAD, CAP, FLOOR, STEP, INTEREST, SHORT = range(8, 16)
FACTOR, POWER, WORTH = range(16, 19)
"""Rows of a slab: rate in force, rate before, rate at the running period's start, balance, interest accrued and the
part of it that present values leave out, fixed part of an instalment, the share of interest that it covers (1 in a
level payment), margin left out, margin of renewals, spread, cap, floor, periodic cap, interest paid, margin left out of
it; discount factor of a period, its power, what payments of 1 are worth."""

EVENTS, FROM, KIND, LEFT, LEVEL, PLAN = range(6)
"""Rows of a slab's whole numbers: events, first amortising event, repayment, payments left, payments of a level payment
that runs over more than remain, place in the explicit schedules."""


class Work(NamedTuple):
    """What one tile is worked out on; rows are events, columns the tile's.

    slab : (19, ROW) and whole : (6, ROW), positions at once. balance : after the contract's payment. interest :
    accrued in the interval. paid, left : interest paid, and accrued and not yet paid. early : part of `interest` that
    lies in the month before. less, less_left : as paid and left, of the margin that present values leave out. start :
    rate at the start of the month. weighted : balance x margin of renewals, up to `RENEWED`.
    """

    slab: FloatArray
    whole: IntArray
    balance: FloatArray
    interest: FloatArray
    paid: FloatArray
    left: FloatArray
    early: FloatArray
    less: FloatArray
    less_left: FloatArray
    start: FloatArray
    weighted: FloatArray


def work_of(events: int) -> Work:
    """Room for tiles of up to so many events."""
    slab, whole = np.zeros((WORTH + 1, ROW)), np.zeros((PLAN + 1, ROW), dtype=np.int64)
    rows = [np.zeros((events + 2, ROW)) for _ in range(8)]
    return Work._make([slab, whole, *rows, np.zeros((RENEWED + 1, ROW))])


@compiled
def load(begin: int, count: int, loans: IntArray, pos: Records, slab: FloatArray, whole: IntArray) -> None:
    """Put positions into the slab, as they stand at as-of."""
    for i in range(count):
        p = loans[begin + i]
        span = pos[p].term if pos[p].payment == 0 else float(pos[p].payment)
        rate = period_rate(pos[p].rate, pos[p].compounding, span)
        slab[RATE, i] = slab[OLD, i] = slab[START, i] = rate
        slab[BALANCE, i] = pos[p].balance
        carried = pos[p].balance * pos[p].carried
        slab[ACCRUED, i] = carried * rate
        margin = left_out(pos[p].rate, pos[p].margin, pos[p].compounding, span)
        slab[LESS, i] = carried * margin
        slab[PART, i] = slab[BEAR, i] = 0.0
        slab[MARGIN, i] = margin
        slab[WEIGHT, i] = pos[p].renewal_margin
        slab[SPREAD, i] = pos[p].spread
        slab[CAP, i] = pos[p].cap
        slab[FLOOR, i] = pos[p].floor
        slab[STEP, i] = pos[p].periodic_cap
        whole[EVENTS, i] = pos[p].events
        whole[FROM, i] = pos[p].amortises_from
        whole[KIND, i] = pos[p].repayment
        whole[LEVEL, i] = pos[p].level
        whole[PLAN, i] = pos[p].schedule


@side_by_side
def worth(n: int, payment: int, start: FloatArray, left: IntArray, slab: FloatArray) -> None:
    """What `left` payments of 1 are worth, sum of v^k, in every column at once. start : rate, decimals a year.

    Bit by bit from the highest: w(2m) = w(m) + v^m w(m), w(m + 1) = w(m) + v^(m + 1). Nothing is subtracted, so no
    rate is too small.
    """
    unit, power, found, most = slab[FACTOR], slab[POWER], slab[WORTH], np.int64(1)
    span = payment / 12.0
    for i in range(n):
        unit[i] = 1.0 / (1.0 + start[i] * span)
        power[i] = 1.0
        found[i] = 0.0
        most |= left[i]
    bit = np.int64(1)
    while bit <= most:
        bit <<= 1
    while bit > 1:
        bit >>= 1
        for i in range(n):
            odd = left[i] & bit != 0
            doubled, square = found[i] + power[i] * found[i], power[i] * power[i]
            raised = square * unit[i]
            power[i] = raised if odd else square
            found[i] = doubled + (raised if odd else 0.0)


@side_by_side
def beginning(j: int, n: int, payment: int, begins: IntArray, kind: IntArray) -> int:
    """Positions whose instalment is another than at the payment before: the first one, and explicit schedules."""
    found = 0
    for i in range(n):
        found += 1 if kind[i] == SCHEDULE or (begins[i] <= j and j < begins[i] + payment) else 0
    return found


@side_by_side
def instalments(
    j: int, n: int, payment: int, moved: bool, schedule: FloatArray, slab: FloatArray, whole: IntArray
) -> None:
    """Instalments of a payment date, each paid on `payment` months: a level payment that clears the balance, equal
    principal, or as the schedule says. moved : the rate did, so that level payments change."""
    begins, kind, left = whole[FROM], whole[KIND], whole[LEFT]
    begin = beginning(j, n, payment, begins, kind)
    if begin == 0 and not moved:
        return
    for i in range(n):
        remain, over = (whole[EVENTS, i] - j) // payment + 1, whole[LEVEL, i]
        made = (j - begins[i]) // payment
        # Among positions that stand in any order some have ended: what they have left is never below 1.
        left[i] = max(over - made if over > 0 else remain, 1)
    worth(n, payment, slab[START], left, slab)
    for i in range(n):
        fits = kind[i] == ANNUITY and j >= begins[i] and (moved or j < begins[i] + payment)
        slab[PART, i] = slab[BALANCE, i] / slab[WORTH, i] if fits else slab[PART, i]
        slab[BEAR, i] = 1.0 if fits else slab[BEAR, i]
    if begin == 0:
        return
    for i in range(n):
        if kind[i] == SCHEDULE:
            slab[PART, i] = schedule[whole[PLAN, i] + j - 1]
        elif kind[i] == LINEAR and begins[i] <= j < begins[i] + payment:
            slab[PART, i] = slab[BALANCE, i] / left[i]


@side_by_side
def settle(n: int, pays: bool, margins: bool, slab: FloatArray) -> None:
    """Pay what is due in the slab, if it is a payment date: interest, then principal up to the balance."""
    if not pays:
        for i in range(n):
            slab[INTEREST, i] = 0.0
        if margins:
            for i in range(n):
                slab[SHORT, i] = 0.0
        return
    for i in range(n):
        slab[INTEREST, i] = slab[ACCRUED, i]
    for i in range(n):
        slab[BALANCE, i] -= min(slab[PART, i] - slab[BEAR, i] * slab[ACCRUED, i], slab[BALANCE, i])
    for i in range(n):
        slab[ACCRUED, i] = 0.0
    if margins:
        for i in range(n):
            slab[SHORT, i] = slab[LESS, i]
            slab[LESS, i] = 0.0


@compiled
def finish_one(i: int, payment: int, slab: FloatArray) -> None:
    """A position ends: its balance clears; one that pays once pays its interest now."""
    slab[BALANCE, i] = 0.0
    if payment == 0:
        slab[INTEREST, i], slab[SHORT, i] = slab[ACCRUED, i], slab[LESS, i]
        slab[ACCRUED, i] = slab[LESS, i] = 0.0


@compiled
def finish(j: int, n: int, payment: int, mixed: bool, slab: FloatArray, whole: IntArray) -> None:
    """End the positions whose last event is j. mixed : they stand in any order, else from long to short."""
    ending = 1
    if mixed:
        ending = 0
        for k in range(n):
            ending += 1 if whole[EVENTS, k] == j else 0
    i = n - 1 if ending > 0 else -1
    while i >= 0 and (mixed or whole[EVENTS, i] == j):
        if whole[EVENTS, i] == j:
            finish_one(i, payment, slab)
        i -= 1


@side_by_side
def total(row: FloatArray, n: int) -> float:
    """Sum of a row's first n numbers."""
    found = 0.0
    for i in range(n):
        found += row[i]
    return found


@side_by_side
def both(row: FloatArray, other: FloatArray, n: int) -> float:
    """Sum of products of two rows' first n numbers."""
    found = 0.0
    for i in range(n):
        found += row[i] * other[i]
    return found


@side_by_side
def copied(row: FloatArray, n: int, to: FloatArray) -> None:
    """Copy a row's first n numbers."""
    for i in range(n):
        to[i] = row[i]


@compiled
def longest(count: int, whole: IntArray) -> int:
    """Most events of the slab's positions."""
    found = 0
    for i in range(count):
        found = max(found, whole[EVENTS, i])
    return found
