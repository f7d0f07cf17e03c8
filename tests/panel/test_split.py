"""Train and test share neither a customer nor a month, whatever the panel."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from behavior.errors import FittingError
from behavior.panel.base import Panel
from behavior.panel.split import split_panel
from behavior.specs import SplitSpec


def panel(customers: int, months: int, seed: int) -> Panel:
    rng = np.random.default_rng(seed)
    ends = pd.date_range("2015-01-31", periods=months, freq="ME")
    table = pd.DataFrame(
        {
            "customer": np.repeat([f"c{one}" for one in range(customers)], months),
            "month": np.tile(ends, customers),
        }
    )
    return Panel(table[rng.random(len(table)) < 0.7].reset_index(drop=True))


@settings(max_examples=30, deadline=None)
@given(st.integers(20, 60), st.integers(20, 40), st.integers(0, 10**6), st.integers(0, 3))
def test_no_customer_and_no_month_on_both_sides(customers: int, months: int, seed: int, gap: int) -> None:
    one = panel(customers, months, seed)
    split = split_panel(one, SplitSpec(gap_months=gap, seed=seed))
    learning = split.train | split.validate
    table = one.table
    assert not set(table["customer"][learning]) & set(table["customer"][split.test])
    if split.test.any() and learning.any():
        last, first = table["month"][learning].max(), table["month"][split.test].min()
        assert (first.year - last.year) * 12 + first.month - last.month > gap
    if split.train.any() and split.validate.any():
        assert table["month"][split.train].max() < table["month"][split.validate].min()
    assert not (split.train & split.validate).any()


def test_a_further_month_moves_no_customer() -> None:
    shorter, longer = panel(50, 24, 1), panel(50, 30, 1)
    spec = SplitSpec(seed=7)
    held = {}
    for name, one in (("shorter", shorter), ("longer", longer)):
        split = split_panel(one, spec)
        held[name] = set(one.table["customer"][split.unseen_customers])
    assert held["shorter"] == held["longer"]


def test_too_few_months_are_refused() -> None:
    with pytest.raises(FittingError, match="at least 4"):
        split_panel(panel(10, 3, 0), SplitSpec())
