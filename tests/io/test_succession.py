"""Approving, superseding, retiring and reinstating in any order: what the store says is what holds."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from behavior.assumptions.set import AssumptionSet
from behavior.assumptions.state import SetStatus, StateChange, Validity, state_of, validity_of
from behavior.errors import AssumptionError, NotApproved
from behavior.io.assumption_store import AssumptionStore
from behavior.io.state_log import StateLog
from tests.assumption_examples import MONDAY

# A is superseded by B and C, B by D; E is of no line.
OLDER: Mapping[str, str | None] = {"A": None, "B": "A", "C": "A", "D": "B", "E": None}
LINE = ("A", "B", "C", "D")


def day(number: int) -> dt.date:
    return dt.date(2026, 9, 1) + dt.timedelta(days=number)


class LogInMemory(StateLog):
    """A log that is kept in a list."""

    def __init__(self) -> None:
        super().__init__(Path("nowhere"))
        self.lines: list[StateChange] = []

    def read(self) -> tuple[StateChange, ...]:
        return tuple(self.lines)

    def append(self, changes: Sequence[StateChange]) -> tuple[StateChange, ...]:
        self.lines += changes
        return tuple(changes)

    @contextmanager
    def locked(self) -> Iterator[None]:
        yield


class StoreInMemory(AssumptionStore):
    """The store's rules over five sets, proposed by Ann, without their files."""

    def __init__(self) -> None:
        super().__init__()
        self._log = LogInMemory()
        self._log.append([StateChange(0, one, "", SetStatus.DRAFT, "Ann", "") for one in OLDER])

    def ids(self) -> tuple[str, ...]:
        return tuple(OLDER)

    def read(self, set_id: str) -> AssumptionSet:
        return AssumptionSet(set_id, day(0), (), OLDER[set_id])

    def _supersedes(self) -> Mapping[str, str | None]:
        return OLDER

    def approved(self, set_id: str, first: int, last: int | None = None) -> tuple[StateChange, ...]:
        return self.approve(set_id, "Bob", MONDAY, day(first), None if last is None else day(last))

    def retired(self, set_id: str, first: int) -> StateChange:
        return self.retire(set_id, "Bob", MONDAY, day(first))

    def valid(self, number: int) -> list[str]:
        """Ids of the sets that may be used on a day."""
        found = [(one, self.status(one, day(number))) for one in OLDER]
        return [one for one, state in found if state.status is SetStatus.APPROVED and not state.reason]


EVENTS = st.lists(
    st.tuples(
        st.sampled_from(["approve", "approve", "approve", "retire"]),
        st.sampled_from(tuple(OLDER)),
        st.integers(1, 12),
        st.none() | st.integers(1, 14),
    ),
    max_size=12,
)


@settings(max_examples=400, deadline=None)
@given(EVENTS)
def test_what_was_approved_holds_and_a_line_has_one_valid_set_a_day(
    events: list[tuple[str, str, int, int | None]],
) -> None:
    store = StoreInMemory()
    for verb, set_id, first, last in events:
        before = store.log()
        try:
            if verb == "retire":
                store.retired(set_id, first)
                assert not any(set_id in store.valid(number) for number in range(first, 20))
            else:
                line, *endings = store.approved(set_id, first, last)
                for number in range(first, 20):
                    until = line.valid_to or day(99)
                    assert (set_id in store.valid(number)) == (day(number) <= until)
                assert not any(one.set_id in store.valid(number) for one in endings for number in range(first, 20))
        except AssumptionError:
            assert store.log() == before
        for number in range(20):
            assert len(set(store.valid(number)) & set(LINE)) <= 1, (number, store.valid(number))
        the_state_agrees_with_the_validity(store)


def the_state_agrees_with_the_validity(store: StoreInMemory) -> None:
    for set_id, spans in store.validity().items():
        for number in range(20):
            state = store.status(set_id, day(number))
            usable = state.status is SetStatus.APPROVED and not state.reason
            assert usable == any(span.holds(day(number)) for span in spans)
            if usable:
                assert state.valid_from is not None and state.valid_from <= day(number) <= (state.valid_to or day(99))
        for on in (None, *map(day, range(20))):
            state = store.status(set_id, on)
            assert state.valid_from is None or state.valid_to is None or state.valid_from <= state.valid_to
            assert (state.valid_from is None) == (not spans)
        assert all(one.last is not None and one.last < two.first for one, two in pairwise(spans))


