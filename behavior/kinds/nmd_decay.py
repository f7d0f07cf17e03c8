"""Decay of non-maturity deposits: closures x survivors' balances before credited interest, and moves elsewhere.

Month meaning: since as-of. A pool of accounts has no single age; its curve carries the accounts open at as-of forward,
each at its own age, so month k is the k-th month from now. Driver: RATE_SPREAD (short rate minus rate paid at the
month's start). Two views: ``with_redeposits`` and ``minimum_balance``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from behavior.assumptions.curve import AssumptionCurve
from behavior.assumptions.effects import Driver, Effect, MonthMeaning, View
from behavior.assumptions.set import AssumptionTable, Provenance
from behavior.assumptions.spending import spent_hazard
from behavior.estimators.balance_decay import BalanceDecay
from behavior.estimators.bands import Blocks
from behavior.estimators.base import Attributions
from behavior.estimators.champion import Roles, load_hazard
from behavior.estimators.constant_hazard import ConstantHazard
from behavior.estimators.spline_hazard import rows_of
from behavior.features.base import FeatureMatrix
from behavior.features.decay import FEATURES
from behavior.features.leakage import refuse_leaks
from behavior.kinds import _decay_export as carry
from behavior.kinds._decay_closure import learn_closure, learn_pace
from behavior.kinds._decay_curves import segment_curves
from behavior.kinds._decay_exhibits import exhibits as decay_exhibits
from behavior.kinds._decay_fit import balance_features, fit_balance, fit_minimum, level_codes, segment_levels
from behavior.kinds._decay_pace import Pace, pace_left, usual_spreads
from behavior.kinds._inputs import ModelInputs, challengers_of, files_of_role
from behavior.kinds._learning import (
    absent_features,
    explain_hazard,
    learn_challengers,
    learn_inputs,
    learn_small_cause,
    predictions_table,
)
from behavior.kinds._panel_rules import columns_and_window
from behavior.kinds._prepayment_export import digest_of, season_of
from behavior.kinds._segments import absent_columns, curves_wanted, scheme_of, segment_codes
from behavior.kinds.base import CHALLENGER, Exhibit, ExportContext, FittedModel, ModelKind, Predictions
from behavior.market.history import RateHistory
from behavior.months import month_number
from behavior.panel.account_months import DepositPanelRules
from behavior.panel.base import CustomerHistory, Panel, PanelSplit
from behavior.panel.decay_targets import CLOSED_BY_BALANCE, USED_AGAIN
from behavior.panel.dense import month_end_of
from behavior.panel.deposits import TARGETS, build_deposit_panel
from behavior.panel.parts import deposit_panels
from behavior.quantities import FloatArray, IntArray, Quantity
from behavior.specs import ModelSpec

DRIVERS = (Driver.RATE_SPREAD,)
LEAST_EVENTS = 100
LEAST_MOVES = 40
LEAST_DUST = 0.01
DOUBTED = 0.1
"""Accounts used again after standing empty, over those that count as closed by it, from which that is said."""


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


def fit(panel: Panel, split: PanelSplit, spec: ModelSpec) -> FittedModel:
    """Closure and move hazards, survivors' balances, and lowest balances; closure 0 is an answer.

    Raises
    ------
    DidNotConverge, LeakFound, FittingError.
    """
    return _fit(panel, split, spec, judging=True)


def refit(judged: FittedModel, panel: Panel, split: PanelSplit, spec: ModelSpec) -> FittedModel:
    """A judged model learned again from other rows, without its screens and challengers.

    Raises
    ------
    DidNotConverge, FittingError.
    """
    return _fit(panel, split, spec, judging=False)


def _fit(panel: Panel, split: PanelSplit, spec: ModelSpec, judging: bool) -> FittedModel:
    table = panel.table
    learning = split.train | split.validate
    levels = segment_levels(table, spec)
    with_spread = bool(table["spread"].notna().mean() > 0.5)
    extra = {
        "segments": list(levels),
        "with_spread": with_spread,
        "landmark": int(month_number(table["month"])[learning].max()),
    }
    inputs, plain = learn_inputs(panel, split, FEATURES, spec, extra)
    calm = table["overdrawn"].to_numpy() == 0
    closed, strong = table["closed"].to_numpy(), {}
    if judging:
        strong = refuse_leaks(panel, plain, closed, learning & calm, TARGETS, FEATURES)
    roles = Roles("spread" if with_spread else "", "age_months", "", _interacts(plain, spec))
    codes = level_codes(table, spec, levels)
    usual = usual_spreads(table[learning], codes[learning], len(levels))  # what later months hold is not known yet
    learned = _closing(panel, split, spec, plain, roles, codes, levels, usual, judging)
    closure, matrix = learned.estimators["closure"], learned.matrix
    if learned.pace is not None:
        inputs = replace(inputs, derived=learned.pace)
    left = pace_left(closure, matrix)
    minimum, seen = fit_minimum(panel, learning, codes, len(levels), with_spread)
    estimators: dict[str, Any] = {
        "balance": fit_balance(panel, learning, codes, len(levels), with_spread, left),
        "minimum": minimum,
        **learned.estimators,
    }
    facts = _facts(panel, split, estimators) | _small(table, spec, levels) | absent_columns(table, spec)
    facts |= absent_features(inputs, spec) | strong | learned.facts | _in_doubt(panel, spec)
    estimators["migrated"] = _moves(plain, table, split, roles, facts)
    facts["closures actual over expected by balance"] = _balance_weighted(closure, matrix, table, learning & calm)
    known = {"seen": _thin(seen), "facts": _plain(facts), "usual_spreads": usual}
    estimators["inputs"] = replace(inputs, extra={**inputs.extra, **known})
    return FittedModel("nmd_decay", spec, estimators, learned.challengers, facts, keeps_challengers=True)


@dataclass(frozen=True)
class _Closing:
    """What was learned of closures: estimators by role, challengers, what is said, and the matrix that they read."""

    estimators: dict[str, Any]
    challengers: dict[str, dict[str, Any]]
    facts: dict[str, Any]
    matrix: FeatureMatrix
    pace: Pace | None = None


def _closing(
    panel: Panel,
    split: PanelSplit,
    spec: ModelSpec,
    plain: FeatureMatrix,
    roles: Roles,
    codes: IntArray,
    levels: tuple[str, ...],
    usual: tuple[float, ...],
    judging: bool,
) -> _Closing:
    """The closure champion, on a matrix with what has been cumulated where accounts have a pace of their own."""
    table, calm = panel.table, panel.table["overdrawn"].to_numpy() == 0
    learning, closed = (split.train | split.validate) & calm, table["closed"].to_numpy()
    if int(closed[learning].sum()) < LEAST_EVENTS:
        constant, words = _constant_closure(rows_of(plain, learning), closed[learning])
        return _Closing({"closure": constant}, {}, dict(words), plain)
    blocks = Blocks.of(table["customer"], month_number(table["month"]))

    def wide(hazard: Any) -> FeatureMatrix:
        return Pace(hazard, usual, spec, levels)(plain, panel)

    champion, speaker = learn_closure(plain, table, split, roles, spec, calm, codes, blocks, wide)
    by = ("age_months", *(name for name in spec.segments.by if name in plain.names))
    challengers = learn_challengers(plain, closed, split, roles, champion, "closure", by) if judging else {}
    estimators: dict[str, Any] = {} if speaker is champion.model else {"closure_error": speaker}
    matrix, pace = plain, None
    if champion.family == "spline_hazard":  # trees read the history's own composition in their leaves
        first = Pace(champion.model, usual, spec, levels)
        slower = learn_pace(champion, plain, panel, learning, codes, roles, blocks, first)
        if slower is not None:
            champion, matrix, pace = slower
            estimators["pace"] = pace.first
    facts = {"champion": champion.family, "validation log loss": dict(champion.losses), **champion.facts}
    return _Closing({**estimators, "closure": champion.model}, challengers, facts, matrix, pace)


def _constant_closure(matrix: FeatureMatrix, closed: FloatArray) -> tuple[ConstantHazard, dict[str, str]]:
    """One rate where closures are too few for a model, and what is said of it."""
    found = ConstantHazard().fit(matrix, closed, np.ones(len(closed)))
    words = (
        f"{int(closed.sum())} closures are too few for a model; the rate {found.rate_:.4%} a month is used, "
        f"with an upper 95% bound of {found.upper_:.4%}"
    )
    return found, {"champion": "constant_hazard", "closures in words": words}


def _interacts(matrix: FeatureMatrix, spec: ModelSpec) -> tuple[str, ...]:
    return tuple(name for name in (*spec.segments.by, "log_balance") if name in matrix.names)


def _moves(matrix: FeatureMatrix, table: pd.DataFrame, split: PanelSplit, roles: Roles, facts: dict[str, Any]) -> Any:
    moved, calm = table["migrated"].to_numpy(), table["overdrawn"].to_numpy() == 0
    learning = (split.train | split.validate) & calm
    facts["moves into other products"] = int(moved[learning].sum())
    if facts["moves into other products"] < LEAST_MOVES:
        return ConstantHazard().fit(rows_of(matrix, learning), moved[learning], np.ones(int(learning.sum())))
    plain = Roles(roles.driver, "age_months", "", ())
    return learn_small_cause(matrix, moved, split, plain, calm, np.ones(len(moved)))


def _facts(panel: Panel, split: PanelSplit, estimators: Mapping[str, Any]) -> dict[str, Any]:
    table, learning = panel.table, split.train | split.validate
    return {
        "rows": len(table),
        "rows learned from": int(learning.sum()),
        "closures": int(table["closed"].sum()),
        "closures learned from": int(table["closed"].to_numpy()[learning].sum()),
        "balance cells": estimators["balance"].facts_["cells"],
    }


def _small(table: pd.DataFrame, spec: ModelSpec, levels: tuple[str, ...]) -> dict[str, str]:
    """Segments without a curve of their own, and those whose curve lies between their own few closures and the others',
    by name."""
    own = {" / ".join(segment) or "all": mask for segment, mask in curves_wanted(table, spec)}
    thin = [name for name in levels if name not in own]
    closures = {name: int(table["closed"].to_numpy()[own[name]].sum()) for name in levels if name in own}
    leaning = [f"{name} ({count})" for name, count in closures.items() if count < LEAST_EVENTS]
    least = spec.segments.minimum_exposure_months
    return {
        f"segments read from pooled curves, below {least:,.0f} account-months": ", ".join(thin) or "none",
        f"segments whose curves lean on the others', with closures below {LEAST_EVENTS}": ", ".join(leaning) or "none",
    }


def _in_doubt(panel: Panel, spec: ModelSpec) -> dict[str, str]:
    """What is said where closures by balance alone may be none, and where money of two currencies is added up."""
    found = {}
    closed, again = (
        sum(count for reason, count in panel.dropped.items() if reason.startswith(name))
        for name in (CLOSED_BY_BALANCE, USED_AGAIN)
    )
    if again > closed * DOUBTED:
        found["closures in doubt in words"] = (
            f"{closed:,} accounts count as closed because they stood empty to the end of the history, yet {again:,} "
            "times an account stood empty as long and was used again: decay of the last months is too high. Raise "
            "`options.dust_months`, or record closings"
        )
    if "currency" in panel.table and "currency" not in spec.segments.by:
        codes, labels = segment_codes(panel.table, scheme_of(spec))
        several = panel.table.groupby(codes)["currency"].nunique()
        names = [" / ".join(labels[int(code)]) or "all" for code in several.index[several > 1]]
        if names:
            found["currencies in words"] = (
                f"balances of several currencies are added up as they stand in {', '.join(sorted(names))}: "
                "name `currency` in `segments.by`"
            )
    return found


def _balance_weighted(closure: Any, matrix: FeatureMatrix, table: pd.DataFrame, rows: Any) -> float:
    weight = table["weight"].to_numpy()[rows]
    expected = float((weight * closure.predict_hazard(rows_of(matrix, rows))).sum())
    return float((weight * table["closed"].to_numpy()[rows]).sum() / expected) if expected > 0 else float("nan")


def _thin(seen: FloatArray) -> list[list[float]]:
    return [[round(float(one), 1) for one in row] for row in seen]


def _plain(facts: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in facts.items() if name != "search"}


def _kept_otherwise(estimators: Mapping[str, Any], spec: ModelSpec, panel: Panel, matrix: FeatureMatrix) -> FloatArray:
    """(1 - moved)(1 + growth) of each row's month: with (1 - closure) the share of balance that stays."""
    codes = level_codes(panel.table, spec, tuple(estimators["inputs"].extra["segments"]))
    pace = pace_left(estimators["closure"], matrix)
    shrink = estimators["balance"].log_decay(balance_features(panel.table, codes, pace))
    return np.asarray((1.0 - estimators["migrated"].predict_hazard(matrix)) * np.exp(-shrink))


