"""A tile along every scenario: contracts, times the share that survives, added up month by month. Compiled."""

from __future__ import annotations

import numpy as np

from behavior.engine.compiled import compiled, folded, side_by_side
from behavior.engine.contract import RENEWED, SLAB, Work, both, deposits, fixed, floating, total
from behavior.engine.layout import (
    ACCRUED,
    CAPITALISED,
    CLOSING,
    FIXED,
    FLOATING,
    INTEREST,
    NII_MONTHS,
    OPEN_ENDED,
    SCHEDULED,
    Behaviours,
    Market,
    Records,
    Repricing,
    Switches,
    Totals,
)
from behavior.engine.survival import Paths, count_coverage, freeze, is_plain, looked_up, plain, thaw
from behavior.quantities import FloatArray, IntArray

YEAR = 12


@folded
def cleared(events: int, columns: int, work: Work) -> None:
    """Empty the tile's sums."""
    for j in range(events + 1):
        for i in range(columns):
            work.balance[j, i] = work.interest[j, i] = work.paid[j, i] = work.left[j, i] = 0.0
            work.less[j, i] = work.less_left[j, i] = 0.0
    for j in range(RENEWED + 1):
        for i in range(columns):
            work.weighted[j, i] = 0.0


@folded
def contracts(
    t: int,
    s: int,
    tiles: Records,
    begin: IntArray,
    end: IntArray,
    loans: IntArray,
    pos: Records,
    cal: Records,
    rep: Repricing,
    mkt: Market,
    schedule: FloatArray,
    work: Work,
) -> None:
    """Work the tile's contracts out; fixed rates know no scenario and are done once."""
    low, high = tiles[t].begin, tiles[t].end
    head = loans[begin[low]]
    margins = tiles[t].margins != 0
    if pos[head].repayment == OPEN_ENDED:
        deposits(s, begin[low], high - low, margins, loans, pos, cal, rep, work)
    elif pos[head].rate_type == FLOATING:
        floating(s, begin[low], high - low, margins, loans, pos, cal, mkt, schedule, work)
    elif s == 0:
        signs, later = tiles[t].signs != 0, tiles[t].later != 0
        column, at, last = np.int64(-1), begin[low], end[high - 1]
        if tiles[t].keyed != 0:
            cleared(tiles[t].events, high - low, work)
            column = np.int64(0)
        while at < last:
            if column >= 0:
                while end[low + column] <= at:
                    column += 1
            count = min(last - at, SLAB)
            fixed(column, at, count, end[low:high], signs, margins, later, loans, pos, cal, schedule, work)
            at += count


@folded
def set_out(n: int, low: int, begin: IntArray, loans: IntArray, pos: Records, beh: Behaviours, paths: Paths) -> None:
    """Columns at as-of: everything is there, ages and months in the money are each position's own."""
    head = loans[begin[low]]
    combination = pos[head].behaviour
    for i in range(n):
        p = loans[begin[low + i]]
        paths.share[i] = 1.0
        paths.age[i] = pos[p].age
        paths.rate[i] = pos[p].rate
    if combination < 0:
        return
    first = beh.combination_first[combination]
    for cause in range(beh.combination_first[combination + 1] - first):
        table = beh.entry_table[first + cause]
        paths.alike[cause] = 1
        for i in range(n):
            p = loans[begin[low + i]]
            paths.money[cause, i] = pos[p].in_the_money
            paths.key[cause, i] = beh.mortgage_key[p, table]
            if paths.key[cause, i] != paths.key[cause, 0]:
                paths.alike[cause] = 0


@folded
def hazards(
    s: int,
    j: int,
    e: int,
    n: int,
    head: int,
    pos: Records,
    cal: Records,
    beh: Behaviours,
    steps: FloatArray,
    mkt: Market,
    switches: Switches,
    balance: FloatArray,
    paths: Paths,
    coverage: FloatArray,
) -> int:
    """This month's hazards by cause; returns how many causes act."""
    combination = pos[head].behaviour
    first = beh.combination_first[combination]
    causes = beh.combination_first[combination + 1] - first
    if s == 0 or switches.frozen == 0:
        month, season = cal[e].hazard_month, cal[e].season
        level = mkt.short[pos[head].currency, s, month]
        for cause in range(causes):
            curve, table = beh.entry_curve[first + cause], beh.entry_table[first + cause]
            looked_up(cause, curve, table, s, month, season, level, n, beh, steps, mkt, paths)
            row = beh.coverage[head, table]
            count_coverage(curve, table, month, n, row, beh, balance, paths, coverage)
    if switches.frozen == 1:
        if s == 0:
            freeze(causes, j, n, paths)
        thaw(first, causes, s, j, n, pos[head].repayment != OPEN_ENDED, beh, mkt, paths)
    return int(causes)


