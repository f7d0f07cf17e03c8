"""``behavior value``: NII, EVE and gap of a book under scenarios."""

from __future__ import annotations

import argparse
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from behavior.cli.valuing import add_choices, add_inputs, arguments_of, months_of, words_of
from behavior.workflows.value_words import EVERY

if TYPE_CHECKING:
    from behavior.cli.output import Console
    from behavior.measures.result import IrrbbResult
    from behavior.workflows.valuation import ValuationInputs, ValuationOptions
    from behavior.workflows.value import Runner

POSITIONS = "cash_flows.parquet"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of the command."""
    add_inputs(parser)
    add_choices(parser)
    parser.add_argument(
        "--measures",
        type=words_of((*EVERY, "all")),
        action="extend",
        metavar="WORDS",
        help=f"further tables, each of which values the book again: {', '.join(EVERY)}, or all (default none)",
    )
    parser.add_argument("--sensitivity", action="store_true", help="the same as --measures sensitivity")
    parser.add_argument(
        "--key-tenors",
        type=months_of,
        metavar="MONTHS",
        help="key rates of the durations, months with commas (default 12,24,36,60,84,120)",
    )
    parser.add_argument(
        "--core-slotting",
        choices=("uniform", "scaled"),
        help="how core deposits run off in the measures overlay and standardised: evenly, or as modelled with times "
        "scaled (default scaled in the overlay, uniform in the standardised framework)",
    )
    parser.add_argument(
        "--detail", choices=("totals", "positions"), default="totals", help="positions: also Parquet (default totals)"
    )
    parser.add_argument("--quarantine", type=Path, help="value the good rows, write the bad ones here with reasons")
    parser.add_argument("--scheduler", metavar="ADDRESS", help="run on this Dask cluster (default threads here)")
    parser.add_argument("--report", type=Path, metavar="FILE", help="also write the treasury report here, as one HTML")
    parser.add_argument("--out", type=Path, required=True, help="folder of the results")


def run(args: argparse.Namespace, console: Console) -> int:
    """Read, value, write, print."""
    from behavior.cli.value_inputs import read_inputs, read_options
    from behavior.errors import DONE
    from behavior.io.files import require_outputs
    from behavior.io.writers import write_result, write_stream
    from behavior.workflows.value import position_flows, value

    require_outputs([args.out], [args.report, args.quarantine])
    with console.progress("reading"):
        inputs, notes = read_inputs(args)
    with console.progress("valuing"):
        options = read_options(args, inputs)
        result = _measured(value(inputs, options, runner=_runner(args.scheduler)), inputs, options, args)
        result = replace(result, facts={**result.facts, "arguments": arguments_of(args)})
    with console.progress("writing"):
        beside = []
        # First, as what can fail: until the result names it, the folder's earlier result stays whole.
        if args.detail == "positions" and write_stream(position_flows(inputs, options), args.out / POSITIONS):
            beside.append(POSITIONS)
        written = write_result(result, args.out, beside)
        if args.report is not None:
            _write_report(result, inputs, args.report)
    for note in notes:
        console.warn(note)
    _show(result, console)
    console.say(f"\n{len(written)} files in {args.out}" + (f", report in {args.report}" if args.report else ""))
    said = {"stamp": result.stamp, "summary": result.facts["summary"], "warnings": result.facts["warnings"]}
    console.result({"out": str(args.out), "files": [path.name for path in written], **said})
    return DONE


def _write_report(result: IrrbbResult, inputs: ValuationInputs, file: Path) -> None:
    """The treasury report of a result; what it shows beyond the first tables are the measures that were asked for."""
    from behavior.io.files import write_atomically
    from behavior.reporting.html import render
    from behavior.reporting.irrbb_report import irrbb_report

    write_atomically(file, render(irrbb_report(result, inputs.assumptions, {})))


def _runner(scheduler: str | None) -> Runner:
    """What runs the plan: this process, or the cluster whose scheduler answers at an address."""
    if scheduler is None:
        from behavior.engine.run import run as here

        return here
    from behavior.engine.cluster import run_on

    return partial(run_on, scheduler)


def _measured(
    result: IrrbbResult, inputs: ValuationInputs, options: ValuationOptions, args: argparse.Namespace
) -> IrrbbResult:
    """The result with the further measures that were asked for."""
    names = [*(args.measures or []), *(["sensitivity"] if args.sensitivity else [])]
    if not names:
        return result
    from behavior.measures.key_rates import Bumps
    from behavior.workflows.value_measures import Measures, with_measures

    wanted = tuple(name for name in EVERY if name in names or "all" in names)
    bumps = Bumps.standard()
    if args.key_tenors is not None:
        bumps = replace(bumps, key_months=args.key_tenors)
    return with_measures(result, inputs, options, Measures(wanted, bumps, args.core_slotting))


def _show(result: IrrbbResult, console: Console) -> None:
    if result.stamp:
        words = {
            "DRAFT": "the assumption set is not approved for use",
            "NOT IN FORCE": "the assumption set does not stand on this date; to compare with, not to report",
            "UNVALIDATED": "a validator has not signed every model of the set",
        }
        console.say(f"{result.stamp}: {words.get(result.stamp, 'see the assumption set')}")
    show_figures(result, console)
    for warning in result.facts.get("warnings", ()):
        console.warn(f"note: {warning}")


def show_figures(result: IrrbbResult, console: Console) -> None:
    """The two tables a person wants first."""
    total = result.eve_total
    columns = ["scenario", "eve", "delta_eve_after_options", "delta_eve_pct_tier1"]
    currency = result.facts["reporting_currency"]
    console.table(f"Economic value of equity, {currency}", total[columns].to_dict("records"))
    if result.facts["conventions"]["aggregation"] == "basel":
        console.say(
            "  Gains do not count in these totals (Basel aggregation); eve_summary.csv has each currency's own."
        )
    year = result.nii_summary[result.nii_summary["horizon_months"] == 12]
    columns = ["scenario", "balance_sheet", "nii", "delta_nii", "delta_nii_pct_tier1"]
    console.table(f"Net interest income, 12 months, {currency}", year[columns].to_dict("records"))
