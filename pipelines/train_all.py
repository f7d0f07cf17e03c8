"""Train every model of a profile: fit, check, report, register; drafts for publishing. Exit 4 when a gate failed."""

from __future__ import annotations

from behavior.cli.jobs import run_job


def main(profile: str) -> int:
    """Train every model of a profile and say which versions may be promoted."""
    from pathlib import Path

    from behavior.cli.learning import require_learning_libraries
    from behavior.cli.output import Console
    from behavior.errors import DONE, GATE_FAILED
    from behavior.io.profiles import load_profile
    from behavior.workflows.stages import Stages
    from behavior.workflows.train_all import train_all
    from behavior.workflows.wiring import Project

    require_learning_libraries()
    console = Console()
    trained = train_all(Project(load_profile(profile)), Path(profile), Stages(console.progress))
    for model in trained:
        gates = "gates failed" if model.failed_gates else "gates passed"
        console.say(f"{model.name}@{model.version}: {'champion' if model.champion else 'challenger'}, {gates}")
    return GATE_FAILED if any(model.failed_gates for model in trained) else DONE


if __name__ == "__main__":
    raise SystemExit(run_job(main))
