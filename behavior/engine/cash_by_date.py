"""What one position pays on each date and earns in each month, read out of the same kernel that values it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from behavior.engine import layout
from behavior.engine.plan import Plan, some_of, with_column
from behavior.engine.run import run_rows
from behavior.quantities import DateArray, FloatArray, IntArray

TOGETHER = 32
"""Dates asked for at once: each takes a row of discount factors over every day."""

POSITIONS = 2048


@dataclass(frozen=True, eq=False)
class DatedCash:
    """Cash of one position as its present value counts it, unsigned.

    Parameters
    ----------
    dates : (dates,). cash, discount_factor : (scenarios, dates); the present value is the sum of their products.
    """

    dates: DateArray
    cash: FloatArray
    discount_factor: FloatArray


def cash_by_date(plan: Plan, row: int) -> DatedCash:
    """Cash by payment date of one position of a plan, by its place there.

    A date's cash is the position's value when that date's discount factor is 1 and every other one 0.
    """
    position = plan.records[row]
    last = position["first"] + max(int(position["events"]), 1)
    days = np.unique(plan.calendars["day"][position["first"] + position["start"] : last])
    if position["repayment"] == layout.OVERNIGHT:
        days = np.ones(1, dtype=np.int64)
    cash = np.concatenate([_cash(plan, row, days[at : at + TOGETHER]) for at in range(0, len(days), TOGETHER)], axis=1)
    live = (cash != 0).any(axis=0)
    spread = np.exp(-float(position["spread_discount"]) * plan.market.time[days])
    factor = plan.market.discount[position["currency"]][:, days] * spread
    return DatedCash(plan.terms.as_of + days[live].astype("timedelta64[D]"), cash[:, live], factor[:, live])


def _cash(plan: Plan, row: int, days: IntArray) -> FloatArray:
    """Cash of some dates: (scenarios, dates)."""
    count = len(days)
    market, currency = plan.market, int(plan.records["currency"][row])
    marked = np.zeros((count, *market.discount.shape[1:]))
    marked[np.arange(count), :, days] = 1.0
    short = np.repeat(market.short[currency : currency + 1], count, axis=0)
    alone = some_of(plan, np.full(count, row, dtype=np.int64))
    for name, values in (
        ("currency", np.arange(count)),
        ("group", np.arange(count)),
        ("renewal", np.full(count, -1)),
        ("spread_discount", np.zeros(count)),
    ):
        alone = with_column(alone, name, values)
    options = replace(plan.options, cash_flows=False, per_position=False)
    alone = replace(alone, options=options, market=market._replace(discount=marked, short=short))
    return run_rows(alone, np.arange(count)).totals.value


@dataclass(frozen=True, eq=False)
class PositionIncome:
    """Interest of some positions by month, unsigned: each (scenarios, positions, 61).

    Parameters
    ----------
    rows : places in the plan. run_off : of what is left of the balance. kept : what it earns where it stays on a
    constant balance sheet. renewed : of what is renewed there.
    """

    rows: IntArray
    run_off: FloatArray
    kept: FloatArray
    renewed: FloatArray


def income_by_position(plan: Plan, rows: IntArray) -> Iterator[PositionIncome]:
    """Interest position by position, in pieces."""
    for at in range(0, len(rows), POSITIONS):
        part = rows[at : at + POSITIONS]
        count = len(part)
        own = np.arange(count)
        alone = some_of(plan, part)
        old = alone.positions.renewal
        held = np.where(old >= 0, old, 0)
        names = ("term", "weight", "rate", "cap", "floor")
        if len(plan.renewals.group):
            chosen = {name: getattr(plan.renewals, name)[held] for name in names}
            alone = replace(alone, renewals=replace(plan.renewals, group=own, **chosen))
        alone = with_column(with_column(alone, "group", own), "renewal", np.where(old >= 0, own, -1))
        alone = replace(alone, options=replace(plan.options, cash_flows=False, per_position=False))
        piece = run_rows(alone, own)
        stays = alone.records["stays"][None, :, None] != 0
        run_off = piece.totals.income + piece.totals.staying
        yield PositionIncome(part, run_off, np.where(stays, piece.totals.constant, run_off), piece.slices)
