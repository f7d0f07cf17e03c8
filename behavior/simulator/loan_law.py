"""The built-in law of the loan book: turnover and refinancing with seasoning, burnout, season and real covariates."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from behavior.quantities import FloatArray, annual_to_monthly
from behavior.simulator.laws import LoanState

SEASON = (0.80, 0.82, 0.96, 1.02, 1.10, 1.18, 1.16, 1.14, 1.02, 0.98, 0.93, 0.89)


@dataclass(frozen=True)
class RefinancingLaw:
    """Payoff = season x [1 - (1 - turnover)(1 - refinancing)], both monthly shares of annual ones.

    Turnover rises over 30 months and falls when the market rate is above the customer's (lock-in). Refinancing is a
    logistic S-curve in the incentive, ramps up over a year, is scaled by covariates and burns out with the months in
    the money. No latent type: given its covariates a loan's hazard is a function of what the tables show.

    Parameters
    ----------
    turnover, ceiling : annual shares. middle, width : incentive at half height and its scale, decimals a year.
    burnt_out, burnout_months : share of refinancing left after long in the money, and the scale of its fall.
    season : 12 factors on the monthly hazard, January first, mean 1.
    curtailing, curtailed : monthly probability of a part payment after seasoning, and its mean share of the balance.
    """

    lag_months: int = 1
    in_the_money_above: float = 0.005
    turnover: float = 0.085
    ceiling: float = 0.42
    middle: float = 0.0095
    width: float = 0.0030
    burnt_out: float = 0.40
    burnout_months: float = 15.0
    season: tuple[float, ...] = SEASON
    curtailing: float = 0.010
    curtailed: float = 0.055
    defaulting: float = 0.00020
    turnover_by_product: tuple[float, ...] = (1.0, 0.85, 1.45)
    refinancing_by_product: tuple[float, ...] = (1.0, 0.80, 1.10)
    purpose_effect: tuple[float, ...] = (0.0, 0.10, -0.15)
    occupancy_effect: tuple[float, ...] = (0.0, -0.15, -0.45)
    region_effect: tuple[float, ...] = (0.0, 0.15, -0.15, 0.25)

    def covariate_factor(self, state: LoanState) -> FloatArray:
        """Factor of credit score, LTV, size, purpose, occupancy and region on annual refinancing; shape (loans,)."""
        score = (
            0.25 * (state.credit_score - 730.0) / 50.0
            - 1.5 * (state.ltv - 0.75)
            + 0.25 * np.log(state.original_balance / 200_000.0)
            + np.asarray(self.purpose_effect)[state.purpose]
            + np.asarray(self.occupancy_effect)[state.occupancy]
            + np.asarray(self.region_effect)[state.region]
        )
        return np.asarray(np.clip(np.exp(score), 0.2, 2.0))

    def unseasonal_payoff(self, state: LoanState) -> FloatArray:
        """Monthly payoff hazard before the factor of the season, shape (loans,)."""
        lock_in = 0.45 + 0.55 / (1.0 + np.exp(-(state.incentive + 0.012) / 0.004))
        moving = self.turnover * np.minimum(state.age_months / 30.0, 1.0) * lock_in
        moving = moving * np.asarray(self.turnover_by_product)[state.product]
        curve = 1.0 / (1.0 + np.exp(-(state.incentive - self.middle) / self.width))
        seasoned = np.minimum(0.2 + 0.8 * state.age_months / 12.0, 1.0)
        tired = self.burnt_out + (1.0 - self.burnt_out) * np.exp(-state.months_in_the_money / self.burnout_months)
        refinancing = self.ceiling * curve * seasoned * tired * self.covariate_factor(state)
        refinancing = np.minimum(refinancing * np.asarray(self.refinancing_by_product)[state.product], 0.85)
        return np.asarray(1.0 - (1.0 - annual_to_monthly(moving)) * (1.0 - annual_to_monthly(refinancing)))

    def payoff(self, state: LoanState) -> FloatArray:
        """Full prepayment in the month, shape (loans,)."""
        return np.asarray(self.unseasonal_payoff(state) * np.asarray(self.season)[state.month_of_year - 1])

    def default(self, state: LoanState) -> FloatArray:
        """Default in the month, shape (loans,): weak scores, high LTV and unemployment raise it."""
        score = -(state.credit_score - 730.0) / 45.0 + 3.0 * (state.ltv - 0.75) + 20.0 * (state.unemployment - 0.05)
        return np.asarray(np.minimum(self.defaulting * np.minimum(state.age_months / 24.0, 1.0) * np.exp(score), 0.02))

    def curtailment(self, state: LoanState) -> tuple[FloatArray, float]:
        """Probability of a part payment in the month, shape (loans,), and its mean share of the balance."""
        return np.asarray(self.curtailing * np.minimum(state.age_months / 36.0, 1.0)), self.curtailed
