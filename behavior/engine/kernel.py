"""The kernel: one position along one scenario, interval by interval; a book is a loop over it.

An interval ends at an event, once a month: a payment date of a monthly payer, else a monthly anniversary of the payment
day. In each interval the rate resets, interest accrues, the contract pays, behaviour acts on what is left, and what was
paid is discounted at its own date.
"""

from __future__ import annotations

import math

import numpy as np

from behavior.engine.compiled import compiled, folded
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
    Market,
    Records,
    Repricing,
    Switches,
    Totals,
)
from behavior.engine.level import level_now, linear_part, period_rate, principal_due, rounded
from behavior.quantities import FloatArray

BAL, RATE, PAY, ACC, LESS, SCALE, UNDRAWN, MADE = range(8)
MONTH, RESETS, START_RATE, START_RESETS, LEVEL_RESETS, FRESH, REPRICED, OLD, STATES = range(8, 17)
"""State of a path: balance, rate, level payment or linear part, interest accrued since the last payment, the part of
it that present values leave out, share of the contract's own balance still there, undrawn, amortising payments made;
month of the administered rate, changes of the rate so far, the rate and those changes at the running period's start,
the changes that the level payment knows, at a period's start, repriced for the gap, rate an interval begins with."""


@compiled
def customer_rate(pos: Records, p: int, old: float, forward: float) -> float:
    """Rate after a reset: index + spread within the periodic cap, then within cap and floor."""
    new = forward + pos[p].spread
    new = min(max(new, old - pos[p].periodic_cap), old + pos[p].periodic_cap)
    return min(max(new, pos[p].floor), pos[p].cap)


@compiled
def administered_rate(pos: Records, rep: Repricing, p: int, s: int, month: int, paid: float) -> float:
    """Rate paid in a month, from that of the month before: a share of the distance to the target, floored."""
    key = pos[p].repricing
    if key < 0:
        return paid
    start = pos[p].rate
    up = max(start + rep.seen_up[key, s, month] - paid, 0.0)
    down = min(start + rep.seen_down[key, s, month] - paid, 0.0)
    moved = paid + rep.up[key, s, month] * up + rep.down[key, s, month] * down
    return max(moved, min(pos[p].floor, paid))


@folded
def roll_rate(
    p: int, s: int, e: int, state: FloatArray, pos: Records, cal: Records, rep: Repricing, mkt: Market
) -> float:
    """Move the rate through an interval; returns the share of its accrual that bears the old rate."""
    kind = pos[p].rate_type
    if kind == FLOATING and cal[e].opening_reset >= 0:
        state[RATE] = customer_rate(pos, p, state[RATE], mkt.forward[s, cal[e].opening_reset])
        state[RESETS] += 1.0
    state[OLD] = state[RATE]
    if kind == FLOATING and cal[e].reset >= 0:
        state[RATE] = customer_rate(pos, p, state[RATE], mkt.forward[s, cal[e].reset])
        state[RESETS] += 1.0
        return float(cal[e].split)
    if kind == ADMINISTERED and cal[e].month > state[MONTH]:
        old = state[RATE]
        while state[MONTH] < cal[e].month:
            state[MONTH] += 1.0
            state[RATE] = administered_rate(pos, rep, p, s, int(state[MONTH]), state[RATE])
        if state[RATE] != old:
            state[RESETS] += 1.0
        return float(cal[e].head)
    return 1.0


@folded
def open_period(resets: float, cut: float, state: FloatArray) -> None:
    """Note the rate that a new period begins with: what its level payment is made of."""
    if state[FRESH] == 0.0:
        return
    state[FRESH] = 0.0
    at_start = cut == 0.0
    state[START_RATE] = state[RATE] if at_start else state[OLD]
    state[START_RESETS] = state[RESETS] if at_start else resets


@folded
def accrue(
    p: int, e: int, old: float, cut: float, state: FloatArray, pos: Records, cal: Records, income: FloatArray
) -> None:
    """Accrue an interval's interest on the balance and spread it over the months of income."""
    accrual, head = cal[e].accrual, cal[e].head
    span = pos[p].term if pos[p].payment == 0 else float(pos[p].payment)
    before = period_rate(old, pos[p].compounding, span)
    after = period_rate(state[RATE], pos[p].compounding, span)
    whole = before * cut + after * (1.0 - cut)
    early = before * min(head, cut) + after * max(0.0, head - cut)
    amount = state[BAL] * accrual
    state[ACC] += amount * whole
    state[LESS] += amount * pos[p].margin
    month = cal[e].month
    if head > 0.0 and 1 <= month - 1 <= NII_MONTHS:
        income[month - 1] += amount * early
    if 1 <= month <= NII_MONTHS:
        income[month] += amount * (whole - early)


