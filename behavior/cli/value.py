"""``behavior value``: NII, EVE and gap of a book under scenarios."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

    from behavior.cli.output import Console
    from behavior.io.settings import Settings
    from behavior.measures.result import IrrbbResult
    from behavior.workflows.value import ValuationInputs, ValuationOptions


POSITIONS = "cash_flows.parquet"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of the command."""
    parser.add_argument("book", type=Path, help="positions (book/1), CSV or Parquet")
    parser.add_argument("--curves", type=Path, required=True, help="zero curves (curves/1)")
    parser.add_argument("--settings", type=Path, required=True, help="as-of date, capital, index roles (TOML)")
    parser.add_argument("--assumptions", metavar="ID", help="assumption set: an id of the store, or a folder")
    parser.add_argument("--store", type=Path, default=Path("assumptions"), help="store of sets (default ./assumptions)")
    parser.add_argument("--allow-draft", action="store_true", help="use a set that is not approved, stamped DRAFT")
    for name, words in (
        ("rates", "rate history (rate_history/1), for lags and pending pass-through"),
        ("fx", "exchange rates (fx/1)"),
        ("vols", "volatilities (vols/1)"),
        ("schedule", "principal of positions with repayment schedule (schedule/1)"),
    ):
        parser.add_argument(f"--{name}", type=Path, help=words)
    parser.add_argument("--framework", default="bcbs_2024", help="bcbs_2016, bcbs_2024, eu_2024_856, us_parallel")
    parser.add_argument("--scenarios", type=Path, help="scenarios of your own (TOML) instead of a framework's")
    parser.add_argument("--floor", help="floor rule or level instead of the framework's own")
    parser.add_argument("--balance-sheet", nargs="+", choices=("run_off", "constant"), default=["run_off", "constant"])
    parser.add_argument("--margins", choices=("included", "calibrated", "excluded"), default="included")
    parser.add_argument("--rate-path", choices=("forward", "constant"), default="forward")
    parser.add_argument("--time", choices=("exact", "month_grid"), default="exact")
    parser.add_argument("--interpolation", choices=("linear", "log_linear"), default="linear")
    parser.add_argument("--runoff-convention", choices=("pool", "constant_payment", "opening_balance"), default="pool")
    parser.add_argument("--uncovered", choices=("error", "overnight"), default="error")
    parser.add_argument("--extrapolation", choices=("refuse", "flat"), default="refuse")
    parser.add_argument("--behaviour", choices=("model", "frozen", "standardised"), default="model")
    parser.add_argument(
        "--cap-deposits", action=argparse.BooleanOptionalAction, help="cap the average life of deposits"
    )
    parser.add_argument("--deposit-life-cap", type=float, metavar="YEARS", help="years instead of the rule's 5")
    parser.add_argument("--include-default", action="store_true", help="let default run off balances")
    parser.add_argument("--no-pending", action="store_true", help="leave out what earlier rate moves still owe")
    parser.add_argument("--aggregation", choices=("basel", "eu", "sum"), help="over currencies")
    parser.add_argument("--detail", choices=("totals", "positions"), default="totals", help="positions: also Parquet")
    parser.add_argument("--quarantine", type=Path, help="value the good rows, write the bad ones here with reasons")
    parser.add_argument("--out", type=Path, required=True, help="folder of the results")


def run(args: argparse.Namespace, console: Console) -> int:
    """Read, value, write, print."""
    from behavior.errors import DONE
    from behavior.io.writers import write_result, write_stream
    from behavior.workflows.value import position_flows, value

    with console.progress("reading"):
        inputs, notes = _inputs(args)
    with console.progress("valuing"):
        options = _options(args, inputs)
        result = value(inputs, options)
    with console.progress("writing"):
        written = [*write_result(result, args.out)]
        if args.detail == "positions":
            write_stream(position_flows(inputs, options), args.out / POSITIONS)
            written.append(args.out / POSITIONS)
    for note in notes:
        console.warn(note)
    _show(result, console)
    console.say(f"\n{len(written)} files in {args.out}")
    console.result({"out": str(args.out), "files": [path.name for path in written], **_summary(result)})
    return DONE


