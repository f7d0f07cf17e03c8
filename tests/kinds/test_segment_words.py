"""Segments as a history holds them and as a book does: an exported label finds its rows, whatever the column's type."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from behavior.assumptions.effects import POOLED
from behavior.assumptions.matching import match_segments
from behavior.assumptions.segments import SegmentScheme
from behavior.kinds._segments import curves_wanted, segment_codes
from behavior.specs import parse_spec
from tests.assumption_examples import flat_decay

SPEC = """
[model]
kind = "nmd_decay"
version = 1
owner = "tests"
[history]
contract = "deposit_history/1"
[segments]
by = ["product", "customer_type"]
minimum_exposure_months = 12
[estimator]
family = "spline_hazard"
"""
COLUMNS = {
    "flags": pd.Series([True, False, True]),
    "flags with a gap": pd.Series([True, False, None], dtype=object),
    "whole numbers": pd.Series([1.0, 2.0, 1.0]),
    "shares": pd.Series([0.25, 0.1, 0.25]),
    "days": pd.to_datetime(pd.Series(["2020-02-29", "2021-12-31", None])),
    "words": pd.Series(["ä, b", "01", None]),
}


@pytest.mark.parametrize("name", list(COLUMNS))
def test_an_exported_label_finds_the_rows_it_was_learned_from(name: str) -> None:
    rows = pd.DataFrame({"group": COLUMNS[name]})
    scheme = SegmentScheme(("group",))
    codes, labels = segment_codes(rows, scheme)
    (curve,) = flat_decay(0.01).curves
    table = replace(flat_decay(0.01), scheme=scheme, curves=tuple(replace(curve, segment=one) for one in labels))
    known = rows["group"].notna().to_numpy()
    found = match_segments(rows, table)
    assert found.curve_index[known].tolist() == codes[known].tolist()
    assert found.how[known].tolist() == ["own"] * int(known.sum())


@pytest.mark.parametrize(("silent", "own"), [(40, True), (5, False)])
def test_a_fallback_speaks_first_of_the_rows_that_do_not_say_their_segment(silent: int, own: bool) -> None:
    """Blank cells of a book match pooled curves alone: those of rows that are as silent, where they are enough."""
    types = ["retail"] * 30 + ["firm"] * 20 + ["rare"] * 3 + [None] * silent
    table = pd.DataFrame({"product": "savings", "customer_type": types})
    spec = parse_spec(SPEC, "spec.toml")
    found = dict(curves_wanted(table, spec))
    assert list(found) == [("savings", "firm"), ("savings", "retail"), ("savings", POOLED)]
    blank = table["customer_type"].isna().to_numpy()
    np.testing.assert_array_equal(found["savings", POOLED], blank if own else np.ones(len(table), dtype=bool))
