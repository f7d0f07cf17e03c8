"""One suite over both trackers: what a workflow may rely on, whichever store is behind it."""

from __future__ import annotations

import multiprocessing
import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from behavior.errors import BehaviorError, DigestMismatch, SetNotFound, UsageError
from behavior.tracking.digests import digest_of_all, digests_of
from behavior.tracking.folder import FolderTracker

Put = Callable[[Path], Path]
FILES = {"closure/model.txt": "tree\nversion=v4\n", "closure/levels.json": '{"region": ["north", "süd"]}'}


@pytest.fixture(params=["folder", "mlflow"])
def tracker(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    if request.param == "folder":
        yield FolderTracker(tmp_path / "home")
        return
    from behavior.tracking.mlflow import MlflowTracker

    made = MlflowTracker(request.getfixturevalue("empty_registry")(tmp_path / "home"))
    yield made
    made.close()


def registered(tracker: Any, champion: bool = True, files: dict[str, str] | None = None) -> Any:
    with tracker.run("behavior", "nmd") as run:
        return run.register("nmd_decay", files or FILES, {"validation_status": "unvalidated"}, champion)


def test_a_version_gives_back_the_bytes_it_was_given(tracker: Any) -> None:
    record = registered(tracker)
    assert (record.name, record.version) == ("nmd_decay", 1)
    again = tracker.record("nmd_decay")
    assert dict(again.files) == FILES
    assert again.digest == digest_of_all(digests_of(FILES))
    assert again.tags["validation_status"] == "unvalidated"


def test_the_champion_moves_only_when_gates_pass(tracker: Any) -> None:
    assert registered(tracker, champion=True).aliases == ("champion",)
    assert registered(tracker, champion=False).aliases == ("challenger",)
    assert tracker.record("nmd_decay", alias="champion").version == 1
    assert tracker.record("nmd_decay").version == 1
    assert registered(tracker, champion=True).version == 3
    assert tracker.record("nmd_decay", alias="champion").version == 3
    assert [(one.version, one.aliases) for one in tracker.versions("nmd_decay")] == [
        (1, ()),
        (2, ("challenger",)),
        (3, ("champion",)),
    ]


def test_without_a_champion_the_newest_is_meant(tracker: Any) -> None:
    registered(tracker, champion=False)
    registered(tracker, champion=False, files={"a.json": "{}"})
    assert tracker.record("nmd_decay").version == 2


@pytest.mark.parametrize("change", ["edit", "add", "remove"])
def test_one_edited_byte_is_refused(tracker: Any, change: str) -> None:
    registered(tracker)
    (stored,) = tracker.home.rglob("levels.json")
    if change == "edit":
        stored.write_bytes(stored.read_bytes().replace(b"north", b"worth"))
    elif change == "add":
        (stored.parent / "extra.json").write_text("{}")
    else:
        stored.unlink()
    with pytest.raises(DigestMismatch, match=r"nmd_decay version 1.*(levels|extra)\.json"):
        tracker.record("nmd_decay")


def test_a_run_keeps_what_it_is_told(tracker: Any) -> None:
    with tracker.run("behavior", "nmd") as run:
        run.log_parameters({"learning_rate": 0.05, "long": "x" * 9000})
        run.log_metrics({"calibration.ratio": 0.98, "auc": float("nan"), "loss": np.float64(0.3)})
        run.set_tags({"data_digest": "ab" * 32})
        run.log_text("report/validation.html", "<p>ü</p>")
    (report,) = tracker.home.rglob("validation.html")
    assert report.read_bytes() == "<p>ü</p>".encode()


def test_mlflow_keeps_figures_and_counts_those_that_are_none(
    empty_registry: Callable[[Path], Path], tmp_path: Path
) -> None:
    from behavior.tracking.mlflow import MlflowTracker

    tracker = MlflowTracker(empty_registry(tmp_path))
    with tracker.run("behavior", "nmd") as run:
        run.log_metrics({"calibration.ratio": 0.98, "auc": float("nan")})
        run.log_parameters({"leaves": 15})
    data = tracker.client.get_run(run.id).data
    tracker.close()
    assert data.metrics == {"calibration.ratio": 0.98}
    assert data.params == {"leaves": "15"}
    assert data.tags["metrics_without_a_figure"] == "1"


def test_a_failing_run_is_marked_and_the_error_passes_through(tracker: Any) -> None:
    with pytest.raises(BehaviorError, match="too few"), tracker.run("behavior", "nmd"):
        raise BehaviorError("too few events")
    if isinstance(tracker, FolderTracker):
        assert '"failed"' in next(tracker.home.rglob("run.json")).read_text()
    else:
        (one,) = tracker.client.search_runs([tracker.client.get_experiment_by_name("behavior").experiment_id])
        assert one.info.status == "FAILED"


def test_unknown_models_versions_and_aliases_name_what_there_is(tracker: Any) -> None:
    with pytest.raises(SetNotFound, match="no model `nmd_decay`"):
        tracker.record("nmd_decay")
    assert tracker.versions() == ()
    registered(tracker, champion=False)
    with pytest.raises(SetNotFound, match=r"no version 7; it has 1 \(challenger\)\.$"):
        tracker.record("nmd_decay", version=7)
    with pytest.raises(SetNotFound, match="no alias `champion`"):
        tracker.record("nmd_decay", alias="champion")
    with pytest.raises(SetNotFound):
        tracker.tag_version("nmd_decay", 9, {"validated_by": "someone"})


def test_a_validator_signs_by_tags(tracker: Any) -> None:
    registered(tracker)
    tracker.tag_version("nmd_decay", 1, {"validation_status": "validated", "validated_by": "Model risk"})
    record = tracker.record("nmd_decay")
    assert record.tags["validation_status"] == "validated"
    assert record.tags["validated_by"] == "Model risk"
    assert record.digest == digest_of_all(digests_of(FILES))
    if not isinstance(tracker, FolderTracker):
        assert tracker.client.get_run(record.run).data.tags["validation_status"] == "validated", "the table of runs too"


def test_nothing_is_written_to_the_current_directory(
    tracker: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    registered(tracker)
    assert list(elsewhere.iterdir()) == []


@pytest.mark.parametrize("path", ["../up.txt", "/etc/x", "a//b", ""])
def test_artefact_paths_stay_inside(tracker: Any, path: str) -> None:
    with pytest.raises(BehaviorError, match="relative path"), tracker.run("behavior", "nmd") as run:
        run.log_text(path, "x")


def test_mlflow_needs_an_absolute_place_and_sends_nothing(empty_registry: Put) -> None:
    from behavior.tracking.mlflow import MlflowTracker

    with pytest.raises(BehaviorError, match="absolute path"):
        MlflowTracker(Path("registry"))
    assert os.environ["MLFLOW_DISABLE_TELEMETRY"] == "true"
    assert os.environ["DO_NOT_TRACK"] == "true"
    assert os.environ["MLFLOW_ALLOW_PICKLE_DESERIALIZATION"] == "false"


def test_a_moved_mlflow_registry_goes_on_where_it_stands(
    empty_registry: Callable[[Path], Path], tmp_path: Path
) -> None:
    """What was kept is read, what is new is kept beside it, and nothing is written where it came from."""
    from behavior.tracking.mlflow import MlflowTracker

    old, new = tmp_path / "old", tmp_path / "new"
    first = MlflowTracker(empty_registry(old))
    registered(first)
    first.close()
    shutil.move(old, new)
    moved = MlflowTracker(new)
    assert dict(moved.record("nmd_decay").files) == FILES
    for version in (2, 3):
        moved.ready("behavior")
        assert registered(moved).version == version
    assert [dict(moved.record("nmd_decay", one).files) for one in (1, 2, 3)] == [FILES] * 3
    assert {one.name for one in moved.client.search_experiments()} >= {"behavior", "behavior (2)"}
    assert not old.exists()
    moved.close()


def test_where_there_is_no_registry_reading_makes_none(tmp_path: Path) -> None:
    """A profile that was copied without its registry, into a place that may not even be written."""
    pytest.importorskip("mlflow", reason="MLflow belongs to the [fit] extra")
    from behavior.tracking.mlflow import MlflowTracker

    tracker = MlflowTracker(tmp_path / "home")
    assert tracker.versions() == ()
    with pytest.raises(SetNotFound, match="there is no registry in"):
        tracker.record("nmd_decay")
    assert list(tmp_path.iterdir()) == []


def test_without_mlflow_the_registry_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from behavior.tracking.mlflow import MlflowTracker

    monkeypatch.setitem(sys.modules, "mlflow", None)
    with pytest.raises(UsageError, match=r'pip install "alm-behavior\[fit\]"'):
        MlflowTracker(tmp_path / "home").ready("behavior")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("place", ["artifacts/bank", "my bank", "käse"])
def test_a_registry_lies_in_a_folder_of_any_name(empty_registry: Put, tmp_path: Path, place: str) -> None:
    from behavior.tracking.mlflow import MlflowTracker

    tracker = MlflowTracker(empty_registry(tmp_path / place / "tracking"))
    assert dict(registered(tracker).files) == FILES
    tracker.close()


@pytest.mark.parametrize("place", ["what?", "a#1", "a%20b"])
def test_a_path_that_reads_as_an_address_is_refused(tmp_path: Path, place: str) -> None:
    from behavior.tracking.mlflow import MlflowTracker

    with pytest.raises(BehaviorError, match=r"would open another place"):
        MlflowTracker(tmp_path / place)


texts = st.dictionaries(st.sampled_from(["a.json", "b.txt", "c/d.txt"]), st.text(max_size=20), min_size=1)


@given(texts, texts)
@settings(deadline=None)
def test_equal_digests_mean_equal_files(one: dict[str, str], other: dict[str, str]) -> None:
    same = digest_of_all(digests_of(one)) == digest_of_all(digests_of(other))
    assert same == (one == other)


def _first(home: Path, start: Any) -> None:
    from behavior.tracking.mlflow import MlflowTracker

    start.wait()
    MlflowTracker(home).ready("first")


def test_two_that_open_a_new_registry_at_one_moment_both_find_it(tmp_path: Path) -> None:
    pytest.importorskip("mlflow", reason="MLflow belongs to the [fit] extra")
    context = multiprocessing.get_context("spawn")
    start = context.Barrier(2)
    opening = [context.Process(target=_first, args=(tmp_path / "registry", start)) for _ in range(2)]
    for one in opening:
        one.start()
    for one in opening:
        one.join()
    assert [one.exitcode for one in opening] == [0, 0]
