"""The demo: one command from nothing to reports, and an ordinary project left behind."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from behavior.cli import main
from behavior.io.assumption_store import AssumptionStore
from behavior.io.demo_project import shipped_project


def test_the_demos_project_is_found() -> None:
    profile, models = shipped_project()
    assert profile.is_file() and (models / "mortgage_prepayment" / "spec.toml").is_file()


@pytest.mark.slow
def test_demo_runs_the_whole_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code = main(["demo", "--out", str(tmp_path), "--size", "small", "--json"])
    printed = capsys.readouterr()
    done = json.loads(printed.out)
    assert code == (4 if done["failed_gates"] else 0), printed.err
    assert {"mortgage_prepayment", "nmd_decay", "deposit_beta"} == {model["model"] for model in done["models"]}
    for name in ("mortgage_prepayment", "nmd_decay", "deposit_beta", "treasury"):
        page = (tmp_path / "reports" / f"{name}.html").read_text()
        assert "<svg" in page and 'src="http' not in page
    store = AssumptionStore(tmp_path / "assumptions")
    assert store.verify() == ()
    assert {str(table.effect) for table in store.read(done["set"]).tables} == {"RUNOFF", "REPRICING"}
    nii = pd.read_csv(tmp_path / "results" / "nii_summary.csv")
    assert {"run_off", "constant"} == set(nii["balance_sheet"]) and {12, 24} <= set(nii["horizon_months"])
    assert done["seconds"]["value"] > 0
    assert (tmp_path / "tracking" / "mlflow.db").is_file()
    assert not (Path.cwd() / "mlflow.db").exists()
