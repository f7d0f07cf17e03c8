"""History to a registered version with findings, report and draft curves: steps 1 to 7 of the line."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol

import pandas as pd

from behavior.assumptions.manifest import render_set
from behavior.assumptions.set import AssumptionSet, AssumptionTable, Provenance
from behavior.errors import Fault, SpecFault
from behavior.freed import give_back_freed
from behavior.kinds.base import ExportContext, FittedModel, ModelKind, all_kinds
from behavior.panel.base import Panel
from behavior.panel.split import split_panel
from behavior.reporting.finding_blocks import unreconciled
from behavior.reporting.html import render
from behavior.reporting.model_card import model_card
from behavior.reporting.validation_report import validation_report
from behavior.specs import ModelSpec
from behavior.tracking.base import ModelRecord, Run, Tracker
from behavior.validation.base import CheckInput, Findings
from behavior.validation.run import gate_faults, run_checks
from behavior.workflows.digests import code_digest, code_version, data_digest, library_versions
from behavior.workflows.landmark_tables import landmark_tables
from behavior.workflows.last_champion import beside_champion, champion_of, tags_of
from behavior.workflows.learned import Learned, learn, refuse_refit
from behavior.workflows.panels import panels_of
from behavior.workflows.request import SPEC_FILE, TrainingRequest
from behavior.workflows.sign import FAILED, PASSED, curve_tags
from behavior.workflows.stages import Stages


class DraftStore(Protocol):
    """Where draft curves go: written as text, and read back from what was written."""

    def write(self, draft: AssumptionSet) -> AssumptionSet:
        """Write a draft and return what reading it back gives; a later draft of the same id replaces it."""
        ...


@dataclass(frozen=True)
class TrainedModel:
    """A registered version with everything that was found about it.

    `champion` says that the alias moved: every gate passed, and no champion learned up to a later date. `report` is the
    validation report as HTML.
    """

    name: str
    kind: ModelKind
    fitted: FittedModel
    findings: Findings
    draft: AssumptionSet
    record: ModelRecord
    report: str
    champion: bool
    facts: Mapping[str, Any]


@dataclass(frozen=True)
class TrainedVersion:
    """What the line needs to know of a trained version; everything else lies in the registry and in the draft.

    Parameters
    ----------
    champion : whether the alias moved, as in `TrainedModel`; a version of an earlier date passes its gates without.
    report : the validation report as HTML. seconds : by stage.
    """

    name: str
    version: int
    champion: bool
    failed_gates: tuple[str, ...]
    draft: AssumptionSet
    report: str
    seconds: Mapping[str, float]


def version_of(model: TrainedModel, seconds: Mapping[str, float]) -> TrainedVersion:
    """The light record of a model trained in this process."""
    failed = tuple(finding.check for finding in model.findings.blocking)
    return TrainedVersion(model.name, model.record.version, model.champion, failed, model.draft, model.report, seconds)


def kind_of(spec: ModelSpec, file: str = SPEC_FILE) -> ModelKind:
    """The kind a specification names; `file` is what messages call it.

    Raises
    ------
    SpecFault : when there is no such kind, naming those there are.
    """
    kinds = all_kinds()
    if spec.model.kind not in kinds:
        rule = f"expected one of {', '.join(sorted(kinds))}"
        raise SpecFault([Fault(file, rule, column="$.model.kind", value=spec.model.kind)])
    return kinds[spec.model.kind]


def train(request: TrainingRequest, tracker: Tracker, drafts: DraftStore, stages: Stages) -> TrainedModel:
    """Fit, export, check, report and register one model.

    Raises
    ------
    SpecFault : unknown kind or options. BehaviorError : a registry that cannot keep the version, before anything is
    learned. FittingError : the history cannot carry the model.
    """
    kind, name = kind_of(request.spec), request.name
    faults = gate_faults(request.spec.gates, f"{name}/{SPEC_FILE}")
    if faults:
        raise SpecFault(faults)
    refuse_refit(kind, request.spec)
    with stages.stage(f"{name}: registry"):
        tracker.ready(request.experiment)
        before = champion_of(tracker, name)
    learned, panel = _learned(kind, request, stages)
    give_back_freed()
    with stages.stage(f"{name}: export"):
        checked, draft = read_back(kind, learned, panel, request, drafts, f"{name}.draft", f"{name}.landmark")
    with stages.stage(f"{name}: checks"):
        checked = beside_champion(checked, request, tracker, before)
        findings = run_checks(checked, request.spec.gates)
        tags = _version_tags(request, findings) | tags_of(checked, findings, before) | curve_tags(draft.tables)
    with stages.stage(f"{name}: report"):
        facts = facts_of(request, learned, findings)
        exhibits = kind.exhibits(learned.exported, panel, checked.split, checked.predictions)
        document = validation_report(checked, findings, exhibits, checked.explained_test, facts)
        report = render(document)
    with stages.stage(f"{name}: register"), tracker.run(request.experiment, name) as run:
        _log(run, request, findings, tags, draft, report, facts)
        champion = not findings.blocking and not _champion_is_later(tracker, name, request.as_of)
        record = run.register(name, _files(request, learned), tags, champion)
        if request.card:
            card = model_card(request.card, findings, exhibits, {**facts, "model_version": record.version})
            run.log_text("report/card.html", render(card))
    final = drafts.write(_with_version(draft, record, findings))
    return TrainedModel(name, kind, learned.exported, findings, final, record, report, champion, facts)


def _champion_is_later(tracker: Tracker, name: str, as_of: pd.Timestamp) -> bool:
    """Whether the champion learned up to a later date: a quarter that is trained again must not take its place."""
    dates = [one.tags.get("as_of", "") for one in tracker.versions(name) if "champion" in one.aliases]
    return any(date > str(as_of.date()) for date in dates)


def _learned(kind: ModelKind, request: TrainingRequest, stages: Stages) -> tuple[Learned, Panel]:
    """What was fitted, and the panel that is looked at afterwards; what only a fit needs is let go."""
    with stages.stage(f"{request.name}: panel"):
        panels = panels_of(kind, request.history, request.rates, request.spec)
    with stages.stage(f"{request.name}: fit"):
        return learn(kind, panels.learning, panels.split, request.spec), panels.panel


def read_back(
    kind: ModelKind,
    learned: Learned,
    panel: Panel,
    request: TrainingRequest,
    drafts: DraftStore,
    draft_id: str,
    landmark_id: str,
) -> tuple[CheckInput, AssumptionSet]:
    """A model with its curves written and read back, ready to be checked, and the draft that holds them."""
    fitted, split = learned.judged, split_panel(panel, request.spec.split)
    predictions = kind.predict(fitted, panel)
    draft = _export_draft(kind, learned.exported, panel, request, drafts, draft_id)
    judged = _read_back_judged(kind, learned, panel, request, drafts, landmark_id)
    looked_up = kind.look_up(judged or draft.tables, fitted, panel)
    checked = CheckInput(
        kind, fitted, request.history, panel, split, predictions, draft.tables, looked_up, judged, learned.exported
    )
    return checked, draft


def _export_draft(
    kind: ModelKind, fitted: FittedModel, panel: Panel, request: TrainingRequest, drafts: DraftStore, draft_id: str
) -> AssumptionSet:
    """The model's curves as a draft, written as text and read back."""
    context = ExportContext(request.as_of, panel, request.rates, request.book)
    tables = _with_provenance(kind.export(fitted, context), request)
    return drafts.write(AssumptionSet(draft_id, request.as_of.date(), tables))


