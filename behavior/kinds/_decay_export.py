"""Deposit decay as curves since as-of: the accounts open now are carried forward month by month at each spread."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from behavior.estimators.balance_decay import PACE
from behavior.estimators.terms import column_of
from behavior.features.base import FeatureMatrix
from behavior.kinds._decay_bands import monthly_errors
from behavior.kinds._decay_pace import CUMULATED, pace_left, slowed, variance_of_pace
from behavior.quantities import FloatArray, IntArray

MONTHS = np.fromstring(
    "1 2 3 4 5 6 7 8 9 10 11 12 15 18 21 24 30 36 42 48 60 72 84 96 108 120 144 180 240 300 360 420 480",
    dtype=np.int64,
    sep=" ",
)
ACCOUNTS = 240
AGE_BANDS = 24
CLIP_MONTHS = 12
STEP = 0.0025
BENDS = (1, 36)
BAND = 1.6448536269514722
FINE = 0.0005
TOLERANCE = 2e-5
"""Share of balance a month by which straight lines between the spreads of a curve may miss the model."""


@dataclass(frozen=True)
class DecayParts:
    """Monthly shares of a segment, shape (spreads, months 1 .. last): nothing is clipped here.

    `closure` and `migrated` are shares of balance, `growth` of survivors' balances (negative = shrinking), each with
    the standard error of the whole decay beside it.
    """

    closure: FloatArray
    migrated: FloatArray
    growth: FloatArray
    error: FloatArray


def months_grid(months: int) -> IntArray:
    """Months at which curves are given: dense at first."""
    grid = MONTHS[months >= MONTHS]
    return np.asarray(grid if grid[-1] == months else np.append(grid, months), dtype=np.int64)


def spread_grid(spread: FloatArray) -> FloatArray:
    """Spreads that the history saw, every quarter point, one step beyond on each side; one node where none is known."""
    known = spread[~np.isnan(spread)]
    if known.size == 0:
        return np.zeros(1)
    low, high = np.quantile(known, [0.001, 0.999])
    return np.round(np.arange(np.floor(low / STEP), np.ceil(high / STEP) + 1) * STEP, 6)


def refined(nodes: FloatArray, decay: Callable[[FloatArray], FloatArray]) -> FloatArray:
    """The nodes and those between them, every twentieth of a point, at which straight lines would miss the decay.

    Parameters
    ----------
    decay : monthly shares at given spreads, shape (spreads, months looked at).
    """
    if len(nodes) < 2:
        return nodes
    count = round((nodes[-1] - nodes[0]) / FINE)
    fine = np.round(nodes[0] + FINE * np.arange(count + 1), 6)
    curves = decay(fine)
    kept = np.isin(fine, nodes)
    while not kept.all():
        lines = np.column_stack([np.interp(fine, fine[kept], one[kept]) for one in curves.T])
        gap = np.abs(curves - lines).max(axis=1)
        worst = int(np.argmax(gap))
        if gap[worst] <= TOLERANCE:
            break
        kept[worst] = True
    return np.asarray(fine[kept])


def representatives(matrix: FeatureMatrix, weight: FloatArray, closure: Any) -> IntArray:
    """Accounts that stand for the balance: in proportion to it, systematic along age and, inside bands of age, along
    the closure hazard up and down in turn, so that every covariate is met in its share."""
    order = np.argsort(column_of(matrix, "age_months"), kind="stable")
    total = np.cumsum(weight[order])
    band = np.minimum((total / total[-1] * AGE_BANDS).astype(np.int64), AGE_BANDS - 1)
    score = closure.predict_hazard(matrix)[order]
    order = order[np.lexsort((np.where(band % 2 == 0, score, -score), band))]
    total = np.cumsum(weight[order])
    count = min(ACCOUNTS, len(order))
    marks = (np.arange(count) + 0.5) / count * total[-1]
    return np.asarray(order[np.minimum(np.searchsorted(total, marks), len(order) - 1)])


def project_parts(
    closure: Any,
    migrated: Any,
    balance: Any,
    accounts: FeatureMatrix,
    segment: FloatArray,
    spreads: FloatArray,
    grid: IntArray,
    seasons: dict[str, tuple[float, ...]],
    speaker: Any = None,
) -> DecayParts:
    """Carry representative accounts forward at each constant spread; ages rise, other covariates are held.

    `segment` is the level of each account in the balance models, NaN where it has none, shape (accounts,); `speaker`
    is the hazard whose errors closures carry; None = the closure hazard itself.
    """
    every = np.arange(1, int(grid[-1]) + 1)
    values = _carried(accounts, spreads, grid)
    shape = values.shape[:3]
    closing = _closing(closure, accounts, values, seasons.get("closure"), grid, every)
    cells = _balance_cells(closure, accounts, values, segment, spreads)
    move = _unseasonal(migrated, accounts, values, seasons.get("migrated")).reshape(shape)
    shrink = balance.log_decay(cells).reshape(shape)
    whole = [closing, *(_each_month(part, grid, every) for part in (move, shrink))]
    leaving = np.log1p(-np.clip(whole[0], 0.0, 0.999999)) + np.log1p(-np.clip(whole[1], 0.0, 0.999999)) - whole[2]
    alive = np.exp(np.cumsum(leaving, axis=1) - leaving)
    alive /= alive.sum(axis=2, keepdims=True)
    after = (1.0 - whole[0]) * (1.0 - whole[1])
    rest = (alive * after).sum(axis=2)
    grown = (alive * after * np.exp(-whole[2])).sum(axis=2) / rest - 1.0
    closed = (alive * whole[0]).sum(axis=2)
    moved = (alive * (1.0 - whole[0]) * whole[1]).sum(axis=2) / np.maximum(1.0 - closed, 1e-9)
    spare = float(getattr(closure, "upper_", 0.0)) / BAND
    errors = np.hypot(spare, monthly_errors(speaker or closure, closed, accounts, values, balance, cells, grid))
    return DecayParts(closed, moved, grown, errors)


def first_decay(
    closure: Any, balance: Any, accounts: FeatureMatrix, segment: FloatArray, spreads: FloatArray, months: IntArray
) -> FloatArray:
    """Mean share of balance that closes or drains in given months, as the accounts of today age, at each spread.

    Seasons and the mix that changes along the way are left out: this is where curves bend, not how high they stand.
    """
    values = _carried(accounts, spreads, months)
    every = np.arange(1, int(months[-1]) + 1)
    stays = 1.0 - _closing(closure, accounts, values, None, months, every)[:, months - 1]
    cells = _balance_cells(closure, accounts, values, segment, spreads)
    return np.asarray(1.0 - (stays * np.exp(-balance.log_decay(cells).reshape(stays.shape))).mean(axis=2))


def _carried(accounts: FeatureMatrix, spreads: FloatArray, months: IntArray) -> FloatArray:
    """Features of the accounts at each spread and month, shape (spreads, months, accounts, features)."""
    shape = (len(spreads), len(months), len(accounts.values))
    values = np.broadcast_to(accounts.values, (*shape, accounts.values.shape[1])).copy()
    values[..., accounts.names.index("age_months")] += months[None, :, None]
    if "spread" in accounts.names:
        values[..., accounts.names.index("spread")] = spreads[:, None, None]
    return values


def _closing(
    closure: Any,
    accounts: FeatureMatrix,
    values: FloatArray,
    season: tuple[float, ...] | None,
    grid: IntArray,
    every: IntArray,
) -> FloatArray:
    """Closure hazards of every month, shape (spreads, months, accounts); where accounts have a pace, what is left of it
    falls along the way, and what has been cumulated is written into `values`."""
    if CUMULATED not in accounts.names:
        return _each_month(_unseasonal(closure, accounts, values, season), grid, every)
    place = accounts.names.index(CUMULATED)
    values[..., place] = 0.0
    fresh = _each_month(_unseasonal(closure, accounts, values, season), grid, every)
    begun = column_of(accounts, CUMULATED)
    found, cumulated = slowed(fresh, variance_of_pace(closure, accounts), begun, axis=1)
    values[..., place] = cumulated[:, grid - 1]
    return found


def _each_month(values: FloatArray, grid: IntArray, every: IntArray) -> FloatArray:
    """Linear between the grid's months, shape (spreads, months, accounts)."""
    upper = np.clip(np.searchsorted(grid, every), 0, len(grid) - 1)
    lower = np.maximum(upper - 1, 0)
    gap = np.maximum(grid[upper] - grid[lower], 1)
    weight = np.where(upper == lower, 0.0, (every - grid[lower]) / gap)[None, :, None]
    return np.asarray(values[:, lower] * (1.0 - weight) + values[:, upper] * weight)


