"""Columns, one rule at a time: the rows that break it are named, their neighbours are not."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from behavior.columns import RATE_UNIT, Column, sorted_within, unit_codes
from behavior.contracts import Place, TableContract, check

WORD = Column("x", "text", "A word.", allowed=("open", "closed"))
MONTH = Column("x", "month", "A month.")
SHARE = Column("x", "number", "A share.", "share", minimum=0.0, maximum=1.0)
RATE = Column("x", "number", "A rate.", RATE_UNIT)


def lines_at_fault(column: Column, cells: list[object], declared: tuple[str, ...] = ()) -> list[int | None]:
    contract = TableContract("made", 1, "made", "For a test.", (column,))
    place = Place("made", np.arange(len(cells)) + 1)
    return [fault.line for fault in check(pd.DataFrame({"x": cells}), contract, place, declared)]


@pytest.mark.parametrize(
    ("column", "cells", "lines"),
    [
        (WORD, ["open", "opened", "closed"], [2]),
        (WORD, ["open", "closed"], []),
        (MONTH, ["2026-02-28", "2026-03-30", "2026-03-31"], [2]),
        (SHARE, ["0", "1", "1.0001", "-0.0001"], [4, 3]),
        (RATE, ["0.03", "1.0001", "-1.0001", "1.0"], [2, 3]),
        (RATE, ["inf", "0.03"], [1]),
    ],
)
def test_rows_that_break_a_rule_are_named_and_no_others(column: Column, cells: list[object], lines: list[int]) -> None:
    assert lines_at_fault(column, cells) == lines


def test_a_column_mostly_in_percent_is_one_fault_whatever_stands_at_zero() -> None:
    """A quarter of the rates that are not zero lies above 35%; at 35% itself nothing is said."""
    high = ["0.05"] * 5 + ["0.60"] * 3
    assert lines_at_fault(RATE, high) == [None]
    assert lines_at_fault(RATE, high + ["0"] * 100) == [None]
    assert lines_at_fault(RATE, high, declared=("x",)) == []
    assert lines_at_fault(RATE, ["0.35"] * 8) == []


@pytest.mark.parametrize(
    ("codes", "when", "order"),
    [
        ([0, 0], [2, 1], [1, 0]),
        ([0, 0], [1, 1], [0, 1]),
        ([0, 1], [2, 1], [0, 1]),
        ([1, 0], [1, 2], [1, 0]),
        ([0, 0, 1, 1], [1, 2, 4, 3], [0, 1, 3, 2]),
        ([0], [1], [0]),
    ],
)
def test_rows_are_put_by_unit_and_date_and_else_left_as_they_stand(
    codes: list[int], when: list[int], order: list[int]
) -> None:
    assert sorted_within(np.array(codes), np.array(when)).tolist() == order


def test_units_of_several_columns_are_told_apart() -> None:
    table = pd.DataFrame({"a": ["1", "1", "2", "2", None], "b": ["x", "y", "x", "x", "x"]})
    codes = unit_codes(table, ["a", "b"])
    assert codes[2] == codes[3] and len(set(codes.tolist())) == 4
    assert unit_codes(table, []).tolist() == [0] * 5
