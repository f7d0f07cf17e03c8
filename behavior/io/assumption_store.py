"""The store of assumption sets: one folder a set, written once and verified on load, and the log of their states.

Layout: ``<store>/<id>/manifest.toml`` with one CSV a table, ``<store>/log.jsonl``, and ``<store>/log.head`` with the
hash of the log's last line, so that a log that was cut short is found out too.
"""

from __future__ import annotations

import datetime as dt
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from behavior.assumptions.check import set_faults
from behavior.assumptions.manifest import ID_PATTERN, MANIFEST, Manifest, parse_manifest, render_set, sha256_of
from behavior.assumptions.revisions import next_free
from behavior.assumptions.set import AssumptionSet, AssumptionTable
from behavior.assumptions.state import SetState, SetStatus, StateChange, read_log, same_person, state_of
from behavior.assumptions.table_text import parse_table
from behavior.errors import (
    AssumptionError,
    DigestMismatch,
    Fault,
    FaultyInput,
    GateFailed,
    NotApproved,
    NotYetValid,
    SetNotFound,
)
from behavior.io.files import write_atomically

LOG = "log.jsonl"
HEAD = "log.head"
DEFAULT_STORE = Path("assumptions")


def write_set(assumptions: AssumptionSet, folder: Path) -> AssumptionSet:
    """Write a set as a folder of text: under a temporary name beside it first, then renamed. Never overwrites.

    Returns
    -------
    The set with the digest of its manifest.

    Raises
    ------
    FaultyInput : the set breaks rules; all are listed and nothing is written.
    AssumptionError : the folder exists.
    """
    faults = set_faults(assumptions)
    if faults:
        raise FaultyInput(faults)
    if folder.exists():
        raise AssumptionError(
            f"{folder}: there is such a folder already, and a set is written once. Use the next revision as id."
        )
    files = render_set(assumptions)
    folder.parent.mkdir(parents=True, exist_ok=True)
    temporary = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
    try:
        for name, text in files.items():
            (temporary / name).write_bytes(text.encode())
        temporary.chmod(0o755)
        temporary.rename(folder)
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        raise
    return replace(assumptions, digest=sha256_of(files[MANIFEST].encode()))


def read_manifest(folder: Path) -> tuple[Manifest, str]:
    """The manifest of a set's folder and its digest.

    Raises
    ------
    SetNotFound : the folder holds no manifest.
    FaultyInput : the manifest is wrong; every fault with its path.
    """
    path = folder / MANIFEST
    if not path.is_file():
        raise SetNotFound(f"{folder}: found no {MANIFEST}. A set is a folder with {MANIFEST} and one CSV a table.")
    content = path.read_bytes()
    return parse_manifest(_decoded(content, path), str(path)), sha256_of(content)


def read_set(folder: Path) -> AssumptionSet:
    """Read a set from its folder and verify every table against its digest; state is not looked at.

    Raises
    ------
    SetNotFound : no manifest, or a table's file is missing. DigestMismatch : a file was edited; it is named.
    FaultyInput : every fault of the manifest, or of all tables.
    """
    manifest, digest = read_manifest(folder)
    _verify_files(folder, manifest)
    tables: list[AssumptionTable] = []
    faults: list[Fault] = []
    for entry in manifest.entries:
        path = folder / entry.file
        try:
            tables.append(parse_table(_decoded(path.read_bytes(), path), entry.heading, str(path), entry.view))
        except FaultyInput as error:
            faults += error.faults
    found = AssumptionSet(manifest.id, manifest.as_of, tuple(tables), manifest.supersedes, manifest.note, digest=digest)
    faults = faults or set_faults(found)
    if faults:
        raise FaultyInput(faults)
    return found


def _verify_files(folder: Path, manifest: Manifest) -> None:
    missing = [entry.file for entry in manifest.entries if not (folder / entry.file).is_file()]
    if missing:
        raise SetNotFound(f"{folder}: {MANIFEST} names {', '.join(missing)}, and there is no such file.")
    for entry in manifest.entries:
        found = sha256_of((folder / entry.file).read_bytes())
        if found != entry.sha256:
            raise DigestMismatch(
                f"{folder / entry.file}: found sha256 {found}, expected {entry.sha256} as {MANIFEST} says. "
                "The file was edited; a correction is a new revision, never an edit."
            )


