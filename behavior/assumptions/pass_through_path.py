"""The law of REPRICING: how a rate that the bank sets follows the short rate, month by month.

A target moves by the integral of the marginal pass-through from the old to the new level of the short rate, the same
function up and down. Each month the rate paid closes a share of its distance to the target:

    p[m] = p[m-1] + up * max(T[m - delay_up] - p[m-1], 0) + down * min(T[m - delay_down] - p[m-1], 0)

and is then lifted to the floor. The month of a change is its first month; a delay of d months means that a direction
looks at the target as it stood d months ago. The floor binds the rate paid and leaves the target alone. This is the
one place where the law is written for learning; the engine's kernel is tested against it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike

from behavior.errors import BehaviorError
from behavior.quantities import FloatArray

NO_FLOOR = -np.inf
AT_FLOOR = 5e-4
"""How far above its floor (decimal a year) a rate paid still counts as held there: customers of one product are paid a
little differently, so that an average of rates at their floors stands some basis points above it."""


@dataclass(frozen=True)
class PassThroughLaw:
    """Target and speed of one segment.

    Parameters
    ----------
    levels : shape (grid,), rising short-rate levels, decimals a year.
    marginal : shape (grid,), change of the long-run rate paid for a change of the short rate at that level, rate per
        rate; piecewise linear between the levels, flat outside them.
    up, down : share of the distance between target and rate paid that closes in a month, by the distance's direction.
    delay_up, delay_down : months before an adjustment starts.
    """

    levels: FloatArray
    marginal: FloatArray
    up: float
    down: float
    delay_up: int = 0
    delay_down: int = 0

    def __post_init__(self) -> None:
        if self.levels.ndim != 1 or self.levels.shape != self.marginal.shape or self.levels.size == 0:
            raise BehaviorError(
                f"pass-through: levels {self.levels.shape} and marginal {self.marginal.shape} must be one grid."
            )
        if np.any(np.diff(self.levels) <= 0):
            raise BehaviorError("pass-through: the levels of the short rate must rise (decimals a year).")
        for name, share in (("up", self.up), ("down", self.down)):
            if not 0.0 <= share <= 1.0:
                raise BehaviorError(
                    f"pass-through: monthly adjustment {name} is {share!r}, expected a share in [0, 1]."
                )

    def target_change(self, old_level: ArrayLike, new_level: ArrayLike) -> FloatArray:
        """Movement of the target (decimal a year) when the short rate goes from old to new level; any shape."""
        return cumulative_target(self.levels, self.marginal, new_level) - cumulative_target(
            self.levels, self.marginal, old_level
        )


def integral_weights(levels: FloatArray, rates: ArrayLike) -> FloatArray:
    """Weights that turn marginals on a grid into their integral from the grid's first level to each rate.

    Parameters
    ----------
    levels : shape (grid,), rising. rates : any shape, decimals a year.

    Returns
    -------
    shape (*rates, grid): ``weights @ marginal`` is the integral of the piecewise-linear marginal, flat outside.
    """
    rate = np.asarray(rates, dtype=np.float64)
    weights = np.zeros((*rate.shape, levels.size))
    weights[..., 0] += np.minimum(rate - levels[0], 0.0)
    weights[..., -1] += np.maximum(rate - levels[-1], 0.0)
    for left in range(levels.size - 1):
        width = levels[left + 1] - levels[left]
        inside = np.clip(rate - levels[left], 0.0, width)
        rising = inside**2 / (2.0 * width)
        weights[..., left] += inside - rising
        weights[..., left + 1] += rising
    return weights


def cumulative_target(levels: FloatArray, marginal: FloatArray, rates: ArrayLike) -> FloatArray:
    """Integral of the marginal from the grid's first level to each rate, decimals a year, shape of `rates`."""
    return np.asarray(integral_weights(levels, rates) @ marginal)


def adjusted(
    paid: FloatArray, seen_up: FloatArray, seen_down: FloatArray, up: FloatArray, down: FloatArray, floor: FloatArray
) -> FloatArray:
    """Rate paid one month on, all of one shape: the share of the distance to the target that each direction sees.

    A rate already below its floor is not lifted by the passing of time, only kept from falling further.
    """
    moved = paid + up * np.maximum(seen_up - paid, 0.0) + down * np.minimum(seen_down - paid, 0.0)
    return np.maximum(moved, np.minimum(floor, paid))


