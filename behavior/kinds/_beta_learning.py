"""Learning of deposit beta: the law of every series, and its challengers."""

from __future__ import annotations

from collections.abc import Mapping
from copy import copy
from dataclasses import fields, replace
from typing import Any

import pandas as pd

from behavior.errors import DidNotConverge, Fault, FittingError, SpecFault
from behavior.estimators.pass_through import StructuralPassThrough
from behavior.estimators.pass_through_correction import ErrorCorrection
from behavior.estimators.pass_through_fit import FitOptions
from behavior.estimators.pass_through_series import RateSeries
from behavior.estimators.pass_through_static import ConstantBeta
from behavior.kinds._beta_facts import fit_facts
from behavior.kinds._beta_panel import pieces_of_panel
from behavior.kinds._segments import absent_columns
from behavior.kinds.base import FittedModel
from behavior.months import month_number
from behavior.panel.base import Panel, PanelSplit
from behavior.specs import ModelSpec

FAMILIES = (StructuralPassThrough.family,)
OPTIONS = ("index", "ladders", "smoothing")
ROLE = "pass_through"


def fit_options(spec: ModelSpec) -> FitOptions:
    """Estimator settings of a specification.

    Raises
    ------
    SpecFault : unknown settings or family, all at once.
    """
    known = {field.name for field in fields(FitOptions)}
    faults = [
        Fault("spec.toml", f"expected one of {', '.join(sorted(known))}", column=f"$.estimator.fixed.{name}")
        for name in spec.estimator.fixed
        if name not in known
    ]
    faults += [
        Fault("spec.toml", f"expected one of {', '.join(OPTIONS)}", column=f"$.options.{name}")
        for name in spec.options
        if name not in OPTIONS
    ]
    if spec.estimator.family not in FAMILIES:
        rule = f"expected one of {', '.join(FAMILIES)}"
        faults.append(Fault("spec.toml", rule, column="$.estimator.family", value=spec.estimator.family))
    if faults:
        raise SpecFault(faults)
    values: dict[str, Any] = dict(spec.estimator.fixed)
    if "smoothing" in spec.options:
        values["smoothing"] = tuple(float(one) for one in spec.options["smoothing"])
    return FitOptions(**values)


def fit(panel: Panel, split: PanelSplit, spec: ModelSpec) -> FittedModel:
    """Fit the champion and its challengers on the months before the test.

    Raises
    ------
    TooFewEvents, DidNotConverge : when the series cannot carry a law. SpecFault : unknown settings.
    """
    model, series, rows = _learned(panel, split, spec)
    challengers = _challengers(series)
    facts = _facts(model, series, rows, spec)
    return FittedModel("deposit_beta", spec, {ROLE: model, **challengers}, by_role(challengers), facts)


def refit(judged: FittedModel, panel: Panel, split: PanelSplit, spec: ModelSpec) -> FittedModel:
    """A judged model's law learned again from other rows; its challengers stay as they are.

    Predictions go on starting where the judged model's do, so that the two can be held against each other.

    Raises
    ------
    TooFewEvents, DidNotConverge : when the series cannot carry a law.
    """
    model, series, rows = _learned(panel, split, spec)
    model.facts_ = {**model.facts_, "paths_from": paths_from(judged.estimators[ROLE])}
    challengers = {name: one for name, one in judged.estimators.items() if name != ROLE}
    facts = _facts(model, series, rows, spec)
    return FittedModel("deposit_beta", spec, {ROLE: model, **challengers}, by_role(challengers), facts)


def _learned(
    panel: Panel, split: PanelSplit, spec: ModelSpec
) -> tuple[StructuralPassThrough, list[RateSeries], pd.DataFrame]:
    """The law, every series of the rows learned from, and those rows."""
    options = fit_options(spec)
    known = panel.rows(split.train | split.validate).table
    series = pieces_of_panel(known, spec.segments.by)
    model = StructuralPassThrough(options).fit(_above_minimum(series, known, spec))
    model.facts_ = {**model.facts_, "trained_to": int(month_number(known["month"]).max())}
    return model, series, known


def _facts(
    model: StructuralPassThrough, series: list[RateSeries], rows: pd.DataFrame, spec: ModelSpec
) -> dict[str, Any]:
    counted = {"series": len(series), "rows": len(rows), "index": spec.options.get("index", "short")}
    return {**counted, **absent_columns(rows, spec), **fit_facts(model)}


def paths_from(model: StructuralPassThrough) -> int:
    """Month in which predictions start again from the rate paid: the last one that the judged model learned from."""
    return int(model.facts_.get("paths_from", model.facts_["trained_to"]))


def beside(fitted: FittedModel, other: FittedModel) -> FittedModel:
    """The model with its paths starting again where another's do, so that neither has drifted for longer."""
    model = copy(fitted.estimators[ROLE])
    model.facts_ = {**model.facts_, "paths_from": paths_from(other.estimators[ROLE])}
    return replace(fitted, estimators={**fitted.estimators, ROLE: model})


def _above_minimum(series: list[RateSeries], known: pd.DataFrame, spec: ModelSpec) -> list[RateSeries]:
    exposure = known.groupby("unit")["exposure"].sum()
    enough = [one for one in series if exposure[one.source] >= spec.segments.minimum_exposure_months]
    if not enough:
        raise FittingError(
            f"deposit beta: no segment reaches {spec.segments.minimum_exposure_months:g} months of exposure; the "
            f"largest has {exposure.max():g}. Use fewer segment columns or a lower minimum."
        )
    return enough


def _challengers(series: list[RateSeries]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for asymmetric in (True, False):
        try:
            found["challenger"] = ErrorCorrection(asymmetric=asymmetric).fit(series)
            break
        except DidNotConverge:
            continue
    try:
        found["benchmark"] = ConstantBeta("last_cycle").fit(series)
    except FittingError:
        found["benchmark"] = ConstantBeta("least_squares").fit(series)
    return found


def by_role(challengers: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Challengers by name and role, as a fitted model holds them."""
    return {name: {ROLE: estimator} for name, estimator in challengers.items()}
