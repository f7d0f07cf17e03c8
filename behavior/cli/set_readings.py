"""What a set says, as the sub-commands of `behavior assumptions` print it: tables, readings and origins."""

from __future__ import annotations

import argparse
import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from behavior.cli.output import Console
from behavior.cli.tables import spaced

if TYPE_CHECKING:
    from behavior.assumptions.readings import ReadingPoints
    from behavior.assumptions.set import AssumptionSet


def show_set(arguments: argparse.Namespace, console: Console) -> int:
    """Print one set: its tables, readings, warnings and, where asked, origins."""
    from behavior.assumptions.beyond_data import beyond_data_warnings
    from behavior.assumptions.readings import readings
    from behavior.assumptions.seen_incentives import one_sided_warnings

    found, points = find_set(arguments.set, arguments.store), reading_points(arguments)
    tables = [
        {
            "table": table.name,
            "effect": str(table.effect),
            "cause": table.cause,
            "quantity": str(table.quantity),
            "drivers": ", ".join(table.drivers),
            "segments": ", ".join(table.scheme.columns),
            "curves": len(table.curves),
            "averaged_over": "; ".join(f"{key}: {value}" for key, value in table.averaged_over.items()),
        }
        for table in found.tables
    ]
    figures = [
        {
            "effect": one.effect,
            "cause": one.cause,
            "segment": one.segment,
            "measure": one.measure,
            "unit": one.unit,
            "value": finite(one.value),
            "held_at": one.held_at,
        }
        for one in readings(found, points)
    ]
    warnings = (*beyond_data_warnings(found.tables, points), *one_sided_warnings(found.tables))
    console.say(f"Set {found.id} as of {found.as_of}, digest {found.digest}")
    _tables(console, tables)
    say_readings(console, figures)
    if any(one["held_at"] for one in figures):
        console.say("  held at: the rate lies outside the curve's grid, whose nearest end is read.")
    for warning in warnings:
        console.say(f"\nnote: {warning}")
    origins = [_origin(found, table.name) for table in found.tables]
    if arguments.origin:
        for origin in origins:
            console.table(f"Origin of {origin['table']}", [{"of": key, "is": value} for key, value in origin.items()])
    console.result(
        {
            "id": found.id,
            "as_of": found.as_of,
            "digest": found.digest,
            "supersedes": found.supersedes,
            "tables": tables,
            "readings": figures,
            "warnings": warnings,
            **({"origin": origins} if arguments.origin else {}),
        }
    )
    return 0


def _tables(console: Console, tables: Sequence[Mapping[str, object]]) -> None:
    """A set's tables, and what their curves are averaged over, once where several share it."""
    console.table("Tables", [{key: row[key] for key in row if key != "averaged_over"} for row in tables])
    averaged: dict[str, list[str]] = {}
    for row in tables:
        averaged.setdefault(str(row["averaged_over"]), []).append(str(row["table"]))
    shared = [{"tables": ", ".join(names), "averaged over": text} for text, names in averaged.items() if text]
    if shared:
        console.table("Covariates that are not in a table", shared)


def say_readings(console: Console, figures: Sequence[Mapping[str, object]]) -> None:
    """Figures of a set, one table an effect, cause and segment, so that each line fits a terminal."""
    groups: dict[tuple[str, ...], list[Mapping[str, object]]] = {}
    for row in figures:
        key = tuple(str(row[name]) for name in ("effect", "cause", "segment") if row.get(name))
        groups.setdefault(key, []).append(row)
    for key, rows in groups.items():
        shown = [name for name in ("measure", "value", "unit", "held_at") if any(row.get(name) for row in rows)]
        console.table("Readings: " + ", ".join(key), spaced([{name: row[name] for name in shown} for row in rows]))


def _origin(found: AssumptionSet, name: str) -> dict[str, object]:
    from behavior.assumptions.manifest import TEXTS

    origin = found.table(name).provenance
    rows: dict[str, object] = {"table": name}
    rows |= {key: getattr(origin, key) for key in ("model", "model_version", *TEXTS)}
    rows["failed_gates"] = ", ".join(origin.failed_gates)
    return {key: value for key, value in rows.items() if value not in (None, "")}


def find_set(name: str, store: str) -> AssumptionSet:
    """A set by id or folder, verified, whatever its state."""
    from behavior.io.assumption_store import load_assumptions

    return load_assumptions(name, store, any_state=True)


def reading_points(arguments: argparse.Namespace) -> ReadingPoints:
    """Where curves are read, as the arguments say."""
    from behavior.assumptions.effects import Driver
    from behavior.assumptions.readings import ReadingPoints

    base: Mapping[Driver, float] = {Driver.RATE_LEVEL: arguments.rate_level}
    return ReadingPoints(rate_level=arguments.rate_level, base=base)


def finite(value: float | str | None) -> float | str | None:
    """JSON has no infinity; an infinite half-life is an empty cell."""
    return value if isinstance(value, str) or (value is not None and math.isfinite(value)) else None
