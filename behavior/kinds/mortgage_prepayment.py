"""Mortgage prepayment: payoff by incentive, burnout and age; curtailment and default where the data carry them.

Month meaning: since origination. Drivers: RATE_INCENTIVE (customer rate minus market rate, `lag_months` before the
month's start) and MONTHS_IN_THE_MONEY (burnout). The season is a table of twelve factors beside the curves.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from behavior.assumptions.curve import AssumptionCurve
from behavior.assumptions.effects import Driver, Effect, MonthMeaning
from behavior.assumptions.set import AssumptionTable, DriverTerms, Provenance
from behavior.assumptions.spending import spent_hazard
from behavior.estimators.base import Attributions
from behavior.estimators.champion import Champion, Roles
from behavior.estimators.s_curve_hazard import SCurveHazard
from behavior.estimators.spline_hazard import SplineHazard, rows_of
from behavior.features.base import FeatureMatrix
from behavior.features.leakage import refuse_leaks
from behavior.features.prepayment import FEATURES
from behavior.kinds import _prepayment_export as export_grid
from behavior.kinds._inputs import ModelInputs, challengers_of, estimators_of
from behavior.kinds._learning import (
    absent_features,
    blocks_of,
    explain_hazard,
    learn_cause,
    learn_challengers,
    learn_inputs,
    learn_small_cause,
    predictions_table,
    spec_of_cases,
)
from behavior.kinds._panel_rules import columns_and_window
from behavior.kinds._prepayment_exhibits import exhibits
from behavior.kinds._prepayment_raking import rake
from behavior.kinds._prepayment_resets import RESET_FEATURES, Resets, resets_matter, without_resets
from behavior.kinds._prepayment_segments import (
    TERMS,
    FoundSegments,
    as_in_a_book,
    by_rate,
    curves_by_rate,
    divided_by,
    of_assets,
    read_by,
    segments_found,
)
from behavior.kinds._segments import absent_columns, curves_wanted, scheme_of
from behavior.kinds.base import ExportContext, FittedModel, ModelKind, Predictions
from behavior.market.history import RateHistory
from behavior.months import month_number
from behavior.panel.base import CASES, CustomerHistory, Panel, PanelSplit
from behavior.panel.loans import OLD_RATE, TARGETS, LoanPanelRules, build_loan_panel
from behavior.panel.parts import loan_panels
from behavior.quantities import BoolArray, FloatArray, IntArray, Quantity
from behavior.specs import ModelSpec

DRIVERS = (Driver.RATE_INCENTIVE, Driver.MONTHS_IN_THE_MONEY)
LEAST_EVENTS_OF_A_CAUSE = 40
SMALL_CAUSES = ("default", "curtailment")
LEVEL_MONTHS = 36
_BY_CELL = ("incentive", "months_in_the_money", "age_months")


def rules_of(spec: ModelSpec) -> LoanPanelRules:
    """Panel rules from the specification's options and window."""
    options = spec.options
    return LoanPanelRules(
        market=str(options.get("market_rate", "mortgage")),
        lag_months=int(options.get("lag_months", 1)),
        in_the_money_above=float(options.get("in_the_money_above", 0.005)),
        **columns_and_window(spec, FEATURES),
    )


def build_panel(history: CustomerHistory, rates: RateHistory, spec: ModelSpec) -> Panel:
    """Loan-months at risk; see `behavior.panel.loans`."""
    return build_loan_panel(history, rates, rules_of(spec))


def panels(parts: Iterable[CustomerHistory], rates: RateHistory, spec: ModelSpec) -> Iterator[Panel]:
    """The same of a history in parts."""
    return loan_panels(parts, rates, rules_of(spec))


def _roles(names: tuple[str, ...], spec: ModelSpec) -> Roles:
    segments = (TERMS,) if by_rate(spec) else spec.segments.by
    wanted = ("log_original_balance", "credit_score", "current_ltv", "fixed_period", *segments)
    interacts = tuple(name for name in wanted if name in names)
    return Roles("incentive", "age_months", "months_in_the_money", interacts)


def fit(panel: Panel, split: PanelSplit, spec: ModelSpec) -> FittedModel:
    """Payoff champion, challengers, and the further causes that the data carry.

    Raises
    ------
    TooFewEvents, DidNotConverge, LeakFound.
    """
    found, inputs, matrix = _read(panel, split, spec)
    spec, payoff, learning = found.spec, panel.table["payoff"].to_numpy(), split.train | split.validate
    inputs, matrix, resets = _resets_judged(inputs, matrix, payoff, learning, panel, spec)
    strong = refuse_leaks(panel, matrix, payoff, learning, TARGETS, FEATURES, rules_of(spec).lag_months)
    champion, estimators, facts = _learn(panel, split, spec, inputs, matrix)
    facts |= strong | ({"resets in words": resets} if resets else {})
    facts |= {"segments in words": found.words} if found.words else {}
    challengers = _challengers(panel, split, spec, matrix, champion)
    return FittedModel("mortgage_prepayment", spec, estimators, challengers, facts, keeps_challengers=True)


