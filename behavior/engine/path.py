"""Steps of a path: rates move, interest accrues, the contract pays, balance leaves or is drawn. Compiled."""

from __future__ import annotations

import math

from behavior.engine.compiled import compiled, folded
from behavior.engine.layout import (
    ACCRUED,
    ADMINISTERED,
    ANNUITY,
    CAPITALISED,
    CONSTANT_PAYMENT,
    DRAWN,
    FLOATING,
    INTEREST,
    LINEAR,
    NII_MONTHS,
    OPENING_BALANCE,
    SCHEDULED,
    Behaviours,
    Market,
    Records,
    Repricing,
    Switches,
)
from behavior.engine.level import (
    left_out,
    level_now,
    linear_part,
    period_rate,
    principal_due,
    rounded_interest,
    rounded_payment,
)
from behavior.quantities import FloatArray

BAL, RATE, PAY, ACC, LESS, SCALE, UNDRAWN, MADE = range(8)
MONTH, RESETS, START_RATE, START_RESETS, LEVEL_RESETS, FRESH, REPRICED, OLD, STATES = range(8, 17)
"""State of a path: balance, rate, level payment or linear part, interest accrued since the last payment, the part of
it that present values leave out, share of the contract's own balance still there, undrawn, amortising payments made;
month of the administered rate, changes of the rate so far, the rate and those changes at the running period's start,
the changes that the level payment knows, at a period's start, repriced for the gap, rate an interval begins with."""

MOVED = 1e-12
"""A rate has changed where it differs by more; less is the noise of its arithmetic, and recalculates no instalment."""


@compiled
def customer_rate(pos: Records, p: int, old: float, forward: float) -> float:
    """Rate after a reset: index + spread within the periodic cap, then within cap and floor."""
    new = forward + pos[p].spread
    new = min(max(new, old - pos[p].periodic_cap), old + pos[p].periodic_cap)
    return float(min(max(new, pos[p].floor), pos[p].cap))


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
    return float(max(moved, min(pos[p].floor, paid)))


@folded
def catch_up(p: int, s: int, e: int, state: FloatArray, pos: Records, cal: Records, rep: Repricing) -> None:
    """Move a rate that the bank sets to the month in which an interval begins, where the last event was a month before.

    Months that end on a 28th and events on month ends: February's event lies on a bound, March's in the month but one.
    """
    if pos[p].rate_type != ADMINISTERED or cal[e].opens <= cal[e].starts:
        return
    while state[MONTH] < cal[e].month - 1:
        old = state[RATE]
        state[MONTH] += 1.0
        state[RATE] = administered_rate(pos, rep, p, s, int(state[MONTH]), old)
        if abs(state[RATE] - old) > MOVED:
            state[RESETS] += 1.0


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
        if abs(state[RATE] - old) > MOVED:
            state[RESETS] += 1.0
        return float(cal[e].head)
    return 1.0


@folded
def moves_at_start(e: int, kind: int, cal: Records, mkt: Market) -> bool:
    """Whether the rate of an interval moves on its first day; by dates, for a day may count nothing under 30/360."""
    if kind == FLOATING and cal[e].reset >= 0:
        return bool(mkt.reset_day[cal[e].reset] <= cal[e].starts)
    return bool(kind == ADMINISTERED and cal[e].opens <= cal[e].starts)


@folded
def open_period(resets: float, at_start: bool, state: FloatArray) -> None:
    """Note the rate that a new period begins with: what its level payment is made of."""
    if state[FRESH] == 0.0:
        return
    state[FRESH] = 0.0
    state[START_RATE] = state[RATE] if at_start else state[OLD]
    state[START_RESETS] = state[RESETS] if at_start else resets


@folded
def accrue(
    p: int,
    e: int,
    old: float,
    cut: float,
    skip: float,
    state: FloatArray,
    pos: Records,
    cal: Records,
    income: FloatArray,
) -> None:
    """Accrue an interval's interest on the balance and spread it over the months of income.

    skip : share of the interval's accrual that lies before the position begins.
    """
    accrual, head = cal[e].accrual, max(cal[e].head, skip)
    span = pos[p].term if pos[p].payment == 0 else float(pos[p].payment)
    before = period_rate(old, pos[p].compounding, span)
    after = period_rate(state[RATE], pos[p].compounding, span)
    cut = max(cut, skip)
    whole = before * (cut - skip) + after * (1.0 - cut)
    early = before * (min(head, cut) - skip) + after * max(0.0, head - cut)
    amount = state[BAL] * accrual
    state[ACC] += amount * whole
    margin, compounding = pos[p].margin, pos[p].compounding
    if margin != 0.0:
        less = left_out(old, margin, compounding, span) * (cut - skip)
        less += left_out(state[RATE], margin, compounding, span) * (1.0 - cut)
        state[LESS] += amount * less
    month = cal[e].month
    if head > 0.0 and 1 <= month - 1 <= NII_MONTHS:
        income[month - 1] += amount * early
    if 1 <= month <= NII_MONTHS:
        income[month] += amount * (whole - early)


@compiled
def refresh_level(p: int, j: int, state: FloatArray, pos: Records) -> None:
    """Level payment (or linear part) where there is none yet or the rate has moved; a payment cap limits its change."""
    kind = pos[p].repayment
    first = state[PAY] == 0.0
    if kind == LINEAR and first:
        state[PAY] = linear_part(pos, p, j, state[BAL])
    moved = state[START_RESETS] != state[LEVEL_RESETS]
    if kind != ANNUITY or not (first or moved):
        return
    rate = period_rate(state[START_RATE], pos[p].compounding, float(pos[p].payment))
    payment = level_now(pos, p, j, state[BAL], rate, state[MADE])
    if moved and state[PAY] > 0.0:
        limit = pos[p].payment_cap * state[PAY]
        payment = rounded_payment(pos, p, min(max(payment, state[PAY] - limit), state[PAY] + limit))
    state[PAY] = payment
    state[LEVEL_RESETS] = state[START_RESETS]


@compiled
def first_level(p: int, state: FloatArray, pos: Records) -> None:
    """The instalment that runs today: on today's balance, whatever leaves before it is due; caps measure from it."""
    kind, step = pos[p].repayment, pos[p].payment
    if (kind != ANNUITY and kind != LINEAR) or step == 0 or pos[p].start > 0 or pos[p].amortises_from > step:
        return
    if step == 1 and not math.isfinite(pos[p].payment_cap):
        return  # nothing leaves before the first event
    j = (pos[p].events - 1) % step + 1
    if kind == LINEAR:
        state[PAY] = linear_part(pos, p, j, state[BAL])
        return
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
    interest = rounded_interest(pos, p, state[ACC])
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
    return float(counted + principal * pos[p].exchanged)


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
        # Payments shrink with the borrowers who are left, whatever balance the share is taken of.
        state[PAY] *= 1.0 - share
        state[SCALE] *= 1.0 - share
    return float(balance * part)


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
    return float(amount)


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
