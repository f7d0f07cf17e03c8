"""Files in a published layout, gone through part by part: their faults, and their rows in the contract's own form."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from behavior.cells import Breach
from behavior.columns import VALUE_REQUIRED, day_numbers
from behavior.contracts import Place, TableContract, examine, faults_at
from behavior.errors import ContractFault, Fault, FaultyInput
from behavior.io.found_faults import FoundFaults
from behavior.io.registry import table_of
from behavior.io.sources.lives import LoanMarks, marks_of, places_of
from behavior.io.sources.registry import batches, layout_of
from behavior.io.writers import write_stream
from behavior.quantities import BoolArray, IntArray


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
        whole = layout_of(self.layout).whole
        once = _Once(contract.key, "") if whole else _Once(contract.key[:1], contract.order)
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
    """What stands once: a unit in one of the files, and its months in their order over the parts of a file.

    A unit is a loan or an account where the layout is streamed, else what a row is named by. Of each a mark, the file
    and the last month are held, 24 bytes, so that the loans of many quarters fit.
    """

    def __init__(self, names: Sequence[str], order: str) -> None:
        self.names, self.order = list(names), order
        self.file = -1
        self.held = np.zeros(0, dtype=np.uint64)
        self.files, self.last = np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)

    def next_file(self) -> None:
        """What was seen so far is of earlier files."""
        self.file += 1

    def faults(self, table: pd.DataFrame, place: Place) -> list[Fault]:
        """The first row of each unit that an earlier file holds, or that falls behind an earlier part; notes all."""
        if not set(self.names) <= set(table.columns):
            return []
        marks = marks_of(table[self.names])
        months = day_numbers(table[self.order]) if self.order else np.zeros(len(table), dtype=np.int64)
        units, first = np.unique(marks, return_index=True)
        units = np.asarray(units, dtype=np.uint64)
        at, known = places_of(self.held, units)
        rows, seen = first[known], at[known]
        other = self.files[seen] < self.file
        behind = ~other & (months[rows] <= self.last[seen])
        self._note(units, at, known, pd.Series(months).groupby(marks).max().to_numpy())
        name = " + ".join(self.names)
        again = f"expected each {name} in one of the files, an earlier one holds it too"
        fallen = f"expected each {name} once, or its months to rise down the file: an earlier row has it"
        breaches = [
            self._breach(
                again, np.sort(rows[other]), table, "Leave one of the files out; were two releases put together?"
            ),
            self._breach(fallen, np.sort(rows[behind]), table, "Sort the file, or leave out what stands in it twice"),
        ]
        return faults_at(place, [one for one in breaches if one.rows is not None and one.rows.size])

    def _note(self, units: LoanMarks, at: IntArray, known: BoolArray, last: IntArray) -> None:
        self.files[at[known]], self.last[at[known]] = self.file, np.maximum(last[known], self.last[at[known]])
        new = ~known
        self.held = np.insert(self.held, at[new], units[new])
        self.files = np.insert(self.files, at[new], self.file)
        self.last = np.insert(self.last, at[new], last[new])

    def _breach(self, rule: str, rows: IntArray, table: pd.DataFrame, hint: str) -> Breach:
        cells = [", ".join(map(str, row)) for row in table[self.names].iloc[rows].astype("str").to_numpy()]
        return Breach(rule, rows, " + ".join(self.names), hint, cells)
