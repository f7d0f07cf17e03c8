"""Train every model of a profile: fit, check, report, register; drafts for publishing. Exit 4 when a gate failed."""

from __future__ import annotations

import sys
from pathlib import Path

from behavior.cli.output import Console
from behavior.io.profiles import load_profile
from behavior.workflows.stages import Stages
from behavior.workflows.train_all import train_all
from behavior.workflows.wiring import Project


def main(profile: str) -> int:
    """Train and say which versions may be promoted."""
    console = Console()
    trained = train_all(Project(load_profile(profile)), Path(profile), Stages(console.progress))
    for model in trained:
        console.say(f"{model.name}@{model.version}: {'champion' if model.champion else 'gates failed'}")
    return 0 if all(model.champion for model in trained) else 4


if __name__ == "__main__":
    raise SystemExit(main(*sys.argv[1:]))
