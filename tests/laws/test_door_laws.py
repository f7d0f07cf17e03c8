"""Laws of the doors: a clean table has no fault, a planted one is found in its place, writing loses nothing."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from behavior.contracts import check
from behavior.io.tables import csv_text, read_table, write_table
from behavior.panel.contracts import LOAN_MONTHS

PLANTS = {
    "balance": ("plenty", "-1", "1,000", "nan"),
    "rate": ("3.25", "x", ""),
    "month": ("2020-13-31", "31.01.2020", "2020-01-30", ""),
    "status": ("opened", "", "OPEN"),
    "age_months": ("1.5", "-3", "one", ""),
    "loan_id": ("",),
}


@st.composite
def histories(draw: st.DrawFn) -> pd.DataFrame:
    """Loan months that keep their contract: some loans end, some balances are masked."""
    parts = []
    for loan in range(draw(st.integers(1, 6))):
        count = draw(st.integers(1, 8))
        months = pd.date_range("2019-01-31", periods=count, freq="ME") + pd.offsets.MonthEnd(draw(st.integers(0, 5)))
        balance = np.round(np.linspace(1000.0, 900.0, count) * draw(st.floats(0.5, 900.0)), 2)
        status = ["open"] * count
        if draw(st.booleans()):
            status[-1], balance[-1] = draw(st.sampled_from(["prepaid", "default", "matured", "transferred"])), 0.0
        masked = np.where((np.arange(count) < draw(st.integers(0, 3))) & (balance > 0), np.nan, balance)
        parts.append(
            pd.DataFrame(
                {
                    "loan_id": f"L{loan}",
                    "month": months.astype("datetime64[us]"),
                    "balance": masked,
                    "rate": draw(st.floats(-0.01, 0.2)),
                    "age_months": np.arange(1, count + 1),
                    "status": status,
                }
            )
        )
    return pd.concat(parts, ignore_index=True).astype({"loan_id": "str", "status": "str"})


@given(histories())
@settings(deadline=None, max_examples=50)
def test_a_clean_table_has_no_fault(table: pd.DataFrame) -> None:
    assert check(table, LOAN_MONTHS) == []


@given(histories())
@settings(deadline=None, max_examples=50)
def test_units_may_lie_between_each_other(table: pd.DataFrame) -> None:
    assert check(table.sort_values("month", kind="stable"), LOAN_MONTHS) == []


@given(histories(), st.data())
@settings(deadline=None, max_examples=80)
def test_a_planted_fault_is_found_on_its_line(table: pd.DataFrame, data: st.DataObject) -> None:
    column = data.draw(st.sampled_from(sorted(PLANTS)))
    row = data.draw(st.integers(0, len(table) - 1))
    word = data.draw(st.sampled_from(PLANTS[column]))
    cells = [line.split(",") for line in csv_text(table).splitlines()]
    cells[row + 1][list(table.columns).index(column)] = f'"{word}"'
    with TemporaryDirectory() as folder:
        path = Path(folder) / "months.csv"
        path.write_text("\n".join(",".join(line) for line in cells) + "\n", encoding="utf-8")
        faults = read_table(path, LOAN_MONTHS).faults
    assert (row + 2, column) in {(one.line, one.column) for one in faults}
    assert all(one.where == "months.csv" and one.line is not None for one in faults)


@given(histories(), st.data())
@settings(deadline=None, max_examples=50)
def test_repeated_and_swapped_rows_are_found(table: pd.DataFrame, data: st.DataObject) -> None:
    row = data.draw(st.integers(0, len(table) - 1))
    again = pd.concat([table, table.iloc[[row]]], ignore_index=True)
    rules = {fault.rule for fault in check(again, LOAN_MONTHS)}
    assert "duplicate key: an earlier row has the same one" in rules
    backwards = table.iloc[::-1].reset_index(drop=True)
    if (table.groupby("loan_id").size() > 1).any():
        assert any("dates out of order" in fault.rule for fault in check(backwards, LOAN_MONTHS))


@given(histories(), st.sampled_from(["csv", "parquet"]))
@settings(deadline=None, max_examples=40)
def test_what_is_written_is_what_is_read(table: pd.DataFrame, ending: str) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / f"months.{ending}"
        digest = write_table(table, path)
        read = read_table(path, LOAN_MONTHS)
        assert read.sources[0].digest == digest
        assert write_table(read.values(), path) == digest
    pd.testing.assert_frame_equal(read.values(), table, check_dtype=False)