def predict(fitted: FittedModel, panel: Panel) -> Predictions:
    """Net share of balance that leaves in the month, before interest, by champion, challenger and benchmark."""
    matrix = fitted.estimators["inputs"].matrix(panel, FEATURES)
    rest = _kept_otherwise(fitted.estimators, fitted.spec, panel, matrix)
    columns = {
        name: 1.0 - (1.0 - model.predict_hazard(matrix)) * rest
        for name, model in (("predicted", fitted.estimators["closure"]), *_challenging(fitted))
    }
    return _as_predictions(fitted.spec, panel, columns)


def _challenging(fitted: FittedModel) -> list[tuple[str, Any]]:
    return [(name, roles["closure"]) for name, roles in fitted.challengers.items()]


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


def export(fitted: FittedModel, context: ExportContext) -> tuple[AssumptionTable, ...]:
    """Withdrawal in both views, and moves into other products, by month since as-of and spread."""
    spec, table = fitted.spec, context.panel.table
    inputs: ModelInputs = fitted.estimators["inputs"]
    matrix = inputs.matrix(context.panel, FEATURES)
    levels = tuple(inputs.extra["segments"])
    codes = level_codes(table, spec, levels)
    drivers = DRIVERS if inputs.extra["with_spread"] else ()
    grid = carry.months_grid(spec.export.months)
    last = (table["month"] == table["month"].max()).to_numpy()
    last = last & ((table["closed"].to_numpy() + table["migrated"].to_numpy()) == 0)
    weight = np.maximum(np.nan_to_num(table["balance_end"].to_numpy()), 1e-6)
    seasons = {
        role: season_of(fitted.estimators[role], matrix, weight, spec.split.seed) for role in ("closure", "migrated")
    }
    withdrawal: list[AssumptionCurve] = []
    migrated: list[AssumptionCurve] = []
    clipped: dict[str, float] = {}
    for segment, mask in curves_wanted(table, spec):
        rows = np.flatnonzero(mask & last) if (mask & last).any() else np.flatnonzero(mask)
        place = _level(levels, segment)
        matrix_now = carry.at_as_of(rows_of(matrix, rows), weight[rows], fitted.estimators["closure"])
        accounts = carry.OpenAccounts(matrix_now, weight[rows], codes[rows])
        made = segment_curves(fitted, accounts, table[mask], segment, place, grid, drivers, seasons)
        withdrawal += made[0]
        migrated += made[1]
        clipped[" / ".join(segment) or "all"] = made[2]
    shared = _shared(table, last, matrix, clipped)
    name = spec.model.name or "nmd_decay"
    season = _combined_season(fitted, seasons)
    tables = [_make_table(name, "withdrawal", withdrawal, drivers, season, shared, spec)]
    if any(curve.values.max() > 0 for curve in migrated):
        tables.append(_make_table(f"{name}_migrated", "migrated", migrated, drivers, seasons["migrated"], shared, spec))
    return tuple(tables)


