"""What two tables say beside their readings: every term of their headings, and whether any cell differs."""

from __future__ import annotations

import calendar
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from behavior.assumptions.curve import AssumptionCurve
from behavior.assumptions.effects import Direction, Driver
from behavior.assumptions.set import AssumptionTable
from behavior.assumptions.table_text import render_table
from behavior.digests import sha256_of
from behavior.quantities import Quantity

SHOWN_DIGITS = 12
UNITS = {Quantity.MARGINAL_PASS_THROUGH: "rate per rate"}
A_MONTH = "share a month"
TEXT = "table text, sha256"


@dataclass(frozen=True)
class Term:
    """One term of a table: of the whole table where `segment` is empty; `value` is a number in `unit`, or words."""

    segment: str
    name: str
    unit: str
    value: float | str


@dataclass(frozen=True)
class TermChange:
    """One term in two tables; None where a table does not have it."""

    segment: str
    name: str
    unit: str
    old: float | str | None
    new: float | str | None


def paired_tables(
    old: Sequence[AssumptionTable], new: Sequence[AssumptionTable]
) -> list[tuple[AssumptionTable | None, AssumptionTable | None]]:
    """Tables of two sets side by side, in the new set's order: by name, else by what they are where that is alone."""
    named = {table.name: table for table in old}
    alone = _alone([table for table in old if table.name not in {one.name for one in new}])
    sought = _alone([table for table in new if table.name not in named])
    pairs: list[tuple[AssumptionTable | None, AssumptionTable | None]] = []
    for table in new:
        found = named.get(table.name)
        if found is None and sought.get(_what(table)) is table:
            found = alone.get(_what(table))
        pairs.append((found, table))
    taken = {before.name for before, _ in pairs if before is not None}
    return [*pairs, *((table, None) for table in old if table.name not in taken)]


def table_changes(old: AssumptionTable | None, new: AssumptionTable | None) -> Iterator[TermChange]:
    """Every term of two tables side by side, their texts, and the cell that differs most; a lone table is its text."""
    texts = [None if table is None else sha256_of(render_table(table))[:SHOWN_DIGITS] for table in (old, new)]
    if old is not None and new is not None:
        before, after = ({(term.segment, term.name): term for term in terms_of(table)} for table in (old, new))
        for key in dict.fromkeys([*after, *before]):
            one, other = before.get(key), after.get(key)
            unit = (other or before[key]).unit
            yield TermChange(*key, unit, one.value if one else None, other.value if other else None)
        yield from _largest_cell(old, new)
    yield TermChange("", TEXT, "", *texts)


def terms_of(table: AssumptionTable) -> Iterator[Term]:
    """Every term of a table's heading, and the speeds, which are terms of a law rather than curves."""
    yield from _words(table)
    tenor = table.terms.tenor_months
    if tenor is not None:
        yield Term("", "driver tenor", "months", tenor if isinstance(tenor, str) else float(tenor))
    yield Term("", "lag", "months", float(table.terms.lag_months))
    yield Term("", "in the money above", "a year", float(table.terms.in_the_money_above))
    for name, factor in zip(calendar.month_name[1:], table.season or (), strict=False):
        yield Term("", f"season, {name}", "factor", float(factor))
    if table.recovery is not None:
        yield Term("", "recovery", "share", table.recovery)
    for segment, one in table.resting_rates.items():
        label = " / ".join(segment) or "all"
        yield Term(label, "resting rate", "a year", float(one.rate))
        yield Term(label, "short rate of the resting rate", "a year", float(one.level))
    if table.quantity is Quantity.MONTHLY_ADJUSTMENT:
        for direction in Direction:
            yield Term("", f"delay {direction}", "months", float(table.delay_months.get(direction, 0)))
        for curve in table.curves:
            speed = float(np.asarray(curve.values).reshape(-1)[0])
            yield Term(curve.label, f"speed {curve.direction or 'both ways'}", A_MONTH, speed)


def _words(table: AssumptionTable) -> Iterator[Term]:
    views = sorted({str(curve.view or "every view") for curve in table.curves})
    named = {
        "cause": table.cause,
        "quantity": str(table.quantity),
        "months count": str(table.month_meaning or ""),
        "drivers": ", ".join(table.drivers),
        "driver index": table.terms.index or "",
        "segments": ", ".join(table.scheme.columns),
        **{f"band {name}": f"{one.column}: {', '.join(one.labels)}" for name, one in table.scheme.bands.items()},
        "view": ", ".join(views),
        **{f"averaged over, {key}": value for key, value in table.averaged_over.items()},
    }
    for name, value in named.items():
        if value:
            yield Term("", name, "", value)


def _what(table: AssumptionTable) -> tuple[str, str, str]:
    return (str(table.effect), table.cause, str(table.quantity))


def _alone(tables: Sequence[AssumptionTable]) -> dict[tuple[str, str, str], AssumptionTable]:
    """Tables by effect, cause and quantity, where there is one of each."""
    keys = [_what(table) for table in tables]
    return {key: table for key, table in zip(keys, tables, strict=True) if keys.count(key) == 1}


def _largest_cell(old: AssumptionTable, new: AssumptionTable) -> Iterator[TermChange]:
    """The cell whose value differs most, among curves that stand on one grid in both tables."""
    before = {(curve.segment, curve.direction, curve.view): curve for curve in old.curves}
    count, largest = 0, 0.0
    found: tuple[AssumptionCurve, AssumptionCurve, tuple[int, ...]] | None = None
    for curve in new.curves:
        other = before.get((curve.segment, curve.direction, curve.view))
        if other is None or not _on_one_grid(curve, other):
            continue
        apart = np.abs(np.asarray(curve.values, dtype=np.float64) - np.asarray(other.values, dtype=np.float64))
        count += int((apart > 0).sum())
        if apart.max() > largest:
            largest = float(apart.max())
            found = (other, curve, tuple(int(at) for at in np.unravel_index(int(apart.argmax()), apart.shape)))
    if found is not None:
        other, curve, at = found
        words = ", ".join([f"largest change of a cell ({count:,} differ)", *_place(curve, at)])
        unit = UNITS.get(new.quantity, A_MONTH)
        yield TermChange(curve.label, words, unit, float(other.values[at]), float(curve.values[at]))


def _on_one_grid(one: AssumptionCurve, other: AssumptionCurve) -> bool:
    grids = zip(one.driver_grids.items(), other.driver_grids.items(), strict=False)
    return (
        np.shape(one.values) == np.shape(other.values)
        and np.array_equal(one.months, other.months)
        and all(name == same and np.array_equal(grid, nodes) for (name, grid), (same, nodes) in grids)
    )


def _place(curve: AssumptionCurve, at: tuple[int, ...]) -> Iterator[str]:
    """A cell's place in words: drivers in basis points or months, direction, view, month."""
    yield from (str(word) for word in (curve.direction, curve.view) if word is not None)
    for (driver, grid), place in zip(curve.driver_grids.items(), at, strict=False):
        yield driver_words(driver, float(grid[place]))
    if len(curve.months):
        yield f"month {int(curve.months[at[-1]])}"


def driver_words(driver: Driver, value: float) -> str:
    """A driver at a value, such as ``rate incentive +100 bp`` or ``24 months in the money``."""
    if driver is Driver.MONTHS_IN_THE_MONEY:
        return f"{value:g} months in the money"
    return f"{driver.lower().replace('_', ' ')} {value * 1e4:+.0f} bp"
