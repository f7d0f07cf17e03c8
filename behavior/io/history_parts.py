"""A history beyond memory: some customers at a time from Parquet, every part checked and whole for its customers.

The table of units (loans, accounts) is held; their months stay in the file. Where the file is sorted by unit each row
group is read once or twice; in any other order each part reads the whole file again, which is slower and no less right.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as pads

from behavior.cells import LARGEST_EXACT, Breach
from behavior.contracts import Place, TableContract, check_between, examine, faults_at, parse_table
from behavior.digests import sha256_of_file
from behavior.errors import ContractFault, Fault, FaultyInput
from behavior.freed import give_back_freed
from behavior.io.registry import group_of
from behavior.panel.base import CustomerHistory, SourceFile
from behavior.quantities import IntArray

ROWS_AT_ONCE = 2_000_000
BATCH_ROWS = 131_072
MOST_LOST = 20
"""So many rows of no unit are listed."""
WHOLE = re.compile(r"0|-?[1-9]\d*")
"""A whole number as it is written where a column of numbers is read as names."""


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
        FaultyInput : the months are no Parquet file. ContractFault : listing every fault of the part; or, at the end,
        the rows that belong to no unit.
        """
        for part, faults in self.examined():
            if faults:
                raise ContractFault(faults)
            if part is not None:
                yield part

    def examined(self) -> Iterator[tuple[CustomerHistory | None, list[Fault]]]:
        """Each part with its faults, None where it has no months; at the end rows that belong to no unit, as faults.

        Raises
        ------
        FaultyInput : the months are no Parquet file.
        """
        units, months = group_of(self.contract).tables[:2]
        file, key = MonthsFile.opened(self.months, months), units.key[0]
        whole, seen = file.rows(), 0
        faults = file.faults(key, whole)
        if faults:
            yield None, faults
            return
        for own in _parts(self.units, key, self.rows_at_once * len(self.units) / whole):
            table = self.units.iloc[own].reset_index(drop=True)
            rows = file.of_units(key, table[key])
            seen += len(rows)
            if len(rows):
                yield self._part(file, table, rows)
            del rows
            pa.default_memory_pool().release_unused()
            give_back_freed()
        if seen < whole:
            yield None, file.without_unit(key, self.units[key], units.table)

    def _part(
        self, file: MonthsFile, units: pd.DataFrame, raw: pd.DataFrame
    ) -> tuple[CustomerHistory | None, list[Fault]]:
        """Some units and their months, and every fault of these with its row in the file."""
        group = group_of(self.contract)
        first, second = group.tables[:2]
        rows, faults = examine(raw, second)
        tables = {first.table: units, second.table: rows}
        found = [*faults, *([] if faults else check_between(tables, group))]
        if found:
            # Which rows of the file these are is only asked where somebody has to be told.
            place = file.place(first.key[0], units[first.key[0]])
            faults = examine(raw, second, place)[1]
            found = [*faults, *([] if faults else check_between(tables, group, {second.table: place}))]
        return CustomerHistory(self.contract, tables), found

    def source(self) -> SourceFile:
        """The file of the months: name, sha256 and rows, read a block at a time.

        Raises
        ------
        FaultyInput : it is no Parquet file.
        """
        months = MonthsFile.opened(self.months, group_of(self.contract).tables[1])
        return SourceFile(self.months.name, sha256_of_file(self.months), months.rows())


