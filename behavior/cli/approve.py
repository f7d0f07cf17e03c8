"""`behavior approve ID --by NAME --valid-from DATE`: approve a set; not by its proposer."""

from __future__ import annotations

import argparse

from behavior.cli.dates import iso_date, now
from behavior.cli.output import Console


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The set, the approver and the validity."""
    parser.add_argument("id", help="id of the set")
    parser.add_argument("--by", required=True, metavar="NAME", help="who approves; not the proposer")
    parser.add_argument("--valid-from", required=True, type=iso_date, metavar="DATE", help="first day")
    parser.add_argument("--valid-to", type=iso_date, metavar="DATE", help="last day (default: open)")
    parser.add_argument("--note", default="", help="a sentence for the log")
    parser.add_argument("--store", default="assumptions", metavar="DIR", help="where sets live (default ./assumptions)")


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Approve and say what holds now."""
    from behavior.assumptions.state import Validity
    from behavior.io.assumption_store import AssumptionStore

    store = AssumptionStore(arguments.store)
    change, *endings = store.approve(
        arguments.id, arguments.by, now(), arguments.valid_from, arguments.valid_to, arguments.note
    )
    found = store.read(arguments.id)
    ended = [one.set_id for one in endings]
    state = store.status(arguments.id, change.valid_from)
    console.table(
        f"Set {arguments.id} is approved",
        [
            {
                "proposed by": state.proposed_by,
                "approved by": change.by,
                "valid from": str(change.valid_from),
                "valid to": str(change.valid_to or ""),
                "ends": ", ".join(ended),
                "digest": change.set_digest[:12],
            }
        ],
    )
    if ended:
        console.say(f"{', '.join(ended)}: valid until the day before {change.valid_from} only.")
    if change.valid_to != arguments.valid_to:
        console.say(f"It ends on {change.valid_to}: a set that follows it is approved from the day after.")
    asked = Validity(arguments.valid_from, change.valid_to)
    beside = {
        one: min(days)
        for one, spans in store.validity().items()
        if one != arguments.id and (days := [day for span in spans if (day := span.first_shared(asked))])
    }
    for one, day in beside.items():
        console.warn(f"{one}: valid on {day} too; neither supersedes the other. Retire one.")
    for name in found.unvalidated:
        console.warn(f"{name}: its model is UNVALIDATED (champion by gates alone); results carry that stamp.")
    console.result(
        {
            "id": arguments.id,
            "digest": change.set_digest,
            "status": "approved",
            "proposed_by": state.proposed_by,
            "approved_by": change.by,
            "valid_from": change.valid_from,
            "valid_to": change.valid_to,
            "ended": ended,
            "valid_too": list(beside),
            "unvalidated": list(found.unvalidated),
        }
    )
    return 0