def rate_paid_path(
    targets: FloatArray,
    start: ArrayLike,
    up: ArrayLike,
    down: ArrayLike,
    delays: tuple[int, int] = (0, 0),
    floor: ArrayLike = 0.0,
    earlier: FloatArray | None = None,
) -> FloatArray:
    """Rate paid in each month after the start.

    Parameters
    ----------
    targets : shape (..., 1 + months), target at the start and in each month after it, decimals a year.
    start : shape (...), rate paid at the start; it is not floored, so there is no jump.
    up, down : shape (...), monthly adjustment shares. delays : months, (up, down).
    floor : shape (...), bound of the rate paid, decimal a year.
    earlier : shape (..., before), targets before the start, oldest first; what a delay still has to see. Without it
        the target is taken as unchanged before the start.

    Returns
    -------
    shape (..., months), decimals a year.
    """
    longest = max(delays)
    before = np.repeat(targets[..., :1], longest, axis=-1)
    if earlier is not None and longest and earlier.shape[-1]:
        held = earlier[..., -longest:]
        before = np.concatenate([np.repeat(held[..., :1], longest - held.shape[-1], axis=-1), held], axis=-1)
    seen = np.concatenate([np.broadcast_to(before, (*targets.shape[:-1], longest)), targets], axis=-1)
    months = targets.shape[-1] - 1
    upward, downward = np.asarray(up, dtype=np.float64), np.asarray(down, dtype=np.float64)
    bound = np.asarray(floor, dtype=np.float64)
    paid = np.asarray(start, dtype=np.float64)
    path = np.empty((*np.broadcast_shapes(targets.shape[:-1], paid.shape), months))
    for month in range(1, months + 1):
        seen_up = seen[..., longest + month - delays[0]]
        seen_down = seen[..., longest + month - delays[1]]
        paid = adjusted(paid, seen_up, seen_down, upward, downward, bound)
        path[..., month - 1] = paid
    return path


@dataclass(frozen=True)
class Pending:
    """What earlier moves of the short rate still owe at the start.

    Parameters
    ----------
    gap : shape (...), target minus rate paid at the start, decimals a year.
    earlier : shape (..., before), earlier targets minus the target at the start, oldest first.
    """

    gap: FloatArray
    earlier: FloatArray


@dataclass(frozen=True)
class RestingRate:
    """Rate paid in the long run at one level of the short rate, decimals a year.

    A target curve says how far the target moves; this says where it stands. It is asked for where the rate paid does
    not tell: at a floor, below which the target may lie.
    """

    level: float
    rate: float


def nothing_pending() -> Pending:
    """No history is known: the target is today's rate paid."""
    return Pending(np.zeros(()), np.zeros((0,)))


def pending_from_history(law: PassThroughLaw, levels: FloatArray) -> Pending:
    """Run the law over past monthly short rates (oldest first, the last one today's) from rest, without a floor.

    Parameters
    ----------
    levels : shape (..., history), decimals a year. The result does not depend on the level of the rate paid.
    """
    targets = cumulative_target(law.levels, law.marginal, levels)
    if targets.shape[-1] < 2:
        return nothing_pending()
    path = rate_paid_path(targets, targets[..., 0], law.up, law.down, (law.delay_up, law.delay_down), NO_FLOOR)
    return Pending(targets[..., -1] - path[..., -1], targets[..., :-1] - targets[..., -1:])


def pending_at_floor(
    pending: Pending, law: PassThroughLaw, today: float, paid: float, floor: float, resting: RestingRate | None
) -> Pending:
    """What is owed by a rate paid that may be held at its floor.

    The floor binds the rate paid and leaves the target alone: where the target lies below a rate that the floor holds,
    it must first rise to that rate before the rate rises with it. A rate held a little above its floor keeps that
    distance from the target. Anywhere else, or where no one knows the target's level, `pending` stands.

    Parameters
    ----------
    today : short rate. paid : rate paid today. floor : its bound. All decimals a year.
    """
    if resting is None or paid > floor + AT_FLOOR:
        return pending
    distance = resting.rate + float(law.target_change(resting.level, today)) - min(paid, floor)
    return replace(pending, gap=np.asarray(distance)) if distance < 0 else pending


def pending_on_a_day(
    law: PassThroughLaw, levels: FloatArray, paid: float, floor: float, resting: RestingRate | None
) -> Pending:
    """What one rate paid owes today, at its floor or not, after past monthly short rates (the last one today's)."""
    return pending_at_floor(pending_from_history(law, levels), law, float(levels[-1]), paid, floor, resting)


def project_rate_paid(
    law: PassThroughLaw, levels: FloatArray, start: ArrayLike, pending: Pending | None = None, floor: ArrayLike = 0.0
) -> FloatArray:
    """Rate paid along a path of the short rate, from today's rate paid and without a jump.

    Parameters
    ----------
    levels : shape (..., 1 + months), today's short rate and that of each month after it, decimals a year.
    start : shape (...), today's rate paid. floor : shape (...).

    Returns
    -------
    shape (..., months), decimals a year.
    """
    owed = pending if pending is not None else nothing_pending()
    paid = np.asarray(start, dtype=np.float64)
    first = paid + owed.gap
    targets = first[..., None] + law.target_change(levels[..., :1], levels)
    earlier = first[..., None] + owed.earlier
    return rate_paid_path(targets, paid, law.up, law.down, (law.delay_up, law.delay_down), floor, earlier)
