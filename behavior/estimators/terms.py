"""The columns of a structured hazard: smooth terms, and terms that can only rise with the economic driver.

A monotone term multiplies ramps of the driver (each rises from 0 to 1 between two knots) with hats of another feature
that sum to one. With coefficients at or above zero the log-odds never fall as the driver rises, whatever the rest is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from behavior.estimators.basis import differences, divided_differences, hats
from behavior.features.base import FeatureMatrix
from behavior.quantities import BoolArray, FloatArray, IntArray

ROWS_AT_ONCE = 65_536
"""Rows scored together: every term of them stays in the processor's cache, and no term of all rows is held."""


@dataclass(frozen=True)
class Term:
    """One block of columns.

    Parameters
    ----------
    form : ``smooth`` (hats of `name`), ``levels`` (one column a level of `name`), ``missing`` (1 where `name` is
        unknown), ``rising`` (ramps of the driver `name` times hats or levels of `other`), ``product`` (hats of `name`
        times levels of `other`) or ``pair`` (levels of `name` times levels of `other`).
    knots : of `name`; two falling knots make a ``rising`` term fall with `name`; the codes of `name` in a ``pair``.
        other_knots : of `other`; empty for levels or none. levels : number of levels of `other`/`name`.
    """

    form: str
    name: str
    knots: tuple[float, ...] = ()
    other: str = ""
    other_knots: tuple[float, ...] = ()
    levels: int = 0

    @property
    def rising(self) -> bool:
        """Whether its coefficients are held at or above zero."""
        return self.form == "rising"

    def columns(self, matrix: FeatureMatrix) -> FloatArray:
        """The block for a matrix, shape (rows, width)."""
        values = column_of(matrix, self.name)
        if self.form == "missing":
            return np.isnan(values).astype(np.float64)[:, None]
        if self.form == "levels":
            return _one_hot(values, self.levels)
        if self.form == "smooth":
            return hats(values, np.asarray(self.knots))
        if self.form == "pair":
            return _crossed(_one_hot(values, len(self.knots)), _one_hot(column_of(matrix, self.other), self.levels))
        if self.form == "product":
            level = _one_hot(column_of(matrix, self.other), self.levels)
            shape = hats(values, np.asarray(self.knots))
            return _crossed(shape, level)
        knots = np.asarray(self.knots)
        filled = _filled(values)[:, None]
        ramps = np.asarray(np.clip((filled - knots[:-1]) / np.diff(knots), 0.0, 1.0))
        if not self.other:
            return np.asarray(ramps, dtype=np.float64)
        second = column_of(matrix, self.other)
        other = _one_hot(second, self.levels) if self.levels else hats(second, np.asarray(self.other_knots))
        return _crossed(ramps, other)

    @property
    def width(self) -> int:
        """Coefficients of the term."""
        if self.form in ("missing", "levels"):
            return self.levels if self.form == "levels" else 1
        if self.form == "smooth":
            return len(self.knots)
        if self.form in ("product", "pair"):
            return len(self.knots) * self.levels
        return (len(self.knots) - 1) * max(self.levels or len(self.other_knots), 1)

    def _bases(self, matrix: FeatureMatrix) -> tuple[_Entries, _Entries, tuple[int, int]]:
        """The two bases whose crossing the columns are, and how many columns each has; ramps as hats at their knots."""
        values = column_of(matrix, self.name)
        if self.form == "missing":
            return [(np.zeros(1, dtype=np.int64), np.isnan(values).astype(np.float64))], _EVERYWHERE, (1, 1)
        if self.form == "levels":
            return [_at_level(values)], _EVERYWHERE, (self.levels, 1)
        read = _filled(values) if self.rising else values
        first = [_at_level(values)] if self.form == "pair" else _at_hats(read, np.asarray(self.knots))
        if not self.other:
            return first, _EVERYWHERE, (len(self.knots), 1)
        across = column_of(matrix, self.other)
        second = [_at_level(across)] if self.levels else _at_hats(across, np.asarray(self.other_knots))
        return first, second, (len(self.knots), self.levels or len(self.other_knots))

    def score(self, matrix: FeatureMatrix, coefficients: FloatArray) -> FloatArray:
        """`columns` times coefficients without building the columns: the term as a function read between its knots."""
        first, second, (_, width) = self._bases(matrix)
        surface = coefficients.reshape(-1, width)
        if self.rising:
            surface = np.concatenate([np.zeros((1, width)), np.cumsum(surface, axis=0)])
        total = np.zeros(len(matrix.values))
        for place, share in first:
            for across, part in second:
                total += surface[place, across] * (share * part)
        return total

    def pulled(self, matrix: FeatureMatrix, surprise: FloatArray) -> FloatArray:
        """Transposed `columns` times a number a row, shape (width,), without building the columns.

        A ramp is the sum of all hats behind its first knot, so that what pulls at hats is added up from the last.
        """
        first, second, (count, width) = self._bases(matrix)
        total = np.zeros(count * width)
        for place, share in first:
            for across, part in second:
                at = np.broadcast_to(place * width + across, surprise.shape)
                total += np.bincount(at, surprise * (share * part), count * width)
        found = total.reshape(count, width)
        return np.asarray(found[::-1].cumsum(axis=0)[::-1][1:] if self.rising else found).ravel()

    def penalty(self, smooth: float, cross: float, ridge: float) -> FloatArray:
        """Prior precision, shape (width, width): rough shapes and rough changes between neighbours cost."""
        if self.form == "missing":
            return np.eye(1) * ridge
        if self.form in ("levels", "pair"):
            return np.eye(self.width) * cross / 3.0
        if self.form == "smooth":
            rough = divided_differences(np.asarray(self.knots))
            return smooth * rough.T @ rough + ridge * np.eye(len(self.knots))
        if self.form == "product":
            rough = divided_differences(np.asarray(self.knots))
            shape = smooth * rough.T @ rough + (cross / 3.0 + ridge) * np.eye(len(self.knots))
            return np.asarray(np.kron(shape, np.eye(self.levels)))
        gaps = np.diff(np.asarray(self.knots))
        count, width = len(gaps), max(self.levels or len(self.other_knots), 1)
        slopes = differences(count, 1) @ np.diag(gaps.mean() / gaps)
        along = np.kron(np.asarray(smooth * slopes.T @ slopes), np.eye(width))
        side = differences(width, 1)
        across = np.kron(np.eye(count), cross * (np.eye(width) if self.levels else side.T @ side))
        return np.asarray(along + across + ridge * np.eye(count * width))

    def as_json(self) -> dict[str, object]:
        """Plain values for a JSON file."""
        return {
            "form": self.form,
            "name": self.name,
            "knots": list(self.knots),
            "other": self.other,
            "other_knots": list(self.other_knots),
            "levels": self.levels,
        }

    @classmethod
    def from_json(cls, held: Mapping[str, object]) -> Term:
        """The term that `as_json` wrote."""
        knots, others = held["knots"], held["other_knots"]
        assert isinstance(knots, list) and isinstance(others, list)
        return cls(
            str(held["form"]),
            str(held["name"]),
            tuple(float(one) for one in knots),
            str(held["other"]),
            tuple(float(one) for one in others),
            int(str(held["levels"])),
        )


