"""A plan in partitions: each a sorted slice of the book that knows nothing of the others; results add up.

Groups, calendars and months are numbered for the whole book, so partitions add cell by cell wherever they were run.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from behavior.engine.plan import CashFlows, Plan, some_of
from behavior.engine.positions import Book
from behavior.engine.run import shares_of
from behavior.quantities import IntArray


def partition_rows(plan: Plan, count: int) -> list[IntArray]:
    """Places of each partition's positions, by result group and calendar; partitions are of like size."""
    positions = plan.positions
    order = np.lexsort((positions.events, positions.first, positions.group))
    return [part for part in np.array_split(order, max(count, 1)) if len(part)]


def partition(plan: Plan, rows: IntArray) -> Plan:
    """What a run of some positions needs, and nothing else: small enough to be sent away."""
    book = Book(plan.terms.book.table.iloc[:0])
    groups = replace(plan.groups, of_row=np.zeros(0, dtype=np.int64))
    terms = replace(plan.terms, book=book, groups=groups)
    return replace(some_of(plan, rows), terms=terms, matchings=())


def merged(plan: Plan, rows: Sequence[IntArray], parts: Sequence[CashFlows]) -> CashFlows:
    """What the partitions add up to, in the plan's own order; parts stand as `rows` do."""
    first = parts[0]
    counted = np.add.reduce([part.counted for part in parts])
    value, income = first.position_value, first.position_income
    if plan.options.per_position:
        value = np.zeros((len(plan.order), len(plan.scenarios)))
        income = np.zeros_like(value)
        for places, part in zip(rows, parts, strict=True):
            value[plan.order[places]], income[plan.order[places]] = part.position_value, part.position_income
    return CashFlows(
        groups=plan.groups,
        scenarios=plan.scenarios,
        flows=np.add.reduce([part.flows for part in parts]),
        value=np.add.reduce([part.value for part in parts]),
        income=np.add.reduce([part.income for part in parts]),
        constant=np.add.reduce([part.constant for part in parts]),
        gap=np.add.reduce([part.gap for part in parts]),
        coverage=shares_of(plan.coverage, counted),
        position_value=value,
        position_income=income,
        counted=counted,
    )
