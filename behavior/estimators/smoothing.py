"""How smooth each term should be, as the data ask: precisions of the terms' priors by restricted likelihood.

The update of Fellner and Schall, as Wood and Fasiolo (2017) generalise it: a precision grows by the ratio of what its
prior leaves of the term to what the term has used. It runs on the quadratic that the penalised likelihood has around a
first fit, so that no pass over the data is needed. Coefficients held at a bound neither use nor leave anything.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np

from behavior.estimators.bounded_squares import bounded_least_squares
from behavior.estimators.term_layout import Layout
from behavior.quantities import BoolArray, FloatArray, IntArray

PASSES = 60
SETTLED = 0.02
LEAST, MOST = 1.0 / 30.0, 300.0
"""How far a precision may go from the one it starts with."""


@dataclass(frozen=True)
class _Part:
    """One prior of one term: where its coefficients stand, its matrix for a precision of 1, where it starts, and
    whether it may move from there."""

    place: slice
    unit: FloatArray
    start: float
    learned: bool


def smoothed_penalty(
    information: FloatArray,
    target: FloatArray,
    layout: Layout,
    smooth: float,
    cross: float,
    ridge: float,
    forms: Collection[str] = (),
) -> FloatArray:
    """Prior precision of the layout's coefficients with each term as rough as the data say, shape (p, p).

    Parameters
    ----------
    information, target : of the quadratic b'Ib/2 - t'b that the likelihood alone is near the first fit.
    smooth, cross : where precisions of roughness and of differences start. ridge : that of size, held.
    forms : of the terms whose precisions are learned; none = of all.
    """
    base, bounded = layout.penalty(0.0, 0.0, ridge), layout.bounded()
    parts = _parts(layout, smooth, cross, forms)
    precisions = np.array([part.start for part in parts])
    for _ in range(PASSES):
        moved = _updated(information, target, base, parts, precisions, bounded)
        settled = bool(np.abs(np.log(moved / precisions)).max(initial=0.0) < SETTLED)
        precisions = moved
        if settled:
            break
    return _total(base, parts, precisions)


def _parts(layout: Layout, smooth: float, cross: float, forms: Collection[str]) -> list[_Part]:
    found, begin = [], 1
    for term in layout.terms:
        place = slice(begin, begin + term.width)
        for unit, start in ((term.penalty(1.0, 0.0, 0.0), smooth), (term.penalty(0.0, 1.0, 0.0), cross)):
            if np.abs(unit).max(initial=0.0) > 0:
                found.append(_Part(place, unit, start, not forms or term.form in forms))
        begin = place.stop
    return found


def _total(base: FloatArray, parts: list[_Part], precisions: FloatArray) -> FloatArray:
    whole = base.copy()
    for part, precision in zip(parts, precisions, strict=True):
        whole[part.place, part.place] += precision * part.unit
    return whole


def _updated(
    information: FloatArray,
    target: FloatArray,
    base: FloatArray,
    parts: list[_Part],
    precisions: FloatArray,
    bounded: BoolArray,
) -> FloatArray:
    prior = _total(base, parts, precisions)
    beta = bounded_least_squares(information + prior, target, bounded)
    free = np.flatnonzero(~(bounded & (beta <= 1e-10)))
    after = _inverse(information + prior, free)
    before = _inverse(prior, free[free > 0])  # the intercept has no prior
    found = np.empty_like(precisions)
    for place, part in enumerate(parts):
        own = part.place
        if not part.learned:
            found[place] = precisions[place]
            continue
        left = float(((before[own, own] - after[own, own]) * part.unit).sum())
        used = float(beta[own] @ part.unit @ beta[own])
        found[place] = precisions[place] * max(left, 1e-12) / max(used, 1e-12)
    starts = np.array([part.start for part in parts])
    return np.clip(found, LEAST * starts, MOST * starts)


def _inverse(matrix: FloatArray, free: IntArray) -> FloatArray:
    """Inverse over some coefficients, zero elsewhere."""
    out = np.zeros_like(matrix)
    out[np.ix_(free, free)] = np.linalg.inv(matrix[np.ix_(free, free)])
    return out
