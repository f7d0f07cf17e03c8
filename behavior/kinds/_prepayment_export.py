"""Payoff hazard on a grid of months, incentive and months in the money, averaged over the loans of the as-of book."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from behavior.assumptions.curve import AssumptionCurve
from behavior.assumptions.effects import Driver
from behavior.estimators.bands import log_error, log_error_between
from behavior.estimators.terms import column_of
from behavior.features.base import FeatureMatrix
from behavior.kinds._prepayment_penalties import PenaltiesOfRows
from behavior.kinds._prepayment_raking import Factors
from behavior.kinds._prepayment_resets import Resets
from behavior.quantities import AnyArray, BoolArray, FloatArray, IntArray

AGES = np.fromstring(
    "1 2 3 4 5 6 8 10 12 15 18 21 24 27 30 33 36 42 48 "
    "54 60 72 84 96 108 120 144 168 192 216 240 264 288 312 336 360 420 480",
    dtype=np.int64,
    sep=" ",
)
BURNOUT = np.array([0, 1, 2, 3, 4, 6, 8, 10, 12, 15, 18, 21, 24, 30, 36, 42, 48, 60, 72, 84, 96, 120, 150, 180, 240])
STEP = 0.0025
NODES = 24
INCENTIVE, IN_THE_MONEY = "incentive", "months_in_the_money"
REACH = 0.005
FALL = 0.02
"""Fall of rates below today's that the grid has nodes for, decimal a year: as far as valuations usually shock them."""
MACROS = ("unemployment_rate",)
"""Features that move with the calendar for all loans alike; a curve holds them at their last values."""

BAND = 1.6448536269514722


@dataclass(frozen=True)
class Grid:
    """Rising nodes: ages and months in the money in months, incentive in decimals a year.

    An axis that a table lacks has one node, which is no number: loans keep their own value there.
    """

    ages: IntArray
    incentives: FloatArray
    burnout: FloatArray


def grid_for(
    incentive: FloatArray,
    burnout: FloatArray,
    months: int,
    drivers: Sequence[Driver],
    further: Sequence[int] | IntArray = (),
    today: FloatArray | None = None,
) -> Grid:
    """Nodes that cover what the history saw, one step beyond on each side of the incentive; `further` ages as well.

    The incentive goes on to where `FALL` would take `today`'s loans: held at the last node that was seen, a band would
    speak of that one, and after years of rises alone of no refinancing at all. Downwards payoffs have a floor.
    """
    ages = np.unique(np.array([*AGES[months >= AGES], months, *further], dtype=np.int64))
    low, high = np.quantile(incentive, [0.0005, 0.9995])
    if today is not None and len(today):
        high = max(high, float(np.quantile(today, 0.9995)) + FALL)
    nodes = np.arange(np.floor(low / STEP) - 1, np.ceil(high / STEP) + 2) * STEP
    most = float(np.quantile(burnout, 0.9995))
    burnt = BURNOUT[: int(np.searchsorted(BURNOUT, most)) + 1].astype(np.float64)
    if Driver.MONTHS_IN_THE_MONEY not in drivers:
        burnt = np.full(1, np.nan)
    if Driver.RATE_INCENTIVE not in drivers:
        nodes = np.full(1, np.nan)
    return Grid(ages, np.round(nodes, 6), burnt)


def representatives(matrix: FeatureMatrix, weight: FloatArray, age: float, order: IntArray) -> IntArray:
    """Rows that stand for the loans near an age, alike, shape (`NODES`,).

    Loans count with their balance times a bell in log age, so that every age sees the survivors of that age; where few
    loans are near, the whole book fills in. Rows are drawn systematically along `order` (the model's score).
    """
    own = column_of(matrix, "age_months")
    bell = np.exp(-0.5 * (np.log((own + 6.0) / (age + 6.0)) / 0.35) ** 2)
    count = float(bell.sum())
    blend = weight * (bell + max(0.0, 200.0 - count) / max(len(own), 1))
    total = np.cumsum(blend[order])
    marks = (np.arange(NODES) + 0.5) / NODES * total[-1]
    return np.asarray(order[np.searchsorted(total, marks)])


