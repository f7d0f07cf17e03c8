"""Positions and calendars are kept once, as records; their columns are views, and a few can be taken out."""

from __future__ import annotations

import numpy as np
import pytest

from behavior.engine.layout import RECORDS_AT_ONCE, Positions, as_records, positions_of, taken
from behavior.engine.plan import Plan, ProjectionOptions, some_of, with_column
from behavior.engine.positions import Book
from behavior.engine.projection import prepare
from tests.benchmarks.engine_books import behaviour, every_kind, world


@pytest.fixture(scope="module")
def columns() -> Positions:
    draw = np.random.default_rng(3)
    count = 2 * RECORDS_AT_ONCE + 5
    whole = ("group", "events", "age")
    return Positions._make(
        draw.integers(0, 1000, count) if name in whole else draw.random(count) for name in Positions._fields
    )


def test_records_hold_what_the_columns_held(columns: Positions) -> None:
    found = positions_of(as_records(columns))
    for name in Positions._fields:
        assert np.array_equal(getattr(found, name), getattr(columns, name)), name


def test_columns_taken_out_are_the_rows_asked_for(columns: Positions) -> None:
    positions = positions_of(as_records(columns))
    rows = np.flatnonzero(columns.balance > 0.3)[::-1]
    found = taken(positions, rows, ("group", "balance"))
    assert np.array_equal(found.group, columns.group[rows])
    assert np.array_equal(found.balance, columns.balance[rows])
    assert found.rate.size == 0
    assert not np.shares_memory(found.balance, positions.balance)


@pytest.fixture(scope="module")
def plan() -> Plan:
    return prepare(Book(every_kind(300)), world(), behaviour(True, True), ProjectionOptions(threads=1))


def test_a_plan_keeps_positions_and_calendars_once(plan: Plan) -> None:
    assert np.shares_memory(plan.positions.balance, plan.records)
    assert np.shares_memory(plan.terms.calendars.arrays.day, plan.calendars)
    # What single rows' terms were is in the records: nothing else of the terms is as long as the book but its groups.
    long = [name for name, value in vars(plan.terms).items() if isinstance(value, np.ndarray) and len(value.shape)]
    assert long == []


def test_a_changed_column_leaves_the_plan_it_came_from_alone(plan: Plan) -> None:
    before = plan.records["margin"].copy()
    changed = with_column(plan, "margin", before + 1.0)
    assert np.array_equal(plan.records["margin"], before)
    assert np.array_equal(changed.positions.margin, before + 1.0)


def test_some_of_a_plan_are_its_rows(plan: Plan) -> None:
    rows = np.asarray([7, 3, 250])
    part = some_of(plan, rows)
    assert np.array_equal(part.records, plan.records[rows])
    assert np.array_equal(part.behaviours.coverage, plan.behaviours.coverage[rows])
