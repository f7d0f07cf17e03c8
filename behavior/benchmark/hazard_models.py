"""Models and baselines of a hazard, fitted on the same rows with the same features and asked for the same rows."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from scipy.interpolate import RegularGridInterpolator

from behavior.benchmark.protocols import Incumbent
from behavior.errors import BehaviorError, Fault, SpecFault
from behavior.estimators.averaged_hazard import AveragedHazard
from behavior.estimators.boosted_hazard import BoostedHazard
from behavior.estimators.champion import Roles
from behavior.estimators.constant_hazard import ConstantHazard
from behavior.estimators.empirical import EmpiricalHazard, PsaHazard, psa_hazard
from behavior.estimators.s_curve_hazard import SCurveHazard
from behavior.estimators.spline_hazard import SplineHazard, rows_of
from behavior.estimators.terms import column_of
from behavior.features.base import FeatureMatrix
from behavior.quantities import BoolArray, FloatArray

OURS = "ours"
MOST_ROWS = 60_000
TREES: Mapping[str, float] = {"num_leaves": 5, "min_data_in_leaf": 300, "learning_rate": 0.05}
ROUNDS = 30
WORDS: Mapping[str, str] = {
    OURS: "our champion",
    "incumbent": "what the bank uses today",
    "constant": "one constant hazard",
    "psa": "PSA curve, speed fitted",
    "age_table": "Kaplan-Meier table by age",
    "age_incentive_table": "table by age and driver",
    "logistic": "plain logistic regression",
    "s_curve": "S-curve x age x season x burnout",
    "spline": "spline-logistic",
    "averaged": "mean of S-curve and spline",
    "boosted": "boosted trees on the spline",
    "boosted_cluster": "the same trees, grown on a cluster",
}


@dataclass
class FixedHazard:
    """A hazard that a bank uses as it is: nothing is fitted.

    Parameters
    ----------
    axes : feature name -> rising grid. table : monthly hazard, shape (len of each axis); no axes = one number.
    psa : speed of the PSA curve by age instead of a table.
    """

    axes: Mapping[str, FloatArray]
    table: FloatArray
    psa: float = 0.0

    def fit(self, matrix: FeatureMatrix, event: FloatArray, weight: FloatArray) -> Self:
        """Nothing to learn."""
        return self

    def predict_hazard(self, matrix: FeatureMatrix) -> FloatArray:
        """Hazard a month, shape (rows,), multilinear and held at the table's ends."""
        if self.psa > 0:
            return psa_hazard(column_of(matrix, "age_months"), self.psa)
        if not self.axes:
            return np.full(len(matrix.values), float(self.table))
        grids = list(self.axes.values())
        points = np.column_stack(
            [
                np.clip(np.nan_to_num(column_of(matrix, name), nan=float(grid[0])), grid[0], grid[-1])
                for name, grid in self.axes.items()
            ]
        )
        return np.asarray(RegularGridInterpolator(tuple(grids), self.table)(points))


def incumbent_hazard(given: Incumbent, vendor_table: str, periods: float) -> FixedHazard | None:
    """The hazard a period of what a profile says the bank uses; None where it says nothing.

    Parameters
    ----------
    vendor_table : text of the vendor's CSV, empty where there is none. periods : periods a year of the rows.

    Raises
    ------
    SpecFault : a vendor table without `cpr` or `monthly_hazard`, or with missing grid points.
    """
    if vendor_table:
        return _vendor(vendor_table, periods)
    if given.psa is not None:
        return FixedHazard({}, np.zeros(()), given.psa)
    share = given.cpr
    if share is None and given.average_life_years is not None:
        share = 1.0 - float(np.exp(-1.0 / given.average_life_years))
    return None if share is None else FixedHazard({}, np.asarray(1.0 - (1.0 - share) ** (1.0 / periods)))