@dataclass(frozen=True)
class MonthsFile:
    """A Parquet file of months that is never read as a whole."""

    name: str
    data: pads.Dataset
    contract: TableContract

    @classmethod
    def opened(cls, path: Path, contract: TableContract) -> MonthsFile:
        """The file, of which only the schema is read.

        Raises
        ------
        FaultyInput : it is no Parquet file.
        """
        try:
            return cls(path.name, pads.dataset(path, format="parquet"), contract)
        except (pa.ArrowInvalid, OSError) as error:
            words = str(error).rsplit(": ", 1)[-1].splitlines()[0]
            fault = Fault(path.name, f"expected a Parquet file ({words})", hint="Export it again")
            raise FaultyInput([fault]) from error

    def rows(self) -> int:
        """Rows of the whole file."""
        return int(self.data.count_rows())

    def faults(self, key: str, rows: int) -> list[Fault]:
        """What is wrong with the file before any row of it is read: columns that are missing or of another kind."""
        place = Place(self.name)
        found = faults_at(place, parse_table(self.data.schema.empty_table().to_pandas(), self.contract)[1])
        if not rows:
            return [*found, Fault(self.name, "expected at least one row", hint="Is this the right extract?")]
        for field in self.data.schema:
            if str(field.type).endswith("_view") or (field.name == key and not _can_name(self._kind(key))):
                rule = f"expected {'text or whole numbers' if field.name == key else 'plain text'}, the column holds "
                hint = "Export the column as text (string)"
                found.append(Fault(self.name, f"{rule}{field.type}", None, field.name, hint=hint))
        return found

    def of_units(self, key: str, names: pd.Series) -> pd.DataFrame:
        """The months of some units, in the order of the file."""
        field, stored = self._field(key), _as_stored(names, self._kind(key))
        if not len(stored):
            none: pd.DataFrame = self.data.schema.empty_table().to_pandas()
            return none
        bounds = pc.min_max(stored).as_py()
        # The bounds let whole row groups be passed over by their statistics.
        wanted = (field >= bounds["min"]) & (field <= bounds["max"]) & field.isin(stored)
        read = self.data.scanner(
            filter=wanted, batch_size=BATCH_ROWS, batch_readahead=1, fragment_readahead=1, use_threads=False
        ).to_table()
        raw: pd.DataFrame = read.to_pandas(split_blocks=True, self_destruct=True)
        return raw

    def place(self, key: str, names: pd.Series) -> Place:
        """Where the months of some units stand in the file."""
        rows, _ = self._found(key, names, wanted=True)
        return Place(self.name, -(rows + 1))

    def without_unit(self, key: str, names: pd.Series, units: str) -> list[Fault]:
        """Rows of no unit: the first of them, and how many there are."""
        rows, cells = self._found(key, names, wanted=False)
        rule = f"expected a `{key}` of the table `{units}`; of {rows.size:,} such rows "
        rule += f"the first {MOST_LOST} are listed" if rows.size > MOST_LOST else "all are listed"
        first = Place(self.name, -(rows[:MOST_LOST] + 1))
        values = ["" if cell is None else str(cell) for cell in cells]
        hint = "Add its row there, or drop these rows"
        return faults_at(first, [Breach(rule, np.arange(len(values)), key, hint, values)])

    def _found(self, key: str, names: pd.Series, wanted: bool) -> tuple[IntArray, list[object]]:
        """Rows of the file whose unit is one of these, or is none, shape (rows,), and the first few of their cells."""
        stored, start = _as_stored(names, self._kind(key)), 0
        rows: list[IntArray] = []
        cells: list[object] = []
        for batch in self.data.scanner(columns={key: self._field(key)}, use_threads=False).to_batches():
            inside = pc.is_in(batch.column(0), value_set=stored).to_numpy(zero_copy_only=False)
            at = np.flatnonzero(inside == wanted)
            rows.append(at + start)
            cells += batch.column(0).take(pa.array(at[: MOST_LOST - len(cells)])).to_pylist()
            start += batch.num_rows
        return np.concatenate(rows), cells

    def _kind(self, key: str) -> pa.DataType:
        kind = self.data.schema.field(key).type
        return kind.value_type if pa.types.is_dictionary(kind) else kind

    def _field(self, key: str) -> pads.Expression:
        """The column of names; what is text in another form than `string` is compared as that."""
        field, kind = pads.field(key), self._kind(key)
        return field if _is_number(kind) or kind == pa.string() else field.cast(pa.string())


def _is_number(kind: pa.DataType) -> bool:
    return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind))


def _can_name(kind: pa.DataType) -> bool:
    """Whether cells of a kind can be names: text, bytes that are text, numbers."""
    return _is_number(kind) or str(kind).removeprefix("large_") in ("string", "binary")


def _as_stored(names: pd.Series, kind: pa.DataType) -> pa.Array:
    """Names as a column of a kind holds them; those that no cell of it can hold are left out."""
    if not _is_number(kind):
        return pa.array(names, pa.string())
    numbers = [int(name) for name in names if isinstance(name, str) and WHOLE.fullmatch(name)]
    if pa.types.is_floating(kind):
        return pa.array([float(one) for one in numbers if abs(one) < LARGEST_EXACT], kind)
    limits = np.iinfo(kind.to_pandas_dtype())
    return pa.array([one for one in numbers if limits.min <= one <= limits.max], kind)


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
