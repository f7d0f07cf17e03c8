"""Mortgage history -> loan-months at risk: delayed entry, right censoring, causes of exit, curtailment, burnout so far.

Every row says what happened during its month; every column but the targets is known when the month begins.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from behavior.errors import FittingError
from behavior.market.history import RateHistory
from behavior.panel.base import CustomerHistory, Panel
from behavior.panel.customers import count_of_units, customers_of
from behavior.panel.dense import (
    MonthlyValues,
    RowsMade,
    decoded,
    month_end_of,
    number_of,
    previous,
    repeated,
    sum_before,
    text_column,
)
from behavior.panel.house_prices import OLD_PRICES, UNKNOWN_BEFORE, HousePrices, Houses
from behavior.panel.loan_rows import LoanRows, sorted_rows
from behavior.panel.resets import rate_terms, reset_columns
from behavior.quantities import BoolArray, FloatArray, IntArray

LOAN_TEXTS = ("currency", "purpose", "occupancy", "property_type", "region", "channel", "rate_type", "product")
LOAN_NUMBERS = (
    "credit_score",
    "ltv",
    "dti",
    "original_term_months",
    "original_rate",
    "original_balance",
    "fixation_months",
)
PART = 1e-8
OLD_RATE = "incentive from a market rate last quoted"
OLD_FROM, OLD_WORDS = (1, 2, 4, 13), ("1 month", "2 or 3 months", "4 to 12 months", "more than 12 months")
TARGETS = ("payoff", "default", "curtailment", "balance_end", "status")


@dataclass(frozen=True)
class LoanPanelRules:
    """What the builder needs to know besides the tables.

    Parameters
    ----------
    market : role or index of the market mortgage rate.
    lag_months : months by which the market rate is read late, from the start of the month at risk.
    in_the_money_above : incentive (decimal a year) above which a month counts as in the money.
    extras : names of further columns to carry; monthly ones are read one month late.
    """

    market: str = "mortgage"
    lag_months: int = 1
    in_the_money_above: float = 0.0
    extras: tuple[str, ...] = ()
    from_month: int | None = None
    to_month: int | None = None


def build_loan_panel(
    history: CustomerHistory, rates: RateHistory, rules: LoanPanelRules, prices: HousePrices | None = None
) -> Panel:
    """The person-period table of mortgages, one row a loan and month at risk, by the loan's name and month.

    Parameters
    ----------
    prices : house prices by region and month where the history is a part of a larger one; None = the history's own.

    Raises
    ------
    FittingError : when nothing is left at risk. MarketDataError : when the market rate is unknown.
    """
    rows = sorted_rows(history.tables["loans"], history.tables["loan_months"], rules.extras)
    market, old = _market_rates(rows, rates, rules)
    houses = Houses.of(rows, prices or HousePrices.of(rows))
    of_loan = _loan_columns(rows.loans) | {"origination_market_rate": market.at(rows.origination + 1)}
    made, dropped = RowsMade(len(rows.unit)), Counter[str]()
    for part in rows.parts():
        columns, kept, left_out = _columns(part, market, houses, rules)
        left_out |= _old_rates(old, part.month[kept])
        made.add(columns, kept, of_loan, part.unit[kept])
        dropped.update(left_out)
    if not made.count:
        raise FittingError("mortgage panel: no loan-month at risk is left. Check the window and the status column.")
    table = made.columns()
    unit = table.pop("unit")
    extras = {name: repeated(rows.loans[name], unit) for name in rules.extras if name in rows.loans.columns}
    names, unnamed = _names(rows.loans, unit)
    if unnamed:
        dropped["loans without a customer_id: each its own customer"] = unnamed
    told = {name: decoded(table[name], meaning) for name, meaning in rows.meanings.items()}
    table = {**names, **table, **told, **extras}
    return Panel(pd.DataFrame(table, copy=False), dict(dropped))


def _columns(
    rows: LoanRows, market: MonthlyValues, houses: Houses, rules: LoanPanelRules
) -> tuple[dict[str, Any], IntArray, dict[str, int]]:
    """Columns of some loans' rows, positions of those at risk, and what was left out and why."""
    opening, estimated = _opening_balance(rows)
    seen = market.at(rows.month)
    incentive = rows.rate - seen
    # Whole parts of 1e-8, so that a running sum over all loans is exact and no loan's depth hangs on another's.
    depth = np.rint(np.fmax(incentive - rules.in_the_money_above, 0.0) / PART)
    above = (incentive > rules.in_the_money_above).astype(np.float64)
    months_unseen, depth_unseen, unknown = _in_the_money_unseen(rows, market, rules)
    kept, dropped = _at_risk(rows, opening, incentive, rules)
    prices, unknown_prices, old_prices = houses.ratio(rows)
    columns: dict[str, Any] = {
        "unit": rows.unit,
        "month": month_end_of(rows.month),
        "weight": opening,
        "age_months": rows.age.astype(np.float64),
        "rate": rows.rate,
        "market_rate": seen,
        "incentive": incentive,
        "months_in_the_money": sum_before(above + months_unseen, rows.first) + months_unseen,
        "depth_in_the_money": (sum_before(depth + depth_unseen, rows.first) + depth_unseen) * PART,
        "payoff": rows.status_is("prepaid").astype(np.float64),
        "default": rows.status_is("default").astype(np.float64),
        "curtailment": _curtailment_share(rows, opening),
        "house_price_ratio": prices,
        "unemployment_rate": previous(rows.number("unemployment_rate"), rows.first),
        **{name: previous(rows.number(name), rows.first) for name in rules.extras if name in rows.numbers},
    }
    if "fixation_months" in rows.loans.columns:
        columns |= reset_columns(rows, number_of(rows.loans, "fixation_months")[rows.unit])
    dropped["opening balances estimated from the schedule"] = int(estimated[kept].sum())
    dropped["months in the money before the rate history begins, not counted"] = unknown
    dropped[UNKNOWN_BEFORE] = unknown_prices
    dropped[OLD_PRICES] = int(old_prices[kept].sum())
    return columns, kept, dropped


