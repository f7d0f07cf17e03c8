"""Facts of a valuation for ``result.json``: inputs, conventions in words, summary figures, warnings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from behavior.engine.drivers import World
from behavior.engine.plan import CashFlows, Plan
from behavior.engine.positions import Book
from behavior.measures.aggregation import outlier_test
from behavior.measures.control_totals import control_totals
from behavior.measures.conventions import READINGS
from behavior.measures.eve import TOTAL, EveResult
from behavior.measures.nii import CONSTANT, NiiResult, net_interest_margin
from behavior.measures.warnings import base_warnings
from behavior.workflows.valuation import ValuationInputs, ValuationOptions
from behavior.workflows.value_options import BookOptions
from behavior.workflows.value_overlays import cap_years, chosen_steps, is_european
from behavior.workflows.value_sheets import Sheets
from behavior.workflows.value_unseen import unseen_incentives
from behavior.workflows.value_views import accrued_interest, migrated_view
from behavior.workflows.value_warnings import valuation_warnings

PRICES = {
    "dirty": "dirty: the first flow is a full coupon",
    "clean": "clean: less the interest accrued by as-of, the same in every scenario",
}
DRIVERS = {
    "pchip": "monotone cubic (PCHIP) through the zero rates",
    "linear": "linear zero rates",
    "log_linear": "log-linear discount factors",
}
LIMITS = {"option": "intrinsic in cash flows, time value as an option", "intrinsic": "intrinsic in cash flows"}
DERIVATIVES = {
    "run_off": "derivatives run off",
    "renewed": "swap legs renewed like loans, the term from the start date; options run off",
}
BEHAVIOUR = {
    "model": "model: responds along each scenario's path",
    "frozen": "frozen: run-off and drawing as in base; rates that the bank sets follow each scenario",
    "frozen_rates": "frozen_rates: run-off, drawing and the rates that the bank sets as in base",
    "standardised": "standardised: base's prepayment and redemption times the framework's factors; rates follow",
}
MIGRATED_WORDS = {
    "counted": "counted in the decay that rate risk uses",
    "censored": "censored: a move into another product is no decay",
}


def facts(
    inputs: ValuationInputs,
    options: ValuationOptions,
    world: World,
    plan: Plan,
    sheets: Sheets,
    eve: EveResult,
    nii: NiiResult,
    fx: Mapping[str, float],
    rule: str,
    held: BookOptions,
) -> dict[str, Any]:
    """Content of ``result.json``, the tables aside."""
    flows = sheets.flows
    return {
        "as_of": str(inputs.as_of),
        "reporting_currency": inputs.reporting_currency,
        "tier1": inputs.tier1,
        "book_equity": inputs.book_equity,
        "framework": world.curves.scenarios.framework,
        "scenarios": list(flows.scenarios),
        "floor": world.curves.floor.name,
        "assumptions": None if inputs.assumptions is None else inputs.assumptions.id,
        "stamp": "" if inputs.assumptions is None else inputs.assumptions.stamp,
        "limits": dict(inputs.limits),
        "inputs": dict(inputs.sources),
        "conventions": {**conventions(inputs, options, world, rule), "options": held.convention},
        "summary": {
            **_summary(inputs, plan, eve, nii, world),
            **_sheet_facts(inputs, sheets, fx),
            **_option_facts(flows, held),
        },
        "warnings": [
            *valuation_warnings(inputs, options, world, plan, held),
            *unseen_incentives(plan, fx),
            *base_warnings(eve.summary, nii.summary, inputs.book_equity),
        ],
    }


def _option_facts(flows: CashFlows, held: BookOptions) -> dict[str, Any]:
    """Basel's whole change of the options by currency and scenario; a loss is positive."""
    if held.add_on is None:
        return {}
    kao = {
        currency: dict(zip(flows.scenarios, loss.tolist(), strict=True)) for currency, loss in held.add_on.kao.items()
    }
    return {"automatic_options_kao": kao}


