"""ACTUS contracts and observed data from JSON, as the standard's public files lay them out."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from behavior.engine.actus.observed import Observed
from behavior.engine.actus.terms import Terms
from behavior.errors import Fault, SpecFault

LAYOUT = 'Lay the file out as {"<name>": {"terms": {"contractType": "PAM", ...}}, ...}, one entry a contract.'
"""What to do about a file of another shape."""

KINDS = {list: "list", str: "string", int: "number", float: "number", bool: "boolean", type(None): "null"}


@dataclass(frozen=True)
class ActusContract:
    """One contract with what is observed for it.

    Parameters
    ----------
    name : key in the file. terms : checked. observed : index values and outside events.
    horizon : last moment asked for, None where the file gives none.
    expected : event rows of the file, where it holds them.
    """

    name: str
    terms: Terms
    observed: Observed
    horizon: Any
    expected: Sequence[Mapping[str, Any]]


def _value(place: str, value: Any) -> float:
    """A value of observed data.

    Raises
    ------
    SpecFault : not a finite number.
    """
    try:
        found = float(value)
    except (TypeError, ValueError):
        found = math.nan
    if not math.isfinite(found):
        raise SpecFault([Fault("observed data", "expected a finite number", column=place, value=str(value))])
    return found


def observed_data(series: Mapping[str, Any], events: Sequence[Mapping[str, Any]] = ()) -> Observed:
    """Observed data from ``{code: {"data": [{"timestamp", "value"}, …]}}`` and ``[{"time", "type", "value"}, …]``."""
    times, values = {}, {}
    for code, content in series.items():
        rows = sorted((np.datetime64(row["timestamp"], "s"), _value(code, row["value"])) for row in content["data"])
        times[code] = np.array([moment for moment, _ in rows], dtype="datetime64[s]")
        values[code] = np.array([value for _, value in rows], dtype=np.float64)
    outside = tuple(
        (np.datetime64(row["time"], "s"), str(row["type"]), _value(str(row["type"]), row["value"] or 0.0))
        for row in events
    )
    return Observed(times, values, outside)


def contract_of(name: str, entry: Mapping[str, Any]) -> ActusContract:
    """One entry of a file.

    Raises
    ------
    SpecFault : no terms; a term, or an outside event, that is not supported; observed data of another shape.
    """
    if not isinstance(entry, Mapping) or not isinstance(entry.get("terms"), Mapping):
        raise SpecFault([Fault(name, "expected an entry with the contract's `terms`", hint=LAYOUT)])
    terms = Terms.of(entry["terms"])
    try:
        return _with_observed(name, terms, entry)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        if isinstance(error, SpecFault):
            raise
        rule = f"`to`, `dataObserved` and `eventsObserved` are not as the standard's files have them ({error!r})"
        hint = 'Expected {"CODE": {"data": [{"timestamp", "value"}, ...]}} and [{"time", "type", "value"}, ...].'
        raise SpecFault([Fault(name, rule, hint=hint)]) from error


def _with_observed(name: str, terms: Terms, entry: Mapping[str, Any]) -> ActusContract:
    """The contract with what is observed for it."""
    outside = entry.get("eventsObserved") or ()
    known = {"AD", "XD", "PR"} if terms.contract_type == "UMP" else {"AD", "XD"}
    foreign = sorted({str(row["type"]) for row in outside} - known)
    if foreign:
        rule = f"outside event not supported; there are {', '.join(sorted(known))}"
        raise SpecFault([Fault(name, rule, value=kind) for kind in foreign])
    horizon = np.datetime64(entry["to"], "s") if entry.get("to") else None
    observed = observed_data(entry.get("dataObserved") or {}, outside)
    return ActusContract(name, terms, observed, horizon, entry.get("results") or ())


def _as_object(pairs: Sequence[tuple[str, Any]], twice: list[str]) -> dict[str, Any]:
    """An object of the file; names that stand more than once, of which only the last value is kept, go to `twice`."""
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice += sorted({name for name in names if names.count(name) > 1})
    return found


def read_actus(path: Path) -> dict[str, ActusContract]:
    """Every contract of a JSON file by name.

    Raises
    ------
    SpecFault : not such a file, or listing every unsupported term of every contract.
    """
    twice: list[str] = []
    try:
        content = json.loads(path.read_text(encoding="utf-8"), object_pairs_hook=partial(_as_object, twice=twice))
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise SpecFault([Fault(path.name, f"cannot be read as JSON: {error}")]) from error
    if not isinstance(content, Mapping):
        rule = f"expected an object with one entry a contract, by name; this is a JSON {KINDS[type(content)]}"
        raise SpecFault([Fault(path.name, rule, hint=LAYOUT)])
    if not content:
        raise SpecFault([Fault(path.name, "expected at least one contract, the file holds none", hint=LAYOUT)])
    rule = "stands more than once in one object, where only the last would count"
    faults = [
        Fault(path.name, rule, value=name, hint="Keep one of them, or give each a name of its own") for name in twice
    ]
    found = {}
    for name, entry in content.items():
        try:
            found[name] = contract_of(name, entry)
        except SpecFault as error:
            faults += [replace(fault, where=f"{path.name}, {fault.where}") for fault in error.faults]
    if faults:
        raise SpecFault(faults)
    return found
