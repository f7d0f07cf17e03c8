"""Deposit beta: how the rate paid on administered deposits follows the short rate (effect REPRICING)."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from behavior.assumptions.effects import Driver, Effect
from behavior.assumptions.pass_through_path import pending_on_a_day
from behavior.assumptions.repricing import resting_rate
from behavior.assumptions.set import AssumptionTable
from behavior.estimators.base import Attributions
from behavior.estimators.pass_through import StructuralPassThrough
from behavior.estimators.pass_through_correction import ErrorCorrection
from behavior.estimators.pass_through_series import RateSeries
from behavior.estimators.pass_through_static import ConstantBeta, positions
from behavior.features.base import Feature
from behavior.kinds._beta_exhibits import (
    correction_exhibit,
    path_exhibit,
    readings_exhibit,
    segment_paths,
    target_exhibit,
)
from behavior.kinds._beta_export import law_from_tables, resting_rates, tables_of
from behavior.kinds._beta_facts import fit_facts
from behavior.kinds._beta_learning import FAMILIES, ROLE, beside, by_role, fit, paths_from, refit
from behavior.kinds._beta_panel import build_beta_panel, series_of_panel
from behavior.kinds._beta_paths import (
    GapOf,
    PathModel,
    anchors,
    in_panel_order,
    law_path,
    predicted_rates,
    recursive_path,
)
from behavior.kinds._beta_readings import cycle_readings, replication_exhibit, rolling_exhibits
from behavior.kinds.base import Exhibit, ExportContext, FittedModel, ModelKind, Predictions
from behavior.panel.base import Panel, PanelSplit
from behavior.panel.contracts import DEPOSIT_HISTORY, PRODUCT_RATE_HISTORY
from behavior.quantities import FloatArray
from behavior.specs import ModelSpec


def _gap_at_first(model: StructuralPassThrough) -> GapOf:
    """Distance to the target at a series' first observation, by the level that the fit gave it: rates before it are not
    known far enough back to say what was pending. Later starts are the engine's case and get what history says."""

    def gap(series: RateSeries, begin: int, start: float) -> float | None:
        found = model.segment_law(series.segment)
        if begin > int(positions(series)[0]) or series.unit not in found.levels:
            return None
        moved = float(model.law(series.segment).target_change(model.layout_.reference, series.levels[begin]))
        return float(found.levels[series.unit]) + moved - start

    return gap


def _paths(model: StructuralPassThrough) -> PathModel:
    """Paths by the model's own laws."""
    return law_path(model.law, model.options.floor, resting_rates(model).get, _gap_at_first(model))


def _predictions(fitted: FittedModel, panel: Panel, models: Mapping[str, PathModel]) -> Predictions:
    table, by = panel.table, fitted.spec.segments.by
    model: StructuralPassThrough = fitted.estimators[ROLE]
    series = series_of_panel(table, by)
    anchored = [anchors(one, paths_from(model)) for one in series]
    columns = {
        name: in_panel_order(
            table, series, [predicted_rates(path, one, rows) for one, rows in zip(series, anchored, strict=True)]
        )
        for name, path in models.items()
    }
    rows = pd.DataFrame(
        {
            "unit": table["unit"],
            "customer": table["customer"],
            "month": table["month"],
            "segment": table[list(by)].astype(str).agg(" / ".join, axis=1) if by else "all",
            "cause": "",
            "weight": table["weight"],
            "actual": table["rate_paid"],
            **columns,
            "driver": table["short_rate"],
            "age_months": np.nan,
        }
    )
    return Predictions(rows, "rate_paid", "decimal a year", binary=False)


def predict(fitted: FittedModel, panel: Panel) -> Predictions:
    """Rates paid along the short rate that came, from the first observation and again from where `paths_from` says."""
    model: StructuralPassThrough = fitted.estimators[ROLE]
    rivals = {name: recursive_path(roles[ROLE], model.options.floor) for name, roles in fitted.challengers.items()}
    return _predictions(fitted, panel, {"predicted": _paths(model), **rivals})


def export(fitted: FittedModel, context: ExportContext) -> tuple[AssumptionTable, ...]:
    """Target by level of the short rate, and speed by direction; `context` is not needed, nothing is averaged."""
    return tables_of(fitted.estimators[ROLE], fitted.spec)


def look_up(tables: tuple[AssumptionTable, ...], fitted: FittedModel, panel: Panel) -> Predictions:
    """The same paths by the tables alone."""
    model: StructuralPassThrough = fitted.estimators[ROLE]
    paths = law_path(
        lambda segment: law_from_tables(tables, segment),
        model.options.floor,
        lambda segment: resting_rate(tables, segment),
        _gap_at_first(model),
    )
    return _predictions(fitted, panel, {"predicted": paths})


