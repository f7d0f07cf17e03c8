"""Runs of a benchmark have the same name each quarter, and say whose data each speaks of."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pandas as pd

from behavior.benchmark.results import MET, OPEN, Answer, Verdict
from behavior.tracking.mlflow import MlflowTracker
from behavior.workflows.benchmark import BenchmarkResult
from behavior.workflows.benchmark_files import EXPERIMENT, track_benchmark
from behavior.workflows.benchmark_truth import TruthAnswer


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


def test_the_truths_figures_are_followed_beside_the_bars_met(
    tmp_path: Path, empty_registry: Callable[[Path], Path]
) -> None:
    """A count of bars met stands still while an error doubles below its bar."""
    empty_registry(tmp_path)
    verdicts = (Verdict("bank", "surface error", "0.57", MET), Verdict("bank", "cells", "no cell", OPEN))
    figures = {"surface_error_cpr_points": 0.57, "cells_within_a_tenth": float("nan")}
    truth = TruthAnswer("mortgage_prepayment", verdicts, {}, figures)
    track_benchmark(BenchmarkResult((), (truth,), ()), tmp_path)
    client = MlflowTracker(tmp_path).client
    run = client.search_runs([client.get_experiment_by_name(EXPERIMENT).experiment_id])[0]
    assert run.info.run_name == "truth/mortgage_prepayment"
    assert run.data.metrics == {"bars_met": 1.0, "surface_error_cpr_points": 0.57}
