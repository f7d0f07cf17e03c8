"""A bank whose mortgages are refixed every five or ten years, written from its law; its files hold contract columns.

Until the first fixed period ends a penalty keeps borrowers: 1.5% a year, and one point more for each point of incentive
up to three. In the three months after every reset 8% of the loans leave in a month, afterwards 8% a year and the same
for the incentive. A reset takes the market rate of the month before plus 40 basis points.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from behavior.market.history import RateHistory
from behavior.panel.base import CustomerHistory
from behavior.quantities import BoolArray, FloatArray, IntArray, annual_to_monthly

BEFORE, HISTORY, AFTER = 84, 120, 24
LOANS, TERM, MARGIN = 6_000, 300, 0.004
AS_OF = pd.Timestamp("2026-09-30")
YEARS = np.array([0, 4, 8, 10, 12, 14, 17, 19])
LEVELS = np.array([0.045, 0.032, 0.027, 0.025, 0.024, 0.047, 0.050, 0.038])


@dataclass(frozen=True)
class RefixingBank:
    """What the bank's files say up to as-of, and the truth of every loan-month, those after as-of among them.

    `truth` has `loan_id`, `month`, `fixation`, `age_months`, `incentive`, `months_in_the_money`, `true` (monthly
    hazard) and `known` (month not after as-of).
    """

    mortgages: CustomerHistory
    rate_history: RateHistory
    truth: pd.DataFrame


def hazard(age: IntArray, fixation: IntArray, incentive: FloatArray) -> FloatArray:
    """The law: share that leaves in a month."""
    after = age > fixation
    peak = after & ((age - 1) % fixation < 3)
    yearly = np.where(after, 0.08, 0.015) + np.clip(incentive, 0.0, 0.03)
    return np.where(peak, 0.08, annual_to_monthly(yearly))


def refixing_bank(seed: int) -> RefixingBank:
    """Loans made all along, from seven years before the history on; two years more are lived through as truth."""
    rng = np.random.default_rng(seed)
    months = pd.date_range(end=AS_OF + pd.offsets.MonthEnd(AFTER), periods=BEFORE + HISTORY + AFTER, freq="ME")
    market = np.interp(np.arange(len(months)) / 12, YEARS, LEVELS) + np.cumsum(
        0.0009 * rng.standard_normal(len(months))
    )
    market = np.maximum(market, 0.005)
    origin = rng.integers(0, BEFORE + HISTORY - 1, LOANS)
    fixation = rng.choice([60, 120], LOANS)
    original = market[origin] + MARGIN + 0.003 * rng.standard_normal(LOANS)
    size = np.round(np.exp(rng.normal(12.2, 0.4, LOANS)), 2)
    rate, balance, tired = original.copy(), size.copy(), np.zeros(LOANS)
    alive: BoolArray = np.ones(LOANS, dtype=bool)
    rows = []
    for month in range(1, len(months)):
        age = month - origin
        due = (age > 1) & ((age - 1) % fixation == 0)
        rate = np.where(due, market[month - 1] + MARGIN, rate)
        incentive = rate - market[max(month - 2, 0)]
        true = hazard(np.maximum(age, 1), fixation, incentive)
        growth = (1 + rate / 12) ** np.maximum(TERM - age + 1, 1)
        balance = np.where(age >= 1, balance - balance * rate / 12 / (growth - 1), balance)
        left = (age >= 1) & alive & (rng.random(LOANS) < true)
        seen = np.flatnonzero((age >= 1) & alive & (month >= BEFORE))
        part = {
            "place": seen,
            "month": months[month],
            "balance": np.where(left, 0.0, balance)[seen],
            "rate": rate[seen],
        }
        state = {"age_months": age[seen], "incentive": incentive[seen], "months_in_the_money": tired[seen]}
        rows.append(pd.DataFrame({**part, **state, "true": true[seen], "left": left[seen]}))
        tired += (age >= 1) & (incentive > 0.005)
        alive &= ~left
    return _files(pd.concat(rows, ignore_index=True), months, market, origin, fixation, original, size)


def _files(
    lived: pd.DataFrame,
    months: pd.DatetimeIndex,
    market: FloatArray,
    origin: IntArray,
    fixation: IntArray,
    original: FloatArray,
    size: FloatArray,
) -> RefixingBank:
    lived["known"] = lived["month"] <= AS_OF
    lived = lived[lived["place"].isin(lived.loc[lived["known"], "place"])].sort_values(["place", "month"])
    names = np.array([f"L{one:05d}" for one in range(LOANS)], dtype=object)
    lived["loan_id"], lived["fixation"] = names[lived["place"]], fixation[lived["place"]]
    held = np.unique(lived["place"])
    loans = pd.DataFrame(
        {
            "loan_id": names[held],
            "origination_date": months[origin[held]].to_period("M").start_time,
            "original_balance": size[held],
            "original_term_months": TERM,
            "original_rate": original[held],
            "rate_type": "arm",
            "fixation_months": fixation[held],
        }
    )
    past = lived[lived["known"]]
    columns = ["loan_id", "month", "balance", "rate", "age_months"]
    table = past[columns].assign(status=np.where(past["left"], "prepaid", "open")).reset_index(drop=True)
    quotes = pd.DataFrame({"date": months, "index": "MORTGAGE", "value": market})
    rates = RateHistory.from_table(quotes[quotes["date"] <= AS_OF], {"mortgage": "MORTGAGE"})
    history = CustomerHistory("mortgage_history/1", {"loans": loans, "loan_months": table})
    return RefixingBank(history, rates, lived.reset_index(drop=True))
