"""Band coverage: does what happened fall inside the bands that the exported curves carry?

Purpose
-------
A band that is too narrow is worse than none: it tells a committee that a number is safe. The bands of the exported
curves are held against months and customers that made neither the curve nor the band.

Mechanism
---------
The tables are looked up on the test rows three times: with their values, with their lower and with their upper
bounds. In each cell of one segment and one half-year the realised mean is compared with the mean band. A band
speaks of the expected level and not of one sample of customers, so a cell also counts as compatible where the
realised mean's own 95% interval (customers drawn again) meets the band.

Signs of high risk
------------------
Fewer than four in five cells compatible; realised means on the same side of the band in most cells; bands so wide
that nothing could fall outside: wider than twice the realised level, from nothing to the double.

Strengths
---------
Tests the statement of uncertainty itself, with the table that is used.

Limitations
-----------
Bounds of several tables are taken together, which is wider than their joint band. Cells share rates and seasons, so
a few test years are few independent trials.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from behavior.assumptions.set import AssumptionTable
from behavior.errors import DoesNotApply
from behavior.kinds.base import Exhibit
from behavior.months import month_number
from behavior.panel.base import Panel
from behavior.quantities import FloatArray
from behavior.validation.base import Check, CheckInput, Finding, Status
from behavior.validation.evidence import bootstrap_of, cpr_points, is_rate

HALF_YEAR = 6
ENOUGH = 0.8
WIDEST = 2.0
SMALLEST_WIDTH = {True: 10.0, False: 1.0}
"""Width that is never too wide: basis points for rates, CPR points for shares."""
VALUES = {
    "compatible": "share of cells whose realised mean, with its own 95% interval, meets the band",
    "coverage": "share of cells whose realised mean itself lies inside the band",
    "above": "share of cells whose realised mean lies above the band",
    "mean_width": "mean width of the band over cells by balance, CPR points (rates: basis points)",
    "cells": "cells of one segment and one half-year",
}


def run(given: CheckInput) -> Finding:
    """Compare realised means with the exported bands."""
    banded = [curve for table in given.tables for curve in table.curves if curve.lower is not None]
    if not banded:
        raise DoesNotApply("no exported curve carries a band.")
    rate = is_rate(given)
    rows = _rows(given, rate)
    cells = _cells(given, rows, rate)
    inside = (cells["realised"] >= cells["lower"]) & (cells["realised"] <= cells["upper"])
    meets = (cells["realised, upper"] >= cells["lower"]) & (cells["realised, lower"] <= cells["upper"])
    values = {
        "compatible": float(meets.mean()),
        "coverage": float(inside.mean()),
        "above": float((cells["realised"] > cells["upper"]).mean()),
        "mean_width": float(np.average(cells["upper"] - cells["lower"], weights=cells["balance-months"])),
        "cells": float(len(cells)),
    }
    unit = "bp" if rate else "CPR points"
    words = (
        f"In {100 * values['compatible']:.0f}% of {len(cells):,} cells what happened is compatible with the band, in "
        f"{100 * values['coverage']:.0f}% it lies inside; the band is {values['mean_width']:.1f} {unit} wide."
    )
    level = abs(float(np.average(cells["realised"], weights=cells["balance-months"])))
    # A level of hardly anything has no width of its own to be held against.
    too_wide = values["mean_width"] > max(WIDEST * level, SMALLEST_WIDTH[rate])
    if too_wide:
        words += (
            f" That is more than twice the realised level of {level:.1f} {unit}: hardly anything could fall outside."
        )
    status = Status.PASS if values["compatible"] >= ENOUGH and not too_wide else Status.WARN
    exhibit = Exhibit("band_cells", "Realised means and bands, by segment and half-year", "table", _shown(cells, rate))
    return Finding("band_coverage", status, values, words, exhibits=(exhibit,))


def _rows(given: CheckInput, rate: bool) -> pd.DataFrame:
    # A rate follows its own past, so its path is looked up whole; shares are looked up where they are judged.
    mask = np.ones_like(given.split.test) if rate else given.split.test
    panel: Panel = given.panel if rate else given.panel.rows(mask)
    bounded = [at_bound(given.judged_tables, bound) for bound in ("lower", "upper")]
    looks = [given.kind.look_up(tables, given.fitted, panel).table for tables in bounded]
    rows = looks[0].copy()
    bounds = np.column_stack([look["predicted"].to_numpy(np.float64) for look in looks])
    # A lower pass-through pays less when rates rise and more when they fall.
    rows["lower"], rows["upper"] = bounds.min(axis=1), bounds.max(axis=1)
    if len(rows) != len(panel.table):
        raise DoesNotApply("the lookup does not answer once for each row of the panel.")
    if rate:
        rows = rows[given.split.test]
    known = rows[["lower", "upper", "actual"]].notna().all(axis=1) & (rows["weight"] > 0)
    if not known.any():
        raise DoesNotApply("no test row has both a band and an outcome.")
    return rows[known].reset_index(drop=True)


def at_bound(tables: tuple[AssumptionTable, ...], bound: str) -> tuple[AssumptionTable, ...]:
    """The tables with a bound in the place of their values; curves without one keep theirs."""
    return tuple(
        replace(
            table,
            curves=tuple(
                curve if getattr(curve, bound) is None else replace(curve, values=getattr(curve, bound))
                for curve in table.curves
            ),
        )
        for table in tables
    )


def _cells(given: CheckInput, rows: pd.DataFrame, rate: bool) -> pd.DataFrame:
    halves = month_number(rows["month"]) // HALF_YEAR
    first = (halves * HALF_YEAR) % 12 + 1
    names = rows["segment"].astype(str) + " · " + pd.Series(1970 + halves * HALF_YEAR // 12).astype(str)
    names += np.where(first == 1, ", first half", ", second half")
    codes, labels = pd.factorize(names, sort=True)
    weight = rows["weight"].to_numpy(np.float64)

    def mean(column: str) -> FloatArray:
        total = np.bincount(codes, weights=weight * rows[column].to_numpy(np.float64))
        return np.asarray(total / np.bincount(codes, weights=weight))

    low, high = bootstrap_of(given, rows).ratio_interval(weight * rows["actual"].to_numpy(), weight, codes)
    show = (lambda one: 1e4 * one) if rate else cpr_points
    return pd.DataFrame(
        {
            "cell": labels,
            "balance-months": np.bincount(codes, weights=weight),
            "realised": show(mean("actual")),
            "realised, lower": show(low),
            "realised, upper": show(high),
            "lower": show(mean("lower")),
            "upper": show(mean("upper")),
        }
    )


def _shown(cells: pd.DataFrame, rate: bool) -> pd.DataFrame:
    unit = "bp" if rate else "% CPR"
    names = {name: f"{name}, {unit}" for name in ("realised", "realised, lower", "realised, upper")}
    return cells.rename(columns={**names, "lower": f"band from, {unit}", "upper": f"to, {unit}"})


CHECK = Check("band_coverage", run, VALUES, __doc__)
