"""State of a set: lines of an append-only log, each chained to the one before by hash; never part of the set itself.

A line speaks of every day from its `valid_from` on. On each day the last line that speaks of it holds, but for a
retirement: it holds whatever comes after it.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from itertools import zip_longest

from behavior.digests import sha256_of
from behavior.errors import DigestMismatch

ONE_DAY = dt.timedelta(days=1)


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
        return replace(chained, hash=sha256_of(chained.line()))

    def line(self) -> str:
        """The log's text for this change, without a line end."""
        return json.dumps(
            {key: value for key, value in asdict(self).items() if value not in (None, "")},
            ensure_ascii=True,
            default=str,
        )


@dataclass(frozen=True)
class Validity:
    """Days on which a set may be used, both ends included; without a `last` day it is open."""

    first: dt.date
    last: dt.date | None = None

    def holds(self, day: dt.date) -> bool:
        """Whether the day is one of them."""
        return self.first <= day and (self.last is None or day <= self.last)

    def first_shared(self, other: Validity) -> dt.date | None:
        """The first day that both hold; None where they share none."""
        day = max(self.first, other.first)
        return day if self.holds(day) and other.holds(day) else None


@dataclass(frozen=True)
class SetState:
    """What the log says of a set on a day (or, without a day, at its end).

    Parameters
    ----------
    status : state on the day. proposed_by, approved_by : names, empty where there was no such line.
    valid_from, valid_to : first and last day of the validity that holds the day, else of the next or last one; both
        empty where the set is valid on no day.
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


def validity_of(changes: Sequence[StateChange], set_id: str) -> tuple[Validity, ...]:
    """Days on which a set may be used, in order and never adjoining; empty for a set that is valid on no day."""
    lines = _standing(changes, set_id)
    found: list[Validity] = []
    for line, following in zip_longest(lines, lines[1:]):
        if line.status is not SetStatus.APPROVED:
            continue
        first, last = _first_day(line), line.valid_to
        if following is not None:
            before = _first_day(following) - ONE_DAY
            last = before if last is None else min(last, before)
        if found and found[-1].last == first - ONE_DAY:
            first = found.pop().first
        if last is None or first <= last:
            found.append(Validity(first, last))
    return tuple(found)


def state_of(changes: Sequence[StateChange], set_id: str, on: dt.date | None = None) -> SetState:
    """State of a set on a valuation date; without a date validity is not judged, only approval and retirement.

    A set that was superseded before its first day is valid on no day: superseded on every date and without one.
    """
    mine = [change for change in changes if change.set_id == set_id]
    lines, spans = _standing(mine, set_id), validity_of(mine, set_id)
    proposed = next((change.by for change in mine if change.status is SetStatus.DRAFT), "")
    approvals = [change for change in mine if change.status is SetStatus.APPROVED]
    if not approvals and lines:
        return SetState(SetStatus.RETIRED, proposed, reason=f"it was retired by {lines[-1].by} without approval")
    if not approvals:
        return SetState(SetStatus.DRAFT, proposed, reason="it is a draft that nobody has approved")
    to_come = [span for span in spans if on is not None and (span.last is None or on <= span.last)]
    shown = next(iter(to_come), spans[-1] if spans else None)
    state = SetState(SetStatus.APPROVED, proposed, approvals[-1].by)
    if shown is not None:
        state = replace(state, valid_from=shown.first, valid_to=shown.last)
    return _judged(state, _governing(lines, spans, on), on)


def _standing(changes: Sequence[StateChange], set_id: str) -> list[StateChange]:
    """The lines that still speak of some day, by first day; each up to the day before the next one's."""
    mine = [change for change in changes if change.set_id == set_id and change.status is not SetStatus.DRAFT]
    found: list[StateChange] = []
    for change in sorted(mine, key=lambda one: one.status is SetStatus.RETIRED):
        found = [one for one in found if _first_day(one) < _first_day(change)] + [change]
    return found


def _first_day(change: StateChange) -> dt.date:
    return change.valid_from or dt.date.min


def _governing(lines: Sequence[StateChange], spans: Sequence[Validity], on: dt.date | None) -> StateChange | None:
    """The line that holds on the day: None before the first; without a day, or a valid one, what ended the set."""
    if on is None or not spans:
        return lines[-1] if not spans or lines[-1].status is SetStatus.RETIRED else None
    return next((line for line in reversed(lines) if _first_day(line) <= on), None)


def _judged(state: SetState, line: StateChange | None, on: dt.date | None) -> SetState:
    if line is not None and line.status is not SetStatus.APPROVED:
        words = f"it was {line.status} by {line.by}" + (f" from {line.valid_from} on" if line.valid_from else "")
        return replace(state, status=line.status, reason=words + (f" ({line.note})" if line.note else ""))
    if on is None:
        return state
    if line is None:
        return replace(state, reason=f"it is valid from {state.valid_from} on only")
    if line.valid_to is not None and on > line.valid_to:
        return replace(state, approved_by=line.by, reason=f"it expired: {line.valid_to} was its last valid day")
    return replace(state, approved_by=line.by)
