"""The behaviour curves of an assumption set as pictures and figures that a treasurer can question."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from behavior.assumptions.curve import AssumptionCurve
from behavior.assumptions.effects import Driver, Effect
from behavior.assumptions.readings import ReadingPoints as Points
from behavior.assumptions.readings import SetReading, acting, base_drivers, read_at, readings
from behavior.assumptions.set import AssumptionSet, AssumptionTable
from behavior.kinds.base import Exhibit
from behavior.quantities import FloatArray, Quantity, monthly_to_annual
from behavior.reporting.document import Table
from behavior.reporting.irrbb_tables import spaced
from behavior.reporting.tables import spoken

MOST_CURVES = 6
YEARS = 10
EFFECTS = {"RUNOFF": "run-off"}
NAMES = {
    Driver.RATE_INCENTIVE: "customer rate minus mortgage rate, % a year",
    Driver.RATE_LEVEL: "short rate, % a year",
    Driver.RATE_SPREAD: "short rate minus rate paid, % a year",
    Driver.MONTHS_IN_THE_MONEY: "earlier months in the money",
}


def set_exhibits(assumptions: AssumptionSet, balances: Mapping[str, float]) -> tuple[Exhibit, ...]:
    """Pictures of every table; of many segments those with the largest balance are drawn, and the note says so."""
    found: list[Exhibit] = []
    for table in assumptions.tables:
        shown = _without_common_view(_chosen(table, balances))
        note = f"{len(shown)} of {len(table.curves)} curves are drawn, those with the largest balance."
        note = note if len(shown) < len(table.curves) else ""
        if table.quantity is Quantity.MONTHLY_HAZARD:
            found += _hazard(table, shown, note)
        elif table.quantity is Quantity.MARGINAL_PASS_THROUGH:
            found += _target(table, shown, note)
        elif table.quantity is Quantity.MONTHLY_ADJUSTMENT:
            found += _speed(table, shown, note)
    return tuple(found)


def readings_tables(
    assumptions: AssumptionSet, points: Points | None = None, without: Collection[str] = ()
) -> tuple[Table, ...]:
    """Life, survival, speed and beta: one table an effect and cause, one row a curve, one column a figure.

    Parameters
    ----------
    without : causes of which nothing is shown on their own.
    """
    found = []
    shown = replace(points or Points(), burnt_out=())
    read = [one for one in readings(assumptions, shown) if one.cause not in without]
    rows = pd.DataFrame(
        [
            (one.effect, one.cause, one.segment, _head(one.measure, one.unit), _amount(one.value, one.unit))
            for one in read
        ],
        columns=["effect", "cause", "segment", "figure", "value"],
    )
    # Causes are read at different drivers, so that each has figures of its own.
    for effect, cause in dict.fromkeys(zip(rows["effect"], rows["cause"], strict=True)):
        wide = (
            rows[(rows["effect"] == effect) & (rows["cause"] == cause)]
            .pivot_table(index="segment", columns="figure", values="value", sort=False)
            .reset_index()
        )
        wide.columns = pd.Index([str(name) for name in wide.columns])
        wide["segment"] = spaced(wide["segment"])
        formats = {name: ",.2f" for name in wide.columns[1:]}
        words = [EFFECTS.get(effect, effect.lower()), *([cause.replace("_", " ")] if cause else [])]
        title = f"Figures of every curve, {', '.join(words)}"
        held = _held_words([one for one in read if (one.effect, one.cause) == (effect, cause)])
        note = " ".join(part for part in (_read_at(assumptions, effect, cause, shown), held) if part)
        found.append(Table(title, wide, note, formats))
    return tuple(found)


def _read_at(assumptions: AssumptionSet, effect: str, cause: str, points: Points) -> str:
    """At which rates the lives in a table of figures are read: those of its own curves alone."""
    if effect != Effect.RUNOFF:
        return ""
    together = [table for one in acting(assumptions.tables, points) if one.cause == cause for table, _ in one.parts]
    name = cause.split(" (")[0]
    alone = [table for table in assumptions.tables if table.effect is Effect.RUNOFF and table.cause == name]
    where = read_at(together or alone, points)
    return f"Average life and survival are read at {where}." if where else ""


def _held_words(read: Sequence[SetReading]) -> str:
    """Which segments are read at an end of their grid, and where that is."""
    places: dict[str, dict[str, None]] = {}
    for one in read:
        if one.held_at:
            places.setdefault(one.held_at, {})[one.segment.replace("_", " ")] = None
    if not places:
        return ""
    words = "; ".join(f"{place} for {', '.join(segments)}" for place, segments in places.items())
    return f"A rate outside a curve's grid is read at the grid's nearest end: {words}."


def _head(measure: str, unit: str) -> str:
    words = {"share": "%", "a year": "% a year", "rate per rate": ""}.get(unit, unit)
    return f"{measure}, {words}" if words else measure


def _amount(value: float, unit: str) -> float:
    return 100.0 * value if unit in ("share", "a year") else value


def _chosen(table: AssumptionTable, balances: Mapping[str, float]) -> list[AssumptionCurve]:
    ranked = sorted(table.curves, key=lambda curve: (-balances.get(curve.label, 0.0), curve.is_pooled, curve.label))
    return ranked[:MOST_CURVES]


def _without_common_view(curves: list[AssumptionCurve]) -> list[AssumptionCurve]:
    """A reading that all curves share needs no words on each."""
    return [replace(curve, view=None) for curve in curves] if len({curve.view for curve in curves}) == 1 else curves


def _label(curve: AssumptionCurve) -> str:
    return " ".join(str(part) for part in (curve.label, curve.direction, curve.view) if part).replace("_", " ")


def _title(table: AssumptionTable) -> str:
    cause = f", {table.cause}" if table.cause and not table.name.endswith(table.cause) else ""
    return spoken(table.name + cause)


def _hazard(table: AssumptionTable, curves: list[AssumptionCurve], note: str) -> list[Exhibit]:
    base = base_drivers(table, Points())
    last = max(int(curve.months[-1]) if len(curve.months) else YEARS * 12 for curve in curves)
    months = np.arange(1, min(last, YEARS * 12) + 1)
    left = pd.DataFrame({"years": months / 12})
    for curve in curves:
        left[_label(curve)] = 100 * curve.survival(base, len(months))
    held = "; ".join(_held(driver, value, curves) for driver, value in base.items())
    words = " ".join(part for part in (f"{held[:1].upper()}{held[1:]}." if held else "", note) if part)
    start = "origination" if table.month_meaning == "SINCE_ORIGINATION" else "the valuation date"
    y_label = "share of balance left, %"
    title = f"Balance left, {_title(table)}"
    found = [Exhibit(f"{table.name}_left", title, "lines", left, f"years since {start}", y_label, words)]
    driver = next((one for one in table.drivers if one is not Driver.MONTHS_IN_THE_MONEY), None)
    if driver is None:
        return found
    at = min(36, last)
    grid = _grid(driver, curves)
    speed = pd.DataFrame({"driver": _scaled(driver, grid)})
    for curve in curves:
        others = {other: np.full(len(grid), base[other]) for other in table.drivers if other is not driver}
        values = curve.at(np.full(len(grid), at), {**others, driver: grid}).values
        speed[_label(curve)] = _inside(100 * monthly_to_annual(np.clip(values, 0, 1)), grid, curve.driver_grids[driver])
    title = f"Speed by rates in month {at}, {_title(table)}"
    found.append(
        Exhibit(f"{table.name}_speed", title, "lines", speed, NAMES[driver], "annual share leaving, % CPR", note)
    )
    return found


def _target(table: AssumptionTable, curves: list[AssumptionCurve], note: str) -> list[Exhibit]:
    driver = next(iter(table.drivers), None)
    title = f"Long-run pass-through of the next basis point, {_title(table)}"
    if driver is None:
        data = pd.DataFrame(
            {"segment": [_label(one) for one in curves], "pass-through": [float(np.mean(one.values)) for one in curves]}
        )
        return [Exhibit(f"{table.name}_target", title, "bars", data, "segment", "rate paid per market rate", note)]
    grid = _grid(driver, curves)
    data = pd.DataFrame({"driver": _scaled(driver, grid)})
    for curve in curves:
        data[_label(curve)] = _inside(curve.at(drivers={driver: grid}).values, grid, curve.driver_grids[driver])
    return [Exhibit(f"{table.name}_target", title, "lines", data, NAMES[driver], "rate paid per market rate", note)]


def _speed(table: AssumptionTable, curves: list[AssumptionCurve], note: str) -> list[Exhibit]:
    if any(curve.values.size != 1 for curve in curves):
        return []
    data = pd.DataFrame(
        {"segment": [_label(one) for one in curves], "share": [100 * float(one.values.ravel()[0]) for one in curves]}
    )
    title = f"Share of the distance to target that closes each month, {_title(table)}"
    return [Exhibit(f"{table.name}_speed", title, "bars", data, "segment", "% a month", note)]


def _held(driver: Driver, value: float, curves: Sequence[AssumptionCurve]) -> str:
    """Where a driver stays, and of which curves that lies outside the grid, whose nearest end is then drawn."""
    ends = {one.label: float(np.clip(value, *one.driver_grids[driver][[0, -1]])) for one in curves}
    elsewhere = [f"{name.replace('_', ' ')} {_place(driver, end)}" for name, end in ends.items() if end != value]
    words = f"{NAMES[driver].split(',')[0]} held at {_place(driver, value)}"
    return words + (f", or at the nearest end of a curve's grid ({', '.join(elsewhere)})" if elsewhere else "")


def _grid(driver: Driver, curves: Sequence[AssumptionCurve]) -> FloatArray:
    """Every place at which one of the curves has a value."""
    return np.unique(np.concatenate([curve.driver_grids[driver] for curve in curves]))


def _inside(values: FloatArray, grid: FloatArray, own: FloatArray) -> FloatArray:
    """A curve's values where its own grid reaches; nothing is drawn beyond."""
    return np.where((grid >= own[0]) & (grid <= own[-1]), values, np.nan)


def _scaled(driver: Driver, grid: np.ndarray) -> np.ndarray:
    return np.asarray(grid) if driver is Driver.MONTHS_IN_THE_MONEY else 100 * np.asarray(grid)


def _place(driver: Driver, value: float) -> str:
    return f"{value:g}" if driver is Driver.MONTHS_IN_THE_MONEY else f"{100 * value:g}%"