def _inputs(args: argparse.Namespace) -> tuple[ValuationInputs, list[str]]:
    from behavior.engine.contracts import SCHEDULE_TABLE
    from behavior.io.assumption_store import load_assumptions
    from behavior.io.settings import read_settings_file
    from behavior.market.contracts import CURVES_TABLE, FX_TABLE, RATES_TABLE, VOLS_TABLE
    from behavior.workflows.value import ValuationInputs

    settings, source = read_settings_file(args.settings)
    sources: dict[str, Any] = {"settings": _described(source)}
    book, notes = _book(args, sources)
    optional = {"rates": RATES_TABLE, "fx": FX_TABLE, "vols": VOLS_TABLE, "schedule": SCHEDULE_TABLE}
    tables: dict[str, Any] = {
        name: _table(getattr(args, name), contract, name, sources)
        for name, contract in optional.items()
        if getattr(args, name) is not None
    }
    curves = _table(args.curves, CURVES_TABLE, "curves", sources)
    assumptions = None
    if args.assumptions:
        assumptions = load_assumptions(args.assumptions, args.store, settings.as_of, args.allow_draft)
        sources["assumptions"] = {"id": assumptions.id, "sha256": assumptions.digest}
    return ValuationInputs(
        book=book, curves=curves, assumptions=assumptions, sources=sources, **_of_settings(settings), **tables
    ), notes


def _of_settings(settings: Settings) -> Mapping[str, Any]:
    return {
        "as_of": settings.as_of,
        "reporting_currency": settings.reporting_currency,
        "tier1": settings.tier1,
        "book_equity": settings.book_equity,
        "index_roles": settings.index_roles,
        "limits": settings.limits,
        "new_business_margins": settings.new_business_margins,
    }


def _described(source: Any) -> dict[str, Any]:
    return {"file": source.name, "sha256": source.digest, "rows": source.rows}


def _table(path: Path, contract: Any, name: str, sources: dict[str, Any]) -> pd.DataFrame:
    from behavior.io.tables import read_table

    read = read_table(path, contract)
    table = read.values()
    sources[name] = _described(read.source)
    return table


def _book(args: argparse.Namespace, sources: dict[str, Any]) -> tuple[pd.DataFrame, list[str]]:
    """The book; with --quarantine without the rows that have faults, which are written out with reasons."""
    from behavior.engine.contracts import BOOK_TABLE
    from behavior.io.quarantine import split_faulty
    from behavior.io.tables import read_table

    read = read_table(args.book, BOOK_TABLE)
    if args.quarantine is None or not read.faults:
        table = read.values()
        sources["book"] = _described(read.source)
        return table, []
    table, note = split_faulty(read, args.quarantine)
    sources["book"] = {**_described(read.source), "quarantined": note}
    return table, [note]


def _options(args: argparse.Namespace, inputs: ValuationInputs) -> ValuationOptions:
    from behavior.io.files import read_bytes
    from behavior.market.user_scenarios import user_scenarios
    from behavior.workflows.value import ValuationOptions

    floor: str | float | None = args.floor
    if args.floor is not None and args.floor.lstrip("-").replace(".", "", 1).isdigit():
        floor = float(args.floor)
    scenarios = None
    if args.scenarios is not None:
        currencies = sorted(set(inputs.book["currency"].astype(str)))
        scenarios = user_scenarios(read_bytes(args.scenarios).decode("utf-8"), currencies, args.scenarios.name)
    return ValuationOptions(
        framework=args.framework,
        scenarios=scenarios,
        floor=floor,
        interpolation=args.interpolation,
        time=args.time,
        rate_path=args.rate_path,
        balance_sheets=tuple(args.balance_sheet),
        margins=args.margins,
        runoff_convention=args.runoff_convention,
        include_default=args.include_default,
        uncovered=args.uncovered,
        pending=not args.no_pending,
        aggregation=args.aggregation,
        extrapolation=args.extrapolation,
        behaviour=args.behaviour,
        cap_deposits=args.cap_deposits,
        deposit_life_cap=args.deposit_life_cap,
    )


def _show(result: IrrbbResult, console: Console) -> None:
    """The two tables a person wants first."""
    if result.stamp:
        words = {
            "DRAFT": "the assumption set is not approved for use",
            "UNVALIDATED": "no validator has signed its models",
        }
        console.say(f"{result.stamp}: {words.get(result.stamp, 'see the assumption set')}")
    total = result.eve_summary[result.eve_summary["currency"] == "total"]
    columns = ["scenario", "eve", "delta_eve_after_options", "delta_eve_pct_tier1"]
    console.table("Economic value of equity", total[columns].to_dict("records"))
    if result.facts["conventions"]["aggregation"] == "basel":
        console.say(
            "  Gains do not count in these totals (Basel aggregation); eve_summary.csv has each currency's own."
        )
    year = result.nii_summary[result.nii_summary["horizon_months"] == 12]
    columns = ["scenario", "balance_sheet", "nii", "delta_nii", "delta_nii_pct_tier1"]
    console.table("Net interest income, 12 months", year[columns].to_dict("records"))
    for warning in result.facts.get("warnings", ()):
        console.warn(f"note: {warning}")


def _summary(result: IrrbbResult) -> dict[str, Any]:
    return {"stamp": result.stamp, "summary": result.facts["summary"], "warnings": result.facts["warnings"]}
