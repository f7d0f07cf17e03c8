"""Learning of mortgage prepayment: the payoff champion, its challengers, and the further causes that the data carry."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from behavior.estimators.bands import Blocks, with_block_covariance
from behavior.estimators.champion import WITH_AVERAGED, Champion, Roles, choose_champion
from behavior.estimators.s_curve_hazard import SCurveHazard
from behavior.estimators.spline_hazard import SplineHazard, rows_of
from behavior.features.base import FeatureMatrix
from behavior.features.leakage import refuse_leaks
from behavior.features.prepayment import FEATURES
from behavior.freed import give_back_freed
from behavior.kinds._inputs import ModelInputs
from behavior.kinds._learning import absent_features, learn_challengers, learn_inputs, learn_small_cause
from behavior.kinds._prepayment_panel import rules_of
from behavior.kinds._prepayment_penalties import ENDS, PenaltyPhase, ends_found
from behavior.kinds._prepayment_resets import RESET_FEATURES, resets_matter, without_resets
from behavior.kinds._prepayment_segments import TERMS, FoundSegments, by_rate, read_by, segments_found
from behavior.kinds._prepayment_words import currencies_in_words, old_rates
from behavior.kinds._segments import absent_columns
from behavior.kinds.base import FittedModel
from behavior.months import month_number
from behavior.panel.base import CASES, Panel, PanelSplit
from behavior.panel.loans import TARGETS
from behavior.quantities import PSA_RAMP_MONTHS, BoolArray, FloatArray
from behavior.specs import EstimatorSpec, ModelSpec

LEAST_EVENTS_OF_A_CAUSE = 40
SMALL_CAUSES = ("default", "curtailment")
AHEAD = 4
"""Half-years after the history whose mean rate a band speaks of: two years; by then curves are learned anew."""


def _roles(names: tuple[str, ...], spec: ModelSpec) -> Roles:
    segments = (TERMS,) if by_rate(spec) else spec.segments.by
    wanted = ("log_original_balance", "credit_score", "current_ltv", "fixed_period", *segments)
    interacts = tuple(name for name in wanted if name in names)
    return Roles("incentive", "age_months", "months_in_the_money", interacts, PSA_RAMP_MONTHS)


def fit(panel: Panel, split: PanelSplit, spec: ModelSpec) -> FittedModel:
    """Payoff champion, challengers, and the further causes that the data carry.

    Raises
    ------
    TooFewEvents, DidNotConverge, LeakFound.
    """
    found, inputs, matrix = _read(panel, split, spec)
    spec, payoff, learning = found.spec, panel.table["payoff"].to_numpy(), split.train | split.validate
    inputs, matrix, resets = _resets_judged(inputs, matrix, payoff, learning, panel, spec)
    ends = ends_found(panel, matrix, learning, _roles(matrix.names, spec), spec)
    inputs, matrix = _with_penalties(inputs, matrix, ends, panel, spec)
    strong = refuse_leaks(panel, matrix, payoff, learning, TARGETS, FEATURES, rules_of(spec).lag_months)
    champion, estimators, facts = _learn(panel, split, spec, inputs, matrix)
    facts |= strong | ({"resets in words": resets} if resets else {})
    facts |= {"segments in words": found.words} if found.words else {}
    facts |= {"penalties in words": _penalties_in_words(ends)} if ends else {}
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
    ends = judged.estimators["inputs"].extra.get(ENDS, {})
    inputs, matrix = _with_penalties(inputs, matrix, ends, panel, found.spec)
    champion, estimators, facts = _learn(panel, split, found.spec, inputs, matrix)
    challengers = _challengers(panel, split, found.spec, matrix, champion) if stiff(champion.model) else {}
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
    payoff, learning = panel.table["payoff"].to_numpy(), split.train | split.validate
    champion = _champion(panel, split, spec, matrix)
    facts: dict[str, Any] = {
        "rows": len(payoff),
        "rows learned from": int(learning.sum()),
        "payoffs": int(payoff.sum()),
        "payoffs learned from": int(payoff[learning].sum()),
        "form": champion.family,
        "validation log loss": dict(champion.losses),
        **champion.facts,
        **champion.model.facts_,  # with what its errors count, which were found after it
        **absent_columns(panel.table, spec),
        **absent_features(inputs, spec),
    }
    if old := old_rates(panel):
        facts["market rate in words"] = old
    if currencies := currencies_in_words(panel, spec):
        facts["currencies in words"] = currencies
    if CASES in panel.table:
        facts["months that the rows stand for"] = round(float(panel.cases.sum()))
    small, counts = _small_causes(panel, split, matrix)
    return champion, {"inputs": inputs, "payoff": champion.model, **small}, facts | counts


def _champion(panel: Panel, split: PanelSplit, spec: ModelSpec, matrix: FeatureMatrix) -> Champion:
    """The champion of payoff, count weighted, with its error by what is drawn together."""
    learning = split.train | split.validate
    rows, cases, blocks = rows_of(matrix, learning), panel.cases[learning], _blocks_of(panel).rows(learning)
    event = panel.table["payoff"].to_numpy()[learning]
    found = choose_champion(
        rows,
        event,
        cases,
        split.validate[learning],
        _roles(matrix.names, spec),
        _estimator_of(spec, panel),
        spec.search,
        customer=blocks.customer,
        candidates=WITH_AVERAGED,
    )
    give_back_freed()
    with_block_covariance(found.model, rows, event, cases, blocks, cases, AHEAD)
    return found


def _estimator_of(spec: ModelSpec, panel: Panel) -> EstimatorSpec:
    """The estimator's settings; of a panel that is a sample of cases already, no row is left out once more."""
    if CASES not in panel.table:
        return spec.estimator
    return spec.estimator.model_copy(update={"fixed": {**spec.estimator.fixed, "sample_share": 1.0}})


def _blocks_of(panel: Panel) -> Blocks:
    """Customers' half-years of a panel's rows."""
    return Blocks.of(panel.table["customer"], month_number(panel.table["month"]))


def _small_causes(
    panel: Panel, split: PanelSplit, matrix: FeatureMatrix
) -> tuple[dict[str, SplineHazard], dict[str, int]]:
    """Hazards of the further causes that the data carry, and how many events each has."""
    table, learning = panel.table, split.train | split.validate
    roles, found, counts = Roles("", "age_months", ""), {}, {}
    for cause in SMALL_CAUSES:
        event = table[cause].to_numpy()
        known = ~np.isnan(event)
        counts[f"{cause}s"] = int((event[known] > 0).sum())
        count = counts[f"{cause}s learned from"] = int((event[known & learning] > 0).sum())
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
    blocks = _blocks_of(panel) if stiff(champion.model) else None
    return learn_challengers(matrix, payoff, split, roles, champion, "payoff", by, panel.cases, blocks, AHEAD)


def stiff(model: Any) -> bool:
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


def _with_penalties(
    inputs: ModelInputs, matrix: FeatureMatrix, ends: Mapping[str, int], panel: Panel, spec: ModelSpec
) -> tuple[ModelInputs, FeatureMatrix]:
    """Inputs and matrix with the months around each segment's end, where there are any."""
    if not ends:
        return inputs, matrix
    phase = PenaltyPhase(ends, spec)
    known = ModelInputs(inputs.names, inputs.levels, {**inputs.extra, ENDS: dict(ends)}, phase)
    return known, phase(matrix, panel)


def _penalties_in_words(ends: Mapping[str, int]) -> str:
    told = ", ".join(f"{name} after month {end}" for name, end in sorted(ends.items()))
    return f"payoffs jump as where a penalty ends ({told}): the months before and after are read apart"
