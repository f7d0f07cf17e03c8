"""A profile wired to stores, trackers and requests: the one module that knows both where things are and what runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pandas as pd

from behavior.errors import Fault, SpecFault, UsageError
from behavior.io.assumption_store import AssumptionStore
from behavior.io.drafts import DraftFolder
from behavior.io.files import read_bytes, require_outputs
from behavior.io.inputs import examine_table, rate_history, read_history
from behavior.io.profiles import Profile, missing_files, read_settings
from behavior.io.settings import Settings
from behavior.io.tables import CheckedTable
from behavior.market.history import RateHistory
from behavior.panel.base import CustomerHistory
from behavior.specs import ModelSpec, parse_spec
from behavior.tracking.base import Tracker
from behavior.workflows.digests import data_digest
from behavior.workflows.request import CARD_FILE, SPEC_FILE, TrainingRequest

FURTHER = ("schedule", "vols", "fx", "plan", "mix_shift")
"""Tables that a valuation takes where a profile has a section for them."""


def missing_models(profile: Profile) -> list[Fault]:
    """Model folders that the profile names and that hold no specification."""
    rule = f"expected a model folder with a {SPEC_FILE}"
    return [
        profile.fault(rule, "models", name, "folder", value=str(profile.model_folder(name)))
        for name in profile.models
        if not (profile.model_folder(name) / SPEC_FILE).is_file()
    ]


def spec_text(profile: Profile, name: str) -> tuple[str, str]:
    """Text of the specification of one of the profile's models, and what messages call it."""
    file = profile.model_folder(name) / SPEC_FILE
    return read_bytes(file).decode("utf-8"), f"{file.parent.name}/{SPEC_FILE}"


def model_spec(profile: Profile, name: str) -> ModelSpec:
    """The specification of one of the profile's models, which must be for the history that the profile gives it.

    Raises
    ------
    SpecFault : every fault of the specification; or the history is one under another contract.
    """
    spec, given = parse_spec(*spec_text(profile, name)), profile.models[name].history
    found = profile.history(given).contract
    if found != spec.history.contract:
        rule = f"expected a history under {spec.history.contract}, as {name}/{SPEC_FILE} has it, this is {found}"
        raise SpecFault([profile.fault(rule, "models", name, "history", value=given)])
    return spec


def card_text(profile: Profile, name: str) -> str:
    """What people wrote of one of the profile's models; empty where its folder has no card."""
    file = profile.model_folder(name) / CARD_FILE
    return read_bytes(file).decode("utf-8") if file.is_file() else ""


def tracker_of(profile: Profile) -> Tracker:
    """The experiment store and registry that a profile names, whatever else it names is there or not."""
    from behavior.tracking.mlflow import MlflowTracker

    return MlflowTracker(profile.folder_of("tracking"))


@dataclass(frozen=True)
class Project:
    """Everything that a profile names, read once and on demand.

    Raises
    ------
    SpecFault : on opening, when files that the profile names are missing; all are listed with the expected layout.
    """

    profile: Profile

    def __post_init__(self) -> None:
        faults = [*missing_files(self.profile), *missing_models(self.profile)]
        if faults:
            raise SpecFault(faults)

    @cached_property
    def settings(self) -> Settings:
        """Settings of the valuation."""
        return read_settings(self.profile)

    @cached_property
    def rates(self) -> RateHistory:
        """The rate history with its roles."""
        return rate_history(self.profile)

    @cached_property
    def rate_table(self) -> CheckedTable:
        """The rate history as a table with its files."""
        return examine_table(self.profile, "rates")

    @cached_property
    def curves(self) -> CheckedTable:
        """The curves with their files."""
        return examine_table(self.profile, "curves")

    @cached_property
    def book(self) -> CheckedTable:
        """The book with its files."""
        return examine_table(self.profile, "book")

    @cached_property
    def _histories(self) -> dict[str, CustomerHistory]:
        return {}

    def history(self, name: str) -> CustomerHistory:
        """A customer history, read once however many models learn from it."""
        if name not in self._histories:
            self._histories[name] = read_history(self.profile, name)
        return self._histories[name]

    @property
    def output(self) -> Path:
        """Folder of results, reports and drafts."""
        return self.profile.folder_of("output")

    def require_writable(self, *sections: str) -> None:
        """Refuse to begin where what comes of the work could not be written into these folders of the profile.

        Raises
        ------
        FaultyInput : naming every one that is none, or may not be written. SpecFault : the profile names none.
        """
        require_outputs(self.profile.folder_of(section) for section in sections)

    def store(self) -> AssumptionStore:
        """The assumption store."""
        return AssumptionStore(self.profile.folder_of("store"))

    def drafts(self) -> DraftFolder:
        """Where draft curves are written."""
        return DraftFolder(self.output / "drafts")

    def tracker(self) -> Tracker:
        """The experiment store and registry."""
        return tracker_of(self.profile)

    def developer(self) -> str:
        """Who trains under this profile."""
        return self.profile.approvals().proposed_by

    def model_named(self, folder_or_name: str) -> str:
        """Name of the model that the profile runs from a folder, or under a name.

        Raises
        ------
        UsageError : naming the models of the profile.
        """
        asked = Path(folder_or_name).resolve()
        for name in self.profile.models:
            if folder_or_name == name or self.profile.model_folder(name) == asked:
                return name
        there = ", ".join(self.profile.models) or "none"
        raise UsageError(f"{self.profile.file} runs no model {folder_or_name!r}; it runs {there}.")

    def request(self, name: str) -> TrainingRequest:
        """What training one of the profile's models takes."""
        section = self.profile.models[name]
        beside = {"rates": self.rate_table, **({} if self.profile.terms.book is None else {"book": self.book})}
        return TrainingRequest(
            name=name,
            spec=model_spec(self.profile, name),
            spec_text=spec_text(self.profile, name)[0],
            history=self.history(section.history),
            rates=self.rates,
            as_of=pd.Timestamp(self.settings.as_of),
            book=None if self.profile.terms.book is None else self.book.values(),
            developer=self.developer(),
            transferred=section.transferred,
            experiment=self.profile.require("tracking").experiment,
            card=card_text(self.profile, name),
            beside={table: data_digest(read.sources) for table, read in beside.items()},
        )

    def inputs(self) -> Mapping[str, CheckedTable]:
        """The tables a valuation takes, by name: book, curves, rates, and what else the profile names."""
        needed = {"book": self.book, "curves": self.curves, "rates": self.rate_table}
        return {**needed, **self._further_tables}

    @cached_property
    def _further_tables(self) -> dict[str, CheckedTable]:
        return {name: examine_table(self.profile, name) for name in FURTHER if getattr(self.profile.terms, name)}
