"""How survivors' balances shrink: shape from logarithms, level from sums, smooth in age, rising with the spread.

Two readings of the same months. The mean of log(after / before) over accounts is precise, because balances that come
and go cancel, but it is the growth of a typical account. The ratio of sums is what a bank's books show, but a few large
accounts make it noisy. Where accounts of two kinds stand side by side (surge money that drains beside savings that
stay) only the second is right, and by age: the balance of those who drain is soon small. Both are fitted, and the
answer lies between them: at logarithms while sums by segment and age differ from them by no more than their noise, at
sums where the mean squared difference is two and a half times the noise. What is left of the difference in a segment's
level is moved by its own share (empirical Bayes).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np

from behavior.errors import TooFewEvents
from behavior.estimators.account_ages import GrowthTerm, lived_ages
from behavior.estimators.balance_errors import CellRows, customer_covariance, lately_apart
from behavior.estimators.balance_gaps import clusters, customers_error, level_gaps, shrunk_gaps, weighted_quantiles
from behavior.estimators.basis import knots_of
from behavior.estimators.bounded_squares import bounded_least_squares
from behavior.estimators.decay_cells import DecayCells
from behavior.estimators.smoothing import smoothed_penalty
from behavior.estimators.term_layout import Layout
from behavior.estimators.terms import Term, column_of
from behavior.features.base import FeatureMatrix
from behavior.quantities import BoolArray, FloatArray, IntArray

SCALE = 0.01
SMOOTH, CROSS, RIDGE = 10.0, 1.0, 0.05
"""Precision of a term's roughness, of what two features do together, and of every coefficient."""
PASSES = 5
LEAST_CELLS, CELLS_FOR_SHAPE = 6, 40
PACE = "pace"
"""Column of the pace that is left of accounts, between 0 and 1, on which growth is linear where it is known."""
BANDS = np.array([0.35, 0.65])
CERTAIN = 2.5
LEARNED = ("smooth", "product")
"""Forms of the terms whose roughness is learned. Not that of the spread: what is learned of it draws segments together
that differ, and bands that take it for known are too narrow."""
LONG = 4


