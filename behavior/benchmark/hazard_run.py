"""One hazard question: every model on every window and fold, judged on the same rows, scored by the same code."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd

from behavior.benchmark.bars import judge_bar
from behavior.benchmark.hazard_models import OURS, WORDS, contenders, fit_contenders, in_order, with_psa
from behavior.benchmark.hazard_protocols import Window, windows
from behavior.benchmark.hazard_scores import Score, incidence_by_age, score_model, table_of
from behavior.benchmark.hazard_words import model_words, pictures, summary_of, winner_of
from behavior.benchmark.incumbents import FixedHazard, months_of, stand_in
from behavior.benchmark.judged_rows import DRIVERS, Judged, Rows
from behavior.benchmark.missing_rows import Refusal, absent_of, missing_rows
from behavior.benchmark.protocols import Incumbent, Protocol, Question
from behavior.benchmark.resampling import BLOCK_MONTHS, Draws, draws_of, of_absolute_error
from behavior.benchmark.results import Answer
from behavior.estimators.champion import Roles
from behavior.estimators.spline_hazard import rows_of
from behavior.kinds._prepayment_segments import segments_found
from behavior.kinds._segments import scheme_of, segment_text
from behavior.kinds.base import FittedModel, ModelKind
from behavior.months import month_number
from behavior.panel.base import Panel
from behavior.quantities import FloatArray, IntArray
from behavior.specs import ModelSpec

CAUSES: Mapping[str, tuple[tuple[str, str], ...]] = {
    "mortgage_prepayment": (("payoff", "payoff"), ("default", "default")),
    "nmd_decay": (("closed", "closure"),),
}
INTERACTS = ("log_original_balance", "credit_score", "current_ltv", "cltv")


@dataclass(frozen=True, eq=False)
class _Asked:
    """Who answers, on which rows: our kind as specified, what the bank uses, and trees on a Dask client if any."""

    panel: Panel
    kind: ModelKind
    spec: ModelSpec
    incumbent: FixedHazard | None
    client: Any


def hazard_benchmark(
    name: str,
    panel: Panel,
    kind: ModelKind,
    spec: ModelSpec,
    question: Question,
    incumbent: FixedHazard | None = None,
    replicates: int = 200,
    client: Any = None,
) -> Answer:
    """Fit, foretell, score and hold against the bars; with a Dask client boosted trees have a second row, grown there.

    Raises
    ------
    FittingError : when no window can be judged.
    """
    judged = _judge(_Asked(panel, kind, spec, incumbent, client), question.protocol)
    periods = periods_a_year(panel)
    tables, exhibits = [], []
    scores: dict[str, dict[str, list[Score]]] = {}
    for cause, found in judged.items():
        others = tuple(column for column, _ in CAUSES[kind.name] if column != cause)
        rows = rows_judged(panel, spec, question.protocol, cause, found.place, periods, others)
        draws = _draws(panel, question.protocol, found.place, replicates)
        scores[cause] = {
            model: score_model(rows, expected, draws, others_expected(judged, cause, model))
            for model, expected in found.expected.items()
        }
        tables += [table_of(own, cause=cause, model=model) for model, own in scores[cause].items()]
        exhibits += pictures(cause, rows, found, draws, _used(question, kind, cause))
    if len(judged) > 1:
        extra = _incidence(panel, spec, question.protocol, judged, periods, replicates)
        for cause, more in extra.items():
            for model, own in more.items():
                scores[cause].setdefault(model, []).append(own)
                tables.append(table_of([own], cause=cause, model=model))
    first = next(iter(judged))
    verdicts = [judge_bar(question.title, bar, scores.get(bar.cause or first, {})) for bar in question.bars]
    table = pd.concat(tables, ignore_index=True)
    words = model_words(_used(question, kind, first), judged[first])
    return Answer(
        name=name,
        title=question.title,
        kind=kind.name,
        protocol=question.protocol.name or "unnamed",
        scores=table,
        summary=summary_of(table, first, words),
        verdicts=tuple(verdicts),
        winner=winner_of(scores[first], words),
        exhibits=tuple(exhibits),
        notes=(
            *((question.says,) if question.says else ()),
            *missing_rows({cause: one.absent for cause, one in judged.items()}, WORDS),
        ),
        facts={
            "rows judged": len(judged[first].place),
            "events judged": int(scores[first][OURS][0].events),
            "forms chosen": dict(judged[first].families),
        },
    )


def _used(question: Question, kind: ModelKind, cause: str) -> Incumbent:
    """What the bank uses is of the kind's first cause; for the others it says nothing."""
    return question.incumbent if cause == CAUSES[kind.name][0][0] else Incumbent()


