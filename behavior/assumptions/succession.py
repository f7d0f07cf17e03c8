"""Which set follows which: of one line of sets, each superseding another, at most one is valid on a day.

Sets belong to one line where one supersedes the other, directly or through others. Approving a set ends what its line
holds valid on its first day; an end left open is the day before the line's next set starts.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from behavior.assumptions.state import ONE_DAY, SetStatus, StateChange, Validity, validity_of
from behavior.errors import AssumptionError, NotApproved

Supersedes = Mapping[str, str | None]


@dataclass(frozen=True)
class Succession:
    """What an approval brings about.

    Parameters
    ----------
    valid : days on which the set is valid. ended : ids of the sets of its line that end the day before the first.
    """

    valid: Validity
    ended: tuple[str, ...]


def succession(changes: Sequence[StateChange], supersedes: Supersedes, set_id: str, asked: Validity) -> Succession:
    """What approving a set for the days asked brings about.

    Parameters
    ----------
    supersedes : id of each set of the store -> id of the set that it supersedes, or None.

    Raises
    ------
    NotApproved : the approval could not take effect: a set that supersedes this one is valid on the first day, one that
        this one ends is valid from a later day on, or nothing would change.
    AssumptionError : the last day lies beyond the first day of the line's next set.
    """
    others = {one: validity_of(changes, one) for one in _line(supersedes, set_id) if one != set_id}
    ended = sorted(one for one, spans in others.items() if any(span.holds(asked.first) for span in spans))
    starts = {
        one: min(days)
        for one, spans in others.items()
        if (days := [span.first for span in spans if span.first > asked.first])
    }
    _refuse_against_the_line(supersedes, set_id, asked.first, ended, starts)
    valid = _up_to_the_next(set_id, asked, starts)
    _refuse_without_effect(changes, set_id, asked, valid)
    return Succession(valid, tuple(ended))


def endings(log: Sequence[StateChange], line: StateChange, ended: Sequence[str]) -> list[StateChange]:
    """Lines of the log that end sets from the first day of the one that a line approves."""
    digests = {change.set_id: change.set_digest for change in log}
    return [
        replace(
            line,
            set_id=older,
            set_digest=digests[older],
            status=SetStatus.SUPERSEDED,
            note=f"superseded by {line.set_id}",
        )
        for older in ended
    ]


def _line(supersedes: Supersedes, set_id: str) -> set[str]:
    """Ids of all sets that are tied to one by superseding, itself included."""
    found, size = {set_id}, 0
    while len(found) > size:
        size = len(found)
        for one, older in supersedes.items():
            if older is not None and (one in found or older in found):
                found |= {one, older}
    return found


def _predecessors(supersedes: Supersedes, set_id: str) -> set[str]:
    found: set[str] = set()
    older = supersedes.get(set_id)
    while older is not None and older not in found:
        found.add(older)
        older = supersedes.get(older)
    return found


def _refuse_against_the_line(
    supersedes: Supersedes, set_id: str, first: dt.date, ended: Sequence[str], starts: Mapping[str, dt.date]
) -> None:
    newer = [one for one in ended if set_id in _predecessors(supersedes, one)]
    if newer:
        raise NotApproved(
            f"set {set_id} cannot be approved from {first} on: {newer[0]}, which supersedes it, is valid then. "
            f"Retire {newer[0]} from {first} on first."
        )
    older = sorted((_predecessors(supersedes, set_id) | set(ended)) & starts.keys())
    if older:
        raise NotApproved(
            f"set {set_id} cannot be approved from {first} on: {older[0]}, which it would end, is valid from "
            f"{starts[older[0]]} on. Approve {set_id} from that day on, or retire {older[0]} from that day on first."
        )


def _up_to_the_next(set_id: str, asked: Validity, starts: Mapping[str, dt.date]) -> Validity:
    if not starts:
        return asked
    following = min(starts, key=lambda one: (starts[one], one))
    before = starts[following] - ONE_DAY
    if asked.last is not None and asked.last > before:
        raise AssumptionError(
            f"set {set_id} cannot be valid to {asked.last}: {following} is approved from {starts[following]} on. "
            f"Let it end on {before}, or retire {following} first."
        )
    return Validity(asked.first, asked.last or before)


def _refuse_without_effect(changes: Sequence[StateChange], set_id: str, asked: Validity, valid: Validity) -> None:
    line = StateChange(
        len(changes) + 1, set_id, "", SetStatus.APPROVED, "", "", valid_from=valid.first, valid_to=valid.last
    )
    before, after = validity_of(changes, set_id), validity_of([*changes, line], set_id)
    if after == before:
        held = next(span for span in before if span.holds(valid.first))
        to = f"to {held.last}" if held.last else "on, without an end"
        raise NotApproved(
            f"set {set_id} is valid from {held.first} {to} already, so this approval would change nothing. "
            "To end it, retire it or approve the set that supersedes it."
        )
    if asked.last is None and valid.last is not None and any(_beyond(span, valid.last) for span in before):
        raise NotApproved(
            f"set {set_id} is valid after {valid.last} already, which this approval would end. Give its last day."
        )


def _beyond(span: Validity, day: dt.date) -> bool:
    return span.last is None or span.last > day
