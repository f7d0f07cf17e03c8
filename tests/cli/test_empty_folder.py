"""Each command in an empty folder, as a newcomer meets it: what is missing is named, and nothing is left behind."""

from __future__ import annotations

from pathlib import Path

import pytest

from behavior.cli import COMMANDS, main

VALUE = ["value", "book.csv", "--curves", "curves.csv", "--settings", "settings.toml", "--out", "out"]
TRIED = [
    (["check", "book.csv", "--as", "book/1"], "book.csv: expected a file, there is none of that name"),
    (["cycle", "--profile", "mine.toml"], "mine.toml: expected a file"),
    (["train", "models/nmd_decay", "--profile", "mine.toml"], "mine.toml: expected a file"),
    (["validate", "nmd_decay@1", "--profile", "mine.toml"], "mine.toml: expected a file"),
    (["models", "--profile", "mine.toml"], "mine.toml: expected a file"),
    (["publish", "drafts/one", "--id", "first", "--proposed-by", "ann"], "drafts/one"),
    (["approve", "first", "--by", "bob", "--valid-from", "2026-01-31"], "there is no store"),
    (["assumptions", "list"], "assumptions: there is no store of assumption sets"),
    (["assumptions", "verify"], "assumptions: there is no store of assumption sets"),
    (["assumptions", "show", "first"], "assumptions: there is no store of assumption sets"),
    (["assumptions", "verify", "first"], "assumptions: there is no store of assumption sets"),
    (["assumptions", "diff", "first", "second"], "there is no store"),
    (["explain", "out", "--scenario", "base"], "Name the folder that `behavior value --out` wrote"),
    (VALUE, "3 faults found"),
]


@pytest.fixture
def empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(("words", "message"), TRIED, ids=lambda one: one[0] if isinstance(one, list) else None)
def test_what_is_missing_is_named(
    empty: Path, capsys: pytest.CaptureFixture[str], words: list[str], message: str
) -> None:
    assert main(words) == 3
    said = capsys.readouterr().err
    assert message in said, said
    assert "Traceback" not in said
    assert not list(empty.iterdir())


def test_every_file_that_a_valuation_lacks_is_named_at_once(empty: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*VALUE, "--plan", "plan.csv"]) == 3
    said = capsys.readouterr().err
    for name, option in (
        ("book.csv", "book"),
        ("curves.csv", "--curves"),
        ("settings.toml", "--settings"),
        ("plan.csv", "--plan"),
    ):
        assert f"{name}: expected a file for {option}" in said


@pytest.mark.parametrize("words", [["kinds"]])
def test_what_needs_nothing_answers(empty: Path, capsys: pytest.CaptureFixture[str], words: list[str]) -> None:
    assert main(words) == 0
    assert capsys.readouterr().out
    assert not list(empty.iterdir())


# These run on what they find; they are tried elsewhere.
WITHOUT_ARGUMENTS = {"kinds", "demo", "benchmark"}


@pytest.mark.parametrize("command", sorted(set(COMMANDS) - WITHOUT_ARGUMENTS))
def test_a_command_without_its_arguments_says_which(
    empty: Path, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    with pytest.raises(SystemExit) as stop:
        main([command])
    assert stop.value.code == 2
    assert "the following arguments are required" in capsys.readouterr().err
    assert not list(empty.iterdir())


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--balance-sheet", "constant,frozen"], "found frozen, expected run_off, constant, dynamic"),
        (["--buckets", "3,1"], "expected rising months"),
        (["--buckets", "soon"], "expected months such as 1,3,6,12"),
        (["--price", "mid"], "invalid choice: 'mid'"),
        (["--measures", "beauty"], "found beauty, expected limits"),
    ],
)
def test_a_wrong_word_is_answered_with_the_right_ones(
    empty: Path, capsys: pytest.CaptureFixture[str], words: list[str], message: str
) -> None:
    with pytest.raises(SystemExit) as stop:
        main([*VALUE, *words])
    assert stop.value.code == 2
    assert message in capsys.readouterr().err