def _judge(asked: _Asked, protocol: Protocol) -> dict[str, Judged]:
    """Every model's expectations by cause; a cause that ours does not model is left out."""
    kind, spec, table = asked.kind, asked.spec, asked.panel.table
    month, customer = month_number(table["month"]), table["customer"].to_numpy()
    causes = [one for one in CAUSES[kind.name] if one[0] in table.columns]
    event = table[causes[0][0]].to_numpy(dtype=np.float64)
    places: dict[str, list[IntArray]] = {}
    parts: dict[str, dict[str, list[FloatArray]]] = {}
    families: dict[str, int] = {}
    refused: dict[str, list[Refusal]] = {}
    rate = table["market_rate"].to_numpy(dtype=np.float64) if "market_rate" in table.columns else None
    for window in windows(month, customer, event, protocol, spec.split.validate_share_of_months, rate):
        fitted = kind.fit(asked.panel, window.learn, spec)
        family = str(fitted.facts.get("form", "unknown"))
        families[family] = families.get(family, 0) + 1
        for column, role in causes:
            if role not in fitted.estimators:
                continue
            used = asked.incumbent if column == causes[0][0] else None  # as `_used`
            own, failed = _window(replace(asked, incumbent=used), fitted, column, role, window)
            refused.setdefault(column, []).extend(Refusal(model, window.name, why) for model, why in failed.items())
            places.setdefault(column, []).append(np.flatnonzero(window.test))
            for model, expected in own.items():
                parts.setdefault(column, {}).setdefault(model, []).append(expected)
    return {
        cause: Judged(
            np.concatenate(places[cause]),
            {
                model: np.concatenate(own[model])
                for model in in_order(list(own))
                if len(own[model]) == len(places[cause])
            },
            families,
            absent_of(refused[cause], len(places[cause])),
        )
        for cause, own in parts.items()
    }


def _window(
    asked: _Asked, fitted: FittedModel, column: str, role: str, window: Window
) -> tuple[dict[str, FloatArray], dict[str, str]]:
    """Every model's hazards of one cause on the rows of a window, and why others have none."""
    panel, kind, learn = asked.panel, asked.kind, window.learn.train | window.learn.validate
    inputs = fitted.estimators["inputs"]
    matrix = inputs.plain(panel, kind.features)
    check = rows_of(matrix, window.test)
    event = np.nan_to_num(panel.table[column].to_numpy(dtype=np.float64))
    own = rows_of(inputs.matrix(panel, kind.features), window.test)
    found = {OURS: np.asarray(fitted.estimators[role].predict_hazard(own))}
    models = contenders(roles_of(matrix.names, asked.spec, column), matrix, asked.client)
    models = with_psa(models, matrix.names, column, months_of(periods_a_year(panel)))
    others, refused = fit_contenders(models, matrix, event, learn, window.test)
    found |= others
    found["incumbent"] = others[stand_in(others)] if asked.incumbent is None else asked.incumbent.predict_hazard(check)
    return found, refused


def roles_of(names: tuple[str, ...], spec: ModelSpec, cause: str) -> Roles:
    """Which features play which part in the structured baselines."""
    driver = next((name for name in DRIVERS if name in names), "") if cause != "default" else ""
    burnout = "months_in_the_money" if "months_in_the_money" in names and driver else ""
    interacts = tuple(name for name in dict.fromkeys((*INTERACTS, *spec.segments.by)) if name in names)
    return Roles(driver, "age_months", burnout, interacts)


def periods_a_year(panel: Panel) -> float:
    """12 where rows are months; 1 where a unit's rows lie a year apart."""
    table = panel.table
    same = table["unit"].to_numpy()[1:] == table["unit"].to_numpy()[:-1]
    if not same.any():
        return 12.0
    step = float(np.median(np.diff(month_number(table["month"]))[same]))
    return 12.0 / max(step, 1.0)


def _draws(panel: Panel, protocol: Protocol, place: IntArray, replicates: int) -> Draws:
    month = month_number(panel.table["month"])[place]
    block = np.zeros_like(month) if protocol.resample == "customers" else month // BLOCK_MONTHS
    return draws_of(panel.table["customer"].to_numpy()[place], block, protocol.seed, replicates)


