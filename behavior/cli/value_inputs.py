"""What the arguments of a valuation stand for: files as checked inputs, choices as options."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd

from behavior.cli.valuing import CHOICES, FLAGS, PATHS, flag_of
from behavior.contracts import TableContract
from behavior.digests import sha256_of
from behavior.engine.contracts import BOOK_TABLE, SCHEDULE_TABLE
from behavior.engine.sheet_contracts import MIX_SHIFT_TABLE, PLAN_TABLE
from behavior.errors import ContractFault, Fault, Gathered, SpecFault
from behavior.io.assumption_store import load_assumptions
from behavior.io.files import read_bytes
from behavior.io.settings import Settings, read_settings_file
from behavior.io.sources.actus import read_actus
from behavior.io.sources.actus_book import actus_book
from behavior.io.tables import CheckedTable, read_table
from behavior.market.buckets import own_buckets
from behavior.market.contracts import CURVES_TABLE, FX_TABLE, RATES_TABLE, VOLS_TABLE
from behavior.market.user_scenarios import user_scenarios
from behavior.workflows.checked_book import Against, book_without_faulty, checked_book
from behavior.workflows.valuation import ValuationInputs, ValuationOptions

CONTRACTS = {
    "curves": CURVES_TABLE,
    "rates": RATES_TABLE,
    "fx": FX_TABLE,
    "vols": VOLS_TABLE,
    "schedule": SCHEDULE_TABLE,
    "plan": PLAN_TABLE,
    "mix_shift": MIX_SHIFT_TABLE,
}
"""Tables beside the book, in the order in which they are read."""


def read_inputs(args: argparse.Namespace) -> tuple[ValuationInputs, list[str]]:
    """Everything that a valuation reads, checked, and what is to be said of it."""
    _refuse_missing(args)
    sources: dict[str, Any] = {}
    read: dict[str, CheckedTable] = {}
    tables: dict[str, Any] = {}
    notes: list[str] = []
    gathered = Gathered()
    with gathered:
        settings, source = read_settings_file(args.settings)
        sources["settings"] = source.as_facts()
    for name, contract in CONTRACTS.items():
        with gathered:
            if getattr(args, name) is not None:
                read[name] = _read(getattr(args, name), contract, name, sources)
                tables[name] = read[name].values()
    with gathered:
        # What a valuation would refuse of a row depends on the other files.
        if args.book.suffix.lower() == ".json":
            tables |= _actus_book(args, sources, None if gathered.faults else settings.as_of)
        else:
            held = None if gathered.faults else _against(args, settings, tables, read)
            tables["book"], notes = _book(args, sources, held)
            if held is not None and held.schedule is not None:
                ours = held.schedule["position_id"].astype(str).isin(tables["book"]["position_id"].astype(str))
                tables["schedule"] = held.schedule[ours].reset_index(drop=True)
    gathered.refuse()
    assumptions = None
    if args.assumptions:
        # Results of earlier versions do not say; they were of sets in force.
        past = bool(getattr(args, "not_in_force", False))
        assumptions = load_assumptions(
            args.assumptions, args.store, settings.as_of, args.allow_draft, not_in_force=past
        )
        sources["assumptions"] = {"id": assumptions.id, "sha256": assumptions.digest}
    if args.scenarios is not None:
        sources["scenarios"] = {"file": args.scenarios.name, "sha256": sha256_of(read_bytes(args.scenarios))}
    places = {name: one.place for name, one in read.items()}
    given = ValuationInputs(assumptions=assumptions, sources=sources, places=places, **dict(settings), **tables)
    return given, notes


def _refuse_missing(args: argparse.Namespace) -> None:
    """Every file that is not there, at once."""
    named = {name: getattr(args, name) for name in PATHS if name != "store"}
    missing = [
        Fault(str(path), f"expected a file for {name if name == 'book' else flag_of(name)}, there is none of that name")
        for name, path in named.items()
        if path is not None and not path.exists()
    ]
    if missing:
        raise ContractFault([replace(fault, hint="Check the path") for fault in missing])


def _read(path: Path, contract: TableContract, name: str, sources: dict[str, Any]) -> CheckedTable:
    read = read_table(path, contract)
    sources[name] = read.sources[0].as_facts()
    return read


def _against(
    args: argparse.Namespace, settings: Settings, tables: Mapping[str, pd.DataFrame], read: Mapping[str, CheckedTable]
) -> Against:
    """What the book is held against."""
    return Against(
        settings.as_of,
        settings.reporting_currency,
        tables["curves"],
        schedule=tables.get("schedule"),
        vols=tables.get("vols"),
        fx=tables.get("fx"),
        schedule_place=read["schedule"].place if "schedule" in read else None,
        margins=args.margins,
        flat=args.extrapolation == "flat",
        limits=args.embedded_limits == "option",
    )


def _book(args: argparse.Namespace, sources: dict[str, Any], held: Against | None) -> tuple[pd.DataFrame, list[str]]:
    """The book; with --quarantine without the rows that have faults, which are written out with reasons.

    Rows that only a valuation would refuse are found here too, so that all faults are named at once; not where `held`,
    what the book is held against, is None.
    """
    read = _read(args.book, BOOK_TABLE, "book", sources)
    if held is None:
        return read.values(), []
    if args.quarantine is None:
        return checked_book(read, held), []
    table, aside = book_without_faulty(read, held, args.quarantine)
    if aside is None:
        return table, []
    sources["book"] |= {
        "quarantined": aside.words,
        "quarantined_rows": aside.rows,
        "quarantined_share_of_balance": aside.share,
    }
    return table, [aside.words]


def _actus_book(
    args: argparse.Namespace, sources: dict[str, Any], as_of: date | None
) -> dict[str, pd.DataFrame | None]:
    """Positions and their schedules out of a file of ACTUS terms; what cannot come over is refused by its term.

    Nothing comes over where `as_of` is None: the terms alone are read.
    """
    given = [name for name in ("schedule", "quarantine") if getattr(args, name) is not None]
    if given:
        rule = f"ACTUS contracts hold their own schedules and are valued whole: leave out --{', --'.join(given)}"
        raise SpecFault([Fault(args.book.name, rule)])
    contracts = read_actus(args.book)
    terms = contracts.values()
    if as_of is None:
        return {}
    made = actus_book(terms, as_of)
    sources["book"] = {"file": args.book.name, "sha256": sha256_of(read_bytes(args.book)), "rows": len(contracts)}
    return {"book": made.book, "schedule": made.schedule if len(made.schedule) else None}


def read_options(args: argparse.Namespace, inputs: ValuationInputs) -> ValuationOptions:
    """The choices as the valuation has them."""
    scenarios = None
    if args.scenarios is not None:
        currencies = sorted(map(str, inputs.book["currency"].unique()))
        scenarios = user_scenarios(read_bytes(args.scenarios).decode("utf-8"), currencies, args.scenarios.name)
    plain: dict[str, Any] = {name: getattr(args, name) for name in (*CHOICES, *FLAGS)}
    return ValuationOptions(
        framework=args.framework,
        scenarios=scenarios,
        floor=args.floor,
        aggregation=args.aggregation,
        balance_sheets=None if args.balance_sheet is None else tuple(dict.fromkeys(args.balance_sheet)),
        migrated=args.migrated,
        pending=not args.no_pending,
        cap_deposits=args.cap_deposits,
        deposit_life_cap=args.deposit_life_cap,
        **plain,
        **_buckets(args.buckets),
    )


def _buckets(months: Sequence[float] | None) -> dict[str, Any]:
    return {} if months is None else {"buckets": own_buckets(months)}
