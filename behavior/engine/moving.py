"""A tile's contracts whose rate moves along a scenario: floating loans, deposits whose rate the bank sets. Compiled."""

from __future__ import annotations

from behavior.engine.compiled import compiled, folded, side_by_side
from behavior.engine.contract import kept, month, pays_at
from behavior.engine.layout import NII_MONTHS, Cuts, Given, Records, Repricing
from behavior.engine.slab import (
    ACCRUED,
    BALANCE,
    BEAR,
    CAP,
    EVENTS,
    FACTOR,
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
    load,
    settle,
)
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
def earned(
    n: int, before: float, after: float, balance: FloatArray, old: FloatArray, new: FloatArray, interest: FloatArray
) -> None:
    """Interest of balances at two rates, each for its accrual, years."""
    for i in range(n):
        interest[i] = balance[i] * (old[i] * before + new[i] * after)


@folded
def earned_in(
    n: int, cut: float, e: int, cal: Records, balance: FloatArray, old: FloatArray, new: FloatArray, work: Work, j: int
) -> None:
    """Interest of an interval whose rate moves after `cut` of its accrual, and its part in the month before."""
    accrual, head = cal[e].accrual, cal[e].head
    earned(n, cut * accrual, (1.0 - cut) * accrual, balance, old, new, work.interest[j])
    if cal[e].month <= NII_MONTHS + 1:
        earned(n, min(head, cut) * accrual, max(0.0, head - cut) * accrual, balance, old, new, work.early[j])


@side_by_side
def mixed(n: int, cut: float, old: FloatArray, new: FloatArray, rate: FloatArray) -> None:
    """The one rate that an interval earns whose rate moves after `cut` of it."""
    for i in range(n):
        rate[i] = old[i] * cut + new[i] * (1.0 - cut)


@side_by_side
def pay_floating(j: int, n: int, accrual: float, rate: FloatArray, work: Work) -> None:
    """Pay a month of positions that pay every month and leave no margin out; those whose last event is j end."""
    slab, whole, going = work.slab, work.whole, n
    while going > 0 and whole[EVENTS, going - 1] <= j:
        going -= 1
    month(going, n, accrual, rate, slab[PART], slab[BEAR], slab[BALANCE], work.interest[j])
    kept(j, n, False, False, work)


@side_by_side
def pay_some(j: int, n: int, payment: int, pays: bool, margins: bool, accrual: float, work: Work) -> None:
    """The same where payments come less often or a margin is left out; the interval's interest is known."""
    slab, interest = work.slab, work.interest[j]
    for i in range(n):
        slab[ACCRUED, i] += interest[i]
    if margins:
        for i in range(n):
            slab[LESS, i] += slab[BALANCE, i] * slab[MARGIN, i] * accrual
    settle(n, pays, margins, slab)
    finish(j, n, payment, False, slab, work.whole)
    kept(j, n, payment != 1, margins, work)


@folded
def roll(s: int, j: int, e: int, n: int, given: Given, work: Work) -> int:
    """Reset the rates of an interval; `OLD` keeps those before its last reset, `start` those of the month's start.

    Returns how many resets there are on its first day.
    """
    slab, opening, column = work.slab, given.cal[e].opening_reset, given.cal[e].reset
    copied(slab[RATE], n, work.start[j])
    if opening >= 0:
        reset(n, given.mkt.forward[s, opening], slab)
        if given.mkt.reset_day[opening] <= given.cal[e].opens:
            copied(slab[RATE], n, work.start[j])
    if column >= 0:
        copied(slab[RATE], n, slab[OLD])
        reset(n, given.mkt.forward[s, column], slab)
        if given.mkt.reset_day[column] <= given.cal[e].opens:
            copied(slab[RATE], n, work.start[j])
    return 1 if opening >= 0 else 0


