"""Reading, checking and preparing large books, and the whole process on them: measured, growth asserted.

Run with ``pytest tests/benchmarks/test_doors_speed.py --benchmark-only -o addopts='' -s``.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from behavior.cli import build_parser
from behavior.cli.value_inputs import read_inputs, read_options
from behavior.contracts import check
from behavior.engine.contracts import BOOK_TABLE
from behavior.engine.plan import Plan
from behavior.engine.positions import Book
from behavior.engine.projection import prepare
from behavior.io.tables import read_table, write_table
from behavior.panel.contracts import LOAN_MONTHS
from behavior.workflows.value import resolved_plan
from tests.benchmarks.make_book import command, write

ROWS = 1_000_000
MOST_MEMORY = 1.5
"""Gigabytes that the whole process may take on a million rows."""


@pytest.fixture(scope="module")
def book() -> pd.DataFrame:
    rng = np.random.default_rng(1)
    return pd.DataFrame(
        {
            "position_id": [f"P{i:08d}" for i in range(ROWS)],
            "product": rng.choice(["mortgage", "term_deposit", "savings"], ROWS),
            "side": "asset",
            "currency": "USD",
            "balance": rng.random(ROWS) * 1e5,
            "rate_type": "fixed",
            "rate": rng.random(ROWS) * 0.05,
            "repayment": "annuity",
            "origination_date": pd.Timestamp("2015-01-31"),
            "maturity_date": pd.Timestamp("2035-01-31"),
            "payment_months": 1,
        }
    )


@pytest.mark.parametrize("ending", ["parquet", "csv"])
def test_read_and_check_a_book(benchmark: BenchmarkFixture, tmp_path: Path, book: pd.DataFrame, ending: str) -> None:
    path = tmp_path / f"book.{ending}"
    write_table(book, path)
    read = benchmark.pedantic(read_table, args=(path, BOOK_TABLE), rounds=2)
    assert read.faults == ()


def test_check_loan_months(benchmark: BenchmarkFixture) -> None:
    loans, months = 20_000, ROWS // 20_000
    ends = pd.date_range("2015-01-31", periods=months, freq="ME").to_numpy()
    table = pd.DataFrame(
        {
            "loan_id": np.repeat([f"L{i:06d}" for i in range(loans)], months),
            "month": np.tile(ends, loans),
            "balance": 1000.0,
            "rate": 0.03,
            "age_months": np.tile(np.arange(1, months + 1), loans),
            "status": "open",
        }
    )
    assert benchmark.pedantic(check, args=(table, LOAN_MONTHS), rounds=2) == []


def whole_process(folder: Path, rows: int, kind: str) -> tuple[float, float]:
    """Seconds and gigabytes of ``behavior value`` on a book, compiled kernels in the cache."""
    write(folder, rows, kind)
    words = [sys.executable, "-m", "behavior", *command(folder, kind)]
    started = time.perf_counter()
    process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    assert os.waitstatus_to_exitcode(status) == 0
    return time.perf_counter() - started, used.ru_maxrss / 2**20


@pytest.mark.parametrize("kind", ["fixed", "mixed"])
def test_value_from_ten_thousand_to_a_million(benchmark: BenchmarkFixture, tmp_path: Path, kind: str) -> None:
    """The whole process at three sizes; the ratios say how it grows, whatever the machine is doing."""
    whole_process(tmp_path / "warm", 1_000, kind)
    found = {rows: whole_process(tmp_path / str(rows), rows, kind) for rows in (10_000, 100_000, ROWS)}
    (small, _), (middle, _), (large, memory) = found.values()
    print(f"\n{kind}: {small:.1f}, {middle:.1f}, {large:.1f} s for 10,000, 100,000, 1,000,000 rows; {memory:.2f} GB")
    print(f"{kind}: growth {middle / small:.2f} and {large / middle:.2f} for ten times the rows; linear is 10")
    benchmark.extra_info.update({"seconds": [small, middle, large], "gigabytes": memory})
    benchmark.pedantic(lambda: None, rounds=1)
    assert large < 10 * middle < 100 * small
    assert memory <= MOST_MEMORY


def preparing(folder: Path, rows: int, kind: str) -> Callable[[], Plan]:
    """Terms, calendars, matching, repricing and drivers of a book that is in memory."""
    write(folder, rows, kind)
    args = build_parser("value").parse_args(command(folder, kind))
    inputs, _ = read_inputs(args)
    world, plan = resolved_plan(inputs, read_options(args, inputs))
    table = plan.terms.book.table
    return lambda: prepare(Book(table), world, inputs.assumptions, plan.options)


def processor_seconds(work: Callable[[], Plan]) -> float:
    """The least of three runs."""
    found = []
    for _ in range(3):
        started = time.process_time()
        work()
        found.append(time.process_time() - started)
    return min(found)


@pytest.mark.parametrize(("rows", "kind"), [(100_000, "mixed"), (ROWS, "fixed")])
def test_prepare(benchmark: BenchmarkFixture, tmp_path: Path, rows: int, kind: str) -> None:
    """Preparing grows with the rows: ten times as many, and what sorting and a colder cache add."""
    tenth, whole = (preparing(tmp_path / str(size), size, kind) for size in (rows // 10, rows))
    plan = benchmark.pedantic(whole, rounds=3)
    benchmark.extra_info["calendars"] = len(plan.terms.calendars.first)
    assert len(plan.records) == rows
    assert processor_seconds(whole) < 15 * processor_seconds(tenth)
