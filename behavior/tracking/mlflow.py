"""The tracker on MLflow with an embedded SQLite registry; the only module that imports mlflow.

Models are registered as plain text files and read back after their digests are checked, never through pyfunc: loading a
flavour may run code that the artefact brought along. Everything lies under one explicit folder, so that the current
directory never decides which registry is opened.
"""

from __future__ import annotations

import datetime as dt
import math
import os
import re
import tempfile
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from itertools import count
from pathlib import Path
from typing import Any

from behavior.errors import BehaviorError, SetNotFound, UsageError
from behavior.tracking.base import ModelRecord
from behavior.tracking.digests import check_path, digest_of_all, digests_of, read_checked
from behavior.tracking.folder import ALIASES, choose_version

# Read by mlflow on import: no telemetry, and no pickled model is ever loaded.
ENVIRONMENT = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "DO_NOT_TRACK": "true",
    "MLFLOW_ALLOW_PICKLE_DESERIALIZATION": "false",
    "MLFLOW_LOGGING_LEVEL": "WARNING",
}
DIGEST_TAG = "sha256."
MODEL_FOLDER = "model"
LONGEST_PARAMETER = 500
UNSAFE = set("?#%")
"""Signs that mean something in an address."""


@contextmanager
def _quiet() -> Iterator[None]:
    """MLflow's own use of SQLAlchemy's `noload` warns while its tables are mapped; nothing a user can act on."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="The ``noload`` loader strategy", category=DeprecationWarning)
        yield


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """One process at a time, where the system has file locks: two that make the same tables break each other's."""
    try:
        import fcntl
    except ImportError:
        yield
        return
    held = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield
    finally:
        os.close(held)


@dataclass(frozen=True)
class MlflowRun:
    """One MLflow run."""

    id: str
    location: str
    tracker: MlflowTracker

    def log_parameters(self, parameters: Mapping[str, object]) -> None:
        """Parameters, as text; what is too long for the store becomes a text artefact that the parameter names."""
        from mlflow.entities import Param

        found = []
        for name, value in parameters.items():
            key, text = _key(name), str(value)
            if len(text) > LONGEST_PARAMETER:
                self.log_text(f"parameters/{key}.txt", text)
                text = f"see parameters/{key}.txt"
            found.append(Param(key, text))
        for first in range(0, len(found), 100):
            self.tracker.client.log_batch(self.id, params=found[first : first + 100])

    def log_metrics(self, metrics: Mapping[str, float]) -> None:
        """Figures by name; not-a-number is left out and counted in a tag."""
        from mlflow.entities import Metric

        kept = {name: float(value) for name, value in metrics.items() if math.isfinite(value)}
        found = [Metric(_key(name), value, 0, 0) for name, value in kept.items()]
        for first in range(0, len(found), 500):
            self.tracker.client.log_batch(self.id, metrics=found[first : first + 500])
        if len(kept) < len(metrics):
            self.set_tags({"metrics_without_a_figure": str(len(metrics) - len(kept))})

    def set_tags(self, tags: Mapping[str, str]) -> None:
        """Tags: digests of data, specification, code and lock."""
        from mlflow.entities import RunTag

        self.tracker.client.log_batch(self.id, tags=[RunTag(_key(name), str(value)) for name, value in tags.items()])

    def log_text(self, path: str, text: str) -> None:
        """A text artefact at a relative path, byte for byte."""
        folder, _, name = check_path(path).rpartition("/")
        with tempfile.TemporaryDirectory() as temporary:
            local = Path(temporary) / name
            local.write_bytes(text.encode())
            self.tracker.client.log_artifact(self.id, str(local), folder or None)

    def register(self, name: str, files: Mapping[str, str], tags: Mapping[str, str], champion: bool) -> ModelRecord:
        """Register text files as a new version; `champion` moves the alias to it."""
        for path, text in files.items():
            self.log_text(f"{MODEL_FOLDER}/{path}", text)
        return self.tracker.add(name, self, files, tags, champion)


