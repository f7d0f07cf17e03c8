"""Set faulty rows of a table aside: the good ones go on, the bad ones are written out with their reasons."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from behavior.cells import Breach
from behavior.errors import ContractFault, Fault
from behavior.io.tables import CheckedTable, write_table

ROW = re.compile(r", row (\d+)$")


@dataclass(frozen=True)
class SetAside:
    """What was set aside of a table.

    Parameters
    ----------
    table : the rows that stay. rows : how many do not. share : of the balance that can be read.
    """

    table: pd.DataFrame
    rows: int
    share: float
    words: str


def good_rows(read: CheckedTable) -> np.ndarray:
    """Places of the rows without a fault, shape (good rows,).

    Raises
    ------
    ContractFault : faults of the whole table or a whole column, which no row can be blamed for.
    """
    good = np.ones(len(read.table), dtype=np.bool_)
    good[list(_rows_at_fault(read))] = False
    return np.flatnonzero(good)


def at_rows(faults: Sequence[Fault], rows: Sequence[int], read: CheckedTable) -> list[Fault]:
    """Faults that were found later, placed as those of reading are: by file and line, or row."""
    return [
        read.place.fault(Breach(fault.rule, column=fault.column, hint=fault.hint), int(row), fault.value)
        for fault, row in zip(faults, rows, strict=True)
    ]


def split_faulty(read: CheckedTable, path: Path) -> SetAside:
    """The rows without faults; the others go to `path` with a column `reasons`.

    Raises
    ------
    ContractFault : faults of the whole table or a whole column, which no row can be blamed for, or no row is left.
    """
    reasons = _rows_at_fault(read)
    bad = np.zeros(len(read.table), dtype=np.bool_)
    bad[list(reasons)] = True
    rejected = read.table[bad].assign(reasons=["; ".join(reasons[row]) for row in np.flatnonzero(bad).tolist()])
    write_table(rejected, path)
    balance = pd.to_numeric(read.table.get("balance", pd.Series(dtype=np.float64)), errors="coerce").abs().fillna(0.0)
    share = float(balance[bad].sum() / balance.sum()) if float(balance.sum()) > 0 else 0.0
    words = (
        f"{int(bad.sum()):,} of {len(bad):,} rows set aside in {path.name}, {share:.4%} of the balance that can be read"
    )
    if bad.all():
        rule = f"expected at least one row that can be valued; {words}"
        raise ContractFault([Fault(read.place.name, rule, hint="Its column `reasons` says what to correct")])
    return SetAside(read.table[~bad].reset_index(drop=True), int(bad.sum()), share, words)


def _rows_at_fault(read: CheckedTable) -> Mapping[int, list[str]]:
    """Reasons by row."""
    whole: list[Fault] = []
    reasons: dict[int, list[str]] = {}
    places = (
        {} if read.place.lines is None else dict(zip(read.place.lines.tolist(), range(len(read.table)), strict=False))
    )
    for fault in read.faults:
        found = ROW.search(fault.where)
        row = int(found.group(1)) - 1 if found else places.get(fault.line) if fault.line is not None else None
        if row is None:
            whole.append(fault)
        else:
            reasons.setdefault(row, []).append(_reason(fault))
    if whole:
        raise ContractFault(whole)
    return reasons


def _reason(fault: Fault) -> str:
    column = f"{fault.column}: " if fault.column else ""
    return f"{column}{fault.value!r}, {fault.rule}" if fault.value is not None else f"{column}{fault.rule}"
