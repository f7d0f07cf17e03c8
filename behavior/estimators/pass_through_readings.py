"""What people say about pass-through: betas over a cycle, observed or read from a law."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from behavior.assumptions.pass_through_path import NO_FLOOR, PassThroughLaw, project_rate_paid
from behavior.assumptions.repricing import half_life_months
from behavior.estimators.pass_through_static import LEAST_CYCLE, Cycle
from behavior.quantities import FloatArray


def one_period_betas(market: FloatArray, paid: FloatArray) -> FloatArray:
    """Change of the rate paid over that of the market rate, shape (months − 1,); NaN where the market did not move."""
    move = np.diff(market)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.where(move != 0.0, np.diff(paid) / move, np.nan))


def cumulative_betas(market: FloatArray, paid: FloatArray) -> FloatArray:
    """Ratio of the changes since the first month, shape (months − 1,); NaN where the market is back at its start."""
    move = market[1:] - market[0]
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.where(move != 0.0, (paid[1:] - paid[0]) / move, np.nan))


@dataclass(frozen=True)
class CycleReading:
    """Betas of one cycle.

    Parameters
    ----------
    interim : cumulative beta in the month of the last move of the market rate.
    terminal : cumulative beta when the rate paid stops adjusting, over the same move of the market rate.
    """

    interim: float
    terminal: float


def cycle_reading(market: FloatArray, paid: FloatArray, start: int, last_move: int, plateau_end: int) -> CycleReading:
    """Observed betas between given months (positions in the series)."""
    move = market[last_move] - market[start]
    if move == 0.0:
        return CycleReading(float("nan"), float("nan"))
    return CycleReading(float((paid[last_move] - paid[start]) / move), float((paid[plateau_end] - paid[start]) / move))


@dataclass(frozen=True)
class CycleMonths:
    """Positions that a cycle is read between: its first month, the last move of the market rate, and the month in which
    the rate paid had moved as far as it went."""

    start: int
    last_move: int
    settled: int


def cycle_months(market: FloatArray, paid: FloatArray, cycle: Cycle, stop: int) -> CycleMonths:
    """Where interim and terminal beta of a move of the market rate are read.

    Parameters
    ----------
    market, paid : shape (months,), decimals a year. stop : last position looked at, the end of the opposite move that
        follows or of the series; the rate paid has settled where it is farthest in the direction of the move.
    """
    moved = np.flatnonzero(np.diff(market[cycle.first : cycle.last + 1]))
    last_move = cycle.first + int(moved[-1]) + 1 if moved.size else cycle.last
    direction = np.sign(market[cycle.last] - market[cycle.first])
    settled = last_move + int(np.argmax(direction * paid[last_move : stop + 1]))
    return CycleMonths(cycle.first, last_move, settled)


def rolling_betas(market: FloatArray, paid: FloatArray, window: int) -> FloatArray:
    """Static beta (rate paid on a constant and the market rate) over the `window` months up to each, shape (months,).

    NaN before the first whole window, and where the market rate ranged over less than `LEAST_CYCLE` (decimal) in it.
    """
    found = np.full(market.size, np.nan)
    if market.size < window:
        return found
    driver = np.lib.stride_tricks.sliding_window_view(market, window)
    outcome = np.lib.stride_tricks.sliding_window_view(paid, window)
    centred = driver - driver.mean(axis=1, keepdims=True)
    told = np.ptp(driver, axis=1) >= LEAST_CYCLE
    found[window - 1 :][told] = np.sum(centred * outcome, axis=1)[told] / np.sum(centred**2, axis=1)[told]
    return found


@dataclass(frozen=True)
class LawReading:
    """A law in treasury's words.

    Parameters
    ----------
    long_run_beta : share of a move from `low` to `high` passed on in the end. half_life_up, half_life_down : months,
        delay not counted.
    after_twelve_months : share of a sudden move from `low` to `high` passed on in its first twelve months.
    """

    long_run_beta: float
    half_life_up: float
    half_life_down: float
    after_twelve_months: float


def read_law(law: PassThroughLaw, low: float, high: float) -> LawReading:
    """Readings of a law for a move between two levels of the short rate (decimals a year)."""
    step = np.concatenate([[low], np.full(12, high)])
    passed = project_rate_paid(law, step, 0.0, floor=NO_FLOOR)[-1]
    return LawReading(
        long_run_beta=float(law.target_change(low, high)) / (high - low),
        half_life_up=half_life_months(law.up),
        half_life_down=half_life_months(law.down),
        after_twelve_months=float(passed) / (high - low),
    )
