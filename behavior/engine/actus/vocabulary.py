"""ACTUS terms that are supported, by contract type, and the words that they may hold."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

DAY_COUNTS: Mapping[str, str] = MappingProxyType(
    {"AA": "ACT/ACT", "A360": "ACT/360", "A365": "ACT/365F", "30E360": "30E/360"}
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
