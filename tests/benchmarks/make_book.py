"""Write a large book with everything that ``behavior value`` needs beside it.

``python -m tests.benchmarks.make_book FOLDER --rows 1000000 --kind fixed`` writes ``book.parquet``, curves, settings,
rate history, exchange rates and an assumption set. The same arguments give the same bytes.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import pandas as pd

from behavior.assumptions.curve import AssumptionCurve
from behavior.assumptions.effects import Direction, Driver, Effect, MonthMeaning
from behavior.assumptions.segments import Band, SegmentScheme
from behavior.assumptions.set import AssumptionSet, AssumptionTable, DriverTerms
from behavior.io.set_folder import write_set
from behavior.io.tables import write_table
from behavior.quantities import AnyArray, DateArray, IntArray, Quantity

AS_OF = np.datetime64("2026-09-30")
TENORS = (0, 1, 3, 6, 12, 24, 36, 60, 84, 120, 180, 240, 360, 480)
COUNTS = ("30/360", "30E/360", "ACT/360", "ACT/365F", "ACT/ACT")
INDICES = {"USD": "SOFR_1M", "EUR": "EURIBOR_6M", "CHF": "SARON_1M"}
SHARES = {
    "mortgage_fixed": 0.3,
    "mortgage_arm": 0.15,
    "commercial_loan": 0.15,
    "bond_held": 0.1,
    "term_deposit": 0.15,
    "savings": 0.15,
}
COMMAND = ("--curves", "curves.csv", "--settings", "settings.toml", "--assumptions", "set", "--rates", "rates.csv")


def book(rows: int, kind: str) -> pd.DataFrame:
    """Rows of a book: `fixed` prepayable loans alone, or `mixed` products, currencies and day counts."""
    draw = np.random.default_rng(7)
    fixed = kind == "fixed"
    words = np.asarray(list(SHARES))
    product = np.zeros(rows, dtype=np.int64) if fixed else draw.choice(len(words), rows, p=list(SHARES.values()))
    term = _terms(draw, words[product])
    left = np.maximum((term * draw.uniform(0.02, 1.0, rows)).astype(np.int64), 1)
    day = draw.integers(1, 32, rows)
    month = AS_OF.astype("datetime64[M]").astype(np.int64) + left
    maturity, origination = _day(month, day), _day(month - term, day)
    open_ended = words[product] == "savings"
    currency = np.zeros(rows, dtype=np.int64) if fixed else draw.choice(3, rows, p=[0.6, 0.25, 0.15])
    table = {
        "position_id": np.char.add("P", np.char.zfill(np.arange(rows).astype("U9"), 9)),
        "product": words[product],
        "side": np.where(np.isin(words[product], ("term_deposit", "savings")), "liability", "asset"),
        "currency": np.asarray(list(INDICES))[currency],
        "balance": np.round(draw.lognormal(11.5, 1.0, rows), 2),
        "rate_type": _by_product(words[product], mortgage_arm="floating", savings="administered", other="fixed"),
        "rate": np.round(draw.uniform(0.005, 0.07, rows), 5),
        "repayment": _by_product(
            words[product], bond_held="bullet", term_deposit="bullet", commercial_loan="linear", savings="none"
        ),
        "origination_date": origination,
        "maturity_date": np.where(open_ended, np.datetime64("NaT"), maturity),
        "payment_months": _payments(draw, words[product]),
    }
    return pd.DataFrame(table if fixed else table | _further(draw, words[product], currency, term, day))


def _by_product(product: AnyArray, other: str = "annuity", **words: str) -> AnyArray:
    return np.select([product == name for name in words], list(words.values()), other)


def _terms(draw: np.random.Generator, product: AnyArray) -> IntArray:
    short = draw.choice([3, 6, 12, 24, 36, 60], len(product))
    long = draw.choice([120, 180, 240, 300, 360], len(product))
    middle = draw.integers(24, 181, len(product))
    return np.select([product == "term_deposit", np.char.startswith(product, "mortgage")], [short, long], middle)


def _payments(draw: np.random.Generator, product: AnyArray) -> IntArray:
    bonds, business = draw.choice([6, 12], len(product)), draw.choice([1, 3], len(product))
    chosen = [product == "bond_held", product == "commercial_loan", product == "term_deposit"]
    return np.select(chosen, [bonds, business, np.zeros_like(bonds)], 1)


def _day(month: IntArray, day: IntArray) -> DateArray:
    first = month.astype("datetime64[M]")
    length = ((first + 1).astype("datetime64[D]") - first.astype("datetime64[D]")).astype(np.int64)
    return np.asarray(first.astype("datetime64[D]") + np.minimum(day, length) - 1)


def _further(
    draw: np.random.Generator, product: AnyArray, currency: IntArray, term: IntArray, day: IntArray
) -> dict[str, AnyArray]:
    """Columns that only a mixed book needs; four resets in five fall on payment days, the others anywhere."""
    rows, arm, savings = len(product), product == "mortgage_arm", product == "savings"
    reset = draw.choice([6, 12], rows)
    on_grid = _day(AS_OF.astype("datetime64[M]").astype(np.int64) + draw.integers(1, 7, rows), day)
    next_reset = np.where(draw.random(rows) < 0.8, on_grid, AS_OF + draw.integers(1, 180, rows))
    kinds = np.asarray(["retail_transactional", "retail_non_transactional", "wholesale"])
    return {
        "index": np.where(arm, np.asarray(list(INDICES.values()))[currency], None),
        "spread": np.where(arm, 0.015, np.nan),
        "next_reset_date": np.where(arm, next_reset, np.datetime64("NaT")),
        "reset_months": np.where(arm, reset, np.nan),
        "cap": np.where(arm & (draw.random(rows) < 0.5), 0.09, np.nan),
        "floor": np.where(arm & (draw.random(rows) < 0.3), 0.01, np.nan),
        "day_count": np.asarray(COUNTS)[draw.integers(0, len(COUNTS), rows)],
        "customer_type": np.where(savings, kinds[draw.integers(0, 3, rows)], None),
        "original_term_months": np.where(savings, np.nan, term),
        "months_in_the_money": np.where(product == "mortgage_fixed", draw.integers(0, 12, rows), np.nan),
    }


def curves() -> pd.DataFrame:
    """Discount and projection curves of three currencies, and today's mortgage rate."""
    level = {"USD": 0.035, "EUR": 0.022, "CHF": 0.005}
    rows = [
        (currency, index, months, level[currency] + basis + 0.01 * (1 - np.exp(-months / 80)))
        for currency, name in INDICES.items()
        for index, basis in (("discount", 0.0), (name, 0.001))
        for months in TENORS
    ]
    rows += [(currency, "MORTGAGE30", 0, level[currency] + 0.025) for currency in INDICES]
    table = pd.DataFrame(rows, columns=["currency", "index", "months", "zero_rate"])
    table.insert(0, "as_of", AS_OF)
    return table


