"""The tables of mortgage prepayment, one a cause: averaged over the loans at risk, and held to the model's totals."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from behavior.assumptions.curve import AssumptionCurve
from behavior.assumptions.effects import Driver, Effect, MonthMeaning
from behavior.assumptions.set import AssumptionTable, DriverTerms, Provenance
from behavior.assumptions.spending import spent_hazard
from behavior.estimators.spline_hazard import rows_of
from behavior.features.base import FeatureMatrix
from behavior.features.prepayment import FEATURES
from behavior.kinds import _prepayment_export as export_grid
from behavior.kinds._prepayment_learning import SMALL_CAUSES, stiff
from behavior.kinds._prepayment_panel import rules_of
from behavior.kinds._prepayment_penalties import ENDS, PENALTY, PenaltiesOfRows, PenaltyPhase
from behavior.kinds._prepayment_raking import rake
from behavior.kinds._prepayment_resets import Resets
from behavior.kinds._prepayment_segments import as_in_a_book, by_rate, curves_by_rate, of_assets
from behavior.kinds._segments import curves_wanted, scheme_of
from behavior.kinds.base import ExportContext, FittedModel
from behavior.months import month_number
from behavior.panel.base import Panel
from behavior.quantities import FloatArray, IntArray, Quantity

DRIVERS = (Driver.RATE_INCENTIVE, Driver.MONTHS_IN_THE_MONEY)
LEVEL_MONTHS = 36
"""Last months whose totals a table with drivers is held to; one without speaks of today's rates, of the last alone."""
LEAST_ROWS = 30
"""Loan-months below which a curve is averaged over all months, and not held to the model's totals."""
DRIVEN = ("incentive", "months_in_the_money")
"""Features that a curve with drivers has an axis for."""
AXES = ("age_months", "month_of_year", "fixed_period", "reset_phase", PENALTY)
"""Features that every curve or its season has an axis for."""


def export(fitted: FittedModel, context: ExportContext) -> tuple[AssumptionTable, ...]:
    """One table a cause: payoff by incentive, months in the money and age, the others by age."""
    causes = [name for name in ("payoff", *SMALL_CAUSES) if name in fitted.estimators]
    matrix = fitted.estimators["inputs"].matrix(context.panel, FEATURES)
    held = export_grid.macros_held(matrix, month_number(context.panel.table["month"]))
    return tuple(_table(fitted, context.panel, held, cause) for cause in causes)


