"""Hand-typed and vendor assumptions: a neutral CSV with a small TOML beside it becomes an assumption set.

The CSV holds one value a row. Its columns:

===================  =============================================================================================
effect               ``RUNOFF``, ``REPRICING`` or ``DRAWDOWN``
cause                of RUNOFF: ``payoff``, ``curtailment``, ``default``, ``withdrawal``, ``migrated`` ...
quantity             a quantity of a set (``MONTHLY_HAZARD``, ``MARGINAL_PASS_THROUGH``, ``MONTHLY_ADJUSTMENT``,
                     ``DRAWN_SHARE``) or a vendor's shape (below)
segment columns      any other column; blank in every row of a table means that the table does not use it
direction, view      as in a set, where used
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
``delay_months`` ...). Where it is silent, months count since as-of for the causes ``withdrawal`` and ``migrated`` and
for DRAWDOWN, else since origination. A table's name is its effect and cause, or its place in REPRICING:
``runoff_payoff``, ``repricing_target``, ``repricing_speed``, ``drawdown``.
"""

from __future__ import annotations

import datetime as dt
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from behavior.assumptions.check import HIGHEST_PASS_THROUGH, set_faults
from behavior.assumptions.curve import AssumptionCurve
from behavior.assumptions.effects import Direction, Driver, Effect, MonthMeaning
from behavior.assumptions.manifest import heading_from
from behavior.assumptions.set import AssumptionSet, AssumptionTable
from behavior.assumptions.table_text import KEPT_WORDS, curves_of, read_rows
from behavior.errors import Fault, FaultyInput
from behavior.io.files import read_bytes
from behavior.quantities import BoolArray, FloatArray, IntArray, Quantity, annual_to_monthly

CONSTANT_MONTHS = 360
"""Months that a constant is written out for; the tail rule holds it for ever after."""

NEEDED = ("effect", "quantity", "value")
DRIVER_COLUMNS = {driver.lower(): driver for driver in Driver}
RESERVED = ("effect", "cause", "quantity", *KEPT_WORDS, *DRIVER_COLUMNS)
SHAPES = {
    "CPR": Quantity.MONTHLY_HAZARD,
    "PSA": Quantity.MONTHLY_HAZARD,
    "ANNUAL_DECAY": Quantity.MONTHLY_HAZARD,
    "BETA": Quantity.MARGINAL_PASS_THROUGH,
}
RANGES = {
    "CPR": ("expected a share a year in [0, 1]; 6% is 0.06", 1.0),
    "ANNUAL_DECAY": ("expected a share a year in [0, 1]; 12% is 0.12", 1.0),
    "PSA": ("expected a speed of at least 0; the standard is 100", np.inf),
    "BETA": ("expected a pass-through in [0, 2]; 40% is 0.4", HIGHEST_PASS_THROUGH),
}
SINCE_AS_OF_CAUSES = ("withdrawal", "migrated")
PSA_RAMP_MONTHS = 30
PSA_STEP = 0.002
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
    text = _text(path)
    rows, lines = read_rows(text, str(path))
    raw = _terms(terms)
    faults: list[Fault] = []
    where_terms = str(terms) if terms else "terms"
    parts = _parts(rows, lines, str(path), faults)
    for name in raw.get("tables", {}):
        if name not in {part.name for part in parts} and not faults:
            there = ", ".join(part.name for part in parts)
            faults.append(Fault(where_terms, f"no such table; there are {there}", column=f"$.tables.{name}"))
    tables: list[AssumptionTable] = []
    for part in parts:
        table = _table(part, raw, str(path), where_terms, faults)
        tables += [table] if table is not None else []
    tables += _speed_of_beta(parts, tables)
    found = AssumptionSet(set_id, as_of, tuple(tables), note=str(raw.get("note", "")))
    faults = faults or set_faults(found)
    if faults:
        # A constant that is written out by month would repeat its fault in every month.
        raise FaultyInput(list(dict.fromkeys(faults)))
    return found


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


