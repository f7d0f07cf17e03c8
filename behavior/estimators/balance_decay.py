"""How survivors' balances shrink: ratios of sums in cells, smooth in age, rising with the spread, by segment.

A mean of ratios is biased upwards by balances that come and go; a ratio of sums is what a bank's books show. Cells are
(segment, calendar month, age band); a cell counts with its effective number of accounts (sum of balances squared over
sum of squared balances), so that one large account cannot speak for many.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np
from scipy.linalg import cho_factor, cho_solve

from behavior.errors import TooFewEvents
from behavior.estimators.basis import knots_of
from behavior.estimators.terms import Layout, Term, column_of
from behavior.features.base import FeatureMatrix
from behavior.quantities import BoolArray, FloatArray, IntArray

SCALE = 0.01
SHARES = np.array([0.01, 0.1, 0.25, 0.5, 0.75, 0.99])


@dataclass(frozen=True)
class DecayCells:
    """Cells with their sums.

    Parameters
    ----------
    matrix : features of the cells. before, after : balances at the start and the end of the month, currency units.
    effective : effective number of accounts. block : calendar block of each cell, for clustered errors.
    """

    matrix: FeatureMatrix
    before: FloatArray
    after: FloatArray
    effective: FloatArray
    block: IntArray


def sum_cells(
    keys: IntArray, columns: FloatArray, names: tuple[str, ...], before: FloatArray, after: FloatArray, block: IntArray
) -> DecayCells:
    """Add rows up by key; cell features are balance-weighted means of `columns` (rows, features)."""
    places, inverse = np.unique(keys, return_inverse=True)
    count = len(places)
    opening = np.bincount(inverse, before, count)
    squares = np.bincount(inverse, before**2, count)
    weight = before + 1e-9
    total = np.bincount(inverse, weight, count)
    values = np.column_stack(
        [np.bincount(inverse, weight * np.nan_to_num(column), count) / total for column in columns.T]
    )
    first = np.zeros(count, dtype=np.int64)
    first[inverse] = block
    matrix = FeatureMatrix(names, values, (0,) * len(names), ("",) * len(names))
    with np.errstate(invalid="ignore", divide="ignore"):
        effective = np.where(squares > 0, opening**2 / squares, 0.0)
    return DecayCells(matrix, opening, np.bincount(inverse, after, count), effective, first)


@dataclass
class BalanceDecay:
    """-log(after / before) of a month as smooth terms; least squares with coefficients held so that spread only raises it.

    Parameters
    ----------
    driver : name of the spread column, empty = none. segments : number of segment levels in column ``segment``.
    smooth_in : names of further columns with a smooth term of their own and one a segment.
    """

    driver: str = "spread"
    segments: int = 1
    smooth_in: tuple[str, ...] = ("age_months",)
    smooth: float = 10.0
    cross: float = 1.0
    ridge: float = 0.05
    layout_: Layout = field(default_factory=lambda: Layout(()))
    coefficients_: FloatArray = field(default_factory=lambda: np.zeros(1))
    covariance_: FloatArray = field(default_factory=lambda: np.zeros((1, 1)))
    facts_: dict[str, Any] = field(default_factory=dict)

    def fit(self, cells: DecayCells) -> Self:
        """Fit on the cells with balances on both ends.

        Raises
        ------
        TooFewEvents : fewer than 12 usable cells.
        """
        use = (cells.before > 0) & (cells.after > 0.02 * cells.before) & (cells.effective >= 3.0)
        if use.sum() < 12:
            raise TooFewEvents(
                f"balance decay: {int(use.sum())} usable cells of balances, at least 12 needed. "
                "Take a longer window or coarser segments."
            )
        matrix = _rows(cells.matrix, use)
        self.layout_ = Layout(self._terms(matrix))
        design = self.layout_.design(matrix)
        response = -np.log(cells.after[use] / cells.before[use]) / SCALE
        weight = np.minimum(cells.effective[use], np.quantile(cells.effective[use], 0.95))
        weight = weight / self._noise(design, response, weight)
        penalty = self.layout_.penalty(self.smooth, self.cross, self.ridge)
        bounded = self.layout_.bounded()
        gram = (design * weight[:, None]).T @ design + penalty
        target = (design * weight[:, None]).T @ response
        self.coefficients_ = _bounded_least_squares(gram, target, bounded)
        self.covariance_ = self._covariance(design, response, weight, gram, cells.block[use])
        self.facts_ = {"cells": int(use.sum()), "balance in cells": float(cells.before[use].sum())}
        return self

    def _noise(self, design: FloatArray, response: FloatArray, weight: FloatArray) -> float:
        """Residual variance of one effective account, from a first pass with a plain ridge."""
        gram = (design * weight[:, None]).T @ design + np.eye(design.shape[1]) * 1e-3 * float(weight.mean())
        beta = np.linalg.solve(gram, (design * weight[:, None]).T @ response)
        return float(np.average((response - design @ beta) ** 2 * weight)) + 1e-12

    def _terms(self, matrix: FeatureMatrix) -> tuple[Term, ...]:
        terms: list[Term] = []
        if self.segments > 1:
            terms.append(Term("levels", "segment", levels=self.segments))
        if "month_of_year" in matrix.names:
            terms.append(Term("levels", "month_of_year", levels=13))
        for name in self.smooth_in:
            knots = knots_of(column_of(matrix, name), SHARES, 1.0)
            if len(knots) > 1:
                terms.append(Term("smooth", name, tuple(knots)))
        if self.driver in matrix.names:
            knots = knots_of(column_of(matrix, self.driver), np.array([0.02, 0.35, 0.65, 0.98]), 0.002)
            if len(knots) > 1:
                terms.append(Term("rising", self.driver, tuple(knots)))
                if self.segments > 1:
                    terms.append(Term("rising", self.driver, tuple(knots), "segment", (), self.segments))
        return tuple(terms)

    def _covariance(
        self, design: FloatArray, response: FloatArray, weight: FloatArray, gram: FloatArray, block: IntArray
    ) -> FloatArray:
        """Inverse penalised information, widened by what cells of one six-month block have in common."""
        factor = cho_factor(gram + 1e-9 * np.eye(len(gram)))
        plain = cho_solve(factor, np.eye(len(gram)))
        scores = design * (weight * (response - design @ self.coefficients_))[:, None]
        places, inverse = np.unique(block, return_inverse=True)
        if len(places) < 4:
            return np.asarray(plain)
        sums = np.zeros((len(places), design.shape[1]))
        np.add.at(sums, inverse, scores)
        own = scores.T @ scores
        shared = sums.T @ sums - own
        values, vectors = np.linalg.eigh(plain @ shared @ plain)
        extra = (vectors * np.maximum(values, 0.0)) @ vectors.T
        return np.asarray(plain + 0.5 * extra)

    def log_decay(self, matrix: FeatureMatrix) -> FloatArray:
        """-log(after / before) of a month before interest, shape (rows,); negative = growth."""
        return np.asarray(SCALE * (self.layout_.design(matrix) @ self.coefficients_))

    def error(self, matrix: FeatureMatrix) -> FloatArray:
        """Standard error of `log_decay`, shape (rows,)."""
        design = self.layout_.design(matrix)
        return np.asarray(SCALE * np.sqrt(np.maximum(np.einsum("ij,jk,ik->i", design, self.covariance_, design), 0.0)))

    def to_files(self) -> Mapping[str, str]:
        """Terms and coefficients as JSON."""
        held = {
            "family": "balance_decay",
            "driver": self.driver,
            "segments": self.segments,
            "smooth_in": list(self.smooth_in),
            "terms": [term.as_json() for term in self.layout_.terms],
            "coefficients": self.coefficients_.tolist(),
            "covariance": np.round(self.covariance_, 10).tolist(),
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


def _rows(matrix: FeatureMatrix, keep: BoolArray) -> FeatureMatrix:
    return FeatureMatrix(matrix.names, matrix.values[keep], matrix.signs, matrix.units, matrix.levels)


def _bounded_least_squares(gram: FloatArray, target: FloatArray, bounded: BoolArray) -> FloatArray:
    """Minimise b'Gb/2 - t'b with b >= 0 where bounded, by active sets; ends where the conditions of optimality hold."""
    held = np.zeros(len(target), dtype=bool)
    beta = np.zeros(len(target))
    for _ in range(10 * len(target)):
        free = ~held
        beta = np.zeros(len(target))
        inner = gram[np.ix_(free, free)]
        beta[free] = np.linalg.solve(inner + 1e-10 * np.eye(len(inner)), target[free])
        below = bounded & free & (beta < -1e-12)
        if below.any():
            held |= below
            continue
        pull = target - gram @ beta
        wrong = held & (pull > 1e-8 * (1.0 + np.abs(target).max()))
        if not wrong.any():
            break
        held[int(np.argmax(np.where(wrong, pull, -np.inf)))] = False
    return np.where(bounded, np.maximum(beta, 0.0), beta)
