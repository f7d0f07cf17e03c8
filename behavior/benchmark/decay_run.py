"""Landmark evaluation of deposit decay: unseen accounts open at a month are foretold from what was known then."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from behavior.assumptions.effects import View
from behavior.benchmark import decay_models as models
from behavior.benchmark.bars import judge_bar
from behavior.benchmark.decay_scores import CURVE, LIFE, RUN_OFF, Followed, scores_of, share_left
from behavior.benchmark.hazard_models import OURS
from behavior.benchmark.hazard_scores import Score, table_of
from behavior.benchmark.incumbents import INCUMBENT, legend_name, row_words
from behavior.benchmark.missing_rows import Refusal, absent_of, missing_rows, words_of
from behavior.benchmark.protocols import Protocol, Question
from behavior.benchmark.resampling import Draws, draws_of, value_and_interval
from behavior.benchmark.results import Answer
from behavior.errors import BehaviorError, FittingError
from behavior.kinds._decay_fit import level_codes, segment_levels
from behavior.kinds.base import Exhibit, ExportContext, ModelKind
from behavior.market.history import RateHistory
from behavior.months import month_number
from behavior.panel.base import Panel, PanelSplit
from behavior.panel.dense import month_end_of
from behavior.panel.landmarks import BalanceGrid, balance_grid
from behavior.panel.split import first_check_month, uniform_of_rows
from behavior.quantities import FloatArray, IntArray
from behavior.specs import ModelSpec

VIEWS: Mapping[str, View] = {"net_balance": View.WITH_REDEPOSITS, "lowest_balance": View.MINIMUM_BALANCE}
WORDS: Mapping[str, str] = {
    OURS: "closure x survivors' balances",
    "boosted": "two-part, closures by boosted trees",
    "incumbent": "what the bank uses today",
    "exponential": "one rate a segment, all months",
    "last_period": "one rate a segment, last year",
    "kaplan_meier": "exits of accounts by age",
    "cohort_decay": "balances of earlier cohorts",
    "probable_amount": "lowest probable total, 95%",
}


@dataclass(frozen=True, eq=False)
class _Asked:
    """What is asked of our kind, on which accounts and rates; boosted trees answer too where they are wanted."""

    panel: Panel
    rates: RateHistory
    kind: ModelKind
    spec: ModelSpec
    question: Question
    with_boosted: bool


def decay_benchmark(
    name: str,
    panel: Panel,
    rates: RateHistory,
    kind: ModelKind,
    spec: ModelSpec,
    question: Question,
    replicates: int = 200,
    with_boosted: bool = True,
) -> Answer:
    """Follow the cohorts of every landmark and score what each model said of them.

    Raises
    ------
    FittingError : when no landmark has accounts to follow and months after it.
    """
    levels = segment_levels(panel.table, spec)
    parts = _follow_all(_Asked(panel, rates, kind, spec, question, with_boosted))
    followed = _together(parts)
    draws = draws_of(followed.customer, followed.landmark, question.protocol.seed, replicates)
    tables, scores, exhibits = [], {}, []
    words = {**WORDS, INCUMBENT: row_words(question.incumbent, WORDS["last_period"])}
    for view, foretold in followed.foretold.items():
        scores[view] = {model: scores_of(followed, view, share, draws, levels) for model, share in foretold.items()}
        tables += [table_of(own, cause=view, model=model) for model, own in scores[view].items()]
        exhibits.append(_picture(followed, view, draws, legend_name(question.incumbent, "last_period")))
    table = pd.concat(tables, ignore_index=True)
    return Answer(
        name=name,
        title=question.title,
        kind=kind.name,
        protocol=question.protocol.name or "landmarks, unseen accounts",
        scores=table,
        summary=_summary(table, words),
        verdicts=tuple(judge_bar(question.title, one, scores[one.cause or "net_balance"]) for one in question.bars),
        winner=" ".join(_winner(view, own, words) for view, own in scores.items()),
        exhibits=tuple(exhibits),
        notes=(
            *((question.says,) if question.says else ()),
            *missing_rows({"every view": absent_of(followed.refused, len(parts))}, WORDS),
        ),
        facts={"accounts followed": len(followed.balance), "landmarks": len(np.unique(followed.landmark))},
    )


def _follow_all(asked: _Asked) -> list[Followed]:
    protocol, grid = asked.question.protocol, balance_grid(asked.panel.table)
    found = []
    for number, landmark in enumerate(protocol.landmarks):
        at = int(month_number(np.array([landmark], dtype="datetime64[D]"))[0])
        if at - grid.first_month < 2 or at + 1 >= grid.first_month + grid.balance.shape[1]:
            continue
        for fold in range(protocol.judged):
            one = _follow(asked, grid, number, at, fold)
            if one is not None:
                found.append(one)
    if not found:
        raise FittingError(
            f"protocol {protocol.name!r}: no landmark with accounts before, months after it and other customers to "
            f"learn from. Move `landmarks`, or lower `customer_folds` ({protocol.customer_folds})."
        )
    return found


def _follow(asked: _Asked, grid: BalanceGrid, number: int, at: int, fold: int) -> Followed | None:
    """Landmark `number`, at month `at`, on the accounts of one fold; None without them, or others to learn from."""
    table, spec, protocol = asked.panel.table, asked.spec, asked.question.protocol
    month = month_number(table["month"])
    held = (
        _fold(table["customer"], protocol) == fold if protocol.customer_folds > 1 else np.ones(len(month), dtype=bool)
    )
    learn = (month <= at) & (~held if protocol.customer_folds > 1 else held)
    levels = segment_levels(table, spec)
    codes = level_codes(table, spec, levels)
    cohort, unit = _cohort(table, grid, codes, held, at, protocol.horizon_months, len(levels))
    if len(cohort.rows) == 0 or not learn.any():
        return None
    last = at - grid.first_month
    first_row = grid.rows.max(axis=1)
    learners = learn[np.maximum(grid.rows[:, : last + 1].max(axis=1), 0)] & (grid.rows[:, : last + 1].max(axis=1) >= 0)
    group = codes[first_row][learners]
    paths, staying = (models.learning_paths(grid, learners, moves)[:, : last + 1] for moves in (True, False))
    foretold, why = _ours(asked, learn, at, cohort)
    baseline = {
        "exponential": models.constant_decay(table, codes, learn, cohort),
        "last_period": models.constant_decay(table, codes, learn, cohort, models.LAST_MONTHS),
        "kaplan_meier": models.kaplan_meier(table, codes, learn, cohort),
        "cohort_decay": models.cohort_decay(paths, group, last, cohort, lowest=False),
    }
    lowest = {"cohort_decay": models.cohort_decay(staying, group, last, cohort, lowest=True)}
    probable = models.probable_amount(paths, group, last, cohort)
    if probable is None:
        why["probable_amount"] = "the changes of a segment's total balance cannot be fitted"
    else:
        baseline["probable_amount"] = lowest["probable_amount"] = probable
    life = asked.question.incumbent.average_life_years
    baseline["incumbent"] = baseline["last_period"] if life is None else models.fixed_decay(life, cohort)
    lowest["incumbent"] = baseline["incumbent"]
    foretold["net_balance"] |= baseline
    foretold["lowest_balance"] |= lowest
    return Followed(
        cohort.rows["customer"].to_numpy(),
        np.full(len(cohort.rows), number),
        cohort.segment,
        cohort.rows["balance"].to_numpy(),
        _as_it_went(grid, unit, last, cohort.horizon),
        foretold,
        tuple(Refusal(model, f"from {np.datetime64(at, 'M')}, fold {fold + 1}", one) for model, one in why.items()),
    )


def _fold(customers: pd.Series, protocol: Protocol) -> IntArray:
    share = uniform_of_rows(customers, protocol.seed)
    return np.asarray(np.floor(share * protocol.customer_folds).astype(np.int64))


def _cohort(
    table: pd.DataFrame, grid: BalanceGrid, codes: IntArray, held: np.ndarray, at: int, horizon: int, segments: int
) -> tuple[models.Cohort, IntArray]:
    """Held-out accounts with a balance at the landmark, and their rows in the grid."""
    last = at - grid.first_month
    row = grid.rows[:, last]
    unit = np.flatnonzero((row >= 0) & (np.nan_to_num(grid.balance[:, last]) > 0))
    unit = unit[held[row[unit]] & (codes[row[unit]] >= 0)]
    months = np.arange(at + 1, min(at + horizon, grid.first_month + grid.balance.shape[1] - 1) + 1)
    rows = table.iloc[row[unit]].reset_index(drop=True).assign(balance=grid.balance[unit, last])
    month, weight = month_number(table["month"]), table["weight"].to_numpy() + 1e-9
    spread = np.full((segments, len(months)), np.nan)
    known = ~np.isnan(table["spread"].to_numpy()) & (codes >= 0)
    for k, one in enumerate(months):
        mine = known & (month == one)
        total = np.bincount(codes[mine], weight[mine], segments)
        sums = np.bincount(codes[mine], weight[mine] * table["spread"].to_numpy()[mine], segments)
        spread[:, k] = np.where(total > 0, sums / np.where(total > 0, total, 1.0), np.nan)
    return models.Cohort(rows, codes[row[unit]], months, spread), unit


def _ours(
    asked: _Asked, learn: np.ndarray, at: int, cohort: models.Cohort
) -> tuple[dict[str, dict[str, FloatArray]], dict[str, str]]:
    """Our exported curves, and those of the same model with boosted closures, in both views; and why one has none."""
    panel, kind, spec = asked.panel, asked.kind, asked.spec
    month = month_number(panel.table["month"])
    check = learn & (month >= first_check_month(np.unique(month[learn]), spec.split.validate_share_of_months))
    split = PanelSplit(learn & ~check, check, ~learn, ~learn, ~learn)
    then = panel.rows(np.asarray(month <= at))
    context = ExportContext(pd.Timestamp(month_end_of(np.array([at]))[0]), then, asked.rates, None)
    specs = {OURS: spec}
    if asked.with_boosted and spec.estimator.family != "boosted_hazard":
        boosted = spec.estimator.model_copy(update={"family": "boosted_hazard"})
        specs["boosted"] = spec.model_copy(update={"estimator": boosted})
    found: dict[str, dict[str, FloatArray]] = {view: {} for view in VIEWS}
    refused: dict[str, str] = {}
    for model, one in specs.items():
        try:
            fitted = kind.fit(panel, split, one)
        except BehaviorError as error:
            if model == OURS:
                raise
            refused[model] = words_of(error)
            continue
        if model != OURS and fitted.facts.get("form") == "constant_hazard":
            refused[model] = "too few closures for trees: a constant was chosen"
            continue
        tables = kind.export(fitted, context)
        for name, view in VIEWS.items():
            found[name][model] = models.from_tables(tables, cohort, view)
    return found, refused


def _as_it_went(grid: BalanceGrid, unit: IntArray, last: int, horizon: int) -> dict[str, FloatArray]:
    """Share of the landmark's balance left, and of the lowest since; gaps take the last known balance.

    A move into another product takes the balance away; for the lowest balance, the view of liquidity, it is censored:
    what was lowest before it stands.
    """
    window = slice(last, last + horizon + 1)
    path = pd.DataFrame(grid.balance[unit, window]).ffill(axis=1).to_numpy()
    share = path / path[:, :1]
    lowest = np.fmin.accumulate(np.where(grid.moved[unit, window], np.nan, share), axis=1)
    return {"net_balance": share, "lowest_balance": lowest}


def _together(parts: list[Followed]) -> Followed:
    """All landmarks and folds under each other, to the shortest horizon; a model must have answered every time."""
    width = min(one.actual["net_balance"].shape[1] for one in parts)
    views = parts[0].foretold
    shared = {
        view: [name for name in views[view] if all(name in one.foretold[view] for one in parts)] for view in views
    }
    return Followed(
        np.concatenate([one.customer for one in parts]),
        np.concatenate([one.landmark for one in parts]),
        np.concatenate([one.segment for one in parts]),
        np.concatenate([one.balance for one in parts]),
        {view: np.concatenate([one.actual[view][:, :width] for one in parts]) for view in views},
        {
            view: {
                name: np.concatenate([one.foretold[view][name][:, :width] for one in parts]) for name in shared[view]
            }
            for view in views
        },
        tuple(refusal for one in parts for refusal in one.refused),
    )


def _summary(table: pd.DataFrame, words: Mapping[str, str]) -> pd.DataFrame:
    lines = []
    whole = table[table["slice"] == ""]
    for (view, model), own in whole.groupby(["cause", "model"], sort=False):
        line: dict[str, object] = {
            "view": view,
            "model": model,
            "what": words.get(str(model), ""),
        }
        for score in (CURVE, RUN_OFF, LIFE):
            one = own[own["score"] == score].iloc[0]
            line[score.replace("_", " ")] = f"{one['value']:.2f} ({one['low']:.2f}..{one['high']:.2f})"
        lines.append(line)
    return pd.DataFrame(lines)


def _winner(view: str, scores: Mapping[str, list[Score]], names: Mapping[str, str]) -> str:
    """Who has the lower curve error, and how far ours is from the closest other, in words."""
    curve = {model: next(one for one in own if one.score == CURVE) for model, own in scores.items()}
    mine = curve.pop(OURS)
    if not curve:
        return f"{view}: nothing to compare with."
    best = min(curve, key=lambda model: (float(curve[model].draws[0]), model == INCUMBENT))
    called = f"`{best}` ({names[best]})"
    value, low, high = value_and_interval(mine.draws - curve[best].draws)
    words = f"ours differs from it by {value:+z.2f} points ({low:+z.2f} to {high:+z.2f}) of mean survival"
    if value == 0 and low == high:
        return f"{view}: ours and {called} say the same."
    if value <= 0:
        return f"{view}: ours; the closest other is {called}: {words}."
    return f"{view}: {called} is closest, {'by more than chance' if low > 0 else 'not told apart from ours'}: {words}."


def _picture(followed: Followed, view: str, draws: Draws, incumbent: str) -> Exhibit:
    actual = share_left(followed, followed.actual[view], draws)
    data = {"months": np.arange(actual.shape[1]), "actual": actual[0]}
    bounds = np.nanquantile(actual[1:], [0.05, 0.95], axis=0)
    data |= {"actual_lower": bounds[0], "actual_upper": bounds[1]}
    shown = [one for one in (OURS, INCUMBENT, "cohort_decay", "kaplan_meier") if one in followed.foretold[view]]
    lines = {one: share_left(followed, followed.foretold[view][one], draws)[0] for one in shown}
    data |= {incumbent if one == INCUMBENT else one: share for one, share in lines.items()}
    title = f"{view.replace('_', ' ')}: share left of the accounts followed"
    return Exhibit(f"decay_{view}", title, "lines", pd.DataFrame(data), "months since the landmark", "share of balance")
