"""A book as the standardised framework sees it: rows and curves that the engine values like any others.

- floating positions and legs are bullets to their next reset, with the coupon that runs; limits on their rate are
  stripped and valued as options;
- deposits without maturity are a core, spread over buckets as far as the caps allow, and an overnight rest, without
  interest;
- what else has no maturity, as cards and overdrafts, may be priced anew on any day: it is overnight;
- prepayable fixed loans prepay at the portfolio's base CPR times the scenario's factor, month by month or by bucket;
- term deposits lose the base redemption ratio times the factor overnight, the rest flows as contracted;
- everything else flows as contracted.

Source: BCBS d368 (April 2016), standardised framework; Commission Delegated Regulation (EU) 2024/857.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from behavior.assumptions.curve import AssumptionCurve
from behavior.assumptions.effects import Effect, MonthMeaning
from behavior.assumptions.segments import SegmentScheme
from behavior.assumptions.set import AssumptionSet, AssumptionTable
from behavior.engine.limit_book import limited_rows
from behavior.engine.positions import ASSET, LIABILITY, Book
from behavior.engine.slotting import (
    CoreCap,
    CoreSplit,
    CoreTerms,
    bucket_share,
    core_caps,
    rule_share,
    slotted,
    split_category,
)
from behavior.market.buckets import Buckets
from behavior.months import as_days, roll_months
from behavior.quantities import BoolArray, FloatArray, Quantity, annual_to_monthly
from behavior.workflows.valuation import ValuationInputs

NMD, PREPAYABLE, TERM_DEPOSIT = "nmd", "prepayable", "term_deposit"
MONTHLY, BY_BUCKET = "monthly", "bucket"
MARK = "standardised_portfolio"
OPEN_BUCKET_YEARS = 5
"""A core that reaches past the last bound is put this long after it; it is discounted at the midpoint in any case."""


@dataclass(frozen=True)
class Portfolio:
    """One homogeneous portfolio of the framework.

    Parameters
    ----------
    product : of the book. treatment : ``nmd``, ``prepayable`` or ``term_deposit``. customer_type, currency : rows of
        the product with this one; None = all. category : of deposits, as in ``nmd.toml``.
    stable_share, pass_through : of deposits. years : average maturity of the core as modelled, None = the cap.
    profile : share of the core that leaves in month 1, 2, ... as modelled, for scaled slotting.
    annual_rate : base CPR of loans, base redemption ratio of term deposits.
    life_factor : on the years of the core, after the cap (sensitivities).
    """

    product: str
    treatment: str
    customer_type: str | None = None
    currency: str | None = None
    category: str = ""
    stable_share: float = 1.0
    pass_through: float = 0.0
    years: float | None = None
    profile: tuple[float, ...] = ()
    annual_rate: float = 0.0
    life_factor: float = 1.0

    @property
    def name(self) -> str:
        """What tells it from the others of a book."""
        return " ".join(filter(None, (self.product, self.customer_type, self.currency)))


@dataclass(frozen=True)
class Framework:
    """Choices of the standardised framework.

    Parameters
    ----------
    nmd_rule : table of ``nmd.toml``. slotting : of the core, ``uniform`` or ``scaled``. prepayment : ``monthly``
        (SMM of the CPR) or ``bucket`` (CPR x length of the bucket, of the balance before the bucket's last instalment).
    contractual_times : ``midpoints``, or ``dates`` for flows other than deposits without maturity.
    """

    nmd_rule: str = "bcbs"
    slotting: str = "uniform"
    prepayment: str = MONTHLY
    contractual_times: str = "midpoints"


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


def rows_of(book: pd.DataFrame, portfolio: Portfolio) -> BoolArray:
    """Rows of a portfolio, on its own side of the balance sheet: deposits without maturity by their repayment, loans
    at a fixed rate only, for others reprice before it matters; where behaviour is switched off nothing leaves early."""
    rows = (book["product"].astype(str) == portfolio.product).to_numpy(dtype=np.bool_)
    for column, word in (("customer_type", portfolio.customer_type), ("currency", portfolio.currency)):
        if word is not None and column in book:
            rows = rows & (book[column].fillna("").astype(str) == word).to_numpy()
    open_ended = (book["repayment"].astype(str) == "none").to_numpy()
    if portfolio.treatment == NMD:
        return np.asarray(rows & open_ended)
    held = Book(book)
    rows = rows & ~open_ended & held.behavioral
    if portfolio.treatment == PREPAYABLE:
        return np.asarray(rows & (held.side == ASSET) & (book["rate_type"].astype(str) == "fixed").to_numpy())
    return np.asarray(rows & (held.side == LIABILITY))


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
    slots = [
        row for split in core_splits(book, portfolios, framework) for row in _slots(inputs, split, framework, buckets)
    ]
    gone = np.zeros(len(book), dtype=np.bool_)
    for one in portfolios:
        if one.treatment == NMD:
            gone |= rows_of(book, one)
    book = book[~gone].reset_index(drop=True)
    rest = book.assign(balance=book["balance"].astype(float), behavioral=False)
    rest[MARK] = None
    further: list[dict[str, Any]] = []
    curves = []
    for one in portfolios:
        rows = rows_of(book, one)
        if one.treatment == TERM_DEPOSIT:
            further += _overnight_part(rest, rows, one, rule_share(one.annual_rate, factors[1]), inputs.as_of)
        elif one.treatment == PREPAYABLE and rows.any():
            annual = rule_share(one.annual_rate, factors[0])
            rest.loc[rows, MARK] = one.name
            rest.loc[rows, "behavioral"] = True
            if framework.prepayment == BY_BUCKET:
                by_bucket = bucket_share(annual, buckets)
                if buckets.months[0] == 0:
                    further += _overnight_part(rest, rows, one, float(by_bucket[0]), inputs.as_of)
                curves.append(_curve_by_bucket(one.name, by_bucket, buckets))
            else:
                months = np.asarray([1], dtype=np.int64)
                curves.append(AssumptionCurve((one.name,), months, {}, np.asarray([annual_to_monthly(annual)])))
    rest = to_next_reset(rest, inputs.as_of)
    if further:
        rest = pd.concat([rest, pd.DataFrame(further)], ignore_index=True)
    return replace(inputs, book=rest, assumptions=_set(curves, inputs.as_of)), pd.DataFrame(slots)


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
    return [(replace(inputs, book=one, assumptions=None), sign) for one, sign in ((held, 1.0), (bare, -1.0))]


def _bullet(name: str, like: Portfolio, side: str, currency: str, amount: float, day: np.datetime64) -> dict[str, Any]:
    """A row without interest that is paid on a day."""
    return {
        "position_id": f"{name} {currency}",
        "product": like.product,
        "side": side,
        "currency": currency,
        "balance": amount,
        "rate_type": "fixed",
        "rate": 0.0,
        "transfer_rate": 0.0,
        "repayment": "bullet",
        "origination_date": pd.NaT,
        "maturity_date": pd.Timestamp(day),
        "payment_months": 1,
        "behavioral": False,
    }


def _overnight_part(
    book: pd.DataFrame, rows: np.ndarray, portfolio: Portfolio, share: float, as_of: dt.date
) -> list[dict[str, Any]]:
    """A share of some rows on the day after as-of, taken off their balances in `book`."""
    found = []
    day = np.datetime64(as_of, "D") + 1
    for (side, currency), part in book[rows].groupby(["side", "currency"], sort=True):
        amount = float(part["balance"].sum()) * share
        name = f"{portfolio.product} {portfolio.customer_type or ''} overnight"
        found.append(_bullet(name, portfolio, str(side), str(currency), amount, day))
    book.loc[rows, "balance"] *= 1.0 - share
    return found


@dataclass(frozen=True)
class Core:
    """Deposits without maturity of one portfolio, side and currency, and how they divide."""

    portfolio: Portfolio
    side: str
    currency: str
    cap: CoreCap
    split: CoreSplit


def core_splits(book: pd.DataFrame, portfolios: Sequence[Portfolio], framework: Framework) -> list[Core]:
    """How deposits divide, by portfolio; the caps are on all of a side, currency and category."""
    parts: dict[tuple[str, str, str], list[tuple[Portfolio, float]]] = {}
    for one in portfolios:
        if one.treatment == NMD:
            for (side, currency), held in book[rows_of(book, one)].groupby(["side", "currency"], sort=True):
                key = (str(side), str(currency), one.category)
                parts.setdefault(key, []).append((one, float(held["balance"].sum())))
    found = []
    for (side, currency, category), members in parts.items():
        cap = core_caps(framework.nmd_rule)[category]
        terms = [CoreTerms(balance, one.stable_share, one.pass_through, one.years) for one, balance in members]
        for (one, _), split in zip(members, split_category(terms, cap), strict=True):
            found.append(Core(one, side, currency, cap, replace(split, years=split.years * one.life_factor)))
    return found


def _slots(inputs: ValuationInputs, core: Core, framework: Framework, buckets: Buckets) -> list[dict[str, Any]]:
    """Deposits without maturity as bullets, one a bucket with an amount."""
    one = core.portfolio
    amounts = slotted(core.split, buckets, framework.slotting, one.profile)
    dates = _slot_dates(buckets, inputs.as_of)
    return [
        _bullet(f"{one.product} {one.customer_type or ''} {label}", one, core.side, core.currency, amount, day)
        for label, day, amount in zip(buckets.labels, dates, amounts.tolist(), strict=True)
        if amount != 0.0
    ]


def _slot_dates(buckets: Buckets, as_of: dt.date) -> np.ndarray:
    """The last day of each bucket; of an open one some years on."""
    bounds = np.asarray(buckets.months)
    last = bounds[np.isfinite(bounds)].max() + 12 * OPEN_BUCKET_YEARS
    months = np.where(np.isfinite(bounds), bounds, last).astype(np.int64)
    dates = roll_months(as_of, months)
    return np.asarray(np.where(bounds == 0, as_days(as_of) + buckets.overnight_days, dates))


SLOTS = (
    "product currency treatment customer_type category balance stable core_uncapped core core_share_cap cap_binds "
    "years_modelled years_cap years_used base_rate"
)


def slots_of(inputs: ValuationInputs, portfolios: Sequence[Portfolio], framework: Framework) -> pd.DataFrame:
    """How each portfolio of deposits was split, uncapped beside capped, and what was used of the others."""
    book = inputs.book.reset_index(drop=True)
    rows = [_core_row(core) for core in core_splits(book, portfolios, framework)]
    for one in portfolios:
        if one.treatment != NMD:
            for currency, held in book[rows_of(book, one)].groupby("currency", sort=True):
                rows.append(
                    _slot_row(one, str(currency), float(held["balance"].sum())) | {"base_rate": one.annual_rate}
                )
    return pd.DataFrame(rows, columns=SLOTS.split())


def _slot_row(one: Portfolio, currency: str, balance: float) -> dict[str, object]:
    return {
        "product": one.product,
        "currency": currency,
        "treatment": one.treatment,
        "customer_type": one.customer_type or "",
        "category": one.category,
        "balance": balance,
    }


def _core_row(core: Core) -> dict[str, object]:
    split, modelled = core.split, core.portfolio.years
    return _slot_row(core.portfolio, core.currency, split.balance) | {
        "stable": split.stable,
        "core_uncapped": split.uncapped,
        "core": split.core,
        "core_share_cap": core.cap.share,
        "cap_binds": split.binding,
        "years_modelled": np.nan if modelled is None else modelled,
        "years_cap": core.cap.years,
        "years_used": split.years,
    }
