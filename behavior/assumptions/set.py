"""The waist: a frozen, versioned set of assumption tables, the one thing that learning and engine share."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike

from behavior.assumptions.curve import AssumptionCurve
from behavior.assumptions.effects import Direction, Driver, Effect, MonthMeaning, View
from behavior.assumptions.pass_through_path import RestingRate
from behavior.assumptions.segments import SegmentScheme
from behavior.errors import AssumptionError, SegmentNotCovered
from behavior.quantities import FloatArray, Quantity

UNVALIDATED = "unvalidated"


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
    """Where a table came from, down to the digests of specification, data and code; free text for vendor tables.

    Parameters
    ----------
    transferred : in words, what other bank, currency or decade the behaviour was taken from; empty where it is own.
    validation : ``unvalidated`` (champion by gates alone), or who signed; empty where it does not apply.
    failed_gates : names of the specification's gates that failed; a set with any cannot be approved.
    unreconciled : in words, what of the history's balance the ledger's control totals do not explain, or that there
        were none; empty where there was no history.
    """

    model: str = ""
    model_version: int | None = None
    spec_digest: str = ""
    data_digest: str = ""
    code_version: str = ""
    run: str = ""
    source: str = ""
    transferred: str = ""
    validation: str = ""
    failed_gates: tuple[str, ...] = ()
    unreconciled: str = ""


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
    resting_rates : of a target table, the long-run rate paid at one level of the short rate, by segment.
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
    resting_rates: Mapping[tuple[str, ...], RestingRate] = field(default_factory=dict)
    provenance: Provenance = field(default_factory=Provenance)

    def curve(
        self, segment: tuple[str, ...], direction: Direction | None = None, view: View | None = None
    ) -> AssumptionCurve:
        """The curve of one segment, direction and view.

        Raises
        ------
        SegmentNotCovered : there is none; the message lists the segments there are.
        """
        for curve in self.curves:
            if (curve.segment, curve.direction, curve.view) == (segment, direction, view):
                return curve
        asked = " / ".join([*segment, *(str(one) for one in (direction, view) if one is not None)])
        there = sorted({curve.label for curve in self.curves})
        raise SegmentNotCovered(f"{self.name}: found no curve for {asked!r}; there are {'; '.join(there)}.")


@dataclass(frozen=True)
class AssumptionSet:
    """A set as published: tables plus identity. State (draft, approved ...) lives in the store's log, never here.

    Parameters
    ----------
    digest : sha256 of the manifest as stored, empty for a set that was never written; no part of equality.
    stamp : ``DRAFT`` when the set was read without being approved, ``UNVALIDATED`` when a table in it was never signed
        by a validator, else empty; what every result and report prints. No part of equality.
    """

    id: str
    as_of: dt.date
    tables: tuple[AssumptionTable, ...]
    supersedes: str | None = None
    note: str = ""
    digest: str = field(default="", compare=False)
    stamp: str = field(default="", compare=False)

    def for_effect(self, effect: Effect) -> tuple[AssumptionTable, ...]:
        """Tables of one effect, in the set's order."""
        return tuple(table for table in self.tables if table.effect is effect)

    def table(self, name: str) -> AssumptionTable:
        """A table by its name.

        Raises
        ------
        AssumptionError : there is none; the message lists those there are.
        """
        for table in self.tables:
            if table.name == name:
                return table
        raise AssumptionError(
            f"set {self.id}: found no table {name!r}; there are {', '.join(one.name for one in self.tables)}."
        )

    @property
    def failed_gates(self) -> tuple[str, ...]:
        """Failed gates of all tables, each as ``table: gate``."""
        return tuple(f"{table.name}: {gate}" for table in self.tables for gate in table.provenance.failed_gates)

    @property
    def unvalidated(self) -> tuple[str, ...]:
        """Names of the tables whose model no validator has signed."""
        return tuple(table.name for table in self.tables if table.provenance.validation == UNVALIDATED)

    @property
    def stamp_once_approved(self) -> str:
        """What results say under the set when somebody has approved it."""
        return "UNVALIDATED" if self.unvalidated else ""


def combined_hazard(hazards: Sequence[ArrayLike]) -> FloatArray:
    """Total monthly hazard of competing causes, 1 - product of (1 - h); arguments broadcast (contracts, Behaviour)."""
    staying = np.ones(())
    for hazard in hazards:
        staying = staying * (1.0 - np.asarray(hazard, dtype=np.float64))
    return np.asarray(1.0 - staying)


def seasonal_hazard(hazard: ArrayLike, season: tuple[float, ...] | None, calendar_month: ArrayLike) -> FloatArray:
    """Monthly hazard times its calendar month's factor (1 = January), at most 1; both broadcast."""
    base = np.asarray(hazard, dtype=np.float64)
    if season is None:
        return base
    factors = np.asarray(season, dtype=np.float64)[np.asarray(calendar_month, dtype=np.int64) - 1]
    return np.asarray(np.minimum(base * factors, 1.0))
