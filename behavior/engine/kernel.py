"""The kernel: one position along one scenario, interval by interval; a book is a loop over it.

An interval ends at an event, once a month: a payment date of a monthly payer, else a monthly anniversary of the payment
day. In each interval the rate resets, interest accrues, the contract pays, behaviour acts on what is left, and what was
paid is discounted at its own date.
"""

from __future__ import annotations

import math

import numpy as np

from behavior.engine.compiled import compiled
from behavior.engine.event import discount, keep, settle
from behavior.engine.hazards import MAX_CAUSES, MAX_DRIVERS
from behavior.engine.layout import (
    CLOSING,
    NII_MONTHS,
    OVERNIGHT,
    WITHDRAWAL,
    Behaviours,
    Market,
    Records,
    Repricing,
    Switches,
    Totals,
)
from behavior.engine.level import left_out, period_rate
from behavior.engine.path import (
    ACC,
    BAL,
    FRESH,
    LESS,
    OLD,
    RATE,
    RESETS,
    SCALE,
    START_RATE,
    STATES,
    UNDRAWN,
    accrue,
    catch_up,
    first_level,
    moves_at_start,
    open_period,
    roll_rate,
)
from behavior.quantities import FloatArray


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
    state[LESS] = carried * left_out(pos[p].rate, pos[p].margin, pos[p].compounding, span)
    state[START_RATE] = pos[p].rate
    state[FRESH] = 1.0 if pos[p].carried == 0.0 else 0.0
    first_level(p, state, pos)


@compiled
def overnight(p: int, s: int, pos: Records, mkt: Market, out: Totals, switches: Switches) -> float:
    """A balance without a curve that the user sends to the first day: principal alone, on the day after as-of."""
    group, balance = pos[p].group - switches.first_group, pos[p].balance
    if switches.flows:
        out.flows[s, group, 1, WITHDRAWAL] += balance
    if s == 0:
        out.gap[group, mkt.bucket[1]] += balance
    return float(balance * mkt.discount[pos[p].currency, s, 1] * math.exp(-pos[p].spread_discount * mkt.time[1]))


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
    for j in range(1, pos[p].start + 1):
        # A rate that is fixed before a position begins is in force when it does.
        roll_rate(p, s, pos[p].first + j - 1, state, pos, cal, rep, mkt)
    for j in range(pos[p].start + 1, pos[p].events + 1):
        e = pos[p].first + j - 1
        catch_up(p, s, e, state, pos, cal, rep)
        old, opening, resets = state[RATE], state[BAL], state[RESETS]
        cut = roll_rate(p, s, e, state, pos, cal, rep, mkt)
        if cal[e].opening_reset >= 0:
            resets += 1.0
        skip = pos[p].late_start if j == pos[p].start + 1 else 0.0
        # What moves on or before the day that a position begins is there from its start.
        moved = moves_at_start(e, pos[p].rate_type, cal, mkt) or (skip > 0.0 and cut <= skip)
        open_period(resets, moved, state)
        accrue(p, e, state[OLD], cut, skip, state, pos, cal, income)
        cash = settle(p, s, j, e, old, pos, cal, beh, mkt, switches, schedule, state, flow, work, out.coverage, opening)
        value += cash * discount(p, s, e, pos, cal, mkt)
        keep(p, s, j, e, opening, cut, skip, pos, cal, mkt, switches, state, flow, out)
        if state[BAL] <= 0.0 and state[UNDRAWN] <= 0.0 and (s > 0 or switches.frozen == 0):
            break  # base goes on where the other scenarios need its hazards
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
        catch_up(p, s, e, state, pos, cal, rep)
        cut = roll_rate(p, s, e, state, pos, cal, rep, mkt)
        accrue(p, e, state[OLD], cut, 0.0, state, pos, cal, income)
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
        np.zeros((longest + 3, MAX_CAUSES)),
    )


@compiled
def project_chunk(
    count: int,
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
    """The first `count` positions along every scenario, added to `out`."""
    state, flow, aside, money, drivers, scratch, memory = space
    work = (money, drivers, scratch, memory)
    for p in range(count):
        for s in range(scenarios):
            group = pos[p].group - switches.first_group
            if switches.per_position:
                for k in range(1, 13):
                    aside[k] = out.income[s, group, k] + out.staying[s, group, k]
            value = run_off(p, s, pos, cal, beh, rep, mkt, switches, schedule, state, flow, work, out)
            out.value[s, group] += value
            if switches.per_position:
                out.position_value[p, s] = value
                total = 0.0
                for k in range(1, 13):
                    total += out.income[s, group, k] + out.staying[s, group, k] - aside[k]
                out.position_income[p, s] = total
            if pos[p].stays:
                stay(p, s, pos, cal, rep, mkt, switches, state, out.constant[s, group])
