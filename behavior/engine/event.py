"""One event of a position's path: the contract pays, behaviour acts, and both are written down. Compiled."""

from __future__ import annotations

import math

import numpy as np

from behavior.engine.compiled import compiled, folded
from behavior.engine.hazards import hazards_of_month, scaled_hazard
from behavior.engine.layout import (
    CAPITALISED,
    CLOSING,
    DRAWN,
    FLOATING,
    OPEN_END_MONTHS,
    OPEN_ENDED,
    WITHDRAWAL,
    Behaviours,
    Market,
    Records,
    Switches,
    Totals,
)
from behavior.engine.path import (
    BAL,
    OLD,
    RATE,
    REPRICED,
    behave,
    pay,
    pays_now,
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


@folded
def discount(p: int, s: int, e: int, pos: Records, cal: Records, mkt: Market) -> float:
    """Discount factor of an event, with the position's own spread where it has one."""
    day = cal[e].day
    factor = mkt.discount[pos[p].currency, s, day]
    if pos[p].spread_discount != 0.0:
        factor *= math.exp(-pos[p].spread_discount * mkt.time[day])
    return float(factor)


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
