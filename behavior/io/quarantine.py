"""Set faulty rows of a table aside: the good ones go on, the bad ones are written out with their reasons."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
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


def with_partners(read: CheckedTable, together: str, name: str) -> CheckedTable:
    """The table whose good rows that share the word of a column with a faulty one have a fault too, naming that one.

    together : column of what must not be torn apart (`trade_id`). name : column that names a row.

    Raises
    ------
    ContractFault : faults of the whole table or a whole column, which no row can be blamed for.
    """
    faulty = _rows_at_fault(read)
    if together not in read.table or not faulty:
        return read
    cells = read.table[together]
    words, named = cells.astype(str).to_numpy(dtype=object), cells.notna().to_numpy()
    first: dict[str, int] = {}
    for row in sorted(faulty):
        if named[row]:
            first.setdefault(words[row], row)
    torn = np.flatnonzero(named & np.isin(words.astype(str), list(first)))
    found = []
    for row in (int(row) for row in torn if int(row) not in faulty):
        bad = first[words[row]]
        where = read.place.fault(Breach(""), bad, None)
        line = where.where if where.line is None else f"line {where.line}"
        rule = f"expected all rows of a {together} to be good: {read.table[name].iat[bad]} ({line}) is set aside"
        hint = "Correct that row, and this one counts again"
        found.append(read.place.fault(Breach(rule, column=together, hint=hint), row, words[row]))
    return replace(read, faults=(*read.faults, *found))


def split_faulty(read: CheckedTable, path: Path) -> SetAside:
    """The rows without faults; the others go to `path` with a column `reasons`.

    Raises
    ------
    ContractFault : faults of the whole table or a whole column, which no row can be blamed for, or no row is left.
    """
    faults = _rows_at_fault(read)
    bad = np.zeros(len(read.table), dtype=np.bool_)
    bad[list(faults)] = True
    rows = np.flatnonzero(bad).tolist()
    rejected = _as_given(read.table[bad], rows, faults)
    write_table(rejected.assign(reasons=["; ".join(map(_reason, faults[row])) for row in rows]), path)
    balance = pd.to_numeric(read.table.get("balance", pd.Series(dtype=np.float64)), errors="coerce").abs().fillna(0.0)
    share = float(balance[bad].sum() / balance.sum()) if float(balance.sum()) > 0 else 0.0
    words = (
        f"{int(bad.sum()):,} of {len(bad):,} rows set aside in {path.name}, {share:.4%} of the balance that can be read"
    )
    if bad.all():
        rule = f"expected at least one row that can be valued; {words}"
        raise ContractFault([Fault(read.place.name, rule, hint="Its column `reasons` says what to correct")])
    return SetAside(read.table[~bad].reset_index(drop=True), int(bad.sum()), share, words)


def _as_given(rejected: pd.DataFrame, rows: Sequence[int], faults: Mapping[int, Sequence[Fault]]) -> pd.DataFrame:
    """The rows with the words that could not be read in their cells, so that they can be corrected where they stand."""
    given: dict[str, dict[int, str]] = {}
    empty = rejected.isna()
    for place, row in enumerate(rows):
        for fault in faults[row]:
            name = fault.column or ""
            if name in empty and fault.value is not None and bool(empty[name].iat[place]):
                given.setdefault(name, {})[place] = fault.value
    found = rejected.copy()
    for column, words in given.items():
        cells = found[column].astype("string").to_numpy(dtype=object, copy=True)
        for place, word in words.items():
            cells[place] = word
        found[column] = pd.array(cells, dtype="string")
    return found


def _rows_at_fault(read: CheckedTable) -> Mapping[int, list[Fault]]:
    """Faults by row."""
    whole: list[Fault] = []
    found: dict[int, list[Fault]] = {}
    places = (
        {} if read.place.lines is None else dict(zip(read.place.lines.tolist(), range(len(read.table)), strict=False))
    )
    for fault in read.faults:
        named = ROW.search(fault.where)
        row = int(named.group(1)) - 1 if named else places.get(fault.line) if fault.line is not None else None
        if row is None:
            whole.append(fault)
        else:
            found.setdefault(row, []).append(fault)
    if whole:
        raise ContractFault(whole)
    return found


def _reason(fault: Fault) -> str:
    column = f"{fault.column}: " if fault.column else ""
    return f"{column}{fault.value!r}, {fault.rule}" if fault.value is not None else f"{column}{fault.rule}"
