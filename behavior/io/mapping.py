"""Extracts to the contracts' columns as a profile says, every cell traceable to its file and line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pandas as pd

from behavior.columns import sorted_within, unit_codes
from behavior.contracts import Place, TableContract, faults_at, places_together
from behavior.errors import Fault
from behavior.io.column_terms import Condition
from behavior.io.columns import make_column
from behavior.io.conditions import mask_of
from behavior.io.extract_cells import column_of, plain_numbers
from behavior.io.joins import Sibling, finds_nothing
from behavior.io.mapping_groups import aggregated, cumulated, last_in_part
from behavior.io.mapping_terms import PLAIN, Aggregate, Cumulate, Melt, TableMap, Text
from behavior.io.raw import RawTable, TextFormat, read_raw
from behavior.io.sources import read_layout
from behavior.panel.base import SourceFile
from behavior.panel.contracts import EXITS
from behavior.quantities import IntArray


@dataclass(frozen=True)
class MappedTable:
    """A mapped extract: values, where each row came from, and what could not be read on the way.

    Parameters
    ----------
    declared : rate columns whose unit the profile declares as decimal.
    notes : rows left out by the mapping, in words.
    text : how numbers are written that are still text.
    """

    table: pd.DataFrame
    place: Place
    sources: tuple[SourceFile, ...]
    faults: tuple[Fault, ...] = ()
    declared: frozenset[str] = frozenset()
    notes: tuple[str, ...] = ()
    text: Text = PLAIN


@dataclass(frozen=True)
class _Work:
    """A table on its way: rows of `table` and `place` correspond."""

    table: pd.DataFrame
    place: Place
    faults: tuple[Fault, ...] = field(default=())
    notes: tuple[str, ...] = field(default=())

    def keep(self, rows: IntArray, why: str = "") -> _Work:
        """Some of the rows, in the order given."""
        left = len(self.table) - rows.size
        notes = (*self.notes, f"{left:,} rows {why}") if why and left else self.notes
        if rows.size == len(self.table) and bool(np.all(np.diff(rows) == 1)):
            return replace(self, notes=notes)
        return _Work(self.table.iloc[rows].reset_index(drop=True), self.place.take(rows), self.faults, notes)


def map_table(
    source: TableMap,
    contract: TableContract | None,
    folder: Path,
    name: str,
    siblings: Mapping[str, Sibling] | None = None,
) -> MappedTable:
    """Carry out a mapping.

    Parameters
    ----------
    contract : gives the columns their kinds; None for a lookup, whose columns say theirs.
    folder : what relative paths are relative to. name : the table's name in messages.
    siblings : tables that joins may name.

    Raises
    ------
    FaultyInput : when a file is absent. Faults of content are returned, not raised.
    """
    work, sources, declared = _gather(source, contract, folder, name, siblings or {})
    if work.table.empty and work.faults:
        return MappedTable(work.table, work.place, sources, work.faults)
    unknown = _unknown_columns(work, source)
    if unknown:
        return MappedTable(pd.DataFrame(), work.place, sources, (*work.faults, *unknown))
    text = source.writing
    work = _rows_kept(work, source.where, text, "set aside by `where`")
    if source.melt is not None:
        work = _melt(work, source.melt)
    if source.cumulate is not None:
        work = _cumulate(work, source.cumulate, text)
    if source.aggregate is not None:
        work = _aggregate(work, source.aggregate, text)
    if source.columns:
        work = _columns(work, source, contract, siblings or {})
    work = _rows_kept(work, source.having, text, "set aside by `having`")
    if contract is not None:
        work = _tidy(work, source, contract)
        work = _some_left(work)
    own = {column for column, one in source.columns.items() if one.unit == "decimal"}
    return MappedTable(work.table, work.place, sources, work.faults, declared | own, work.notes, text)


def _some_left(work: _Work) -> _Work:
    """A table that the steps have emptied says so, unless a fault says why."""
    if len(work.table) or work.faults:
        return work
    rule = f"expected at least one row that counts ({'; '.join(work.notes) or 'none found'})"
    return replace(work, faults=(Fault(work.place.name, rule, hint="Correct the steps in the profile"),))


def _gather(
    source: TableMap, contract: TableContract | None, folder: Path, name: str, siblings: Mapping[str, Sibling]
) -> tuple[_Work, tuple[SourceFile, ...], frozenset[str]]:
    """Files, rows of the profile, or parts: under each other."""
    if source.parts:
        parts = [map_table(part, contract, folder, f"{name}.{key}", siblings) for key, part in source.parts.items()]
        filled = [part for part in parts if len(part.table)]
        table = pd.concat([part.table for part in filled], ignore_index=True) if filled else pd.DataFrame()
        places = [part.place for part in filled]
        place = places_together(places, [len(part.table) for part in filled]) if filled else Place(name)
        faults = (*(fault for part in parts for fault in part.faults), *_unlike(source, parts))
        notes = tuple(note for part in parts for note in part.notes)
        sources = tuple(one for part in parts for one in part.sources)
        return _Work(table, place, faults, notes), sources, frozenset().union(*(part.declared for part in parts))
    if source.rows:
        table = pd.DataFrame(list(source.rows))
        for column in table.columns:
            if table[column].dtype == object:
                table[column] = table[column].map(lambda cell: str(cell), na_action="ignore").astype("str")
        return _Work(table, Place(f"profile, {name}.rows")), (), frozenset()
    raws = [_with_its_name(_read(folder / file, source), source.file_column) for file in source.files]
    faults = tuple(fault for raw in raws for fault in raw.faults)
    filled_raws = [raw for raw in raws if len(raw.table)]
    if not filled_raws:
        empty = () if faults else (Fault(raws[0].place.name, _no_row(raws)),)
        return _Work(pd.DataFrame(), raws[0].place, (*faults, *empty)), tuple(raw.source for raw in raws), frozenset()
    table = pd.concat([raw.table for raw in filled_raws], ignore_index=True)
    place = places_together([raw.place for raw in filled_raws], [len(raw.table) for raw in filled_raws])
    notes = tuple(note for raw in raws for note in raw.notes)
    return _Work(table, place, faults, notes), tuple(raw.source for raw in raws), frozenset()


def _unlike(source: TableMap, parts: Sequence[MappedTable]) -> list[Fault]:
    """Numbers of parts that write them otherwise and leave them as text: under each other none could tell which."""
    if "text" in source.model_fields_set:
        return []
    rule = "the parts write numbers differently, and this column is still text"
    hint = 'Give it `kind = "number"` in each part, or say under `text` beside `parts` how text is written'
    return [
        Fault(part.place.name, rule, column=str(name), hint=hint)
        for part in parts
        if part.text != source.writing
        for name, cells in part.table.items()
        if _written_otherwise(cells, part.text)
    ]


def _written_otherwise(cells: pd.Series, text: Text) -> bool:
    """Whether a column is text that holds numbers in that writing that read otherwise, or not at all, as plain ones."""
    plain, odd = plain_numbers(cells, "", text)
    return plain is not cells and not odd and bool((plain.notna() & plain.ne(cells)).any())


def _no_row(raws: Sequence[RawTable]) -> str:
    """The rule that files without a row break; what a reader dropped is said, because that may be all there was."""
    dropped = [note for raw in raws for note in raw.notes if note.startswith(f"{raw.place.name}: ")]
    return f"expected at least one row {'that counts (' + '; '.join(dropped) + ')' if dropped else 'below the header'}"


def _read(path: Path, source: TableMap) -> RawTable:
    if source.layout:
        return read_layout(source.layout, path)
    text = source.text
    form = TextFormat(text.delimiter, text.encoding, text.header, text.columns, text.skip_lines, text.skip_last_lines)
    return _named_once(read_raw(path, form), source)


def _with_its_name(raw: RawTable, column: str) -> RawTable:
    """The file's rows with its name as a further column, where one is asked for."""
    if not column or raw.table.empty:
        return raw
    rule, hint = "`file_column` is a column of the extract already", "Choose another name"
    found = (Fault(raw.place.name, rule, 1, column, hint=hint),) if column in raw.table else ()
    name = pd.Series(raw.place.name, raw.table.index, dtype="str")
    return replace(raw, table=raw.table.assign(**{column: name}), faults=(*raw.faults, *found))


