"""What a behavioural law is: the functions that the simulated bank lives by, and that recovery is judged against.

The months of a law are those of the contracts: a hazard is the share of what is open at a month's start that leaves in
it, and every input is known at that start. A law may look at `latent`, one uniform number a unit that no table shows:
that is how mixtures of types are written.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from behavior.quantities import FloatArray, IntArray

PRODUCTS = ("mortgage_fixed", "mortgage_fixed_15y", "mortgage_arm")
PURPOSES = ("purchase", "refinance", "cash_out")
OCCUPANCIES = ("owner", "second_home", "investor")


@dataclass(frozen=True)
class LoanState:
    """Loans at the start of a month, arrays of shape (loans,).

    Parameters
    ----------
    product, purpose, occupancy, region : positions in the closed lists of this package.
    age_months : number of the month at risk since origination (the first is 1). month_of_year : 1 to 12.
    incentive : customer rate in force minus the mortgage rate `lag_months` before the month's start, decimal a year.
    months_in_the_money : earlier months with incentive above the law's threshold.
    credit_score : points. ltv : at origination, share. original_balance : currency units.
    unemployment : decimal, at the month's start. latent : uniform on (0, 1), seen by nobody.
    """

    product: IntArray
    purpose: IntArray
    occupancy: IntArray
    region: IntArray
    age_months: IntArray
    month_of_year: IntArray
    incentive: FloatArray
    months_in_the_money: IntArray
    credit_score: FloatArray
    ltv: FloatArray
    original_balance: FloatArray
    unemployment: FloatArray
    latent: FloatArray


class LoanLaw(Protocol):
    """Monthly law of a loan book: cause-specific hazards, shares a month, each in [0, 1]."""

    @property
    def lag_months(self) -> int:
        """Months before a month's start at which the mortgage rate is read."""
        ...

    @property
    def in_the_money_above(self) -> float:
        """Incentive above which a month counts as in the money, decimal a year."""
        ...

    def payoff(self, state: LoanState) -> FloatArray:
        """Full prepayment, shape (loans,)."""
        ...

    def default(self, state: LoanState) -> FloatArray:
        """Default, shape (loans,)."""
        ...

    def curtailment(self, state: LoanState) -> tuple[FloatArray, float]:
        """Probability of an unscheduled part payment, shape (loans,), and its mean as a share of the balance."""
        ...


@dataclass(frozen=True)
class AccountState:
    """Deposit accounts at the start of a month, arrays of shape (accounts,).

    Parameters
    ----------
    segment : position in the bank's list of product and customer type. region, channel : positions in closed lists.
    age_months : number of the month at risk since opening (the month after opening is 1). month_of_year : 1 to 12.
    level : short rate at the month's start, spread : short rate minus rate paid there, decimals a year.
    size : logarithm of the opening balance over the segment's median opening balance.
    latent : uniform on (0, 1), seen by nobody.
    """

    segment: IntArray
    region: IntArray
    channel: IntArray
    age_months: IntArray
    month_of_year: IntArray
    level: FloatArray
    spread: FloatArray
    size: FloatArray
    latent: FloatArray


class DepositLaw(Protocol):
    """Monthly law of deposit accounts, before credited interest."""

    def closure(self, state: AccountState) -> FloatArray:
        """Share of accounts closed in the month, shape (accounts,), in [0, 1]."""
        ...

    def migration(self, state: AccountState) -> FloatArray:
        """Share of the rest that moves into another product, shape (accounts,), in [0, 1]."""
        ...

    def growth(self, state: AccountState) -> FloatArray:
        """Expected growth of a surviving account's balance in the month, share, shape (accounts,), above -1."""
        ...
