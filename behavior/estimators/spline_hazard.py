"""Spline-logistic discrete-time hazard: smooth in every feature, rising in the driver, stored as JSON coefficients."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np
from scipy.special import expit

from behavior.estimators.bands import covariance_of, covariance_text
from behavior.estimators.basis import knots_of
from behavior.estimators.bounded_logistic import LogisticFit, fit_bounded_logistic
from behavior.estimators.bounded_squares import bounded_least_squares
from behavior.estimators.sampling import SAMPLE_SHARE, level_shift, require_events, sample_cases
from behavior.estimators.smoothing import smoothed_penalty
from behavior.estimators.term_layout import Layout, split_contributions
from behavior.estimators.terms import Term, column_of
from behavior.features.base import FeatureMatrix
from behavior.quantities import FloatArray

FINE = np.array(
    [0.003, 0.02, 0.05, 0.1, 0.15, 0.2, 0.27, 0.34, 0.42, 0.5, 0.58, 0.66, 0.73, 0.8, 0.87, 0.93, 0.97, 0.997]
)
COARSE = np.array([0.02, 0.2, 0.4, 0.6, 0.8, 0.98])
FEW = np.array([0.05, 0.5, 0.95])
YOUNGEST = 0.5
"""Months below which no loan is younger on a ramp."""
HELD_BACK = ("product",)
"""Terms whose own smoothness is always learned: most kinds season alike, and then their own ages are noise."""


@dataclass
class SplineHazard:
    """Log-odds of the monthly hazard as a sum of smooth and rising terms.

    Parameters
    ----------
    driver, age, burnout : feature names with a special role; empty = none.
    interacts : features by which the driver's effect may differ.
    smooth, cross, ridge : prior precisions of roughness, of differences between neighbours and of size; the first two
        hold for every term, or (`learns_smoothness`) are where each term's own start from.
    sample_share : share of non-events fitted to, weighted up, before one step on all rows. most_rows : upper bound of
        the rows fitted to.
    ramp_months : age up to which the odds rise in a straight line where no row says otherwise: the terms are departures
        from that line, and beyond the ages learned from the last departure stays. 0 = the odds stay.
    """

    driver: str = ""
    age: str = "age_months"
    burnout: str = ""
    interacts: tuple[str, ...] = ()
    smooth: float = 10.0
    cross: float = 3.0
    ridge: float = 0.02
    sample_share: float = SAMPLE_SHARE
    most_rows: int = 120_000
    least_events: int = 20
    seed: int = 0
    learns_smoothness: bool = False
    ramp_months: float = 0.0
    layout_: Layout = field(default_factory=lambda: Layout(()))
    coefficients_: FloatArray = field(default_factory=lambda: np.zeros(1))
    covariance_: FloatArray | None = None
    precision_: FloatArray | None = None
    shift_: float = 0.0
    facts_: dict[str, Any] = field(default_factory=dict)

    def fit(self, matrix: FeatureMatrix, event: FloatArray, weight: FloatArray) -> Self:
        """Fit on all events and a weighted share of the rest, then step and set the level on all rows.

        Raises
        ------
        TooFewEvents, DidNotConverge.
        """
        require_events(event, self.least_events, "spline hazard")
        sample = sample_cases(event, self.sample_share, self.seed, self.most_rows)
        some = rows_of(matrix, sample.rows)
        self.layout_ = Layout(self._terms(some))
        design = self.layout_.design(some)
        weights = weight[sample.rows] * sample.factor
        weights = weights * (len(event) / max(float(weights.sum()), 1e-12))
        penalty = self.layout_.penalty(self.smooth, self.cross, self.ridge)
        start = np.zeros(design.shape[1])
        rate = float(np.average(event[sample.rows], weights=weights))
        start[0] = np.log(max(rate, 1e-9) / (1.0 - min(rate, 0.5)))
        happened, bounded, ramp = event[sample.rows], self.layout_.bounded(), self._ramp(some)
        fit = fit_bounded_logistic(design, happened, weights, penalty, bounded, start, offset=ramp)
        self.precision_ = self._smoothing(design, happened, weights, fit, penalty, ramp)
        if self.precision_ is not None:
            before = fit.coefficients
            fit = fit_bounded_logistic(
                design, happened, weights, self.precision_, bounded, before, near=True, offset=ramp
            )
        self.coefficients_, self.shift_ = fit.coefficients, 0.0
        if len(sample.rows) < len(event):
            self.coefficients_ = self._stepped(matrix, event, weight, fit)
        ridge = 1e-9 * float(np.trace(fit.hessian)) / len(fit.hessian)
        self.covariance_ = np.asarray(np.linalg.inv(fit.hessian + ridge * np.eye(len(fit.hessian))))
        self.shift_ = level_shift(self.predict_hazard(matrix), event, weight)
        self.facts_ = {"steps": fit.steps, "rows used": len(sample.rows), "non-event share": sample.share}
        return self

    def _stepped(self, matrix: FeatureMatrix, event: FloatArray, weight: FloatArray, fit: LogisticFit) -> FloatArray:
        """One Newton step on all rows, the curvature being the sample's: what the rows left out say of every term.

        The sample's own noise (at seven non-events an event a seventh of a coefficient's variance) drops out to first
        order.
        """
        scaled = weight * (len(event) / max(float(weight.sum()), 1e-12))
        surprise = scaled * (event - expit(self.layout_.score(matrix, fit.coefficients) + self._ramp(matrix)))
        pull = self.layout_.pulled(matrix, surprise) - self.precision() @ fit.coefficients
        target = fit.hessian @ fit.coefficients + pull
        return bounded_least_squares(fit.hessian, target, self.layout_.bounded())

    def _smoothing(
        self,
        design: FloatArray,
        event: FloatArray,
        weight: FloatArray,
        fit: LogisticFit,
        penalty: FloatArray,
        ramp: FloatArray,
    ) -> FloatArray | None:
        """Prior precision with each term as rough as the data ask, learned from a first fit; None = the one set."""
        forms = () if self.learns_smoothness else HELD_BACK
        if forms and not any(term.form in forms for term in self.layout_.terms):
            return None
        hazard = expit(design @ fit.coefficients + ramp)
        information = fit.hessian - penalty
        target = design.T @ (weight * (event - hazard)) + information @ fit.coefficients
        return smoothed_penalty(information, target, self.layout_, self.smooth, self.cross, self.ridge, forms)

    def _terms(self, matrix: FeatureMatrix) -> tuple[Term, ...]:
        terms: list[Term] = []
        for name in matrix.names:
            terms += self._own_terms(matrix, name)
        terms += self._seasoning_terms(matrix)
        if self.driver in matrix.names:
            terms += self._driver_terms(matrix)
        return tuple(term for term in terms if term.form != "smooth" or len(term.knots) > 1)

    def _own_terms(self, matrix: FeatureMatrix, name: str) -> list[Term]:
        values = column_of(matrix, name)
        found: list[Term] = []
        if name in matrix.levels:
            return [Term("levels", name, levels=len(matrix.levels[name]))]
        if name == "month_of_year":
            return [Term("levels", name, levels=13)]
        if np.isnan(values).mean() > 1e-3:
            found.append(Term("missing", name))
        if name == self.driver:
            return found
        shares = FINE if name == self.age else COARSE
        spread = float(np.nanquantile(values, 0.98) - np.nanquantile(values, 0.02)) if found != [] or len(values) else 0
        knots = knots_of(values, shares, max(spread / 60.0, 1.0 if name in (self.age, self.burnout) else 1e-9))
        return [*found, Term("smooth", name, tuple(knots))]

    def _seasoning_terms(self, matrix: FeatureMatrix) -> list[Term]:
        """Ages of each kind that the driver's effect differs by: what a penalty or a fixed period holds back."""
        kinds = [name for name in self.interacts if name in matrix.levels and len(matrix.levels[name]) > 1]
        if self.age not in matrix.names or not kinds:
            return []
        ages = tuple(knots_of(column_of(matrix, self.age), FINE, 1.0))
        return [Term("product", self.age, ages, name, (), len(matrix.levels[name])) for name in kinds if len(ages) > 1]

    def _driver_terms(self, matrix: FeatureMatrix) -> list[Term]:
        values = column_of(matrix, self.driver)
        fine = tuple(knots_of(values, FINE, 0.0015))
        coarse = tuple(knots_of(values, COARSE, 0.003))
        if len(fine) < 2:
            return []
        found = [Term("rising", self.driver, fine)]
        for name in (self.age, self.burnout, *self.interacts):
            if name not in matrix.names or len(coarse) < 2:
                continue
            if name in matrix.levels:
                found.append(Term("rising", self.driver, coarse, name, (), len(matrix.levels[name])))
                continue
            shares = FEW if name in self.interacts else COARSE
            knots = knots_of(column_of(matrix, name), shares, 1.0 if name in (self.age, self.burnout) else 1e-9)
            ramps = coarse if name in self.interacts else fine[::2] if len(fine) > 5 else fine
            if len(knots) > 1:
                found.append(Term("rising", self.driver, tuple(ramps), name, tuple(knots)))
        return found

    def sensitivities(self, matrix: FeatureMatrix) -> FloatArray:
        """Derivative of the log-odds by the coefficients, shape (rows, p): the design."""
        return self.layout_.design(matrix)

    def level_direction(self) -> FloatArray:
        """Change of the coefficients that raises all log-odds by 1, shape (p,): the intercept."""
        return np.asarray(np.eye(1, self.layout_.width)[0])

    def precision(self) -> FloatArray:
        """Prior precision of the coefficients, shape (p, p)."""
        if self.precision_ is not None:
            return self.precision_
        return self.layout_.penalty(self.smooth, self.cross, self.ridge)

    def score(self, matrix: FeatureMatrix) -> FloatArray:
        """Log-odds, shape (rows,)."""
        return np.asarray(self.layout_.score(matrix, self.coefficients_) + self._ramp(matrix) + self.shift_)

    def _ramp(self, matrix: FeatureMatrix) -> FloatArray:
        """Log of the share of the ramp that each row's age has climbed, shape (rows,), at or below 0; an unknown age
        has climbed all of it."""
        if not self.ramp_months or self.age not in matrix.names:
            return np.zeros(len(matrix.values))
        climbed = np.nan_to_num(column_of(matrix, self.age) / self.ramp_months, nan=1.0)
        return np.asarray(np.log(np.clip(climbed, YOUNGEST / self.ramp_months, 1.0)))

    def predict_hazard(self, matrix: FeatureMatrix) -> FloatArray:
        """Monthly hazard in (0, 1), shape (rows,)."""
        return np.asarray(expit(self.score(matrix)))

    def contributions(self, matrix: FeatureMatrix) -> tuple[FloatArray, float]:
        """Additive attributions in log-odds, shape (rows, features), and the base value they start from."""
        blocks = self.layout_.blocks(matrix, self.coefficients_)
        parts = split_contributions(self.layout_.terms, blocks, matrix.names)
        if self.age in matrix.names:
            parts[:, matrix.names.index(self.age)] += self._ramp(matrix)
        mean = parts.mean(axis=0)
        return parts - mean, float(self.coefficients_[0] + self.shift_ + mean.sum())

    def to_files(self) -> Mapping[str, str]:
        """Parameters, terms, coefficients and their covariance as JSON."""
        held = {
            "family": "spline_hazard",
            "parameters": {
                "driver": self.driver,
                "age": self.age,
                "burnout": self.burnout,
                "interacts": list(self.interacts),
                "smooth": self.smooth,
                "cross": self.cross,
                "ridge": self.ridge,
                "sample_share": self.sample_share,
                "most_rows": self.most_rows,
                "seed": self.seed,
                "learns_smoothness": self.learns_smoothness,
                "ramp_months": self.ramp_months,
            },
            "terms": [term.as_json() for term in self.layout_.terms],
            "coefficients": self.coefficients_.tolist(),
            "shift": self.shift_,
            "facts": self.facts_,
        }
        return {"model.json": json.dumps(held, indent=1), **covariance_text(self.covariance_)}

    @classmethod
    def from_files(cls, files: Mapping[str, str]) -> SplineHazard:
        """The model that `to_files` wrote."""
        held = json.loads(files["model.json"])
        parameters = held["parameters"] | {"interacts": tuple(held["parameters"]["interacts"])}
        model = cls(**parameters)
        model.layout_ = Layout(tuple(Term.from_json(term) for term in held["terms"]))
        model.coefficients_ = np.asarray(held["coefficients"])
        model.shift_, model.facts_ = held["shift"], held["facts"]
        model.covariance_ = covariance_of(files)
        return model


def rows_of(matrix: FeatureMatrix, rows: Any) -> FeatureMatrix:
    """The matrix of some rows (positions, mask or slice); all of them are not copied."""
    if isinstance(rows, np.ndarray) and rows.dtype == bool and rows.all():
        return matrix.with_values(matrix.values)
    return matrix.with_values(matrix.values[rows])
