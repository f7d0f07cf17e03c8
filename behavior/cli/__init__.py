"""Command line: parser and exit codes. Nothing heavy is imported before a command runs."""

from __future__ import annotations

import argparse
import importlib
import sys
from collections.abc import Sequence
from typing import NoReturn

COMMANDS = {
    "demo": "the whole line on the simulated bank, from history to NII, EVE and reports",
    "cycle": "the same line on your own data, as a profile describes it",
    "check": "every fault of a table or of a whole profile",
    "kinds": "the model kinds there are",
    "train": "fit one model folder under a profile and register it",
    "models": "the versions that a registry holds, and who signed them",
    "validate": "rerun the checks on a registered version, or sign it",
    "benchmark": "what the models are worth: every baseline, on data and where the truth is known",
    "publish": "gather draft curves into an assumption set",
    "approve": "approve a set; not by its proposer",
    "assumptions": "list, show, verify, import and compare assumption sets",
    "value": "NII, EVE and gap of a book under scenarios",
    "explain": "the tree of numbers behind one cell of a valuation's results",
}


class Parser(argparse.ArgumentParser):
    """A parser that answers a wrong word with what is wrong, not with every option there is."""

    def error(self, message: str) -> NoReturn:
        """Say what is wrong and where the options stand, and leave with the exit code of usage."""
        self.exit(2, f"error: {message}. See `{self.prog} --help`.\n")


def build_parser(only: str | None = None) -> argparse.ArgumentParser:
    """The parser; `only` builds the arguments of one command alone, so that help stays instant."""
    from behavior import __version__

    parser = Parser(
        prog="behavior",
        description="Behavioural assumptions for bank asset-liability management: learn, validate, publish, value.",
        epilog="Exit codes: 0 done, 2 usage, 3 bad input, 4 gate failed, 5 not approved or not valid, 130 interrupted, "
        "141 whoever read the output went away.",
    )
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    for name, words in COMMANDS.items():
        command = commands.add_parser(name, help=words, description=words[0].upper() + words[1:] + ".")
        if name == only:
            importlib.import_module(f"behavior.cli.{name}").add_arguments(command)
            command.add_argument("--json", action="store_true", help="print one JSON object instead of tables")
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    name = next((word for word in words if not word.startswith("-")), None)
    parser = build_parser(name if name in COMMANDS else None)
    parsed = parser.parse_args(words)
    if parsed.command is None:
        parser.print_help()
        return 2
    from behavior.cli.output import run_command

    return run_command(parsed)
