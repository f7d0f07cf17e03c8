"""Calibration: does what happened agree with what was expected, in total and in every cut that matters?

Purpose
-------
Cash flows use the level of a prediction, not its ranking: a model that is 10% too fast makes balances leave 10% too
fast in every scenario. This check sets actual against expected on months and customers that the fit never saw.

Mechanism
---------
Sums of actual and of predicted are compared overall and by month, economic driver, age, vintage, segment and tenth of
the predictions, weighted by balance and by count. Intervals come from a bootstrap that draws customers and half-years,
200 times; a group without an event, which no draw gives one, has a Poisson bound. Slope and intercept are those of the
outcome on the prediction (in log-odds for 0/1 outcomes); 1 and 0 are perfect. Money that returns to an account that
stood empty is in every sum, and not in the slope. For rates the distance is predicted minus actual in basis points. The
calibration error is the mean absolute gap over those tenths (expected calibration error, Naeini et al. 2015); the
Hosmer-Lemeshow p-value says what chance alone would make of the tenths if rows were independent, which months of one
customer are not. Every segment with 1% of the balance, the slow and the fast half of the driver's range, and the slope
have a 95% interval over customers in half-years (groups jointly); one that lies beyond 0.9 to 1.1 (slope: 0.8 to 1.2;
rates: 10 basis points either way) with the whole of it is a warning.

Signs of high risk
------------------
A ratio outside 0.9 to 1.1 whose interval leaves out 1; a slope below 0.8 (predictions too extreme) or above 1.2
(too flat); a good total made of a fast and a slow segment, or of a fast half and a slow half of the driver's range.

Strengths
---------
Says the error in the unit that the engine spends, with the dependence between months of one customer allowed for.

Limitations
-----------
Customers share the same rates and seasons, which drawing customers does not undo: with few test months the interval
is too narrow. A cut with few events says little, whichever way it falls.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from behavior.kinds.base import Exhibit
from behavior.validation.base import Check, CheckInput, Finding, Status
from behavior.validation.evidence import (
    BY_SIDE,
    Grouping,
    actual_against_expected,
    balance_ratio,
    balance_ratio_interval,
    begun_with_balance,
    bootstrap_of,
    clusters_of,
    groupings,
    is_rate,
    picture_unit,
    prediction_tenths,
    rows_of,
    tested_on,
)
from behavior.validation.limits import judged_groups, slope_beyond, words_of
from behavior.validation.statistics import ClusterBootstrap, SlopeLine, hosmer_lemeshow, logistic_line, straight_line

VALUES = {
    "ratio": "actual over expected, balance-weighted, on the test rows (for rates: mean rate paid over mean predicted)",
    "ratio_lower": "lower end of its 95% interval",
    "ratio_upper": "upper end of its 95% interval",
    "ratio_by_count": "actual over expected, every row alike (0/1 outcomes only)",
    "ratio_out_of_time": "actual over expected, later months, all customers",
    "ratio_unseen_customers": "actual over expected, training months, unseen customers",
    "slope": "slope of the outcome on the prediction (log-odds for 0/1 outcomes); 1 is perfect",
    "slope_lower": "lower end of its 95% interval",
    "slope_upper": "upper end of its 95% interval",
    "intercept": "intercept of that line; 0 is perfect",
    "error_basis_points": "predicted minus actual rate, balance-weighted mean, basis points (rates only)",
    "calibration_error": "mean absolute gap of monthly shares over tenths of the predictions (not of rates)",
    "hosmer_lemeshow_p": "p-value of Hosmer and Lemeshow over the same tenths, rows independent (0/1 outcomes only)",
    "worst_segment_distance": "largest |actual/expected - 1| of a segment with at least 5% of the balance",
    "segments_beyond": "segments beyond 0.9 to 1.1 (rates: 10 bp either way) with the whole of their interval",
    "driver_halves_beyond": "halves of the driver's range beyond the same limits with the whole of their interval",
}


MONTHLY = "Actual over expected is of what left in the months, not of the annual percentages beside it."


def run(given: CheckInput) -> Finding:
    """Compare actual and expected on the test rows."""
    rows, rate = rows_of(given, "test"), is_rate(given)
    bootstrap = bootstrap_of(given, rows)
    values = _overall(rows, bootstrap)
    if not given.predictions.binary:
        # A mean of shares without their balances is mostly the noise of small accounts.
        values.pop("ratio_by_count")
    for part in ("out_of_time", "unseen_customers"):
        values[f"ratio_{part}"] = balance_ratio(rows_of(given, part)) if getattr(given.split, part).any() else np.nan
    line = _line(rows, given.predictions.binary)
    values["slope"], values["intercept"] = line.slope, line.intercept
    values["slope_lower"], values["slope_upper"] = line.interval()
    if rate:
        values["error_basis_points"] = 1e4 * float(
            np.average(rows["predicted"] - rows["actual"], weights=rows["weight"])
        )
    counted = given.predictions.binary
    cuts = {name: actual_against_expected(rows, cut, rate, bootstrap, counted) for name, cut in groupings(rows).items()}
    if not rate:
        tenths = prediction_tenths(rows)
        cuts["prediction"] = actual_against_expected(rows, tenths, rate, bootstrap, counted)
        values |= _over_tenths(rows, tenths, counted)
    everything = Grouping("All test rows", np.zeros(len(rows), dtype=np.int64), ("all",))
    cuts = {"overall": actual_against_expected(rows, everything, rate, bootstrap, counted), **cuts}
    if "segment" in cuts:
        values["worst_segment_distance"] = _worst(rows)
    beyond = _beyond(rows, rate, values)
    off = not 0.9 <= values["ratio"] <= 1.1 and not values["ratio_lower"] <= 1.0 <= values["ratio_upper"]
    return Finding(
        "calibration",
        Status.WARN if off or beyond else Status.PASS,
        values,
        _words(values, rate, tested_on(given)) + beyond,
        exhibits=tuple(_exhibits(cuts, rate)),
    )


def _overall(rows: pd.DataFrame, bootstrap: ClusterBootstrap) -> dict[str, float]:
    low, high = balance_ratio_interval(rows, bootstrap)
    total = rows["predicted"].sum()
    by_count = float(rows["actual"].sum() / total) if total else np.nan
    return {"ratio": balance_ratio(rows), "ratio_lower": low, "ratio_upper": high, "ratio_by_count": by_count}


def _line(rows: pd.DataFrame, binary: bool) -> SlopeLine:
    """Slope and intercept; a line of shares has the slope of rows with a balance, and runs through the means of all."""
    if binary:
        return logistic_line(rows["predicted"], rows["actual"], np.ones(len(rows)), clusters_of(rows))
    some = rows[begun_with_balance(rows)]
    line = straight_line(some["predicted"], some["actual"], some["weight"], clusters_of(some))
    means = {side: float(np.average(rows[side], weights=rows["weight"])) for side in ("actual", "predicted")}
    return SlopeLine(means["actual"] - line.slope * means["predicted"], line.slope, line.deviation, line.freedom)


def _over_tenths(rows: pd.DataFrame, tenths: Grouping, counted: bool) -> dict[str, float]:
    """Mean absolute gap over tenths of the predictions, by count for 0/1 outcomes and by balance for shares."""
    weight = np.ones(len(rows)) if counted else rows["weight"].to_numpy(np.float64)
    table = pd.DataFrame({side: weight * rows[side].to_numpy(np.float64) for side in ("actual", "predicted")})
    sums = table.assign(weight=weight).groupby(tenths.codes).sum()
    found = {"calibration_error": float((sums["actual"] - sums["predicted"]).abs().sum() / weight.sum())}
    if counted:
        expected = sums["predicted"] / sums["weight"]
        _, found["hosmer_lemeshow_p"] = hosmer_lemeshow(sums["weight"], expected, sums["actual"], in_sample=False)
    return found


def _beyond(rows: pd.DataFrame, rate: bool, values: dict[str, float]) -> str:
    """What lies beyond its limits with the whole of its interval, in words; counts go into `values`."""
    words = ""
    if slope_beyond(values["slope_lower"], values["slope_upper"]):
        words = (
            f" The slope is beyond 0.8 to 1.2 with the whole of its interval "
            f"({values['slope_lower']:.2f} to {values['slope_upper']:.2f})."
        )
    driver = rows["driver"] if "driver" in rows else pd.Series(np.nan, rows.index)
    middle = float(driver.min() + driver.max()) / 2.0
    sides = pd.Series(
        np.where(driver > middle, f"above {100 * middle:+z.2f}%", f"to {100 * middle:+z.2f}%"), rows.index
    )
    cuts: dict[str, tuple[str, pd.Series[Any]]] = {"segments_beyond": ("segments", rows["segment"].astype(str))}
    if driver.nunique() > 1:
        cuts["driver_halves_beyond"] = ("halves of the driver's range", sides.where(driver.notna()))
    for name, (what, labels) in cuts.items():
        found = judged_groups(rows, labels, rate)
        values[name] = float(found["beyond"].sum())
        words += words_of(found, what, rate)
    return words


def _worst(rows: pd.DataFrame) -> float:
    total = rows["weight"].sum()
    parts = [balance_ratio(part) for _, part in rows.groupby("segment") if part["weight"].sum() >= 0.05 * total]
    return float(np.nanmax(np.abs(np.asarray(parts) - 1.0))) if parts else np.nan


def _words(values: dict[str, float], rate: bool, tested: str) -> str:
    if rate:
        return (
            f"On {tested} the predicted rate is {values['error_basis_points']:+z.1f} bp from "
            f"the rate paid on average; {_slope_words('slope', values['slope'])}."
        )
    count = f" and {values['ratio_by_count']:.3f} by count" if "ratio_by_count" in values else ""
    return (
        f"On {tested} actual over expected is {values['ratio']:.3f} by balance "
        f"(95% interval {values['ratio_lower']:.3f} to {values['ratio_upper']:.3f}){count}; "
        f"{_slope_words('calibration slope', values['slope'])}."
    )


def _slope_words(name: str, slope: float) -> str:
    if np.isnan(slope):
        return f"the {name} cannot be told from these rows (where predictions do not vary there is none)"
    return f"{name} {slope:.2f}"


def _exhibits(cuts: dict[str, pd.DataFrame], rate: bool) -> list[Exhibit]:
    pair = ["actual, % a year", "predicted, % a year"] if rate else ["actual, % CPR", "expected, % CPR"]
    unit = picture_unit(rate)
    note = "" if rate else MONTHLY
    found = []
    for name, table in cuts.items():
        title = "Actual against expected, " + ("all test rows" if name == "overall" else f"by {name}")
        if name == "month":
            data = table[["Month", *pair]].assign(Month=pd.to_datetime(table["Month"]) + pd.offsets.MonthEnd(0))
            found.append(Exhibit("calibration_by_month", title, "lines", data, "month", unit))
            found.append(Exhibit("calibration_by_month_table", title, "table", table, note=note, formats=BY_SIDE))
            continue
        if name != "overall" and len(table) > 1:
            found.append(Exhibit(f"calibration_by_{name}", title, "bars", table[[table.columns[0], *pair]], name, unit))
        found.append(Exhibit(f"calibration_by_{name}_table", title, "table", table, note=note, formats=BY_SIDE))
    return found


CHECK = Check("calibration", run, VALUES, __doc__)
