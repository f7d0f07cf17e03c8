"""REPRICING tables read as one law, and the betas, half-lives and lags that are readings of it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from behavior.assumptions.curve import AssumptionCurve
from behavior.assumptions.effects import Direction, Driver
from behavior.assumptions.matching import best_curve, select_curves
from behavior.assumptions.pass_through_path import NO_FLOOR, PassThroughLaw, RestingRate, rate_paid_path
from behavior.assumptions.set import AssumptionTable
from behavior.errors import BehaviorError
from behavior.quantities import FloatArray, Quantity


def pass_through_law(
    target: AssumptionCurve,
    adjustment: Mapping[Direction, AssumptionCurve] | None = None,
    delay_months: Mapping[Direction, int] | None = None,
) -> PassThroughLaw:
    """The law of one segment from its curves.

    Parameters
    ----------
    target : MARGINAL_PASS_THROUGH by RATE_LEVEL; without that axis the pass-through is one constant.
    adjustment : MONTHLY_ADJUSTMENT by direction; without one the whole distance closes in its first month.
    delay_months : months before an adjustment starts, by direction.

    Raises
    ------
    BehaviorError : the target has another driver, or months.
    """
    others = [str(driver) for driver in target.driver_grids if driver is not Driver.RATE_LEVEL]
    if others or len(target.months):
        raise BehaviorError(
            f"curve {target.label}: found {', '.join(others) or 'months'}, expected pass-through by RATE_LEVEL alone."
        )
    levels = np.asarray(target.driver_grids.get(Driver.RATE_LEVEL, np.zeros(1)), dtype=np.float64)
    speeds, delays = adjustment or {}, delay_months or {}
    return PassThroughLaw(
        levels=levels,
        marginal=np.asarray(target.values, dtype=np.float64).reshape(len(levels)),
        up=_share(speeds.get(Direction.UP)),
        down=_share(speeds.get(Direction.DOWN)),
        delay_up=int(delays.get(Direction.UP, 0)),
        delay_down=int(delays.get(Direction.DOWN, 0)),
    )


def _share(curve: AssumptionCurve | None) -> float:
    return 1.0 if curve is None else float(np.asarray(curve.values).reshape(-1)[0])


def speeds_of(
    tables: Sequence[AssumptionTable], segment: tuple[str, ...]
) -> tuple[dict[Direction, AssumptionCurve], dict[Direction, int]]:
    """Adjustment curve and delay of one segment by direction, from the first table that has a curve for it.

    Parameters
    ----------
    tables : any; only MONTHLY_ADJUSTMENT tables with as many segment columns as `segment` has labels are asked.
    """
    curves: dict[Direction, AssumptionCurve] = {}
    delays: dict[Direction, int] = {}
    for table in tables:
        if table.quantity is not Quantity.MONTHLY_ADJUSTMENT or len(table.scheme.columns) != len(segment):
            continue
        for direction in Direction:
            place, _ = best_curve(segment, table, select_curves(table, None, direction))
            if place >= 0 and direction not in curves:
                curves[direction] = table.curves[place]
                delays[direction] = table.delay_months.get(direction, 0)
    return curves, delays


def resting_rate(tables: Sequence[AssumptionTable], segment: tuple[str, ...]) -> RestingRate | None:
    """Long-run rate paid that goes with a segment's own target curve; None for a fallback or where it is unknown."""
    for table in tables:
        if table.quantity is Quantity.MARGINAL_PASS_THROUGH and segment in table.resting_rates:
            return table.resting_rates[segment]
    return None


def half_life_months(adjustment: float) -> float:
    """Months in which half the distance closes, delay not counted: ln 0.5 / ln(1 - a); 0 at once, infinite if never."""
    if adjustment >= 1.0:
        return 0.0
    return math.inf if adjustment <= 0.0 else math.log(0.5) / math.log1p(-adjustment)


def long_run_beta(law: PassThroughLaw, old: float, new: float) -> float:
    """Share of a move of the short rate that is passed on in the long run, rate per rate.

    Raises
    ------
    BehaviorError : the two levels are the same, where a beta is undefined.
    """
    if old == new:
        raise BehaviorError(f"found a move from {old:g} to {new:g}; a beta needs two different levels.")
    return float(law.target_change(old, new)) / (new - old)


def pass_through_by_lag(law: PassThroughLaw, old: float, new: float, months: int) -> FloatArray:
    """Cumulative pass-through of one step, shape (months,), rate per rate; entry 0 is the month of the change.

    Raises
    ------
    BehaviorError : the two levels are the same.
    """
    return cycle_path(law, old, new, 1, months)


def cycle_path(law: PassThroughLaw, old: float, new: float, ramp_months: int, months: int) -> FloatArray:
    """Cumulative pass-through of `ramp_months` equal steps from `old` to `new`, shape (months,), rate per rate of the
    whole move; the rate paid starts at rest and has no floor.

    Raises
    ------
    BehaviorError : the two levels are the same.
    """
    if old == new:
        raise BehaviorError(f"found a move from {old:g} to {new:g}; a beta needs two different levels.")
    levels = old + (new - old) * np.minimum(np.arange(months + 1) / ramp_months, 1.0)
    paid = rate_paid_path(
        law.target_change(old, levels), 0.0, law.up, law.down, (law.delay_up, law.delay_down), NO_FLOOR
    )
    return np.asarray(paid / (new - old))
