"""What a set says in treasury's language: average life, survival, CPR, beta, half-life."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from behavior.assumptions.compare_tables import driver_words
from behavior.assumptions.curve import LAST_MONTH, AssumptionCurve, AverageLife, Tail
from behavior.assumptions.effects import DEFAULT, Direction, Driver, Effect, MonthMeaning, View
from behavior.assumptions.matching import best_curve, select_curves
from behavior.assumptions.repricing import (
    half_life_months,
    long_run_beta,
    pass_through_by_lag,
    pass_through_law,
    speeds_of,
)
from behavior.assumptions.set import AssumptionSet, AssumptionTable, combined_hazard
from behavior.quantities import MONTHS_PER_YEAR, FloatArray, Quantity

FIVE_YEARS = 60
SHOWN_LAG = 12
LEFT_OUT = f" without {DEFAULT}"


@dataclass(frozen=True)
class ReadingPoints:
    """Where a set is read.

    Parameters
    ----------
    rate_level : short rate from which +100 bp is measured, decimal a year.
    base : value of each driver at which average life and survival are read.
    steps : values of the rate driver at which CPR is read, decimals a year.
    burnt_out : months in the money at which CPR of customers with an incentive is read too, held for five years.
    default : whether default counts among the causes that act together, as it does in no valuation unless asked for.
    tail : what the hazard is beyond a curve's last month.
    """

    rate_level: float = 0.02
    base: Mapping[Driver, float] = field(default_factory=lambda: {Driver.RATE_LEVEL: 0.02})
    steps: Mapping[Driver, tuple[float, ...]] = field(
        default_factory=lambda: {
            Driver.RATE_INCENTIVE: (-0.01, 0.0, 0.01, 0.02),
            Driver.RATE_SPREAD: (0.0, 0.01, 0.03),
            Driver.RATE_LEVEL: (0.0, 0.02, 0.04),
        }
    )
    burnt_out: tuple[float, ...] = (12.0, 36.0)
    default: bool = False
    tail: Tail = Tail.LARGER_OF_LAST_AND_MEAN


@dataclass(frozen=True)
class SetReading:
    """One figure of a set, in words that need no column names.

    `held_at` says where it was read instead, where the rate lies outside a curve's grid: its nearest end. `share` is
    what the figure means on one scale for all: share of the balance left after five years, of a move of the short rate
    that is passed on, or of the undrawn amount that is drawn; None where it is none of these.
    """

    effect: str
    cause: str
    segment: str
    measure: str
    unit: str
    value: float
    held_at: str = ""
    share: float | None = None

    @property
    def key(self) -> tuple[str, str, str, str]:
        """What the figure is of; equal in two sets for figures to compare."""
        return (self.effect, self.cause, self.segment, self.measure)


def readings(
    assumptions: AssumptionSet, points: ReadingPoints | None = None, together: Collection[tuple[str, View | None]] = ()
) -> tuple[SetReading, ...]:
    """Every figure of a set: life, survival and CPR of RUNOFF curves, beta, lag and half-lives of REPRICING ones.

    Where several causes act on a segment, what they do together stands first, under ``all causes``. It is called
    ``all causes without default`` where the set has default and, as in the engine, it is not counted. Season is left
    out everywhere.

    together : segments, by label and view of deposits, whose one cause is read as all of them too.
    """
    where = points or ReadingPoints()
    found: list[SetReading] = []
    for one in acting(assumptions.tables, where):
        if len(one.parts) > 1 or (one.label, one.view) in together:
            found += _runoff(one.parts, one.cause, where, one.segment)
    for table in assumptions.tables:
        if table.effect is Effect.RUNOFF:
            for curve in table.curves:
                found += _runoff([(table, curve)], _cause(table, curve), where)
        elif table.quantity is Quantity.MARGINAL_PASS_THROUGH:
            for curve in table.curves:
                found += _repricing(assumptions, table, curve, where)
        elif table.effect is Effect.DRAWDOWN:
            for curve in table.curves:
                found += _drawdown(table, curve, where)
    return tuple(found)


def base_drivers(table: AssumptionTable, points: ReadingPoints) -> dict[Driver, float]:
    """Value of each of a table's drivers at which it is read."""
    return {driver: points.base.get(driver, 0.0) for driver in table.drivers}


