"""Where the rate paid leaves the form of the law: words for what a fit would otherwise pass over in silence.

Promotions, another definition of the series, a floor or a cap of the bank's own, a target that flattens out: none of
them is pass-through of target and speed, and each moves the figures of a law that is fitted across it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from behavior.estimators.pass_through_errors import design_effect, observed_best
from behavior.estimators.pass_through_fit import FitOptions, SeriesFit, fit_series
from behavior.estimators.pass_through_identified import is_still
from behavior.estimators.pass_through_impact import LARGEST_LEFT, beside
from behavior.estimators.pass_through_model import Design, Layout, design_of, errors_in_basis_points
from behavior.estimators.pass_through_problem import deviance, problem, rates_of, weak_prior
from behavior.estimators.pass_through_series import RateSeries
from behavior.quantities import BoolArray, FloatArray

LEAST_JUMP, TIMES_THE_NEXT, MOST_JUMPS = 15.0, 3.0, 4  # basis points; a jump stands alone, far beyond all other errors
HELD, LEAST_HELD_MONTHS, LEAST_RANGE, LEAST_SHARE_MOVED = 1e-5, 12, 0.005, 0.5
CLEARLY, LEAST_FALL, FINER = 15.0, 0.1, 4
LEAST_STRAY = 2.0  # basis points
LEAST_BELOW = 1e-4  # decimal a year
LEAST_STOOD = 4  # months at one value; fewer are a rate that passed it twice
REVIEWS = (6, 3, 2)  # months; by chance all moves fall into the same months of a review in one of 10,000 rates or fewer
LEAST_SHARE_REVIEWED, LEAST_CHANCE, LEAST_SHORT_ELSEWHERE = 0.95, float(np.log(1e4)), 0.25


def departures(layout: Layout, designs: Sequence[Design], fit: SeriesFit, options: FitOptions) -> list[str]:
    """Words for each departure of the pieces of one segment from its law; empty where it holds."""
    series = [design.series for design in designs]
    if is_still(series):
        return []
    found = [*_longest_delays(fit, options), *_jumps(layout, designs, fit)]
    for one in series:
        found += [*_below(one, options.floor), *_held(one, designs[0].floor), *_reviewed(one)]
    found += _leads(layout, tuple(designs), fit, options)
    return [*found, *_falls(layout, tuple(designs), fit, options), *_strays(layout, tuple(designs), fit)]


def _longest_delays(fit: SeriesFit, options: FitOptions) -> list[str]:
    sides = [name for name, delay in zip(("up", "down"), fit.delays, strict=True) if delay == options.largest_delay]
    if not sides or not options.largest_delay:
        return []
    return [f"the delay {' and '.join(sides)} stands on the longest that was tried: {options.largest_delay} months"]


def _jumps(layout: Layout, designs: Sequence[Design], fit: SeriesFit) -> list[str]:
    """Months in which a rate moved at once as in no other month, and not as the law has it."""
    forgiven = fit.parameters.copy()
    forgiven[layout.gain] = 1.0
    plain = tuple(replace(design, step=0.0) for design in designs)
    actual = rates_of(plain)[:, None]
    errors = -errors_in_basis_points(layout, plain, forgiven[None, :], np.array([fit.delays]), actual)[0]
    months = np.concatenate([one.series.observed + one.series.first_month for one in plain])
    size = np.abs(errors)
    order = np.argsort(-size)
    for count in range(min(MOST_JUMPS, size.size - 1), 0, -1):
        least, following = size[order[count - 1]], size[order[count]]
        if least > max(LEAST_JUMP, TIMES_THE_NEXT * following):
            which = sorted(order[:count], key=lambda row: months[row])
            said = ", ".join(f"{errors[row]:+.0f} bp in {np.datetime64(int(months[row]), 'M')}" for row in which)
            why = "a promotion, another definition of the series, or one late decision"
            return [f"the rate paid moved at once and not as the law has it: {said} ({why}); its speeds suffer from it"]
    return []


def _below(one: RateSeries, floor: float) -> list[str]:
    """A rate that was paid below the floor at which every path of the law stops."""
    months = int((one.rate_paid < floor - LEAST_BELOW).sum())
    if not months:
        return []
    return [
        f"the rate paid went below its floor: {floor:.2%}, in {months} of {one.rate_paid.size} observations, down to "
        f"{one.rate_paid.min():.2%} (a path that starts above the floor stops there: that of the specification, and in "
        "a valuation that of the row, which is 0 where it has none)"
    ]


def _held(one: RateSeries, floor: float) -> list[str]:
    """A rate that moves month by month and stands exactly at its lowest or highest while the short rate goes on."""
    found = []
    ends = (("lowest", float(one.rate_paid.min())), ("highest", float(one.rate_paid.max())))
    for name, bound in ends:
        held = np.abs(one.rate_paid - bound) <= HELD
        moves = np.abs(np.diff(one.rate_paid)) > HELD
        free = moves[~(held[1:] & held[:-1])]
        if held.sum() < LEAST_HELD_MONTHS or not free.size or free.mean() < LEAST_SHARE_MOVED:
            continue
        levels = one.levels[one.observed[held]]
        if np.ptp(levels) < LEAST_RANGE or (name == "lowest" and bound <= floor + HELD):
            continue
        if np.ptp(levels) <= _widest_elsewhere(one, ~held & (one.rate_paid > floor + HELD)):
            continue
        where = f"{int(held.sum())} months while the short rate went from {levels.min():.2%} to {levels.max():.2%}"
        why = f"a {'floor' if name == 'lowest' else 'cap'} of the bank's own is read as a marginal near 0 there"
        found.append(f"the rate paid stood at its {name}: {bound:.2%} in {where} ({why})")
    return found


def _widest_elsewhere(one: RateSeries, free: BoolArray) -> float:
    """How far the short rate went at most while the rate paid stood at one value in the rows `free`, decimal a year.

    A rate rounded to coarse steps stands still at every one of them: that it does so at its lowest is no floor.
    """
    levels = one.levels[one.observed[free]]
    _, value, months = np.unique(np.round(one.rate_paid[free] / HELD), return_inverse=True, return_counts=True)
    return max((float(np.ptp(levels[value == at])) for at in np.flatnonzero(months >= LEAST_STOOD)), default=0.0)


def _reviewed(one: RateSeries) -> list[str]:
    """A rate that moves in every so many months only, though the short rate moves in others too."""
    months = one.observed + one.first_month
    if np.any(one.periods != 1) or np.any(np.diff(months) != 1):
        return []
    energy = np.diff(one.rate_paid) ** 2
    if not energy.any():
        return []
    short = np.abs(np.diff(one.levels[one.observed])) > HELD
    moves = float(energy.sum() ** 2 / np.sum(energy**2))
    for every in REVIEWS:
        phase = months[1:] % every
        share = np.bincount(phase, energy, every) / energy.sum()
        usual = int(share.argmax())
        clear = (moves - 1.0) * np.log(every) > LEAST_CHANCE and np.mean(phase[short] != usual) > LEAST_SHORT_ELSEWHERE
        if share[usual] >= LEAST_SHARE_REVIEWED and clear:
            return [
                f"the rate paid is reviewed every {every} months: what waits for the next review is read as delay and "
                "as speed, and their bands do not hold it"
            ]
    return []


def _falls(layout: Layout, designs: tuple[Design, ...], fit: SeriesFit, options: FitOptions) -> list[str]:
    """Whether the months say clearly that the marginal falls with the level where it may only rise.

    A marginal that rises at once between two knots is met by a line that overshoots beside it, which looks like a
    fall: so one that may only rise, on knots closer together, must not do as well.
    """
    if not layout.monotone or fit.fast is not None or layout.size != fit.parameters.size:
        return []
    free = _fit_again(replace(layout, monotone=False), designs, fit, options, fit.parameters)
    marginal = layout.marginals(free.parameters)
    fall, at = _largest_fall(marginal)
    if fall < LEAST_FALL or not _clearly_better(free, _fit_again(layout, designs, fit, options, fit.parameters)):
        return []
    finer = replace(layout, knots=np.linspace(layout.knots[0], layout.knots[-1], FINER * (layout.knots.size - 1) + 1))
    closer = tuple(design_of(one.series, finer, one.before, one.floor, one.piece) for one in designs)
    if not _clearly_better(free, _fit_again(finer, closer, fit, options, _on_knots(layout, finer, fit.parameters))):
        return []
    high, low = layout.knots[at[0]], layout.knots[at[1]]
    return [
        f"the months say that the marginal falls as the short rate rises: from {marginal[at[0]]:.2f} at {high:.2%} to "
        f"{marginal[at[1]]:.2f} at {low:.2%} (the specification lets it only rise: `monotone`)"
    ]


def _fit_again(
    layout: Layout, designs: tuple[Design, ...], fit: SeriesFit, options: FitOptions, near: FloatArray
) -> SeriesFit:
    """The months alone, without any belief in the usual deposit, from an answer to nearly the same problem."""
    prior = replace(weak_prior(layout), usual=False)
    return fit_series(layout, designs, options, fit.delays, prior, fit.sigma, (fit.smoothing,), None, near)


def _clearly_better(free: SeriesFit, risen: SeriesFit) -> bool:
    """Whether a marginal that is free to fall suits better by far; as for an impact, over the design effect left."""
    gained = deviance(np.array([risen.cost, free.cost]), free.rows)
    return float(gained[0] - gained[1]) / float(free.effect.mean()) > CLEARLY


def _on_knots(layout: Layout, finer: Layout, parameters: FloatArray) -> FloatArray:
    """Parameters, shape (size,), of the same law on other knots; a form that only reads its knots keeps its own."""
    if finer.size == layout.size:
        return parameters
    marginal = np.interp(finer.knots, layout.knots, layout.marginals(parameters))
    head, speeds = parameters[: layout.head], parameters[layout.speeds]
    return np.concatenate([head, marginal[:1], np.diff(marginal), speeds])


def _strays(layout: Layout, designs: tuple[Design, ...], fit: SeriesFit) -> list[str]:
    """Whether errors still go together for years when each month's is forgiven: no one law holds in all of them."""
    own, form = (fit, layout) if fit.fast is None else (fit.fast, beside(layout))
    delays, smoothing = np.array([own.delays]), np.array([own.smoothing])
    task = problem(form, designs, delays, smoothing, weak_prior(layout), own.sigma)
    effect = float(design_effect(task, observed_best(task, own.parameters), 0).mean())
    plain = tuple(replace(design, step=0.0) for design in designs)
    running = own.parameters.copy()
    running[form.gain] = 0.0
    path = -errors_in_basis_points(form, plain, running[None, :], delays, rates_of(plain)[:, None])[0]
    size = float(np.sqrt(np.mean(path**2)))
    if effect <= LARGEST_LEFT or size < LEAST_STRAY:
        return []
    months = np.concatenate([one.series.observed + one.series.first_month for one in plain])
    worst = int(np.abs(path).argmax())
    return [
        f"the months do not keep to one law: errors of neighbouring months go together (design effect {effect:.1f}), "
        f"its path is {size:.0f} bp off, most in {np.datetime64(int(months[worst]), 'M')}: {path[worst]:+.0f} bp (the "
        "target moved with time or mix, follows another rate or has another form); beta, speeds and bands are less "
        "sure than they say"
    ]


