"""Benchmark: does the model beat what anybody could do with a table?

Purpose
-------
Every model has to earn its complexity. The benchmark is the empirical table of the training months, the challenger
a plain model; where one of them does as well, it should be used.

Mechanism
---------
Log loss a row or, for rates and for net flows, balance-weighted squared error of this version, challenger and benchmark
on the same test rows. Where the models differ by an event alone, as those of decay do by closures, the log loss is that
of the event: the deposits and withdrawals that they share would drown it. The gain is the rival's loss less this
version's, with a 95% interval from drawing customers and half-years, since both share what happens to them. Portfolio
error by month is shown beside it, because ranking and level are won separately, and holds what flows into accounts
that stood empty, whose rows a squared error leaves out.

Signs of high risk
------------------
A gain whose interval holds 0 or lies below it, or that cannot be told because the rival makes no error; a version
that wins by row and loses by month.

Strengths
---------
Paired on the same rows, so that even small differences show; a loss is reported in the same words as a win.

Limitations
-----------
A win on these months is no promise for a rate cycle that neither has seen. Structure often generalises better than
flexibility.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from behavior.errors import DoesNotApply
from behavior.kinds.base import Exhibit
from behavior.validation.base import Check, CheckInput, Finding, Status
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

OURS = "this version"
RIVALS = {"challenger": "plain challenger", "benchmark": "empirical benchmark"}
VALUES = {
    "gain_on_benchmark": "benchmark's loss less this version's, as a share of the benchmark's; above 0 = better, "
    "unknown where the benchmark makes no error",
    "gain_on_benchmark_lower": "lower end of its 95% interval",
    "gain_on_benchmark_upper": "upper end of its 95% interval",
    "gain_on_challenger": "loss of the plain challenger less this version's, relative to the challenger's",
    "gain_on_challenger_lower": "lower end of its 95% interval",
    "gain_on_challenger_upper": "upper end of its 95% interval",
    "loss": "this version's mean log loss a row; root mean square error for rates (bp) and net flows (% a month)",
    "loss_challenger": "challenger's, same unit",
    "loss_benchmark": "benchmark's, same unit",
    "path_error": "this version's mean absolute error by month, CPR points or basis points",
    "path_error_challenger": "challenger's, same unit",
    "path_error_benchmark": "benchmark's, same unit",
}


def run(given: CheckInput) -> Finding:
    """Compare losses on the test rows."""
    rate = is_rate(given)
    flow, event = rows_of(given, "test"), given.predictions.event
    if event is not None:
        given = replace(given, predictions=event)
    every = rows_of(given, "test")
    names = [name for name in RIVALS if name in every and every[name].notna().any()]
    if not names:
        raise DoesNotApply("no rival was predicted; a version read back has those that its kind stores.")
    whole = every.dropna(subset=names)
    rows = whole[begun_with_balance(whole)].reset_index(drop=True)
    weight = np.ones(len(rows)) if given.predictions.binary else rows["weight"].to_numpy(np.float64)
    bootstrap = bootstrap_of(given, rows)
    events = is_ranking(given)
    losses = {name: losses_of(rows, name, events) for name in ("predicted", *names)}
    scale = loss_scale(events, rate)
    values = {"loss": mean_loss(losses["predicted"], weight, scale)}
    for name in names:
        gain, rivals = weight * (losses[name] - losses["predicted"]), weight * losses[name]
        low, high = bootstrap.ratio_interval(gain, rivals)
        total = float(rivals.sum())
        # No share of nothing: beside a rival without any error the gain is unknown, which is not a win.
        values[f"gain_on_{name}"] = float(gain.sum()) / total if total > 0 else np.nan
        values[f"gain_on_{name}_lower"], values[f"gain_on_{name}_upper"] = float(low[0]), float(high[0])
        values[f"loss_{name}"] = mean_loss(losses[name], weight, scale)
    path = monthly_path(flow.dropna(subset=names), ("actual", "predicted", *names))
    for name in ("predicted", *names):
        suffix = "" if name == "predicted" else f"_{name}"
        values[f"path_error{suffix}"] = path_error(path, name, rate)
    beaten = [name for name in names if not values[f"gain_on_{name}_lower"] > 0]
    words = "" if event is None else f"Compared by {event.target}, the only part in which they differ. "
    words += " ".join(_words(name, values) for name in names)
    if len(whole) < len(every):
        words += f" {len(every) - len(whole):,} test rows without a rival's prediction are left out."
    status = Status.WARN if beaten else Status.PASS
    return Finding("benchmark", status, values, words, exhibits=_exhibits(values, names, path, rate, events))


def _words(name: str, values: dict[str, float]) -> str:
    gain, low, high = (values[f"gain_on_{name}{end}"] for end in ("", "_lower", "_upper"))
    interval = f"({100 * low:+z.2f}% to {100 * high:+z.2f}%)"
    rival = f"the {RIVALS[name]}"
    if np.isnan(gain):
        return _words_without_error(rival, values["loss"])
    if low > 0:
        return f"The model's loss is {100 * gain:.2f}% below that of {rival} {interval}."
    if high < 0:
        better = f"{rival[0].upper()}{rival[1:]} wins: its loss is lower"
        return f"{better}, the model's gain is {100 * gain:+z.2f}% {interval}."
    words = f"The model is not better than {rival} beyond doubt: gain {100 * gain:+z.2f}% {interval}"
    return f"{words}; prefer the simpler one."


def _words_without_error(rival: str, loss: float) -> str:
    if loss > 0:
        return f"{rival[0].upper()}{rival[1:]} wins: it makes no error on these rows, and the model does."
    return f"Neither the model nor {rival} makes an error on these rows: they tell nothing; prefer the simpler."


GAINS = {"gain of this version, %": "", "lower, %": "_lower", "upper, %": "_upper"}


def _gains(values: dict[str, float], name: str) -> dict[str, float]:
    """What the version gains on a rival with its interval, in percent; nothing on itself."""
    return {
        head: np.nan if name == "predicted" else 100 * values[f"gain_on_{name}{end}"] for head, end in GAINS.items()
    }


def _exhibits(
    values: dict[str, float], names: list[str], path: pd.DataFrame, rate: bool, events: bool
) -> tuple[Exhibit, ...]:
    root = "root mean square error, bp" if rate else "root mean square error, % a month"
    loss_name = "log loss a row" if events else root
    path_name = "error by month, bp" if rate else "error by month, CPR points"
    table = pd.DataFrame(
        [
            {
                "model": OURS if name == "predicted" else RIVALS[name],
                loss_name: values["loss" if name == "predicted" else f"loss_{name}"],
                **_gains(values, name),
                path_name: values["path_error" if name == "predicted" else f"path_error_{name}"],
            }
            for name in ("predicted", *names)
        ]
    )
    show = (lambda share: 100 * share) if rate else cpr_points
    lines = pd.DataFrame({"month": path["month"], "realised": show(path["actual"]), OURS: show(path["predicted"])})
    for name in names:
        lines[RIVALS[name]] = show(path[name])
    unit = picture_unit(rate)
    title = "This version, challenger and benchmark on the same rows"
    return (
        Exhibit("benchmark_table", title, "table", table, formats=dict.fromkeys(GAINS, ",.2f")),
        Exhibit("benchmark_path", "The same, month by month", "lines", lines, "month", unit),
    )


CHECK = Check("benchmark", run, VALUES, __doc__)
