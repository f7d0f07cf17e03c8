"""Segments as a history holds them and as a book does: an exported label finds its rows, whatever the column's type."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest

from behavior.assumptions.matching import match_segments
from behavior.assumptions.segments import SegmentScheme
from behavior.kinds._segments import segment_codes
from tests.assumption_examples import flat_decay

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