def rates() -> pd.DataFrame:
    """Six years of the short rate."""
    ends = (np.arange("2020-09", "2026-10", dtype="datetime64[M]") + 1).astype("datetime64[D]") - 1
    return pd.DataFrame({"date": ends, "index": "FEDFUNDS", "value": 0.03 + 0.02 * np.sin(np.arange(len(ends)) / 9)})


def exchange() -> pd.DataFrame:
    """Exchange rates to the reporting currency."""
    names = [name for name in INDICES if name != "USD"]
    return pd.DataFrame({"as_of": AS_OF, "currency": names, "reporting_currency": "USD", "rate": 1.1})


def assumptions(drivers: bool) -> AssumptionSet:
    """Prepayment of loans by age (with `drivers` by rate incentive too), decay and pass-through of savings."""
    months = np.arange(1, 361)
    ramp = np.minimum(months / 30, 1.0) * 0.008
    grid = {Driver.RATE_INCENTIVE: np.asarray([-0.02, 0.0, 0.01, 0.03])} if drivers else {}
    value = np.outer([0.5, 1.0, 2.0, 3.5], ramp) if drivers else ramp
    loans = tuple(
        AssumptionCurve((name,), months, grid, value * scale)
        for name, scale in (("mortgage_fixed", 1.0), ("mortgage_arm", 1.3))
    )
    prepayment = AssumptionTable(
        "prepayment",
        Effect.RUNOFF,
        Quantity.MONTHLY_HAZARD,
        SegmentScheme(("product",)),
        loans,
        "payoff",
        MonthMeaning.SINCE_ORIGINATION,
        tuple(grid),
        DriverTerms("MORTGAGE30", 1, 120, 0.005),
    )
    return AssumptionSet("bench", AS_OF.astype("datetime64[D]").item(), (prepayment, *_deposits()))


