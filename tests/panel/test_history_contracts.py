"""Histories at the door: exits, percent that was not declared, overdrafts, and keys with optional parts."""

from __future__ import annotations

import numpy as np
import pandas as pd

from behavior.contracts import check
from behavior.panel.contracts import ACCOUNT_MONTHS, ACCOUNTS, LOAN_MONTHS, LOANS, PRODUCT_RATES


def _months(**changes: object) -> pd.DataFrame:
    table = pd.DataFrame(
        {
            "loan_id": ["A", "B", "A", "B"],
            "month": pd.to_datetime(["2020-01-31", "2020-01-31", "2020-02-29", "2020-02-29"]),
            "balance": [10.0, 5.0, 9.0, 4.0],
            "rate": 0.03,
            "age_months": [1, 1, 2, 2],
            "status": "open",
        }
    )
    return table.assign(**changes)  # type: ignore[arg-type]


def test_loans_may_lie_between_each_other() -> None:
    assert check(_months(), LOAN_MONTHS) == []


def test_a_month_after_the_exit_is_found_between_other_loans() -> None:
    table = _months(status=["prepaid", "open", "open", "open"], balance=[0.0, 5.0, 0.0, 4.0])
    assert [(one.where, one.rule) for one in check(table, LOAN_MONTHS)] == [
        ("loan_months, row 3", "no month may follow the month of a loan's exit")
    ]


def test_text_columns_are_read_by_the_check_itself() -> None:
    table = _months(balance=["10", "5", "nine", "4"], rate=["0.03"] * 4)
    assert [(one.column, one.value) for one in check(table, LOAN_MONTHS)] == [("balance", "nine")]


def test_an_overdraft_is_no_fault_of_a_deposit() -> None:
    table = pd.DataFrame({"account_id": ["A"], "month": pd.to_datetime(["2020-01-31"]), "balance": [-5.0]})
    assert check(table, ACCOUNT_MONTHS) == []


def test_an_account_does_not_close_before_it_opens() -> None:
    table = pd.DataFrame(
        {"account_id": ["A"], "product": ["s"], "open_date": ["2020-02-01"], "close_date": ["2020-01-01"]}
    )
    (fault,) = check(table, ACCOUNTS)
    assert str(fault).startswith("accounts, row 1, column `close_date`: found '2020-01-01': dates out of order")


def test_optional_parts_of_a_key_count_where_they_are() -> None:
    table = pd.DataFrame(
        {"product": "savings", "month": pd.Timestamp("2020-03-31"), "rate_paid": [0.01, 0.02], "averaging": "end"}
    )
    assert [one.rule[:13] for one in check(table, PRODUCT_RATES)] == ["duplicate key"]
    assert check(table.assign(institution=["X", "Y"]), PRODUCT_RATES) == []


def test_rates_paid_in_percent_below_one_are_found_as_a_column() -> None:
    months = pd.date_range("2020-01-31", periods=8, freq="ME")
    table = pd.DataFrame(
        {"product": "savings", "month": months, "rate_paid": np.linspace(0.2, 0.9, 8), "averaging": "end"}
    )
    (fault,) = check(table, PRODUCT_RATES)
    assert fault.column == "rate_paid" and "looks like percent" in fault.rule


def test_shares_in_percent_are_found_as_a_column_and_large_single_ones_pass() -> None:
    loans = pd.DataFrame(
        {
            "loan_id": ["A", "B", "C"],
            "origination_date": "2020-01-31",
            "original_balance": 100.0,
            "original_term_months": 360,
            "original_rate": 0.03,
            "ltv": [80.0, 75.0, 60.0],
            "dti": [0.3, 0.4, 12.0],
        }
    )
    (fault,) = check(loans, LOANS)
    assert fault.column == "ltv" and "looks like percent" in fault.rule and "80% is 0.8" in fault.hint
    assert check(loans, LOANS, declared={"ltv"}) == []
    (fault,) = check(_months(unemployment_rate=5.5), LOAN_MONTHS)
    assert fault.column == "unemployment_rate"
