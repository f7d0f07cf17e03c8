"""Durations, convexity, DV01, key-rate durations and the duration gap.

Durations are in years, convexities in years squared, rates decimals. `up` and `down` are values at zero rates plus and
minus `size`, continuously compounded.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import brentq

from behavior.errors import BehaviorError
from behavior.market.scenarios import Scenario, ScenarioSet, Shift
from behavior.market.shifts import BASIS_POINT
from behavior.quantities import FloatArray


def _float(values: ArrayLike) -> FloatArray:
    return np.asarray(values, dtype=np.float64)


def effective_duration(base: ArrayLike, up: ArrayLike, down: ArrayLike, size: float) -> FloatArray:
    """(V(-) - V(+)) / (2 size V), years; NaN where the base value is 0. Shapes broadcast."""
    value = _float(base)
    safe = np.where(value != 0, value, np.nan)
    return np.asarray((_float(down) - _float(up)) / (2.0 * size * safe))


def effective_convexity(base: ArrayLike, up: ArrayLike, down: ArrayLike, size: float) -> FloatArray:
    """(V(+) + V(-) - 2 V) / (size² V), years²; NaN where the base value is 0. Shapes broadcast."""
    value = _float(base)
    safe = np.where(value != 0, value, np.nan)
    return np.asarray((_float(up) + _float(down) - 2.0 * value) / (size * size * safe))


def dv01(up: ArrayLike, down: ArrayLike) -> FloatArray:
    """(V(-1 bp) - V(+1 bp)) / 2 in money, positive for a long bond. Shapes broadcast."""
    return np.asarray((_float(down) - _float(up)) / 2.0)


def key_rate_shifts(key_months: Sequence[float], size: float) -> tuple[Shift, ...]:
    """One triangular shift a key tenor: `size` there, 0 at its neighbours, flat beyond the first and last.

    They add up to a parallel shift, so key-rate durations add up to the effective duration.

    Parameters
    ----------
    key_months : rising tenors, months.
    size : decimals, signed.

    Raises
    ------
    BehaviorError : no tenor, or tenors that do not rise.
    """
    tenors = [float(month) for month in key_months]
    if not tenors or sorted(set(tenors)) != tenors:
        raise BehaviorError(f"key tenors {tenors} must rise without repeats, at least one.")
    return tuple(Shift.at_tenors(tenors, [size if other == tenor else 0.0 for other in tenors]) for tenor in tenors)


def parallel_pair(name: str, size: float) -> tuple[Scenario, Scenario]:
    """Parallel scenarios ``<name>_up`` and ``<name>_down`` (``up``, ``down`` without a name); size in decimals."""
    up, down = (f"{name}_{way}" if name else way for way in ("up", "down"))
    return Scenario(up, {"*": (Shift(size),)}), Scenario(down, {"*": (Shift(-size),)})


def sensitivity_scenarios(key_months: Sequence[float], size: float = BASIS_POINT) -> ScenarioSet:
    """Scenarios to value a book under for duration, convexity, DV01 and key-rate durations.

    base, ``up``, ``down``, then ``key_<months>m_up`` and ``key_<months>m_down`` of each key tenor; no floor, because a
    floor would bend the derivative.
    """
    scenarios = [Scenario("base"), *parallel_pair("", size)]
    for tenor, shift in zip(key_months, key_rate_shifts(key_months, size), strict=True):
        scenarios.append(Scenario(f"key_{tenor:g}m_up", {"*": (shift,)}))
        scenarios.append(Scenario(f"key_{tenor:g}m_down", {"*": (-shift,)}))
    return ScenarioSet(tuple(scenarios), "sensitivities", "none", "sum", "Central differences of zero rates")


@dataclass(frozen=True)
class Sensitivities:
    """What the values under `sensitivity_scenarios` say, each with the shape of the values' trailing axes.

    Parameters
    ----------
    value : base value, money.
    duration, convexity : effective, years and years².
    dv01 : money for one basis point down.
    key_months : tenors of `key_rate_durations`.
    key_rate_durations : (key tenors, ...), years; they add up to `duration`.
    """

    value: FloatArray
    duration: FloatArray
    convexity: FloatArray
    dv01: FloatArray
    key_months: tuple[float, ...]
    key_rate_durations: FloatArray


def sensitivities(values: ArrayLike, key_months: Sequence[float], size: float = BASIS_POINT) -> Sensitivities:
    """Durations from values under `sensitivity_scenarios` in their order, (3 + 2 tenors, ...).

    Raises
    ------
    BehaviorError : another number of scenarios.
    """
    found = _float(values)
    if found.shape[0] != 3 + 2 * len(key_months):
        raise BehaviorError(f"sensitivities: {found.shape[0]} values, expected {3 + 2 * len(key_months)} scenarios.")
    base, up, down = found[0], found[1], found[2]
    return Sensitivities(
        base,
        effective_duration(base, up, down, size),
        effective_convexity(base, up, down, size),
        dv01(up, down) * (BASIS_POINT / size),
        tuple(float(month) for month in key_months),
        effective_duration(base, found[3::2], found[4::2], size),
    )


@dataclass(frozen=True)
class FlowMeasures:
    """Measures of fixed cash flows at one yield or on a curve.

    Parameters
    ----------
    value : present value.
    macaulay : Σ t CF DF / value, years.
    modified : macaulay / (1 + y / f); on a curve of continuous rates the same as `macaulay`.
    convexity : Σ t (t + 1 / f) CF DF / (value (1 + y / f)²); on a curve Σ t² CF DF / value.
    """

    value: float
    macaulay: float
    modified: float
    convexity: float


def measures_at_yield(times: ArrayLike, flows: ArrayLike, rate: float, frequency: float = 1.0) -> FlowMeasures:
    """Measures of flows discounted at one yield compounded `frequency` times a year: DF = (1 + y / f)^(-f t)."""
    at, paid = _float(times), _float(flows)
    growth = 1.0 + rate / frequency
    value = paid * growth ** (-frequency * at)
    total = float(value.sum())
    macaulay = float((at * value).sum() / total)
    convexity = float((at * (at + 1.0 / frequency) * value).sum() / (total * growth**2))
    return FlowMeasures(total, macaulay, macaulay / growth, convexity)


def measures_on_curve(times: ArrayLike, flows: ArrayLike, discount_factors: ArrayLike) -> FlowMeasures:
    """Measures of flows under parallel shifts of continuously compounded zero rates."""
    at, value = _float(times), _float(flows) * _float(discount_factors)
    total = float(value.sum())
    macaulay = float((at * value).sum() / total)
    return FlowMeasures(total, macaulay, macaulay, float((at * at * value).sum() / total))


def yield_of(price: float, times: ArrayLike, flows: ArrayLike, frequency: float = 1.0) -> float:
    """The yield at which flows are worth `price`.

    Raises
    ------
    BehaviorError : no yield between -99% and 1000% gives the price.
    """

    def excess(rate: float) -> float:
        return measures_at_yield(times, flows, rate, frequency).value - price

    low, high = -0.99, 10.0
    if excess(low) * excess(high) > 0:
        raise BehaviorError(
            f"yield: no rate between {low:.0%} and {high:.0%} gives the price {price}. Check the flows."
        )
    return float(brentq(excess, low, high, xtol=1e-15, rtol=1e-14))


@dataclass(frozen=True)
class DurationGap:
    """The duration gap of a balance sheet at market value.

    Parameters
    ----------
    assets, liabilities : market values, positive.
    asset_duration, liability_duration : modified, years, weighted by value.
    gap : D_A - (L / A) D_L, years.
    convexity_gap : C_A - (L / A) C_L, years².
    """

    assets: float
    liabilities: float
    asset_duration: float
    liability_duration: float
    gap: float
    convexity_gap: float

    @property
    def equity_duration(self) -> float:
        """gap A / E, years; NaN without equity."""
        equity = self.assets - self.liabilities
        return self.gap * self.assets / equity if equity else float("nan")

    @property
    def asset_duration_for_zero_gap(self) -> float:
        """The asset duration that closes the gap: (L / A) D_L, years."""
        return self.asset_duration - self.gap

    def change(self, shift: ArrayLike, *, convexity: bool = True) -> FloatArray:
        """Change of equity for parallel shifts (decimals): -gap A dr + ½ convexity gap A dr², loss negative."""
        moved = _float(shift)
        second = 0.5 * self.convexity_gap * self.assets * moved**2 if convexity else 0.0
        return np.asarray(-self.gap * self.assets * moved + second)


def duration_gap(
    asset_values: ArrayLike,
    asset_durations: ArrayLike,
    liability_values: ArrayLike,
    liability_durations: ArrayLike,
    asset_convexities: ArrayLike = 0.0,
    liability_convexities: ArrayLike = 0.0,
) -> DurationGap:
    """The duration gap from values (positive on both sides), modified durations and convexities by item.

    With Macaulay durations divide them by 1 + r first.

    Raises
    ------
    BehaviorError : assets without value.
    """
    assets, liabilities = _float(asset_values), _float(liability_values)
    total, owed = float(assets.sum()), float(liabilities.sum())
    if not total > 0:
        raise BehaviorError("duration gap: assets are worth nothing; expected a value above 0.")

    def mean(weights: FloatArray, values: ArrayLike) -> float:
        return float((weights * _float(values)).sum() / weights.sum()) if weights.sum() else 0.0

    leverage = owed / total
    asset_duration, liability_duration = mean(assets, asset_durations), mean(liabilities, liability_durations)
    convexity = mean(assets, asset_convexities) - leverage * mean(liabilities, liability_convexities)
    gap = asset_duration - leverage * liability_duration
    return DurationGap(total, owed, asset_duration, liability_duration, gap, convexity)
