"""Terms of one ACTUS contract: read, checked, and refused by name where they are not supported."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import numpy as np

from behavior.engine.actus.cycles import BusinessDays, Cycle, Moment
from behavior.errors import Fault, MarketDataError, SpecFault
from behavior.quantities import FloatArray

DAY_COUNTS: Mapping[str, str] = MappingProxyType(
    {
        "AA": "ACT/ACT",
        "A360": "ACT/360",
        "A365": "ACT/365F",
        "30E360": "30E/360",
    }
)
CONVENTIONS = ("NOS", "NULL", "SCF", "SCMF", "SCP", "SCMP", "CSF", "CSMF", "CSP", "CSMP")
RECEIVES: Mapping[str, float] = MappingProxyType(
    {"RPA": 1.0, "RPL": -1.0, "RF": 1.0, "PF": -1.0, "RFL": 1.0, "PFL": -1.0, "BUY": 1.0, "SEL": -1.0}
)
# Names that say who and what, and change no event.
IDENTITY = frozenset({"contractType", "contractID", "creatorID", "counterpartyID", "currency", "marketObjectCode"})
COMMON = IDENTITY | {
    "contractRole",
    "contractDealDate",
    "statusDate",
    "initialExchangeDate",
    "maturityDate",
    "notionalPrincipal",
    "nominalInterestRate",
    "dayCountConvention",
    "calendar",
    "businessDayConvention",
    "endOfMonthConvention",
    "accruedInterest",
    "premiumDiscountAtIED",
    "purchaseDate",
    "priceAtPurchaseDate",
    "terminationDate",
    "priceAtTerminationDate",
}
CAPITALISATION = frozenset({"capitalizationEndDate"})
CYCLE_OF_RESET = frozenset({"cycleAnchorDateOfRateReset", "cycleOfRateReset", "nextResetRate"})
INTEREST = frozenset({"cycleAnchorDateOfInterestPayment", "cycleOfInterestPayment", "capitalizationEndDate"})
# A fixing is looked up on the reset's own date, so the days before it change nothing.
RESET = frozenset(
    {
        "cycleAnchorDateOfRateReset",
        "cycleOfRateReset",
        "marketObjectCodeOfRateReset",
        "rateMultiplier",
        "rateSpread",
        "fixingDays",
        "fixingPeriod",
        "nextResetRate",
        "lifeCap",
        "lifeFloor",
        "periodCap",
        "periodFloor",
    }
)
REDEMPTION = frozenset(
    {
        "cycleAnchorDateOfPrincipalRedemption",
        "cycleOfPrincipalRedemption",
        "nextPrincipalRedemptionPayment",
        "interestCalculationBase",
        "interestCalculationBaseAmount",
        "cycleAnchorDateOfInterestCalculationBase",
        "cycleOfInterestCalculationBase",
    }
)
FEES = frozenset({"cycleAnchorDateOfFee", "cycleOfFee", "feeBasis", "feeRate", "feeAccrued"})
NOTHING = ("0", "0.0")
# Terms that change nothing at the one value that is accepted: whoever gives another is refused.
WITHOUT_EFFECT: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "prepaymentEffect": ("N",),
        "contractPerformance": ("PF",),
        "cyclePointOfInterestPayment": ("E",),
        "cyclePointOfRateReset": ("B",),
        "seniority": ("S", "J"),
        "penaltyType": ("O",),
        "premiumDiscountAtIED": NOTHING,
        "accruedInterest": NOTHING,
    }
)
# Words that arrays are made of.
WAYS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {"arrayIncreaseDecrease": ("INC", "DEC"), "arrayFixedVariable": ("FIX", "VAR", "F", "V")}
)
SCALING = frozenset(
    {
        "marketObjectCodeOfScalingIndex",
        "scalingIndexAtContractDealDate",
        "notionalScalingMultiplier",
        "interestScalingMultiplier",
        "cycleAnchorDateOfScalingIndex",
        "cycleOfScalingIndex",
        "scalingEffect",
    }
)
ARRAYS = frozenset(
    {
        "arrayCycleAnchorDateOfInterestPayment",
        "arrayCycleOfInterestPayment",
        "arrayCycleAnchorDateOfPrincipalRedemption",
        "arrayCycleOfPrincipalRedemption",
        "arrayNextPrincipalRedemptionPayment",
        "arrayIncreaseDecrease",
        "arrayCycleAnchorDateOfRateReset",
        "arrayCycleOfRateReset",
        "arrayRate",
        "arrayFixedVariable",
    }
)
SUPPORTED: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "PAM": COMMON | INTEREST | RESET | SCALING | FEES,
        "LAM": COMMON | INTEREST | RESET | SCALING | FEES | REDEMPTION,
        "NAM": COMMON | INTEREST | RESET | SCALING | FEES | REDEMPTION,
        "ANN": COMMON | INTEREST | RESET | SCALING | FEES | REDEMPTION | {"amortizationDate"},
        # Its resets are arrays; a cycle of its own would be another schedule.
        "LAX": COMMON | (RESET - CYCLE_OF_RESET) | FEES | ARRAYS,
        # All their interest is capitalised until the end.
        "CLM": COMMON | (INTEREST - CAPITALISATION) | RESET | FEES | {"xDayNotice"},
        "UMP": COMMON | (INTEREST - CAPITALISATION) | RESET | FEES | {"xDayNotice"},
        "CSH": IDENTITY | {"contractRole", "contractDealDate", "statusDate", "notionalPrincipal"},
        # No notional is exchanged that a premium could be on, and none that interest could be capitalised into.
        "SWPPV": (COMMON - {"premiumDiscountAtIED", "accruedInterest"})
        | (INTEREST - CAPITALISATION)
        | RESET
        | {"nominalInterestRate2", "deliverySettlement"},
        "SWAPS": IDENTITY
        | {
            "contractRole",
            "contractStructure",
            "contractDealDate",
            "statusDate",
            "deliverySettlement",
            "purchaseDate",
            "priceAtPurchaseDate",
            "terminationDate",
            "priceAtTerminationDate",
        },
        "CAPFL": IDENTITY
        | {"contractRole", "contractStructure", "contractDealDate", "statusDate", "lifeCap", "lifeFloor"},
    }
)


@dataclass(frozen=True)
class Observed:
    """What the outside world says: index values by market object code, and events that somebody decides.

    Parameters
    ----------
    times, values : code -> rising moments (datetime64[s]) and values, same shape.
    events : (moment, kind, value), e.g. a call of money (``XD``) or a point of analysis (``AD``).
    """

    times: Mapping[str, Any] = field(default_factory=dict)
    values: Mapping[str, FloatArray] = field(default_factory=dict)
    events: tuple[tuple[Moment, str, float], ...] = ()

    def at(self, code: str, moment: Moment) -> float:
        """Last value on or before a moment.

        Raises
        ------
        MarketDataError : no series of that code, or none so early.
        """
        if code not in self.times:
            raise MarketDataError(f"observed data: no series `{code}`; there are {sorted(self.times)}. Supply it.")
        position = int(np.searchsorted(self.times[code], moment, side="right")) - 1
        if position < 0:
            raise MarketDataError(f"observed data: `{code}` has no value on or before {moment}. Supply it.")
        return float(self.values[code][position])


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