def read_at(tables: Iterable[AssumptionTable], points: ReadingPoints) -> str:
    """Where lives and survival are read, such as ``rate spread +0 bp``; empty where the tables have no driver."""
    drivers = {driver: value for table in tables for driver, value in base_drivers(table, points).items()}
    return " and ".join(driver_words(driver, value) for driver, value in drivers.items())


Part = tuple[AssumptionTable, AssumptionCurve]


@dataclass(frozen=True)
class Acting:
    """The curves that take balance from one segment together, in one view of deposits; `cause` is their common name."""

    segment: tuple[str, ...]
    view: View | None
    cause: str
    parts: tuple[Part, ...]

    @property
    def label(self) -> str:
        """Segment labels in one text."""
        return " / ".join(self.segment) or "all"

    def average_life(self, points: ReadingPoints) -> AverageLife:
        """Average life where the set is read; what the data saw ends with the first curve that ends."""
        inside = min(curve.last_observed_month for _, curve in self.parts)
        return AverageLife.of(_survival(self.parts, points, {}), inside)


def acting(tables: Sequence[AssumptionTable], points: ReadingPoints) -> Iterator[Acting]:
    """What takes balance from each segment, by tables that count months and divide the book alike."""
    groups: dict[tuple[tuple[str, ...], MonthMeaning | None], list[AssumptionTable]] = {}
    for table in tables:
        if table.effect is Effect.RUNOFF:
            groups.setdefault((table.scheme.columns, table.month_meaning), []).append(table)
    for held in groups.values():
        used = [table for table in held if points.default or table.cause != DEFAULT]
        cause = "all causes" if len(used) == len(held) else f"all causes{LEFT_OUT}"
        curves = [curve for table in used for curve in table.curves]
        views: list[View | None] = list(View) if any(curve.view is not None for curve in curves) else [None]
        for segment in dict.fromkeys(curve.segment for curve in curves):
            for view in views:
                places = [best_curve(segment, table, select_curves(table, view, None))[0] for table in used]
                parts = [(table, table.curves[at]) for table, at in zip(used, places, strict=True) if at >= 0]
                if parts:
                    yield Acting(segment, view, f"{cause} ({view})" if view else cause, tuple(parts))


def _runoff(
    parts: Sequence[Part], cause: str, points: ReadingPoints, segment: tuple[str, ...] | None = None
) -> Iterator[SetReading]:
    """Readings of one curve, or of several that compete."""
    first, curve = parts[0]
    read = Acting(curve.segment if segment is None else segment, None, cause, tuple(parts))

    def row(
        measure: str,
        unit: str,
        value: float,
        moved: Mapping[Driver, float] | None = None,
        left: FloatArray | None = None,
    ) -> SetReading:
        held = _held_at(parts, points, moved or {})
        share = None if left is None else float(left[FIVE_YEARS - 1])
        return SetReading(str(Effect.RUNOFF), cause, read.label, measure, unit, value, held, share)

    survival, life = _survival(parts, points, {}), read.average_life(points)
    start = "origination" if first.month_meaning is MonthMeaning.SINCE_ORIGINATION else "as-of"
    yield row(f"average life from {start}", "years", life.years)
    yield row("share of average life beyond the data", "share", life.share_beyond)
    yield row("5-year survival", "share", float(survival[FIVE_YEARS - 1]), left=survival)
    drivers = dict.fromkeys(driver for table, _ in parts for driver in table.drivers)
    stepped = [driver for driver in drivers if driver in points.steps]
    for driver in stepped:
        for step in points.steps[driver]:
            moved = {driver: step}
            words = f"5-year CPR at {driver_words(driver, step)}"
            left = _survival(parts, points, moved, FIVE_YEARS)
            yield row(words, "a year", _cpr(left), moved, left)
    if not stepped:
        yield row("5-year CPR", "a year", _cpr(survival), left=survival)
    for moved in _burnt_out(points) if Driver.MONTHS_IN_THE_MONEY in drivers else ():
        there = {driver: value for driver, value in moved.items() if driver in drivers}
        words = ", ".join(driver_words(driver, value) for driver, value in there.items())
        left = _survival(parts, points, there, FIVE_YEARS)
        yield row(f"5-year CPR at {words}", "a year", _cpr(left), left=left)


