"""Loan-months at risk, worked by hand."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from behavior.errors import FittingError
from behavior.market.history import RateHistory
from behavior.panel.house_prices import OLD_PRICES
from behavior.panel.loans import OLD_RATE, LoanPanelRules, build_loan_panel

_spec = importlib.util.spec_from_file_location("small_histories", Path(__file__).with_name("small_histories.py"))
assert _spec is not None and _spec.loader is not None
small = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(small)

RULES = LoanPanelRules(lag_months=1, in_the_money_above=0.005)


def test_first_month_is_at_risk_and_exit_month_carries_the_event() -> None:
    history = small.mortgage(
        small.loans([{"loan_id": "a"}]), small.loan_rows("a", "2015-02-28", 1, [99_000.0, 98_000.0, 0.0], "prepaid")
    )
    table = build_loan_panel(history, small.market(), RULES).table
    assert table["age_months"].tolist() == [1, 2, 3]
    assert table["weight"].tolist() == [100_000.0, 99_000.0, 98_000.0]
    assert table["payoff"].tolist() == [0, 0, 1]


def test_late_entry_is_kept_with_its_age_and_its_months_in_the_money_before_entry() -> None:
    # The market falls in 2016-01; a loan at 5% is in the money (5% - 4% > 0.5%) from the month that sees it.
    rates = small.market({"2010-01-31": 0.05, "2016-01-31": 0.04})
    history = small.mortgage(
        small.loans([{"loan_id": "a"}]), small.loan_rows("a", "2017-01-31", 24, [90_000.0, 89_900.0])
    )
    table = build_loan_panel(history, rates, RULES).table
    assert table["age_months"].tolist() == [24, 25]
    # Month at risk 2016-03 is the first to see the end of 2016-01 two months before its own end: 2016-03 .. 2016-12.
    assert table["months_in_the_money"].tolist() == [10, 11]
    assert np.allclose(table["incentive"], 0.01)
    assert table["depth_in_the_money"].to_numpy() == pytest.approx([0.05, 0.055])


def test_months_of_a_gap_count_as_in_the_money_at_the_last_rate_seen() -> None:
    rates = small.market({"2010-01-31": 0.04})
    before = small.loan_rows("a", "2015-02-28", 1, [99_000.0, 98_900.0])
    after = small.loan_rows("a", "2015-08-31", 7, [98_400.0, 98_300.0], rate=0.03)
    table = build_loan_panel(small.mortgage(small.loans([{"loan_id": "a"}]), before, after), rates, RULES).table
    assert table["months_in_the_money"].tolist() == [0, 1, 6, 6]
    assert table["depth_in_the_money"].to_numpy() == pytest.approx([0.0, 0.005, 0.03, 0.03])


@pytest.mark.parametrize(("market", "months"), [(0.05, [0] * 4), (0.0499, [23, 24, 29, 30])])
def test_a_month_at_the_threshold_is_not_in_the_money_seen_or_not(market: float, months: list[int]) -> None:
    """Months before a late entry, those at risk, and those of a gap; above the threshold each counts."""
    rules = LoanPanelRules(lag_months=1, in_the_money_above=0.0)
    late = small.loan_rows("a", "2017-01-31", 24, [90_000.0, 89_900.0])
    after = small.loan_rows("a", "2017-07-31", 30, [89_400.0, 89_300.0])
    history = small.mortgage(small.loans([{"loan_id": "a"}]), late, after)
    table = build_loan_panel(history, small.market({"2010-01-31": market}), rules).table
    assert table["months_in_the_money"].tolist() == months


@pytest.mark.parametrize(
    ("terms", "months"),
    [({"fixation_months": 20}, 3), ({"fixation_months": 1}, 22), ({"rate_type": "arm"}, 0), ({}, 23)],
)
def test_a_late_entry_after_a_reset_paid_its_original_rate_before(terms: dict[str, object], months: int) -> None:
    """In the money at 6% since the reset, never at the 3% that the first fixed period had."""
    made = small.loans([{"loan_id": "a", "original_rate": 0.03, **terms}])
    late = small.loan_rows("a", "2017-01-31", 24, [90_000.0], rate=0.06)
    table = build_loan_panel(small.mortgage(made, late), small.market({"2010-01-31": 0.05}), RULES).table
    assert table["months_in_the_money"].tolist() == [months]


def test_transferred_is_censored_at_the_start_of_its_month_and_maturity_is_no_event() -> None:
    history = small.mortgage(
        small.loans([{"loan_id": "a"}, {"loan_id": "b", "original_term_months": 3}]),
        small.loan_rows("a", "2015-02-28", 1, [99_000.0, 0.0], "transferred"),
        small.loan_rows("b", "2015-02-28", 1, [66_000.0, 33_000.0, 0.0], "matured"),
    )
    panel = build_loan_panel(history, small.market(), RULES)
    assert panel.table["unit"].tolist() == ["a", "b", "b"]
    assert panel.table["payoff"].sum() == 0
    assert panel.dropped["transferred: censored at the start of the month"] == 1


def test_masked_balances_are_missing_and_estimated_never_zero() -> None:
    rows = small.loan_rows("a", "2015-02-28", 1, [np.nan, np.nan, 99_500.0])
    panel = build_loan_panel(small.mortgage(small.loans([{"loan_id": "a"}]), rows), small.market(), RULES)
    assert (panel.table["weight"] > 99_000).all()
    assert panel.dropped["opening balances estimated from the schedule"] == 2


def test_curtailment_is_a_share_of_what_the_schedule_leaves() -> None:
    rows = small.loan_rows("a", "2015-02-28", 1, [89_879.85, 89_000.0])
    rows.loc[0, "curtailment"] = 10_000.0
    table = build_loan_panel(small.mortgage(small.loans([{"loan_id": "a"}]), rows), small.market(), RULES).table
    scheduled = 100_000 * (0.05 / 12) / ((1 + 0.05 / 12) ** 360 - 1)
    assert table["curtailment"].iloc[0] == pytest.approx(10_000 / (100_000 - scheduled))


def test_house_prices_are_read_one_month_late_against_those_at_origination() -> None:
    old = small.loan_rows("a", "2014-12-31", 1, [99_000.0, 98_900.0, 98_800.0, 98_700.0])
    old["house_price_index"] = [100.0, 100.0, 110.0, 121.0]
    new = small.loan_rows("b", "2015-02-28", 1, [99_000.0, 98_900.0])
    new["house_price_index"] = [110.0, 121.0]
    made = small.loans([{"loan_id": "a", "origination_date": pd.Timestamp("2014-11-10")}, {"loan_id": "b"}])
    table = build_loan_panel(small.mortgage(made, old, new), small.market(), RULES).table
    own = table[table["unit"] == "b"]["house_price_ratio"]
    assert own.to_numpy() == pytest.approx([1.0, 1.1])


def test_house_prices_of_a_place_are_compared_with_that_place_alone() -> None:
    """Two places share a region and have indices of other levels; a third loan is first seen late in its life."""
    parts, made = [], []
    for name, level in (("a", 100.0), ("b", 300.0)):
        old = small.loan_rows(f"{name}1", "2014-12-31", 1, [99_000.0 - 100.0 * k for k in range(6)])
        new = small.loan_rows(f"{name}2", "2015-02-28", 1, [99_000.0 - 100.0 * k for k in range(4)])
        old["house_price_index"] = level * 1.01 ** np.arange(6)
        new["house_price_index"] = level * 1.01 ** np.arange(2, 6)
        made += [{"loan_id": f"{name}1", "origination_date": pd.Timestamp("2014-11-10")}, {"loan_id": f"{name}2"}]
        parts += [old, new]
    panel = build_loan_panel(small.mortgage(small.loans(made), *parts), small.market(), RULES)
    for name in ("a2", "b2"):
        own = panel.table.loc[panel.table["unit"] == name, "house_price_ratio"]
        assert own.to_numpy() == pytest.approx([1.0, 1.01, 1.01**2, 1.01**3])
    first = panel.table.loc[panel.table["unit"] == "a1", "house_price_ratio"].to_numpy()
    assert np.isnan(first[0]) and first[1:] == pytest.approx([1.0, 1.01, 1.01**2, 1.01**3, 1.01**4])
    assert panel.dropped["loans whose house prices before their first index are unknown, taken as unmoved"] == 2


def test_house_prices_that_have_ended_are_counted() -> None:
    """An index that stops tells nothing of later months: from a year on they are named, unless others there tell."""

    def old(told: dict[str, int]) -> int:
        """Of loans over twenty months, each with an index in so many of the first."""
        parts = []
        for name, months in told.items():
            rows = small.loan_rows(name, "2014-12-31", 1, [99_000.0 - 100.0 * k for k in range(20)])
            rows["house_price_index"] = np.where(np.arange(20) < months, 100.0 * 1.01 ** np.arange(20), np.nan)
            parts.append(rows)
        made = [{"loan_id": name, "origination_date": pd.Timestamp("2014-11-10")} for name in told]
        panel = build_loan_panel(small.mortgage(small.loans(made), *parts), small.market(), RULES)
        return panel.dropped[OLD_PRICES]

    assert old({"a": 20}) == 0
    assert old({"a": 3}) == 5
    assert old({"a": 3, "b": 20}) == 0
    assert old({"a": 3, "b": 7}) == 2


def test_house_prices_given_once_a_quarter_are_known_when_given_and_stay_until_the_next() -> None:
    """One loan's index comes monthly, the other's in the first, fourth and last but one month alone."""
    every = small.loan_rows("a", "2014-12-31", 1, [99_000.0 - 100.0 * k for k in range(9)])
    every["house_price_index"] = 100.0 * 1.01 ** np.arange(9)
    some = small.loan_rows("b", "2014-12-31", 1, [99_000.0 - 100.0 * k for k in range(9)])
    some["house_price_index"] = [200.0, np.nan, np.nan, 200.0 * 1.01**3 * 1.1, np.nan, np.nan, np.nan, 260.0, np.nan]
    made = small.loans([{"loan_id": name, "origination_date": pd.Timestamp("2014-11-10")} for name in ("a", "b")])
    alone = small.loans([{"loan_id": "b", "origination_date": pd.Timestamp("2014-11-10")}])

    def ratios(loans: pd.DataFrame, *rows: pd.DataFrame) -> np.ndarray:
        table = build_loan_panel(small.mortgage(loans, *rows), small.market(), RULES).table
        return table.loc[table["unit"] == "b", "house_price_ratio"].to_numpy()[1:]

    given = 1.01**3 * 1.1
    assert ratios(alone, some) == pytest.approx([1.0, 1.0, 1.0, given, given, given, given, 1.3])
    # Beside a loan that tells more, its own last index moves on with what the region's grew since.
    moved = np.array([1.0, 1.01, 1.01**2, given, given * 1.01, given * 1.01**2, given * 1.01**3, 1.3])
    assert ratios(made, every, some) == pytest.approx(moved)


def test_nothing_at_risk_says_so() -> None:
    rows = small.loan_rows("a", "2015-02-28", 1, [0.0], "transferred")
    with pytest.raises(FittingError, match="no loan-month at risk"):
        build_loan_panel(small.mortgage(small.loans([{"loan_id": "a"}]), rows), small.market(), RULES)


def test_a_late_entry_is_estimated_from_the_contract_not_back_from_its_own_month() -> None:
    made = small.loans([{"loan_id": "a"}, {"loan_id": "b"}])
    stays = small.loan_rows("a", "2017-01-31", 24, [96_000.0])
    leaves = small.loan_rows("b", "2017-01-31", 24, [0.0], "prepaid")
    table = build_loan_panel(small.mortgage(made, stays, leaves), small.market(), RULES).table
    rate, paid = 0.05 / 12, 23
    left = ((1 + rate) ** 360 - (1 + rate) ** paid) / ((1 + rate) ** 360 - 1)
    assert table["weight"].to_numpy() == pytest.approx([100_000 * left] * 2)


def test_months_whose_market_rate_was_last_quoted_long_before_are_counted() -> None:
    months = pd.date_range("2014-12-31", "2016-06-30", freq="ME")
    held = months[(months < "2015-06-01") | (months > "2015-11-01")]
    quotes = pd.DataFrame({"date": held, "index": "M30", "value": 0.04})
    rates = RateHistory.from_table(quotes, {"mortgage": "M30"})
    rows = small.loan_rows("a", "2015-02-28", 1, [99_000.0] * 16)
    panel = build_loan_panel(small.mortgage(small.loans([{"loan_id": "a"}]), rows), rates, RULES)
    old = {reason: count for reason, count in panel.dropped.items() if reason.startswith(OLD_RATE)}
    # No quote from June to October: the months that should have read one read May's, 1 to 5 months old.
    assert old == {
        f"{OLD_RATE} 1 month before": 1,
        f"{OLD_RATE} 2 or 3 months before": 2,
        f"{OLD_RATE} 4 to 12 months before": 2,
    }
    whole = build_loan_panel(small.mortgage(small.loans([{"loan_id": "a"}]), rows), small.market(), RULES)
    assert not any(reason.startswith(OLD_RATE) for reason in whole.dropped)
