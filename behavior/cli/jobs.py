"""Scheduled jobs: a function of paths and names, run as a command is, with usage, messages and exit codes."""

from __future__ import annotations

import argparse
import inspect
from collections.abc import Callable

from behavior.cli.output import Console, guarded, one_thread


def run_job(job: Callable[..., int]) -> int:
    """Run a job with the words of the command line, one for each of its parameters, and return its exit code.

    The parameters' names are the usage and the first line of the docstring its description. `job` imports what it needs
    when it runs: libraries of linear algebra read the number of their threads when they load.
    """
    words = (inspect.getdoc(job) or "").splitlines()
    parser = argparse.ArgumentParser(description=words[0] if words else None)
    names = list(inspect.signature(job).parameters)
    for name in names:
        parser.add_argument(name, metavar=name.upper())
    parsed = parser.parse_args()
    one_thread()
    return guarded(Console(), lambda: job(*(getattr(parsed, name) for name in names)))
