"""Views of a valuation that leave the kernel as it is: which curves speak, and what value leaves out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from behavior.assumptions.effects import Effect, View
from behavior.assumptions.set import AssumptionSet, AssumptionTable
from behavior.engine.plan import CashFlows, Plan
from behavior.errors import AssumptionError
from behavior.quantities import FloatArray
from behavior.workflows.valuation import ValuationOptions

MIGRATED = "migrated"
COUNTED, CENSORED = "counted", "censored"
CLEAN = "clean"


def migrated_view(options: ValuationOptions) -> str:
    """Whether balances that migrate into another product count as decay: not in the liquidity view, unless asked."""
    if options.migrated is not None:
        return options.migrated
    return CENSORED if options.deposit_view == View.MINIMUM_BALANCE else COUNTED


def acting_set(assumptions: AssumptionSet | None, options: ValuationOptions) -> AssumptionSet | None:
    """The tables and curves of a set that speak in the views asked for.

    Raises
    ------
    AssumptionError : deposits are asked for in a view that the set does not hold.
    """
    if assumptions is None:
        return None
    tables: Sequence[AssumptionTable] = assumptions.tables
    if migrated_view(options) == CENSORED:
        tables = [one for one in tables if one.effect is not Effect.RUNOFF or one.cause != MIGRATED]
    if options.deposit_view != View.WITH_REDEPOSITS:
        tables = [_in_view(one, View(options.deposit_view)) for one in tables]
    return replace(assumptions, tables=tuple(tables))


def _in_view(table: AssumptionTable, view: View) -> AssumptionTable:
    """A table's curves of one view; tables without views, and of moves between products, speak in every view."""
    held = {curve.view for curve in table.curves} - {None}
    if not held or table.cause == MIGRATED:
        return table
    if view not in held:
        there = ", ".join(sorted(str(one) for one in held))
        raise AssumptionError(
            f"{table.name}: no curve in the view `{view}`; it holds {there}. Publish a set with that view, or value "
            f"with --deposit-view {View.WITH_REDEPOSITS}."
        )
    own = [curve for curve in table.curves if curve.view == view]
    taken = {curve.segment for curve in own}
    own += [curve for curve in table.curves if curve.view is None and curve.segment not in taken]
    return replace(table, curves=tuple(replace(curve, view=None) for curve in own))


def accrued_by_position(plan: Plan) -> FloatArray:
    """Interest accrued since the last payment that present values count, unsigned, in the plan's order."""
    positions, calendars, records = plan.positions, plan.terms.calendars.arrays, plan.records
    running = positions.carried + calendars.accrual[positions.first] * calendars.head[positions.first]
    rate = paid_rates(plan, positions.rate - records["margin"])
    begun = (positions.start == 0) & (positions.late_start == 0)
    return np.asarray(np.where(begun, positions.balance * rate * running, 0.0))


def paid_rates(plan: Plan, rate: FloatArray) -> FloatArray:
    """Rates of a plan's positions as they are paid: nominal over payment periods, compounded as the rows say."""
    positions = plan.positions
    span = np.where(positions.payment == 0, positions.term, positions.payment)
    months = positions.compounding
    grows = (months > 0) & (span > 0) & (months != span)
    each, whole = np.where(grows, months, 1.0), np.where(grows, span, 1.0)
    nominal = np.expm1(whole / each * np.log1p(rate * each / 12.0)) * 12.0 / whole
    return np.where(grows, nominal, rate)


def clean(flows: CashFlows, plan: Plan) -> CashFlows:
    """Present values without the interest that had accrued by as-of."""
    return replace(flows, value=flows.value - _accrued_by_group(plan))


def accrued_interest(plan: Plan) -> dict[str, float]:
    """Interest accrued by as-of that present values count, by currency, signed: what `clean` leaves out."""
    signed, money = _accrued_by_group(plan) * plan.groups.sign, np.asarray(plan.groups.currency)
    return {str(currency): float(signed[money == currency].sum()) for currency in sorted(set(money))}


def _accrued_by_group(plan: Plan) -> FloatArray:
    total = np.bincount(plan.positions.group, weights=accrued_by_position(plan), minlength=len(plan.groups))
    return np.asarray(total, dtype=np.float64)
