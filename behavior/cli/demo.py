"""`behavior demo`: the whole line on a simulated bank whose truth is known."""

from __future__ import annotations

import argparse

from behavior.cli.output import Console

SIZES = ("full", "small")
SIZE_HELP = (
    "full: 20,000 loans and as many accounts; small: 1,500 each, quicker, but so few that a gate can fail (at the "
    "default seed the calibration of prepayment does): the command then exits with 4 and leaves the set a draft"
)
SMALL = (
    "The small bank has 1,500 loans and 1,500 accounts, too few for every gate to be sure of passing. Exit code 4 and "
    "a draft set say so; the run itself is complete. `--size full` has 20,000 of each."
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Where the demo goes, and the bank's seed and size."""
    parser.add_argument("--out", default="behavior-demo", metavar="DIR", help="output folder (default ./behavior-demo)")
    parser.add_argument("--seed", type=int, default=20260930, help="seed of the simulated bank")
    parser.add_argument("--size", choices=SIZES, default="full", help=SIZE_HELP)


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Simulate, then run an ordinary cycle on what was written."""
    from pathlib import Path

    from behavior.cli.cycle import run_cycle
    from behavior.cli.learning import require_learning_libraries
    from behavior.errors import GATE_FAILED
    from behavior.io.demo_project import write_demo
    from behavior.io.files import require_outputs
    from behavior.simulator.bank import simulate
    from behavior.simulator.settings import SimulatorSettings, small_settings
    from behavior.workflows.stages import Stages

    require_learning_libraries()
    stages = Stages(console.progress)
    folder = Path(arguments.out).resolve()
    require_outputs([folder])
    with stages.stage("simulate the bank"):
        settings = small_settings() if arguments.size == "small" else SimulatorSettings()
        bank = simulate(settings, seed=arguments.seed)
    with stages.stage("write the bank"):
        profile = write_demo(bank, folder)
    console.say(f"A simulated bank of seed {arguments.seed} is in {folder / 'bank'}; its cycle follows.")
    code = run_cycle(profile, console, stages)
    if code == GATE_FAILED and arguments.size == "small":
        console.warn(SMALL)
    return code
