"""The store: write once, verify every byte, four eyes, validity, and a log that nobody edits unseen."""

from __future__ import annotations

import datetime as dt
import os
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from behavior.assumptions.manifest import MANIFEST
from behavior.assumptions.set import AssumptionSet, Provenance
from behavior.assumptions.state import SetStatus
from behavior.digests import sha256_of
from behavior.errors import (
    AssumptionError,
    BehaviorError,
    DigestMismatch,
    FaultyInput,
    GateFailed,
    NotApproved,
    NotYetValid,
    SetNotFound,
)
from behavior.io.assumption_store import AssumptionStore, load_assumptions
from behavior.io.set_folder import read_set, write_set
from behavior.io.state_log import HEAD, LOG, NO_LINES, StateLog
from tests.assumption_examples import AS_OF, MONDAY, decay, example_set, flat_decay

APRIL, MAY = dt.date(2027, 4, 1), dt.date(2027, 5, 1)


def approved(folder: Path, found: AssumptionSet, valid_to: dt.date | None = None) -> AssumptionStore:
    store = AssumptionStore(folder)
    store.propose(found, "Ann", MONDAY)
    store.approve(found.id, "Bob", MONDAY, AS_OF, valid_to)
    return store


def test_published_and_loaded_have_one_digest(tmp_path: Path) -> None:
    store = AssumptionStore(tmp_path / "store")
    written = store.propose(example_set(), "Ann", MONDAY)
    loaded = store.read(written.id)
    assert loaded.digest == written.digest == sha256_of((tmp_path / "store" / written.id / MANIFEST).read_bytes())
    assert [table.name for table in loaded.tables] == ["prepayment", "decay", "target", "speed"]
    assert read_set(write_set_copy(loaded, tmp_path / "copy")).digest == written.digest


def write_set_copy(found: AssumptionSet, folder: Path) -> Path:
    write_set(found, folder)
    return folder


def test_a_set_that_would_be_read_as_another_is_not_written(tmp_path: Path) -> None:
    store = AssumptionStore(tmp_path)
    (curve,) = flat_decay(0.1).curves
    endless = flat_decay(0.1, curves=(replace(curve, exposure_months=np.full(curve.values.shape, np.inf)),))
    with pytest.raises(FaultyInput, match=r"r1/flat\.csv, line 2, column `exposure_months`: found 'inf'"):
        store.propose(example_set("r1", tables=(endless,)), "Ann", MONDAY)
    with pytest.raises(FaultyInput, match="a name without slashes"):
        store.propose(example_set("r1", tables=(flat_decay(0.1, name="../flat"),)), "Ann", MONDAY)
    for taken in (LOG, HEAD):
        with pytest.raises(AssumptionError, match="neither"):
            store.propose(example_set(taken), "Ann", MONDAY)
    assert store.ids() == () and store.log() == () and not (tmp_path / "r1").exists()
    unknown = flat_decay(0.1, curves=(replace(curve, lower=np.full(curve.values.shape, np.nan)),))
    assert store.propose(example_set("r1", tables=(unknown,)), "Ann", MONDAY).tables[0].curves[0].lower is None


def test_a_store_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "store").write_text("")
    for folder in (tmp_path / "store", tmp_path / "store" / "inside"):
        with pytest.raises(AssumptionError, match="expected a folder to write sets in"):
            AssumptionStore(folder).propose(example_set(), "Ann", MONDAY)


