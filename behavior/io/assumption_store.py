"""The store of assumption sets: one folder a set, verified on load, and the log of their states.

Layout: ``<store>/<id>/`` as `set_folder` writes it, ``<store>/log.jsonl`` and ``<store>/log.head``.
"""

from __future__ import annotations

import datetime as dt
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from behavior.assumptions.check import set_faults
from behavior.assumptions.manifest import ID_PATTERN, MANIFEST, render_set
from behavior.assumptions.people import same_person, signer
from behavior.assumptions.revisions import by_number, next_free
from behavior.assumptions.set import AssumptionSet
from behavior.assumptions.state import SetState, SetStatus, StateChange, Validity, state_of, validity_of
from behavior.assumptions.succession import endings, succession
from behavior.digests import sha256_of
from behavior.errors import (
    AssumptionError,
    DigestMismatch,
    FaultyInput,
    GateFailed,
    NotApproved,
    NotYetValid,
    SetNotFound,
)
from behavior.io.set_folder import make_folder, read_manifest, read_set, write_set
from behavior.io.state_log import HEAD, LOG, StateLog

DEFAULT_STORE = Path("assumptions")


class AssumptionStore:
    """Sets in a folder. Nothing in it is ever changed; states are appended to the log.

    Parameters
    ----------
    folder : where sets live; made on the first proposal.
    """

    def __init__(self, folder: Path | str = DEFAULT_STORE) -> None:
        self.folder = Path(folder)
        self._log = StateLog(self.folder)

    def ids(self) -> tuple[str, ...]:
        """Ids of all sets, r9 before r10; none where there is no store yet."""
        return tuple(sorted((path.parent.name for path in self.folder.glob(f"[!.]*/{MANIFEST}")), key=by_number))

    def require(self) -> None:
        """Refuse a folder that is no store.

        Raises
        ------
        SetNotFound : it holds neither a log nor a set.
        """
        if not (self.folder / LOG).is_file() and not self.ids():
            raise SetNotFound(
                f"{self.folder}: there is no store of assumption sets; found neither {LOG} nor a set. "
                "Name the store's folder with --store; the first set that is published or imported makes one."
            )

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Nobody else writes to the store while several things are done in it that must see one state."""
        make_folder(self.folder)
        with self._log.locked():
            yield

    def _folders(self) -> list[str]:
        return [path.name for path in self.folder.iterdir()]

    def read(self, set_id: str) -> AssumptionSet:
        """Read and verify a set whatever its state.

        Raises
        ------
        SetNotFound : no store, or no such set; the message lists those there are. DigestMismatch : an edited file,
        manifest or log.
        """
        self.require()
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

    def load(
        self, set_id: str, on: dt.date | None = None, allow_draft: bool = False, not_in_force: bool = False
    ) -> AssumptionSet:
        """Read a set that may be used: verified, approved, valid on the date.

        Parameters
        ----------
        on : valuation date; None judges approval alone. allow_draft : take a draft, stamped ``DRAFT``.
        not_in_force : take a set that was approved and does not stand on the date, stamped ``NOT IN FORCE``: what the
            next set moves is seen beside the one before.

        Raises
        ------
        NotApproved : a draft without `allow_draft`, or retired. NotYetValid : not valid on the date.
        SetNotFound, DigestMismatch, FaultyInput : as `read`.
        """
        found = self.read(set_id)
        state = self.status(set_id, on)
        if state.status is SetStatus.DRAFT and allow_draft:
            return replace(found, stamp="DRAFT")
        if state.reason and state.approved_by and not_in_force:
            return replace(found, stamp="NOT IN FORCE")
        _refuse(set_id, state, on)
        return replace(found, stamp=found.stamp_once_approved)

    def log(self) -> tuple[StateChange, ...]:
        """All changes of state, oldest first, the chain verified.

        Raises
        ------
        DigestMismatch : a line of the log was edited.
        """
        return self._log.read()

    def validity(self) -> Mapping[str, tuple[Validity, ...]]:
        """Days on which each set may be used, by id; empty for drafts and for what never came into use.

        Raises
        ------
        DigestMismatch : a line of the log was edited.
        """
        changes = self.log()
        return {set_id: validity_of(changes, set_id) for set_id in self.ids()}

    def status(self, set_id: str, on: dt.date | None = None) -> SetState:
        """State of a set on a date, as the log tells it.

        Raises
        ------
        DigestMismatch : a line of the log was edited.
        """
        return state_of(self.log(), set_id, on)

    def propose(self, assumptions: AssumptionSet, by: str, at: dt.datetime, note: str = "") -> AssumptionSet:
        """Write a set under its id, once, and log it as a draft of its proposer: both or neither.

        A set that lies there whole but not in the log, its proposal being interrupted, is logged by proposing it again.

        Returns
        -------
        The set with the digest of its manifest.

        Raises
        ------
        AssumptionError : the id is taken, or none, or nobody is named. FaultyInput : the set breaks rules.
        DigestMismatch : as `log`.
        """
        name, set_id = signer(by), assumptions.id
        if not ID_PATTERN.fullmatch(set_id) or set_id in (LOG, HEAD):
            raise AssumptionError(
                f"found the id {set_id!r}, expected letters, digits, dots, dashes and underscores, "
                f"and neither {LOG} nor {HEAD}."
            )
        faults = set_faults(assumptions)
        if faults:
            raise FaultyInput(faults)
        make_folder(self.folder)
        with self._log.locked():
            log = self.log()
            if any(change.set_id == set_id for change in log):
                raise AssumptionError(
                    f"the store {self.folder} has a set {set_id} already, and a set is written once. "
                    f"A correction is the next revision, {next_free(set_id, self._folders())}."
                )
            left_over = (self.folder / set_id).exists()
            written = self._finished(assumptions) if left_over else write_set(assumptions, self.folder / set_id)
            line = StateChange(0, set_id, written.digest, SetStatus.DRAFT, name, at.isoformat(), note=note)
            try:
                self._log.append([line])
            except BaseException:
                if not left_over:
                    shutil.rmtree(self.folder / set_id)
                raise
        return written

    def _finished(self, assumptions: AssumptionSet) -> AssumptionSet:
        """The set that lies in the store without a line in the log, where it is the one that is proposed."""
        folder = self.folder / assumptions.id
        digest = sha256_of(render_set(assumptions)[MANIFEST])
        if not (folder / MANIFEST).is_file() or read_set(folder).digest != digest:
            raise AssumptionError(
                f"{folder}: there is such a folder already, which nobody proposed and which holds something else. "
                "Move it out of the store, or take the next revision as id."
            )
        return replace(assumptions, digest=digest)

    def approve(
        self,
        set_id: str,
        by: str,
        at: dt.datetime,
        valid_from: dt.date,
        valid_to: dt.date | None = None,
        note: str = "",
    ) -> tuple[StateChange, ...]:
        """Approve a set from a day on; a set of its line that is valid on that day ends the day before.

        Returns
        -------
        The lines of the log: the approval, whose `valid_to` is the day before the line's next set starts where no end
        was asked for, then one for each set that it ends.

        Raises
        ------
        NotApproved : by the proposer, or the set is retired, or has no proposer, or the approval could not take effect
        (as `succession`). GateFailed : a gate of one of its models failed. AssumptionError : the validity ends before
        it starts, or reaches into the next set's. SetNotFound, DigestMismatch : as `read`.
        """
        found = self.read(set_id)
        name = signer(by)
        if valid_to is not None and valid_to < valid_from:
            raise AssumptionError(f"found a validity from {valid_from} to {valid_to}; it ends before it starts.")
        if found.failed_gates:
            raise GateFailed(
                f"set {set_id} cannot be approved: gates failed for {'; '.join(found.failed_gates)}. "
                "Repair the model, train again and publish the next revision."
            )
        with self._log.locked():
            log = self.log()
            self._refuse_approver(set_id, name)
            then = succession(log, self._supersedes(), set_id, Validity(valid_from, valid_to))
            line = StateChange(0, set_id, found.digest, SetStatus.APPROVED, name, at.isoformat(), valid_from, note=note)
            return self._log.append([replace(line, valid_to=then.valid.last), *endings(log, line, then.ended)])

    def _supersedes(self) -> Mapping[str, str | None]:
        return {set_id: read_manifest(self.folder / set_id)[0].supersedes for set_id in self.ids()}

    def retire(self, set_id: str, by: str, at: dt.datetime, valid_from: dt.date, note: str = "") -> StateChange:
        """Take a set out of use from a day on, for good; a retirement can be brought forward.

        Raises
        ------
        NotApproved : it is retired from that day on already. SetNotFound, DigestMismatch : as `read`.
        """
        digest, name = self.read(set_id).digest, signer(by)
        with self._log.locked():
            log = self.log()
            days = [one.valid_from for one in log if one.set_id == set_id and one.status is SetStatus.RETIRED]
            earliest = min((day or dt.date.min for day in days), default=dt.date.max)
            if earliest <= valid_from:
                raise NotApproved(f"the set {set_id} is retired already, from {earliest} on.")
            line = StateChange(0, set_id, digest, SetStatus.RETIRED, name, at.isoformat(), valid_from, note=note)
            return self._log.append([line])[0]

    def verify(self) -> tuple[str, ...]:
        """Everything in the store that is not what was written, in words; empty when all is well."""
        found: list[str] = []
        try:
            logged = {change.set_id for change in self.log()}
        except DigestMismatch as error:
            return (str(error),)
        for set_id in sorted({*self.ids(), *logged}, key=by_number):
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
            raise NotApproved(
                f"set {set_id} has no proposer in the log of {self.folder}: its proposal "
                "was interrupted, or it was put there by hand. Publish or import it again as it is, which logs it."
            )
        if state.status is SetStatus.RETIRED:
            raise NotApproved(f"set {set_id} cannot be approved: {state.reason}.")
        if same_person(state.proposed_by, by):
            raise NotApproved(
                f"set {set_id} was proposed by {state.proposed_by}, who cannot approve it. Someone else must."
            )


def _refuse(set_id: str, state: SetState, on: dt.date | None) -> None:
    if not state.reason:
        return
    when = f" on {on}" if on is not None else ""
    compare = " `behavior value --not-in-force` takes it to compare with, and says so." if state.approved_by else ""
    if state.status is SetStatus.DRAFT:
        raise NotApproved(
            f"set {set_id} cannot be used{when}: {state.reason}. Have it approved (`behavior approve`); only "
            "`behavior value --allow-draft` takes a draft, and stamps every result DRAFT."
        )
    if state.status is SetStatus.RETIRED:
        raise NotApproved(f"set {set_id} cannot be used{when}: {state.reason}.{compare}")
    raise NotYetValid(f"set {set_id} cannot be used{when}: {state.reason}.{compare}")


def load_assumptions(
    id_or_path: str | Path,
    store: str | Path | AssumptionStore | None = None,
    on: dt.date | None = None,
    allow_draft: bool = False,
    any_state: bool = False,
    not_in_force: bool = False,
) -> AssumptionSet:
    """Load a set by its id from a store, or by the path of its folder (or manifest).

    A folder inside a store has the state that the store's log gives it. A folder outside any store was approved by
    nobody: it is a draft.

    Parameters
    ----------
    id_or_path : ``2026-09-30.r1``, or a folder. store : the store or its folder, ``./assumptions`` when left out.
    on : valuation date; None judges approval alone. allow_draft : take a draft, stamped ``DRAFT``.
    any_state : verify the bytes and ask no more: for showing and comparing, never for valuing.
    not_in_force : take a set that does not stand on the date, stamped ``NOT IN FORCE``: to compare valuations.

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
    return home.read(name) if any_state else home.load(name, on, allow_draft, not_in_force)


def _outside_a_store(folder: Path, on: dt.date | None, allow_draft: bool) -> AssumptionSet:
    found = read_set(folder)
    if not allow_draft:
        _refuse(found.id, SetState(SetStatus.DRAFT, reason=f"{folder} is in no store, so nobody has approved it"), on)
    return replace(found, stamp="DRAFT")
