"""Hand-typed and vendor assumptions: a neutral CSV with a small TOML beside it becomes an assumption set.

The CSV holds one value a row. Its columns:

===================  =============================================================================================
effect               ``RUNOFF``, ``REPRICING`` or ``DRAWDOWN``
cause                of RUNOFF: ``payoff``, ``curtailment``, ``default``, ``withdrawal``, ``migrated`` ...
quantity             a quantity of a set (``MONTHLY_HAZARD``, ``MARGINAL_PASS_THROUGH``, ``MONTHLY_ADJUSTMENT``,
                     ``DRAWN_SHARE``) or a vendor's shape (below)
segment columns      any other column; blank in every row of a table means that the table does not use it
direction            of MONTHLY_ADJUSTMENT: ``up`` or ``down``
view                 of deposit decay: ``with_redeposits`` or ``minimum_balance``; blank speaks for both
driver columns       ``rate_incentive``, ``rate_level``, ``rate_spread``, ``months_in_the_money``, where used
month                whole month from 1 on; blank for one value in all months
value                the number; lower, upper, exposure_months where known
===================  =============================================================================================

Vendors' shapes: ``CPR`` and ``ANNUAL_DECAY`` (share a year; becomes 1 - (1 - a)^(1/12) a month), ``PSA`` (speed, 100 =
the standard; months since origination; quantitative 5.1), ``BETA`` (one pass-through at every level; without
MONTHLY_ADJUSTMENT rows a speed of 1 is written: the whole distance closes in its first month). Rows of one effect and
cause may mix shapes.

The TOML (optional) gives what a row cannot: ``source``, ``note``, ``[bands]``, and under ``[tables.<name>]`` the keys
of a manifest's ``[[curves]]`` entry (``month_meaning``, ``driver_index``, ``lag_months``, ``season``,
``delay_months``, ``view`` of a table whose rows name none ...). Where it is silent, months count since as-of for the
causes ``withdrawal`` and ``migrated`` and for DRAWDOWN, else since origination. A table's name is its effect and cause,
or its place in REPRICING: ``runoff_payoff``, ``repricing_target``, ``repricing_speed``, ``drawdown``.
"""

from __future__ import annotations

import datetime as dt
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from behavior.assumptions.check import QUANTITIES, set_faults
from behavior.assumptions.curve import AssumptionCurve
from behavior.assumptions.effects import Direction, Driver, Effect, MonthMeaning, View
from behavior.assumptions.manifest import heading_from
from behavior.assumptions.set import AssumptionSet, AssumptionTable
from behavior.assumptions.table_text import KEPT_WORDS, curves_of, header_faults, read_rows
from behavior.errors import Fault, FaultyInput, Gathered
from behavior.io.files import read_bytes
from behavior.io.vendor_shapes import SET_QUANTITIES, SHAPES, judged_values, monthly_text, quantity_of
from behavior.quantities import BoolArray, IntArray, Quantity

CONSTANT_MONTHS = 360
"""Months that a constant is written out for; the tail rule holds it for ever after."""

NEEDED = ("effect", "quantity", "value")
DRIVER_COLUMNS = {driver.lower(): driver for driver in Driver}
RESERVED = ("effect", "cause", "quantity", *KEPT_WORDS, *DRIVER_COLUMNS)
SINCE_AS_OF_CAUSES = ("withdrawal", "migrated")
CAUSE_PATTERN = re.compile(r"\w([\w .-]*\w)?")
TOP_KEYS = ("source", "note", "bands", "tables")


@dataclass(frozen=True)
class _Part:
    """Rows of one table, with the lines they stood on; their `quantity` column may hold several shapes."""

    name: str
    effect: Effect
    cause: str
    quantity: Quantity
    rows: pd.DataFrame
    lines: IntArray


