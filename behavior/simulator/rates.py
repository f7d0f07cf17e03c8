"""Monthly rates with full cycles up and down: short rate, zero curve, mortgage rate, and the macro series."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from behavior.months import month_end
from behavior.quantities import MONTHS_PER_YEAR, DateArray, FloatArray, IntArray
from behavior.simulator.settings import SimulatorSettings

NODES = np.array([1, 3, 6, 12, 24, 36, 60, 84, 120, 180, 240, 360], dtype=np.int64)
FLOATING_INDEX = "SOFR"
FLOATING_BASIS = 0.0008
SHORT_INDEX = "FEDFUNDS"
MORTGAGE_INDEX = "MORTGAGE30"
ROLES = {"short": SHORT_INDEX, "mortgage": MORTGAGE_INDEX}
LOWEST_SHORT = 0.0005
DECAY_MONTHS = 30.0
REGIONS = ("north", "south", "east", "west")


@dataclass(frozen=True)
class RatePaths:
    """Monthly rates from the first origination to as-of.

    Parameters
    ----------
    month_ends : datetime64[D], shape (months,), last one as-of. month_of_year : 1 to 12, shape (months,).
    first : position of the first month of the histories.
    short : simple one-month rate fixed at each month end, decimals a year, shape (months,).
    mortgage : offered 30-year mortgage rate at each month end, decimals a year, shape (months,).
    zeros : continuously compounded zero rates, shape (months, nodes).
    house_prices : index by region, 1 at the start, shape (months, regions). unemployment : decimal, shape (months,).
    """

    month_ends: DateArray
    month_of_year: IntArray
    first: int
    short: FloatArray
    mortgage: FloatArray
    zeros: FloatArray
    house_prices: FloatArray
    unemployment: FloatArray

    @property
    def months(self) -> int:
        """Number of months on the path."""
        return int(self.short.size)

    def node(self, tenor_months: int) -> FloatArray:
        """Zero rate at one node over time, shape (months,)."""
        return np.asarray(self.zeros[:, int(np.flatnonzero(tenor_months == NODES)[0])])


def simulate_rates(settings: SimulatorSettings, rng: np.random.Generator) -> RatePaths:
    """Rates, house prices and unemployment over all months; the short rate moves in quarter points, like a policy rate.

    The turning points are moved by up to two months and 25 bp, so that seeds differ but every path keeps its cycles.
    """
    last = np.datetime64(settings.as_of, "M")
    start = np.datetime64(settings.turning_points[0][0], "M")
    months = int((last - start).astype(np.int64)) + 1
    smooth = _smooth_short(settings, start, months, rng)
    short = np.maximum(np.round(smooth[:months] * 400) / 400 + 0.0002 * rng.standard_normal(months), LOWEST_SHORT)
    zeros = _zero_curves(short, smooth, rng)
    spread = 0.017 + _persistent(months, 0.9, 0.0005, rng)
    mortgage = np.round(zeros[:, int(np.flatnonzero(NODES == 120)[0])] + spread, 4)
    growth = 0.0025 + 0.0015 * rng.standard_normal((months, len(REGIONS))) - 0.03 * (smooth[:months, None] - 0.03)
    unemployment = 0.05 + 0.35 * (0.03 - np.r_[np.full(9, smooth[0]), smooth[: months - 9]]) * 0.5
    unemployment = unemployment + _persistent(months, 0.95, 0.0008, rng)
    numbers = np.arange(months) + int(start.astype(np.int64))
    return RatePaths(
        month_ends=month_end(numbers.astype("datetime64[M]")),
        month_of_year=numbers % MONTHS_PER_YEAR + 1,
        first=months - settings.months,
        short=short,
        mortgage=np.maximum(mortgage, 0.01),
        zeros=zeros,
        house_prices=np.exp(np.cumsum(growth, axis=0)),
        unemployment=np.maximum(unemployment, 0.02),
    )


def _smooth_short(
    settings: SimulatorSettings, start: np.datetime64, months: int, rng: np.random.Generator
) -> FloatArray:
    """Cosine arcs between the turning points, with twelve months beyond as-of for what long rates look forward to."""
    when = np.array([(np.datetime64(month, "M") - start).astype(np.int64) for month, _ in settings.turning_points])
    level = np.array([value for _, value in settings.turning_points])
    inner = np.arange(when.size)[1:-1]
    when = when.astype(np.float64)
    when[inner] += rng.integers(-2, 3, inner.size)
    level = np.maximum(level + rng.uniform(-0.0025, 0.0025, level.size), LOWEST_SHORT)
    grid = np.arange(months + MONTHS_PER_YEAR, dtype=np.float64)
    left = np.clip(np.searchsorted(when, grid, side="right") - 1, 0, when.size - 2)
    part = np.clip((grid - when[left]) / (when[left + 1] - when[left]), 0.0, 1.0)
    return np.asarray(level[left] + (level[left + 1] - level[left]) * (1.0 - np.cos(np.pi * part)) / 2.0)


def _persistent(months: int, memory: float, size: float, rng: np.random.Generator) -> FloatArray:
    """A first-order autoregression around zero, from rest; shape (months,)."""
    path = np.empty(months)
    value = 0.0
    for month, shock in enumerate(size * rng.standard_normal(months)):
        value = memory * value + shock
        path[month] = value
    return path


def _zero_curves(short: FloatArray, smooth: FloatArray, rng: np.random.Generator) -> FloatArray:
    """Nelson–Siegel curves whose one-month node is the short rate; shape (months, nodes), continuous compounding."""
    months = short.size
    expected = np.convolve(smooth, np.full(13, 1 / 13), mode="valid")[:months]
    expected = np.r_[expected, np.full(months - expected.size, expected[-1])]
    level = 0.0150 + 0.55 * expected + 0.45 * 0.0300 - 0.0045 + _persistent(months, 0.95, 0.0010, rng)
    hump = _persistent(months, 0.9, 0.0008, rng)
    one_month = np.log1p(short / MONTHS_PER_YEAR) * MONTHS_PER_YEAR
    ratio = NODES / DECAY_MONTHS
    slope_weight = -np.expm1(-ratio) / ratio
    hump_weight = slope_weight - np.exp(-ratio)
    first = level + (one_month - level - hump * hump_weight[0]) / slope_weight[0]
    zeros = level[:, None] + (first - level)[:, None] * slope_weight + hump[:, None] * hump_weight
    return np.asarray(np.round(zeros, 8))


def rate_history(paths: RatePaths) -> pd.DataFrame:
    """rate_history/1: date, index, value (decimals a year), all months including those before the histories."""
    series = {
        SHORT_INDEX: paths.short,
        MORTGAGE_INDEX: paths.mortgage,
        FLOATING_INDEX: one_year_rate(paths),
        "SWAP_2Y": paths.node(24),
        "SWAP_5Y": paths.node(60),
        "SWAP_10Y": paths.node(120),
    }
    frames = [
        pd.DataFrame({"date": as_timestamps(paths.month_ends), "index": name, "value": np.round(values, 8)})
        for name, values in series.items()
    ]
    return pd.concat(frames, ignore_index=True)


def one_year_rate(paths: RatePaths) -> FloatArray:
    """Simple twelve-month rate of the floating index at each month end, what adjustable loans reset to."""
    return np.asarray(np.expm1(paths.node(12) + FLOATING_BASIS))


def curve_table(paths: RatePaths, currency: str) -> pd.DataFrame:
    """curves/1: the discount curve at every month end (curve history), and at as-of the floating index and today's
    mortgage rate, which stands at tenor 0."""
    dates = as_timestamps(paths.month_ends)
    discount = pd.DataFrame(
        {
            "as_of": dates.repeat(NODES.size),
            "currency": currency,
            "index": "discount",
            "months": np.tile(NODES, paths.months),
            "zero_rate": paths.zeros.ravel(),
        }
    )
    floating = discount.iloc[-NODES.size :].assign(
        index=FLOATING_INDEX, zero_rate=np.round(paths.zeros[-1] + FLOATING_BASIS, 8)
    )
    today = pd.DataFrame(
        {
            "as_of": dates[-1:],
            "currency": currency,
            "index": [MORTGAGE_INDEX],
            "months": [0],
            "zero_rate": paths.mortgage[-1:],
        }
    )
    return pd.concat([discount, floating, today], ignore_index=True)


def as_timestamps(days: DateArray) -> pd.DatetimeIndex:
    """Dates as pandas holds them in every table of the simulator."""
    return pd.DatetimeIndex(days.astype("datetime64[us]"))