@compiled
def refresh_level(p: int, j: int, state: FloatArray, pos: Records) -> None:
    """Level payment (or linear part) where there is none yet or the rate has moved; a payment cap limits its change."""
    kind = pos[p].repayment
    first = state[MADE] == 0.0 or state[PAY] == 0.0
    if kind == LINEAR and first:
        state[PAY] = linear_part(pos, p, j, state[BAL])
    moved = state[START_RESETS] != state[LEVEL_RESETS]
    if kind != ANNUITY or not (first or moved):
        return
    rate = period_rate(state[START_RATE], pos[p].compounding, float(pos[p].payment))
    payment = level_now(pos, p, j, state[BAL], rate, state[MADE])
    if moved and state[PAY] > 0.0:
        limit = pos[p].payment_cap * state[PAY]
        payment = min(max(payment, state[PAY] - limit), state[PAY] + limit)
    state[PAY] = payment
    state[LEVEL_RESETS] = state[START_RESETS]


@compiled
def first_level(p: int, state: FloatArray, pos: Records) -> None:
    """The level payment that runs today, which a payment cap measures changes from."""
    if pos[p].repayment != ANNUITY or not math.isfinite(pos[p].payment_cap) or pos[p].payment == 0:
        return
    if pos[p].amortises_from > pos[p].payment:
        return
    j = (pos[p].events - 1) % pos[p].payment + 1
    rate = period_rate(state[RATE], pos[p].compounding, float(pos[p].payment))
    state[PAY] = level_now(pos, p, j, state[BAL], rate, 0.0)


@folded
def pays_now(p: int, j: int, e: int, pos: Records, cal: Records) -> bool:
    """Whether event j is a payment date of the position."""
    if cal[e].pays != 2:
        return bool(cal[e].pays == 1)
    left = pos[p].events - j
    if pos[p].payment == 0:
        return bool(left == 0)
    return bool(left % pos[p].payment == 0)


@compiled
def pay(p: int, j: int, state: FloatArray, pos: Records, schedule: FloatArray, flow: FloatArray) -> float:
    """Interest and contractual principal of a payment date; returns the cash that present values count."""
    interest = rounded(state[ACC], pos[p].rounding)
    counted = interest - state[LESS]
    if j >= pos[p].amortises_from:
        refresh_level(p, j, state, pos)
    principal = principal_due(pos, p, j, state[BAL], interest, state[PAY], state[SCALE], schedule)
    if j >= pos[p].amortises_from:
        state[MADE] += 1.0
    state[BAL] -= principal
    state[ACC] = state[LESS] = 0.0
    state[FRESH] = 1.0
    flow[INTEREST] += interest
    if principal >= 0.0:
        flow[SCHEDULED] += principal
    else:
        flow[CAPITALISED] -= principal
    return counted + principal * pos[p].exchanged


@folded
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


@folded
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


@folded
def behave(
    p: int,
    opening: float,
    state: FloatArray,
    pos: Records,
    beh: Behaviours,
    switches: Switches,
    found: FloatArray,
    flow: FloatArray,
) -> float:
    """Competing causes of leaving, then drawing; returns the cash that present values count."""
    combination = pos[p].behaviour
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
        cash = amount * pos[p].exchanged - lost + (flow[ACCRUED] - accrued) - (less - state[LESS])
    for entry in range(first, last):
        if beh.draws[beh.entry_table[entry]] == 1:
            cash -= draw(found[entry - first], state, flow)
    return cash


@folded
def read_hazards(
    p: int,
    s: int,
    j: int,
    e: int,
    rate: float,
    state: FloatArray,
    pos: Records,
    cal: Records,
    beh: Behaviours,
    mkt: Market,
    switches: Switches,
    work: tuple[FloatArray, FloatArray, FloatArray, FloatArray],
    coverage: FloatArray,
) -> int:
    """This month's hazards by cause, into a row of memory whose number is returned.

    Along this scenario's path, or base's times a factor where behaviour is frozen.
    """
    money, drivers, scratch, memory = work
    found = memory[j]
    if s == 0 or switches.frozen == 0:
        month, season = cal[e].hazard_month, cal[e].season
        hazards_of_month(p, s, month, season, rate, state[BAL], pos, beh, mkt, money, drivers, scratch, found, coverage)
        if switches.frozen == 0:
            return j
    combination = pos[p].behaviour
    first = beh.combination_first[combination]
    scaled = memory[0]
    for i in range(beh.combination_first[combination + 1] - first):
        scaled[i] = scaled_hazard(found[i], mkt.multiplier[s, beh.entry_table[first + i]])
    return 0


