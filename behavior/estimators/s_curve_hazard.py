"""The industry's form: turnover plus a refinancing S-curve, each with seasoning, times burnout, season and covariates.

    h = 1 - exp(-season x (turnover + refinancing)),
    turnover    = exp(a + z'g) R(age / t1, p1) (1 - l + l S((x + c) / v)),
    refinancing = exp(b + z'k) R(age / t2, p2) S((x - x0) / w)^s (q + (1 - q) exp(-m / t3)),

with incentive x, months in the money m, the logistic function S and the seasoning ramp R(y, p) = (1 - exp(-y^p))^(1/p):
it saturates where p is 1 and becomes the straight ramp of the industry, min(y, 1), as p grows. Where s is above 1
refinancing sets in sharply and fills up slowly, as behind a cost that each borrower must save first; below 1 it starts
far out of the money and ends in a bend (generalised logistic of type I: N. Balakrishnan, Handbook of the Logistic
Distribution, 1992). The hazard never falls as the incentive rises.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np
from scipy.optimize import minimize
from scipy.special import expit

from behavior.estimators.bands import covariance_of, covariance_text
from behavior.estimators.sampling import SAMPLE_SHARE, level_shift, require_events, sample_cases
from behavior.estimators.terms import column_of
from behavior.features.base import FeatureMatrix
from behavior.quantities import PSA_RAMP_MONTHS, FloatArray

SHAPES = ("a", "t1", "l", "c", "v", "b", "t2", "x0", "w", "q", "t3", "p1", "p2", "s")
RIDGE = 4.0
ROWS_AT_ONCE = 65_536
MOST_EVALUATIONS = 1_000
"""Bound on what never settles: fits took 100 to 370 evaluations on 15 banks of as many laws."""

Parts = tuple[FloatArray, FloatArray, FloatArray, FloatArray, FloatArray]
"""Incentive in percent, age, months in the money, season as one-hot and covariates of some rows."""


@dataclass
class SCurveHazard:
    """Turnover and refinancing as two intensities that add up.

    Parameters
    ----------
    driver, age, burnout : feature names; an empty burnout leaves its factor out, an empty driver the S-curve's shape.
    """

    driver: str = ""
    age: str = "age_months"
    burnout: str = ""
    sample_share: float = SAMPLE_SHARE
    most_rows: int = 40_000
    least_events: int = 20
    seed: int = 0
    shape_: FloatArray = field(default_factory=lambda: np.zeros(len(SHAPES)))
    season_: FloatArray = field(default_factory=lambda: np.zeros(12))
    slopes_: FloatArray = field(default_factory=lambda: np.zeros((2, 0)))
    columns_: list[dict[str, Any]] = field(default_factory=list)
    shift_: float = 0.0
    facts_: dict[str, Any] = field(default_factory=dict)
    covariance_: FloatArray | None = None

    def fit(self, matrix: FeatureMatrix, event: FloatArray, weight: FloatArray) -> Self:
        """Penalised likelihood by L-BFGS with the exact gradient on all events and a weighted share of the rest, then
        a step and the level on all rows.

        Raises
        ------
        TooFewEvents.
        """
        require_events(event, self.least_events, "S-curve hazard")
        sample = sample_cases(event, self.sample_share, self.seed, self.most_rows)
        some = matrix.with_values(matrix.values[sample.rows])
        self.columns_ = self._describe(some)
        weights = weight[sample.rows] * sample.factor
        happened = event[sample.rows]
        parts = self._parts(some)
        start = self._start(float(np.average(happened, weights=weights)), len(self.columns_))
        found = minimize(
            self._objective,
            start,
            args=(parts, happened, weights),
            jac=True,
            method="L-BFGS-B",
            options={"maxiter": MOST_EVALUATIONS, "maxfun": MOST_EVALUATIONS},
        )
        self._unpack(found.x)
        if len(sample.rows) < len(event):
            self._step(matrix, event, weight, some, weights)
        self.shift_ = 0.0
        self.shift_ = level_shift(self.predict_hazard(matrix), event, weight)
        self.facts_ = {"evaluations": int(found.nfev), "parameters": self.readable()}
        return self

    def _step(
        self, matrix: FeatureMatrix, event: FloatArray, weight: FloatArray, some: FeatureMatrix, weights: FloatArray
    ) -> None:
        """One scoring step on all rows, the curvature being that of the sample (`some`, `weights`): what the rows left
        out say. It is halved until the objective falls, and left out where none of it makes it fall.
        """
        hazard, slopes = self.predict_hazard(some), self.sensitivities(some)
        curvature = slopes.T @ ((weights * hazard * (1.0 - hazard))[:, None] * slopes) + self.precision()
        begin = self._theta()
        value, gradient = self._whole_objective(begin, matrix, event, weight)
        direction = np.linalg.solve(curvature, -gradient)
        for halved in range(4):
            moved = begin + 0.5**halved * direction
            if self._whole_objective(moved, matrix, event, weight)[0] < value:
                self._unpack(moved)
                return

    def _whole_objective(
        self, theta: FloatArray, matrix: FeatureMatrix, event: FloatArray, weight: FloatArray
    ) -> tuple[float, FloatArray]:
        """The objective and its gradient on all rows, some at a time."""
        value, gradient = self._prior(theta, len(self.columns_))
        for begin in range(0, len(event), ROWS_AT_ONCE):
            rows = slice(begin, begin + ROWS_AT_ONCE)
            parts = self._parts(matrix.with_values(matrix.values[rows]))
            loss, slope = self._loss(theta, parts, event[rows], weight[rows])
            value, gradient = value + loss, gradient + slope
        return value, gradient

    def readable(self) -> dict[str, float]:
        """The shape's parameters in their own units: intensities a year, months, decimals a year."""
        one = dict(zip(SHAPES, self.shape_, strict=True))
        return {
            "turnover_a_year": float(np.exp(one["a"]) * 12),
            "turnover_ramp_months": float(np.exp(one["t1"])),
            "lock_in": float(expit(one["l"])),
            "refinancing_a_year": float(np.exp(one["b"]) * 12),
            "refinancing_ramp_months": float(np.exp(one["t2"])),
            "middle": float(one["x0"] / 100),
            "width": float(np.exp(one["w"]) / 100),
            "burnt_out": float(expit(one["q"])),
            "burnout_months": float(np.exp(one["t3"])),
            "turnover_ramp_power": float(np.exp(one["p1"])),
            "refinancing_ramp_power": float(np.exp(one["p2"])),
            "s_curve_power": float(np.exp(one["s"])),
        }

    def _start(self, rate: float, width: int) -> FloatArray:
        level = np.log(max(rate, 1e-6))
        shape = [
            level - 0.5,
            np.log(PSA_RAMP_MONTHS),
            0.0,
            1.0,
            -0.5,
            level + 1.0,
            2.0,
            0.7,
            -0.7,
            0.0,
            3.0,
            1.0,
            1.0,
            0.0,
        ]
        return np.concatenate([shape, np.zeros(12), np.zeros(2 * width)])

    def _describe(self, matrix: FeatureMatrix) -> list[dict[str, Any]]:
        special = {self.driver, self.age, self.burnout, "month_of_year"}
        found: list[dict[str, Any]] = []
        for name in matrix.names:
            if name in special:
                continue
            values = column_of(matrix, name)
            if name in matrix.levels:
                found += [{"name": name, "level": level} for level in range(len(matrix.levels[name]))]
                continue
            deviation = float(np.nanstd(values))
            if deviation > 0:
                found.append({"name": name, "mean": float(np.nanmean(values)), "deviation": deviation})
        return found

    def _covariates(self, matrix: FeatureMatrix) -> FloatArray:
        out = np.zeros((len(matrix.values), len(self.columns_)))
        for place, one in enumerate(self.columns_):
            values = column_of(matrix, one["name"])
            if "level" in one:
                out[:, place] = values == one["level"]
            else:
                out[:, place] = np.clip(np.nan_to_num((values - one["mean"]) / one["deviation"]), -4.0, 4.0)
        return out

    def _parts(self, matrix: FeatureMatrix) -> Parts:
        count = len(matrix.values)
        zero = np.zeros(count)
        driver = np.nan_to_num(column_of(matrix, self.driver)) * 100.0 if self.driver in matrix.names else zero
        age = (
            np.maximum(np.nan_to_num(column_of(matrix, self.age), nan=12.0), 0.25)
            if self.age in matrix.names
            else zero + 60.0
        )
        tired = np.nan_to_num(column_of(matrix, self.burnout)) if self.burnout in matrix.names else zero
        season = np.zeros((count, 12))
        if "month_of_year" in matrix.names:
            month = column_of(matrix, "month_of_year").astype(np.int64)
            inside = (month >= 1) & (month <= 12)
            season[np.flatnonzero(inside), month[inside] - 1] = 1.0
        return driver, age, tired, season, self._covariates(matrix)

    def _intensity(self, theta: FloatArray, parts: Parts) -> dict[str, FloatArray]:
        """Turnover and refinancing a month with the factors that their gradients need."""
        driver, age, tired, season, covariates = parts
        a, t1, lock, c, v, b, t2, x0, w, q, t3, p1, p2, s = theta[: len(SHAPES)]
        width = covariates.shape[1]
        slopes = theta[len(SHAPES) + 12 :].reshape(2, width)
        yearly = np.exp(np.clip(season @ theta[len(SHAPES) : len(SHAPES) + 12], -3, 3))
        (ramp1, rise1, bend1), (ramp2, rise2, bend2) = _ramp(age, t1, p1), _ramp(age, t2, p2)
        locked, below = expit((driver + c) / np.exp(v)), expit((driver - x0) / np.exp(w))
        curve = below ** np.exp(s)
        share, fade = expit(lock), np.exp(-tired / np.exp(t3))
        kept = 1.0 - share + share * locked
        burnt = expit(q) + (1.0 - expit(q)) * fade
        turnover = yearly * np.exp(np.clip(a + covariates @ slopes[0], -30, 3)) * ramp1 * kept
        refinancing = yearly * np.exp(np.clip(b + covariates @ slopes[1], -30, 3)) * ramp2 * curve * burnt
        return {
            "turnover": turnover,
            "refinancing": refinancing,
            "rise1": rise1,
            "rise2": rise2,
            "bend1": bend1,
            "bend2": bend2,
            "locked": locked,
            "below": below,
            "kept": np.maximum(kept, 1e-300),  # locked in wholly, nothing is left to divide by
            "burnt": burnt,
            "fade": fade,
        }

    def _objective(
        self, theta: FloatArray, parts: Parts, event: FloatArray, weight: FloatArray
    ) -> tuple[float, FloatArray]:
        """Penalised negative log-likelihood and its gradient."""
        (loss, slope), (held, pull) = self._loss(theta, parts, event, weight), self._prior(theta, parts[4].shape[1])
        return loss + held, slope + pull

    def _prior(self, theta: FloatArray, covariates: int) -> tuple[float, FloatArray]:
        away, precision = theta - self._start(0.005, covariates), _precision(covariates)
        return 0.5 * float(precision @ away**2), precision * away

    def _loss(self, theta: FloatArray, parts: Parts, event: FloatArray, weight: FloatArray) -> tuple[float, FloatArray]:
        _, _, _, season, covariates = parts
        one = self._intensity(theta, parts)
        total = np.maximum(one["turnover"] + one["refinancing"], 1e-12)
        hazard = -np.expm1(-total)
        loss = float(np.sum(weight * (total * (1.0 - event) - event * np.log(hazard))))
        pull = weight * ((1.0 - event) - event * np.exp(-total) / hazard)
        to_turnover, to_refinancing = pull * one["turnover"], pull * one["refinancing"]
        gradient = np.concatenate(
            [
                [float(pull @ column) for column in self._slopes_of_shape(theta, parts, one)],
                season.T @ (to_turnover + to_refinancing),
                covariates.T @ to_turnover,
                covariates.T @ to_refinancing,
            ]
        )
        return loss, gradient

    def _slopes_of_shape(self, theta: FloatArray, parts: Parts, one: Mapping[str, FloatArray]) -> list[FloatArray]:
        """Derivative of the intensity by each of the shape's parameters, in their order, shape (rows,) each."""
        driver, _, tired, _, _ = parts
        _, _, lock, c, v, _, _, x0, w, q, t3, _, _, s = theta[: len(SHAPES)]
        turnover, refinancing = one["turnover"], one["refinancing"]
        share, rest = expit(lock), expit(q)
        locked, fade = one["locked"], one["fade"]
        bend = share * locked * (1.0 - locked) / one["kept"]
        steep = np.exp(s) * (1.0 - one["below"])
        return [
            turnover,
            turnover * -one["rise1"],
            turnover * (locked - 1.0) * share * (1.0 - share) / one["kept"],
            turnover * bend / np.exp(v),
            turnover * bend * -(driver + c) / np.exp(v),
            refinancing,
            refinancing * -one["rise2"],
            refinancing * -steep / np.exp(w),
            refinancing * steep * -(driver - x0) / np.exp(w),
            refinancing * (1.0 - fade) * rest * (1.0 - rest) / one["burnt"],
            refinancing * (1.0 - rest) * fade * tired / np.exp(t3) / one["burnt"],
            turnover * one["bend1"],
            refinancing * one["bend2"],
            refinancing * np.exp(s) * np.log(np.maximum(one["below"], 1e-300)),
        ]

    def sensitivities(self, matrix: FeatureMatrix) -> FloatArray:
        """Derivative of the log-odds by the parameters (shape, season, covariates of both parts), shape (rows, p)."""
        theta, parts = self._theta(), self._parts(matrix)
        one = self._intensity(theta, parts)
        total = one["turnover"] + one["refinancing"]
        columns = [
            np.column_stack(self._slopes_of_shape(theta, parts, one)),
            parts[3] * total[:, None],
            parts[4] * one["turnover"][:, None],
            parts[4] * one["refinancing"][:, None],
        ]
        return np.asarray(np.concatenate(columns, axis=1) / np.maximum(-np.expm1(-total), 1e-12)[:, None])

    def level_direction(self) -> FloatArray:
        """Change of the parameters that raises all log intensities by 1, shape (p,)."""
        return np.asarray(np.isin(np.arange(len(self._theta())), [SHAPES.index("a"), SHAPES.index("b")]) * 1.0)

    def precision(self) -> FloatArray:
        """Prior precision of the parameters, shape (p, p)."""
        return np.diag(_precision(len(self.columns_)))

    def _theta(self) -> FloatArray:
        return np.concatenate([self.shape_, self.season_, self.slopes_.ravel()])

    def _unpack(self, theta: FloatArray) -> None:
        self.shape_ = theta[: len(SHAPES)]
        self.season_ = theta[len(SHAPES) : len(SHAPES) + 12]
        self.slopes_ = theta[len(SHAPES) + 12 :].reshape(2, -1)

    def predict_hazard(self, matrix: FeatureMatrix) -> FloatArray:
        """Monthly hazard in (0, 1), shape (rows,); some rows at a time, so that no factor of all rows is held."""
        out, theta = np.empty(len(matrix.values)), self._theta()
        for begin in range(0, len(out), ROWS_AT_ONCE):
            rows = slice(begin, begin + ROWS_AT_ONCE)
            one = self._intensity(theta, self._parts(matrix.with_values(matrix.values[rows])))
            hazard = np.clip(-np.expm1(-(one["turnover"] + one["refinancing"])), 1e-12, 1.0 - 1e-12)
            out[rows] = expit(np.log(hazard) - np.log1p(-hazard) + self.shift_)
        return out

    def score(self, matrix: FeatureMatrix) -> FloatArray:
        """Log-odds, shape (rows,)."""
        hazard = self.predict_hazard(matrix)
        return np.asarray(np.log(hazard) - np.log1p(-hazard))

    def contributions(self, matrix: FeatureMatrix) -> tuple[FloatArray, float]:
        """Additive attributions in log-odds by one-at-a-time replacement with the mean row, in the matrix's order."""
        known = ~np.isnan(matrix.values)
        mean = np.where(known, matrix.values, 0.0).sum(axis=0) / np.where(known.any(axis=0), known.sum(axis=0), np.nan)
        current = np.tile(mean, (len(matrix.values), 1))
        out = np.zeros_like(matrix.values)
        score = self.score(matrix.with_values(current))
        base = float(score[0]) if len(score) else 0.0
        for place in range(matrix.values.shape[1]):
            current[:, place] = matrix.values[:, place]
            moved = self.score(matrix.with_values(current))
            out[:, place] = moved - score
            score = moved
        return out, base

    def to_files(self) -> Mapping[str, str]:
        """Parameters as JSON."""
        held = {
            "family": "s_curve_hazard",
            "driver": self.driver,
            "age": self.age,
            "burnout": self.burnout,
            "shape": self.shape_.tolist(),
            "season": self.season_.tolist(),
            "slopes": self.slopes_.tolist(),
            "columns": self.columns_,
            "shift": self.shift_,
            "facts": self.facts_,
        }
        return {"model.json": json.dumps(held, indent=1), **covariance_text(self.covariance_)}

    @classmethod
    def from_files(cls, files: Mapping[str, str]) -> SCurveHazard:
        """The model that `to_files` wrote."""
        held = json.loads(files["model.json"])
        model = cls(held["driver"], held["age"], held["burnout"])
        known = len(held["shape"])
        shape = [*held["shape"], *[0.0] * (len(SHAPES) - known)]  # stored before a power was learned: 1, and sure
        model.shape_, model.season_ = np.asarray(shape), np.asarray(held["season"])
        model.slopes_ = np.asarray(held["slopes"]).reshape(2, -1)
        model.columns_, model.shift_, model.facts_ = held["columns"], held["shift"], held["facts"]
        covariance = covariance_of(files)
        if covariance is not None:
            unknown = [known] * (len(SHAPES) - known)
            covariance = np.insert(np.insert(covariance, unknown, 0.0, axis=0), unknown, 0.0, axis=1)
        model.covariance_ = covariance
        return model


def _ramp(age: FloatArray, months: float, power: float) -> tuple[FloatArray, FloatArray, FloatArray]:
    """The seasoning ramp at ages above 0, and the slopes of its logarithm by log age and by log power; shape (rows,).

    months, power : logarithms of where the ramp ends, in months, and of its power.
    """
    log, steep = np.log(age) - months, np.exp(np.clip(power, -5.0, 5.0))
    mass = np.exp(np.clip(steep * log, -600.0, 6.0))
    filled = -np.expm1(-mass)
    rise = mass * np.exp(-mass) / filled
    share = np.log(filled) / steep
    return np.exp(share), rise, rise * log - share


def _precision(covariates: int) -> FloatArray:
    """Weak priors keep what the data do not speak of near its start; intensities themselves are free."""
    shape = [1e-3, 1.0, 0.5, 0.5, 1.0, 1e-3, 1.0, 0.5, 1.0, 0.3, 0.5, 1.0, 1.0, 1.0]
    return np.concatenate([shape, np.full(12, RIDGE), np.full(2 * covariates, RIDGE)])
