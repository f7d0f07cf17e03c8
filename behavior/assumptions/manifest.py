"""The manifest of a set: TOML text and the headings of its tables, format 1.

Every key is optional but those in `NEEDED` and `NEEDED_OF_CURVES`. Keys that are not known are left out of account
and named by `Manifest.unknown`; a key that looks like a misspelt one is a fault.
"""

from __future__ import annotations

import datetime as dt
import json
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from behavior.assumptions.effects import Direction, Driver, Effect, MonthMeaning, View
from behavior.assumptions.pass_through_path import RestingRate
from behavior.assumptions.segments import Band, SegmentScheme
from behavior.assumptions.set import AssumptionSet, AssumptionTable, DriverTerms, Provenance
from behavior.assumptions.table_text import render_table
from behavior.assumptions.typed_toml import TomlTable
from behavior.digests import sha256_of
from behavior.errors import Fault, FaultyInput
from behavior.quantities import Quantity

MANIFEST = "manifest.toml"
FORMAT = 1
NEEDED = ("id", "as_of", "format", "curves")
NEEDED_OF_CURVES = ("file", "sha256", "effect", "quantity")
ID_PATTERN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
TEXTS = (
    "model",
    "spec_digest",
    "data_digest",
    "code_version",
    "run",
    "source",
    "transferred",
    "validation",
    "unreconciled",
)
KNOWN = (*NEEDED, "supersedes", "note")
KNOWN_OF_CURVES = (
    *NEEDED_OF_CURVES,
    "cause",
    "month_meaning",
    "drivers",
    "driver_index",
    "driver_tenor_months",
    "lag_months",
    "in_the_money_above",
    "segments",
    "bands",
    "view",
    "season",
    "delay_months",
    "recovery",
    "averaged_over",
    "resting_rates",
    "model_version",
    "failed_gates",
    *TEXTS,
)


@dataclass(frozen=True)
class ManifestEntry:
    """One ``[[curves]]`` entry: the table's heading without curves, its file and the file's digest."""

    file: str
    sha256: str
    heading: AssumptionTable
    view: View | None


@dataclass(frozen=True)
class Manifest:
    """A manifest as read; `unknown` lists keys that were left out of account."""

    id: str
    as_of: dt.date
    supersedes: str | None
    note: str
    entries: tuple[ManifestEntry, ...]
    unknown: tuple[str, ...] = ()


def render_set(assumptions: AssumptionSet) -> dict[str, str]:
    """All files of a set: name -> text, the manifest last. The same set gives the same bytes."""
    files = {f"{table.name}.csv": render_table(table) for table in assumptions.tables}
    lines = [f"id = {_literal(assumptions.id)}", f"as_of = {_literal(assumptions.as_of)}", f"format = {FORMAT}"]
    lines += [f"supersedes = {_literal(assumptions.supersedes)}"] if assumptions.supersedes else []
    lines += [f"note = {_literal(assumptions.note)}"] if assumptions.note else []
    for table in assumptions.tables:
        name = f"{table.name}.csv"
        lines += ["", "[[curves]]", f"file = {_literal(name)}", f"sha256 = {_literal(sha256_of(files[name]))}"]
        lines += _entry_lines(table)
    return {**files, MANIFEST: "\n".join(lines) + "\n"}


def behaviour_digest(table: AssumptionTable) -> str:
    """sha256 of what a table says customers do: its values and every term, without its name and where it came from."""
    return sha256_of("\n".join([*_entry_lines(replace(table, provenance=Provenance())), render_table(table)]))


def _entry_lines(table: AssumptionTable) -> list[str]:
    return [f"{key} = {_literal(value)}" for key, value in _entry(table).items()]


