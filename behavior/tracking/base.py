"""What the workflows need of an experiment store and model registry; MLflow and a plain folder both provide it."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True)
class ModelRecord:
    """A registered version: text files, their digests, tags and aliases.

    Parameters
    ----------
    registered_at : when, as ISO time in UTC; empty where the store does not say.
    """

    name: str
    version: int
    run: str
    files: Mapping[str, str]
    digest: str
    tags: Mapping[str, str] = field(default_factory=dict)
    aliases: tuple[str, ...] = ()
    registered_at: str = ""


class Run(Protocol):
    """One tracked run."""

    @property
    def id(self) -> str:
        """The store's identifier."""
        ...

    def log_parameters(self, parameters: Mapping[str, object]) -> None:
        """Parameters, as text."""
        ...

    def log_metrics(self, metrics: Mapping[str, float]) -> None:
        """Figures by name; not-a-number is left out and counted in a tag."""
        ...

    def set_tags(self, tags: Mapping[str, str]) -> None:
        """Tags: digests of data, specification, code and lock."""
        ...

    def log_text(self, path: str, text: str) -> None:
        """A text artefact at a relative path."""
        ...

    def register(self, name: str, files: Mapping[str, str], tags: Mapping[str, str], champion: bool) -> ModelRecord:
        """Register text files as a new version; `champion` moves that alias to it, else ``challenger`` moves."""
        ...


class Tracker(Protocol):
    """An experiment store with a registry."""

    def ready(self, experiment: str) -> None:
        """Make sure that runs can be kept: asked before anything is learned.

        Raises
        ------
        BehaviorError : they cannot.
        """
        ...

    def run(self, experiment: str, name: str) -> AbstractContextManager[Run]:
        """Open a run; leaving it with an exception marks it failed."""
        ...

    def record(self, name: str, version: int | None = None, alias: str | None = None) -> ModelRecord:
        """A registered version, its files checked against their digests."""
        ...

    def versions(self, name: str | None = None) -> tuple[ModelRecord, ...]:
        """Registered versions, newest last, with their aliases."""
        ...

    def tag_version(self, name: str, version: int, tags: Mapping[str, str]) -> None:
        """Set tags on a version (``validation_status``, ``validated_by``)."""
        ...
