"""The kernel: one position along one scenario, interval by interval; a book is a loop over it.

An interval ends at an event, once a month: a payment date of a monthly payer, else a monthly anniversary of the payment
day. In each interval the rate resets, interest accrues, the contract pays, behaviour acts on what is left, and what was
paid is discounted at its own date.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from behavior.engine.hazards import MAX_CAUSES, MAX_DRIVERS, hazards_of_month, scaled_hazard
from behavior.engine.layout import (
    ACCRUED,
    ADMINISTERED,
    ANNUITY,
    CAPITALISED,
    CLOSING,
    CONSTANT_PAYMENT,
    DRAWN,
    FLOATING,
    INTEREST,
    LINEAR,
    NII_MONTHS,
    OPEN_ENDED,
    OPENING_BALANCE,
    OVERNIGHT,
    SCHEDULED,
    WITHDRAWAL,
    Behaviours,
    Calendars,
    Market,
    Positions,
    Repricing,
    Switches,
    Totals,
)
from behavior.engine.level import level_now, linear_part, period_rate, principal_due, rounded
from behavior.quantities import FloatArray

BAL, RATE, PAY, ACC, LESS, SCALE, UNDRAWN, MADE, MONTH, RESETS, START_RATE, START_RESETS, LEVEL_RESETS, FRESH = range(
    14
)
REPRICED, STATES = 14, 15
"""State of a path: balance, rate, level payment or linear part, interest accrued since the last payment, the part of
it that present values leave out, share of the contract's own balance still there, undrawn, amortising payments made,
month of the administered rate, changes of the rate so far; the rate, and those changes, at the running period's start;
the changes that the level payment knows; at a period's start, repriced for the gap."""


@njit(cache=True, nogil=True)
def customer_rate(pos: Positions, p: int, old: float, forward: float) -> float:
    """Rate after a reset: index + spread within the periodic cap, then within cap and floor."""
    new = forward + pos.spread[p]
    new = min(max(new, old - pos.periodic_cap[p]), old + pos.periodic_cap[p])
    return min(max(new, pos.floor[p]), pos.cap[p])


@njit(cache=True, nogil=True)
def administered_rate(pos: Positions, rep: Repricing, p: int, s: int, month: int, paid: float) -> float:
    """Rate paid in a month, from that of the month before: a share of the distance to the target, floored."""
    key = pos.repricing[p]
    if key < 0:
        return paid
    start = pos.rate[p]
    up = max(start + rep.seen_up[key, s, month] - paid, 0.0)
    down = min(start + rep.seen_down[key, s, month] - paid, 0.0)
    moved = paid + rep.up[key, s, month] * up + rep.down[key, s, month] * down
    return max(moved, min(pos.floor[p], paid))


@njit(cache=True, nogil=True)
def roll_rate(
    p: int, s: int, e: int, state: FloatArray, pos: Positions, cal: Calendars, rep: Repricing, mkt: Market
) -> float:
    """Move the rate through an interval; returns the share of its accrual that bears the old rate."""
    kind = pos.rate_type[p]
    if kind == FLOATING and cal.reset[e] >= 0:
        state[RATE] = customer_rate(pos, p, state[RATE], mkt.forward[s, cal.reset[e]])
        state[RESETS] += 1.0
        return float(cal.split[e])
    if kind == ADMINISTERED and cal.month[e] > state[MONTH]:
        old = state[RATE]
        while state[MONTH] < cal.month[e]:
            state[MONTH] += 1.0
            state[RATE] = administered_rate(pos, rep, p, s, int(state[MONTH]), state[RATE])
        if state[RATE] != old:
            state[RESETS] += 1.0
        return float(cal.head[e])
    return 1.0


@njit(cache=True, nogil=True)
def open_period(old: float, resets: float, cut: float, state: FloatArray) -> None:
    """Note the rate that a new period begins with: what its level payment is made of."""
    if state[FRESH] == 0.0:
        return
    state[FRESH] = 0.0
    at_start = cut == 0.0
    state[START_RATE] = state[RATE] if at_start else old
    state[START_RESETS] = state[RESETS] if at_start else resets


