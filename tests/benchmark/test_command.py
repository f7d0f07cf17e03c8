"""The command: a profile of one's own and no code, absent data explained, files and runs with stable names."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from behavior.cli import main
from behavior.errors import SpecFault
from behavior.io.profiles import load_profile
from behavior.workflows.profile_check import asked_later
from tests.spec_examples import spec_text

PROFILES = Path(__file__).resolve().parents[2] / "pipelines" / "profiles"

SPEC = spec_text(
    "mortgage_prepayment",
    "exposure_history/1",
    more='fixed = { sample_share = 1.0 }\n[features]\nuse = ["incentive", "age_months"]',
)

PROFILE = """
name = "own"
[history.loans]
contract = "exposure_history/1"
[history.loans.tables.exposures]
file = "loans.csv"
sort = true
[history.loans.tables.exposures.columns]
unit_id = "loan"
paid = { from = "received", divided_by = ["instalment"], rounded = true }
from_months = { value = 0 }
to_months = { from = "paid", kind = "number" }
month = { months_after = { date = "opened", months = "to_months" }, month_end = true }
status = { from = "end", values = { P = "prepaid", D = "default" }, otherwise = "open" }
incentive = { from = "gain", unit = "percent", kind = "number" }
opened = { date_format = "%Y-%m-%d" }
[benchmark.own]
title = "A bank's own loans"
model = "model"
history = "loans"
says = "Simulated for a test."
[benchmark.own.protocol]
customer_folds = 2
folds_judged = 1
[benchmark.own.incumbent]
file = "vendor.csv"
[[benchmark.own.bars]]
words = "log loss below the constant"
score = "log_loss"
below = ["constant"]
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    rng = np.random.default_rng(3)
    count = 900
    gain = rng.normal(0.0, 1.0, count)
    exit_month = rng.geometric(np.clip(0.04 + 0.02 * gain, 0.005, 0.3))
    held = np.minimum(exit_month, 36)
    loans = pd.DataFrame(
        {
            "loan": np.arange(count),
            "opened": "2020-01-31",
            "received": held * 10.0 + rng.uniform(-3, 3, count),
            "instalment": 10.0,
            "end": np.where(exit_month <= 36, "P", "O"),
            "gain": gain,
        }
    )
    loans.to_csv(tmp_path / "loans.csv", index=False)
    (tmp_path / "vendor.csv").write_text("incentive,cpr\n-0.01,0.1\n0.01,0.6\n")
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "spec.toml").write_text(SPEC)
    (tmp_path / "own.toml").write_text(PROFILE)
    return tmp_path