@folded
def rate_at_month_start(e: int, old: float, state: FloatArray, kind: int, cal: Records, mkt: Market) -> float:
    """Customer rate in force at the start of the month: a reset up to that date counts."""
    if kind != FLOATING:
        return old
    if cal[e].reset >= 0 and mkt.reset_day[cal[e].reset] <= cal[e].opens:
        return float(state[RATE])
    if cal[e].opening_reset >= 0 and mkt.reset_day[cal[e].opening_reset] <= cal[e].opens:
        return float(state[OLD])
    return old


@folded
def slot(
    p: int,
    e: int,
    opening: float,
    flow: FloatArray,
    state: FloatArray,
    pos: Records,
    cal: Records,
    mkt: Market,
    gap: FloatArray,
) -> None:
    """Repricing amounts of an interval: the whole balance at the first reset, else the principal that is repaid."""
    if state[REPRICED] > 0.0:
        return
    column = cal[e].opening_reset if cal[e].opening_reset >= 0 else cal[e].reset
    if pos[p].rate_type == FLOATING and column >= 0:
        gap[mkt.bucket[mkt.reset_day[column]]] += opening
        state[REPRICED] = 1.0
        return
    gap[mkt.bucket[cal[e].day]] += flow[0] + flow[1] + flow[2] + flow[WITHDRAWAL] - flow[DRAWN] - flow[CAPITALISED]


@folded
def record(
    p: int,
    s: int,
    e: int,
    state: FloatArray,
    flow: FloatArray,
    pos: Records,
    cal: Records,
    flows: FloatArray,
    last: bool,
    group: int,
) -> None:
    """Add an event's flows to its month, and the balance to every month end until the next event."""
    month = cal[e].month
    for field in range(CLOSING):
        flows[s, group, month, field] += flow[field]
    if not last and state[BAL] > 0.0:
        for held in range(month, cal[e + 1].month):
            flows[s, group, held, CLOSING] += state[BAL]


@compiled
def begin(p: int, state: FloatArray, pos: Records) -> None:
    """State of a path at as-of."""
    state[:] = 0.0
    state[BAL] = pos[p].balance
    state[RATE] = pos[p].rate
    state[SCALE] = 1.0
    state[UNDRAWN] = pos[p].undrawn
    span = pos[p].term if pos[p].payment == 0 else float(pos[p].payment)
    carried = pos[p].balance * pos[p].carried
    state[ACC] = carried * period_rate(pos[p].rate, pos[p].compounding, span)
    state[LESS] = carried * pos[p].margin
    state[START_RATE] = pos[p].rate
    state[FRESH] = 1.0 if pos[p].carried == 0.0 else 0.0
    first_level(p, state, pos)


@folded
def discount(p: int, s: int, e: int, pos: Records, cal: Records, mkt: Market) -> float:
    """Discount factor of an event, with the position's own spread where it has one."""
    day = cal[e].day
    factor = mkt.discount[pos[p].currency, s, day]
    if pos[p].spread_discount != 0.0:
        factor *= math.exp(-pos[p].spread_discount * mkt.time[day])
    return float(factor)


@compiled
def overnight(p: int, s: int, pos: Records, mkt: Market, out: Totals, switches: Switches) -> float:
    """A balance without a curve that the user sends to the first day: principal alone, on the day after as-of."""
    group, balance = pos[p].group - switches.first_group, pos[p].balance
    if switches.flows:
        out.flows[s, group, 1, WITHDRAWAL] += balance
    if s == 0:
        out.gap[group, mkt.bucket[1]] += balance
    return balance * mkt.discount[pos[p].currency, s, 1] * math.exp(-pos[p].spread_discount * mkt.time[1])