def _decoded(content: bytes, path: Path) -> str:
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise FaultyInput([Fault(str(path), f"expected UTF-8 text ({error.reason} at byte {error.start})")]) from error


class AssumptionStore:
    """Sets in a folder. Nothing in it is ever changed; states are appended to the log.

    Parameters
    ----------
    folder : where sets live; made on the first write.
    """

    def __init__(self, folder: Path | str = DEFAULT_STORE) -> None:
        self.folder = Path(folder)

    def ids(self) -> tuple[str, ...]:
        """Ids of all sets, sorted."""
        if not self.folder.is_dir():
            return ()
        return tuple(sorted(path.parent.name for path in self.folder.glob(f"[!.]*/{MANIFEST}")))

    def write(self, assumptions: AssumptionSet) -> AssumptionSet:
        """Write a set under its id, once.

        Raises
        ------
        AssumptionError : the id is taken, or no id. FaultyInput : the set breaks rules.
        """
        if not ID_PATTERN.fullmatch(assumptions.id):
            raise AssumptionError(
                f"found the id {assumptions.id!r}, expected letters, digits, dots, dashes and underscores."
            )
        if (self.folder / assumptions.id).exists():
            raise AssumptionError(
                f"the store {self.folder} has a set {assumptions.id} already, and a set is written once. "
                f"A correction is the next revision, {next_free(assumptions.id, self._folders())}."
            )
        return write_set(assumptions, self.folder / assumptions.id)

    def _folders(self) -> list[str]:
        return [path.name for path in self.folder.iterdir()]

    def read(self, set_id: str) -> AssumptionSet:
        """Read and verify a set whatever its state.

        Raises
        ------
        SetNotFound : no such set; the message lists those there are. DigestMismatch : an edited file, manifest or log.
        """
        folder = self.folder / set_id
        if not ID_PATTERN.fullmatch(set_id) or not (folder / MANIFEST).is_file():
            there = ", ".join(self.ids()) or "none"
            raise SetNotFound(f"the store {self.folder} has no set {set_id!r}; there are {there}.")
        logged = [change.set_digest for change in self.log() if change.set_id == set_id]
        digest = sha256_of((folder / MANIFEST).read_bytes())
        if any(one != digest for one in logged):
            raise DigestMismatch(
                f"{folder / MANIFEST}: found sha256 {digest}, expected {logged[0]} as the log says. "
                "The manifest was edited; a correction is a new revision, never an edit."
            )
        found = read_set(folder)
        if found.id != set_id:
            raise DigestMismatch(f"{folder / MANIFEST}: found id {found.id!r}, expected the folder's name {set_id!r}.")
        return found

    def load(self, set_id: str, on: dt.date | None = None, allow_draft: bool = False) -> AssumptionSet:
        """Read a set that may be used: verified, approved, valid on the date.

        Parameters
        ----------
        on : valuation date; None judges approval alone. allow_draft : take a draft, stamped ``DRAFT``.

        Raises
        ------
        NotApproved : a draft without `allow_draft`, or retired. NotYetValid : not valid on the date.
        SetNotFound, DigestMismatch, FaultyInput : as `read`.
        """
        found = self.read(set_id)
        state = self.status(set_id, on)
        if state.status is SetStatus.DRAFT and allow_draft:
            return replace(found, stamp="DRAFT")
        _refuse(set_id, state, on)
        return replace(found, stamp="UNVALIDATED" if found.unvalidated else "")

    def log(self) -> tuple[StateChange, ...]:
        """All changes of state, oldest first, the chain verified.

        Raises
        ------
        DigestMismatch : a line of the log was edited.
        """
        path = self.folder / LOG
        if not path.is_file():
            self._check_head(())
            return ()
        try:
            text = path.read_bytes().decode("utf-8")
        except UnicodeDecodeError as error:
            raise DigestMismatch(f"{path}: expected UTF-8 text; the log was edited.") from error
        changes = read_log(text, str(path))
        self._check_head(changes)
        return changes

    def _check_head(self, changes: tuple[StateChange, ...]) -> None:
        """Refuse a log whose end is missing. A head one line behind is a writer that stopped between its two writes."""
        path = self.folder / HEAD
        if not path.is_file():
            return
        head = path.read_bytes()
        if head not in [f"{change.hash}\n".encode() for change in changes[-2:]]:
            raise DigestMismatch(
                f"{self.folder / LOG} does not end with the line that {path} names: lines were cut off, or {HEAD} was "
                "edited. Restore both from a backup."
            )

    def status(self, set_id: str, on: dt.date | None = None) -> SetState:
        """State of a set on a date, as the log tells it.

        Raises
        ------
        DigestMismatch : a line of the log was edited.
        """
        return state_of(self.log(), set_id, on)

    def propose(self, set_id: str, by: str, at: dt.datetime, note: str = "") -> StateChange:
        """Log a written set as a draft of its proposer.

        Raises
        ------
        AssumptionError : it was proposed before, or nobody is named. SetNotFound, DigestMismatch : as `read`.
        """
        digest = self.read(set_id).digest
        with self._locked():
            if any(change.set_id == set_id for change in self.log()):
                raise AssumptionError(f"the set {set_id} was proposed before; its log stands.")
            return self._append(set_id, digest, SetStatus.DRAFT, by, at, note=note)

    def approve(
        self,
        set_id: str,
        by: str,
        at: dt.datetime,
        valid_from: dt.date,
        valid_to: dt.date | None = None,
        note: str = "",
    ) -> StateChange:
        """Approve a set from a day on; the set that it supersedes ends the day before.

        Raises
        ------
        NotApproved : by the proposer, or the set is retired, or has no proposer. GateFailed : a gate of one of its
        models failed. AssumptionError : the validity ends before it starts. SetNotFound, DigestMismatch : as `read`.
        """
        found = self.read(set_id)
        if valid_to is not None and valid_to < valid_from:
            raise AssumptionError(f"found a validity from {valid_from} to {valid_to}; it ends before it starts.")
        if found.failed_gates:
            raise GateFailed(
                f"set {set_id} cannot be approved: gates failed for {'; '.join(found.failed_gates)}. "
                "Repair the model, train again and publish the next revision."
            )
        with self._locked():
            self._refuse_approver(set_id, by)
            done = self._append(set_id, found.digest, SetStatus.APPROVED, by, at, valid_from, valid_to, note)
            older = found.supersedes
            if older and self.status(older).status is SetStatus.APPROVED:
                digest = next(change.set_digest for change in self.log() if change.set_id == older)
                note = f"superseded by {set_id}"
                self._append(older, digest, SetStatus.SUPERSEDED, by, at, valid_from, None, note)
        return done

    def retire(self, set_id: str, by: str, at: dt.datetime, valid_from: dt.date, note: str = "") -> StateChange:
        """Take a set out of use from a day on.

        Raises
        ------
        NotApproved : it is retired already. SetNotFound, DigestMismatch : as `read`.
        """
        digest = self.read(set_id).digest
        with self._locked():
            if self.status(set_id).status is SetStatus.RETIRED:
                raise NotApproved(f"the set {set_id} is retired already.")
            return self._append(set_id, digest, SetStatus.RETIRED, by, at, valid_from, None, note)

    def verify(self) -> tuple[str, ...]:
        """Everything in the store that is not what was written, in words; empty when all is well."""
        found: list[str] = []
        try:
            logged = {change.set_id for change in self.log()}
        except DigestMismatch as error:
            return (str(error),)
        for set_id in sorted({*self.ids(), *logged}):
            try:
                self.read(set_id)
            except AssumptionError as error:
                found.append(str(error))
            except FaultyInput as error:
                found += [str(fault) for fault in error.faults]
            if set_id not in logged:
                found.append(f"{self.folder / set_id}: the log has no line for this set; nobody proposed it.")
        return tuple(found)

    def _refuse_approver(self, set_id: str, by: str) -> None:
        state = self.status(set_id)
        if not state.proposed_by:
            raise NotApproved(f"set {set_id} has no proposer in the log of {self.folder}. Propose it first.")
        if state.status is SetStatus.RETIRED:
            raise NotApproved(f"set {set_id} cannot be approved: {state.reason}.")
        if same_person(state.proposed_by, by):
            raise NotApproved(
                f"set {set_id} was proposed by {state.proposed_by}, who cannot approve it. Someone else must."
            )

    def _append(
        self,
        set_id: str,
        digest: str,
        status: SetStatus,
        by: str,
        at: dt.datetime,
        valid_from: dt.date | None = None,
        valid_to: dt.date | None = None,
        note: str = "",
    ) -> StateChange:
        if not by.strip():
            raise AssumptionError("found no name; a change of state needs to say who made it.")
        log = self.log()
        change = StateChange(
            len(log) + 1, set_id, digest, status, by.strip(), at.isoformat(), valid_from, valid_to, note
        ).sealed(log[-1].hash if log else "")
        with (self.folder / LOG).open("ab") as file:
            file.write((change.line() + "\n").encode())
            file.flush()
            os.fsync(file.fileno())
        write_atomically(self.folder / HEAD, change.hash + "\n")
        return change

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """One writer of the log at a time, where the system has file locks."""
        try:
            import fcntl
        except ImportError:
            yield
            return
        # The folder itself is locked, so that no lock file is left behind.
        folder = os.open(self.folder, os.O_RDONLY)
        try:
            fcntl.flock(folder, fcntl.LOCK_EX)
            yield
        finally:
            os.close(folder)


