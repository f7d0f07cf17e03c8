"""Boosted discrete-time hazard, monotone in the economic driver: trees on top of a smooth structured hazard.

Trees alone step; the structured base carries the shape that curves are exported from, and the trees add what it
missed. Where validation finds nothing to add, early stopping keeps few trees and the model is close to its base.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np
from scipy.special import expit

from behavior.estimators.boosting import ClusterData, TrainingRows, Trees, data_of, train_booster
from behavior.estimators.sampling import SAMPLE_SHARE, level_shift, require_events, sample_cases
from behavior.estimators.search import SearchResult, search
from behavior.estimators.spline_hazard import SplineHazard, rows_of
from behavior.features.base import FeatureMatrix
from behavior.quantities import BoolArray, FloatArray
from behavior.specs import SearchSpec

DEFAULTS: Mapping[str, float | int] = {
    "learning_rate": 0.08,
    "num_leaves": 15,
    "max_depth": 6,
    "min_data_in_leaf": 400,
    "lambda_l2": 5.0,
}


@dataclass
class BoostedHazard:
    """Log-odds = structured base + monotone trees.

    Parameters
    ----------
    base : fitted structured hazard that the trees start from, or None for trees alone.
    parameters : LightGBM parameters besides the fixed ones. rounds : most rounds. patience : of early stopping.
    sample_share : share of non-events used, weighted up; the level is then set on all rows.
    client : Dask client of the cluster that the trees are grown on; None = where `boosting.grown_on` says.
    """

    base: SplineHazard | None = None
    parameters: Mapping[str, Any] = field(default_factory=dict)
    rounds: int = 150
    patience: int = 15
    sample_share: float = SAMPLE_SHARE
    seed: int = 0
    client: Any = None
    trees_: Trees | None = None
    names_: tuple[str, ...] = ()
    shift_: float = 0.0
    facts_: dict[str, Any] = field(default_factory=dict)

    def fit(self, matrix: FeatureMatrix, event: FloatArray, weight: FloatArray) -> Self:
        """Fit on all rows with the parameters and number of rounds given.

        Raises
        ------
        TooFewEvents.
        """
        require_events(event, 50, "boosted hazard")
        rows, _ = self._rows(matrix, event, weight, np.ones(len(event), dtype=bool))
        data = data_of(rows, None, matrix.names, self.client)
        boosted = train_booster(data, matrix.signs, self._settings(), self.rounds)
        self._keep(boosted.text, matrix, event, weight)
        if isinstance(data, ClusterData):
            self.facts_["trees grown on"] = data.place
        return self

    def tune(
        self, matrix: FeatureMatrix, event: FloatArray, weight: FloatArray, validate: BoolArray, spec: SearchSpec
    ) -> SearchResult:
        """Choose parameters and rounds on the rows of `validate`; sets `parameters` and `rounds`, fits nothing."""
        train, _ = self._rows(matrix, event, weight, ~validate)
        check, _ = self._rows(matrix, event, weight, validate)
        data = data_of(train, check, matrix.names, self.client)
        rounds: dict[str, int] = {}

        def loss_of(parameters: Mapping[str, float | int]) -> float:
            boosted = train_booster(data, matrix.signs, {**self._settings(), **parameters}, self.rounds, self.patience)
            rounds[json.dumps(dict(parameters), sort_keys=True)] = boosted.rounds
            return boosted.loss

        first = {name: value for name, value in {**DEFAULTS, **self.parameters}.items() if name in DEFAULTS}
        found = search(loss_of, spec, first)
        self.parameters = {**self.parameters, **found.best}
        self.rounds = rounds[json.dumps(dict(found.best), sort_keys=True)]
        return found

    def _settings(self) -> dict[str, Any]:
        return {**DEFAULTS, **self.parameters, "seed": self.seed}

    def _rows(
        self, matrix: FeatureMatrix, event: FloatArray, weight: FloatArray, keep: BoolArray
    ) -> tuple[TrainingRows, float]:
        places = np.flatnonzero(keep)
        sample = sample_cases(event[places], self.sample_share, self.seed)
        chosen = places[sample.rows]
        some = matrix if len(chosen) == len(event) else rows_of(matrix, chosen)
        weights = weight[chosen] * sample.factor
        if self.base is None:
            rate = float(np.average(event[chosen], weights=weights))
            offset = np.full(len(chosen), np.log(rate / (1.0 - rate)))
        else:
            offset = self.base.score(some)
        return TrainingRows(some.values, event[chosen], weights, offset), sample.share

    def _keep(self, text: str, matrix: FeatureMatrix, event: FloatArray, weight: FloatArray) -> Self:
        self.trees_, self.names_, self.shift_ = Trees(text), matrix.names, 0.0
        rate = float(np.average(event, weights=weight))
        self.shift_ = 0.0 if self.base is not None else float(np.log(rate / (1.0 - rate)))
        self.shift_ += level_shift(self.predict_hazard(matrix), event, weight)
        self.facts_ = {"trees": self.trees_.count, "rounds": self.rounds, "parameters": dict(self.parameters)}
        return self

    def score(self, matrix: FeatureMatrix) -> FloatArray:
        """Log-odds, shape (rows,)."""
        assert self.trees_ is not None
        base = 0.0 if self.base is None else self.base.score(matrix)
        return np.asarray(base + self.trees_.score(matrix.values) + self.shift_)

    def predict_hazard(self, matrix: FeatureMatrix) -> FloatArray:
        """Monthly hazard in (0, 1), shape (rows,)."""
        return np.asarray(expit(self.score(matrix)))

    def contributions(self, matrix: FeatureMatrix) -> tuple[FloatArray, float]:
        """Additive attributions in log-odds, shape (rows, features), and the base value they start from."""
        assert self.trees_ is not None
        parts, bases = self.trees_.contributions(matrix.values)
        start = float(bases[0]) + self.shift_
        if self.base is not None:
            own, own_start = self.base.contributions(matrix)
            parts, start = parts + own, start + own_start
        return parts, start

    @property
    def covariance_(self) -> FloatArray | None:
        """Covariance of the base's coefficients."""
        return None if self.base is None else self.base.covariance_

    def to_files(self) -> Mapping[str, str]:
        """Booster as text, our own JSON beside it, the base in files of its own."""
        assert self.trees_ is not None
        held = {
            "family": "boosted_hazard",
            "parameters": dict(self.parameters),
            "rounds": self.rounds,
            "sample_share": self.sample_share,
            "seed": self.seed,
            "names": list(self.names_),
            "shift": self.shift_,
            "facts": self.facts_,
        }
        files = {"model.json": json.dumps(held, indent=1), "booster.txt": self.trees_.text}
        if self.base is not None:
            files |= {f"base-{name}": text for name, text in self.base.to_files().items()}
        return files

    @classmethod
    def from_files(cls, files: Mapping[str, str]) -> BoostedHazard:
        """The model that `to_files` wrote."""
        held = json.loads(files["model.json"])
        own = {name.removeprefix("base-"): text for name, text in files.items() if name.startswith("base-")}
        base = SplineHazard.from_files(own) if own else None
        model = cls(base, held["parameters"], held["rounds"], 0, held["sample_share"], held["seed"])
        model.trees_, model.names_ = Trees(files["booster.txt"]), tuple(held["names"])
        model.shift_, model.facts_ = held["shift"], held["facts"]
        return model
