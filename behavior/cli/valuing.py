"""Arguments of a valuation, as people write them."""

from __future__ import annotations

import argparse
import math
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from behavior.workflows.value_words import WORDS

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
    parser.add_argument(
        "--not-in-force",
        action="store_true",
        help="use a set that is superseded, expired, retired or not yet valid, to compare; stamped NOT IN FORCE",
    )
    for name, words in TABLES.items():
        parser.add_argument(flag_of(name), type=Path, help=words)


def add_choices(parser: argparse.ArgumentParser) -> None:
    """Choices of a valuation, each with its default; every one is named under `conventions` in the result."""
    parser.add_argument(
        "--framework", choices=WORDS["framework"], default="bcbs_2024", help="prescribed scenarios (default bcbs_2024)"
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
        parser.add_argument(flag_of(name), choices=WORDS[name], default=default, help=f"{meaning} (default {default})")
    parser.add_argument(
        "--migrated",
        choices=WORDS["migrated"],
        help="moves of deposits into other products (default counted; censored with --deposit-view minimum_balance)",
    )
    for name, meaning in FLAGS.items():
        parser.add_argument(flag_of(name), action="store_true", help=f"{meaning} (default no)")
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


def flag_of(name: str) -> str:
    """How an argument is written on the command line."""
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
    for name in (*PATHS, "assumptions", "allow_draft", "not_in_force", "quarantine", *CHOICES, *FLAGS, *FURTHER):
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