def _names(loans: pd.DataFrame, unit: IntArray) -> tuple[dict[str, Any], int]:
    """The loan, and who must stay together in a split; and how many loans had no customer."""
    own = repeated(loans["loan_id"], unit)
    if "customer_id" not in loans.columns:
        return {"unit": own, "customer": own}, 0
    customers, unnamed = customers_of(loans, "loan_id")
    return {"unit": own, "customer": repeated(customers, unit)}, count_of_units(unnamed, unit)


def _scheduled_principal(balance: FloatArray, rate: FloatArray, remaining: FloatArray) -> FloatArray:
    """Principal of a level annuity's next payment; balance / remaining where the rate is 0."""
    monthly = np.maximum(rate, 0.0) / 12.0
    left = np.maximum(remaining, 1.0)
    growth = np.expm1(left * np.log1p(monthly))
    with np.errstate(invalid="ignore", divide="ignore"):
        share = np.where(growth > 0, monthly / growth, 1.0 / left)
    return np.asarray(balance * share)


def _opening_balance(rows: LoanRows) -> tuple[FloatArray, BoolArray]:
    """Balance at the month's start and where it had to be estimated (late entry, gap or masked balance).

    An estimate carries the last balance known before the month along the schedule, or the original balance where none
    is: never back from the month's own end, which would tell an exit.
    """
    opening = previous(rows.number("balance"), rows.first)
    gaps = np.flatnonzero(rows.month[1:] - rows.month[:-1] != 1) + 1
    opening[gaps] = np.nan
    unknown = np.flatnonzero(np.isnan(opening))
    new = unknown[rows.age[unknown] <= 1]
    opening[new] = rows.of_loan("original_balance", new)
    estimated = ~(opening > 0)
    where = np.flatnonzero(estimated)
    if len(where):
        opening[where] = _carried(rows, where)
    return opening, estimated


def _carried(rows: LoanRows, where: IntArray) -> FloatArray:
    """The last balance known before each of some rows, or the original one, carried along the schedule."""
    balance = rows.number("balance")
    held = balance > 0
    latest = np.maximum.accumulate(np.where(held | rows.first, np.arange(len(held)), 0))
    last = latest[np.maximum(where - 1, 0)]
    known = ~rows.first[where] & held[last]
    rate, paid = rows.rate[where], rows.age[where].astype(np.float64) - 1.0
    term = np.maximum(rows.of_loan("original_term_months", where) - paid, 1.0) + paid
    share = _scheduled_share(rate, term, paid)
    carried = balance[last] * share / _scheduled_share(rate, term, rows.age[last].astype(np.float64))
    return np.where(known, carried, rows.of_loan("original_balance", where) * share)


def _scheduled_share(rate: FloatArray, term: FloatArray, paid: FloatArray) -> FloatArray:
    """Share of the original balance that a level annuity leaves after `paid` of `term` payments, at least one's."""
    growth = np.log1p(np.maximum(rate, 1e-9) / 12.0)
    left = np.maximum(term - paid, 1.0)
    return np.asarray(-np.expm1(-left * growth) / -np.expm1(-term * growth))


def _curtailment_share(rows: LoanRows, opening: FloatArray) -> FloatArray:
    """Unscheduled principal of open months as a share of the balance after scheduled principal; NaN where unknown.

    The schedule is worked out only where something was paid, or where it may leave nothing.
    """
    paid = rows.number("curtailment")
    known = rows.status_is("open") & ~np.isnan(paid) & (opening > 0)
    share = np.where(known, 0.0, np.nan)
    left = number_of(rows.loans, "original_term_months")[rows.unit] - rows.age + 1.0
    where = np.flatnonzero(known & ~((paid <= 0) & (left >= 2.0)))
    if len(where):
        scheduled = _scheduled_principal(opening[where], rows.rate[where], np.maximum(left[where], 1.0))
        base = opening[where] - scheduled
        own = np.clip(paid[where] / np.where(base > 0, base, 1.0), 0.0, 1.0)
        share[where] = np.where(base > 0, own, np.nan)
    return share


