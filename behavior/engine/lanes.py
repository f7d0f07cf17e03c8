"""A tile along every scenario: contracts, times the share that survives, month by month. Compiled."""

from __future__ import annotations

import numpy as np

from behavior.engine.compiled import compiled, folded, side_by_side
from behavior.engine.contract import ALONE, fixed
from behavior.engine.curve_lookup import Paths
from behavior.engine.layout import (
    CAPITALISED,
    CLOSING,
    FLOATING,
    INTEREST,
    OPEN_ENDED,
    SCHEDULED,
    Cuts,
    Given,
    Records,
    Switches,
    Totals,
)
from behavior.engine.leaving import act, one_plain_cause, with_it
from behavior.engine.moving import deposits, floating
from behavior.engine.slab import RENEWED, SLAB, Work, both, copied, total
from behavior.engine.tally import add_income, each, gone, moves, renew, slot, write
from behavior.engine.tiles import ROW
from behavior.quantities import FloatArray, IntArray


@folded
def cleared(events: int, columns: int, monthly: bool, margins: bool, work: Work) -> None:
    """Empty the tile's sums."""
    for j in range(events + 1):
        for i in range(columns):
            work.balance[j, i] = work.interest[j, i] = 0.0
        if not monthly:
            for i in range(columns):
                work.paid[j, i] = work.left[j, i] = 0.0
        if margins:
            for i in range(columns):
                work.less[j, i] = work.less_left[j, i] = 0.0
        if j <= RENEWED:
            for i in range(columns):
                work.weighted[j, i] = 0.0


@folded
def contracts(
    t: int,
    s: int,
    cuts: Cuts,
    given: Given,
    work: Work,
) -> None:
    """Work the tile's contracts out; fixed rates know no scenario and are done once."""
    low, high = cuts.tiles[t].begin, cuts.tiles[t].end
    head = cuts.loans[cuts.begin[low]]
    margins = cuts.tiles[t].margins != 0
    if given.pos[head].repayment == OPEN_ENDED:
        deposits(s, low, high - low, margins, s == 0, cuts, given, work)
    elif given.pos[head].rate_type == FLOATING:
        floating(s, cuts.begin[low], high - low, margins, cuts.loans, given, work)
    elif s == 0:
        every = cuts.tiles[t].signs != 0 or cuts.tiles[t].later != 0
        column, at, last = np.int64(-1), cuts.begin[low], cuts.end[high - 1]
        if cuts.tiles[t].keyed != 0:
            cleared(cuts.tiles[t].events, high - low, given.pos[head].payment == 1, margins, work)
            column = np.int64(0)
        while at < last:
            if column >= 0:
                while cuts.end[low + column] <= at:
                    column += 1
            count = min(last - at, SLAB) if column >= 0 else last - at
            # Positions of one column come from long to short, so that those that ended need no step: worth a slab.
            if column >= 0 and cuts.end[low + column] - at >= ALONE:
                count = min(cuts.end[low + column] - at, SLAB)
            fixed(
                int(column),
                at,
                count,
                cuts.end[low:high],
                every,
                margins,
                cuts.loans,
                given.pos,
                given.cal,
                given.schedule,
                work,
            )
            at += count


@folded
def set_out(n: int, low: int, cuts: Cuts, given: Given, paths: Paths) -> None:
    """What columns are at as-of, whatever the scenario: ages, rates and months in the money are each position's own."""
    head = cuts.loans[cuts.begin[low]]
    combination = given.pos[head].behaviour
    for i in range(n):
        p = cuts.loans[cuts.begin[low + i]]
        paths.age[i] = given.pos[p].age
        paths.rate[i] = given.pos[p].rate
        paths.entered[i] = given.pos[p].in_the_money
    if combination < 0:
        return
    first = given.beh.combination_first[combination]
    nodes = given.beh.nodes[given.beh.entry_curve[first]]
    for i in range(n):
        paths.row[i] = paths.age[i] * nodes
    for cause in range(given.beh.combination_first[combination + 1] - first):
        table = given.beh.entry_table[first + cause]
        paths.alike[cause] = 1
        for i in range(n):
            p = cuts.loans[cuts.begin[low + i]]
            paths.key[cause, i] = given.beh.mortgage_key[p, table]
            if paths.key[cause, i] != paths.key[cause, 0]:
                paths.alike[cause] = 0


