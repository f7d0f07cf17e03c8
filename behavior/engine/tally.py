"""Where a month of a tile is added up: income, gap, cash flows, renewals, and each position's own. Compiled."""

from __future__ import annotations

import numpy as np

from behavior.engine.compiled import compiled, folded, side_by_side
from behavior.engine.curve_lookup import Paths
from behavior.engine.layout import CLOSING, FIXED, NII_MONTHS, OPEN_ENDED, Given, Market, Records, Totals
from behavior.engine.slab import Work, both, total
from behavior.quantities import FloatArray, IntArray

YEAR = 12


@compiled
def earn(month: int, head: float, amount: float, early: float, income: FloatArray) -> None:
    """Put an interval's interest into the months that it accrues in."""
    if head > 0.0 and 1 <= month - 1 <= NII_MONTHS:
        income[month - 1] += early
    if 1 <= month <= NII_MONTHS:
        income[month] += amount - early


@folded
def moves(head: int, pos: Records) -> bool:
    """Whether a rate may move inside an interval, so that its early part is worked out apart."""
    return bool(pos[head].rate_type != FIXED or pos[head].repayment == OPEN_ENDED)


@folded
def add_income(
    s: int,
    j: int,
    e: int,
    n: int,
    head: int,
    group: int,
    interest: float,
    given: Given,
    work: Work,
    paths: Paths,
    out: Totals,
) -> None:
    """Add an interval's interest to the months it accrues in. Balances that stay also earn in full."""
    month, share = given.cal[e].month, given.cal[e].head
    early = interest * share
    if moves(head, given.pos) and month <= NII_MONTHS + 1:
        early = both(paths.before, work.early[j], n)
    if not given.pos[head].stays:
        earn(month, share, interest, early, out.income[s, group])
        return
    earn(month, share, interest, early, out.staying[s, group])
    if given.pos[head].repayment == OPEN_ENDED and (j == 1 or given.cal[e - 1].day <= given.switches.horizon_day):
        earn(month, share, total(work.interest[j], n), total(work.early[j], n), out.constant[s, group])


@compiled
def slot(
    s: int,
    e: int,
    before: float,
    after: float,
    repriced: bool,
    floats: bool,
    cal: Records,
    mkt: Market,
    gap: FloatArray,
) -> bool:
    """Repricing amounts of an interval: the whole balance at the first reset, else principal repaid. Base alone."""
    if repriced or s > 0:
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
def gone(
    n: int,
    before: FloatArray,
    share: FloatArray,
    then: FloatArray,
    now: FloatArray,
    old: FloatArray,
    new: FloatArray,
    amount: FloatArray,
    weighted: FloatArray,
) -> None:
    """What left each column, and that times its margin; principal added has not left."""
    for i in range(n):
        grown = now[i] > then[i]
        amount[i] = before[i] * (now[i] if grown else then[i]) - share[i] * now[i]
        weighted[i] = before[i] * (new[i] if grown else old[i]) - share[i] * new[i]


@compiled
def renew(
    n: int,
    j: int,
    renewal: IntArray,
    amount: FloatArray,
    weighted: FloatArray,
    renewed: FloatArray,
    renewed_margin: FloatArray,
) -> None:
    """Add what left each column at event j to the amounts that a constant balance sheet renews.

    renewal : (columns,), place in `renewed` and `renewed_margin`, (renewal groups, events).
    """
    for i in range(n):
        number = np.uint64(renewal[i])
        renewed[number, j] += amount[i]
        renewed_margin[number, j] += weighted[i]


@side_by_side
def each_plain(
    n: int,
    exchanged: float,
    before: FloatArray,
    share: FloatArray,
    paid: FloatArray,
    then: FloatArray,
    now: FloatArray,
    cash: FloatArray,
) -> None:
    """Interest, scheduled principal and what leaves of each column, which is one position."""
    for i in range(n):
        cash[i] = before[i] * paid[i] + (before[i] * then[i] - share[i] * now[i]) * exchanged


@side_by_side
def discounted(n: int, cash: FloatArray, factor: float, value: FloatArray) -> None:
    """Add cash to present values."""
    for i in range(n):
        value[i] += cash[i] * factor


@folded
def each_cash(
    j: int,
    n: int,
    head: int,
    margins: bool,
    causes: int,
    given: Given,
    work: Work,
    paths: Paths,
) -> None:
    """An event's cash of each column, which is one position, into `scratch[0]`."""
    now, then, monthly = work.balance[j], work.balance[j - 1], given.pos[head].payment == 1
    paid = work.interest[j] if monthly else work.paid[j]
    each_plain(n, float(given.pos[head].exchanged), paths.before, paths.share, paid, then, now, paths.scratch[0])
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
            first = given.beh.combination_first[given.pos[head].behaviour]
            lost, weight = given.beh.loss[given.beh.entry_table[first]], 1.0
            if causes > 1:
                lost, weight = 0.0, 0.0
                for cause in range(causes):
                    lost += paths.hazard[cause, i] * given.beh.loss[given.beh.entry_table[first + cause]]
                    weight += paths.hazard[cause, i]
            cash -= gone * now[i] * lost / weight
        paths.scratch[0, i] += cash


@folded
def each_income(
    j: int,
    n: int,
    head: int,
    e: int,
    given: Given,
    work: Work,
    paths: Paths,
    income: FloatArray,
) -> None:
    """Add an interval's interest inside the first year to each column's income."""
    month = given.cal[e].month
    if month > YEAR + 1:
        return
    for i in range(n):
        amount = work.interest[j, i]
        early = work.early[j, i] if moves(head, given.pos) else amount * given.cal[e].head
        if month > YEAR:
            amount = early
        elif month == 1:
            amount -= early
        income[i] += paths.before[i] * amount


@folded
def each(
    j: int,
    e: int,
    n: int,
    head: int,
    margins: bool,
    causes: int,
    s: int,
    until: int,
    given: Given,
    work: Work,
    paths: Paths,
    values: FloatArray,
) -> None:
    """Add an event to each position's own income of the first year, the first row of `values`, and to its value in
    scenarios `s` to `until` (excluded), a row each."""
    each_income(j, n, head, e, given, work, paths, values[0])
    each_cash(j, n, head, margins, causes, given, work, paths)
    currency, day = given.pos[head].currency, given.cal[e].day
    for k in range(s, until):
        discounted(n, paths.scratch[0], given.mkt.discount[currency, k, day], values[1 + k - s])