@njit(cache=True, nogil=True)
def accrue(
    p: int, e: int, old: float, cut: float, state: FloatArray, pos: Positions, cal: Calendars, income: FloatArray
) -> None:
    """Accrue an interval's interest on the balance and spread it over the months of income."""
    accrual, head = cal.accrual[e], cal.head[e]
    span = pos.term[p] if pos.payment[p] == 0 else float(pos.payment[p])
    before = period_rate(old, pos.compounding[p], span)
    after = period_rate(state[RATE], pos.compounding[p], span)
    whole = before * cut + after * (1.0 - cut)
    early = before * min(head, cut) + after * max(0.0, head - cut)
    amount = state[BAL] * accrual
    state[ACC] += amount * whole
    state[LESS] += amount * pos.margin[p]
    month = cal.month[e]
    if head > 0.0 and 1 <= month - 1 <= NII_MONTHS:
        income[month - 1] += amount * early
    if 1 <= month <= NII_MONTHS:
        income[month] += amount * (whole - early)


@njit(cache=True, nogil=True)
def refresh_level(p: int, j: int, state: FloatArray, pos: Positions) -> None:
    """Level payment (or linear part) where there is none yet or the rate has moved; a payment cap limits its change."""
    kind = pos.repayment[p]
    first = state[MADE] == 0.0 or state[PAY] == 0.0
    if kind == LINEAR and first:
        state[PAY] = linear_part(pos, p, j, state[BAL])
    moved = state[START_RESETS] != state[LEVEL_RESETS]
    if kind != ANNUITY or not (first or moved):
        return
    rate = period_rate(state[START_RATE], pos.compounding[p], float(pos.payment[p]))
    payment = level_now(pos, p, j, state[BAL], rate, state[MADE])
    if moved and state[PAY] > 0.0:
        limit = pos.payment_cap[p] * state[PAY]
        payment = min(max(payment, state[PAY] - limit), state[PAY] + limit)
    state[PAY] = payment
    state[LEVEL_RESETS] = state[START_RESETS]


@njit(cache=True, nogil=True)
def first_level(p: int, state: FloatArray, pos: Positions) -> None:
    """The level payment that runs today, which a payment cap measures changes from."""
    if pos.repayment[p] != ANNUITY or not math.isfinite(pos.payment_cap[p]) or pos.payment[p] == 0:
        return
    if pos.amortises_from[p] > pos.payment[p]:
        return
    j = (pos.events[p] - 1) % pos.payment[p] + 1
    rate = period_rate(state[RATE], pos.compounding[p], float(pos.payment[p]))
    state[PAY] = level_now(pos, p, j, state[BAL], rate, 0.0)


@njit(cache=True, nogil=True)
def pays_now(p: int, j: int, e: int, pos: Positions, cal: Calendars) -> bool:
    """Whether event j is a payment date of the position."""
    if cal.pays[e] != 2:
        return bool(cal.pays[e] == 1)
    left = pos.events[p] - j
    if pos.payment[p] == 0:
        return bool(left == 0)
    return bool(left % pos.payment[p] == 0)


@njit(cache=True, nogil=True)
def pay(p: int, j: int, state: FloatArray, pos: Positions, schedule: FloatArray, flow: FloatArray) -> float:
    """Interest and contractual principal of a payment date; returns the cash that present values count."""
    interest = rounded(state[ACC], pos.rounding[p])
    counted = interest - state[LESS]
    if j >= pos.amortises_from[p]:
        refresh_level(p, j, state, pos)
    principal = principal_due(pos, p, j, state[BAL], interest, state[PAY], state[SCALE], schedule)
    if j >= pos.amortises_from[p]:
        state[MADE] += 1.0
    state[BAL] -= principal
    state[ACC] = state[LESS] = 0.0
    state[FRESH] = 1.0
    flow[INTEREST] += interest
    if principal >= 0.0:
        flow[SCHEDULED] += principal
    else:
        flow[CAPITALISED] -= principal
    return counted + principal * pos.exchanged[p]


@njit(cache=True, nogil=True)
def leave(share: float, opening: float, state: FloatArray, convention: int, flow: FloatArray) -> float:
    """Let a share of the balance leave with its accrued interest; returns the amount that left.

    opening : balance before the scheduled principal, which OPENING_BALANCE takes the share of.
    """
    balance = state[BAL]
    part = share
    if convention == OPENING_BALANCE:
        part = min(1.0, share * opening / balance)
    stay = 1.0 - part
    flow[ACCRUED] += state[ACC] * part
    state[BAL] = balance * stay
    state[ACC] *= stay
    state[LESS] *= stay
    if convention != CONSTANT_PAYMENT:
        state[PAY] *= stay
        state[SCALE] *= stay
    return balance * part


