"""Table contracts as data: columns, units, keys and rules; `check` never stops at the first fault.

A contract is read three ways: `check` holds a table to it, `render` prints its page, and readers parse by it. Text
cells become numbers and dates in `behavior.cells`; here are only values.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from behavior.cells import Breach, parse
from behavior.columns import (
    NO_DAY,
    Column,
    column_breaches,
    day_numbers,
    rows_where,
    shown,
    sorted_within,
    unit_codes,
)
from behavior.errors import Fault
from behavior.quantities import BoolArray, IntArray

Rule = Callable[[pd.DataFrame], Sequence[Breach]]


@dataclass(frozen=True)
class TableContract:
    """A table at the door: ``mortgage_history/1`` has the tables ``loans`` and ``loan_months``, ``book/1`` one.

    Parameters
    ----------
    key : columns that name a row; two rows with one key are a fault. Optional columns count where they are there.
    unit : column whose dates (`order`) must rise down the file, empty for the whole table; other units may lie between.
    order : the date or month column that rises within `unit`; empty where the order of rows means nothing.
    compact : text columns but the key are read as categories: a large book repeats few words.
    rules : rules over several columns, each a function of the parsed table; a rule whose columns are missing is silent.
    """

    name: str
    version: int
    table: str
    summary: str
    columns: tuple[Column, ...]
    key: tuple[str, ...] = ()
    rules: tuple[Rule, ...] = ()
    unit: tuple[str, ...] = ()
    order: str = ""
    compact: bool = False

    @property
    def id(self) -> str:
        """Name and version, ``book/1``."""
        return f"{self.name}/{self.version}"

    @property
    def required(self) -> Sequence[str]:
        """Names of the required columns, in contract order."""
        return [column.name for column in self.columns if column.required]

    def column(self, name: str) -> Column | None:
        """The column of that name, or None for one the contract does not know."""
        return next((column for column in self.columns if column.name == name), None)


@dataclass(frozen=True)
class Place:
    """Where rows of a table came from, so that a fault can say the line an editor shows.

    Parameters
    ----------
    name : file name, or the table's name where there is no file.
    lines : line of each row, shape (rows,); a negative number is the row's number in a file without lines (Parquet),
        None the same for the rows as they stand.
    names, files : several files: their names, and which of them each row came from.
    """

    name: str
    lines: IntArray | None = None
    names: tuple[str, ...] = ()
    files: IntArray | None = None

    def fault(self, breach: Breach, position: int | None, value: str | None) -> Fault:
        """One row of a breach (or the whole of it) as a fault."""
        if position is None:
            return Fault(self.name, breach.rule, None, breach.column, value, breach.hint)
        name = self.name if self.files is None else self.names[int(self.files[position])]
        number = -(position + 1) if self.lines is None else int(self.lines[position])
        if number > 0:
            return Fault(name, breach.rule, number, breach.column, value, breach.hint)
        return Fault(f"{name}, row {-number}", breach.rule, None, breach.column, value, breach.hint)

    def take(self, positions: IntArray) -> Place:
        """The place of some of the rows, in the order given."""
        lines = -(positions + 1) if self.lines is None else self.lines[positions]
        return Place(self.name, lines, self.names, None if self.files is None else self.files[positions])


def places_together(places: Sequence[Place], rows: Sequence[int]) -> Place:
    """The place of several tables put under each other; `rows` are their lengths."""
    if len(places) == 1:
        return places[0]
    names: list[str] = []
    files, lines = [], []
    for place, count in zip(places, rows, strict=True):
        own = place.take(np.arange(count))
        files.append((np.zeros(count, dtype=np.int64) if own.files is None else own.files) + len(names))
        names += own.names or (own.name,)
        lines.append(own.lines if own.lines is not None else np.zeros(0, dtype=np.int64))
    return Place(", ".join(dict.fromkeys(names)), np.concatenate(lines), tuple(names), np.concatenate(files))


def faults_at(place: Place, breaches: Iterable[Breach], table: pd.DataFrame | None = None) -> list[Fault]:
    """Breaches as faults, one a row; values are the breach's own, else the cells of its column in `table`."""
    found: list[Fault] = []
    for breach in breaches:
        if breach.rows is None:
            found.append(place.fault(breach, None, breach.value))
            continue
        values = breach.values
        if values is None and table is not None and breach.column is not None and breach.column in table:
            values = shown(table[breach.column].iloc[breach.rows])
        texts: Sequence[str | None] = values if values is not None else [None] * len(breach.rows)
        found += [place.fault(breach, int(row), text) for row, text in zip(breach.rows, texts, strict=True)]
    return found


def check(
    table: pd.DataFrame, contract: TableContract, place: Place | None = None, declared: Collection[str] = ()
) -> list[Fault]:
    """Every fault of a table under its contract; empty when it keeps it. Parameters as in `examine`."""
    return examine(table, contract, place, declared)[1]


