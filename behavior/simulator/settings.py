"""How large the simulated bank is and over which months it lives; everything else is the laws' business."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

TURNING_POINTS: tuple[tuple[str, float], ...] = (
    ("2000-12", 0.0575),
    ("2003-06", 0.0125),
    ("2006-10", 0.0500),
    ("2009-06", 0.0075),
    ("2011-09", 0.0075),
    ("2014-09", 0.0500),
    ("2017-06", 0.0100),
    ("2018-09", 0.0100),
    ("2021-12", 0.0525),
    ("2024-06", 0.0150),
    ("2026-09", 0.0375),
)


@dataclass(frozen=True)
class SimulatorSettings:
    """Size and calendar of the simulated bank.

    Parameters
    ----------
    loans, accounts : smallest number of loans and deposit accounts in the histories; the bank has a few more.
    as_of : last month end of the histories and date of the book.
    months : months of history before as-of; rates and originations begin earlier, so that units enter late.
    turning_points : month and level (decimal a year) of the short rate's highs and lows, before seeded jitter.
    masked_share : share of deposit rows whose balance is missing, never at a quarter's end.
    acquired_share : share of loans that enter the history only when the bank buys them.
    minimum_balance_paths : simulated futures behind the true `minimum_balance` view.
    """

    loans: int = 20_000
    accounts: int = 20_000
    as_of: dt.date = dt.date(2026, 9, 30)
    months: int = 192
    turning_points: tuple[tuple[str, float], ...] = TURNING_POINTS
    currency: str = "USD"
    masked_share: float = 0.003
    acquired_share: float = 0.06
    minimum_balance_paths: int = 64


def small_settings() -> SimulatorSettings:
    """About 1,500 loans and accounts over the same rates, for tests that need a bank in a second or two."""
    return SimulatorSettings(loans=1_500, accounts=1_500, minimum_balance_paths=4)
