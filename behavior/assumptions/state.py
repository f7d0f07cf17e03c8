"""State of a set: lines of an append-only log, each chained to the one before by hash; never part of the set itself."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from enum import StrEnum

from behavior.errors import DigestMismatch


class SetStatus(StrEnum):
    """Where a set stands in its life."""

    DRAFT = "draft"
    APPROVED = "approved"
    SUPERSEDED = "superseded"
    RETIRED = "retired"


@dataclass(frozen=True)
class StateChange:
    """One line of the log.

    Parameters
    ----------
    set_id, set_digest : which set, by name and by the digest of its manifest.
    by, at : who changed the state and when (ISO date and time; the caller reads the clock).
    valid_from, valid_to : for ``approved`` the first and last valid day (empty end = open); for ``superseded`` and
        ``retired`` the first day on which the set no longer stands.
    previous : hash of the line before, empty in the first line. hash : hash of this line without `hash`.
    """

    sequence: int
    set_id: str
    set_digest: str
    status: SetStatus
    by: str
    at: str
    valid_from: dt.date | None = None
    valid_to: dt.date | None = None
    note: str = ""
    previous: str = ""
    hash: str = ""

    def sealed(self, previous: str) -> StateChange:
        """The same change chained to the line before."""
        chained = replace(self, previous=previous, hash="")
        return replace(chained, hash=hashlib.sha256(chained.line().encode()).hexdigest())

    def line(self) -> str:
        """The log's text for this change, without a line end."""
        return json.dumps(
            {key: value for key, value in asdict(self).items() if value not in (None, "")},
            ensure_ascii=True,
            default=str,
        )


@dataclass(frozen=True)
class SetState:
    """What the log says of a set on a day (or, without a day, at its end).

    Parameters
    ----------
    status : last state that holds on the day. proposed_by, approved_by : names, empty where there was no such line.
    valid_from, valid_to : validity as approved; `valid_to` is the last valid day, also when superseded.
    reason : why the set does not stand on the day, in words; empty where it does.
    """

    status: SetStatus
    proposed_by: str = ""
    approved_by: str = ""
    valid_from: dt.date | None = None
    valid_to: dt.date | None = None
    reason: str = ""


def read_log(text: str, where: str) -> tuple[StateChange, ...]:
    """Parse a log and check its chain.

    Raises
    ------
    DigestMismatch : a line is not what was written, with file and line; the whole log is then refused.
    """
    found: list[StateChange] = []
    previous = ""
    lines = text.split("\n")
    if lines.pop() != "":
        raise DigestMismatch(
            f"{where}, line {len(lines) + 1}: the last line has no end, so it was cut off or edited. "
            "Restore the log from a backup."
        )
    for number, line in enumerate(lines, 1):
        change = _parse(line)
        if change is None or change.line() != line or change.sequence != number or change.sealed(previous) != change:
            raise DigestMismatch(
                f"{where}, line {number}: the line is not what was written (its hash does not fit). "
                "Restore the log from a backup; it is append-only and never edited."
            )
        found.append(change)
        previous = change.hash
    return tuple(found)


def _parse(line: str) -> StateChange | None:
    try:
        raw = json.loads(line)
        dates = {key: dt.date.fromisoformat(raw.pop(key)) for key in ("valid_from", "valid_to") if key in raw}
        return StateChange(**{**raw, **dates, "status": SetStatus(raw["status"])})
    except (ValueError, TypeError, KeyError, AttributeError):
        return None


def state_of(changes: Sequence[StateChange], set_id: str, on: dt.date | None = None) -> SetState:
    """State of a set on a valuation date; without a date validity is not judged, only approval and retirement."""
    mine = [change for change in changes if change.set_id == set_id]
    proposed = next((change.by for change in mine if change.status is SetStatus.DRAFT), "")
    approval = next((change for change in reversed(mine) if change.status is SetStatus.APPROVED), None)
    endings = [change for change in mine if change.status in (SetStatus.SUPERSEDED, SetStatus.RETIRED)]
    if approval is None:
        rejected = next((change for change in endings if change.status is SetStatus.RETIRED), None)
        if rejected is not None:
            return SetState(SetStatus.RETIRED, proposed, reason=f"it was retired by {rejected.by} without approval")
        return SetState(SetStatus.DRAFT, proposed, reason="it is a draft that nobody has approved")
    state = SetState(SetStatus.APPROVED, proposed, approval.by, approval.valid_from, approval.valid_to)
    for ending in endings:
        state = _ended(state, ending, on)
    if state.status is SetStatus.APPROVED and on is not None:
        return replace(state, reason=_outside_validity(state, on))
    return state


def _ended(state: SetState, ending: StateChange, on: dt.date | None) -> SetState:
    if state.status is SetStatus.RETIRED:
        return state
    first_day = ending.valid_from
    last_day = first_day and first_day - dt.timedelta(days=1)
    shorter = last_day if state.valid_to is None else min(state.valid_to, last_day or state.valid_to)
    state = replace(state, valid_to=shorter)
    over = first_day is None or (on >= first_day if on is not None else ending.status is SetStatus.RETIRED)
    if not over:
        return state
    words = f"it was {ending.status} by {ending.by}" + (f" from {first_day} on" if first_day else "")
    words += f" ({ending.note})" if ending.note else ""
    return replace(state, status=ending.status, reason=words)


def _outside_validity(state: SetState, on: dt.date) -> str:
    if state.valid_from is not None and on < state.valid_from:
        return f"it is valid from {state.valid_from} on only"
    if state.valid_to is not None and on > state.valid_to:
        return f"it expired: {state.valid_to} was its last valid day"
    return ""


def same_person(one: str, other: str) -> bool:
    """Whether two names mean one person, letter case and spaces aside."""
    return " ".join(one.split()).casefold() == " ".join(other.split()).casefold()
