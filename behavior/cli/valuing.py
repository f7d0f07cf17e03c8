"""Arguments of a valuation and what they stand for; shared by the commands that value."""

from __future__ import annotations

import argparse
import math
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from behavior.workflows.value_words import WORDS

if TYPE_CHECKING:
    from behavior.workflows.valuation import ValuationInputs, ValuationOptions

SHEETS = ("run_off", "constant", "dynamic")
TABLES = {
    "rates": "rate history (rate_history/1), for lags and pending pass-through",
    "fx": "exchange rates (fx/1)",
    "vols": "volatilities (vols/1)",
    "schedule": "principal of positions with repayment schedule (schedule/1)",
    "plan": "growth and new business of the dynamic balance sheet (plan/1)",
    "mix_shift": "balances that move between products on the constant balance sheet (mix_shift/1)",
}
PATHS = ("book", "curves", "settings", "store", "scenarios", *TABLES)
"""Arguments that name files or folders."""

CHOICES: Mapping[str, str] = {
    "price": "value with or less the interest accrued by as-of",
    "margins": "customer margins in present values",
    "time": "days / 365, or months / 12",
    "interpolation": "of zero rates in time",
    "driver_interpolation": "of the forwards that behaviour reads",
    "rate_path": "whether forwards come true or today's curve stays",
    "extrapolation": "flows and fixings beyond a curve's last tenor: at its last zero rate, or a fault",
    "slotting": "discount on flow dates, at the middle of buckets, or on dates but overnight flows a day on",
    "behaviour": "responding; customers' as in base; the bank's rates too; or customers' of base multiplied",
    "runoff_convention": "how run-off meets scheduled principal",
    "deposit_view": "of the decay of deposits",
    "uncovered": "deposits without a decay curve",
    "tail": "hazard beyond a curve's last month",
    "derivatives": "swap legs on the constant balance sheet",
    "embedded_limits": "caps and floors on cash rates, with or without time value",
}
"""Options in one word of `WORDS`, the first the default, and what they choose."""

FLAGS = {
    "include_default": "let default run off balances, with the set's recovery",
    "exchange_notionals": "pay swap notionals at maturity",
    "deposit_costs": "count servicing costs less fees of deposits in present values",
}


def add_inputs(parser: argparse.ArgumentParser) -> None:
    """Files that a valuation reads."""
    parser.add_argument("book", type=Path, help="positions (book/1), CSV or Parquet; or ACTUS terms, JSON")
    parser.add_argument("--curves", type=Path, required=True, help="zero curves (curves/1)")
    parser.add_argument("--settings", type=Path, required=True, help="as-of date, capital, index roles (TOML)")
    parser.add_argument("--assumptions", metavar="ID", help="assumption set: an id of the store, or a folder")
    parser.add_argument("--store", type=Path, default=Path("assumptions"), help="store of sets (default ./assumptions)")
    parser.add_argument("--allow-draft", action="store_true", help="use a set that is not approved, stamped DRAFT")
    for name, words in TABLES.items():
        parser.add_argument(_flag(name), type=Path, help=words)


