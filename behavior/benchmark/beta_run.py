"""One data set, one protocol: the table that says whether the law earns its place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import pandas as pd

from behavior.benchmark.bars import judge_bar
from behavior.benchmark.beta_models import (
    AS_TABLES,
    CHAMPION,
    INCUMBENT,
    LAST_CYCLE,
    incumbent,
    models,
    pooled_structural,
)
from behavior.benchmark.beta_protocols import leave_one_label_out, leave_one_phase_out
from behavior.benchmark.beta_scores import BETA, BetaBenchmark, run_protocol
from behavior.benchmark.hazard_models import OURS
from behavior.benchmark.hazard_scores import Score, table_of
from behavior.benchmark.incumbents import legend_name, row_words
from behavior.benchmark.protocol_rules import PHASE
from behavior.benchmark.protocols import Incumbent, Question
from behavior.benchmark.resampling import value_and_interval
from behavior.benchmark.results import Answer
from behavior.errors import Fault, FittingError, SpecFault, UsageError
from behavior.estimators.pass_through_series import BASIS_POINTS
from behavior.kinds._beta_learning import fit_options
from behavior.kinds._beta_panel import build_beta_panel, series_of_panel
from behavior.kinds.base import Exhibit
from behavior.market.history import RateHistory
from behavior.panel.base import CustomerHistory
from behavior.panel.dense import month_end_of
from behavior.specs import ModelSpec

PICTURED = 6
NO_TABLES = (
    "Error correction and boosted trees pull a rate to the level that they learned, and an assumption set starts from "
    f"today's rate without a jump: neither can be exported. `{AS_TABLES}` is what target and speed hold of the first."
)


@dataclass(frozen=True)
class BetaQuestion:
    """What is left out.

    Parameters
    ----------
    leave_out : ``phase`` (a phase of the rate cycle), or the name of a segment column: each of its labels in turn.
    by : segment columns of the comparison; the first is the one whose label a series left out is pooled under.
    betas : the bank's own, by the first label or "" for all.
    """

    leave_out: str
    by: tuple[str, ...]
    betas: Mapping[str, float] | None = None


def beta_benchmark(
    history: CustomerHistory, rates: RateHistory, spec: ModelSpec, question: BetaQuestion
) -> BetaBenchmark:
    """Score our law, challengers and incumbents on what is left out, with the specification's own settings.

    Raises
    ------
    UsageError : the thing to leave out is neither ``phase`` nor a segment column. SpecFault : betas of the bank's own
        that are of other labels than the history's.
    """
    if question.leave_out not in (PHASE, *question.by):
        raise UsageError(f"leave out {question.leave_out!r}: expected `{PHASE}` or one of {', '.join(question.by)}.")
    chosen = spec.model_copy(update={"segments": spec.segments.model_copy(update={"by": question.by})})
    panel = build_beta_panel(history, rates, chosen)
    series = series_of_panel(panel.table, question.by)
    options = replace(fit_options(chosen), replicates=1)
    known = models(options)
    known[INCUMBENT] = incumbent(question.betas, options.floor) if question.betas else known[LAST_CYCLE]
    unsaid = _labels_without_beta(question, {one.segment[0] for one in series})
    if question.leave_out == PHASE:
        return _with_words(run_protocol(leave_one_phase_out(series), known), unsaid)
    logistic = replace(options, form="logistic")
    pooled = {CHAMPION: pooled_structural(series, options), "logistic law": pooled_structural(series, logistic)}
    folds = leave_one_label_out(series, question.by.index(question.leave_out))
    return _with_words(run_protocol(folds, {**known, **pooled}), unsaid)


def _labels_without_beta(question: BetaQuestion, labels: set[str]) -> list[str]:
    """Labels of the first segment column of which the bank's own betas say nothing; none where one beta is for all.

    Raises
    ------
    SpecFault : they say nothing of any.
    """
    if not question.betas or "" in question.betas:
        return []
    unsaid = sorted(labels - set(question.betas))
    if len(unsaid) == len(labels):
        rule = f"expected a beta for the labels of `{question.by[0]}` ({', '.join(unsaid)})"
        raise SpecFault([Fault("vendor table", rule, column="product", value=", ".join(sorted(question.betas)))])
    return unsaid


def _with_words(found: BetaBenchmark, unsaid: Sequence[str]) -> BetaBenchmark:
    """The same, with the labels of which the bank's own betas say nothing among the answers that are not there."""
    why = "no beta in what the bank uses today"
    return replace(found, failed={**found.failed, **{f"{INCUMBENT}, {label}": why for label in unsaid}})


