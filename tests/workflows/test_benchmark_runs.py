"""Runs of a benchmark have the same name each quarter, and say whose data each speaks of."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pandas as pd

from behavior.benchmark.results import Answer
from behavior.tracking.mlflow import MlflowTracker
from behavior.workflows.benchmark import BenchmarkResult
from behavior.workflows.benchmark_files import EXPERIMENT, track_benchmark


def test_two_quarters_have_one_name_and_tell_their_data_apart(
    tmp_path: Path, empty_registry: Callable[[Path], Path]
) -> None:
    empty_registry(tmp_path)
    figure = {"cause": "all", "model": "ours", "score": "log_loss", "weighting": "count", "slice": "", "value": 0.1}
    scores = pd.DataFrame([{**figure, "low": 0.09, "high": 0.11}])
    for digest in ("first", "second"):
        facts = {"data_digest": digest, "spec_digest": "same", "rows": 7}
        answer = Answer("prepayment", "t", "k", "p", scores, pd.DataFrame(), (), "ours", facts=facts)
        track_benchmark(BenchmarkResult((answer,), (), ()), tmp_path, quick=True)
    client = MlflowTracker(tmp_path).client
    runs = client.search_runs([client.get_experiment_by_name(EXPERIMENT).experiment_id])
    assert {run.info.run_name for run in runs} == {"benchmark/prepayment"}
    assert {run.data.tags["data_digest"] for run in runs} == {"first", "second"}
    assert all(run.data.metrics["all.ours.log_loss.count"] == 0.1 for run in runs)
