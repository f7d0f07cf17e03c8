"""A book as the standardised framework sees it: rows and curves that the engine values like any others.

- floating positions and legs are bullets to their next reset, with the coupon that runs; limits on their rate are
  stripped and valued as options;
- deposits without maturity are a core, spread over buckets as far as the caps allow, and an overnight rest, without
  interest;
- what else has no maturity, as cards and overdrafts, may be priced anew on any day: it is overnight;
- prepayable fixed loans prepay at the portfolio's base CPR times the scenario's factor, month by month or by bucket;
- term deposits lose the base redemption ratio times the factor overnight, the rest flows as contracted;
- everything else flows as contracted.

What leaves overnight takes every amount that goes with the balance along: agreed payments and rows of schedule/1.

Source: BCBS d368 (April 2016), standardised framework; Commission Delegated Regulation (EU) 2024/857.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from behavior.assumptions.curve import AssumptionCurve
from behavior.assumptions.effects import Effect, MonthMeaning
from behavior.assumptions.segments import SegmentScheme
from behavior.assumptions.set import AssumptionSet, AssumptionTable
from behavior.engine.limit_book import limited_rows
from behavior.engine.positions import Book
from behavior.engine.slotting import bucket_share, rule_share
from behavior.market.buckets import Buckets
from behavior.quantities import BoolArray, FloatArray, Quantity, annual_to_monthly
from behavior.workflows.standardised_core import (
    BY_BUCKET,
    NMD,
    PREPAYABLE,
    TERM_DEPOSIT,
    Framework,
    Portfolio,
    bullet,
    core_splits,
    rows_of,
    slot_rows,
)
from behavior.workflows.valuation import ValuationInputs

MARK = "standardised_portfolio"


def scaled_portfolios(portfolios: Sequence[Portfolio], assumption: str, factor: float) -> tuple[Portfolio, ...]:
    """Portfolios with one assumption multiplied: ``deposit_life``, ``deposit_beta``, ``prepayment`` or
    ``early_redemption``; shares and rates stay at most 1."""

    def change(one: Portfolio) -> Portfolio:
        if assumption == "deposit_life" and one.treatment == NMD:
            return replace(one, life_factor=one.life_factor * factor)
        if assumption == "deposit_beta" and one.treatment == NMD:
            return replace(one, pass_through=min(1.0, one.pass_through * factor))
        rated = {"prepayment": PREPAYABLE, "early_redemption": TERM_DEPOSIT}.get(assumption)
        return replace(one, annual_rate=min(1.0, one.annual_rate * factor)) if one.treatment == rated else one

    return tuple(change(one) for one in portfolios)


def transformed(
    inputs: ValuationInputs,
    portfolios: Sequence[Portfolio],
    framework: Framework,
    factors: tuple[float, float],
    buckets: Buckets,
) -> tuple[ValuationInputs, pd.DataFrame]:
    """The book as the framework sees it: inputs of all but deposits without maturity, and the slots of those.

    factors : on prepayment and on redemption.
    """
    book = inputs.book.reset_index(drop=True)
    cores = core_splits(book, portfolios, framework)
    slots = [row for core in cores for row in slot_rows(inputs, core, framework, buckets)]
    gone = np.zeros(len(book), dtype=np.bool_)
    for one in portfolios:
        if one.treatment == NMD:
            gone |= rows_of(book, one)
    book = book[~gone].reset_index(drop=True)
    rest = book.assign(balance=book["balance"].astype(float), behavioral=False)
    rest[MARK] = None
    further: list[dict[str, Any]] = []
    curves = []
    stays = np.ones(len(book))
    for one in portfolios:
        rows = rows_of(book, one)
        if not rows.any():
            continue
        share = _share_overnight(one, framework, factors, buckets)
        if share > 0:
            further += _overnight_part(rest, stays, rows, one, share, inputs.as_of)
        if one.treatment == PREPAYABLE:
            rest.loc[rows, MARK] = one.name
            rest.loc[rows, "behavioral"] = True
            curves.append(_prepayment(one, framework, factors[0], buckets))
    left = _what_stays(replace(inputs, book=rest, assumptions=_set(curves, inputs.as_of)), stays)
    rest = to_next_reset(left.book, inputs.as_of)
    if further:
        rest = pd.concat([rest, pd.DataFrame(further)], ignore_index=True)
    return with_book(left, rest), pd.DataFrame(slots)


def with_book(inputs: ValuationInputs, book: pd.DataFrame) -> ValuationInputs:
    """The inputs with another book, and of schedule/1 the rows of its positions alone."""
    schedule = inputs.schedule
    if schedule is not None:
        schedule = schedule[schedule["position_id"].astype(str).isin(set(book["position_id"].astype(str)))]
    return replace(inputs, book=book, schedule=schedule)


def _what_stays(inputs: ValuationInputs, stays: FloatArray) -> ValuationInputs:
    """Balances, agreed payments and rows of schedule/1 times the share of each position that stays, (rows,)."""
    amounts = [name for name in ("balance", "agreed_payment") if name in inputs.book]
    left = {name: pd.to_numeric(inputs.book[name]) * stays for name in amounts}
    book, schedule = inputs.book.assign(**left), inputs.schedule
    if schedule is not None:
        share = pd.Series(stays, index=book["position_id"].astype(str))
        stay = share.reindex(schedule["position_id"].astype(str), fill_value=1.0).to_numpy()
        schedule = schedule.assign(principal=schedule["principal"] * stay)
    return replace(inputs, book=book, schedule=schedule)


def _share_overnight(
    portfolio: Portfolio, framework: Framework, factors: tuple[float, float], buckets: Buckets
) -> float:
    """Share of a portfolio's balance that leaves on the day after as-of."""
    if portfolio.treatment == TERM_DEPOSIT:
        return rule_share(portfolio.annual_rate, factors[1])
    if framework.prepayment == BY_BUCKET and buckets.months[0] == 0:
        return float(bucket_share(rule_share(portfolio.annual_rate, factors[0]), buckets)[0])
    return 0.0


