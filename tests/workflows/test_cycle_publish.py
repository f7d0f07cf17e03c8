"""A cycle's set supersedes the one in force on its day, and leaves later ones alone."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from behavior.assumptions.set import AssumptionSet
from behavior.assumptions.state import SetStatus
from behavior.errors import AssumptionError
from behavior.io.assumption_store import AssumptionStore
from behavior.measures.result import IrrbbResult
from behavior.workflows.cycle import CyclePlan, _approve_spent, next_revision, set_in_force
from behavior.workflows.publish import publish
from tests.assumption_examples import MONDAY, decay, example_set

JUNE, SEPTEMBER, DECEMBER = dt.date(2026, 6, 30), dt.date(2026, 9, 30), dt.date(2026, 12, 31)
TABLES = (decay(),)


def run(
    store: AssumptionStore, as_of: dt.date, spend: Callable[[AssumptionSet], Any] = lambda _: None
) -> AssumptionSet:
    plan = CyclePlan("bank", as_of, lambda _: cast(IrrbbResult, None), "Ann", MONDAY, approved_by="Bob")
    trained: Any = [SimpleNamespace(draft=example_set(tables=TABLES))]
    return _approve_spent(plan, trained, cast(Any, Unused()), store, spend)[0]


class Unused:
    """A tracker that answers for versions that nobody signed."""

    def record(self, name: str, version: int) -> Any:
        return SimpleNamespace(tags={})

    def __getattr__(self, name: str) -> Any:
        raise AssertionError(name)


def in_force(store: AssumptionStore, on: dt.date) -> str | None:
    return set_in_force(store.validity(), on)


def test_the_tenth_revision_follows_the_ninth(tmp_path: Path) -> None:
    store = AssumptionStore(tmp_path)
    made = [run(store, SEPTEMBER) for _ in range(12)]
    assert [one.supersedes for one in made] == [None, *(f"2026-09-30.r{number}" for number in range(1, 12))]
    assert in_force(store, SEPTEMBER) == "2026-09-30.r12"
    assert next_revision(store.ids(), SEPTEMBER) == "2026-09-30.r13"


def test_a_cycle_of_an_earlier_date_ends_where_the_next_set_starts(tmp_path: Path) -> None:
    store = AssumptionStore(tmp_path)
    run(store, SEPTEMBER)
    assert run(store, JUNE).supersedes is None
    assert [in_force(store, day) for day in (JUNE, dt.date(2026, 9, 29), SEPTEMBER, DECEMBER)] == [
        "2026-06-30.r1",
        "2026-06-30.r1",
        "2026-09-30.r1",
        "2026-09-30.r1",
    ]
    assert run(store, JUNE).supersedes == "2026-06-30.r1"
    assert run(store, DECEMBER).supersedes == "2026-09-30.r1"
    assert [in_force(store, day) for day in (JUNE, SEPTEMBER, DECEMBER)] == [
        "2026-06-30.r2",
        "2026-09-30.r1",
        "2026-12-31.r1",
    ]


def test_two_sets_in_force_leave_no_doubt_which_is_to_go(tmp_path: Path) -> None:
    store = AssumptionStore(tmp_path)
    run(store, SEPTEMBER)
    publish(TABLES, "vendor.v1", SEPTEMBER, "Ann", MONDAY, store)
    store.approve("vendor.v1", "Bob", MONDAY, SEPTEMBER)
    with pytest.raises(AssumptionError, match=r"2026-09-30\.r1, vendor\.v1\), expected one at most"):
        run(store, DECEMBER)
    assert store.ids() == ("2026-09-30.r1", "vendor.v1")
    store.retire("vendor.v1", "Bob", MONDAY, DECEMBER)
    assert run(store, DECEMBER).supersedes == "2026-09-30.r1"
    assert in_force(store, DECEMBER) == "2026-12-31.r1"


def test_a_set_that_cannot_be_valued_stays_a_draft_and_ends_nothing(tmp_path: Path) -> None:
    store = AssumptionStore(tmp_path)
    first = run(store, SEPTEMBER)

    def fails(assumptions: AssumptionSet) -> None:
        assert assumptions.stamp == first.stamp, "the figures are those of the set as it will stand"
        raise AssumptionError("no curve for a deposit of the book")

    with pytest.raises(AssumptionError, match="no curve"):
        run(store, SEPTEMBER, fails)
    assert [store.status(one).status for one in store.ids()] == [SetStatus.APPROVED, SetStatus.DRAFT]
    assert in_force(store, SEPTEMBER) == first.id
    assert run(store, SEPTEMBER).supersedes == first.id
