"""`behavior assumptions list|show|verify|import|diff|retire`: what is in the store, and what it says."""

from __future__ import annotations

import argparse
import datetime as dt
import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from behavior.cli.output import Console

if TYPE_CHECKING:
    from behavior.assumptions.compare import ReadingPoints
    from behavior.assumptions.set import AssumptionSet

IMPORT_FORMAT = """\
The CSV holds one value a row:

  effect,cause,quantity,product,month,value
  RUNOFF,payoff,PSA,mortgage,,150
  RUNOFF,withdrawal,ANNUAL_DECAY,savings,,0.12
  REPRICING,,BETA,savings,,0.4

effect    RUNOFF, REPRICING or DRAWDOWN
cause     of RUNOFF: payoff, curtailment, default, withdrawal, migrated ...
quantity  MONTHLY_HAZARD, CPR, ANNUAL_DECAY (shares), PSA (100 = the standard), MARGINAL_PASS_THROUGH, BETA
          (rate per rate), MONTHLY_ADJUSTMENT (share a month, by direction), DRAWN_SHARE
month     from 1 on; blank = the same in every month
drivers   rate_incentive, rate_level, rate_spread, months_in_the_money, where used (decimals a year, months)
view      of deposit decay: with_redeposits or minimum_balance; blank speaks for both
others    direction (up, down), lower, upper, exposure_months; any other column is a segment column, in which
          `pooled` is the declared fallback; a row pooled in every column speaks for every loan or every
          liability of the book, bonds issued too

The TOML of --terms (optional): source, note, bands = { balance_band = { column = "balance", edges = [100000] } },
and [tables.runoff_payoff] (runoff_<cause>, repricing_target, repricing_speed, drawdown) with month_meaning,
driver_index, driver_tenor_months, lag_months, in_the_money_above, season, delay_months, recovery, view.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """One sub-command each for listing, reading, checking, importing, comparing and retiring."""
    verbs = parser.add_subparsers(dest="verb", metavar="VERB", required=True)

    def verb(name: str, words: str) -> argparse.ArgumentParser:
        found = verbs.add_parser(name, help=words, description=words[0].upper() + words[1:] + ".")
        found.add_argument(
            "--store", default="assumptions", metavar="DIR", help="where sets live (default ./assumptions)"
        )
        # Also known to the outer parser; suppressed so that it does not undo what stands before the verb.
        found.add_argument("--json", action="store_true", default=argparse.SUPPRESS, help="print one JSON object")
        return found

    listing = verb("list", "every set of the store with its state")
    listing.add_argument("--on", type=dt.date.fromisoformat, metavar="DATE", help="state on this valuation date")
    show = verb("show", "one set: its tables, their readings and where they came from")
    show.add_argument("set", metavar="SET", help="id, or folder of a set")
    show.add_argument(
        "--origin", action="store_true", help="model, version, specification, data and code of each table"
    )
    _reading_arguments(show)
    verify = verb("verify", "every byte of the store (or of the sets named) against its digests")
    verify.add_argument("sets", nargs="*", metavar="SET", help="ids or folders (default: the whole store with its log)")
    bring = verb("import", "a hand-typed or vendor table as a draft set")
    bring.epilog, bring.formatter_class = IMPORT_FORMAT, argparse.RawDescriptionHelpFormatter
    bring.add_argument(
        "file", metavar="CSV", help="neutral CSV: effect, cause, quantity, segments, drivers, month, value"
    )
    bring.add_argument("--terms", metavar="TOML", help="bands, month meaning, driver index, lags, season, delays")
    bring.add_argument("--id", required=True, help="as-of date and revision, such as 2026-09-30.v1")
    bring.add_argument("--as-of", required=True, type=dt.date.fromisoformat, metavar="DATE", help="date of the set")
    bring.add_argument("--proposed-by", required=True, metavar="NAME", help="who proposes; someone else approves")
    diff = verb(
        "diff", "what changed between two sets: life, survival, CPR (burnt out too), beta, half-life; every term"
    )
    diff.add_argument("old", metavar="OLD", help="id or folder")
    diff.add_argument("new", metavar="NEW", help="id or folder")
    diff.add_argument("--all", action="store_true", help="also what is the same")
    _reading_arguments(diff)
    retire = verb("retire", "take a set out of use from a day on")
    retire.add_argument("set", metavar="ID")
    retire.add_argument("--by", required=True, metavar="NAME", help="who retires it")
    retire.add_argument("--from", dest="first_day", required=True, type=dt.date.fromisoformat, metavar="DATE")
    retire.add_argument("--note", default="", help="why")


def _reading_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--rate-level", type=float, default=0.02, metavar="RATE", help="short rate that betas start from (default 0.02)"
    )


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Run one sub-command."""
    return {"list": _list, "show": _show, "verify": _verify, "import": _import, "diff": _diff, "retire": _retire}[
        arguments.verb
    ](arguments, console)


