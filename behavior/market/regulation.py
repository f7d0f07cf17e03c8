"""Regulation as dated data: one loader for the tables under ``market/parameters``.

Every table there carries its source, how certain it is and since when it holds; a file or table without them is
refused, so that no number of a rule can be used without saying where it comes from.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib import resources
from types import MappingProxyType
from typing import Any

from behavior.errors import Fault, MarketDataError, SpecFault

CERTAINTIES: Mapping[str, str] = MappingProxyType(
    {
        "V": "checked against public text of the act or agency",
        "V2": "two or more independent secondary sources agree",
        "V1": "one secondary source",
        "S": "well established, not looked up",
        "M": "from memory",
        "U": "unverified",
    }
)


@dataclass(frozen=True)
class Provenance:
    """Where numbers come from.

    Parameters
    ----------
    source : act, article or page.
    certainty : a key of `CERTAINTIES`.
    verified : true only where the text itself was checked (certainty ``V``).
    effective_from, effective_to : dates between which the numbers hold; `effective_to` None = still.
    """

    source: str
    certainty: str
    verified: bool
    effective_from: date
    effective_to: date | None = None

    def holds_on(self, day: date) -> bool:
        """Whether the numbers hold on a date."""
        return self.effective_from <= day and (self.effective_to is None or day <= self.effective_to)

    @property
    def meaning(self) -> str:
        """The certainty in words."""
        return CERTAINTIES[self.certainty]


@dataclass(frozen=True)
class Table:
    """One table of a parameter file with the provenance that covers it."""

    name: str
    values: Mapping[str, Any]
    provenance: Provenance

    def __getitem__(self, key: str) -> Any:
        return self.values[key]


@dataclass(frozen=True)
class Parameters:
    """One parameter file.

    Parameters
    ----------
    id, title : what it is.
    provenance : source of the file's main table; tables may carry their own.
    tables : table name -> table.
    """

    id: str
    title: str
    provenance: Provenance
    tables: Mapping[str, Table]

    def __getitem__(self, name: str) -> Table:
        found = self.tables.get(name)
        if found is None:
            raise MarketDataError(f"parameters {self.id}: no table `{name}`; there are {sorted(self.tables)}.")
        return found


def _provenance(where: str, own: Mapping[str, Any], above: Mapping[str, Any]) -> Provenance:
    """The provenance of a table: its own keys before those of the file. Raises SpecFault listing what is missing."""
    # A table that names its own source must say itself how certain that is.
    inherited = {"effective_from": above.get("effective_from")} if "source" in own else above
    found = {**inherited, **{key: own[key] for key in Provenance.__dataclass_fields__ if key in own}}
    faults = []
    for key, kind in (("source", str), ("certainty", str), ("verified", bool), ("effective_from", date)):
        value = found.get(key)
        if not isinstance(value, kind) or value == "":
            faults.append(Fault(where, f"needs `{key}`", column=key, value=None if value is None else str(value)))
    certainty, verified = found.get("certainty"), found.get("verified")
    if isinstance(certainty, str) and certainty not in CERTAINTIES:
        faults.append(Fault(where, f"expected one of {sorted(CERTAINTIES)}", column="certainty", value=certainty))
    if not faults and verified is not (certainty == "V"):
        faults.append(Fault(where, "true for certainty V and only then", column="verified", value=str(verified)))
    if faults:
        raise SpecFault(faults)
    return Provenance(**{key: found[key] for key in Provenance.__dataclass_fields__ if key in found})


def parse_parameters(text: str, where: str) -> Parameters:
    """Parameters from the text of a TOML file.

    Parameters
    ----------
    text : TOML with a table ``[provenance]`` (id, title, source, certainty, verified, effective_from) and further
        tables, which inherit it unless they name a source of their own.
    where : name for messages.

    Raises
    ------
    SpecFault : not TOML, or a table without source, certainty, verified or date.
    """
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SpecFault([Fault(where, f"not TOML: {error}")]) from error
    head = content.pop("provenance", {})
    missing = [key for key in ("id", "title") if not head.get(key)]
    if missing:
        raise SpecFault([Fault(f"{where} [provenance]", f"needs `{key}`", column=key) for key in missing])
    main = _provenance(f"{where} [provenance]", head, {})
    loose = [key for key, value in content.items() if not isinstance(value, dict)]
    if loose:
        raise SpecFault([Fault(where, "belongs into a table", column=key) for key in loose])
    tables = {}
    for name, values in content.items():
        own = {key: value for key, value in values.items() if key not in Provenance.__dataclass_fields__}
        tables[name] = Table(name, own, _provenance(f"{where} [{name}]", values, head))
    return Parameters(str(head["id"]), str(head["title"]), main, tables)


def parameter_files() -> tuple[str, ...]:
    """Names of the parameter files that the package holds, without extension."""
    folder = resources.files("behavior.market") / "parameters"
    return tuple(sorted(entry.name.removesuffix(".toml") for entry in folder.iterdir() if entry.name.endswith(".toml")))


@cache
def parameters(name: str) -> Parameters:
    """The parameters of one file of the package.

    Raises
    ------
    MarketDataError : no such file; those there are are named.
    SpecFault : a table lacks its source.
    """
    if name not in parameter_files():
        raise MarketDataError(f"parameters: no file `{name}`; there are {', '.join(parameter_files())}.")
    text = (resources.files("behavior.market") / "parameters" / f"{name}.toml").read_text(encoding="utf-8")
    return parse_parameters(text, f"{name}.toml")
