"""A validator's signature on a registered version, and what a set says of the versions in it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import replace

from behavior.assumptions.manifest import behaviour_digest
from behavior.assumptions.people import same_person, signer
from behavior.assumptions.set import UNVALIDATED, AssumptionTable
from behavior.errors import DigestMismatch, GateFailed, NotApproved
from behavior.reporting.html import restate
from behavior.reporting.signature import signature
from behavior.tracking.base import ModelRecord, Tracker

PASSED, FAILED = "passed", "failed: "
CURVES = "curve_digests"


def sign(
    tracker: Tracker,
    name: str,
    version: int,
    by: str,
    at: dt.datetime,
    note: str = "",
    checked_on: str | None = None,
    otherwise: Sequence[str] = (),
) -> ModelRecord:
    """Sign a version as its validator.

    Parameters
    ----------
    checked_on : sha256 of the history that the checks were rerun on; None where the run that trained it is signed.
    otherwise : what else was not as the version was made with, in words.

    Raises
    ------
    NotApproved : by nobody, or by the version's developer. GateFailed : a gate of the version failed.
    AssumptionError : the name mixes scripts (`signer`).
    DigestMismatch : the checks were rerun on another history, or with other rates, book or date, than it learned from.
    """
    record = tracker.record(name, version)
    refuse_signer(record, by)
    if record.tags.get("gates") != PASSED:
        raise GateFailed(f"{name}@{version}: gates {record.tags.get('gates', 'unknown')}; it cannot be signed.")
    registered = record.tags.get("data_digest", "")
    if checked_on is not None and checked_on != registered:
        raise DigestMismatch(
            f"{name}@{version} was not signed: its checks were rerun on a history with sha256 {checked_on}, "
            f"expected the one it learned from, {registered or 'which is not on record'}. "
            "Point the profile at that history, or train a version on this one."
        )
    if otherwise:
        raise DigestMismatch(
            f"{name}@{version} was not signed: its checks were rerun with something else than it was made with: "
            f"{'; '.join(otherwise)}. Point the profile at what it was made with, or train a version on this."
        )
    tracker.tag_version(
        name,
        version,
        {
            "validation_status": "validated",
            "validated_by": signer(by),
            "validated_at": at.isoformat(),
            "validation_note": note,
        },
    )
    return tracker.record(name, version)


def refuse_signer(record: ModelRecord, by: str) -> None:
    """Refuse who may not sign a version.

    Raises
    ------
    NotApproved : by nobody, or by the version's developer. AssumptionError : the name mixes scripts (`signer`).
    """
    developer = record.tags.get("developer", "")
    if not by.strip() or same_person(by, developer):
        raise NotApproved(
            f"{record.name}@{record.version} was developed by {developer or 'nobody on record'}; "
            f"found validator {by!r}, expected someone else. Have an independent validator sign."
        )
    signer(by)


def signed_report(report: str, record: ModelRecord) -> str:
    """A version's report that says which version it is of, who signed it, when, and with which note."""
    version = {"Registered as": f"{record.name}@{record.version}, run {record.run}"}
    return restate(report, "", {**version, **signature(record.tags)})


def curve_tags(tables: Sequence[AssumptionTable]) -> dict[str, str]:
    """What a version keeps of the curves that were exported with it: a digest of each table."""
    return {CURVES: " ".join(behaviour_digest(table) for table in tables)}


def with_signatures(tables: tuple[AssumptionTable, ...], tracker: Tracker) -> tuple[AssumptionTable, ...]:
    """Tables whose provenance says what the registry says of their version: who signed it, and which gates failed.

    Raises
    ------
    BehaviorError : the registry has no such version. DigestMismatch : its version of that number is of another run, or
    was exported with other curves or terms.
    """
    signed = []
    for table in tables:
        origin = table.provenance
        if origin.model and origin.model_version is not None:
            record = tracker.record(origin.model, origin.model_version)
            _refuse_other_run(table, record)
            _refuse_other_curves(table, record)
            failed = _failed_gates(record)
            origin = replace(origin, validation=_validation(record), failed_gates=failed or origin.failed_gates)
        signed.append(replace(table, provenance=origin))
    return tuple(signed)


def without_signatures(tables: tuple[AssumptionTable, ...]) -> tuple[AssumptionTable, ...]:
    """Tables of models as nobody has signed them: where no registry was asked, a draft's own word is no signature."""
    return tuple(
        replace(table, provenance=replace(table.provenance, validation=UNVALIDATED))
        if table.provenance.model
        else table
        for table in tables
    )


def _validation(record: ModelRecord) -> str:
    tags = record.tags
    if tags.get("validation_status") != "validated":
        return UNVALIDATED
    return f"validated by {tags['validated_by']} at {tags['validated_at']}"


def _failed_gates(record: ModelRecord) -> tuple[str, ...]:
    gates = record.tags.get("gates", "")
    return tuple(gates.removeprefix(FAILED).split(", ")) if gates.startswith(FAILED) else ()


def _refuse_other_run(table: AssumptionTable, record: ModelRecord) -> None:
    """A signature is on what one run made, not on a number that every registry counts anew."""
    run = table.provenance.run
    if run and run != record.run:
        raise DigestMismatch(
            f"{table.name} comes from run {run} as {record.name}@{record.version}, and this registry's {record.name}@"
            f"{record.version} from run {record.run}. Name the profile that the model was trained under."
        )


def _refuse_other_curves(table: AssumptionTable, record: ModelRecord) -> None:
    """Gates and signature are of the curves that were exported with a version, not of what a draft was made into."""
    kept, found = record.tags.get(CURVES, ""), behaviour_digest(table)
    if kept and found not in kept.split():
        raise DigestMismatch(
            f"{table.name}: found values and terms with sha256 {found[:12]}, which {record.name}@{record.version} was "
            "not registered with: neither its gates nor its signature are of them. Publish the draft as `behavior "
            "train` wrote it, or bring curves of your own in with `behavior assumptions import`."
        )
