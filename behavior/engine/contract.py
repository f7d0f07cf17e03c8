"""A tile's contracts, month by month and without behaviour: balances and interest of positions side by side. Compiled.

Every function fills rows of `Work`, one row an event. A tile of sums (behaviour by key) adds positions up into its
columns on the way; any other tile has one position a column.
"""

from __future__ import annotations

from behavior.engine.compiled import folded, side_by_side
from behavior.engine.layout import Records
from behavior.engine.slab import (
    ACCRUED,
    BALANCE,
    BEAR,
    EVENTS,
    INTEREST,
    LESS,
    MARGIN,
    OLD,
    PART,
    RATE,
    RENEWED,
    SHORT,
    WEIGHT,
    Work,
    both,
    copied,
    finish,
    instalments,
    load,
    longest,
    settle,
)
from behavior.quantities import FloatArray, IntArray

ALONE = 16
"""Positions of one column that are worth a slab of their own."""


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
