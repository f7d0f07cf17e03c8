"""What a constant balance sheet renews at and for how long: margins over the curve of the origination, own terms."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from behavior.engine.positions import Book
from behavior.engine.renewal import margins_of, renewal_term
from behavior.engine.terms import resolve_terms
from behavior.market.curves import CurveSet
from tests.engine.simple import AS_OF, flat_world, loan, table

EARLIER = np.datetime64("2024-12-31")


def earlier_curves(zero: float) -> CurveSet:
    nodes = pd.DataFrame({"as_of": EARLIER, "currency": "USD", "index": "discount", "months": [0, 480]})
    return CurveSet.from_table(nodes.assign(zero_rate=zero), time="month_grid")


@pytest.mark.parametrize(
    ("terms", "margin", "today"),
    [
        ({"origination_date": "2024-12-31"}, 0.03, False),
        ({"origination_date": "2025-06-30"}, 0.03, False),
        ({"origination_date": "2024-12-30"}, 0.02, True),
        ({"origination_date": "2025-06-30", "product": "card"}, 0.011, False),
        ({"origination_date": "2024-12-30", "rate_type": "floating", "spread": 0.004, "index": "TERM"}, 0.004, False),
    ],
    ids=["on the curve's date", "after it", "before any, over today's", "given by product", "a floater's spread"],
)
def test_a_margin_is_over_the_last_curve_on_or_before_the_origination(
    terms: dict[str, object], margin: float, today: bool
) -> None:
    given = {"spread": np.nan, "index": None, "next_reset_date": "2026-03-31", **terms}
    book = Book(table(loan(60, 0.05, **given)))
    resolved = resolve_terms(book, AS_OF)
    found, at_today = margins_of(resolved, flat_world(0.03), {EARLIER: earlier_curves(0.02)}, {"card": 0.011})
    assert found == pytest.approx([margin], abs=1e-12)
    assert at_today.tolist() == [today]


def test_a_leg_that_starts_later_is_renewed_for_its_own_length() -> None:
    """Agreed at the end of 2025: a loan is renewed from its origination to its maturity, a leg from its start."""
    leg = {"instrument": "swap_leg", "side": "receive", "repayment": "bullet", "start_date": "2026-06-30"}
    book = Book(table(loan(42, 0.03, instrument="cash"), loan(42, 0.03, **leg)))
    assert renewal_term(resolve_terms(book, AS_OF)).tolist() == [42, 36]