def examine(
    table: pd.DataFrame, contract: TableContract, place: Place | None = None, declared: Collection[str] = ()
) -> tuple[pd.DataFrame, list[Fault]]:
    """The table as values (unreadable cells empty) and every fault of it; never stops at the first.

    Parameters
    ----------
    table : columns as parsed (numbers, ``datetime64`` dates) or still as text, which is parsed here.
    place : file and lines of the rows; by default the contract's table name and row numbers.
    declared : rate columns whose unit was declared, so that values above 100% a year are believed.
    """
    at = place or Place(contract.table)
    parsed, breaches = parse_table(table, contract)
    faults = faults_at(at, breaches, _first_of_each_name(table))
    unread_faults = len(faults)
    if len(table) == 0:
        empty = Fault(at.name, "expected at least one row below the header", hint="Is this the right extract?")
        return parsed, [*faults, empty]
    wholly = {one.column for one in breaches if one.rows is None}
    for column in contract.columns:
        if column.name in parsed and column.name not in wholly:
            unread_rows = [one.rows for one in breaches if one.column == column.name and one.rows is not None]
            found = column_breaches(parsed[column.name], column, column.name in declared, unread_rows)
            faults += faults_at(at, found, parsed)
    faults += faults_at(at, _key_and_order(parsed, contract), parsed)
    again = [fault for rule in contract.rules for fault in faults_at(at, rule(parsed), parsed)]
    if unread_faults and any(fault.value == "" for fault in again):
        # A cell that could not be read is empty now; saying so a second time would only repeat the first fault.
        unread = {(fault.line, fault.column) for fault in faults[:unread_faults] if fault.line is not None}
        again = [fault for fault in again if fault.value != "" or (fault.line, fault.column) not in unread]
    return parsed, [*faults, *again]


def parse_table(table: pd.DataFrame, contract: TableContract) -> tuple[pd.DataFrame, list[Breach]]:
    """The contract's columns as values, and what could not be read or is not there; cells that fail are empty."""
    breaches = list(_missing_columns(table, contract))
    table = _first_of_each_name(table)
    columns: dict[str, pd.Series] = {}
    for name in table.columns:
        column = contract.column(str(name))
        if column is None:
            columns[str(name)] = table[name]
            continue
        if contract.compact and column.kind == "text" and isinstance(table[name].dtype, pd.CategoricalDtype):
            columns[column.name] = table[name]
            continue
        columns[column.name], found = parse(table[name], column.name, column.kind, column.unit)
        breaches += found
    return pd.DataFrame(columns, index=table.index, copy=False), breaches


def _first_of_each_name(table: pd.DataFrame) -> pd.DataFrame:
    return table if table.columns.is_unique else table.loc[:, ~table.columns.duplicated()]


def _missing_columns(table: pd.DataFrame, contract: TableContract) -> Iterable[Breach]:
    there = [str(name) for name in table.columns]
    for name in sorted({name for name in there if there.count(name) > 1}):
        yield Breach("every column name appears once", column=name, hint="Rename or drop one of them")
    absent = [name for name in contract.required if name not in there]
    for name in absent:
        # What is there instead is the same for all of them: it is told once.
        listed = f". Columns there: {', '.join(there)}" if name == absent[-1] else ""
        rule = f"required column of {contract.id} `{contract.table}` is missing"
        yield Breach(rule, column=name, hint=f"Add it, or map it in the profile{listed}")


def _key_and_order(table: pd.DataFrame, contract: TableContract) -> Iterable[Breach]:
    key, unit = (_present(table, contract, names) for names in (contract.key, contract.unit))
    if key:
        filled = [name for name in key if not (column := contract.column(name)) or not column.nullable]
        yield from _duplicates(table, key, table[filled].notna().all(axis=1).to_numpy())
    if contract.order and contract.order in table and unit is not None:
        codes, when = unit_codes(table, unit), day_numbers(table[contract.order])
        by_unit = np.argsort(codes, kind="stable") if np.any(np.diff(codes) < 0) else np.arange(codes.size)
        by_unit = by_unit[when[by_unit] > NO_DAY]
        falls = (np.diff(codes[by_unit]) == 0) & (np.diff(when[by_unit]) < 0)
        if falls.any():
            of = f" within one {' and '.join(f'`{name}`' for name in unit)}" if unit else ""
            yield Breach(
                f"dates out of order: `{contract.order}` must rise down the file{of}",
                np.sort(by_unit[1:][falls]),
                contract.order,
                "Sort the rows, or set `sort = true` for this table in the profile",
            )


def _present(table: pd.DataFrame, contract: TableContract, names: Sequence[str]) -> Sequence[str] | None:
    """The columns of a key that the table has; None when a required one is missing."""
    required = contract.required
    if any(name in required and name not in table for name in names):
        return None
    return [name for name in names if name in table]