def import_set(path: Path, set_id: str, as_of: dt.date, terms: Path | None = None) -> AssumptionSet:
    """Read a neutral CSV and its terms as an assumption set.

    Raises
    ------
    FaultyInput : every fault of both files, with line, column and value.
    """
    faults: list[Fault] = []
    where, where_terms = str(path), str(terms) if terms else "terms"
    rows, lines = read_rows(_text(path), where, faults)
    gathered = Gathered()
    raw: dict[str, Any] = {}
    with gathered:
        raw = _terms(terms)
    faults += [*gathered.faults, *header_faults(rows, NEEDED, where)]
    if len(rows) == 0 and not faults:
        faults.append(Fault(where, "expected at least one row below the header"))
    if set(NEEDED) - set(rows.columns) or rows.columns.has_duplicates:
        raise FaultyInput(faults)
    rows = rows if "cause" in rows.columns else rows.assign(cause="")
    wrong, good = _word_faults(rows, lines, where)
    faults += wrong
    rows, wrong = judged_values(rows, good, lines, where)
    whole = not faults
    faults += wrong
    parts = _parts(rows[good], lines[good])
    if whole:
        faults += _terms_of_no_table(raw, parts, where_terms)
    made = [_table(part, raw, where, where_terms, whole, faults) for part in parts]
    tables = [table for table in made if table is not None]
    tables += _speed_of_beta(parts, tables)
    found = AssumptionSet(set_id, as_of, tuple(tables), note=str(raw.get("note", "")))
    if tables or not faults:
        faults += set_faults(found)
    if faults:
        # A constant that is written out by month would repeat its fault in every month.
        once = dict.fromkeys(faults)
        raise FaultyInput(sorted(once, key=lambda fault: (fault.where != where, fault.line or 0)))
    return found


def _terms_of_no_table(raw: Mapping[str, Any], parts: Sequence[_Part], where: str) -> list[Fault]:
    names = [part.name for part in parts]
    return [
        Fault(where, f"no such table; there are {', '.join(names)}", column=f"$.tables.{name}")
        for name in raw.get("tables", {})
        if name not in names
    ]


def _text(path: Path) -> str:
    try:
        return read_bytes(path).decode("utf-8")
    except UnicodeDecodeError as error:
        raise FaultyInput([Fault(str(path), f"expected UTF-8 text ({error.reason} at byte {error.start})")]) from error


def _terms(path: Path | None) -> dict[str, Any]:
    if path is None:
        return {}
    try:
        raw = tomllib.loads(_text(path))
    except tomllib.TOMLDecodeError as error:
        raise FaultyInput([Fault(str(path), f"expected TOML ({error})")]) from error
    faults = [
        Fault(str(path), f"there is no such key; there are {', '.join(TOP_KEYS)}", column=f"$.{key}")
        for key in raw
        if key not in TOP_KEYS
    ]
    named = raw.get("tables", {})
    inner = {f"$.{key}": raw[key] for key in ("bands", "tables") if key in raw}
    inner |= {f"$.tables.{name}": one for name, one in named.items()} if isinstance(named, dict) else {}
    faults += [
        Fault(str(path), "expected a table", column=key, value=repr(one)[:80])
        for key, one in inner.items()
        if not isinstance(one, dict)
    ]
    if faults:
        raise FaultyInput(faults)
    return raw


def _word_faults(rows: pd.DataFrame, lines: IntArray, where: str) -> tuple[list[Fault], BoolArray]:
    """Rows whose words do not say what table they belong to, every word of them, and which rows are good, (rows,)."""
    directions = rows["direction"] if "direction" in rows.columns else [""] * len(rows)
    judged: dict[tuple[str, ...], list[tuple[str, str, str]]] = {}
    faults: list[Fault] = []
    good = np.ones(len(rows), dtype=np.bool_)
    words = zip(rows["effect"], rows["cause"], rows["quantity"], directions, strict=True)
    for place, key in enumerate(words):
        if key not in judged:
            judged[key] = list(_broken_rules(*key))
        good[place] = not judged[key]
        faults += [Fault(where, rule, int(lines[place]), column, value) for column, value, rule in judged[key]]
    return faults, good


