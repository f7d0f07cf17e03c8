"""Who is left out: one phase of the rate cycle, or one bank, product or country at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from behavior.errors import FittingError
from behavior.estimators.pass_through_series import RateSeries, without_months
from behavior.estimators.pass_through_static import cycles

LEAST_PHASE_MONTHS = 3


@dataclass(frozen=True)
class Fold:
    """One thing left out.

    Parameters
    ----------
    name : what is left out. training : series that may be learnt from. held_out : series whose path is foretold; its
        first row is the start and is known. earlier : what was known before, for last cycle's beta.
    """

    name: str
    training: tuple[RateSeries, ...]
    held_out: tuple[RateSeries, ...]
    earlier: tuple[RateSeries, ...]


def leave_one_phase_out(series: Sequence[RateSeries]) -> tuple[Fold, ...]:
    """A fold for every move of the short rate between turning points, its plateau included, over all series.

    The phase's rates paid are in no training series; the month it starts from is known, as it is to a bank.

    Raises
    ------
    FittingError : when the short rate shows fewer than two moves.
    """
    longest = max(series, key=lambda one: one.observed.size)
    begin = int(longest.observed[0])
    found = cycles(longest.levels[begin:])
    if len(found) < 2:
        raise FittingError(f"leave one phase out: {len(found)} moves of the short rate found, at least 2 needed.")
    folds = []
    for phase in found:
        first = longest.first_month + begin + phase.first
        last = longest.first_month + begin + phase.last
        training = [piece for one in series for piece in without_months(one, first + 1, last)]
        held_out = [piece for one in series if (piece := _between(one, first, last)) is not None]
        earlier = [piece for piece in training if piece.observed[-1] + piece.first_month <= first]
        if training and held_out:
            folds.append(Fold(_span(first, last), tuple(training), tuple(held_out), tuple(earlier)))
    return tuple(folds)


def leave_one_label_out(series: Sequence[RateSeries], column: int) -> tuple[Fold, ...]:
    """A fold for every label of a segment column: all its series are left out, the others are known whole."""
    folds = []
    for label in dict.fromkeys(one.segment[column] for one in series):
        held_out = tuple(one for one in series if one.segment[column] == label and one.observed.size > 1)
        training = tuple(one for one in series if one.segment[column] != label)
        if held_out and training:
            folds.append(Fold(label, training, held_out, training))
    return tuple(folds)


def _between(series: RateSeries, first: int, last: int) -> RateSeries | None:
    months = series.observed + series.first_month
    inside = (months >= first) & (months <= last)
    return series.rows(inside) if inside.sum() >= LEAST_PHASE_MONTHS else None


def _span(first: int, last: int) -> str:
    return f"{np.datetime64(first, 'M')} to {np.datetime64(last, 'M')}"
