"""Every model of a project: one alone in this process, several side by side in processes of their own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from behavior.errors import DONE, GATE_FAILED, BehaviorError
from behavior.io.files import write_atomically
from behavior.workflows.stages import Stages
from behavior.workflows.train import TrainedVersion, train, version_of
from behavior.workflows.wiring import Project, model_spec


def train_all(project: Project, profile: Path, stages: Stages) -> tuple[TrainedVersion, ...]:
    """Train the profile's models and return them in its order, whichever way they ran.

    Parameters
    ----------
    profile : the profile's file, which a process of its own reads again.

    Raises
    ------
    FaultyInput : where reports or runs could not be written; faults of a specification, before anything is learned.
    BehaviorError : as training does; the first failure of the profile's order, in the words of its own process.
    """
    project.require_writable("output", "tracking")
    names = list(project.profile.models)
    for name in names:
        model_spec(project.profile, name)  # what one model cannot learn from is said before another learns for minutes
    if len(names) <= 1:
        return tuple(train_here(project, name, stages) for name in names)
    with stages.stage("train " + ", ".join(names)):
        # The registry is made once, before several processes would: MLflow's tables do not bear two makers at a time.
        project.tracker().ready(project.profile.require("tracking").experiment)
        with ThreadPoolExecutor(min(os.cpu_count() or 1, len(names))) as pool:
            return tuple(pool.map(lambda name: _train_apart(project, profile, name), names))


def train_here(project: Project, name: str, stages: Stages) -> TrainedVersion:
    """Train one model in this process and write its report."""
    before = stages.seconds
    model = train(project.request(name), project.tracker(), project.drafts(), stages)
    write_atomically(report_of(project, name), model.report)
    spent = {stage: second - before.get(stage, 0.0) for stage, second in stages.seconds.items()}
    return version_of(model, {stage: second for stage, second in spent.items() if second > 0.0})


def report_of(project: Project, name: str) -> Path:
    """Where a model's validation report lies."""
    return project.output / "reports" / f"{name}.html"


def _train_apart(project: Project, profile: Path, name: str) -> TrainedVersion:
    words = [sys.executable, "-m", "behavior", "train", name, "--profile", str(profile), "--json"]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    try:
        said = json.loads(done.stdout)
    except json.JSONDecodeError:
        raise BehaviorError(f"{name}: training stopped with exit code {done.returncode}.\n{done.stderr}") from None
    if done.returncode not in (DONE, GATE_FAILED):
        raise BehaviorError(f"{name}: {said.get('message', done.stderr)}")
    return TrainedVersion(
        name,
        int(said["version"]),
        bool(said["champion"]),
        tuple(said["failed_gates"]),
        project.drafts().read(f"{name}.draft"),
        report_of(project, name).read_text(encoding="utf-8"),
        dict(said["seconds"]),
    )