@folded
def begin(n: int, combination: int, given: Given, paths: Paths) -> None:
    """Columns at the start of a path: everything is there."""
    for i in range(n):
        paths.share[i] = 1.0
    if combination < 0:
        return
    for cause in range(given.beh.combination_first[combination + 1] - given.beh.combination_first[combination]):
        copied(paths.entered, n, paths.money[cause])


@compiled
def going_on(j: int, n: int, low: int, begin: IntArray, loans: IntArray, pos: Records) -> int:
    """Columns, from long to short, that have an event j."""
    while pos[loans[begin[low + n - 1]]].events < j:
        n -= 1
    return n


@folded
def pay(
    j: int,
    n: int,
    head: int,
    signs: bool,
    margins: bool,
    before: float,
    after: float,
    interest: float,
    given: Given,
    work: Work,
    paths: Paths,
    flow: FloatArray,
) -> float:
    """What contracts pay at event j, and the cash that present values count."""
    flow[INTEREST] = interest if given.pos[head].payment == 1 else both(paths.before, work.paid[j], n)
    added = 0.0
    if signs:
        for i in range(n):
            added += paths.before[i] * max(work.balance[j, i] - work.balance[j - 1, i], 0.0)
    flow[CAPITALISED] = added
    flow[SCHEDULED] = before - after + added
    cash = flow[INTEREST] + (before - after) * given.pos[head].exchanged
    if margins:
        cash -= both(paths.before, work.less[j], n)
    return float(cash)


@folded
def hold(s: int, group: int, month: int, balance: float, switches: Switches, out: Totals) -> None:
    """The balance at month ends before the first event, which lies in `month`."""
    if switches.flows:
        for held in range(1, month):
            out.flows[s, group, held, CLOSING] += balance


@folded
def worth(cash: float, alike: bool, group: int, day: int, discount: FloatArray, out: Totals) -> float:
    """Present value of a day's cash; 0 where all scenarios share it (alike): it is kept by day and discounted later."""
    if alike:
        out.cash[group, day] += cash
        return 0.0
    return float(cash * discount[day])


@folded
def hand_out(s: int, until: int, place: int, count: int, values: FloatArray, out: Totals) -> None:
    """Each position's own value and income of the first year, in scenarios `s` to `until` (excluded)."""
    for i in range(count):
        for k in range(s, until):
            out.position_value[place + i, k] = values[1 + k - s, i]
            out.position_income[place + i, k] = values[0, i]


@folded
def renewed(
    s: int,
    j: int,
    n: int,
    low: int,
    summed: bool,
    left: float,
    margin: float,
    cuts: Cuts,
    work: Work,
    paths: Paths,
    out: Totals,
) -> float:
    """Add what leaves the columns at event j to the amounts that are renewed; returns balance times margin that stays.

    summed : one sum holds it all, `left` of balances, the rest of `margin`; principal added has not left.
    """
    if summed:
        stays = both(paths.share, work.weighted[j], n)
        out.renewed[s, cuts.renewal[low], j] += left
        out.renewed_margin[s, cuts.renewal[low], j] += margin - stays
        return float(stays)
    then, now, old, new = work.balance[j - 1], work.balance[j], work.weighted[j - 1], work.weighted[j]
    gone(n, paths.before, paths.share, then, now, old, new, paths.scratch[0], paths.scratch[1])
    kinds = cuts.renewal[low : low + n]
    renew(n, j, kinds, paths.scratch[0], paths.scratch[1], out.renewed[s], out.renewed_margin[s])
    return margin


@folded
def behave(
    s: int,
    j: int,
    e: int,
    n: int,
    head: int,
    acting: bool,
    simple: bool,
    given: Given,
    work: Work,
    paths: Paths,
    out: Totals,
    flow: FloatArray,
) -> tuple[float, float, float, float, int]:
    """Shares of event j before and after behaviour. Returns interest, the balance before behaviour and after it, what
    is lost, and the causes whose hazards were written down."""
    if not acting:
        copied(paths.share, n, paths.before)
        opening = both(paths.share, work.balance[j], n)
        return both(paths.share, work.interest[j], n), opening, opening, 0.0, 0
    rate = work.start[j] if moves(head, given.pos) else paths.rate
    return act(s, j, e, n, head, simple, rate, given, work, paths, flow, out.coverage)


