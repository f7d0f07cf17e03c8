"""Bad rows in a book: all named at once, or set aside with reasons while the others are valued."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from behavior.cli import main
from behavior.io.tables import write_table
from tests.benchmarks.make_book import AS_OF, book, command, write


def spoil(table: pd.DataFrame, rows: np.ndarray) -> dict[int, str]:
    """Spoil rows of a mixed book in turn, each in a way of its own; returns the column at fault by row."""
    past = AS_OF.astype("datetime64[us]")
    ways: list[tuple[str, dict[str, Any]]] = [
        ("balance", {"balance": -1.0}),
        ("balance", {"balance": np.nan}),
        ("rate", {"rate": 5.25}),
        ("side", {"side": "assets"}),
        ("repayment", {"repayment": "weekly"}),
        ("maturity_date", {"maturity_date": past, "origination_date": past - np.timedelta64(900, "D")}),
        ("maturity_date", {"maturity_date": past - np.timedelta64(3, "D")}),
        ("payment_months", {"payment_months": -3}),
        ("origination_date", {"payment_months": 0, "origination_date": pd.NaT}),
        ("strike", {"instrument": "cap", "side": "receive"}),
        ("repayment", {"repayment": "schedule"}),
        ("index", {"rate_type": "floating"}),
        ("position_id", {"position_id": "that of the row before"}),
    ]
    found = {}
    for number, row in enumerate(rows.tolist()):
        column, changes = ways[number % len(ways)]
        for name, value in changes.items():
            table.loc[row, name] = table["position_id"].iloc[row - 1] if name == "position_id" else value
        found[row] = column
    return found


def spoilt(folder: Path, rows: int, bad: int, kind: str = "mixed") -> tuple[pd.DataFrame, dict[int, str]]:
    """A folder with a book of loans and deposits (`fixed`: loans alone), some rows of it bad."""
    write(folder, 10, kind)
    table = book(rows, kind).assign(instrument="cash")
    dated = np.flatnonzero(table["repayment"].ne("none"))[1:]
    wrong = spoil(table, dated[:: len(dated) // bad][:bad])
    write_table(table, folder / "book.parquet")
    return table, wrong


def run(folder: Path, capsys: pytest.CaptureFixture[str], *more: str) -> tuple[int, dict[str, Any], str]:
    code = main([*command(folder, "mixed", *more), "--json"])
    printed = capsys.readouterr()
    return code, json.loads(printed.out), printed.err


def test_every_bad_row_is_named_at_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _, wrong = spoilt(tmp_path, 2_000, 37)
    code, answer, words = run(tmp_path, capsys)
    assert code == 3
    named = {(int(fault["where"].rpartition("row ")[2]) - 1, fault["column"]) for fault in answer["faults"]}
    assert {row for row, _ in named} == set(wrong)
    assert set(wrong.items()) <= named
    assert all(f"row {row + 1}, column `{column}`" in words for row, column in named)
    assert not (tmp_path / "out").exists()


def test_the_good_rows_are_valued_and_the_bad_ones_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    table, wrong = spoilt(tmp_path, 2_000, 37)
    aside = tmp_path / "bad.csv"
    code, _, words = run(tmp_path, capsys, "--quarantine", str(aside), "--balance-sheet", "run_off")
    assert code == 0
    rejected = pd.read_csv(aside)
    bad = sorted(wrong)
    assert rejected["position_id"].tolist() == table["position_id"].iloc[bad].tolist()
    reasons = rejected["reasons"].tolist()
    assert all(f"{wrong[row]}: " in reason for row, reason in zip(bad, reasons, strict=True))
    assert "37 of 2,000 rows set aside in bad.csv" in words
    source = json.loads((tmp_path / "out" / "result.json").read_text())["inputs"]["book"]
    balance = table["balance"].abs().fillna(0.0)
    assert source["quarantined_rows"] == 37
    assert source["quarantined_share_of_balance"] == pytest.approx(balance.iloc[bad].sum() / balance.sum())
    good = table.drop(index=bad)
    alone = tmp_path / "alone"
    write(alone, 10, "mixed")
    write_table(good, alone / "book.parquet")
    assert main(command(alone, "mixed", "--balance-sheet", "run_off")) == 0
    for name in ("eve.csv", "nii.csv", "cash_flows.csv"):
        assert (tmp_path / "out" / name).read_bytes() == (alone / "out" / name).read_bytes()


def test_a_book_of_bad_rows_alone_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(tmp_path, 10, "fixed")
    table = book(10, "fixed").assign(maturity_date=AS_OF.astype("datetime64[us]"))
    write_table(table, tmp_path / "book.parquet")
    aside = tmp_path / "bad.parquet"
    code, answer, _ = run(tmp_path, capsys, "--quarantine", str(aside))
    assert code == 3
    assert "expected at least one row that can be valued; 10 of 10 rows set aside in bad.parquet" in answer["message"]
    assert len(pd.read_parquet(aside)) == 10
    assert not (tmp_path / "out").exists()


@pytest.mark.slow
def test_a_million_rows_with_37_bad_ones(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _, wrong = spoilt(tmp_path, 1_000_000, 37, "fixed")
    code, answer, words = run(tmp_path, capsys)
    assert code == 3
    assert {int(fault["where"].rpartition("row ")[2]) - 1 for fault in answer["faults"]} == set(wrong)
    assert all(f"row {row + 1}, column `{column}`" in words for row, column in wrong.items())
    aside = tmp_path / "bad.parquet"
    code, _, words = run(tmp_path, capsys, "--quarantine", str(aside), "--balance-sheet", "run_off")
    assert code == 0
    assert len(pd.read_parquet(aside)) == 37
    assert "37 of 1,000,000 rows set aside" in words