def load(spec: ModelSpec, files: Mapping[str, str]) -> FittedModel:
    """The fitted model that `files()` wrote."""
    roles: dict[str, dict[str, str]] = {}
    for path, text in files.items():
        role, name = path.split("/", 1)
        roles.setdefault(role, {})[name] = text
    model = StructuralPassThrough.from_files(roles.pop(ROLE))
    challengers = {role: _loaded(texts) for role, texts in roles.items()}
    return FittedModel("deposit_beta", spec, {ROLE: model, **challengers}, by_role(challengers), fit_facts(model))


def _loaded(texts: Mapping[str, str]) -> ErrorCorrection | ConstantBeta:
    return (ErrorCorrection if "error_correction.json" in texts else ConstantBeta).from_files(texts)


def exhibits(fitted: FittedModel, panel: Panel, split: PanelSplit, predictions: Predictions) -> tuple[Exhibit, ...]:
    """Paths against what was paid, target by level, half-lives, betas by cycle, their stability, and the ladders."""
    model: StructuralPassThrough = fitted.estimators[ROLE]
    series = series_of_panel(panel.table, fitted.spec.segments.by)
    paths = _paths(model)
    challenger = fitted.estimators.get("challenger")
    return (
        path_exhibit(predictions.table, pd.Timestamp(np.datetime64(paths_from(model), "M").astype("datetime64[D]"))),
        *segment_paths(predictions.table),
        target_exhibit(model),
        readings_exhibit(model, [one.segment for one in series]),
        cycle_readings(model, paths, series, int(model.facts_["trained_to"])),
        *rolling_exhibits(series),
        *((correction_exhibit(challenger),) if isinstance(challenger, ErrorCorrection) else ()),
        replication_exhibit(panel.table, predictions.table, fitted.spec.options.get("ladders")),
    )


def explain(fitted: FittedModel, panel: Panel) -> Mapping[str, Attributions]:
    """A predicted rate as start + what was pending + target move − what has not arrived yet; exact, row by row."""
    model: StructuralPassThrough = fitted.estimators[ROLE]
    series = series_of_panel(panel.table, fitted.spec.segments.by)
    known_to = paths_from(model)
    paths = _paths(model)
    parts = [_parts(model, one, predicted_rates(paths, one, anchors(one, known_to)), known_to) for one in series]
    kept = np.concatenate(parts) if parts else np.zeros((0, 6))
    kept = kept[np.isfinite(kept).all(axis=1)]
    if not kept.size:
        return {}
    base = float(kept[:, 0].mean())
    contributions = np.column_stack([kept[:, 0] - base, kept[:, 1], kept[:, 2], kept[:, 3]])
    values = np.column_stack([kept[:, 0], kept[:, 1], kept[:, 4], kept[:, 3]])
    names = ("rate paid at the start", "pending from earlier moves", "move of the short rate", "not yet passed on")
    link = "rate paid, decimal a year"
    return {ROLE: Attributions(names, values, contributions, base, kept[:, 5], link)}


def _parts(model: StructuralPassThrough, series: RateSeries, predicted: FloatArray, known_to: int) -> FloatArray:
    """Start, pending, target move, remainder, move of the short rate, predicted: shape (rows, 6)."""
    law, gap_of = model.law(series.segment), _gap_at_first(model)
    middle = positions(series)
    rows = []
    for row, anchor in enumerate(anchors(series, known_to)):
        begin = int(middle[max(anchor, 0)])
        start = float(series.rate_paid[max(anchor, 0)])
        known = gap_of(series, begin, start)
        pending = _owed(model, series, begin, start) if known is None else known
        old, new = series.levels[begin], series.levels[int(series.observed[row])]
        moved = float(law.target_change(old, new))
        rows.append([start, pending, moved, predicted[row] - start - pending - moved, new - old, predicted[row]])
    return np.array(rows)


def _owed(model: StructuralPassThrough, series: RateSeries, begin: int, start: float) -> float:
    law, resting = model.law(series.segment), resting_rates(model).get(series.segment)
    return float(pending_on_a_day(law, series.levels[: begin + 1], start, model.options.floor, resting).gap)


FEATURES: tuple[Feature, ...] = (
    Feature(
        name="short_rate",
        inputs=("short_rate",),
        unit="decimal a year",
        expected_sign=1,
        compute=lambda short_rate: np.asarray(short_rate, dtype=np.float64),
        meaning="short rate in force in the month, which the engine gives along every scenario's path",
    ),
)
KIND = ModelKind(
    name="deposit_beta",
    summary="How far, how fast and with what delay the rate paid on deposits follows the short rate.",
    effect=Effect.REPRICING,
    history_contract=PRODUCT_RATE_HISTORY.id,
    further_contracts=(DEPOSIT_HISTORY.id,),
    tables=(*PRODUCT_RATE_HISTORY.tables, *DEPOSIT_HISTORY.tables),
    drivers=(Driver.RATE_LEVEL,),
    month_meaning=None,
    features=FEATURES,
    families=FAMILIES,
    build_panel=build_beta_panel,
    fit=fit,
    predict=predict,
    export=export,
    look_up=look_up,
    load=load,
    exhibits=exhibits,
    explain=explain,
    refit=refit,
    beside=beside,
)
