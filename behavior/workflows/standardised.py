"""The standardised framework beside the bank's own: slots, multipliers and bucket midpoints, from the same book.

What becomes of each position is in `standardised_book`; here the pieces are valued and put together.

Source: BCBS d368 (April 2016), standardised framework; Commission Delegated Regulation (EU) 2024/857.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from behavior.assumptions.curve import Tail
from behavior.engine.overlay import cash_of_first_days
from behavior.engine.positions import Book
from behavior.engine.run import run
from behavior.market.buckets import regulatory_buckets
from behavior.market.regulation import parameters
from behavior.market.scenarios import BASE, ScenarioSet, scenario_set
from behavior.measures.aggregation import aggregate
from behavior.measures.eve import TOTAL
from behavior.measures.gap import bucketed, monthly_cash
from behavior.quantities import FloatArray
from behavior.workflows.standardised_book import embedded_limits, transformed, with_book
from behavior.workflows.standardised_core import BY_BUCKET, Framework, Portfolio, slots_of
from behavior.workflows.valuation import ValuationInputs, ValuationOptions, values_alone
from behavior.workflows.value import exchange_rates, resolved_plan, value
from behavior.workflows.value_overlays import framework_of, is_european, pinned

BUCKET_COLUMNS = ("scenario", "bucket", "currency", "cash_flow_base", "cash_flow")


@dataclass(frozen=True)
class StandardisedResult:
    """What the framework says.

    Parameters
    ----------
    summary : scenario, currency, eve, delta_eve, delta_eve_frozen, option_add_on, delta_eve_after_options, response;
        row currency, then `total`, a plain sum but for `delta_eve_after_options`, which is aggregated and tested.
    by_product : scenario, currency, product, side, present_value.
    buckets : scenario, bucket, currency, cash_flow_base, cash_flow; assets less liabilities.
    slots : product, category, balance, stable, core before and after the cap, years, and whether the cap binds.
    """

    summary: pd.DataFrame
    by_product: pd.DataFrame
    buckets: pd.DataFrame
    slots: pd.DataFrame


def factors_of(scenario: str) -> tuple[float, float]:
    """Factors on prepayment and on redemption of a scenario; 1 where the rule does not name it."""
    rule = parameters("multipliers")
    return float(rule["prepayment"].values.get(scenario, 1.0)), float(rule["redemption"].values.get(scenario, 1.0))


def aggregation_of(options: ValuationOptions) -> str:
    """How changes by currency add up in the framework: as asked for, else its own rule."""
    return options.aggregation or ("eu" if is_european(framework_of(options)) else "basel")


def standardised_value(
    inputs: ValuationInputs,
    options: ValuationOptions,
    portfolios: Sequence[Portfolio],
    framework: Framework | None = None,
) -> StandardisedResult:
    """Value a book by the standardised framework under the scenarios of the options.

    Scenarios with the same factors are valued together; base flows under every scenario give the frozen figures.

    Raises
    ------
    As `value`.
    """
    chosen = framework or Framework()
    inputs, options = values_alone(inputs, options)
    scenarios = options.scenarios or scenario_set(options.framework, sorted(map(str, inputs.book["currency"].unique())))
    plain = replace(
        pinned(options),
        scenarios=scenarios,
        buckets=regulatory_buckets(),
        behaviour="frozen",
        cap_deposits=False,
        cash_flows=False,
        extrapolation="flat",
        uncovered="overnight",
        exchange_notionals=True,
        tail=Tail.LAST_VALUE,
        runoff_convention="opening_balance" if chosen.prepayment == BY_BUCKET else options.runoff_convention,
    )
    frozen = _Run(inputs, plain, portfolios, chosen, (1.0, 1.0), scenarios)
    runs = {
        pair: _Run(inputs, plain, portfolios, chosen, pair, scenarios.only(names))
        for pair, names in _classes(scenarios)
    }
    held = {name: runs.get(factors_of(name), frozen) for name in scenarios.names[1:]}
    return StandardisedResult(
        _summary(frozen, held, exchange_rates(inputs, Book(inputs.book)), aggregation_of(options)),
        pd.concat([frozen.products(BASE), *(one.products(name) for name, one in held.items())], ignore_index=True),
        pd.concat([one.buckets(name, frozen) for name, one in held.items()], ignore_index=True),
        slots_of(inputs, portfolios, chosen),
    )


def _classes(scenarios: ScenarioSet) -> list[tuple[tuple[float, float], list[str]]]:
    """Distinct pairs of factors other than 1 with the scenarios that have them."""
    found: dict[tuple[float, float], list[str]] = {}
    for name in scenarios.names[1:]:
        found.setdefault(factors_of(name), []).append(name)
    return [(pair, names) for pair, names in found.items() if pair != (1.0, 1.0)]


class _Run:
    """The book with one pair of factors, valued under some scenarios."""

    def __init__(
        self,
        inputs: ValuationInputs,
        options: ValuationOptions,
        portfolios: Sequence[Portfolio],
        framework: Framework,
        factors: tuple[float, float],
        scenarios: ScenarioSet,
    ) -> None:
        rest, deposits = transformed(inputs, portfolios, framework, factors, options.buckets)
        middle = replace(options, scenarios=scenarios, slotting="midpoints")
        if framework.contractual_times == "midpoints":
            whole = pd.concat([rest.book, deposits], ignore_index=True)
            self.parts = [(with_book(rest, whole), middle)]
        else:
            self.parts = [(rest, replace(middle, slotting="day_one"))]
            if len(deposits):
                self.parts.append((with_book(replace(rest, assumptions=None), deposits), middle))
        apart = replace(options, scenarios=scenarios, margins="included", slotting="dates")
        self.results = [(value(one, chosen), 1.0) for one, chosen in self.parts]
        self.results += [(value(one, apart), sign) for one, sign in embedded_limits(inputs)]
        self._cash: Mapping[tuple[str, str], FloatArray] | None = None

    def products(self, scenario: str) -> pd.DataFrame:
        """Present values by product under one scenario."""
        rows = pd.concat([_signed(one.eve, scenario, "present_value", sign) for one, sign in self.results])
        keys = ["scenario", "currency", "product", "side"]
        return rows.groupby(keys)["present_value"].sum().reset_index()

    def eve(self, scenario: str, column: str = "eve") -> pd.Series:
        """EVE, or the option add-on, by currency and in total."""
        rows = pd.concat([_signed(one.eve_summary, scenario, column, sign) for one, sign in self.results])
        return rows.groupby("currency", sort=False)[column].sum()

    def cash(self, scenario: str) -> Mapping[str, FloatArray]:
        """Signed cash by bucket of one scenario, by currency."""
        if self._cash is None:
            self._cash = _cash_by_bucket(self.parts)
        return {currency: cash for (name, currency), cash in self._cash.items() if name == scenario}

    def buckets(self, scenario: str, frozen: _Run) -> pd.DataFrame:
        """One row a bucket and currency: cash of base beside that of the scenario."""
        base, mine = frozen.cash(BASE), self.cash(scenario)
        labels = self.parts[0][1].buckets.labels
        rows = [
            (scenario, label, currency, before, after)
            for currency in sorted(mine)
            for label, before, after in zip(labels, base[currency].tolist(), mine[currency].tolist(), strict=True)
        ]
        return pd.DataFrame(rows, columns=list(BUCKET_COLUMNS))


def _signed(rows: pd.DataFrame, scenario: str, column: str, sign: float) -> pd.DataFrame:
    """Rows of one scenario, one column times a sign."""
    mine = rows[rows["scenario"] == scenario]
    return mine.assign(**{column: sign * mine[column]})


def _cash_by_bucket(parts: Sequence[tuple[ValuationInputs, ValuationOptions]]) -> Mapping[tuple[str, str], FloatArray]:
    found: dict[tuple[str, str], FloatArray] = {}
    for inputs, options in parts:
        _, plan = resolved_plan(inputs, options)
        flows = run(replace(plan, options=replace(plan.options, cash_flows=True)))
        cash = bucketed(monthly_cash(flows, exchanged=True), cash_of_first_days(plan), options.buckets, inputs.as_of)
        signed = flows.groups.sign[None, :, None] * cash
        for place, name in enumerate(flows.scenarios):
            for currency in sorted(set(flows.groups.currency)):
                mine = np.asarray(flows.groups.currency) == currency
                key = (name, currency)
                found[key] = found.get(key, np.zeros(signed.shape[2])) + signed[place, mine].sum(axis=0)
    return found


def _summary(frozen: _Run, held: Mapping[str, _Run], rate: Mapping[str, float], rule: str) -> pd.DataFrame:
    """One row a scenario and currency, then the total. rate : currency -> reporting units. rule : of aggregation."""
    base = frozen.eve(BASE)
    none = pd.Series(0.0, index=base.index)
    rows = _rows(BASE, base, none, none, none, none)
    weight = np.asarray([rate[str(currency)] for currency in base.index.drop(TOTAL)])
    for name, one in held.items():
        eve, added = one.eve(name), one.eve(name, "option_add_on")
        after = eve - base - added
        after[TOTAL] = float(aggregate(after.drop(TOTAL).to_numpy(dtype=np.float64) * weight, rule))
        rows += _rows(name, eve, eve - base, frozen.eve(name) - base, added, after)
    return pd.DataFrame(rows)


def _rows(
    scenario: str, eve: pd.Series, change: pd.Series, without: pd.Series, added: pd.Series, after: pd.Series
) -> list[dict[str, object]]:
    return [
        {
            "scenario": scenario,
            "currency": str(currency),
            "eve": float(eve[currency]),
            "delta_eve": float(change[currency]),
            "delta_eve_frozen": float(without[currency]),
            "option_add_on": float(added[currency]),
            "delta_eve_after_options": float(after[currency]),
            "response": float(change[currency] - without[currency]),
        }
        for currency in eve.index
    ]
