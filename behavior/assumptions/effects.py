"""The closed list of effects and drivers: all that the engine knows about behaviour."""

from __future__ import annotations

from enum import StrEnum


class Effect(StrEnum):
    """What a behaviour does to a position. The list is closed; the list of kinds is open."""

    RUNOFF = "RUNOFF"
    REPRICING = "REPRICING"
    DRAWDOWN = "DRAWDOWN"


class Driver(StrEnum):
    """An economic axis that the engine works out along each scenario's path.

    RATE_INCENTIVE is customer rate minus mortgage rate, RATE_LEVEL the short rate, RATE_SPREAD short rate minus rate
    paid (all decimals a year); MONTHS_IN_THE_MONEY counts earlier months above the incentive threshold.
    """

    RATE_INCENTIVE = "RATE_INCENTIVE"
    RATE_LEVEL = "RATE_LEVEL"
    RATE_SPREAD = "RATE_SPREAD"
    MONTHS_IN_THE_MONEY = "MONTHS_IN_THE_MONEY"


class MonthMeaning(StrEnum):
    """From when a curve counts its months; month m is the m-th month."""

    SINCE_AS_OF = "SINCE_AS_OF"
    SINCE_ORIGINATION = "SINCE_ORIGINATION"
    SINCE_RATE_CHANGE = "SINCE_RATE_CHANGE"


class Direction(StrEnum):
    """Direction of the distance between target and rate paid, for speeds that differ up and down."""

    UP = "up"
    DOWN = "down"


class View(StrEnum):
    """The two readings of deposit decay: net of re-deposits (the engine's default) or lowest balances (liquidity)."""

    WITH_REDEPOSITS = "with_redeposits"
    MINIMUM_BALANCE = "minimum_balance"


POOLED = "pooled"
DEFAULT = "default"
"""Cause of the RUNOFF tables that a valuation leaves out unless asked: what borrowers fail to pay."""