@njit(cache=True, nogil=True)
def draw(share: float, state: FloatArray, flow: FloatArray) -> float:
    """Draw a share of the undrawn amount; instalments grow with the balance. Returns the amount drawn."""
    amount = share * state[UNDRAWN]
    if amount <= 0.0:
        return 0.0
    if state[BAL] > 0.0:
        growth = 1.0 + amount / state[BAL]
        state[PAY] *= growth
        state[SCALE] *= growth
    else:
        state[PAY] = 0.0
    state[UNDRAWN] -= amount
    state[BAL] += amount
    flow[DRAWN] += amount
    return amount


@njit(cache=True, nogil=True)
def behave(
    p: int,
    opening: float,
    state: FloatArray,
    pos: Positions,
    beh: Behaviours,
    switches: Switches,
    found: FloatArray,
    flow: FloatArray,
) -> float:
    """Competing causes of leaving, then drawing; returns the cash that present values count."""
    combination = pos.behaviour[p]
    first, last = beh.combination_first[combination], beh.combination_first[combination + 1]
    stay, weight = 1.0, 0.0
    for entry in range(first, last):
        if beh.draws[beh.entry_table[entry]] == 0:
            stay *= 1.0 - found[entry - first]
            weight += found[entry - first]
    cash = 0.0
    if weight > 0.0 and state[BAL] > 0.0:
        less = state[LESS]
        accrued = flow[ACCRUED]
        amount = leave(1.0 - stay, opening, state, switches.convention, flow)
        lost = 0.0
        for entry in range(first, last):
            table = beh.entry_table[entry]
            if beh.draws[table] == 0:
                part = amount * found[entry - first] / weight
                flow[beh.column[table]] += part
                lost += part * beh.loss[table]
        cash = amount * pos.exchanged[p] - lost + (flow[ACCRUED] - accrued) - (less - state[LESS])
    for entry in range(first, last):
        if beh.draws[beh.entry_table[entry]] == 1:
            cash -= draw(found[entry - first], state, flow)
    return cash


@njit(cache=True, nogil=True)
def read_hazards(
    p: int,
    s: int,
    j: int,
    e: int,
    rate: float,
    state: FloatArray,
    pos: Positions,
    cal: Calendars,
    beh: Behaviours,
    mkt: Market,
    switches: Switches,
    work: tuple[FloatArray, FloatArray, FloatArray, FloatArray],
    coverage: FloatArray,
) -> FloatArray:
    """This month's hazards by cause: along this scenario's path, or base's where behaviour is frozen."""
    money, drivers, scratch, memory = work
    found = memory[j]
    if s == 0 or switches.frozen == 0:
        month, season = cal.hazard_month[e], cal.season[e]
        hazards_of_month(p, s, month, season, rate, state[BAL], pos, beh, mkt, money, drivers, scratch, found, coverage)
        if switches.frozen == 0:
            return found
    combination = pos.behaviour[p]
    first = beh.combination_first[combination]
    scaled = memory[0]
    for i in range(beh.combination_first[combination + 1] - first):
        scaled[i] = scaled_hazard(found[i], mkt.multiplier[s, beh.entry_table[first + i]])
    return scaled


@njit(cache=True, nogil=True)
def rate_at_month_start(e: int, old: float, state: FloatArray, kind: int, cal: Calendars) -> float:
    """Customer rate in force at the start of the month: a reset up to that date counts."""
    if kind == FLOATING and cal.reset[e] >= 0 and cal.split[e] <= cal.head[e]:
        return float(state[RATE])
    return old


@njit(cache=True, nogil=True)
def slot(
    p: int,
    e: int,
    opening: float,
    flow: FloatArray,
    state: FloatArray,
    pos: Positions,
    cal: Calendars,
    mkt: Market,
    gap: FloatArray,
) -> None:
    """Repricing amounts of an interval: the whole balance at the first reset, else the principal that is repaid."""
    if state[REPRICED] > 0.0:
        return
    if pos.rate_type[p] == FLOATING and cal.reset[e] >= 0:
        gap[mkt.bucket[mkt.reset_day[cal.reset[e]]]] += opening
        state[REPRICED] = 1.0
        return
    gap[mkt.bucket[cal.day[e]]] += flow[0] + flow[1] + flow[2] + flow[WITHDRAWAL] - flow[DRAWN] - flow[CAPITALISED]