def _broken_rules(effect: str, cause: str, quantity: str, direction: str) -> Iterator[tuple[str, str, str]]:
    """Column, word and rule of everything wrong with a row's words."""
    known = effect in list(Effect)
    if not known:
        yield "effect", effect, f"expected one of {', '.join(Effect)}"
    meant = quantity_of(quantity)
    fitting = [str(one) for one in QUANTITIES[Effect(effect)]] if known else [str(one) for one in SET_QUANTITIES]
    fitting += [shape for shape, of in SHAPES.items() if str(of) in fitting]
    if meant is None:
        yield "quantity", quantity, f"expected one of {', '.join(fitting)}"
    elif quantity not in fitting:
        yield "quantity", quantity, f"{effect} needs {' or '.join(fitting)}"
    if effect == Effect.RUNOFF and not cause:
        yield "cause", cause, "RUNOFF needs a cause, such as payoff, curtailment, default, withdrawal or migrated"
    if effect == Effect.REPRICING and cause:
        yield "cause", cause, "REPRICING has no cause; leave it blank"
    elif cause and not CAUSE_PATTERN.fullmatch(cause):
        # A table's file is named after its cause.
        yield "cause", cause, "expected letters, digits, dots, dashes, underscores and spaces between them"
    if direction and meant is Quantity.MARGINAL_PASS_THROUGH:
        yield "direction", direction, "a pass-through is the same up and down; leave it blank"


def _parts(rows: pd.DataFrame, lines: IntArray) -> list[_Part]:
    """Rows of each table, tables in the order of their first row."""
    words = [quantity_of(str(one)) for one in rows["quantity"]]
    names = np.asarray(
        [
            _name(Effect(str(effect)), str(cause), quantity or Quantity.MONTHLY_HAZARD)
            for effect, cause, quantity in zip(rows["effect"], rows["cause"], words, strict=True)
        ],
        dtype=object,
    )
    found: list[_Part] = []
    for name in dict.fromkeys(names):
        places = np.flatnonzero(names == name)
        first = int(places[0])
        part = _Part(
            str(name),
            Effect(str(rows["effect"].iloc[first])),
            str(rows["cause"].iloc[first]),
            words[first] or Quantity.MONTHLY_HAZARD,
            rows.iloc[places].reset_index(drop=True),
            np.asarray(lines[places], dtype=np.int64),
        )
        found.append(part)
    return found


def _name(effect: Effect, cause: str, quantity: Quantity) -> str:
    if effect is Effect.REPRICING:
        return "repricing_speed" if quantity is Quantity.MONTHLY_ADJUSTMENT else "repricing_target"
    return "_".join(word for word in (effect.lower(), cause) if word)


def _table(
    part: _Part, raw: Mapping[str, Any], where: str, where_terms: str, whole: bool, faults: list[Fault]
) -> AssumptionTable | None:
    """A part as a table; None where its terms are wrong, or where no curve can be made of its rows."""
    segments = [str(name) for name in part.rows.columns if name not in RESERVED and (part.rows[name] != "").any()]
    drivers = [name for name in DRIVER_COLUMNS if name in part.rows.columns and (part.rows[name] != "").any()]
    own = dict(raw.get("tables", {}).get(part.name, {}))
    entry: dict[str, Any] = {
        "effect": str(part.effect),
        "cause": part.cause,
        "quantity": str(part.quantity),
        "segments": segments,
        "drivers": [str(DRIVER_COLUMNS[name]) for name in drivers],
        "bands": {name: band for name, band in raw.get("bands", {}).items() if name in segments},
        "source": str(raw.get("source", "")),
    }
    meaning = _month_meaning(part)
    if meaning is not None:
        entry["month_meaning"] = str(meaning)
    fixed = [key for key in ("effect", "cause", "quantity", "segments", "drivers", "file", "sha256") if key in own]
    for key in fixed:
        faults.append(Fault(where_terms, "the CSV says this", column=f"$.tables.{part.name}.{key}"))
    heading, views = heading_from({**entry, **own}, part.name, where_terms, f"$.tables.{part.name}", faults)
    faults += _view_faults(part, segments, views, where, where_terms)
    if heading is None:
        return None
    rows, lines = _written_out(part)
    kept = [name for name in rows.columns if name in (*segments, *drivers, *KEPT_WORDS)]
    curves, wrong = curves_of(rows[kept], heading, where, lines, views[0] if views else None, whole)
    faults += wrong
    return replace(heading, curves=tuple(curves)) if curves else None


