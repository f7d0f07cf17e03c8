"""`behavior validate MODEL@VERSION --profile P`: rerun the checks on a registered version, or sign it."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from behavior.cli.dates import now
from behavior.cli.output import Console
from behavior.errors import DONE, GATE_FAILED, UsageError

if TYPE_CHECKING:
    from behavior.workflows.validate import Validated


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The version, where its data are, and who signs."""
    parser.add_argument("model", metavar="MODEL@VERSION", help="registered version; without @VERSION the champion")
    parser.add_argument("--profile", required=True, metavar="FILE", help="profile: where data and registry are")
    parser.add_argument(
        "--sign",
        action="store_true",
        help="sign the version once the checks have been rerun on the history it learned from",
    )
    parser.add_argument("--by", default="", metavar="NAME", help="who signs; not the version's developer")
    parser.add_argument("--note", default="", help="a sentence for the record")
    parser.add_argument(
        "--out",
        metavar="FILE",
        help="report, with drafts/ of its curves beside it (default: reports/ and drafts/ of the profile's output)",
    )


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Rebuild the version from its text files, put every check to it again, write the report, sign when asked to."""
    from pathlib import Path

    from behavior.cli.learning import require_learning_libraries
    from behavior.io.drafts import DraftFolder
    from behavior.io.files import require_outputs, write_atomically
    from behavior.io.profiles import load_profile
    from behavior.workflows.sign import refuse_signer, sign, signed_report
    from behavior.workflows.stages import Stages
    from behavior.workflows.validate import validate
    from behavior.workflows.wiring import Project

    _refuse_odd_options(arguments)
    require_learning_libraries()
    project = Project(load_profile(arguments.profile))
    name, version = _named(arguments.model)
    out = Path(arguments.out or project.output / "reports")
    # Given a place for what is written, a validator needs no right to write into the project.
    drafts = DraftFolder(out.parent / "drafts") if arguments.out else project.drafts()
    registry = [project.profile.folder_of("tracking")] if arguments.sign else []
    require_outputs([drafts.root, *registry, *([] if arguments.out else [out])], [out] if arguments.out else [])
    tracker = project.tracker()
    record = tracker.record(name, alias="champion") if version is None else tracker.record(name, version)
    if arguments.sign:  # before the checks are rerun and a report is written
        refuse_signer(record, arguments.by)
    done = validate(record, project.request(project.model_named(name)), tracker, drafts, Stages(console.progress))
    report = out if arguments.out else out / f"{name}-{record.version}-revalidated.html"
    write_atomically(report, done.report)
    console.table(
        f"{name}@{record.version}{_known_as(record.aliases)}, checked again",
        [{"check": one.check, "status": str(one.status), "in words": one.in_words} for one in done.findings.findings],
    )
    console.say(f"\nreport: {report}")
    _warn_of_differences(done, f"{name}@{record.version}", console)
    signed = record.tags.get("validation_status", "unvalidated")
    failed = [one.check for one in done.findings.blocking]
    if arguments.sign and not failed:
        after = sign(
            tracker, name, record.version, arguments.by, now(), arguments.note, done.data_digest, done.otherwise
        )
        signed = after.tags["validation_status"]
        write_atomically(report, signed_report(done.report, after))
        console.say(f"signed by {arguments.by}")
    console.result(
        {
            "model": name,
            "version": record.version,
            "aliases": list(record.aliases),
            "failed_gates": failed,
            "figures": done.findings.metrics(),
            "validation_status": signed,
            "same_data": done.same_data,
            "made_with_other": list(done.otherwise),
            "data_digest": done.data_digest,
            "registered_data_digest": done.registered_data_digest,
            "report": str(report),
        }
    )
    return GATE_FAILED if failed else DONE


def _named(model: str) -> tuple[str, int | None]:
    """Name and version of ``MODEL@VERSION``; None where it names no version.

    Raises
    ------
    UsageError : the version is no number.
    """
    name, _, version = model.partition("@")
    if version and not version.isdecimal():
        raise UsageError(f"found the version {version!r}, expected a number as in {name}@1.")
    return name, int(version) if version else None


def _warn_of_differences(done: Validated, version: str, console: Console) -> None:
    """What the checks were rerun with and the version was not made with."""
    if done.otherwise:
        console.warn(f"made with something else: {'; '.join(done.otherwise)}. It cannot be signed with these.")
    if done.data_digest != done.registered_data_digest:
        console.warn(
            f"other data: checked on a history with sha256 {done.data_digest}; {version} learned from "
            f"{done.registered_data_digest or 'one that is not on record'}. It cannot be signed on this one."
        )


def _known_as(aliases: tuple[str, ...]) -> str:
    return f" ({', '.join(aliases)})" if aliases else ""


def _refuse_odd_options(arguments: argparse.Namespace) -> None:
    if arguments.sign and not arguments.by:
        raise UsageError("signing needs a name: give --by NAME.")
    if (arguments.by or arguments.note) and not arguments.sign:
        raise UsageError("a name or a note is for a signature: give --sign too, or neither.")
