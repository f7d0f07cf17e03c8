"""Readings of a segment's balances beside its curves: core by two statistical methods, and its layer of surge money.

The regulatory core (method a of three) is the framework's own step over these tables. Here are the lower 1% path of
balances from the model (b) and the rolling minimum (c). Both follow the accounts open at their start: with those opened
since, growth would hide decay. A masked balance stands at the last known one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from behavior.estimators.minimum_probable_amount import quantile_of, surge_balance
from behavior.kinds._decay_lives import SegmentReading, core_path
from behavior.kinds.base import Exhibit
from behavior.months import month_number
from behavior.panel.base import Panel
from behavior.panel.landmarks import BalanceGrid, balance_grid
from behavior.quantities import AnyArray, BoolArray, FloatArray

CONFIDENCE = 0.99
CORE_MONTHS = 12
TREND_SHARE = 0.4
LEAST_MONTHS = 36
STRETCHES = 3
NAN = float("nan")


def core_exhibit(
    panel: Panel, segment: AnyArray, predictions: pd.DataFrame, found: Mapping[str, SegmentReading]
) -> Exhibit:
    """Core shares of every segment's accounts, and its surge layer, from its total deposits by month.

    Parameters
    ----------
    segment : name of each panel row's. predictions : of the same rows. found : curves by segment.
    """
    recent = recent_rows(panel.table, CORE_MONTHS)
    window = panel.table[recent]
    grid = balance_grid(window)
    rows = []
    for name in sorted(set(segment)):
        own = np.asarray(segment == name)
        balances = balances_by_month(panel.table, own)
        layer = surge_layer(balances, int(TREND_SHARE * len(balances)))
        expected, quantile = NAN, NAN
        if name in found:
            sigma = beyond_the_model(predictions[own], CORE_MONTHS)
            expected, quantile = core_path(found[name], CORE_MONTHS, quantile_of(CONFIDENCE), sigma)
        rows.append(
            {
                "segment": name,
                "expected by the model, %": 100 * expected,
                "core by the lower 1% path, %": 100 * quantile,
                "core by the rolling minimum, %": 100
                * core_by_cohort(grid, units_of(window, own[recent]), CORE_MONTHS),
                "surge layer today, % of balance": 100 * layer.share,
                "its standard error, %": 100 * layer.error,
                "surge layer's decay since its peak, % a month": 100 * layer.decay,
            }
        )
    return Exhibit(
        "core_and_surge",
        "Core by statistical methods, and balances above the old trend",
        "table",
        pd.DataFrame(rows),
        note=f"core over {CORE_MONTHS} months, before interest, of the accounts open at its start: the lower path at "
        f"{CONFIDENCE:.0%} from the model's curve, its band and what totals moved by beyond it; the rolling minimum of "
        f"the last {CORE_MONTHS} months; surge from total deposits, new accounts included, above a log-linear trend of "
        f"the first {TREND_SHARE:.0%} of months, none said where the trend's own error is larger; the regulatory core "
        "is the framework's own step",
    )


def weighting_exhibit(panel: Panel, segment: AnyArray, expected: FloatArray) -> Exhibit:
    """Net decay and exits by balance and by count: where they differ, large accounts behave in a way of their own."""
    table = panel.table
    gone = table["closed"].to_numpy() + table["migrated"].to_numpy()
    weight = table["weight"].to_numpy()
    frame = pd.DataFrame(
        {
            "segment": segment,
            "months": 1.0,
            "gone": gone,
            "balance": weight,
            "balance gone": weight * gone,
            "expected": expected,
            "balance expected": weight * expected,
        }
    )
    sums = frame.groupby("segment", sort=True).sum()
    months, held = sums["months"].to_numpy(), np.maximum(sums["balance"].to_numpy(), 1e-9)
    data = pd.DataFrame(
        {
            "segment": sums.index.to_numpy(),
            "exits by count, % a month": 100 * sums["gone"].to_numpy() / months,
            "exits by balance, % a month": 100 * sums["balance gone"].to_numpy() / held,
            "net decay expected by count, % a month": 100 * sums["expected"].to_numpy() / months,
            "net decay expected by balance, % a month": 100 * sums["balance expected"].to_numpy() / held,
        }
    )
    return Exhibit("weighting", "By balance and by count", "table", data, note="exits are closures and moves elsewhere")


def beyond_the_model(predictions: pd.DataFrame, months: int) -> float:
    """Standard deviation of what a segment's total moves by beyond the model over so many months, in logarithms.

    From sums of as many months in a row, in which balances that come and go cancel and those that stay away add up. All
    months of a fit add up to next to nothing, so that a stretch among them moves by less than one ahead. Where fewer
    than three stretches are known: single months times the root of their number. NaN below a year.
    """
    weight = predictions["weight"].to_numpy(np.float64)
    rows = predictions[["month"]].assign(
        held=weight, actual=weight * predictions["actual"], expected=weight * predictions["predicted"]
    )
    sums = rows[weight > 0].groupby("month")[["held", "actual", "expected"]].sum()
    left = {side: 1.0 - sums[side].to_numpy() / sums["held"].to_numpy() for side in ("actual", "expected")}
    usable = (left["actual"] > 0) & (left["expected"] > 0)
    if usable.sum() < CORE_MONTHS:
        return NAN
    moved = np.log(left["actual"][usable] / left["expected"][usable])
    if len(moved) < STRETCHES * months:
        return float(np.sqrt(months * np.mean(moved**2)))
    stretches = np.convolve(moved, np.ones(months), "valid")
    return float(np.sqrt(np.mean(stretches**2) / (1.0 - months / len(moved))))


def recent_rows(table: pd.DataFrame, months: int) -> BoolArray:
    """Mask of the rows of a panel's last `months` months, shape (rows,)."""
    month = month_number(table["month"])
    return np.asarray(month > month.max() - months)