def _view_faults(
    part: _Part, segments: list[str], views: tuple[View, ...], where: str, where_terms: str
) -> list[Fault]:
    """Views said twice: by the terms and by rows, or by a row for every view beside one for a single view."""
    faults: list[Fault] = []
    key = f"$.tables.{part.name}.view"
    said = (part.rows["view"] != "").to_numpy(dtype=np.bool_) if "view" in part.rows.columns else np.zeros(1, np.bool_)
    if len(views) > 1:
        faults.append(Fault(where_terms, "expected one view; rows say theirs in the column `view`", column=key))
    elif views and said.any():
        faults.append(Fault(where_terms, "the CSV says this", column=key))
    if said.any() and not said.all():
        labels = [tuple(row) for row in part.rows[segments].itertuples(index=False)]
        spoken = {label for label, one in zip(labels, said, strict=True) if one}
        rule = "a row without a view speaks for every view, and this segment has rows of a view too; name the view"
        faults += [
            Fault(where, rule, line=int(part.lines[place]), column="view", value="")
            for place in np.flatnonzero(~said)
            if labels[place] in spoken
        ]
    return faults


def _speed_of_beta(parts: list[_Part], tables: list[AssumptionTable]) -> list[AssumptionTable]:
    """A speed of 1 up and down beside constant betas that came without one."""
    target = next((table for table in tables if table.quantity is Quantity.MARGINAL_PASS_THROUGH), None)
    constant = any((part.rows["quantity"] == "BETA").any() for part in parts)
    if target is None or not constant or any(table.quantity is Quantity.MONTHLY_ADJUSTMENT for table in tables):
        return []
    curves = [
        AssumptionCurve(curve.segment, np.empty(0, dtype=np.int64), {}, np.ones(()), direction)
        for curve in target.curves
        for direction in Direction
    ]
    return [
        replace(target, name="repricing_speed", quantity=Quantity.MONTHLY_ADJUSTMENT, curves=tuple(curves), drivers=())
    ]


def _month_meaning(part: _Part) -> MonthMeaning | None:
    """From when months count where the terms are silent: deposits and draws since as-of, loans since origination."""
    if part.effect is Effect.REPRICING:
        return None
    if part.effect is Effect.DRAWDOWN or part.cause in SINCE_AS_OF_CAUSES:
        return MonthMeaning.SINCE_AS_OF
    return MonthMeaning.SINCE_ORIGINATION


def _written_out(part: _Part) -> tuple[pd.DataFrame, IntArray]:
    """Rows with constants written out by month and vendors' shapes turned into the set's quantity."""
    rows, lines = part.rows, part.lines
    if part.effect is Effect.REPRICING:
        return rows, lines
    months = rows["month"].to_numpy(dtype=object) if "month" in rows.columns else np.full(len(rows), "", dtype=object)
    blank = np.asarray(months == "", dtype=np.bool_) & _is_number(rows["value"])
    repeat = np.where(blank, CONSTANT_MONTHS, 1)
    place = np.repeat(np.arange(len(rows)), repeat)
    counted = np.arange(len(place)) - np.repeat(np.cumsum(repeat) - repeat, repeat) + 1
    long = rows.iloc[place].reset_index(drop=True)
    long["month"] = np.where(blank[place], counted.astype(str).astype(object), months[place])
    shapes = long["quantity"].to_numpy(dtype=object)
    age = pd.to_numeric(long["month"], errors="coerce").to_numpy(dtype=np.float64)
    for name in ("value", "lower", "upper"):
        if name in long.columns:
            texts = long[name].to_numpy(dtype=object)
            long[name] = [
                monthly_text(text, str(shape), month) for text, shape, month in zip(texts, shapes, age, strict=True)
            ]
    return long, lines[place]


def _is_number(column: pd.Series) -> BoolArray:
    return np.asarray(pd.to_numeric(column, errors="coerce").notna().to_numpy(), dtype=np.bool_)