def others_expected(judged: Mapping[str, Judged], cause: str, model: str) -> FloatArray | None:
    """A model's hazards of all other causes together on the rows judged; None where it does not answer each of them."""
    own = judged[cause]
    others = [one for name, one in judged.items() if name != cause]
    if not others or any(model not in one.expected or not np.array_equal(one.place, own.place) for one in others):
        return None
    return np.asarray(np.sum([one.expected[model] for one in others], axis=0))


def rows_judged(
    panel: Panel,
    spec: ModelSpec,
    protocol: Protocol,
    cause: str,
    place: IntArray,
    periods: float,
    others: tuple[str, ...] = (),
) -> Rows:
    """What happened on the rows judged, by the cause and by `others`, and the buckets they fall into."""
    table = panel.table.iloc[place]
    month = month_number(table["month"])
    age = table["age_months"].to_numpy(dtype=np.float64)
    survey = table["survey_weight"].to_numpy() if "survey_weight" in table.columns else np.ones(len(table))
    buckets: dict[str, pd.Categorical[object]] = {
        "month": _labelled(month, lambda one: str(np.datetime64(int(one), "M"))),
        "year": _labelled(month // 12 + 1970, str),
    }
    driver = next((name for name in DRIVERS if name in table.columns and table[name].nunique() > 1), "")
    if driver:
        buckets[driver] = banded(table[driver].to_numpy(dtype=np.float64), protocol.driver_edges, 100.0, "%")
    buckets["age"] = banded(age, protocol.age_edges, 1.0, " months")
    segment = segment_text(table, scheme_of(segments_found(spec, panel.table).spec))
    if len(set(segment)) > 1:
        buckets["segment"] = pd.Categorical(segment.astype(object))
    present = [one for one in others if one in table.columns]
    buckets["vintage"] = _labelled((month - age.astype(np.int64)) // 12 + 1970, str)
    return Rows(
        np.nan_to_num(table[cause].to_numpy(dtype=np.float64)),
        np.asarray(survey, dtype=np.float64),
        table["weight"].to_numpy(dtype=np.float64),
        month,
        age,
        periods,
        buckets,
        np.sum([np.nan_to_num(table[one].to_numpy(dtype=np.float64)) for one in present], axis=0) if present else None,
    )


def _labelled(values: IntArray, words: Callable[[int], str]) -> pd.Categorical:
    """Whole numbers as labels in their own order."""
    codes, found = pd.factorize(values, sort=True)
    names: list[object] = [words(int(one)) for one in found]
    return pd.Categorical.from_codes(codes.tolist(), categories=pd.Index(names, dtype=object))


def banded(values: FloatArray, edges: tuple[float, ...], scale: float, unit: str) -> pd.Categorical:
    """Bands in rising order; those that no row falls into are left out."""
    shown = [f"{edge * scale:g}" for edge in edges]
    words = [f"under {shown[0]}", *(f"{low} to {high}" for low, high in pairwise(shown)), f"from {shown[-1]}"]
    codes = np.digitize(np.nan_to_num(values), edges)
    names = pd.Index([f"{one}{unit}" for one in words], dtype=object)
    return pd.Categorical.from_codes(codes, categories=names).remove_unused_categories()


def _incidence(
    panel: Panel, spec: ModelSpec, protocol: Protocol, judged: Mapping[str, Judged], periods: float, replicates: int
) -> dict[str, dict[str, Score]]:
    """Largest error of cumulative incidence at any age, by cause and model that answers every cause, points."""
    first = next(iter(judged.values()))
    if any(not np.array_equal(one.place, first.place) for one in judged.values()):
        return {}
    rows = rows_judged(panel, spec, protocol, next(iter(judged)), first.place, periods)
    draws = _draws(panel, protocol, first.place, replicates)
    table = panel.table.iloc[first.place]
    actual = {cause: np.nan_to_num(table[cause].to_numpy(dtype=np.float64)) for cause in judged}
    happened, _ = incidence_by_age(actual, rows, draws)
    found: dict[str, dict[str, Score]] = {cause: {} for cause in judged}
    shared = [model for model in first.expected if all(model in one.expected for one in judged.values())]
    for model in shared:
        foreseen, _ = incidence_by_age({cause: one.expected[model] for cause, one in judged.items()}, rows, draws)
        for cause in judged:
            gap = of_absolute_error(100.0 * np.abs(foreseen[cause] - happened[cause]).max(axis=1))
            found[cause][model] = Score(
                "incidence_error_at_worst_age_points", "count", "", "", gap, len(table), float(actual[cause].sum())
            )
    return found