def _refuse(set_id: str, state: SetState, on: dt.date | None) -> None:
    if not state.reason:
        return
    when = f" on {on}" if on is not None else ""
    if state.status is SetStatus.DRAFT:
        raise NotApproved(
            f"set {set_id} cannot be used{when}: {state.reason}. Have it approved (`behavior approve`); only "
            "`behavior value --allow-draft` takes a draft, and stamps every result DRAFT."
        )
    if state.status is SetStatus.RETIRED:
        raise NotApproved(f"set {set_id} cannot be used{when}: {state.reason}.")
    raise NotYetValid(f"set {set_id} cannot be used{when}: {state.reason}.")


def load_assumptions(
    id_or_path: str | Path,
    store: str | Path | AssumptionStore | None = None,
    on: dt.date | None = None,
    allow_draft: bool = False,
    any_state: bool = False,
) -> AssumptionSet:
    """Load a set by its id from a store, or by the path of its folder (or manifest).

    A folder inside a store has the state that the store's log gives it. A folder outside any store was approved by
    nobody: it is a draft.

    Parameters
    ----------
    id_or_path : ``2026-09-30.r1``, or a folder. store : the store or its folder, ``./assumptions`` when left out.
    on : valuation date; None judges approval alone. allow_draft : take a draft, stamped ``DRAFT``.
    any_state : verify the bytes and ask no more: for showing and comparing, never for valuing.

    Raises
    ------
    SetNotFound : no such set. DigestMismatch : an edited file, which is named. FaultyInput : every fault of the set.
    NotApproved : a draft without `allow_draft`, or retired. NotYetValid : not valid on the date.
    """
    home = store if isinstance(store, AssumptionStore) else AssumptionStore(store or DEFAULT_STORE)
    name, folder = str(id_or_path), Path(id_or_path)
    if not (ID_PATTERN.fullmatch(name) and (home.folder / name / MANIFEST).is_file()):
        folder = folder.parent if folder.name == MANIFEST else folder
        if (folder / MANIFEST).is_file():
            folder = folder.resolve()
            if not (folder.parent / LOG).is_file():
                return _outside_a_store(folder, on, allow_draft or any_state)
            home, name = AssumptionStore(folder.parent), folder.name
        elif folder.is_dir() or len(folder.parts) > 1:
            raise SetNotFound(f"{folder}: found no {MANIFEST}. Give the folder of a set, or an id with its store.")
    return home.read(name) if any_state else home.load(name, on, allow_draft)


def _outside_a_store(folder: Path, on: dt.date | None, allow_draft: bool) -> AssumptionSet:
    found = read_set(folder)
    if not allow_draft:
        _refuse(found.id, SetState(SetStatus.DRAFT, reason=f"{folder} is in no store, so nobody has approved it"), on)
    return replace(found, stamp="DRAFT")
