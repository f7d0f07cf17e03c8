"""Fixtures that every test may use."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Generator
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from types import ModuleType

import pytest

from behavior.cli.output import ONE_THREAD

for _name in ONE_THREAD:  # before NumPy is loaded, as the command line does
    os.environ.setdefault(_name, "1")

with suppress(ImportError):  # the bare install is tested without it
    from hypothesis import settings

    # A law is judged by what it says, not by how long a busy machine takes to try one example.
    settings.register_profile("any-machine", deadline=None)
    settings.load_profile("any-machine")

SHARED = Path(__file__).resolve().parents[2] / "shared"


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of vectors and real data beside the project; absent, the test is skipped and says why."""
    if not (SHARED / "vectors").is_dir():
        pytest.skip("the folder ../shared with vectors and real data is not beside the project")
    return SHARED


@pytest.fixture(scope="session")
def vectors(shared: Path) -> Path:
    """Expected values made by others."""
    return shared / "vectors"


@pytest.fixture(scope="session")
def quantitative(vectors: Path) -> Path:
    """Those of the quantitative text's formulas."""
    return vectors / "quantitative"


@pytest.fixture(scope="session")
def real_data(shared: Path) -> Path:
    """Real data sets, read in place and never copied."""
    if not (shared / "data").is_dir():
        pytest.skip("the folder ../shared/data with real data is not beside the project")
    return shared / "data"


@pytest.fixture(scope="session")
def fakes() -> ModuleType:
    """The small kind with known truth, for tests of checks and reports; the bare install is tested without it."""
    return import_module("tests.fakes_evidence")


@pytest.fixture(scope="session")
def empty_registry(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Path], Path]:
    """Puts an empty MLflow registry into a folder: its tables take seconds to make, so they are made once."""
    pytest.importorskip("mlflow", reason="MLflow belongs to the [fit] extra")
    tracker = import_module("behavior.tracking.mlflow").MlflowTracker(tmp_path_factory.mktemp("registry"))
    assert tracker.client.search_registered_models() == []
    tracker.close()

    def put(home: Path) -> Path:
        home.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(tracker.home / "mlflow.db", home / "mlflow.db")
        return home

    return put


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Where ../shared is present, a test skipped for want of it is a failure, not a pass."""
    report = yield
    held = all((SHARED / part).is_dir() for part in ("vectors", "data"))
    if report.skipped and held and "../shared" in str(report.longrepr):
        report.outcome, report.longrepr = "failed", f"skipped although ../shared is there: {report.longrepr}"
    return report