@folded
def leave(
    s: int,
    group: int,
    head: int,
    n: int,
    causes: int,
    balance: FloatArray,
    pos: Records,
    beh: Behaviours,
    switches: Switches,
    paths: Paths,
    flows: FloatArray,
) -> float:
    """Let shares leave by cause; fills `flows` and returns the part that is lost."""
    first = beh.combination_first[pos[head].behaviour]
    if causes == 1:
        gone = 0.0
        for i in range(n):
            gone += paths.before[i] * balance[i] * paths.hazard[0, i]
        for i in range(n):
            paths.share[i] = paths.before[i] * (1.0 - paths.hazard[0, i])
        table = beh.entry_table[first]
        flows[beh.column[table]] += gone
        return float(gone * beh.loss[table])
    for i in range(n):
        stay, weight = 1.0, 0.0
        for cause in range(causes):
            stay *= 1.0 - paths.hazard[cause, i]
            weight += paths.hazard[cause, i]
        paths.share[i] = paths.before[i] * stay
        paths.scratch[0, i] = paths.before[i] * (1.0 - stay) / weight if weight > 0.0 else 0.0
    lost = 0.0
    for cause in range(causes):
        gone = 0.0
        for i in range(n):
            gone += paths.scratch[0, i] * paths.hazard[cause, i] * balance[i]
        table = beh.entry_table[first + cause]
        flows[beh.column[table]] += gone
        lost += gone * beh.loss[table]
    return lost


@compiled
def earn(month: int, head: float, amount: float, early: float, income: FloatArray) -> None:
    """Put an interval's interest into the months that it accrues in."""
    if head > 0.0 and 1 <= month - 1 <= NII_MONTHS:
        income[month - 1] += early
    if 1 <= month <= NII_MONTHS:
        income[month] += amount - early


@side_by_side
def gone_from(
    n: int,
    before: FloatArray,
    after: FloatArray,
    then: FloatArray,
    now: FloatArray,
    gone: FloatArray,
) -> None:
    """What left each column in a month: before x then - after x now."""
    for i in range(n):
        gone[i] = before[i] * then[i] - after[i] * now[i]


@side_by_side
def added_to(
    n: int, before: FloatArray, then: FloatArray, now: FloatArray, old: FloatArray, new: FloatArray, gone: FloatArray
) -> None:
    """Leave principal that was added out of what left; old, new : what `gone` is measured in."""
    for i in range(n):
        gone[i] += before[i] * (new[i] - old[i]) if now[i] > then[i] else 0.0


@compiled
def handed_on(n: int, low: int, renewal: IntArray, j: int, gone: FloatArray, renewed: FloatArray) -> None:
    """Add what left each column to its renewal group; neighbours of one group are added up first."""
    i = 0
    while i < n:
        number = renewal[low + i]
        found = gone[i]
        i += 1
        while i < n and renewal[low + i] == number:
            found += gone[i]
            i += 1
        if number >= 0:
            renewed[number, j] += found


@folded
def renew(
    s: int, j: int, n: int, low: int, signs: bool, renewal: IntArray, work: Work, paths: Paths, out: Totals
) -> None:
    """Add what left a column to the amounts that a constant balance sheet renews."""
    now, then, gone = work.balance[j], work.balance[j - 1], paths.scratch[0]
    gone_from(n, paths.before, paths.share, then, now, gone)
    if signs:
        added_to(n, paths.before, then, now, then, now, gone)
    handed_on(n, low, renewal, j, gone, out.renewed[s])
    old, new = work.weighted[j - 1], work.weighted[j]
    gone_from(n, paths.before, paths.share, old, new, gone)
    if signs:
        added_to(n, paths.before, then, now, old, new, gone)
    handed_on(n, low, renewal, j, gone, out.renewed_margin[s])


@side_by_side
def each_plain(
    n: int,
    exchanged: float,
    factor: float,
    before: FloatArray,
    share: FloatArray,
    paid: FloatArray,
    then: FloatArray,
    now: FloatArray,
    value: FloatArray,
) -> None:
    """Add interest, scheduled principal and what leaves to the value of each column, which is one position."""
    for i in range(n):
        cash = before[i] * paid[i] + (before[i] * then[i] - share[i] * now[i]) * exchanged
        value[i] += cash * factor


