"""A history beyond memory: some customers at a time from Parquet, every part checked and whole for its customers.

The table of units (loans, accounts) is held; their months stay in the file. Where the file is sorted by unit each row
group is read once or twice; in any other order each part reads the whole file again, which is slower and no less right.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.dataset as pads

from behavior.contracts import Place, TableContract, check_between, examine
from behavior.errors import ContractFault, Fault
from behavior.freed import give_back_freed
from behavior.io.registry import group_of
from behavior.panel.base import CustomerHistory, SourceFile
from behavior.quantities import IntArray

ROWS_AT_ONCE = 2_000_000
BATCH_ROWS = 131_072


@dataclass(frozen=True)
class HistoryParts:
    """The parts of one history; iterating reads them one after the other, again each time.

    Parameters
    ----------
    contract : ``mortgage_history/1`` or ``deposit_history/1``. units : its first table, checked.
    months : Parquet file or folder of its second table. rows_at_once : rows that a part has about.
    """

    contract: str
    units: pd.DataFrame
    months: Path
    rows_at_once: int = ROWS_AT_ONCE

    def __iter__(self) -> Iterator[CustomerHistory]:
        """Histories of some units each; units that continue each other are never parted.

        Raises
        ------
        ContractFault : listing every fault of the part; or, at the end, that rows belong to no unit.
        """
        for part, faults in self.examined():
            if faults:
                raise ContractFault(faults)
            if part is not None:
                yield part

    def examined(self) -> Iterator[tuple[CustomerHistory | None, list[Fault]]]:
        """Each part with its faults, None where it has no months; at the end rows that belong to no unit, as a fault.

        A row of a fault is counted within its part.
        """
        group = group_of(self.contract)
        units, months = group.tables[:2]
        key = units.key[0]
        file = pads.dataset(self.months, format="parquet")
        whole, seen = file.count_rows(), 0
        for number, own in enumerate(_parts(self.units, key, self.rows_at_once * len(self.units) / max(whole, 1)), 1):
            table = self.units.iloc[own].reset_index(drop=True)
            place = Place(f"{self.months.name}, part {number}")
            rows, faults = _read(file, key, table[key], months, place)
            seen += len(rows)
            tables = {units.table: table, months.table: rows}
            if len(rows) or faults:
                between = [] if faults else check_between(tables, group, {months.table: place})
                yield CustomerHistory(self.contract, tables), [*faults, *between]
            del tables, rows
            pa.default_memory_pool().release_unused()
            give_back_freed()
        if seen < whole:
            rule = f"expected a `{key}` of the table `{units.table}` in every row; {whole - seen:,} rows have another"
            yield None, [Fault(self.months.name, rule, None, key)]

    def source(self) -> SourceFile:
        """The file of the months: name, sha256 and rows, read a block at a time."""
        with self.months.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        return SourceFile(self.months.name, digest, pads.dataset(self.months, format="parquet").count_rows())


def _read(
    file: pads.Dataset, key: str, names: pd.Series, contract: TableContract, place: Place
) -> tuple[pd.DataFrame, list[Fault]]:
    """The months of some units, in the order of the file, and their faults."""
    field = pads.field(key)
    # The bounds let whole row groups be passed over by their statistics.
    wanted = (field >= names.min()) & (field <= names.max()) & field.isin(names.tolist())
    read = file.scanner(
        filter=wanted, batch_size=BATCH_ROWS, batch_readahead=1, fragment_readahead=1, use_threads=False
    ).to_table()
    raw: pd.DataFrame = read.to_pandas(split_blocks=True, self_destruct=True)
    if raw.empty:
        return raw, []
    table, faults = examine(raw, contract, place)
    return table, list(faults)


def _parts(units: pd.DataFrame, key: str, size: float) -> Iterator[IntArray]:
    """Positions of about `size` units at a time, by name, with all units that continue each other."""
    rank = np.empty(len(units), dtype=np.int64)
    rank[np.argsort(units[key].to_numpy(), kind="stable")] = np.arange(len(units))
    rank = rank[_lines(units, key)]
    order = np.argsort(rank, kind="stable")
    part = rank[order] // max(int(size), 1)
    for own in np.split(order, np.flatnonzero(np.diff(part)) + 1):
        yield np.sort(own)


def _lines(units: pd.DataFrame, key: str) -> IntArray:
    """Position of the last unit that each unit's line of successors leads to; its own without successors."""
    last = np.arange(len(units), dtype=np.int64)
    if "successor_id" not in units.columns:
        return last
    heir = pd.Index(units[key]).get_indexer(units["successor_id"])
    last = np.where(heir >= 0, heir, last)
    for _ in range(64):  # each round doubles the steps taken: no line is as long as that, unless it is a ring
        further = last[last]
        if np.array_equal(further, last):
            break
        last = further
    return last
