"""Mortgage history -> loan-months at risk: delayed entry, right censoring, causes of exit, curtailment, burnout so far.

Every row says what happened during its month; every column but the targets is known when the month begins.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from behavior.errors import FittingError
from behavior.market.history import RateHistory
from behavior.panel.base import CustomerHistory, Panel
from behavior.panel.dense import (
    fill_forward,
    first_of_run,
    month_end_of,
    month_number,
    number_of,
    previous,
    spread_to_rows,
    sum_before,
    text_column,
)
from behavior.quantities import AnyArray, BoolArray, FloatArray, IntArray

LOAN_TEXTS = ("currency", "purpose", "occupancy", "property_type", "region", "channel", "rate_type", "product")
LOAN_NUMBERS = ("credit_score", "ltv", "dti", "original_term_months", "original_rate", "original_balance")
PART = 1e-8
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


def build_loan_panel(history: CustomerHistory, rates: RateHistory, rules: LoanPanelRules) -> Panel:
    """The person-period table of mortgages, one row a loan and month at risk, sorted by loan and month.

    Raises
    ------
    FittingError : when nothing is left at risk. MarketDataError : when the market rate is unknown.
    """
    loans = history.tables["loans"].reset_index(drop=True)
    months = history.tables["loan_months"]
    rows = _sorted_rows(loans, months)
    first = first_of_run(rows.unit)
    opening, estimated = _opening_balance(rows, first)
    market = _MarketRates(rates, rules)
    incentive = rows.rate - market.at(rows.month)
    paid_in, depth_in = _in_the_money_before_entry(rows, first, market, rules)
    above = np.where(np.isnan(incentive), 0.0, incentive > rules.in_the_money_above)
    # Whole parts of 1e-8, so that a running sum over all loans is exact and no loan's depth hangs on another's.
    depth = np.where(np.isnan(incentive), 0.0, np.rint(np.maximum(incentive - rules.in_the_money_above, 0.0) / PART))
    columns: dict[str, Any] = {
        "unit": rows.loans["loan_id"].to_numpy()[rows.unit],
        "customer": rows.loans[_customer_column(loans)].to_numpy()[rows.unit],
        "month": month_end_of(rows.month),
        "weight": opening,
        "age_months": rows.age.astype(np.float64),
        "rate": rows.rate,
        "market_rate": market.at(rows.month),
        "incentive": incentive,
        "months_in_the_money": sum_before(above, first) + spread_to_rows(paid_in, first),
        "depth_in_the_money": sum_before(depth, first) * PART + spread_to_rows(depth_in, first),
        "payoff": (rows.status == "prepaid").astype(np.float64),
        "default": (rows.status == "default").astype(np.float64),
        "curtailment": _curtailment_share(rows, opening),
        "origination_market_rate": market.at(rows.origination + 1)[rows.unit],
        "house_price_ratio": _house_price_ratio(rows, first),
        "unemployment_rate": previous(number_of(rows.table, "unemployment_rate"), first),
    }
    columns |= _loan_columns(rows)
    columns |= _extra_columns(rows, first, rules.extras)
    keep, dropped = _at_risk(rows, opening, rules)
    dropped["before the rate history begins: incentive unknown"] = int((keep & np.isnan(incentive)).sum())
    keep &= ~np.isnan(incentive)
    dropped["opening balances estimated from the schedule"] = int(estimated[keep].sum())
    dropped["months in the money before the rate history begins, not counted"] = market.unknown
    table = pd.DataFrame(columns)[keep].reset_index(drop=True)
    if table.empty:
        raise FittingError("mortgage panel: no loan-month at risk is left. Check the window and the status column.")
    return Panel(table, dropped)


@dataclass(frozen=True)
class _Rows:
    """Sorted loan-months as arrays; `unit` is a position in `loans`, `origination` a month number per loan."""

    loans: pd.DataFrame
    table: pd.DataFrame
    unit: IntArray
    month: IntArray
    age: IntArray
    rate: FloatArray
    balance: FloatArray
    status: AnyArray
    origination: IntArray


def _sorted_rows(loans: pd.DataFrame, months: pd.DataFrame) -> _Rows:
    codes = pd.Index(loans["loan_id"]).get_indexer(months["loan_id"])
    number = month_number(months["month"])
    known = codes >= 0
    order = np.lexsort((number[known], codes[known]))
    table = months[known].iloc[order].reset_index(drop=True)
    unit = codes[known][order].astype(np.int64)
    first = first_of_run(unit)
    rate = fill_forward(number_of(table, "rate"), first)
    rate = np.where(np.isnan(rate), number_of(loans, "original_rate")[unit], rate)
    return _Rows(
        loans,
        table,
        unit,
        number[known][order],
        table["age_months"].to_numpy(dtype=np.int64),
        rate,
        number_of(table, "balance"),
        table["status"].to_numpy(dtype=object),
        month_number(loans["origination_date"]),
    )


def _customer_column(loans: pd.DataFrame) -> str:
    return "customer_id" if "customer_id" in loans.columns else "loan_id"


def _scheduled_principal(balance: FloatArray, rate: FloatArray, remaining: FloatArray) -> FloatArray:
    """Principal of a level annuity's next payment; balance / remaining where the rate is 0."""
    monthly = np.maximum(rate, 0.0) / 12.0
    left = np.maximum(remaining, 1.0)
    growth = np.expm1(left * np.log1p(monthly))
    with np.errstate(invalid="ignore", divide="ignore"):
        share = np.where(growth > 0, monthly / growth, 1.0 / left)
    return np.asarray(balance * share)