def _market_rates(rows: LoanRows, rates: RateHistory, rules: LoanPanelRules) -> tuple[MonthlyValues, MonthlyValues]:
    """Market mortgage rate at the end of the month before each month, `lag_months` late; NaN before the history begins.
    And how many months old it then was already, where its history has holes or ends early.

    They cover every month that the rows and their loans' months before can ask for.
    """
    if not len(rows.unit):
        return MonthlyValues(np.zeros(0), 0), MonthlyValues(np.zeros(0), 0)
    entered = rows.month[rows.first] - np.maximum(rows.age[rows.first] - 1, 0)
    low = min(int(entered.min()), int(rows.origination.min()) + 1)
    high = max(int(rows.month.max()), int(rows.origination.max()) + 1)
    seen = np.arange(low, high + 1) - 1 - rules.lag_months
    ends = month_end_of(seen)
    old = rates.months_old(rules.market, ends).astype(np.float64)
    return MonthlyValues(rates.monthly(rules.market, ends), low), MonthlyValues(old, low)


def _old_rates(old: MonthlyValues, month: IntArray) -> dict[str, int]:
    """Rows whose incentive is reckoned from a market rate of an earlier month than the one it is read from."""
    place = np.searchsorted(OLD_FROM, old.at(month), side="right")
    counts = np.bincount(place, minlength=len(OLD_FROM) + 1)[1:]
    return {f"{OLD_RATE} {words} before": int(count) for words, count in zip(OLD_WORDS, counts, strict=True) if count}


def _in_the_money_unseen(
    rows: LoanRows, market: MonthlyValues, rules: LoanPanelRules
) -> tuple[FloatArray, FloatArray, int]:
    """Months in the money that no row shows and their summed depth, at the row that follows them, shape (rows,) each;
    and how many such months lie before the rate history begins.

    They are those between origination and a late entry, and those of gaps in the record.
    """
    gap = np.diff(rows.month, prepend=0) - 1
    missed = np.maximum(np.where(rows.first, rows.age - 1, gap), 0)
    after = np.flatnonzero(missed)
    owner = np.repeat(after, missed[after])
    back = np.arange(len(owner)) - np.repeat(np.cumsum(missed[after]) - missed[after], missed[after])
    incentive = _rate_unseen(rows, owner, back) - market.at(rows.month[owner] - 1 - back)
    known = ~np.isnan(incentive)
    deep = np.where(known, incentive - rules.in_the_money_above, -1.0)
    months = np.bincount(owner, deep > 0, len(rows.month)).astype(np.float64)
    depth = np.rint(np.bincount(owner, np.maximum(deep, 0.0), len(rows.month)) / PART)
    return months, np.asarray(depth), int((~known).sum())


def _rate_unseen(rows: LoanRows, owner: IntArray, back: IntArray) -> FloatArray:
    """Customer rate of a month `back` + 1 months before the row that follows it.

    In a gap it is the last one seen. Before entry it is the row's own, but for a loan whose rate adjusts: its original
    rate inside its first fixed period, and throughout where no such period is known.
    """
    rate = np.where(rows.first[owner], rows.rate[owner], rows.rate[np.maximum(owner - 1, 0)])
    original, fixed = rows.of_loan("original_rate", owner), rows.of_loan("fixation_months", owner)
    adjusts = fixed > 0
    if "rate_type" in rows.loans.columns:
        adjusts |= (rows.loans["rate_type"] == "arm").to_numpy()[rows.unit[owner]]
    inside = ~(fixed > 0) | (rows.age[owner] - 1 - back <= fixed)
    return np.where(rows.first[owner] & adjusts & inside & ~np.isnan(original), original, rate)


def _loan_columns(loans: pd.DataFrame) -> dict[str, Any]:
    """What is known of each loan at its origination."""
    texts = {name: text_column(loans[name]) for name in LOAN_TEXTS if name in loans.columns}
    if {"rate_type", "fixation_months"} & set(loans.columns):
        texts["rate_terms"] = rate_terms(loans)
    return texts | {name: number_of(loans, name) for name in LOAN_NUMBERS if name in loans.columns}


def _at_risk(
    rows: LoanRows, opening: FloatArray, incentive: FloatArray, rules: LoanPanelRules
) -> tuple[IntArray, dict[str, int]]:
    """Positions of the rows at risk whose incentive is known, and what was left out and why."""
    transferred, matured = rows.status_is("transferred"), rows.status_is("matured")
    low = -(10**9) if rules.from_month is None else rules.from_month
    high = 10**9 if rules.to_month is None else rules.to_month
    outside = (rows.month < low) | (rows.month > high)
    impossible = ~(opening > 0)
    keep = ~(transferred | matured | outside | impossible)
    unseen = np.isnan(incentive)
    dropped = {
        "transferred: censored at the start of the month": int(transferred.sum()),
        "matured: the contract ended, nothing to prepay": int(matured.sum()),
        "outside the window": int(outside.sum()),
        "no balance at the start of the month": int((impossible & ~transferred & ~matured & ~outside).sum()),
        "before the rate history begins: incentive unknown": int((keep & unseen).sum()),
    }
    return np.flatnonzero(keep & ~unseen), dropped
