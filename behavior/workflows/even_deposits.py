"""Deposits without maturity as even run-off: each row as what repays the same amount every month.

Interest follows the row's own rate path, whatever its balance does, so that such a row is an ordinary linear position.
A core that lives M years on average leaves evenly over (0, 2 M], at month ends. Over T months the average life so
counted is (T + 1) / 2 months. T is chosen so that it is M; between two whole T, part of the core leaves over each.

Source: BCBS d368 (April 2016), standardised framework, slotting of core deposits.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from behavior.assumptions.effects import Effect
from behavior.assumptions.set import AssumptionSet
from behavior.engine.plan import Plan, with_column
from behavior.engine.run import run
from behavior.measures.further_groups import keys_of
from behavior.months import roll_months
from behavior.quantities import MONTHS_PER_YEAR, FloatArray, IntArray
from behavior.workflows.valuation import ValuationInputs, ValuationOptions
from behavior.workflows.value import resolved_plan
from behavior.workflows.value_overlays import with_deposit_costs


def even_months(years: float) -> float:
    """Months over which a balance leaves evenly, at month ends, with an average life of so many years; at least 1."""
    return max(2.0 * MONTHS_PER_YEAR * years - 1.0, 1.0)


def even_value(
    plan: Plan, rows: IntArray, months: FloatArray, inputs: ValuationInputs, options: ValuationOptions
) -> FloatArray:
    """Present values of some positions of a plan when their balances leave evenly: (scenarios, groups of the plan).

    Parameters
    ----------
    rows : places in the plan. months : (positions of the plan,), over which each leaves; see `even_months`.
    """
    found = np.zeros((len(plan.scenarios), len(plan.groups)))
    if not len(rows):
        return found
    table, of_row = even_book(plan, rows, months)
    # Margins are those of the plan: what calibrates it was found on the run-off as modelled.
    margins = "included" if options.margins == "calibrated" else options.margins
    plain = replace(options, extrapolation="flat", deposit_costs=False, deposit_life_factor=1.0, margins=margins)
    alone = replace(inputs, book=table, schedule=None, assumptions=without_runoff(inputs.assumptions))
    made = resolved_plan(alone, plain)[1]
    made = with_column(made, "spread_discount", plan.positions.spread_discount[of_row[made.order]])
    if options.deposit_costs:
        made = with_deposit_costs(made, np.ones(len(made.order), dtype=np.bool_))
    places = {key: place for place, key in enumerate(keys_of(plan.groups))}
    mine = [places[key] for key in keys_of(made.groups)]
    found[:, mine] = run(made).value
    return found


def even_book(plan: Plan, rows: IntArray, months: FloatArray) -> tuple[pd.DataFrame, IntArray]:
    """Linear positions in place of some rows, a row or two for each, and the place in the plan that each came from."""
    source = plan.terms.book.table.iloc[plan.order[rows]]
    balance = plan.positions.balance[rows]
    whole = np.floor(months[rows] + 1e-9)
    longer = np.clip(months[rows] - whole, 0.0, 1.0)
    parts = []
    for number, term, share in ((0, whole, 1.0 - longer), (1, whole + 1, longer)):
        held = np.flatnonzero(share * balance > 0)
        names = source["position_id"].astype(str).to_numpy()[held]
        parts.append(
            source.iloc[held].assign(
                position_id=[f"{name}, even part {number + 1}" for name in names],
                balance=(balance * share)[held],
                repayment="linear",
                payment_months=1,
                maturity_date=roll_months(plan.terms.as_of, term[held].astype(np.int64)),
            )
        )
        parts[-1]["_place"] = rows[held]
    joined = pd.concat(parts, ignore_index=True)
    return joined.drop(columns="_place"), joined["_place"].to_numpy(dtype=np.int64)


def without_runoff(assumptions: AssumptionSet | None) -> AssumptionSet | None:
    """The set without what takes balances off: rates still follow the market."""
    if assumptions is None:
        return None
    tables = tuple(table for table in assumptions.tables if table.effect is not Effect.RUNOFF)
    return replace(assumptions, tables=tables) if tables else None
