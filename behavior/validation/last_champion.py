"""Last champion: is the new version worth more than the one that it would replace?

Purpose
-------
A version that passes its own gates may still foresee less than the one in use. Before it becomes champion, both are put
to the same months and customers.

Mechanism
---------
The stored last champion, as it was judged, is rebuilt from its text and predicts the new history. Rows are those that
neither has learned from: the new version's test rows that were out of time and of customers held out for the last
champion too. Loss, weights, gain and its 95% interval are those of the benchmark; where predictions hold an event, as
closures of deposits, the loss is that of the event. The error by month is of the whole target. Rates are followed from
the same month on by both.

Signs of high risk
------------------
A gain whose interval lies below 0: the last champion is better beyond doubt. A gate on `last_champion` says how much of
that bars the alias. An error by month that grows while the loss falls.

Strengths
---------
Paired on the same rows, so that small differences show; the last champion is read from its record and not fitted again.

Limitations
-----------
Two versions that learned from nearly the same months differ by little, and a gain of nothing is no reason to keep the
older one: its curves know less of today. Rows that the last champion learned from are left out, so that a change of the
split may leave few.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from behavior.errors import DoesNotApply
from behavior.kinds.base import Exhibit
from behavior.quantities import FloatArray
from behavior.validation.base import Check, CheckInput, Finding, LastChampion, Status
from behavior.validation.evidence import (
    begun_with_balance,
    bootstrap_of,
    cpr_points,
    is_ranking,
    is_rate,
    monthly_path,
    picture_unit,
    rows_of,
)
from behavior.validation.paired import loss_scale, losses_of, mean_loss, path_error
from behavior.validation.statistics import ClusterBootstrap

LAST = "last_champion"
KEY = ["unit", "month", "cause"]
VALUES = {
    "gain_upper": "upper end of the 95% interval of the gain; below 0 = the last champion is better beyond doubt",
    "gain": "last champion's loss less this version's, as a share of the last champion's; above 0 = better",
    "gain_lower": "lower end of its 95% interval",
    "loss": "mean log loss a row; root mean square error for rates (bp) and net flows (% a month)",
    "loss_last_champion": "the last champion's, same unit",
    "path_error": "mean absolute error by month, CPR points or basis points",
    "path_error_last_champion": "the last champion's, same unit",
    "path_error_rise": "this version's less the last champion's, same unit; above 0 = worse",
    "rows": "rows that neither has learned from",
}


def run(given: CheckInput) -> Finding:
    """Compare with the last champion on rows that neither has learned from."""
    last = given.last_champion
    if last is None:
        raise DoesNotApply("no version was champion before this one.")
    if last.predictions is None:
        raise DoesNotApply(f"{last.version} cannot be asked: {last.reason}")
    rate, events, both = is_rate(given), is_ranking(given), _both(given, last)
    event = given.predictions.event
    if event is not None and last.predictions.event is not None:
        events = True
        asked = replace(given, predictions=event)
        rows = _both(asked, replace(last, predictions=last.predictions.event))
    else:
        asked, rows = given, both[begun_with_balance(both)].reset_index(drop=True)
    weight = np.ones(len(rows)) if asked.predictions.binary else rows["weight"].to_numpy(np.float64)
    own, other = (losses_of(rows, name, events) for name in ("predicted", LAST))
    gain, low, high = _gain(bootstrap_of(given, rows), weight * (other - own), weight * other)
    path = monthly_path(both, ("actual", "predicted", LAST))
    scale = loss_scale(events, rate)
    values = {
        "gain_upper": high,
        "gain": gain,
        "gain_lower": low,
        "loss": mean_loss(own, weight, scale),
        f"loss_{LAST}": mean_loss(other, weight, scale),
        "path_error": path_error(path, "predicted", rate),
        f"path_error_{LAST}": path_error(path, LAST, rate),
        "path_error_rise": path_error(path, "predicted", rate) - path_error(path, LAST, rate),
        "rows": float(len(rows)),
    }
    status = Status.WARN if not values["gain_upper"] >= 0 else Status.PASS
    return Finding(LAST, status, values, _words(last, values), exhibits=_exhibits(last, values, path, rate, events))


def _gain(bootstrap: ClusterBootstrap, gained: FloatArray, of: FloatArray) -> tuple[float, float, float]:
    """What is gained as a share of the last champion's loss, with its 95% interval.

    Two versions without any error have gained nothing on each other; of no error alone nothing can be gained.
    """
    if not of.any():
        return (0.0, 0.0, 0.0) if not gained.any() else (np.nan, np.nan, np.nan)
    low, high = bootstrap.ratio_interval(gained, of)
    return float(gained.sum() / of.sum()), float(low[0]), float(high[0])


def _both(given: CheckInput, last: LastChampion) -> pd.DataFrame:
    """Test rows that the last champion has not learned from either, with its prediction as a further column.

    Raises
    ------
    DoesNotApply : when there is none.
    """
    assert last.predictions is not None
    theirs = last.predictions.table[[*KEY, "predicted"]].rename(columns={"predicted": LAST})
    rows = rows_of(given, "test").merge(theirs.dropna(subset=[LAST]), on=KEY, how="inner")
    if rows.empty:
        raise DoesNotApply(f"no test row is one that {last.version} has not learned from.")
    return rows


def _words(last: LastChampion, values: dict[str, float]) -> str:
    gain, low, high = (100 * values[name] for name in ("gain", "gain_lower", "gain_upper"))
    where = f"On {values['rows']:,.0f} rows that neither has learned from"
    if np.isnan(gain):
        return f"{where}, the last champion, {last.version}, makes no error: there is nothing to gain on it."
    if high < 0:
        told = f"the last champion, {last.version}, is better"
    elif low > 0:
        told = f"the version is better than the last champion, {last.version}"
    else:
        told = f"the version and the last champion, {last.version}, are not told apart"
    return f"{where}, {told}: gain {gain:+z.2f}% of its loss ({low:+z.2f}% to {high:+z.2f}%)."


def _exhibits(
    last: LastChampion, values: dict[str, float], path: pd.DataFrame, rate: bool, events: bool
) -> tuple[Exhibit, ...]:
    root = "root mean square error, bp" if rate else "root mean square error, % a month"
    table = pd.DataFrame(
        {
            "model": ["this version", last.version],
            "log loss a row" if events else root: [values["loss"], values[f"loss_{LAST}"]],
            "error by month, bp" if rate else "error by month, CPR points": [
                values["path_error"],
                values[f"path_error_{LAST}"],
            ],
        }
    )
    show = (lambda share: 100 * share) if rate else cpr_points
    names = {"actual": "realised", "predicted": "this version", LAST: last.version}
    lines = pd.DataFrame({"month": path["month"], **{name: show(path[one]) for one, name in names.items()}})
    title = "This version and the last champion on the same rows"
    return (
        Exhibit("last_champion_table", title, "table", table),
        Exhibit("last_champion_path", "The same, month by month", "lines", lines, "month", picture_unit(rate)),
    )


CHECK = Check(LAST, run, VALUES, __doc__)
