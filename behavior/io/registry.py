"""Every contract by its name: what ``--as`` and a profile's `contract` may say."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from behavior.contracts import ContractGroup, TableContract
from behavior.engine.contracts import POSITION_CONTRACTS
from behavior.engine.sheet_contracts import SHEET_CONTRACTS
from behavior.errors import Fault, SpecFault
from behavior.market.contracts import MARKET_CONTRACTS
from behavior.panel.contracts import HISTORY_CONTRACTS

BUILT_IN: Mapping[str, ContractGroup] = MappingProxyType(
    {group.id: group for group in (*HISTORY_CONTRACTS, *POSITION_CONTRACTS, *SHEET_CONTRACTS, *MARKET_CONTRACTS)}
)
"""Contracts that no model kind brings along, by id."""


def all_contracts() -> Mapping[str, ContractGroup]:
    """Built-in contracts and those that model kinds bring along, by id (``book/1``)."""
    found = dict(BUILT_IN)
    for group in _of_kinds():
        found.setdefault(group.id, group)
    return found


def _of_kinds() -> list[ContractGroup]:
    """Contracts of kinds that are not built in: a new kind brings its history contract in its own file."""
    from behavior.kinds.base import all_kinds

    groups = []
    for kind in all_kinds().values():
        if kind.tables:
            first = kind.tables[0]
            groups.append(ContractGroup(first.name, first.version, kind.tables))
    return groups


def group_of(contract: str) -> ContractGroup:
    """The contract of that id.

    Raises
    ------
    SpecFault : there is none; the message lists those there are.
    """
    found = BUILT_IN.get(contract) or all_contracts().get(contract)
    if found is None:
        rule = f"expected a contract, one of {', '.join(sorted(all_contracts()))}"
        raise SpecFault([Fault("contract", rule, value=contract)])
    return found


def table_of(words: str) -> TableContract:
    """A table contract by ``CONTRACT[:table]``; the table may be left out where there is one.

    Raises
    ------
    SpecFault : no such contract or table, or the table must be named.
    """
    contract, _, table = words.partition(":")
    group = group_of(contract)
    if not table and len(group.tables) == 1:
        return group.tables[0]
    found = group.table(table)
    if found is None:
        names = ", ".join(f"{contract}:{one.table}" for one in group.tables)
        raise SpecFault([Fault("contract", f"expected one of {names}", value=words)])
    return found
