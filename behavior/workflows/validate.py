"""A registered version rebuilt from its text files, and every check put to it again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from behavior.errors import DigestMismatch
from behavior.reporting.html import render
from behavior.reporting.validation_report import validation_report
from behavior.specs import parse_spec
from behavior.tracking.base import ModelRecord, Tracker
from behavior.validation.base import Findings
from behavior.validation.run import run_checks
from behavior.workflows.digests import data_digest
from behavior.workflows.last_champion import beside_champion, compared_with
from behavior.workflows.learned import load
from behavior.workflows.panels import panel_of
from behavior.workflows.request import SPEC_FILE, TrainingRequest
from behavior.workflows.stages import Stages
from behavior.workflows.train import DraftStore, facts_of, kind_of, read_back

SIGNED = ("validation_status", "validated_by", "validated_at", "validation_note")
"""Tags of a version that say who signed it."""


@dataclass(frozen=True)
class Validated:
    """Findings and report of a version checked again.

    Parameters
    ----------
    data_digest, registered_data_digest : of the history it was checked on now, and of the one it learned from, sha256;
        the latter is empty where the record does not say.
    otherwise : what else differs from what the version was made with, in words: rates, book, as-of date. What a record
        does not say is not held against anything.
    """

    findings: Findings
    report: str
    data_digest: str
    registered_data_digest: str
    facts: Mapping[str, Any]
    otherwise: tuple[str, ...] = ()

    @property
    def same_data(self) -> bool:
        """Whether the history, and what is read beside it, are those that the version was made with."""
        return self.data_digest == self.registered_data_digest and not self.otherwise


def validate(
    record: ModelRecord, request: TrainingRequest, tracker: Tracker, drafts: DraftStore, stages: Stages
) -> Validated:
    """Load the version's own files under its own specification, never refit, and check it on the history given.

    It is compared with the last champion that its record names, which `tracker` holds.

    Raises
    ------
    DigestMismatch : the record holds no specification. SpecFault, FittingError : as in training.
    """
    if SPEC_FILE not in record.files:
        raise DigestMismatch(f"{record.name}@{record.version}: the record holds no {SPEC_FILE}; it cannot be rebuilt.")
    text = record.files[SPEC_FILE]
    again = replace(request, spec=parse_spec(text, f"{record.name}@{record.version}"), spec_text=text)
    kind = kind_of(again.spec)
    with stages.stage(f"{record.name}: rebuild"):
        files = {name: content for name, content in record.files.items() if name != SPEC_FILE}
        learned = load(kind, again.spec, files)
    with stages.stage(f"{record.name}: panel"):
        panel = panel_of(kind, again.history, again.rates, again.spec)
    with stages.stage(f"{record.name}: checks"):
        names = f"{record.name}.validated", f"{record.name}.validated_landmark"
        checked, _ = read_back(kind, learned, panel, again, drafts, *names)
        checked = beside_champion(checked, again, tracker, compared_with(record))
        findings = run_checks(checked, again.spec.gates)
    with stages.stage(f"{record.name}: report"):
        otherwise = _otherwise(record, again)
        found, registered = data_digest(again.history.sources), record.tags.get("data_digest", "")
        facts = facts_of(again, learned, findings) | {
            "model_version": record.version,
            "run": record.run,
            "validation_status": "unvalidated",
            **{name: value for name, value in record.tags.items() if name in SIGNED},
            "registered_data_digest": registered or "not on record",
            "same_data": found == registered and not otherwise,
            "made_with_other": ", ".join(otherwise),
            "trees_grown_on": record.tags.get("trees_grown_on", "this process"),
        }
        exhibits = kind.exhibits(learned.exported, panel, checked.split, checked.predictions)
        document = validation_report(checked, findings, exhibits, checked.explained_test, facts)
    return Validated(findings, render(document), found, registered, facts, otherwise)


def _otherwise(record: ModelRecord, request: TrainingRequest) -> tuple[str, ...]:
    """What is read beside the history and is not what the version was made with, in words."""
    return tuple(
        f"{tag.replace('_', ' ')} {now}, registered {record.tags[tag]}"
        for tag, now in request.read_with.items()
        if record.tags.get(tag, now) != now
    )
