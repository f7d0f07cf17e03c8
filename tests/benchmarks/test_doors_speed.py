"""Reading and checking a million rows: measured, not asserted (2 cores)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from behavior.contracts import check
from behavior.engine.contracts import BOOK_TABLE
from behavior.io.tables import read_table, write_table
from behavior.panel.contracts import LOAN_MONTHS

ROWS = 1_000_000


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
