"""Mortgage prepayment: payoff by incentive, burnout and age; curtailment and default where the data carry them.

Month meaning: since origination. Drivers: RATE_INCENTIVE (customer rate minus market rate, `lag_months` before the
month's start) and MONTHS_IN_THE_MONEY (burnout). The season is a table of twelve factors beside the curves.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from behavior.assumptions.effects import Effect, MonthMeaning
from behavior.assumptions.set import AssumptionTable
from behavior.estimators.base import Attributions
from behavior.features.prepayment import FEATURES
from behavior.kinds import _prepayment_export as export_grid
from behavior.kinds._inputs import challengers_of, estimators_of
from behavior.kinds._learning import explain_hazard, predictions_table
from behavior.kinds._prepayment_exhibits import exhibits
from behavior.kinds._prepayment_learning import fit, refit
from behavior.kinds._prepayment_panel import build_panel, panels
from behavior.kinds._prepayment_penalties import ENDS, PenaltyPhase
from behavior.kinds._prepayment_segments import divided_by
from behavior.kinds._prepayment_tables import DRIVERS, export, table_values
from behavior.kinds.base import FittedModel, ModelKind, Predictions
from behavior.months import month_number
from behavior.panel.base import Panel
from behavior.quantities import FloatArray
from behavior.specs import ModelSpec


def predict(fitted: FittedModel, panel: Panel) -> Predictions:
    """Payoff hazards of champion, challenger and benchmark on every row."""
    matrix = fitted.estimators["inputs"].matrix(panel, FEATURES)
    payoffs = {"predicted": fitted.estimators, **fitted.challengers}
    columns = {name: roles["payoff"].predict_hazard(matrix) for name, roles in payoffs.items()}
    return _as_predictions(fitted.spec, panel, columns)


def _as_predictions(spec: ModelSpec, panel: Panel, columns: Mapping[str, FloatArray]) -> Predictions:
    actual = panel.table["payoff"].to_numpy()
    driver = panel.table["incentive"].to_numpy()
    return Predictions(
        predictions_table(panel, spec, "payoff", actual, driver, columns), "payoff", "share a month", True
    )


def look_up(tables: tuple[AssumptionTable, ...], fitted: FittedModel, panel: Panel) -> Predictions:
    """The payoff table applied to the panel's rows the way that the engine applies it, season included.

    Where the model reads a macro, `modelled` is what it says with macros held as the table holds them.
    """
    table = next(one for one in tables if one.cause == "payoff")
    columns = {"predicted": table_values(table, panel)[0]}
    if set(export_grid.MACROS) & set(fitted.estimators["inputs"].names):
        matrix = fitted.estimators["inputs"].matrix(panel, FEATURES)
        held = export_grid.macros_held(matrix, month_number(panel.table["month"]))
        columns["modelled"] = fitted.estimators["payoff"].predict_hazard(held)
    return _as_predictions(fitted.spec, panel, columns)


def load(spec: ModelSpec, files: Mapping[str, str]) -> FittedModel:
    """The champion and its challengers as stored."""
    estimators = estimators_of(files, {})
    if "segments" in estimators["inputs"].extra:
        spec = divided_by(spec, tuple(estimators["inputs"].extra["segments"]))
    if ends := estimators["inputs"].extra.get(ENDS):
        estimators["inputs"] = replace(estimators["inputs"], derived=PenaltyPhase(ends, spec))
    return FittedModel("mortgage_prepayment", spec, estimators, challengers_of(files), keeps_challengers=True)


def explain(fitted: FittedModel, panel: Panel) -> Mapping[str, Attributions]:
    """Attributions of the payoff champion in log-odds."""
    matrix = fitted.estimators["inputs"].matrix(panel, FEATURES)
    return {"payoff": explain_hazard(fitted.estimators["payoff"], matrix)}


KIND = ModelKind(
    name="mortgage_prepayment",
    summary="Full prepayment of mortgages by rate incentive, burnout and age; curtailment and default beside it.",
    effect=Effect.RUNOFF,
    history_contract="mortgage_history/1",
    tables=(),
    drivers=DRIVERS,
    month_meaning=MonthMeaning.SINCE_ORIGINATION,
    features=FEATURES,
    families=("best", "boosted_hazard", "averaged_hazard", "spline_hazard", "s_curve_hazard"),
    build_panel=build_panel,
    fit=fit,
    predict=predict,
    export=export,
    look_up=look_up,
    load=load,
    exhibits=exhibits,
    explain=explain,
    panels=panels,
    case_events=("payoff", "default"),
    refit=refit,
)
