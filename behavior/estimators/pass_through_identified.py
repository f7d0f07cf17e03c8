"""What a set of series can carry: months for the parameters asked of them, starts that end in one law, bounds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from behavior.errors import TooFewEvents
from behavior.estimators.pass_through_fit import SeriesFit
from behavior.estimators.pass_through_model import Layout
from behavior.estimators.pass_through_pool import LEAST_MEMBERS
from behavior.estimators.pass_through_series import RateSeries
from behavior.quantities import FloatArray

ROWS_PER_PARAMETER = 2
LEAST_AGREEING = 0.5
CLOSE = 1e-4
STILL = 1e-9

Groups = Mapping[tuple[str, ...], Sequence[RateSeries]]


def enough_rows(layout: Layout, groups: Groups) -> tuple[list[RateSeries], list[RateSeries]]:
    """Series that can carry a law, and those that must be left to the pooled one.

    Segments that are pooled find the law's parameters once, together; each finds its own level, start and gain. Too
    few segments to pool stand each on its own months.

    Raises
    ------
    TooFewEvents : the rows of all together, or of every segment, are fewer than twice the parameters.
    """
    own = {segment: _own_parameters(members) for segment, members in groups.items()}
    rows = {segment: sum(one.observed.size for one in members) for segment, members in groups.items()}
    if len(groups) >= LEAST_MEMBERS:
        asked = {"all series together": (sum(rows.values()), sum(own.values()) + layout.shape + 2)}
        short = {name: counts for name, counts in asked.items() if counts[0] < ROWS_PER_PARAMETER * counts[1]}
        able = [] if short else [one for members in groups.values() for one in members]
    else:
        each = {segment: (rows[segment], own[segment] + layout.shape + 2) for segment in groups}
        thin = [segment for segment, counts in each.items() if counts[0] < ROWS_PER_PARAMETER * counts[1]]
        short = {groups[segment][0].unit: each[segment] for segment in thin}
        able = [one for segment, members in groups.items() if segment not in thin for one in members]
    if not able:
        words = "; ".join(
            f"{name}: {seen} observations for {count} parameters, at least {ROWS_PER_PARAMETER * count} needed"
            for name, (seen, count) in short.items()
        )
        raise TooFewEvents(f"Pass-through cannot be learnt: {words}. Widen the window or pool the series.")
    return able, [one for members in groups.values() for one in members if one not in able]


def _own_parameters(members: Sequence[RateSeries]) -> int:
    """Levels of the sources, starts of the pieces, the gain."""
    return len({one.source or one.unit for one in members}) + len(members) + 1


def not_told(fit: SeriesFit, series: Sequence[RateSeries]) -> str:
    """Why the months of a segment that stands alone cannot tell its law; empty where they can."""
    if is_still(series):
        return ""
    beta = [flag for flag in fit.flags if flag.startswith("long-run beta depends on the start")]
    if beta:
        return f"{series[0].unit}: the months cannot tell the law. {beta[0]}. Widen the window or pool the series."
    if fit.starts_agreeing < LEAST_AGREEING:
        return (
            f"{series[0].unit}: the months cannot tell the law. {fit.starts_agreeing:.0%} of the starts end in the one "
            f"that fits best, at least {LEAST_AGREEING:.0%} needed. Widen the window or pool the series."
        )
    return ""


def is_still(series: Sequence[RateSeries]) -> bool:
    """Whether the rate paid of every piece never moved: a beta of 0, and no speed."""
    return all(float(np.ptp(one.rate_paid)) <= STILL for one in series)


def bound_flags(layout: Layout, parameters: FloatArray, series: Sequence[RateSeries]) -> list[str]:
    """Words for parameters (size,) that stand on their bounds, where the data may want to go further."""
    if is_still(series):
        return ["the rate paid never moved: its beta is 0, its speeds are unknown and stand at what is usual"]
    marginal = layout.marginals(parameters)
    flags = []
    for bound in (0.0, layout.largest_marginal):
        pressed = layout.knots[np.abs(marginal - bound) < CLOSE]
        if pressed.size:
            flags.append(
                f"the marginal stands on its bound {bound:g} at short rates from {pressed.min():.2%} to "
                f"{pressed.max():.2%}"
            )
    lower, upper = (np.exp(bound[layout.speeds]) for bound in layout.bounds())
    for place, (name, speed) in enumerate(zip(("up", "down"), np.exp(parameters[layout.speeds]), strict=True)):
        if speed < lower[place] * (1 + CLOSE) or speed > upper[place] * (1 - CLOSE):
            flags.append(f"speed {name} stands on its bound {speed:.3f}")
    return flags
