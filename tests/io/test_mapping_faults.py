"""What a mapping cannot read, it names: no cell becomes missing, and no row is chosen, without a word."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pydantic import ValidationError

from behavior.contracts import Place, TableContract
from behavior.errors import SpecFault
from behavior.io.column_terms import ColumnMap
from behavior.io.inputs import examine_history
from behavior.io.mapping import MappedTable, map_table
from behavior.io.mapping_terms import TableMap, Text
from behavior.io.profiles import load_profile
from behavior.panel.contracts import ACCOUNT_MONTHS, ACCOUNTS, LOAN_MONTHS
from tests.io.door_cases import map_text

THOUSANDS = "expected a plain number without thousands separators"
NO_NUMBER = "expected a number, not text"
NO_DAY = "expected an ISO date (2026-09-30)"


def _map(
    folder: Path,
    content: str,
    columns: dict[str, Any],
    contract: TableContract | None = None,
    siblings: dict[str, pd.DataFrame] | None = None,
    **terms: Any,
) -> MappedTable:
    return map_text(folder, content, contract, siblings, columns=columns, **terms)


def _said(mapped: MappedTable) -> list[tuple[int | None, str | None, str | None, str]]:
    return [(one.line, one.column, one.value, one.rule) for one in mapped.faults]


GROSS = 'gross,fees\n100,1\n100,"1,000"\n100,abc\n100,\n100,2\n'


@pytest.mark.parametrize("step", ["minus", "plus", "divided_by"])
@pytest.mark.parametrize("contract", [ACCOUNT_MONTHS, None])
def test_what_arithmetic_cannot_read_is_named(tmp_path: Path, step: str, contract: TableContract | None) -> None:
    mapped = _map(tmp_path, GROSS, {"balance": {"from": "gross", step: ["fees"]}}, contract)
    assert _said(mapped) == [(3, "fees", "1,000", THOUSANDS), (4, "fees", "abc", NO_NUMBER)]
    first, last = {"minus": (99.0, 98.0), "plus": (101.0, 102.0), "divided_by": (100.0, 50.0)}[step]
    balances = mapped.table["balance"]
    assert [balances.iloc[0], balances.iloc[4]] == [first, last]
    assert balances.isna().tolist() == [False, True, True, True, False]


GERMAN = {"delimiter": ";", "decimal": ",", "thousands": "."}
WRITTEN = "expected a number with `,` before the decimals and `.` between thousands"


def test_a_number_in_another_writing_is_named_and_not_guessed_at(tmp_path: Path) -> None:
    content = 'balance\n1.234,5\n1.23\n1,234.5\n12.34,5\n1.234\n1,5E3\nx\n""\n-0,5\n'
    mapped = _map(tmp_path, content, {"balance": {}}, ACCOUNT_MONTHS, text=GERMAN)
    assert [one[:3] for one in _said(mapped)] == [
        (3, "balance", "1.23"),
        (4, "balance", "1,234.5"),
        (5, "balance", "12.34,5"),
        (8, "balance", "x"),
    ]
    assert {one[3] for one in _said(mapped)} == {WRITTEN}
    wanted = [1234.5, np.nan, np.nan, np.nan, 1234.0, 1500.0, np.nan, np.nan, -0.5]
    np.testing.assert_array_equal(mapped.table["balance"], wanted)
    above = _map(
        tmp_path, content, {"balance": {"kind": "text"}}, text=GERMAN, where=[{"column": "balance", "above": 1}]
    )
    assert [one[0] for one in _said(above)] == [3, 4, 5, 8]


def test_words_of_the_profile_are_plain_numbers_and_another_table_is_written_its_own_way(tmp_path: Path) -> None:
    content = "id;grade\n1;A\n2;0,5\n3;0.75\n"
    columns = {
        "balance": {"from": "grade", "values": {"A": 1.25}},
        "debits": {"join": {"table": "other", "on": ["id"], "column": "amount"}, "otherwise": 0.125},
        "credits": {"from": "grade", "values": {"A": 1.25}, "otherwise": "2.5"},
    }
    other = pd.DataFrame({"id": ["1", "2"], "amount": ["1.5", "2.500"]})
    mapped = _map(tmp_path, content, columns, ACCOUNT_MONTHS, {"other": other}, text=GERMAN)
    assert [one[:3] for one in _said(mapped)] == [(4, "grade", "0.75")]
    np.testing.assert_array_equal(mapped.table["balance"], [1.25, 0.5, np.nan])
    np.testing.assert_array_equal(mapped.table["debits"], [1.5, 2.5, 0.125])
    np.testing.assert_array_equal(mapped.table["credits"], [1.25, 2.5, 2.5])


def test_a_name_that_stands_twice_in_the_header_is_told_where_it_is_read(tmp_path: Path) -> None:
    content = "balance,fees,balance,,\n1,2,3,,\n"
    mapped = _map(tmp_path, content, {"balance": {}}, ACCOUNT_MONTHS)
    assert [(one.line, one.column) for one in mapped.faults] == [(1, "balance")]
    mapped = _map(tmp_path, content, {"balance": "fees"}, ACCOUNT_MONTHS)
    assert mapped.faults == () and mapped.table["balance"].tolist() == [2.0]


def test_arithmetic_reads_numbers_as_they_are_written(tmp_path: Path) -> None:
    text = {"delimiter": ";", "decimal": ",", "thousands": "."}
    columns = {"balance": {"from": "gross", "minus": ["fees"]}}
    mapped = _map(tmp_path, "gross;fees\n2.000,5;1.000,25\n", columns, ACCOUNT_MONTHS, text=text)
    assert mapped.faults == ()
    assert mapped.table["balance"].tolist() == [1000.25]


def test_infinity_is_no_number_to_reckon_with(tmp_path: Path) -> None:
    mapped = _map(tmp_path, "gross,fees\n1,inf\n", {"balance": {"from": "gross", "minus": ["fees"]}})
    assert _said(mapped) == [(2, "fees", "inf", "expected a finite number")]


def test_one_cell_in_two_columns_is_named_once(tmp_path: Path) -> None:
    columns = {"credits": {"from": "fees"}, "balance": {"from": "gross", "minus": ["fees"]}}
    mapped = _map(tmp_path, "gross,fees\n100,abc\n", columns)
    assert len(mapped.faults) == 1


@pytest.mark.parametrize("step", ["minus", "plus", "divided_by", "fill_from"])
def test_a_column_of_arithmetic_that_is_not_there(tmp_path: Path, step: str) -> None:
    (fault,) = _map(tmp_path, "gross\n100\n", {"balance": {"from": "gross", step: ["fees"]}}).faults
    assert fault.column == "fees"
    assert "the extract does not have" in fault.rule


LOOKUP = pd.DataFrame({"rel": ["x", "x", "y", "z", "z"], "product": ["savings", "checking", "savings", "term", "term"]})
JOIN = {"table": "lk", "on": ["rel"], "column": "product"}


def test_rows_of_one_key_that_differ_are_named(tmp_path: Path) -> None:
    mapped = _map(tmp_path, "rel\ny\nx\nx\nz\n", {"product": {"join": JOIN}}, ACCOUNTS, {"lk": LOOKUP})
    assert _said(mapped) == [
        (
            3,
            "rel",
            "x (lk.csv, line 2; lk.csv, line 3)",
            "expected one row of `lk` with this key, or rows that agree on `product`",
        )
    ]


@pytest.mark.parametrize(("take", "product"), [("first", "savings"), ("last", "checking")])
def test_the_mapping_may_say_which_row_is_meant(tmp_path: Path, take: str, product: str) -> None:
    mapped = _map(tmp_path, "rel\nx\n", {"product": {"join": {**JOIN, "take": take}}}, ACCOUNTS, {"lk": LOOKUP})
    assert mapped.faults == ()
    assert mapped.table["product"].tolist() == [product]


def test_a_key_that_nobody_asks_for_may_be_ambiguous(tmp_path: Path) -> None:
    mapped = _map(tmp_path, "rel\ny\nz\n", {"product": {"join": JOIN}}, ACCOUNTS, {"lk": LOOKUP})
    assert mapped.faults == ()
    assert mapped.table["product"].tolist() == ["savings", "term"]


def test_an_empty_key_finds_no_row(tmp_path: Path) -> None:
    lookup = pd.DataFrame({"rel": ["x", None], "product": ["savings", "checking"]})
    mapped = _map(tmp_path, "rel,b\nx,1\n,2\n", {"product": {"join": JOIN}}, ACCOUNTS, {"lk": lookup})
    assert mapped.table["product"].isna().tolist() == [False, True]


def test_keys_of_different_types_meet_as_text(tmp_path: Path) -> None:
    lookup = pd.DataFrame({"rel": [1.0, 2.0], "product": ["savings", "term"]})
    mapped = _map(tmp_path, "rel\n2\n", {"product": {"join": JOIN}}, ACCOUNTS, {"lk": lookup})
    assert mapped.table["product"].tolist() == ["term"]


def test_a_column_that_the_lookup_does_not_have(tmp_path: Path) -> None:
    with pytest.raises(SpecFault, match="column `kind`: expected one of the columns rel, product"):
        _map(tmp_path, "rel\nx\n", {"product": {"join": {**JOIN, "column": "kind"}}}, ACCOUNTS, {"lk": LOOKUP})


def test_a_lookup_that_cannot_be_read_is_named_alone(tmp_path: Path) -> None:
    (tmp_path / "lk.csv").write_text("", encoding="utf-8")
    (tmp_path / "accounts.csv").write_text("account_id,open_date,rel\na,2020-01-15,x\n", encoding="utf-8")
    (tmp_path / "months.csv").write_text("account_id,month,balance\na,2020-01-31,1\n", encoding="utf-8")
    (tmp_path / "p.toml").write_text(
        'name = "p"\n[history.d]\ncontract = "deposit_history/1"\nlookups.lk.file = "lk.csv"\n'
        'tables.account_months.file = "months.csv"\n[history.d.tables.accounts]\nfile = "accounts.csv"\n'
        'columns = { account_id = {}, open_date = {}, close_date = { value = "" }, product = { join = '
        '{ table = "lk", on = ["rel"], column = "product" } } }\n',
        encoding="utf-8",
    )
    _, faults = examine_history(load_profile(tmp_path / "p.toml"), "d")
    assert "the file is empty" in faults[0].rule


def test_rows_are_not_set_aside_for_cells_that_cannot_be_read(tmp_path: Path) -> None:
    text = 'CODE,BAL\n01,5\n01,"1,000"\n02,abc\n01,-1\n01,\n'
    where = [{"column": "BAL", "above": 0}, {"column": "CODE", "is": "01"}]
    mapped = _map(tmp_path, text, {"balance": "BAL"}, LOAN_MONTHS, where=where)
    assert _said(mapped) == [(3, "BAL", "1,000", THOUSANDS)]
    assert mapped.table["balance"].tolist() == [5.0]


def test_bounds_read_numbers_as_they_are_written(tmp_path: Path) -> None:
    form = {"delimiter": ";", "decimal": ",", "thousands": "."}
    where = [{"column": "BAL", "above": 1000}]
    mapped = _map(tmp_path, "BAL\n1.234,5\n7,5\n", {"balance": "BAL"}, LOAN_MONTHS, where=where, text=form)
    assert mapped.table["balance"].tolist() == [1234.5]


@pytest.mark.parametrize("bound", ["2020-02-01", dt.date(2020, 2, 1), "closed"])
def test_days_in_text_are_compared_as_days(tmp_path: Path, bound: Any) -> None:
    text = "opened,closed\n2020-01-15,2021-01-15\n2020-03-15,2019-01-15\n15/13/2020,2021-01-15\n"
    where = [{"column": "opened", "at_least": bound}]
    mapped = _map(tmp_path, text, {"open_date": "opened"}, ACCOUNTS, where=where)
    assert _said(mapped) == [(4, "opened", "15/13/2020", NO_DAY)]
    assert mapped.table["open_date"].tolist() == [pd.Timestamp("2020-03-15")]


@pytest.mark.parametrize("test", [{"above": "abc"}, {"is": "abc"}, {"at_most": 5}])
def test_a_bound_that_is_nothing_is_refused(tmp_path: Path, test: dict[str, Any]) -> None:
    columns = {"month": {"from": "m", "date_format": "%Y-%m-%d"}}
    with pytest.raises(SpecFault, match="expected a number, a date"):
        _map(tmp_path, "m\n2020-01-31\n", columns, having=[{"column": "month", **test}])
    if "above" in test:
        with pytest.raises(SpecFault, match="expected a number, a date"):
            _map(tmp_path, "m\n2020-01-31\n", columns, where=[{"column": "m", **test}])


@pytest.mark.parametrize(
    ("how", "text", "said"),
    [
        ({"months_between": ["a", "b"]}, "a,b\n2020-01-15,2020-13-15\n", [(2, "b", "2020-13-15", NO_DAY)]),
        ({"months_between": ["a", "b"]}, "a,b\n15/13/2020,2020-03-15\n", [(2, "a", "15/13/2020", NO_DAY)]),
        ({"months_between": ["a", "b"]}, "a,b\n,2020-03-15\n", []),
        ({"months_after": {"date": "a", "months": "b"}}, "a,b\nsoon,3\n", [(2, "a", "soon", NO_DAY)]),
        ({"months_after": {"date": "a", "months": "b"}}, "a,b\n2020-01-31,many\n", [(2, "b", "many", NO_NUMBER)]),
        (
            {"months_after": {"date": "a", "months": "b"}},
            "a,b\n2020-01-31,1e300\n2020-01-31,1.5\n2020-01-31,1\n",
            [(line, "b", value, "expected whole months, 12,000 at most") for line, value in ((2, "1e300"), (3, "1.5"))],
        ),
    ],
)
def test_dates_that_cannot_be_reckoned_with_are_named(
    tmp_path: Path, how: dict[str, Any], text: str, said: list[Any]
) -> None:
    assert _said(_map(tmp_path, text, {"x": how})) == said


def test_cases_ask_only_the_rows_that_are_left(tmp_path: Path) -> None:
    cases = [
        {"when": [{"column": "CODE", "is": "01"}], "then": "open"},
        {"when": [{"column": "AGE", "above": 360}], "then": "matured"},
    ]
    text = "CODE,AGE\n01,abc\n02,abc\n02,361\n"
    mapped = _map(tmp_path, text, {"status": {"cases": cases, "otherwise": "prepaid"}}, LOAN_MONTHS)
    assert _said(mapped) == [(3, "AGE", "abc", NO_NUMBER)]
    assert mapped.table["status"].tolist() == ["open", "prepaid", "matured"]


@pytest.mark.parametrize(
    ("thens", "otherwise", "made"),
    [
        (["a", "b"], "", ["a", "b", None]),
        ([1, 2.5], 0, [1.0, 2.5, 0.0]),
        ([True, False], None, [True, False, None]),
        (["2020-01-31", ""], "x", ["2020-01-31", None, "x"]),
    ],
)
def test_cases_of_every_kind(tmp_path: Path, thens: list[Any], otherwise: Any, made: list[Any]) -> None:
    cases = [{"when": [{"column": "c", "is": str(at)}], "then": then} for at, then in enumerate(thens)]
    terms = {"cases": cases, **({} if otherwise is None else {"otherwise": otherwise})}
    cells = _map(tmp_path, "c\n0\n1\n2\n", {"x": terms}).table["x"]
    assert [None if pd.isna(one) else one for one in cells] == made


def test_cases_of_two_kinds_are_refused() -> None:
    cases = [{"when": [{"column": "c", "is": at}], "then": then} for at, then in (("a", "text"), ("b", 1))]
    with pytest.raises(ValidationError, match="of one kind"):
        ColumnMap.model_validate({"cases": cases})


@pytest.mark.parametrize(
    "how",
    [
        {"from": "a", "kind": "text", "rounded": True},
        {"from": "a", "kind": "date", "unit": "percent"},
        {"from": "a", "kind": "number", "month_end": True},
        {"from": "a", "date_format": "%Q"},
        {"from": "a", "date_format": "mixed"},
    ],
)
def test_what_a_kind_does_not_have_is_refused(tmp_path: Path, how: dict[str, Any]) -> None:
    with pytest.raises(SpecFault):
        _map(tmp_path, "a\n1\n", {"x": how})


@pytest.mark.parametrize(
    "text",
    [
        {"delimiter": ""},
        {"delimiter": ";;"},
        {"delimiter": "\n"},
        {"encoding": "latin-99"},
        {"encoding": "base64"},
        {"decimal": ""},
        {"decimal": "5"},
        {"thousands": "."},
        {"header": False},
    ],
)
def test_a_writing_that_no_file_has_is_refused(text: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Text.model_validate(text)


def test_rows_without_a_key_are_not_lost_in_groups(tmp_path: Path) -> None:
    text = "id,day,flow\nA,2020-01-05,10\n,2020-01-30,12\nA,,3\n"
    terms = {
        "cumulate": {"by": ["id"], "date": "day", "columns": {"flow": "held"}},
        "aggregate": {"by": ["id"], "date": "day", "take": {"held": "last"}},
    }
    table = _map(tmp_path, text, {"account_id": "id", "month": "day", "balance": "held"}, ACCOUNT_MONTHS, **terms).table
    assert table["account_id"].isna().sum() == 1
    assert table["month"].isna().sum() == 1
    assert sorted(table["balance"]) == [10.0, 12.0, 13.0]


def test_numbers_are_not_compared_as_text(tmp_path: Path) -> None:
    aggregate = {"by": ["id"], "take": {"held": "maximum"}}
    mapped = _map(tmp_path, 'id,held\nA,90\nA,"1,000"\n', {"balance": "held"}, ACCOUNT_MONTHS, aggregate=aggregate)
    assert _said(mapped) == [(3, "held", "1,000", THOUSANDS)]


ODD = {"lists": pa.array([[1], [2]]), "bytes": pa.array([b"a", b"\xff"]), "days": pa.array([dt.date(2020, 1, 31)] * 2)}
STEPS: dict[str, dict[str, Any]] = {
    "cumulate": {"cumulate": {"by": ["c"], "date": "d", "columns": {"c": "held"}}, "columns": {"balance": "held"}},
    "sum": {"aggregate": {"by": ["k"], "take": {"c": "sum"}}, "columns": {"balance": "c"}},
    "melt": {
        "melt": {"id": ["d"], "name": "s", "value": "q", "columns": {"c": "A", "g": "B"}},
        "columns": {"balance": "q"},
    },
    "where": {"where": [{"column": "d", "at_least": "c"}], "columns": {"balance": "c"}},
    "join": {"columns": {"balance": {"join": {"table": "lk", "on": {"c": "rel"}, "column": "product"}}}},
}


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("odd", ODD)
def test_cells_of_odd_types_are_named_or_read(tmp_path: Path, odd: str, step: str) -> None:
    table = {"k": ["1", "2"], "d": [dt.date(2020, 1, 31)] * 2, "g": [1.0, 2.0], "c": ODD[odd]}
    pq.write_table(pa.table(table), tmp_path / "extract.parquet")
    source = TableMap.model_validate({"file": "extract.parquet", **STEPS[step]})
    lookup = MappedTable(LOOKUP, Place("lk.csv"), ())
    mapped = map_table(source, ACCOUNT_MONTHS, tmp_path, "table", {"lk": lookup})
    assert mapped.faults or step == "join" or (step, odd) == ("melt", "days")


def test_exits_need_the_columns_that_they_are_told_by(tmp_path: Path) -> None:
    columns = {"loan_id": {"from": "k"}, "status": {"value": "prepaid"}}
    with pytest.raises(SpecFault, match="column `month`"):
        _map(tmp_path, "k\n1\n", columns, LOAN_MONTHS, drop_after_exit=True)


def test_dates_of_a_key_are_held_against_dates(tmp_path: Path) -> None:
    """A key in another form of date would find no row, and every cell would be `otherwise`."""
    join = {"table": "other", "on": {"month": "DAY"}, "column": "paid"}
    columns = {"month": {"month_end": True}, "balance": {"join": join, "otherwise": 0}}
    other = pd.DataFrame({"DAY": ["31.01.2024"], "paid": [5.0]})
    mapped = _map(tmp_path, "month\n2024-01-15\n", columns, ACCOUNT_MONTHS, {"other": other})
    assert [one[1:] for one in _said(mapped)] == [("month", "31.01.2024", "expected ISO dates in the key of a join")]
    assert "Give `DAY` of `other` its `date_format`" in mapped.faults[0].hint
    iso = pd.DataFrame({"DAY": ["2024-01-31T00:00:00"], "paid": [5.0]})
    mapped = _map(tmp_path, "month\n2024-01-15\n", columns, ACCOUNT_MONTHS, {"other": iso})
    assert (mapped.faults, mapped.notes, mapped.table["balance"].tolist()) == ((), (), [5.0])


def test_a_join_that_finds_nothing_is_told(tmp_path: Path) -> None:
    columns = {"id": {}, "balance": {"join": {"table": "other", "on": ["id"], "column": "paid"}, "otherwise": 0}}
    other = pd.DataFrame({"id": ["001", "002"], "paid": [5.0, 6.0]})
    mapped = _map(tmp_path, "id\n1\n2\n", columns, ACCOUNT_MONTHS, {"other": other})
    assert mapped.faults == ()
    assert mapped.notes == ("balance: no `id` is a `id` of `other`: `paid` is found for no row",)


def test_equal_amounts_leave_nothing(tmp_path: Path) -> None:
    """0.30 less 0.10 less 0.20 is not a credit of -3e-17, which the contract refuses."""
    rows = "paid,interest,fees\n0.30,0.10,0.20\n0.30,0.10,0.19\n"
    mapped = _map(tmp_path, rows, {"credits": {"from": "paid", "minus": ["interest", "fees"]}}, ACCOUNT_MONTHS)
    assert mapped.table["credits"].tolist() == [0.0, pytest.approx(0.01, abs=1e-12)]