@settings(max_examples=200, deadline=None)
@given(EVENTS, st.sampled_from(LINE), st.integers(1, 12))
def test_an_open_approval_never_leaves_a_day_of_the_line_without_a_set(
    events: list[tuple[str, str, int, int | None]], set_id: str, first: int
) -> None:
    store = StoreInMemory()
    for verb, one, start, last in events:
        with suppress(AssumptionError):
            store.retired(one, start) if verb == "retire" else store.approved(one, start, last)
    covered = [number for number in range(20) if set(store.valid(number)) & set(LINE)]
    with suppress(AssumptionError):
        store.approved(set_id, first)
    assert all(set(store.valid(number)) & set(LINE) for number in covered)


def test_a_superseded_set_is_reinstated_once_its_successor_is_retired() -> None:
    store = StoreInMemory()
    store.approved("A", 0)
    store.approved("B", 30)
    with pytest.raises(NotApproved, match=r"B, which supersedes it, is valid then. Retire B from 2026-11-30 on first"):
        store.approved("A", 90)
    store.retired("B", 60)
    store.approved("A", 60)
    assert [store.valid(number) for number in (10, 40, 70)] == [["A"], ["B"], ["A"]]
    assert store.status("A", day(40)).reason == "it was superseded by Bob from 2026-10-01 on (superseded by B)"
    assert store.status("A", day(40)).valid_from == day(60)
    assert store.status("A").valid_from == day(60)


def test_an_approval_without_effect_is_refused() -> None:
    store = StoreInMemory()
    store.approved("A", 0)
    store.approved("B", 30)
    with pytest.raises(NotApproved, match=r"valid from 2026-10-01 on, without an end already, so .* change nothing"):
        store.approved("B", 90)
    assert store.valid(60) == ["B"]
    store.approved("B", 30, 60)
    assert (store.valid(60), store.valid(61)) == (["B"], [])


def test_a_successor_approved_first_limits_the_set_before_it() -> None:
    store = StoreInMemory()
    store.approved("B", 30)
    with pytest.raises(AssumptionError, match=r"cannot be valid to 2026-10-11: B is approved from 2026-10-01 on"):
        store.approved("A", 0, 40)
    with pytest.raises(AssumptionError, match="Let it end on 2026-09-30"):
        store.approved("A", 0, 30)
    (line,) = store.approved("A", 0, 29)
    assert line.valid_to == day(29)
    assert [store.valid(number) for number in (29, 30)] == [["A"], ["B"]]


def test_a_successor_does_not_start_before_the_set_that_it_ends() -> None:
    store = StoreInMemory()
    store.approved("A", 30)
    with pytest.raises(NotApproved, match="A, which it would end, is valid from 2026-10-01 on"):
        store.approved("B", 0)
    store.approved("B", 30)
    assert store.valid(30) == ["B"]
    state = store.status("A")
    assert (state.status, state.valid_from, state.valid_to) == (SetStatus.SUPERSEDED, None, None)
    assert state.reason == "it was superseded by Bob from 2026-10-01 on (superseded by B)"


def test_of_two_sets_that_supersede_the_same_one_the_later_approved_holds() -> None:
    store = StoreInMemory()
    for set_id, first in (("A", 0), ("B", 30), ("C", 60)):
        store.approved(set_id, first)
    assert [store.valid(number) for number in (0, 30, 60)] == [["A"], ["B"], ["C"]]
    store.approved("E", 0)
    assert store.valid(60) == ["C", "E"]


def test_logs_of_sets_approved_again_are_read_line_by_line() -> None:
    """A line speaks of the days from its first on; those before keep what the lines before it said."""
    lines = [
        StateChange(1, "A", "", SetStatus.APPROVED, "Bob", "", day(0)),
        StateChange(2, "A", "", SetStatus.APPROVED, "Bob", "", day(0), day(9)),
    ]
    assert validity_of(lines, "A") == (Validity(day(0), day(9)),)
    lines.append(replace(lines[0], valid_from=day(10)))
    assert validity_of(lines, "A") == (Validity(day(0)),)
    lines.append(StateChange(4, "A", "", SetStatus.RETIRED, "Bob", "", day(5)))
    lines.append(replace(lines[0], valid_from=day(7)))
    assert validity_of(lines, "A") == (Validity(day(0), day(4)),)
    assert state_of(lines, "A").status is SetStatus.RETIRED
