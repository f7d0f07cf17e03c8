"""A validator's signature on a registered version, and what a set says of the versions in it."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

from behavior.assumptions.set import AssumptionTable
from behavior.assumptions.state import same_person
from behavior.errors import GateFailed, NotApproved
from behavior.reporting.html import restate
from behavior.reporting.signature import signature
from behavior.tracking.base import ModelRecord, Tracker

PASSED = "passed"


def sign(tracker: Tracker, name: str, version: int, by: str, at: dt.datetime, note: str = "") -> ModelRecord:
    """Sign a version as its validator.

    Raises
    ------
    NotApproved : by nobody, or by the version's developer. GateFailed : a gate of the version failed.
    """
    record = tracker.record(name, version)
    developer = record.tags.get("developer", "")
    if not by.strip() or same_person(by, developer):
        raise NotApproved(
            f"{name}@{version} was developed by {developer or 'nobody on record'}; "
            f"found validator {by!r}, expected someone else. Have an independent validator sign."
        )
    if record.tags.get("gates") != PASSED:
        raise GateFailed(f"{name}@{version}: gates {record.tags.get('gates', 'unknown')}; it cannot be signed.")
    tracker.tag_version(
        name,
        version,
        {
            "validation_status": "validated",
            "validated_by": by.strip(),
            "validated_at": at.isoformat(),
            "validation_note": note,
        },
    )
    return tracker.record(name, version)


def signed_report(report: str, record: ModelRecord) -> str:
    """A version's report that says who signed it, when, and with which note."""
    return restate(report, "", signature(record.tags))


def with_signatures(tables: tuple[AssumptionTable, ...], tracker: Tracker) -> tuple[AssumptionTable, ...]:
    """Tables whose provenance says who signed the version they came from; unsigned ones stay as they are."""
    signed = []
    for table in tables:
        origin = table.provenance
        if origin.model and origin.model_version is not None:
            tags = tracker.record(origin.model, origin.model_version).tags
            if tags.get("validation_status") == "validated":
                origin = replace(origin, validation=f"validated by {tags['validated_by']} at {tags['validated_at']}")
        signed.append(replace(table, provenance=origin))
    return tuple(signed)
