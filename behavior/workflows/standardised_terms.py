"""Portfolios of the standardised framework as a bank's own assumptions say them, where it gives none of its own.

Read from a run of the book: base speeds of prepayment and redemption, average life of deposits, and how much of a
parallel shock the rates paid on them take over in the end.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from behavior.engine.layout import CURTAILMENT, OPEN_ENDED, PAYOFF, SCHEDULED, WITHDRAWAL
from behavior.engine.plan import CashFlows, Plan, some_of
from behavior.engine.positions import ASSET, CASH, LIABILITY, Book
from behavior.engine.run import run
from behavior.quantities import MONTHS_PER_YEAR, AnyArray, BoolArray, FloatArray
from behavior.workflows.regulatory_overlay import categories
from behavior.workflows.sensitivity import parallel_scenarios
from behavior.workflows.standardised_core import NMD, PREPAYABLE, TERM_DEPOSIT, Portfolio, rows_of
from behavior.workflows.valuation import ValuationInputs, ValuationOptions
from behavior.workflows.value import resolved_plan
from behavior.workflows.value_overlays import pinned

LONG_RUN = 60
"""Month in which a pass-through is read."""


def portfolios_of(inputs: ValuationInputs, options: ValuationOptions, rule: str) -> tuple[Portfolio, ...]:
    """Portfolios by product and currency (deposits also by customer type) of a book under its assumption set.

    Core deposits are what does not reprice in the long run, within the stable part: `stable_share` of the book, else
    all. The average maturity of the core is the modelled average life, all of it earned by the stable part.
    """
    held = replace(pinned(options), scenarios=parallel_scenarios(), cash_flows=True, cap_deposits=False, floor=None)
    plan = resolved_plan(inputs, held)[1]
    book = plan.terms.book
    product, money = (np.asarray(book.words(name)).astype(str)[plan.order] for name in ("product", "currency"))
    side, repayment = book.side[plan.order], plan.records["repayment"]
    cash = book.instrument[plan.order] == CASH
    fixed = np.asarray(book.words("rate_type", "fixed")).astype(str)[plan.order] == "fixed"
    behaves = plan.records["behaviour"] >= 0
    open_ended = cash & (repayment == OPEN_ENDED) & (side == LIABILITY)
    # Rows that no curve speaks for count too: the speed is that of the rows it is used on.
    dated = cash & (repayment < OPEN_ENDED) & book.behavioral[plan.order]
    loans, term_deposits = dated & fixed & (side == ASSET), dated & (side == LIABILITY)
    found: list[Portfolio] = []
    for name, currency, rows in _by_product(product, money, open_ended):
        found += _deposits(plan, name, currency, rows, rule)
    for name, currency, rows in _by_product(product, money, loans):
        rate = annual_speed(_alone(plan, rows)) if behaves[rows].any() else 0.0
        if rate > 0:
            found.append(Portfolio(name, PREPAYABLE, currency=currency, annual_rate=rate))
    for name, currency, rows in _by_product(product, money, term_deposits):
        balance = float(plan.positions.balance[rows].sum())
        rate = redemption_ratio(_alone(plan, rows), balance) if behaves[rows].any() else 0.0
        if rate > 0:
            found.append(Portfolio(name, TERM_DEPOSIT, currency=currency, annual_rate=rate))
    return tuple(found)


def _by_product(product: AnyArray, money: AnyArray, rows: BoolArray) -> Iterator[tuple[str, str, BoolArray]]:
    """Some rows by product and currency: amounts of two currencies are no sum."""
    for name in sorted(set(product[rows])):
        for currency in sorted(set(money[rows & (product == name)])):
            yield str(name), str(currency), rows & (product == name) & (money == currency)


def _alone(plan: Plan, rows: BoolArray) -> CashFlows:
    """The run of some rows in base."""
    return run(replace(some_of(plan, np.flatnonzero(rows)), scenarios=plan.scenarios[:1]))


def stable_warnings(book: pd.DataFrame, portfolios: Sequence[Portfolio]) -> list[str]:
    """What is said of deposits whose stable part the book does not name: all of it then counts as stable."""
    stable = Book(book).numbers("stable_share", np.nan)
    names = [one.name for one in portfolios if one.treatment == NMD and np.isnan(stable[rows_of(book, one)]).any()]
    if not names:
        return []
    return [
        f"The book names no `stable_share` for {', '.join(names)}: the whole balance counts as stable, and the core is "
        "what does not reprice of all of it. The lower path and the rolling minimum in the report of the decay model "
        "say how much has stayed."
    ]


def _deposits(plan: Plan, product: str, currency: str, rows: BoolArray, rule: str) -> list[Portfolio]:
    book = plan.terms.book
    types = np.asarray(book.words("customer_type")).astype(str)[plan.order]
    stable = book.numbers("stable_share", 1.0)[plan.order]
    given = book.numbers("pass_through", np.nan)[plan.order]
    moved = np.where(np.isnan(given), long_run_pass_through(plan), given)
    balance = plan.positions.balance
    found = []
    for name in sorted(set(types[rows])):
        mine = rows & (types == name)
        weight = balance[mine]
        total = float(weight.sum())
        share = float((weight * stable[mine]).sum() / total) if total else 1.0
        beta = float((weight * moved[mine]).sum() / total) if total else 0.0
        profile, years = run_off_profile(_alone(plan, mine))
        found.append(
            Portfolio(
                product,
                NMD,
                customer_type=name,
                currency=currency,
                category=str(categories(np.asarray([name]), rule)[0]),
                stable_share=share,
                pass_through=beta,
                years=years / share if share > 0 else None,
                profile=tuple(profile.tolist()),
            )
        )
    return found


def long_run_pass_through(plan: Plan) -> FloatArray:
    """Share of the up shock that the target of each row's rate takes over after five years, in [0, 1], (rows,)."""
    key = plan.records["repricing"]
    up = len(plan.scenarios) - 1
    short = plan.market.short[:, up, LONG_RUN] - plan.market.short[:, 0, LONG_RUN]
    target = plan.repricing.seen_up[:, -1, :] - plan.repricing.seen_up[:, 0, :]
    month = min(LONG_RUN, target.shape[1] - 1)
    moved = np.where(key >= 0, target[np.maximum(key, 0), month], 0.0)
    return np.asarray(np.clip(moved / short[plan.records["currency"]], 0.0, 1.0))


