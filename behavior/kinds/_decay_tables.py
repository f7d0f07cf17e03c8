"""The tables of deposit decay: withdrawals in both views and moves, for the accounts open in the last month."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from behavior.assumptions.curve import AssumptionCurve
from behavior.assumptions.effects import Driver, Effect, MonthMeaning
from behavior.assumptions.set import AssumptionTable, Provenance
from behavior.estimators.spline_hazard import rows_of
from behavior.features.base import FeatureMatrix
from behavior.features.decay import FEATURES
from behavior.kinds import _decay_export as carry
from behavior.kinds._decay_curves import segment_curves
from behavior.kinds._decay_fit import level_codes
from behavior.kinds._inputs import ModelInputs
from behavior.kinds._prepayment_export import digest_of, season_of
from behavior.kinds._segments import curves_wanted, scheme_of, segment_name
from behavior.kinds.base import ExportContext, FittedModel
from behavior.quantities import Quantity
from behavior.specs import ModelSpec

DRIVERS = (Driver.RATE_SPREAD,)


def export(fitted: FittedModel, context: ExportContext) -> tuple[AssumptionTable, ...]:
    """Withdrawal in both views, and moves into other products, by month since as-of and spread."""
    spec, table = fitted.spec, context.panel.table
    inputs: ModelInputs = fitted.estimators["inputs"]
    matrix = inputs.matrix(context.panel, FEATURES)
    levels = tuple(inputs.extra["segments"])
    codes = level_codes(table, spec, levels)
    drivers = DRIVERS if inputs.extra["with_spread"] else ()
    grid = carry.months_grid(spec.export.months)
    last = (table["month"] == table["month"].max()).to_numpy()
    last = last & ((table["closed"].to_numpy() + table["migrated"].to_numpy()) == 0)
    weight = np.maximum(np.nan_to_num(table["balance_end"].to_numpy()), 1e-6)
    seasons = {
        role: season_of(fitted.estimators[role], matrix, weight, spec.split.seed) for role in ("closure", "migrated")
    }
    withdrawal: list[AssumptionCurve] = []
    migrated: list[AssumptionCurve] = []
    clipped: dict[str, float] = {}
    for segment, mask in curves_wanted(table, spec):
        rows = np.flatnonzero(mask & last) if (mask & last).any() else np.flatnonzero(mask)
        place = _level(levels, segment)
        matrix_now = carry.at_as_of(rows_of(matrix, rows), weight[rows], fitted.estimators["closure"])
        accounts = carry.OpenAccounts(matrix_now, weight[rows], codes[rows])
        made = segment_curves(fitted, accounts, table[mask], segment, place, grid, drivers, seasons)
        withdrawal += made[0]
        migrated += made[1]
        clipped[segment_name(segment)] = made[2]
    shared = _shared(table, last, matrix, clipped)
    name = spec.model.name or "nmd_decay"
    tables = [_make_table(name, "withdrawal", withdrawal, drivers, seasons["closure"], shared, spec)]
    if any(curve.values.max() > 0 for curve in migrated):
        tables.append(_make_table(f"{name}_migrated", "migrated", migrated, drivers, seasons["migrated"], shared, spec))
    return tuple(tables)


def _level(levels: tuple[str, ...], segment: tuple[str, ...]) -> int:
    text = segment_name(segment)
    return levels.index(text) if text in levels else -1


def _shared(table: pd.DataFrame, last: Any, matrix: FeatureMatrix, clipped: Mapping[str, float]) -> dict[str, str]:
    axes = ("spread", "age_months", "month_of_year")
    return {
        "book": f"accounts open at the last month, by balance, each carried forward at its own age: sha256 "
        f"{digest_of(table['unit'].to_numpy()[last])}",
        "covariates": ", ".join(name for name in matrix.names if name not in axes),
        "macros": "held at their last values; spread constant along each path",
        "inflows clipped in the first year": ", ".join(
            f"{name}: {share:.1%} of balance" for name, share in clipped.items()
        ),
    }


def _make_table(
    name: str,
    cause: str,
    curves: list[AssumptionCurve],
    drivers: tuple[Driver, ...],
    season: tuple[float, ...],
    shared: Mapping[str, str],
    spec: ModelSpec,
) -> AssumptionTable:
    return AssumptionTable(
        name=name,
        effect=Effect.RUNOFF,
        quantity=Quantity.MONTHLY_HAZARD,
        scheme=scheme_of(spec),
        curves=tuple(curves),
        cause=cause,
        month_meaning=MonthMeaning.SINCE_AS_OF,
        drivers=drivers,
        season=season,
        averaged_over=shared,
        provenance=Provenance(model=spec.model.name or spec.model.kind, spec_digest=spec.digest),
    )
