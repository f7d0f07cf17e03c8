"""Files in a published layout, part by part: the same rows as read whole, written only where nothing is wrong."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pandas as pd
import pytest

from behavior.cli import main
from behavior.io.history_parts import HistoryParts
from behavior.io.inputs import read_history
from behavior.io.profiles import load_profile
from behavior.io.sources import base
from behavior.io.sources.registry import LAYOUTS, read_whole
from tests.io.sources.test_agency import FREDDIE, _origination, _servicing, _write

LATER = [
    _servicing("G1", "201903", 1, "50000"),
    _servicing("G1", "201904", 2, "49000"),
    _servicing("G2", "201906", 4, "1"),
]
SERVICING = ["--layout", "freddie_mac_servicing"]


def test_files_are_written_part_by_part_as_they_are_read_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    first, second = _write(tmp_path / "a.txt", FREDDIE), _write(tmp_path / "b.txt", LATER)
    whole = pd.concat([read_whole("freddie_mac_servicing", one).table for one in (first, second)], ignore_index=True)
    monkeypatch.setattr(base, "BATCH_BYTES", 400)
    target = tmp_path / "loan_months.parquet"
    assert main(["check", str(first), str(second), *SERVICING, "--write", str(target), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)["inputs"]
    assert told[0]["rows"] == len(whole)
    assert {one["input"]: one["rows"] for one in told[1:]} == {
        "left out of the release's last month": 3,
        "left out before age 1": 1,
    }
    pd.testing.assert_frame_equal(pd.read_parquet(target), whole, check_dtype=False)


def test_a_published_history_is_streamed_without_code(tmp_path: Path) -> None:
    begun = {"F1": "201903", "F2": "201903", "F3": "201903", "F4": "198904", "F5": "201903"}
    _write(tmp_path / "orig.txt", [_origination(loan, first_payment_date=day) for loan, day in begun.items()])
    _write(tmp_path / "svcg.txt", FREDDIE)
    months, units = tmp_path / "months.parquet", tmp_path / "loans.parquet"
    assert main(["check", str(tmp_path / "svcg.txt"), *SERVICING, "--write", str(months)]) == 0
    asked = ["--layout", "freddie_mac_origination", "--write", str(units)]
    assert main(["check", str(tmp_path / "orig.txt"), *asked]) == 0
    (tmp_path / "p.toml").write_text(
        'name = "p"\n[history.loans]\ncontract = "mortgage_history/1"\ntables.loans.file = "loans.parquet"\n'
        'tables.loan_months.file = "months.parquet"\nstream = { rows_at_once = 4 }\n'
    )
    history = read_history(load_profile(tmp_path / "p.toml"), "loans")
    parts = history.parts
    assert isinstance(parts, HistoryParts)
    assert sum(len(part.tables["loan_months"]) for part in parts) == 10


def test_one_fault_and_nothing_is_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = [*FREDDIE, _servicing("H1", "201903", 1, "many"), _servicing("H1", "201904", 2, "-1")]
    path, target = _write(tmp_path / "a.txt", rows), tmp_path / "months.parquet"
    assert main(["check", str(path), *SERVICING, "--write", str(target), "--json"]) == 3
    faults = json.loads(capsys.readouterr().out)["faults"]
    assert [(one["line"], one["value"]) for one in faults] == [(14, "many"), (15, "-1")]
    assert sorted(one.name for one in tmp_path.iterdir()) == ["a.txt"]
    assert main(["check", str(_write(tmp_path / "b.txt", FREDDIE[:1])), *SERVICING]) == 3
    assert "at least one row that counts (1 rows of the release's last month dropped)" in capsys.readouterr().out


def test_a_loan_stands_in_one_of_the_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Two releases of one quarter: the same loans again, with other months, exits and ages in each."""
    monkeypatch.setattr(base, "BATCH_BYTES", 400)
    first = _write(tmp_path / "a.txt", FREDDIE)
    second = _write(tmp_path / "b.txt", [*LATER[:2], _servicing("F3", "201905", 3, "80000"), LATER[2]])
    target = tmp_path / "months.parquet"
    assert main(["check", str(first), str(second), *SERVICING, "--write", str(target), "--json"]) == 3
    faults = json.loads(capsys.readouterr().out)["faults"]
    assert [(one["where"], one["line"], one["column"], one["value"]) for one in faults] == [
        ("b.txt", 3, "loan_id", "F3")
    ]
    assert "an earlier one holds it too" in faults[0]["rule"] and not target.exists()


