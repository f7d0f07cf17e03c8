"""Stability: do the rows that the model is used on look like the rows it learned from?

Purpose
-------
A model is only as good as the likeness between its past and its present. A shift in inputs or scores is a warning
that comes before the outcome does.

Mechanism
---------
Population stability index of the prediction and of every feature, training rows against later months: the sum over
ten training deciles of (a - e) ln(a / e). A value that fills a decile by itself has a bin of its own, and so has
each value of a feature of no more than twenty; values that training never had and missing ones are bins too. Two
samples of one population do not give 0 but about (bins - 1)(1/n + 1/m), where n and m count customers and not rows,
because rows of one customer repeat each other. That floor is taken off before judging.

Signs of high risk
------------------
Above 0.25 after the floor (industry habit, not a rule): act; 0.10 to 0.25: watch. A shifted feature that also
stands high in the attributions.

Strengths
---------
Needs no outcome, so it can run on the newest month.

Limitations
-----------
Rate-driven features shift whenever rates do; that is their job, and says only that the test asks the model about
another part of its range (see regime coverage). Says nothing about the relation between inputs and outcome.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from behavior.errors import DoesNotApply
from behavior.kinds.base import Exhibit
from behavior.quantities import FloatArray
from behavior.validation.base import Check, CheckInput, Finding, Status
from behavior.validation.evidence import rows_of
from behavior.validation.statistics import population_stability, stability_noise

BINS = 10
FEW_VALUES = 20
"""A feature of no more values is compared value by value."""
LIMIT = 0.25
VALUES = {
    "score_shift": "PSI of the prediction, training rows against later months, less the noise floor",
    "score_shift_raw": "the same with the noise floor left in",
    "noise_floor": "PSI that chance alone would show",
    "worst_feature_shift": "largest PSI of a feature, less the noise floor",
    "features_above_limit": "number of features above 0.25",
}


def run(given: CheckInput) -> Finding:
    """Compare distributions of training rows and later months."""
    train, later = rows_of(given, "train"), rows_of(given, "out_of_time")
    before, after = train["customer"].nunique(), later["customer"].nunique()
    raw, floor = _shift(train["predicted"].to_numpy(), later["predicted"].to_numpy(), before, after)
    if floor > LIMIT:
        raise DoesNotApply(
            f"{min(before, after):,} customers are too few: chance alone would show an index of {floor:.2f}, "
            f"above the {LIMIT:g} that is a warning."
        )
    features = _feature_shifts(given)
    values = {"score_shift": max(raw - floor, 0.0), "score_shift_raw": raw, "noise_floor": floor}
    exhibits: tuple[Exhibit, ...] = ()
    words = f"The prediction's distribution moved by a PSI of {values['score_shift']:.3f} above noise ({floor:.3f})."
    if len(features):
        values["worst_feature_shift"] = float(features["PSI above noise"].max())
        values["features_above_limit"] = float((features["PSI above noise"] > LIMIT).sum())
        words += (
            f" Most moved feature: {features.iloc[0]['feature']} ({values['worst_feature_shift']:.3f}); "
            f"{values['features_above_limit']:.0f} of {len(features)} moved by more than {LIMIT:g}."
        )
        exhibits = (Exhibit("feature_shift", "Shift of every feature, training against test", "table", features),)
    return Finding(
        "stability", Status.WARN if values["score_shift"] > LIMIT else Status.PASS, values, words, exhibits=exhibits
    )


@dataclass(frozen=True)
class Bins:
    """Bins of a training distribution: `atoms` by value, the rest between `edges`; then one bin for missing values."""

    atoms: FloatArray
    edges: FloatArray

    @classmethod
    def of(cls, values: FloatArray) -> Bins:
        """Bins of about a tenth of the training rows each; quantiles alone would give a flag a single one."""
        known = values[np.isfinite(values)]
        distinct, counts = np.unique(known, return_counts=True)
        if len(distinct) <= FEW_VALUES:
            return cls(distinct, np.array([]))
        atoms = distinct[counts * BINS >= len(known)]
        rest = known[~np.isin(known, atoms)]
        inner = np.linspace(0, 1, max(round(BINS * len(rest) / len(known)), 1) + 1)[1:-1]
        return cls(atoms, np.unique(np.quantile(rest, inner)) if len(rest) else np.array([]))

    def shares(self, values: FloatArray) -> FloatArray:
        """Share of the values in each bin, shape (atoms + edges + 2,)."""
        between = len(self.atoms) + np.searchsorted(self.edges, values, side="right")
        place = np.minimum(np.searchsorted(self.atoms, values), max(len(self.atoms) - 1, 0))
        own = self.atoms[place] == values if len(self.atoms) else np.zeros(len(values), dtype=bool)
        missing = len(self.atoms) + len(self.edges) + 1
        # Unknown is a bin of its own: more of it is a shift too.
        codes = np.where(np.isfinite(values), np.where(own, place, between), missing)
        return np.asarray(np.bincount(codes, minlength=missing + 1) / max(len(values), 1), dtype=np.float64)


def _shift(before: FloatArray, after: FloatArray, units_before: int, units_after: int) -> tuple[float, float]:
    bins = Bins.of(before)
    expected, actual = bins.shares(before), bins.shares(after)
    used = int(((expected > 0) | (actual > 0)).sum())
    return population_stability(expected, actual), stability_noise(used, units_before, units_after)


def _feature_shifts(given: CheckInput) -> pd.DataFrame:
    rows = {}
    for role, before in given.explained_train.items():
        after = given.explained_test.get(role)
        if after is None or after.names != before.names:
            continue
        for place, name in enumerate(before.names):
            raw, floor = _shift(before.values[:, place], after.values[:, place], len(before.values), len(after.values))
            rows[name] = {"feature": name, "PSI": raw, "noise": floor, "PSI above noise": max(raw - floor, 0.0)}
    table = pd.DataFrame(list(rows.values()))
    return table.sort_values("PSI above noise", ascending=False, ignore_index=True) if len(table) else table


CHECK = Check("stability", run, VALUES, __doc__)
