"""A tile's contracts whose rate moves along a scenario: floating loans, deposits whose rate the bank sets. Compiled."""

from __future__ import annotations

from behavior.engine.compiled import side_by_side
from behavior.engine.contract import (
    ACCRUED,
    BALANCE,
    CAP,
    EVENTS,
    FLOOR,
    LESS,
    MARGIN,
    OLD,
    PART,
    RATE,
    SPREAD,
    START,
    STEP,
    Work,
    copied,
    finish,
    instalments,
    kept,
    load,
    pays_at,
    settle,
)
from behavior.engine.layout import Given
from behavior.quantities import FloatArray, IntArray


@side_by_side
def reset(n: int, forward: float, slab: FloatArray) -> None:
    """Index + spread within the periodic cap, then within cap and floor."""
    for i in range(n):
        old = slab[RATE, i]
        new = forward + slab[SPREAD, i]
        new = min(max(new, old - slab[STEP, i]), old + slab[STEP, i])
        slab[RATE, i] = min(max(new, slab[FLOOR, i]), slab[CAP, i])


@side_by_side
def accrue_moving(
    n: int,
    cut: float,
    accrual: float,
    head: float,
    margins: bool,
    slab: FloatArray,
    interest: FloatArray,
    early: FloatArray,
) -> None:
    """Interest of an interval whose rate moves after `cut` of its accrual, and the part before `head` of it."""
    before, after = cut * accrual, (1.0 - cut) * accrual
    for i in range(n):
        interest[i] = slab[BALANCE, i] * (slab[OLD, i] * before + slab[RATE, i] * after)
    early_old, early_new = min(head, cut) * accrual, max(0.0, head - cut) * accrual
    for i in range(n):
        early[i] = slab[BALANCE, i] * (slab[OLD, i] * early_old + slab[RATE, i] * early_new)
    for i in range(n):
        slab[ACCRUED, i] += interest[i]
    if margins:
        for i in range(n):
            slab[LESS, i] += slab[BALANCE, i] * slab[MARGIN, i] * accrual


@side_by_side
def floating(
    s: int,
    begin: int,
    count: int,
    margins: bool,
    loans: IntArray,
    given: Given,
    work: Work,
) -> None:
    """Contracts whose rate resets, along one scenario; one position a column."""
    slab, whole = work.slab, work.whole
    load(begin, count, loans, given.pos, slab, whole)
    head = loans[begin]
    first, payment = given.pos[head].first, given.pos[head].payment
    phase = given.pos[head].events % payment if payment > 1 else 0
    fresh = given.pos[head].carried == 0.0
    changed, at_start, known = 0, 0, 0
    kept(0, count, False, False, work)
    n = count
    for j in range(1, whole[EVENTS, 0] + 1):
        e = first + j - 1
        while whole[EVENTS, n - 1] < j:
            n -= 1
        opening, column = given.cal[e].opening_reset, given.cal[e].reset
        paid = work.start[j]
        copied(slab[RATE], n, paid)
        if opening >= 0:
            reset(n, given.mkt.forward[s, opening], slab)
            changed += 1
        copied(slab[RATE], n, slab[OLD])
        cut = 1.0
        before = changed
        if column >= 0:
            reset(n, given.mkt.forward[s, column], slab)
            changed += 1
            cut = given.cal[e].split
        if column >= 0 and given.mkt.reset_day[column] <= given.cal[e].opens:
            copied(slab[RATE], n, paid)
        elif opening >= 0 and given.mkt.reset_day[opening] <= given.cal[e].opens:
            copied(slab[OLD], n, paid)
        if fresh:
            fresh = False
            if column >= 0 and given.mkt.reset_day[column] <= given.cal[e].starts:
                copied(slab[RATE], n, slab[START])
                at_start = changed
            else:
                copied(slab[OLD], n, slab[START])
                at_start = before
        accrue_moving(n, cut, given.cal[e].accrual, given.cal[e].head, margins, slab, work.interest[j], work.early[j])
        pays = pays_at(j, payment, phase)
        if pays:
            instalments(j, n, payment, at_start != known, given.schedule, slab, whole)
            known = at_start
            fresh = True
        settle(n, pays, margins, slab)
        finish(j, n, payment, False, slab, whole)
        kept(j, n, payment != 1, margins, work)


@side_by_side
def deposits(
    s: int,
    begin: int,
    count: int,
    margins: bool,
    loans: IntArray,
    given: Given,
    work: Work,
) -> None:
    """Balances without maturity along one scenario: nothing is paid back, interest follows the rate paid."""
    slab, whole = work.slab, work.whole
    load(begin, count, loans, given.pos, slab, whole)
    head = loans[begin]
    first, key = given.pos[head].first, given.pos[head].repricing
    # The row of instalments is free here: it keeps today's rate, which targets are measured from.
    copied(slab[RATE], count, slab[PART])
    kept(0, count, False, False, work)
    month = 0
    for j in range(1, whole[EVENTS, 0] + 1):
        e = first + j - 1
        copied(slab[RATE], count, work.start[j])
        copied(slab[RATE], count, slab[OLD])
        cut = 1.0
        if key >= 0 and given.cal[e].month > month:
            while month < given.cal[e].month:
                month += 1
                high, low = given.rep.seen_up[key, s, month], given.rep.seen_down[key, s, month]
                up, down = given.rep.up[key, s, month], given.rep.down[key, s, month]
                for i in range(count):
                    paid = slab[RATE, i]
                    rise = max(slab[PART, i] + high - paid, 0.0)
                    fall = min(slab[PART, i] + low - paid, 0.0)
                    moved = paid + up * rise + down * fall
                    slab[RATE, i] = max(moved, min(slab[FLOOR, i], paid))
            cut = given.cal[e].head
        accrue_moving(
            count, cut, given.cal[e].accrual, given.cal[e].head, margins, slab, work.interest[j], work.early[j]
        )
        for i in range(count):
            slab[ACCRUED, i] = 0.0
        if margins:
            copied(slab[LESS], count, work.less[j])
            for i in range(count):
                slab[LESS, i] = 0.0
                work.less_left[j, i] = 0.0
        copied(slab[BALANCE], count, work.balance[j])