def beta_answer(
    name: str,
    history: CustomerHistory,
    rates: RateHistory,
    spec: ModelSpec,
    question: Question,
    betas: Mapping[str, float] | None = None,
) -> Answer:
    """The same as an answer of the benchmark: figures, bars and pictures.

    Raises
    ------
    FittingError : the model itself cannot be fitted in any fold.
    """
    protocol = question.protocol
    by = protocol.by or spec.segments.by
    asked = BetaQuestion(protocol.leave_out or PHASE, by, betas)
    found = beta_benchmark(history, rates, spec, asked)
    if CHAMPION not in found.models:
        why = next(why for who, why in found.failed.items() if who.startswith(f"{CHAMPION}, "))
        raise FittingError(f"The model to be judged has no answer in any fold, the first because: {why}")
    scores = _as_ours(found.scores())
    table = pd.concat([table_of(own, cause="rate_paid", model=model) for model, own in scores.items()])
    verdicts = tuple(
        judge_bar(question.title, bar, _as_ours(found.scores_beside(bar.rivals)) if bar.rivals else scores)
        for bar in question.bars
    )
    refused = [f"{who}: {why}" for who, why in found.failed.items()]
    words = {OURS: CHAMPION, INCUMBENT: row_words(question.incumbent, LAST_CYCLE)}
    return Answer(
        name=name,
        title=question.title,
        kind="deposit_beta",
        protocol=protocol.name or f"leave one {asked.leave_out} out",
        scores=table.reset_index(drop=True),
        summary=_summary(found, scores, words),
        verdicts=verdicts,
        winner=_winner(found.summary, words),
        exhibits=_pictures(found, question.incumbent),
        notes=(*((question.says,) if question.says else ()), NO_TABLES, *refused),
        facts={"rows judged": len(found.rows), "folds": int(found.rows["fold"].nunique())},
    )


def _as_ours(scores: Mapping[str, list[Score]]) -> dict[str, list[Score]]:
    """Scores by the names that a table has."""
    return {OURS if model == CHAMPION else model: own for model, own in scores.items()}


def _summary(found: BetaBenchmark, scores: Mapping[str, list[Score]], words: Mapping[str, str]) -> pd.DataFrame:
    lines = []
    for line in found.summary.to_dict("records"):
        model = OURS if line["model"] == CHAMPION else str(line["model"])
        beta = next((one for one in scores[model] if one.score == BETA), None)
        part = "" if line["rows"] == len(found.rows) else f"answers {line['rows']:,} of {len(found.rows):,} rows"
        row: dict[str, object] = {
            "model": model,
            "what": "; ".join(one for one in (words.get(model, ""), part) if one),
            "path error, bp": f"{line['path error, bp']:.1f} ({line['lower']:.1f}..{line['upper']:.1f})",
        }
        if beta is not None:
            value, low, high = value_and_interval(beta.draws)
            row["cumulative beta error"] = f"{value:.3f} ({low:.3f}..{high:.3f})"
        if model != OURS:
            ahead = [line.get(f"{one}", float("nan")) for one in _AHEAD]
            row["ours minus this, bp"] = f"{ahead[0]:+z.1f} ({ahead[1]:+z.1f}..{ahead[2]:+z.1f})"
            row["ours closer in"] = line.get("folds where ours is closer", "")
        lines.append(row)
    return pd.DataFrame(lines).fillna("")


_AHEAD = ("ours minus this, bp", "difference lower", "difference upper")


def _winner(summary: pd.DataFrame, names: Mapping[str, str]) -> str:
    """Who has the lower path error, and by how much ours is ahead or behind on the same rows, in words."""
    mine, others = summary[summary["model"] == CHAMPION].iloc[0], summary[summary["model"] != CHAMPION]
    whole = others[others["rows"] == mine["rows"]]
    closest = (others if whole.empty else whole).sort_values("path error, bp", kind="stable").iloc[0]
    best = str(closest["model"])
    value, low, high = (float(closest[one]) for one in _AHEAD)
    called = f"{best} ({names[best]})" if best in names else best
    words = f"ours differs from it by {value:+z.1f} bp ({low:+z.1f} to {high:+z.1f})"
    if value <= 0:
        return f"ours; the closest other is {called}: {words}"
    return f"{called}, {'by more than chance' if low > 0 else 'not told apart from ours'}: {words}"


def _pictures(found: BetaBenchmark, given: Incumbent) -> tuple[Exhibit, ...]:
    """Rates foretold and paid, for the first folds; and path errors by fold."""
    exhibits = []
    errors = found.by_fold.pivot_table(index="fold", columns="model", values="path error, bp", sort=False)
    # Where the bank says nothing, last cycle's beta stands for the incumbent and has its line already.
    drawn = (CHAMPION, LAST_CYCLE, *((INCUMBENT,) if given.given else ()), "symmetric error correction")
    shown = [one for one in drawn if one in errors]
    legend = {CHAMPION: OURS, INCUMBENT: legend_name(given, LAST_CYCLE)}
    bars = errors[shown].rename(columns=legend).reset_index()
    exhibits.append(Exhibit("path_error", "Path error by what was left out", "bars", bars, "left out", "basis points"))
    units = found.rows.groupby(["fold", "unit"], sort=False)
    for (fold, unit), part in list(units)[:PICTURED]:
        data = pd.DataFrame({"month": month_end_of(part["month"].to_numpy())})
        data["actual"] = part["actual"].to_numpy() * BASIS_POINTS
        for model in shown:
            data[legend.get(model, model)] = part[model].to_numpy() * BASIS_POINTS
        title = f"{unit}, left out: {fold}"
        exhibits.append(Exhibit(f"path_{len(exhibits)}", title, "lines", data, "", "rate paid, basis points"))
    return tuple(exhibits)