def _deposits() -> tuple[AssumptionTable, ...]:
    bands = {"size": Band("balance", (50_000.0, 250_000.0))}
    by_size = SegmentScheme(("product", "customer_type", "size"), bands)
    by_type = SegmentScheme(("product", "customer_type"))
    kinds = ("retail_transactional", "retail_non_transactional", "wholesale")
    spread = {Driver.RATE_SPREAD: np.asarray([-0.01, 0.01, 0.03])}
    months = np.arange(1, 121)
    decay = tuple(
        AssumptionCurve(("savings", kind, size), months, spread, np.outer([0.005, 0.01, 0.02], np.ones(120)) * (k + 1))
        for k, kind in enumerate(kinds)
        for size in bands["size"].labels
    )
    level = {Driver.RATE_LEVEL: np.asarray([0.0, 0.02, 0.05])}
    none = np.zeros(0, dtype=np.int64)
    target = tuple(AssumptionCurve(("savings", kind), none, level, np.asarray([0.2, 0.4, 0.6])) for kind in kinds)
    speed = tuple(
        AssumptionCurve(("savings", kind), none, {}, np.asarray(0.25), way) for kind in kinds for way in Direction
    )
    return (
        AssumptionTable(
            "decay",
            Effect.RUNOFF,
            Quantity.MONTHLY_HAZARD,
            by_size,
            decay,
            "withdrawal",
            MonthMeaning.SINCE_AS_OF,
            tuple(spread),
        ),
        AssumptionTable(
            "target", Effect.REPRICING, Quantity.MARGINAL_PASS_THROUGH, by_type, target, drivers=tuple(level)
        ),
        AssumptionTable("speed", Effect.REPRICING, Quantity.MONTHLY_ADJUSTMENT, by_type, speed),
    )


SETTINGS = """as_of = 2026-09-30
reporting_currency = "USD"
tier1 = 1e9
book_equity = 1e9

[index_roles]
short = "FEDFUNDS"
mortgage = "MORTGAGE30"
"""


def write(folder: Path, rows: int, kind: str = "fixed", drivers: bool = False) -> Path:
    """Everything into a folder; returns the book's file."""
    folder.mkdir(parents=True, exist_ok=True)
    write_table(book(rows, kind), folder / "book.parquet")
    write_table(curves(), folder / "curves.csv")
    write_table(rates(), folder / "rates.csv")
    write_table(exchange(), folder / "fx.csv")
    (folder / "settings.toml").write_text(SETTINGS, encoding="utf-8")
    if not (folder / "set").exists():
        write_set(assumptions(drivers), folder / "set")
    return folder / "book.parquet"


def command(folder: Path, kind: str, *more: str) -> list[str]:
    """Arguments of ``behavior value`` for a folder that `write` filled."""
    given = [str(folder / word) if "." in word or word == "set" else word for word in COMMAND]
    extra = ["--fx", str(folder / "fx.csv")] if kind == "mixed" else []
    out = ["--out", str(folder / "out"), "--allow-draft"]
    return ["value", str(folder / "book.parquet"), *given, *extra, *out, *more]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--kind", choices=("fixed", "mixed"), default="fixed")
    parser.add_argument("--drivers", action="store_true", help="prepayment by rate incentive too")
    asked = parser.parse_args()
    write(asked.folder, asked.rows, asked.kind, asked.drivers)
    print("behavior", *command(asked.folder, asked.kind))