def _duplicates(table: pd.DataFrame, key: Sequence[str], filled: BoolArray) -> Iterable[Breach]:
    codes, when = _key_numbers(table, key)
    order = sorted_within(codes, when)
    order = order if filled.all() else order[filled[order]]
    again = np.r_[np.zeros(min(order.size, 1), dtype=bool), (np.diff(codes[order]) == 0) & (np.diff(when[order]) == 0)]
    if not again.any():
        return
    rows = np.sort(order[again])
    parts = [shown(table[name].iloc[rows]) for name in key]
    values = [", ".join(part) for part in zip(*parts, strict=True)]
    name = key[0] if len(key) == 1 else " + ".join(key)
    yield Breach("duplicate key: an earlier row has the same one", rows, name, "Keep one row a key", values)


def _key_numbers(table: pd.DataFrame, key: Sequence[str]) -> tuple[IntArray, IntArray]:
    """The key as two whole numbers a row: a last date column stays a date, because sorted files then need no sort."""
    last = table[key[-1]]
    if len(key) > 1 and pd.api.types.is_datetime64_any_dtype(last):
        return unit_codes(table, key[:-1]), day_numbers(last)
    return unit_codes(table, key), np.zeros(len(table), dtype=np.int64)


@dataclass(frozen=True)
class Reference:
    """Every value of ``table.column`` must be one of ``to_table.to_column``."""

    table: str
    column: str
    to_table: str
    to_column: str


@dataclass(frozen=True)
class ContractGroup:
    """The tables that make one contract, and what must hold between them.

    Parameters
    ----------
    between : rules over several tables: tables by name -> breaches by table name.
    notes : how the numbers are read, for the contract's page.
    """

    name: str
    version: int
    tables: tuple[TableContract, ...]
    references: tuple[Reference, ...] = ()
    between: tuple[Callable[[Mapping[str, pd.DataFrame]], Mapping[str, Sequence[Breach]]], ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def id(self) -> str:
        """Name and version, ``mortgage_history/1``."""
        return f"{self.name}/{self.version}"

    def table(self, name: str) -> TableContract | None:
        """The table of that name, or None."""
        return next((one for one in self.tables if one.table == name), None)


def check_between(
    tables: Mapping[str, pd.DataFrame], group: ContractGroup, places: Mapping[str, Place] | None = None
) -> list[Fault]:
    """Faults between the tables of one contract; each table's own faults are `check`'s."""
    at = places or {}
    faults: list[Fault] = []
    for reference in group.references:
        left, right = tables.get(reference.table), tables.get(reference.to_table)
        if left is None or right is None or reference.column not in left or reference.to_column not in right:
            continue
        cells = left[reference.column]
        lost = ~(cells.isin(right[reference.to_column]).to_numpy() | cells.isna().to_numpy())
        if lost.any():
            rule = f"expected a `{reference.to_column}` of the table `{reference.to_table}`"
            breach = Breach(rule, np.flatnonzero(lost), reference.column, "Add its row there, or drop these rows")
            faults += faults_at(at.get(reference.table, Place(reference.table)), [breach], left)
    for rule_between in group.between:
        for name, breaches in rule_between(tables).items():
            faults += faults_at(at.get(name, Place(name)), breaches, tables[name])
    return faults


def not_before(later: str, earlier: str, strictly: bool = False) -> Rule:
    """A rule that `later` is not before (`strictly`: is after) `earlier`, where both are given."""

    def rule(table: pd.DataFrame) -> Sequence[Breach]:
        if not {later, earlier}.issubset(table.columns):
            return []
        wrong = (table[later] <= table[earlier]) if strictly else (table[later] < table[earlier])
        if not wrong.any():
            return []
        words = "must be after" if strictly else "must not be before"
        rule = f"dates out of order: `{later}` {words} `{earlier}`"
        return [Breach(rule, rows_where(wrong.to_numpy()), later, "Correct the one that is wrong")]

    rule.__doc__ = f"`{later}` is {'after' if strictly else 'not before'} `{earlier}`."
    return rule


def needed_when(column: str, given: str, words: Sequence[str]) -> Rule:
    """A rule that `column` is filled where `given` is one of `words`."""

    def rule(table: pd.DataFrame) -> Sequence[Breach]:
        if given not in table:
            return []
        applies = table[given].isin(list(words)).to_numpy()
        missing = applies if column not in table else applies & table[column].isna().to_numpy()
        if not missing.any():
            return []
        count = int(missing.sum())
        listed = ", ".join(f"`{word}`" for word in words)
        return [
            Breach(f"required where `{given}` is {listed}", rows_where(missing), column, "Fill it in", [""] * count)
        ]

    listed_words = ", ".join(f"`{word}`" for word in words)
    rule.__doc__ = f"`{column}` is filled where `{given}` is {listed_words}."
    return rule
