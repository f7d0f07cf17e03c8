"""Back-test: had we used the model, how far would the portfolio's path have been from what happened?

Purpose
-------
Treasury hedges portfolios month by month. This is the error it would have carried: monthly prepayment speed,
run-off or rate paid of the portfolio, predicted against realised.

Mechanism
---------
Balance-weighted means of actual and predicted by month, once on the test rows (later months and unseen customers)
and once on all customers in later months. Shares become annual percentages (CPR); rates are in basis points. Errors
are predicted minus actual. The path of the remaining balance, the product of (1 - share), shows whether errors
cancel or add up. A total of the test rows beyond 0.9 to 1.1 whose 95% interval, by customer and half-year, leaves
out 1 is a warning. All customers' later months are looked at by segment and by calendar year too: one with 1% of the
balance that lies beyond 0.9 to 1.1 (rates: 10 basis points either way) with the whole of its 95% interval, by
customer and half-year and jointly for all of them, is a warning.

Signs of high risk
------------------
A bias of one sign in most months; errors that grow with time; a last remaining balance more than a few points off;
a good total whose segments or years are wrong in turn.

Strengths
---------
The figure a committee understands, at the level at which it is used.

Limitations
-----------
The realised rates and macro data are given to the model: this is the error of the behaviour, not of a forecast of
rates. A test window inside one rate regime says nothing about another.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from behavior.kinds.base import Exhibit
from behavior.validation.base import Check, CheckInput, Finding, Status
from behavior.validation.evidence import (
    balance_ratio,
    balance_ratio_interval,
    bootstrap_of,
    cpr_points,
    is_rate,
    monthly_path,
    picture_unit,
    rows_of,
    tested_on,
)
from behavior.validation.limits import judged_groups, words_of
from behavior.validation.statistics import path_errors

VALUES = {
    "weighted_error": "sum over months of |predicted - actual| over sum of |actual|, by balance, test rows",
    "mean_error": "predicted minus actual mean level over the months, CPR points (rates: basis points)",
    "mean_absolute_error": "mean absolute error of the months, CPR points (rates: basis points)",
    "root_mean_square_error": "root mean square error of the months, CPR points (rates: basis points)",
    "ratio": "actual over predicted, all test months",
    "ratio_lower": "lower end of its 95% interval, by customer and half-year",
    "ratio_upper": "upper end of its 95% interval",
    "months": "test months",
    "share_of_months_too_high": "share of test months in which the prediction was above what happened",
    "remaining_balance_error": "predicted minus realised remaining share of balance at the end, percentage points",
    "weighted_error_out_of_time": "the same weighted error, later months, all customers",
    "mean_error_out_of_time": "mean error, later months, all customers, CPR points (rates: basis points)",
    "ratio_out_of_time": "actual over predicted, later months, all customers",
    "segments_beyond": "segments beyond 0.9 to 1.1 (rates: 10 bp either way) with the whole of their interval, later "
    "months, all customers",
    "years_beyond": "calendar years beyond the same limits with the whole of their interval, on the same rows",
}


def run(given: CheckInput) -> Finding:
    """Set the portfolio's predicted path beside the realised one."""
    rate = is_rate(given)
    values, exhibits = _path(given, "test", rate)
    late, pictures = _path(given, "out_of_time", rate)
    for name in ("weighted_error", "mean_error", "ratio"):
        values[f"{name}_out_of_time"] = late[name]
    unit = "bp" if rate else "CPR points"
    words = (
        f"Over {values['months']:.0f} months ({tested_on(given)}) the path was {values['mean_error']:+z.2f} {unit} "
        f"from what happened on average ({values['mean_absolute_error']:.2f} in absolute terms); for all customers "
        f"in the same months {values['mean_error_out_of_time']:+z.2f}."
    )
    beyond = _beyond(rows_of(given, "out_of_time"), rate, values)
    rows = rows_of(given, "test")
    values["ratio_lower"], values["ratio_upper"] = balance_ratio_interval(rows, bootstrap_of(given, rows))
    off = beyond or (not 0.9 <= values["ratio"] <= 1.1 and not values["ratio_lower"] <= 1.0 <= values["ratio_upper"])
    # Without held-out customers the two parts are the same rows.
    shown = (*exhibits, *pictures) if given.split.unseen_customers.any() else exhibits
    return Finding("backtest", Status.WARN if off else Status.PASS, values, words + beyond, exhibits=shown)


def _beyond(rows: pd.DataFrame, rate: bool, values: dict[str, float]) -> str:
    """Segments and years beyond their limits with the whole of their interval, in words; counts go into `values`."""
    words = ""
    years = rows["month"].dt.year.astype(str)
    for what, name, labels in (
        ("segments", "segments_beyond", rows["segment"].astype(str)),
        ("years", "years_beyond", years),
    ):
        found = judged_groups(rows, labels, rate)
        values[name] = float(found["beyond"].sum())
        words += words_of(found, what, rate)
    return words


def _path(given: CheckInput, part: str, rate: bool) -> tuple[dict[str, float], tuple[Exhibit, ...]]:
    path = monthly_path(rows_of(given, part))
    if rate:
        actual, predicted = 1e4 * path["actual"].to_numpy(), 1e4 * path["predicted"].to_numpy()
    else:
        actual, predicted = cpr_points(path["actual"]), cpr_points(path["predicted"])
    errors = path_errors(actual, predicted)
    weight = path["weight"].to_numpy()
    # Annualising is concave: the mean of noisy monthly CPRs is biased, the CPR of the mean share is not.
    pooled = {side: np.array([np.average(path[side], weights=weight)]) for side in ("actual", "predicted")}
    bias = errors.bias if rate else float((cpr_points(pooled["predicted"]) - cpr_points(pooled["actual"]))[0])
    realised = float(np.abs(weight * path["actual"]).sum())
    values = {
        "weighted_error": float((weight * (path["predicted"] - path["actual"]).abs()).sum()) / realised
        if realised
        else np.nan,
        "mean_error": bias,
        "mean_absolute_error": errors.mae,
        "root_mean_square_error": errors.rmse,
        "ratio": balance_ratio(path),
        "months": float(len(path)),
        "share_of_months_too_high": float((predicted > actual).mean()),
    }
    held_out = part == "test" and given.split.unseen_customers.any()
    where = "unseen customers" if held_out else "all customers"
    unit = picture_unit(rate)
    scale = 0.01 if rate else 1.0
    lines = pd.DataFrame({"month": path["month"], "realised": scale * actual, "predicted": scale * predicted})
    exhibits = [
        Exhibit(f"backtest_{part}", f"Realised and predicted, later months, {where}", "lines", lines, "month", unit)
    ]
    if not rate:
        left = pd.DataFrame({"month": path["month"]})
        left["realised"] = 100 * np.cumprod(1.0 - path["actual"])
        left["predicted"] = 100 * np.cumprod(1.0 - path["predicted"])
        values["remaining_balance_error"] = float(left["predicted"].iloc[-1] - left["realised"].iloc[-1])
        title = f"Remaining balance, later months, {where}"
        exhibits.append(Exhibit(f"remaining_{part}", title, "lines", left, "month", "share of balance left, %"))
    return values, tuple(exhibits)


CHECK = Check("backtest", run, VALUES, __doc__)
