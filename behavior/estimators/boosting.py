"""LightGBM, and nothing else of the platform knows it: training on a shared binned data set, text form, safe reload."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

import numpy as np

from behavior.cluster import SchedulerError, workers_of
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


ROWS_AT_ONCE = 262_144

CLUSTER_FIXED: Mapping[str, Any] = {
    **{name: value for name, value in FIXED.items() if name not in ("num_threads", "metric")},
    # What LightGBM turns the other methods into where histograms lie on several workers; said here, not left to it.
    "monotone_constraints_method": "basic",
    "max_bin": 255,
}
"""What training on a cluster keeps; the threads are the workers' own."""

_CLIENT: ContextVar[Any] = ContextVar("client", default=None)


@contextmanager
def grown_on(client: Any) -> Iterator[None]:
    """Inside the block trees are grown on the cluster of a Dask client; with None, or outside, in this process."""
    held = _CLIENT.set(client)
    try:
        yield
    finally:
        _CLIENT.reset(held)


class ClusterData:
    """Training rows spread over the workers of a cluster once, shared by all trials; validation rows stay here.

    Rows are shuffled first, by a fixed seed: each worker finds the bins of some features from its own rows alone.
    """

    def __init__(self, client: Any, train: TrainingRows, validate: TrainingRows | None, names: Sequence[str]) -> None:
        try:
            from dask import array
        except ImportError as error:
            raise SchedulerError(
                "training on a cluster needs Dask. Install it with pip install 'alm-behavior[distributed]'."
            ) from error
        self.client, self.names, self.validate = client, list(names), validate
        self.workers = workers_of(client)
        order = np.random.default_rng(0).permutation(len(train.event))
        size = -(-len(order) // self.workers)

        def spread(values: FloatArray) -> Any:
            chunks = (size, *values.shape[1:])
            return client.persist(array.from_array(values[order], chunks=chunks))

        self.values = spread(train.values.astype(np.float32))
        self.event, self.weight, self.offset = spread(train.event), spread(train.weight), spread(train.offset)

    @property
    def place(self) -> str:
        """Where the trees are grown and what differs there, in words."""
        return f"a Dask cluster of {self.workers} workers, by LightGBM's integration; monotone by its basic method"

    def grow(self, signs: Sequence[int], parameters: Mapping[str, Any], rounds: int, patience: int) -> Boosted:
        """Train by LightGBM's own Dask integration.

        It does not stop early, so that all rounds are grown and the validation loss after each, worked out here, says
        how many are kept: the rule of early stopping, applied afterwards.
        """
        from lightgbm import register_logger
        from lightgbm.dask import DaskLGBMRegressor

        logger = logging.getLogger("lightgbm")
        logger.setLevel(logging.ERROR)
        register_logger(logger)  # it says on standard output, which belongs to --json, that ports are looked for
        settings = {**CLUSTER_FIXED, **parameters, "monotone_constraints": list(signs)}
        # A regressor with a binary objective is the same booster; a classifier would need both classes on every worker.
        model = DaskLGBMRegressor(client=self.client, n_estimators=max(rounds, 1), **settings)
        held = {"sample_weight": self.weight, "init_score": self.offset, "feature_name": self.names}
        with self.client.as_current():  # the integration waits for whichever client is current, not for its own
            model.fit(self.values, self.event, **held)
        booster = model.booster_
        used, loss = max(rounds, 1), float("nan")
        if self.validate is not None and patience > 0:
            used, loss = _rounds_kept(booster, self.validate, used, patience)
        return Boosted(booster.model_to_string(num_iteration=used), used, loss)


def _rounds_kept(booster: Any, rows: TrainingRows, rounds: int, patience: int) -> tuple[int, float]:
    """Rounds with the lowest validation log loss before it had not fallen for `patience` rounds, and that loss."""
    score, values = rows.offset.astype(np.float64), rows.values.astype(np.float32)
    best, lowest = 1, float("inf")
    for done in range(1, rounds + 1):
        score = score + booster.predict(
            values, raw_score=True, start_iteration=done - 1, num_iteration=1, num_threads=1
        )
        each = np.logaddexp(0.0, score) - rows.event * score
        loss = float(np.average(each, weights=rows.weight))
        if loss < lowest:
            best, lowest = done, loss
        elif done - best >= patience:
            break
    return best, lowest


def data_of(
    train: TrainingRows, validate: TrainingRows | None, names: Sequence[str], client: Any = None
) -> BinnedData | ClusterData:
    """The rows where trees are to be grown: on the cluster of `client`, else of the `grown_on` block, else here."""
    client = client or _CLIENT.get()
    return BinnedData(train, validate, names) if client is None else ClusterData(client, train, validate, names)


@dataclass(frozen=True)
class Boosted:
    """A trained booster as text, the rounds used and the best validation log loss (NaN without validation)."""

    text: str
    rounds: int
    loss: float


def train_booster(
    data: BinnedData | ClusterData,
    signs: Sequence[int],
    parameters: Mapping[str, Any],
    rounds: int,
    patience: int = 0,
) -> Boosted:
    """Train; with validation rows and `patience` stop when the loss has not fallen for that many rounds."""
    import lightgbm

    if isinstance(data, ClusterData):
        return data.grow(signs, parameters, rounds, patience)

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


def train_regression(
    values: FloatArray,
    target: FloatArray,
    weight: FloatArray,
    names: Sequence[str],
    signs: Sequence[int],
    parameters: Mapping[str, Any],
    rounds: int,
) -> str:
    """Trees of a number instead of an event, by least squares, monotone by `signs`; the model's text."""
    import lightgbm

    settings = {**FIXED, **parameters, "objective": "regression", "metric": "l2", "monotone_constraints": list(signs)}
    data = lightgbm.Dataset(values.astype(np.float32), target, weight=weight, feature_name=list(names), params=settings)
    return str(lightgbm.train(settings, data, num_boost_round=rounds).model_to_string())


class Trees:
    """A booster read back from its text; only predicts."""

    def __init__(self, text: str) -> None:
        import lightgbm

        self.text = text
        self._booster = lightgbm.Booster(model_str=text)

    def score(self, values: FloatArray) -> FloatArray:
        """Sum of the trees in log-odds, shape (rows,)."""
        out = np.empty(len(values))
        for begin in range(0, len(out), ROWS_AT_ONCE):  # a copy of some rows at a time
            some = values[begin : begin + ROWS_AT_ONCE].astype(np.float32)
            out[begin : begin + ROWS_AT_ONCE] = self._booster.predict(some, raw_score=True, num_threads=1)
        return out

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