def _table(fitted: FittedModel, panel: Panel, held: FeatureMatrix, cause: str) -> AssumptionTable:
    """A cause's table; `held` is the panel's matrix with macros held as curves hold them."""
    spec = fitted.spec
    rules = rules_of(spec)
    model = fitted.estimators[cause]
    rival = _rival(fitted, cause)
    drivers = DRIVERS if cause == "payoff" else ()
    axes = (*DRIVEN, *AXES) if drivers else AXES
    table = panel.table
    weight = table["weight"].to_numpy()
    last = (table["month"] == table["month"].max()).to_numpy()
    season = export_grid.season_of(model, held, weight, spec.split.seed)
    phase, months = PenaltyPhase(fitted.estimators["inputs"].extra.get(ENDS, {}), spec), spec.export.months
    ends = phase.months(table)
    curves: tuple[AssumptionCurve, ...] = ()
    for segment, mask in curves_by_rate(table, spec) if by_rate(spec) else curves_wanted(table, spec):
        rows = mask & last if (mask & last).sum() >= LEAST_ROWS else mask
        own, resets = table.loc[mask, [*DRIVEN, "age_months"]], Resets.of(table, mask, rows)
        penalties = PenaltiesOfRows(phase, ends[rows])
        grid = export_grid.grid_for(
            own["incentive"].to_numpy(),
            own["months_in_the_money"].to_numpy(),
            months,
            drivers,
            [*(resets.ages(months) if "reset_phase" in held.names else ()), *penalties.ages(months)],
            table["incentive"].to_numpy()[rows],
        )
        part = held.with_values(held.values[rows])
        values, error = export_grid.surface(model, rival, part, weight[rows], grid, season, (resets, penalties))
        seen = export_grid.exposure(own, grid)
        curves = (*curves, export_grid.make_curve(segment, grid, drivers, values, error, seen))
    scheme = scheme_of(spec)
    if by_rate(spec):
        scheme, curves = of_assets(scheme, curves)
    made = AssumptionTable(
        name=spec.model.name or "mortgage_prepayment" if cause == "payoff" else f"mortgage_{cause}",
        effect=Effect.RUNOFF,
        quantity=Quantity.MONTHLY_HAZARD,
        scheme=scheme,
        curves=curves,
        cause=cause,
        month_meaning=MonthMeaning.SINCE_ORIGINATION,
        drivers=drivers,
        terms=DriverTerms(
            index=None if rules.market == "mortgage" else rules.market,
            tenor_months=spec.options.get("driver_tenor_months", 120),
            lag_months=rules.lag_months,
            in_the_money_above=rules.in_the_money_above,
        ),
        season=season,
        averaged_over={
            "book": f"loans at risk in the last month of history, by balance, near each age: sha256 "
            f"{export_grid.digest_of(table['unit'].to_numpy()[last])}",
            "covariates": ", ".join(name for name in held.names if name not in axes),
            "macros": export_grid.macros_in_words(model, held, weight, last),
        },
        provenance=Provenance(model=spec.model.name or spec.model.kind, spec_digest=spec.digest),
    )
    return _levelled(made, panel, held, model)


def _rival(fitted: FittedModel, cause: str) -> Any | None:
    """The freer form of the same cause, which says how much a stiff form leaves open; none for a free one."""
    return fitted.challengers.get("challenger", {}).get(cause) if stiff(fitted.estimators[cause]) else None


def _levelled(table: AssumptionTable, panel: Panel, held: FeatureMatrix, model: Any) -> AssumptionTable:
    """Each curve held to the model along its axes over the last years by balance, averaging and grid included.

    The model speaks of rows with macros `held` as the curve holds them: those of the last years, where they moved, are
    not those that the curve is spent under. Nor are their rates where a table has no axis for them.
    """
    month = month_number(panel.table["month"])
    months = LEVEL_MONTHS if table.drivers else 1
    late = month > month.max() - months
    recent = panel.rows(late)
    values, curve = table_values(table, recent)
    weight, target = recent.table["weight"].to_numpy(), model.predict_hazard(rows_of(held, late))
    names = {"incentive": "incentive", "burnout": "months_in_the_money"} if table.drivers else {}
    axes = {axis: recent.table[name].to_numpy() for axis, name in {**names, "age": "age_months"}.items()}
    curves = []
    for place, one in enumerate(table.curves):
        mine = curve == place
        if mine.sum() < LEAST_ROWS or float((weight * values)[mine].sum()) <= 0:
            curves.append(one)
            continue
        own = {axis: held[mine] for axis, held in axes.items()}
        curves.append(export_grid.raked(one, rake(own, values[mine], target[mine], weight[mine])))
    span = f"{months} months" if months > 1 else "month"
    words = f"held to the model's totals along the axes over the last {span} by balance"
    return replace(table, curves=tuple(curves), averaged_over={**table.averaged_over, "level": words})


def table_values(table: AssumptionTable, panel: Panel) -> tuple[FloatArray, IntArray]:
    """Hazard of each row from the table, season included, and the place of its curve; shape (rows,) each."""
    rows = as_in_a_book(panel.table)
    months = np.maximum(rows["age_months"].to_numpy().astype(np.int64), 1)
    drivers = {
        Driver.RATE_INCENTIVE: rows["incentive"].to_numpy(),
        Driver.MONTHS_IN_THE_MONEY: rows["months_in_the_money"].to_numpy(),
    }
    return spent_hazard(table, rows, months, drivers, pd.DatetimeIndex(rows["month"]).month)
