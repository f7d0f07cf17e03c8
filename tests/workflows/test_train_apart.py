"""A model that is learned in a process of its own: what is said when that process ends without an answer."""

from __future__ import annotations

import subprocess
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from behavior.errors import BehaviorError
from behavior.workflows.stages import Stages
from behavior.workflows.train_all import train_all


def test_a_process_that_was_ended_is_an_error_that_a_user_can_read(monkeypatch: pytest.MonkeyPatch) -> None:
    def ended(words: list[str], **_: object) -> subprocess.CompletedProcess[str]:
        return subprocess.CompletedProcess(words, -9, "", "Killed")

    monkeypatch.setattr(subprocess, "run", ended)
    monkeypatch.setattr("behavior.workflows.train_all.model_spec", lambda *_: None)
    project: Any = SimpleNamespace(
        require_writable=lambda *_: None,
        profile=SimpleNamespace(
            models={"one": None, "two": None}, require=lambda _: SimpleNamespace(experiment="behavior")
        ),
        tracker=lambda: SimpleNamespace(ready=lambda _: None),
    )
    with pytest.raises(BehaviorError, match="one: training stopped with exit code -9"):
        train_all(project, Path("profile.toml"), Stages())
