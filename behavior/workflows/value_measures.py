"""Further measures of a valuation: each runs the same book again under scenarios or choices of its own.

They cost runs, so each is asked for; the report and the cycle ask for all. Every table is a further file of the result,
every fact a further entry of ``result.json``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

import pandas as pd

from behavior.assumptions.effects import Effect
from behavior.engine.overlay import cash_of_first_days
from behavior.engine.positions import Book
from behavior.engine.run import run
from behavior.market.scenarios import BASE, Scenario, ScenarioSet
from behavior.measures.aggregation import outlier_test
from behavior.measures.behaviour_worth import FROZEN, FROZEN_RATES, MODEL, STANDARDISED, behaviour_worth
from behavior.measures.eve import TOTAL
from behavior.measures.gap import liquidity_gap
from behavior.measures.key_rates import Bumps, bump_facts, gap_facts, rate_tables
from behavior.measures.limits import limit_use, unknown_limits
from behavior.measures.nii import main_sheet
from behavior.measures.result import IrrbbResult
from behavior.workflows.income_drivers import drivers_summary, income_drivers
from behavior.workflows.margin_income import margin_income, margin_summary
from behavior.workflows.regulatory_overlay import SCALED, UNIFORM, nmd_rule, overlay_source, regulatory_overlay
from behavior.workflows.sensitivity import sensitivity
from behavior.workflows.standardised import standardised_value
from behavior.workflows.standardised_core import Framework
from behavior.workflows.standardised_terms import portfolios_of, stable_warnings, terms_table
from behavior.workflows.valuation import ValuationInputs, ValuationOptions, values_alone
from behavior.workflows.value import exchange_rates, resolved_plan, value
from behavior.workflows.value_overlays import framework_of, is_european, pinned, rule_names
from behavior.workflows.value_words import EVERY

LIMITS, DURATIONS, LIQUIDITY, BEHAVIOUR, OVERLAY, SENSITIVITY, STANDARD, MARGIN, DRIVERS = EVERY


@dataclass(frozen=True)
class Measures:
    """Which further measures to run.

    Parameters
    ----------
    names : of `EVERY`. bumps : sizes of rate bumps and the key tenors. slotting : of core deposits, ``uniform`` or
        ``scaled`` (run-off as modelled, times scaled); None = uniform in the standardised framework, scaled in the
        regulatory step on the bank's own run-off.
    """

    names: tuple[str, ...] = EVERY
    bumps: Bumps = field(default_factory=Bumps.standard)
    slotting: str | None = None


Found = tuple[dict[str, pd.DataFrame], dict[str, object]]


def with_measures(
    result: IrrbbResult,
    inputs: ValuationInputs,
    options: ValuationOptions,
    measures: Measures,
) -> IrrbbResult:
    """The result with the tables and facts of further measures.

    Parameters
    ----------
    result : of `value` under the same inputs and options.

    Raises
    ------
    As `value`.
    """
    tables: dict[str, pd.DataFrame] = dict(result.extra or {})
    facts: dict[str, object] = {}
    for name in EVERY:
        if name in measures.names:
            more, said = RUNS[name](result, inputs, options, measures)
            tables |= more
            facts |= said
    return replace(result, extra=tables, facts={**result.facts, "measures": facts})


def lean(options: ValuationOptions, scenarios: ScenarioSet | None = None) -> ValuationOptions:
    """The options of a run that is only read for EVE and NII: no cash flows, the caps of the framework kept."""
    held = replace(pinned(options), cash_flows=False)
    return held if scenarios is None else replace(held, scenarios=scenarios)


def limits(result: IrrbbResult, inputs: ValuationInputs, options: ValuationOptions, measures: Measures) -> Found:
    """The bank's own limits and how much of each is used."""
    del options, measures
    found = limit_use(inputs.limits, result.eve_summary, result.nii_summary, inputs.tier1)
    unknown = unknown_limits(inputs.limits)
    said = {"limits_that_no_measure_knows": list(unknown)} if unknown else {}
    return {"limit_use": found}, dict(said)


def durations(result: IrrbbResult, inputs: ValuationInputs, options: ValuationOptions, measures: Measures) -> Found:
    """Durations, convexity, DV01, duration gap and key-rate durations; behaviour responds along bumped curves."""
    del result
    bumped = replace(lean(options, measures.bumps.scenarios()), floor=None)
    values = value(*values_alone(inputs, bumped)).eve
    found = rate_tables(values, exchange_rates(inputs, Book(inputs.book)), measures.bumps)
    tables = {"durations": found.durations, "key_rate_durations": found.key_rates}
    return tables, {"rate_bumps": bump_facts(measures.bumps), "duration_gap": gap_facts(found.gaps)}


def liquidity(result: IrrbbResult, inputs: ValuationInputs, options: ValuationOptions, measures: Measures) -> Found:
    """Cash of base by bucket, customer rates included whatever present values leave out."""
    del result, measures
    base = ScenarioSet((Scenario(BASE),), framework_of(options))
    _, plan = resolved_plan(inputs, replace(pinned(options), scenarios=base, margins="included", slotting="dates"))
    flows = run(replace(plan, options=replace(plan.options, cash_flows=True)))
    first = cash_of_first_days(plan)[0]
    table = liquidity_gap(flows, first, options.buckets, inputs.as_of, options.exchange_notionals)
    return {"liquidity_gap": table}, {}


