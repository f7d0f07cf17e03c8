"""What moves net interest income on a constant balance sheet: repricing, the bank's own rates, new business.

- `beta`: positions that stay, because the bank sets their rate or nothing renews them, move by their own rate path;
- `repricing`: what is left of any other balance moves by resets, and by how much of it behaviour leaves;
- `new_business`: what is renewed moves by its rate and its amount.

The three add up to the change of the whole, before any mix shift.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pandas as pd

from behavior.engine.plan import Plan, some_of
from behavior.engine.run import run
from behavior.quantities import FloatArray
from behavior.workflows.valuation import ValuationInputs, ValuationOptions
from behavior.workflows.value import resolved_plan

DRIVERS = ("repricing", "beta", "new_business")
YEARS: Mapping[int, tuple[int, int]] = {1: (1, 12), 2: (13, 24)}
"""Year -> first and last month."""


def income_drivers(inputs: ValuationInputs, options: ValuationOptions) -> pd.DataFrame:
    """scenario, year, currency, product, side, repricing, beta, new_business, delta_nii: changes against base.

    Signed as the bank earns them, in the row's currency, on the constant balance sheet before any mix shift.

    Raises
    ------
    As `value`.
    """
    plan = resolved_plan(inputs, options)[1]
    parts = _parts(replace(plan, options=replace(plan.options, cash_flows=False, per_position=False)))
    groups = plan.groups
    tables = []
    for year, (first, last) in YEARS.items():
        by_driver = {
            name: groups.sign * (values - values[:1])[:, :, first : last + 1].sum(axis=2)
            for name, values in parts.items()
        }
        for place, scenario in enumerate(plan.scenarios[1:], start=1):
            table = pd.DataFrame(
                {
                    "scenario": scenario,
                    "year": year,
                    "currency": groups.currency,
                    "product": groups.product,
                    "side": groups.side,
                    **{name: by_driver[name][place] for name in DRIVERS},
                }
            )
            tables.append(table.assign(delta_nii=table[list(DRIVERS)].sum(axis=1)))
    return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame()


def drivers_summary(table: pd.DataFrame, fx: Mapping[str, float]) -> pd.DataFrame:
    """scenario, year, product, side, repricing, beta, new_business, delta_nii: in the reporting currency.

    table : of `income_drivers`. fx : currency -> reporting units.
    """
    if table.empty:
        return table
    money = [*DRIVERS, "delta_nii"]
    worth = table.assign(**{name: table[name] * table["currency"].map(fx).astype(float) for name in money})
    return worth.groupby(["scenario", "year", "product", "side"], sort=False, as_index=False)[money].sum()


def _parts(plan: Plan) -> dict[str, FloatArray]:
    """Interest by driver, (scenarios, groups, 61), unsigned."""
    whole = run(plan)
    stays = np.flatnonzero(plan.records["stays"] != 0)
    if not len(stays):
        return dict(
            zip(DRIVERS, (whole.income, np.zeros_like(whole.income), whole.constant - whole.income), strict=True)
        )
    held = run(some_of(plan, stays))
    left = whole.income - held.income
    return dict(zip(DRIVERS, (left, held.constant, whole.constant - held.constant - left), strict=True))