@dataclass(frozen=True)
class MlflowTracker:
    """Experiment store and registry under `home`: ``mlflow.db`` beside ``artifacts/``.

    Parameters
    ----------
    home : absolute folder; made on first use (the tables take a few seconds, once).
    """

    home: Path

    def __post_init__(self) -> None:
        if not self.home.is_absolute():
            raise BehaviorError(
                f"tracking folder `{self.home}`: expected an absolute path, so that the current directory does not "
                "decide which registry is opened. Write the full path in the profile."
            )
        if found := sorted(set(str(self.home)) & UNSAFE):
            raise BehaviorError(
                f"tracking folder `{self.home}`: found {' '.join(found)} in the path, which MLflow reads as part of an "
                "address and would open another place. Name a folder without them."
            )

    @property
    def address(self) -> str:
        """The store's address, ``sqlite:////absolute/path/mlflow.db``."""
        return f"sqlite:///{self.home / 'mlflow.db'}"

    @cached_property
    def client(self) -> Any:
        """The MLflow client of this place; no global setting of MLflow is touched.

        Raises
        ------
        UsageError : MLflow is not installed.
        """
        os.environ.update(ENVIRONMENT)
        with _quiet():
            try:
                from mlflow import MlflowClient
            except ImportError as error:
                words = "the registry needs mlflow, which a bare install leaves out. Install it: "
                raise UsageError(f'{words}pip install "alm-behavior[fit]"') from error

            self.home.mkdir(parents=True, exist_ok=True)
            with _alone(self.home):
                made = MlflowClient(tracking_uri=self.address, registry_uri=self.address)
                # Each makes or brings up to date its tables when it is first asked for.
                _ = made._tracking_client.store, made._get_registry_client()
            return made

    def ready(self, experiment: str) -> None:
        """Make sure that runs can be kept."""
        self._experiment(experiment)

    @contextmanager
    def run(self, experiment: str, name: str) -> Iterator[MlflowRun]:
        """Open a run; leaving it with an exception marks it failed."""
        created = self.client.create_run(self._experiment(experiment), run_name=name)
        run = MlflowRun(created.info.run_id, created.info.artifact_uri, self)
        try:
            yield run
        except BaseException:
            self.client.set_terminated(run.id, "FAILED")
            raise
        self.client.set_terminated(run.id, "FINISHED")

    def add(
        self, name: str, run: MlflowRun, files: Mapping[str, str], tags: Mapping[str, str], champion: bool
    ) -> ModelRecord:
        """Make a version that points to the run's text files, with a digest of each as a tag."""
        if name not in self._names():
            self.client.create_registered_model(name)
        digests = {f"{DIGEST_TAG}{path}": digest for path, digest in digests_of(files).items()}
        source = f"{run.location}/{MODEL_FOLDER}"
        every = {**{_key(key): str(text) for key, text in tags.items()}, **digests}
        made = self.client.create_model_version(name, source=source, run_id=run.id, tags=every)
        self.client.set_registered_model_alias(name, ALIASES[champion], made.version)
        return self.record(name, int(made.version))

    @property
    def made(self) -> bool:
        """Whether there is a registry; where there is none, reading makes none."""
        return (self.home / "mlflow.db").is_file()

    def record(self, name: str, version: int | None = None, alias: str | None = None) -> ModelRecord:
        """A registered version, its files checked against their digests; none named = champion, else the newest.

        Raises
        ------
        SetNotFound : when there is no registry, or no such model, version or alias. DigestMismatch : when a file was
        edited.
        """
        if not self.made:
            raise SetNotFound(
                f"there is no registry in `{self.home}`: expected `mlflow.db` and `artifacts` there. "
                "Copy them with the profile, name their folder in it, or train first: `behavior train`."
            )
        found = {int(one.version): one for one in self._search(name)}
        aliases = self._aliases(name) if found else {}
        chosen = choose_version(name, sorted(found), aliases, version, alias)
        digests = _digests(found[chosen])
        files = read_checked(self._local(found[chosen].source), digests, f"{name} version {chosen}")
        return _record(found[chosen], files, aliases)

    def versions(self, name: str | None = None) -> tuple[ModelRecord, ...]:
        """Registered versions, newest last, with their aliases; files are not read."""
        found: list[ModelRecord] = []
        if not self.made:
            return ()
        for one in self._names() if name is None else [name]:
            aliases = self._aliases(one) if one in self._names() else {}
            found += [_record(entry, {}, aliases) for entry in sorted(self._search(one), key=lambda v: int(v.version))]
        return tuple(found)

    def tag_version(self, name: str, version: int, tags: Mapping[str, str]) -> None:
        """Set tags on a version (``validation_status``, ``validated_by``)."""
        choose_version(name, sorted(int(one.version) for one in self._search(name)), {}, version, None)
        for key, text in tags.items():
            self.client.set_model_version_tag(name, str(version), _key(key), str(text))
        # The table of runs shows the tags of runs: a signed version's must not go on saying that nobody has signed it.
        run = self.client.get_model_version(name, str(version)).run_id
        for key, text in tags.items() if run else ():
            self.client.set_tag(run, _key(key), str(text))

    def close(self) -> None:
        """Let go of the database, so that its folder can be moved or removed."""
        for owner in (self.client._tracking_client, self.client._get_registry_client()):
            engine = getattr(getattr(owner, "store", None), "engine", None)
            if engine is not None:
                engine.dispose()

    def _experiment(self, name: str) -> str:
        """Id of the experiment whose files lie under `home`.

        MLflow writes absolute places: an experiment of a registry that was moved or copied would go on writing where it
        came from. Such a registry goes on in a further one, ``NAME (2)``.
        """
        for number in count(1):
            own = name if number == 1 else f"{name} ({number})"
            location = (self.home / "artifacts" / _slug(own)).as_uri()
            known = self.client.get_experiment_by_name(own) or self._made(own, location)
            if known.artifact_location == location:
                return str(known.experiment_id)
        raise AssertionError

    def _made(self, name: str, location: str) -> Any:
        from mlflow.exceptions import MlflowException

        try:
            self.client.create_experiment(name, artifact_location=location)
        except MlflowException:  # another process was first
            if self.client.get_experiment_by_name(name) is None:
                raise
        return self.client.get_experiment_by_name(name)

    def _names(self) -> list[str]:
        return sorted(model.name for model in self.client.search_registered_models(max_results=1000))

    def _search(self, name: str) -> list[Any]:
        quoted = name.replace("'", "''")
        return list(self.client.search_model_versions(f"name='{quoted}'", max_results=10_000))

    def _aliases(self, name: str) -> dict[str, int]:
        # A search for versions returns no aliases; the registered model has them.
        known = self.client.get_registered_model(name).aliases
        return {str(alias): int(version) for alias, version in known.items()}

    def _local(self, source: str) -> Path:
        """The folder of a version's files: found by its place inside `home`, so that a copied registry can be read."""
        # ``<home>/artifacts/<experiment>/<run>/artifacts/model``: what stands before these four may hold any word.
        return self.home.joinpath("artifacts", *source.split("/")[-4:])


def _digests(entry: Any) -> dict[str, str]:
    return {key.removeprefix(DIGEST_TAG): text for key, text in entry.tags.items() if key.startswith(DIGEST_TAG)}


def _record(entry: Any, files: Mapping[str, str], aliases: Mapping[str, int]) -> ModelRecord:
    version = int(entry.version)
    named = tuple(sorted(alias for alias, number in aliases.items() if number == version))
    tags = {key: text for key, text in entry.tags.items() if not key.startswith(DIGEST_TAG)}
    made = dt.datetime.fromtimestamp(entry.creation_timestamp / 1000.0, dt.UTC).isoformat(timespec="seconds")
    return ModelRecord(entry.name, version, entry.run_id, files, digest_of_all(_digests(entry)), tags, named, made)


def _key(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9_\-. :/]", "_", name)[:250]


def _slug(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9_\-]", "_", name)