def refit(judged: FittedModel, panel: Panel, split: PanelSplit, spec: ModelSpec) -> FittedModel:
    """A judged model learned again from other rows: it reads what that one reads, and its screens are not repeated.

    A freer form stands beside it only where bands need one; see `_rival`.

    Raises
    ------
    TooFewEvents, DidNotConverge.
    """
    found, inputs, matrix = _read(panel, split, spec)
    if not set(RESET_FEATURES) & set(judged.estimators["inputs"].names):
        inputs, matrix = _without_resets(inputs, matrix)
    champion, estimators, facts = _learn(panel, split, found.spec, inputs, matrix)
    challengers = _challengers(panel, split, found.spec, matrix, champion) if _stiff(champion.model) else {}
    return FittedModel("mortgage_prepayment", found.spec, estimators, challengers, facts, keeps_challengers=True)


def _read(panel: Panel, split: PanelSplit, spec: ModelSpec) -> tuple[FoundSegments, ModelInputs, FeatureMatrix]:
    """The segments that the history has, and what hazards read of it."""
    found = segments_found(spec, panel.table)
    kept = {"segments": list(found.spec.segments.by)} if by_rate(found.spec) else {}
    return found, *learn_inputs(panel, split, FEATURES, read_by(found.spec, spec, panel.table), kept)


def _learn(
    panel: Panel, split: PanelSplit, spec: ModelSpec, inputs: ModelInputs, matrix: FeatureMatrix
) -> tuple[Champion, dict[str, Any], dict[str, Any]]:
    """The payoff champion, estimators by role, and facts."""
    payoff, everywhere = panel.table["payoff"].to_numpy(), np.ones(len(panel.table), dtype=bool)
    learning, learned = split.train | split.validate, spec_of_cases(spec, panel)
    roles = _roles(matrix.names, spec)
    champion = learn_cause(matrix, payoff, split, roles, learned, everywhere, blocks_of(panel), panel.cases)
    facts: dict[str, Any] = {
        "rows": len(payoff),
        "rows learned from": int(learning.sum()),
        "payoffs": int(payoff.sum()),
        "payoffs learned from": int(payoff[learning].sum()),
        "champion": champion.family,
        "validation log loss": dict(champion.losses),
        **champion.facts,
        **absent_columns(panel.table, spec),
        **absent_features(inputs, spec),
    }
    if old := _old_rates(panel):
        facts["market rate in words"] = old
    if currencies := _currencies(panel, spec):
        facts["currencies in words"] = currencies
    if CASES in panel.table:
        facts["months that the rows stand for"] = round(float(panel.cases.sum()))
    small, counts = _small_causes(panel, split, matrix)
    return champion, {"inputs": inputs, "payoff": champion.model, **small}, facts | counts


def _small_causes(
    panel: Panel, split: PanelSplit, matrix: FeatureMatrix
) -> tuple[dict[str, SplineHazard], dict[str, int]]:
    """Hazards of the further causes that the data carry, and how many events each has."""
    table, learning = panel.table, split.train | split.validate
    roles, found, counts = Roles("", "age_months", ""), {}, {}
    for cause in SMALL_CAUSES:
        event = table[cause].to_numpy()
        known = ~np.isnan(event)
        count = counts[f"{cause}s"] = int((event[known & learning] > 0).sum())
        if count >= LEAST_EVENTS_OF_A_CAUSE:
            weight = table["weight"].to_numpy() if cause == "curtailment" else np.ones(len(event))
            events = np.nan_to_num(event)
            found[cause] = learn_small_cause(matrix, events, split, roles, known, weight * panel.cases)
    return found, counts


def _challengers(
    panel: Panel, split: PanelSplit, spec: ModelSpec, matrix: FeatureMatrix, champion: Champion
) -> dict[str, dict[str, Any]]:
    """The challengers; that of a stiff champion, which its bands speak of, with its error by blocks."""
    payoff, roles, by = panel.table["payoff"].to_numpy(), _roles(matrix.names, spec), ("age_months", "incentive")
    blocks = blocks_of(panel) if _stiff(champion.model) else None
    return learn_challengers(matrix, payoff, split, roles, champion, "payoff", by, panel.cases, blocks)


def _stiff(model: Any) -> bool:
    """Whether a hazard's form leaves so much out that its bands need a freer one beside it."""
    return isinstance(model, SCurveHazard)


