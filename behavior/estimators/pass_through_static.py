"""Constant betas: what most banks carry forward from the last cycle, and the benchmark that every model must beat."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Self

import numpy as np

from behavior.assumptions.effects import POOLED
from behavior.errors import FittingError
from behavior.estimators.pass_through_series import RateSeries, pieces_of
from behavior.estimators.pass_through_statistics import LeastSquares, least_squares
from behavior.quantities import FloatArray, IntArray

LEAST_CYCLE = 0.0075


@dataclass(frozen=True)
class Cycle:
    """One move of the short rate between turning points: positions of its first and last month."""

    first: int
    last: int


def cycles(levels: FloatArray) -> tuple[Cycle, ...]:
    """Moves of at least `LEAST_CYCLE` (decimal) between turning points, oldest first; the last may still be going on.

    Parameters
    ----------
    levels : shape (months,), short rate.
    """
    turns: list[int] = []
    low = high = extreme = direction = 0
    for month in range(1, levels.size):
        if direction == 0:
            # The first move begins where it turns, as all others do: not at the first month of the series.
            low = month if levels[month] <= levels[low] else low
            high = month if levels[month] >= levels[high] else high
            if max(levels[month] - levels[low], levels[high] - levels[month]) >= LEAST_CYCLE:
                direction = 1 if levels[month] > levels[low] else -1
                turns, extreme = [low if direction == 1 else high], month
        elif direction * (levels[month] - levels[extreme]) >= 0:
            extreme = month
        elif direction * (levels[extreme] - levels[month]) >= LEAST_CYCLE:
            turns.append(extreme)
            extreme, direction = month, -direction
    turns.append(extreme)
    moves = (Cycle(first, last) for first, last in pairwise(turns))
    return tuple(one for one in moves if abs(levels[one.last] - levels[one.first]) >= LEAST_CYCLE)


def matched(series: RateSeries) -> tuple[FloatArray, FloatArray]:
    """Short rate averaged over each observation's period, and the rate paid; shape (rows,) each."""
    levels = [
        series.levels_from(int(end) - int(period) + 1, int(end) + 1).mean()
        for end, period in zip(series.observed, series.periods, strict=True)
    ]
    return np.array(levels), series.rate_paid


def static_beta(series: RateSeries) -> LeastSquares:
    """Rate paid on a constant and the short rate (coefficients in that order)."""
    levels, paid = matched(series)
    return least_squares(np.column_stack([np.ones(levels.size), levels]), paid)


def last_cycle_beta(pieces: Sequence[RateSeries]) -> float:
    """Change of the rate paid over that of the short rate in the last whole move; NaN where no move was seen.

    Parameters
    ----------
    pieces : of one source, oldest first; no move runs across two of them.
    """
    for levels, paid in map(matched, reversed(pieces)):
        if found := cycles(levels):
            last = found[-1]
            return float((paid[last.last] - paid[last.first]) / (levels[last.last] - levels[last.first]))
    return float("nan")


def static_slope(sources: Iterable[Sequence[RateSeries]]) -> float:
    """Slope of the rate paid on the short rate over all rows of all pieces, each source about a mean of its own; NaN
    where the short rate never moved.
    """
    above = squares = 0.0
    for pieces in sources:
        levels, paid = (np.concatenate(one) for one in zip(*map(matched, pieces), strict=True))
        about = levels - levels.mean()
        above, squares = above + float(about @ paid), squares + float(about @ about)
    return above / squares if squares > 0 else float("nan")


def _by_source(pieces: Sequence[RateSeries]) -> list[list[RateSeries]]:
    found: dict[str, list[RateSeries]] = {}
    for one in sorted(pieces, key=lambda one: one.first_month + int(one.observed[0])):
        found.setdefault(one.source or one.unit, []).append(one)
    return list(found.values())


def _balance(pieces: Sequence[RateSeries]) -> float:
    """Mean weight of a source's rows, at least next to nothing."""
    return max(float(np.concatenate([one.weight for one in pieces]).mean()), 1e-12)


class ConstantBeta:
    """One beta a segment, at once and without end: rate paid = today's + beta × change of the short rate.

    Parameters
    ----------
    method : ``last_cycle`` (cumulative beta of the last move) or ``least_squares`` (static regression).
    """

    def __init__(self, method: str = "last_cycle") -> None:
        self.method = method

    def fit(self, series: Sequence[RateSeries]) -> Self:
        """Learn a beta for each segment from all its series; the balance-weighted mean of a label's, or of all, is the
        fallback.

        Raises
        ------
        FittingError : when no series shows a move of the short rate.
        """
        own: dict[tuple[str, ...], float] = {}
        weights: dict[tuple[str, ...], float] = {}
        for segment, pieces in pieces_of([one for one in series if one.observed.size > 2]).items():
            sources = _by_source(pieces)
            own[segment], weights[segment] = self._beta(sources), sum(map(_balance, sources))
        known = {segment: beta for segment, beta in own.items() if np.isfinite(beta)}
        if not known:
            raise FittingError("constant beta: the short rate never moved in any series. Widen the window.")
        self.betas_: dict[tuple[str, ...], float] = dict(known)
        columns = len(next(iter(known)))
        # In an order of their own: that of a set changes from one process to the next, and the file's digest with it.
        for key in sorted({(label[0], *(POOLED,) * (columns - 1)) for label in known} | {(POOLED,) * columns}):
            members = [one for one in known if all(a in (POOLED, b) for a, b in zip(key, one, strict=True))]
            share = np.array([weights[one] for one in members])
            self.betas_.setdefault(key, float(np.average([known[one] for one in members], weights=share)))
        return self

    def _beta(self, sources: Sequence[Sequence[RateSeries]]) -> float:
        if self.method != "last_cycle":
            return static_slope(sources)
        seen = [(_balance(one), beta) for one in sources if np.isfinite(beta := last_cycle_beta(one))]
        return sum(balance * beta for balance, beta in seen) / sum(one for one, _ in seen) if seen else float("nan")

    def beta(self, segment: tuple[str, ...]) -> float:
        """Beta of a segment, or of the most specific fallback."""
        matching = [key for key in self.betas_ if all(a in (POOLED, b) for a, b in zip(key, segment, strict=True))]
        return self.betas_[min(matching, key=lambda key: sum(label == POOLED for label in key))]

    def path(self, segment: tuple[str, ...], levels: FloatArray, start: float, begin: int, floor: float) -> FloatArray:
        """Rate paid in the months after position `begin` of `levels`, shape (months − begin − 1,)."""
        moved = start + self.beta(segment) * (levels[begin + 1 :] - levels[begin])
        return np.asarray(np.maximum(moved, min(floor, start)))

    def to_files(self) -> Mapping[str, str]:
        """The betas as JSON text."""
        betas = [{"segment": list(key), "beta": value} for key, value in self.betas_.items()]
        return {"constant_beta.json": json.dumps({"method": self.method, "betas": betas}, indent=1)}

    @classmethod
    def from_files(cls, files: Mapping[str, str]) -> ConstantBeta:
        """What `to_files` wrote."""
        content = json.loads(files["constant_beta.json"])
        model = cls(content["method"])
        model.betas_ = {tuple(one["segment"]): float(one["beta"]) for one in content["betas"]}
        return model


def positions(series: RateSeries) -> IntArray:
    """Month in the middle of each observation's period: where an average stands for the rate paid."""
    return np.asarray(series.observed - (series.periods - 1) // 2)
