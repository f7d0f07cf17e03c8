"""Files as they come: encodings, blank lines, quotes, Parquet types; and writes that are whole or not at all."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from behavior.contracts import ContractGroup, check_between
from behavior.engine.contracts import BOOK_TABLE
from behavior.errors import Fault, FaultyInput
from behavior.io.files import write_atomically
from behavior.io.found_faults import FoundFaults, rejects_file
from behavior.io.tables import csv_text, read_table, write_table
from behavior.panel.contracts import DEPOSIT_HISTORY, LOAN_MONTHS, MORTGAGE_HISTORY

BOOK = (
    "position_id,product,side,currency,balance,rate_type,rate,repayment,origination_date,maturity_date,payment_months,region\n"
    "M-1,mortgage,asset,USD,250000.00,fixed,0.0325,annuity,2019-03-31,2049-03-31,1,01\n"
    "M-2,mortgage,asset,USD,180000.00,fixed,0.0410,annuity,2018-06-30,2048-06-30,1,02\n"
)


def _file(folder: Path, text: str | bytes, name: str = "book.csv") -> Path:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def test_values_have_their_types_and_codes_stay_text(tmp_path: Path) -> None:
    read = read_table(_file(tmp_path, BOOK), BOOK_TABLE)
    table = read.values()
    assert table["balance"].tolist() == [250000.0, 180000.0]
    assert table["maturity_date"].tolist() == [pd.Timestamp("2049-03-31"), pd.Timestamp("2048-06-30")]
    assert str(table["maturity_date"].dtype) == "datetime64[us]"
    assert table["payment_months"].dtype == np.int64
    assert table["region"].tolist() == ["01", "02"]
    assert read.sources[0].rows == 2
    assert len(read.sources[0].digest) == 64


@pytest.mark.parametrize("cells", [[True, False], [True, None], [3, 7], [3.5, None], ["01", "true"], ["yes", "no"]])
def test_further_columns_are_the_same_from_csv_and_parquet(tmp_path: Path, cells: list[object]) -> None:
    """A segment scheme may name them: what is a flag in one file is no word in the other."""
    written = read_table(_file(tmp_path, BOOK), BOOK_TABLE).values().assign(insured=cells)
    written.to_csv(tmp_path / "book.csv", index=False)
    written.to_parquet(tmp_path / "book.parquet")
    first, second = (
        read_table(tmp_path / f"book.{kind}", BOOK_TABLE).values()["insured"] for kind in ("csv", "parquet")
    )
    np.testing.assert_array_equal(first.isna(), second.isna())
    assert first.dropna().tolist() == second.dropna().tolist()


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(b"\xef\xbb\xbf" + BOOK.encode(), id="byte order mark"),
        pytest.param(BOOK.replace("\n", "\r\n"), id="carriage returns"),
        pytest.param(BOOK.rstrip("\n"), id="no newline at the end"),
        pytest.param(BOOK.replace("M-2", '"M-2"'), id="quotes"),
    ],
)
def test_harmless_forms_of_csv_are_read(tmp_path: Path, text: str | bytes) -> None:
    assert read_table(_file(tmp_path, text), BOOK_TABLE).values()["position_id"].tolist() == ["M-1", "M-2"]


def test_lines_are_an_editors_lines_behind_blank_and_broken_ones(tmp_path: Path) -> None:
    header, first, second = BOOK.splitlines()
    text = "\n".join([header, "", first.replace("mortgage", '"mort\ngage"'), "", second.replace("180000.00", "x"), ""])
    (fault,) = read_table(_file(tmp_path, text), BOOK_TABLE).faults
    assert (fault.line, fault.column, fault.value) == (6, "balance", "x")


def test_other_encodings_name_the_line(tmp_path: Path) -> None:
    (fault,) = read_table(_file(tmp_path, BOOK.replace("02\n", "Zürich\n").encode("latin-1")), BOOK_TABLE).faults
    assert (fault.line, fault.value, fault.rule) == (3, "byte FC", "expected text in utf-8")
    assert "`text = { encoding = 'latin-1' }`" in fault.hint


def test_a_wide_encoding_is_called_by_its_name(tmp_path: Path) -> None:
    (fault,) = read_table(_file(tmp_path, BOOK.encode("utf-16")), BOOK_TABLE).faults
    assert "`text = { encoding = 'utf-16' }`" in fault.hint


def test_a_file_that_was_cut_off_is_told_from_one_with_too_many_cells(tmp_path: Path) -> None:
    (short,) = read_table(_file(tmp_path, BOOK[: BOOK.rindex(",", 0, -20)]), BOOK_TABLE).faults
    assert (short.line, short.hint) == (3, "Is the export finished?")


def test_not_a_table(tmp_path: Path) -> None:
    (sheet,) = read_table(_file(tmp_path, b"PK\x03\x04rest"), BOOK_TABLE).faults
    assert "spreadsheet or a compressed file" in sheet.rule
    (broken,) = read_table(_file(tmp_path, b"PAR1nothing", "book.parquet"), BOOK_TABLE).faults
    assert broken.rule.startswith("expected a Parquet file")


def test_nan_and_infinity_are_text(tmp_path: Path) -> None:
    faults = read_table(
        _file(tmp_path, BOOK.replace("250000.00", "nan").replace("180000.00", "inf")), BOOK_TABLE
    ).faults
    assert [(one.line, one.value) for one in faults] == [(2, "nan"), (3, "inf")]


def test_repeated_column_names_are_a_fault(tmp_path: Path) -> None:
    faults = read_table(_file(tmp_path, BOOK.replace("region", "rate")), BOOK_TABLE).faults
    assert "every column name appears once" in {one.rule for one in faults}


def test_parquet_rows_are_numbered(tmp_path: Path) -> None:
    table = read_table(_file(tmp_path, BOOK), BOOK_TABLE).values().assign(balance=[1.0, -1.0])
    write_table(table, tmp_path / "book.parquet")
    (fault,) = read_table(tmp_path / "book.parquet", BOOK_TABLE).faults
    said = "book.parquet, row 2, column `balance`: found '-1': expected 0 currency units or more. "
    assert str(fault).startswith(said + "Is its sign or its unit another?")


def test_parquet_of_other_types(tmp_path: Path) -> None:
    months = pa.table(
        {
            "loan_id": pa.array([1, 1], pa.int64()),
            "month": pa.array(["2020-02-29", "2020-03-31"]).dictionary_encode(),
            "balance": pa.array([1, None], pa.int32()),
            "rate": pa.array(["0.03", "0.03"]),
            "age_months": pa.array([1.0, 2.0]),
            "status": pa.array(["open", "open"]).dictionary_encode(),
        }
    )
    pq.write_table(months, tmp_path / "months.parquet")
    table = read_table(tmp_path / "months.parquet", LOAN_MONTHS).values()
    assert table["loan_id"].tolist() == ["1", "1"]
    assert table["month"].tolist() == [pd.Timestamp("2020-02-29"), pd.Timestamp("2020-03-31")]
    assert table["balance"].isna().tolist() == [False, True]
    assert table["rate"].tolist() == [0.03, 0.03]


@pytest.mark.parametrize(
    ("name", "cells", "found"),
    [
        ("balance", pa.array([b"1", b"\xff"]), [("row 2", "b'\\xff'", "expected text in UTF-8, not other bytes")]),
        ("loan_id", pa.array([b"A", b"\xff"]), [("row 2", "b'\\xff'", "expected text in UTF-8, not other bytes")]),
        (
            "month",
            pa.array([b"2020-02-29", b"\xff"]),
            [("row 2", "b'\\xff'", "expected text in UTF-8, not other bytes")],
        ),
        (
            "balance",
            pa.array([1, 2], pa.duration("us")),
            [("", None, "expected numbers, the column holds timedelta64[us]")],
        ),
        ("balance", pa.array(["a", None]), [("row 1", "a", "expected a number (currency units), not text")]),
        (
            "loan_id",
            pa.array([1.0, 1e300]),
            [("row 2", "1e+300", "expected text, or a number below 2^53: of a larger one digits are lost")],
        ),
        ("age_months", pa.array([1.0, 1e30]), [("row 2", "1e+30", "expected a whole number below 2^53")]),
        (
            "age_months",
            pa.array([1, 2**63 + 5], pa.uint64()),
            [("row 2", "9223372036854775813", "expected a whole number below 2^53")],
        ),
    ],
)
def test_parquet_that_holds_something_else_is_named(
    tmp_path: Path, name: str, cells: pa.Array, found: list[tuple[str, str | None, str]]
) -> None:
    columns = {
        "loan_id": pa.array(["A", "B"]),
        "month": pa.array(["2020-02-29", "2020-03-31"]),
        "balance": pa.array([1.0, 2.0]),
        "rate": pa.array([0.03, 0.03]),
        "age_months": pa.array([1, 2]),
        "status": pa.array(["open", "open"]),
    }
    pq.write_table(pa.table({**columns, name: cells}), tmp_path / "months.parquet")
    faults = read_table(tmp_path / "months.parquet", LOAN_MONTHS).faults
    places = [one.where.removeprefix("months.parquet").removeprefix(", ") for one in faults]
    assert [(at, one.value, one.rule) for at, one in zip(places, faults, strict=True)] == found
    assert {one.column for one in faults} == {name}


def test_words_in_a_number_column_of_a_compact_book_are_named(tmp_path: Path) -> None:
    book = read_table(_file(tmp_path, BOOK), BOOK_TABLE).values()
    pq.write_table(
        pa.Table.from_pandas(book.assign(balance=["many", None])[: len(book)], preserve_index=False),
        tmp_path / "book.parquet",
    )
    faults = read_table(tmp_path / "book.parquet", BOOK_TABLE).faults
    assert [(one.where, one.value) for one in faults] == [("book.parquet, row 1", "many"), ("book.parquet, row 2", "")]


def test_text_that_is_declared_as_bytes_is_read(tmp_path: Path) -> None:
    book = read_table(_file(tmp_path, BOOK), BOOK_TABLE).values()
    table = pa.Table.from_pandas(book, preserve_index=False)
    at = table.column_names.index("product")
    table = table.set_column(at, "product", table.column("product").cast(pa.string()).cast(pa.binary()))
    pq.write_table(table, tmp_path / "book.parquet")
    read = read_table(tmp_path / "book.parquet", BOOK_TABLE).values()
    assert read["product"].astype("str").tolist() == book["product"].astype("str").tolist()


@pytest.mark.parametrize("ends", ["\r", "\r\n", "mixed"])
def test_every_way_to_end_a_line_is_read(tmp_path: Path, ends: str) -> None:
    text = BOOK.replace("\n", "\r", 1) if ends == "mixed" else BOOK.replace("\n", ends)
    read = read_table(_file(tmp_path, text.encode()), BOOK_TABLE)
    assert read.values().equals(read_table(_file(tmp_path, BOOK), BOOK_TABLE).values())
    assert read.place.lines is not None
    assert read.place.lines.tolist() == [2, 3]


@pytest.mark.parametrize(
    ("data", "rule"),
    [
        (b"\xef\xbb\xbf\n", "expected a header line and rows, the file is empty"),
        (BOOK.encode() + b"x" * 200_000 + b"\n", "expected CSV (field larger than field limit (131072))"),
    ],
)
def test_what_no_csv_reader_takes_is_named(tmp_path: Path, data: bytes, rule: str) -> None:
    assert [one.rule for one in read_table(_file(tmp_path, data), BOOK_TABLE).faults] == [rule]


def held_together(paths: dict[str, Path], group: ContractGroup) -> list[Fault]:
    """Faults in and between the tables of a contract."""
    read = {name: read_table(path, contract) for name, path in paths.items() if (contract := group.table(name))}
    assert not any(one.faults for one in read.values())
    places = {name: one.place for name, one in read.items()}
    return check_between({name: one.table for name, one in read.items()}, group, places)


def test_tables_of_a_contract_are_held_to_each_other(tmp_path: Path) -> None:
    loans = _file(
        tmp_path,
        "loan_id,origination_date,original_balance,original_term_months,original_rate\nL1,2020-03-15,100,12,0.03\n",
        "loans.csv",
    )
    months = _file(
        tmp_path,
        "loan_id,month,balance,rate,age_months,status\nL1,2020-02-29,90,0.03,1,open\nL9,2020-04-30,90,0.03,1,open\n",
        "months.csv",
    )
    faults = held_together({"loans": loans, "loan_months": months}, MORTGAGE_HISTORY)
    assert [str(one) for one in faults] == [
        "months.csv, line 3, column `loan_id`: found 'L9': expected a `loan_id` of the table `loans`. "
        "Add its row there, or drop these rows",
        "months.csv, line 2, column `month`: found '2020-02-29': dates out of order: a loan has no month before its "
        "`origination_date`. Correct the date, or set the row aside with `where` in the profile",
    ]


def test_ages_are_months_since_origination(tmp_path: Path) -> None:
    """An age in years, of another loan, or of one that was modified and began again, would teach a wrong seasoning."""
    loans = _file(
        tmp_path,
        "loan_id,origination_date,original_balance,original_term_months,original_rate\nL1,2018-03-15,100,120,0.03\n",
        "loans.csv",
    )
    told = {"2020-03-31": 24, "2020-04-30": 28, "2020-05-31": 30, "2020-06-30": 2, "2020-07-31": 24}
    rows = [f"L1,{month},90,0.03,{age},open" for month, age in told.items()]
    months = _file(tmp_path, "\n".join(["loan_id,month,balance,rate,age_months,status", *rows, ""]), "months.csv")
    faults = held_together({"loans": loans, "loan_months": months}, MORTGAGE_HISTORY)
    assert [(one.line, one.column, one.value) for one in faults] == [
        (4, "age_months", "30"),
        (5, "age_months", "2"),
        (6, "age_months", "24"),
    ]
    assert "expected months since `origination_date`, give or take 3" in str(faults[0])
    assert "months_between" in str(faults[0]), "it says how to derive the age"


def test_accounts_frame_their_months(tmp_path: Path) -> None:
    accounts = _file(tmp_path, "account_id,product,open_date,close_date\nA,s,2020-02-10,2020-03-05\n", "accounts.csv")
    months = _file(
        tmp_path,
        "account_id,month,balance\nA,2020-01-31,1\nA,2020-02-29,1\nA,2020-03-31,0\nA,2020-04-30,0\n",
        "months.csv",
    )
    faults = held_together({"accounts": accounts, "account_months": months}, DEPOSIT_HISTORY)
    assert [(one.line, one.rule) for one in faults] == [
        (2, "dates out of order: an account has no month before its `open_date`"),
        (5, "no month may follow the month of an account's `close_date`"),
    ]
    assert "opened again, leave `close_date` empty" in str(faults[1]), "dropping its months would lose its money"


def test_csv_written_is_csv_read(tmp_path: Path) -> None:
    table = read_table(_file(tmp_path, BOOK), BOOK_TABLE).values().assign(behavioral=[True, False], rate=[0.1, 1 / 3])
    write_table(table, tmp_path / "again.csv")
    again = read_table(tmp_path / "again.csv", BOOK_TABLE).values()
    pd.testing.assert_frame_equal(again, table)
    assert "true" in csv_text(table)


def test_a_failed_write_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "book.csv"
    write_atomically(target, "old")
    monkeypatch.setattr("os.fsync", lambda _: (_ for _ in ()).throw(OSError("disk full")))
    with pytest.raises(OSError, match="disk full"):
        write_atomically(target, "new")
    assert target.read_text(encoding="utf-8") == "old"
    assert [one.name for one in tmp_path.iterdir()] == ["book.csv"]


def test_an_absent_file_names_its_neighbours(tmp_path: Path) -> None:
    _file(tmp_path, BOOK)
    with pytest.raises(FaultyInput, match=r"expected a file, there is none of that name\. Files there: book\.csv"):
        read_table(tmp_path / "boook.csv", BOOK_TABLE)


def test_rejects_are_a_table(tmp_path: Path) -> None:
    faults = read_table(_file(tmp_path, BOOK.replace("180000.00", "x")), BOOK_TABLE).faults
    with rejects_file(tmp_path / "rejects.csv") as write:
        FoundFaults(write).add(faults)
    assert (tmp_path / "rejects.csv").read_text(encoding="utf-8").splitlines()[1].startswith("book.csv,3,balance,x,")


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_blank_lines_above_the_header_are_counted_and_not_read(tmp_path: Path, end: str) -> None:
    """The header would be read as a row, and every line be one too high."""
    plain = read_table(_file(tmp_path, BOOK, "plain.csv"), BOOK_TABLE).values()
    text = "\n\n" + BOOK
    found = read_table(_file(tmp_path, text.replace("\n", end), "blank.csv"), BOOK_TABLE)
    pd.testing.assert_frame_equal(found.values(), plain)
    assert found.place.lines is not None and found.place.lines.tolist() == [4, 5]
    ragged = text + "P9,loan\n"
    faults = read_table(_file(tmp_path, ragged.replace("\n", end), "ragged.csv"), BOOK_TABLE).faults
    assert [(one.line, one.rule.partition(",")[0]) for one in faults] == [(6, faults[0].rule.partition(",")[0])]


def test_a_column_without_a_name_is_one_more_column(tmp_path: Path) -> None:
    """Where the order of rows means nothing, no column orders them: not the one named nothing either."""
    lines = BOOK.splitlines()
    text = "\n".join([f",{lines[0]}", *(f"row {i},{line}" for i, line in enumerate(lines[1:]))]) + "\n"
    found = read_table(_file(tmp_path, text), BOOK_TABLE)
    assert found.faults == () and found.values()[""].tolist() == ["row 0", "row 1"]