def _named_once(raw: RawTable, source: TableMap) -> RawTable:
    """The extract with the first column of each name; a name that the profile reads may not stand twice."""
    names = raw.table.columns
    if names.is_unique:
        return raw
    wanted = set(source.reads()) if source.columns else set(names)
    twice = [str(name) for name in names[names.duplicated()].unique() if name in wanted]
    rule, hint = "expected each column that the profile reads once in the header", "Rename one of them"
    faults = (Fault(raw.place.name, rule, 1, name, hint=hint) for name in twice)
    return replace(raw, table=raw.table.loc[:, ~names.duplicated()], faults=(*raw.faults, *faults))


def _unknown_columns(work: _Work, source: TableMap) -> list[Fault]:
    there = [str(name) for name in work.table.columns]
    rule = f"the profile maps a column that the extract does not have; columns there: {', '.join(there)}"
    return [
        Fault(work.place.name, rule, column=name, hint="Correct the name in the profile")
        for name in dict.fromkeys(source.reads())
        if name not in there and not source.parts
    ]


def _rows_kept(work: _Work, conditions: Sequence[Condition], text: Text, why: str) -> _Work:
    if not conditions:
        return work
    keep, breaches = mask_of(conditions, work.table, text)
    faults = (*work.faults, *faults_at(work.place, breaches, work.table))
    return replace(work, faults=faults).keep(np.flatnonzero(keep), why)