def _read_back_judged(
    kind: ModelKind, learned: Learned, panel: Panel, request: TrainingRequest, drafts: DraftStore, draft_id: str
) -> tuple[AssumptionTable, ...] | None:
    """The tables that later months are held against, written and read back; None where they are the draft's own."""
    fitted = learned.judged

    def written(tables: tuple[AssumptionTable, ...], month_end: pd.Timestamp) -> tuple[AssumptionTable, ...]:
        marked = replace(
            request, transferred=f"accounts of {month_end.date()}, made to check the model and not for use"
        )
        made = AssumptionSet(draft_id, month_end.date(), _with_provenance(tables, marked))
        return drafts.write(made).tables

    at_landmark = landmark_tables(kind, fitted, panel, request.rates, written)
    if at_landmark is not None or not learned.refitted:
        return at_landmark
    return written(kind.export(fitted, ExportContext(request.as_of, panel, request.rates, request.book)), request.as_of)


def _with_provenance(tables: tuple[AssumptionTable, ...], request: TrainingRequest) -> tuple[AssumptionTable, ...]:
    origin = Provenance(
        model=request.name,
        spec_digest=request.spec.digest,
        data_digest=data_digest(request.history.sources),
        code_version=code_version(),
        source=request.history.contract,
        transferred=request.transferred,
        validation="unvalidated",
    )
    return tuple(replace(table, provenance=origin) for table in tables)


