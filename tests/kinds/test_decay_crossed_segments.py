"""A segment's closures answer the spread and age in a way of its own, not only in that of its product and its type."""

from __future__ import annotations

import numpy as np
import pytest

from behavior.features.base import FeatureMatrix
from behavior.kinds._decay_closure import ClosureHazard

SPREADS, AGES = np.array([0.0, 0.03]), np.array([18.0, 120.0])
USUAL = 0.01
ROWS = 30_000
OPPOSITE = np.array([[1.0, 0.0], [0.0, 1.0]])
"""Checking of retail customers and savings of firms do what the others do not: no sum of product and type is that."""


def matrix_of(product: np.ndarray, kind: np.ndarray, age: np.ndarray, spread: np.ndarray) -> FeatureMatrix:
    levels = {"product": ("checking", "savings"), "customer_type": ("retail", "firm")}
    columns = np.column_stack([product, kind, age, spread]).astype(np.float64)
    return FeatureMatrix(("product", "customer_type", "age_months", "spread"), columns, (0, 0, 0, 1), levels)


def hazard(moved_by: str, product: np.ndarray, kind: np.ndarray, age: np.ndarray, spread: np.ndarray) -> np.ndarray:
    moves = OPPOSITE[product, kind]
    odds = {"spread": 40.0 * (spread - 0.015), "age": 1.2 * (1.0 - 2.0 * np.exp(-age / 24.0))}[moved_by]
    return np.asarray(USUAL * np.exp(moves * odds))


def errors(moved_by: str) -> np.ndarray:
    """Log of fitted over true hazard by segment, at two spreads of the usual age or two ages at the usual spread."""
    rng = np.random.default_rng(4)
    product, kind = np.tile([0, 0, 1, 1], ROWS), np.tile([0, 1, 0, 1], ROWS)
    age, spread = rng.integers(1, 180, 4 * ROWS).astype(float), rng.uniform(-0.005, 0.035, 4 * ROWS)
    true = hazard(moved_by, product, kind, age, spread)
    model = ClosureHazard("spread", interacts=("product", "customer_type"), learns_smoothness=True, sample_share=1.0)
    model.most_rows = 4 * ROWS  # expectations in the place of events: what is left is the form's, not chance
    model.fit(matrix_of(product, kind, age, spread), true, np.ones(4 * ROWS))
    found = []
    for segment in ((0, 0), (0, 1), (1, 0), (1, 1)):
        own = [np.full(2, code) for code in segment]
        age, spread = (np.full(2, 60.0), SPREADS) if moved_by == "spread" else (AGES, np.full(2, 0.015))
        fitted = model.predict_hazard(matrix_of(*own, age, spread))
        found.append(np.log(fitted / hazard(moved_by, *own, age, spread)))
    return np.array(found)


@pytest.mark.parametrize("moved_by", ["spread", "age"])
def test_segments_that_differ_crosswise_are_each_read_as_they_are(moved_by: str) -> None:
    assert np.abs(errors(moved_by)).max() < 0.1
