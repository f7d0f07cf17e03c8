"""From draft tables to a set in the store: gather, check, write once, log the proposer."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

from behavior.assumptions.set import AssumptionSet, AssumptionTable
from behavior.errors import AssumptionError, GateFailed


class SetStore(Protocol):
    """What publishing needs of a store."""

    def read(self, set_id: str) -> AssumptionSet:
        """A set whatever its state."""
        ...

    def propose(self, assumptions: AssumptionSet, by: str, at: dt.datetime, note: str = "") -> AssumptionSet:
        """Write a set once and log it as a draft; give it back with its digest."""
        ...


def publish(
    drafts: Sequence[AssumptionTable],
    set_id: str,
    as_of: dt.date,
    proposed_by: str,
    at: dt.datetime,
    store: SetStore,
    supersedes: str | None = None,
    note: str = "",
) -> AssumptionSet:
    """Write draft tables as a set under its id and log it as a draft of its proposer.

    Parameters
    ----------
    supersedes : id of a set in the store that ends when this one is approved; the two are then of one line, of which at
        most one is valid on a day. at : date and time of the proposal.

    Returns
    -------
    The set with its digest, stamped ``DRAFT`` until someone else approves it.

    Raises
    ------
    AssumptionError : the id is taken, or nobody is named. FaultyInput : every rule that the tables break.
    SetNotFound : the store does not have the superseded set. GateFailed : a model's table that is of no registered
    version: its gates were never asked.
    """
    if not proposed_by.strip():
        raise AssumptionError("found no proposer; a set needs to say who proposes it.")
    if supersedes:
        store.read(supersedes)
    _refuse_unregistered(drafts)
    assumptions = AssumptionSet(set_id, as_of, with_unique_names(drafts), supersedes, note)
    return replace(store.propose(assumptions, proposed_by, at, note), stamp="DRAFT")


def _refuse_unregistered(tables: Sequence[AssumptionTable]) -> None:
    """Only a finished training writes a version, and which gates failed, into a draft.

    Without one it is of a training that stopped or still runs, or was made to check a model and not for use.
    """
    made = [table for table in tables if table.provenance.model and table.provenance.model_version is None]
    if made:
        models = ", ".join(dict.fromkeys(table.provenance.model for table in made))
        raise GateFailed(
            f"{', '.join(table.name for table in made)}: tables of {models} without a registered version, so no gate "
            "was put to them. Train the model to its end and publish the draft that `behavior train` names."
        )


def with_unique_names(tables: Sequence[AssumptionTable]) -> tuple[AssumptionTable, ...]:
    """Tables whose names tell them apart: where several models of a kind name theirs alike, the model's name leads."""
    counts = Counter(table.name for table in tables)
    return tuple(
        replace(table, name=f"{table.provenance.model}_{table.name}") if counts[table.name] > 1 else table
        for table in tables
    )
