"""Terms of a hazard: the compiled designs, scores and pulls against plain columns, and what the columns promise."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from behavior.estimators.basis import hats
from behavior.estimators.term_layout import Layout
from behavior.estimators.terms import Term, column_of
from behavior.features.base import FeatureMatrix
from behavior.quantities import FloatArray

KNOTS = (-1.0, -0.2, 0.3, 1.2)
EVERY_FORM = Layout(
    (
        Term("smooth", "x", KNOTS),
        Term("missing", "x"),
        Term("levels", "a", levels=3),
        Term("pair", "a", (0.0, 1.0, 2.0), "b", (), 4),
        Term("product", "z", KNOTS, "b", (), 4),
        Term("rising", "x", KNOTS),
        Term("rising", "x", (0.5, -0.5)),
        Term("rising", "x", KNOTS, "a", (), 3),
        Term("rising", "x", KNOTS, "z", (-1.0, 0.0, 1.0)),
        Term("rising", "x", KNOTS, "a", (), 3, "b", 4),
        Term("product", "z", KNOTS, "a", (), 3, "b", 4),
    )
)


def plain_columns(term: Term, matrix: FeatureMatrix) -> FloatArray:
    """The block of a term, column by column, as its definition says."""
    values = column_of(matrix, term.name)
    if term.form == "missing":
        return np.isnan(values).astype(np.float64)[:, None]
    if term.form == "levels":
        return one_hot(values, term.levels)
    if term.form == "smooth":
        return hats(values, np.asarray(term.knots))
    if term.form == "pair":
        return crossed(one_hot(values, len(term.knots)), one_hot(column_of(matrix, term.other), term.levels))
    if term.form == "product":
        return crossed(hats(values, np.asarray(term.knots)), level_columns(term, matrix))
    knots = np.asarray(term.knots)
    ramps = np.clip((np.where(np.isnan(values), 0.0, values)[:, None] - knots[:-1]) / np.diff(knots), 0.0, 1.0)
    if not term.other:
        return np.asarray(ramps)
    if term.levels:
        return crossed(ramps, level_columns(term, matrix))
    return crossed(ramps, hats(column_of(matrix, term.other), np.asarray(term.other_knots)))


def level_columns(term: Term, matrix: FeatureMatrix) -> FloatArray:
    own = one_hot(column_of(matrix, term.other), term.levels)
    return crossed(own, one_hot(column_of(matrix, term.beside), term.inner)) if term.beside else own


def one_hot(codes: FloatArray, levels: int) -> FloatArray:
    return np.asarray(codes[:, None] == np.arange(levels), dtype=np.float64)


def crossed(first: FloatArray, second: FloatArray) -> FloatArray:
    return np.asarray(first[:, :, None] * second[:, None, :]).reshape(len(first), -1)


def some_rows(rng: np.random.Generator, rows: int = 60) -> FeatureMatrix:
    """Rows beyond the knots, at knots and unknown ones among them."""
    columns = [rng.normal(size=rows), rng.integers(0, 3, rows), rng.integers(0, 4, rows), rng.normal(size=rows)]
    values = np.column_stack(columns)
    values[:4, 0] = KNOTS
    values[rng.random(values.shape) < 0.1] = np.nan
    return FeatureMatrix(("x", "a", "b", "z"), values)


@given(st.integers(0, 2**32 - 1))
def test_designs_scores_and_pulls_are_those_of_plain_columns(seed: int) -> None:
    rng = np.random.default_rng(seed)
    matrix, layout = some_rows(rng), EVERY_FORM
    plain = np.concatenate([np.ones((60, 1)), *(plain_columns(term, matrix) for term in layout.terms)], axis=1)
    surprise, coefficients = rng.normal(size=60), rng.normal(size=layout.width)
    np.testing.assert_allclose(layout.design(matrix), plain, atol=1e-15)
    np.testing.assert_allclose(layout.score(matrix, coefficients), plain @ coefficients, atol=1e-12)
    np.testing.assert_allclose(layout.pulled(matrix, surprise), plain.T @ surprise, atol=1e-12)
    apart = layout.blocks(matrix, coefficients)
    np.testing.assert_allclose(coefficients[0] + np.sum(apart, axis=0), plain @ coefficients, atol=1e-12)
    place = 1
    for term, block in zip(layout.terms, apart, strict=True):
        own = plain[:, place : place + term.width] @ coefficients[place : place + term.width]
        np.testing.assert_allclose(block, own, atol=1e-12)
        place += term.width


def test_rows_may_lie_in_any_order_in_memory() -> None:
    rng = np.random.default_rng(5)
    matrix, coefficients = some_rows(rng), rng.normal(size=EVERY_FORM.width)
    turned = matrix.with_values(np.asfortranarray(matrix.values))
    every_other = matrix.with_values(matrix.values[::2])
    expected = EVERY_FORM.score(matrix, coefficients)
    np.testing.assert_array_equal(EVERY_FORM.score(turned, coefficients), expected)
    np.testing.assert_array_equal(EVERY_FORM.score(every_other, coefficients), expected[::2])
    assert EVERY_FORM.score(matrix.with_values(matrix.values[:0]), coefficients).shape == (0,)


def test_an_intercept_alone_is_a_layout() -> None:
    matrix = some_rows(np.random.default_rng(6))
    np.testing.assert_array_equal(Layout(()).score(matrix, np.array([0.5])), np.full(60, 0.5))
    np.testing.assert_array_equal(Layout(()).design(matrix), np.ones((60, 1)))
    assert Layout(()).pulled(matrix, np.ones(60)).tolist() == [60.0]


def test_a_level_that_was_never_learned_is_refused() -> None:
    matrix = some_rows(np.random.default_rng(7))
    matrix.values[11, 1] = 3.0
    with pytest.raises(IndexError, match="outside the levels that were learned"):
        EVERY_FORM.score(matrix, np.zeros(EVERY_FORM.width))


def test_terms_are_stored_as_plain_values() -> None:
    again = Layout(tuple(Term.from_json(json.loads(json.dumps(term.as_json()))) for term in EVERY_FORM.terms))
    assert again == EVERY_FORM
