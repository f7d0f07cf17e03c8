"""The tracker on a plain folder: nothing to install, everything readable; for tests and for places without MLflow."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from behavior.errors import SetNotFound
from behavior.tracking.base import ModelRecord
from behavior.tracking.digests import check_path, digest_of_all, digests_of, read_checked

ALIASES = {True: "champion", False: "challenger"}


@dataclass(frozen=True)
class FolderRun:
    """A run in ``runs/<id>``: ``run.json`` beside an ``artifacts`` folder."""

    id: str
    folder: Path
    tracker: FolderTracker
    content: dict[str, Any] = field(default_factory=dict)

    def log_parameters(self, parameters: Mapping[str, object]) -> None:
        """Parameters, as text."""
        self.content["parameters"].update({name: str(value) for name, value in parameters.items()})
        self.save()

    def log_metrics(self, metrics: Mapping[str, float]) -> None:
        """Figures by name; not-a-number is left out and counted in a tag."""
        kept = {name: float(value) for name, value in metrics.items() if math.isfinite(value)}
        self.content["metrics"].update(kept)
        if len(kept) < len(metrics):
            self.content["tags"]["metrics_without_a_figure"] = str(len(metrics) - len(kept))
        self.save()

    def set_tags(self, tags: Mapping[str, str]) -> None:
        """Tags: digests of data, specification, code and lock."""
        self.content["tags"].update({name: str(value) for name, value in tags.items()})
        self.save()

    def log_text(self, path: str, text: str) -> None:
        """A text artefact at a relative path."""
        write_text(self.folder / "artifacts" / check_path(path), text)

    def register(self, name: str, files: Mapping[str, str], tags: Mapping[str, str], champion: bool) -> ModelRecord:
        """Register text files as a new version; `champion` moves the alias to it."""
        return self.tracker.add(name, self.id, files, tags, champion)

    def save(self) -> None:
        """Write ``run.json``."""
        write_text(self.folder / "run.json", json.dumps(self.content, indent=1, sort_keys=True))


@dataclass(frozen=True)
class FolderTracker:
    """Experiment store and registry in `home`: ``runs/`` and ``registry/<name>/<version>/``."""

    home: Path

    def ready(self, experiment: str) -> None:
        """Make sure that runs can be kept."""
        (self.home / "runs").mkdir(parents=True, exist_ok=True)

    @contextmanager
    def run(self, experiment: str, name: str) -> Iterator[FolderRun]:
        """Open a run; leaving it with an exception marks it failed."""
        number, folder = _new_folder(self.home / "runs")
        content = {
            "experiment": experiment,
            "name": name,
            "status": "running",
            "parameters": {},
            "metrics": {},
            "tags": {},
        }
        run = FolderRun(f"{number:06d}", folder, self, content)
        run.save()
        try:
            yield run
        except BaseException:
            run.content["status"] = "failed"
            run.save()
            raise
        run.content["status"] = "finished"
        run.save()

    def add(
        self, name: str, run: str, files: Mapping[str, str], tags: Mapping[str, str], champion: bool
    ) -> ModelRecord:
        """Write a new version with its digests and move its alias to it."""
        home = self.home / "registry" / check_path(name)
        version, folder = _new_folder(home)
        for path, text in files.items():
            write_text(folder / "files" / check_path(path), text)
        entry = {"run": run, "digests": dict(digests_of(files)), "tags": {key: str(text) for key, text in tags.items()}}
        write_text(folder / "version.json", json.dumps(entry, indent=1, sort_keys=True))
        aliases = {**self._aliases(name), ALIASES[champion]: version}
        if champion and aliases.get("challenger") == version:
            aliases.pop("challenger")
        write_text(home / "aliases.json", json.dumps(aliases, indent=1, sort_keys=True))
        return self.record(name, version)

    def record(self, name: str, version: int | None = None, alias: str | None = None) -> ModelRecord:
        """A registered version, its files checked against their digests; none named = champion, else the newest.

        Raises
        ------
        SetNotFound : when there is no such model, version or alias. DigestMismatch : when a file was edited.
        """
        numbers, aliases = self._numbers(name), self._aliases(name)
        chosen = choose_version(name, numbers, aliases, version, alias)
        entry = self._entry(name, chosen)
        files = read_checked(self._folder(name, chosen) / "files", entry["digests"], f"{name} version {chosen}")
        return _record(name, chosen, entry, files, aliases)

    def versions(self, name: str | None = None) -> tuple[ModelRecord, ...]:
        """Registered versions, newest last, with their aliases; files are not read."""
        names = [name] if name is not None else sorted(path.name for path in (self.home / "registry").glob("*"))
        return tuple(
            _record(one, number, self._entry(one, number), {}, self._aliases(one))
            for one in names
            for number in self._numbers(one)
        )

    def tag_version(self, name: str, version: int, tags: Mapping[str, str]) -> None:
        """Set tags on a version (``validation_status``, ``validated_by``)."""
        choose_version(name, self._numbers(name), {}, version, None)
        entry = self._entry(name, version)
        entry["tags"].update({key: str(text) for key, text in tags.items()})
        write_text(self._folder(name, version) / "version.json", json.dumps(entry, indent=1, sort_keys=True))

    def _folder(self, name: str, version: int) -> Path:
        return self.home / "registry" / name / f"{version:06d}"

    def _numbers(self, name: str) -> list[int]:
        return sorted(int(path.parent.name) for path in (self.home / "registry" / name).glob("*/version.json"))

    def _aliases(self, name: str) -> dict[str, int]:
        path = self.home / "registry" / name / "aliases.json"
        return dict(json.loads(path.read_text())) if path.exists() else {}

    def _entry(self, name: str, version: int) -> dict[str, Any]:
        return dict(json.loads((self._folder(name, version) / "version.json").read_text()))


def choose_version(
    name: str, numbers: list[int], aliases: Mapping[str, int], version: int | None, alias: str | None
) -> int:
    """The version meant: by number, by alias, else the champion, else the newest.

    Raises
    ------
    SetNotFound : naming the versions and aliases there are.
    """
    if not numbers:
        raise SetNotFound(f"the registry holds no model `{name}`. Train it first: `behavior train`.")
    if version is None:
        version = aliases.get(alias) if alias is not None else aliases.get("champion", numbers[-1])
    if version is None or version not in numbers:
        raise SetNotFound(
            f"model `{name}` has no {'version ' + str(version) if alias is None else 'alias `' + alias + '`'}; "
            f"it has {', '.join(_spoken(one, aliases) for one in numbers)}."
        )
    return version


def _spoken(number: int, aliases: Mapping[str, int]) -> str:
    """A version and what it is known as: ``2 (champion)``."""
    names = ", ".join(name for name, known in aliases.items() if known == number)
    return f"{number} ({names})" if names else str(number)


def _record(
    name: str, version: int, entry: Mapping[str, Any], files: Mapping[str, str], aliases: Mapping[str, int]
) -> ModelRecord:
    named = tuple(sorted(alias for alias, number in aliases.items() if number == version))
    return ModelRecord(name, version, entry["run"], files, digest_of_all(entry["digests"]), entry["tags"], named)


def write_text(path: Path, text: str) -> None:
    """Write under a temporary name in the same folder, then rename: a reader never sees half a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.write_bytes(text.encode())
    temporary.replace(path)


def _new_folder(parent: Path) -> tuple[int, Path]:
    """The next numbered folder, made by this process alone even when several ask at once."""
    parent.mkdir(parents=True, exist_ok=True)
    number = max((int(path.name) for path in parent.iterdir() if path.name.isdigit()), default=0) + 1
    while True:
        folder = parent / f"{number:06d}"
        try:
            folder.mkdir()
        except FileExistsError:
            number += 1
            continue
        return number, folder
