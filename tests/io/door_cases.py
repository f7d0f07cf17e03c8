"""Small tables in the contracts' form for tests of the doors."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from behavior.contracts import Place, TableContract
from behavior.io.mapping import MappedTable, map_table
from behavior.io.mapping_terms import TableMap

BOOK_HEADER = (
    "position_id,product,side,currency,balance,rate_type,rate,repayment,origination_date,maturity_date,payment_months"
)
BOOK_ROWS = (
    "M-1,mortgage,asset,USD,250000.00,fixed,0.0325,annuity,2019-03-31,2049-03-31,1",
    "M-2,mortgage,asset,USD,180000.00,fixed,0.0410,annuity,2018-06-30,2048-06-30,1",
    "T-1,term_deposit,liability,USD,90000.00,fixed,0.0150,bullet,2021-09-30,2022-09-30,0",
    "S-1,savings,liability,USD,300000.00,administered,0.0020,none,2010-01-31,,1",
)
MONTHS_HEADER = "loan_id,month,balance,rate,age_months,status"
MONTHS_ROWS = (
    "L1,2020-02-29,100000,0.03,1,open",
    "L1,2020-03-31,99800,0.03,2,open",
    "L1,2020-04-30,0,0.03,3,prepaid",
    "L2,2020-02-29,50000,0.04,1,open",
    "L2,2020-03-31,,0.04,2,open",
)
LOANS_HEADER = "loan_id,origination_date,original_balance,original_term_months,original_rate"
LOANS_ROWS = ("L1,2020-01-15,100200,360,0.03", "L2,2020-01-20,50200,180,0.04")
CURVE_HEADER = "as_of,currency,index,months,zero_rate"
CURVE_ROWS = (
    "2022-03-31,USD,discount,3,0.005",
    "2022-03-31,USD,discount,12,0.016",
    "2022-03-31,USD,discount,120,0.023",
)


def lines(header: str, *rows: str) -> str:
    """A CSV text."""
    return "\n".join([header, *rows, ""])


def book(*rows: str) -> str:
    """A book of these rows, by default a good one."""
    return lines(BOOK_HEADER, *(rows or BOOK_ROWS))


def put(folder: Path, name: str, text: str) -> Path:
    """Write a file of a test."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def map_text(
    folder: Path,
    content: str,
    contract: TableContract | None,
    siblings: dict[str, pd.DataFrame] | None = None,
    **terms: Any,
) -> MappedTable:
    """An extract of its own, mapped; `terms` are those of its table in a profile."""
    (folder / "extract.csv").write_text(content, encoding="utf-8")
    source = TableMap.model_validate({"file": "extract.csv", **terms})
    read = {
        name: MappedTable(one, Place(f"{name}.csv", np.arange(len(one)) + 2), ())
        for name, one in (siblings or {}).items()
    }
    return map_table(source, contract, folder, "table", read)
