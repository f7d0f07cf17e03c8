"""Faults of files of any length: all are counted and written, some are held, and memory does not grow."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from behavior.cli import main
from behavior.errors import EXAMPLES_A_RULE, Fault, fault_lines
from behavior.io import found_faults
from behavior.io.found_faults import FoundFaults, rejects_file
from tests.benchmarks.layout_memory import peak, write


def _faults(rule: str, count: int) -> list[Fault]:
    return [Fault("book.csv", rule, line, "balance", "x") for line in range(2, count + 2)]


def test_all_are_counted_and_some_of_every_rule_are_held(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(found_faults, "MOST_HELD", 60)
    found = FoundFaults()
    found.add(_faults("first", 100))
    found.add(_faults("late", 70))
    assert len(found) == 170
    assert [one.rule for one in found.held] == ["first"] * 60 + ["late"] * EXAMPLES_A_RULE
    lines = fault_lines(found.held, 5, found.counts)
    assert lines[-2:] == [
        "book.csv, column `balance`: 95 more of 100: first.",
        "book.csv, column `balance`: 65 more of 70: late.",
    ]


def test_every_fault_is_written_or_nothing_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(found_faults, "MOST_HELD", 3)
    with rejects_file(tmp_path / "rejects.csv") as take:
        found = FoundFaults(take)
        for _ in range(2):
            found.add(_faults("rule", 60))
    assert len((tmp_path / "rejects.csv").read_text(encoding="utf-8").splitlines()) == 121
    with pytest.raises(KeyboardInterrupt), rejects_file(tmp_path / "other.csv") as take:
        FoundFaults(take).add(_faults("rule", 2))
        raise KeyboardInterrupt
    assert [one.name for one in tmp_path.iterdir()] == ["rejects.csv"]


def test_the_command_counts_what_it_does_not_hold(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(found_faults, "MOST_HELD", 100)
    path = write(tmp_path / "performance.txt", 300, "many")
    asked = ["check", str(path), "--layout", "freddie_mac_servicing", "--rejects", str(tmp_path / "rejects.csv")]
    assert main([*asked, "--json"]) == 3
    told = json.loads(capsys.readouterr().out)
    assert (told["faults_found"], len(told["faults"]), told["inputs"][0]["faults"]) == (300, 100, 300)
    assert len((tmp_path / "rejects.csv").read_text(encoding="utf-8").splitlines()) == 301
    assert main(asked) == 3
    assert "295 more of 300" in capsys.readouterr().out


@pytest.mark.parametrize("balance", ["199000.25", "many"])
def test_memory_does_not_grow_with_a_file_nor_with_its_faults(tmp_path: Path, balance: str) -> None:
    few, many = (peak(write(tmp_path / "performance.txt", rows, balance)) for rows in (200_000, 800_000))
    assert many[1] == 4 * few[1]
    assert many[2] - few[2] < 60, "MB; a table of the further rows alone would be some 100"
