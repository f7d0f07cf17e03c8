"""Files with a column a series, or a column a month, become rows."""

from __future__ import annotations

from pathlib import Path

import pytest

from behavior.market.contracts import RATES_TABLE
from tests.io.door_cases import map_text


def test_wide_becomes_long_without_empty_cells(tmp_path: Path) -> None:
    text = "week,frm30,frm15\n2020-01-02,3.72,3.16\n2020-01-09,3.64,\n"
    melt = {
        "id": ["week"],
        "name": "series",
        "value": "quote",
        "columns": {"frm30": "MORTGAGE30", "frm15": "MORTGAGE15"},
    }
    columns = {"date": "week", "index": "series", "value": {"from": "quote", "unit": "percent"}}
    table = map_text(tmp_path, text, RATES_TABLE, melt=melt, columns=columns).table
    assert table["date"].dt.day.tolist() == [2, 9, 2]
    assert table["index"].tolist() == ["MORTGAGE30", "MORTGAGE30", "MORTGAGE15"]
    assert table["value"].tolist() == pytest.approx([0.0372, 0.0364, 0.0316], abs=1e-15)


def test_a_file_with_a_column_a_month_needs_no_list_of_them(tmp_path: Path) -> None:
    """Next month's file has one column more, which a list in the profile would leave out without a word."""
    melt = {"id": ["SERIES"], "name": "period", "value": "quote"}
    columns = {
        "date": {"from": "period", "date_format": "%m/%Y", "month_end": True},
        "index": "SERIES",
        "value": {"from": "quote", "unit": "percent"},
    }
    for months in (1, 2, 3):
        head = ";".join(["SERIES", *(f"{k:02d}/2024" for k in range(1, months + 1))])
        rows = [";".join([name, *["1,5"] * (months - 1), last]) for name, last in (("SHORT", "1,75"), ("LONG", ""))]
        text = "\n".join([head, *rows]) + "\n"
        how = {"delimiter": ";", "decimal": ","}
        table = map_text(tmp_path, text, RATES_TABLE, melt=melt, columns=columns, text=how, sort=True).table
        found = {name: part["value"].tolist() for name, part in table.groupby("index")}
        assert found["SHORT"] == [0.015] * (months - 1) + [0.0175]
        assert found.get("LONG", []) == [0.015] * (months - 1)
