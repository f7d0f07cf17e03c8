"""Market data files to the types that answer: curves to a `CurveSet`, fixings to a `RateHistory`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from behavior.io.tables import read_table
from behavior.market.contracts import CURVES_TABLE, RATES_TABLE
from behavior.market.curves import CurveSet
from behavior.market.history import RateHistory
from behavior.months import DateLike
from behavior.panel.base import SourceFile


def read_curve_set(path: Path, as_of: DateLike | None = None) -> tuple[CurveSet, SourceFile]:
    """The curves of one date (default: the latest) from a curves/1 file, and the file's digest.

    Raises
    ------
    ContractFault : listing every fault of the file.
    MarketDataError : no curve on the date.
    """
    read = read_table(path, CURVES_TABLE)
    return CurveSet.from_table(read.values(), as_of), read.source


def read_rate_history(path: Path, roles: Mapping[str, str] | None = None) -> tuple[RateHistory, SourceFile]:
    """Past fixings from a rate_history/1 file with the roles of their indices, and the file's digest.

    Raises
    ------
    ContractFault : listing every fault of the file.
    """
    read = read_table(path, RATES_TABLE)
    return RateHistory.from_table(read.values(), roles), read.source
