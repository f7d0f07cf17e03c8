"""Decay of non-maturity deposits: closures x survivors' balances before credited interest, and moves elsewhere.

Month meaning: since as-of. A pool of accounts has no single age; its curve carries the accounts open at as-of forward,
each at its own age, so month k is the k-th month from now. Driver: RATE_SPREAD (short rate minus rate paid at the
month's start). Two views: ``with_redeposits`` and ``minimum_balance``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from behavior.assumptions.effects import Driver, Effect, MonthMeaning, View
from behavior.assumptions.set import AssumptionTable
from behavior.assumptions.spending import spent_hazard
from behavior.estimators.balance_decay import BalanceDecay
from behavior.estimators.base import Attributions
from behavior.estimators.constant_hazard import ConstantHazard
from behavior.features.base import FeatureMatrix
from behavior.features.decay import FEATURES
from behavior.kinds._decay_closure import calm
from behavior.kinds._decay_exhibits import exhibits as decay_exhibits
from behavior.kinds._decay_fit import balance_features, level_codes
from behavior.kinds._decay_learning import fit, refit
from behavior.kinds._decay_pace import Pace, pace_left
from behavior.kinds._decay_tables import DRIVERS, export
from behavior.kinds._inputs import ModelInputs, challengers_of, estimators_of
from behavior.kinds._learning import explain_hazard, predictions_table
from behavior.kinds._panel_rules import columns_and_window
from behavior.kinds.base import Exhibit, ExportContext, FittedModel, ModelKind, Predictions
from behavior.market.history import RateHistory
from behavior.months import month_number
from behavior.panel.account_months import DepositPanelRules
from behavior.panel.base import CustomerHistory, Panel, PanelSplit
from behavior.panel.dense import month_end_of
from behavior.panel.deposits import build_deposit_panel
from behavior.panel.parts import deposit_panels
from behavior.quantities import FloatArray
from behavior.specs import ModelSpec

LEAST_DUST = 0.01


def build_panel(history: CustomerHistory, rates: RateHistory, spec: ModelSpec) -> Panel:
    """Account-months at risk; see `behavior.panel.deposits`."""
    return build_deposit_panel(history, rates, rules_of(spec))


def panels(parts: Iterable[CustomerHistory], rates: RateHistory, spec: ModelSpec) -> Iterator[Panel]:
    """The same of a history in parts; lowest balances need every month of an account, so that none is sampled."""
    return deposit_panels(parts, rates, rules_of(spec))


def rules_of(spec: ModelSpec) -> DepositPanelRules:
    """Panel rules from the specification's options and window."""
    options = spec.options
    return DepositPanelRules(
        market=str(options.get("market_rate", "short")),
        dust=float(options.get("dust", 1.0)),
        dust_months=int(options.get("dust_months", 3)),
        **columns_and_window(spec, FEATURES),
    )


def _kept_otherwise(estimators: Mapping[str, Any], spec: ModelSpec, panel: Panel, matrix: FeatureMatrix) -> FloatArray:
    """(1 - moved)(1 + growth) of each row's month: with (1 - closure) the share of balance that stays."""
    codes = level_codes(panel.table, spec, tuple(estimators["inputs"].extra["segments"]))
    pace = pace_left(estimators["closure"], matrix)
    shrink = estimators["balance"].log_decay(balance_features(panel.table, codes, pace))
    return np.asarray((1.0 - estimators["migrated"].predict_hazard(matrix)) * np.exp(-shrink))


def predict(fitted: FittedModel, panel: Panel) -> Predictions:
    """Net share of balance that leaves in the month, before interest, by champion, challenger and benchmark.

    They share what is not closure, so that closures stand beside it as the event by which they differ.
    """
    matrix = fitted.estimators["inputs"].matrix(panel, FEATURES)
    rest = _kept_otherwise(fitted.estimators, fitted.spec, panel, matrix)
    models = {"predicted": fitted.estimators, **fitted.challengers}
    closures = {name: np.asarray(roles["closure"].predict_hazard(matrix)) for name, roles in models.items()}
    net = _as_predictions(fitted.spec, panel, {name: 1.0 - (1.0 - one) * rest for name, one in closures.items()})
    return replace(net, event=_closures(fitted.spec, panel, closures))


def _closures(spec: ModelSpec, panel: Panel, hazards: Mapping[str, FloatArray]) -> Predictions:
    """Closures beside their hazards; months that begin overdrawn weigh nothing, as no hazard learns from them."""
    table = panel.table
    made = predictions_table(panel, spec, "closure", table["closed"].to_numpy(), table["spread"].to_numpy(), hazards)
    made["weight"] = np.where(calm(table), np.maximum(table["weight"].to_numpy(), LEAST_DUST), 0.0)
    return Predictions(made, "closure", "share of accounts a month", True)