def _vendor(text: str, periods: float) -> FixedHazard:
    rows = list(csv.DictReader(io.StringIO(text)))
    value = next((name for name in ("cpr", "monthly_hazard") if rows and name in rows[0]), None)
    if value is None:
        raise SpecFault([Fault("vendor table", "expected a CSV with axes and a column `cpr` or `monthly_hazard`")])
    names = [name for name in rows[0] if name != value]
    try:
        grids = {name: np.unique([float(row[name]) for row in rows]) for name in names}
        shape = tuple(len(grid) for grid in grids.values())
        table: FloatArray = np.full(shape, np.nan)
        for row in rows:
            table[tuple(int(np.searchsorted(grids[name], float(row[name]))) for name in names)] = float(row[value])
    except ValueError as error:
        raise SpecFault([Fault("vendor table", f"expected numbers in every cell ({error})")]) from error
    if np.isnan(table).any():
        raise SpecFault([Fault("vendor table", f"expected one row for every combination of {', '.join(names)}")])
    if value == "cpr":
        table = 1.0 - (1.0 - table) ** (1.0 / periods)
    return FixedHazard(grids, np.asarray(table))


def contenders(roles: Roles, matrix: FeatureMatrix, client: Any = None) -> dict[str, Any]:
    """Every baseline, unfitted, by name; those without their feature are left out."""
    spline = SplineHazard(
        roles.driver, roles.age, roles.burnout, roles.interacts, sample_share=1.0, most_rows=MOST_ROWS
    )
    found: dict[str, Any] = {
        "constant": ConstantHazard(),
        "age_table": EmpiricalHazard((roles.age,), cells=20, prior=50.0),
        "logistic": SplineHazard("", "", "", smooth=1e6, sample_share=1.0, most_rows=MOST_ROWS),
        "spline": spline,
        "boosted": BoostedHazard(spline, TREES, rounds=ROUNDS),
    }
    if client is not None:
        found["boosted_cluster"] = BoostedHazard(spline, TREES, rounds=ROUNDS, client=client)
    if roles.driver in matrix.names:
        found["age_incentive_table"] = EmpiricalHazard((roles.age, roles.driver), cells=8, prior=100.0)
        s_curve = SCurveHazard(roles.driver, roles.age, roles.burnout, sample_share=1.0, most_rows=40_000)
        found["s_curve"] = s_curve
        found["averaged"] = AveragedHazard({"s_curve_hazard": s_curve, "spline_hazard": spline})
    return found


def fit_contenders(
    models: Mapping[str, Any], matrix: FeatureMatrix, event: FloatArray, learn: BoolArray, test: BoolArray
) -> dict[str, FloatArray]:
    """Expected hazards of every model on the test rows, learned from the learning rows with equal weights.

    What trees stand on and what a mean is of is fitted once. A model that these rows cannot carry is left out.
    """
    train, check = rows_of(matrix, learn), rows_of(matrix, test)
    ones = np.ones(int(learn.sum()))
    fitted: dict[str, Any] = {}
    found: dict[str, FloatArray] = {}
    for name, model in models.items():
        try:
            if name.startswith("boosted") and "spline" not in fitted:
                model.base.fit(train, event[learn], ones)
            ready = name == "averaged" and {"s_curve", "spline"} <= set(fitted)
            fitted[name] = (model.level if ready else model.fit)(train, event[learn], ones)
        except BehaviorError:
            continue
        found[name] = np.asarray(fitted[name].predict_hazard(check))
    return found


def with_psa(models: dict[str, Any], wanted: bool) -> dict[str, Any]:
    """The baselines, with the PSA curve where rows are months of mortgages."""
    return {**models, "psa": PsaHazard()} if wanted else models


def in_order(names: Sequence[str]) -> list[str]:
    """Names in the order of tables: ours, the incumbent, then from the simplest on."""
    known = list(WORDS)
    return sorted(names, key=lambda name: known.index(name) if name in known else len(known))
