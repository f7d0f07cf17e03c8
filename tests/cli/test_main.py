"""Exit codes and messages of the command line itself."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from behavior.cli import COMMANDS, main


def test_no_command_prints_help_and_is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 2
    printed = capsys.readouterr().out
    assert all(name in printed for name in COMMANDS)


@pytest.mark.parametrize("command", sorted(COMMANDS))
def test_every_command_has_help(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        main([command, "--help"])
    assert stop.value.code == 0
    assert "--json" in capsys.readouterr().out


@pytest.mark.parametrize("words", [["value", "--no-such-option"], ["value", "b", "--price", "mid"], ["assumptions"]])
def test_a_wrong_option_is_one_line_of_usage(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        main(words)
    assert stop.value.code == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("error: ") and line.endswith(f". See `behavior {words[0]} --help`.")


def test_a_day_written_otherwise_is_told_how(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        main(["approve", "r1", "--by", "Bob", "--valid-from", "30.09.2026"])
    assert stop.value.code == 2
    assert "found '30.09.2026', expected a date such as 2026-09-30" in capsys.readouterr().err


@pytest.mark.parametrize("words", [["kinds"], ["kinds", "--json"], ["check", "absent.csv", "--as", "book/1"]])
def test_a_reader_that_went_away_is_no_error(words: list[str], tmp_path: Path) -> None:
    program = f"from behavior.cli import main; raise SystemExit(main({words}))"
    with subprocess.Popen(
        [sys.executable, "-c", program], cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as command:
        assert command.stdout is not None and command.stderr is not None
        closed, heard = (command.stderr, command.stdout) if "check" in words else (command.stdout, command.stderr)
        closed.close()
        assert heard.read() == b""
    assert command.returncode == 141


def test_a_missing_file_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["cycle", "--profile", "nowhere/profile.toml"]) == 3
    assert "profile.toml" in capsys.readouterr().err


def test_faults_are_json_for_machines(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    profile = tmp_path / "profile.toml"
    profile.write_text('name = "x"\nunknown = 1\n[rates]\nfile = "a.csv"\nfiel = "b"\n')
    assert main(["cycle", "--profile", str(profile), "--json"]) == 3
    said = json.loads(capsys.readouterr().out)
    assert {fault["column"] for fault in said["faults"]} >= {"$.unknown", "$.rates.fiel"}


def test_absent_data_say_which_files_are_expected(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    real = Path(__file__).resolve().parents[2] / "pipelines" / "profiles" / "real.toml"
    profile = tmp_path / "a" / "b" / "profile.toml"
    profile.parent.mkdir(parents=True)
    profile.write_text(real.read_text())
    assert main(["cycle", "--profile", str(profile)]) == 3
    said = capsys.readouterr().err
    assert "loan_months.parquet" in said and "expected a Parquet file with the columns" in said
