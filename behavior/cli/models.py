"""`behavior models --profile P`: the versions that a registry holds, how each stands and what it was made with."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from typing import TYPE_CHECKING

from behavior.cli.output import Console

if TYPE_CHECKING:
    from behavior.tracking.base import ModelRecord

STANDING = (
    "model",
    "version",
    "alias",
    "as_of",
    "gates",
    "against_last_champion",
    "validation",
    "signed_by",
    "signed_at",
)
MADE_WITH = ("model", "version", "registered_at", "developer", "code", "spec_digest", "data_digest")
SHOWN = 12
"""Characters of a digest that tell two apart; --json gives them whole."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which registry, and which model of it."""
    parser.add_argument("model", nargs="?", metavar="MODEL", help="one model's versions alone (default: every model's)")
    parser.add_argument("--profile", required=True, metavar="FILE", help="profile: where the registry is")


def run(arguments: argparse.Namespace, console: Console) -> int:
    """List every registered version, oldest first; the data that a profile names need not be there."""
    from behavior.cli.tables import spaced
    from behavior.errors import SetNotFound
    from behavior.io.profiles import load_profile
    from behavior.workflows.wiring import tracker_of

    profile = load_profile(arguments.profile)
    records = tracker_of(profile).versions()
    folder = profile.folder_of("tracking")
    names = list(dict.fromkeys(record.name for record in records))
    if not names:
        raise SetNotFound(f"`{folder}` holds no registered version. Train one: `behavior train`, or name its registry.")
    if arguments.model not in (None, *names):
        raise SetNotFound(f"the registry holds no model `{arguments.model}`; it holds {', '.join(names)}.")
    rows = [_row(record) for record in records if arguments.model in (None, record.name)]
    shown = [{name: _short(name, cell) for name, cell in row.items()} for row in rows]
    console.table(f"Versions in {folder}", spaced([{name: row[name] for name in STANDING} for row in shown]))
    console.table("What they were made with", spaced([{name: row[name] for name in MADE_WITH} for row in shown]))
    console.result({"registry": str(folder), "versions": rows})
    return 0


def _row(record: ModelRecord) -> dict[str, object]:
    """A version as its record has it; what a record does not say is empty."""
    tags = record.tags
    return {
        "model": record.name,
        "version": record.version,
        "alias": ", ".join(record.aliases),
        "as_of": tags.get("as_of", ""),
        "gates": tags.get("gates", ""),
        "against_last_champion": _against(tags),
        "validation": tags.get("validation_status", "unvalidated"),
        "signed_by": tags.get("validated_by", ""),
        "signed_at": tags.get("validated_at", ""),
        "note": tags.get("validation_note", ""),
        "registered_at": record.registered_at,
        "developer": tags.get("developer", ""),
        "code": tags.get("code_version", ""),
        "spec_digest": tags.get("spec_digest", ""),
        "data_digest": tags.get("data_digest", ""),
        "rates_digest": tags.get("rates_digest", ""),
        "book_digest": tags.get("book_digest", ""),
        "files_digest": record.digest,
        "run": record.run,
    }


def _against(tags: Mapping[str, str]) -> str:
    """The version that was champion before, and what is gained on it: ``@3: +0.40% (-0.10% to +0.90%)``."""
    before, gain = tags.get("last_champion", ""), tags.get("gain_on_last_champion", "")
    return f"@{before}: {gain or 'not compared'}" if before else ""


def _short(name: str, cell: object) -> object:
    """A cell for people: digests by their first letters, times to the minute."""
    if name.endswith("_digest"):
        return str(cell)[:SHOWN]
    return str(cell)[:16].replace("T", " ") if name.endswith("_at") else cell
