"""Small assumption sets that several test folders build on."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import numpy as np

from behavior.assumptions.curve import AssumptionCurve
from behavior.assumptions.effects import Direction, Driver, Effect, MonthMeaning, View
from behavior.assumptions.segments import Band, SegmentScheme
from behavior.assumptions.set import AssumptionSet, AssumptionTable, DriverTerms, Provenance
from behavior.quantities import FloatArray, Quantity

NO_MONTHS = np.empty(0, dtype=np.int64)
AS_OF = dt.date(2026, 9, 30)
MONDAY = dt.datetime(2026, 10, 5, 9, 0, tzinfo=dt.UTC)


def prepayment(
    seed: int = 1, segments: tuple[tuple[str, str], ...] = (("fixed", "0-100000"), ("fixed", "pooled"))
) -> AssumptionTable:
    """Payoff by incentive and months in the money, 360 months, with bands, exposure and a season."""
    random = np.random.default_rng(seed)
    grids = {Driver.RATE_INCENTIVE: np.array([-0.02, 0.0, 0.015]), Driver.MONTHS_IN_THE_MONEY: np.array([0.0, 24.0])}
    curves = []
    for segment in segments:
        values = random.uniform(0.0, 0.05, (3, 2, 360))
        exposure = np.where(np.arange(360) < 180, 100.0, 0.0) * np.ones((3, 2, 1))
        curves.append(
            AssumptionCurve(
                segment,
                np.arange(1, 361),
                grids,
                values,
                lower=0.9 * values,
                upper=1.1 * values,
                exposure_months=exposure,
            )
        )
    return AssumptionTable(
        name="prepayment",
        effect=Effect.RUNOFF,
        quantity=Quantity.MONTHLY_HAZARD,
        scheme=SegmentScheme(("product", "balance_band"), {"balance_band": Band("balance", (100_000.0, 250_000.0))}),
        curves=tuple(curves),
        cause="payoff",
        month_meaning=MonthMeaning.SINCE_ORIGINATION,
        drivers=tuple(grids),
        terms=DriverTerms("MORTGAGE30", 120, 1, 0.005),
        season=(0.85, 0.86, 0.98, 1.02, 1.08, 1.12, 1.1, 1.1, 1.02, 1.0, 0.95, 0.92),
        averaged_over={"book": "sha256 0f", "covariates": "credit_score, ltv", "macros": "held"},
        provenance=Provenance("mortgage_prepayment", 7, "aa", "bb", "1.4.0", "run", validation="validated by V"),
    )


def decay(months: int = 120, seed: int = 2) -> AssumptionTable:
    """Withdrawal in both views."""
    random = np.random.default_rng(seed)
    curves = tuple(
        AssumptionCurve((kind,), np.arange(1, months + 1), {}, random.uniform(0, 0.03, months), view=view)
        for kind in ("retail", "pooled")
        for view in View
    )
    return AssumptionTable(
        "decay",
        Effect.RUNOFF,
        Quantity.MONTHLY_HAZARD,
        SegmentScheme(("customer_type",)),
        curves,
        cause="withdrawal",
        month_meaning=MonthMeaning.SINCE_AS_OF,
    )


def target(levels: FloatArray | None = None, marginal: FloatArray | None = None) -> AssumptionTable:
    """Marginal pass-through of savings by level of the short rate."""
    grid = np.array([0.0, 0.02, 0.05]) if levels is None else levels
    values = np.array([0.1, 0.4, 0.55]) if marginal is None else marginal
    curve = AssumptionCurve(("savings",), NO_MONTHS, {Driver.RATE_LEVEL: grid}, values)
    return AssumptionTable(
        "target",
        Effect.REPRICING,
        Quantity.MARGINAL_PASS_THROUGH,
        SegmentScheme(("product",)),
        (curve,),
        drivers=(Driver.RATE_LEVEL,),
        terms=DriverTerms("FEDFUNDS"),
    )


def speed(up: float = 0.1, down: float = 0.3, delay: int = 1) -> AssumptionTable:
    """Monthly adjustment of savings, by direction."""
    curves = tuple(
        AssumptionCurve(("savings",), NO_MONTHS, {}, np.array(share), direction=direction)
        for share, direction in ((up, Direction.UP), (down, Direction.DOWN))
    )
    return AssumptionTable(
        "speed",
        Effect.REPRICING,
        Quantity.MONTHLY_ADJUSTMENT,
        SegmentScheme(("product",)),
        curves,
        delay_months={Direction.UP: delay, Direction.DOWN: 0},
    )


def example_set(set_id: str = "2026-09-30.r1", **changes: object) -> AssumptionSet:
    """A set of every effect's usual tables."""
    return replace(AssumptionSet(set_id, AS_OF, (prepayment(), decay(), target(), speed())), **changes)


def flat_decay(hazard: float, months: int = 120, **changes: object) -> AssumptionTable:
    """One constant monthly hazard."""
    curve = AssumptionCurve((), np.arange(1, months + 1), {}, np.full(months, hazard))
    table = AssumptionTable(
        "flat",
        Effect.RUNOFF,
        Quantity.MONTHLY_HAZARD,
        SegmentScheme(()),
        (curve,),
        cause="withdrawal",
        month_meaning=MonthMeaning.SINCE_AS_OF,
    )
    return replace(table, **changes)