def add_choices(parser: argparse.ArgumentParser) -> None:
    """Choices of a valuation, each with its default; every one is named under `conventions` in the result."""
    parser.add_argument(
        "--framework",
        default="bcbs_2024",
        help="bcbs_2016, bcbs_2024 (default), eu_2024_856, us_parallel, us_ramps or us_shapes",
    )
    parser.add_argument("--scenarios", type=Path, help="scenarios of your own (TOML) instead of a framework's")
    parser.add_argument(
        "--floor", type=rule_or_level, help="floor rule or level of shocked rates (default: the framework's own)"
    )
    parser.add_argument("--aggregation", choices=WORDS["aggregation"], help="over currencies (default: framework's)")
    parser.add_argument(
        "--balance-sheet",
        type=words_of(SHEETS),
        action="extend",
        metavar="WORDS",
        help="run_off, constant, dynamic: with commas between them, or the option again for each (default "
        "run_off,constant, and dynamic with --plan)",
    )
    for name, meaning in CHOICES.items():
        default = WORDS[name][0]
        parser.add_argument(_flag(name), choices=WORDS[name], default=default, help=f"{meaning} (default {default})")
    parser.add_argument(
        "--migrated",
        choices=WORDS["migrated"],
        help="moves of deposits into other products (default counted; censored with --deposit-view minimum_balance)",
    )
    for name, meaning in FLAGS.items():
        parser.add_argument(_flag(name), action="store_true", help=f"{meaning} (default no)")
    parser.add_argument(
        "--no-pending", action="store_true", help="leave out what earlier rate moves still owe (default: in)"
    )
    parser.add_argument(
        "--cap-deposits",
        action=argparse.BooleanOptionalAction,
        help="cap the average life of deposits (default: under eu_*)",
    )
    parser.add_argument("--deposit-life-cap", type=number_of, metavar="YEARS", help="years of that cap (default 5)")
    parser.add_argument(
        "--buckets",
        type=months_of,
        metavar="MONTHS",
        help="upper bounds of the gap's buckets, months with commas (default the 19 of the standardised framework)",
    )


def _flag(name: str) -> str:
    return "--" + name.replace("_", "-")


def rule_or_level(text: str) -> str | float:
    """Reader of a floor: the name of a rule, or a level in decimals."""
    try:
        float(text)
    except ValueError:
        return text
    return number_of(text)


def number_of(text: str) -> float:
    """Reader of a number: `nan` and `inf` are none, though Python reads them as one."""
    try:
        found = float(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"found {text!r}, expected a number") from error
    if not math.isfinite(found):
        raise argparse.ArgumentTypeError(f"found {text!r}, expected a finite number")
    return found


def words_of(known: Sequence[str]) -> Callable[[str], list[str]]:
    """Reader of words with commas between them."""

    def read(text: str) -> list[str]:
        found = [word.strip() for word in text.split(",") if word.strip()]
        wrong = [word for word in found if word not in known]
        if wrong or not found:
            raise argparse.ArgumentTypeError(f"found {', '.join(wrong) or 'nothing'}, expected {', '.join(known)}")
        return found

    return read


def months_of(text: str) -> tuple[float, ...]:
    """Reader of bounds such as ``1,3,6,12``."""
    try:
        found = tuple(float(part) for part in text.split(","))
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"found {text!r}, expected months such as 1,3,6,12") from error
    if not all(map(math.isfinite, found)) or list(found) != sorted(set(found)) or found[0] <= 0:
        raise argparse.ArgumentTypeError(f"found {text!r}, expected rising months above 0 such as 1,3,6,12")
    return found


def arguments_of(args: argparse.Namespace) -> dict[str, Any]:
    """What was asked for, as ``result.json`` keeps it; files by their way from the folder of the results."""
    here = args.out.resolve()
    found: dict[str, Any] = {}
    for name in (*PATHS, "assumptions", "allow_draft", "quarantine", *CHOICES, *FLAGS, *FURTHER):
        value = getattr(args, name)
        if isinstance(value, Path):
            value = Path(os.path.relpath(value.resolve(), here)).as_posix()
        elif name == "assumptions" and value is not None and Path(value).is_dir():
            value = {"folder": Path(os.path.relpath(Path(value).resolve(), here)).as_posix()}
        found[name] = list(value) if isinstance(value, tuple) else value
    return found


FURTHER = (
    "framework",
    "floor",
    "aggregation",
    "balance_sheet",
    "migrated",
    "no_pending",
    "cap_deposits",
    "deposit_life_cap",
    "buckets",
)


