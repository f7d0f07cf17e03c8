"""Minimum probable amount: a quantile path of a segment's total balance under a lognormal walk, and what it implies.

Monthly log changes g = mu + sum of break dummies + noise; the drift is never credited when positive. A liquidity view
at segment level; the exported decay curves come from accounts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri

from behavior.errors import TooFewEvents
from behavior.quantities import FloatArray, IntArray


@dataclass(frozen=True)
class LogChanges:
    """Fit of monthly log changes.

    Parameters
    ----------
    mu, sigma : drift and residual deviation a month. breaks : size of each break month's jump. residuals : (months,).
    """

    mu: float
    sigma: float
    breaks: tuple[float, ...]
    residuals: FloatArray
    changes: FloatArray

    @property
    def cautious_drift(self) -> float:
        """The drift where it shrinks the balance, else 0: growth is not stable funding."""
        return min(self.mu, 0.0)


def fit_log_changes(balances: FloatArray, breaks: Sequence[int] = ()) -> LogChanges:
    """Least squares of log changes on a constant and one dummy a break (position of the change, from 0).

    Raises
    ------
    TooFewEvents : fewer than three changes beyond the parameters.
    """
    changes = np.diff(np.log(balances))
    design = np.ones((len(changes), 1 + len(breaks)))
    for place, position in enumerate(breaks):
        design[:, 1 + place] = np.arange(len(changes)) == position
    if len(changes) - design.shape[1] < 2:
        raise TooFewEvents(f"minimum probable amount: {len(changes)} monthly changes are too few.")
    beta, *_ = np.linalg.lstsq(design, changes, rcond=None)
    residuals = changes - design @ beta
    sigma = float(np.sqrt((residuals**2).sum() / (len(changes) - design.shape[1])))
    return LogChanges(float(beta[0]), sigma, tuple(float(one) for one in beta[1:]), residuals, changes)


def quantile_of(confidence: float) -> float:
    """Normal quantile below which the balance falls with probability 1 - confidence; negative."""
    return float(ndtri(1.0 - confidence))


def minimum_probable_amount(balance: float, drift: float, sigma: float, quantile: float, months: int) -> FloatArray:
    """Lowest probable balance after 0 .. `months` months, currency units: B exp(drift h + z sigma sqrt(h))."""
    horizon = np.arange(months + 1, dtype=np.float64)
    return np.asarray(balance * np.exp(drift * horizon + quantile * sigma * np.sqrt(horizon)))


@dataclass(frozen=True)
class RunOff:
    """Run-off of a minimum-probable path: flows in months 1 .. last, the rest paid at the last month.

    Parameters
    ----------
    flows : shape (months,). remainder : what is left at the last month. mean_life, core_mean_life : months; the core's
        leaves out the first month's flow, which is the non-core part.
    """

    flows: FloatArray
    remainder: float
    mean_life: float
    core_mean_life: float
    non_core_share: float


def run_off(path: FloatArray) -> RunOff:
    """Flows and mean lives of a path of lowest probable balances, shape (months + 1,)."""
    flows = -np.diff(path)
    months = np.arange(1, len(flows) + 1)
    paid = flows.copy()
    paid[-1] += path[-1]
    core = float(paid[1:].sum())
    core_life = float((months[1:] * paid[1:]).sum() / core) if core > 0 else 0.0
    return RunOff(
        flows, float(path[-1]), float((months * paid).sum() / path[0]), core_life, float(1.0 - path[1] / path[0])
    )


@dataclass(frozen=True)
class Exceedances:
    """Months in which a realised balance fell below what was probable from an earlier month, by horizon."""

    pairs: IntArray
    exceed: IntArray

    @property
    def rate(self) -> float:
        """Share of pairs that fell below."""
        return float(self.exceed.sum() / self.pairs.sum()) if self.pairs.sum() else float("nan")


def back_test(balances: FloatArray, first: int, drift: float, sigma: float, quantile: float, most: int) -> Exceedances:
    """Frozen parameters against realised balances, every origin from position `first` + 1 on, horizons 1 .. `most`."""
    pairs, exceed = np.zeros(most, dtype=np.int64), np.zeros(most, dtype=np.int64)
    for origin in range(first, len(balances) - 1):
        for horizon in range(1, min(most, len(balances) - 1 - origin) + 1):
            probable = balances[origin] * np.exp(drift * horizon + quantile * sigma * np.sqrt(horizon))
            pairs[horizon - 1] += 1
            exceed[horizon - 1] += balances[origin + horizon] < probable
    return Exceedances(pairs, exceed)


def surge_balance(balances: FloatArray, window: int) -> tuple[FloatArray, float]:
    """Balance above a log-linear trend fitted on the first `window` months and carried on; and the trend's slope.

    Currency units, never negative, 0 inside the window.
    """
    month = np.arange(len(balances), dtype=np.float64)
    slope, level = np.polyfit(month[:window], np.log(balances[:window]), 1)
    surge = np.maximum(balances - np.exp(level + slope * month), 0.0)
    surge[:window] = 0.0
    return surge, float(slope)


def core_by_rolling_minimum(balances: FloatArray, months: int) -> float:
    """Core share by method (c): lowest of the last `months` balances over the latest."""
    return float(balances[-months:].min() / balances[-1])
