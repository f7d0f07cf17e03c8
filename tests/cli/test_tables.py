"""Tables keep to the terminal's width; no number, name or path in them is ever cut."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from behavior.cli import main
from behavior.cli.output import Console
from behavior.cli.tables import table_lines
from tests.io import door_cases as cases

WORDS = "Actual over expected is 0.97 in the months that the model has not seen, between 0.91 and 1.04 by year"
WIDE = {f"delta_eve_of_some_measure_{i}": 12_345_678.91 for i in range(6)}


def test_words_are_wrapped_beside_what_stays_whole() -> None:
    lines = table_lines([{"check": "calibration", "share": 0.25, "in words": WORDS}], 60)
    assert max(map(len, lines)) <= 60 and len(lines) > 3
    assert lines[2].startswith("  calibration  0.2500  Actual over")
    assert " ".join(" ".join(lines[2:]).split()) == f"calibration 0.2500 {WORDS}"


def test_numbers_wider_than_the_line_break_the_names_of_their_columns_alone() -> None:
    lines = table_lines([WIDE], 90)
    assert max(map(len, lines)) <= 90
    assert lines[-1].split() == ["12,345,678.91"] * 6
    assert max(map(len, table_lines([WIDE], 40))) == len(lines[-1])
    assert table_lines([WIDE], 400)[0].split() == list(WIDE)


texts = st.lists(st.text("ab", min_size=1, max_size=12), max_size=8).map(" ".join)
row = st.fixed_dictionaries({"a_name": texts, "number": st.integers(0, 99), "words": texts})


@given(st.lists(row, min_size=1, max_size=5), st.integers(1, 100))
def test_every_word_is_whole_and_no_line_wider_than_asked_or_needed(found: list[dict[str, object]], width: int) -> None:
    lines = table_lines(found, width)
    words = [word for one in found for cell in one.values() for word in str(cell).split()]
    rule = next(i for i, line in enumerate(lines) if set(line) <= {" ", "-"})
    assert sorted(" ".join(lines[rule + 1 :]).split()) == sorted(words)
    needed = [max(len(word) for one in found for word in [*str(one[name]).split(), "_name"]) for name in found[0]]
    assert max(map(len, lines)) <= max(width, sum(max(len("number"), one) for one in needed) + 6)


def test_the_width_is_the_terminals(monkeypatch: pytest.MonkeyPatch) -> None:
    for asked, most in (("70", 70), ("", 120)):
        monkeypatch.setenv("COLUMNS", asked)
        out = io.StringIO()
        Console(out=out).table("Findings", [{"check": "calibration", "in words": WORDS * 3}])
        assert most - 30 < max(map(len, out.getvalue().splitlines())) <= most


def test_seconds_have_one_decimal() -> None:
    for seconds, said in ((25.94, "25.9"), (1212.48, "1,212.5")):
        assert table_lines([{"stage": "read", "seconds": seconds}], 80)[-1].split() == ["read", said]


def test_the_columns_that_are_there_are_told_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = cases.put(tmp_path, "months.csv", "loan,when,outstanding,coupon\n1,2020-01-31,1,0.03\n")
    assert main(["check", str(path), "--as", "mortgage_history/1:loan_months"]) == 3
    said = capsys.readouterr().out
    assert said.count("loan, when, outstanding, coupon") == 1
    table = said[said.index("Faults") :].split("\n\n")[0]
    assert max(map(len, table.splitlines())) <= 120


def test_nothing_among_amounts_is_an_amount_and_among_shares_a_share() -> None:
    lines = table_lines([{"eve": 0.0, "share": 0.0}, {"eve": -51_336_337.59, "share": -0.1732}], 80)
    assert [line.split() for line in lines[2:]] == [["0.00", "0.0000"], ["-51,336,337.59", "-0.1732"]]