def season_of(model: Any, matrix: FeatureMatrix, weight: FloatArray, seed: int) -> tuple[float, ...]:
    """Twelve factors, January first, mean 1: the model's hazard on the same rows in each calendar month."""
    if "month_of_year" not in matrix.names:
        return (1.0,) * 12
    rng = np.random.default_rng(seed)
    some = rng.choice(len(matrix.values), size=min(4_000, len(matrix.values)), replace=False)
    values = matrix.values[np.sort(some)].copy()
    place = matrix.names.index("month_of_year")
    means = []
    for month in range(1, 13):
        values[:, place] = month
        hazard = model.predict_hazard(matrix.with_values(values))
        means.append(float(np.average(hazard, weights=weight[np.sort(some)])))
    if not np.mean(means) > 0:  # a cause that never happened has no season
        return (1.0,) * 12
    factors = np.asarray(means) / np.mean(means)
    return tuple(float(round(one, 6)) for one in factors)


def macros_held(matrix: FeatureMatrix, month: IntArray) -> FeatureMatrix:
    """The matrix with each of `MACROS` in all months as it last was: what a curve, which has no axis for it, speaks of.

    A month's rows move by the difference of its mean from that of the last month that has any, so that what tells
    places apart stays.

    Parameters
    ----------
    month : month number of each row.
    """
    values = matrix.values.copy()
    for name in (one for one in MACROS if one in matrix.names):
        own = values[:, matrix.names.index(name)]
        known = ~np.isnan(own)
        if not known.any():
            continue
        place = month[known] - month[known].min()
        counts = np.bincount(place)
        means = np.bincount(place, own[known]) / np.maximum(counts, 1)
        own[known] += means[-1] - means[place]
    return matrix.with_values(values)


def macros_in_words(model: Any, held: FeatureMatrix, weight: FloatArray, last: BoolArray) -> str:
    """At what value each of `MACROS` is held, and how the hazard of the last month's loans moves with it, by balance.

    A curve has no axis for a macro: who expects another value can lay the factor over the curve.

    Parameters
    ----------
    held : matrix with macros held. weight : balances. last : rows of the last month; shape (rows,) each.
    """
    words, today, balance = ["held at their last values"], held.values[last], weight[last]
    for name in (one for one in MACROS if one in held.names):
        place = held.names.index(name)
        if np.isnan(today[:, place]).all():
            continue
        moved = today.copy()
        moved[:, place] += 0.01
        before, after = (float(balance @ model.predict_hazard(held.with_values(one))) for one in (today, moved))
        mean = float(np.average(today[:, place][~np.isnan(today[:, place])]))
        factor = after / max(before, 1e-300)
        words.append(f"{name} {mean:.4g}, of which 0.01 more multiplies the hazard by {factor:.3f}")
    return "; ".join(words)