def core_by_cohort(grid: BalanceGrid, units: AnyArray, months: int) -> float:
    """Lowest total of the last `months` month ends over that before them, of the accounts open then; at most 1.

    Balances without the interest credited since the cohort's start; NaN where the history is too short to say. A
    masked balance, and that of an account whose record stops, stands at the last known one.

    Parameters
    ----------
    grid : of `recent_rows` alone. Of a longer history it would have taken earlier interest out of the balances at the
        start too, and an old account would count for less than it holds.
    """
    if grid.balance.shape[1] != months + 1:
        return NAN
    held = carried(grid.balance[units])
    cohort = held[:, 0] > 0
    if not cohort.any():
        return NAN
    totals = held[cohort].sum(axis=0)
    return float(min(totals.min() / totals[0], 1.0))


def carried(balance: FloatArray) -> FloatArray:
    """Balances with gaps filled from the month before, 0 before the first known, shape (units, months)."""
    known = ~np.isnan(balance)
    place = np.maximum.accumulate(np.where(known, np.arange(balance.shape[1])[None, :], 0), axis=1)
    return np.nan_to_num(np.take_along_axis(balance, place, axis=1))


def units_of(table: pd.DataFrame, rows: AnyArray) -> AnyArray:
    """Places in a balance grid of the units that have rows in a segment, as their last row has it."""
    code = pd.factorize(table["unit"])[0]
    last = np.zeros(int(code.max()) + 1, dtype=bool)
    last[code] = rows  # the later row wins: a unit stands in the segment that it ended in
    return np.flatnonzero(last)


@dataclass(frozen=True)
class SurgeLayer:
    """Balance above the old trend.

    Parameters
    ----------
    share : of today's balance; NaN where months are missing or the trend's own error is larger. error : standard error
        of `share`. decay : of the layer a month since its peak; NaN where there is none today, or where it has not
        fallen for half a year.
    """

    share: float
    error: float
    decay: float


def surge_layer(balances: FloatArray, window: int) -> SurgeLayer:
    """The layer above the log-linear trend of the first `window` months, carried on to today.

    Balances wander about a trend, they do not return to it: so the trend's slope is as uncertain as the mean of its
    monthly steps, and steps go on after the window. The error is that of such a walk, in the window's own steps.
    """
    if len(balances) < LEAST_MONTHS or window < CORE_MONTHS or not (balances > 0).all():
        return SurgeLayer(NAN, NAN, NAN)
    surge, _ = surge_balance(balances, window)
    ahead = len(balances) - window
    step = float(np.std(np.diff(np.log(balances[:window])), ddof=1))
    share = float(surge[-1] / balances[-1])
    error = (1.0 - share) * step * float(np.sqrt(ahead + ahead**2 / (window - 1)))
    if share > error:
        return SurgeLayer(share, error, _decay_since_peak(surge))
    return SurgeLayer(NAN if share > 0.0 else 0.0, error, NAN)


def _decay_since_peak(surge: FloatArray) -> float:
    peak = int(np.argmax(surge))
    after = surge[peak:]
    if len(after) <= 6:
        return NAN
    return float(1.0 - (after[-1] / after[0]) ** (1.0 / (len(after) - 1)))


def balances_by_month(table: pd.DataFrame, rows: AnyArray) -> FloatArray:
    """Sum of month-end deposits of the rows by month, first to last, shape (months,); NaN in a month without rows.

    A masked balance stands at the account's last known one, or at what it began its first row with.
    """
    month = month_number(table["month"])[rows]
    if len(month) == 0:
        return np.zeros(0)
    own = table.loc[rows, ["unit", "balance_end", "weight"]]
    held = own.groupby("unit", sort=False)["balance_end"].ffill().fillna(own["weight"]).to_numpy(np.float64)
    total = np.asarray(np.bincount(month - month.min(), held), dtype=np.float64)
    return np.where(np.bincount(month - month.min()) > 0, total, np.nan)