def annual_speed(flows: CashFlows) -> float:
    """CPR of the first year: 1 - product of (1 - SMM), each month's payoff and curtailment over what was left of it."""
    months = flows.flows[0].sum(axis=0)
    early = months[:, PAYOFF] + months[:, CURTAILMENT]
    closing = months[:, -1]
    before = closing + early
    share = np.where(before > 0, early / np.where(before > 0, before, 1.0), 0.0)[1 : MONTHS_PER_YEAR + 1]
    return float(1.0 - np.prod(1.0 - share))


def redemption_ratio(flows: CashFlows, balance: float) -> float:
    """Share of a balance that is withdrawn before it matures."""
    return float(flows.flows[0, :, :, WITHDRAWAL].sum() / balance) if balance > 0 else 0.0


def run_off_profile(flows: CashFlows) -> tuple[FloatArray, float]:
    """Share that leaves in month 1, 2, ... and the average of those months in years."""
    leaving = flows.flows[0][:, 1:, [SCHEDULED, PAYOFF, CURTAILMENT, WITHDRAWAL]].sum(axis=(0, 2))
    total = float(leaving.sum())
    share = leaving / total if total else leaving
    return share, float((share * np.arange(1, len(share) + 1)).sum() / MONTHS_PER_YEAR)


TERMS = (
    "product",
    "currency",
    "customer_type",
    "treatment",
    "category",
    "stable_share",
    "pass_through",
    "core_years",
    "annual_rate",
)


def terms_table(portfolios: tuple[Portfolio, ...]) -> pd.DataFrame:
    """What was read, one row a portfolio, without the run-off profiles; without a portfolio no row."""
    rows = [
        {
            "product": one.product,
            "currency": one.currency or "",
            "customer_type": one.customer_type or "",
            "treatment": one.treatment,
            "category": one.category,
            "stable_share": one.stable_share if one.treatment == NMD else np.nan,
            "pass_through": one.pass_through if one.treatment == NMD else np.nan,
            "core_years": one.years if one.years is not None else np.nan,
            "annual_rate": one.annual_rate if one.treatment != NMD else np.nan,
        }
        for one in portfolios
    ]
    return pd.DataFrame(rows, columns=list(TERMS))