def _entry(table: AssumptionTable) -> dict[str, Any]:
    terms, origin = table.terms, table.provenance
    views = sorted({str(curve.view) for curve in table.curves if curve.view is not None})
    if any(curve.view is None for curve in table.curves):
        # A view of the whole table would also be read into its curves that speak for every view.
        views = []
    found: dict[str, Any] = {
        "effect": str(table.effect),
        "cause": table.cause,
        "quantity": str(table.quantity),
        "month_meaning": table.month_meaning and str(table.month_meaning),
        "drivers": [str(driver) for driver in table.drivers],
        "driver_index": terms.index,
        "driver_tenor_months": terms.tenor_months,
        "lag_months": terms.lag_months or None,
        "in_the_money_above": terms.in_the_money_above or None,
        "segments": list(table.scheme.columns),
        "bands": {
            name: {"column": band.column, "edges": [float(edge) for edge in band.edges]}
            for name, band in table.scheme.bands.items()
        },
        "view": views[0] if len(views) == 1 else views,
        "season": table.season and [float(factor) for factor in table.season],
        "delay_months": {str(direction): months for direction, months in table.delay_months.items()},
        "recovery": table.recovery,
        "averaged_over": {
            key: value.split(", ") if key == "covariates" else value for key, value in table.averaged_over.items()
        },
        "resting_rates": [
            {"segment": list(segment), "level": float(one.level), "rate": float(one.rate)}
            for segment, one in table.resting_rates.items()
        ],
        "model": origin.model,
        "model_version": origin.model_version,
        "failed_gates": list(origin.failed_gates),
        **{name: getattr(origin, name) for name in TEXTS if name != "model"},
    }
    kept = ("drivers", "segments")
    return {key: value for key, value in found.items() if key in kept or value not in (None, "", [], {})}


def _literal(value: Any) -> str:
    """A TOML literal; floats as Python writes them, whole edges without a decimal point."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    if isinstance(value, int):
        return str(value)
    if isinstance(value, dt.date):
        return value.isoformat()
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{_key(key)} = {_literal(one)}" for key, one in value.items()) + " }"
    return "[" + ", ".join(_literal(one) for one in value) + "]"


def _key(key: str) -> str:
    return key if re.fullmatch(r"[A-Za-z0-9_-]+", key) else _literal(key)


def parse_manifest(text: str, where: str = MANIFEST) -> Manifest:
    """Read a manifest.

    Raises
    ------
    FaultyInput : every fault with its path, such as ``$.curves[0].sha256``.
    """
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise FaultyInput([Fault(where, f"expected TOML ({error})")]) from error
    faults: list[Fault] = []
    top = TomlTable(raw, where, "$", faults)
    top.need(NEEDED)
    unknown = list(top.misspelt(KNOWN))
    set_id = top.text("id")
    if "id" in raw and not ID_PATTERN.fullmatch(set_id):
        top.fault("id", "expected letters, digits, dots, dashes and underscores", raw["id"])
    as_of = raw.get("as_of")
    if "as_of" in raw and (not isinstance(as_of, dt.date) or isinstance(as_of, dt.datetime)):
        top.fault("as_of", "expected a date without quotes, such as 2026-09-30", as_of)
    if "format" in raw and raw["format"] != FORMAT:
        top.fault("format", f"this version reads format {FORMAT}", raw["format"])
    entries: list[ManifestEntry] = []
    curves = raw.get("curves", [])
    if not isinstance(curves, list) or not all(isinstance(one, dict) for one in curves):
        top.fault("curves", "expected [[curves]] entries")
        curves = []
    for place, one in enumerate(curves):
        reader = TomlTable(one, where, f"$.curves[{place}]", faults)
        entry, extra = _read_entry(reader)
        unknown += extra
        entries += [entry] if entry else []
    if faults:
        raise FaultyInput(faults)
    assert isinstance(as_of, dt.date)
    return Manifest(set_id, as_of, top.text("supersedes") or None, top.text("note"), tuple(entries), tuple(unknown))


def heading_from(
    raw: Mapping[str, Any], name: str, where: str, path: str, faults: list[Fault]
) -> tuple[AssumptionTable | None, tuple[View, ...]]:
    """A table's heading, without curves, and its views, from the keys of a ``[[curves]]`` entry; adds to `faults`."""
    reader = TomlTable(raw, where, path, faults)
    reader.misspelt(KNOWN_OF_CURVES)
    return _heading(reader, name), _views(reader)


def _read_entry(reader: TomlTable) -> tuple[ManifestEntry | None, tuple[str, ...]]:
    reader.need(NEEDED_OF_CURVES)
    unknown = reader.misspelt(KNOWN_OF_CURVES)
    file = reader.text("file")
    if file and (not file.endswith(".csv") or "/" in file or "\\" in file):
        reader.fault("file", "expected the name of a .csv file in the set's own folder", file)
    views = _views(reader)
    heading = _heading(reader, file.removesuffix(".csv"))
    if heading is None:
        return None, unknown
    view_of_all = views[0] if len(views) == 1 else None
    return ManifestEntry(file, reader.text("sha256").lower(), heading, view_of_all), unknown


