"""Scenarios that take a book's mortgages to incentives at which the history behind their curves hardly saw a payoff."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from behavior.assumptions.curve import WARN_BEYOND
from behavior.assumptions.seen_incentives import FEWEST, seen_incentives
from behavior.engine.layout import FIXED
from behavior.engine.plan import Plan
from behavior.quantities import FloatArray

A_YEAR_ON = 13
"""Month whose incentive is read: the path has moved by then, and its lag is over."""
SHOWN = 5


def unseen_incentives(plan: Plan, fx: Mapping[str, float]) -> list[str]:
    """One sentence a table whose scenarios stand more than a quarter of the balance beyond what its history saw.

    Rates of fixed positions alone are known a year on. Nothing is said of a table that records no exposure, nor where
    scenarios do not move behaviour.

    Parameters
    ----------
    fx : units of the reporting currency for one unit of each.
    """
    if plan.options.behaviour != "model" or plan.months < A_YEAR_ON:
        return []
    found = []
    for number, matching in enumerate(plan.matchings):
        seen = seen_incentives(matching.table)
        key = plan.behaviours.mortgage_key[:, number]
        rows = np.flatnonzero((key >= 0) & (plan.positions.rate_type == FIXED))
        if seen is None or not len(rows):
            continue
        rate, balance = plan.positions.rate[rows], _balance(plan, fx)[rows]
        above, below = {}, {}
        for place, name in enumerate(plan.scenarios):
            incentive = rate - plan.market.mortgage[key[rows], place, A_YEAR_ON]
            above[name], below[name] = seen.share_above(incentive, balance), seen.share_below(incentive, balance)
        words = [*_named(above, seen.words_above), *_named(below, seen.words_below)]
        if words:
            found.append(
                f"A year on, balance that behaves by {matching.table.name} stands {' and '.join(words)}. Its history "
                f"holds fewer than {FEWEST} events there and beyond: what leaves then is the curve's form, not seen."
            )
    return found


def _balance(plan: Plan, fx: Mapping[str, float]) -> FloatArray:
    """Balances in the reporting currency, as the plan orders its positions."""
    currency = plan.terms.book.words("currency")
    each = np.array([fx.get(str(one), 1.0) for one in currency.categories])
    return np.asarray(plan.positions.balance * each[np.asarray(currency.codes)[plan.order]])


def _named(shares: Mapping[str, float], where: str) -> list[str]:
    """Where more than a quarter of the balance stands, and under which scenarios, the largest share first."""
    large = sorted((name for name in shares if shares[name] > WARN_BEYOND), key=lambda name: -shares[name])
    if not large:
        return []
    named = ", ".join(f"{100 * shares[name]:.0f}% under {name}" for name in large[:SHOWN])
    more = f" and {len(large) - SHOWN} more scenarios" if len(large) > SHOWN else ""
    return [f"{where} ({named}{more})"]
