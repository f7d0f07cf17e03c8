"""The built-in law of deposit accounts and the rates that the bank pays on them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from behavior.assumptions.pass_through_path import PassThroughLaw, cumulative_target, rate_paid_path
from behavior.quantities import FloatArray
from behavior.simulator.laws import AccountState

CHANNELS = ("branch", "online")
LEVELS = np.array([0.0, 0.01, 0.02, 0.03, 0.04, 0.05])


@dataclass(frozen=True)
class DepositSegment:
    """One product and customer type: what the bank has of it and how it behaves.

    Parameters
    ----------
    share : of all accounts opened. median_balance, balance_spread : of the lognormal opening balance (currency units).
    noise : stationary deviation of the log balance around its trend, monthly persistence 0.7.
    closure, young_closure : monthly closure far from and at opening. migrates_to : product, empty for none.
    growth : monthly growth of a seasoned surviving account at the reference spread.
    spread_closure, spread_growth : how spread raises log closure and lowers growth, per unit of spread.
    offset : target rate at a short rate of 0. marginal : marginal pass-through at `LEVELS`.
    """

    product: str
    customer_type: str
    share: float
    median_balance: float
    balance_spread: float
    noise: float
    closure: float
    young_closure: float
    spread_closure: float
    growth: float
    spread_growth: float
    migration: float
    migrates_to: str
    offset: float
    marginal: tuple[float, ...]
    up: float
    down: float
    delay_up: int
    delay_down: int

    @property
    def pass_through(self) -> PassThroughLaw:
        """The law of its rate paid."""
        return PassThroughLaw(LEVELS, np.asarray(self.marginal), self.up, self.down, self.delay_up, self.delay_down)


RETAIL, SAVER, WHOLESALE = "retail_transactional", "retail_non_transactional", "wholesale"

SEGMENTS: tuple[DepositSegment, ...] = (
    DepositSegment(
        "checking", RETAIL, 0.24, 22_000, 0.7, 0.35, 0.0045, 0.0140, 12.0, 0.0005, 0.05, 0.0006, "savings",
        0.0001, (0.01, 0.02, 0.04, 0.08, 0.12, 0.14), 0.15, 0.30, 2, 1,
    ),
    DepositSegment(
        "checking", WHOLESALE, 0.11, 150_000, 0.6, 0.40, 0.0080, 0.0180, 22.0, 0.0000, 0.10, 0.0010, "money_market",
        0.0002, (0.04, 0.10, 0.18, 0.26, 0.32, 0.36), 0.20, 0.35, 2, 1,
    ),
    DepositSegment(
        "savings", RETAIL, 0.14, 28_000, 0.7, 0.25, 0.0065, 0.0160, 18.0, 0.0000, 0.07, 0.0006, "money_market",
        0.0005, (0.08, 0.14, 0.24, 0.34, 0.40, 0.42), 0.14, 0.28, 2, 1,
    ),
    DepositSegment(
        "savings", SAVER, 0.20, 50_000, 0.7, 0.20, 0.0080, 0.0180, 22.0, -0.0005, 0.10, 0.0012, "money_market",
        0.0008, (0.12, 0.20, 0.34, 0.46, 0.54, 0.58), 0.18, 0.32, 2, 1,
    ),
    DepositSegment(
        "money_market", SAVER, 0.17, 90_000, 0.7, 0.20, 0.0110, 0.0220, 28.0, -0.0010, 0.15, 0.0, "",
        0.0010, (0.30, 0.42, 0.54, 0.64, 0.70, 0.72), 0.25, 0.40, 2, 1,
    ),
    DepositSegment(
        "money_market", WHOLESALE, 0.14, 300_000, 0.6, 0.30, 0.0180, 0.0300, 35.0, -0.0010, 0.20, 0.0, "",
        0.0012, (0.50, 0.62, 0.74, 0.84, 0.90, 0.92), 0.40, 0.55, 2, 1,
    ),
)  # fmt: skip

REFERENCE_SPREAD = 0.015


@dataclass(frozen=True)
class SpreadSensitiveLaw:
    """Closures fall with age towards a plateau and rise with the spread; survivors' balances grow less as it rises.

    closure = [plateau + (young - plateau) exp(-age / 24)] x exp(b (spread - 1.5%) (1 + size / 5)) x channel x region,
    growth = seasoned growth + 0.4% exp(-age / 18) - k (spread - 1.5%), spread held inside -1% to 5%.
    """

    segments: tuple[DepositSegment, ...] = SEGMENTS
    online_factor: float = 1.35
    region_effect: tuple[float, ...] = (0.0, 0.10, -0.10, 0.05)
    young_growth: float = 0.004

    def _of(self, name: str, state: AccountState) -> FloatArray:
        return np.array([getattr(one, name) for one in self.segments], dtype=np.float64)[state.segment]

    def _pull(self, state: AccountState) -> FloatArray:
        return np.asarray(np.clip(state.spread, -0.01, 0.05) - REFERENCE_SPREAD)

    def closure(self, state: AccountState) -> FloatArray:
        """Share of accounts closed in the month, shape (accounts,)."""
        plateau, young = self._of("closure", state), self._of("young_closure", state)
        base = plateau + (young - plateau) * np.exp(-state.age_months / 24.0)
        sensitivity = self._of("spread_closure", state) * (1.0 + np.clip(state.size, -2.0, 2.0) / 5.0)
        others = np.where(state.channel == CHANNELS.index("online"), self.online_factor, 1.0)
        others = others * np.exp(np.asarray(self.region_effect))[state.region]
        return np.asarray(np.minimum(base * np.exp(sensitivity * self._pull(state)) * others, 0.5))

    def migration(self, state: AccountState) -> FloatArray:
        """Share of the rest that moves into another product, shape (accounts,)."""
        return np.asarray(np.minimum(self._of("migration", state) * np.exp(30.0 * self._pull(state)), 0.2))

    def growth(self, state: AccountState) -> FloatArray:
        """Expected growth of a surviving account's balance before credited interest, shape (accounts,)."""
        young = self.young_growth * np.exp(-state.age_months / 18.0)
        return np.asarray(self._of("growth", state) + young - self._of("spread_growth", state) * self._pull(state))


def paid_rates(segments: tuple[DepositSegment, ...], short: FloatArray) -> FloatArray:
    """Rate paid by segment at each month end, from rest in the first month; shape (months, segments), decimals a year.

    The short rate of a month is the one fixed at that month's end; with no delay a change is answered in its month.
    """
    paths = []
    for segment in segments:
        law = segment.pass_through
        targets = segment.offset + cumulative_target(law.levels, law.marginal, short)
        path = rate_paid_path(targets, targets[0], law.up, law.down, (law.delay_up, law.delay_down))
        paths.append(np.r_[max(targets[0], 0.0), path])
    return np.column_stack(paths)