def _melt(work: _Work, melt: Melt) -> _Work:
    ids = work.table[list(melt.id)]
    wide = melt.columns or {str(name): str(name) for name in work.table.columns if name not in melt.id}
    parts, rows = [], []
    for extract, word in wide.items():
        part = ids.copy()
        part[melt.name] = pd.Series(word, index=ids.index, dtype="str")
        part[melt.value] = work.table[extract]
        filled = part[melt.value].notna().to_numpy() if melt.drop_empty else np.ones(len(part), dtype=bool)
        parts.append(part[filled])
        rows.append(np.flatnonzero(filled))
    return replace(
        work, table=pd.concat(parts, ignore_index=True), place=work.place.take(np.concatenate(rows).astype(np.int64))
    )


def _cumulate(work: _Work, how: Cumulate, text: Text) -> _Work:
    table, breaches = cumulated(work.table, how, text)
    return replace(work, table=table, faults=(*work.faults, *faults_at(work.place, breaches, work.table)))


def _aggregate(work: _Work, how: Aggregate, text: Text) -> _Work:
    """One row a group; its place is the last row that went into it."""
    partial = last_in_part(work.table, how)
    notes = (*work.notes, partial) if partial else work.notes
    table, rows, breaches = aggregated(work.table, how, text)
    faults = (*work.faults, *faults_at(work.place, breaches, work.table))
    return replace(work, table=table, place=work.place.take(rows), faults=faults, notes=notes)


def _columns(work: _Work, source: TableMap, contract: TableContract | None, siblings: Mapping[str, Sibling]) -> _Work:
    """The columns the profile makes, in its order, then those it keeps."""
    seen = work.table.copy(deep=False)
    made: dict[str, pd.Series] = {}
    faults, notes = list(work.faults), list(work.notes)
    for name, how in source.columns.items():
        known = contract.column(name) if contract is not None else None
        kind = how.kind or (known.kind if known is not None else None)
        cells, breaches = make_column(name, how, kind, seen, siblings, source.writing)
        own = [replace(one, column=how.from_ or name) if one.column == name else one for one in breaches]
        faults += faults_at(work.place, own, seen)
        nothing = finds_nothing(how.join, seen, siblings) if how.join is not None else ""
        notes += [f"{name}: {nothing}"] if nothing else []
        made[name] = seen[name] = cells
    for name in source.keep:
        made.setdefault(name, work.table[name])
    # A cell that two columns are made of is named once.
    return replace(work, table=pd.DataFrame(made), faults=tuple(dict.fromkeys(faults)), notes=tuple(notes))


def _tidy(work: _Work, source: TableMap, contract: TableContract) -> _Work:
    key = [name for name in contract.key if name in work.table]
    if source.one_a_key and key:
        twice = work.table.duplicated(key, keep=source.one_a_key).to_numpy()
        work = work.keep(np.flatnonzero(~twice), "set aside by `one_a_key`")
    if "status" in work.table and (source.drop_after_exit or source.balance_zero_at_exit):
        work = _exits(work, source, contract)
    if source.sort and contract.order and contract.order in work.table:
        unit = [name for name in contract.unit if name in work.table]
        codes = unit_codes(work.table, unit)
        order = sorted_within(codes, work.table[contract.order].to_numpy().astype("datetime64[D]").astype(np.int64))
        work = work.keep(order)
    elif source.sort and key:
        work = work.keep(np.asarray(work.table[key].reset_index(drop=True).sort_values(key, kind="stable").index))
    return work


def _exits(work: _Work, source: TableMap, contract: TableContract) -> _Work:
    left = work.table["status"].isin(EXITS)
    if source.drop_after_exit:
        unit, order = contract.unit[0], contract.order
        months, units = column_of(work.table, order), column_of(work.table, unit)
        after = months > months.where(left).groupby(units).transform("min")
        work = work.keep(np.flatnonzero(~after.to_numpy(dtype=bool)), "after the month of exit, set aside")
        left = work.table["status"].isin(EXITS)
    if source.balance_zero_at_exit:
        work = replace(work, table=work.table.assign(balance=column_of(work.table, "balance").mask(left, 0.0)))
    return work
