"""Windows and folds of a protocol as masks of rows: no customer and no month is on both sides."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from behavior.benchmark.protocols import Protocol
from behavior.benchmark.rate_phases import phases_of
from behavior.errors import FittingError
from behavior.months import month_number
from behavior.panel.base import PanelSplit
from behavior.panel.split import first_check_month, uniform_of_rows
from behavior.quantities import AnyArray, BoolArray, FloatArray, IntArray


@dataclass(frozen=True)
class Window:
    """One window and fold: masks over the rows; `learn` holds train and validation rows of a kind's split."""

    name: str
    learn: PanelSplit
    test: BoolArray


def windows(
    month: IntArray,
    customer: AnyArray,
    event: FloatArray,
    protocol: Protocol,
    validate_share: float = 0.2,
    rate: FloatArray | None = None,
) -> Iterator[Window]:
    """Every window and fold in which enough can be learned and something judged.

    Validation rows are the last `validate_share` of the learning months, or that share of customers where a protocol
    holds out customers alone. `rate` is the market rate of each row, by which phases are told apart where one is left
    out: other customers' months before and after the phase teach what it is judged by.

    Raises
    ------
    FittingError : when no window can be judged, or no phase can be told apart.
    """
    share = uniform_of_rows(customer, protocol.seed)
    fold = np.floor(share * protocol.customer_folds).astype(np.int64)
    found = 0
    for label, early, late in _spans(month, protocol, rate):
        for number in range(protocol.judged):
            mine = fold == number
            learn = early & (~mine if protocol.customer_folds > 1 else np.ones(len(mine), dtype=bool))
            test = late & mine
            if event[learn].sum() < protocol.least_events or not test.any():
                continue
            found += 1
            split = _split(month, share, learn, test, protocol, validate_share)
            yield Window(f"{label}, fold {number + 1}", split, test)
    if not found:
        raise FittingError(
            f"protocol {protocol.name!r}: no window has {protocol.least_events} events to learn from and rows to judge."
            " Move `starts`, lengthen `window_months` or lower `least_events`."
        )


def _spans(month: IntArray, protocol: Protocol, rate: FloatArray | None) -> Iterator[tuple[str, BoolArray, BoolArray]]:
    """Name, rows that may be learned from and rows that may be judged of every stretch of calendar time."""
    if protocol.leave_out:
        for low, high in phases_of(month, rate):
            away = (month <= low - protocol.gap_months) | (month > high + protocol.gap_months)
            name = f"without {np.datetime64(low, 'M')} to {np.datetime64(high, 'M')}"
            yield name, away, (month > low) & (month <= high)
        return
    if not protocol.starts:
        yield "all months", np.ones(len(month), dtype=bool), np.ones(len(month), dtype=bool)
    for start in protocol.starts:
        first = int(month_number(np.array([start], dtype="datetime64[D]"))[0])
        late = (month >= first) & (month < first + protocol.window_months)
        yield f"from {start:%Y-%m}", month < first - protocol.gap_months, late


def _split(
    month: IntArray, share: FloatArray, learn: BoolArray, test: BoolArray, protocol: Protocol, validate_share: float
) -> PanelSplit:
    if protocol.starts or protocol.leave_out:
        check = learn & (month >= first_check_month(np.unique(month[learn]), validate_share))
    else:
        check = learn & ((share * protocol.customer_folds) % 1.0 < validate_share)
    return PanelSplit(learn & ~check, check, test, test, test)
