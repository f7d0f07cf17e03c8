"""Deposits without maturity in the standardised framework: portfolios, the core that the caps allow, its slots."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from behavior.engine.positions import ASSET, LIABILITY, Book
from behavior.engine.slotting import CoreCap, CoreSplit, CoreTerms, core_caps, slotted, split_category
from behavior.market.buckets import Buckets
from behavior.months import as_days, roll_months
from behavior.quantities import BoolArray
from behavior.workflows.valuation import ValuationInputs

NMD, PREPAYABLE, TERM_DEPOSIT = "nmd", "prepayable", "term_deposit"
MONTHLY, BY_BUCKET = "monthly", "bucket"

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


def bullet(name: str, like: Portfolio, side: str, currency: str, amount: float, day: np.datetime64) -> dict[str, Any]:
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


def slot_rows(inputs: ValuationInputs, core: Core, framework: Framework, buckets: Buckets) -> list[dict[str, Any]]:
    """Deposits without maturity as bullets, one a bucket with an amount."""
    one = core.portfolio
    amounts = slotted(core.split, buckets, framework.slotting, one.profile)
    dates = _slot_dates(buckets, inputs.as_of)
    return [
        bullet(f"{one.product} {one.customer_type or ''} {label}", one, core.side, core.currency, amount, day)
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
