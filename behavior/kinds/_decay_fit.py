"""The parts of deposit decay: closures and moves by account, survivors' balances by cell, lowest balances by cohort."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from behavior.errors import FittingError
from behavior.estimators.account_ages import age_band
from behavior.estimators.balance_decay import CROSS, PACE, RIDGE, SCALE, SMOOTH, BalanceDecay
from behavior.estimators.decay_cells import LEAST_BALANCE, DecayCells, log_growth, sum_cells
from behavior.estimators.growth_season import growth_season
from behavior.estimators.lasting_steps import LastingGrowth, lasting_growth
from behavior.estimators.terms import Term, column_of
from behavior.features.base import FeatureMatrix
from behavior.kinds._minimum_errors import minimum_covariance
from behavior.kinds._segments import scheme_of, segment_codes, segment_name
from behavior.months import month_number
from behavior.panel.base import Panel
from behavior.panel.landmarks import EVERY, balance_grid, followed_cohorts, landmarks_between, minimum_balance_sums
from behavior.quantities import BoolArray, FloatArray, IntArray
from behavior.specs import ModelSpec

BLOCK_MONTHS = 6
GROWN_UP = 240.0
FIRST_MONTH = "first_month"


def segment_levels(table: pd.DataFrame, spec: ModelSpec) -> tuple[str, ...]:
    """Segments in alphabetical order; their places are the levels of the balance models."""
    return tuple(sorted(segment_name(one) for one in segment_codes(table, scheme_of(spec))[1]))


def level_codes(table: pd.DataFrame, spec: ModelSpec, levels: tuple[str, ...]) -> IntArray:
    """Place of each row's segment in `levels`, -1 where it is unknown."""
    codes, labels = segment_codes(table, scheme_of(spec))
    place = pd.Index(levels).get_indexer(pd.Index([segment_name(one) for one in labels]))
    return np.asarray(place[codes], dtype=np.int64)


def survivors_rows(table: pd.DataFrame) -> BoolArray:
    """Rows whose account is still there at the month's end with both balances known."""
    gone = (table["closed"].to_numpy() + table["migrated"].to_numpy()) > 0
    return np.asarray(~gone & (table["balance_known"].to_numpy() > 0))


