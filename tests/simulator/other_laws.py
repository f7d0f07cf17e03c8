"""Banks of other functional forms: what recovery is judged on must not be what the models were written around.

Nothing here shares a formula with the built-in laws: prepayment by an arctan curve with unseen fast and slow borrowers
instead of a burnout factor, or by a probit in relative incentive with a later lag; decay by Weibull lives of two kinds
of customers with a layer of surge money, or by a threshold of the spread; rates paid by a logistic or a step in the
level of the short rate, with other delays.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from scipy.special import gammaincinv, ndtr

from behavior.assumptions.pass_through_path import PassThroughLaw
from behavior.quantities import FloatArray, annual_to_monthly
from behavior.simulator import Laws, SimulatorSettings
from behavior.simulator.deposit_law import SEGMENTS, DepositSegment
from behavior.simulator.laws import AccountState, LoanState

OTHER_CYCLES: tuple[tuple[str, float], ...] = (
    ("2000-12", 0.0450),
    ("2002-09", 0.0200),
    ("2005-12", 0.0475),
    ("2008-09", 0.0050),
    ("2010-12", 0.0100),
    ("2013-03", 0.0425),
    ("2015-09", 0.0050),
    ("2017-12", 0.0075),
    ("2020-06", 0.0475),
    ("2022-06", 0.0100),
    ("2023-06", 0.0100),
    ("2026-03", 0.0450),
    ("2026-09", 0.0450),
)


@dataclass(frozen=True)
class TwoTypeLaw:
    """Fast and slow borrowers whom no table tells apart; what looks like burnout is the slow ones staying.

    Refinancing is an arctan curve in the incentive, its height a type's own; turnover seasons exponentially.
    """

    lag_months: int = 1
    in_the_money_above: float = 0.005
    fast_share: float = 0.55
    fast: float = 0.50
    slow: float = 0.07

    def payoff(self, state: LoanState) -> FloatArray:
        season = 1.0 + 0.18 * np.cos(2 * np.pi * (state.month_of_year - 7) / 12)
        curve = 0.5 + np.arctan((state.incentive - 0.011) * 450.0) / np.pi
        height = np.where(state.latent < self.fast_share, self.fast, self.slow)
        size = 1.0 + 0.2 * np.tanh(np.log(state.original_balance / 180_000.0))
        score = 1.0 / (1.0 + np.exp(-(state.credit_score - 660.0) / 30.0))
        refinancing = np.minimum(height * curve * size * score * (1.0 - np.exp(-state.age_months / 5.0)), 0.85)
        moving = 0.07 * (1.0 - np.exp(-state.age_months / 16.0)) * np.array([1.0, 0.9, 1.3])[state.product]
        return np.asarray(annual_to_monthly(np.minimum(refinancing + moving, 0.9)) * season)

    def default(self, state: LoanState) -> FloatArray:
        return np.asarray(0.0004 * np.where(state.credit_score < 680, 3.0, 1.0))

    def curtailment(self, state: LoanState) -> tuple[FloatArray, float]:
        return np.full(state.age_months.size, 0.006), 0.08


@dataclass(frozen=True)
class RelativeProbitLaw:
    """A probit in the incentive relative to a threshold that falls with loan size; closing takes two months more.

    Burnout is hyperbolic in the months in the money; turnover peaks in the fourth year and falls off.
    """

    lag_months: int = 2
    in_the_money_above: float = 0.005

    def payoff(self, state: LoanState) -> FloatArray:
        threshold = 0.0125 - 0.002 * np.log(state.original_balance / 180_000.0)
        share = 0.035 * ndtr((state.incentive - threshold) / 0.006)
        share = share * np.where(state.ltv > 0.85, 0.7, 1.1) * np.array([1.1, 1.0, 0.8])[state.purpose]
        tired = 1.0 / (1.0 + state.months_in_the_money / 20.0)
        age = state.age_months / 42.0
        moving = 0.0065 * np.sqrt(age * np.exp(1.0 - age)) + 0.002
        season = np.array([0.75, 0.8, 0.95, 1.0, 1.15, 1.25, 1.2, 1.15, 1.0, 0.95, 0.9, 0.9])
        start = np.minimum(state.age_months / 6.0, 1.0)
        return np.asarray((share * tired * start + moving) * season[state.month_of_year - 1])

    def default(self, state: LoanState) -> FloatArray:
        return np.full(state.age_months.size, 0.0003)

    def curtailment(self, state: LoanState) -> tuple[FloatArray, float]:
        return np.asarray(0.002 + 0.00004 * state.age_months), 0.05


@dataclass(frozen=True)
class WeibullMixtureLaw:
    """Movers with short Weibull lives among stayers with long ones, and a layer of surge money that flows off.

    Closure is the exact monthly share of a Weibull life; the spread shortens lives by a smooth threshold near 2%.
    Surge accounts (top of the latent number) lose 3% of their balance a month for good.
    """

    movers: float = 0.35
    surge: float = 0.12

    def closure(self, state: AccountState) -> FloatArray:
        scale = np.array([260.0, 150.0, 200.0, 150.0, 120.0, 90.0])[state.segment]
        life = np.where(state.latent < self.movers, 0.22, 1.0) * scale
        shape = np.where(state.latent < self.movers, 0.9, 1.15)
        pull = 1.0 + 1.2 / (1.0 + np.exp(-(state.spread - 0.02) / 0.005))
        age = state.age_months.astype(np.float64)
        mass = ((age / life) ** shape - ((age - 1.0) / life) ** shape) * pull
        return np.asarray(np.clip(-np.expm1(-mass), 0.0, 0.5))

    def migration(self, state: AccountState) -> FloatArray:
        return np.where(state.segment < 4, 0.0004 + 0.02 * np.maximum(state.spread - 0.02, 0.0), 0.0)

    def growth(self, state: AccountState) -> FloatArray:
        return np.where(state.latent > 1.0 - self.surge, -0.03, -0.0005)


@dataclass(frozen=True)
class ThresholdLaw:
    """Two levels of closure, calm and awake, by the spread; large accounts wake earlier; age acts in steps."""

    def closure(self, state: AccountState) -> FloatArray:
        calm = np.array([0.005, 0.008, 0.006, 0.008, 0.010, 0.014])[state.segment]
        awake = calm * np.array([1.5, 2.2, 1.8, 2.0, 2.4, 2.8])[state.segment]
        edge = 0.018 - 0.003 * np.clip(state.size, -1.5, 1.5)
        share = np.clip((state.spread - edge) / 0.006 + 0.5, 0.0, 1.0)
        first_years = np.select([state.age_months <= 12, state.age_months <= 36], [1.8, 1.2], 0.9)
        return np.asarray((calm + (awake - calm) * share) * first_years)

    def migration(self, state: AccountState) -> FloatArray:
        return np.full(state.age_months.size, 0.0005) * (state.segment < 4)

    def growth(self, state: AccountState) -> FloatArray:
        return np.asarray(0.001 - 0.12 * np.clip(state.spread, 0.0, 0.04))


@dataclass(frozen=True)
class LogitWeibullLaw:
    """Log-odds of closing: a Weibull duration, a saturating tangent in the spread, a season and the account's size.

    Survivors save seasonally and spend more as the level of rates (not the spread) rises.
    """

    def closure(self, state: AccountState) -> FloatArray:
        level = np.array([-5.25, -4.75, -4.95, -4.75, -4.5, -4.1])[state.segment]
        pull = np.array([0.35, 0.6, 0.45, 0.6, 0.8, 1.0])[state.segment]
        age = np.maximum(state.age_months, 1) / 60.0
        score = level - 0.30 * np.log(age) + pull * np.tanh((state.spread - 0.016) / 0.010)
        score = score + 0.12 * np.cos(2 * np.pi * (state.month_of_year - 1) / 12) - 0.10 * np.clip(state.size, -2, 2)
        return np.asarray(1.0 / (1.0 + np.exp(-score)))

    def migration(self, state: AccountState) -> FloatArray:
        return np.where(state.segment < 4, 0.0008, 0.0)

    def growth(self, state: AccountState) -> FloatArray:
        saving = 0.002 * np.exp(-state.age_months / 30.0) - 0.0005
        return np.asarray(saving - 0.05 * np.clip(state.level - 0.02, 0.0, 0.05))


@dataclass(frozen=True)
class FrailtyLaw:
    """Gamma frailty: every account has its own pace, of mean 1 and variance one half, and those in a hurry drain too.

    The pace multiplies a constant of the segment and a power of the spread, so that what is left slows down.
    """

    def pace(self, state: AccountState) -> FloatArray:
        return np.asarray(gammaincinv(2.0, state.latent) / 2.0)

    def closure(self, state: AccountState) -> FloatArray:
        level = np.array([0.006, 0.010, 0.008, 0.011, 0.014, 0.020])[state.segment]
        rise = np.array([0.6, 1.0, 0.8, 1.0, 1.2, 1.5])[state.segment]
        power = 1.0 + rise * (np.clip(state.spread, 0.0, 0.06) / 0.02) ** 1.4
        return np.asarray(np.minimum(0.6 * level * power * self.pace(state), 0.5))

    def migration(self, state: AccountState) -> FloatArray:
        return np.where(state.segment < 4, 0.0006 * self.pace(state), 0.0)

    def growth(self, state: AccountState) -> FloatArray:
        return np.asarray(0.001 - 0.002 * self.pace(state) - 0.04 * np.clip(state.spread, 0.0, 0.05))


@dataclass(frozen=True)
class LogisticSegment(DepositSegment):
    """Marginal pass-through that rises along a logistic in the level of rates, from `low` to `high` around `middle`."""

    low: float = 0.05
    high: float = 0.60
    middle: float = 0.022
    steepness: float = 220.0

    @property
    def pass_through(self) -> PassThroughLaw:
        levels = np.linspace(0.0, 0.08, 161)
        marginal = self.low + (self.high - self.low) / (1.0 + np.exp(-self.steepness * (levels - self.middle)))
        return PassThroughLaw(levels, marginal, self.up, self.down, self.delay_up, self.delay_down)


@dataclass(frozen=True)
class StepSegment(DepositSegment):
    """Marginal pass-through of two values, `low` below `edge` and `high` above it, within five basis points."""

    low: float = 0.10
    high: float = 0.50
    edge: float = 0.02

    @property
    def pass_through(self) -> PassThroughLaw:
        levels = np.array([0.0, self.edge - 0.00025, self.edge + 0.00025, 0.08])
        marginal = np.array([self.low, self.low, self.high, self.high])
        return PassThroughLaw(levels, marginal, self.up, self.down, self.delay_up, self.delay_down)


def _as(kind: type, **changes: tuple) -> tuple[DepositSegment, ...]:
    """The built-in segments' volumes with another pricing law; every change is one value a segment."""
    names = [field.name for field in fields(DepositSegment)]
    found = []
    for position, segment in enumerate(SEGMENTS):
        values = {name: getattr(segment, name) for name in names}
        values |= {name: each[position] for name, each in changes.items()}
        found.append(kind(**values))
    return tuple(found)