def conventions(inputs: ValuationInputs, options: ValuationOptions, world: World, rule: str) -> dict[str, str]:
    """Every choice that the figures depend on, in words."""
    return {
        **READINGS,
        "value": PRICES[options.price],
        "time": "days / 365 from as-of"
        if options.time == "exact"
        else "month grid: k / 12 k months after as-of, between months by share of days",
        "zero_rates": f"{options.interpolation} in time, flat outside",
        "driver_forwards": DRIVERS[options.driver_interpolation],
        "floor": str(world.curves.floor.name),
        "rate_path": options.rate_path,
        "margins": options.margins,
        "runoff_convention": options.runoff_convention,
        "runoff_day": "payment dates of monthly payers, else monthly anniversaries, with accrued interest",
        "competing_causes": "total = 1 - product of (1 - hazard), shared in proportion to the hazards",
        "behaviour": BEHAVIOUR[options.behaviour],
        "default": "in, with recovery" if options.include_default else "left out of EVE and NII",
        "beyond_last_month": options.tail.value + " to month 480, then the rest is repaid",
        "deposit_view": options.deposit_view,
        "uncovered_deposits": options.uncovered,
        "pending_pass_through": _pending_words(options, world),
        "swap_notionals": "exchanged" if options.exchange_notionals else "not exchanged",
        "embedded_limits": LIMITS[options.embedded_limits],
        "level_payment": "amortization_months counts from as-of; recalculated from the first period after a reset",
        "constant_balance_sheet": "renewed in the same product and original term; floaters at index + spread; "
        f"administered balances stay; {DERIVATIVES[options.derivatives]}",
        "migrated": MIGRATED_WORDS[migrated_view(options)],
        "mix_shift": "none" if inputs.mix_shift is None else "on the constant balance sheet, as mix_shift/1 says",
        "dynamic_balance_sheet": "none" if inputs.plan is None else "run-off and the new business of plan/1",
        "net_interest_margin": "12 months' income less expense over the mean of 13 month-end balances of cash assets",
        "aggregation": rule,
        "extrapolation": options.extrapolation,
        "gap_buckets": ", ".join(options.buckets.labels),
        "deposit_life_cap": "on" if cap_years(options) is not None else "off",
        **chosen_steps(options),
    }


def _pending_words(options: ValuationOptions, world: World) -> str:
    if not options.pending:
        return "off"
    known = any(world.past_short_index(currency) for currency in world.curves.curves.currencies)
    return "run over the rate history" if known else "zero: no rate history of the short rate was given"


def _summary(inputs: ValuationInputs, plan: Plan, eve: EveResult, nii: NiiResult, world: World) -> dict[str, Any]:
    total = eve.summary[eve.summary["currency"] == TOTAL]
    names, after = total["scenario"].tolist(), total["delta_eve_after_options"].to_numpy()
    test = "eu_eve" if is_european(world.curves.scenarios.framework) else "bcbs_eve"
    found: dict[str, Any] = {
        "eve": {str(row["scenario"]): float(row["eve"]) for _, row in total.iterrows()},
        "delta_eve": dict(zip(names, after.tolist(), strict=True)),
        "eve_outlier_test": _test(test, names, after, inputs.tier1),
        "renewed_at_todays_zero_share": plan.renewals.at_today,
        "accrued_interest": accrued_interest(plan),
        "balances_valued": control_totals(Book(inputs.book)),
    }
    year = nii.summary[(nii.summary["horizon_months"] == 12)]
    for sheet, rows in year.groupby("balance_sheet", sort=False):
        found[f"nii_12_months_{sheet}"] = dict(zip(rows["scenario"], rows["nii"].tolist(), strict=True))
    return found


def _sheet_facts(inputs: ValuationInputs, sheets: Sheets, fx: Mapping[str, float]) -> dict[str, Any]:
    """Net interest margins, and the outlier test of income on balances that stay."""
    groups, names = sheets.flows.groups, sheets.flows.scenarios
    found: dict[str, Any] = {
        f"net_interest_margin_12_months_{word}": dict(
            zip(names, net_interest_margin(groups, sheet.interest, sheet.balance, fx).tolist(), strict=True)
        )
        for word, sheet in sheets.by_word.items()
    }
    if CONSTANT in sheets.by_word:
        rate = groups.sign * np.asarray([fx[currency] for currency in groups.currency])
        still = np.einsum("g,sgm->s", rate, sheets.still.interest[:, :, 1:13])
        found["nii_outlier_test"] = _test("eu_nii", list(names), still - still[0], inputs.tier1)
        if inputs.mix_shift is not None:
            found["nii_12_months_constant_before_mix_shift"] = dict(zip(names, still.tolist(), strict=True))
    return found


def _test(name: str, scenarios: list[str], changes: np.ndarray, tier1: float) -> dict[str, Any]:
    test = outlier_test(name, scenarios, changes, tier1)
    return {
        "test": test.test,
        "worst_scenario": test.scenario,
        "change": test.change,
        "share_of_tier1": test.share,
        "limit": test.limit,
        "outlier": bool(test.outlier) if test.scenario else None,
        "scenarios_not_valued": list(test.missing),
        "source": test.provenance.source,
    }
