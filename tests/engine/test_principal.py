"""Explicit schedules: principal on payment dates, the last one clears, and what does not fit is named."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from behavior.engine.positions import Book
from behavior.engine.principal import resolve_principal
from behavior.engine.terms import resolve_terms
from behavior.errors import ContractFault
from behavior.months import payment_dates
from behavior.workflows.valuation import ValuationInputs, ValuationOptions
from behavior.workflows.value import value

AS_OF = dt.date(2024, 3, 31)


def row(**own: Any) -> dict[str, Any]:
    return {
        "position_id": "a",
        "product": "a",
        "side": "asset",
        "currency": "USD",
        "balance": 100.0,
        "rate_type": "fixed",
        "rate": 0.06,
        "repayment": "schedule",
        "origination_date": pd.Timestamp("2023-09-30"),
        "maturity_date": pd.Timestamp("2025-03-31"),
        "payment_months": 3,
        **own,
    }


def schedule(*rows: tuple[str, str, float]) -> pd.DataFrame:
    table = pd.DataFrame(rows, columns=["position_id", "date", "principal"])
    return table.assign(date=pd.to_datetime(table["date"]))


def resolve(book: list[dict[str, Any]], rows: pd.DataFrame | None) -> tuple[np.ndarray, np.ndarray]:
    return resolve_principal(resolve_terms(Book(pd.DataFrame(book), rows), AS_OF))


def test_principal_lies_on_its_events() -> None:
    rows = schedule(
        ("b", "2024-06-30", 7.0),
        ("a", "2024-06-30", 10.0),
        ("a", "2024-12-31", 20.0),
        ("a", "2024-12-31", 5.0),
        ("a", "2024-03-31", 99.0),
        ("other", "2024-05-01", 1.0),
    )
    book = [row(), row(position_id="x", repayment="bullet"), row(position_id="b")]
    principal, first = resolve(book, rows)
    assert first.tolist() == [0, 0, 12]
    assert np.flatnonzero(principal).tolist() == [2, 8, 14]
    assert principal[[2, 8, 14]].tolist() == [10.0, 25.0, 7.0]


@pytest.mark.parametrize(
    ("payment", "start", "first"),
    [
        (1, "2024-06-30", 4),
        (1, "2024-06-29", 4),
        (1, "2024-07-01", 5),
        (3, "2024-06-30", 6),
        (3, "2024-07-01", 9),
        (1, "2024-03-31", 1),
        (1, None, 13),
    ],
)
def test_the_first_amortising_payment_is_one_period_after_its_start(
    payment: int, start: str | None, first: int
) -> None:
    """Month ends to March 2025; a start between payments is that of the next period, and none is no start."""
    terms = {"repayment": "interest_only", "payment_months": payment, "amortization_start_date": pd.Timestamp(start)}
    book = Book(pd.DataFrame([row(**terms)]))
    assert resolve_terms(book, AS_OF).amortises_from.tolist() == [first]


def test_a_book_without_schedules_needs_none() -> None:
    principal, first = resolve([row(repayment="bullet")], None)
    assert (principal.tolist(), first.tolist()) == ([0.0], [0])


def test_every_row_that_does_not_fit_is_named() -> None:
    rows = schedule(
        ("a", "2024-05-31", 1.0), ("a", "2024-06-29", 1.0), ("a", "2025-06-30", 1.0), ("b", "2024-06-30", 101.0)
    )
    with pytest.raises(ContractFault) as caught:
        resolve([row(), row(position_id="b"), row(position_id="c")], rows)
    message = str(caught.value)
    assert len(caught.value.faults) == 5
    for part in ("2024-05-31", "2024-06-29", "2025-06-30", "position b", "position c", "Give --schedule"):
        assert part in message


def test_the_last_payment_needs_no_schedule() -> None:
    principal, first = resolve([row(maturity_date=pd.Timestamp("2024-06-30"))], None)
    assert (principal.tolist(), first.tolist()) == ([0.0, 0.0, 0.0], [0])


@settings(max_examples=20, deadline=None)
@given(st.lists(st.floats(0.0, 1.0), min_size=1, max_size=12), st.sampled_from([1, 3, 6]))
def test_the_engine_pays_what_the_schedule_says(shares: list[float], step: int) -> None:
    maturity = (np.datetime64("2024-03", "M") + step * len(shares) + 1).astype("datetime64[D]") - 1
    dates = payment_dates(AS_OF, maturity, step)
    amounts = 100.0 * np.array(shares) / max(sum(shares), 1.0)
    amounts[-1] = 100.0 - amounts[:-1].sum()
    rows = pd.DataFrame({"position_id": "a", "date": pd.to_datetime(dates), "principal": amounts})
    curves = pd.DataFrame(
        {"as_of": pd.Timestamp(AS_OF), "currency": "USD", "index": "discount", "months": [1, 480], "zero_rate": 0.03}
    )
    book = pd.DataFrame([row(maturity_date=pd.Timestamp(maturity), payment_months=step)])
    inputs = ValuationInputs(book, curves, AS_OF, "USD", 100.0, 100.0, schedule=rows)
    flows = value(inputs, ValuationOptions(framework="us_parallel", balance_sheets=("run_off",))).cash_flows
    base = flows[flows["scenario"] == "base"].set_index("month")
    paid = base["scheduled"].reindex(pd.to_datetime(dates), fill_value=0.0).to_numpy()
    np.testing.assert_allclose(paid, amounts, atol=1e-9)
    before = 100.0 - np.concatenate([[0.0], np.cumsum(amounts)[:-1]])
    interest = base["interest"].reindex(pd.to_datetime(dates), fill_value=0.0).to_numpy()
    np.testing.assert_allclose(interest, before * 0.06 * step / 12, atol=1e-9)
