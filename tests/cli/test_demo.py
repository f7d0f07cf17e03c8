"""The demo: one command from nothing to reports, and an ordinary project left behind."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from behavior.cli import main
from behavior.io.assumption_store import AssumptionStore
from behavior.io.demo_project import shipped_project

JOBS = Path(__file__).resolve().parents[2] / "pipelines"


def test_the_demos_project_is_found() -> None:
    profile, models = shipped_project()
    assert profile.is_file() and (models / "mortgage_prepayment" / "spec.toml").is_file()


@pytest.mark.parametrize(("size", "code", "told"), [("small", 4, True), ("small", 0, False), ("full", 4, False)])
def test_a_small_bank_that_fails_a_gate_is_explained(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    size: str,
    code: int,
    told: bool,
) -> None:
    for name in ("simulator.bank.simulate", "io.demo_project.write_demo"):
        monkeypatch.setattr(f"behavior.{name}", lambda *_, **__: tmp_path)
    monkeypatch.setattr("behavior.cli.cycle.run_cycle", lambda *_: code)
    assert main(["demo", "--out", str(tmp_path), "--size", size]) == code
    assert ("too few for every gate" in capsys.readouterr().err) == told


@pytest.mark.slow
def test_demo_runs_the_whole_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code = main(["demo", "--out", str(tmp_path), "--size", "small", "--json"])
    printed = capsys.readouterr()
    done = json.loads(printed.out)
    assert code == (4 if done["failed_gates"] else 0), printed.err
    assert {"mortgage_prepayment", "nmd_decay", "deposit_beta"} == {model["model"] for model in done["models"]}
    champions = [model["model"] for model in done["models"] if model["alias"] == "champion"]
    for name in ("mortgage_prepayment", "nmd_decay", "deposit_beta", "treasury"):
        page = (tmp_path / "reports" / f"{name}.html").read_text()
        assert "<svg" in page and 'src="http' not in page
        assert ("<dt>Signed by</dt><dd>Model validator, " in page) is (name in champions)
    store = AssumptionStore(tmp_path / "assumptions")
    assert store.verify() == ()
    assert {str(table.effect) for table in store.read(done["set"]).tables} == {"RUNOFF", "REPRICING"}
    nii = pd.read_csv(tmp_path / "results" / "nii_summary.csv")
    assert {"run_off", "constant"} == set(nii["balance_sheet"]) and {12, 24} <= set(nii["horizon_months"])
    assert done["seconds"]["value"] > 0
    assert (tmp_path / "tracking" / "mlflow.db").is_file()
    assert not (Path.cwd() / "mlflow.db").exists()
    the_jobs_run(tmp_path, done["set"], code)


def the_jobs_run(folder: Path, set_id: str, trained: int) -> None:
    """The three jobs, in the order of a quarter, in the project that the demo left behind."""
    approved = 5 if trained else 0  # a failed gate leaves the demo's set a draft
    for words, code in (
        (["train_all", "profile.toml"], trained),
        (["publish_quarter", "profile.toml"], 0),
        (["month_end", "profile.toml", set_id], approved),
        (["month_end", "profile.toml", following(set_id)], 5),
    ):
        done = run_job(folder, *words)
        assert done.returncode == code, done.stderr
    assert AssumptionStore(folder / "assumptions").ids() == (set_id, following(set_id))


def following(set_id: str) -> str:
    day, revision = set_id.split(".r")
    return f"{day}.r{int(revision) + 1}"


def run_job(folder: Path, name: str, *words: str) -> subprocess.CompletedProcess[str]:
    """A job as a scheduler starts it."""
    command = [sys.executable, str(JOBS / f"{name}.py"), *words]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def test_the_months_end_values_the_example_book(tmp_path: Path) -> None:
    data = JOBS.parent / "data"
    files = {"rates": "curves/rates.csv", "curves": "curves/nodes.csv", "book": "positions/book.csv"}
    sections = [
        f'[{name}]\nfile = "{data / file}"' for name, file in {**files, "settings": "curves/settings.toml"}.items()
    ]
    folders = f'[store]\nfolder = "{data / "assumptions"}"\n[output]\nfolder = "."\n'
    head = 'name = "example"\nabout = "The example book of the folder data"'
    (tmp_path / "profile.toml").write_text("\n".join([head, *sections, folders]))
    done = run_job(tmp_path, "month_end", "profile.toml", "2026-09-30.r1")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "results" / "nii_summary.csv").is_file()
    assert "The example book of the folder data" in (tmp_path / "reports" / "treasury.html").read_text()


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["train_all"], 2, "required: PROFILE"),
        (["month_end", "profile.toml"], 2, "required: SET_ID"),
        (["publish_quarter", "nowhere.toml"], 3, "nowhere.toml: expected a file"),
    ],
)
def test_jobs_say_how_they_are_used_and_what_is_wrong(tmp_path: Path, words: list[str], code: int, said: str) -> None:
    done = run_job(tmp_path, *words)
    assert (done.returncode, "Traceback" in done.stderr) == (code, False)
    assert said in done.stderr
