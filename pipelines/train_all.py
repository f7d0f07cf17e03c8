"""Train every model of a profile: fit, check, report, register; drafts for publishing. Exit 4 when a gate failed."""

from __future__ import annotations

import sys

from behavior.cli.output import Console
from behavior.io.files import write_atomically
from behavior.io.profiles import load_profile
from behavior.workflows.stages import Stages
from behavior.workflows.train import train
from behavior.workflows.wiring import Project


def main(profile: str) -> int:
    """Train in the profile's order and say which versions may be promoted."""
    project, console = Project(load_profile(profile)), Console()
    stages, failed = Stages(console.progress), False
    for name in project.profile.models:
        model = train(project.request(name), project.tracker(), project.drafts(), stages)
        write_atomically(project.output / "reports" / f"{name}.html", model.report)
        console.say(f"{name}@{model.record.version}: {'champion' if model.champion else 'gates failed'}")
        failed = failed or not model.champion
    return 4 if failed else 0


if __name__ == "__main__":
    raise SystemExit(main(*sys.argv[1:]))
