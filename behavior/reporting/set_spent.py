"""What of an assumption set a valuation spent, so that a report draws nothing that was not used."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pandas as pd

from behavior.assumptions.effects import DEFAULT, Effect
from behavior.assumptions.readings import ReadingPoints
from behavior.assumptions.set import AssumptionSet, AssumptionTable
from behavior.reporting.tables import spoken


@dataclass(frozen=True)
class Spent:
    """A set as one valuation saw it.

    Parameters
    ----------
    drawn : the tables and curves that acted. read : the same with a table of default, so that what acts together can
        be called by its name. points : where it is read. causes_left_out : of `read`, to be shown nowhere on their own.
    words : what of the set was not used, and why; empty where all of it was.
    """

    drawn: AssumptionSet
    read: AssumptionSet
    points: ReadingPoints
    causes_left_out: tuple[str, ...]
    words: str


def spent(assumptions: AssumptionSet, coverage: pd.DataFrame, view: str) -> Spent:
    """The part of a set that acted on a book.

    Parameters
    ----------
    coverage : ``coverage.csv``: which curve which balance reads. view : of deposits; empty = every one.
    """
    named = {str(name).split(":", 1)[0] for name in coverage["curve"]} if len(coverage) else set()
    shown = [_in_view(table, view) for table in assumptions.tables]
    used = [table for table in shown if table.name in named or table.effect is Effect.REPRICING]
    acted = {table.name for table in used}
    left = [table for table in shown if table.name not in acted]
    default = [table for table in left if table.cause == DEFAULT]
    return Spent(
        replace(assumptions, tables=tuple(used)),
        replace(assumptions, tables=(*used, *default)),
        ReadingPoints(default=not default),
        tuple(table.cause for table in default),
        _words(left, assumptions, view),
    )


def _in_view(table: AssumptionTable, view: str) -> AssumptionTable:
    kept = tuple(curve for curve in table.curves if not view or curve.view in (None, view))
    return replace(table, curves=kept) if kept else table


def _words(left: list[AssumptionTable], assumptions: AssumptionSet, view: str) -> str:
    parts = []
    for table in left:
        why = "default is left out of EVE and NII" if table.cause == DEFAULT else "no balance of the book reads it"
        parts.append(f"{spoken(table.name)} ({why})")
    others = {str(curve.view) for table in assumptions.tables for curve in table.curves if curve.view} - {view, ""}
    if view and others:
        parts.append(f"the view {', '.join(sorted(others))} of deposits (valued {view})".replace("_", " "))
    return f"In the set but not used in these figures, and not shown: {'; '.join(parts)}." if parts else ""
