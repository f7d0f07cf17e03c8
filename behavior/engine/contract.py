"""A tile's contracts, month by month and without behaviour: balances and interest of positions side by side. Compiled.

Every function fills rows of `Work`, one row an event. A tile of sums (behaviour by key) adds positions up into its
columns on the way; any other tile has one position a column.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from behavior.engine.compiled import compiled, folded, side_by_side
from behavior.engine.layout import ANNUITY, LINEAR, NII_MONTHS, SCHEDULE, Records
from behavior.engine.level import left_out, period_rate
from behavior.engine.tiles import ROW
from behavior.quantities import FloatArray, IntArray

SLAB = 128
"""Positions that are worked out at once where they are added up; elsewhere all of a tile are."""

ALONE = 16
"""Positions of one column that are worth a slab of their own."""

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


@folded
def pays_at(j: int, payment: int, phase: int) -> bool:
    """Whether event j is a payment date; positions that pay once pay at their own end alone."""
    if payment <= 1:
        return payment == 1
    return (phase - j) % payment == 0


@side_by_side
def gathered(row: FloatArray, begin: int, count: int, column: int, ends: IntArray, to: FloatArray) -> None:
    """Add a slab's row up by column. begin : place of its first position; ends : where each column's positions end."""
    i = 0
    while i < count:
        last = min(ends[column] - begin, count)
        found = 0.0
        for k in range(i, last):
            found += row[k]
        to[column] += found
        i = last
        column += 1


@folded
def summed(
    begin: int, count: int, column: int, ends: IntArray, j: int, accrues: bool, margins: bool, work: Work
) -> None:
    """Add event j of the slab to the columns that its positions belong to."""
    slab = work.slab
    gathered(slab[BALANCE], begin, count, column, ends, work.balance[j])
    if accrues:
        gathered(slab[INTEREST], begin, count, column, ends, work.paid[j])
        gathered(slab[ACCRUED], begin, count, column, ends, work.left[j])
    if margins:
        gathered(slab[SHORT], begin, count, column, ends, work.less[j])
        gathered(slab[LESS], begin, count, column, ends, work.less_left[j])
    if j <= RENEWED:
        for i in range(count):
            slab[OLD, i] = slab[BALANCE, i] * slab[WEIGHT, i]
        gathered(slab[OLD], begin, count, column, ends, work.weighted[j])


@folded
def kept(j: int, n: int, accrues: bool, margins: bool, work: Work) -> None:
    """Hand event j of the slab to the tile, position by position."""
    slab = work.slab
    copied(slab[BALANCE], n, work.balance[j])
    if accrues:
        copied(slab[INTEREST], n, work.paid[j])
        copied(slab[ACCRUED], n, work.left[j])
    if margins:
        copied(slab[SHORT], n, work.less[j])
        copied(slab[LESS], n, work.less_left[j])
    if j <= RENEWED:
        for i in range(n):
            work.weighted[j, i] = slab[BALANCE, i] * slab[WEIGHT, i]


@folded
def handed(begin: int, n: int, column: int, ends: IntArray, j: int, accrues: bool, margins: bool, work: Work) -> None:
    """Hand event j of the slab to the tile, added up by column or (column below 0) position by position."""
    if column >= 0:
        summed(begin, n, column, ends, j, accrues, margins, work)
    else:
        kept(j, n, accrues, margins, work)


@folded
def accrue(j: int, begin: int, n: int, column: int, ends: IntArray, accrual: float, margins: bool, work: Work) -> None:
    """Interest of an interval at the rate in force."""
    slab = work.slab
    for i in range(n):
        slab[INTEREST, i] = slab[BALANCE, i] * slab[RATE, i] * accrual
    if column >= 0:
        gathered(slab[INTEREST], begin, n, column, ends, work.interest[j])
    else:
        copied(slab[INTEREST], n, work.interest[j])
    for i in range(n):
        slab[ACCRUED, i] += slab[INTEREST, i]
    if margins:
        for i in range(n):
            slab[LESS, i] += slab[BALANCE, i] * slab[MARGIN, i] * accrual


@compiled
def longest(count: int, whole: IntArray) -> int:
    """Most events of the slab's positions."""
    found = 0
    for i in range(count):
        found = max(found, whole[EVENTS, i])
    return found