def _remaining(rows: _Rows) -> FloatArray:
    """Payments left at the start of each month."""
    term = number_of(rows.loans, "original_term_months")[rows.unit]
    return np.asarray(np.maximum(term - rows.age + 1.0, 1.0))


def _opening_balance(rows: _Rows, first: BoolArray) -> tuple[FloatArray, BoolArray]:
    """Balance at the month's start and where it had to be estimated (late entry, gap or masked balance).

    An estimate carries the last balance known before the month along the schedule, or the original balance where none
    is: never back from the month's own end, which would tell an exit.
    """
    before = previous(rows.balance, first)
    gap = rows.month - previous(rows.month, first) != 1
    opening = np.where(gap, np.nan, before)
    original = number_of(rows.loans, "original_balance")[rows.unit]
    opening = np.where(np.isnan(opening) & (rows.age <= 1), original, opening)
    estimated = np.isnan(opening) | (opening <= 0)
    term = _remaining(rows) + rows.age - 1.0
    held = np.where(rows.balance > 0, rows.balance, np.nan)
    last = previous(fill_forward(held, first), first)
    last_age = previous(fill_forward(np.where(np.isnan(held), np.nan, rows.age), first), first)
    original_share = _scheduled_share(rows.rate, term, rows.age.astype(np.float64) - 1.0)
    carried = last * original_share / _scheduled_share(rows.rate, term, last_age)
    guess = np.where(np.isnan(carried), original * original_share, carried)
    return np.where(estimated, guess, opening), estimated


def _scheduled_share(rate: FloatArray, term: FloatArray, paid: FloatArray) -> FloatArray:
    """Share of the original balance that a level annuity leaves after `paid` of `term` payments, at least one's."""
    growth = np.log1p(np.maximum(rate, 1e-9) / 12.0)
    left = np.maximum(term - paid, 1.0)
    return np.asarray(-np.expm1(-left * growth) / -np.expm1(-term * growth))


def _curtailment_share(rows: _Rows, opening: FloatArray) -> FloatArray:
    """Unscheduled principal of open months as a share of the balance after scheduled principal; NaN where unknown."""
    paid = number_of(rows.table, "curtailment")
    base = opening - _scheduled_principal(opening, rows.rate, _remaining(rows))
    known = (rows.status == "open") & ~np.isnan(paid) & (base > 0)
    return np.where(known, np.clip(paid / np.where(base > 0, base, 1.0), 0.0, 1.0), np.nan)


