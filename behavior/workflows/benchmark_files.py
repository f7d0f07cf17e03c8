"""A benchmark's result as files and as tracked runs with the same names every quarter."""

from __future__ import annotations

import math
from pathlib import Path

import pandas as pd

from behavior.benchmark.results import Answer
from behavior.io.files import write_atomically
from behavior.reporting.benchmark_report import benchmark_report
from behavior.reporting.html import render
from behavior.workflows.benchmark import BenchmarkResult
from behavior.workflows.digests import code_version

EXPERIMENT = "benchmark"
ASKED_OF = ("data_digest", "spec_digest")
"""Facts of an answer that say of which history and specification it is."""


def write_benchmark(result: BenchmarkResult, folder: Path, quick: bool = False) -> dict[str, str]:
    """Bars, every figure and the report; each under a temporary name first.

    Returns
    -------
    What it is -> where it lies.
    """
    bars = [{"table": "simulated bank", **row} for row in result.truth_bars]
    bars += [{"table": "data", **row} for row in result.data_bars]
    written = {"bars": folder / "bars.csv", "figures": folder / "scores.csv", "report": folder / "benchmark.html"}
    write_atomically(written["bars"], pd.DataFrame(bars).to_csv(index=False))
    write_atomically(written["figures"], result.scores().to_csv(index=False))
    tables = {f"{truth.name}: {name}": table for truth in result.truths for name, table in truth.tables.items()}
    document = benchmark_report(result.answers, result.truth_bars, result.data_bars, tables, quick)
    write_atomically(written["report"], render(document))
    for answer in result.answers:
        write_atomically(folder / "summaries" / f"{answer.name}.csv", answer.summary.to_csv(index=False))
    return {what: str(where) for what, where in written.items()}


def track_benchmark(result: BenchmarkResult, folder: Path, quick: bool = False) -> None:
    """One run a question, named after it, so that accuracy is followed by one methodology."""
    from behavior.tracking.mlflow import MlflowTracker

    tracker = MlflowTracker(folder)
    for answer in result.answers:
        with tracker.run(EXPERIMENT, f"benchmark/{answer.name}") as run:
            run.set_tags({"kind": answer.kind, "protocol": answer.protocol, "quick": str(quick).lower()})
            run.set_tags({"code_version": code_version(), "winner": answer.winner[:400]})
            # Runs have one name each quarter; whose data they speak of is what a version trained on them says too.
            run.set_tags({name: str(answer.facts[name]) for name in ASKED_OF if name in answer.facts})
            run.log_metrics(metrics_of(answer))
            run.log_text("scores.csv", answer.scores.to_csv(index=False))
            run.log_text("bars.csv", pd.DataFrame([one.as_row() for one in answer.verdicts]).to_csv(index=False))
    for truth in result.truths:
        with tracker.run(EXPERIMENT, f"truth/{truth.name}") as run:
            run.set_tags({"quick": str(quick).lower(), "code_version": code_version(), "banks": str(truth.banks)})
            met = float(sum(one.verdict == "met" for one in truth.verdicts))
            known = {name: float(one) for name, one in truth.figures.items() if math.isfinite(one)}
            run.log_metrics({"bars_met": met, **known})
            run.log_text("bars.csv", pd.DataFrame([one.as_row() for one in truth.verdicts]).to_csv(index=False))
            for name, table in truth.tables.items():
                run.log_text(f"{name.replace(' ', '_').replace(',', '')}.csv", table.to_csv(index=False))


def metrics_of(answer: Answer) -> dict[str, float]:
    """Whole-book figures with their bounds, by cause, model, score and weighting."""
    found: dict[str, float] = {}
    whole = answer.scores[answer.scores["slice"] == ""]
    for row in whole.to_dict("records"):
        name = ".".join(str(row[one]) for one in ("cause", "model", "score", "weighting"))
        for suffix, key in (("", "value"), (".low", "low"), (".high", "high")):
            value = float(row[key])
            if math.isfinite(value):
                found[f"{name}{suffix}"] = value
    return found
