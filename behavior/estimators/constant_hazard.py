"""A constant hazard: the honest answer where a history holds too few events, zero included."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np

from behavior.features.base import FeatureMatrix
from behavior.quantities import FloatArray


@dataclass
class ConstantHazard:
    """Events over exposure, the same for every row; `upper_` is its one-sided 95% bound (rule of three at zero)."""

    rate_: float = 0.0
    upper_: float = 0.0
    facts_: dict[str, Any] = field(default_factory=dict)
    covariance_: None = None

    def fit(self, matrix: FeatureMatrix, event: FloatArray, weight: FloatArray) -> Self:
        """Count; never fails."""
        exposure = max(float(weight.sum()), 1e-12)
        events = float((event * weight).sum())
        rows = max(len(event), 1)
        self.rate_ = events / exposure
        self.upper_ = min(1.0, self.rate_ + (3.0 + 1.6449 * np.sqrt(max(self.rate_ * rows, 0.0))) / rows)
        self.facts_ = {"events": int((event > 0).sum()), "rows": rows, "upper 95% bound": self.upper_}
        return self

    def predict_hazard(self, matrix: FeatureMatrix) -> FloatArray:
        """The rate, shape (rows,)."""
        return np.full(len(matrix.values), self.rate_)

    def score(self, matrix: FeatureMatrix) -> FloatArray:
        """Log-odds, shape (rows,)."""
        rate = min(max(self.rate_, 1e-12), 1.0 - 1e-12)
        return np.full(len(matrix.values), np.log(rate) - np.log1p(-rate))

    def contributions(self, matrix: FeatureMatrix) -> tuple[FloatArray, float]:
        """No feature contributes."""
        return np.zeros_like(matrix.values), float(self.score(matrix)[0]) if len(matrix.values) else 0.0

    def to_files(self) -> Mapping[str, str]:
        """As JSON."""
        held = {"family": "constant_hazard", "rate": self.rate_, "upper": self.upper_, "facts": self.facts_}
        return {"model.json": json.dumps(held)}

    @classmethod
    def from_files(cls, files: Mapping[str, str]) -> ConstantHazard:
        """The model that `to_files` wrote."""
        held = json.loads(files["model.json"])
        return cls(held["rate"], held["upper"], held["facts"])
