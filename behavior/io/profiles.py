"""Profiles: where everything is. What a model is stands in its spec; a profile only names files, folders and people.

A relative path is relative to the profile's own folder.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import Field, model_validator

from behavior.assumptions.people import same_person
from behavior.benchmark.protocols import Question
from behavior.contracts import TableContract
from behavior.digests import sha256_of
from behavior.errors import Fault, Gathered, SpecFault
from behavior.io.column_terms import Terms
from behavior.io.files import read_bytes
from behavior.io.mapping_terms import TableMap
from behavior.io.registry import group_of
from behavior.io.settings import Settings, parse_settings, read_settings_file
from behavior.panel.contracts import CONTROL_TOTALS_TABLE
from behavior.toml_text import TomlText, dotted

SINGLE_TABLES = {
    "rates": "rate_history/1",
    "curves": "curves/1",
    "book": "book/1",
    "schedule": "schedule/1",
    "vols": "vols/1",
    "fx": "fx/1",
    "plan": "plan/1",
    "mix_shift": "mix_shift/1",
}


STREAMED = {"mortgage_history/1": "loan_months", "deposit_history/1": "account_months"}
"""Contracts that can be read in a stream, and the table whose rows stay in their file."""

PARQUET = (".parquet", ".pq")


class MappedSection(TableMap):
    """One table of the profile, with the lookups its joins may name."""

    lookups: dict[str, TableMap] = Field(default_factory=dict)


class StreamSection(Terms):
    """How a history beyond memory is read: about how many months at a time, and the share of customers that is kept.

    `customers` below 1 bounds the memory of checks, curves and report; see `behavior.panel.parts` for what a fit
    learns from then.
    """

    rows_at_once: int = Field(default=2_000_000, ge=1)
    customers: float = Field(default=1.0, gt=0.0, le=1.0)


class HistorySection(Terms):
    """A customer history: contract, tables, lookups for joins, the ledger's figures and words for the reader.

    With `stream` the months are never read as a whole.
    """

    contract: str
    tables: dict[str, TableMap]
    lookups: dict[str, TableMap] = Field(default_factory=dict)
    control_totals: TableMap | None = None
    notes: tuple[str, ...] = ()
    stream: StreamSection | None = None

    @model_validator(mode="after")
    def _tables_of_the_contract(self) -> HistorySection:
        group = group_of(self.contract)
        expected = [one.table for one in group.tables]
        unknown = sorted(set(self.tables) - set(expected))
        missing = [name for name in expected if name not in self.tables]
        if unknown or missing:
            raise ValueError(
                f"expected the tables {', '.join(expected)} of {self.contract}; "
                f"not known: {', '.join(unknown) or 'none'}, missing: {', '.join(missing) or 'none'}"
            )
        return self

    @model_validator(mode="after")
    def _streamed_months_as_they_are(self) -> HistorySection:
        if self.stream is None:
            return self
        if self.contract not in STREAMED:
            raise ValueError(f"stream: expected a history by month, {' or '.join(STREAMED)}, not {self.contract}")
        months = STREAMED[self.contract]
        source = self.tables[months]
        if not source.plain or len(source.files) != 1 or not source.files[0].endswith(PARQUET):
            raise ValueError(
                f"stream: expected `tables.{months}` to be one Parquet file in the contract's own form, without a "
                "mapping: months are read from it some units at a time"
            )
        return self


class ModelSection(Terms):
    """A model folder to run and the history it learns from.

    `transferred` says from which other bank, currency or decade its curves come; it is printed wherever they are used.
    """

    folder: str
    history: str
    transferred: str = ""


class FolderSection(Terms):
    """A folder of ours: store, tracking or output."""

    folder: str


class TrackingSection(FolderSection):
    """Where runs and registered versions are kept, and the experiment's name."""

    experiment: str = "behavior"


