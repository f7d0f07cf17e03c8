"""Files in a published layout, gone through part by part: their faults, and their rows in the contract's own form."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from behavior.cells import Breach
from behavior.columns import VALUE_REQUIRED
from behavior.contracts import Place, TableContract, examine, faults_at
from behavior.errors import ContractFault, Fault, FaultyInput
from behavior.io.found_faults import FoundFaults
from behavior.io.registry import table_of
from behavior.io.sources.registry import batches, layout_of
from behavior.io.writers import write_stream


class LayoutFiles:
    """Files of one layout under each other; memory does not grow with their length where the layout is streamed.

    `rows` and `dropped` are of what has been gone through: rows kept, reason -> rows left out. What is wrong goes to
    `faults`, of a file that cannot be read at all too: the files behind it are gone through all the same.
    """

    def __init__(self, layout: str, paths: Sequence[Path], faults: FoundFaults) -> None:
        self.layout, self.paths, self.faults = layout, paths, faults
        self.rows = 0
        self.dropped: dict[str, int] = {}

    def check(self) -> None:
        """Go through all rows.

        Raises
        ------
        SpecFault : no such layout.
        """
        for _ in self._tables():
            pass

    def write(self, path: Path) -> None:
        """Write all rows as one Parquet file in the contract's own form: nothing where there is a fault.

        Months that stand twice or out of order across the parts of one file are left to whoever reads it.

        Raises
        ------
        ContractFault : with the faults held. SpecFault : as `check`.
        """
        write_stream(self._right_tables(), path)

    def _right_tables(self) -> Iterator[pd.DataFrame]:
        yield from (table for table in self._tables() if not self.faults)
        if self.faults:
            raise ContractFault(self.faults.held)

    def _tables(self) -> Iterator[pd.DataFrame]:
        contract = table_of(layout_of(self.layout).contract)
        once = _Once(contract.key if layout_of(self.layout).whole else contract.key[:1])
        for path in self.paths:
            once.next_file()
            try:
                yield from self._tables_of(path, contract, once)
            except FaultyInput as error:
                self.faults.add(error.faults)

    def _tables_of(self, path: Path, contract: TableContract, once: _Once) -> Iterator[pd.DataFrame]:
        before, wrong, dropped = self.rows, len(self.faults), dict[str, int]()
        for batch in batches(self.layout, path):
            for reason, count in batch.dropped.items():
                dropped[reason] = dropped.get(reason, 0) + count
                self.dropped[reason] = self.dropped.get(reason, 0) + count
            self.faults.add(batch.faults)
            if batch.table.empty:
                continue
            place = Place(path.name, batch.lines)
            table, found = examine(batch.table, contract, place)
            unread = {(fault.where, fault.line) for fault in batch.faults}
            # A cell that could not be read is empty now; saying so a second time would only repeat the first fault.
            self.faults.add([one for one in found if one.rule != VALUE_REQUIRED or (one.where, one.line) not in unread])
            self.faults.add(once.faults(table, place))
            self.rows += len(table)
            yield table
        if self.rows == before and len(self.faults) == wrong:
            said = "; ".join(f"{count:,} rows {reason} dropped" for reason, count in dropped.items())
            rule = f"expected at least one row that counts ({said or 'none found'})"
            self.faults.add([Fault(path.name, rule, hint="Is this the whole file?")])


class _Once:
    """What stands in one file only: a unit of a layout that is streamed, with all its rows; else the key of a row.

    Eight bytes of each are held, so that the loans of many quarters fit.
    """

    def __init__(self, names: Sequence[str]) -> None:
        self.names = list(names)
        self.earlier = np.zeros(0, dtype=np.uint64)
        self.own: list[npt.NDArray[np.uint64]] = []

    def next_file(self) -> None:
        """What was seen so far is of earlier files."""
        self.earlier = np.unique(np.concatenate([self.earlier, *self.own]))
        self.own = []

    def faults(self, table: pd.DataFrame, place: Place) -> list[Fault]:
        """The first row of each that stands in an earlier file too; notes all of this part."""
        if not set(self.names) <= set(table.columns):
            return []
        marks = pd.util.hash_pandas_object(table[self.names], index=False).to_numpy(dtype=np.uint64)
        own, first = np.unique(marks, return_index=True)
        self.own.append(own.astype(np.uint64, copy=False))
        again = np.sort(first[np.isin(own, self.earlier, assume_unique=True)])
        name = " + ".join(self.names)
        rule = f"expected each {name} in one of the files, an earlier one holds it too"
        cells = table[self.names].iloc[again].astype("str").agg(", ".join, axis=1).tolist() if again.size else []
        hint = "Leave one of the files out; were two releases put together?"
        return faults_at(place, [Breach(rule, again, name, hint, cells)]) if again.size else []
