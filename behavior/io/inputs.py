"""Everything a profile names, read and checked: histories, market data, book. Every fault of every table at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pandas as pd

from behavior.columns import VALUE_REQUIRED, day_numbers, sorted_within, unit_codes
from behavior.contracts import ContractGroup, Place, TableContract, check_between, examine
from behavior.errors import ContractFault, Fault, FaultyInput
from behavior.io.history_parts import HistoryParts
from behavior.io.joins import Sibling
from behavior.io.mapping import MappedTable, map_table
from behavior.io.mapping_terms import TableMap
from behavior.io.profiles import SINGLE_TABLES, HistorySection, MappedSection, Profile, StreamSection, read_settings
from behavior.io.registry import group_of, table_of
from behavior.io.roles import learned_roles, roles_without_index
from behavior.io.tables import CheckedTable, read_table
from behavior.market.history import RateHistory
from behavior.panel.base import CustomerHistory, SourceFile, StreamedHistory
from behavior.panel.contracts import CONTROL_TOTALS_TABLE
from behavior.panel.control_totals import added_up, held_by_month, reconciled_words, tie_out, tied
from behavior.panel.market_rates import currencies_held


def read_file(path: Path, contract: str) -> CheckedTable:
    """A file in the contract's own form, by ``CONTRACT[:table]``."""
    return read_table(path, table_of(contract))


def examine_history(profile: Profile, name: str) -> tuple[CustomerHistory, list[Fault]]:
    """A history with every fault in and between its tables; `read_history` for those who need it right."""
    section = profile.history(name)
    if section.stream is not None:
        return _examine_streamed(profile, name, section, section.stream)
    group = group_of(section.contract)
    read: dict[str, CheckedTable] = {}
    lookups, faults, looked_up = _lookups(section.lookups, profile.folder)
    for table, source in section.tables.items():
        contract = group.table(table)
        assert contract is not None  # the profile's schema has checked the names
        read[table] = _read_one(source, contract, profile.folder, f"history.{name}.{table}", {**lookups, **read})
    faults += [fault for one in read.values() for fault in one.faults]
    places = {key: one.place for key, one in read.items()}
    faults += check_between({key: one.table for key, one in read.items()}, group, places)
    totals = None
    if section.control_totals is not None:
        ledger = _read_one(section.control_totals, CONTROL_TOTALS_TABLE, profile.folder, "control_totals", {})
        faults += ledger.faults
        read["control_totals"] = ledger
        if not faults:
            totals = tie_out(ledger.table, {key: read[key].table for key in section.tables})
    tables = {key: _in_order(read[key].table, group.table(key)) for key in section.tables}
    sources = _once((*(source for one in read.values() for source in one.sources), *looked_up))
    notes = _notes(section, read, group)
    return CustomerHistory(section.contract, tables, sources, totals, notes), faults


def _examine_streamed(
    profile: Profile, name: str, section: HistorySection, stream: StreamSection
) -> tuple[StreamedHistory, list[Fault]]:
    """A history whose months stay in their file; gone through once, for faults and for the ledger's figures."""
    group = group_of(section.contract)
    units, months = group.tables[:2]
    lookups, faults, looked_up = _lookups(section.lookups, profile.folder)
    read = {
        units.table: _read_one(
            section.tables[units.table], units, profile.folder, f"history.{name}.{units.table}", lookups
        )
    }
    faults += read[units.table].faults
    parts = HistoryParts(
        section.contract,
        read[units.table].table,
        profile.path(section.tables[months.table].files[0]),
        stream.rows_at_once,
    )
    ledger = None
    if section.control_totals is not None:
        read["control_totals"] = _read_one(
            section.control_totals, CONTROL_TOTALS_TABLE, profile.folder, "control_totals", {}
        )
        faults += read["control_totals"].faults
        ledger = read["control_totals"].table
    totals = None
    if not faults:
        held, found = _gone_through(parts, ledger)
        faults += found
        totals = None if ledger is None or faults else tied(ledger, held, [one.table for one in group.tables])
    sources = _once((*(source for one in read.values() for source in one.sources), parts.source(), *looked_up))
    words = f"{months.table}: read from its file, about {stream.rows_at_once:,} rows at a time"
    notes = (*_notes(section, read, group), words)
    tables = {units.table: read[units.table].table}
    return StreamedHistory(section.contract, tables, sources, totals, notes, parts, stream.customers), faults


def _gone_through(parts: HistoryParts, ledger: pd.DataFrame | None) -> tuple[pd.DataFrame, list[Fault]]:
    """What the parts hold of the ledger's tables, and every fault in them."""
    faults: list[Fault] = []
    held: list[pd.DataFrame] = []
    for part, found in parts.examined():
        faults += found
        if part is not None and ledger is not None and not faults:
            held.append(held_by_month(ledger, part.tables))
    return added_up(held), faults


def read_history(profile: Profile, name: str) -> CustomerHistory:
    """A history as the profile maps it, checked, sorted by unit and month, tied out to the ledger's figures.

    Raises
    ------
    ContractFault : listing every fault in and between its tables.
    """
    history, faults = examine_history(profile, name)
    if faults:
        raise ContractFault(faults)
    return history


def examine_table(profile: Profile, section: str) -> CheckedTable:
    """One of the profile's single tables (`SINGLE_TABLES`) with every fault of it; faults raise in `.values()`."""
    source: MappedSection = profile.require(section)
    contract = group_of(SINGLE_TABLES[section]).tables[0]
    lookups, faults, looked_up = _lookups(source.lookups, profile.folder)
    read = _read_one(source, contract, profile.folder, section, lookups)
    return replace(read, sources=_once((*read.sources, *looked_up)), faults=(*faults, *read.faults))