def _combined_season(fitted: FittedModel, seasons: Mapping[str, tuple[float, ...]]) -> tuple[float, ...]:
    """Season of withdrawals: that of closures (survivors' balances are exported at their mean over the year)."""
    if isinstance(fitted.estimators["closure"], ConstantHazard):
        return (1.0,) * 12
    return seasons["closure"]


def _level(levels: tuple[str, ...], segment: tuple[str, ...]) -> int:
    text = " / ".join(segment) or "all"
    return levels.index(text) if text in levels else -1


def _shared(table: pd.DataFrame, last: Any, matrix: FeatureMatrix, clipped: Mapping[str, float]) -> dict[str, str]:
    axes = ("spread", "age_months", "month_of_year")
    return {
        "book": f"accounts open at the last month, by balance, each carried forward at its own age: sha256 "
        f"{digest_of(table['unit'].to_numpy()[last])}",
        "covariates": ", ".join(name for name in matrix.names if name not in axes),
        "macros": "held at their last values; spread constant along each path",
        "inflows clipped in the first year": ", ".join(
            f"{name}: {share:.1%} of balance" for name, share in clipped.items()
        ),
    }


def _make_table(
    name: str,
    cause: str,
    curves: list[AssumptionCurve],
    drivers: tuple[Driver, ...],
    season: tuple[float, ...],
    shared: Mapping[str, str],
    spec: ModelSpec,
) -> AssumptionTable:
    return AssumptionTable(
        name=name,
        effect=Effect.RUNOFF,
        quantity=Quantity.MONTHLY_HAZARD,
        scheme=scheme_of(spec),
        curves=tuple(curves),
        cause=cause,
        month_meaning=MonthMeaning.SINCE_AS_OF,
        drivers=drivers,
        season=season,
        averaged_over=shared,
        provenance=Provenance(model=spec.model.name or spec.model.kind, spec_digest=spec.digest),
    )


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
    estimators: dict[str, Any] = {}
    for role in sorted({name.split("/", 1)[0] for name in files if not name.startswith(CHALLENGER)}):
        own = files_of_role(files, role)
        if role == "inputs":
            estimators[role] = ModelInputs.from_files(own)
        elif role in ("balance", "minimum"):
            estimators[role] = BalanceDecay.from_files(own)
        else:
            estimators[role] = load_hazard(own)
    inputs: ModelInputs = estimators["inputs"]
    if "pace" in estimators:
        pace = Pace(estimators["pace"], tuple(inputs.extra["usual_spreads"]), spec, tuple(inputs.extra["segments"]))
        estimators["inputs"] = replace(inputs, derived=pace)
    challengers, facts = challengers_of(files, load_hazard), inputs.extra.get("facts", {})
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