def _parts(rows: pd.DataFrame, lines: IntArray, where: str, faults: list[Fault]) -> list[_Part]:
    there = ", ".join(str(name) for name in rows.columns)
    missing = [name for name in NEEDED if name not in rows.columns]
    if missing:
        faults += [Fault(where, f"expected this column; there are {there}", line=1, column=name) for name in missing]
        return []
    if "cause" not in rows.columns:
        rows = rows.assign(cause="")
    words = [_quantity(str(one)) for one in rows["quantity"]]
    faults += _word_faults(rows["effect"], [one in list(Effect) for one in rows["effect"]], list(Effect), where, lines)
    known = [*(str(one) for one in SET_QUANTITIES), *SHAPES]
    faults += _word_faults(rows["quantity"], [one is not None for one in words], known, where, lines)
    if faults:
        return []
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
        for place in places[[words[one] is not part.quantity for one in places]]:
            text = str(rows["quantity"].iloc[place])
            faults.append(Fault(where, f"{name} holds {part.quantity}", int(lines[place]), "quantity", text))
        found.append(part)
    return found


def _word_faults(
    column: pd.Series, good: list[bool], allowed: Sequence[str], where: str, lines: IntArray
) -> list[Fault]:
    return [
        Fault(where, f"expected one of {', '.join(allowed)}", line=int(line), column=str(column.name), value=str(text))
        for text, fine, line in zip(column, good, lines, strict=True)
        if not fine
    ]


SET_QUANTITIES = (
    Quantity.MONTHLY_HAZARD,
    Quantity.MARGINAL_PASS_THROUGH,
    Quantity.MONTHLY_ADJUSTMENT,
    Quantity.DRAWN_SHARE,
)


def _quantity(words: str) -> Quantity | None:
    if words in SHAPES:
        return SHAPES[words]
    return Quantity(words) if words in list(SET_QUANTITIES) else None


def _name(effect: Effect, cause: str, quantity: Quantity) -> str:
    if effect is Effect.REPRICING:
        return "repricing_speed" if quantity is Quantity.MONTHLY_ADJUSTMENT else "repricing_target"
    return "_".join(word for word in (effect.lower(), cause) if word)


def _table(
    part: _Part, raw: Mapping[str, Any], where: str, where_terms: str, faults: list[Fault]
) -> AssumptionTable | None:
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
    heading = heading_from({**entry, **own}, part.name, where_terms, f"$.tables.{part.name}", faults)
    wrong = _value_faults(part, where)
    if heading is None or wrong:
        faults += wrong
        return None
    rows, lines = _written_out(part)
    kept = [name for name in rows.columns if name in (*segments, *drivers, *KEPT_WORDS)]
    curves, wrong = curves_of(rows[kept], heading, where, lines)
    faults += wrong
    return replace(heading, curves=tuple(curves))


def _value_faults(part: _Part, where: str) -> list[Fault]:
    """Values and bands of vendors' shapes out of their range; those of a set's quantities are judged with the set."""
    faults: list[Fault] = []
    for shape, (rule, top) in RANGES.items():
        here = (part.rows["quantity"] == shape).to_numpy(dtype=np.bool_)
        for name in ("value", "lower", "upper"):
            if name not in part.rows.columns:
                continue
            texts = part.rows[name].to_numpy(dtype=object)
            numbers = pd.to_numeric(part.rows[name], errors="coerce").to_numpy(dtype=np.float64)
            bad = here & ~((numbers >= 0.0) & (numbers <= top))
            bad &= (texts != "") | (name == "value")
            faults += [Fault(where, rule, int(part.lines[row]), name, str(texts[row])) for row in np.flatnonzero(bad)]
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
                _monthly_text(text, str(shape), month) for text, shape, month in zip(texts, shapes, age, strict=True)
            ]
    return long, lines[place]


def _is_number(column: pd.Series) -> BoolArray:
    return np.asarray(pd.to_numeric(column, errors="coerce").notna().to_numpy(), dtype=np.bool_)


def _monthly_text(text: str, shape: str, month: float) -> str:
    """A shape's value as the text of a monthly hazard; texts of other quantities are left as they are."""
    if shape not in RANGES or SHAPES[shape] is not Quantity.MONTHLY_HAZARD or not text:
        return text
    number = float(text)
    annual = psa_to_cpr(np.asarray(number), np.asarray(month)) if shape == "PSA" else np.asarray(number)
    return repr(float(annual_to_monthly(annual)))


def psa_to_cpr(speed: FloatArray, age_months: FloatArray) -> FloatArray:
    """CPR of a PSA speed (100 = the standard) at an age, month 1 the first: min(1, min(age, 30) x 0.2% x speed / 100).

    Source: quantitative 5.1.
    """
    return np.asarray(np.minimum(1.0, np.minimum(age_months, PSA_RAMP_MONTHS) * PSA_STEP * speed / 100.0))