def read_inputs(args: argparse.Namespace) -> tuple[ValuationInputs, list[str]]:
    """Everything that a valuation reads, checked, and what is to be said of it."""
    from behavior.errors import Gathered
    from behavior.io.assumption_store import load_assumptions
    from behavior.io.files import read_bytes, sha256_of
    from behavior.io.settings import read_settings_file
    from behavior.workflows.valuation import ValuationInputs

    _refuse_missing(args)
    sources: dict[str, Any] = {}
    read: dict[str, Any] = {}
    tables: dict[str, Any] = {}
    notes: list[str] = []
    gathered = Gathered()
    with gathered:
        settings, source = read_settings_file(args.settings)
        sources["settings"] = source.as_facts()
    for name, contract in _contracts().items():
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
        assumptions = load_assumptions(args.assumptions, args.store, settings.as_of, args.allow_draft)
        sources["assumptions"] = {"id": assumptions.id, "sha256": assumptions.digest}
    if args.scenarios is not None:
        sources["scenarios"] = {"file": args.scenarios.name, "sha256": sha256_of(read_bytes(args.scenarios))}
    places = {name: one.place for name, one in read.items()}
    given = ValuationInputs(assumptions=assumptions, sources=sources, places=places, **dict(settings), **tables)
    return given, notes


def _refuse_missing(args: argparse.Namespace) -> None:
    """Every file that is not there, at once."""
    from behavior.errors import ContractFault, Fault

    named = {name: getattr(args, name) for name in PATHS if name != "store"}
    missing = [
        Fault(str(path), f"expected a file for {name if name == 'book' else _flag(name)}, there is none of that name")
        for name, path in named.items()
        if path is not None and not path.exists()
    ]
    if missing:
        raise ContractFault([replace(fault, hint="Check the path") for fault in missing])


def _contracts() -> Mapping[str, Any]:
    from behavior.engine.contracts import SCHEDULE_TABLE
    from behavior.engine.sheet_contracts import MIX_SHIFT_TABLE, PLAN_TABLE
    from behavior.market.contracts import CURVES_TABLE, FX_TABLE, RATES_TABLE, VOLS_TABLE

    return {
        "curves": CURVES_TABLE,
        "rates": RATES_TABLE,
        "fx": FX_TABLE,
        "vols": VOLS_TABLE,
        "schedule": SCHEDULE_TABLE,
        "plan": PLAN_TABLE,
        "mix_shift": MIX_SHIFT_TABLE,
    }


def _read(path: Path, contract: Any, name: str, sources: dict[str, Any]) -> Any:
    from behavior.io.tables import read_table

    read = read_table(path, contract)
    sources[name] = read.sources[0].as_facts()
    return read


def _against(args: argparse.Namespace, settings: Any, tables: Mapping[str, Any], read: Mapping[str, Any]) -> Any:
    """What the book is held against."""
    from behavior.workflows.checked_book import Against

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


def _book(args: argparse.Namespace, sources: dict[str, Any], held: Any) -> tuple[Any, list[str]]:
    """The book; with --quarantine without the rows that have faults, which are written out with reasons.

    Rows that only a valuation would refuse are found here too, so that all faults are named at once; not where `held`,
    what the book is held against, is None.
    """
    from behavior.engine.contracts import BOOK_TABLE
    from behavior.workflows.checked_book import book_without_faulty, checked_book

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


def _actus_book(args: argparse.Namespace, sources: dict[str, Any], as_of: Any) -> dict[str, Any]:
    """Positions and their schedules out of a file of ACTUS terms; what cannot come over is refused by its term.

    Nothing comes over where `as_of` is None: the terms alone are read.
    """
    from behavior.errors import Fault, SpecFault
    from behavior.io.files import read_bytes, sha256_of
    from behavior.io.sources.actus import read_actus
    from behavior.io.sources.actus_book import actus_book

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
    from behavior.io.files import read_bytes
    from behavior.market.user_scenarios import user_scenarios
    from behavior.workflows.valuation import ValuationOptions

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
    from behavior.market.buckets import own_buckets

    return {} if months is None else {"buckets": own_buckets(months)}
