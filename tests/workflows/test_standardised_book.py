"""The book as the standardised framework sees it."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pandas as pd

from behavior.workflows.standardised_book import to_next_reset

AS_OF = dt.date(2025, 12, 31)


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