def _crossed(first: FloatArray, second: FloatArray) -> FloatArray:
    """Every column of one block times every column of another, shape (rows, widths multiplied)."""
    return np.asarray(np.einsum("ij,ik->ijk", first, second).reshape(len(first), -1))


def column_of(matrix: FeatureMatrix, name: str) -> FloatArray:
    """A matrix column by feature name, shape (rows,)."""
    return matrix.values[:, matrix.names.index(name)]


def _place(values: FloatArray, knots: FloatArray) -> tuple[IntArray, FloatArray]:
    """Lower knot and weight of the upper one; a missing value sits at the middle knot, as in `hats`."""
    filled = np.where(np.isnan(values), knots[len(knots) // 2], values)
    index = np.clip(np.searchsorted(knots, filled, side="right") - 1, 0, len(knots) - 2)
    return index, np.clip((filled - knots[index]) / (knots[index + 1] - knots[index]), 0.0, 1.0)


def _filled(values: FloatArray) -> FloatArray:
    """A driver's values, unknown ones at 0."""
    return np.where(np.isnan(values), 0.0, values)


_Entries = list[tuple[IntArray, FloatArray]]
"""Columns of a basis that are not zero, and their values: one array pair each, shape (rows,) or (1,)."""
_EVERYWHERE: _Entries = [(np.zeros(1, dtype=np.int64), np.ones(1))]


def _at_level(codes: FloatArray) -> tuple[IntArray, FloatArray]:
    known = ~np.isnan(codes)
    return np.where(known, codes, 0.0).astype(np.int64), known.astype(np.float64)


def _at_hats(values: FloatArray, knots: FloatArray) -> _Entries:
    index, weight = _place(values, knots)
    return [(index, 1.0 - weight), (index + 1, weight)]


def _one_hot(codes: FloatArray, levels: int) -> FloatArray:
    out = np.zeros((len(codes), levels))
    known = ~np.isnan(codes)
    out[np.flatnonzero(known), codes[known].astype(np.int64)] = 1.0
    return out


@dataclass(frozen=True)
class Layout:
    """Terms in order with an intercept in front: builds designs, penalties and bounds that fit together."""

    terms: tuple[Term, ...]

    def design(self, matrix: FeatureMatrix) -> FloatArray:
        """Shape (rows, 1 + widths)."""
        blocks = [np.ones((len(matrix.values), 1)), *(term.columns(matrix) for term in self.terms)]
        return np.concatenate(blocks, axis=1)

    def blocks(self, matrix: FeatureMatrix, coefficients: FloatArray) -> list[FloatArray]:
        """Score of each term, shape (rows,) each; with the intercept they sum to the log-odds."""
        found, place = [], 1
        for term in self.terms:
            found.append(term.score(matrix, coefficients[place : place + term.width]))
            place += term.width
        return found

    def score(self, matrix: FeatureMatrix, coefficients: FloatArray) -> FloatArray:
        """`design` times coefficients, shape (rows,), without building the design; some rows at a time."""
        total = np.full(len(matrix.values), coefficients[0])
        for begin in range(0, len(total), ROWS_AT_ONCE):
            rows = slice(begin, begin + ROWS_AT_ONCE)
            for block in self.blocks(matrix.with_values(matrix.values[rows]), coefficients):
                total[rows] += block
        return total

    def pulled(self, matrix: FeatureMatrix, surprise: FloatArray) -> FloatArray:
        """Transposed `design` times a number a row, shape (1 + widths,), without building it; some rows at a time."""
        total = np.zeros(1 + sum(term.width for term in self.terms))
        for begin in range(0, len(surprise), ROWS_AT_ONCE):
            some = slice(begin, begin + ROWS_AT_ONCE)
            part, own = matrix.with_values(matrix.values[some]), surprise[some]
            total += np.concatenate([[own.sum()], *(term.pulled(part, own) for term in self.terms)])
        return total

    def penalty(self, smooth: float, cross: float, ridge: float) -> FloatArray:
        """Block diagonal prior precision, shape (p, p); the intercept is free."""
        blocks = [np.zeros((1, 1)), *(term.penalty(smooth, cross, ridge) for term in self.terms)]
        size = sum(len(block) for block in blocks)
        out, place = np.zeros((size, size)), 0
        for block in blocks:
            out[place : place + len(block), place : place + len(block)] = block
            place += len(block)
        return out

    def bounded(self) -> BoolArray:
        """True where a coefficient may not be negative, shape (p,)."""
        flags: list[bool] = [False]
        for term in self.terms:
            flags += [term.rising] * term.width
        return np.asarray(flags)


def split_contributions(terms: Sequence[Term], blocks: Sequence[FloatArray], names: Sequence[str]) -> FloatArray:
    """Term scores, shape (rows,) each, shared out to features, shape (rows, features): a pair shares equally."""
    out = np.zeros((len(blocks[0]) if blocks else 0, len(names)))
    for term, score in zip(terms, blocks, strict=True):
        first = list(names).index(term.name)
        if term.other:
            second = list(names).index(term.other)
            out[:, first] += 0.5 * score
            out[:, second] += 0.5 * score
        else:
            out[:, first] += score
    return out