def _views(reader: TomlTable) -> tuple[View, ...]:
    """The views of a table: one word, or a list of them; none where its curves say theirs, or speak for every view."""
    words = (reader.raw["view"],) if isinstance(reader.raw.get("view"), str) else reader.texts("view")
    wrong = [word for word in words if word not in list(View)]
    for word in wrong:
        reader.fault("view", f"expected {' or '.join(View)}", word)
    return () if wrong else tuple(View(word) for word in words)


def _heading(reader: TomlTable, name: str) -> AssumptionTable | None:
    effect, quantity = reader.word("effect", Effect), reader.word("quantity", Quantity)
    meaning = reader.word("month_meaning", MonthMeaning)
    drivers = reader.words("drivers", Driver)
    season = reader.numbers("season")
    if effect is None or quantity is None:
        return None
    return AssumptionTable(
        name=name,
        effect=effect,
        quantity=quantity,
        scheme=SegmentScheme(reader.texts("segments"), _bands(reader)),
        curves=(),
        cause=reader.text("cause"),
        month_meaning=meaning,
        drivers=drivers,
        terms=DriverTerms(
            index=reader.text("driver_index") or None,
            tenor_months=_tenor(reader),
            lag_months=reader.whole("lag_months", 0),
            in_the_money_above=reader.number("in_the_money_above") or 0.0,
        ),
        season=season if "season" in reader.raw else None,
        delay_months=_delays(reader),
        recovery=reader.number("recovery"),
        averaged_over=_averaged_over(reader),
        resting_rates=_resting_rates(reader),
        provenance=Provenance(
            model_version=reader.whole("model_version", 0) if "model_version" in reader.raw else None,
            failed_gates=reader.texts("failed_gates"),
            **{key: reader.text(key) for key in TEXTS},
        ),
    )


def _bands(reader: TomlTable) -> dict[str, Band]:
    found: dict[str, Band] = {}
    for name, raw in reader.inner("bands").items():
        inner = TomlTable(
            raw if isinstance(raw, dict) else {}, reader.where, f"{reader.path}.bands.{name}", reader.faults
        )
        inner.need(("column", "edges"))
        found[name] = Band(inner.text("column"), inner.numbers("edges"))
    return found


def _tenor(reader: TomlTable) -> int | str | None:
    value = reader.raw.get("driver_tenor_months")
    if value is None or isinstance(value, str):
        return value
    return reader.whole("driver_tenor_months", 0)


def _delays(reader: TomlTable) -> dict[Direction, int]:
    if isinstance(reader.raw.get("delay_months"), int):
        both = reader.whole("delay_months", 0)
        return dict.fromkeys(Direction, both)
    raw = reader.inner("delay_months")
    inner = TomlTable(raw, reader.where, f"{reader.path}.delay_months", reader.faults)
    for key in raw:
        if key not in list(Direction):
            inner.fault(key, f"expected {' or '.join(Direction)}")
    return {direction: inner.whole(direction, 0) for direction in Direction if direction in raw}


def _resting_rates(reader: TomlTable) -> dict[tuple[str, ...], RestingRate]:
    raw = reader.raw.get("resting_rates", [])
    if not isinstance(raw, list) or not all(isinstance(one, dict) for one in raw):
        reader.fault("resting_rates", "expected a list of { segment = [...], level = ..., rate = ... }", raw)
        return {}
    found = {}
    for place, one in enumerate(raw):
        inner = TomlTable(one, reader.where, f"{reader.path}.resting_rates[{place}]", reader.faults)
        inner.need(("segment", "level", "rate"))
        found[inner.texts("segment")] = RestingRate(inner.number("level") or 0.0, inner.number("rate") or 0.0)
    return found


def _averaged_over(reader: TomlTable) -> dict[str, str]:
    return {
        key: ", ".join(str(one) for one in value) if isinstance(value, list) else str(value)
        for key, value in reader.inner("averaged_over").items()
    }
