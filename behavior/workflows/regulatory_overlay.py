"""The regulatory step on deposits without maturity: core shares and average maturities capped, beside what is modelled.

The bank's own run-off stands, with two caps by category:

- core deposits above the share allowed go to the first day;
- a core that lives longer than allowed has its run-off times scaled (``scaled``), or runs off evenly with the average
  that is allowed (``uniform``).

No curve of the assumption set is changed.

Source: BCBS d368 (April 2016), standardised framework, Table 2; Commission Delegated Regulation (EU) 2024/857,
Article 8.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from behavior.engine.layout import OPEN_ENDED
from behavior.engine.overlay import average_years_of, cap_deposit_life
from behavior.engine.plan import Plan, some_of, with_column
from behavior.engine.run import run
from behavior.engine.slotting import CoreCap, core_caps
from behavior.errors import BehaviorError
from behavior.market.regulation import parameters
from behavior.measures.eve import TOTAL
from behavior.quantities import AnyArray, BoolArray, FloatArray
from behavior.workflows.even_deposits import even_months, even_value
from behavior.workflows.valuation import ValuationInputs, ValuationOptions
from behavior.workflows.value import resolved_plan
from behavior.workflows.value_overlays import framework_of, is_european, pinned

SCALED, UNIFORM = "scaled", "uniform"
SLOTTINGS = (UNIFORM, SCALED)
STRICTEST = "wholesale"
"""Deposits whose `customer_type` the rule does not name are held to the caps of this category."""


@dataclass(frozen=True)
class OverlayResult:
    """The step and its effect.

    Parameters
    ----------
    steps : currency, category, balance, core shares and years as modelled, capped and used, slotting, factor on run-off
        times (scaled), years over which the core leaves (uniform).
    eve : scenario, currency, eve_uncapped, eve_capped, delta_uncapped, delta_capped, effect_on_delta; options left out.
    rule : table of ``nmd.toml``. warnings : sentences that a reader needs.
    """

    steps: pd.DataFrame
    eve: pd.DataFrame
    rule: str
    warnings: tuple[str, ...]


def nmd_rule(options: ValuationOptions) -> str:
    """The table of ``nmd.toml`` that goes with the framework of a run."""
    return "eu_2024_857" if is_european(framework_of(options)) else "bcbs"


def categories(customer_types: AnyArray, rule: str) -> AnyArray:
    """Category of each row: its customer type where the rule names it, else the strictest."""
    names = np.asarray(customer_types).astype(str)
    return np.where(np.isin(names, list(core_caps(rule))), names, STRICTEST)


@dataclass(frozen=True, eq=False)
class _Deposits:
    """The deposits without maturity of a plan; arrays are by position of the plan.

    Parameters
    ----------
    mine : whether a position is one. core, used : its core as a share of its balance, as modelled and as capped.
    """

    plan: Plan
    mine: BoolArray
    category: AnyArray
    money: AnyArray
    core: FloatArray
    used: FloatArray

    def parts(self, rule: str) -> Iterator[tuple[CoreCap, BoolArray]]:
        """Each category's cap and positions, where the rule leaves it a core."""
        for name in sorted(set(self.category[self.mine])):
            cap = core_caps(rule)[name]
            if cap.years > 0:
                yield cap, self.mine & (self.category == name)


def regulatory_overlay(
    inputs: ValuationInputs, options: ValuationOptions, fx: Mapping[str, float], slotting: str = SCALED
) -> OverlayResult | None:
    """Value the book with the caps on deposits and without any; None where there are no such deposits.

    Parameters
    ----------
    fx : currency -> reporting units for one unit.
    slotting : the core runs off as modelled with its times ``scaled`` down to the average that is allowed, or
        ``uniform``, evenly with that average.

    Columns `stable_share` and `pass_through` of the book say what part of a row is core; without them the whole balance
    runs off as modelled and the caps alone divide it.

    Raises
    ------
    BehaviorError : another word for `slotting`.
    """
    if slotting not in SLOTTINGS:
        raise BehaviorError(f"core slotting: found {slotting!r}, expected {' or '.join(SLOTTINGS)}.")
    rule = nmd_rule(options)
    bare = replace(pinned(options), cap_deposits=False, deposit_life_cap=None, cash_flows=False)
    plan = resolved_plan(inputs, bare)[1]
    mine = plan.records["repayment"] == OPEN_ENDED
    mine &= plan.groups.sign[plan.records["group"]] < 0
    if not mine.any():
        return None
    held = _deposits(plan, mine, rule)
    if slotting == SCALED:
        capped, steps = _scaled(held, rule)
        value = run(capped).value
    else:
        value, steps = _uniform(held, rule, inputs, bare)
    days = plan.market.discount[plan.records["currency"], :, 1].T
    overnight = _by_group(plan, np.where(mine, plan.positions.balance * (1.0 - held.used), 0.0) * days)
    types = np.asarray(plan.terms.book.words("customer_type")).astype(str)[plan.order]
    unknown = sorted(set(types[mine & ~np.isin(types, list(core_caps(rule)))]))
    eve = _eve(plan, run(plan).value, value + overnight, fx)
    return OverlayResult(pd.DataFrame(steps).assign(slotting=slotting), eve, rule, _warnings(unknown))


