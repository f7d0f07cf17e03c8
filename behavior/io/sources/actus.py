"""ACTUS contracts and observed data from JSON, as the standard's public files lay them out."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from behavior.engine.actus.terms import Observed, Terms
from behavior.errors import Fault, SpecFault


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


def observed_data(series: Mapping[str, Any], events: Sequence[Mapping[str, Any]] = ()) -> Observed:
    """Observed data from ``{code: {"data": [{"timestamp", "value"}, …]}}`` and ``[{"time", "type", "value"}, …]``."""
    times, values = {}, {}
    for code, content in series.items():
        rows = sorted((np.datetime64(row["timestamp"], "s"), float(row["value"])) for row in content["data"])
        times[code] = np.array([moment for moment, _ in rows], dtype="datetime64[s]")
        values[code] = np.array([value for _, value in rows], dtype=np.float64)
    outside = tuple((np.datetime64(row["time"], "s"), str(row["type"]), float(row["value"] or 0.0)) for row in events)
    return Observed(times, values, outside)


def contract_of(name: str, entry: Mapping[str, Any]) -> ActusContract:
    """One entry of a file.

    Raises
    ------
    SpecFault : a term, or an outside event, that is not supported.
    """
    terms = Terms.of(entry["terms"])
    outside = entry.get("eventsObserved") or ()
    known = {"AD", "XD", "PR"} if terms.contract_type == "UMP" else {"AD", "XD"}
    foreign = sorted({str(row["type"]) for row in outside} - known)
    if foreign:
        rule = f"outside event not supported; there are {', '.join(sorted(known))}"
        raise SpecFault([Fault(name, rule, value=kind) for kind in foreign])
    horizon = np.datetime64(entry["to"], "s") if entry.get("to") else None
    observed = observed_data(entry.get("dataObserved") or {}, outside)
    return ActusContract(name, terms, observed, horizon, entry.get("results") or ())


def read_actus(path: Path) -> dict[str, ActusContract]:
    """Every contract of a JSON file by name.

    Raises
    ------
    SpecFault : not such a file, or listing every unsupported term of every contract.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, json.JSONDecodeError) as error:
        raise SpecFault([Fault(path.name, f"cannot be read as JSON: {error}")]) from error
    faults: list[Fault] = []
    found = {}
    for name, entry in content.items():
        try:
            found[name] = contract_of(name, entry)
        except SpecFault as error:
            faults += error.faults
    if faults:
        raise SpecFault(faults)
    return found
