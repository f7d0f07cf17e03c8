"""What is true of the simulated bank, in the engine's conventions, so that recovery can be judged fairly.

Three kinds of truth, from finest to coarsest:

- *rows*: for every row of the histories the law's inputs and the hazards that its outcome was drawn from. Sums of true
  hazards over any cell of observable inputs are the expected events of that cell, whatever the law (a law with unseen
  types uses the unit's own type, and the sum stays the expectation).
- *surface*: the payoff hazard before season as a function of age, incentive and months in the money, averaged over the
  covariates of the loans open at as-of (by balance or by count).
- *survival and rates paid*: expectations for the accounts open at as-of along a path of the short rate.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from behavior.assumptions.pass_through_path import pending_from_history, project_rate_paid
from behavior.market.curves import CurveSet
from behavior.quantities import MONTHS_PER_YEAR, FloatArray
from behavior.simulator.accounts import NOISE_MEMORY, AccountLife
from behavior.simulator.deposit_law import DepositSegment
from behavior.simulator.laws import PRODUCTS, DepositLaw, LoanLaw, LoanState
from behavior.simulator.loans import LoanLife
from behavior.simulator.rates import RatePaths, curve_table
from behavior.simulator.settings import SimulatorSettings


@dataclass(frozen=True)
class Truth:
    """The laws, what they met, and readings of both.

    Parameters
    ----------
    paid : rate paid by segment at each month end of `paths`, shape (months, segments), decimals a year.
    loan_life, account_life : their `truth` tables have one row a row of the histories, in the same order.
    """

    settings: SimulatorSettings
    loans: LoanLaw
    deposits: DepositLaw
    segments: tuple[DepositSegment, ...]
    paths: RatePaths
    paid: FloatArray
    loan_life: LoanLife
    account_life: AccountLife
    seed: int

    @property
    def segment_names(self) -> tuple[str, ...]:
        """`product/customer_type`, in the order of every segment axis here."""
        return tuple(f"{one.product}/{one.customer_type}" for one in self.segments)

    def base_levels(self, months: int) -> FloatArray:
        """Short rate that the as-of curve expects: element 0 is today's, k that of month k; shape (1 + months,).

        As in the engine: the simple one-month forward over the month, read from a monotone cubic through the zeros.
        """
        table = curve_table(self.paths, self.settings.currency)
        curve = CurveSet.from_table(table, self.settings.as_of).discounting(self.settings.currency)
        ends = np.arange(months + 1) / MONTHS_PER_YEAR
        forwards = curve.forward_zero(ends[:-1], ends[1:])
        return np.asarray(np.r_[self.paths.short[-1], np.expm1(forwards / MONTHS_PER_YEAR) * MONTHS_PER_YEAR])

    def rate_paid(self, levels: FloatArray) -> FloatArray:
        """Rate paid by segment after as-of along `levels` (shape (1 + months,)), earlier moves still passing through.

        Returns
        -------
        shape (1 + months, segments); row 0 is today's.
        """
        found = []
        for position, segment in enumerate(self.segments):
            law = segment.pass_through
            pending = pending_from_history(law, self.paths.short)
            start = self.paid[-1, position]
            found.append(np.r_[start, project_rate_paid(law, levels, start, pending)])
        return np.column_stack(found)

    def payoff_surface(
        self, product: str, ages: ArrayLike, incentives: ArrayLike, in_the_money: ArrayLike
    ) -> FloatArray:
        """True monthly payoff hazard without season, shape (incentives, in the money, ages).

        Averaged over the covariates of the loans of `product` open at as-of, weighted by balance; the mix of covariates
        is today's at every age (no selection along the path).
        """
        book, which = self.loan_life.book, self.loan_life.open_loans
        mine = book.product[which] == PRODUCTS.index(product)
        loans, balance = which[mine], self.loan_life.balance[mine]
        weights = balance / balance.sum()
        ages_of, drivers = np.asarray(ages), (np.asarray(incentives, dtype=np.float64), np.asarray(in_the_money))
        unseasonal = getattr(self.loans, "unseasonal_payoff", self.loans.payoff)
        surface = np.empty((drivers[0].size, drivers[1].size, ages_of.size))
        for i, incentive in enumerate(drivers[0]):
            for j, burnout in enumerate(drivers[1]):
                for k, age in enumerate(ages_of):
                    state = LoanState(
                        product=book.product[loans],
                        purpose=book.purpose[loans],
                        occupancy=book.occupancy[loans],
                        region=book.region[loans],
                        age_months=np.full(loans.size, age),
                        month_of_year=np.full(loans.size, 4),
                        incentive=np.full(loans.size, incentive),
                        months_in_the_money=np.full(loans.size, burnout),
                        credit_score=book.credit_score[loans],
                        ltv=book.ltv[loans],
                        original_balance=book.original_balance[loans],
                        unemployment=np.full(loans.size, self.paths.unemployment[-1]),
                        latent=book.latent[loans],
                    )
                    surface[i, j, k] = float(weights @ unseasonal(state))
        return surface

    def decay_survival(
        self, months: int, levels: FloatArray | None = None, view: str = "with_redeposits"
    ) -> pd.DataFrame:
        """Expected share of today's balance still there after each month, before credited interest.

        Parameters
        ----------
        levels : short-rate path, shape (1 + months,); None = what the as-of curve expects.
        view : ``with_redeposits`` = net balance of the accounts open at as-of with a positive balance (closures,
            migrations and the growth of survivors, never above 1); ``minimum_balance`` = each account at its lowest
            month-end balance since as-of, a mean over simulated futures.

        Returns
        -------
        Columns are segments, index is months 0 .. `months`.
        """
        path = self.base_levels(months) if levels is None else levels
        paid = self.rate_paid(path)
        if view == "minimum_balance":
            return self._minimum_balance(months, path, paid)
        life = self.account_life
        kept = life.balance > 0
        which = life.open_accounts[kept]
        weight = life.trend[kept]
        alive = np.ones(which.size)
        segment = life.book.segment[which]
        rows = [np.ones(len(self.segments))]
        total = np.bincount(segment, weight, len(self.segments))
        for month in range(1, months + 1):
            state = life.book.state(which, self.paths.months - 1 + month, self.paths, path[month], paid[month - 1])
            alive *= (1.0 - self.deposits.closure(state)) * (1.0 - self.deposits.migration(state))
            alive *= 1.0 + self.deposits.growth(state)
            rows.append(np.bincount(segment, weight * alive, len(self.segments)) / total)
        return pd.DataFrame(np.minimum(np.array(rows), 1.0), columns=list(self.segment_names))

    def _minimum_balance(self, months: int, levels: FloatArray, paid: FloatArray) -> pd.DataFrame:
        """Mean over futures of the running minimum of each account's balance before credited interest."""
        life, rng = self.account_life, np.random.default_rng([self.seed, 7])
        kept = life.balance > 0
        which, paths = life.open_accounts[kept], self.settings.minimum_balance_paths
        segment = np.tile(life.book.segment[which], paths)
        sigma = np.array([one.noise for one in self.segments])[segment]
        noise, lowest = np.tile(life.noise[kept], paths), np.tile(life.balance[kept], paths)
        trend, start = np.tile(life.trend[kept], paths), lowest.copy()
        rows = [np.ones(len(self.segments))]
        total = np.bincount(segment, start, len(self.segments))
        for month in range(1, months + 1):
            state = life.book.state(which, self.paths.months - 1 + month, self.paths, levels[month], paid[month - 1])
            leave = 1.0 - (1.0 - self.deposits.closure(state)) * (1.0 - self.deposits.migration(state))
            trend = trend * np.tile(1.0 + self.deposits.growth(state), paths)
            shocks = rng.standard_normal(noise.size)
            noise = NOISE_MEMORY * noise + np.sqrt(1.0 - NOISE_MEMORY**2) * sigma * shocks
            trend[rng.random(noise.size) < np.tile(leave, paths)] = 0.0
            lowest = np.minimum(lowest, trend * np.exp(noise - sigma**2 / 2.0))
            rows.append(np.bincount(segment, lowest, len(self.segments)) / total)
        return pd.DataFrame(np.array(rows), columns=list(self.segment_names))

    def long_run_beta(self, low: float, high: float) -> pd.Series:
        """Long-run change of the rate paid over a move of the short rate from `low` to `high`, per unit, by segment."""
        betas = [float(one.pass_through.target_change(low, high)) / (high - low) for one in self.segments]
        return pd.Series(betas, index=list(self.segment_names))
