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
    CAPITALISED,
    CLOSING,
    DRAWN,
    FLOATING,
    NII_MONTHS,
    OPEN_END_MONTHS,
    OPEN_ENDED,
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
    REPRICED,
    RESETS,
    SCALE,
    START_RATE,
    STATES,
    UNDRAWN,
    accrue,
    behave,
    catch_up,
    first_level,
    moves_at_start,
    open_period,
    pay,
    pays_now,
    roll_rate,
)
from behavior.quantities import FloatArray


@compiled
def stretched(
    p: int,
    s: int,
    month: int,
    season: int,
    rate: float,
    balance: float,
    pos: Records,
    beh: Behaviours,
    mkt: Market,
    work: tuple[FloatArray, FloatArray, FloatArray, FloatArray],
    found: FloatArray,
    coverage: FloatArray,
) -> None:
    """Hazards of a month when run-off times are scaled: S'(k) = S(k / scale), S linear inside a month of the model."""
    money, drivers, scratch, memory = work
    begin, end = (month - 1) / pos[p].stretch, month / pos[p].stretch
    causes = beh.combination_first[pos[p].behaviour + 1] - beh.combination_first[pos[p].behaviour]
    one = memory[memory.shape[0] - 1]
    for i in range(causes):
        found[i] = 1.0
    counted = math.floor(begin + 1e-12) + 1
    while counted - 1 < end - 1e-12 and counted <= OPEN_END_MONTHS:
        hazards_of_month(
            p, s, month, counted, season, rate, balance, pos, beh, mkt, money, drivers, scratch, one, coverage
        )
        low, high = max(begin - (counted - 1), 0.0), min(end - (counted - 1), 1.0)
        for i in range(causes):
            found[i] *= (1.0 - high * one[i]) / (1.0 - low * one[i]) if one[i] * low < 1.0 else 0.0
        counted += 1
    for i in range(causes):
        found[i] = 1.0 if end > OPEN_END_MONTHS else 1.0 - found[i]


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
        if pos[p].stretch == 1.0:
            hazards_of_month(
                p, s, month, month, season, rate, state[BAL], pos, beh, mkt, money, drivers, scratch, found, coverage
            )
        else:
            stretched(p, s, month, season, rate, state[BAL], pos, beh, mkt, work, found, coverage)
        if switches.frozen == 0:
            return j
    combination = pos[p].behaviour
    first = beh.combination_first[combination]
    scaled = memory[0]
    for i in range(beh.combination_first[combination + 1] - first):
        # Multipliers are for prepayment and early redemption; deposits without maturity are left as they are.
        factor = mkt.multiplier[s, beh.entry_table[first + i]] if pos[p].repayment != OPEN_ENDED else 1.0
        scaled[i] = scaled_hazard(found[i], factor)
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
    cut: float,
    skip: float,
    flow: FloatArray,
    state: FloatArray,
    pos: Records,
    cal: Records,
    mkt: Market,
    gap: FloatArray,
) -> None:
    """Repricing amounts of an interval: the whole balance at the first reset, else the principal that is repaid.

    cut : share of the interval before its reset. skip : share before the position begins; resets before that are none.
    """
    if state[REPRICED] > 0.0:
        return
    column = cal[e].reset if cut > skip - 1e-12 else np.int64(-1)
    if skip == 0.0:
        column = cal[e].opening_reset if cal[e].opening_reset >= 0 else cal[e].reset
    if pos[p].rate_type == FLOATING and column >= 0:
        gap[mkt.bucket[mkt.reset_day[column]]] += opening
        state[REPRICED] = 1.0
        return
    gap[mkt.bucket[cal[e].day]] += flow[0] + flow[1] + flow[2] + flow[WITHDRAWAL] - flow[DRAWN] - flow[CAPITALISED]


@folded
def record(
    s: int,
    e: int,
    state: FloatArray,
    flow: FloatArray,
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
    state[LESS] = carried * left_out(pos[p].rate, pos[p].margin, pos[p].compounding, span)
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
    return float(balance * mkt.discount[pos[p].currency, s, 1] * math.exp(-pos[p].spread_discount * mkt.time[1]))


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
    cut: float,
    skip: float,
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
        slot(p, e, opening, cut, skip, flow, state, pos, cal, mkt, out.gap[group])
    if switches.flows:
        record(s, e, state, flow, cal, out.flows, j == pos[p].events, group)
    if pos[p].renewal >= 0 and cal[e].day <= switches.horizon_day:
        gone = flow[0] + flow[1] + flow[2] + flow[WITHDRAWAL]
        out.renewed[s, pos[p].renewal, j] += gone
        out.renewed_margin[s, pos[p].renewal, j] += gone * pos[p].renewal_margin


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
