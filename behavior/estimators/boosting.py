"""LightGBM, and nothing else of the platform knows it: training on a shared binned data set, text form, safe reload."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from behavior.quantities import FloatArray

FIXED: Mapping[str, Any] = {
    "objective": "binary",
    "metric": "binary_logloss",
    "boost_from_average": False,
    "deterministic": True,
    "force_row_wise": True,
    "num_threads": 1,
    "feature_pre_filter": False,
    "verbosity": -1,
    "monotone_constraints_method": "advanced",
}
"""What every training run keeps: one thread and row-wise histograms make the model text repeat to the byte."""


@dataclass(frozen=True)
class TrainingRows:
    """Rows as LightGBM needs them.

    Parameters
    ----------
    values : shape (rows, features). event, weight : shape (rows,). offset : log-odds that the trees start from.
    """

    values: FloatArray
    event: FloatArray
    weight: FloatArray
    offset: FloatArray


class BinnedData:
    """Binned training rows, and validation rows cut by the same bins; built once, shared by all trials."""

    def __init__(self, train: TrainingRows, validate: TrainingRows | None, names: Sequence[str]) -> None:
        import lightgbm

        self.train = lightgbm.Dataset(
            train.values.astype(np.float32),
            train.event,
            weight=train.weight,
            init_score=train.offset,
            feature_name=list(names),
            params={**FIXED, "max_bin": 255},
            free_raw_data=False,
        ).construct()
        self.validate = None
        if validate is not None:
            self.validate = lightgbm.Dataset(
                validate.values.astype(np.float32),
                validate.event,
                weight=validate.weight,
                init_score=validate.offset,
                reference=self.train,
                params={**FIXED, "max_bin": 255},
            ).construct()


@dataclass(frozen=True)
class Boosted:
    """A trained booster as text, the rounds used and the best validation log loss (NaN without validation)."""

    text: str
    rounds: int
    loss: float


def train_booster(
    data: BinnedData, signs: Sequence[int], parameters: Mapping[str, Any], rounds: int, patience: int = 0
) -> Boosted:
    """Train; with validation rows and `patience` stop when the loss has not fallen for that many rounds."""
    import lightgbm

    settings = {**FIXED, **parameters, "monotone_constraints": list(signs)}
    watched = data.validate is not None and patience > 0
    callbacks = [lightgbm.early_stopping(patience, verbose=False)] if watched else []
    booster = lightgbm.train(
        settings,
        data.train,
        num_boost_round=max(rounds, 1),
        valid_sets=[data.validate] if watched else None,
        callbacks=callbacks,
    )
    used = int(booster.best_iteration) if watched else max(rounds, 1)
    loss = float(booster.best_score["valid_0"]["binary_logloss"]) if watched else float("nan")
    return Boosted(booster.model_to_string(num_iteration=used), used, loss)


class Trees:
    """A booster read back from its text; only predicts."""

    def __init__(self, text: str) -> None:
        import lightgbm

        self.text = text
        self._booster = lightgbm.Booster(model_str=text)

    def score(self, values: FloatArray) -> FloatArray:
        """Sum of the trees in log-odds, shape (rows,)."""
        return np.asarray(
            self._booster.predict(values.astype(np.float32), raw_score=True, num_threads=1), dtype=np.float64
        )

    def contributions(self, values: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Path-dependent Shapley values in log-odds, shape (rows, features), and base values, shape (rows,)."""
        found = np.asarray(
            self._booster.predict(values.astype(np.float32), pred_contrib=True, num_threads=1), dtype=np.float64
        )
        return found[:, :-1], found[:, -1]

    @property
    def count(self) -> int:
        """Number of trees."""
        return int(self._booster.num_trees())
