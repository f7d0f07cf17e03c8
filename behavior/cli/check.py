"""`behavior check`: every fault of one table, of files in a published layout, or of everything a profile names."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from behavior.errors import BAD_INPUT, DONE, UsageError, fault_lines

if TYPE_CHECKING:
    from pathlib import Path

    from behavior.cli.output import Console
    from behavior.errors import Fault
    from behavior.io.found_faults import FoundFaults

EXAMPLES = 5
SHOWN = ("input", "rows", "files", "faults")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What to check and where rejects go."""
    parser.add_argument(
        "file",
        nargs="+",
        help="a table (CSV or Parquet), settings.toml with --as settings/1, a profile, or files with --layout",
    )
    parser.add_argument(
        "--as", dest="contract", metavar="CONTRACT[:table]", help="book/1, curves/1, mortgage_history/1:loan_months ..."
    )
    parser.add_argument("--layout", help="published layout of the files: freddie_mac_servicing, pkdd99_trans ...")
    parser.add_argument(
        "--write", metavar="FILE", help="with --layout: write the rows in the contract's form (Parquet)"
    )
    parser.add_argument("--rejects", metavar="FILE", help="write every fault to this CSV")
    parser.add_argument("--examples", type=whole_number, default=EXAMPLES, help=f"examples shown a rule ({EXAMPLES})")


def whole_number(text: str) -> int:
    """Reader of a count."""
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"found {text!r}, expected a whole number")
    return int(text)


def run(args: argparse.Namespace, console: Console) -> int:
    """Check, print what was found, exit 3 on any fault."""
    from pathlib import Path

    from behavior.io.files import require_outputs
    from behavior.io.found_faults import FoundFaults, rejects_file

    paths = [Path(one) for one in args.file]
    rejects = Path(args.rejects) if args.rejects else None
    written = Path(args.write) if args.write else None
    _refuse_odd_options(args)
    require_outputs(files=[rejects, written])
    with rejects_file(rejects) as write:
        faults = FoundFaults(write)
        with console.progress(f"checking {paths[0].name}"):
            inputs = (
                _in_layout(paths, args.layout, written, faults)
                if args.layout
                else _examined(paths[0], args.contract, faults)
            )
    _say(console, inputs, faults, args.examples)
    if rejects is not None:
        console.say(f"All of them: {rejects}")
    if written is not None and not faults:
        console.say(f"Written: {written}")
    code = BAD_INPUT if faults else DONE
    held = [asdict(fault) for fault in faults.held]
    console.result({"inputs": inputs, "faults_found": len(faults), "faults": held, "exit_code": code})
    return code


def _say(console: Console, inputs: Sequence[Mapping[str, Any]], faults: FoundFaults, examples: int) -> None:
    """Inputs, faults by rule, examples of each, and how many there are."""
    console.table("Inputs", [{name: one[name] for name in SHOWN} for one in inputs])
    _say_notes(console, inputs)
    if faults:
        by_rule = [
            {"file": file, "column": column or "", "faults": count, "rule": rule}
            for (file, column, rule), count in faults.counts.items()
        ]
        console.table("Faults", by_rule)
        console.say("")
        for line in fault_lines(faults.held, examples, faults.counts):
            console.say(f"  {line}")
    console.say("")
    console.say(f"{len(faults):,} fault{'s' if len(faults) > 1 else ''} found." if faults else "No faults found.")


def _say_notes(console: Console, inputs: Sequence[Mapping[str, Any]]) -> None:
    """What the mappings of a profile set aside, and what their joins did not find."""
    notes = [f"  {one['input']}: {note}" for one in inputs for note in one.get("notes", ())]
    for line in ["", *notes] if notes else []:
        console.say(line)


def _refuse_odd_options(args: argparse.Namespace) -> None:
    if args.layout and args.contract:
        raise UsageError("--layout and --as: a published layout names its contract itself; give one of the two.")
    if len(args.file) > 1 and not args.layout:
        raise UsageError(f"found {len(args.file)} files, expected one; several are read with --layout only.")
    if args.write and not args.layout:
        raise UsageError("--write: expected --layout beside it, the published layout of the files.")
    if args.write and not args.write.endswith(".parquet"):
        raise UsageError(f"--write {args.write}: expected a name that ends in .parquet.")


def _in_layout(
    paths: Sequence[Path], layout: str, written: Path | None, faults: FoundFaults
) -> list[dict[str, object]]:
    """Files in a published layout, part by part; what the publisher's quirks left out is a row of its own."""
    from behavior.errors import ContractFault, SpecFault
    from behavior.io.layout_files import LayoutFiles
    from behavior.io.sources.registry import layout_of

    try:
        contract = layout_of(layout).contract
    except SpecFault as error:
        raise UsageError(f"--layout {layout}: {error.faults[0].rule}.") from error
    files = LayoutFiles(layout, paths, faults)
    names = ", ".join(path.name for path in paths)
    with suppress(ContractFault):  # its faults are among those found
        files.check() if written is None else files.write(written)
    row = {"input": contract, "rows": files.rows, "files": names, "faults": len(faults)}
    left_out = [
        {"input": f"left out {reason}", "rows": count, "files": "", "faults": 0}
        for reason, count in files.dropped.items()
    ]
    return [row, *left_out]


def _examined(path: Path, contract: str | None, faults: FoundFaults) -> list[dict[str, object]]:
    inputs, found = _examine(path, contract)
    faults.add(found)
    return inputs


def _examine(path: Path, contract: str | None) -> tuple[list[dict[str, object]], list[Fault]]:
    from behavior.errors import FaultyInput, SpecFault
    from behavior.io.inputs import examine_profile, read_file
    from behavior.io.profiles import load_profile, missing_files
    from behavior.io.registry import table_of
    from behavior.io.settings import read_settings_file

    if contract is None and path.suffix != ".toml":
        raise UsageError(f"{path.name}: name its contract with --as, for example `--as book/1`.")
    if contract == "settings/1":
        try:
            source = read_settings_file(path)[1]
        except FaultyInput as error:
            return [{"input": path.name, "rows": 0, "files": path.name, "faults": len(error.faults)}], list(
                error.faults
            )
        return [{"input": source.name, "rows": 1, "files": source.name, "faults": 0}], []
    if contract is not None:
        try:
            table_of(contract)
        except SpecFault as error:
            raise UsageError(f"--as {contract}: {error.faults[0].rule}.") from error
        read = read_file(path, contract)
        row = {"input": contract, "rows": len(read.table), "files": path.name, "faults": len(read.faults)}
        return [row], list(read.faults)
    profile = load_profile(path)
    absent = missing_files(profile)
    if absent:
        return [{"input": profile.file, "rows": 0, "files": profile.file, "faults": len(absent)}], absent
    from behavior.workflows.profile_check import asked_later  # with the engine, which a single table does not need

    rows, faults = examine_profile(profile)
    later, found = asked_later(profile, rows)
    return [*rows, *later], [*faults, *found]
