"""Terms in order behind an intercept: designs, scores, penalties and bounds that fit together."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from behavior.estimators.term_kernel import TablePlan
from behavior.estimators.terms import Term
from behavior.features.base import FeatureMatrix
from behavior.quantities import BoolArray, FloatArray, IntArray


@dataclass(frozen=True)
class Layout:
    """The columns of a hazard.

    A term's columns cross two axes; along the first of a rising term they are ramps, which add up to heights.
    """

    terms: tuple[Term, ...]

    @property
    def width(self) -> int:
        """Number of coefficients, the intercept among them."""
        return 1 + sum(term.width for term in self.terms)

    def design(self, matrix: FeatureMatrix) -> FloatArray:
        """Shape (rows, p)."""
        rising = np.array([term.rising for term in self.terms], dtype=np.int64)
        into = np.array([place.start for place in self._places()], dtype=np.int64)
        return self._plan(matrix).design(matrix.values, rising, into, self.width)

    def blocks(self, matrix: FeatureMatrix, coefficients: FloatArray) -> list[FloatArray]:
        """Score of each term, shape (rows,) each; with the intercept they sum to the log-odds."""
        apart = np.arange(len(self.terms))
        found = self._plan(matrix).score(matrix.values, self._tables(coefficients), apart, len(self.terms))
        return list(np.ascontiguousarray(found.T))

    def score(self, matrix: FeatureMatrix, coefficients: FloatArray) -> FloatArray:
        """`design` times coefficients, shape (rows,), without building the design."""
        together = np.zeros(len(self.terms), dtype=np.int64)
        found = self._plan(matrix).score(matrix.values, self._tables(coefficients), together, 1)
        return np.asarray(found[:, 0] + coefficients[0])

    def pulled(self, matrix: FeatureMatrix, surprise: FloatArray) -> FloatArray:
        """Transposed `design` times a number a row, shape (p,), without building it."""
        plan = self._plan(matrix)
        found, parts = plan.pulled(matrix.values, surprise), [np.array([surprise.sum()])]
        for term, begin in zip(self.terms, plan.place, strict=True):
            first, second = term.axes
            table = found[begin : begin + first.count * second.count].reshape(first.count, second.count)
            # A ramp is the sum of all hats behind its first knot: what pulls at hats is added up from the last.
            parts.append((table[::-1].cumsum(axis=0)[::-1][1:] if term.rising else table).ravel())
        return np.concatenate(parts)

    def penalty(self, smooth: float, cross: float, ridge: float) -> FloatArray:
        """Block diagonal prior precision, shape (p, p); the intercept is free."""
        out = np.zeros((self.width, self.width))
        for term, place in zip(self.terms, self._places(), strict=True):
            out[place, place] = term.penalty(smooth, cross, ridge)
        return out

    def bounded(self) -> BoolArray:
        """True where a coefficient may not be negative, shape (p,)."""
        flags = np.zeros(self.width, dtype=bool)
        for term, place in zip(self.terms, self._places(), strict=True):
            flags[place] = term.rising
        return flags

    def _places(self) -> list[slice]:
        """Where each term's coefficients stand."""
        ends = np.cumsum([1, *(term.width for term in self.terms)])
        return [slice(int(begin), int(end)) for begin, end in pairwise(ends)]

    def _tables(self, coefficients: FloatArray) -> FloatArray:
        """Every term's value at the places of its axes, end to end."""
        tables = [np.zeros(0)]
        for term, place in zip(self.terms, self._places(), strict=True):
            table = coefficients[place].reshape(-1, term.axes[1].count)
            if term.rising:
                table = np.concatenate([np.zeros((1, table.shape[1])), np.cumsum(table, axis=0)])
            tables.append(table.ravel())
        return np.concatenate(tables)

    def _plan(self, matrix: FeatureMatrix) -> TablePlan:
        pairs = [term.axes for term in self.terms]
        axes = list(dict.fromkeys(axis for pair in pairs for axis in pair))
        across = [second.count for _, second in pairs]
        ends = np.cumsum([0, *(first.count * second.count for first, second in pairs)])
        return TablePlan(
            column=_whole(matrix.names.index(axis.name) if axis.name else 0 for axis in axes),
            form=_whole(axis.form for axis in axes),
            begin=np.cumsum([0, *(len(axis.knots) for axis in axes)])[:-1],
            count=_whole(axis.count for axis in axes),
            unknown=np.array([axis.unknown for axis in axes]),
            beside=_whole(matrix.names.index(axis.beside) if axis.beside else 0 for axis in axes),
            inner=_whole(axis.inner for axis in axes),
            knots=np.array([knot for axis in axes for knot in axis.knots], dtype=np.float64),
            first=_whole(axes.index(first) for first, _ in pairs),
            second=_whole(axes.index(second) for _, second in pairs),
            place=ends[:-1],
            across=_whole(across),
            size=int(ends[-1]),
        )


def _whole(numbers: Iterable[int]) -> IntArray:
    return np.array(list(numbers), dtype=np.int64)


def split_contributions(terms: Sequence[Term], blocks: Sequence[FloatArray], names: Sequence[str]) -> FloatArray:
    """Term scores, shape (rows,) each, shared out to features, shape (rows, features); a term's share equally."""
    out = np.zeros((len(blocks[0]) if blocks else 0, len(names)))
    for term, score in zip(terms, blocks, strict=True):
        features = [name for name in (term.name, term.other, term.beside) if name]
        for name in features:
            out[:, list(names).index(name)] += score / len(features)
    return out
