"""How hazard models are compared, as data: which months and customers are learned from, which are judged."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from behavior.benchmark.hazard_scores import Blocks, blocks_of
from behavior.estimators.boosted_hazard import BoostedHazard
from behavior.estimators.champion import Roles
from behavior.estimators.constant_hazard import ConstantHazard
from behavior.estimators.empirical import EmpiricalHazard, PsaHazard
from behavior.estimators.s_curve_hazard import SCurveHazard
from behavior.estimators.spline_hazard import SplineHazard, rows_of
from behavior.features.base import FeatureMatrix
from behavior.panel.split import uniform_of
from behavior.quantities import AnyArray, BoolArray, FloatArray, IntArray


@dataclass(frozen=True)
class HazardProtocol:
    """Expanding windows and held-out customers together.

    Parameters
    ----------
    starts : month numbers (or periods) at which test windows begin; learning uses what is at least `gap` before.
    length : periods a test window lasts. folds : customers are cut into that many; 1 = all customers on both sides.
    """

    name: str
    starts: tuple[int, ...]
    length: int
    folds: int = 5
    gap: int = 0
    seed: int = 20260930


@dataclass(frozen=True)
class HazardRows:
    """Rows to learn from and to judge on: features, events, weights, customers and periods, shape (rows,) each."""

    matrix: FeatureMatrix
    event: FloatArray
    weight: FloatArray
    customer: AnyArray
    period: IntArray


def windows(rows: HazardRows, protocol: HazardProtocol) -> Iterator[tuple[BoolArray, BoolArray]]:
    """Masks of learning and test rows, one pair a window and fold; no customer and no period on both sides."""
    codes, names = pd.factorize(rows.customer)
    share = uniform_of(np.asarray(names, dtype=object), protocol.seed)[codes]
    for start in protocol.starts:
        early = rows.period < start - protocol.gap
        late = (rows.period >= start) & (rows.period < start + protocol.length)
        for fold in range(protocol.folds):
            mine = np.floor(share * protocol.folds) == fold
            other = ~mine if protocol.folds > 1 else np.ones(len(mine), dtype=bool)
            if (rows.event[early & other] > 0).sum() >= 20 and (late & mine).any():
                yield early & other, late & mine


def contenders(roles: Roles, most_rows: int = 60_000) -> Mapping[str, Any]:
    """Every model and baseline, unfitted, by name; the incumbent is added by whoever has one."""
    spline = SplineHazard(
        roles.driver, roles.age, roles.burnout, roles.interacts, sample_share=1.0, most_rows=most_rows
    )
    return {
        "constant": ConstantHazard(),
        "psa": PsaHazard(),
        "age_table": EmpiricalHazard((roles.age,), cells=20, prior=50.0),
        "age_incentive_table": EmpiricalHazard((roles.age, roles.driver), cells=8, prior=100.0),
        "logistic": SplineHazard("", "", "", smooth=1e6, sample_share=1.0, most_rows=most_rows),
        "s_curve": SCurveHazard(roles.driver, roles.age, roles.burnout, sample_share=1.0, most_rows=most_rows),
        "spline": spline,
        "boosted": BoostedHazard(spline, {"num_leaves": 5, "min_data_in_leaf": 300, "learning_rate": 0.05}, rounds=30),
    }


@dataclass(frozen=True)
class Judged:
    """Out-of-sample expectations of every model on the same test rows.

    Parameters
    ----------
    rows : positions of the test rows. expected : model -> probability, shape (test rows,).
    """

    rows: IntArray
    expected: Mapping[str, FloatArray]
    blocks: Blocks


def judge(rows: HazardRows, protocol: HazardProtocol, roles: Roles, names: tuple[str, ...] = ()) -> Judged:
    """Fit every contender on each window's learning rows and predict its test rows; weights count in the fit."""
    places: list[IntArray] = []
    found: dict[str, list[FloatArray]] = {}
    for learn, test in windows(rows, protocol):
        places.append(np.flatnonzero(test))
        train, check = rows_of(rows.matrix, learn), rows_of(rows.matrix, test)
        made = contenders(roles)
        chosen = {name: made[name] for name in (names or tuple(made))}
        for name, model in chosen.items():
            if name == "boosted":
                model.base.fit(train, rows.event[learn], rows.weight[learn])
            fitted = model.fit(train, rows.event[learn], rows.weight[learn])
            found.setdefault(name, []).append(fitted.predict_hazard(check))
    order = np.concatenate(places)
    blocks = blocks_of(rows.customer[order], rows.period[order])
    return Judged(order, {name: np.concatenate(parts) for name, parts in found.items()}, blocks)
