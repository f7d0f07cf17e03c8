"""What the months of a series have shown of a law: levels, directions, and the words for what they have not shown."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np

from behavior.assumptions.pass_through_path import AT_FLOOR
from behavior.estimators.pass_through_fit import SeriesFit
from behavior.estimators.pass_through_model import Design, Layout, seen_by, targets
from behavior.quantities import FloatArray

LEAST_GAP = 1e-5
DIRECTIONS = ("up", "down")
DOUBLE = float(np.log(2.0))
"""Standard error of the log of a speed from which the months do not tell it: half or twice of it fits as well."""
MOST_FACTOR = 10.0
LEAST_APART = 1e-3
"""Decimal a year between the targets of two sources: of less, a rate at its floor leaves it hardly earlier or later."""
SILENT = 1e-9
"""Information below which a direction of the parameters is one that the months say nothing of."""

Months = tuple[float, float]


def level_months(layout: Layout, designs: Sequence[Design]) -> FloatArray:
    """Months of observation near each knot, shape (knots,)."""
    months = np.zeros(layout.knots.size)
    for design in designs:
        seen = design.series.levels_from(design.series.begin)
        nearest = np.abs(seen[:, None] - layout.knots).argmin(axis=1)
        months += np.bincount(nearest, minlength=layout.knots.size)
    return months


def direction_months(layout: Layout, designs: Sequence[Design], fit: SeriesFit) -> Months:
    """Months in which the rate paid had to move up, and down.

    A month counts by the gap that stood before its adjustment: the target that the direction sees in the month less the
    rate paid at the observation before. A product that reprices at once has no gap left after it.
    """
    up = down = 0.0
    for design in designs:
        series = design.series
        target = targets(layout, design, fit.parameters[None, :])
        above, below = (seen_by(target, np.array([delay]), design)[:, 0] for delay in fit.delays)
        rows = series.observed[1:] - series.begin
        before, months = series.rate_paid[:-1], series.periods[1:]
        up += float(np.sum(months[above[rows] - before > LEAST_GAP]))
        down += float(np.sum(months[below[rows] - before < -LEAST_GAP]))
    return up, down


def speed_errors(fit: SeriesFit) -> FloatArray:
    """Standard errors of the logs of the speeds up and down by the months alone, without any belief, shape (2,).

    All other parameters of the law are free: where the target rises so evenly that a slow rate with a high target pays
    as a fast one with a low target, neither speed is told, however many months there are.
    """
    values, axes = np.linalg.eigh(fit.information)
    variance = (axes**2 / np.maximum(values, SILENT)).sum(axis=1)
    return np.asarray(np.sqrt(fit.effect * variance)[-2:])


def untold_flags(own: Months, errors: FloatArray) -> list[str]:
    """Words for each direction that had its months, which yet do not tell its speed: it may be errors of single months
    that looked like a distance to close.

    Parameters
    ----------
    own : months up and down. errors : of the logs of their speeds, shape (2,).
    """
    found = []
    for name, months, error in zip(DIRECTIONS, own, errors, strict=True):
        if months and error > DOUBLE:
            factor = float(np.exp(min(error, np.log(MOST_FACTOR))))
            more = " or more" if error > np.log(MOST_FACTOR) else ""
            found.append(
                f"the months do not tell the speed {name}: its standard error is a factor of {factor:.1f}{more}, and "
                "it leans on what is believed of deposits, on the other direction and on similar series"
            )
    return found


def unseen_flags(own: Months, similar: Months) -> list[str]:
    """Words for each direction in which the rate paid never had to move, and for what its speed rests on instead.

    Parameters
    ----------
    own : months up and down. similar : the same, summed over the series that the law is drawn to; zeros without any.
    """
    found = []
    for side, name in enumerate(DIRECTIONS):
        if own[side]:
            continue
        rests = ["the other direction"] * bool(own[1 - side]) + ["similar series"] * bool(similar[side])
        words = f"the rate paid never had to move {name}: "
        if rests:
            found.append(f"{words}that speed rests on {' and on '.join(rests)}")
        else:
            found.append(f"{words}speed not identified, it is the starting belief and nothing was learned")
    return found


def apart_flags(levels: Mapping[str, float], designs: Sequence[Design], floor: float) -> list[str]:
    """Words for sources of one segment whose targets stand apart where a rate was held at its floor.

    The segment's tables say once where its target rests: at a floor, whose end only that tells, each source waits for
    the mean of all.

    Parameters
    ----------
    levels : target of each source at the middle knot. floor : of the rate paid. Decimals a year.
    """
    low, high = min(levels, key=lambda one: levels[one]), max(levels, key=lambda one: levels[one])
    held = any(bool(np.any(one.series.rate_paid <= floor + AT_FLOOR)) for one in designs)
    if not held or levels[high] - levels[low] <= LEAST_APART:
        return []
    return [
        f"its series rest apart: {low} at {levels[low]:.2%}, {high} at {levels[high]:.2%}, and one that is held at its "
        "floor leaves it when their mean would (name in `segments.by` what tells them apart, such as the currency)"
    ]


def members_flags(members: Sequence[Sequence[str]]) -> list[str]:
    """What the members of a fallback are not certain of, each thing once with the number of members that say it.

    Words after a colon hold where all who say it agree in them; figures of single members are left to their own rows.
    """
    counts = Counter(words.split(":")[0] for flags in members for words in dict.fromkeys(flags))
    found = []
    for head, count in counts.items():
        endings = {words for flags in members for words in flags if words.split(":")[0] == head}
        who = "the one member" if len(members) == 1 else f"{count} of {len(members)} members"
        found.append(f"{who}: {endings.pop() if len(endings) == 1 else head}")
    return found
