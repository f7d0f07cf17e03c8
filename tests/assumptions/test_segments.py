"""Bands, matches and the speed of matching."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from behavior.assumptions.effects import Direction, View
from behavior.assumptions.matching import match_segments
from behavior.assumptions.segments import Band, band_labels, band_of
from behavior.errors import FaultyInput
from tests.assumption_examples import decay, flat_decay, prepayment, speed


def test_labels_read_as_the_contract_says() -> None:
    assert band_labels((100_000.0, 250_000.0)) == ("0-100000", "100000-250000", "250000+")
    assert band_labels((0.6, 0.8)) == ("0-0.6", "0.6-0.8", "0.8+")
    assert band_labels((0.0, 5.0)) == ("below 0", "0-5", "5+")


def test_an_edge_belongs_to_the_band_above_it() -> None:
    band = Band("balance", (100_000.0, 250_000.0))
    found = band_of(np.array([0.0, 99_999.99, 100_000.0, 249_999.99, 250_000.0, np.nan]), band)
    assert found.tolist() == ["0-100000", "0-100000", "100000-250000", "100000-250000", "250000+", ""]


def test_bands_are_cut_and_fallbacks_declared() -> None:
    rows = pd.DataFrame({"product": ["fixed", "fixed", "arm", None], "balance": [5e4, 3e5, 5e4, 5e4]})
    match = match_segments(rows, prepayment())
    assert match.curve_index.tolist() == [0, 1, -1, -1]
    assert match.how.tolist() == ["own", "pooled", "none", "none"]
    assert match.row_segments.tolist() == ["fixed / 0-100000", "fixed / 250000+", "arm / 0-100000", " / 0-100000"]
    assert match.labels == ("fixed / 0-100000", "fixed / pooled")


def test_a_band_column_of_the_book_serves_where_its_number_is_not_there() -> None:
    rows = pd.DataFrame({"product": ["fixed"], "balance_band": ["0-100000"]})
    assert match_segments(rows, prepayment()).curve_index.tolist() == [0]


def test_views_and_directions_are_chosen() -> None:
    rows = pd.DataFrame({"customer_type": ["retail", "wholesale"]})
    usual = match_segments(rows, decay())
    assert [decay().curves[place].view for place in usual.curve_index] == [View.WITH_REDEPOSITS] * 2
    lowest = match_segments(rows, decay(), view=View.MINIMUM_BALANCE)
    assert [decay().curves[place].view for place in lowest.curve_index] == [View.MINIMUM_BALANCE] * 2
    savings = pd.DataFrame({"product": ["savings"]})
    assert match_segments(savings, speed(), direction=Direction.DOWN).curve_index.tolist() == [1]
    with pytest.raises(FaultyInput, match="ask for `up` or `down`"):
        match_segments(savings, speed())


@pytest.mark.parametrize("turned", [1, -1])
def test_a_curve_of_the_view_asked_for_goes_before_one_for_every_view(turned: int) -> None:
    (blank,) = flat_decay(0.1).curves
    both = flat_decay(0.1, curves=(blank, replace(blank, view=View.MINIMUM_BALANCE))[::turned])
    for view, found in ((None, None), (View.MINIMUM_BALANCE, View.MINIMUM_BALANCE)):
        (place,) = match_segments(pd.DataFrame(index=[0]), both, view).curve_index
        assert both.curves[place].view is found


def test_a_missing_segment_column_is_an_error_unless_a_curve_is_pooled_there() -> None:
    with pytest.raises(FaultyInput, match="column `product`"):
        match_segments(pd.DataFrame({"balance": [5e4]}), prepayment())
    found = match_segments(pd.DataFrame({"product": ["fixed"]}), prepayment())
    assert (found.curve_index.tolist(), found.missing_columns) == ([1], ("balance_band",))
    both = replace(prepayment(), curves=prepayment().curves[:1])
    with pytest.raises(FaultyInput, match="Add `balance`, from which it is cut"):
        match_segments(pd.DataFrame({"product": ["fixed"]}), both)


@pytest.mark.parametrize("written", [("120", "true"), ("120.0", "True"), ("1.2e2", "TRUE")])
@pytest.mark.parametrize("kind", ["int64", "float64", "Int64", "category"])
def test_numbers_and_flags_match_however_the_set_writes_them(written: tuple[str, str], kind: str) -> None:
    table = flat_decay(0.01)
    scheme = replace(table.scheme, columns=("fixation", "salary"))
    table = replace(table, scheme=scheme, curves=(replace(table.curves[0], segment=written),))
    rows = pd.DataFrame({"fixation": [120, 60, 120], "salary": [True, True, False]}).astype({"fixation": kind})
    assert match_segments(rows, table).curve_index.tolist() == [0, -1, -1]


@pytest.mark.parametrize("label", ["01", "1.0", "True", "1e2"])
def test_words_match_as_they_stand(label: str) -> None:
    table = flat_decay(0.01)
    table = replace(
        table, scheme=replace(table.scheme, columns=("code",)), curves=(replace(table.curves[0], segment=(label,)),)
    )
    rows = pd.DataFrame({"code": ["01", "1", "1.0", "True", "true", "1e2", "100", "x"]})
    assert match_segments(rows, table).how.tolist().count("own") == 1


def test_days_match_their_text() -> None:
    table = flat_decay(0.01)
    curve = replace(table.curves[0], segment=("2020-02-29",))
    table = replace(table, scheme=replace(table.scheme, columns=("since",)), curves=(curve,))
    rows = pd.DataFrame({"since": pd.to_datetime(["2020-02-29", "2020-03-01", None])})
    assert match_segments(rows, table).curve_index.tolist() == [0, -1, -1]


def test_no_rows_and_no_columns() -> None:
    assert len(match_segments(pd.DataFrame({"product": [], "balance": []}), prepayment()).curve_index) == 0
    assert match_segments(pd.DataFrame({"x": [1, 2]}), flat_decay(0.1)).how.tolist() == ["own", "own"]


@pytest.mark.benchmark(group="assumptions")
def test_a_million_rows_match_fast(benchmark) -> None:  # type: ignore[no-untyped-def]
    random = np.random.default_rng(1)
    products = pd.array(random.choice(["fixed", "arm", "bullet"], 1_000_000), dtype="str")
    rows = pd.DataFrame({"product": products, "balance": random.uniform(0, 5e5, 1_000_000)})
    match = benchmark(match_segments, rows, prepayment())
    assert (match.curve_index >= 0).sum() == (rows["product"] == "fixed").sum()