class ApprovalsSection(Terms):
    """Who develops, proposes, approves and signs; the proposer never approves."""

    proposed_by: str
    approved_by: str = ""
    validated_by: str = ""

    @model_validator(mode="after")
    def _two_people(self) -> ApprovalsSection:
        if self.approved_by and same_person(self.approved_by, self.proposed_by):
            raise ValueError("expected an approver other than the proposer")
        return self


class ProfileTerms(Terms):
    """A whole profile as written."""

    name: str
    about: str = ""
    history: dict[str, HistorySection] = Field(default_factory=dict)
    rates: MappedSection | None = None
    curves: MappedSection | None = None
    book: MappedSection | None = None
    schedule: MappedSection | None = None
    vols: MappedSection | None = None
    fx: MappedSection | None = None
    plan: MappedSection | None = None
    mix_shift: MappedSection | None = None
    settings: dict[str, Any] | None = None
    models: dict[str, ModelSection] = Field(default_factory=dict)
    benchmark: dict[str, Question] = Field(default_factory=dict)
    store: FolderSection | None = None
    tracking: TrackingSection | None = None
    output: FolderSection | None = None
    approvals: ApprovalsSection | None = None
    value: dict[str, Any] = Field(default_factory=dict)


@dataclass(frozen=True)
class Profile:
    """A profile as read: its words, the folder its paths start from, its digest, and its text for lines of faults."""

    terms: ProfileTerms
    file: str
    folder: Path
    digest: str
    text: TomlText

    @property
    def name(self) -> str:
        """What runs under it are called."""
        return self.terms.name

    @property
    def models(self) -> dict[str, ModelSection]:
        """Model folders to run, by name."""
        return self.terms.models

    @property
    def value(self) -> dict[str, Any]:
        """Options of the valuation, as written."""
        return self.terms.value

    def fault(self, rule: str, *path: str, value: str | None = None, hint: str = "") -> Fault:
        """Something wrong with what stands under a path of the profile, with its line."""
        return Fault(self.file, rule, self.text.line_of(path), dotted(path), value, hint)

    def path(self, relative: str) -> Path:
        """A path of the profile as a path of this machine."""
        return (self.folder / relative).resolve()

    def model_folder(self, name: str) -> Path:
        """Folder of a model that the profile names."""
        return self.path(self.terms.models[name].folder)

    def folder_of(self, section: str) -> Path:
        """Folder of ``store``, ``tracking`` or ``output``.

        Raises
        ------
        SpecFault : the profile does not say.
        """
        return self.path(self.require(section).folder)

    def approvals(self) -> ApprovalsSection:
        """Who proposes and who approves.

        Raises
        ------
        SpecFault : the profile does not say.
        """
        found: ApprovalsSection = self.require("approvals")
        return found

    def require(self, section: str) -> Any:
        """A section of the profile.

        Raises
        ------
        SpecFault : the profile does not have it.
        """
        found = getattr(self.terms, section)
        if found is None:
            raise SpecFault([Fault(self.file, f"expected a section [{section}]", column=f"$.{section}")])
        return found

    def history(self, name: str) -> HistorySection:
        """A history section by name.

        Raises
        ------
        SpecFault : there is none; the message lists those there are.
        """
        if name not in self.terms.history:
            rule = f"expected a section [history.{name}]; there are {', '.join(self.terms.history) or 'none'}"
            raise SpecFault([Fault(self.file, rule, column="$.history", value=name)])
        return self.terms.history[name]

    def table_maps(self) -> Iterator[tuple[str, TableMap, TableContract | None]]:
        """Every table the profile reads: its path in the profile, its mapping, its contract (None for lookups)."""
        for name, history in self.terms.history.items():
            group = group_of(history.contract)
            for table, one in history.tables.items():
                yield from _with_parts(f"$.history.{name}.tables.{table}", one, group.table(table))
            for lookup, one in history.lookups.items():
                yield from _with_parts(f"$.history.{name}.lookups.{lookup}", one, None)
            if history.control_totals is not None:
                yield from _with_parts(f"$.history.{name}.control_totals", history.control_totals, CONTROL_TOTALS_TABLE)
        for section, contract in SINGLE_TABLES.items():
            found: MappedSection | None = getattr(self.terms, section)
            if found is not None:
                yield from _with_parts(f"$.{section}", found, group_of(contract).tables[0])
                for lookup, one in found.lookups.items():
                    yield from _with_parts(f"$.{section}.lookups.{lookup}", one, None)


