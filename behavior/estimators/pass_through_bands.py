"""Bands of the fitted law: a bootstrap in six-month blocks of one-step errors, shared by all series of a calendar.

Months share their shocks, so the same blocks of the calendar are drawn for every series. The priors' centres are drawn
as well (randomise, then optimise): otherwise the band would claim to know what the prior only assumed. So are
the delays for the speeds, as often as the months make them likely (a shorter delay and a slower speed give nearly the
same path), and, where a rate is posted in steps, whether the bank rounds or waits for a whole step.
Source: Künsch (1989) for blocks; Bardsley, Solonen, Haario and Laine (2014) for the draw of priors.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from behavior.assumptions.pass_through_path import adjusted
from behavior.estimators.pass_through_errors import observed_best
from behavior.estimators.pass_through_fit import SeriesFit
from behavior.estimators.pass_through_impact import speeds_again
from behavior.estimators.pass_through_model import PERCENT, Design, Layout, errors_in_basis_points, seen_by, targets
from behavior.estimators.pass_through_problem import USUAL, Problem
from behavior.estimators.pass_through_series import BASIS_POINTS
from behavior.estimators.pass_through_steps import BEHIND, between_moves
from behavior.quantities import FloatArray, IntArray


def block_draws(months: int, block: int, count: int, seed: int) -> IntArray:
    """Calendar months drawn in blocks with wrap-around, shape (count, months)."""
    generator = np.random.default_rng(seed)
    blocks = int(np.ceil(months / block))
    first = generator.integers(0, months, size=(count, blocks))
    return np.asarray((first[:, :, None] + np.arange(block)).reshape(count, blocks * block)[:, :months] % months)


def redrawn_rates(layout: Layout, design: Design, fit: SeriesFit, draws: IntArray, errors: FloatArray) -> FloatArray:
    """Rates paid simulated from the fit with errors drawn again, shape (rows, count), decimals a year.

    Parameters
    ----------
    draws : shape (count, rows), observation whose error each row receives. errors : shape (rows,), decimals a year.
    """
    count = draws.shape[0]
    many = np.repeat(fit.parameters[None, :], count, axis=0)
    target = targets(layout, design, many)
    seen_up, seen_down = (seen_by(target, np.full(count, delay), design) for delay in fit.delays)
    up, down = np.exp(many[:, layout.speeds]).T
    at_once = layout.impacts_of(many)
    floor = np.full(count, design.floor)
    paid = many[:, layout.start_at(design.piece)] / PERCENT
    path, rates = np.empty((design.months, count)), np.empty((errors.size, count))
    for month in range(design.months):
        if month:
            least = np.minimum(floor, paid)
            paid = paid + at_once[:, 0] * np.maximum(seen_up[month] - seen_up[month - 1], 0.0)
            paid = paid + at_once[:, 1] * np.minimum(seen_down[month] - seen_down[month - 1], 0.0)
            paid = np.maximum(adjusted(paid, seen_up[month], seen_down[month], up, down, least), least)
        path[month] = paid
        row = design.row_at[month]
        if row < 0:
            continue
        period = int(design.series.periods[row])
        expected = paid if period == 1 else path[max(0, month - period + 1) : month + 1].mean(axis=0)
        rates[row] = np.maximum(expected + errors[draws[:, row]], floor)
        paid = paid + fit.parameters[layout.gain] * (rates[row] - expected)
    return rates


def replicates(
    layout: Layout,
    task: Problem,
    fit: SeriesFit,
    span: tuple[int, int],
    calendar: IntArray,
    seed: int,
    against: Mapping[tuple[int, int], float] | None = None,
) -> FloatArray:
    """Structural parameters fitted again to redrawn rates, shape (count, structural); beside an impact in both steps.

    Parameters
    ----------
    span : first and last calendar month of all series. calendar : shape (count, months of the span), drawn months.
    against : deviance by delays; without it the fit's own delays are certain.
    """
    generator = np.random.default_rng(seed)
    count = calendar.shape[0]
    steps = [design.step for design in task.designs]
    # A curve pressed against "may only rise", or drawn to the usual deposit, hides how unsure it is: bands are of fits
    # that are free to fall and believe in nothing usual.
    layout = replace(layout, monotone=False)
    task = replace(task, layout=layout, tells=False)
    freed = task.solve(fit.parameters[None, :], 40).parameters[0]
    truest = replace(fit, parameters=observed_best(task, freed))
    task = _steps_counted_whole(task, truest)
    errors = -errors_in_basis_points(layout, task.designs, truest.parameters[None, :], task.delays[:1], task.actual)[0]
    # Residuals are smaller than errors, by the freedom that the fit has used up.
    used = min(layout.size, errors.size // 2)
    errors = (errors - errors.mean()) * np.sqrt(errors.size / (errors.size - used)) / BASIS_POINTS
    rates, first = [], 0
    behind = np.random.default_rng([seed, 2]).choice(BEHIND, count)
    for design, step in zip(task.designs, steps, strict=True):
        series = design.series
        own = errors[first : first + series.observed.size]
        draws = error_draws(series.observed, series.first_month, span, calendar)
        drawn = redrawn_rates(layout, design, truest, draws, own)
        rates.append(drawn + step * np.outer(between_moves(series), behind) if step else drawn)
        first += series.observed.size
    roots = np.repeat(task.roots[:1], count, axis=0)
    noise = np.where(roots > 0, generator.standard_normal(roots.shape) / np.maximum(roots, 1e-12), 0.0)
    again = replace(
        task,
        delays=drawn_delays(against or {fit.delays: 0.0}, fit, count, seed),
        roots=roots,
        centres=np.repeat(task.centres[:1], count, axis=0) + noise,
        usual=generator.standard_normal((count, USUAL.size)),
        actual=np.concatenate(rates),
    )
    starts = np.repeat(freed[None, :], count, axis=0)
    solved = again.solve(starts, 25)
    if layout.impact:
        return speeds_again(again, solved.parameters)
    found = solved.parameters[:, layout.structural]
    if any(steps) or np.all(again.delays == fit.delays):
        return np.asarray(found)
    # Month by month a delay stands for speed, not for the target, whose bands stay those of the delays found.
    certain = replace(again, delays=np.repeat([fit.delays], count, axis=0)).solve(starts, 25)
    return np.column_stack([certain.parameters[:, layout.structural][:, :-2], found[:, -2:]])


def drawn_delays(against: Mapping[tuple[int, int], float], fit: SeriesFit, count: int, seed: int) -> IntArray:
    """Delays up and down, shape (count, 2): each pair as often as the months make it likely.

    What is only said again makes no pair more likely: deviances are taken over the design effect.
    """
    pairs, deviances = np.array(list(against)), np.array(list(against.values()))
    share = np.exp(-0.5 * (deviances - deviances.min()) / fit.effect.mean())
    return np.asarray(pairs[np.random.default_rng([seed, 1]).choice(len(pairs), count, p=share / share.sum())])


def _steps_counted_whole(task: Problem, fit: SeriesFit) -> Problem:
    """The same with what a posted step hides as an error like any other: a fit makes little of it, a band must not."""
    if not any(design.step for design in task.designs):
        return task
    plain = tuple(replace(design, step=0.0) for design in task.designs)
    small, large = (
        errors_in_basis_points(task.layout, designs, fit.parameters[None, :], task.delays[:1], task.actual)
        for designs in (task.designs, plain)
    )
    larger = float(np.linalg.norm(large) / max(float(np.linalg.norm(small)), 1e-12))
    return replace(task, designs=plain, sigma=task.sigma * larger)


def error_draws(observed: IntArray, first_month: int, span: tuple[int, int], calendar: IntArray) -> IntArray:
    """For each replicate and row the row whose error it receives: the one nearest in the drawn calendar month.

    Parameters
    ----------
    observed : shape (rows,), months of the rows counted from `first_month`. span : first and last calendar month of all
        series. calendar : shape (count, months of the span), drawn positions in the span.
    """
    months = observed + first_month - span[0]
    wanted = calendar[:, months]
    after = np.clip(np.searchsorted(months, wanted), 0, months.size - 1)
    before = np.maximum(after - 1, 0)
    nearer = np.abs(months[before] - wanted) <= np.abs(months[after] - wanted)
    return np.asarray(np.where(nearer, before, after))
