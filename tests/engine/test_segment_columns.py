"""Segment columns of every type that a table of positions can have: each row finds its own curve, or none."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from behavior.assumptions.set import AssumptionSet
from behavior.engine.positions import Book
from behavior.engine.runoff import match_table
from tests.engine.simple import loan, runoff, table


def by_grade(*labels: str) -> AssumptionSet:
    made = runoff("loan", np.full(120, 0.01))
    (one,) = made.tables
    curves = tuple(replace(one.curves[0], segment=(label,)) for label in labels)
    return replace(made, tables=(replace(one, scheme=replace(one.scheme, columns=("grade",)), curves=curves),))


@pytest.mark.parametrize("kind", ["int8", "int64", "Int64", "float64", "str", "category"])
def test_grades_of_any_type_find_their_curves(kind: str) -> None:
    rows = table(*(loan(24, 0.03, grade=grade) for grade in (1, 2, 3))).astype({"grade": kind})
    assert match_table(Book(rows), by_grade("1", "2").tables[0]).curve.tolist() == [0, 1, -1]
