"""The waist: a frozen, versioned set of assumption tables, the one thing that learning and engine share."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field

from behavior.assumptions.curve import AssumptionCurve
from behavior.assumptions.effects import Direction, Driver, Effect, MonthMeaning
from behavior.assumptions.segments import SegmentScheme
from behavior.quantities import Quantity


@dataclass(frozen=True)
class DriverTerms:
    """How the engine works a table's drivers out along a rate path.

    Parameters
    ----------
    index : name of the driving index (``MORTGAGE30``); None = the index with the role the driver needs.
    tenor_months : tenor of the scenario's forward zero rate whose change moves the index, a number or
        ``remaining_fixation``.
    lag_months : months by which the driving index is read late.
    in_the_money_above : incentive (decimal a year) above which a month counts as in the money.
    """

    index: str | None = None
    tenor_months: int | str | None = None
    lag_months: int = 0
    in_the_money_above: float = 0.0


@dataclass(frozen=True)
class Provenance:
    """Where a table came from, down to the digests of specification, data and code; free text for vendor tables."""

    model: str = ""
    model_version: int | None = None
    spec_digest: str = ""
    data_digest: str = ""
    code_version: str = ""
    run: str = ""
    source: str = ""
    transferred: str = ""
    validation: str = ""


@dataclass(frozen=True)
class AssumptionTable:
    """All curves of one behaviour: one CSV file and one ``[[curves]]`` entry of the manifest.

    Parameters
    ----------
    name : file stem, unique in the set.
    cause : ``payoff``, ``curtailment``, ``default``, ``withdrawal``, ``migrated`` ... ; empty for REPRICING.
    season : 12 factors on the monthly hazard, January first, or None.
    delay_months : months before an adjustment starts, by direction.
    recovery : share of a defaulted balance paid back, or None.
    averaged_over : what off-axis covariates were averaged over, in words and digests.
    """

    name: str
    effect: Effect
    quantity: Quantity
    scheme: SegmentScheme
    curves: tuple[AssumptionCurve, ...]
    cause: str = ""
    month_meaning: MonthMeaning | None = None
    drivers: tuple[Driver, ...] = ()
    terms: DriverTerms = field(default_factory=DriverTerms)
    season: tuple[float, ...] | None = None
    delay_months: Mapping[Direction, int] = field(default_factory=dict)
    recovery: float | None = None
    averaged_over: Mapping[str, str] = field(default_factory=dict)
    provenance: Provenance = field(default_factory=Provenance)


@dataclass(frozen=True)
class AssumptionSet:
    """A set as published: tables plus identity. State (draft, approved ...) lives in the store's log, never here."""

    id: str
    as_of: dt.date
    tables: tuple[AssumptionTable, ...]
    supersedes: str | None = None
    note: str = ""

    def for_effect(self, effect: Effect) -> tuple[AssumptionTable, ...]:
        """Tables of one effect, in the set's order."""
        return tuple(table for table in self.tables if table.effect is effect)
