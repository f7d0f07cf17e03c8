"""Benchmarks that every model must beat: an exposure table, Kaplan-Meier, and the PSA standard."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self

import numpy as np

from behavior.estimators.basis import knots_of
from behavior.estimators.terms import column_of
from behavior.features.base import FeatureMatrix
from behavior.quantities import PSA_RAMP_MONTHS, PSA_STEP, FloatArray, IntArray, annual_to_monthly


@dataclass
class EmpiricalHazard:
    """Events over exposure in cells of the named features, drawn towards the overall rate where cells are thin.

    Parameters
    ----------
    by : features that cut the table. cells : bins a feature. prior : exposure rows that the overall rate counts for.
    """

    by: tuple[str, ...] = ("age_months",)
    cells: int = 10
    prior: float = 200.0
    edges_: dict[str, list[float]] = field(default_factory=dict)
    levels_: dict[str, int] = field(default_factory=dict)
    table_: FloatArray = field(default_factory=lambda: np.zeros(1))

    def fit(self, matrix: FeatureMatrix, event: FloatArray, weight: FloatArray) -> Self:
        """Count."""
        self.by = tuple(name for name in self.by if name in matrix.names)
        shares = np.linspace(0.0, 1.0, self.cells + 1)[1:-1]
        self.edges_ = {
            name: []
            if name in matrix.levels
            else [float(one) for one in np.unique(knots_of(column_of(matrix, name), shares, 1e-9))]
            for name in self.by
        }
        self.levels_ = {name: len(matrix.levels[name]) for name in self.by if name in matrix.levels}
        code, size = self._code(matrix)
        scale = weight * (len(weight) / max(float(weight.sum()), 1e-300))
        exposure = np.bincount(code, scale, size)
        events = np.bincount(code, scale * event, size)
        overall = float(events.sum() / max(exposure.sum(), 1e-300))
        self.table_ = (events + self.prior * overall) / (exposure + self.prior)
        return self

    def _code(self, matrix: FeatureMatrix) -> tuple[IntArray, int]:
        code, size = np.zeros(len(matrix.values), dtype=np.int64), 1
        for name in self.by:
            values = column_of(matrix, name)
            if name in self.levels_:
                width = self.levels_[name] + 1
                place = np.where(np.isnan(values), width - 1, values).astype(np.int64)
            else:
                edges = np.asarray(self.edges_[name])
                width = len(edges) + 2
                place = np.where(np.isnan(values), width - 1, np.searchsorted(edges, values, side="right"))
            code, size = code * width + place, size * width
        return code, size

    def predict_hazard(self, matrix: FeatureMatrix) -> FloatArray:
        """Monthly hazard in [0, 1], shape (rows,)."""
        return np.asarray(np.clip(self.table_[self._code(matrix)[0]], 0.0, 1.0))

    def to_files(self) -> Mapping[str, str]:
        """Edges and table as JSON."""
        held = {
            "family": "empirical_hazard",
            "by": list(self.by),
            "levels": self.levels_,
            "edges": self.edges_,
            "table": self.table_.tolist(),
        }
        return {"model.json": json.dumps(held)}

    @classmethod
    def from_files(cls, files: Mapping[str, str]) -> EmpiricalHazard:
        """The table that `to_files` wrote."""
        held = json.loads(files["model.json"])
        model = cls(tuple(held["by"]))
        model.levels_, model.edges_ = held["levels"], held["edges"]
        model.table_ = np.asarray(held["table"])
        return model


def psa_hazard(age_months: FloatArray, speed: float) -> FloatArray:
    """Monthly hazard of the PSA standard at `speed` (1.0 = 100 PSA): 0.2% a year more each month up to month 30."""
    annual = np.minimum(1.0, np.minimum(age_months, PSA_RAMP_MONTHS) * PSA_STEP * speed)
    return annual_to_monthly(annual)


@dataclass(frozen=True)
class KaplanMeier:
    """Product-limit estimate at the distinct times: shape (times,) each."""

    times: FloatArray
    at_risk: IntArray
    events: IntArray
    survival: FloatArray
    variance: FloatArray

    def restricted_mean(self, horizon: float) -> float:
        """Area under survival up to `horizon`, in the unit of the times."""
        steps = np.concatenate([[0.0], self.times[self.times < horizon], [horizon]])
        levels = np.concatenate([[1.0], self.survival[self.times < horizon]])
        return float((np.diff(steps) * levels).sum())


def kaplan_meier(times: FloatArray, event: FloatArray, entry: FloatArray | None = None) -> KaplanMeier:
    """Survival with Greenwood's variance; `entry` = times from which a unit is observed (left truncation)."""
    distinct = np.unique(times)
    begun = np.zeros_like(times) if entry is None else entry
    at_risk = np.array([int(((begun < one) & (times >= one)).sum()) for one in distinct])
    events = np.array([int((event[times == one] > 0).sum()) for one in distinct])
    survival = np.cumprod(1.0 - events / np.maximum(at_risk, 1))
    with np.errstate(divide="ignore", invalid="ignore"):
        terms = np.where(events > 0, events / (at_risk * (at_risk - events)), 0.0)
    return KaplanMeier(distinct, at_risk, events, survival, survival**2 * np.cumsum(terms))
