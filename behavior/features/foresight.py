"""Foresight: a feature that moves with the market rate of a later month, more than the market's own past foretells."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from behavior.quantities import BoolArray, FloatArray, IntArray

LATEST_LEAD = 24
LEAST_FORESIGHT, LEAST_OF_NEXT_MONTH, FORESIGHT_BEYOND_PAST, FORESIGHT_ERRORS = 0.6, 0.98, 0.1, 6.0
PAST_MOVES, FORETOLD, LEAST_BEYOND_THE_PAST, FORESIGHT_ALONE = 12, 0.01, 0.5, 0.95
SPANS, LEAST_OF_A_SPAN = (3, 6, 12, 24), 0.8
"""Months whose mean a rate may foretell, and how nearly."""


def future_alignment(
    values: FloatArray, units: IntArray, months: IntArray, market: FloatArray, known_ahead: int = 0
) -> float:
    """Correlation with a later market move when that is high and beyond any with present and past; 0 if not.

    Compares monthly means of changes inside units, so that mix and level play no part. Moves up to `known_ahead` months
    later than `market` are no future: the panel reads its market rate so late. High is at least `LEAST_FORESIGHT` and
    six standard errors of Fisher's z, so that a short history does not find one by chance. What the market's own past
    foretells is taken out: what is left must agree too, and nearly wholly where the past agrees almost as well. Of the
    month after the last known one it must agree nearly wholly: a treasury rate leads a posted one by about a month.
    """
    inside = np.zeros(len(values), dtype=bool)
    inside[1:] = (units[1:] == units[:-1]) & (months[1:] - months[:-1] == 1)
    change = np.zeros(len(values))
    change[1:] = values[1:] - values[:-1]
    inside &= ~np.isnan(change)
    low, high = int(months.min()), int(months.max())
    count = np.bincount(months[inside] - low, minlength=high - low + 1)
    mean = np.bincount(months[inside] - low, change[inside], high - low + 1) / np.maximum(count, 1)
    level = np.bincount(months - low, np.nan_to_num(market), high - low + 1)
    seen = np.bincount(months - low, minlength=high - low + 1)
    path = level / np.maximum(seen, 1)
    moves = np.append(0.0, np.diff(path))
    usable = (count > 0) & (seen > 0)
    if usable.sum() < 24 or np.std(mean[usable]) == 0:
        return 0.0
    strength = {lead: _correlation(mean, moves, usable, lead) for lead in range(-LATEST_LEAD, LATEST_LEAD + 1)}
    following = known_ahead + 1
    lead = max(range(following + 1, LATEST_LEAD + 1), key=lambda one: strength[one])
    later = _foresight(strength, lead, following, LEAST_FORESIGHT)
    if later:
        clear = later > max(strength[one][0] for one in range(-LATEST_LEAD, following + 1)) + FORESIGHT_BEYOND_PAST
        bound = LEAST_BEYOND_THE_PAST if clear else FORESIGHT_ALONE
    else:
        later, lead, bound = (
            _foresight(strength, following, known_ahead, LEAST_OF_NEXT_MONTH),
            following,
            FORESIGHT_ALONE,
        )
    known = following if lead > following else known_ahead
    if later and _beyond_the_past(mean, moves, usable, lead, known) > bound:
        return later
    behind = max(strength[one][0] for one in range(-LATEST_LEAD, following))
    return max(_of_a_span(mean, moves, usable, known_ahead, span, behind) for span in SPANS)


def _of_a_span(
    mean: FloatArray, moves: FloatArray, usable: BoolArray, known_ahead: int, span: int, behind: float
) -> float:
    """Correlation with what the market moves in the next `span` months together, where as surely foresight; else 0.

    A mean over months to come moves little with any one of them. Spans overlap, so that only every `span`-th pair
    counts against chance.
    """
    together = np.convolve(moves, np.ones(span), "valid")
    together = np.append(together, np.full(span - 1, np.nan))
    lead = known_ahead + 1
    whole = usable & ~np.isnan(np.append(together[lead:], np.full(lead, np.nan)))
    ahead, pairs = _correlation_of(mean, together, np.flatnonzero(whole), lead)
    chance = float(np.tanh(FORESIGHT_ERRORS / np.sqrt(max(pairs / span - 3, 1))))
    if ahead <= max(LEAST_OF_A_SPAN, chance, behind):
        return 0.0
    beyond = _left_by_the_past(mean, together, moves, np.flatnonzero(whole), lead, known_ahead)
    return ahead if beyond > LEAST_OF_A_SPAN else 0.0


def _foresight(strength: Mapping[int, tuple[float, int]], lead: int, known_ahead: int, least: float) -> float:
    """The correlation at a lead where it is high, no chance, and above all up to `known_ahead`; else 0."""
    ahead, pairs = strength[lead]
    behind, _ = max(strength[one] for one in range(-LATEST_LEAD, known_ahead + 1))
    chance = float(np.tanh(FORESIGHT_ERRORS / np.sqrt(max(pairs - 3, 1))))
    return ahead if ahead > max(least, chance, behind) else 0.0


def _places(usable: BoolArray, lead: int) -> IntArray:
    """Months that can be compared with those `lead` later."""
    size = len(usable)
    here = np.arange(max(0, -lead), min(size, size - lead))
    return np.asarray(here[usable[here] & usable[here + lead]])


def _correlation(mean: FloatArray, moves: FloatArray, usable: BoolArray, lead: int) -> tuple[float, int]:
    """Absolute correlation of a month's mean change with the market's move `lead` months later, and of how many."""
    return _correlation_of(mean, moves, _places(usable, lead), lead)


def _correlation_of(mean: FloatArray, later: FloatArray, here: IntArray, lead: int) -> tuple[float, int]:
    if len(here) < 20 or np.std(mean[here]) == 0 or np.std(later[here + lead]) == 0:
        return 0.0, len(here)
    return float(abs(np.corrcoef(mean[here], later[here + lead])[0, 1])), len(here)


def _beyond_the_past(mean: FloatArray, moves: FloatArray, usable: BoolArray, lead: int, known_ahead: int) -> float:
    """The same correlation of what the market's moves of that month and before, as many as there are pairs for, leave.

    A market that turns smoothly foretells itself, and a spread to it then moves as it will next year: no foresight.
    """
    return _left_by_the_past(mean, moves, moves, _places(usable, lead), lead, known_ahead)


def _left_by_the_past(
    mean: FloatArray, later: FloatArray, moves: FloatArray, here: IntArray, lead: int, known_ahead: int
) -> float:
    earliest = min(PAST_MOVES, len(here) // 6)
    here = here[here > earliest]
    past = np.column_stack([np.ones(len(here)), *(moves[here - back] for back in range(-known_ahead, earliest))])
    left = []
    for values in (mean[here], later[here + lead]):
        rest = values - past @ np.linalg.lstsq(past, values, rcond=None)[0]
        left.append(rest if np.std(rest) > FORETOLD * np.std(values) else np.zeros(len(rest)))
    if min(np.std(left[0]), np.std(left[1])) == 0:
        return 0.0
    return float(abs(np.corrcoef(left[0], left[1])[0, 1]))
