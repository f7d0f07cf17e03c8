"""Readings of a segment's balances beside its curves: core by two statistical methods, and its layer of surge money.

The regulatory core (method a of three) is the engine's step over these tables; here are the lower 1% path of balances
(b) and the rolling minimum (c), which need the history and not the curves.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from behavior.errors import TooFewEvents
from behavior.estimators.minimum_probable_amount import (
    core_by_rolling_minimum,
    fit_log_changes,
    minimum_probable_amount,
    quantile_of,
    surge_balance,
)
from behavior.kinds.base import Exhibit
from behavior.panel.base import Panel
from behavior.panel.dense import month_number
from behavior.quantities import AnyArray, FloatArray

CONFIDENCE = 0.99
CORE_MONTHS = 12
TREND_SHARE = 0.4
LEAST_MONTHS = 36


def core_exhibit(panel: Panel, segment: AnyArray) -> Exhibit:
    """Core shares and surge layer of every segment, from its total deposits by month."""
    rows = []
    for name in sorted(set(segment)):
        balances = balances_by_month(panel.table, segment == name)
        quantile, lowest = core_shares(balances)
        layer = surge_layer(balances, int(TREND_SHARE * len(balances)))
        rows.append(
            {
                "segment": name,
                "core by the lower 1% path, %": 100 * quantile,
                "core by the rolling minimum, %": 100 * lowest,
                "surge layer today, % of balance": 100 * layer[0],
                "surge layer's decay since its peak, % a month": 100 * layer[1],
            }
        )
    return Exhibit(
        "core_and_surge",
        "Core by statistical methods, and balances above the old trend",
        "table",
        pd.DataFrame(rows),
        note=f"over {CORE_MONTHS} months at {CONFIDENCE:.0%}; total deposits of the history, new accounts included; "
        f"trend log-linear on the first {TREND_SHARE:.0%} of months; the regulatory core is the framework's own step",
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


def core_shares(balances: FloatArray) -> tuple[float, float]:
    """Core by the lower 1% path of balances after `CORE_MONTHS`, and by the lowest of the last as many; at most 1.

    NaN where the history is too short to say.
    """
    known = balances[balances > 0]
    if len(known) <= CORE_MONTHS:
        return float("nan"), float("nan")
    lowest = min(core_by_rolling_minimum(known, CORE_MONTHS), 1.0)
    try:
        fit = fit_log_changes(known)
    except TooFewEvents:
        return float("nan"), lowest
    path = minimum_probable_amount(1.0, fit.cautious_drift, fit.sigma, quantile_of(CONFIDENCE), CORE_MONTHS)
    return float(path[-1]), lowest


def surge_layer(balances: FloatArray, window: int) -> tuple[float, float]:
    """Share of today's balance above the log-linear trend of the first `window` months, and the layer's monthly decay
    since its peak; (0, NaN) where there is no layer, NaN decay where it has not fallen for half a year.
    """
    if len(balances) < LEAST_MONTHS or window < 12 or (balances <= 0).any():
        return 0.0, float("nan")
    surge, _ = surge_balance(balances, window)
    peak = int(np.argmax(surge))
    after = surge[peak:]
    share = float(surge[-1] / balances[-1])
    if surge[peak] <= 0 or len(after) <= 6:
        return share, float("nan")
    left = max(float(after[-1] / after[0]), 1e-6)
    return share, float(1.0 - left ** (1.0 / (len(after) - 1)))


def balances_by_month(table: pd.DataFrame, rows: AnyArray) -> FloatArray:
    """Sum of month-end deposits of the rows by month, first month to last, shape (months,)."""
    month = month_number(table["month"])[rows]
    if len(month) == 0:
        return np.zeros(0)
    held = np.nan_to_num(table["balance_end"].to_numpy()[rows])
    return np.asarray(np.bincount(month - month.min(), held), dtype=np.float64)
