"""What leaves a tile's columns in a month: the hazards of every cause, then each cause's part. Compiled."""

from __future__ import annotations

import math

from behavior.engine.compiled import folded
from behavior.engine.curve_lookup import Paths, looked_up
from behavior.engine.layout import ACCRUED, OPEN_END_MONTHS, OPEN_ENDED, Behaviours, Given
from behavior.engine.slab import Work, both, copied
from behavior.engine.survival import count_coverage, freeze, is_plain, plain, survive, thaw
from behavior.quantities import FloatArray


@folded
def part_of_month(cause: int, begin: float, end: float, n: int, paths: Paths) -> None:
    """What stays from `begin` to `end` of a month of the model, run-off being even inside it."""
    for i in range(n):
        hazard = paths.hazard[cause, i]
        paths.stays[cause, i] *= (1.0 - end * hazard) / (1.0 - begin * hazard) if hazard * begin < 1.0 else 0.0


@folded
def hazards(
    s: int,
    j: int,
    e: int,
    n: int,
    head: int,
    rate: FloatArray,
    given: Given,
    balance: FloatArray,
    paths: Paths,
    coverage: FloatArray,
) -> int:
    """This month's hazards by cause; returns how many causes act."""
    combination = given.pos[head].behaviour
    first = given.beh.combination_first[combination]
    causes = given.beh.combination_first[combination + 1] - first
    if s == 0 or given.switches.frozen == 0:
        month, scale = given.cal[e].hazard_month, given.pos[head].stretch
        level = given.mkt.short[given.pos[head].currency, s, month]
        # S'(k) = S(k / scale): a month spans part of a month of the model, or several.
        opens, closes = (month - 1) / scale, month / scale
        counted = month if scale == 1.0 else math.floor(opens + 1e-12) + 1
        paths.stays[:] = 1.0
        going = True
        while going:
            for cause in range(causes):
                curve, table = given.beh.entry_curve[first + cause], given.beh.entry_table[first + cause]
                looked_up(cause, curve, table, s, month, counted, given.cal[e].season, level, n, rate, given, paths)
                row = given.beh.coverage[head, table]
                count_coverage(curve, table, counted, n, row, given.beh, balance, paths, coverage)
                if scale != 1.0:
                    part_of_month(cause, max(opens - (counted - 1), 0.0), min(closes - (counted - 1), 1.0), n, paths)
            counted += 1
            going = scale != 1.0 and counted - 1 < closes - 1e-12 and counted <= OPEN_END_MONTHS
        if scale != 1.0:
            over = closes > OPEN_END_MONTHS
            for cause in range(causes):
                for i in range(n):
                    paths.hazard[cause, i] = 1.0 if over else 1.0 - paths.stays[cause, i]
    if given.switches.frozen == 1:
        if s == 0:
            freeze(causes, j, n, paths)
        thaw(first, causes, s, j, n, given.pos[head].repayment != OPEN_ENDED, given, paths)
    return int(causes)


@folded
def compete(
    first: int,
    n: int,
    causes: int,
    balance: FloatArray,
    beh: Behaviours,
    paths: Paths,
    flow: FloatArray,
) -> float:
    """Let several causes share what leaves, each by its hazard; fills `flow` and returns the part that is lost."""
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
        flow[beh.column[table]] += gone
        lost += gone * beh.loss[table]
    return lost


@folded
def one_plain_cause(head: int, given: Given, paths: Paths) -> bool:
    """Whether a single cause acts along the scenario's own path and reads a plain curve."""
    combination = given.pos[head].behaviour
    if combination < 0 or given.switches.frozen == 1 or given.pos[head].stretch != 1.0:
        return False
    entry = given.beh.combination_first[combination]
    if given.beh.combination_first[combination + 1] - entry != 1:
        return False
    return is_plain(given.beh.entry_curve[entry], given, paths)


@folded
def act(
    s: int,
    j: int,
    e: int,
    n: int,
    head: int,
    simple: bool,
    rate: FloatArray,
    given: Given,
    work: Work,
    paths: Paths,
    flow: FloatArray,
    coverage: FloatArray,
) -> tuple[float, float, float, float, int]:
    """Every cause of a month; simple : one alone, with a plain curve. rate : customer rates at the start of the month.
    As `lanes.behave`."""
    accrued, balance, causes = work.interest[j], work.balance[j], 1
    first = given.beh.combination_first[given.pos[head].behaviour]
    interest, opening, after = 0.0, 0.0, 0.0
    if simple:
        interest, opening, after = plain(s, e, n, head, rate, given, accrued, balance, paths, coverage)
    else:
        causes = hazards(s, j, e, n, head, rate, given, balance, paths, coverage)
        if causes == 1:
            interest, opening, after = survive(n, paths.hazard[0], accrued, balance, paths.share, paths.before)
    if causes == 1:
        table = given.beh.entry_table[first]
        flow[given.beh.column[table]] += opening - after
        coverage[given.beh.coverage[head, table], 0] += opening if simple else 0.0
        return interest, opening, after, (opening - after) * given.beh.loss[table], 1
    copied(paths.share, n, paths.before)
    interest, opening = both(paths.share, accrued, n), both(paths.share, balance, n)
    lost = compete(first, n, causes, balance, given.beh, paths, flow)
    return interest, opening, both(paths.share, balance, n), lost, causes


@folded
def with_it(j: int, n: int, monthly: bool, margins: bool, work: Work, paths: Paths, flow: FloatArray) -> float:
    """Interest accrued and not yet due that leaves with its principal; returns what present values count of it."""
    cash = 0.0
    if not monthly:
        flow[ACCRUED] = both(paths.before, work.left[j], n) - both(paths.share, work.left[j], n)
        cash += flow[ACCRUED]
    if margins:
        cash -= both(paths.before, work.less_left[j], n) - both(paths.share, work.less_left[j], n)
    return float(cash)