def _leads(layout: Layout, designs: tuple[Design, ...], fit: SeriesFit, options: FitOptions) -> list[str]:
    """Whether the rate paid clearly moves before the short rate: with that of the month after, errors are far smaller.

    No law says so, and speeds make up for it: a short rate dated two months late doubles them.
    """
    if min(fit.delays) or any(np.any(one.series.periods != 1) for one in designs):
        return []
    alone = layout if layout.size == fit.parameters.size else replace(layout, impact=False)
    own, ahead = (
        _fit_again(alone, tuple(_dated(one, alone, months) for one in designs), fit, options, fit.parameters)
        for months in (0, 1)
    )
    if not _clearly_better(ahead, own):
        return []
    return [
        "the rate paid moves before the short rate that it is said to follow: by the short rate of the month after, "
        f"errors are {ahead.sigma:.1f} bp, not {own.sigma:.1f} (one of the two is dated by another month, or it "
        "follows a rate that leads; speeds are too fast)"
    ]


def _dated(design: Design, layout: Layout, months: int) -> Design:
    """The same piece without its last month, by the short rate `months` later (0 or 1)."""
    one = design.series
    levels = np.append(one.levels[months:], np.repeat(one.levels[-1], months))
    kept = {name: getattr(one, name)[:-1] for name in ("observed", "periods", "rate_paid", "weight")}
    return design_of(replace(one, levels=levels, **kept), layout, design.before, design.floor, design.piece)


def _largest_fall(marginal: FloatArray) -> tuple[float, tuple[int, int]]:
    """Largest fall from one knot to a later one, and the two."""
    falls = [
        (float(marginal[first] - marginal[later]), (first, later))
        for first in range(marginal.size)
        for later in range(first + 1, marginal.size)
    ]
    return max(falls, default=(0.0, (0, 0)))
