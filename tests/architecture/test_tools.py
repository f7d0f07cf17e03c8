"""The tools that keep the code honest: format, lint, types and layers run as tests, so one command is all of it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(sys.executable).parent


@pytest.mark.parametrize(
    "words",
    [["ruff", "format", "--check", "."], ["ruff", "check", "."], ["mypy"], ["lint-imports", "--no-cache"]],
    ids=lambda words: "-".join(words[:2]),
)
def test_tool(words: list[str]) -> None:
    tool = BIN / words[0]
    if not tool.exists():
        pytest.fail(f"{words[0]} is not installed beside {sys.executable}; install the [test] extra")
    done = subprocess.run([tool, *words[1:]], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
