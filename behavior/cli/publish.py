"""`behavior publish DRAFT... --id ID --proposed-by NAME`: gather draft curves into an assumption set."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from behavior.cli.dates import iso_date, now
from behavior.cli.output import Console

if TYPE_CHECKING:
    from pathlib import Path

    from behavior.assumptions.set import AssumptionSet, AssumptionTable
    from behavior.io.profiles import Profile


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Drafts, identity and proposer."""
    parser.add_argument("drafts", nargs="+", metavar="DRAFT", help="folder of draft curves that `train` wrote")
    parser.add_argument("--id", required=True, help="as-of date and revision, such as 2026-09-30.r1")
    parser.add_argument("--proposed-by", required=True, metavar="NAME", help="who proposes; someone else approves")
    parser.add_argument("--as-of", type=iso_date, metavar="DATE", help="default: the drafts' own")
    parser.add_argument("--supersedes", metavar="ID", help="the set that ends when this one is approved")
    parser.add_argument("--note", default="", help="a sentence for the log and the manifest")
    parser.add_argument(
        "--profile", metavar="FILE", help="profile whose registry says which versions a validator has signed"
    )
    parser.add_argument(
        "--store", metavar="DIR", help="where sets live (default: the profile's; ./assumptions without a profile)"
    )


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Read the drafts, write the set, say where and what comes next."""
    from pathlib import Path

    from behavior.errors import UsageError
    from behavior.io.assumption_store import AssumptionStore
    from behavior.io.files import require_outputs
    from behavior.io.profiles import load_profile
    from behavior.io.set_folder import read_set
    from behavior.workflows.publish import publish

    profile = load_profile(arguments.profile) if arguments.profile is not None else None
    store = AssumptionStore(arguments.store or (Path("assumptions") if profile is None else profile.folder_of("store")))
    require_outputs([store.folder])
    drafts = [read_set(Path(folder)) for folder in arguments.drafts]
    dates = {draft.as_of for draft in drafts} if arguments.as_of is None else {arguments.as_of}
    if len(dates) > 1:
        found = ", ".join(str(date) for date in sorted(dates))
        raise UsageError(f"the drafts are of different dates ({found}); say which with --as-of.")
    tables = tuple(table for draft in drafts for table in draft.tables)
    tables = _signed(tables, profile)
    written = publish(
        tables, arguments.id, dates.pop(), arguments.proposed_by, now(), store, arguments.supersedes, arguments.note
    )
    _say(console, written, arguments.proposed_by, store.folder, profile is not None)
    return 0


def _say(console: Console, written: AssumptionSet, proposed_by: str, store: Path, looked_up: bool) -> None:
    """What was written and where, what stands against its approval, and what comes next."""
    folder = store / written.id
    console.table(
        f"Set {written.id}, a draft of {proposed_by}, in {folder}",
        [
            {
                "table": table.name,
                "effect": str(table.effect),
                "cause": table.cause,
                "curves": len(table.curves),
                "validation": table.provenance.validation,
            }
            for table in written.tables
        ],
    )
    if written.unvalidated and not looked_up:
        console.warn(
            "signatures were not looked up: what is unvalidated here may have been signed since. "
            "Publish with --profile FILE to look them up in its registry."
        )
    for failed in written.failed_gates:
        console.warn(f"gate failed: {failed}; the set cannot be approved.")
    console.say(f"Next: behavior approve {written.id} --by NAME --valid-from DATE --store {store}")
    console.result(
        {
            "id": written.id,
            "digest": written.digest,
            "folder": str(folder),
            "status": "draft",
            "proposed_by": proposed_by,
            "failed_gates": list(written.failed_gates),
            "unvalidated": list(written.unvalidated),
            "signatures_looked_up": looked_up,
        }
    )


def _signed(tables: tuple[AssumptionTable, ...], profile: Profile | None) -> tuple[AssumptionTable, ...]:
    """Tables with the signatures that stand in a profile's registry; without a profile nobody's."""
    from behavior.workflows.sign import with_signatures, without_signatures
    from behavior.workflows.wiring import Project

    return without_signatures(tables) if profile is None else with_signatures(tables, Project(profile).tracker())