def _list(arguments: argparse.Namespace, console: Console) -> int:
    from behavior.io.assumption_store import AssumptionStore
    from behavior.io.set_folder import read_manifest

    store = AssumptionStore(arguments.store)
    store.require()
    rows = []
    for set_id in store.ids():
        manifest, digest = read_manifest(store.folder / set_id)
        state = store.status(set_id, arguments.on)
        rows.append(
            {
                "id": set_id,
                "as_of": str(manifest.as_of),
                "state": str(state.status),
                "proposed_by": state.proposed_by,
                "approved_by": state.approved_by,
                "valid_from": str(state.valid_from or ""),
                "valid_to": str(state.valid_to or ""),
                "tables": len(manifest.entries),
                "supersedes": manifest.supersedes or "",
                "digest": digest[:12],
            }
        )
    console.table(f"Sets in {store.folder}", _spaced(rows))
    console.result({"store": str(store.folder), "sets": rows})
    return 0


def _spaced(rows: Sequence[Mapping[str, object]]) -> list[dict[str, object]]:
    """Rows under headings for people: words where a machine's keys have underscores."""
    return [{name.replace("_", " "): value for name, value in row.items()} for row in rows]


def _show(arguments: argparse.Namespace, console: Console) -> int:
    from behavior.assumptions.beyond_data import beyond_data_warnings
    from behavior.assumptions.compare import readings

    found, points = _find(arguments.set, arguments.store), _points(arguments)
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
            "value": _finite(one.value),
            "held_at": one.held_at,
        }
        for one in readings(found, points)
    ]
    warnings = beyond_data_warnings(found.tables, points)
    console.say(f"Set {found.id} as of {found.as_of}, digest {found.digest}")
    _tables(console, tables)
    _readings(console, figures)
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


def _readings(console: Console, figures: Sequence[Mapping[str, object]]) -> None:
    """Figures of a set, one table an effect, cause and segment, so that each line fits a terminal."""
    groups: dict[tuple[str, ...], list[Mapping[str, object]]] = {}
    for row in figures:
        key = tuple(str(row[name]) for name in ("effect", "cause", "segment") if row.get(name))
        groups.setdefault(key, []).append(row)
    for key, rows in groups.items():
        shown = [name for name in ("measure", "value", "unit", "held_at") if any(row.get(name) for row in rows)]
        console.table("Readings: " + ", ".join(key), _spaced([{name: row[name] for name in shown} for row in rows]))


def _origin(found: AssumptionSet, name: str) -> dict[str, object]:
    from behavior.assumptions.manifest import TEXTS

    origin = found.table(name).provenance
    rows: dict[str, object] = {"table": name}
    rows |= {key: getattr(origin, key) for key in ("model", "model_version", *TEXTS)}
    rows["failed_gates"] = ", ".join(origin.failed_gates)
    return {key: value for key, value in rows.items() if value not in (None, "")}


def _verify(arguments: argparse.Namespace, console: Console) -> int:
    from behavior.errors import BAD_INPUT, DONE, BehaviorError
    from behavior.io.assumption_store import AssumptionStore

    store = AssumptionStore(arguments.store)
    problems: list[str] = []
    checked = list(arguments.sets) or list(store.ids())
    if arguments.sets:
        for name in arguments.sets:
            try:
                _find(name, arguments.store)
            except BehaviorError as error:
                problems.append(str(error))
    else:
        store.require()
        problems += store.verify()
    for problem in problems:
        console.warn(problem)
    where = "" if arguments.sets else f" and the log in {store.folder}"
    sets = "1 set" if len(checked) == 1 else f"{len(checked)} sets"
    found = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
    console.say(f"{sets}{where} verified: {found}.")
    console.result({"checked": checked, "problems": problems})
    return BAD_INPUT if problems else DONE


def _import(arguments: argparse.Namespace, console: Console) -> int:
    from pathlib import Path

    from behavior.assumptions.compare import readings
    from behavior.io.assumption_store import AssumptionStore
    from behavior.io.exchange import import_set
    from behavior.io.files import require_outputs
    from behavior.workflows.publish import publish

    require_outputs([Path(arguments.store)])
    terms = Path(arguments.terms) if arguments.terms else None
    draft = import_set(Path(arguments.file), arguments.id, arguments.as_of, terms)
    store = AssumptionStore(arguments.store)
    now = dt.datetime.now(dt.UTC).replace(microsecond=0)
    written = publish(draft.tables, draft.id, draft.as_of, arguments.proposed_by, now, store, note=draft.note)
    folder = store.folder / written.id
    figures = [
        {
            "cause": one.cause or one.effect.lower(),
            "segment": one.segment,
            "measure": one.measure,
            "unit": one.unit,
            "value": _finite(one.value),
        }
        for one in readings(written)
    ]
    console.say(f"Set {written.id}, a draft of {arguments.proposed_by}, in {folder}")
    _readings(console, figures)
    console.say(f"Next: behavior approve {written.id} --by NAME --valid-from DATE --store {store.folder}")
    console.result(
        {"id": written.id, "digest": written.digest, "folder": str(folder), "status": "draft", "readings": figures}
    )
    return 0