def balance_cells(
    panel: Panel, rows: BoolArray, codes: IntArray, with_spread: bool, pace: FloatArray | None = None
) -> DecayCells:
    """Survivors' balances added up by segment, month and age band, with the mean pace that is left of them if known.

    No season: curves carry survivors' growth as its mean over the year, and the model should say what its curves say.
    Each segment's own season is taken out, as far as its years agree on one, and every month of the year counts alike,
    however often the window holds it: a history that ends with December and begins after it has one bonus more than it
    has months after a bonus.
    """
    table = panel.table
    use = rows & survivors_rows(table) & (codes >= 0)
    if not use.any():
        raise FittingError("balance decay: no month with both balances known. Check the balance column.")
    month = month_number(table["month"])[use]
    age = np.minimum(table["age_months"].to_numpy()[use], GROWN_UP)
    spread = table["spread"].to_numpy()[use]
    names = ("segment", "age_months", *(("spread",) if with_spread else ()), *(() if pace is None else (PACE,)))
    columns = np.column_stack(
        [codes[use], age, *((spread,) if with_spread else ()), *(() if pace is None else (pace[use],))]
    )
    key = (codes[use] * 100_000 + month) * 100 + age_band(age)
    counts = _months_alike(codes[use], month)
    before, after = (table[name].to_numpy()[use] * counts for name in ("weight", "balance_before_interest"))
    season = growth_season(codes[use], month, log_growth(before, after), int(codes.max()) + 1)
    after = after * np.exp(-season[codes[use], month % 12])
    customer = pd.factorize(table["customer"])[0][use]
    cells = sum_cells(key, columns, names, before, after, month // BLOCK_MONTHS, customer)
    return replace(cells, counts=counts[np.unique(key, return_index=True)[1]])


def _months_alike(codes: IntArray, month: IntArray) -> FloatArray:
    """How much each row counts so that a segment's months of the year that were seen count alike, mean 1; (rows,)."""
    key = codes * 12 + month % 12
    rows = np.bincount(key, minlength=12 * (int(codes.max()) + 1)).reshape(-1, 12)
    alike = rows.sum(axis=1) / np.maximum((rows > 0).sum(axis=1), 1)
    return np.asarray((alike[:, None] / np.maximum(rows, 1)).ravel()[key])


def balance_features(table: pd.DataFrame, codes: IntArray, pace: FloatArray | None) -> FeatureMatrix:
    """Account-months as the balance model reads them, with the pace that is left of each if known."""
    columns = {
        "segment": np.where(codes < 0, np.nan, codes),
        "age_months": np.minimum(table["age_months"].to_numpy(), GROWN_UP),
        "month_of_year": month_number(table["month"]) % 12 + 1.0,
        "spread": table["spread"].to_numpy(),
        **({} if pace is None else {PACE: pace}),
    }
    return FeatureMatrix(tuple(columns), np.column_stack(list(columns.values())))


def fit_balance(
    panel: Panel, rows: BoolArray, codes: IntArray, segments: int, with_spread: bool, pace: FloatArray | None = None,
    lasting: LastingGrowth | None = None,
) -> BalanceDecay:  # fmt: skip
    """Growth or shrinkage of survivors' balances before credited interest; `lasting` is what logarithms leave out."""
    cells = replace(balance_cells(panel, rows, codes, with_spread, pace), lasting=lasting)
    return BalanceDecay("spread" if with_spread else "", segments, ("age_months",)).fit(cells)


def lasting_steps(panel: Panel, rows: BoolArray, codes: IntArray, segments: int) -> LastingGrowth:
    """What steps of single accounts that stay add to the growth of each segment's balances."""
    table = panel.table[rows].reset_index(drop=True)
    first = np.unique(pd.factorize(table["unit"])[0], return_index=True)[1]
    customer = pd.factorize(table["customer"])[0][first]
    return lasting_growth(balance_grid(table).balance, codes[rows][first], customer, segments, LEAST_BALANCE)


def fit_minimum(
    panel: Panel, rows: BoolArray, codes: IntArray, segments: int, with_spread: bool
) -> tuple[BalanceDecay, FloatArray]:
    """Decay of lowest balances since a landmark, and months of observation by segment and months since."""
    table = panel.table[rows].reset_index(drop=True)
    own = codes[rows]
    grid = balance_grid(table)
    unit, first = np.unique(pd.factorize(table["unit"])[0], return_index=True)
    group = own[first][np.argsort(unit)]
    month = month_number(table["month"])
    first_month, last_month = int(month.min()), int(month.max())
    every = EVERY if last_month - first_month >= 36 else 1
    landmarks = landmarks_between(first_month, last_month - 1, every)
    sums = minimum_balance_sums(grid, group, landmarks, segments)
    spread = _mean_by_month(own, month, table["spread"].to_numpy(), table["weight"].to_numpy(), segments)
    low = int(month.min())
    at = np.clip(sums.landmark + sums.months_since - low, 0, spread.shape[1] - 1)
    names = ("segment", "months_since", FIRST_MONTH, *(("spread",) if with_spread else ()))
    columns = [sums.group.astype(np.float64), sums.months_since.astype(np.float64), 1.0 * (sums.months_since == 1)]
    if with_spread:
        columns.append(spread[sums.group, at])
    matrix = FeatureMatrix(names, np.column_stack(columns))
    with np.errstate(invalid="ignore", divide="ignore"):
        effective = np.where(sums.squares > 0, sums.before**2 / sums.squares, 0.0)
    block = (sums.landmark + sums.months_since) // BLOCK_MONTHS
    cells = DecayCells(matrix, sums.before, sums.after, effective, block)
    model = MinimumDecay("spread" if with_spread else "", segments, ("months_since",))
    fitted = model.fit(cells)
    customer = pd.factorize(table["customer"])[0][first][np.argsort(unit)]
    fitted.covariance_, shock = minimum_covariance(
        fitted, cells, followed_cohorts(grid, group, landmarks), group, customer
    )
    fitted.facts_["fall shared by two years of a segment, share a month"] = round(SCALE * shock, 6)
    seen = np.zeros((segments, 481))
    np.add.at(seen, (sums.group, np.minimum(sums.months_since, 480)), effective)
    return fitted, seen


class MinimumDecay(BalanceDecay):
    """Lowest balances fall fast at first: knots stand close together there, and each segment bends.

    The first month has a level of its own, in every segment: it is as much of a fall as the next two together, which a
    smooth line would spread over all three, and the more of one the more balances come and go.
    """

    def _terms(self, matrix: FeatureMatrix) -> tuple[Any, ...]:
        most = float(column_of(matrix, "months_since").max())
        knots = tuple(
            one for one in (1.0, 2.0, 3.0, 4.0, 6.0, 9.0, 12.0, 18.0, 24.0, 36.0, 60.0, 96.0, 150.0) if one < most
        )
        base = [term for term in super()._terms(matrix) if term.name != "months_since"]
        base.append(Term("smooth", "months_since", (*knots, most)))
        if FIRST_MONTH in matrix.names:
            base.append(Term("levels", FIRST_MONTH, levels=2))
            if self.segments > 1:
                base.append(Term("pair", FIRST_MONTH, (0.0, 1.0), "segment", (), self.segments))
        if self.segments > 1:
            falling = (1.0, 2.0, 4.0, 8.0, 16.0, 36.0)
            base.append(Term("product", "months_since", falling, "segment", (), self.segments))
        return tuple(base)

    def _prior(self, information: FloatArray, target: FloatArray) -> FloatArray:
        """As set, not learned: one account's fall is seen from every landmark before it, which a likelihood of cells
        would take for so many falls."""
        return self.layout_.penalty(SMOOTH, CROSS, RIDGE)


def _mean_by_month(
    codes: IntArray, month: IntArray, values: FloatArray, weight: FloatArray, segments: int
) -> FloatArray:
    """Balance-weighted mean by segment and month, gaps filled from the month before; shape (segments, months)."""
    low, width = int(month.min()), int(month.max() - month.min()) + 1
    use = (codes >= 0) & ~np.isnan(values)
    key = codes[use] * width + month[use] - low
    total = np.bincount(key, weight[use] + 1e-9, segments * width).reshape(segments, width)
    sums = np.bincount(key, (weight[use] + 1e-9) * values[use], segments * width).reshape(segments, width)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = sums / total
    return pd.DataFrame(mean).ffill(axis=1).bfill(axis=1).fillna(0.0).to_numpy()