@pytest.mark.filterwarnings("ignore")
def test_a_profile_and_no_code(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = project / "out"
    words = ["benchmark", "--profile", str(project / "own.toml"), "--quick", "--workers", "1", "--out", str(out)]
    assert main([*words, "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["data"] == [row for row in said["data"] if row["bar"] == "met"] and len(said["data"]) == 1
    assert {row["model"] for row in said["answers"][0]["summary"]} >= {"ours", "incumbent", "age_table", "s_curve"}
    scores = pd.read_csv(out / "scores.csv")
    assert {"data", "cause", "model", "score", "slice", "bucket", "value", "low", "high"} <= set(scores.columns)
    html = (out / "benchmark.html").read_text()
    assert "SHORTENED RUN" in html and "<svg" in html and "http://" not in html.replace("http://www.w3.org", "")
    from behavior.tracking.mlflow import MlflowTracker

    client = MlflowTracker(out / "tracking").client
    experiment = client.get_experiment_by_name("benchmark")
    run = client.search_runs([experiment.experiment_id])[0]
    assert run.info.run_name == "benchmark/own"
    assert "payoff.ours.log_loss.count" in run.data.metrics


def test_absent_data_say_which_files_in_which_layout(
    project: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (project / "loans.csv").unlink()
    assert main(["benchmark", "--profile", str(project / "own.toml"), "--out", str(tmp_path / "o")]) == 3
    said = capsys.readouterr().err
    assert "loans.csv" in said and "expected a CSV file with the columns" in said
    assert main(["benchmark", "--profile", str(project / "own.toml"), "--data", "other"]) == 2
    assert "expected one of" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["nsmo", "lendingclub", "fdic", "ecb", "us_banks", "real", "demo"])
def test_questions_name_folders_that_are_there(name: str) -> None:
    profile = load_profile(PROFILES / f"{name}.toml")
    folder = PROFILES.parents[1] if name == "demo" else None
    assert profile.terms.benchmark
    for question in profile.terms.benchmark.values():
        place = folder / question.model if folder else profile.path(question.model)
        assert (place / "spec.toml").is_file() and (place / "card.md").is_file()
        assert question.title and (question.protocol.name or question.protocol.leave_out)


@pytest.mark.parametrize(
    ("incumbent", "column", "words"),
    [
        ('file = "vendor.csv"', "", ""),
        ('file = "gone.csv"', "$.benchmark.own.incumbent.file", "uses today"),
        ("beta = 0.4", "$.benchmark.own.incumbent.beta", "expected one of cpr, psa"),
    ],
)
def test_the_check_says_what_a_question_would_stop_at(project: Path, incumbent: str, column: str, words: str) -> None:
    (project / "own.toml").write_text(PROFILE.replace('file = "vendor.csv"', incumbent))
    faults = asked_later(load_profile(project / "own.toml"))[1]
    assert [fault.column for fault in faults] == [column] * bool(column)
    assert all(words in fault.rule for fault in faults)


def test_a_bank_uses_one_thing_today(project: Path) -> None:
    (project / "own.toml").write_text(PROFILE.replace('file = "vendor.csv"', "cpr = 0.06\npsa = 1.5"))
    with pytest.raises(SpecFault, match=r"benchmark\.own\.incumbent.*expected one of cpr, psa"):
        load_profile(project / "own.toml")


@pytest.mark.filterwarnings("ignore")
def test_a_question_without_an_answer_is_said_and_the_rest_is_written(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    profile = project / "own.toml"
    profile.write_text(profile.read_text().replace("customer_folds = 2", "customer_folds = 2\nleast_events = 100000"))
    out = project / "out"
    assert main(["benchmark", "--profile", str(profile), "--workers", "1", "--out", str(out)]) == 3
    assert "least_events" in capsys.readouterr().err
    bars = pd.read_csv(out / "bars.csv")
    assert list(bars["bar"]) == ["not measured"] and "100000 events" in bars["found"][0]


@pytest.mark.filterwarnings("ignore")
def test_a_question_that_stumbles_does_not_take_the_others_with_it(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from behavior.workflows import benchmark

    profile = project / "own.toml"
    second = PROFILE[PROFILE.index("[benchmark.own]") :].replace("benchmark.own", "benchmark.second")
    profile.write_text(profile.read_text() + second)
    answer = benchmark.answer_question

    def stumble(name: str, *words: object) -> object:
        if name == "own":
            raise KeyError("closed")
        return answer(name, *words)

    monkeypatch.setattr(benchmark, "answer_question", stumble)
    words = ["benchmark", "--profile", str(profile), "--quick", "--workers", "1", "--out", str(project / "out")]
    assert main(words) == 3
    assert "own: unexpected KeyError in test_command.py" in capsys.readouterr().err
    bars = pd.read_csv(project / "out" / "bars.csv")
    assert sorted(bars["bar"]) == ["met", "not measured"] and "closed" in " ".join(bars["found"])


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("customer_folds = 2", "landmarks = [2020-12-31]", "landmarks exist for nmd_decay"),
        ("customer_folds = 2", 'leave_out = "region"', "expected `phase`"),
        ("customer_folds = 2", 'leave_out = "phase"', "no `market_rate`"),
        ('file = "vendor.csv"', "beta = 0.4", "expected one of cpr, psa, average_life_years, file"),
        ('file = "vendor.csv"', 'file = "wrong.csv"', "expected an axis that is a numeric feature"),
    ],
)
def test_a_protocol_or_incumbent_that_the_kind_does_not_have_is_said(
    project: Path, capsys: pytest.CaptureFixture[str], old: str, new: str, words: str
) -> None:
    profile = project / "own.toml"
    (project / "wrong.csv").write_text("age,cpr\n1,0.1\n60,0.6\n")
    profile.write_text(profile.read_text().replace(old, new))
    assert main(["benchmark", "--profile", str(profile), "--workers", "1", "--out", str(project / "out")]) == 3
    said = capsys.readouterr().err
    assert words in said and "Traceback" not in said


@pytest.mark.filterwarnings("ignore")
def test_a_profile_that_does_not_say_what_the_bank_uses_has_a_stand_in_and_missing_rows_are_said(
    project: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from behavior.errors import TooFewEvents
    from behavior.estimators.boosted_hazard import BoostedHazard

    def refuse(self: BoostedHazard, *rows: object) -> None:
        raise TooFewEvents("50 events needed, 31 seen.")

    monkeypatch.setattr(BoostedHazard, "fit", refuse)
    profile = project / "own.toml"
    profile.write_text(profile.read_text().replace('[benchmark.own.incumbent]\nfile = "vendor.csv"\n', ""))
    out = project / "out"
    words = ["benchmark", "--profile", str(profile), "--workers", "1", "--out", str(out)]
    assert main([*words, "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)["answers"][0]
    assert "boosted" not in {row["model"] for row in answer["summary"]}
    incumbent = next(row["what"] for row in answer["summary"] if row["model"] == "incumbent")
    assert incumbent == "stand-in, as none is given: PSA curve, speed fitted"
    missing = "payoff, boosted (boosted trees on the spline) has no row: no answer in 1 of 1 windows and folds"
    assert answer["notes"][0] == "Simulated for a test." and missing in answer["notes"][1]
    assert "50 events needed, 31 seen." in (out / "benchmark.html").read_text()
    assert main(words) == 0
    assert missing in capsys.readouterr().out


def test_a_process_that_ends_is_the_failure_of_its_question(monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker killed for want of memory breaks the pool: questions already answered keep their answers."""
    from concurrent.futures import Future
    from concurrent.futures.process import BrokenProcessPool

    from behavior.workflows import benchmark

    class Pool:
        def __init__(self, *words: object, **more: object) -> None: ...
        def __enter__(self) -> Pool:
            return self

        def __exit__(self, *words: object) -> None: ...
        def submit(self, ask: object, task: benchmark.Task) -> Future[object]:
            future: Future[object] = Future()
            if task.name == "first":
                future.set_result(benchmark.Failure("first", "answered"))
            else:
                future.set_exception(BrokenProcessPool("ended"))
            return future

    monkeypatch.setattr(benchmark, "ProcessPoolExecutor", Pool)
    tasks = [benchmark.Task(Path("p.toml"), name, "data") for name in ("first", "second")]
    found = [answer for _, answer in benchmark.run_tasks(tasks, 2)]
    assert found[0] == benchmark.Failure("first", "answered")
    assert isinstance(found[1], benchmark.Failure) and "memory" in found[1].words
