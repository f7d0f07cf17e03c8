"""The book as the standardised framework sees it."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
import pandas as pd
import pytest

from behavior.workflows.standardised import standardised_value
from behavior.workflows.standardised_book import to_next_reset
from behavior.workflows.standardised_core import BY_BUCKET, NMD, PREPAYABLE, TERM_DEPOSIT, Framework, Portfolio
from behavior.workflows.valuation import ValuationInputs, ValuationOptions
from tests.engine.simple import loan, table

AS_OF = dt.date(2025, 12, 31)
PORTFOLIOS = (
    Portfolio("savings", NMD, category="retail_transactional", stable_share=0.9),
    Portfolio("loan", PREPAYABLE, annual_rate=0.3),
    Portfolio("term", TERM_DEPOSIT, annual_rate=0.25),
)


def leg(name: str, **cells: Any) -> dict[str, Any]:
    row = {"position_id": name, "rate_type": "floating", "repayment": "bullet", "start_date": pd.NaT}
    return row | {"next_reset_date": pd.Timestamp("2026-06-30"), "maturity_date": pd.Timestamp("2030-06-30")} | cells


def test_floating_rows_end_at_their_next_reset_and_legs_that_begin_there_are_left_out() -> None:
    rows = [
        leg("runs", repayment="annuity"),
        leg("begins with its first reset", start_date=pd.Timestamp("2026-06-30")),
        leg("was reset before it begins", start_date=pd.Timestamp("2026-03-31")),
        leg("fixed", rate_type="fixed", next_reset_date=pd.NaT),
    ]
    found = to_next_reset(pd.DataFrame(rows), AS_OF).set_index("position_id")
    assert list(found.index) == ["runs", "was reset before it begins", "fixed"]
    assert (found["maturity_date"].iloc[:2] == pd.Timestamp("2026-06-30")).all()
    assert found.loc["runs", "repayment"] == "bullet"
    assert found.loc["fixed", "maturity_date"] == pd.Timestamp("2030-06-30")


def held(*own: dict[str, Any], schedule: pd.DataFrame | None = None) -> ValuationInputs:
    """Rows of one's own beside deposits and a capped floater, which the framework values apart."""
    savings: dict[str, Any] = {"product": "savings", "side": "liability", "maturity_date": pd.NaT}
    savings |= {"repayment": "none", "rate_type": "administered"}
    floater: dict[str, Any] = {
        "product": "floater",
        "rate_type": "floating",
        "index": "discount",
        "cap": 0.05,
        "volatility": 0.01,
    }
    floater |= {"next_reset_date": "2026-06-30", "reset_months": 12, "payment_months": 12, "repayment": "bullet"}
    rows = [*own, loan(1, 0.01, **savings), loan(60, 0.04, **floater)]
    nodes = [(AS_OF, "USD", "discount", months, 0.03) for months in (0, 480)]
    curves = pd.DataFrame(nodes, columns=["as_of", "currency", "index", "months", "zero_rate"])
    return ValuationInputs(table(*rows), curves, AS_OF, "USD", 1e5, 2e5, schedule=schedule)


@pytest.mark.parametrize("framework", [Framework(), Framework(prepayment=BY_BUCKET, contractual_times="dates")])
@pytest.mark.parametrize("own", [{"product": "loan"}, {"product": "term", "side": "liability"}])
def test_principal_by_schedule_is_worth_what_the_same_principal_is_by_another_name(
    framework: Framework, own: dict[str, Any]
) -> None:
    plain = loan(48, 0.04, repayment="linear", payment_months=12, **own)
    dates = pd.to_datetime([f"{year}-12-31" for year in range(2026, 2030)])
    parts = pd.DataFrame({"position_id": "p0", "date": dates, "principal": 2.5e5})
    linear = standardised_value(held(plain), ValuationOptions(), PORTFOLIOS, framework).summary
    listed = held(plain | {"repayment": "schedule"}, schedule=parts)
    found = standardised_value(listed, ValuationOptions(), PORTFOLIOS, framework).summary
    pd.testing.assert_frame_equal(found, linear, rtol=1e-12)


def test_an_agreed_payment_shrinks_with_what_leaves_overnight() -> None:
    plain, framework = loan(120, 0.05), Framework(prepayment=BY_BUCKET)
    level = 1e6 * (0.05 / 12) / (1 - (1 + 0.05 / 12) ** -120)
    computed = standardised_value(held(plain), ValuationOptions(), PORTFOLIOS, framework).summary
    none = pd.DataFrame({"position_id": [], "date": pd.to_datetime([]), "principal": []}).astype({"position_id": str})
    told = held(plain | {"agreed_payment": level}, schedule=none)
    agreed = standardised_value(told, ValuationOptions(), PORTFOLIOS, framework)
    np.testing.assert_allclose(agreed.summary["eve"], computed["eve"], rtol=1e-12)
