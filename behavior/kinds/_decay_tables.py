"""The tables of deposit decay: withdrawals in both views and moves, for the accounts open in the last month."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from behavior.assumptions.curve import AssumptionCurve
from behavior.assumptions.effects import Driver, Effect, MonthMeaning
from behavior.assumptions.set import AssumptionTable, Provenance
from behavior.estimators.spline_hazard import rows_of
from behavior.features.base import FeatureMatrix
from behavior.features.decay import FEATURES
from behavior.kinds import _decay_export as carry
from behavior.kinds._decay_book import accounts_of, balances_of, open_book
from behavior.kinds._decay_curves import segment_curves
from behavior.kinds._inputs import ModelInputs
from behavior.kinds._prepayment_export import digest_of, season_of
from behavior.kinds._segments import curves_wanted, scheme_of, segment_codes, segment_name
from behavior.kinds.base import ExportContext, FittedModel
from behavior.quantities import AnyArray, Quantity
from behavior.specs import ModelSpec

DRIVERS = (Driver.RATE_SPREAD,)


def export(fitted: FittedModel, context: ExportContext) -> tuple[AssumptionTable, ...]:
    """Withdrawal in both views, and moves into other products, by month since as-of and spread."""
    spec, table = fitted.spec, context.panel.table
    inputs: ModelInputs = fitted.estimators["inputs"]
    matrix = inputs.matrix(context.panel, FEATURES)
    drivers = DRIVERS if inputs.extra["with_spread"] else ()
    grid = carry.months_grid(spec.export.months)
    book = open_book(fitted, context.panel, matrix)
    weight = balances_of(table)
    seasons = {
        role: season_of(fitted.estimators[role], matrix, weight, spec.split.seed) for role in ("closure", "migrated")
    }
    withdrawal: list[AssumptionCurve] = []
    migrated: list[AssumptionCurve] = []
    clipped: dict[str, float] = {}
    codes, labels = segment_codes(table, scheme_of(spec))
    for segment, mask in curves_wanted(table, spec):
        alone = {labels[code] for code in np.unique(codes[mask])} == {segment}
        rows, place = table[mask], _level(inputs.extra["segments"], segment)
        accounts = book.of_segment(segment, alone) or accounts_of(fitted, rows, rows_of(matrix, mask))
        made = segment_curves(fitted, accounts, rows, segment, place, grid, drivers, seasons)
        withdrawal += made[0]
        migrated += made[1]
        clipped[segment_name(segment)] = made[2]
    shared = _shared(book.units, matrix, clipped)
    name = spec.model.name or "nmd_decay"
    tables = [_make_table(name, "withdrawal", withdrawal, drivers, seasons["closure"], shared, spec)]
    if any(curve.values.max() > 0 for curve in migrated):
        tables.append(_make_table(f"{name}_migrated", "migrated", migrated, drivers, seasons["migrated"], shared, spec))
    return tuple(tables)


def _level(levels: Sequence[str], segment: tuple[str, ...]) -> int:
    text = segment_name(segment)
    return list(levels).index(text) if text in levels else -1


def _shared(units: AnyArray, matrix: FeatureMatrix, clipped: Mapping[str, float]) -> dict[str, str]:
    axes = ("spread", "age_months", "month_of_year")
    return {
        "book": f"accounts open when the last month ends, by balance, each carried forward at its own age: sha256 "
        f"{digest_of(units)}",
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