def rate_history(profile: Profile) -> RateHistory:
    """The rate history with the roles that the settings give its indices.

    Raises
    ------
    ContractFault, SpecFault : listing every fault of the rates, or of the settings.
    """
    roles = read_settings(profile).index_roles
    return RateHistory.from_table(examine_table(profile, "rates").values(), roles)


def _lookups(
    lookups: Mapping[str, TableMap], folder: Path
) -> tuple[dict[str, MappedTable], list[Fault], tuple[SourceFile, ...]]:
    found: dict[str, MappedTable] = {}
    faults: list[Fault] = []
    sources: tuple[SourceFile, ...] = ()
    for name, source in lookups.items():
        mapped = map_table(source, None, folder, name, found)
        found[name] = mapped
        faults += mapped.faults
        sources += mapped.sources
    return found, faults, sources


def _read_one(
    source: TableMap, contract: TableContract, folder: Path, name: str, siblings: Mapping[str, Sibling]
) -> CheckedTable:
    if source.plain and len(source.files) == 1 and not source.rows:
        return read_table(folder / source.files[0], contract)
    mapped = map_table(source, contract, folder, name, siblings)
    notes = tuple(f"{contract.table}: {note}" for note in mapped.notes)
    if mapped.table.empty and mapped.faults:
        return CheckedTable(mapped.table, mapped.place, mapped.sources, mapped.faults, notes)
    table, faults = examine(mapped.table, contract, mapped.place, mapped.declared)
    # A cell that could not be read is empty now; saying so a second time would only repeat the first fault.
    unread = {(fault.where, fault.line) for fault in mapped.faults}
    new = [fault for fault in faults if fault.rule != VALUE_REQUIRED or (fault.where, fault.line) not in unread]
    return CheckedTable(table, mapped.place, mapped.sources, (*mapped.faults, *new), notes, mapped.text)


def _once(sources: tuple[SourceFile, ...]) -> tuple[SourceFile, ...]:
    return tuple(dict.fromkeys(sources))


def _in_order(table: pd.DataFrame, contract: TableContract | None) -> pd.DataFrame:
    """Rows by unit and month, units in the order of the file."""
    if contract is None or not contract.order or contract.order not in table:
        return table
    codes = unit_codes(table, [name for name in contract.unit if name in table])
    order = sorted_within(codes, day_numbers(table[contract.order]))
    return table if bool((order[1:] > order[:-1]).all()) else table.iloc[order].reset_index(drop=True)


def _notes(section: HistorySection, read: Mapping[str, CheckedTable], group: ContractGroup) -> tuple[str, ...]:
    notes = [*section.notes, *(note for one in read.values() for note in one.notes)]
    for one in group.tables:
        table = read[one.table].table if one.table in read else pd.DataFrame()
        if "balance" in table and table["balance"].isna().any():
            missing = int(table["balance"].isna().sum())
            notes.append(f"{one.table}: balance masked or missing in {missing:,} of {len(table):,} rows")
    return tuple(notes)


def _unreconciled(history: CustomerHistory) -> list[str]:
    """What does not tie out to the ledger: no fault, but nothing that a validator should be the first to see."""
    ledger = history.control_totals
    off = ledger is not None and not ledger.empty and not bool(ledger["reconciled"].all())
    return [f"control_totals: {reconciled_words(ledger)}"] if ledger is not None and off else []


def _rows_of(history: CustomerHistory) -> int:
    if isinstance(history, StreamedHistory):
        return sum(source.rows for source in history.sources)
    return sum(len(table) for table in history.tables.values())


def examine_profile(profile: Profile) -> tuple[list[dict[str, object]], list[Fault]]:
    """Every table a profile names, one row each (what, rows, files, faults, notes; of a history `currencies_held`), and
    all faults.
    """
    rows: list[dict[str, object]] = []
    faults: list[Fault] = []
    for name in profile.terms.history:
        try:
            history, found = examine_history(profile, name)
        except FaultyInput as error:
            history, found = None, list(error.faults)
        files = ", ".join(one.name for one in history.sources) if history is not None else ""
        count = _rows_of(history) if history is not None else 0
        notes = [*history.notes, *_unreconciled(history)] if history is not None else []
        row = {"input": f"history.{name}", "rows": count, "files": files, "faults": len(found), "notes": notes}
        rows.append({**row, "currencies": {} if history is None or found else currencies_held(history)})
        faults += found
    held: dict[str, pd.DataFrame] = {}
    for section in SINGLE_TABLES:
        if getattr(profile.terms, section) is None:
            continue
        try:
            read = examine_table(profile, section)
        except FaultyInput as error:
            read = CheckedTable(pd.DataFrame(), Place(section), (), error.faults)
        held[section] = read.table
        files = ", ".join(dict.fromkeys(one.name for one in read.sources))
        row = {"input": section, "rows": len(read.table), "files": files, "faults": len(read.faults)}
        rows.append({**row, "notes": list(read.notes)})
        faults += read.faults
    if profile.terms.settings is not None:
        try:
            roles = read_settings(profile).index_roles
            learned = learned_roles(one.contract for one in profile.terms.history.values())
            found = roles_without_index(roles, held, learned, profile.terms.settings, profile.file)
        except FaultyInput as error:
            found = list(error.faults)
        rows.append({"input": "settings", "rows": 1, "files": "", "faults": len(found)})
        faults += found
    return rows, faults
