"""A file in an archive, from another system, or a page in its place: the same rows, or one fault that says so."""

from __future__ import annotations

import gzip
import zipfile
from pathlib import Path

import pandas as pd
import pytest

from behavior.errors import FaultyInput
from behavior.io.sources.registry import LAYOUTS, read_whole
from tests.io.sources.test_agency import FREDDIE, _fannie, _origination
from tests.io.sources.test_deposit_layouts import ACCOUNT, TRANS
from tests.io.sources.test_rate_layouts import ECB, TREASURY

FANNIE = [
    _fannie("A", "022017", "157500.12"),
    _fannie("A", "032017", "0.00", "01", rate=""),
    _fannie("A", "042017", ""),
]
FILES = {
    "freddie_mac_servicing": "\n".join(FREDDIE) + "\n",
    "freddie_mac_origination": _origination("F1") + "\n",
    "fannie_mae_2020_loans": "\n".join(FANNIE) + "\n",
    "fannie_mae_2020_months": "\n".join(FANNIE) + "\n",
    "pkdd99_account": ACCOUNT,
    "pkdd99_trans": TRANS,
    "fdic_financials": "CERT,REPDTE,EDEPDOM,DEPIDOM\n628,20220331,100,40000\n628,20220630,300,42000\n",
    "freddie_mac_pmms": "date,pmms30,pmms30p\n4/2/1971,7.33, \n9/1/1991,9.24,1.9\n",
    "fred": "observation_date,FEDFUNDS\n2021-03-01,0.07\n2021-04-01,.\n",
    "ecb": ECB,
    "ecb_deposit_rates": ECB,
    "snb": 'CubeId;zikrepro\n\n"Date";"D0";"Value"\n2023-08;"SPE";0.67\n2023-09;SPE;\n',
    "treasury_par_rates": TREASURY,
    "treasury_zero_curves": TREASURY,
}
PAGES = (
    "<!DOCTYPE html>\n<html><body>403 Forbidden</body></html>\n",
    '\ufeff<?xml version="1.0" encoding="utf-8"?>\n<feed><entry><d:BC_1_5MONTH>4.08</d:BC_1_5MONTH></entry></feed>\n',
)


def test_every_file_layout_is_among_them() -> None:
    assert set(FILES) | {"ffiec_schedules"} == set(LAYOUTS)


@pytest.mark.parametrize("layout", FILES)
def test_the_way_a_file_came_changes_nothing(tmp_path: Path, layout: str) -> None:
    text = FILES[layout]
    plain = tmp_path / "file.txt"
    plain.write_text(text, encoding="utf-8")
    expected = read_whole(layout, plain)
    assert len(expected.table) and expected.faults == ()
    with zipfile.ZipFile(tmp_path / "file.zip", "w") as archive:
        archive.writestr("file.txt", text)
    ways = {
        "file.txt.gz": gzip.compress(text.encode()),
        "file.zip": (tmp_path / "file.zip").read_bytes(),
        "marked.txt": b"\xef\xbb\xbf" + text.encode(),
        "windows.txt": text.replace("\n", "\r\n").encode() + b"\r\n\r\n",
        "cut.txt": text.rstrip("\n").encode(),
    }
    for name, data in ways.items():
        (tmp_path / name).write_bytes(data)
        found = read_whole(layout, tmp_path / name)
        pd.testing.assert_frame_equal(found.table, expected.table)
        assert found.faults == ()


@pytest.mark.parametrize("page", PAGES, ids=["page", "feed"])
@pytest.mark.parametrize("layout", FILES)
def test_a_page_in_place_of_a_file_is_one_fault(tmp_path: Path, layout: str, page: str) -> None:
    path = tmp_path / "file.csv"
    path.write_text(page, encoding="utf-8")
    with pytest.raises(FaultyInput, match=r"file\.csv, line 1: found '<.*this is a page or a feed") as found:
        read_whole(layout, path)
    assert len(found.value.faults) == 1


@pytest.mark.parametrize("layout", [name for name in FILES if LAYOUTS[name].whole])
@pytest.mark.parametrize(
    ("text", "words"),
    [(b"\xff\xfeD\x00", "expected"), (b'Date;D0;Value\n"2023-08;SPE;0.67\n', "expected"), (b"PK\x03\x04x", "expected")],
    ids=["another encoding", "an open quote", "a spreadsheet"],
)
def test_what_is_no_such_text_is_one_fault_of_the_file(tmp_path: Path, layout: str, text: bytes, words: str) -> None:
    path = tmp_path / "file.csv"
    path.write_bytes(text)
    try:
        faults = read_whole(layout, path).faults
    except FaultyInput as error:
        faults = tuple(error.faults)
    assert faults and all(one.where == "file.csv" and words in one.rule and one.hint for one in faults)
    assert not any("profile" in one.hint for one in faults), "a layout's text is not declared in a profile"


@pytest.mark.parametrize(("layout", "name"), [("freddie_mac_pmms", "pmms30"), ("fred", "FEDFUNDS"), ("snb", "Value")])
def test_a_column_that_stands_twice_is_one_fault(tmp_path: Path, layout: str, name: str) -> None:
    path = tmp_path / "file.csv"
    delimiter = ";" if layout == "snb" else ","
    head, rows = FILES[layout].split("2023-08", 1) if layout == "snb" else FILES[layout].split("\n", 1)
    twice = head.rstrip("\n") + f"{delimiter}{name}\n"
    cells = [f"2023-08{rows}"] if layout == "snb" else [rows]
    lines = [f"{line}{delimiter}1" for line in "".join(cells).splitlines()]
    path.write_text(twice + "\n".join(lines) + "\n", encoding="utf-8")
    with pytest.raises(FaultyInput, match=f"column `{name}`: expected each column once in the header"):
        read_whole(layout, path)


def test_yields_that_no_curve_can_be_made_of_are_named_by_their_line(tmp_path: Path) -> None:
    path = tmp_path / "ust.csv"
    path.write_text("Date,6 Mo,1 Yr,2 Yr\n03/30/2022,1.0,1.6,99999\n03/31/2022,1.0,1.6,2.3\n", encoding="utf-8")
    raw = read_whole("treasury_zero_curves", path)
    assert [(one.line, "discount factor" in one.rule) for one in raw.faults] == [(2, True)]
    assert raw.table["as_of"].dt.day.tolist() == [31, 31, 31]
