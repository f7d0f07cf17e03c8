"""`behavior cycle --profile P`: the whole line on a bank's own data, each stage timed."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from behavior.cli.dates import now
from behavior.cli.output import Console

if TYPE_CHECKING:
    from subprocess import Popen

    from behavior.workflows.cycle import CycleResult
    from behavior.workflows.stages import Stages
    from behavior.workflows.wiring import Project


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The profile."""
    parser.add_argument("--profile", required=True, metavar="FILE", help="profile that says where things are")


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Run the line as the profile describes it."""
    from behavior.cli.learning import require_learning_libraries
    from behavior.workflows.stages import Stages

    require_learning_libraries()
    return run_cycle(Path(arguments.profile), console, Stages(console.progress))


def run_cycle(path: Path, console: Console, stages: Stages) -> int:
    """Run a profile's cycle, write results and reports, and say where they are; 4 when a gate failed.

    The engine's kernels are compiled in a process beside the training, which costs nothing where they are cached.
    """
    from behavior.workflows.warm import in_background

    with in_background() as warming:
        try:
            return _run_cycle(path, console, stages, warming)
        finally:
            warming.terminate()


def _run_cycle(path: Path, console: Console, stages: Stages, warming: Popen[bytes]) -> int:
    from dataclasses import replace

    from behavior.errors import DONE, GATE_FAILED
    from behavior.io.profiles import load_profile
    from behavior.workflows.cycle import cycle, set_in_force
    from behavior.workflows.plan import cycle_plan, write_cycle
    from behavior.workflows.train_all import train_all
    from behavior.workflows.wiring import Project

    project = Project(load_profile(path))
    project.require_writable("output", "tracking", "store")
    with stages.stage("read"):
        plan = cycle_plan(project, now(), warming)
        set_in_force(
            project.store().validity(), plan.as_of
        )  # a store that cannot take the set is refused before training
    trained = train_all(project, path, stages)
    # Signatures are of now: of the time before training they would be older than what is signed.
    done = cycle(replace(plan, at=now()), trained, project.tracker(), project.store(), stages)
    with stages.stage("write"):
        written = write_cycle(done, project.output)
    _say(console, project, done, stages, written)
    return GATE_FAILED if done.failed_gates else DONE


def _say(console: Console, project: Project, done: CycleResult, stages: Stages, written: dict[str, str]) -> None:
    from behavior.cli.learning import model_rows
    from behavior.cli.value import show_figures

    result = done.result
    console.table("Models", model_rows(done.trained))
    console.say(f"\nValued under {result.facts.get('framework', '')}; all figures are in the folder of the results.")
    show_figures(result, console)
    # Models that were trained side by side have times of their own within one stage.
    parts = {name: value for one in done.trained for name, value in one.seconds.items() if name not in stages.seconds}
    console.table("Time", [{"stage": name, "seconds": value} for name, value in stages.seconds.items()])
    if parts:
        console.table(
            "Time within training, models side by side",
            [{"part": name, "seconds": value} for name, value in parts.items()],
        )
    stamp = f" ({done.assumptions.stamp})" if done.assumptions.stamp else ""
    console.say(f"\nAssumption set {done.assumptions.id}{stamp} in {project.store().folder}")
    for failed in done.failed_gates:
        console.warn(f"gate failed: {failed}; the set stays a draft and every result is stamped DRAFT.")
    for name, place in written.items():
        console.say(f"{name}: {place}")
    console.result(
        {
            "set": done.assumptions.id,
            "digest": done.assumptions.digest,
            "stamp": done.assumptions.stamp,
            "failed_gates": list(done.failed_gates),
            "models": model_rows(done.trained),
            "eve": result.eve_summary.to_dict("records"),
            "nii": result.nii_summary.to_dict("records"),
            "seconds": {**stages.seconds, **parts},
            "written": written,
        }
    )
