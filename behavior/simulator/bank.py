"""The simulated bank: one seed in, histories, market, book, settings and the truth behind them out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from behavior.market.history import RateHistory
from behavior.panel.base import CustomerHistory
from behavior.simulator.accounts import simulate_accounts
from behavior.simulator.book import book_equity, make_book
from behavior.simulator.deposit_law import SEGMENTS, DepositSegment, SpreadSensitiveLaw, paid_rates
from behavior.simulator.laws import DepositLaw, LoanLaw
from behavior.simulator.loan_law import RefinancingLaw
from behavior.simulator.loans import simulate_loans
from behavior.simulator.rates import ROLES, RatePaths, curve_table, rate_history, simulate_rates
from behavior.simulator.settings import SimulatorSettings
from behavior.simulator.truth import Truth

TIER1_SHARE = 0.92
LIMITS = {"delta_eve_tier1": 0.15, "delta_nii_tier1": 0.05}
NEW_BUSINESS_MARGINS = {
    "mortgage_fixed": 0.0170,
    "mortgage_fixed_15y": 0.0140,
    "mortgage_arm": 0.0120,
    "commercial_loan": 0.0225,
    "consumer_loan": 0.0350,
    "bond_held": 0.0040,
    "term_deposit": -0.0040,
    "bond_issued": 0.0060,
}


@dataclass(frozen=True)
class Laws:
    """What the bank's customers and its pricing desk live by; any part may be another functional form."""

    loans: LoanLaw = field(default_factory=RefinancingLaw)
    deposits: DepositLaw = field(default_factory=SpreadSensitiveLaw)
    segments: tuple[DepositSegment, ...] = SEGMENTS


@dataclass(frozen=True)
class SimulatedBank:
    """A whole bank in the contracts' columns, and the truth it was made from.

    Parameters
    ----------
    mortgages, deposits : mortgage_history/1 and deposit_history/1, with their control totals.
    product_rates : product_rate_history/1, the rate of each product as the balance-weighted mean of its customer types.
    rates : rate_history/1. curves : curves/1 at as-of and at every earlier month end.
    book : book/1. settings : the content of settings.toml.
    truth : laws, true hazards of every row, and readings of them.
    """

    seed: int
    simulator: SimulatorSettings
    mortgages: CustomerHistory
    deposits: CustomerHistory
    product_rates: pd.DataFrame
    rates: pd.DataFrame
    curves: pd.DataFrame
    control_totals: pd.DataFrame
    book: pd.DataFrame
    settings: Mapping[str, Any]
    truth: Truth

    @property
    def rate_history(self) -> RateHistory:
        """The rates with their roles, as learning and engine read them."""
        return RateHistory.from_table(self.rates, ROLES)

    def tables(self) -> Mapping[str, pd.DataFrame]:
        """File stem -> table, everything but the settings and the truth."""
        return {
            **self.mortgages.tables,
            **self.deposits.tables,
            "product_rates": self.product_rates,
            "rates": self.rates,
            "curves": self.curves,
            "control_totals": self.control_totals,
            "book": self.book,
        }


def simulate(
    settings: SimulatorSettings | None = None, seed: int = 20260930, laws: Laws | None = None
) -> SimulatedBank:
    """A bank from a seed: the same seed and settings give the same bytes.

    Parameters
    ----------
    laws : other functional forms of behaviour; None = the built-in ones.
    """
    chosen, behaviour = settings or SimulatorSettings(), laws or Laws()
    streams = [np.random.default_rng(child) for child in np.random.SeedSequence(seed).spawn(4)]
    paths = simulate_rates(chosen, streams[0])
    paid = paid_rates(behaviour.segments, paths.short)
    loans = simulate_loans(chosen, paths, behaviour.loans, streams[1])
    accounts = simulate_accounts(chosen, paths, behaviour.segments, behaviour.deposits, paid, streams[2])
    book = make_book(chosen, paths, loans, accounts, behaviour.segments, paid, streams[3])
    totals = _control_totals(loans.loan_months, loans.loans, "loan_id", "loan_months")
    held = _control_totals(accounts.account_months, accounts.accounts, "account_id", "account_months")
    return SimulatedBank(
        seed=seed,
        simulator=chosen,
        mortgages=CustomerHistory(
            "mortgage_history/1", {"loans": loans.loans, "loan_months": loans.loan_months}, control_totals=totals
        ),
        deposits=CustomerHistory(
            "deposit_history/1",
            {"accounts": accounts.accounts, "account_months": accounts.account_months},
            control_totals=held,
        ),
        product_rates=_product_rates(behaviour.segments, paths, paid, accounts.truth, chosen),
        rates=rate_history(paths),
        curves=curve_table(paths, chosen.currency),
        control_totals=pd.concat([totals, held], ignore_index=True),
        book=book,
        settings=_bank_settings(chosen, book_equity(book)),
        truth=Truth(
            chosen, behaviour.loans, behaviour.deposits, behaviour.segments, paths, paid, loans, accounts, seed
        ),
    )


def _control_totals(months: pd.DataFrame, units: pd.DataFrame, key: str, table: str) -> pd.DataFrame:
    """The ledger at every quarter's end by product; no balance is masked there, so the history ties out exactly."""
    quarter = months[months["month"].dt.month % 3 == 0]
    product = units.set_index(key)["product"]
    codes = product.index.get_indexer(pd.Index(quarter[key]))
    grouped = quarter.assign(product=product.to_numpy()[codes]).groupby(["month", "product"], sort=True)["balance"]
    totals = grouped.agg(["sum", "count"]).reset_index()
    return pd.DataFrame(
        {
            "table": table,
            "month": totals["month"],
            "product": totals["product"].astype("str"),
            "balance": totals["sum"].round(2),
            "rows": totals["count"],
            "tolerance": 0.01,
        }
    )


def _product_rates(
    segments: Sequence[DepositSegment],
    paths: RatePaths,
    paid: np.ndarray,
    truth: pd.DataFrame,
    settings: SimulatorSettings,
) -> pd.DataFrame:
    names = [f"{one.product}/{one.customer_type}" for one in segments]
    balance = truth.groupby(["month", "segment"], sort=True)["opening_balance"].sum().unstack().reindex(columns=names)
    rate = pd.DataFrame(paid[paths.first :], index=balance.index, columns=names)
    product = [one.product for one in segments]
    weighted, weight = (rate * balance).T.groupby(product).sum().T, balance.T.groupby(product).sum().T
    mean = (weighted / weight).round(10)
    return pd.DataFrame(
        {
            "product": np.repeat(mean.columns.astype("str"), len(mean)),
            "month": np.tile(mean.index.to_numpy(), mean.shape[1]),
            "rate_paid": mean.to_numpy().T.ravel(),
            "period_months": 1,
            "averaging": "average",
            "balance": weight.to_numpy().T.ravel().round(2),
            "currency": settings.currency,
        }
    )


def _bank_settings(settings: SimulatorSettings, equity: float) -> dict[str, Any]:
    return {
        "as_of": settings.as_of,
        "reporting_currency": settings.currency,
        "tier1": float(np.round(equity * TIER1_SHARE, 2)),
        "book_equity": equity,
        "index_roles": dict(ROLES),
        "limits": dict(LIMITS),
        "new_business_margins": dict(NEW_BUSINESS_MARGINS),
    }
