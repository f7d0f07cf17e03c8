"""Extracts to contracts by configuration: each step, and what it says when a cell does not fit."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from behavior.contracts import check
from behavior.errors import Fault, SpecFault
from behavior.io.mapping import MappedTable, map_table
from behavior.io.mapping_terms import TableMap
from behavior.market.contracts import RATES_TABLE
from behavior.panel.contracts import ACCOUNT_MONTHS, LOAN_MONTHS, LOANS, PRODUCT_RATES
from tests.io.door_cases import map_text


def _values(mapped: MappedTable) -> pd.DataFrame:
    assert mapped.faults == ()
    return mapped.table


def test_names_constants_words_and_units(tmp_path: Path) -> None:
    text = "LOAN,TYPE,RATE,BALANCE\n7,FRM,3.25,100\n8,ARM,4,120\n"
    columns = {
        "loan_id": "LOAN",
        "rate_type": {"from": "TYPE", "values": {"FRM": "fixed", "ARM": "arm"}},
        "original_rate": {"from": "RATE", "unit": "percent"},
        "original_balance": {"from": "BALANCE", "unit": "thousands"},
        "currency": {"value": "USD"},
    }
    table = _values(map_text(tmp_path, text, LOANS, columns=columns))
    assert table["loan_id"].tolist() == ["7", "8"]
    assert table["rate_type"].tolist() == ["fixed", "arm"]
    assert table["original_rate"].tolist() == [0.0325, 0.04]
    assert table["original_balance"].tolist() == [100_000.0, 120_000.0]
    assert table["currency"].tolist() == ["USD", "USD"]


@pytest.mark.parametrize(
    ("word", "value", "result"),
    [
        ("percent", "3.25", 0.0325),
        ("basis_points", "325", 0.0325),
        ("per_mille", "32.5", 0.0325),
        ("decimal", "0.0325", 0.0325),
    ],
)
def test_units_are_exact(tmp_path: Path, word: str, value: str, result: float) -> None:
    table = _values(map_text(tmp_path, f"x\n{value}\n", LOANS, columns={"original_rate": {"from": "x", "unit": word}}))
    assert table["original_rate"].tolist() == [result]


def test_dates_month_ends_and_ages(tmp_path: Path) -> None:
    text = "id,start,period\nA,15.01.2019,2020-02\nB,31.12.2019,2020-03\n"
    columns = {
        "loan_id": "id",
        "origination_date": {"from": "start", "date_format": "%d.%m.%Y"},
        "month": {"from": "period", "date_format": "%Y-%m", "month_end": True},
        "age_months": {"months_between": ["origination_date", "month"]},
        "due": {"months_after": {"date": "month", "months": 12}},
    }
    table = _values(map_text(tmp_path, text, LOAN_MONTHS, columns=columns))
    assert table["month"].dt.strftime("%Y-%m-%d").tolist() == ["2020-02-29", "2020-03-31"]
    assert table["age_months"].tolist() == [13.0, 3.0]
    assert table["due"].dt.strftime("%Y-%m-%d").tolist() == ["2021-02-28", "2021-03-31"]


def test_quarters_end_in_their_last_month(tmp_path: Path) -> None:
    columns = {"month": {"from": "q", "date_format": "quarter"}}
    table = _values(map_text(tmp_path, "q\n2021Q1\n2021-Q4\n", PRODUCT_RATES, columns=columns))
    assert table["month"].dt.strftime("%Y-%m-%d").tolist() == ["2021-03-31", "2021-12-31"]


def test_masked_values_are_missing_not_zero(tmp_path: Path) -> None:
    text = "b,age\n0,1\n0,9\n500,10\n,11\n"
    masked = {"balance": {"from": "b", "null_where": [0], "null_when": [{"column": "age", "at_most": 9}]}}
    table = _values(map_text(tmp_path, text, LOAN_MONTHS, columns=masked))
    assert table["balance"].isna().tolist() == [True, True, False, True]
    only_young = {"balance": {"from": "b", "null_when": [{"column": "age", "below": 9}]}}
    table = _values(map_text(tmp_path, text, LOAN_MONTHS, columns=only_young))
    assert table["balance"].isna().tolist() == [True, False, False, True]


def test_status_from_codes_first_case_wins(tmp_path: Path) -> None:
    text = "code,age,term\n01,360,360\n01,50,360\n09,50,360\n,50,360\n06,50,360\n"
    cases = [
        {"when": [{"column": "code", "is": "01"}, {"column": "age", "at_least": "term"}], "then": "matured"},
        {"when": [{"column": "code", "is": "01"}], "then": "prepaid"},
        {"when": [{"column": "code", "is": ["02", "09"]}], "then": "default"},
        {"when": [{"column": "code", "filled": True}], "then": "transferred"},
    ]
    table = _values(map_text(tmp_path, text, LOAN_MONTHS, columns={"status": {"cases": cases, "otherwise": "open"}}))
    assert table["status"].tolist() == ["matured", "prepaid", "default", "open", "transferred"]


def test_exits_end_a_loan(tmp_path: Path) -> None:
    text = (
        "loan_id,month,balance,status\nA,2020-01-31,10,open\nA,2020-02-29,9,prepaid\nA,2020-03-31,9,open\n"
        "B,2020-01-31,5,open\nB,2020-02-29,5,open\n"
    )
    columns = {name: {} for name in ("loan_id", "month", "balance", "status")}
    mapped = map_text(tmp_path, text, LOAN_MONTHS, columns=columns, drop_after_exit=True, balance_zero_at_exit=True)
    assert mapped.table["balance"].tolist() == [10.0, 0.0, 5.0, 5.0]
    assert mapped.notes == ("1 rows after the month of exit, set aside",)


def test_days_become_months(tmp_path: Path) -> None:
    text = "id,day,balance,paid\nA,2020-01-05,10,1\nA,2020-01-30,12,2\nA,2020-02-01,9,4\n"
    aggregate = {"by": ["id"], "date": "day", "take": {"balance": "last", "paid": "sum"}}
    columns = {"account_id": "id", "month": "day", "balance": {"from": "balance"}, "credits": {"from": "paid"}}
    (tmp_path / "typed.parquet").write_bytes(b"")
    pd.DataFrame(
        {
            "id": ["A"] * 3,
            "day": pd.to_datetime(["2020-01-05", "2020-01-30", "2020-02-01"]),
            "balance": [10.0, 12, 9],
            "paid": [1.0, 2, 4],
        }
    ).to_parquet(tmp_path / "typed.parquet")
    mapped = map_text(tmp_path, text, ACCOUNT_MONTHS, file="typed.parquet", aggregate=aggregate, columns=columns)
    table = _values(mapped)
    assert table["month"].dt.strftime("%Y-%m-%d").tolist() == ["2020-01-31", "2020-02-29"]
    assert table["balance"].tolist() == [12.0, 9.0]
    assert table["credits"].tolist() == [3.0, 4.0]


def test_months_without_a_row_are_filled_where_the_profile_says_so(tmp_path: Path) -> None:
    text = "id,day,paid\nB,2020-02-03,5\nA,2019-12-05,10\nA,2020-03-02,-4\nA,2020-03-05,1\n"
    made = map_text(
        tmp_path,
        text,
        ACCOUNT_MONTHS,
        cumulate={"by": ["id"], "date": "day", "columns": {"paid": "held"}},
        aggregate={"by": ["id"], "date": "day", "every_month": True, "take": {"held": "last", "paid": "sum"}},
        columns={"account_id": "id", "month": "day", "balance": "held", "net": {"from": "paid", "kind": "number"}},
    )
    table = _values(made)
    rows = list(zip(table["account_id"], table["month"].dt.strftime("%m"), table["balance"], table["net"], strict=True))
    assert sorted(rows) == [
        ("A", "01", 10.0, 0.0),
        ("A", "02", 10.0, 0.0),
        ("A", "03", 7.0, -3.0),
        ("A", "12", 10.0, 10.0),
        ("B", "02", 5.0, 5.0),
        ("B", "03", 5.0, 0.0),
    ]
    assert check(table.sort_values(["account_id", "month"]), ACCOUNT_MONTHS) == []
    with pytest.raises(ValidationError, match="expected `date` beside `every_month`"):
        TableMap.model_validate({"file": "x.csv", "aggregate": {"by": ["id"], "every_month": True, "take": {}}})


def test_days_of_a_text_file_become_months(tmp_path: Path) -> None:
    # Cells of a text file are text: 9 and 10 are summed and compared as numbers, days read as declared.
    text = 'id,day,paid,rate,note\nA,05.01.2020,"1.000,5",9,x\nA,30.01.2020,2,10,\nA,01.02.2020,4,8,z\n'
    aggregate = {
        "by": ["id"],
        "date": "day",
        "date_format": "%d.%m.%Y",
        "take": {"paid": "sum", "rate": "maximum", "note": "last"},
    }
    columns = {"account_id": "id", "month": "day", "credits": "paid", "balance": "rate", "note": {"kind": "text"}}
    form = {"decimal": ",", "thousands": "."}
    table = _values(map_text(tmp_path, text, ACCOUNT_MONTHS, text=form, aggregate=aggregate, columns=columns))
    assert table["month"].dt.strftime("%Y-%m-%d").tolist() == ["2020-01-31", "2020-02-29"]
    assert table["credits"].tolist() == [1002.5, 4.0]
    assert table["balance"].tolist() == [10.0, 8.0]
    assert table["note"].tolist() == ["x", "z"]


def test_cells_that_cannot_be_summed_are_named(tmp_path: Path) -> None:
    text = "id,day,paid\nA,2020-01-05,1\nA,05.01.2020,2\nA,2020-02-01,many\nB,2020,2\n"
    aggregate = {"by": ["id"], "date": "day", "take": {"paid": "sum"}}
    mapped = map_text(tmp_path, text, ACCOUNT_MONTHS, aggregate=aggregate, columns={"account_id": "id", "month": "day"})
    assert [(one.line, one.column, one.value) for one in mapped.faults] == [
        (3, "day", "05.01.2020"),
        (5, "day", "2020"),
        (4, "paid", "many"),
    ]


def test_flows_become_balances(tmp_path: Path) -> None:
    text = (
        "id,at,flow\nA,2020-01-30 09:00:00,5\nB,2020-01-02 08:00:00,7\nA,2020-01-05 10:00:00,10\n"
        "A,2020-02-03 11:00:00,-4\nB,2020-02-07 12:00:00,\n"
    )
    mapped = map_text(
        tmp_path,
        text,
        ACCOUNT_MONTHS,
        cumulate={"by": ["id"], "date": "at", "columns": {"flow": "held"}},
        aggregate={"by": ["id"], "date": "at", "take": {"held": "last", "flow": "sum"}},
        columns={"account_id": "id", "month": "at", "balance": "held", "flow": {"kind": "number"}},
        sort=True,
    )
    table = _values(mapped)
    held = {name: rows["balance"].tolist() for name, rows in table.groupby("account_id")}
    assert held == {"A": [15.0, 11.0], "B": [7.0, 7.0]}
    assert table.loc[table["account_id"] == "A", "flow"].tolist() == [15.0, -4.0]
    assert mapped.place.lines is not None and sorted(mapped.place.lines.tolist()) == [2, 3, 5, 6]


def test_what_a_running_sum_needs_is_named(tmp_path: Path) -> None:
    how = {"by": ["id"], "date": "at", "columns": {"flow": "held"}}
    absent = map_text(tmp_path, "id,at\nA,2020-01-05\n", ACCOUNT_MONTHS, cumulate=how, columns={"balance": "held"})
    assert [one.column for one in absent.faults] == ["flow"]
    bad = map_text(tmp_path, "id,at,flow\nA,2020-01-05,x\n", ACCOUNT_MONTHS, cumulate=how, columns={"balance": "held"})
    assert [(one.line, one.column, one.value) for one in bad.faults] == [(2, "flow", "x")]


@pytest.mark.shared
def test_a_savers_ledger_of_flows_has_balances(real_data: Path) -> None:
    source = TableMap.model_validate(
        {
            "file": "ledger.parquet",
            "cumulate": {"by": ["account"], "date": "time", "columns": {"amount": "held"}},
            "aggregate": {"by": ["account"], "date": "time", "take": {"held": "last"}},
            "columns": {"account_id": "account", "month": "time", "balance": "held"},
            "sort": True,
        }
    )
    mapped = map_table(source, ACCOUNT_MONTHS, real_data / "deposits_akiba", "account_months")
    assert check(_values(mapped), ACCOUNT_MONTHS, mapped.place) == []
    flows = pd.read_parquet(real_data / "deposits_akiba" / "ledger.parquet")
    last = mapped.table.drop_duplicates("account_id", keep="last").set_index("account_id")["balance"]
    totals = flows.groupby(flows["account"].astype("str"))["amount"].sum()
    np.testing.assert_allclose(last[totals.index], totals, atol=1e-9)
    # Nobody has ever withdrawn more than was there.
    assert mapped.table["balance"].min() >= 0.0


def test_columns_of_a_sibling_and_what_it_does_not_have(tmp_path: Path) -> None:
    interest = pd.DataFrame({"account_id": [1], "month": [pd.Timestamp("2020-01-31")], "amount": [2.5]})
    columns = {
        "account_id": {},
        "month": {},
        "interest_credited": {
            "join": {"table": "interest", "on": ["account_id", "month"], "column": "amount"},
            "otherwise": 0,
        },
        "credits": {"from": "cr", "minus": ["interest_credited"]},
    }
    text = "account_id,month,cr\n1,2020-01-31,10\n2,2020-01-31,4\n"
    table = _values(map_text(tmp_path, text, ACCOUNT_MONTHS, {"interest": interest}, columns=columns))
    assert table["interest_credited"].tolist() == [2.5, 0.0]
    assert table["credits"].tolist() == [7.5, 4.0]


def test_parts_keep_their_files_and_lines(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("d,v\n2020-01-31,1\n", encoding="utf-8")
    (tmp_path / "b.csv").write_text("d,v\n2020-01-31,2\n2020-02-29,many\n", encoding="utf-8")
    columns = {"date": "d", "value": {"from": "v", "unit": "percent"}}
    parts = {
        name: {"file": f"{name}.csv", "columns": {**columns, "index": {"value": name.upper()}}} for name in ("a", "b")
    }
    mapped = map_table(TableMap.model_validate({"parts": parts}), RATES_TABLE, tmp_path, "rates")
    assert [(one.where, one.line, one.column, one.value) for one in mapped.faults] == [("b.csv", 3, "v", "many")]
    assert mapped.table["value"].tolist()[:2] == [0.01, 0.02]
    assert [one.name for one in mapped.sources] == ["a.csv", "b.csv"]


def test_rows_may_stand_in_the_profile(tmp_path: Path) -> None:
    source = TableMap.model_validate(
        {
            "rows": [{"date": "2020-01-31", "index": "X", "value": 2}],
            "columns": {"date": {}, "index": {}, "value": {"unit": "percent"}},
        }
    )
    table = _values(map_table(source, RATES_TABLE, tmp_path, "rates"))
    assert table.values.tolist() == [[pd.Timestamp("2020-01-31"), "X", 0.02]]


def test_another_writing_of_text_files(tmp_path: Path) -> None:
    text = "datum;satz\n31.01.2020;1.234,5\n"
    form = {"delimiter": ";", "decimal": ",", "thousands": "."}
    columns = {
        "date": {"from": "datum", "date_format": "%d.%m.%Y"},
        "index": {"value": "X"},
        "value": {"from": "satz", "unit": "basis_points"},
    }
    table = _values(map_text(tmp_path, text, RATES_TABLE, text=form, columns=columns))
    assert table["value"].tolist() == [pytest.approx(0.12345, abs=1e-15)]


def test_where_having_and_one_a_key(tmp_path: Path) -> None:
    text = "d,i,v\n2020-02-29,A,2\n2020-01-31,A,1\n2020-01-31,A,3\n2020-01-31,B,9\n2019-01-31,A,4\n"
    columns = {"date": "d", "index": "i", "value": {"from": "v", "unit": "percent"}}
    mapped = map_text(
        tmp_path,
        text,
        RATES_TABLE,
        where=[{"column": "i", "is": "A"}],
        columns=columns,
        having=[{"column": "date", "at_least": "2020-01-01"}],
        one_a_key="last",
        sort=True,
    )
    assert _values(mapped)["value"].tolist() == [0.03, 0.02]
    assert mapped.notes == (
        "1 rows set aside by `where`",
        "1 rows set aside by `having`",
        "1 rows set aside by `one_a_key`",
    )
    assert mapped.place.fault  # places follow the rows
    assert mapped.place.lines is not None and mapped.place.lines.tolist() == [4, 2]


def test_faults_name_the_extracts_own_column_and_line(tmp_path: Path) -> None:
    text = "SATZ,TAG\n1,2020-01-31\nx,2020-02-29\n2,29.02.2020\n"
    columns = {"date": {"from": "TAG", "date_format": "%Y-%m-%d"}, "value": {"from": "SATZ", "unit": "percent"}}
    mapped = map_text(tmp_path, text, RATES_TABLE, columns=columns)
    assert [str(one) for one in mapped.faults] == [
        "extract.csv, line 4, column `TAG`: found '29.02.2020': expected a date written as `%Y-%m-%d`. "
        "Correct `date_format`",
        "extract.csv, line 3, column `SATZ`: found 'x': expected a number, not text. Leave unknown cells empty",
    ]


def test_a_column_the_extract_does_not_have(tmp_path: Path) -> None:
    mapped = map_text(tmp_path, "a,b\n1,2\n", RATES_TABLE, columns={"date": "day", "value": "b"})
    assert mapped.faults == (
        Fault(
            "extract.csv",
            "the profile maps a column that the extract does not have; columns there: a, b",
            column="day",
            hint="Correct the name in the profile",
        ),
    )


def test_an_unknown_lookup_is_named(tmp_path: Path) -> None:
    columns = {"value": {"join": {"table": "other", "on": ["a"], "column": "x"}}}
    with pytest.raises(SpecFault, match="expected a sibling table or lookup; there are none"):
        map_text(tmp_path, "a\n1\n", RATES_TABLE, columns=columns)


@pytest.mark.parametrize(
    ("terms", "words"),
    [
        ({"file": "a.csv", "colums": {}}, "Extra inputs are not permitted"),
        ({}, "expected exactly one of file, rows, parts"),
        ({"file": "a", "columns": {"x": {"from": "a", "value": 1}}}, "expected one origin"),
        ({"file": "a", "where": [{"column": "x"}]}, "expected at least one of is, not"),
        ({"file": "a", "columns": {"x": {"unit": "percents"}}}, "Input should be 'decimal', 'percent'"),
    ],
)
def test_wrong_terms_are_refused(terms: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        TableMap.model_validate(terms)


def test_mapping_moves_no_number(tmp_path: Path) -> None:
    values = np.random.default_rng(1).random(200).round(6)
    text = "d,v\n" + "".join(f"2020-01-{1 + i % 31:02d},{value}\n" for i, value in enumerate(values))
    table = _values(map_text(tmp_path, text, None, columns={"v": {"kind": "number"}}))
    np.testing.assert_array_equal(table["v"].to_numpy(), values)


STAMPS = ["2020-03-31 23:30:00", "2020-02-29 00:00:01"]
TIMED = "Set `day = true` for it in the profile, or write the day alone"


@pytest.mark.parametrize("how", [{}, {"date_format": "%Y-%m-%d %H:%M:%S"}])
@pytest.mark.parametrize("typed", [False, True])
def test_a_time_stamp_gives_its_day_where_the_profile_says_so(tmp_path: Path, how: dict[str, Any], typed: bool) -> None:
    stamps = pd.to_datetime(pd.Series(STAMPS)) if typed else pd.Series(STAMPS)
    pd.DataFrame({"at": stamps}).to_parquet(tmp_path / "extract.parquet")
    columns = {
        "origination_date": {"from": "at", "day": True, **how},
        "month": {"from": "at", "month_end": True, **how},
    }
    source = TableMap.model_validate({"file": "extract.parquet", "columns": columns})
    table = _values(map_table(source, None, tmp_path, "table"))
    assert table["origination_date"].tolist() == [pd.Timestamp("2020-03-31"), pd.Timestamp("2020-02-29")]
    assert table["month"].equals(table["origination_date"].rename("month"))


@pytest.mark.parametrize("typed", [False, True])
def test_a_time_of_day_that_nobody_asked_for_is_named_once_with_its_cure(tmp_path: Path, typed: bool) -> None:
    stamps = pd.to_datetime(pd.Series(STAMPS)) if typed else pd.Series(STAMPS)
    pd.DataFrame({"month": stamps}).to_parquet(tmp_path / "extract.parquet")
    source = TableMap.model_validate({"file": "extract.parquet", "columns": {"month": {}}})
    mapped = map_table(source, PRODUCT_RATES, tmp_path, "table")
    assert [(one.value, one.hint) for one in mapped.faults] == [(STAMPS[0], TIMED), (STAMPS[1], TIMED)]
    if typed:
        assert not [one for one in check(mapped.table, PRODUCT_RATES) if "time of day" in one.rule]


@pytest.mark.parametrize("zone", ["-05:00", "+0900", "Z", " +00:00"])
def test_a_day_is_that_of_the_clock_on_the_wall(tmp_path: Path, zone: str) -> None:
    text = f"id,at,paid\nA,2020-03-31T23:30:00{zone},1\nA,2020-04-01T00:15:00{zone},2\n"
    aggregate = {"by": ["id"], "date": "at", "take": {"paid": "sum"}}
    columns = {"month": {"from": "at", "kind": "date"}, "paid": {"kind": "number"}}
    assert _values(map_text(tmp_path, text, None, aggregate=aggregate, columns=columns))["paid"].tolist() == [1.0, 2.0]


def test_a_name_is_composed_of_columns(tmp_path: Path) -> None:
    text = "BRANCH,NO\n001,007\n002,007\n,008\n"
    table = _values(map_text(tmp_path, text, None, columns={"loan_id": {"composed": "A-{BRANCH}/{NO}"}}))
    assert table["loan_id"].tolist()[:2] == ["A-001/007", "A-002/007"]
    assert table["loan_id"].isna().tolist() == [False, False, True]
    for odd in ("BRANCH", "{BRANCH", "{}", "{A}-}"):
        with pytest.raises(ValidationError, match="expected columns in braces"):
            TableMap.model_validate({"file": "a.csv", "columns": {"loan_id": {"composed": odd}}})


def test_numbers_of_a_name_are_composed_as_text(tmp_path: Path) -> None:
    pd.DataFrame({"no": [7, 8], "part": [1.0, np.nan]}).to_parquet(tmp_path / "extract.parquet")
    source = TableMap.model_validate({"file": "extract.parquet", "columns": {"unit": {"composed": "{no}.{part}"}}})
    found = map_table(source, None, tmp_path, "table", {})
    assert found.table["unit"].tolist()[0] == "7.1"
    assert found.table["unit"].isna().tolist() == [False, True]


def test_months_that_only_the_names_of_files_say(tmp_path: Path) -> None:
    for name, balance in (("loans_202401.csv", 5), ("loans_202402.csv", 4)):
        (tmp_path / name).write_text(f"loan,balance\n7,{balance}\n", encoding="utf-8")
    terms = {
        "file": ["loans_202401.csv", "loans_202402.csv"],
        "file_column": "FILE",
        "where": [{"column": "FILE", "filled": True}],
        "columns": {
            "loan_id": "loan",
            "month": {"from": "FILE", "date_format": "loans_%Y%m.csv", "month_end": True},
            "balance": {},
        },
    }
    source = TableMap.model_validate(terms)
    assert source.reads() == ("loan", "balance")
    table = _values(map_table(source, LOAN_MONTHS, tmp_path, "table", {}))
    assert table["month"].dt.strftime("%Y-%m-%d").tolist() == ["2024-01-31", "2024-02-29"]
    assert table["balance"].tolist() == [5.0, 4.0]
    odd = map_table(source.model_copy(update={"file_column": "loan"}), LOAN_MONTHS, tmp_path, "table", {})
    assert odd.faults[0].rule == "`file_column` is a column of the extract already"


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("ragged", [False, True])
def test_lines_around_the_rows_are_skipped(tmp_path: Path, end: str, ragged: bool) -> None:
    lines = ["Book of loans", "as of; 31.01.2024", "loan;balance", "7;5", "8;x", *(["9"] if ragged else []), "T;2;;"]
    content = end.join(lines) + end
    text = {"delimiter": ";", "skip_lines": 2, "skip_last_lines": 1}
    (tmp_path / "extract.csv").write_text(content, encoding="utf-8", newline="")
    terms = {"file": "extract.csv", "text": text, "columns": {"loan_id": "loan", "balance": {}}}
    found = map_table(TableMap.model_validate(terms), LOAN_MONTHS, tmp_path, "table", {})
    assert found.table["loan_id"].tolist() == ["7", "8"]
    wanted = [(6, None), (5, "balance")] if ragged else [(5, "balance")]
    assert [(one.line, one.column) for one in found.faults] == wanted
    every = TableMap.model_validate({**terms, "text": {**text, "skip_lines": 9}})
    assert "lines that are skipped" in map_table(every, LOAN_MONTHS, tmp_path, "table", {}).faults[0].rule


@given(st.lists(st.integers(1, 10**9), min_size=1, max_size=60), st.integers(0, 4))
def test_an_account_that_is_emptied_holds_nothing(
    tmp_path_factory: pytest.TempPathFactory, cents: list[int], places: int
) -> None:
    """Money is counted in its smallest unit: neither a balance nor a month's sum keeps what binary fractions leave."""
    flows = [*cents, *(-one for one in reversed(cents))]
    text = "id,day,paid\n" + "".join(f"1,2024-01-{k % 28 + 1:02},{one / 10**places}\n" for k, one in enumerate(flows))
    by = {"by": ["id"], "date": "day"}
    for steps in (
        {"cumulate": {**by, "columns": {"paid": "held"}}, "aggregate": {**by, "take": {"held": "last"}}},
        {"aggregate": {**by, "take": {"paid": "sum"}}},
    ):
        table = _values(map_text(tmp_path_factory.mktemp("sums"), text, None, **steps))
        assert table.iloc[-1, -1] == 0.0


def test_a_table_that_its_steps_empty_says_which(tmp_path: Path) -> None:
    columns = {"account_id": "id", "month": {"value": "2024-01-31"}, "balance": {}}
    having = [{"column": "balance", "above": 9}]
    found = map_text(tmp_path, "id,balance\n7,5\n", ACCOUNT_MONTHS, columns=columns, having=having)
    rule = "expected at least one row that counts (1 rows set aside by `having`)"
    assert [one.rule for one in found.faults] == [rule]