def surface(
    model: Any,
    rival: Any | None,
    matrix: FeatureMatrix,
    weight: FloatArray,
    grid: Grid,
    season: tuple[float, ...],
    ends: Sequence[Resets | PenaltiesOfRows],
) -> tuple[FloatArray, FloatArray]:
    """Hazard without season, shape (incentives, burnout, ages), and the standard error of its logarithm.

    The error is that of the mean over the loans, by the model's own covariance; `rival` is a freer form fitted to the
    same history, which says what the choice of a stiffer one leaves open.
    """
    share = np.full(NODES, 1.0 / NODES)
    neutral = int(np.argmin(np.abs(np.asarray(season) - 1.0)))
    order = np.argsort(model.score(matrix), kind="stable")
    mean = np.empty((len(grid.incentives), len(grid.burnout), len(grid.ages)))
    coarse = [_thinned(len(axis)) for axis in (grid.incentives, grid.burnout, grid.ages)]
    error = np.zeros([len(one) for one in coarse])
    cells = np.stack(np.meshgrid(grid.incentives, grid.burnout, indexing="ij"), -1).reshape(-1, 2)
    axes = [
        (name, own) for name, own in zip((INCENTIVE, IN_THE_MONEY), cells.T, strict=True) if not np.isnan(own).any()
    ]
    for place, age in enumerate(grid.ages):
        rows = representatives(matrix, weight, float(age), order)
        values = np.repeat(matrix.values[rows][None], len(cells), axis=0)
        for name, own in axes:
            _set(values, matrix, name, own[:, None])
        _set(values, matrix, "age_months", float(age))
        for end in ends:
            for name, codes in end.codes(matrix, rows, float(age)).items():
                _set(values, matrix, name, codes)
        _set(values, matrix, "month_of_year", neutral + 1.0)
        flat = matrix.with_values(values.reshape(-1, values.shape[-1]))
        hazard = model.predict_hazard(flat).reshape(len(cells), -1) / season[neutral]
        mean[:, :, place] = (hazard @ share).reshape(mean.shape[:2])
        if place in coarse[2]:
            some = values.reshape(*mean.shape[:2], *values.shape[1:])[np.ix_(coarse[0], coarse[1])]
            near = _neighbourhood(matrix, some)
            error[:, :, int(np.searchsorted(coarse[2], place))] = _error(model, rival, near).reshape(error.shape[:2])
    return mean, _refined(error, coarse, mean.shape)


def _neighbourhood(matrix: FeatureMatrix, values: FloatArray) -> FeatureMatrix:
    """The loans of each cell strewn over what the cell stands for: a band speaks of a cell's mean, not of a point.

    Half a point of incentive, a third of the age and of the months in the money to either side, and every month of the
    year: a curve carries no season, and what is open about one month's level is no error of the mean over all.
    """
    even = (np.arange(NODES) + 0.5) / NODES * 2.0 - 1.0
    strewn = values.copy()
    _set(strewn, matrix, "month_of_year", np.arange(NODES) % 12 + 1.0)
    for name, stride in ((INCENTIVE, 7), (IN_THE_MONEY, 11), ("age_months", 5)):
        if name not in matrix.names:
            continue
        place = matrix.names.index(name)
        offset = even[np.arange(NODES) * stride % NODES]
        if name == INCENTIVE:
            strewn[..., place] = strewn[..., place] + REACH * offset
        else:
            strewn[..., place] = np.maximum(np.expm1(np.log1p(strewn[..., place]) + offset / 3.0), 0.0)
    return matrix.with_values(strewn.reshape(-1, values.shape[-1]))


def _thinned(count: int) -> IntArray:
    """Every third position and both ends: errors are smooth, and dear."""
    return np.unique(np.append(np.arange(0, count, 3), count - 1)).astype(np.int64)


def _refined(error: FloatArray, coarse: Sequence[IntArray], shape: tuple[int, ...]) -> FloatArray:
    """Linear between the thinned positions, axis after axis."""
    for axis, (places, count) in enumerate(zip(coarse, shape, strict=True)):
        moved = np.moveaxis(error, axis, -1).reshape(-1, len(places))
        full = np.array([np.interp(np.arange(count), places, row) for row in moved])
        others = [one for one in range(error.ndim) if one != axis]
        error = np.moveaxis(full.reshape(*(error.shape[one] for one in others), count), -1, axis)
    return error


def _error(model: Any, rival: Any | None, few: FeatureMatrix) -> FloatArray:
    """Standard error of each cell's log hazard: of a stiff form, as if the freer one beside it might be right."""
    if rival is None:
        return log_error(model, few, NODES)
    return log_error_between(model, rival, 0.0, few, NODES)


def _set(values: FloatArray, matrix: FeatureMatrix, name: str, value: Any) -> None:
    if name in matrix.names:
        values[..., matrix.names.index(name)] = value


