"""Set faulty rows of a table aside: the good ones go on, the bad ones are written out with their reasons."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pandas as pd

from behavior.errors import ContractFault, Fault
from behavior.io.tables import CheckedTable, write_table

ROW = re.compile(r", row (\d+)$")


def split_faulty(read: CheckedTable, path: Path) -> tuple[pd.DataFrame, str]:
    """The rows without faults; the others go to `path` with a column `reasons`.

    Returns
    -------
    The good rows, and one sentence with the number of bad rows and their share of balance.

    Raises
    ------
    ContractFault : faults of the whole table or a whole column, which no row can be blamed for.
    """
    whole = [fault for fault in read.faults if row_of(fault, read) is None]
    if whole:
        raise ContractFault(whole)
    reasons: dict[int, list[str]] = {}
    for fault in read.faults:
        row = row_of(fault, read)
        assert row is not None  # those without a row were refused above
        reasons.setdefault(row, []).append(_reason(fault))
    bad = np.zeros(len(read.table), dtype=np.bool_)
    bad[list(reasons)] = True
    rejected = read.table[bad].assign(reasons=["; ".join(reasons[row]) for row in np.flatnonzero(bad).tolist()])
    write_table(rejected, path)
    balance = pd.to_numeric(read.table.get("balance", pd.Series(dtype=np.float64)), errors="coerce").abs().fillna(0.0)
    share = float(balance[bad].sum() / balance.sum()) if float(balance.sum()) > 0 else 0.0
    words = f"{int(bad.sum())} of {len(bad)} rows set aside in {path.name}, {share:.4%} of the balance that can be read"
    return read.table[~bad].reset_index(drop=True), words


def row_of(fault: Fault, read: CheckedTable) -> int | None:
    """Place of a fault's row in the table, or None where it is not one row's."""
    found = ROW.search(fault.where)
    if found:
        return int(found.group(1)) - 1
    if fault.line is None or read.place.lines is None:
        return None
    rows = np.flatnonzero(read.place.lines == fault.line)
    return int(rows[0]) if len(rows) else None


def _reason(fault: Fault) -> str:
    column = f"{fault.column}: " if fault.column else ""
    return f"{column}{fault.value!r}, {fault.rule}" if fault.value is not None else f"{column}{fault.rule}"
