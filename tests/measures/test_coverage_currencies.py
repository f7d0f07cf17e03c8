"""Balances of several currencies are covered as the same balances in one: none is added to another unconverted."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pandas as pd

from behavior.assumptions.set import AssumptionSet
from behavior.engine.positions import Book
from behavior.measures.coverage import COLUMNS
from behavior.workflows.valuation import ValuationOptions
from behavior.workflows.value import value
from behavior.workflows.value_options import with_options
from tests.assumptions.test_seen_incentives import payoffs
from tests.engine.simple import AS_OF, loan, table
from tests.workflows.test_value_engine import inputs
from tests.workflows.test_value_options import SOLD
from tests.workflows.test_value_unseen import CURVES

RATE = 2.0
FX = pd.DataFrame([{"as_of": AS_OF, "currency": "EUR", "reporting_currency": "USD", "rate": RATE}])


def covered(*rows: dict[str, Any], fx: pd.DataFrame | None = None) -> pd.DataFrame:
    made = replace(payoffs([200.0] * 5, product="loan"), name="mortgage_prepayment")
    given = inputs(book=table(*rows), curves=CURVES, assumptions=AssumptionSet("made", AS_OF, (made,)), fx=fx)
    return value(given, ValuationOptions(framework="us_parallel")).coverage


def test_two_currencies_cover_what_one_does_after_conversion() -> None:
    """Incentives differ by currency, so that shares beyond the grid are those of balances in one currency too."""
    dollars = loan(120, 0.05, balance=3e6, product="loan0"), loan(60, 0.04, balance=5e5, product="other")
    far = loan(120, 0.12, product="loan0", months_in_the_money=None), loan(60, 0.04, product="other")
    euros = [{**row, "balance": 1e6, "currency": "EUR"} for row in far]
    converted = [{**row, "balance": RATE * 1e6} for row in far]
    both, one = covered(*dollars, *euros, fx=FX), covered(*dollars, *converted)
    pd.testing.assert_frame_equal(both, one)
    assert set(both["how"]) == {"own", "none"}
    behaving = both[both["how"] == "own"]
    assert behaving["balance"].tolist() == [3e6 + RATE * 1e6]
    assert 0 < behaving["share_clamped"].iloc[0] < 1
    reversed_rates = covered(*dollars, *euros, fx=FX.assign(rate=4 * RATE))
    assert reversed_rates["share_clamped"].iloc[0] > behaving["share_clamped"].iloc[0], "weighed by what it is worth"


def test_notionals_of_options_are_converted_too() -> None:
    book = Book(pd.DataFrame([SOLD, {**SOLD, "position_id": "euros", "currency": "EUR"}]))
    found = with_options(pd.DataFrame(columns=list(COLUMNS)), book, {"USD": 1.0, "EUR": RATE})
    assert found["balance"].tolist() == [1e6 + RATE * 1e6]