@folded
def settle(
    p: int,
    s: int,
    j: int,
    e: int,
    old: float,
    pos: Records,
    cal: Records,
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
    open_ended = pos[p].repayment == OPEN_ENDED
    if pays_now(p, j, e, pos, cal):
        cash += pay(p, j, state, pos, schedule, flow)
    if cal[e].hazard_month > 0 and pos[p].behaviour >= 0 and (j < pos[p].events or open_ended):
        rate = rate_at_month_start(e, old, state, pos[p].rate_type, cal, mkt)
        row = read_hazards(p, s, j, e, rate, state, pos, cal, beh, mkt, switches, work, coverage)
        cash += behave(p, opening, state, pos, beh, switches, work[3][row], flow)
    if j == pos[p].events and open_ended:
        flow[pos[p].open_column] += state[BAL]
        cash += state[BAL]
        state[BAL] = 0.0
    return cash


@folded
def keep(
    p: int,
    s: int,
    j: int,
    e: int,
    opening: float,
    pos: Records,
    cal: Records,
    mkt: Market,
    switches: Switches,
    state: FloatArray,
    flow: FloatArray,
    out: Totals,
) -> None:
    """Add an event to the repricing gap, the cash flows and what a constant balance sheet renews."""
    group = pos[p].group - switches.first_group
    if s == 0:
        slot(p, e, opening, flow, state, pos, cal, mkt, out.gap[group])
    if switches.flows:
        record(p, s, e, state, flow, pos, cal, out.flows, j == pos[p].events, group)
    if pos[p].renewal >= 0 and cal[e].day <= switches.horizon_day:
        gone = flow[0] + flow[1] + flow[2] + flow[WITHDRAWAL]
        renewal = pos[p].renewal - switches.first_renewal
        out.renewed[s, renewal, j] += gone
        out.renewed_margin[s, renewal, j] += gone * pos[p].renewal_margin


@compiled
def run_off(
    p: int,
    s: int,
    pos: Records,
    cal: Records,
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
    if pos[p].repayment == OVERNIGHT:
        return overnight(p, s, pos, mkt, out, switches)
    begin(p, state, pos)
    work[0][:] = pos[p].in_the_money
    group = pos[p].group - switches.first_group
    income = out.staying[s, group] if pos[p].stays else out.income[s, group]
    value = 0.0
    if switches.flows:
        for held in range(1, cal[pos[p].first + pos[p].start].month):
            out.flows[s, group, held, CLOSING] += state[BAL]
    for j in range(pos[p].start + 1, pos[p].events + 1):
        e = pos[p].first + j - 1
        old, opening, resets = state[RATE], state[BAL], state[RESETS]
        cut = roll_rate(p, s, e, state, pos, cal, rep, mkt)
        if cal[e].opening_reset >= 0:
            resets += 1.0
        open_period(resets, cut, state)
        accrue(p, e, state[OLD], cut, state, pos, cal, income)
        cash = settle(p, s, j, e, old, pos, cal, beh, mkt, switches, schedule, state, flow, work, out.coverage, opening)
        value += cash * discount(p, s, e, pos, cal, mkt)
        keep(p, s, j, e, opening, pos, cal, mkt, switches, state, flow, out)
        if state[BAL] <= 0.0 and state[UNDRAWN] <= 0.0:
            break
    return value


@compiled
def stay(
    p: int,
    s: int,
    pos: Records,
    cal: Records,
    rep: Repricing,
    mkt: Market,
    switches: Switches,
    state: FloatArray,
    income: FloatArray,
) -> None:
    """Income of a balance that stays as it is and follows its rate path (constant balance sheet)."""
    begin(p, state, pos)
    for j in range(1, NII_MONTHS + 3):
        e = pos[p].first + j - 1
        cut = roll_rate(p, s, e, state, pos, cal, rep, mkt)
        accrue(p, e, state[OLD], cut, state, pos, cal, income)
        if cal[e].day > switches.horizon_day:
            break


Workspace = tuple[FloatArray, FloatArray, FloatArray, FloatArray, FloatArray, FloatArray, FloatArray]


def workspace(longest: int) -> Workspace:
    """What one run of `project_chunk` writes on; longest : most events of a position."""
    return (
        np.zeros(STATES),
        np.zeros(CLOSING + 1),
        np.zeros(NII_MONTHS + 1),
        np.zeros(MAX_CAUSES),
        np.zeros(MAX_DRIVERS),
        np.zeros((2, MAX_DRIVERS)),
        np.zeros((longest + 2, MAX_CAUSES)),
    )


@compiled
def project_chunk(
    begin_at: int,
    end_at: int,
    scenarios: int,
    pos: Records,
    cal: Records,
    beh: Behaviours,
    rep: Repricing,
    mkt: Market,
    switches: Switches,
    schedule: FloatArray,
    out: Totals,
    space: Workspace,
) -> None:
    """Positions `begin_at` to `end_at` (excluded) along every scenario, added to `out`."""
    state, flow, aside, money, drivers, scratch, memory = space
    work = (money, drivers, scratch, memory)
    for p in range(begin_at, end_at):
        for s in range(scenarios):
            group = pos[p].group - switches.first_group
            if switches.per_position:
                for k in range(1, 13):
                    aside[k] = out.income[s, group, k] + out.staying[s, group, k]
            value = run_off(p, s, pos, cal, beh, rep, mkt, switches, schedule, state, flow, work, out)
            out.value[s, group] += value
            if switches.per_position:
                out.position_value[p - begin_at, s] = value
                total = 0.0
                for k in range(1, 13):
                    total += out.income[s, group, k] + out.staying[s, group, k] - aside[k]
                out.position_income[p - begin_at, s] = total
            if pos[p].stays:
                stay(p, s, pos, cal, rep, mkt, switches, state, out.constant[s, group])