def _diff(arguments: argparse.Namespace, console: Console) -> int:
    from behavior.assumptions.compare import compare
    from behavior.assumptions.compare_tables import TEXT

    old, new = _find(arguments.old, arguments.store), _find(arguments.new, arguments.store)
    comparison = compare(old, new, _points(arguments))
    shown = comparison.differences if arguments.all else comparison.changed()
    rows = [
        {
            "cause": one.cause or one.effect.lower(),
            "segment": one.segment,
            "measure": one.measure,
            "unit": one.unit,
            "old": _finite(one.old),
            "new": _finite(one.new),
            "change": _finite(one.change),
        }
        for one in shown
    ]
    words = [
        {key: row[key] for key in ("cause", "segment", "measure", "old", "new")}
        for row, one in zip(rows, shown, strict=True)
        if one.in_words
    ]
    rewritten = _rewritten(arguments, {one.segment for one in comparison.changed() if one.measure == TEXT})
    # Two revisions may have one id, in two stores or folders: then the places tell which is which.
    names = (old.id, new.id) if old.id != new.id else (arguments.old, arguments.new)
    title = f"{' -> '.join(names)}: {len(rows)} of {len(comparison.differences)} figures and terms"
    numbers = [row for row, one in zip(rows, shown, strict=True) if not one.in_words]
    if numbers or not (words or rewritten):
        console.table(title, numbers)
        title = "In words"
    if words:
        console.table(title, words)
    for name, (before, after) in rewritten.items():
        console.say(f"{name}: the same numbers, written differently (sha256 {before[:12]}, then {after[:12]}).")
    console.result(
        {
            "old": old.id,
            "new": new.id,
            "old_digest": old.digest,
            "new_digest": new.digest,
            "differences": rows,
            "compared": len(comparison.differences),
            "rewritten": rewritten,
        }
    )
    return 0


def _rewritten(arguments: argparse.Namespace, said: set[str]) -> dict[str, tuple[str, str]]:
    """Tables of one name whose files differ though nothing that is read from them does, with the files' digests."""
    before, after = (_file_digests(name, arguments.store) for name in (arguments.old, arguments.new))
    return {
        name: (before[name], after[name])
        for name in before
        if after.get(name, before[name]) != before[name] and f"table {name}" not in said
    }


def _file_digests(name: str, store: str) -> dict[str, str]:
    from pathlib import Path

    from behavior.assumptions.manifest import MANIFEST
    from behavior.io.set_folder import read_manifest

    inside = Path(store) / name
    folder = inside if (inside / MANIFEST).is_file() else Path(name)
    manifest, _ = read_manifest(folder.parent if folder.name == MANIFEST else folder)
    return {entry.heading.name: entry.sha256 for entry in manifest.entries}


def _retire(arguments: argparse.Namespace, console: Console) -> int:
    from behavior.io.assumption_store import AssumptionStore

    now = dt.datetime.now(dt.UTC).replace(microsecond=0)
    store = AssumptionStore(arguments.store)
    change = store.retire(arguments.set, arguments.by, now, arguments.first_day, arguments.note)
    console.say(f"Set {arguments.set} is retired from {change.valid_from} on, by {change.by}.")
    console.result({"id": arguments.set, "status": "retired", "by": change.by, "from": change.valid_from})
    return 0


def _find(name: str, store: str) -> AssumptionSet:
    """A set by id or folder, verified, whatever its state."""
    from behavior.io.assumption_store import load_assumptions

    return load_assumptions(name, store, any_state=True)


def _points(arguments: argparse.Namespace) -> ReadingPoints:
    from behavior.assumptions.compare import ReadingPoints
    from behavior.assumptions.effects import Driver

    base: Mapping[Driver, float] = {Driver.RATE_LEVEL: arguments.rate_level}
    return ReadingPoints(rate_level=arguments.rate_level, base=base)


def _finite(value: float | str | None) -> float | str | None:
    """JSON has no infinity; an infinite half-life is an empty cell."""
    return value if isinstance(value, str) or (value is not None and math.isfinite(value)) else None
