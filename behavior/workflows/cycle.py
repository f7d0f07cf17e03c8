"""From trained versions to a committee's figures: publish, approve, value, report; each stage timed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from behavior.assumptions.revisions import following
from behavior.assumptions.set import AssumptionSet
from behavior.assumptions.state import SetState, SetStatus, StateChange
from behavior.measures.result import IrrbbResult
from behavior.reporting.html import render
from behavior.reporting.irrbb_report import irrbb_report
from behavior.tracking.base import Tracker
from behavior.workflows.publish import SetStore, publish
from behavior.workflows.sign import sign, with_signatures
from behavior.workflows.stages import Stages
from behavior.workflows.train import TrainedVersion

CLOSE_CYCLE = "close-cycle"


class CycleStore(SetStore, Protocol):
    """What a cycle needs of a store beyond publishing."""

    def ids(self) -> tuple[str, ...]:
        """Ids of all sets."""
        ...

    def status(self, set_id: str, on: dt.date | None = None) -> SetState:
        """State of a set."""
        ...

    def load(self, set_id: str, on: dt.date | None = None, allow_draft: bool = False) -> AssumptionSet:
        """A set that may be used."""
        ...

    def approve(self, set_id: str, by: str, at: dt.datetime, valid_from: dt.date) -> StateChange:
        """Approve a set from a day on."""
        ...


@dataclass(frozen=True)
class CyclePlan:
    """What one cycle does once its models are trained.

    Parameters
    ----------
    value : values the book under a set.
    proposed_by, approved_by, validated_by : names; an empty approver leaves the set a draft, an empty validator leaves
        every version unvalidated. at : date and time of the signatures.
    """

    name: str
    as_of: dt.date
    value: Callable[[AssumptionSet], IrrbbResult]
    proposed_by: str
    at: dt.datetime
    approved_by: str = ""
    validated_by: str = ""
    facts: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class CycleResult:
    """What one cycle made; `failed_gates` is empty when everything may be used."""

    trained: tuple[TrainedVersion, ...]
    assumptions: AssumptionSet
    result: IrrbbResult
    report: str
    failed_gates: tuple[str, ...]
    seconds: Mapping[str, float]


def cycle(
    plan: CyclePlan, trained: Sequence[TrainedVersion], tracker: Tracker, store: CycleStore, stages: Stages
) -> CycleResult:
    """Publish, approve, value and report what was trained.

    A failed gate stops nothing but the approval: everything is written, and the draft is valued.

    Raises
    ------
    FittingError, FaultyInput, AssumptionError : as the stages do; nothing half-written is left.
    """
    with stages.stage("publish"):
        assumptions = _publish(plan, trained, tracker, store)
    with stages.stage("value"):
        result = plan.value(assumptions)
    with stages.stage("treasury report"):
        report = render(irrbb_report(result, assumptions, dict(plan.facts or {})))
    _log_times(plan, trained, assumptions, tracker, stages)
    return CycleResult(tuple(trained), assumptions, result, report, assumptions.failed_gates, stages.seconds)


def next_revision(ids: Sequence[str], as_of: dt.date) -> str:
    """The next free id of an as-of date: ``2026-09-30.r1``, then r2."""
    return following(f"{as_of}.r", ids)


def _publish(plan: CyclePlan, trained: Sequence[TrainedVersion], tracker: Tracker, store: CycleStore) -> AssumptionSet:
    if plan.validated_by:
        for model in trained:
            if model.champion:
                sign(tracker, model.name, model.version, plan.validated_by, plan.at, "signed within the cycle")
    tables = with_signatures(tuple(table for model in trained for table in model.draft.tables), tracker)
    in_force = [one for one in store.ids() if store.status(one).status is SetStatus.APPROVED]
    set_id = next_revision(store.ids(), plan.as_of)
    supersedes = in_force[-1] if in_force else None
    written = publish(tables, set_id, plan.as_of, plan.proposed_by, plan.at, store, supersedes, plan.name)
    if plan.approved_by and not written.failed_gates:
        store.approve(set_id, plan.approved_by, plan.at, plan.as_of)
    return store.load(set_id, plan.as_of, allow_draft=True)


def _log_times(
    plan: CyclePlan, trained: Sequence[TrainedVersion], assumptions: AssumptionSet, tracker: Tracker, stages: Stages
) -> None:
    with tracker.run(CLOSE_CYCLE, f"{plan.name} {assumptions.id}") as run:
        seconds = {f"seconds.{name}": value for name, value in stages.seconds.items()}
        seconds |= {f"seconds.{name}": value for model in trained for name, value in model.seconds.items()}
        run.log_metrics({**seconds, "seconds.total": sum(stages.seconds.values())})
        run.set_tags({"set": assumptions.id, "set_digest": assumptions.digest, "as_of": str(plan.as_of)})
