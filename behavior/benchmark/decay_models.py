"""Models of deposit decay asked for the same thing: the share of each account's balance expected after each month."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from behavior.assumptions.effects import Driver, Effect, View
from behavior.assumptions.set import AssumptionTable
from behavior.assumptions.spending import spent_hazard
from behavior.errors import BehaviorError
from behavior.estimators.minimum_probable_amount import fit_log_changes, minimum_probable_amount, quantile_of
from behavior.months import month_number
from behavior.panel.landmarks import BalanceGrid
from behavior.quantities import BoolArray, FloatArray, IntArray

CONFIDENCE = 0.95
LAST_MONTHS = 12
AGE_BAND = 6


@dataclass(frozen=True)
class Cohort:
    """Accounts open at a landmark that are to be foretold.

    Parameters
    ----------
    rows : one row an account: the panel's columns in the landmark month, `balance` at its end.
    segment : code of each account, shape (accounts,). months : month numbers landmark + 1 .. landmark + horizon.
    spread : market minus deposit rate by segment and month, shape (segments, horizon), as it came.
    """

    rows: pd.DataFrame
    segment: IntArray
    months: IntArray
    spread: FloatArray

    @property
    def horizon(self) -> int:
        """Months foretold."""
        return len(self.months)


def from_tables(tables: Sequence[AssumptionTable], cohort: Cohort, view: View) -> FloatArray:
    """Share of balance left by exported tables as the engine spends them, shape (accounts, 1 + horizon)."""
    alive, found = np.ones(len(cohort.rows)), [np.ones(len(cohort.rows))]
    spent = [one for one in tables if one.effect is Effect.RUNOFF]
    for step in range(1, cohort.horizon + 1):
        drivers = {Driver.RATE_SPREAD: np.nan_to_num(cohort.spread[cohort.segment, step - 1])}
        calendar, months = cohort.months[step - 1] % 12 + 1, np.full(len(alive), step)
        for table in spent:
            alive = alive * (1.0 - spent_hazard(table, cohort.rows, months, drivers, calendar, view)[0])
        found.append(alive)
    return np.column_stack(found)


def constant_decay(
    table: pd.DataFrame, codes: IntArray, rows: BoolArray, cohort: Cohort, last_months: int = 0
) -> FloatArray:
    """Exponential decay by segment: balances before interest over balances before, all months or the last ones."""
    use = rows & (codes >= 0) & (table["balance_known"].to_numpy() > 0)
    month = month_number(table["month"])
    if last_months:
        use &= month > month[rows].max() - last_months
    size = cohort.spread.shape[0]
    before = np.bincount(codes[use], table["weight"].to_numpy()[use], size)
    after = np.bincount(codes[use], table["balance_before_interest"].to_numpy()[use], size)
    keep = np.where(before > 0, after / np.where(before > 0, before, 1.0), 1.0)
    return _powers(np.minimum(keep, 1.0)[cohort.segment], cohort.horizon)


def fixed_decay(average_life_years: float, cohort: Cohort) -> FloatArray:
    """Exponential decay of a given average life."""
    keep = np.exp(-1.0 / (12.0 * average_life_years))
    return _powers(np.full(len(cohort.rows), keep), cohort.horizon)


def _powers(keep: FloatArray, horizon: int) -> FloatArray:
    return np.asarray(keep[:, None] ** np.arange(horizon + 1)[None, :])


def kaplan_meier(table: pd.DataFrame, codes: IntArray, rows: BoolArray, cohort: Cohort) -> FloatArray:
    """Exits of accounts by segment and age band, each account at its own age; balances of survivors do not move."""
    use = rows & (codes >= 0)
    band = np.minimum(table["age_months"].to_numpy()[use] // AGE_BAND, 40).astype(np.int64)
    size = cohort.spread.shape[0]
    gone = (table["closed"].to_numpy() + table["migrated"].to_numpy())[use]
    key = codes[use] * 41 + band
    held = np.bincount(key, minlength=size * 41).reshape(size, 41)
    exits = np.bincount(key, gone, size * 41).reshape(size, 41)
    overall = exits.sum(axis=1, keepdims=True) / np.maximum(held.sum(axis=1, keepdims=True), 1)
    hazard = (exits + 50.0 * overall) / (held + 50.0)
    age = cohort.rows["age_months"].to_numpy()[:, None] + np.arange(1, cohort.horizon + 1)[None, :]
    own = hazard[cohort.segment[:, None], np.minimum(age // AGE_BAND, 40).astype(np.int64)]
    return np.asarray(np.concatenate([np.ones((len(own), 1)), np.cumprod(1.0 - own, axis=1)], axis=1))


def cohort_decay(paths: FloatArray, group: IntArray, last: int, cohort: Cohort, lowest: bool) -> FloatArray:
    """Chain of ratios by months since a landmark, over every earlier landmark; the last ratio is carried on.

    Parameters
    ----------
    paths : deflated balances of learning units, shape (units, months), months up to position `last`.
    """
    size = cohort.spread.shape[0]
    tops, bottoms = np.zeros((size, cohort.horizon)), np.zeros((size, cohort.horizon))
    for start in range(max(0, last - 60), last, 3):
        open_now = (paths[:, start] > 0) & (group >= 0)
        path = paths[open_now, start : min(last, start + cohort.horizon) + 1]
        known = ~np.isnan(path[:, 1:]) & ~np.isnan(path[:, :-1])
        path = np.fmin.accumulate(path, axis=1) if lowest else path
        for step in range(path.shape[1] - 1):
            mine = known[:, step]
            tops[:, step] += np.bincount(group[open_now][mine], path[mine, step + 1], size)
            bottoms[:, step] += np.bincount(group[open_now][mine], path[mine, step], size)
    ratio = np.where(bottoms > 0, tops / np.where(bottoms > 0, bottoms, 1.0), np.nan)
    ratio = pd.DataFrame(ratio).ffill(axis=1).fillna(1.0).to_numpy()
    share = np.concatenate([np.ones((size, 1)), np.minimum(np.cumprod(ratio, axis=1), 1.0)], axis=1)
    return np.asarray(share[cohort.segment])


def probable_amount(paths: FloatArray, group: IntArray, last: int, cohort: Cohort) -> FloatArray | None:
    """Minimum probable amount of each segment's total at 95%: what is lowest with that chance, not what is expected."""
    shares = []
    for code in range(cohort.spread.shape[0]):
        total = np.nansum(paths[group == code, : last + 1], axis=0)
        total = total[total > 0]
        try:
            fit = fit_log_changes(total)
        except (BehaviorError, ValueError):
            return None
        z = quantile_of(CONFIDENCE)
        shares.append(minimum_probable_amount(1.0, fit.cautious_drift, fit.sigma, z, cohort.horizon))
    return np.asarray(np.minimum(np.array(shares), 1.0)[cohort.segment])


def learning_paths(grid: BalanceGrid, units: BoolArray, moves: bool = True) -> FloatArray:
    """Deflated balances of the units that may be learned from, gaps filled with the last known, 0 after an exit.

    moves : whether a move into another product is an exit; it is censored otherwise, NaN from its month on.
    """
    held = pd.DataFrame(grid.balance[units]).ffill(axis=1).to_numpy()
    return np.asarray(held if moves else np.where(grid.moved[units], np.nan, held))
