"""A valuation says which scenarios rest on incentives that the history behind a curve hardly saw."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pandas as pd

from behavior.assumptions.set import AssumptionSet
from behavior.workflows.valuation import ValuationOptions
from behavior.workflows.value import value
from tests.assumptions.test_seen_incentives import payoffs
from tests.engine.simple import AS_OF, loan, table
from tests.workflows.test_value_engine import inputs

RATES = [("discount", 0, 0.03), ("discount", 480, 0.03), ("MORTGAGE30", 0, 0.06)]
CURVES = pd.DataFrame(
    [
        {"as_of": AS_OF, "currency": currency, "index": index, "months": months, "zero_rate": zero}
        for currency in ("USD", "EUR")
        for index, months, zero in RATES
    ]
)
HISTORY_OF_RISES = [200.0, 200.0, 60.0, 0.0, 0.0]
"""Events at incentives of -2, -1, 0, 1 and 2%: hardly anyone was ever in the money."""


def said(events: list[float], *rows: dict[str, Any], fx: pd.DataFrame | None = None, **options: Any) -> list[str]:
    made = replace(payoffs(events, product="loan"), name="mortgage_prepayment")
    book = table(*(row | {"product": "loan0"} for row in rows))
    given = inputs(book=book, curves=CURVES, assumptions=AssumptionSet("made", AS_OF, (made,)), fx=fx)
    found = value(given, ValuationOptions(framework="us_parallel", **options)).facts["warnings"]
    return [one for one in found if "fewer than 50 events" in one]


def test_falls_beyond_a_history_of_rises_are_named_with_their_shares() -> None:
    loans = loan(120, 0.05, balance=3e6), loan(120, 0.025, balance=1e6)
    (words,) = said(HISTORY_OF_RISES, *loans)
    assert words.startswith(
        "A year on, balance that behaves by mortgage_prepayment stands at incentives above +0.00% ("
    )
    # Incentives of -1 and -3.5% today: a fall of 100 bp ends on the last node that was seen.
    assert "100% under down_400" in words and "75% under down_200" in words and "75% under down_300" in words
    assert "down_100" not in words and "up_" not in words and "base" not in words


def test_a_history_that_saw_them_is_not_warned_of() -> None:
    (words,) = said([200.0] * 5, loan(120, 0.05))
    assert "(100% under down_400)" in words
    assert said([200.0] * 5, loan(120, 0.03)) == []
    assert said(HISTORY_OF_RISES, loan(120, 0.05), behaviour="frozen") == []
    assert said(HISTORY_OF_RISES, loan(120, 0.05, behavioral=False)) == []


def test_balances_are_compared_in_one_currency() -> None:
    fx = pd.DataFrame([{"as_of": AS_OF, "currency": "EUR", "reporting_currency": "USD", "rate": 9.0}])
    loans = loan(120, 0.05, balance=1e6), loan(120, 0.025, balance=1e6, currency="EUR")
    (words,) = said(HISTORY_OF_RISES, *loans, fx=fx)
    assert "100% under down_400" in words and "under down_300" not in words
