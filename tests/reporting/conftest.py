"""The small kind with known truth, for every test of reports."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest


@pytest.fixture(scope="session")
def fakes() -> ModuleType:
    path = Path(__file__).resolve().parents[1] / "fakes_evidence.py"
    spec = importlib.util.spec_from_file_location("fakes_evidence", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
