"""`behavior kinds`: the model kinds there are, found by walking."""

from __future__ import annotations

import argparse

from behavior.cli.output import Console

TABLES = {
    "Model kinds": ("name", "effect", "drivers", "summary"),
    "What they learn from": ("name", "history", "families"),
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """No arguments: the list is what the installed packages offer."""


def run(_arguments: argparse.Namespace, console: Console) -> int:
    """List every kind with its effect, drivers and estimator families."""
    from behavior.kinds.base import all_kinds

    rows = [
        {
            "name": kind.name,
            "effect": str(kind.effect),
            "drivers": ", ".join(str(driver) for driver in kind.drivers),
            "history": ", ".join(kind.histories),
            "families": ", ".join(kind.families),
            "summary": kind.summary,
        }
        for kind in all_kinds().values()
    ]
    for title, columns in TABLES.items():
        console.table(title, [{name: row[name] for name in columns} for row in rows])
    console.result({"kinds": rows})
    return 0