@folded
def pay_interval(
    j: int,
    e: int,
    n: int,
    payment: int,
    pays: bool,
    margins: bool,
    cut: float,
    old: FloatArray,
    given: Given,
    work: Work,
) -> None:
    """Pay an interval's interest and principal; the rate was `old` until `cut` of its accrual."""
    slab, accrual = work.slab, given.cal[e].accrual
    if payment != 1 or margins:
        pay_some(j, n, payment, pays, margins, accrual, work)
    elif cut == 1.0:
        pay_floating(j, n, accrual, old, work)
    else:
        mixed(n, cut, old, slab[RATE], slab[FACTOR])
        pay_floating(j, n, accrual, slab[FACTOR], work)


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
    slab, whole, head = work.slab, work.whole, loans[begin]
    load(begin, count, loans, given.pos, slab, whole)
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
        before = changed + roll(s, j, e, n, given, work)
        column = given.cal[e].reset
        old = slab[OLD] if column >= 0 else slab[RATE]
        cut = given.cal[e].split if column >= 0 else 1.0
        changed = before + (1 if column >= 0 else 0)
        if fresh:
            at_once = column >= 0 and given.mkt.reset_day[column] <= given.cal[e].starts
            copied(slab[RATE] if at_once else old, n, slab[START])
            at_start = changed if at_once else before
        if payment != 1 or margins or given.cal[e].month <= NII_MONTHS + 1:
            earned_in(n, cut, e, given.cal, slab[BALANCE], old, slab[RATE], work, j)
        fresh = pays_at(j, payment, phase)
        if fresh:
            instalments(j, n, payment, at_start != known, given.schedule, slab, whole)
            known = at_start
        pay_interval(j, e, n, payment, fresh, margins, cut, old, given, work)


@compiled
def held(low: int, count: int, margins: bool, cuts: Cuts, given: Given, work: Work) -> None:
    """What deposits hold in every month, the same in all scenarios, and the rate that each column is paid today."""
    slab, pos = work.slab, given.pos
    for i in range(count):
        head = cuts.loans[cuts.begin[low + i]]
        slab[RATE, i], slab[FLOOR, i] = pos[head].rate, pos[head].floor
        slab[BALANCE, i] = slab[MARGIN, i] = 0.0
        for k in range(cuts.begin[low + i], cuts.end[low + i]):
            slab[BALANCE, i] += pos[cuts.loans[k]].balance
            slab[MARGIN, i] += pos[cuts.loans[k]].balance * pos[cuts.loans[k]].margin
    head = cuts.loans[cuts.begin[low]]
    first = given.pos[head].first
    for j in range(given.pos[head].events + 1):
        copied(slab[BALANCE], count, work.balance[j])
        if margins and j > 0:
            accrual = given.cal[first + j - 1].accrual
            for i in range(count):
                work.less[j, i], work.less_left[j, i] = slab[MARGIN, i] * accrual, 0.0


@side_by_side
def followed(
    key: int,
    s: int,
    month: int,
    n: int,
    today: FloatArray,
    floor: FloatArray,
    rep: Repricing,
    old: FloatArray,
    new: FloatArray,
) -> None:
    """Rates paid a month on: part of the distance to the target, which is measured from today's rate."""
    high, low = rep.seen_up[key, s, month], rep.seen_down[key, s, month]
    up, down = rep.up[key, s, month], rep.down[key, s, month]
    for i in range(n):
        paid = old[i]
        rise, fall = max(today[i] + high - paid, 0.0), min(today[i] + low - paid, 0.0)
        new[i] = max(paid + up * rise + down * fall, min(floor[i], paid))


@side_by_side
def deposits(s: int, low: int, count: int, margins: bool, fresh: bool, cuts: Cuts, given: Given, work: Work) -> None:
    """Balances without maturity along one scenario: nothing is paid back, interest follows the rate paid.

    A column is all balances that are paid one rate. Row j of `start` is the rate at the start of month j. fresh : the
    tile has not been looked at yet.
    """
    head = cuts.loans[cuts.begin[low]]
    first, key = given.pos[head].first, given.pos[head].repricing
    if fresh:
        held(low, count, margins, cuts, given, work)
    slab, start, passed = work.slab, work.start, 0
    copied(slab[RATE], count, start[1])
    for j in range(1, given.pos[head].events + 1):
        e = first + j - 1
        old, new, cut = start[j], start[j + 1], 1.0
        if key < 0 or given.cal[e].month == passed:
            copied(old, count, new)
        else:
            cut = given.cal[e].head
        while key >= 0 and passed < given.cal[e].month:
            passed += 1
            followed(key, s, int(passed), count, slab[RATE], slab[FLOOR], given.rep, old, new)
            if passed < given.cal[e].month:
                copied(new, count, slab[OLD])
                old = slab[OLD]
        earned_in(count, cut, e, given.cal, slab[BALANCE], start[j], new, work, j)
