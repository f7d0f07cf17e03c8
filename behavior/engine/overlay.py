"""Steps between a plan and its run: spreads that calibrate present values, and caps on the life of deposits.

Each takes a plan and gives another, so that the uncapped or uncalibrated run stands beside it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from behavior.engine import layout
from behavior.engine.plan import Plan, some_of, with_column
from behavior.engine.positions import CASH
from behavior.engine.run import run
from behavior.errors import MarketDataError
from behavior.market.contracts import DISCOUNT
from behavior.market.scenarios import ScenarioCurves
from behavior.months import DAYS_PER_YEAR
from behavior.quantities import MONTHS_PER_YEAR, BoolArray, FloatArray

TURNS = 60
ENOUGH = 1e-12
PRINCIPAL = (layout.SCHEDULED, layout.PAYOFF, layout.CURTAILMENT, layout.WITHDRAWAL)


def _in_base(plan: Plan, cash_flows: bool) -> Plan:
    """The plan run in base alone, position by position."""
    options = replace(plan.options, cash_flows=cash_flows, per_position=not cash_flows)
    return replace(plan, scenarios=plan.scenarios[:1], options=options)


def calibrate(plan: Plan, accrued: FloatArray | float = 0.0) -> Plan:
    """A spread over the zero rate for each cash position, such that its base value is its balance.

    accrued : (positions,), in the plan's order, added to the balance: what a clean value leaves out.

    Raises
    ------
    MarketDataError : naming positions for which there is none.
    """
    base = _in_base(plan, cash_flows=False)
    target = plan.positions.balance + accrued
    cash = (plan.terms.book.instrument[plan.order] == CASH) & (target > 0)

    def excess(spread: FloatArray) -> FloatArray:
        value = run(with_column(base, "spread_discount", spread)).position_value[plan.order, 0]
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.asarray(np.where(cash, np.log(value / np.where(cash, target, 1.0)), 0.0))

    old, spread = np.zeros(len(target)), np.where(cash, 1e-3, 0.0)
    before, now = excess(old), excess(spread)
    for _ in range(TURNS):
        if np.nanmax(np.abs(now), initial=0.0) <= ENOUGH:
            break
        slope = now - before
        step = np.where(np.abs(slope) > 0, now * (spread - old) / np.where(slope == 0, 1.0, slope), 0.0)
        old, spread = spread, spread - np.clip(step, -1.0, 1.0)
        before, now = now, excess(spread)
    failed = cash & ~(np.abs(now) <= 1e-9)
    if failed.any():
        names = ", ".join(str(name) for name in plan.terms.book.identity[plan.order[failed]][:20])
        raise MarketDataError(
            f"calibrated margins: no spread makes the base value of {int(failed.sum())} positions their balance "
            f"({names}). Check their rates, or value with margins included."
        )
    return with_column(plan, "spread_discount", spread)


@dataclass(frozen=True)
class LifeCap:
    """What a cap on the average life of deposits did in one currency.

    Parameters
    ----------
    uncapped_years, capped_years : balance-weighted average run-off time in base. scale : factor on run-off times.
    """

    currency: str
    balance: float
    uncapped_years: float
    capped_years: float
    scale: float


def cap_deposit_life(plan: Plan, years: float, under_cap: BoolArray) -> tuple[Plan, Mapping[str, LifeCap]]:
    """Scale run-off times until the balance-weighted average of the deposits under the cap is `years`, by currency.

    Parameters
    ----------
    under_cap : (rows,), in the book's order; deposits without maturity are asked for here, others are left alone.
    """
    records = plan.records
    mine = under_cap[plan.order] & (records["repayment"] == layout.OPEN_ENDED)
    stretch = records["stretch"].copy()
    found: dict[str, LifeCap] = {}
    currencies = np.asarray(plan.groups.currency)[records["group"]]
    for currency in sorted(set(currencies[mine])):
        rows = np.flatnonzero(mine & (currencies == currency))
        part = _in_base(some_of(plan, rows), cash_flows=True)
        uncapped = average_years(part)
        scale, capped = 1.0, uncapped
        for _ in range(TURNS):
            if capped <= years + 1e-10 and (scale == 1.0 or abs(capped - years) <= 1e-10):
                break
            scale *= years / capped
            capped = average_years(with_column(part, "stretch", np.full(len(rows), scale)))
        stretch[rows] = scale
        balance = float(records["balance"][rows].sum())
        found[currency] = LifeCap(currency, balance, uncapped, capped, scale)
    return with_column(plan, "stretch", stretch), found


def average_years_of(plan: Plan, rows: BoolArray) -> float:
    """Balance-weighted average run-off time in base of some positions of a plan, in years."""
    return average_years(_in_base(some_of(plan, np.flatnonzero(rows)), cash_flows=True))


def scaled_life(plan: Plan, factor: float) -> Plan:
    """The plan whose deposits without maturity run off `factor` times as slowly, on top of any cap."""
    mine = plan.records["repayment"] == layout.OPEN_ENDED
    return with_column(plan, "stretch", plan.records["stretch"] * np.where(mine, factor, 1.0))


def at_midpoints(plan: Plan, curves: ScenarioCurves) -> Plan:
    """The plan whose flows are discounted at the middle of the bucket that holds their date.

    The slotting of the standardised framework: what is paid on any day of a bucket is worth exp(-z(m) m) with m the
    bucket's midpoint in years, under every scenario's own zero rates. Dates, rates and behaviour stay as they are.
    """
    middle = np.asarray(plan.options.buckets.midpoint_years, dtype=np.float64)
    return at_times(plan, curves, middle[plan.market.bucket])


def overnight_on_day_one(plan: Plan, curves: ScenarioCurves) -> Plan:
    """The plan whose overnight flows are discounted over days of 365, as the framework bounds them, on any grid."""
    time = plan.market.time.copy()
    days = np.arange(min(plan.options.buckets.overnight_days + 1, len(time)))
    time[days] = days / DAYS_PER_YEAR
    return at_times(plan, curves, time)


def at_times(plan: Plan, curves: ScenarioCurves, time: FloatArray) -> Plan:
    """The plan whose flows are discounted as if each day lay at another time; time : (days,), years."""
    present, place = np.unique(time, return_inverse=True)
    currencies = tuple(sorted(set(plan.groups.currency)))
    if not currencies:  # a book of options alone has no flows
        return plan
    factor = np.stack([curves.discount_factor(name, DISCOUNT, present) for name in currencies])
    # The kernel is compiled for arrays in one stretch of memory; picking columns gives another layout.
    discount = np.ascontiguousarray(factor[:, :, place])
    return replace(plan, market=plan.market._replace(discount=discount, time=np.ascontiguousarray(time)))


def cash_of_first_days(plan: Plan) -> FloatArray:
    """Cash paid up to the bound of the overnight bucket, undiscounted and unsigned, (scenarios, groups).

    Read from a run whose discount factors are 1 on those days and 0 on all others.
    """
    last = plan.options.buckets.overnight_days
    counts = np.where(np.arange(plan.market.discount.shape[2]) <= last, 1.0, 0.0)
    flat = np.broadcast_to(counts, plan.market.discount.shape).copy()
    options = replace(plan.options, cash_flows=False, per_position=False)
    counted = replace(plan, market=plan.market._replace(discount=flat), options=options)
    return run(with_column(counted, "spread_discount", np.zeros(len(plan.records)))).value


def average_years(plan: Plan) -> float:
    """Balance-weighted average of the months in which principal leaves in base, in years; 0 where none does."""
    flows = run(plan).flows[0]
    leaving = flows[:, :, PRINCIPAL].sum(axis=(0, 2))
    months, total = np.arange(len(leaving)), float(leaving.sum())
    return float((leaving * months).sum() / total / MONTHS_PER_YEAR) if total > 0 else 0.0
