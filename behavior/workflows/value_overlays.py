"""Regulatory steps of a valuation, each visible beside what it changes: deposit life caps, standardised multipliers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from behavior.assumptions.effects import Effect
from behavior.assumptions.set import AssumptionSet
from behavior.engine.drivers import World
from behavior.engine.layout import OPEN_ENDED, Repricing
from behavior.engine.overlay import at_midpoints, cap_deposit_life, overnight_on_day_one, scaled_life
from behavior.engine.plan import Plan, with_column
from behavior.engine.positions import LIABILITY
from behavior.engine.run import run
from behavior.engine.runoff import DEPOSIT_CAUSES
from behavior.errors import UsageError
from behavior.market.regulation import parameters
from behavior.measures.behaviour_worth import FROZEN_RATES, STANDARDISED
from behavior.quantities import MONTHS_PER_YEAR, BoolArray, FloatArray
from behavior.workflows.valuation import ValuationOptions

SHORTEST_LIFE = 1.0 / MONTHS_PER_YEAR
"""Years that a balance lives which leaves in the first month."""


def framework_of(options: ValuationOptions) -> str:
    """Name of the framework that the scenarios of a run come from."""
    return options.framework if options.scenarios is None else options.scenarios.framework


def is_european(framework: str) -> bool:
    """Whether a framework is one of the European Union's, which has tests and caps of its own."""
    return framework.startswith("eu_")


def pinned(options: ValuationOptions) -> ValuationOptions:
    """The options with the cap on deposit life said outright, so that it outlives a change of scenarios."""
    if options.cap_deposits is not None:
        return options
    capped = options.deposit_life_cap is not None or is_european(framework_of(options))
    return replace(options, cap_deposits=capped)


def rule_names() -> tuple[str, ...]:
    """Scenarios that the multipliers of the standardised framework name."""
    return tuple(parameters("multipliers")["prepayment"].values)


def cap_years(options: ValuationOptions) -> float | None:
    """Years that the average life of deposits is capped at, None where it is not.

    On by default under the EU frameworks (EBA/GL/2022/14, paragraph 111).

    Raises
    ------
    UsageError : the years asked for are none that deposits can live on average.
    """
    if not pinned(options).cap_deposits:
        return None
    years = options.deposit_life_cap
    if years is None:
        return float(parameters("nmd")["eba_gl_2022_14"]["average_years_cap"])
    if not SHORTEST_LIFE < years < np.inf:
        raise UsageError(
            f"--deposit-life-cap {years:g}: expected years above 1/12, for what leaves soonest lives a month; for "
            "example 5. Deposits without a cap: --no-cap-deposits."
        )
    return years


def chosen_steps(options: ValuationOptions) -> dict[str, str]:
    """The steps of this module that a run took, in words, for the conventions of a result."""
    shown = {
        "dates": "at their own dates",
        "midpoints": "at the middle of the bucket that holds them",
        "day_one": "at their own dates, overnight flows a day of 365 on",
    }
    return {
        "discounted": shown[options.slotting],
        "deposit_costs": "servicing less fees counted in present values" if options.deposit_costs else "left out",
        "deposit_life_factor": f"{options.deposit_life_factor:g}",
    }


def capped_deposits(plan: Plan, world: World, options: ValuationOptions) -> tuple[Plan, dict[str, Any]]:
    """The plan with its regulatory and chosen steps, and the effect of the cap on deposit life.

    In order: rates that the bank sets frozen, costs of deposits in present values, discounting at bucket midpoints,
    the cap, the factor on deposit life.
    """
    if options.behaviour == FROZEN_RATES:
        plan = with_rates_of_base(plan)
    if options.deposit_costs:
        plan = with_deposit_costs(plan)
    if options.slotting == "midpoints":
        plan = at_midpoints(plan, world.curves)
    elif options.slotting == "day_one":
        plan = overnight_on_day_one(plan, world.curves)
    plan, found = _capped(plan, options)
    return (plan if options.deposit_life_factor == 1.0 else scaled_life(plan, options.deposit_life_factor)), found


def with_rates_of_base(plan: Plan) -> Plan:
    """The plan whose pass-through follows base's short rate in every scenario, pending moves included."""
    of_base = (np.repeat(by_scenario[:, :1], by_scenario.shape[1], axis=1) for by_scenario in plan.repricing)
    return replace(plan, repricing=Repricing(*of_base))


def with_deposit_costs(plan: Plan, rows: BoolArray | None = None) -> Plan:
    """The plan whose present values pay servicing costs less fees on balances without maturity, beside interest.

    rows : (positions,), whose balances are meant instead.
    """
    book = plan.terms.book
    cost = book.numbers("servicing_cost", 0.0) - book.numbers("fee_income", 0.0)
    mine = plan.records["repayment"] == OPEN_ENDED if rows is None else rows
    return with_column(plan, "margin", plan.records["margin"] - np.where(mine, cost[plan.order], 0.0))


def _capped(plan: Plan, options: ValuationOptions) -> tuple[Plan, dict[str, Any]]:
    """The plan with deposit life under the cap, and the cap's effect: uncapped beside capped.

    Deposits of customers that the rule excludes (`customer_type`) keep their modelled life and stay out of the average.
    """
    years = cap_years(options)
    if years is None:
        return plan, {}
    book = plan.terms.book
    excluded = list(parameters("nmd")["eba_gl_2022_14"]["excluded_customers"])
    under = (book.side == LIABILITY) & ~np.isin(np.asarray(book.words("customer_type")), excluded)
    capped, found = cap_deposit_life(plan, years, under)
    bare = replace(plan.options, cash_flows=False)
    before, after = (run(replace(one, options=bare)).value for one in (plan, capped))
    sign = plan.groups.sign
    return capped, {
        "cap_years": years,
        "source": parameters("nmd")["eba_gl_2022_14"].provenance.source,
        "currencies": {str(name): _described(cap) for name, cap in found.items()},
        "eve_uncapped": _by_scenario(plan, before, sign),
        "eve_capped": _by_scenario(plan, after, sign),
    }


def _described(cap: Any) -> dict[str, float]:
    return {name: float(getattr(cap, name)) for name in ("balance", "uncapped_years", "capped_years", "scale")}


def _by_scenario(plan: Plan, value: FloatArray, sign: FloatArray) -> dict[str, dict[str, float]]:
    """Signed present value by currency and scenario, in the currency."""
    money = np.asarray(plan.groups.currency)
    signed = sign * value
    return {
        str(currency): {name: float(signed[s, money == currency].sum()) for s, name in enumerate(plan.scenarios)}
        for currency in sorted(set(money))
    }


def standardised_multipliers(
    behaviour: str, scenarios: Sequence[str], assumptions: AssumptionSet | None
) -> Mapping[str, FloatArray]:
    """Factors on annual prepayment and redemption by table and scenario; 1 in scenarios that the rule does not name."""
    if behaviour != STANDARDISED or assumptions is None:
        return {}
    rule = parameters("multipliers")
    found = {}
    for table in assumptions.for_effect(Effect.RUNOFF):
        factors = rule["redemption" if table.cause in DEPOSIT_CAUSES else "prepayment"].values
        found[table.name] = np.asarray([float(factors.get(name, 1.0)) for name in scenarios])
    return found