def behaviour(result: IrrbbResult, inputs: ValuationInputs, options: ValuationOptions, measures: Measures) -> Found:
    """Model, frozen and standardised behaviour side by side, and what responding is worth by scenario.

    Rates are frozen too where the set says how they follow the market.
    """
    del measures
    modes = [MODEL, FROZEN]
    if inputs.assumptions is None:
        return {}, {}
    if inputs.assumptions.for_effect(Effect.REPRICING):
        modes.append(FROZEN_RATES)
    if set(rule_names()) & set(result.facts["scenarios"]):
        modes.append(STANDARDISED)
    eve, nii = {}, {}
    for mode in modes:
        same = options.behaviour == mode
        found = result if same else value(inputs, replace(lean(options), behaviour=mode))
        eve[mode], nii[mode] = found.eve_summary, found.nii_summary
    return {"behaviour_worth": behaviour_worth(eve, nii)}, {}


def overlay(result: IrrbbResult, inputs: ValuationInputs, options: ValuationOptions, measures: Measures) -> Found:
    """Deposits with capped core shares and maturities beside deposits as modelled."""
    del result
    slotting = measures.slotting or SCALED
    found = regulatory_overlay(inputs, options, exchange_rates(inputs, Book(inputs.book)), slotting=slotting)
    if found is None:
        return {}, {}
    tables = {"regulatory_overlay": found.steps, "regulatory_overlay_eve": found.eve}
    said = {"rule": found.rule, "source": overlay_source(found.rule), "warnings": list(found.warnings)}
    return tables, {"regulatory_overlay": {**said, "core_deposits": slotting}}


def assumptions(result: IrrbbResult, inputs: ValuationInputs, options: ValuationOptions, measures: Measures) -> Found:
    """Sensitivity to each key assumption."""
    del measures
    table = sensitivity(inputs, options)
    said = {"nii": f"12 months, {main_sheet(result.nii_summary)}"}
    return {"assumption_sensitivity": table}, {"assumption_sensitivity": said}


def standard(result: IrrbbResult, inputs: ValuationInputs, options: ValuationOptions, measures: Measures) -> Found:
    """The standardised framework beside the bank's own figures, and its outlier test."""
    if not set(rule_names()) & set(result.facts["scenarios"]):
        return {}, {}
    rule = nmd_rule(options)
    slotting = measures.slotting or UNIFORM
    portfolios = portfolios_of(inputs, options, rule)
    found = standardised_value(inputs, options, portfolios, Framework(rule, slotting))
    european = is_european(framework_of(options))
    total = found.summary[(found.summary["currency"] == TOTAL) & (found.summary["scenario"] != BASE)]
    names, changes = total["scenario"].astype(str).tolist(), total["delta_eve_after_options"].to_numpy()
    said: dict[str, object] = {
        "nmd_rule": overlay_source(rule),
        "core_deposits": slotting,
        "portfolios": "read from the assumption set; stable_share and pass_through of the book where it has them",
        "warnings": stable_warnings(inputs.book, portfolios),
    }
    if inputs.tier1 > 0:
        test = outlier_test("eu_eve" if european else "bcbs_eve", names, changes, inputs.tier1)
        outcome = {"worst_scenario": test.scenario, "change": test.change, "share_of_tier1": test.share}
        said["outlier_test"] = {
            **outcome,
            "limit": test.limit,
            "outlier": bool(test.outlier) if test.scenario else None,
        }
    tables = {
        "standardised_eve": found.summary,
        "standardised_terms": terms_table(portfolios),
        "standardised_slots": found.slots,
        "standardised_buckets": found.buckets,
    }
    return tables, {"standardised": said}


def margin(result: IrrbbResult, inputs: ValuationInputs, options: ValuationOptions, measures: Measures) -> Found:
    """How much of net interest income is commercial margin, by scenario, balance sheet and month."""
    del measures
    table = margin_income(inputs, options)
    if table.empty:
        return {}, {}
    summary = margin_summary(table, result.nii_summary, exchange_rates(inputs, Book(inputs.book)))
    return {"commercial_margin_income": table, "commercial_margin_summary": summary}, {}


def drivers(result: IrrbbResult, inputs: ValuationInputs, options: ValuationOptions, measures: Measures) -> Found:
    """What moves income on the constant balance sheet: repricing, the bank's own rates, new business."""
    del result, measures
    table = income_drivers(inputs, options)
    summary = drivers_summary(table, exchange_rates(inputs, Book(inputs.book)))
    return {"income_drivers": table, "income_drivers_summary": summary}, {}


Run = Callable[[IrrbbResult, ValuationInputs, ValuationOptions, Measures], Found]
RUNS: Mapping[str, Run] = MappingProxyType(
    {
        LIMITS: limits,
        DURATIONS: durations,
        LIQUIDITY: liquidity,
        BEHAVIOUR: behaviour,
        OVERLAY: overlay,
        SENSITIVITY: assumptions,
        STANDARD: standard,
        MARGIN: margin,
        DRIVERS: drivers,
    }
)
