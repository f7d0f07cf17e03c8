"""Case sampling: every event, a share of the rest with the weight that makes up for it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from behavior.errors import TooFewEvents
from behavior.quantities import FloatArray, IntArray

SAMPLE_SHARE = 0.2
"""Share of the months without event that is learned from, weighted up, where a specification names no other."""


@dataclass(frozen=True)
class CaseSample:
    """Rows kept (positions, rising) and the factor on their weights; non-events stand for `1 / share` rows each.

    Events stand for themselves, unless there are more than the rows asked for.
    """

    rows: IntArray
    factor: FloatArray
    share: float


def sample_cases(event: FloatArray, share: float, seed: int, most_rows: int = 0) -> CaseSample:
    """All events and a seeded share of the rest; `most_rows` lowers the share further where the data are large.

    Where events alone are more than `most_rows`, as many of them are drawn: what a smooth hazard can learn, a hundred
    thousand events have taught it, and rows stay bounded by twice `most_rows`.
    """
    happened = event > 0
    quiet = np.flatnonzero(~happened)
    events, each = _drawn_events(np.flatnonzero(happened), most_rows, seed)
    if most_rows and len(quiet):
        share = min(share, max(most_rows - len(events), len(events)) / len(quiet))
    if share >= 1.0 or len(quiet) < 1_000:
        return CaseSample(np.arange(len(event)), np.ones(len(event)), 1.0)
    rng = np.random.default_rng(seed)
    kept = quiet[rng.random(len(quiet)) < share]
    rows = np.sort(np.concatenate([events, kept]))
    factor = np.where(happened[rows], each, len(quiet) / max(len(kept), 1))
    return CaseSample(rows, factor, share)


def _drawn_events(events: IntArray, most: int, seed: int) -> tuple[IntArray, float]:
    """At most `most` of the events (0 = all), and how many each stands for."""
    if not most or len(events) <= most:
        return events, 1.0
    drawn = np.random.default_rng([seed, 1]).choice(events, most, replace=False)
    return drawn, len(events) / most


def require_events(event: FloatArray, least: int, what: str) -> None:
    """Refuse to learn from too few events.

    Raises
    ------
    TooFewEvents : saying how many there are and how many are needed.
    """
    found = int((event > 0).sum())
    if found < least:
        raise TooFewEvents(
            f"{what}: {found} events in {len(event)} rows, at least {least} needed. "
            "Take a longer window, pool segments, or import an assumption instead of fitting one."
        )


def level_shift(hazard: FloatArray, event: FloatArray, weight: FloatArray) -> float:
    """Log-odds to add to every prediction so that the weighted expected events equal the actual ones."""
    target = float((event * weight).sum())
    if target <= 0:
        return 0.0
    clipped = np.clip(hazard, 1e-12, 1.0 - 1e-12)
    logits = np.log(clipped) - np.log1p(-clipped)
    shift = 0.0
    for _ in range(50):
        moved = 1.0 / (1.0 + np.exp(-(logits + shift)))
        slope = float((weight * moved * (1.0 - moved)).sum())
        step = (target - float((weight * moved).sum())) / max(slope, 1e-300)
        shift += float(np.clip(step, -2.0, 2.0))
        if abs(step) < 1e-12:
            break
    return shift