def _resets_judged(
    inputs: ModelInputs, matrix: FeatureMatrix, payoff: FloatArray, learning: BoolArray, panel: Panel, spec: ModelSpec
) -> tuple[ModelInputs, FeatureMatrix, str]:
    """Inputs and matrix without the features of resets where nothing in the months learned from asks for them.

    A history that its rates divide keeps them unasked: few of its loans have passed a reset, and a smooth effect of age
    hides from the test what their end of a fixed period changes.
    """
    if not set(RESET_FEATURES) & set(matrix.names):
        return inputs, matrix, ""
    if by_rate(spec):
        return inputs, matrix, "read month by month, as rates divide this history"
    roles = _roles(without_resets(matrix).names, spec)
    if resets_matter(rows_of(matrix, learning), payoff[learning], panel.cases[learning], roles):
        return inputs, matrix, "loans leave differently around the end of a fixed period: read month by month"
    return *_without_resets(inputs, matrix), "loans leave around the end of a fixed period as at other ages: not read"


def _without_resets(inputs: ModelInputs, matrix: FeatureMatrix) -> tuple[ModelInputs, FeatureMatrix]:
    plain = without_resets(matrix)
    return ModelInputs(plain.names, plain.levels, inputs.extra), plain


def _old_rates(panel: Panel) -> str:
    """What is said of rows whose market rate stood still for want of a quote; empty where none did."""
    counts = {reason: count for reason, count in panel.dropped.items() if reason.startswith(OLD_RATE)}
    if not counts:
        return ""
    parts = "; ".join(f"{count:,} {reason.removeprefix(OLD_RATE).strip()}" for reason, count in counts.items())
    return f"its history has holes or ends early: of {len(panel.table):,} rows the rate was last quoted, on {parts}"


def _currencies(panel: Panel, spec: ModelSpec) -> str:
    """What is said of loans in several currencies, whose incentives all stand on one market rate; empty for one."""
    if "currency" not in panel.table:
        return ""
    counts = panel.table["currency"].value_counts()
    present = sorted(str(name) for name, count in counts.items() if count > 0 and str(name))
    silent = len(panel.table) - int(sum(counts[name] for name in present))
    if not present or len(present) + bool(silent) < 2:
        return ""
    unsaid = f" and {silent:,} loan-months that name no currency" if silent else ""
    return (
        f"loans in {', '.join(present)}{unsaid} are all compared with one market rate, `{rules_of(spec).market}`. "
        "Where a currency has a rate of its own, give it a history (`where`) and a model of its own, with that index "
        "as the option `market_rate` and segments that tell the currencies' loans apart"
    )


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


def export(fitted: FittedModel, context: ExportContext) -> tuple[AssumptionTable, ...]:
    """One table a cause: payoff by incentive, months in the money and age, the others by age."""
    causes = [name for name in ("payoff", *SMALL_CAUSES) if name in fitted.estimators]
    matrix = fitted.estimators["inputs"].matrix(context.panel, FEATURES)
    held = export_grid.macros_held(matrix, month_number(context.panel.table["month"]))
    return tuple(_table(fitted, context.panel, held, cause) for cause in causes)


def _table(fitted: FittedModel, panel: Panel, held: FeatureMatrix, cause: str) -> AssumptionTable:
    """A cause's table; `held` is the panel's matrix with macros held as curves hold them."""
    spec = fitted.spec
    rules = rules_of(spec)
    model = fitted.estimators[cause]
    rival = _rival(fitted, cause)
    drivers = DRIVERS if cause == "payoff" else ()
    table = panel.table
    weight = table["weight"].to_numpy()
    last = (table["month"] == table["month"].max()).to_numpy()
    season = export_grid.season_of(model, held, weight, spec.split.seed)
    curves: tuple[AssumptionCurve, ...] = ()
    for segment, mask in curves_by_rate(table, spec) if by_rate(spec) else curves_wanted(table, spec):
        rows = mask & last if (mask & last).sum() >= 30 else mask
        own, resets = table.loc[mask, list(_BY_CELL)], Resets.of(table, mask, rows)
        grid = export_grid.grid_for(
            own["incentive"].to_numpy(),
            own["months_in_the_money"].to_numpy(),
            spec.export.months,
            drivers,
            resets.ages(spec.export.months) if "reset_phase" in held.names else (),
            table["incentive"].to_numpy()[rows],
        )
        part = held.with_values(held.values[rows])
        values, error = export_grid.surface(
            model, rival, part, weight[rows], grid, ("incentive", "months_in_the_money"), season, resets
        )
        made_of = export_grid.make_curve(segment, grid, drivers, values, error, export_grid.exposure(own, grid))
        curves = (*curves, made_of)
    scheme = scheme_of(spec)
    if by_rate(spec):
        scheme, curves = of_assets(scheme, curves)
    made = AssumptionTable(
        name=spec.model.name or "mortgage_prepayment" if cause == "payoff" else f"mortgage_{cause}",
        effect=Effect.RUNOFF,
        quantity=Quantity.MONTHLY_HAZARD,
        scheme=scheme,
        curves=curves,
        cause=cause,
        month_meaning=MonthMeaning.SINCE_ORIGINATION,
        drivers=drivers,
        terms=DriverTerms(
            index=None if rules.market == "mortgage" else rules.market,
            tenor_months=spec.options.get("driver_tenor_months", 120),
            lag_months=rules.lag_months,
            in_the_money_above=rules.in_the_money_above,
        ),
        season=season,
        averaged_over={
            "book": f"loans at risk in the last month of history, by balance, near each age: sha256 "
            f"{export_grid.digest_of(table['unit'].to_numpy()[last])}",
            "covariates": ", ".join(name for name in held.names if name not in _axes()),
            "macros": export_grid.macros_in_words(model, held, weight, last),
        },
        provenance=Provenance(model=spec.model.name or spec.model.kind, spec_digest=spec.digest),
    )
    return _levelled(made, panel, held, model)


