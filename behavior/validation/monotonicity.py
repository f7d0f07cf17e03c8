"""Monotonicity: does the behaviour move with its economic driver in the direction that sense demands?

Purpose
-------
Scenarios move the driver far outside what a history holds. There only the direction built into the curve stands
between a valuation and nonsense: prepayment rises with the incentive to refinance, run-off with the spread that a
customer forgoes.

Mechanism
---------
Every exported curve is walked along every driver axis, at each month and each place of the other axes; a step the
wrong way beyond 1e-5 a month counts, a hundredth of a CPR point. A curve by months since as-of is judged by its mean
hazard up to each month, which is what has left by then: it is the path of a mix, those who react most leave first, and
of those who are left after many months at a wide spread fewer may leave in the month than at a narrow one. Beside it
the realised and the predicted share by group of the driver on the test rows, so that the direction can be seen and not
only be constrained. Burnout (months in the money) is expected to slow a behaviour and is shown without being judged; so
is pass-through by rate level, which has only to stay between 0 and 1.5.

Signs of high risk
------------------
Any wrong step in the rate incentive or spread; a realised picture that runs against the constraint.

Strengths
---------
Looks at the table that is used, not at the model's settings.

Limitations
-----------
A constraint that holds everywhere can still be wrong in size; a flat end of the curve is monotone too.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from behavior.assumptions.curve import AssumptionCurve
from behavior.assumptions.effects import Driver, Effect, MonthMeaning
from behavior.assumptions.set import AssumptionTable
from behavior.errors import DoesNotApply
from behavior.kinds.base import Exhibit
from behavior.quantities import FloatArray, Quantity
from behavior.validation.base import Check, CheckInput, Finding, Status
from behavior.validation.evidence import (
    actual_against_expected,
    bootstrap_of,
    groupings,
    is_rate,
    picture_unit,
    rows_of,
)

JUDGED = (Driver.RATE_INCENTIVE, Driver.RATE_SPREAD)
SMALLEST_STEP = 1e-5
LARGEST_PASS_THROUGH = 1.5
VALUES = {
    "wrong_steps": "share of grid steps along a judged driver that go the wrong way",
    "worst_wrong_step": "largest step the wrong way, unit of the curve",
    "steps": "grid steps looked at along judged drivers",
    "outside_bounds": "values of pass-through outside 0 to 1.5, or of a hazard outside 0 to 1",
    "rank_correlation_realised": "Spearman correlation between driver group and realised level on the test rows",
}


def run(given: CheckInput) -> Finding:
    """Walk the exported curves along their drivers."""
    drivers = [driver for table in given.tables for driver in table.drivers]
    if not drivers:
        raise DoesNotApply("no exported table has a driver axis, so nothing moves with rates.")
    walked = [_walk(table) for table in given.tables]
    steps, wrong = sum(one[0] for one in walked), sum(one[1] for one in walked)
    worst, outside = max(one[2] for one in walked), sum(one[3] for one in walked)
    values = {
        "wrong_steps": wrong / steps if steps else 0.0,
        "worst_wrong_step": worst,
        "steps": float(steps),
        "outside_bounds": float(outside),
    }
    exhibits = _realised(given, values)
    if wrong:
        words = f"{wrong:,} of {steps:,} grid steps go the wrong way, the largest by {worst:.2e}."
    elif steps:
        words = f"All {steps:,} grid steps along the economic driver go the right way."
    else:
        words = f"No driver is judged by direction; {outside:,} values lie outside their bounds."
    status = Status.WARN if wrong or outside else Status.PASS
    return Finding("monotonicity", status, values, words, exhibits=exhibits)


def _walk(table: AssumptionTable) -> tuple[int, int, float, int]:
    """Steps, wrong steps, worst wrong step and values outside bounds of one table."""
    steps, wrong, worst, outside = 0, 0, 0.0, 0
    for curve in table.curves:
        values: FloatArray = curve.values
        top = LARGEST_PASS_THROUGH if table.quantity is Quantity.MARGINAL_PASS_THROUGH else 1.0
        outside += int(((values < 0.0) | (values > top)).sum())
        judged = _mean_so_far(curve) if table.month_meaning is MonthMeaning.SINCE_AS_OF else values
        for axis, driver in enumerate(table.drivers):
            if driver not in JUDGED or table.effect is Effect.REPRICING:
                continue
            rises = np.diff(judged, axis=axis)
            steps += rises.size
            wrong += int((rises < -SMALLEST_STEP).sum())
            worst = max(worst, float(-rises.min(initial=0.0)))
    return steps, wrong, worst, outside


def _mean_so_far(curve: AssumptionCurve) -> FloatArray:
    """Mean hazard a month up to each of a curve's months, by the logarithm of what is left; shape of its values."""
    gone = np.cumsum(-np.log1p(-np.clip(curve.monthly_values, 0.0, 1.0 - 1e-12)), axis=-1)
    return np.asarray(gone[..., curve.months - 1] / curve.months)


def _realised(given: CheckInput, values: dict[str, float]) -> tuple[Exhibit, ...]:
    try:
        rows, rate = rows_of(given, "test"), is_rate(given)
    except DoesNotApply:
        # Without test rows there is no picture; what the tables say is known all the same.
        return ()
    cut = groupings(rows).get("driver")
    if cut is None or len(cut.labels) < 3:
        return ()
    table = actual_against_expected(rows, cut, rate, bootstrap_of(given, rows))
    pair = ["actual, % a year", "predicted, % a year"] if rate else ["actual, % CPR", "expected, % CPR"]
    order = pd.Series(np.arange(len(table)))
    values["rank_correlation_realised"] = float(order.corr(table[pair[0]].rank()))
    unit = picture_unit(rate)
    title = "Realised and predicted by the economic driver, test rows"
    return (Exhibit("driver_picture", title, "lines", table[[table.columns[0], *pair]], "driver", unit),)


CHECK = Check("monotonicity", run, VALUES, __doc__)
