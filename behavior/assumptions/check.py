"""Rules that a table and a whole set keep; every fault at once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Protocol

import numpy as np

from behavior.assumptions.curve import LAST_MONTH, AssumptionCurve
from behavior.assumptions.effects import Effect, MonthMeaning
from behavior.assumptions.set import AssumptionSet, AssumptionTable
from behavior.columns import LARGEST_PLAIN_RATE, RATE_UNIT
from behavior.errors import Fault
from behavior.quantities import FloatArray, Quantity

SHORTEST_RUNOFF_MONTHS = 120
"""A run-off curve shorter than this is refused (quantitative 4.6)."""

HIGHEST_PASS_THROUGH = 2.0
"""Marginal pass-through above this is taken for a percentage that was not divided by 100."""

QUANTITIES = {
    Effect.RUNOFF: (Quantity.MONTHLY_HAZARD,),
    Effect.REPRICING: (Quantity.MARGINAL_PASS_THROUGH, Quantity.MONTHLY_ADJUSTMENT),
    Effect.DRAWDOWN: (Quantity.DRAWN_SHARE,),
}

MONTHS_IN_A_SEASON = 12


class FaultMaker(Protocol):
    """Makes a fault of one curve."""

    def __call__(self, rule: str, column: str = "value", value: str | None = None, hint: str = "") -> Fault:
        """The fault, placed in its table and segment."""
        ...


def table_faults(table: AssumptionTable, where: str | None = None) -> list[Fault]:
    """All faults of one table; empty when it can be used. `where` names it in the messages."""
    place = where or table.name
    faults = [*_heading_faults(table, place), *_term_faults(table, place), *_scheme_faults(table, place)]
    if not table.curves:
        faults.append(Fault(place, "expected at least one curve"))
    keys = Counter((curve.segment, curve.direction, curve.view) for curve in table.curves)
    for (segment, direction, view), count in keys.items():
        if count > 1:
            words = " / ".join([*segment, *(str(one) for one in (direction, view) if one is not None)])
            faults.append(Fault(place, f"{count} curves for one segment, expected one", value=words))
    for curve in table.curves:
        faults.extend(_curve_faults(table, curve, place))
    return faults


def value_bound(quantity: Quantity) -> tuple[float, str]:
    """Largest value a cell may hold (the smallest is 0), and the rule in words."""
    if quantity is Quantity.MARGINAL_PASS_THROUGH:
        return HIGHEST_PASS_THROUGH, f"a pass-through in [0, {HIGHEST_PASS_THROUGH:g}] (40% is 0.4)"
    return 1.0, "a share in [0, 1]"


def set_faults(assumptions: AssumptionSet) -> list[Fault]:
    """All faults of a set: those of its tables and those between them."""
    faults = [fault for table in assumptions.tables for fault in table_faults(table)]
    if not assumptions.tables:
        faults.append(Fault(assumptions.id, "expected at least one table"))
    for name, count in Counter(table.name for table in assumptions.tables).items():
        if count > 1:
            faults.append(Fault(assumptions.id, f"{count} tables of one name, expected one", value=name))
    return faults


def _heading_faults(table: AssumptionTable, place: str) -> Iterable[Fault]:
    allowed = QUANTITIES[table.effect]
    if "/" in table.name or "\\" in table.name:
        yield Fault(place, "expected a name without slashes: its file is named after it", value=table.name)
    if table.quantity not in allowed:
        yield Fault(place, f"{table.effect} needs {' or '.join(allowed)}", column="quantity", value=str(table.quantity))
    if table.effect is Effect.RUNOFF and not table.cause:
        yield Fault(
            place, "RUNOFF needs a cause: payoff, curtailment, default, withdrawal, migrated ...", column="cause"
        )
    counted = table.effect is not Effect.REPRICING and any(len(curve.months) for curve in table.curves)
    if counted and table.month_meaning is None:
        yield Fault(place, f"{table.effect} needs to say from when its months count", column="month_meaning")
    if table.effect is not Effect.REPRICING and table.month_meaning is MonthMeaning.SINCE_RATE_CHANGE:
        rule = f"{table.effect} counts its months {MonthMeaning.SINCE_AS_OF} or {MonthMeaning.SINCE_ORIGINATION}"
        yield Fault(place, rule, column="month_meaning", value=str(table.month_meaning))
    if len(set(table.drivers)) != len(table.drivers):
        yield Fault(place, "a driver is named twice", column="drivers", value=", ".join(table.drivers))


def _term_faults(table: AssumptionTable, place: str) -> Iterable[Fault]:
    if table.season is not None:
        season = np.asarray(table.season, dtype=np.float64)
        if len(season) != MONTHS_IN_A_SEASON or not np.isfinite(season).all() or (season < 0).any():
            yield Fault(
                place,
                "expected 12 factors of at least 0, January first",
                column="season",
                value=str(list(table.season)),
            )
    tenor = table.terms.tenor_months
    if tenor not in (None, "remaining_fixation") and (isinstance(tenor, str) or not 0 < tenor <= LAST_MONTH):
        rule = f"expected 1 to {LAST_MONTH} months or `remaining_fixation`"
        yield Fault(place, rule, column="driver_tenor_months", value=str(tenor)[:80])
    if not abs(table.terms.in_the_money_above) <= LARGEST_PLAIN_RATE:
        value = repr(table.terms.in_the_money_above)
        yield Fault(place, f"expected {RATE_UNIT} (0.5% is 0.005)", column="in_the_money_above", value=value)
    if table.recovery is not None and not 0.0 <= table.recovery <= 1.0:
        yield Fault(place, "expected a share in [0, 1]", column="recovery", value=repr(table.recovery))
    waits = {"lag_months": table.terms.lag_months}
    waits |= {f"delay_months.{direction}": months for direction, months in table.delay_months.items()}
    for column, months in waits.items():
        if not 0 <= months <= LAST_MONTH:
            yield Fault(place, f"expected 0 to {LAST_MONTH} months", column=column, value=str(months)[:80])
    yield from _resting_faults(table, place)


def _resting_faults(table: AssumptionTable, place: str) -> Iterable[Fault]:
    """Resting rates are rates of segments that the table has."""
    there = {curve.segment for curve in table.curves}
    for segment, resting in table.resting_rates.items():
        words = " / ".join(segment)
        if segment not in there:
            yield Fault(place, "expected a segment of the table", column="resting_rates", value=words)
        for name, rate in (("level", resting.level), ("rate", resting.rate)):
            if not abs(rate) <= LARGEST_PLAIN_RATE:
                rule = f"expected {RATE_UNIT} (3.25% is 0.0325)"
                yield Fault(place, rule, column=f"resting_rates.{name}", value=f"{words}: {rate!r}")


def _scheme_faults(table: AssumptionTable, place: str) -> Iterable[Fault]:
    columns = table.scheme.columns
    if len(set(columns)) != len(columns):
        yield Fault(place, "a segment column is named twice", column="segments", value=", ".join(columns))
    for name, band in table.scheme.bands.items():
        edges = np.asarray(band.edges, dtype=np.float64)
        if name not in columns:
            yield Fault(
                place, f"no such segment column; there are {', '.join(columns) or 'none'}", column=f"bands.{name}"
            )
        if not len(edges) or not np.isfinite(edges).all() or (np.diff(edges) <= 0).any():
            yield Fault(place, "expected rising edges", column=f"bands.{name}.edges", value=str(list(band.edges)))


def _curve_faults(table: AssumptionTable, curve: AssumptionCurve, place: str) -> Iterable[Fault]:
    def fault(rule: str, column: str = "value", value: str | None = None, hint: str = "") -> Fault:
        return Fault(f"{place}, segment {curve.label}", rule, column=column, value=value, hint=hint)

    if len(curve.segment) != len(table.scheme.columns):
        yield fault(f"expected one label for each of {', '.join(table.scheme.columns) or 'no column'}", "segment")
    for name, label in zip(table.scheme.columns, curve.segment, strict=False):
        if not label or label != label.strip() or not label.isprintable():
            yield fault("expected a label of one line without spaces at its ends", name, label)
    if tuple(curve.driver_grids) != table.drivers:
        yield fault(
            f"expected the drivers {', '.join(table.drivers) or 'none'}", "drivers", ", ".join(curve.driver_grids)
        )
    for driver, grid in curve.driver_grids.items():
        if not len(grid) or not np.isfinite(grid).all() or (np.diff(grid) <= 0).any():
            yield fault("expected finite, rising grid values", driver.lower(), str(np.asarray(grid).tolist()))
    yield from _month_faults(table, curve, fault)
    shape = tuple(len(grid) for grid in curve.driver_grids.values()) + (
        (len(curve.months),) if len(curve.months) else ()
    )
    for name in ("values", "lower", "upper", "exposure_months"):
        array = getattr(curve, name)
        if array is not None and np.shape(array) != shape:
            yield fault(f"expected the shape {shape} of the grid", name, str(np.shape(array)))
    yield from _value_faults(table.quantity, curve, fault)


def _month_faults(table: AssumptionTable, curve: AssumptionCurve, fault: FaultMaker) -> Iterable[Fault]:
    months = np.asarray(curve.months)
    if table.effect is Effect.REPRICING:
        if len(months):
            yield fault("REPRICING tables have no months", "month", f"{months[0]} to {months[-1]}")
        return
    if not len(months):
        # One value for all months: a constant hazard or share.
        return
    if (np.diff(months) <= 0).any() or months[0] < 1 or months[-1] > LAST_MONTH:
        yield fault(f"expected rising whole months from 1 to {LAST_MONTH}", "month", f"{months[0]} to {months[-1]}")
    if table.effect is Effect.RUNOFF and months[-1] < SHORTEST_RUNOFF_MONTHS:
        yield fault(
            f"a run-off curve needs at least {SHORTEST_RUNOFF_MONTHS} months",
            "month",
            f"last month {months[-1]}",
            "Extend the export; regulatory caps are the engine's overlay, never a shorter curve.",
        )


def _value_faults(quantity: Quantity, curve: AssumptionCurve, fault: FaultMaker) -> Iterable[Fault]:
    top, rule = value_bound(quantity)
    yield from _range_faults("value", np.asarray(curve.values), top, rule, False, fault)
    for name in ("lower", "upper"):
        array = getattr(curve, name)
        if array is not None:
            yield from _range_faults(name, np.asarray(array), top, f"{rule} or blank", True, fault)
    if curve.exposure_months is not None:
        exposure = np.asarray(curve.exposure_months)
        yield from _range_faults("exposure_months", exposure, np.inf, "months of at least 0 or blank", True, fault)


def _range_faults(
    name: str, array: FloatArray, top: float, rule: str, blank: bool, fault: FaultMaker
) -> Iterable[Fault]:
    bad = ~((array >= 0.0) & (array <= top))
    if blank:
        bad &= ~np.isnan(array)
    if bad.any():
        count, first = int(bad.sum()), float(array[bad].flat[0])
        yield fault(f"{count} of {array.size} cells outside: expected {rule}", name, f"first {first!r}")