def _burnt_out(points: ReadingPoints) -> Iterator[dict[Driver, float]]:
    """Each count of months in the money at each incentive that is one."""
    for count in points.burnt_out:
        for step in points.steps.get(Driver.RATE_INCENTIVE, ()):
            if step > 0.0:
                yield {Driver.RATE_INCENTIVE: step, Driver.MONTHS_IN_THE_MONEY: count}


def _survival(
    parts: Sequence[Part], points: ReadingPoints, moved: Mapping[Driver, float], months: int = LAST_MONTH
) -> FloatArray:
    """Share left at the end of months 1 .. `months` at the reading's drivers, some of them moved."""
    hazards = [
        curve.at(np.arange(1, months + 1), _drivers_read(table, points, moved), points.tail).values
        for table, curve in parts
    ]
    return np.asarray(np.cumprod(1.0 - combined_hazard(hazards)))


def _drivers_read(table: AssumptionTable, points: ReadingPoints, moved: Mapping[Driver, float]) -> dict[Driver, float]:
    return {driver: moved.get(driver, value) for driver, value in base_drivers(table, points).items()}


def _held_at(parts: Sequence[Part], points: ReadingPoints, moved: Mapping[Driver, float]) -> str:
    """The ends of grids that rates outside them are read at, in words; empty where every rate lies inside."""
    found = []
    for table, curve in parts:
        for driver, asked in _drivers_read(table, points, moved).items():
            grid = curve.driver_grids[driver]
            nearest = float(np.clip(asked, grid[0], grid[-1]))
            if nearest != asked and driver is not Driver.MONTHS_IN_THE_MONEY:
                found.append(driver_words(driver, nearest))
    return ", ".join(dict.fromkeys(found))


def _cpr(survival: FloatArray) -> float:
    """The constant annual rate with the same survival after five years."""
    return float(1.0 - survival[FIVE_YEARS - 1] ** (MONTHS_PER_YEAR / FIVE_YEARS))


def _repricing(
    assumptions: AssumptionSet, table: AssumptionTable, curve: AssumptionCurve, points: ReadingPoints
) -> Iterator[SetReading]:
    def row(measure: str, unit: str, value: float, share: float | None = None) -> SetReading:
        return SetReading(str(table.effect), _cause(table, curve), curve.label, measure, unit, value, share=share)

    same_columns = [
        one for one in assumptions.for_effect(Effect.REPRICING) if one.scheme.columns == table.scheme.columns
    ]
    law = pass_through_law(curve, *speeds_of(same_columns, curve.segment))
    level = points.rate_level
    for move in (0.01, -0.01):
        words = f"long-run beta at {move * 1e4:+.0f} bp from {level:.2%}"
        beta = long_run_beta(law, level, level + move)
        yield row(words, "rate per rate", beta, beta)
    passed = float(pass_through_by_lag(law, level, level + 0.01, SHOWN_LAG)[-1])
    yield row(f"beta after {SHOWN_LAG} months at +100 bp from {level:.2%}", "rate per rate", passed, passed)
    for direction, share in ((Direction.UP, law.up), (Direction.DOWN, law.down)):
        yield row(f"half-life {direction}", "months", half_life_months(share))


def _drawdown(table: AssumptionTable, curve: AssumptionCurve, points: ReadingPoints) -> Iterator[SetReading]:
    shares = curve.at(np.arange(1, SHOWN_LAG + 1), base_drivers(table, points)).values
    drawn = float(1.0 - np.prod(1.0 - shares))
    words = "drawn within 12 months"
    yield SetReading(str(table.effect), _cause(table, curve), curve.label, words, "share", drawn, share=drawn)


def _cause(table: AssumptionTable, curve: AssumptionCurve) -> str:
    return f"{table.cause} ({curve.view})" if curve.view is not None else table.cause
