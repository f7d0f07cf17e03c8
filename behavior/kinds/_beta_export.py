"""Fitted pass-through laws as assumption tables (target and speed), and tables back as laws."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from behavior.assumptions.curve import AssumptionCurve
from behavior.assumptions.effects import POOLED, Direction, Driver, Effect
from behavior.assumptions.pass_through_path import PassThroughLaw, RestingRate
from behavior.assumptions.segments import Band, SegmentScheme
from behavior.assumptions.set import AssumptionTable, DriverTerms
from behavior.estimators.pass_through import StructuralPassThrough
from behavior.estimators.pass_through_laws import SegmentLaw
from behavior.quantities import FloatArray, Quantity
from behavior.specs import ModelSpec

TARGET, SPEED = "deposit_beta_target", "deposit_beta_speed"
NO_MONTHS = np.zeros(0, dtype=np.int64)


def level_grid(knots: FloatArray, step: float, margin: float) -> FloatArray:
    """Short-rate levels of the exported table: the fit's knots, and round steps out to `margin` beyond them.

    Between knots the marginal is linear, so knots lose nothing; what lies outside them is flat and has exposure 0.
    """
    low, high = float(knots[0]), float(knots[-1])
    below = np.arange(np.floor((low - margin) / step), np.ceil(low / step)) * step
    above = np.arange(np.floor(high / step) + 1, np.ceil((high + margin) / step) + 1) * step
    near = 0.2 * step
    return np.concatenate([below[below < low - near], knots, above[above > high + near]])


def tables_of(model: StructuralPassThrough, spec: ModelSpec) -> tuple[AssumptionTable, ...]:
    """One target table, and one speed table for each pair of delays (the manifest holds one pair a table)."""
    options = spec.export.options
    grid = level_grid(
        model.layout_.knots, float(options.get("level_step", 0.0025)), float(options.get("level_margin", 0.02))
    )
    scheme = SegmentScheme(
        spec.segments.by, {name: Band(band.column, band.edges) for name, band in spec.segments.bands.items()}
    )
    index = spec.options.get("index", "short")
    terms = DriverTerms(index=None if index == "short" else str(index))
    target = AssumptionTable(
        name=TARGET,
        effect=Effect.REPRICING,
        quantity=Quantity.MARGINAL_PASS_THROUGH,
        scheme=scheme,
        curves=tuple(_target_curve(model, law, grid) for law in model.laws_),
        drivers=(Driver.RATE_LEVEL,),
        terms=terms,
        resting_rates=resting_rates(model),
    )
    parts = speed_parts(model.laws_)
    names = [SPEED] if len(parts) == 1 else [f"{SPEED}_{number}" for number in range(1, len(parts) + 1)]
    speeds = [_speed_table(model, name, part, scheme, terms) for name, part in zip(names, parts, strict=True)]
    return (target, *speeds)


def resting_rates(model: StructuralPassThrough) -> dict[tuple[str, ...], RestingRate]:
    """Where each segment's own target stands: the mean over its sources, at the fit's reference level."""
    reference = model.layout_.reference
    return {
        law.segment: RestingRate(reference, float(np.mean(list(law.levels.values()))))
        for law in model.laws_
        if law.levels
    }


def speed_parts(laws: Sequence[SegmentLaw]) -> list[list[SegmentLaw]]:
    """Laws by table: one table holds one pair of delays, and the first table that fits a row is the one that is used.

    So with several pairs the own curves come first and the fallbacks after them, the most specific ones first.
    """
    if len({law.delays for law in laws}) == 1:
        return [list(laws)]
    keys = sorted({(law.segment.count(POOLED), law.delays) for law in laws})
    return [[law for law in laws if (law.segment.count(POOLED), law.delays) == key] for key in keys]


def _band(replicates: FloatArray, confidence: float) -> tuple[FloatArray, FloatArray]:
    tail = (1.0 - confidence) / 2.0
    low, high = np.quantile(replicates, [tail, 1.0 - tail], axis=0)
    return np.asarray(low), np.asarray(high)


def _marginals(model: StructuralPassThrough, structural: FloatArray) -> FloatArray:
    head = np.zeros((*structural.shape[:-1], model.layout_.structural.start))
    return model.layout_.marginals(np.concatenate([head, structural], axis=-1))


def _target_curve(model: StructuralPassThrough, law: SegmentLaw, grid: FloatArray) -> AssumptionCurve:
    knots = model.layout_.knots
    values = np.interp(grid, knots, _marginals(model, law.parameters))
    lower = upper = None
    if law.replicates.size:
        many = np.stack([np.interp(grid, knots, one) for one in _marginals(model, law.replicates)])
        lower, upper = _band(many, model.options.confidence)
        lower, upper = np.minimum(lower, values), np.maximum(upper, values)
    inside = (grid >= knots[0] - 1e-12) & (grid <= knots[-1] + 1e-12)
    nearest = np.abs(grid[:, None] - knots).argmin(axis=1)
    exposure = np.where(inside, law.level_months[nearest], 0.0)
    return AssumptionCurve(
        segment=law.segment,
        months=NO_MONTHS,
        driver_grids={Driver.RATE_LEVEL: grid},
        values=values,
        lower=lower,
        upper=upper,
        exposure_months=exposure,
    )


def _speed_table(
    model: StructuralPassThrough, name: str, members: Sequence[SegmentLaw], scheme: SegmentScheme, terms: DriverTerms
) -> AssumptionTable:
    pair = members[0].delays
    return AssumptionTable(
        name=name,
        effect=Effect.REPRICING,
        quantity=Quantity.MONTHLY_ADJUSTMENT,
        scheme=scheme,
        curves=tuple(_speed_curve(model, law, side) for law in members for side in (Direction.UP, Direction.DOWN)),
        terms=terms,
        delay_months={Direction.UP: pair[0], Direction.DOWN: pair[1]},
    )


def _speed_curve(model: StructuralPassThrough, law: SegmentLaw, direction: Direction) -> AssumptionCurve:
    at = -2 if direction is Direction.UP else -1
    value = np.exp(law.parameters[at])
    lower = upper = None
    if law.replicates.size:
        low, high = _band(np.exp(law.replicates[:, at]), model.options.confidence)
        lower, upper = np.array(min(float(low), float(value))), np.array(max(float(high), float(value)))
    return AssumptionCurve(
        segment=law.segment,
        months=NO_MONTHS,
        driver_grids={},
        values=np.array(float(value)),
        direction=direction,
        lower=lower,
        upper=upper,
        exposure_months=np.array(law.direction_months[0 if direction is Direction.UP else 1]),
    )


def law_from_tables(tables: Sequence[AssumptionTable], segment: tuple[str, ...]) -> PassThroughLaw | None:
    """The law that a set of tables gives a segment (own curve, else the most specific pooled one); None without."""
    target = _best(_candidates(tables, Quantity.MARGINAL_PASS_THROUGH, None), segment)
    up = _best(_candidates(tables, Quantity.MONTHLY_ADJUSTMENT, Direction.UP), segment)
    down = _best(_candidates(tables, Quantity.MONTHLY_ADJUSTMENT, Direction.DOWN), segment)
    if target is None or up is None or down is None:
        return None
    levels = np.asarray(target[1].driver_grids.get(Driver.RATE_LEVEL, np.zeros(1)), dtype=np.float64)
    return PassThroughLaw(
        levels=levels,
        marginal=np.asarray(target[1].values, dtype=np.float64).reshape(levels.size),
        up=float(np.asarray(up[1].values).reshape(-1)[0]),
        down=float(np.asarray(down[1].values).reshape(-1)[0]),
        delay_up=int(up[0].delay_months.get(Direction.UP, 0)),
        delay_down=int(down[0].delay_months.get(Direction.DOWN, 0)),
    )


Candidate = tuple[AssumptionTable, AssumptionCurve]


def _candidates(tables: Sequence[AssumptionTable], quantity: Quantity, direction: Direction | None) -> list[Candidate]:
    return [
        (table, curve)
        for table in tables
        if table.effect is Effect.REPRICING and table.quantity is quantity
        for curve in table.curves
        if direction is None or curve.direction in (None, direction)
    ]


def _best(candidates: Sequence[Candidate], segment: tuple[str, ...]) -> Candidate | None:
    matching = [
        one
        for one in candidates
        if all(label in (POOLED, wanted) for label, wanted in zip(one[1].segment, segment, strict=True))
    ]
    return min(matching, key=lambda one: sum(label == POOLED for label in one[1].segment), default=None)