@side_by_side
def along(
    t: int,
    s: int,
    until: int,
    place: int,
    cuts: Cuts,
    given: Given,
    work: Work,
    paths: Paths,
    out: Totals,
    flow: FloatArray,
    values: FloatArray,
) -> None:
    """One tile along scenario `s`, or (alike) along all up to `until` at once.

    place : of its first position among the chunk's, for values position by position.
    """
    tile, pos, cal, switches = cuts.tiles[t], given.pos, given.cal, given.switches
    low = tile.begin
    n = tile.end - low
    head = cuts.loans[cuts.begin[low]]
    group, last = pos[head].group - switches.first_group, tile.events
    signs, margins, open_ended = tile.signs != 0, tile.margins != 0, pos[head].repayment == OPEN_ENDED
    discount = given.mkt.discount[pos[head].currency, s]
    floats = pos[head].rate_type == FLOATING
    begin(n, pos[head].behaviour, given, paths)
    simple = one_plain_cause(head, given, paths)
    before, value, repriced, margin = total(work.balance[0], n), 0.0, False, total(work.weighted[0], n)
    if switches.per_position:
        values[: until - s + 1] = 0.0
    hold(s, group, cal[pos[head].first].month, before, switches, out)
    for j in range(1, last + 1):
        e = pos[head].first + j - 1
        n = going_on(j, n, low, cuts.begin, cuts.loans, pos)
        flow[:] = 0.0
        acting = pos[head].behaviour >= 0 and (j < last or open_ended)
        interest, opening, after, lost, causes = behave(s, j, e, n, head, acting, simple, given, work, paths, out, flow)
        add_income(s, j, e, n, head, group, interest, given, work, paths, out)
        cash = pay(j, n, head, signs, margins, before, opening, interest, given, work, paths, flow)
        if acting:
            cash += (opening - after) * pos[head].exchanged - lost
            cash += with_it(j, n, pos[head].payment == 1, margins, work, paths, flow)
        if open_ended and j == last:
            flow[pos[head].open_column] += after
            cash += after
            after = 0.0
            paths.share[:] = 0.0
        value += worth(cash, tile.alike != 0, group, cal[e].day, discount, out)
        if switches.per_position:
            each(j, e, n, head, margins, causes if lost != 0.0 else 0, s, until, given, work, paths, values)
        repriced = slot(s, e, before, after, repriced, floats, cal, given.mkt, out.gap[group])
        if switches.flows:
            write(s, group, e, j == last, after, cal, flow, out.flows)
        if pos[head].renewal >= 0 and j <= RENEWED and cal[e].day <= switches.horizon_day:
            summed = tile.together != 0 and not signs
            margin = renewed(s, j, n, low, summed, before - after, margin, cuts, work, paths, out)
        before = after
    out.value[s, group] += value
    if switches.per_position:
        hand_out(s, until, place, tile.end - low, values, out)


@side_by_side
def project_tiles(
    first: int,
    last: int,
    scenarios: int,
    cuts: Cuts,
    given: Given,
    work: Work,
    paths: Paths,
    out: Totals,
    flow: FloatArray,
    values: FloatArray,
) -> None:
    """Tiles `first` to `last` (excluded) along every scenario, added to `out`."""
    origin = cuts.begin[cuts.tiles[first].begin]
    for t in range(first, last):
        place = cuts.begin[cuts.tiles[t].begin] - origin
        low, alike = cuts.tiles[t].begin, cuts.tiles[t].alike != 0
        set_out(cuts.tiles[t].end - low, low, cuts, given, paths)
        for s in range(1 if alike else scenarios):
            contracts(t, s, cuts, given, work)
            along(t, s, scenarios if alike else s + 1, place, cuts, given, work, paths, out, flow, values)


def scratch(scenarios: int) -> tuple[FloatArray, FloatArray]:
    """What `project_tiles` writes an event's flows on, and each position's income and its values by scenario."""
    return np.zeros(CLOSING + 1), np.zeros((1 + scenarios, ROW))
