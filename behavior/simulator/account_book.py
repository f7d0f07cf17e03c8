"""Deposit accounts as arrays: all that were ever opened, and the balances of those that are open."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from behavior.quantities import MONTHS_PER_YEAR, AnyArray, BoolArray, FloatArray, IntArray
from behavior.simulator.laws import AccountState
from behavior.simulator.rates import RatePaths


@dataclass(frozen=True)
class Accounts:
    """All accounts ever opened; the arrays grow when a migration opens one.

    Parameters
    ----------
    opened, opened_day : position on the rate path and day of the open date (a successor of the same product keeps it).
    entered : position of the first month in which this account exists.
    closed : position of the closing month, -1 while open. successor : account it moved into, -1 for none.
    size : log of the opening balance over its segment's median. latent : uniform, seen by nobody.
    overdraft_limit : currency units, 0 for none.
    """

    segment: IntArray
    customer: IntArray
    region: IntArray
    channel: IntArray
    opened: IntArray
    opened_day: IntArray
    entered: IntArray
    closed: IntArray
    successor: IntArray
    size: FloatArray
    latent: FloatArray
    opening_balance: FloatArray
    overdraft_limit: FloatArray

    @property
    def count(self) -> int:
        """Number of accounts."""
        return int(self.segment.size)

    def state(self, accounts: IntArray, month: int, paths: RatePaths, level: float, paid: FloatArray) -> AccountState:
        """The law's inputs of `accounts` at the start of the month at position `month`; `paid` is by segment.

        `month` may lie beyond the path: then only the season is read from it, by calendar.
        """
        segment = self.segment[accounts]
        calendar = (int(paths.month_of_year[0]) - 1 + month) % MONTHS_PER_YEAR + 1
        return AccountState(
            segment=segment,
            region=self.region[accounts],
            channel=self.channel[accounts],
            age_months=month - self.opened[accounts],
            month_of_year=np.full(accounts.size, calendar),
            level=np.full(accounts.size, level),
            spread=level - paid[segment],
            size=self.size[accounts],
            latent=self.latent[accounts],
        )

    def extended(self, **columns: AnyArray) -> Accounts:
        """These accounts and further ones behind them."""
        return replace(self, **{name: np.concatenate([getattr(self, name), more]) for name, more in columns.items()})


@dataclass(frozen=True)
class Held:
    """Accounts open at a month's end: positions, balance without its noise, the noise, and the balance shown."""

    accounts: IntArray
    trend: FloatArray
    noise: FloatArray
    balance: FloatArray

    @classmethod
    def starting(cls, accounts: IntArray, trend: FloatArray, noise: FloatArray) -> Held:
        """Accounts whose balance is not shown yet."""
        return cls(accounts, trend, noise, np.zeros(accounts.size))

    @classmethod
    def joined(cls, first: Held, second: Held) -> Held:
        """Those of `first`, then those of `second`."""
        return cls(*(np.concatenate([getattr(first, name), getattr(second, name)]) for name in cls.__annotations__))

    def kept(self, mask: BoolArray) -> Held:
        """Some of them."""
        return Held(self.accounts[mask], self.trend[mask], self.noise[mask], self.balance[mask])

    def with_balance(self, sigma: FloatArray) -> Held:
        """The balance shown, from trend and noise; `sigma` is by account of the book."""
        shown = np.round(self.trend * np.exp(self.noise - sigma[self.accounts] ** 2 / 2), 2)
        return replace(self, balance=shown)