@side_by_side
def month(
    going: int,
    n: int,
    accrual: float,
    rate: FloatArray,
    part: FloatArray,
    bear: FloatArray,
    balance: FloatArray,
    interest: FloatArray,
) -> tuple[float, float]:
    """A month of positions that pay at its end; those from `going` on end with it. Returns interest and balances."""
    earned, left = 0.0, 0.0
    for i in range(going):
        due = balance[i] * rate[i] * accrual
        stays = balance[i] - min(part[i] - bear[i] * due, balance[i])
        interest[i] = due
        balance[i] = stays
        earned += due
        left += stays
    for i in range(going, n):
        interest[i] = balance[i] * rate[i] * accrual
        earned += interest[i]
        balance[i] = 0.0
    return earned, left


@side_by_side
def pay_monthly(
    column: int,
    mixed: bool,
    begin: int,
    count: int,
    ends: IntArray,
    every: bool,
    first: int,
    cal: Records,
    schedule: FloatArray,
    work: Work,
) -> None:
    """Months of a slab that pays interest every month and leaves no margin out."""
    slab, whole = work.slab, work.whole
    going = n = count
    for j in range(1, longest(count, whole) + 1):
        while not mixed and going > 0 and whole[EVENTS, going - 1] <= j:
            going -= 1
        if every or j == 1:
            instalments(j, n, 1, False, schedule, slab, whole)
        accrual, interest = cal[first + j - 1].accrual, work.interest[j] if column < 0 else slab[INTEREST]
        earned, left = month(going, n, accrual, slab[RATE], slab[PART], slab[BEAR], slab[BALANCE], interest)
        if mixed:
            finish(j, n, 1, True, slab, whole)
            gathered(interest, begin, n, column, ends, work.interest[j])
            summed(begin, n, column, ends, j, False, False, work)
        elif column < 0:
            kept(j, n, False, False, work)
        else:
            work.interest[j, column] += earned
            work.balance[j, column] += left
            if j <= RENEWED:
                work.weighted[j, column] += both(slab[BALANCE], slab[WEIGHT], going)
        n = going


@side_by_side
def pay_at_times(
    column: int,
    mixed: bool,
    begin: int,
    count: int,
    ends: IntArray,
    every: bool,
    margins: bool,
    payment: int,
    phase: int,
    first: int,
    cal: Records,
    schedule: FloatArray,
    work: Work,
) -> None:
    """Months of a slab that pays less often, or whose present values leave a margin out."""
    slab, whole = work.slab, work.whole
    n, known = count, False
    for j in range(1, longest(count, whole) + 1):
        while not mixed and whole[EVENTS, n - 1] < j:
            n -= 1
        accrue(j, begin, n, column, ends, cal[first + j - 1].accrual, margins, work)
        pays = pays_at(j, payment, phase)
        if pays and (every or not known):
            instalments(j, n, payment, False, schedule, slab, whole)
            known = True
        settle(n, pays, margins, slab)
        finish(j, n, payment, mixed, slab, whole)
        handed(begin, n, column, ends, j, payment != 1, margins, work)


@side_by_side
def fixed(
    column: int,
    begin: int,
    count: int,
    ends: IntArray,
    every: bool,
    margins: bool,
    loans: IntArray,
    pos: Records,
    cal: Records,
    schedule: FloatArray,
    work: Work,
) -> None:
    """Contracts at a fixed rate.

    column : that the first position is added to, `ends` says where each column's positions end; below 0, every position
    is a column of its own. Within a column positions come from long to short. every : instalments may begin or change
    at any payment.
    """
    load(begin, count, loans, pos, work.slab, work.whole)
    head = loans[begin]
    first, payment = pos[head].first, pos[head].payment
    mixed = column >= 0 and ends[column] < begin + count
    handed(begin, count, column, ends, 0, False, False, work)
    if payment == 1 and not margins:
        pay_monthly(column, mixed, begin, count, ends, every, first, cal, schedule, work)
    else:
        phase = pos[head].events % payment if payment > 1 else 0
        pay_at_times(column, mixed, begin, count, ends, every, margins, payment, phase, first, cal, schedule, work)