LOGISTIC = _as(
    LogisticSegment,
    low=(0.01, 0.05, 0.06, 0.10, 0.25, 0.45),
    high=(0.15, 0.45, 0.45, 0.60, 0.75, 0.95),
    middle=(0.030, 0.022, 0.025, 0.020, 0.018, 0.015),
    up=(0.10, 0.18, 0.12, 0.20, 0.30, 0.50),
    down=(0.22, 0.30, 0.25, 0.30, 0.45, 0.60),
    delay_up=(3, 1, 2, 2, 1, 0),
    delay_down=(1, 0, 1, 0, 0, 0),
)
STEP = _as(
    StepSegment,
    low=(0.02, 0.10, 0.12, 0.15, 0.30, 0.55),
    high=(0.12, 0.35, 0.40, 0.55, 0.70, 0.90),
    edge=(0.030, 0.020, 0.020, 0.015, 0.020, 0.015),
    up=(0.25, 0.15, 0.20, 0.12, 0.20, 0.35),
    down=(0.12, 0.30, 0.15, 0.25, 0.35, 0.30),
    delay_up=(1, 1, 1, 1, 1, 1),
    delay_down=(2, 2, 2, 2, 2, 2),
)

BANKS: dict[str, tuple[SimulatorSettings, Laws]] = {
    "built_in": (SimulatorSettings(), Laws()),
    "two_types": (SimulatorSettings(), Laws(TwoTypeLaw(), WeibullMixtureLaw(), LOGISTIC)),
    "probit": (
        SimulatorSettings(turning_points=OTHER_CYCLES),
        Laws(RelativeProbitLaw(), ThresholdLaw(), STEP),
    ),
}

DEPOSIT_BANKS: dict[str, tuple[SimulatorSettings, Laws]] = {
    "logit_weibull": (SimulatorSettings(loans=1_500), Laws(deposits=LogitWeibullLaw(), segments=LOGISTIC)),
    "frailty": (
        SimulatorSettings(loans=1_500, turning_points=OTHER_CYCLES),
        Laws(deposits=FrailtyLaw(), segments=STEP),
    ),
}
"""Further laws of deposits alone, so that decay is judged on more shapes than the whole banks have."""
