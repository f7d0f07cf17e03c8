"""Files in a published layout, gone through part by part: their faults, and their rows in the contract's own form."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pandas as pd

from behavior.columns import VALUE_REQUIRED
from behavior.contracts import Place, examine
from behavior.errors import ContractFault, Fault
from behavior.io.registry import table_of
from behavior.io.sources.registry import batches, layout_of
from behavior.io.writers import write_stream


class LayoutFiles:
    """Files of one layout under each other; memory does not grow with their length where the layout is streamed.

    `rows`, `dropped` and `faults` are of what has been gone through: rows kept, reason -> rows left out, everything
    wrong.
    """

    def __init__(self, layout: str, paths: Sequence[Path]) -> None:
        self.layout, self.paths = layout, paths
        self.rows = 0
        self.dropped: dict[str, int] = {}
        self.faults: list[Fault] = []

    def check(self) -> None:
        """Go through all rows.

        Raises
        ------
        FaultyInput : a file is absent, empty or in another layout. SpecFault : no such layout.
        """
        for _ in self._tables():
            pass

    def write(self, path: Path) -> None:
        """Write all rows as one Parquet file in the contract's own form: nothing where there is a fault.

        Rows of one unit in several files, and months out of order across parts, are left to whoever reads the file.

        Raises
        ------
        ContractFault : listing every fault. FaultyInput, SpecFault : as `check`.
        """
        write_stream(self._right_tables(), path)

    def _right_tables(self) -> Iterator[pd.DataFrame]:
        yield from (table for table in self._tables() if not self.faults)
        if self.faults:
            raise ContractFault(self.faults)

    def _tables(self) -> Iterator[pd.DataFrame]:
        contract = table_of(layout_of(self.layout).contract)
        for path in self.paths:
            before = self.rows
            for batch in batches(self.layout, path):
                for reason, count in batch.dropped.items():
                    self.dropped[reason] = self.dropped.get(reason, 0) + count
                self.faults += batch.faults
                if batch.table.empty:
                    continue
                table, found = examine(batch.table, contract, Place(path.name, batch.lines))
                unread = {(fault.where, fault.line) for fault in batch.faults}
                # A cell that could not be read is empty now; saying so a second time would only repeat the first fault.
                self.faults += [
                    one for one in found if one.rule != VALUE_REQUIRED or (one.where, one.line) not in unread
                ]
                self.rows += len(table)
                yield table
            if self.rows == before and not self.faults:
                said = "; ".join(f"{count:,} rows {reason} dropped" for reason, count in self.dropped.items())
                self.faults.append(Fault(path.name, f"expected at least one row that counts ({said or 'none found'})"))