@dataclass
class BalanceDecay:
    """-log(after / before) of a month as smooth terms, by least squares; spread can only raise it.

    With few cells a shape would be noise: then the answer is one rate a segment.

    Parameters
    ----------
    driver : name of the spread column, empty = none. segments : number of segment levels in column ``segment``.
    smooth_in : names of further columns with a smooth term of their own, and one of each segment beside it.
    """

    driver: str = "spread"
    segments: int = 1
    smooth_in: tuple[str, ...] = ("age_months",)
    layout_: Layout = field(default_factory=lambda: Layout(()))
    coefficients_: FloatArray = field(default_factory=lambda: np.zeros(1))
    covariance_: FloatArray = field(default_factory=lambda: np.zeros((1, 1)))
    facts_: dict[str, Any] = field(default_factory=dict)

    def fit(self, cells: DecayCells) -> Self:
        """Fit on the cells with balances on both ends.

        Raises
        ------
        TooFewEvents : fewer than six usable cells.
        """
        use = cells.before > 0
        if cells.log_decay is not None and cells.accounts is not None:
            use &= cells.accounts > 0
        if use.sum() < LEAST_CELLS:
            raise TooFewEvents(
                f"balance decay: {int(use.sum())} usable cells of balances, at least {LEAST_CELLS} needed. "
                "Take a longer window or coarser segments."
            )
        matrix = cells.matrix.with_values(cells.matrix.values[use])
        self.layout_ = Layout(self._terms(matrix))
        design = self.layout_.design(matrix)
        self.facts_ = {"cells": int(use.sum()), "balance in cells": float(cells.before[use].sum())}
        if cells.log_decay is not None and cells.accounts is not None:
            self._fit_logs(design, cells, use)
            self._add_lasting(cells)
            self._move_shape(design, cells, use)
            self._move_level(design, cells, use)
        else:
            self._fit_sums(design, cells, use)
        return self

    def _fit_logs(self, design: FloatArray, cells: DecayCells, use: BoolArray) -> None:
        assert cells.log_decay is not None and cells.accounts is not None
        response, accounts = cells.log_decay[use] / SCALE, cells.accounts[use]
        counted = accounts if cells.counts is None else accounts * cells.counts[use]
        weight = counted / self._noise(design, response, counted)
        information, target = (design * weight[:, None]).T @ design, (design * weight[:, None]).T @ response
        prior = self._prior(information, target)
        self.coefficients_ = bounded_least_squares(information + prior, target, self.layout_.bounded())
        if cells.rows is not None:
            rows = cells.rows.of_cells(use)
            found = np.nan_to_num(rows.log_decay / SCALE - (design @ self.coefficients_)[rows.cell])
            self._set_covariance(design, weight, prior, rows, found * (weight / accounts)[rows.cell], cells, use)

    def _fit_sums(self, design: FloatArray, cells: DecayCells, use: BoolArray) -> None:
        """Ratios of sums, each cell with its balance: a weight that knew which balances stand high by chance would
        read their return as growth or decay."""
        ratio = cells.after[use] / cells.before[use]
        response = (1.0 - ratio) / SCALE
        weight = self.weights_of_sums(design, cells, use)
        information = (design * weight[:, None]).T @ design
        prior = self._prior(information, (design * weight[:, None]).T @ response)
        for _ in range(PASSES):
            target = (design * weight[:, None]).T @ response
            self.coefficients_ = bounded_least_squares(information + prior, target, self.layout_.bounded())
            fitted = design @ self.coefficients_
            response = fitted - (ratio / np.exp(-SCALE * fitted) - 1.0) / SCALE
        if cells.rows is None:  # whoever follows the accounts says how sure this is
            return
        rows = cells.rows.of_cells(use)
        kept = np.exp(-SCALE * (design @ self.coefficients_))[rows.cell]
        found = (rows.before - rows.after / kept) / (SCALE * cells.before[use][rows.cell])
        self._set_covariance(design, weight, prior, rows, found * weight[rows.cell], cells, use)

    def _prior(self, information: FloatArray, target: FloatArray) -> FloatArray:
        """Prior precision of the coefficients, with growth in age as rough as the data say."""
        return smoothed_penalty(information, target, self.layout_, SMOOTH, CROSS, RIDGE, LEARNED)

    def _set_covariance(
        self,
        design: FloatArray,
        weight: FloatArray,
        prior: FloatArray,
        rows: CellRows,
        surprise: FloatArray,
        cells: DecayCells,
        use: BoolArray,
    ) -> None:
        blocks = self._long_blocks(cells, use)
        self.covariance_, shock = customer_covariance(
            design, weight, prior, rows, surprise, blocks, max(self.segments, 1)
        )
        self.facts_["growth shared by two years of a segment, share a month"] = round(SCALE * shock, 6)
        late = cells.block[use] > int(cells.block[use].max()) - LONG
        apart = lately_apart(weight, rows, surprise, late, self._segment_of(cells, use), max(self.segments, 1))
        levels = self._levels()
        self.covariance_[levels, levels] += apart  # the months ahead go on from the last years, not from the mean
        self.facts_["growth of the last two years apart from that of all, share a month"] = [
            float(round(SCALE * one, 6)) for one in np.sqrt(apart)
        ]

    def _add_lasting(self, cells: DecayCells) -> None:
        """From the growth of a typical account to that of balances: what steps that stay add, segment by segment."""
        if cells.lasting is None:
            return
        gain, error = cells.lasting.gain / SCALE, cells.lasting.error / SCALE
        levels = self._levels()
        self.coefficients_[levels] -= gain
        self.covariance_[levels, levels] += error**2
        self.facts_["growth that lasting steps of single accounts add, share a month"] = [
            float(round(SCALE * one, 6)) for one in gain
        ]

    def _levels(self) -> IntArray:
        """Places of the segments' levels among the coefficients; of the intercept where there is one segment."""
        return np.arange(1, 1 + self.segments) if self.segments > 1 else np.zeros(1, dtype=np.int64)

    def _move_shape(self, design: FloatArray, cells: DecayCells, use: BoolArray) -> None:
        """Go from the fit to logarithms towards the fit to sums by what is more than noise in their difference."""
        if not any(term.name in self.smooth_in for term in self.layout_.terms):
            return
        values = column_of(cells.matrix, self.smooth_in[0])[use]
        edges = weighted_quantiles(values, cells.before[use], BANDS)
        code = self._segment_of(cells, use) * (len(BANDS) + 1) + np.searchsorted(edges, values)
        expected = cells.before[use] * np.exp(-SCALE * (design @ self.coefficients_))
        groups = max(self.segments, 1) * (len(BANDS) + 1)
        gap, error = self._gaps(code, expected, cells, use, groups)
        finite = np.isfinite(error)
        ratio = float(np.mean((gap[finite] / error[finite]) ** 2)) if finite.any() else 0.0
        share = float(np.clip((ratio - 1.0) / (CERTAIN - 1.0), 0.0, 1.0))
        self.facts_["share of the way from logarithms to sums"] = round(share, 3)
        if share == 0.0:
            return
        logs, covariance = self.coefficients_, self.covariance_
        self._fit_sums(design, cells, use)
        self.coefficients_ = logs + share * (self.coefficients_ - logs)
        self.covariance_ = covariance + share * (self.covariance_ - covariance)

    def _segment_of(self, cells: DecayCells, use: BoolArray) -> IntArray:
        if self.segments <= 1:
            return np.zeros(int(use.sum()), dtype=np.int64)
        return np.asarray(np.nan_to_num(column_of(cells.matrix, "segment")[use]).astype(np.int64))

    def _move_level(self, design: FloatArray, cells: DecayCells, use: BoolArray) -> None:
        """Move the level of all segments, and of each, towards what sums of balances show."""
        expected = cells.before[use] * np.exp(-SCALE * (design @ self.coefficients_))
        code = self._segment_of(cells, use)
        gap, error = self._gaps(code, expected, cells, use, max(self.segments, 1))
        shift, moved, left, own = shrunk_gaps(gap, error)
        self.coefficients_[0] -= shift / SCALE
        self.covariance_[0, 0] += left / SCALE**2
        if self.segments > 1:
            levels = self._levels()
            self.coefficients_[levels] -= (moved - shift) / SCALE
            self.covariance_[levels, levels] += own / SCALE**2
        self.facts_["level moved towards sums, share a month"] = [float(round(one, 6)) for one in moved]
        self.facts_["difference of sums and logarithms, share a month"] = [float(round(one, 6)) for one in gap]

    def _gaps(
        self, code: IntArray, expected: FloatArray, cells: DecayCells, use: BoolArray, groups: int
    ) -> tuple[FloatArray, FloatArray]:
        """Growth that sums show beyond the fit by group, and its error: the larger one of years' and of customers'."""
        gap, error = level_gaps(code, clusters(cells.block[use]), cells.after[use] - expected, expected, groups)
        if cells.rows is None:
            return gap, error
        rows = cells.rows.of_cells(use)
        surprise = rows.after - rows.before * (expected / cells.before[use])[rows.cell]
        return gap, np.maximum(error, customers_error(code[rows.cell], rows.customer, surprise, rows.before, groups))

    def _weights(self, cells: DecayCells, use: BoolArray) -> FloatArray:
        """Balance of each cell, scaled so that a segment's weights sum to its effective number of account-months."""
        before, effective = cells.before[use], cells.effective[use]
        code = self._segment_of(cells, use)
        total = np.bincount(code, before, max(self.segments, 1))
        accounts = np.bincount(code, effective, max(self.segments, 1))
        return np.asarray(before * (accounts / np.maximum(total, 1e-300))[code])

    def weights_of_sums(self, design: FloatArray, cells: DecayCells, use: BoolArray) -> FloatArray:
        """Precision that each of the used cells has in a fit to sums, units of the scaled response."""
        weight = self._weights(cells, use)
        response = (1.0 - cells.after[use] / cells.before[use]) / SCALE
        return np.asarray(weight / self._noise(design, response, weight))

    def _noise(self, design: FloatArray, response: FloatArray, weight: FloatArray) -> float:
        """Residual variance of one effective account, from a first pass with a plain ridge."""
        gram = (design * weight[:, None]).T @ design + np.eye(design.shape[1]) * 1e-3 * float(weight.mean())
        beta = np.linalg.solve(gram, (design * weight[:, None]).T @ response)
        return float(np.average((response - design @ beta) ** 2 * weight)) + 1e-12

    def _terms(self, matrix: FeatureMatrix) -> tuple[Term, ...]:
        terms: list[Term] = []
        if self.segments > 1:
            terms.append(Term("levels", "segment", levels=self.segments))
        if len(matrix.values) < CELLS_FOR_SHAPE:
            return tuple(terms)
        if "month_of_year" in matrix.names:
            terms.append(Term("levels", "month_of_year", levels=13))
        for name in self.smooth_in:
            terms.extend(self._bending(name, lived_ages(column_of(matrix, name))))
        if PACE in matrix.names:
            terms.append(Term("smooth", PACE, (0.0, 1.0)))
        if self.driver in matrix.names:
            knots = knots_of(column_of(matrix, self.driver), np.array([0.005, 0.35, 0.65, 0.995]), 0.002)
            if len(knots) > 1:
                terms.append(Term("rising", self.driver, tuple(knots)))
                if self.segments > 1:
                    terms.append(Term("rising", self.driver, tuple(knots), "segment", (), self.segments))
        return tuple(terms)

    def _bending(self, name: str, ages: tuple[float, ...]) -> tuple[Term, ...]:
        """The shape along age that segments share, and what each adds: one whose new accounts grow says nothing of the
        others'."""
        if len(ages) < 2:
            return ()
        shared = GrowthTerm("smooth", name, ages)
        own = GrowthTerm("product", name, ages, "segment", (), self.segments)
        return (shared, own) if self.segments > 1 else (shared,)

    def _long_blocks(self, cells: DecayCells, use: BoolArray) -> IntArray:
        """Two years of one segment: long enough for balances that come and go to have come and gone."""
        block = cells.block[use] // LONG
        return np.asarray(self._segment_of(cells, use) * (int(block.max()) + 1) + block)

    def log_decay(self, matrix: FeatureMatrix) -> FloatArray:
        """-log(after / before) of a month before interest, shape (rows,); negative = growth."""
        return np.asarray(SCALE * self.layout_.score(matrix, self.coefficients_))

    def error(self, matrix: FeatureMatrix) -> FloatArray:
        """Standard error of `log_decay`, shape (rows,)."""
        design = self.layout_.design(matrix)
        return np.asarray(SCALE * np.sqrt(np.maximum(((design @ self.covariance_) * design).sum(axis=1), 0.0)))

    def to_files(self) -> Mapping[str, str]:
        """Terms and coefficients as JSON."""
        held = {
            "family": "balance_decay",
            "driver": self.driver,
            "segments": self.segments,
            "smooth_in": list(self.smooth_in),
            "terms": [term.as_json() for term in self.layout_.terms],
            "coefficients": self.coefficients_.tolist(),
            "covariance": self.covariance_.tolist(),
            "facts": self.facts_,
        }
        return {"model.json": json.dumps(held)}

    @classmethod
    def from_files(cls, files: Mapping[str, str]) -> BalanceDecay:
        """The model that `to_files` wrote."""
        held = json.loads(files["model.json"])
        model = cls(held["driver"], held["segments"], tuple(held["smooth_in"]))
        model.layout_ = Layout(tuple(Term.from_json(term) for term in held["terms"]))
        model.coefficients_, model.covariance_ = np.asarray(held["coefficients"]), np.asarray(held["covariance"])
        model.facts_ = held["facts"]
        return model