def _with_parts(
    path: str, table: TableMap, contract: TableContract | None
) -> Iterator[tuple[str, TableMap, TableContract | None]]:
    yield path, table, contract
    for name, part in table.parts.items():
        yield from _with_parts(f"{path}.parts.{name}", part, contract)


def load_profile(path: Path | str, folder: Path | None = None) -> Profile:
    """Read a profile.

    Parameters
    ----------
    folder : what its relative paths start from; default the profile's own folder.

    Raises
    ------
    SpecFault : naming every fault with its line and path (``$.history.mortgage.tables``).
    """
    file = Path(path)
    data = read_bytes(file)
    text = TomlText.read(data, file.name)
    gathered = Gathered()
    with gathered:
        terms = text.words(ProfileTerms)
    settings = text.raw.get("settings")
    if isinstance(settings, dict) and "file" not in settings:
        with gathered:
            text.words(Settings, ("settings",))
    if gathered.faults:
        raise SpecFault(gathered.faults)
    profile = Profile(terms, file.name, (folder or file.parent).resolve(), sha256_of(data), text)
    lost = list(_unknown_histories(profile))
    if lost:
        raise SpecFault(lost)
    return profile


def _unknown_histories(profile: Profile) -> Iterator[Fault]:
    """Models and questions of a history that the profile does not have."""
    terms = profile.terms
    rule = f"expected the name of a history, {', '.join(terms.history) or 'of which there are none'}"
    asked = [("models", name, one.history) for name, one in terms.models.items()]
    asked += [("benchmark", name, one.history) for name, one in terms.benchmark.items()]
    for section, name, history in asked:
        if history not in terms.history:
            yield profile.fault(rule, section, name, "history", value=history)


def read_settings(profile: Profile) -> Settings:
    """The settings of a profile: written in it, or in the file it names.

    Raises
    ------
    SpecFault : naming every fault with its path.
    """
    section = profile.require("settings")
    if set(section) == {"file"}:
        return read_settings_file(profile.path(str(section["file"])))[0]
    return parse_settings(section, profile.file)


def missing_files(profile: Profile) -> list[Fault]:
    """Files that the profile names and that are not there, each with the layout expected of it."""
    faults = []
    for where, table, contract in profile.table_maps():
        for name in table.files:
            path = profile.path(name)
            # Some published layouts are folders; a reader that expects a file says so itself.
            if not (path.is_file() or (table.layout and path.is_dir())):
                rule = _expected(table, contract)
                faults.append(Fault(profile.file, rule, None, where, str(path), table.note or "Put it there"))
    settings = profile.terms.settings or {}
    if "file" in settings and not profile.path(str(settings["file"])).is_file():
        rule = f"expected a TOML file in the layout of settings/1: {', '.join(Settings.model_fields)}"
        faults.append(Fault(profile.file, rule, None, "$.settings.file", str(profile.path(str(settings["file"])))))
    return faults


def _expected(table: TableMap, contract: TableContract | None) -> str:
    if table.layout:
        return f"expected a file or folder in the published layout `{table.layout}`"
    form = "Parquet" if any(name.endswith(PARQUET) for name in table.files) else "CSV"
    if table.plain and contract is not None:
        columns = ", ".join(contract.required)
        return f"expected a {form} file in the layout of {contract.id} `{contract.table}`: {columns}"
    return f"expected a {form} file with the columns {', '.join(table.reads())}"
