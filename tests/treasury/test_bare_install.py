"""Treasury's install: no learning library, and still a book is valued. Runs in the bare wheel's environment too."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT / "data"
LEARNING = ("sklearn", "lightgbm", "mlflow", "optuna", "markdown_it")


def behavior(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    blocker = f"import sys\nfor name in {LEARNING!r}: sys.modules[name] = None\n"
    code = blocker + "from behavior.cli import main\nraise SystemExit(main(sys.argv[1:]))"
    return subprocess.run([sys.executable, "-c", code, *words], cwd=folder, capture_output=True, text=True, check=False)


def test_importing_the_package_loads_no_learning_library() -> None:
    code = f"import sys, behavior; print([n for n in {LEARNING!r} if n in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


def test_a_bare_install_values_the_example_book(tmp_path: Path) -> None:
    example = next(path for path in sorted((DATA / "assumptions").iterdir()) if path.is_dir())
    done = behavior(
        tmp_path,
        "value", str(DATA / "positions" / "book.csv"),
        "--curves", str(DATA / "curves" / "nodes.csv"),
        "--settings", str(DATA / "curves" / "settings.toml"),
        "--assumptions", str(example),
        "--allow-draft",
        "--out", "result",
        "--json",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    summary = json.loads(done.stdout)
    assert summary
    written = {path.name for path in (tmp_path / "result").iterdir()}
    assert {
        "result.json",
        "nii.csv",
        "nii_summary.csv",
        "eve.csv",
        "eve_summary.csv",
        "gap.csv",
        "coverage.csv",
    } <= written


def test_kinds_are_listed_without_the_learning_libraries(tmp_path: Path) -> None:
    done = behavior(tmp_path, "kinds", "--json")
    assert done.returncode == 0, done.stderr
    assert {"mortgage_prepayment", "nmd_decay", "deposit_beta"} <= {
        kind["name"] for kind in json.loads(done.stdout)["kinds"]
    }


def test_training_without_the_learning_libraries_says_what_to_install(tmp_path: Path) -> None:
    done = behavior(tmp_path, "demo")
    assert done.returncode == 2
    assert 'pip install "alm-behavior[fit]"' in done.stderr


@pytest.fixture
def profile(tmp_path: Path) -> str:
    """A profile over the example book."""
    tables = {"book": "positions/book.csv", "curves": "curves/nodes.csv", "settings": "curves/settings.toml"}
    text = 'name = "bare"\n' + "".join(f'[{name}]\nfile = "{DATA / file}"\n' for name, file in tables.items())
    (tmp_path / "profile.toml").write_text(f"{text}")
    return "profile.toml"


def test_a_profile_is_checked_without_the_learning_libraries(tmp_path: Path, profile: str) -> None:
    done = behavior(tmp_path, "check", profile)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    "words",
    [
        ["train", "nmd_decay", "--profile", "profile.toml"],
        ["validate", "nmd_decay", "--profile", "profile.toml"],
        ["benchmark", "--profile", "profile.toml"],
    ],
)
def test_every_command_that_learns_says_in_one_line_what_to_install(
    tmp_path: Path, profile: str, words: list[str]
) -> None:
    done = behavior(tmp_path, *words)
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1 and 'pip install "alm-behavior[fit]"' in done.stderr