def _unseasonal(model: Any, matrix: FeatureMatrix, values: FloatArray, season: tuple[float, ...] | None) -> FloatArray:
    """Hazards without their season: accounts stand in all months of the year in turn, each rid of its month's factor.

    One neutral month for all would carry what that month means for a segment into every month of its curve. An account
    whose season is not the table's keeps its own level over the year, as it is in the first month ahead.
    """
    if model is None:
        return np.zeros(values.shape[:-1])
    if "month_of_year" not in matrix.names or season is None:
        return _hazards(model, matrix, values)
    month, factors = np.arange(values.shape[-2]) * 5 % 12, np.asarray(season)
    hazard = _hazards(model, matrix, _standing_in(matrix, values, month)) / factors[month]
    first = values[:, :1]
    year = np.mean([_hazards(model, matrix, _standing_in(matrix, first, np.array(one))) for one in range(12)], axis=0)
    now = hazard[:, :1] * factors.mean()
    return np.asarray(hazard * np.where(now > 0, year / np.where(now > 0, now, 1.0), 1.0))


def _hazards(model: Any, matrix: FeatureMatrix, values: FloatArray) -> FloatArray:
    found = model.predict_hazard(matrix.with_values(values.reshape(-1, values.shape[-1])))
    return np.asarray(found.reshape(values.shape[:-1]))