@njit(cache=True, nogil=True)
def record(
    p: int,
    s: int,
    e: int,
    state: FloatArray,
    flow: FloatArray,
    pos: Positions,
    cal: Calendars,
    flows: FloatArray,
    last: bool,
    group: int,
) -> None:
    """Add an event's flows to its month, and the balance to every month end until the next event."""
    month = cal.month[e]
    for field in range(CLOSING):
        flows[s, group, month, field] += flow[field]
    if not last and state[BAL] > 0.0:
        for held in range(month, cal.month[e + 1]):
            flows[s, group, held, CLOSING] += state[BAL]


@njit(cache=True, nogil=True)
def begin(p: int, state: FloatArray, pos: Positions) -> None:
    """State of a path at as-of."""
    state[:] = 0.0
    state[BAL] = pos.balance[p]
    state[RATE] = pos.rate[p]
    state[SCALE] = 1.0
    state[UNDRAWN] = pos.undrawn[p]
    span = pos.term[p] if pos.payment[p] == 0 else float(pos.payment[p])
    carried = pos.balance[p] * pos.carried[p]
    state[ACC] = carried * period_rate(pos.rate[p], pos.compounding[p], span)
    state[LESS] = carried * pos.margin[p]
    state[START_RATE] = pos.rate[p]
    state[FRESH] = 1.0 if pos.carried[p] == 0.0 else 0.0
    first_level(p, state, pos)


@njit(cache=True, nogil=True)
def discount(p: int, s: int, e: int, pos: Positions, cal: Calendars, mkt: Market) -> float:
    """Discount factor of an event, with the position's own spread where it has one."""
    day = cal.day[e]
    factor = mkt.discount[pos.currency[p], s, day]
    if pos.spread_discount[p] != 0.0:
        factor *= math.exp(-pos.spread_discount[p] * mkt.time[day])
    return float(factor)


@njit(cache=True, nogil=True)
def overnight(p: int, s: int, pos: Positions, mkt: Market, out: Totals, switches: Switches) -> float:
    """A balance without a curve that the user sends to the first day: principal alone, on the day after as-of."""
    group, balance = pos.group[p] - switches.first_group, pos.balance[p]
    if switches.flows:
        out.flows[s, group, 1, WITHDRAWAL] += balance
    if s == 0:
        out.gap[group, mkt.bucket[1]] += balance
    return balance * mkt.discount[pos.currency[p], s, 1] * math.exp(-pos.spread_discount[p] * mkt.time[1])


@njit(cache=True, nogil=True)
def settle(
    p: int,
    s: int,
    j: int,
    e: int,
    old: float,
    pos: Positions,
    cal: Calendars,
    beh: Behaviours,
    mkt: Market,
    switches: Switches,
    schedule: FloatArray,
    state: FloatArray,
    flow: FloatArray,
    work: tuple[FloatArray, FloatArray, FloatArray, FloatArray],
    coverage: FloatArray,
    opening: float,
) -> float:
    """What the contract pays at event j, then what behaviour does; returns the cash that present values count."""
    flow[:] = 0.0
    cash = 0.0
    open_ended = pos.repayment[p] == OPEN_ENDED
    if pays_now(p, j, e, pos, cal):
        cash += pay(p, j, state, pos, schedule, flow)
    if cal.hazard_month[e] > 0 and pos.behaviour[p] >= 0 and (j < pos.events[p] or open_ended):
        rate = rate_at_month_start(e, old, state, pos.rate_type[p], cal)
        found = read_hazards(p, s, j, e, rate, state, pos, cal, beh, mkt, switches, work, coverage)
        cash += behave(p, opening, state, pos, beh, switches, found, flow)
    if j == pos.events[p] and open_ended:
        flow[pos.open_column[p]] += state[BAL]
        cash += state[BAL]
        state[BAL] = 0.0
    return cash


@njit(cache=True, nogil=True)
def keep(
    p: int,
    s: int,
    j: int,
    e: int,
    opening: float,
    pos: Positions,
    cal: Calendars,
    mkt: Market,
    switches: Switches,
    state: FloatArray,
    flow: FloatArray,
    out: Totals,
) -> None:
    """Add an event to the repricing gap, the cash flows and what a constant balance sheet renews."""
    group = pos.group[p] - switches.first_group
    if s == 0:
        slot(p, e, opening, flow, state, pos, cal, mkt, out.gap[group])
    if switches.flows:
        record(p, s, e, state, flow, pos, cal, out.flows, j == pos.events[p], group)
    if pos.renewal[p] >= 0 and cal.day[e] <= switches.horizon_day:
        gone = flow[0] + flow[1] + flow[2] + flow[WITHDRAWAL]
        renewal = pos.renewal[p] - switches.first_renewal
        out.renewed[s, renewal, j] += gone
        out.renewed_margin[s, renewal, j] += gone * pos.renewal_margin[p]


