"""Bootstrap by customer x calendar block: what months share, and what customers share, is drawn again as a whole.

Customers and six-month blocks are drawn apart and multiplied (two-way, "pigeonhole" resampling): a shock that all
customers of half a year share moves every one of them in a draw. Where one block is all there is, only customers vary.
Source: Owen (2007), The pigeonhole bootstrap, Annals of Applied Statistics 1(2).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from behavior.quantities import AnyArray, FloatArray, IntArray

BLOCK_MONTHS = 6
GROUPS = 150
LEVEL = 0.90


@dataclass(frozen=True)
class Draws:
    """Weights of cells (customer group x calendar block) in every draw.

    Parameters
    ----------
    cell : cell of each row, shape (rows,). weights : shape (draws, cells); the first draw is the sample itself.
    """

    cell: IntArray
    weights: FloatArray

    def sums(self, *columns: FloatArray) -> FloatArray:
        """Column totals in every draw, shape (draws, columns)."""
        count = self.weights.shape[1]
        cells = np.column_stack([np.bincount(self.cell, one, count) for one in columns])
        return np.asarray(self.weights @ cells)

    def sums_by(self, code: IntArray, size: int, *columns: FloatArray) -> list[FloatArray]:
        """Totals by code, shape (draws, size) for each column."""
        count = self.weights.shape[1]
        found = []
        for one in columns:
            cells = np.bincount(self.cell * size + code, one, count * size).reshape(count, size)
            found.append(np.asarray(self.weights @ cells))
        return found


def draws_of(customer: AnyArray, block: IntArray, seed: int, replicates: int) -> Draws:
    """Draws for rows of customers (put into at most `GROUPS` groups) and blocks of time, by any whole number."""
    who = pd.factorize(customer)[0] % GROUPS
    when, blocks = pd.factorize(block, sort=True)
    count = int(who.max()) + 1 if len(who) else 1
    rng = np.random.default_rng(seed)
    drawn_who = _counts(rng, count, replicates)
    drawn_when = _counts(rng, max(len(blocks), 1), replicates)
    weights = (drawn_who[:, :, None] * drawn_when[:, None, :]).reshape(replicates + 1, -1)
    return Draws((who * max(len(blocks), 1) + when).astype(np.int64), weights)


def _counts(rng: np.random.Generator, count: int, replicates: int) -> FloatArray:
    """How often each is drawn; one alone is always drawn."""
    drawn = rng.multinomial(count, np.full(count, 1.0 / count), size=replicates).astype(np.float64)
    return np.concatenate([np.ones((1, count)), drawn])


def value_and_interval(values: FloatArray, level: float = LEVEL) -> tuple[float, float, float]:
    """Value on the sample (the first draw) and percentile interval over the others; NaN where no draw has a value."""
    known = values[1:][np.isfinite(values[1:])]
    if len(known) < 10:
        return float(values[0]), float("nan"), float("nan")
    low, high = np.quantile(known, [(1 - level) / 2, (1 + level) / 2])
    return float(values[0]), float(low), float(high)


def of_absolute_error(values: FloatArray) -> FloatArray:
    """Draws of a mean absolute error, moved back to the error itself, at least 0.

    A sample drawn again adds its noise to every part of which the absolute value is taken, so that all draws lie above
    the error of the sample; how far they lie apart is what the interval is to say. Source: Efron and Tibshirani (1993),
    An introduction to the bootstrap, chapter 10.
    """
    known = np.isfinite(values[1:])
    if not known.any():
        return values
    growth = float(values[1:][known].mean() - values[0])
    return np.append(values[0], np.maximum(values[1:] - growth, 0.0))


def joint_region(values: FloatArray, level: float) -> tuple[FloatArray, FloatArray]:
    """Bounds by bucket that hold all together at `level` (largest standardised deviation); values (draws, buckets)."""
    draws = values[1:]
    spread = np.nanstd(draws, axis=0)
    spread = np.where(spread > 0, spread, np.nan)
    largest = np.nanmax(np.abs(draws - values[0]) / spread, axis=1)
    reach = float(np.nanquantile(largest, level))
    return np.asarray(values[0] - reach * spread), np.asarray(values[0] + reach * spread)
