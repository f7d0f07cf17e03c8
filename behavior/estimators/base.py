"""What every estimator keeps: constructors hold parameters, `fit` returns self, prediction changes nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol, Self

from behavior.features.base import FeatureMatrix
from behavior.quantities import FloatArray


@dataclass(frozen=True)
class Attributions:
    """Additive attributions of a model's raw score.

    Parameters
    ----------
    names : feature names. values : shape (rows, features). contributions : shape (rows, features).
    base : scalar base value. score : shape (rows,), what base + sum of contributions must equal.
    link : the space of the score, ``log-odds`` or ``rate paid, decimal a year``.
    levels : names of the levels of categorical features, whose values are places in them.
    """

    names: tuple[str, ...]
    values: FloatArray
    contributions: FloatArray
    base: float
    score: FloatArray
    link: str
    levels: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


class HazardModel(Protocol):
    """A discrete-time monthly hazard (share of the units at risk at the month's start that leave in it)."""

    def fit(self, matrix: FeatureMatrix, event: FloatArray, weight: FloatArray) -> Self:
        """Fit on events (shape (rows,), 0/1 or shares) with weights (shape (rows,))."""
        ...

    def predict_hazard(self, matrix: FeatureMatrix) -> FloatArray:
        """Monthly hazard in [0, 1], shape (rows,)."""
        ...

    def to_files(self) -> Mapping[str, str]:
        """The fitted model as text files by name (LightGBM text, JSON); no pickle."""
        ...