def _with_version(draft: AssumptionSet, record: ModelRecord, findings: Findings) -> AssumptionSet:
    """The draft, naming the version it came from, what of its history no ledger explains and the gates that failed."""
    failed = tuple(finding.check for finding in findings.blocking)
    tables = []
    for table in draft.tables:
        origin = replace(
            table.provenance,
            model_version=record.version,
            run=record.run,
            failed_gates=failed,
            unreconciled=unreconciled(findings),
        )
        tables.append(replace(table, provenance=origin))
    return replace(draft, tables=tuple(tables))


def _files(request: TrainingRequest, learned: Learned) -> dict[str, str]:
    return {SPEC_FILE: request.spec_text, **learned.files()}


def facts_of(request: TrainingRequest, learned: Learned, findings: Findings) -> dict[str, Any]:
    """What a report prints about a version besides its findings: names, digests, versions and facts of the fit."""
    return {
        "model": request.name,
        "kind": request.spec.model.kind,
        "spec_version": request.spec.model.version,
        "owner": request.spec.model.owner,
        "developer": request.developer,
        "as_of": str(request.as_of.date()),
        "transferred": request.transferred,
        "spec_digest": request.spec.digest,
        "data_digest": data_digest(request.history.sources),
        "sources": [vars(source) for source in request.history.sources],
        **{f"{name}_digest": digest for name, digest in request.beside.items()},
        "code_version": code_version(),
        "code_digest": code_digest(),
        "libraries": library_versions(),
        "trees_grown_on": request.grown_on,
        "validation_status": "unvalidated",
        "gates_failed": [finding.check for finding in findings.blocking],
        "fit": dict(learned.facts()),
    }


def _version_tags(request: TrainingRequest, findings: Findings) -> dict[str, str]:
    return {
        "kind": request.spec.model.kind,
        **request.read_with,
        "developer": request.developer,
        "validation_status": "unvalidated",
        "gates": FAILED + ", ".join(f.check for f in findings.blocking) if findings.blocking else PASSED,
        "spec_digest": request.spec.digest,
        "data_digest": data_digest(request.history.sources),
        "code_version": code_version(),
        "code_digest": code_digest(),
        "trees_grown_on": request.grown_on,
    }


def _log(
    run: Run,
    request: TrainingRequest,
    findings: Findings,
    tags: Mapping[str, str],
    draft: AssumptionSet,
    report: str,
    facts: Mapping[str, Any],
) -> None:
    run.set_tags(tags)
    run.log_parameters({**request.spec.estimator.fixed, "family": request.spec.estimator.family})
    run.log_metrics(findings.metrics())
    run.log_text("report/validation.html", report)
    run.log_text("facts.json", json.dumps(facts, indent=1, default=str, sort_keys=True))
    for name, text in render_set(draft).items():
        run.log_text(f"draft/{name}", text)