def test_series_go_on_in_the_next_file_but_no_day_stands_in_two(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    days = {"a": "01/02/2024,4.0\n12/31/2024,4.1\n", "b": "01/02/2025,4.2\n", "c": "12/31/2024,4.1\n01/03/2025,4.3\n"}
    a, b, c = (_write(tmp_path / f"{name}.csv", ["Date,10 Yr", rows]) for name, rows in days.items())
    asked = ["--layout", "treasury_par_rates", "--json"]
    assert main(["check", str(a), str(b), *asked]) == 0
    capsys.readouterr()
    assert main(["check", str(a), str(b), str(c), *asked]) == 3
    faults = json.loads(capsys.readouterr().out)["faults"]
    assert [(one["where"], one["line"], one["value"]) for one in faults] == [("c.csv", 2, "UST_10Y, 2024-12-31")]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["a.txt", "b.txt"], "expected one"),
        (["a.txt", "--write", "x.parquet", "--as", "book/1"], "--layout beside it"),
        (["a.txt", *SERVICING, "--write", "x.csv"], "ends in .parquet"),
        (["a.txt", *SERVICING, "--as", "book/1"], "give one of the two"),
        (["a.txt", "--layout", "freddie"], "expected a layout, one of ecb"),
    ],
)
def test_options_that_do_not_go_together(words: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", *words]) == 2
    assert said in capsys.readouterr().err


def test_the_page_on_profiles_says_what_each_layout_becomes() -> None:
    page = (Path(__file__).resolve().parents[2] / "pipelines" / "profiles" / "README.md").read_text(encoding="utf-8")
    rows = [line for line in page.splitlines() if line.startswith("| `") and "/1" in line]
    said = {name: row for row in rows for name in re.findall(r"`(\w+)`", row.split("|")[1])}
    assert set(LAYOUTS) <= set(said)
    for name, layout in LAYOUTS.items():
        contract, table = layout.contract.split(":")
        assert contract in said[name] and (f"`{table}`" in said[name] or table in ("rates", "curves")), name


def test_what_stands_twice_in_a_file_is_found_over_its_parts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A file put under itself: each part of it keeps the contract, and each loan would be counted twice."""
    monkeypatch.setattr(base, "BATCH_BYTES", 400)
    target = tmp_path / "o.parquet"
    path = _write(tmp_path / "twice.txt", [*FREDDIE, *FREDDIE])
    assert main(["check", str(path), *SERVICING, "--write", str(target), "--json"]) == 3
    faults = json.loads(capsys.readouterr().out)["faults"]
    assert {one["value"] for one in faults} == {"F1", "F2", "F3", "F4", "F5"}
    assert {one["line"] for one in faults} >= {15, 19, 21, 23, 25} and not target.exists()
    turned = _write(tmp_path / "turned.txt", [*FREDDIE[6:], *FREDDIE[:6]])
    assert main(["check", str(turned), *SERVICING]) == 3
    assert "or its months to rise down the file" in capsys.readouterr().out
    rows = [_origination(loan) for loan in ("F1", "F2", "F3", "F4", "F1")]
    loans = ["check", str(_write(tmp_path / "orig.txt", rows)), "--layout", "freddie_mac_origination", "--json"]
    assert main(loans) == 3
    assert [(one["line"], one["value"]) for one in json.loads(capsys.readouterr().out)["faults"]] == [(5, "F1")]


def test_a_file_that_cannot_be_read_hides_nothing_of_the_others(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    good = _write(tmp_path / "a.txt", FREDDIE)
    broken = tmp_path / "b.txt"
    broken.write_bytes("\n".join([*LATER, _servicing("Fé", "201903", 1, "1")]).encode("latin-1"))
    wrong = _write(tmp_path / "c.txt", [_servicing("H1", "201903", 1, "many"), LATER[2]])
    target = tmp_path / "o.parquet"
    files = [str(one) for one in (broken, tmp_path / "absent.txt", good, wrong)]
    assert main(["check", *files, *SERVICING, "--write", str(target), "--json"]) == 3
    faults = json.loads(capsys.readouterr().out)["faults"]
    assert [Path(one["where"]).name for one in faults] == ["b.txt", "absent.txt", "c.txt"]
    assert not target.exists()
