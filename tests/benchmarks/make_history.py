"""Write a mortgage history of many months, and the profile that streams it.

``python -m tests.benchmarks.make_history FOLDER --months 10000000``, then
``/usr/bin/time -v behavior train mortgage_prepayment --profile FOLDER/profile.toml``: its largest resident set is the
README's peak. The loans of one simulated bank stand in it many times under new names, so there is no ledger to tie them
out to, and that gate fails as it should. The same arguments give the same bytes.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from behavior.io.demo_project import write_demo
from behavior.simulator import SimulatorSettings, simulate

LOANS = 4_000
LEDGER = 'control_totals.file = "bank/control_totals.parquet"\n'


def write(folder: Path, months: int, rows_at_once: int, customers: float, loans: int = LOANS) -> Path:
    """The bank's folder with as many whole copies of its loans as give `months` loan-months; returns the profile."""
    profile = write_demo(
        simulate(SimulatorSettings(loans=loans, accounts=200, minimum_balance_paths=2), seed=11), folder
    )
    paths = [folder / "bank" / name for name in ("loans.parquet", "loan_months.parquet")]
    tables = [pd.read_parquet(path) for path in paths]
    for table, path in zip(tables, paths, strict=True):
        _repeat(table, max(round(months / len(tables[1])), 1), path)
    stream = f"stream = {{ rows_at_once = {rows_at_once}, customers = {customers} }}\n"
    text = profile.read_text().replace(LEDGER, "", 1).replace("[history.mortgage]\n", f"[history.mortgage]\n{stream}")
    profile.write_text(text)
    return profile


def _repeat(table: pd.DataFrame, copies: int, path: Path) -> None:
    """Write a table so many times under each other, its names told apart, a copy at a time."""
    keys = [name for name in ("loan_id", "customer_id") if name in table]
    schema = pa.Schema.from_pandas(table, preserve_index=False)
    with pq.ParquetWriter(path, schema, compression="zstd") as file:
        for number in range(copies):
            named = table.assign(**{key: f"{number:05d}-" + table[key].astype(str) for key in keys})
            file.write_table(pa.Table.from_pandas(named, schema=schema, preserve_index=False))


def main() -> None:
    """Command line of this module."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--months", type=int, default=10_000_000)
    parser.add_argument("--rows-at-once", type=int, default=1_000_000)
    parser.add_argument("--customers", type=float, default=0.1)
    given = parser.parse_args()
    print(write(given.folder, given.months, given.rows_at_once, given.customers))


if __name__ == "__main__":
    main()