def _deposits(plan: Plan, mine: BoolArray, rule: str) -> _Deposits:
    """Core shares as modelled, and within the cap on each currency's and category's sum."""
    book = plan.terms.book
    category = categories(np.asarray(book.words("customer_type")).astype(str)[plan.order], rule)
    stable, repriced = (
        book.numbers(name, value)[plan.order] for name, value in (("stable_share", 1.0), ("pass_through", 0.0))
    )
    core = np.where(mine, stable * (1.0 - repriced), 1.0)
    money = np.asarray(plan.groups.currency)[plan.records["group"]]
    balance = plan.positions.balance
    used = core.copy()
    for currency in sorted(set(money[mine])):
        for name in sorted(set(category[mine & (money == currency)])):
            rows = mine & (money == currency) & (category == name)
            used[rows] *= _factor(core_caps(rule)[name], balance[rows], stable[rows], core[rows])
    return _Deposits(plan, mine, category, money, core, used)


def _core_alone(held: _Deposits) -> Plan:
    """The plan whose deposits hold their capped core alone."""
    return with_column(held.plan, "balance", held.plan.positions.balance * held.used)


def _scaled(held: _Deposits, rule: str) -> tuple[Plan, list[dict[str, object]]]:
    """The plan whose core runs off as modelled, its times scaled where it lives too long, and the steps."""
    capped = _core_alone(held)
    steps: list[dict[str, object]] = []
    for cap, rows in held.parts(rule):
        capped, lives = cap_deposit_life(capped, cap.years, _in_book(held.plan, rows))
        for currency, life in lives.items():
            step = _step(held, cap, rows & (held.money == currency), life.uncapped_years, life.capped_years)
            steps.append(step | {"factor_on_times": life.scale})
    return capped, steps


def _uniform(
    held: _Deposits, rule: str, inputs: ValuationInputs, options: ValuationOptions
) -> tuple[FloatArray, list[dict[str, object]]]:
    """Present values by scenario and group with the core running off evenly, and the steps."""
    core = _core_alone(held)
    term = np.zeros(len(held.mine))
    steps: list[dict[str, object]] = []
    for cap, rows in held.parts(rule):
        for currency in sorted(set(held.money[rows])):
            part = rows & (held.money == currency)
            # Where the rule leaves no core, nothing says how long it would live.
            modelled = average_years_of(core, part) if core.positions.balance[part].any() else 0.0
            years = min(modelled, cap.years)
            term[part] = even_months(years)
            steps.append(_step(held, cap, part, modelled, years) | {"even_over_years": even_months(years) / 12.0})
    rest = run(some_of(held.plan, np.flatnonzero(~held.mine))).value
    return rest + even_value(core, np.flatnonzero(held.mine & (term > 0)), term, inputs, options), steps


def _factor(cap: CoreCap, balance: FloatArray, stable: FloatArray, core: FloatArray) -> float:
    """What the core of some rows is multiplied by to keep within the cap on their sum."""
    total = float((balance * (stable if cap.base == "stable" else 1.0)).sum())
    held = float((balance * core).sum())
    return min(1.0, cap.share * total / held) if held > 0 else 1.0


def _in_book(plan: Plan, rows: BoolArray) -> BoolArray:
    """Rows of the plan's order in the book's."""
    found = np.zeros(len(rows), dtype=np.bool_)
    found[plan.order] = rows
    return found


def _step(held: _Deposits, cap: CoreCap, rows: BoolArray, modelled: float, years: float) -> dict[str, object]:
    """What the caps did to some positions of one currency and category."""
    balance = held.plan.positions.balance
    total = float(balance[rows].sum())
    return {
        "currency": str(held.money[rows][0]),
        "category": cap.category,
        "balance": total,
        "core_share_modelled": float((balance * held.core)[rows].sum() / total) if total else np.nan,
        "core_share_cap": cap.share,
        "core_share_used": float((balance * held.used)[rows].sum() / total) if total else np.nan,
        "years_modelled": modelled,
        "years_cap": cap.years,
        "years_used": years,
    }


def _by_group(plan: Plan, values: FloatArray) -> FloatArray:
    """Values by scenario and row summed by group: (scenarios, rows) -> (scenarios, groups)."""
    found = np.zeros((values.shape[0], len(plan.groups)))
    for place in range(values.shape[0]):
        np.add.at(found[place], plan.records["group"], values[place])
    return found


def _eve(plan: Plan, before: FloatArray, after: FloatArray, fx: Mapping[str, float]) -> pd.DataFrame:
    sign, money = plan.groups.sign, np.asarray(plan.groups.currency)
    names = sorted(set(money))
    blocks = [(str(name), sign * (money == name)) for name in names]
    if len(names) > 1:
        blocks.append((TOTAL, sign * np.asarray([fx[str(name)] for name in money])))
    rows = []
    for place, scenario in enumerate(plan.scenarios):
        for currency, weight in blocks:
            own, capped = before @ weight, after @ weight
            change, then = float(own[place] - own[0]), float(capped[place] - capped[0])
            rows.append(
                {
                    "scenario": scenario,
                    "currency": currency,
                    "eve_uncapped": float(own[place]),
                    "eve_capped": float(capped[place]),
                    "delta_uncapped": change,
                    "delta_capped": then,
                    "effect_on_delta": then - change,
                }
            )
    return pd.DataFrame(rows)


def _warnings(unknown: Sequence[str]) -> tuple[str, ...]:
    named = [name for name in unknown if name]
    if not unknown:
        return ()
    words = f"customer types {', '.join(named)}" if named else "deposits without a customer type"
    return (f"The regulatory step holds {words} to the caps of {STRICTEST}: the rule does not name them.",)


def overlay_source(rule: str) -> str:
    """Where the caps of a rule come from, and how sure that is."""
    provenance = parameters("nmd")[rule].provenance
    return f"{provenance.source} (certainty {provenance.certainty}: {provenance.meaning})"
