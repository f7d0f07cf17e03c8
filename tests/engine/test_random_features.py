"""Random books with odd terms, segments, options, regulatory steps and frameworks against the plain valuation."""

from __future__ import annotations

import pytest

from tests.engine.random_features import FEATURES, TERMS, featured_case
from tests.engine.test_random_books import disagreements

COMBINATIONS = (
    ("segments", "framework"),
    ("segments", "life_cap", "paths"),
    ("options",),
    ("options", "segments", "framework"),
    ("calibrated",),
    ("moving",),
    ("switches", "segments", "options"),
)


@pytest.mark.parametrize("names", COMBINATIONS, ids=" ".join)
@pytest.mark.parametrize("seed", range(2))
def test_books_with_features_agree_with_the_plain_valuation(seed: int, names: tuple[str, ...]) -> None:
    wrong = disagreements(featured_case(seed, 5, *names))
    assert not wrong, f"{len(wrong)} cells differ: {wrong[:6]}"


@pytest.mark.parametrize("seed", [0, 1, 2, 500, 501, 502])
def test_books_with_odd_terms_agree_with_the_plain_valuation(seed: int) -> None:
    wrong = disagreements(featured_case(seed, 12, *TERMS, "options"))
    assert not wrong, f"{len(wrong)} cells differ: {wrong[:6]}"


@pytest.mark.slow
@pytest.mark.parametrize("name", FEATURES)
@pytest.mark.parametrize("seed", range(2000, 2004))
def test_many_books_with_features_agree_with_the_plain_valuation(seed: int, name: str) -> None:
    wrong = disagreements(featured_case(seed, 12, name))
    assert not wrong, f"{len(wrong)} cells differ: {wrong[:6]}"
