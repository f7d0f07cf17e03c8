"""Each file's numbers are read as that file writes them, also where tables meet."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from behavior.io.mapping import MappedTable, map_table
from behavior.io.mapping_terms import TableMap
from behavior.panel.contracts import ACCOUNT_MONTHS

GERMAN = {"delimiter": ";", "decimal": ",", "thousands": "."}
PLAIN = {"delimiter": ";"}
# 12.500 is twelve and a half in one writing and twelve thousand five hundred in the other.
FILES = {"german.csv": "ID;AMOUNT\n1;12.500\n2;1,25\n", "plain.csv": "ID;AMOUNT\n3;12.500\n4;1.25\n"}
PARTS = {"a": {"file": "german.csv", "text": GERMAN}, "b": {"file": "plain.csv", "text": PLAIN}}
SAID = "the parts write numbers differently, and this column is still text"


def _mapped(folder: Path, siblings: dict[str, MappedTable] | None = None, **terms: Any) -> MappedTable:
    _write(folder)
    return map_table(TableMap.model_validate(terms), ACCOUNT_MONTHS, folder, "table", siblings)


def _lookup(folder: Path, file: str, text: dict[str, str]) -> MappedTable:
    _write(folder)
    return map_table(TableMap.model_validate({"file": file, "text": text}), None, folder, "lookup")


def _write(folder: Path) -> None:
    for name, content in FILES.items():
        (folder / name).write_text(content, encoding="utf-8")


@pytest.mark.parametrize("there", ["german.csv", "plain.csv"])
@pytest.mark.parametrize("here", [GERMAN, PLAIN], ids=["german", "plain"])
def test_a_lookup_is_read_as_it_is_written(tmp_path: Path, here: dict[str, str], there: str) -> None:
    text = GERMAN if there == "german.csv" else PLAIN
    lookup = _lookup(tmp_path, there, text)
    (tmp_path / "here.csv").write_text("ID\n1\n3\n9\n", encoding="utf-8")
    join = {"table": "lookup", "on": ["ID"], "column": "AMOUNT"}
    columns = {"ID": {}, "balance": {"join": join, "otherwise": 0.125}}
    found = _mapped(tmp_path, {"lookup": lookup}, file="here.csv", text=here, columns=columns)
    assert found.faults == ()
    wanted = [12500.0, 0.125, 0.125] if there == "german.csv" else [0.125, 12.5, 0.125]
    assert found.table["balance"].tolist() == wanted


def test_parts_that_are_written_alike_stay_so(tmp_path: Path) -> None:
    parts = {name: {"file": "german.csv", "text": GERMAN} for name in "ab"}
    found = _mapped(tmp_path, parts=parts, columns={"balance": "AMOUNT"})
    assert (found.faults, found.table["balance"].tolist()) == ((), [12500.0, 1.25] * 2)
    parts["a"]["columns"] = {"AMOUNT": {"times": -1}}
    found = _mapped(tmp_path, parts=parts, columns={"balance": "AMOUNT"})
    assert (found.faults, found.table["balance"].tolist()) == ((), [-12500.0, -1.25, 12500.0, 1.25])


def test_parts_that_are_written_differently_say_what_is_a_number(tmp_path: Path) -> None:
    found = _mapped(tmp_path, parts=PARTS, columns={"balance": "AMOUNT"})
    assert [(one.where, one.column) for one in found.faults if one.rule == SAID] == [("german.csv", "AMOUNT")]
    typed = {name: {**part, "columns": {"AMOUNT": {"kind": "number"}}} for name, part in PARTS.items()}
    found = _mapped(tmp_path, parts=typed, columns={"balance": "AMOUNT"})
    assert (found.faults, found.table["balance"].tolist()) == ((), [12500.0, 1.25, 12.5, 1.25])


def test_a_column_that_fills_another_is_of_its_own_table(tmp_path: Path) -> None:
    lookup = _lookup(tmp_path, "plain.csv", PLAIN)
    join = {"table": "lookup", "on": ["ID"], "column": "AMOUNT"}
    (tmp_path / "here.csv").write_text("ID;OTHER\n3;7\n9;12.500\n", encoding="utf-8")
    columns = {"balance": {"join": join, "fill_from": ["OTHER"]}}
    found = _mapped(tmp_path, {"lookup": lookup}, file="here.csv", text=GERMAN, columns=columns)
    assert (found.faults, found.table["balance"].tolist()) == ((), [12.5, 12500.0])


def test_a_minus_may_stand_behind(tmp_path: Path) -> None:
    (tmp_path / "sap.csv").write_text("ID;AMOUNT\n1;1.234,50-\n2;0,5\n3;-1\n4;-\n", encoding="utf-8")
    source = {"file": "sap.csv", "columns": {"credits": {"from": "AMOUNT", "times": -1}}}
    found = _mapped(tmp_path, **source, text={**GERMAN, "minus": "after"})
    assert found.table["credits"].head(2).tolist() == [1234.5, -0.5]
    assert [(one.line, one.value) for one in found.faults] == [(4, "-1"), (5, "-")]
    found = _mapped(tmp_path, **source, text=GERMAN)
    assert [(one.line, one.value) for one in found.faults] == [(2, "1.234,50-"), (5, "-")]


def test_cells_that_are_numbers_already_stay(tmp_path: Path) -> None:
    rows = [{"AMOUNT": 1.5}, {"AMOUNT": 12.5}]
    parts = {"a": {"rows": rows}, "b": {"file": "german.csv", "text": GERMAN}}
    found = _mapped(tmp_path, parts=parts, columns={"balance": "AMOUNT"})
    assert found.table["balance"].tolist() == [1.5, 12.5, 12500.0, 1.25]


WRITINGS = {
    "german": (GERMAN, "0,00", "1.000,50", "1,5", "15"),
    "french": ({"delimiter": ";", "decimal": ",", "thousands": " "}, "0,0", "1 000,50", "1,50", "15,0"),
    "bookkeeper": ({"delimiter": ";", "minus": "after"}, "0.00", "1000.50", "1.5", "15"),
    "plain": (PLAIN, "0.00", "1000.5", "1.50", "15.0"),
}


@pytest.mark.parametrize("writing", WRITINGS)
@pytest.mark.parametrize("test", ["is", "not", "null_where", "fill_from", "when"])
def test_a_number_is_found_in_every_writing(tmp_path: Path, writing: str, test: str) -> None:
    """A masked balance of 0 is missing however the file writes 0; it would stand as a balance of nothing."""
    text, nothing, thousand, half, fifteen = WRITINGS[writing]
    rows = [f"{k};2024-01-31;{cell};" for k, cell in enumerate((nothing, thousand, half, fifteen))]
    (tmp_path / "file.csv").write_text("\n".join(["ID;DAY;AMOUNT;NONE", *rows]) + "\n", encoding="utf-8")
    wanted = [0, 1000.5, 1.5]
    balance: dict[str, Any] = {"from": "AMOUNT"}
    terms: dict[str, Any] = {"file": "file.csv", "text": text}
    if test in ("is", "not"):
        terms["where"] = [{"column": "AMOUNT", test: wanted}]
    elif test == "when":
        balance["null_when"] = [{"column": "AMOUNT", "is": wanted}]
    elif test == "fill_from":
        balance = {"from": "NONE", "fill_from": ["AMOUNT"], "null_where": wanted}
    else:
        balance["null_where"] = wanted
    terms["columns"] = {"account_id": "ID", "month": "DAY", "balance": balance}
    mapped = map_table(TableMap.model_validate(terms), ACCOUNT_MONTHS, tmp_path, "table")
    assert mapped.faults == ()
    found = [float(one) for one in mapped.table["balance"].dropna()]
    assert found == ([0.0, 1000.5, 1.5] if test == "is" else [15.0])
