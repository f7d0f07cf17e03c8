"""Shap summary: which inputs move the model's answers, in which direction, and do the parts add up?

Purpose
-------
A validator has to see what a model leans on, and that it leans the way economics says. Shapley attributions split
each answer fairly among the inputs.

Mechanism
---------
The kind's own attributions (path-dependent tree attributions of the fitted booster, or coefficient times distance
for linear models) on a seeded sample of test rows, in the link's space: log-odds for shares, the rate itself for
rates. Base plus all contributions must equal the model's raw score within 1e-6 on every row; we add them up
ourselves and fail where they do not. Importance is the mean absolute contribution, shown for training and test with
the rank agreement between the two.

Signs of high risk
------------------
A feature high in the ranking that has no economic story; a dependence picture against the expected sign; a ranking
that changes between training and test.

Strengths
---------
Exact for the model that is registered; additivity is asserted and not assumed.

Limitations
-----------
Attribution is not causation. Correlated inputs (rate level, incentive, age) share credit arbitrarily. Log-odds are
not percentage points. Months of one customer are not independent. It says nothing about the exported table or the
engine, and replaces neither constraints nor sensitivity analysis nor a challenger.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from behavior.errors import DoesNotApply
from behavior.estimators.base import Attributions
from behavior.kinds.base import Exhibit
from behavior.quantities import FloatArray
from behavior.validation.base import Check, CheckInput, Finding, Status

TOLERANCE = 1e-6
TOP = 12
DEPENDENCE = 3
BUILT_IN = {"additivity_error": f"at most {TOLERANCE:g}"}
VALUES = {
    "additivity_error": "largest |base + sum of contributions - score| of a row, space of the link",
    "rank_agreement": "Spearman correlation of feature importance between training and test samples",
    "top_share": "share of all absolute contributions that the first feature carries",
    "rows": "rows explained",
}


def run(given: CheckInput) -> Finding:
    """Attribute the test sample's scores to features and add them up."""
    explained = {role: one for role, one in given.explained_test.items() if len(one.score)}
    if not explained:
        raise DoesNotApply("the kind attributes nothing, or the test part is empty.")
    error = max(additivity_error(one) for one in explained.values())
    units = {feature.name: feature.unit for feature in given.kind.features}
    exhibits: list[Exhibit] = []
    for role, one in explained.items():
        exhibits += exhibits_of(role, one, units)
    first_role, first = next(iter(explained.items()))
    ranking = importance(first)
    values = {"additivity_error": error, "rows": float(len(first.score))}
    total = float(ranking["mean |contribution|"].sum())
    values["top_share"] = float(ranking["mean |contribution|"].iloc[0]) / total if total else np.nan
    values["rank_agreement"] = _agreement(given.explained_train.get(first_role), first)
    broken = not error <= TOLERANCE
    words = (
        f"Contributions add up to the score on every row (largest gap {error:.1g}). "
        if not broken
        else f"Contributions do not add up to the score: largest gap {error:.2e}. "
    ) + (
        f"The first input is {ranking['feature'].iloc[0]} with {100 * values['top_share']:.0f}% of the movement."
        if total
        else "No input moves the answer at all."
    )
    return Finding(
        "shap_summary",
        Status.FAIL if broken else Status.PASS,
        values,
        words,
        thresholds=BUILT_IN,
        exhibits=tuple(exhibits),
        failed=("additivity_error",) if broken else (),
    )


def additivity_error(one: Attributions) -> float:
    """Largest gap of a row between base + contributions and the score."""
    gap = np.abs(one.base + one.contributions.sum(axis=1) - one.score)
    return float(gap.max()) if np.isfinite(gap).all() else np.inf


def importance(one: Attributions) -> pd.DataFrame:
    """Features by mean absolute contribution, largest first, with the direction of their effect."""
    size = np.abs(one.contributions).mean(axis=0)
    direction = [
        "by level" if name in one.levels else _direction(one.values[:, place], one.contributions[:, place])
        for place, name in enumerate(one.names)
    ]
    table = pd.DataFrame({"feature": one.names, "mean |contribution|": size, "direction": direction})
    return table.sort_values("mean |contribution|", ascending=False, ignore_index=True, kind="stable")


def exhibits_of(role: str, one: Attributions, units: Mapping[str, str] | None = None) -> list[Exhibit]:
    """Bar, beeswarm and dependence of one estimator as data, in the link's space; `units` of features by name."""
    ranking = importance(one)
    top = list(ranking["feature"][:TOP])
    bars = ranking.head(TOP)[["feature", "mean |contribution|"]]
    found = [
        Exhibit(
            f"shap_bar_{role}",
            f"Mean absolute contribution, {role}",
            "bars",
            bars,
            "feature",
            f"mean |contribution|, {one.link}",
        )
    ]
    pieces = []
    for name in top:
        place = one.names.index(name)
        # The levels of a name have no order that a shade could show.
        value = np.full(len(one.score), np.nan) if name in one.levels else one.values[:, place]
        pieces.append(pd.DataFrame({"feature": name, "contribution": one.contributions[:, place], "value": value}))
    swarm = pd.concat(pieces, ignore_index=True)
    title = f"Contribution of every explained row, {role}"
    found.append(Exhibit(f"shap_beeswarm_{role}", title, "beeswarm", swarm, f"contribution, {one.link}", "feature"))
    found += [_dependence(role, one, name, (units or {}).get(name, "")) for name in top[:DEPENDENCE]]
    found.append(Exhibit(f"shap_table_{role}", f"Features by importance, {role}", "table", ranking))
    return found


def _dependence(role: str, one: Attributions, name: str, measured: str) -> Exhibit:
    """Contribution by value of one feature: every row, or the mean of each level with its 5th to 95th percentile."""
    place = one.names.index(name)
    data = pd.DataFrame({name: one.values[:, place], "contribution": one.contributions[:, place]}).dropna()
    title, unit = f"Dependence on {name}, {role}", f"contribution, {one.link}"
    if name not in one.levels:
        axis = f"{name}, {measured}" if measured else name
        return Exhibit(f"shap_dependence_{role}_{name}", title, "scatter", data, axis, unit)
    groups = data.groupby(name)["contribution"]
    means = pd.DataFrame(
        {
            "contribution": groups.mean(),
            "contribution_lower": groups.quantile(0.05),
            "contribution_upper": groups.quantile(0.95),
        }
    )
    labels = [one.levels[name][int(code)] for code in means.index]
    means.insert(0, name, labels)
    note = "Mean of each level, and the 5th to 95th percentile of its rows."
    return Exhibit(f"shap_dependence_{role}_{name}", title, "bars", means.reset_index(drop=True), name, unit, note)


def _direction(value: FloatArray, contribution: FloatArray) -> str:
    known = np.isfinite(value)
    if known.sum() < 3 or np.ptp(value[known]) == 0 or np.ptp(contribution[known]) == 0:
        return "none"
    correlation = pd.Series(value[known]).rank().corr(pd.Series(contribution[known]).rank())
    if abs(correlation) < 0.2:
        return "mixed"
    return "raises" if correlation > 0 else "lowers"


def _agreement(before: Attributions | None, after: Attributions) -> float:
    if before is None or before.names != after.names or len(after.names) < 3:
        return np.nan
    sizes = [pd.Series(np.abs(one.contributions).mean(axis=0)).rank() for one in (before, after)]
    return float(sizes[0].corr(sizes[1]))


CHECK = Check("shap_summary", run, VALUES, __doc__)