def test_a_set_is_written_once_and_leaves_nothing_half_written(tmp_path: Path) -> None:
    store = AssumptionStore(tmp_path)
    first = store.propose(example_set(), "Ann", MONDAY)
    with pytest.raises(AssumptionError, match="written once"):
        store.propose(replace(example_set(), tables=(decay(),)), "Ann", MONDAY)
    assert store.read(first.id).digest == first.digest
    with pytest.raises(FaultyInput, match="at least 120 months"):
        store.propose(
            example_set("2026-09-30.r2", tables=(flat_decay(0.1, 119), flat_decay(1.5, name="steep"))), "Ann", MONDAY
        )
    with pytest.raises(AssumptionError, match="expected letters"):
        store.propose(example_set("../elsewhere"), "Ann", MONDAY)
    assert sorted(path.name for path in tmp_path.iterdir()) == [first.id, HEAD, LOG]


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_one_edited_byte_is_refused_and_its_file_named(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    store = edited_store(tmp_path_factory)
    folder = store.folder / "2026-09-30.r1"
    path = data.draw(st.sampled_from([*sorted(folder.iterdir()), store.folder / LOG, store.folder / HEAD]))
    content = path.read_bytes()
    place = data.draw(st.integers(0, len(content) - 1))
    byte = data.draw(st.integers(0, 255).filter(lambda one: one != content[place]))
    try:
        path.write_bytes(content[:place] + bytes([byte]) + content[place + 1 :])
        with pytest.raises(BehaviorError) as caught:
            store.load("2026-09-30.r1", AS_OF)
        assert path.name in str(caught.value)
        assert store.verify() != ()
    finally:
        path.write_bytes(content)
    assert store.verify() == ()


STORES: list[AssumptionStore] = []


def edited_store(factory: pytest.TempPathFactory) -> AssumptionStore:
    if not STORES:
        small = example_set(tables=(decay(), *example_set().tables[2:]))
        STORES.append(approved(factory.mktemp("store"), small))
    return STORES[0]


@pytest.mark.parametrize(
    "edit",
    [
        lambda text: text.replace("0.", "0,", 1),
        lambda text: text + "\n",
        lambda text: text.replace("\n", "\r\n"),
        lambda text: text.rstrip("\n"),
        lambda text: "\ufeff" + text,
        lambda text: text.replace("r", "R", 1),
        lambda text: "",
        lambda text: "\n".join(text.splitlines()[:-1]) + "\n",
        lambda text: text + text.splitlines()[-1] + "\n",
    ],
    ids=["digit", "line added", "line ends", "last line end", "mark", "letter", "emptied", "row cut", "row doubled"],
)
@pytest.mark.parametrize("name", [MANIFEST, "decay.csv", LOG])
def test_every_class_of_edit_is_refused(tmp_path: Path, name: str, edit) -> None:  # type: ignore[no-untyped-def]
    store = approved(tmp_path, example_set())
    path = tmp_path / LOG if name == LOG else tmp_path / "2026-09-30.r1" / name
    before = path.read_bytes().decode()
    path.write_bytes(edit(before).encode())
    with pytest.raises(BehaviorError, match=name.replace(".", r"\.")):
        store.load("2026-09-30.r1", AS_OF)


def test_missing_files_are_named(tmp_path: Path) -> None:
    store = approved(tmp_path, example_set())
    with pytest.raises(SetNotFound, match=r"no set '2026-12-31.r1'; there are 2026-09-30.r1"):
        store.load("2026-12-31.r1")
    (tmp_path / "2026-09-30.r1" / "speed.csv").unlink()
    with pytest.raises(SetNotFound, match=r"speed\.csv"):
        store.load("2026-09-30.r1")


@pytest.mark.parametrize(
    ("taken", "asked", "free"),
    [
        (("2026-09-30.r1", "2026-09-30.r4"), "2026-09-30.r4", "2026-09-30.r5"),
        (("2026-09-30.r1", "2026-09-30.r4"), "2026-09-30.r1", "2026-09-30.r5"),
        (("2026-09-30.v1", "2026-09-30.r7"), "2026-09-30.v1", "2026-09-30.v2"),
        (("2026-09-30", "2026-09-30.r9x"), "2026-09-30", "2026-09-30.r2"),
        (("first2",), "first2", "first2.r2"),
    ],
)
def test_a_correction_is_the_next_revision_that_is_free(
    tmp_path: Path, taken: tuple[str, ...], asked: str, free: str
) -> None:
    store = AssumptionStore(tmp_path)
    for one in taken:
        store.propose(replace(example_set(), id=one), "Ann", MONDAY)
    with pytest.raises(AssumptionError, match=rf"{asked} already.*next revision, {free}\."):
        store.propose(replace(example_set(), id=asked), "Ann", MONDAY)
    store.propose(replace(example_set(), id=free), "Ann", MONDAY)


def test_a_draft_needs_leave_and_is_stamped(tmp_path: Path) -> None:
    store = AssumptionStore(tmp_path)
    store.propose(example_set(), "Ann", MONDAY)
    with pytest.raises(NotApproved, match="only `behavior value --allow-draft`") as caught:
        store.load("2026-09-30.r1", AS_OF)
    assert caught.value.exit_code == 5
    assert store.load("2026-09-30.r1", AS_OF, allow_draft=True).stamp == "DRAFT"
    with pytest.raises(NotApproved):
        store.load("2026-09-30.r1", AS_OF, not_in_force=True)
    store.approve("2026-09-30.r1", "Bob", MONDAY, AS_OF)
    assert store.load("2026-09-30.r1", AS_OF).stamp == ""
    assert store.load("2026-09-30.r1").stamp == ""


@pytest.mark.parametrize("name", ["Ann", "ann", " ANN  "])
def test_the_proposer_cannot_approve(tmp_path: Path, name: str) -> None:
    store = AssumptionStore(tmp_path)
    store.propose(example_set(), "Ann", MONDAY)
    with pytest.raises(NotApproved, match="Someone else must") as caught:
        store.approve("2026-09-30.r1", name, MONDAY, AS_OF)
    assert caught.value.exit_code == 5
    assert store.status("2026-09-30.r1").status is SetStatus.DRAFT
    assert len(store.log()) == 1


def test_nobody_is_no_name(tmp_path: Path) -> None:
    store = AssumptionStore(tmp_path)
    for nobody in ("  ", "\u200b", "."):
        with pytest.raises(AssumptionError, match="no name"):
            store.propose(example_set(), nobody, MONDAY)
    assert not list(tmp_path.iterdir())


def test_validity_is_judged_on_the_valuation_date(tmp_path: Path) -> None:
    store = approved(tmp_path, example_set(), valid_to=dt.date(2026, 12, 31))
    assert store.load("2026-09-30.r1", AS_OF)
    assert store.load("2026-09-30.r1", dt.date(2026, 12, 31))
    with pytest.raises(NotYetValid, match="valid from 2026-09-30") as early:
        store.load("2026-09-30.r1", dt.date(2026, 9, 29))
    with pytest.raises(NotYetValid, match="expired: 2026-12-31") as late:
        store.load("2026-09-30.r1", dt.date(2027, 1, 1))
    assert early.value.exit_code == late.value.exit_code == 5
    with pytest.raises(AssumptionError, match="ends before it starts"):
        store.approve("2026-09-30.r1", "Bob", MONDAY, MAY, APRIL)


def test_the_next_set_ends_the_one_it_supersedes(tmp_path: Path) -> None:
    store = approved(tmp_path, example_set())
    store.propose(example_set("2027-03-31.r1", supersedes="2026-09-30.r1"), "Ann", MONDAY)
    assert store.load("2026-09-30.r1", MAY)
    store.approve("2027-03-31.r1", "Bob", MONDAY, APRIL)
    assert store.load("2026-09-30.r1", APRIL - dt.timedelta(days=1))
    with pytest.raises(NotYetValid, match=r"superseded by 2027-03-31.r1"):
        store.load("2026-09-30.r1", APRIL)
    assert store.load("2026-09-30.r1", APRIL, not_in_force=True).stamp == "NOT IN FORCE"
    assert store.load("2026-09-30.r1", AS_OF, not_in_force=True).stamp == ""
    assert store.load("2027-03-31.r1", AS_OF, not_in_force=True).stamp == "NOT IN FORCE"
    assert store.load("2027-03-31.r1", APRIL)
    assert store.status("2026-09-30.r1", MAY).status is SetStatus.SUPERSEDED
    assert store.status("2026-09-30.r1").valid_to == APRIL - dt.timedelta(days=1)


def test_a_retired_set_is_refused_from_its_day_on(tmp_path: Path) -> None:
    store = approved(tmp_path, example_set())
    store.retire("2026-09-30.r1", "Bob", MONDAY, APRIL, "wrong segments")
    assert store.load("2026-09-30.r1", AS_OF)
    with pytest.raises(NotApproved, match=r"retired by Bob from 2027-04-01 on \(wrong segments\)"):
        store.load("2026-09-30.r1", APRIL)
    with pytest.raises(NotApproved):
        store.load("2026-09-30.r1")
    with pytest.raises(NotApproved, match="already, from 2027-04-01 on"):
        store.retire("2026-09-30.r1", "Bob", MONDAY, MAY)
    with pytest.raises(NotApproved, match="cannot be approved"):
        store.approve("2026-09-30.r1", "Bob", MONDAY, MAY)


def test_failed_gates_stop_approval_and_missing_validation_is_stamped(tmp_path: Path) -> None:
    store = AssumptionStore(tmp_path)
    failed = replace(decay(), provenance=Provenance(failed_gates=("calibration_slope 0.70 (min 0.9)",)))
    store.propose(example_set(tables=(failed,)), "Ann", MONDAY)
    with pytest.raises(GateFailed, match=r"decay: calibration_slope 0.70") as caught:
        store.approve("2026-09-30.r1", "Bob", MONDAY, AS_OF)
    assert caught.value.exit_code == 4
    unsigned = replace(decay(), provenance=Provenance(validation="unvalidated"))
    approved(tmp_path, example_set("2026-09-30.r2", tables=(unsigned,)))
    assert store.load("2026-09-30.r2", AS_OF).stamp == "UNVALIDATED"
    assert store.read("2026-09-30.r2").unvalidated == ("decay",)


def test_folders_inside_a_store_keep_their_state_and_others_are_drafts(tmp_path: Path) -> None:
    store = approved(tmp_path / "store", example_set())
    inside = tmp_path / "store" / "2026-09-30.r1"
    assert load_assumptions(inside, on=AS_OF).stamp == ""
    assert load_assumptions(inside / MANIFEST, on=AS_OF).stamp == ""
    assert load_assumptions("2026-09-30.r1", store, AS_OF).digest == store.read("2026-09-30.r1").digest
    with pytest.raises(NotYetValid):
        load_assumptions(inside, on=AS_OF - dt.timedelta(days=1))
    write_set(example_set("by-hand"), tmp_path / "elsewhere")
    with pytest.raises(NotApproved, match="in no store"):
        load_assumptions(tmp_path / "elsewhere")
    assert load_assumptions(tmp_path / "elsewhere", allow_draft=True).stamp == "DRAFT"
    with pytest.raises(SetNotFound, match="found no manifest"):
        load_assumptions(tmp_path)
    with pytest.raises(SetNotFound, match="has no set"):
        load_assumptions("nothing", tmp_path / "store")


def test_a_folder_of_another_name_is_not_that_set(tmp_path: Path) -> None:
    store = approved(tmp_path, example_set())
    (tmp_path / "2026-09-30.r1").rename(tmp_path / "2026-12-31.r1")
    with pytest.raises(DigestMismatch, match="expected the folder's name"):
        store.load("2026-12-31.r1")
    assert any("2026-12-31.r1" in problem for problem in store.verify())
    assert any("'2026-09-30.r1'" in problem for problem in store.verify())


def test_a_set_proposed_twice_keeps_its_first_proposer(tmp_path: Path) -> None:
    store = approved(tmp_path, example_set())
    with pytest.raises(AssumptionError, match="written once"):
        store.propose(example_set(), "Bob", MONDAY)
    assert store.status("2026-09-30.r1").proposed_by == "Ann"


def test_a_writer_that_stopped_before_the_head_leaves_a_good_log(tmp_path: Path) -> None:
    store = approved(tmp_path, example_set())
    (tmp_path / HEAD).write_text(store.log()[0].hash + "\n")
    assert store.load("2026-09-30.r1", AS_OF)
    store.retire("2026-09-30.r1", "Bob", MONDAY, APRIL)
    assert (tmp_path / HEAD).read_text().strip() == store.log()[-1].hash


@pytest.mark.parametrize("lines", [0, 1, 2])
def test_a_line_that_was_never_finished_is_refused_and_its_repair_told(tmp_path: Path, lines: int) -> None:
    store = approved(tmp_path, example_set())
    store.retire("2026-09-30.r1", "Bob", MONDAY, APRIL)
    written = (tmp_path / LOG).read_bytes().splitlines(keepends=True)
    heads = [NO_LINES, *(change.hash + "\n" for change in store.log())]
    whole = b"".join(written[:lines])
    (tmp_path / LOG).write_bytes(whole + written[lines][:40])
    (tmp_path / HEAD).write_text(heads[lines])
    with pytest.raises(DigestMismatch, match=rf"line {lines + 1}: the line has no end.*never took effect") as caught:
        store.log()
    assert f"cut it to its first {len(whole):,} bytes" in str(caught.value)
    with pytest.raises(DigestMismatch):
        store.approve("2026-09-30.r1", "Bob", MONDAY, MAY)
    (tmp_path / LOG).write_bytes(whole)
    assert len(store.log()) == lines


def test_a_finished_line_that_was_cut_later_cannot_be_repaired_by_cutting(tmp_path: Path) -> None:
    store = approved(tmp_path, example_set())
    (tmp_path / LOG).write_bytes((tmp_path / LOG).read_bytes()[:-20])
    with pytest.raises(DigestMismatch, match="Restore the log from a backup"):
        store.log()


def test_a_log_that_is_gone_is_missed(tmp_path: Path) -> None:
    store = approved(tmp_path, example_set())
    (tmp_path / LOG).unlink()
    with pytest.raises(DigestMismatch, match=r"log\.jsonl"):
        store.load("2026-09-30.r1", AS_OF, allow_draft=True)


@pytest.mark.parametrize("kept", [0, 1, 2, 3])
def test_a_head_that_is_gone_is_missed(tmp_path: Path, kept: int) -> None:
    store = approved(tmp_path, example_set())
    store.retire("2026-09-30.r1", "Bob", MONDAY, APRIL)
    lines = (tmp_path / LOG).read_text().splitlines(keepends=True)
    (tmp_path / LOG).write_text("".join(lines[:kept]))
    (tmp_path / HEAD).unlink()
    if kept == 0:
        assert any("nobody proposed it" in problem for problem in store.verify())
        return
    with pytest.raises(DigestMismatch, match=r"log\.head: found no such file"):
        store.load("2026-09-30.r1", AS_OF)
    assert store.verify() != ()


def test_a_writer_that_stopped_before_the_first_head_leaves_a_good_log(tmp_path: Path) -> None:
    store = AssumptionStore(tmp_path)
    store.propose(example_set(), "Ann", MONDAY)
    (tmp_path / HEAD).write_text(NO_LINES)
    assert store.verify() == ()
    store.approve("2026-09-30.r1", "Bob", MONDAY, AS_OF)
    (tmp_path / HEAD).write_text(NO_LINES)
    assert "lines were cut off" in store.verify()[0]


def test_a_retirement_can_be_brought_forward(tmp_path: Path) -> None:
    store = approved(tmp_path, example_set())
    store.retire("2026-09-30.r1", "Bob", MONDAY, MAY)
    store.retire("2026-09-30.r1", "Bob", MONDAY, APRIL, "wrong segments")
    with pytest.raises(NotApproved, match=r"retired by Bob from 2027-04-01 on \(wrong segments\)"):
        store.load("2026-09-30.r1", APRIL)
    with pytest.raises(NotApproved, match="already, from 2027-04-01 on"):
        store.retire("2026-09-30.r1", "Bob", MONDAY, APRIL)


def test_revisions_are_in_the_order_of_numbers(tmp_path: Path) -> None:
    store = AssumptionStore(tmp_path)
    names = [f"2026-09-30.r{number}" for number in (9, 10, 2, 11, 1)]
    for name in names:
        store.propose(example_set(name, tables=(decay(),)), "Ann", MONDAY)
    assert store.ids() == tuple(f"2026-09-30.r{number}" for number in (1, 2, 9, 10, 11))


def test_a_proposal_that_fails_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = AssumptionStore(tmp_path)

    def full(self: StateLog, changes: object) -> None:
        raise OSError("no space left")

    with monkeypatch.context() as patched:
        patched.setattr(StateLog, "append", full)
        with pytest.raises(OSError, match="no space"):
            store.propose(example_set(), "Ann", MONDAY)
    assert not list(tmp_path.iterdir())
    approved(tmp_path, example_set())
    (tmp_path / LOG).write_text("edited\n")
    with pytest.raises(DigestMismatch):
        store.propose(example_set("2026-09-30.r2"), "Ann", MONDAY)
    assert not (tmp_path / "2026-09-30.r2").exists()


def test_an_interrupted_proposal_is_finished_by_proposing_again(tmp_path: Path) -> None:
    store = AssumptionStore(tmp_path)
    write_set(example_set(), tmp_path / "2026-09-30.r1")  # as a writer leaves it that is killed before the log
    with pytest.raises(NotApproved, match="Publish or import it again"):
        store.approve("2026-09-30.r1", "Bob", MONDAY, AS_OF)
    with pytest.raises(AssumptionError, match="holds something else"):
        store.propose(replace(example_set(), note="other"), "Ann", MONDAY)
    store.propose(example_set(), "Ann", MONDAY)
    store.approve("2026-09-30.r1", "Bob", MONDAY, AS_OF)
    assert store.verify() == ()


def test_a_folder_that_is_no_store_is_refused(tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "nowhere"):
        for asked in (AssumptionStore(folder).require, lambda: AssumptionStore(folder).load("r1")):  # noqa: B023
            with pytest.raises(SetNotFound, match="there is no store"):
                asked()
    assert AssumptionStore(tmp_path / "nowhere").ids() == ()


def writer(folder: Path, name: str) -> list[str]:
    """What became of six proposals by one of several writers at the same time."""
    found = []
    for number in range(6):
        try:
            AssumptionStore(folder).propose(example_set(f"r{number}", tables=(decay(),)), name, MONDAY)
            found.append("written")
        except AssumptionError as error:
            found.append("taken" if "written once" in str(error) else str(error))
    return found


def test_the_store_is_locked_while_one_writes_and_free_afterwards(tmp_path: Path) -> None:
    fcntl = pytest.importorskip("fcntl")
    log, folder = StateLog(tmp_path), os.open(tmp_path, os.O_RDONLY)
    with log.locked():
        with log.locked():
            pass
        with pytest.raises(BlockingIOError):
            fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
    fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
    os.close(folder)


def test_writers_at_the_same_time_share_the_ids(tmp_path: Path) -> None:
    with ProcessPoolExecutor(4, get_context("spawn")) as pool:
        found = [one for said in pool.map(writer, [tmp_path] * 4, ["Ann", "Bob", "Cem", "Dan"]) for one in said]
    assert (found.count("written"), found.count("taken")) == (6, 18)
    assert AssumptionStore(tmp_path).verify() == ()


def test_a_folder_that_appears_while_writing_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "r1"

    def late(self: Path, target: Path) -> None:
        monkeypatch.undo()
        write_set(example_set("r1", tables=(decay(),)), folder)
        self.rename(target)

    monkeypatch.setattr(Path, "rename", late)
    with pytest.raises(AssumptionError, match="such a folder already"):
        write_set(example_set("r1", tables=(decay(),)), folder)
    assert [path.name for path in tmp_path.iterdir()] == ["r1"]
