"""Months of a history beyond memory: names of any kind, and every fault with its row in the file."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from behavior.errors import ContractFault, FaultyInput
from behavior.io.history_parts import MOST_LOST, HistoryParts
from behavior.io.registry import table_of
from behavior.io.tables import read_table

LOANS = table_of("mortgage_history/1:loans")
MONTHS = table_of("mortgage_history/1:loan_months")
NAMES = ("9", "10", "11", "100", "20")
FORMS = {
    "int64": lambda cells: cells.cast(pa.int64()),
    "uint32": lambda cells: cells.cast(pa.uint32()),
    "float": lambda cells: cells.cast(pa.float64()),
    "large_string": lambda cells: cells.cast(pa.large_string()),
    "dictionary": lambda cells: cells.dictionary_encode(),
    "binary": lambda cells: cells.cast(pa.binary()),
}


def loans(names: tuple[str, ...] = NAMES) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "loan_id": list(names),
            "origination_date": pd.Timestamp("2020-01-01"),
            "original_balance": 100.0,
            "original_term_months": 360,
            "original_rate": 0.03,
        }
    )


def months(names: tuple[str, ...] = NAMES) -> pd.DataFrame:
    rows = [
        (name, pd.Timestamp("2020-01-31") + pd.offsets.MonthEnd(age), 90.0, 0.03, age, "open")
        for name in names
        for age in range(1, 5)
    ]
    return pd.DataFrame(rows, columns=["loan_id", "month", "balance", "rate", "age_months", "status"])


def parts_of(table: pa.Table | pd.DataFrame, folder: Path, units: pd.DataFrame | None = None) -> HistoryParts:
    path = folder / "months.parquet"
    arrow = table if isinstance(table, pa.Table) else pa.Table.from_pandas(table, preserve_index=False)
    pq.write_table(arrow, path, row_group_size=5)
    return HistoryParts("mortgage_history/1", loans() if units is None else units, path, 8)


def faults_of(parts: HistoryParts) -> list[str]:
    return [str(fault) for _, faults in parts.examined() for fault in faults]


@pytest.mark.parametrize("form", FORMS)
def test_names_are_the_same_whatever_the_file_holds_them_as(tmp_path: Path, form: str) -> None:
    table = pa.Table.from_pandas(months(), preserve_index=False)
    cells = FORMS[form](table["loan_id"].cast(pa.string()))
    parts = parts_of(table.set_column(0, "loan_id", cells), tmp_path)
    read = list(parts)
    assert len(read) > 1
    found = pd.concat([part.tables["loan_months"] for part in read])
    whole = read_table(tmp_path / "months.parquet", MONTHS).values()
    by = ["loan_id", "month"]
    pd.testing.assert_frame_equal(
        found.sort_values(by, ignore_index=True), whole.sort_values(by, ignore_index=True), check_dtype=False
    )


def test_a_name_that_a_column_of_numbers_cannot_hold_has_no_months(tmp_path: Path) -> None:
    table = pa.Table.from_pandas(months(("7",)), preserve_index=False)
    numbers = table.set_column(0, "loan_id", table["loan_id"].cast(pa.int32()))
    names = ("7", "007", "A", "99999999999", "-0", "7.0")
    found = list(parts_of(numbers, tmp_path, loans(names)))
    assert [len(part.tables["loan_months"]) for part in found] == [4]


def test_a_fault_names_its_row_in_the_file(tmp_path: Path) -> None:
    table = months()
    table.loc[13, "balance"] = -3.0
    table.loc[6, "rate"] = 7.5
    found = faults_of(parts_of(table, tmp_path))
    assert any("months.parquet, row 14, column `balance`: found '-3'" in one for one in found)
    assert any("months.parquet, row 7, column `rate`: found '7.5'" in one for one in found)
    assert len(found) == 2


def test_a_month_before_origination_is_told_with_its_row(tmp_path: Path) -> None:
    units = loans()
    units.loc[2, "origination_date"] = pd.Timestamp("2020-04-01")
    found = faults_of(parts_of(months(), tmp_path, units))
    assert [one.split(", column")[0] for one in found] == ["months.parquet, row 9", "months.parquet, row 10"]


def test_rows_of_no_loan_are_listed_and_counted(tmp_path: Path) -> None:
    table = months()
    table.loc[3, "loan_id"] = "Z"
    table.loc[8, "loan_id"] = None
    found = faults_of(parts_of(table, tmp_path))
    assert len(found) == 2
    assert "row 4, column `loan_id`: found 'Z': expected a `loan_id` of the table `loans`" in found[0]
    assert "row 9, column `loan_id`: found ''" in found[1]
    many = faults_of(parts_of(months(tuple(f"X{n}" for n in range(30))), tmp_path))
    assert len(many) == MOST_LOST
    assert "of 120 such rows" in many[0]


def test_a_missing_column_is_told_once(tmp_path: Path) -> None:
    found = faults_of(parts_of(months().drop(columns=["loan_id", "rate"]), tmp_path))
    assert [one.split(":")[0] for one in found] == ["months.parquet, column `loan_id`", "months.parquet, column `rate`"]


def test_a_file_without_rows_is_a_fault(tmp_path: Path) -> None:
    parts = parts_of(months().iloc[:0], tmp_path)
    assert "expected at least one row" in faults_of(parts)[0]
    with pytest.raises(ContractFault):
        list(parts)


@pytest.mark.parametrize("content", [b"", b"loan_id,month\n1,2\n"])
def test_what_is_no_parquet_is_a_fault(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "months.parquet"
    path.write_bytes(content)
    with pytest.raises(FaultyInput, match="expected a Parquet file"):
        list(HistoryParts("mortgage_history/1", loans(), path, 8))


def test_names_that_are_dates_are_refused(tmp_path: Path) -> None:
    table = months().assign(loan_id=pd.Timestamp("2020-01-01"))
    assert "expected text or whole numbers" in faults_of(parts_of(table, tmp_path))[0]
