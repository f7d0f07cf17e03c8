"""Sensitivity: what do the exported curves do under the rate shocks they will be asked about?

Purpose
-------
Regulatory scenarios move rates by up to 400 basis points at once. A validator has to see what the behaviour does
there, and how much of it rests on data.

Mechanism
---------
Each exported curve with a rate driver is read at today's mean driver and at shocks of 100 to 400 basis points both
ways, averaged over its months and other axes by exposure (equally where exposure is not recorded) and over
segments. A shock counts as outside training where the shocked driver lies beyond the range of the training rows,
and as clamped where it lies beyond the curve's grid, whose end value is then held. Of payoffs, the latest balance is
moved by 200 basis points each way too, and what comes to stand at incentives with fewer than 50 events in the whole
history, at them and beyond, is counted: after rates that only rose, nobody was seen in the money.

Signs of high risk
------------------
Large moves that lie outside training; more than a quarter of the balance where the history holds hardly an event; no
move at all at the ends, where the grid holds the value; a jump between two neighbouring shocks.

Strengths
---------
Reads the table that the engine reads; separates what was learned from what is held or extended.

Limitations
-----------
Moves one driver and holds the mix, burnout and age of customers; the engine's own scenarios move all of them
together.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd

from behavior.assumptions.curve import WARN_BEYOND, AssumptionCurve
from behavior.assumptions.effects import Driver
from behavior.assumptions.seen_incentives import FEWEST, seen_incentives
from behavior.assumptions.set import AssumptionTable
from behavior.errors import DoesNotApply
from behavior.kinds.base import Exhibit
from behavior.quantities import FloatArray, Quantity
from behavior.validation.base import Check, CheckInput, Finding, Status
from behavior.validation.evidence import cpr_points, mask_of

SHOCKS = (-400, -300, -200, -100, 0, 100, 200, 300, 400)
SHOCK = 0.02
"""Of the balance, either way, decimal a year."""
RATE_DRIVERS = (Driver.RATE_INCENTIVE, Driver.RATE_SPREAD, Driver.RATE_LEVEL)
MOVED = "driver moved by, bp"
"""Not by how much rates move: an incentive falls where they rise."""
VALUES = {
    "move_over_range": "level at +400 bp less level at -400 bp of the driver: CPR points, or pass-through in points",
    "largest_step": "largest move between neighbouring shocks of 100 bp, same unit",
    "share_outside_training": "share of the eight shocks whose driver lies beyond the training rows",
    "share_clamped": "share of the eight shocks whose driver lies beyond the grid, mean of the curves",
    "driver_today": "mean driver in the last panel month, % a year",
    "share_above_history": "share of the latest balance that 200 bp down take above incentives with events enough",
    "share_below_history": "share that 200 bp up take below them, where the history never was out of the money",
}


def run(given: CheckInput) -> Finding:
    """Read the exported curves under parallel shocks of the driver."""
    table = next((one for one in given.tables if any(driver in RATE_DRIVERS for driver in one.drivers)), None)
    if table is None:
        raise DoesNotApply("no exported table has a rate driver, so shocks do not move it.")
    rows = given.predictions.table.dropna(subset=["driver"])
    if rows.empty:
        raise DoesNotApply("the kind states no economic driver, so there is nothing to shock.")
    driver = next(one for one in table.drivers if one in RATE_DRIVERS)
    last = rows[rows["month"] == rows["month"].max()]
    today = float(np.average(last["driver"], weights=np.maximum(last["weight"], 1e-9)))
    seen = given.predictions.table.loc[_training(given), "driver"].dropna()
    shocked = today + np.asarray(SHOCKS) / 1e4
    levels = np.mean([_level(table, curve, driver, shocked) for curve in table.curves], axis=0)
    grids = [curve.driver_grids[driver] for curve in table.curves]
    moved = np.asarray(SHOCKS) != 0
    outside = (shocked < seen.min()) | (shocked > seen.max()) if len(seen) else np.ones(len(shocked), dtype=bool)
    held = np.mean([(shocked < grid[0]) | (shocked > grid[-1]) for grid in grids], axis=0)
    clamped = held >= 0.5
    hazard = table.quantity is Quantity.MONTHLY_HAZARD
    shown = cpr_points(levels) if hazard else 100.0 * levels
    unit = "CPR, % a year" if hazard else "pass-through, points"
    values = {
        "move_over_range": float(shown[-1] - shown[0]),
        "largest_step": float(np.abs(np.diff(shown)).max()),
        "share_outside_training": float(outside[moved].mean()),
        "share_clamped": float(held[moved].mean()),
        "driver_today": 100.0 * today,
    }
    words = (
        f"Moving the driver from -400 to +400 bp moves the mean level by {values['move_over_range']:+z.1f} "
        f"{'CPR points' if hazard else 'points of pass-through'}; {100 * values['share_outside_training']:.0f}% of "
        f"these shocks lie outside the training rows and {100 * values['share_clamped']:.0f}% beyond the grid."
    )
    beyond = _beyond_history(table, last)
    values |= beyond.values
    warned = values["share_outside_training"] > 0.5 or bool(beyond.words)
    status = Status.WARN if warned else Status.PASS
    exhibits = _exhibits(shown, shocked, outside, clamped, unit)
    return Finding("sensitivity", status, values, words + beyond.words, exhibits=exhibits)


class BeyondHistory(NamedTuple):
    """What a shock takes beyond what was seen: shares by name, and a sentence where they are large."""

    values: dict[str, float]
    words: str


def _beyond_history(table: AssumptionTable, last: pd.DataFrame) -> BeyondHistory:
    """The latest balance under `SHOCK` each way, against where the table's history holds events."""
    seen = seen_incentives(table)
    if seen is None:
        return BeyondHistory({}, "")
    today, balance = last["driver"].to_numpy(np.float64), last["weight"].to_numpy(np.float64)
    above, below = seen.share_above(today + SHOCK, balance), seen.share_below(today - SHOCK, balance)
    sides = (("down", above, seen.words_above), ("up", below, seen.words_below))
    words = [
        f" Rates {1e4 * SHOCK:.0f} bp {moved}, {100 * share:.0f}% of the latest balance stands {where}; the whole "
        f"history holds fewer than {FEWEST} events there and beyond: the table is the curve's form, and was not seen."
        for moved, share, where in sides
        if share > WARN_BEYOND
    ]
    return BeyondHistory({"share_above_history": above, "share_below_history": below}, "".join(words))