@njit(cache=True, nogil=True)
def run_off(
    p: int,
    s: int,
    pos: Positions,
    cal: Calendars,
    beh: Behaviours,
    rep: Repricing,
    mkt: Market,
    switches: Switches,
    schedule: FloatArray,
    state: FloatArray,
    flow: FloatArray,
    work: tuple[FloatArray, FloatArray, FloatArray, FloatArray],
    out: Totals,
) -> float:
    """One position along one scenario to its end; returns its present value, unsigned."""
    if pos.repayment[p] == OVERNIGHT:
        return overnight(p, s, pos, mkt, out, switches)
    begin(p, state, pos)
    work[0][:] = pos.in_the_money[p]
    group = pos.group[p] - switches.first_group
    income = out.staying[s, group] if pos.stays[p] else out.income[s, group]
    value = 0.0
    if switches.flows:
        for held in range(1, cal.month[pos.first[p] + pos.start[p]]):
            out.flows[s, group, held, CLOSING] += state[BAL]
    for j in range(pos.start[p] + 1, pos.events[p] + 1):
        e = pos.first[p] + j - 1
        old, opening, resets = state[RATE], state[BAL], state[RESETS]
        cut = roll_rate(p, s, e, state, pos, cal, rep, mkt)
        open_period(old, resets, cut, state)
        accrue(p, e, old, cut, state, pos, cal, income)
        cash = settle(p, s, j, e, old, pos, cal, beh, mkt, switches, schedule, state, flow, work, out.coverage, opening)
        value += cash * discount(p, s, e, pos, cal, mkt)
        keep(p, s, j, e, opening, pos, cal, mkt, switches, state, flow, out)
        if state[BAL] <= 0.0 and state[UNDRAWN] <= 0.0:
            break
    return value


@njit(cache=True, nogil=True)
def stay(
    p: int,
    s: int,
    pos: Positions,
    cal: Calendars,
    rep: Repricing,
    mkt: Market,
    switches: Switches,
    state: FloatArray,
    income: FloatArray,
) -> None:
    """Income of a balance that stays as it is and follows its rate path (constant balance sheet)."""
    begin(p, state, pos)
    for j in range(1, NII_MONTHS + 3):
        e = pos.first[p] + j - 1
        old = state[RATE]
        cut = roll_rate(p, s, e, state, pos, cal, rep, mkt)
        accrue(p, e, old, cut, state, pos, cal, income)
        if cal.day[e] > switches.horizon_day:
            break


@njit(cache=True, nogil=True)
def project_chunk(
    begin_at: int,
    end_at: int,
    scenarios: int,
    pos: Positions,
    cal: Calendars,
    beh: Behaviours,
    rep: Repricing,
    mkt: Market,
    switches: Switches,
    schedule: FloatArray,
    out: Totals,
) -> None:
    """Positions `begin_at` to `end_at` (excluded) along every scenario, added to `out`."""
    state = np.zeros(STATES)
    flow = np.zeros(CLOSING + 1)
    longest = 2
    for p in range(begin_at, end_at):
        longest = max(longest, pos.events[p] + 2)
    work = (
        np.zeros(MAX_CAUSES),
        np.zeros(MAX_DRIVERS),
        np.zeros((2, MAX_DRIVERS)),
        np.zeros((longest, MAX_CAUSES)),
    )
    aside = np.zeros(NII_MONTHS + 1)
    for p in range(begin_at, end_at):
        for s in range(scenarios):
            group = pos.group[p] - switches.first_group
            if switches.per_position:
                aside[:] = out.income[s, group] + out.staying[s, group]
            value = run_off(p, s, pos, cal, beh, rep, mkt, switches, schedule, state, flow, work, out)
            out.value[s, group] += value
            if switches.per_position:
                out.position_value[p - begin_at, s] = value
                out.position_income[p - begin_at, s] = (
                    out.income[s, group, 1:13] + out.staying[s, group, 1:13] - aside[1:13]
                ).sum()
            if pos.stays[p]:
                stay(p, s, pos, cal, rep, mkt, switches, state, out.constant[s, group])