def _standing_in(matrix: FeatureMatrix, values: FloatArray, month: IntArray) -> FloatArray:
    """The values in other months of the year, 0 = January; `month` of each account or of all."""
    made = values.copy()
    made[..., matrix.names.index("month_of_year")] = month + 1.0
    return made


def _balance_cells(
    closure: Any, accounts: FeatureMatrix, values: FloatArray, segment: FloatArray, spreads: FloatArray
) -> FeatureMatrix:
    """The accounts carried forward as the balance model reads them, rows in the order of `values`."""
    shape = values.shape[:3]
    columns = {
        "segment": np.broadcast_to(segment, shape),
        "age_months": np.minimum(values[..., accounts.names.index("age_months")], 240.0),
        "month_of_year": np.zeros(shape),
        "spread": np.broadcast_to(spreads[:, None, None], shape),
    }
    if CUMULATED in accounts.names:
        pace = pace_left(closure, accounts, values[..., accounts.names.index(CUMULATED)])
        columns[PACE] = np.ones(shape) if pace is None else pace
    names = tuple(columns)
    table = np.column_stack([columns[name].ravel() for name in names])
    return FeatureMatrix(names, table)


@dataclass(frozen=True)
class ClippedDecay:
    """Hazards with inflows above the as-of balance taken out.

    Parameters
    ----------
    withdrawal, migrated : shape (spreads, months), in [0, 1]; combined they are the net decay. Where inflows make up
        for a part of what migrates, that part is no decay.
    clipped : largest share of the as-of balance by which the first year's unclipped path stands above the clipped one.
    """

    withdrawal: FloatArray
    migrated: FloatArray
    clipped: FloatArray


def clip_inflows(parts: DecayParts) -> ClippedDecay:
    """Net balance may not rise above its lowest earlier point: what flows in on top is new business."""
    keep = (1.0 - parts.closure) * (1.0 - parts.migrated) * (1.0 + parts.growth)
    net = np.cumprod(keep, axis=1)
    lowest = np.minimum(np.minimum.accumulate(net, axis=1), 1.0)
    before = np.concatenate([np.ones((len(net), 1)), lowest[:, :-1]], axis=1)
    total = lowest / np.maximum(before, 1e-300)
    migrated = np.minimum(parts.migrated, 1.0 - total)
    withdrawal = np.clip(1.0 - total / np.maximum(1.0 - migrated, 1e-9), 0.0, 1.0)
    return ClippedDecay(withdrawal, migrated, (net - lowest)[:, :CLIP_MONTHS].max(axis=1))