@folded
def each_value(
    j: int,
    n: int,
    exchanged: float,
    monthly: bool,
    margins: bool,
    causes: int,
    first: int,
    factor: float,
    beh: Behaviours,
    work: Work,
    paths: Paths,
    value: FloatArray,
) -> None:
    """Add an event's cash to the value of each column, which is one position."""
    now, then = work.balance[j], work.balance[j - 1]
    paid = work.interest[j] if monthly else work.paid[j]
    each_plain(n, exchanged, factor, paths.before, paths.share, paid, then, now, value)
    if monthly and not margins and causes == 0:
        return
    for i in range(n):
        was, gone = paths.before[i], paths.before[i] - paths.share[i]
        cash = 0.0
        if not monthly:
            cash += gone * work.left[j, i]
        if margins:
            cash -= was * work.less[j, i] + gone * work.less_left[j, i]
        if causes > 0 and gone > 0.0:
            lost, weight = 0.0, 0.0
            for cause in range(causes):
                lost += paths.hazard[cause, i] * beh.loss[beh.entry_table[first + cause]]
                weight += paths.hazard[cause, i]
            cash -= gone * now[i] * lost / weight
        value[i] += cash * factor


@folded
def each_income(
    j: int, n: int, month: int, head: float, split: bool, work: Work, paths: Paths, income: FloatArray
) -> None:
    """Add an interval's interest inside the first year to each column's income."""
    if month > YEAR + 1:
        return
    for i in range(n):
        amount = work.interest[j, i]
        early = work.early[j, i] if split else amount * head
        if month > YEAR:
            amount = early
        elif month == 1:
            amount -= early
        income[i] += paths.before[i] * amount


@side_by_side
def along(
    t: int,
    s: int,
    place: int,
    tiles: Records,
    begin: IntArray,
    renewal: IntArray,
    loans: IntArray,
    pos: Records,
    cal: Records,
    beh: Behaviours,
    steps: FloatArray,
    mkt: Market,
    switches: Switches,
    work: Work,
    paths: Paths,
    out: Totals,
    flow: FloatArray,
    values: FloatArray,
) -> None:
    """One tile along one scenario. place : of its first position among the chunk's, for values position by position."""
    low = tiles[t].begin
    n = tiles[t].end - low
    head = loans[begin[low]]
    group = pos[head].group - switches.first_group
    first, events, payment = pos[head].first, tiles[t].events, pos[head].payment
    monthly, signs, margins = payment == 1, tiles[t].signs != 0, tiles[t].margins != 0
    split = pos[head].rate_type != FIXED or pos[head].repayment == OPEN_ENDED
    exchanged = float(pos[head].exchanged)
    acting = pos[head].behaviour >= 0
    entry = beh.combination_first[pos[head].behaviour] if acting else 0
    open_ended = pos[head].repayment == OPEN_ENDED
    income = out.staying[s, group] if pos[head].stays else out.income[s, group]
    discount = mkt.discount[pos[head].currency, s]
    set_out(n, low, begin, loans, pos, beh, paths)
    simple, curve, table = False, np.int64(0), np.int64(0)
    if acting and beh.combination_first[pos[head].behaviour + 1] - entry == 1 and switches.frozen == 0:
        curve, table = beh.entry_curve[entry], beh.entry_table[entry]
        simple = is_plain(curve, table, beh, steps, paths) and beh.loss[table] == 0.0
    before = total(work.balance[0], n)
    value, repriced = 0.0, False
    for i in range(n):
        values[0, i] = values[1, i] = 0.0
    if switches.flows:
        for held in range(1, cal[first].month):
            out.flows[s, group, held, CLOSING] += before
    for j in range(1, events + 1):
        e = first + j - 1
        month, day, share = cal[e].month, cal[e].day, cal[e].head
        while pos[loans[begin[low + n - 1]]].events < j:
            n -= 1
        flow[:] = 0.0
        balance = work.balance[j]
        for i in range(n):
            paths.before[i] = paths.share[i]
        interest = both(paths.share, work.interest[j], n)
        after = both(paths.share, balance, n)
        early = both(paths.share, work.early[j], n) if split and month <= NII_MONTHS + 1 else interest * share
        earn(month, share, interest, early, income)
        if open_ended and pos[head].stays and day_in_horizon(e, j, first, cal, switches):
            whole = total(work.interest[j], n)
            earn(month, share, whole, total(work.early[j], n), out.constant[s, group])
        flow[INTEREST] = interest if monthly else both(paths.share, work.paid[j], n)
        added = 0.0
        if signs:
            for i in range(n):
                added += paths.share[i] * max(balance[i] - work.balance[j - 1, i], 0.0)
        flow[CAPITALISED] = added
        flow[SCHEDULED] = before - after + added
        cash = flow[INTEREST] + (before - after) * exchanged
        if margins:
            cash -= both(paths.share, work.less[j], n)
        causes = 0
        if acting and (j < events or open_ended):
            if split:
                for i in range(n):
                    paths.rate[i] = work.start[j, i]
            if simple:
                remaining = plain(
                    s,
                    curve,
                    table,
                    beh.coverage[head, table],
                    cal[e].hazard_month,
                    cal[e].season,
                    mkt.short[pos[head].currency, s, cal[e].hazard_month],
                    n,
                    after,
                    balance,
                    beh,
                    steps,
                    mkt,
                    paths,
                    out.coverage,
                )
                flow[beh.column[table]] += after - remaining
                lost = 0.0
            else:
                causes = hazards(s, j, e, n, head, pos, cal, beh, steps, mkt, switches, balance, paths, out.coverage)
                lost = leave(s, group, head, n, causes, balance, pos, beh, switches, paths, flow)
                remaining = both(paths.share, balance, n)
            if not monthly:
                flow[ACCRUED] = both(paths.before, work.left[j], n) - both(paths.share, work.left[j], n)
            cash += (after - remaining) * exchanged - lost + flow[ACCRUED]
            if margins:
                cash -= both(paths.before, work.less_left[j], n) - both(paths.share, work.less_left[j], n)
            after = remaining
        if open_ended and j == events:
            flow[pos[head].open_column] += after
            cash += after
            for i in range(n):
                paths.share[i] = 0.0
            after = 0.0
        value += cash * discount[day]
        if switches.per_position:
            each_value(j, n, exchanged, monthly, margins, causes, entry, discount[day], beh, work, paths, values[0])
            each_income(j, n, month, share, split, work, paths, values[1])
        if s == 0:
            repriced = slot(e, before, after, repriced, pos[head].rate_type == FLOATING, cal, mkt, out.gap[group])
        if switches.flows:
            write(s, group, e, j == events, after, cal, flow, out.flows)
        if j <= RENEWED and day <= switches.horizon_day and pos[head].renewal >= 0:
            renew(s, j, n, low, signs, renewal, work, paths, out)
        before = after
    out.value[s, group] += value
    if switches.per_position:
        for i in range(tiles[t].end - low):
            out.position_value[place + i, s] = values[0, i]
            out.position_income[place + i, s] = values[1, i]


