"""From trained versions to a committee's figures: publish, value, report, approve; each stage timed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from typing import Any, Protocol, TypeVar

from behavior.assumptions.revisions import following
from behavior.assumptions.set import AssumptionSet
from behavior.assumptions.state import ONE_DAY, StateChange, Validity
from behavior.errors import AssumptionError
from behavior.measures.result import IrrbbResult
from behavior.reporting.html import render
from behavior.reporting.irrbb_report import irrbb_report
from behavior.tracking.base import Tracker
from behavior.workflows.publish import SetStore, publish
from behavior.workflows.sign import sign, signed_report, with_signatures
from behavior.workflows.stages import Stages
from behavior.workflows.train import TrainedVersion

CLOSE_CYCLE = "close-cycle"

Spent = TypeVar("Spent")


class CycleStore(SetStore, Protocol):
    """What a cycle needs of a store beyond publishing."""

    def locked(self) -> AbstractContextManager[None]:
        """Nobody else writes to it meanwhile."""
        ...

    def ids(self) -> tuple[str, ...]:
        """Ids of all sets."""
        ...

    def validity(self) -> Mapping[str, tuple[Validity, ...]]:
        """Days on which each set may be used."""
        ...

    def load(self, set_id: str, on: dt.date | None = None, allow_draft: bool = False) -> AssumptionSet:
        """A set that may be used."""
        ...

    def approve(
        self, set_id: str, by: str, at: dt.datetime, valid_from: dt.date, valid_to: dt.date | None = None
    ) -> tuple[StateChange, ...]:
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
    """Publish, value, report and approve what was trained, in this order: what cannot be valued stays a draft.

    A failed gate stops nothing but the approval: everything is written, and the draft is valued. The set supersedes the
    one in force on the as-of date and is valid from then on; a set in force later on is not touched: a cycle of an
    earlier date is valid until the day before it.

    Raises
    ------
    FittingError, FaultyInput, AssumptionError : as the stages do; nothing half-written is left.
    """

    def spend(assumptions: AssumptionSet) -> tuple[IrrbbResult, str]:
        with stages.stage("value"):
            result = plan.value(assumptions)
        with stages.stage("treasury report"):
            return result, render(irrbb_report(result, assumptions, dict(plan.facts or {})))

    with stages.stage("publish"):
        trained = _signed(plan, trained, tracker)
    assumptions, (result, report) = _approve_spent(plan, trained, tracker, store, spend)
    _log_times(plan, trained, assumptions, tracker, stages)
    return CycleResult(tuple(trained), assumptions, result, report, assumptions.failed_gates, stages.seconds)


def next_revision(ids: Sequence[str], as_of: dt.date) -> str:
    """The next free id of an as-of date: ``2026-09-30.r1``, then r2."""
    return following(f"{as_of}.r", ids)


def set_in_force(validity: Mapping[str, tuple[Validity, ...]], on: dt.date) -> str | None:
    """Id of the one set that is valid on a day, which a cycle's set of that day supersedes; None where none is.

    Raises
    ------
    AssumptionError : several are, so that nobody knows which the next set ends.
    """
    valid = [set_id for set_id, spans in validity.items() if any(span.holds(on) for span in spans)]
    if len(valid) > 1:
        raise AssumptionError(
            f"found {len(valid)} sets that are valid on {on} ({', '.join(valid)}), expected one at most, which the "
            f"cycle's set supersedes. Retire the others: behavior assumptions retire ID --by NAME --from {on}."
        )
    return valid[0] if valid else None


def day_before_the_next(validity: Mapping[str, tuple[Validity, ...]], day: dt.date) -> dt.date | None:
    """Last day before the next set comes into force after a day; None where none does."""
    starts = [span.first for spans in validity.values() for span in spans if span.first > day]
    return min(starts) - ONE_DAY if starts else None


def _signed(plan: CyclePlan, trained: Sequence[TrainedVersion], tracker: Tracker) -> tuple[TrainedVersion, ...]:
    """The versions after the plan's validator signed those that may be used: their reports say so."""
    found = []
    for model in trained:
        if plan.validated_by and not model.failed_gates:
            note = "signed within the cycle"
            record = sign(tracker, model.name, model.version, plan.validated_by, plan.at, note)
            model = replace(model, report=signed_report(model.report, record))
        found.append(model)
    return tuple(found)


def _approve_spent(
    plan: CyclePlan,
    trained: Sequence[TrainedVersion],
    tracker: Tracker,
    store: CycleStore,
    spend: Callable[[AssumptionSet], Spent],
) -> tuple[AssumptionSet, Spent]:
    """The set and what was made of it; approved last, so that nothing is in force that could not be spent."""
    tables = with_signatures(tuple(table for model in trained for table in model.draft.tables), tracker)
    # Another cycle may stand at the same point: which set is next and what it ends is found and written in one go.
    with store.locked():
        set_id = next_revision(store.ids(), plan.as_of)
        validity = store.validity()
        supersedes = set_in_force(validity, plan.as_of)
        publish(tables, set_id, plan.as_of, plan.proposed_by, plan.at, store, supersedes, plan.name)
        assumptions = store.load(set_id, plan.as_of, allow_draft=True)
        if not plan.approved_by or assumptions.failed_gates:
            return assumptions, spend(assumptions)
        assumptions = replace(assumptions, stamp=assumptions.stamp_once_approved)
        spent = spend(assumptions)
        store.approve(set_id, plan.approved_by, plan.at, plan.as_of, day_before_the_next(validity, plan.as_of))
    return assumptions, spent


def _log_times(
    plan: CyclePlan, trained: Sequence[TrainedVersion], assumptions: AssumptionSet, tracker: Tracker, stages: Stages
) -> None:
    with tracker.run(CLOSE_CYCLE, f"{plan.name} {assumptions.id}") as run:
        seconds = {f"seconds.{name}": value for name, value in stages.seconds.items()}
        seconds |= {f"seconds.{name}": value for model in trained for name, value in model.seconds.items()}
        run.log_metrics({**seconds, "seconds.total": sum(stages.seconds.values())})
        run.set_tags({"set": assumptions.id, "set_digest": assumptions.digest, "as_of": str(plan.as_of)})