def _training(given: CheckInput) -> pd.Series:
    table = given.predictions.table
    return pd.Series(mask_of(given, "train", table), index=table.index)


def _level(table: AssumptionTable, curve: AssumptionCurve, driver: Driver, at: FloatArray) -> FloatArray:
    """Mean of a curve along one driver, other axes averaged by exposure, read at `at` with the ends held."""
    axis = table.drivers.index(driver)
    others = tuple(place for place in range(curve.values.ndim) if place != axis)
    weight = np.ones_like(curve.values) if curve.exposure_months is None else np.nan_to_num(curve.exposure_months)
    # Weights of the other axes alone: each driver point must see the same mix.
    mix = weight.sum(axis=axis, keepdims=True)
    mix = mix if mix.sum() > 0 else np.ones_like(mix)
    profile = np.asarray((curve.values * mix).sum(axis=others) / mix.sum())
    return np.asarray(np.interp(at, curve.driver_grids[driver], profile), dtype=np.float64)


def _exhibits(
    shown: FloatArray, shocked: FloatArray, outside: FloatArray, clamped: FloatArray, unit: str
) -> tuple[Exhibit, ...]:
    table = pd.DataFrame(
        {
            MOVED: SHOCKS,
            "driver, % a year": 100 * shocked,
            unit: shown,
            "change": shown - shown[SHOCKS.index(0)],
            "outside training": np.where(outside, "yes", "no"),
            "beyond the grid": np.where(clamped, "yes", "no"),
        }
    )
    picture = Exhibit(
        "sensitivity", "The exported curves where their driver is moved", "lines", table[[MOVED, unit]], MOVED, unit
    )
    return picture, Exhibit("sensitivity_table", "The same in figures", "table", table)


CHECK = Check("sensitivity", run, VALUES, __doc__)