@folded
def day_in_horizon(e: int, j: int, first: int, cal: Records, switches: Switches) -> bool:
    """Whether an interval begins inside the income horizon."""
    return bool(j == 1 or cal[e - 1].day <= switches.horizon_day)


@compiled
def slot(
    e: int, before: float, after: float, repriced: bool, floats: bool, cal: Records, mkt: Market, gap: FloatArray
) -> bool:
    """Repricing amounts of an interval: the whole balance at the first reset, else the principal that is repaid."""
    if repriced:
        return True
    column = cal[e].opening_reset if cal[e].opening_reset >= 0 else cal[e].reset
    if floats and column >= 0:
        gap[mkt.bucket[mkt.reset_day[column]]] += before
        return True
    gap[mkt.bucket[cal[e].day]] += before - after
    return False


@compiled
def write(
    s: int, group: int, e: int, last: bool, after: float, cal: Records, flow: FloatArray, flows: FloatArray
) -> None:
    """Add an event's flows to its month, and the balance to every month end until the next event."""
    month = cal[e].month
    for field in range(CLOSING):
        flows[s, group, month, field] += flow[field]
    if not last:
        for held in range(month, cal[e + 1].month):
            flows[s, group, held, CLOSING] += after


@side_by_side
def project_tiles(
    first: int,
    last: int,
    scenarios: int,
    tiles: Records,
    begin: IntArray,
    end: IntArray,
    renewal: IntArray,
    loans: IntArray,
    pos: Records,
    cal: Records,
    beh: Behaviours,
    steps: FloatArray,
    rep: Repricing,
    mkt: Market,
    switches: Switches,
    schedule: FloatArray,
    work: Work,
    paths: Paths,
    out: Totals,
    flow: FloatArray,
    values: FloatArray,
) -> None:
    """Tiles `first` to `last` (excluded) along every scenario, added to `out`."""
    origin = begin[tiles[first].begin]
    for t in range(first, last):
        place = begin[tiles[t].begin] - origin
        for s in range(scenarios):
            contracts(t, s, tiles, begin, end, loans, pos, cal, rep, mkt, schedule, work)
            along(
                t,
                s,
                place,
                tiles,
                begin,
                renewal,
                loans,
                pos,
                cal,
                beh,
                steps,
                mkt,
                switches,
                work,
                paths,
                out,
                flow,
                values,
            )


def scratch() -> tuple[FloatArray, FloatArray]:
    """What `project_tiles` writes an event's flows and each position's value and income on."""
    return np.zeros(CLOSING + 1), np.zeros((2, SLAB))
