"""Tables at the door: CSV and Parquet to checked values, every fault named with file, line, column, value and rule.

Reading checks; writing is whole or not at all.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pyarrow as pa

from behavior.contracts import Place, TableContract, examine
from behavior.errors import ContractFault, Fault
from behavior.io.files import write_atomically
from behavior.io.mapping_terms import PLAIN, Text
from behavior.io.raw import read_raw
from behavior.panel.base import SourceFile


@dataclass(frozen=True)
class CheckedTable:
    """A table with everything that is wrong with it; `values()` gives it only when nothing is.

    Parameters
    ----------
    notes : what a mapping set aside and what is missing, in words.
    text : how numbers are written in columns that are carried along as text.
    """

    table: pd.DataFrame
    place: Place
    sources: tuple[SourceFile, ...]
    faults: tuple[Fault, ...] = ()
    notes: tuple[str, ...] = ()
    text: Text = PLAIN

    def values(self) -> pd.DataFrame:
        """The table.

        Raises
        ------
        ContractFault : listing every fault.
        """
        if self.faults:
            raise ContractFault(self.faults)
        return self.table


def read_table(path: Path, contract: TableContract) -> CheckedTable:
    """Read and check a file under a contract."""
    raw = read_raw(path, contract=contract)
    if raw.faults and raw.table.empty:
        return CheckedTable(raw.table, raw.place, (raw.source,), raw.faults)
    table, faults = examine(raw.table, contract, raw.place)
    # What decoding and checking took and gave back would stay with the process: more than the table itself.
    pa.default_memory_pool().release_unused()
    return CheckedTable(table, raw.place, (raw.source,), (*raw.faults, *faults))


def write_table(table: pd.DataFrame, path: Path) -> str:
    """Write CSV or Parquet by the file's ending, whole or not at all; returns the sha256. Dates are ISO days."""
    if path.suffix.lower() in (".parquet", ".pq"):
        buffer = io.BytesIO()
        table.to_parquet(buffer, index=False, compression="zstd")
        return write_atomically(path, buffer.getvalue())
    return write_atomically(path, csv_text(table))


def csv_text(table: pd.DataFrame) -> str:
    """A table as the contracts' CSV: header, ISO dates, true/false, shortest exact decimals, nothing for missing."""
    shown = table.copy()
    for name in shown.columns:
        if pd.api.types.is_datetime64_any_dtype(shown[name]):
            shown[name] = shown[name].dt.strftime("%Y-%m-%d")
        elif pd.api.types.is_bool_dtype(shown[name]):
            shown[name] = shown[name].map({True: "true", False: "false"})
    return shown.to_csv(index=False, lineterminator="\n")
