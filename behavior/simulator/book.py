"""The bank's positions at as-of: every open loan and account, and the funding and assets around them (book/1)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from behavior.quantities import MONTHS_PER_YEAR, FloatArray, IntArray
from behavior.simulator.accounts import AccountLife
from behavior.simulator.deposit_law import CHANNELS, DepositSegment
from behavior.simulator.laws import OCCUPANCIES, PRODUCTS, PURPOSES
from behavior.simulator.loans import ARM_MARGIN, FIXATIONS, LoanLife, origination_dates, refix
from behavior.simulator.rates import (
    FLOATING_BASIS,
    FLOATING_INDEX,
    NODES,
    REGIONS,
    RatePaths,
    as_timestamps,
    one_year_rate,
)
from behavior.simulator.rows import labels, unit_names
from behavior.simulator.settings import SimulatorSettings

LOAN_SERVICING = 0.0025
DEPOSIT_SERVICING = 0.0080
DEPOSIT_FEES = 0.0020
EQUITY_SHARE = 0.11
COMMERCIAL, SECURITIES, CONSUMER, CASH = 0.75, 0.20, 0.07, 0.10
TERM_DEPOSITS = 0.50
SWAPS = 0.16
FIXED_FUNDING = 0.65
COLUMNS = (
    "position_id", "product", "side", "trade_id", "instrument", "currency", "balance", "rate_type", "rate", "index",
    "spread", "next_reset_date", "reset_months", "repayment", "origination_date", "maturity_date", "payment_months",
    "day_count", "months_in_the_money", "transfer_rate", "servicing_cost", "fee_income", "customer_type", "purpose",
    "occupancy", "region", "channel", "credit_score", "ltv", "original_balance", "original_term_months",
)  # fmt: skip


def make_book(
    settings: SimulatorSettings,
    paths: RatePaths,
    loans: LoanLife,
    accounts: AccountLife,
    segments: Sequence[DepositSegment],
    paid: FloatArray,
    rng: np.random.Generator,
) -> pd.DataFrame:
    """book/1: loans and accounts as in the last month of the histories, then assets and funding sized to them.

    Loans are about half of the assets; wholesale funding and bonds close the gap to the equity, and payer swaps take
    part of the rate risk of the fixed mortgages out.
    """
    lent = _loan_positions(settings, paths, loans)
    held = _deposit_positions(settings, paths, accounts, segments, paid)
    size = float(lent["balance"].sum())
    other = _other_assets(settings, paths, size, rng)
    term = _ladder(settings, paths, "term_deposit", "liability", TERM_DEPOSITS * size, (3, 6, 12, 24, 36), -0.004, rng)
    assets = size + float(other["balance"].sum())
    gap = assets * (1.0 - EQUITY_SHARE) - float(held["balance"].sum()) - float(term["balance"].sum())
    funding = [held, term]
    if gap > 0:
        floating = _floaters(
            settings, paths, "wholesale_funding", "liability", (1.0 - FIXED_FUNDING) * gap, 0.0015, rng
        )
        bonds = _ladder(settings, paths, "bond_issued", "liability", FIXED_FUNDING * gap, (60, 84, 120), 0.006, rng)
        funding += [floating, bonds]
    book = pd.concat([lent, other, *funding, _payer_swaps(settings, paths, SWAPS * size)], ignore_index=True)
    return book[list(COLUMNS)]


def book_equity(book: pd.DataFrame) -> float:
    """Assets minus liabilities of the book, currency units; notionals of swaps are neither."""
    sign = book["side"].map({"asset": 1.0, "liability": -1.0}).fillna(0.0)
    return float(np.round((sign * book["balance"]).sum(), 2))


def _shared(settings: SimulatorSettings, count: int, **columns: Any) -> pd.DataFrame:
    frame = pd.DataFrame(index=range(count), columns=pd.Index([]))
    return frame.assign(currency=settings.currency, day_count="30/360", payment_months=1).assign(**columns)


def _loan_positions(settings: SimulatorSettings, paths: RatePaths, life: LoanLife) -> pd.DataFrame:
    book, which = life.book, life.open_loans
    rate = np.zeros(book.rate.size)
    rate[which] = life.rate
    # A reset date inside the last month has passed: the book carries the new rate, the history carries it next month.
    refix(book, which, paths.months, one_year_rate(paths), rate)
    product = book.product[which]
    adjustable = FIXATIONS[product] > 0
    age = paths.months - 1 - book.origin[which]
    first = FIXATIONS[product]
    resets = np.where(age < first, first, first + ((age - first) // MONTHS_PER_YEAR + 1) * MONTHS_PER_YEAR)
    made = origination_dates(paths, book, which)
    next_reset = pd.Series(_months_on(made, resets)).where(adjustable)
    return _shared(
        settings,
        which.size,
        position_id=unit_names("L", book.origin.size).take(which),
        product=labels(PRODUCTS, product),
        side="asset",
        balance=life.balance,
        rate_type=labels(("fixed", "floating"), adjustable.astype(np.int64)),
        rate=rate[which],
        index=pd.Series(np.where(adjustable, FLOATING_INDEX, ""), dtype="str").where(adjustable),
        spread=np.where(adjustable, ARM_MARGIN, np.nan),
        next_reset_date=next_reset,
        reset_months=np.where(adjustable, float(MONTHS_PER_YEAR), np.nan),
        repayment="annuity",
        origination_date=made,
        maturity_date=_months_on(made, book.term[which]),
        months_in_the_money=life.in_the_money,
        transfer_rate=_transfer_rates(paths, book.origin[which], book.term[which]),
        servicing_cost=LOAN_SERVICING,
        purpose=labels(PURPOSES, book.purpose[which]),
        occupancy=labels(OCCUPANCIES, book.occupancy[which]),
        region=labels(REGIONS, book.region[which]),
        channel=labels(CHANNELS, book.online[which].astype(np.int64)),
        credit_score=book.credit_score[which],
        ltv=book.ltv[which],
        original_balance=book.original_balance[which],
        original_term_months=book.term[which].astype(np.float64),
    )


def _deposit_positions(
    settings: SimulatorSettings,
    paths: RatePaths,
    life: AccountLife,
    segments: Sequence[DepositSegment],
    paid: FloatArray,
) -> pd.DataFrame:
    kept = life.balance > 0
    book, which = life.book, life.open_accounts[kept]
    segment = book.segment[which]
    opened = pd.Series(life.accounts.set_index("account_id")["open_date"])
    names = unit_names("A", book.count).take(which)
    return _shared(
        settings,
        which.size,
        position_id=names,
        product=labels([one.product for one in segments], segment),
        side="liability",
        balance=life.balance[kept],
        rate_type="administered",
        rate=np.round(paid[-1][segment], 10),
        repayment="none",
        origination_date=opened.loc[names].to_numpy(),
        transfer_rate=np.round(paths.node(36)[-1], 6),
        servicing_cost=DEPOSIT_SERVICING,
        fee_income=DEPOSIT_FEES,
        customer_type=labels([one.customer_type for one in segments], segment),
        region=labels(REGIONS, book.region[which]),
        channel=labels(CHANNELS, book.channel[which]),
    )


def _other_assets(settings: SimulatorSettings, paths: RatePaths, size: float, rng: np.random.Generator) -> pd.DataFrame:
    commercial = _floaters(settings, paths, "commercial_loan", "asset", COMMERCIAL * size, 0.0225, rng)
    securities = _ladder(settings, paths, "bond_held", "asset", SECURITIES * size, (24, 36, 60, 84), 0.004, rng)
    consumer = _ladder(settings, paths, "consumer_loan", "asset", CONSUMER * size, (36, 60), 0.035, rng)
    consumer = consumer.assign(repayment="annuity", payment_months=1, servicing_cost=0.006)
    cash = _floaters(settings, paths, "central_bank_balance", "asset", CASH * size, 0.0, rng).head(1)
    tomorrow = _months_on(as_timestamps(paths.month_ends[-1:]), np.array([1]))
    cash = cash.assign(balance=np.round(CASH * size, 2), maturity_date=tomorrow, next_reset_date=tomorrow)
    cash = cash.assign(reset_months=1.0, origination_date=as_timestamps(paths.month_ends[-2:-1]), payment_months=1)
    return pd.concat([commercial, securities, consumer, cash], ignore_index=True)


def _ladder(
    settings: SimulatorSettings,
    paths: RatePaths,
    product: str,
    side: str,
    total: float,
    terms: tuple[int, ...],
    margin: float,
    rng: np.random.Generator,
) -> pd.DataFrame:
    """Fixed bullets of several terms, made evenly over the time before as-of and not yet due; shares vary a little."""
    term, age = [], []
    for months in terms:
        steps = np.linspace(0, months - 1, min(months, 8)).astype(np.int64)
        term += [months] * steps.size
        age += [int(step) for step in steps]
    terms_of, ages = np.array(term), np.array(age)
    made = paths.months - 1 - ages
    coupon = _zero_at(paths, made, terms_of) + margin
    share = rng.uniform(0.7, 1.3, terms_of.size)
    days = as_timestamps(paths.month_ends[made] - rng.integers(0, 20, made.size).astype("timedelta64[D]"))
    due = _months_on(days, terms_of)
    return _shared(
        settings,
        terms_of.size,
        position_id=[f"{product}-{number:03d}" for number in range(1, terms_of.size + 1)],
        product=product,
        side=side,
        balance=np.round(total * share / share.sum(), 2),
        rate_type="fixed",
        rate=np.maximum(np.round(coupon, 5), 0.0005),
        repayment="bullet",
        origination_date=days,
        maturity_date=due,
        payment_months=np.where(terms_of <= MONTHS_PER_YEAR, 0, MONTHS_PER_YEAR if side == "liability" else 6),
        transfer_rate=_transfer_rates(paths, made, terms_of),
        original_term_months=terms_of.astype(np.float64),
    )


def _floaters(
    settings: SimulatorSettings,
    paths: RatePaths,
    product: str,
    side: str,
    total: float,
    spread: float,
    rng: np.random.Generator,
) -> pd.DataFrame:
    """Quarterly floaters over the floating index: bullets of three to seven years, spread evenly over their lives."""
    count = 16
    terms = np.tile([36, 48, 60, 84], count // 4)
    ages = (terms * np.linspace(0.05, 0.9, count)).astype(np.int64)
    made = paths.months - 1 - ages
    days = as_timestamps(paths.month_ends[made] - rng.integers(0, 20, count).astype("timedelta64[D]"))
    last_reset = paths.months - 1 - ages % 3
    share = rng.uniform(0.7, 1.3, count)
    return _shared(
        settings,
        count,
        position_id=[f"{product}-{number:03d}" for number in range(1, count + 1)],
        product=product,
        side=side,
        balance=np.round(total * share / share.sum(), 2),
        rate_type="floating",
        rate=np.round(np.expm1(_zero_at(paths, last_reset, np.full(count, 3)) / 4) * 4 + spread, 6),
        index=FLOATING_INDEX,
        spread=spread,
        next_reset_date=_months_on(days, (ages // 3 + 1) * 3),
        reset_months=3.0,
        repayment="bullet",
        origination_date=days,
        maturity_date=_months_on(days, terms),
        payment_months=3,
        day_count="ACT/360",
        transfer_rate=_transfer_rates(paths, made, terms),
        original_term_months=terms.astype(np.float64),
    )


def _payer_swaps(settings: SimulatorSettings, paths: RatePaths, notional: float) -> pd.DataFrame:
    """Swaps that pay fixed yearly and receive the floating index quarterly, struck at par in earlier years."""
    terms, ages = np.array([84, 120, 120, 120]), np.array([14, 5, 26, 41])
    made = paths.months - 1 - ages
    days = as_timestamps(paths.month_ends[made])
    shared = _shared(
        settings,
        terms.size,
        product="interest_rate_swap",
        instrument="swap_leg",
        trade_id=[f"swap-{number}" for number in range(1, terms.size + 1)],
        balance=np.round(notional * terms / terms.sum(), 2),
        repayment="bullet",
        origination_date=days,
        maturity_date=_months_on(days, terms),
        original_term_months=terms.astype(np.float64),
    )
    names = pd.Series(shared["trade_id"])
    strike = np.round(np.expm1(_zero_at(paths, made, terms) + FLOATING_BASIS), 5)
    fixed = shared.assign(position_id=names + "-fixed", side="pay", rate_type="fixed", rate=strike, payment_months=12)
    last_reset = paths.months - 1 - ages % 3
    floating = shared.assign(
        position_id=names + "-floating",
        side="receive",
        rate_type="floating",
        rate=np.round(np.expm1((_zero_at(paths, last_reset, np.full(terms.size, 3)) + FLOATING_BASIS) / 4) * 4, 6),
        index=FLOATING_INDEX,
        spread=0.0,
        next_reset_date=_months_on(days, (ages // 3 + 1) * 3),
        reset_months=3.0,
        payment_months=3,
        day_count="ACT/360",
    )
    return pd.concat([fixed, floating], ignore_index=True)


def _zero_at(paths: RatePaths, months: IntArray, tenors: IntArray) -> FloatArray:
    """Zero rates of past months at tenors in months, linear between nodes; shape (positions,)."""
    return np.array([np.interp(tenor, NODES, paths.zeros[month]) for month, tenor in zip(months, tenors, strict=True)])


def _transfer_rates(paths: RatePaths, months: IntArray, tenors: IntArray) -> FloatArray:
    return np.asarray(np.round(_zero_at(paths, months, tenors), 6))


def _months_on(dates: pd.DatetimeIndex, months: IntArray) -> pd.DatetimeIndex:
    days = dates.to_numpy().astype("datetime64[D]")
    firsts = days.astype("datetime64[M]")
    target = firsts + months.astype("timedelta64[M]")
    last = (target + 1).astype("datetime64[D]") - np.timedelta64(1, "D")
    moved = target.astype("datetime64[D]") + (days - firsts.astype("datetime64[D]"))
    return as_timestamps(np.minimum(moved, last))