def _rival(fitted: FittedModel, cause: str) -> Any | None:
    """The freer form of the same cause, which says how much a stiff form leaves open; none for a free one."""
    return fitted.challengers.get("challenger", {}).get(cause) if _stiff(fitted.estimators[cause]) else None


def _levelled(table: AssumptionTable, panel: Panel, held: FeatureMatrix, model: Any) -> AssumptionTable:
    """Each curve held to the model along its axes over the last years by balance, averaging and grid included.

    The model speaks of rows with macros `held` as the curve holds them: those of the last years, where they moved, are
    not those that the curve is spent under.
    """
    month = month_number(panel.table["month"])
    late = month > month.max() - LEVEL_MONTHS
    recent = panel.rows(late)
    values, curve = _table_values(table, recent)
    weight, target = recent.table["weight"].to_numpy(), model.predict_hazard(rows_of(held, late))
    names = {"incentive": "incentive", "burnout": "months_in_the_money"} if table.drivers else {}
    axes = {axis: recent.table[name].to_numpy() for axis, name in {**names, "age": "age_months"}.items()}
    curves = []
    for place, one in enumerate(table.curves):
        mine = curve == place
        if mine.sum() < 30 or float((weight * values)[mine].sum()) <= 0:
            curves.append(one)
            continue
        own = {axis: held[mine] for axis, held in axes.items()}
        curves.append(export_grid.raked(one, rake(own, values[mine], target[mine], weight[mine])))
    words = f"held to the model's totals along the axes over the last {LEVEL_MONTHS} months by balance"
    return replace(table, curves=tuple(curves), averaged_over={**table.averaged_over, "level": words})


def _axes() -> tuple[str, ...]:
    return ("incentive", "months_in_the_money", "age_months", "month_of_year", "fixed_period", "reset_phase")


def look_up(tables: tuple[AssumptionTable, ...], fitted: FittedModel, panel: Panel) -> Predictions:
    """The payoff table applied to the panel's rows the way that the engine applies it, season included.

    Where the model reads a macro, `modelled` is what it says with macros held as the table holds them.
    """
    table = next(one for one in tables if one.cause == "payoff")
    columns = {"predicted": _table_values(table, panel)[0]}
    if set(export_grid.MACROS) & set(fitted.estimators["inputs"].names):
        matrix = fitted.estimators["inputs"].matrix(panel, FEATURES)
        held = export_grid.macros_held(matrix, month_number(panel.table["month"]))
        columns["modelled"] = fitted.estimators["payoff"].predict_hazard(held)
    return _as_predictions(fitted.spec, panel, columns)


def _table_values(table: AssumptionTable, panel: Panel) -> tuple[FloatArray, IntArray]:
    """Hazard of each row from the table, season included, and the place of its curve; shape (rows,) each."""
    rows = as_in_a_book(panel.table)
    months = np.maximum(rows["age_months"].to_numpy().astype(np.int64), 1)
    drivers = {
        Driver.RATE_INCENTIVE: rows["incentive"].to_numpy(),
        Driver.MONTHS_IN_THE_MONEY: rows["months_in_the_money"].to_numpy(),
    }
    return spent_hazard(table, rows, months, drivers, pd.DatetimeIndex(rows["month"]).month)


def load(spec: ModelSpec, files: Mapping[str, str]) -> FittedModel:
    """The champion and its challengers as stored."""
    estimators = estimators_of(files, {})
    if "segments" in estimators["inputs"].extra:
        spec = divided_by(spec, tuple(estimators["inputs"].extra["segments"]))
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
