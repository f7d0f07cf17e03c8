"""Further measures of a valuation: each runs the same book again under scenarios or choices of its own.

They cost runs, so each is asked for; the report and the cycle ask for all. Every table is a further file of the result,
every fact a further entry of ``result.json``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

import pandas as pd

from behavior.engine.overlay import cash_of_first_days
from behavior.engine.positions import Book
from behavior.engine.run import run
from behavior.market.scenarios import BASE, Scenario, ScenarioSet
from behavior.measures.behaviour_worth import FROZEN, MODEL, STANDARDISED, behaviour_worth
from behavior.measures.gap import liquidity_gap
from behavior.measures.key_rates import Bumps, bump_facts, gap_facts, rate_tables
from behavior.measures.result import IrrbbResult
from behavior.workflows.value import ValuationInputs, ValuationOptions, exchange_rates, resolved_plan, value
from behavior.workflows.value_overlays import framework_of, pinned, rule_names

DURATIONS, LIQUIDITY, BEHAVIOUR, OVERLAY, SENSITIVITY, STANDARD = (
    "durations",
    "liquidity_gap",
    "behaviour",
    "overlay",
    "sensitivity",
    "standardised",
)
EVERY = (DURATIONS, LIQUIDITY, BEHAVIOUR, OVERLAY, SENSITIVITY, STANDARD)
"""Names of the measures, as the command line has them."""


@dataclass(frozen=True)
class Measures:
    """Which further measures to run.

    Parameters
    ----------
    names : of `EVERY`. bumps : sizes of rate bumps and the key tenors. slotting : of core deposits in the regulatory
        overlay, ``scaled`` (run-off as modelled, times scaled) or ``uniform``.
    """

    names: tuple[str, ...] = EVERY
    bumps: Bumps = field(default_factory=Bumps.standard)
    slotting: str = "scaled"


Found = tuple[dict[str, pd.DataFrame], dict[str, object]]


def with_measures(
    result: IrrbbResult,
    inputs: ValuationInputs,
    options: ValuationOptions | None = None,
    measures: Measures | None = None,
) -> IrrbbResult:
    """The result with the tables and facts of further measures.

    Parameters
    ----------
    result : of `value` under the same inputs and options.

    Raises
    ------
    As `value`.
    """
    chosen, wanted = options or ValuationOptions(), measures or Measures()
    tables: dict[str, pd.DataFrame] = dict(result.extra or {})
    facts: dict[str, object] = {}
    for name in EVERY:
        if name in wanted.names and name in RUNS:
            more, said = RUNS[name](result, inputs, chosen, wanted)
            tables |= more
            facts |= said
    return replace(result, extra=tables, facts={**result.facts, "measures": facts})


def lean(options: ValuationOptions, scenarios: ScenarioSet | None = None) -> ValuationOptions:
    """The options of a run that is only read for EVE and NII: no cash flows, the caps of the framework kept."""
    held = replace(pinned(options), cash_flows=False)
    return held if scenarios is None else replace(held, scenarios=scenarios)


def durations(result: IrrbbResult, inputs: ValuationInputs, options: ValuationOptions, measures: Measures) -> Found:
    """Durations, convexity, DV01, duration gap and key-rate durations; behaviour responds along bumped curves."""
    del result
    bumped = replace(lean(options, measures.bumps.scenarios()), floor=None)
    values = value(inputs, bumped).eve
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
    """Model, frozen and standardised behaviour side by side, and what responding is worth by scenario."""
    del measures
    modes = [MODEL, FROZEN]
    if inputs.assumptions is None:
        return {}, {}
    if set(rule_names()) & set(result.facts["scenarios"]):
        modes.append(STANDARDISED)
    eve, nii = {}, {}
    for mode in modes:
        same = options.behaviour == mode
        found = result if same else value(inputs, replace(lean(options), behaviour=mode))
        eve[mode], nii[mode] = found.eve_summary, found.nii_summary
    return {"behaviour_worth": behaviour_worth(eve, nii)}, {}


RUNS: Mapping[str, Callable[[IrrbbResult, ValuationInputs, ValuationOptions, Measures], Found]] = MappingProxyType(
    {DURATIONS: durations, LIQUIDITY: liquidity, BEHAVIOUR: behaviour}
)