def exposure(table: pd.DataFrame, grid: Grid) -> FloatArray:
    """Months of observation nearest to each cell, shape (incentives, burnout, ages)."""
    i = nearest(grid.incentives, table["incentive"].to_numpy(dtype=np.float64))
    j = nearest(grid.burnout, table["months_in_the_money"].to_numpy(dtype=np.float64))
    k = nearest(grid.ages.astype(np.float64), table["age_months"].to_numpy(dtype=np.float64))
    shape = (len(grid.incentives), len(grid.burnout), len(grid.ages))
    flat = np.ravel_multi_index((i, j, k), shape)
    return np.bincount(flat, minlength=int(np.prod(shape))).reshape(shape).astype(np.float64)


def nearest(nodes: FloatArray, values: FloatArray) -> IntArray:
    """Position of the node nearest to each value."""
    if len(nodes) == 1:
        return np.zeros(len(values), dtype=np.int64)
    middle = 0.5 * (nodes[1:] + nodes[:-1])
    return np.searchsorted(middle, values).astype(np.int64)


def make_curve(
    segment: tuple[str, ...],
    grid: Grid,
    drivers: tuple[Driver, ...],
    values: FloatArray,
    error: FloatArray,
    months: FloatArray,
) -> AssumptionCurve:
    """A curve on the grid, rising in the incentive, with its band and exposure."""
    rising = np.clip(np.maximum.accumulate(values, axis=0), 0.0, 1.0)
    grids: dict[Driver, AnyArray] = {Driver.RATE_INCENTIVE: grid.incentives, Driver.MONTHS_IN_THE_MONEY: grid.burnout}
    keep = tuple(slice(None) if driver in drivers else 0 for driver in grids)
    lower = np.clip(rising * np.exp(-BAND * error), 0.0, 1.0)
    upper = np.clip(rising * np.exp(BAND * error), 0.0, 1.0)
    rising, lower, upper = rising_with_band(rising, lower, upper)
    return AssumptionCurve(
        segment=segment,
        months=grid.ages,
        driver_grids={driver: grids[driver] for driver in drivers},
        values=rising[keep],
        lower=lower[keep],
        upper=upper[keep],
        exposure_months=months[keep],
    )


def rising_with_band(
    values: FloatArray, lower: FloatArray, upper: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Values and band, rising along the first axis, the incentive.

    A hazard that never falls lies above every lower bound before it and below every upper bound after it: how little is
    known of incentives that hardly a loan had is no doubt about those that many had.
    """
    risen = np.maximum.accumulate(values, axis=0)
    least = np.minimum(np.maximum.accumulate(lower, axis=0), risen)
    most = np.maximum(np.minimum.accumulate(upper[::-1], axis=0)[::-1], risen)
    return risen, least, most


def digest_of(names: AnyArray) -> str:
    """sha256 over the units that a table was averaged over."""
    return hashlib.sha256("\n".join(str(one) for one in names).encode()).hexdigest()[:16]


def raked(curve: AssumptionCurve, factors: Factors) -> AssumptionCurve:
    """The curve times smooth factors along its axes, band included, and still rising in the incentive."""
    log = np.full(curve.values.shape, factors.level)
    axes = {Driver.RATE_INCENTIVE: "incentive", Driver.MONTHS_IN_THE_MONEY: "burnout"}
    grids = [(axes[driver], np.asarray(curve.driver_grids[driver])) for driver in curve.driver_grids]
    for place, (name, grid) in enumerate([*grids, ("age", curve.months.astype(np.float64))]):
        shape = [1] * curve.values.ndim
        shape[place] = -1
        log = log + factors.of(name, grid).reshape(shape)

    assert curve.lower is not None and curve.upper is not None
    factor = np.exp(log)
    values, lower, upper = (np.clip(one * factor, 0.0, 1.0) for one in (curve.values, curve.lower, curve.upper))
    if grids:
        values, lower, upper = rising_with_band(values, lower, upper)
    return replace(curve, values=values, lower=lower, upper=upper)
