"""One data set, one protocol: the table that says whether the law earns its place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from behavior.benchmark.beta_models import CHAMPION, models, pooled_structural
from behavior.benchmark.beta_protocols import leave_one_label_out, leave_one_phase_out
from behavior.benchmark.beta_scores import BetaBenchmark, run_protocol
from behavior.errors import UsageError
from behavior.kinds._beta_panel import build_beta_panel, series_of_panel
from behavior.kinds.deposit_beta import fit_options
from behavior.market.history import RateHistory
from behavior.panel.base import CustomerHistory
from behavior.specs import ModelSpec

PHASE = "phase"


@dataclass(frozen=True)
class BetaQuestion:
    """What is left out.

    Parameters
    ----------
    leave_out : ``phase`` (a phase of the rate cycle), or the name of a segment column: each of its labels in turn.
    by : segment columns of the comparison; the first is the one whose label a series left out is pooled under.
    floor : bound of the rate paid, decimal a year.
    """

    leave_out: str
    by: tuple[str, ...]
    floor: float = 0.0


def beta_benchmark(
    history: CustomerHistory, rates: RateHistory, spec: ModelSpec, question: BetaQuestion
) -> BetaBenchmark:
    """Score champion, challengers and incumbents on what is left out, with the specification's own settings.

    Raises
    ------
    UsageError : the thing to leave out is neither ``phase`` nor a segment column.
    """
    if question.leave_out not in (PHASE, *question.by):
        raise UsageError(f"leave out {question.leave_out!r}: expected `{PHASE}` or one of {', '.join(question.by)}.")
    chosen = spec.model_copy(update={"segments": spec.segments.model_copy(update={"by": question.by})})
    panel = build_beta_panel(history, rates, chosen)
    series = series_of_panel(panel.table, question.by)
    options = replace(fit_options(chosen), floor=question.floor, replicates=1)
    known = models(options)
    if question.leave_out == PHASE:
        return run_protocol(leave_one_phase_out(series), known)
    logistic = replace(options, form="logistic")
    pooled = {CHAMPION: pooled_structural(series, options), "logistic law": pooled_structural(series, logistic)}
    folds = leave_one_label_out(series, question.by.index(question.leave_out))
    return run_protocol(folds, {**known, **pooled})


def lines(found: BetaBenchmark) -> list[Mapping[str, object]]:
    """The summary as rows of text and numbers, for a table on the console."""
    return [{str(key): value for key, value in row.items()} for row in found.summary.round(2).to_dict("records")]
