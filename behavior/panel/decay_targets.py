"""What became of each account-month: closures, recorded or by dust, moves, and balances before credited interest."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from behavior.panel.account_months import AccountMonths, DepositPanelRules
from behavior.panel.account_rows import NEVER
from behavior.panel.dense import count_true, first_of_run, last_of_run, previous, spread_to_rows
from behavior.quantities import BoolArray, FloatArray, IntArray

CLOSED_BY_BALANCE = "accounts closed by their balance alone"
USED_AGAIN = "times that an account stood empty and was used again"


@dataclass(frozen=True)
class DecayTargets:
    """What happened in each month: shape (rows,) each.

    `opening` is the deposit at the month's start (0 while overdrawn), `after` the deposit at its end before interest
    credited or charged in it; `closed` and `migrated` are 0/1, one of them in a month that `exits`.
    """

    opening: FloatArray
    after: FloatArray
    closed: FloatArray
    migrated: FloatArray
    exits: BoolArray
    overdrawn: BoolArray
    at_risk: BoolArray
    dropped: dict[str, int]


def decay_targets(rows: AccountMonths, interest: FloatArray, rules: DepositPanelRules) -> DecayTargets:
    """Closures (recorded or by dust), moves and balances before credited interest; one pass over dense arrays."""
    first = first_of_run(rows.unit)
    last = last_of_run(first)
    ends, emptied = _exit_month(rows, first, last, rules)
    exits = rows.month == ends
    moved = exits & rows.moves
    opening_raw = previous(rows.balance, first)
    opening_raw[np.flatnonzero(rows.month[1:] - rows.month[:-1] != 1) + 1] = np.nan
    opening = np.maximum(opening_raw, 0.0)
    after = rows.balance - np.where(np.isnan(interest), 0.0, interest)
    np.maximum(after, 0.0, out=after)
    after[exits] = 0.0
    overdrawn = opening_raw < 0
    begins = first & (rows.month <= rows.opened)
    beyond = rows.month > ends
    dropped = {
        "opening months: not yet at risk": count_true(begins),
        "first months of late entries: they only give the opening balance": count_true(first) - count_true(begins),
        "months after a closure": count_true(beyond & ~first),
        "months overdrawn at their start: what fills them counts as growth": count_true(overdrawn & ~beyond),
        f"{CLOSED_BY_BALANCE}, at or below {rules.dust:g} to the end": emptied,
        f"{USED_AGAIN}, after {rules.dust_months} months at least": _used_again(rows, rules),
    }
    return DecayTargets(
        opening=opening,
        after=after,
        closed=(exits & ~rows.moves).astype(np.float64),
        migrated=moved.astype(np.float64),
        exits=exits,
        overdrawn=overdrawn,
        at_risk=~(first | beyond),
        dropped=dropped,
    )


def _used_again(rows: AccountMonths, rules: DepositPanelRules) -> int:
    """How often an account stood empty for as long as makes a closure at the end, and was then used again."""
    used = np.flatnonzero(~(np.abs(rows.balance) <= rules.dust))
    same = rows.unit[used[1:]] == rows.unit[used[:-1]]
    return count_true(same & (np.diff(used) > rules.dust_months))


def _exit_month(
    rows: AccountMonths, first: BoolArray, last: BoolArray, rules: DepositPanelRules
) -> tuple[IntArray, int]:
    """Month number of each row's unit's exit, 2**62 while open, and how many units no closing is recorded of.

    A dust run to the end begins with the exit.
    """
    ends_late = -NEVER
    above = ~(np.abs(rows.balance) <= rules.dust)
    starts, finish = np.flatnonzero(first), np.flatnonzero(last)
    latest = finish
    if not above.all():
        position = np.where(above, np.arange(len(first)), -1)
        latest = np.maximum.reduceat(position, starts) if len(starts) else position
    recorded = np.where(rows.closes[starts] == NEVER, ends_late, rows.closes[starts])
    empty = finish - latest
    run_begins = np.minimum(latest + 1, finish)
    dust = (latest >= starts) & (empty >= rules.dust_months)
    exits = np.where(dust, np.minimum(rows.month[run_begins], recorded), recorded)
    return np.asarray(spread_to_rows(exits, first)), count_true(dust & (recorded == ends_late))
