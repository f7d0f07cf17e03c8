"""Months around a reset, worked by hand: from a loan's age, its fixation and the rates it has paid so far."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from behavior.panel.loans import LoanPanelRules, build_loan_panel
from behavior.panel.resets import FIRST, LAST, PERIODS, PHASES, periods_of, phases_of

_spec = importlib.util.spec_from_file_location("small_histories", Path(__file__).with_name("small_histories.py"))
assert _spec is not None and _spec.loader is not None
small = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(small)

RULES = LoanPanelRules(lag_months=1, in_the_money_above=0.005)


def phase(age: int, fixation: float, strayed: bool = False) -> str:
    code = phases_of(np.array([float(age)]), np.array([fixation]), np.array([strayed]))[0]
    return (*PHASES, "")[code]


@pytest.mark.parametrize(
    ("age", "expected"),
    [
        (57, ""),
        (58, "-2"),
        (60, "+0"),
        (61, "+1"),
        (63, "+3"),
        (64, "+4 to +6"),
        (66, "+4 to +6"),
        (67, ""),
        (120, "+0"),
    ],
)
def test_months_past_the_end_of_five_years_fixed(age: int, expected: str) -> None:
    assert phase(age, 60.0) == expected


def test_no_second_end_is_awaited_where_the_rate_moves_between_nor_any_of_a_floating_rate() -> None:
    assert phase(121, 60.0) == "+1" and phase(121, 60.0, strayed=True) == ""
    assert phase(61, 60.0, strayed=True) == "+1"
    assert phase(25, 24.0) == "+1" and phase(49, 24.0) == ""
    assert {phase(age, 3.0) for age in range(1, 40)} == {""}
    assert {phase(age, fixation) for age in range(1, 400) for fixation in (0.0, np.nan)} == {""}


@given(age=st.integers(1, 480), fixation=st.integers(36, 240))
def test_a_reset_looks_the_same_each_time_and_before_the_first_end_nothing_is_after(age: int, fixation: int) -> None:
    ages, lengths = np.array([float(age), float(age + fixation)]), np.full(2, float(fixation))
    first, second = phases_of(ages, lengths, np.zeros(2, dtype=bool))
    assert first == second or (age < FIRST + fixation and age <= LAST)
    assert PERIODS[periods_of(ages[:1], lengths[:1])[0]] == ("after" if age > fixation else "first")


def test_a_loan_that_resets_each_year_strays_from_its_second_reset_on() -> None:
    yearly = small.loan_rows("a", "2015-02-28", 1, [90_000.0] * 90)
    yearly["rate"] = np.repeat([0.05, 0.04, 0.06, 0.06], [60, 12, 12, 6])
    table = build_loan_panel(
        small.mortgage(small.loans([{"loan_id": "a", "fixation_months": 60}]), yearly), small.market(), RULES
    ).table
    assert (table["resets_strayed"] == (table["age_months"] >= 73)).all()
    assert table["reset_phase"].tolist()[57:67] == [*PHASES[:6], *PHASES[6:] * 3, np.nan]
    assert table["fixed_period"].eq("first").tolist() == [True] * 60 + [False] * 30


def test_loans_fixed_for_life_are_near_no_reset() -> None:
    rows = small.loan_rows("a", "2015-02-28", 1, [99_000.0] * 70)
    made = small.loans([{"loan_id": "a", "fixation_months": 0, "rate_type": "fixed"}])
    table = build_loan_panel(small.mortgage(made, rows), small.market(), RULES).table
    assert table[["reset_phase", "fixed_period"]].isna().all(axis=None)
    assert set(table["rate_terms"]) == {"fixed 0"}


def test_what_is_said_of_rates_leaves_out_what_is_not_known() -> None:
    made = small.loans([{"loan_id": one} for one in "abc"])
    made["rate_type"], made["fixation_months"] = ["arm", "fixed", None], pd.array([60, pd.NA, pd.NA], dtype="Int64")
    parts = [small.loan_rows(one, "2015-02-28", 1, [99_000.0]) for one in "abc"]
    table = build_loan_panel(small.mortgage(made, *parts), small.market(), RULES).table
    assert table["rate_terms"].tolist() == ["arm 60", "fixed", ""]