def _prepayment(portfolio: Portfolio, framework: Framework, factor: float, buckets: Buckets) -> AssumptionCurve:
    """What prepays after that: month by month, or by bucket."""
    annual = rule_share(portfolio.annual_rate, factor)
    if framework.prepayment == BY_BUCKET:
        return _curve_by_bucket(portfolio.name, bucket_share(annual, buckets), buckets)
    return AssumptionCurve((portfolio.name,), np.asarray([1]), {}, np.asarray([annual_to_monthly(annual)]))


def _set(curves: Sequence[AssumptionCurve], as_of: dt.date) -> AssumptionSet | None:
    if not curves:
        return None
    table = AssumptionTable(
        "standardised_prepayment",
        Effect.RUNOFF,
        Quantity.MONTHLY_HAZARD,
        SegmentScheme((MARK,)),
        tuple(curves),
        "payoff",
        MonthMeaning.SINCE_AS_OF,
    )
    return AssumptionSet("standardised", as_of, (table,))


def _curve_by_bucket(name: str, share: FloatArray, buckets: Buckets) -> AssumptionCurve:
    """Nothing in a month but the last one of each bucket, where the bucket's whole share leaves."""
    bounds = np.asarray(buckets.months)
    last = int(bounds[np.isfinite(bounds)].max()) + 1
    values = np.zeros(last)
    for bound, part in zip(bounds.tolist(), share.tolist(), strict=True):
        if 0 < bound < last:
            values[int(bound) - 1] = part
    return AssumptionCurve((name,), np.arange(1, last + 1), {}, values)


def repriced_rows(book: pd.DataFrame, as_of: dt.date) -> BoolArray:
    """Floating cash and legs whose rate is set anew before they end; a reset at or before as-of is as it was."""
    if "next_reset_date" not in book:
        return np.zeros(len(book), dtype=np.bool_)
    reset, ends = pd.to_datetime(book["next_reset_date"]), pd.to_datetime(book["maturity_date"])
    moves = (book["rate_type"].astype(str) == "floating") & reset.notna() & (reset > pd.Timestamp(as_of))
    return np.asarray((moves & (reset < ends)).to_numpy(dtype=np.bool_) & Book(book).is_linear)


def to_next_reset(book: pd.DataFrame, as_of: dt.date) -> pd.DataFrame:
    """Floating rows as bullets to their next reset at the rate that runs.

    A leg that is reset for the first time when it begins is worth its notional there, both ways: it is left out.
    """
    moves = repriced_rows(book, as_of)
    if not moves.any():
        return book
    found, reset = book.copy(), pd.to_datetime(book["next_reset_date"])
    found["maturity_date"] = pd.to_datetime(book["maturity_date"]).where(~moves, reset)
    for name, word in (("repayment", "bullet"), ("rate_type", "fixed")):  # words that a compact column may not hold
        found[name] = found[name].astype("str").mask(moves, word)
    if "start_date" not in book:
        return found
    return found[~(moves & (pd.to_datetime(book["start_date"]) >= reset))].reset_index(drop=True)


LIMITS = ("cap", "floor", "periodic_cap")


def embedded_limits(inputs: ValuationInputs) -> list[tuple[ValuationInputs, float]]:
    """Floating positions with limits on their rate, whole, and less the same without: what the limits are worth.

    To their next reset they have none, so the limits are valued apart, on contractual balances.
    """
    book = inputs.book.reset_index(drop=True)
    rows = repriced_rows(book, inputs.as_of) & limited_rows(Book(book))
    if not rows.any():
        return []
    held = book[rows].reset_index(drop=True).assign(behavioral=False)
    bare = held.assign(**{name: np.nan for name in LIMITS if name in held})
    alone = replace(inputs, assumptions=None)
    return [(with_book(alone, one), sign) for one, sign in ((held, 1.0), (bare, -1.0))]


def _overnight_part(
    book: pd.DataFrame, stays: FloatArray, rows: np.ndarray, portfolio: Portfolio, share: float, as_of: dt.date
) -> list[dict[str, Any]]:
    """A share of some rows on the day after as-of, taken off `stays`, the share of each row's balance that is left."""
    found = []
    day = np.datetime64(as_of, "D") + 1
    left = book.assign(balance=book["balance"] * stays)
    for (side, currency), part in left[rows].groupby(["side", "currency"], sort=True):
        amount = float(part["balance"].sum()) * share
        name = f"{portfolio.product} {portfolio.customer_type or ''} overnight"
        found.append(bullet(name, portfolio, str(side), str(currency), amount, day))
    stays[rows] *= 1.0 - share
    return found