class _MarketRates:
    """Market mortgage rate seen at the start of a month, `lag_months` late, by month number."""

    def __init__(self, rates: RateHistory, rules: LoanPanelRules) -> None:
        self.rates, self.rules, self.unknown = rates, rules, 0

    def at(self, month: IntArray) -> FloatArray:
        """Rate at the end of the month before, less the lag; NaN before the history begins."""
        seen = np.asarray(month) - 1 - self.rules.lag_months
        low, high = int(seen.min()), int(seen.max())
        grid = self.rates.monthly(self.rules.market, month_end_of(np.arange(low, high + 1)))
        return np.asarray(grid[seen - low])


def _in_the_money_before_entry(
    rows: _Rows, first: BoolArray, market: _MarketRates, rules: LoanPanelRules
) -> tuple[FloatArray, FloatArray]:
    """Months in the money and their summed depth between origination and a late entry, per loan in row order."""
    starts = np.flatnonzero(first)
    missed = np.maximum(rows.age[starts] - 1, 0)
    if not missed.any():
        return np.zeros(len(starts)), np.zeros(len(starts))
    owner = np.repeat(np.arange(len(starts)), missed)
    step = np.arange(len(owner)) - np.repeat(np.cumsum(missed) - missed, missed)
    month = rows.month[starts][owner] - 1 - step
    incentive = rows.rate[starts][owner] - market.at(month)
    known = ~np.isnan(incentive)
    market.unknown = int((~known).sum())
    above = np.where(known, incentive - rules.in_the_money_above, -1.0)
    counts = np.bincount(owner, above > 0, len(starts)).astype(np.float64)
    depths = np.bincount(owner, np.maximum(above, 0.0), len(starts))
    return counts, np.asarray(depths, dtype=np.float64)


def _house_price_ratio(rows: _Rows, first: BoolArray) -> FloatArray:
    """House prices at the month's start over those at origination, from the index the history itself carries."""
    index = number_of(rows.table, "house_price_index")
    if np.isnan(index).all():
        return index
    region = rows.loans["region"] if "region" in rows.loans.columns else pd.Series("", index=rows.loans.index)
    place = pd.factorize(region)[0].astype(np.int64)
    known = ~np.isnan(index)
    key = place[rows.unit] * 10_000 + rows.month
    seen = pd.Series(index[known]).groupby(key[known]).mean()
    at_start = previous(index, first)
    looked = seen.reindex(key - 1).to_numpy()
    at_start = np.where(np.isnan(at_start), looked, at_start)
    origin = seen.reindex(place * 10_000 + rows.origination).to_numpy()
    return np.asarray(at_start / origin[rows.unit])


def _loan_columns(rows: _Rows) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name in LOAN_TEXTS:
        if name in rows.loans.columns:
            found[name] = text_column(rows.loans[name]).take(rows.unit)
    for name in LOAN_NUMBERS:
        if name in rows.loans.columns:
            found[name] = number_of(rows.loans, name)[rows.unit]
    return found


def _extra_columns(rows: _Rows, first: BoolArray, extras: tuple[str, ...]) -> dict[str, AnyArray]:
    """Columns that only a specification names: a loan's as they are, a month's as known when the month begins."""
    found: dict[str, AnyArray] = {}
    for name in extras:
        if name in rows.loans.columns:
            found[name] = rows.loans[name].to_numpy()[rows.unit]
        elif name in rows.table.columns and pd.api.types.is_numeric_dtype(rows.table[name]):
            found[name] = previous(number_of(rows.table, name), first)
    return found


def _at_risk(rows: _Rows, opening: FloatArray, rules: LoanPanelRules) -> tuple[BoolArray, dict[str, int]]:
    transferred = rows.status == "transferred"
    matured = rows.status == "matured"
    low = -(10**9) if rules.from_month is None else rules.from_month
    high = 10**9 if rules.to_month is None else rules.to_month
    outside = (rows.month < low) | (rows.month > high)
    impossible = ~(opening > 0)
    dropped = {
        "transferred: censored at the start of the month": int(transferred.sum()),
        "matured: the contract ended, nothing to prepay": int(matured.sum()),
        "outside the window": int(outside.sum()),
        "no balance at the start of the month": int((impossible & ~transferred & ~matured & ~outside).sum()),
    }
    return ~(transferred | matured | outside | impossible), dropped
