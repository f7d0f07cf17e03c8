"""Terms of one ACTUS contract: read, checked, and refused by name where they are not supported."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from behavior.engine.actus.cycles import BusinessDays, Cycle, Moment
from behavior.engine.actus.vocabulary import CONVENTIONS, DAY_COUNTS, FEES, RECEIVES, SUPPORTED, WAYS, WITHOUT_EFFECT
from behavior.errors import Fault, SpecFault


@dataclass(frozen=True)
class Terms:
    """Terms of one contract, as text, read on demand.

    Parameters
    ----------
    contract_type, contract_id, currency : identity.
    raw : every term as given.
    """

    contract_type: str
    contract_id: str
    currency: str
    raw: Mapping[str, Any]

    @classmethod
    def of(cls, raw: Mapping[str, Any]) -> Terms:
        """Terms from a mapping of ACTUS names.

        Raises
        ------
        SpecFault : listing every unsupported contract type, term or convention by name.
        """
        kind, name = str(raw.get("contractType", "")), str(raw.get("contractID", "contract"))
        if kind not in SUPPORTED:
            rule = f"contract type not supported; there are {', '.join(SUPPORTED)}"
            raise SpecFault([Fault(name, rule, column="contractType", value=kind)])
        faults = [
            Fault(name, f"term not supported for {kind}", column=term, value=str(raw[term]))
            for term in sorted(set(raw) - SUPPORTED[kind])
            if raw[term] not in (None, "") and str(raw[term]).strip() not in WITHOUT_EFFECT.get(term, ())
        ]
        terms = cls(kind, name, str(raw.get("currency", "")), raw)
        faults += terms._convention_faults()
        if faults:
            raise SpecFault(faults)
        return terms

    def _convention_faults(self) -> list[Fault]:
        allowed: Iterable[tuple[str, Iterable[str]]] = (
            ("dayCountConvention", DAY_COUNTS),
            ("businessDayConvention", CONVENTIONS),
            ("calendar", ("NC", "MF", "NoCalendar", "MondayToFriday")),
            ("endOfMonthConvention", ("SD", "EOM")),
            ("contractRole", RECEIVES),
            ("deliverySettlement", ("D", "S")),
            ("interestCalculationBase", ("NT", "NTIED", "NTL")),
            ("feeBasis", ("A", "N")),
            ("scalingEffect", ("OOO", "000", "IOO", "ONO", "INO", "I00", "0N0", "IN0")),
        )
        found = [
            Fault(self.contract_id, f"expected one of {', '.join(values)}", column=term, value=self.text(term))
            for term, values in allowed
            if self.has(term) and self.text(term) not in values
        ]
        found += [
            Fault(self.contract_id, f"expected {' or '.join(values)} in each place", column=term, value=str(word))
            for term, values in WAYS.items()
            for word in self.items(term)
            if str(word) not in values
        ]
        needed = ["contractRole"] if self.contract_type != "CAPFL" else []
        needed += ["dayCountConvention"] if self.has("nominalInterestRate") else []
        found += [
            Fault(self.contract_id, f"{self.contract_type} needs it", column=term)
            for term in needed
            if not self.has(term)
        ]
        found += self._notional_faults()
        given = sorted(term for term in FEES if self.has(term))
        if given and not self.has("feeRate"):
            found += [Fault(self.contract_id, "a fee needs its `feeRate`", column=term) for term in given]
        elif given and not self.has("feeBasis"):
            found.append(Fault(self.contract_id, "a fee needs its basis, A or N", column="feeBasis"))
        return found

    def _notional_faults(self) -> list[Fault]:
        """A notional below zero: the role alone says who holds it, and a sign of its own would be lost."""
        try:
            below = self.number("notionalPrincipal", 0.0) < 0
        except SpecFault as error:
            return list(error.faults)
        if not below:
            return []
        term, rule = "notionalPrincipal", "expected a notional of 0 or more"
        hint = "Say with `contractRole` who owes it: RPA for an asset, RPL for a liability."
        return [Fault(self.contract_id, rule, column=term, value=self.text(term), hint=hint)]

    def has(self, term: str) -> bool:
        """Whether a term is given."""
        return self.raw.get(term) not in (None, "")

    def text(self, term: str, otherwise: str = "") -> str:
        """A term as text."""
        return str(self.raw[term]).strip() if self.has(term) else otherwise

    def number(self, term: str, otherwise: float | None = None) -> float:
        """A term as a number.

        Raises
        ------
        SpecFault : missing without a default, or not a finite number.
        """
        if not self.has(term) and otherwise is not None:
            return otherwise
        return self.as_number(self.raw.get(term), term)

    def as_number(self, value: Any, term: str) -> float:
        """A value of a term as a finite number."""
        try:
            found = float(value)
        except (TypeError, ValueError):
            found = math.nan
        if not math.isfinite(found):
            shown = "" if value is None else str(value)
            raise SpecFault([Fault(self.contract_id, "expected a finite number", column=term, value=shown)])
        return found

    def moment(self, term: str) -> Moment | None:
        """A term as a moment, None where it is not given."""
        return self.as_moment(self.raw[term], term) if self.has(term) else None

    def needed_moment(self, term: str) -> Moment:
        """A term as a moment.

        Raises
        ------
        SpecFault : missing.
        """
        found = self.moment(term)
        if found is None:
            raise SpecFault([Fault(self.contract_id, f"{self.contract_type} needs this date", column=term)])
        return found

    def as_moment(self, value: Any, term: str) -> Moment:
        """Text as a moment."""
        try:
            return np.datetime64(str(value), "s")
        except ValueError:
            raise SpecFault([Fault(self.contract_id, "expected an ISO date", column=term, value=str(value))]) from None

    def cycle(self, term: str) -> Cycle | None:
        """A term as a cycle, None where it is not given."""
        return Cycle.parse(self.text(term), f"{self.contract_id}, `{term}`") if self.has(term) else None

    def items(self, term: str) -> list[Any]:
        """An array term; a single value is an array of one."""
        if not self.has(term):
            return []
        value = self.raw[term]
        return list(value) if isinstance(value, (list, tuple)) else [value]

    @property
    def role(self) -> float:
        """+1 where the holder receives (lends, receives fixed or the first leg, bought), else -1."""
        return RECEIVES[self.text("contractRole", "RPA")]

    @property
    def day_count(self) -> str:
        """Day count in the platform's words."""
        return DAY_COUNTS[self.text("dayCountConvention", "A365")]

    @property
    def business_days(self) -> BusinessDays:
        """Business-day rule."""
        calendar = self.text("calendar", "NC") in ("MF", "MondayToFriday")
        return BusinessDays(self.text("businessDayConvention", "NOS"), calendar)

    @property
    def end_of_month(self) -> bool:
        """Whether cycles from a month's last day stay on month ends."""
        return self.text("endOfMonthConvention", "SD") == "EOM"