def _as_predictions(spec: ModelSpec, panel: Panel, columns: Mapping[str, FloatArray]) -> Predictions:
    """Columns beside what happened; weight x actual is the balance that left less what came in, in every known row.

    An account that stood empty or overdrawn has no balance to take a share of, yet what fills it again was counted when
    it left: such a row weighs as much as dust, and its share is minus what came in per unit of that.
    """
    table = panel.table
    before, after = table["weight"].to_numpy(), table["balance_before_interest"].to_numpy()
    known = table["balance_known"].to_numpy() > 0
    held = np.where(before > 0, before, max(rules_of(spec).dust, LEAST_DUST))
    actual = np.where(known, (before - after) / held, 0.0)
    made = predictions_table(panel, spec, "withdrawal", actual, table["spread"].to_numpy(), columns)
    made["weight"] = np.where(known, held, 0.0)
    return Predictions(made, "net decay before credited interest", "share of balance a month", False)


def landmark(fitted: FittedModel) -> pd.Timestamp:
    """The last month learned from: months of a curve are counted from here when it is held against what came."""
    return pd.Timestamp(month_end_of(np.array([int(fitted.estimators["inputs"].extra["landmark"])]))[0])


def look_up(tables: tuple[AssumptionTable, ...], fitted: FittedModel, panel: Panel) -> Predictions:
    """The tables applied to the panel's rows the way that the engine applies them.

    Curves count months since as-of and speak of the accounts open there. The last month learned from stands for as-of:
    later rows are read at their true month since then, and those of accounts opened since weigh nothing, being no part
    of the book that a curve runs off. Earlier rows stand behind a landmark a whole number of years before. So the
    tables should be those of the accounts open at `landmark`.
    """
    rows = panel.table.rename(columns={"weight": "balance"})
    since = month_number(rows["month"]) - int(fitted.estimators["inputs"].extra["landmark"])
    months = np.where(since > 0, since, (since - 1) % 12 + 1)
    opened_since = (since > 0) & (rows["age_months"].to_numpy() < since)
    calendar = pd.DatetimeIndex(rows["month"]).month
    drivers = {Driver.RATE_SPREAD: np.nan_to_num(rows["spread"].to_numpy())}
    stays = np.ones(len(rows))
    for table in tables:
        stays *= 1.0 - spent_hazard(table, rows, months, drivers, calendar, View.WITH_REDEPOSITS)[0]
    made = _as_predictions(fitted.spec, panel, {"predicted": np.where(opened_since, np.nan, 1.0 - stays)})
    return replace(made, table=made.table.assign(weight=np.where(opened_since, 0.0, made.table["weight"])))


def load(spec: ModelSpec, files: Mapping[str, str]) -> FittedModel:
    """The champion and its challengers as stored."""
    estimators = estimators_of(files, dict.fromkeys(("balance", "minimum"), BalanceDecay.from_files))
    inputs: ModelInputs = estimators["inputs"]
    if "pace" in estimators:
        usual, sizes = (tuple(inputs.extra.get(name, ())) for name in ("usual_spreads", "usual_sizes"))
        pace = Pace(estimators["pace"], usual, sizes, spec, tuple(inputs.extra["segments"]))
        estimators["inputs"] = replace(inputs, derived=pace)
    challengers, facts = challengers_of(files), inputs.extra.get("facts", {})
    return FittedModel("nmd_decay", spec, estimators, challengers, facts, keeps_challengers=True)


def explain(fitted: FittedModel, panel: Panel) -> Mapping[str, Attributions]:
    """Attributions of the closure champion in log-odds; none where closures are a constant."""
    closure = fitted.estimators["closure"]
    if isinstance(closure, ConstantHazard):
        return {}
    return {"closure": explain_hazard(closure, fitted.estimators["inputs"].matrix(panel, FEATURES))}


def exhibits(fitted: FittedModel, panel: Panel, split: PanelSplit, predictions: Predictions) -> tuple[Exhibit, ...]:
    """Pictures of decay on the out-of-time rows, and what the curves of the accounts open today say in years."""
    today = ExportContext(panel.table["month"].max(), panel, RateHistory({}, {}))
    return decay_exhibits(panel, split, predictions, export(fitted, today))


KIND = ModelKind(
    name="nmd_decay",
    summary="Decay of non-maturity deposits by months since as-of and market-minus-deposit-rate spread, in two views.",
    effect=Effect.RUNOFF,
    history_contract="deposit_history/1",
    tables=(),
    drivers=DRIVERS,
    month_meaning=MonthMeaning.SINCE_AS_OF,
    features=FEATURES,
    families=("best", "boosted_hazard", "spline_hazard", "s_curve_hazard"),
    build_panel=build_panel,
    fit=fit,
    predict=predict,
    export=export,
    look_up=look_up,
    load=load,
    exhibits=exhibits,
    explain=explain,
    panels=panels,
    landmark=landmark,
    refit=refit,
)
