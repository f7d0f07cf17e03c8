"""What passes at once: a bank that answers part of a change in its own month and closes the rest of the gap over time.

The law has a target and a speed and knows no impact. Fitted to such a bank it must take the fast part for speed, and
what is then still missing for a marginal that is low and rises with the level: a target that is wrong for good, where
only the first months should be. So where the data say so clearly an impact is fitted beside the law, as a nuisance; the
target is that fit's, and the speeds are then fitted to the same months with that target held and no impact.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from behavior.estimators.pass_through_errors import standard_error
from behavior.estimators.pass_through_fit import FitOptions, SeriesFit, choice_of_delays, delay_deviances, fit_series
from behavior.estimators.pass_through_model import Design, Layout
from behavior.estimators.pass_through_problem import Prior, Problem, deviance, problem, weak_prior
from behavior.quantities import FloatArray, IntArray

FIRST_IMPACT = 0.2
# Design effect up to which errors count as standing alone. An impact that leaves more of it behind explains the months
# of a change and not the rate paid: on long savings rates it moved the target and came no closer.
LARGEST_LEFT = 2.0
SET_ASIDE = (
    "part of a change seems to pass at once, but errors of neighbouring months go together beside that too: neither "
    "law holds, and the figures are those of target and speed alone"
)


def beside(layout: Layout) -> Layout:
    """The layout with an impact in each direction."""
    return replace(layout, impact=True)


def impact_added(layout: Layout, parameters: FloatArray) -> FloatArray:
    """Parameters (size,) of the law with a first guess of the impacts among them."""
    return np.insert(parameters, layout.gain + 1, [FIRST_IMPACT, FIRST_IMPACT])


def impact_removed(layout: Layout, parameters: FloatArray) -> FloatArray:
    """Parameters (..., size) without those of the impacts; `layout` is the one that has them."""
    return np.delete(parameters, layout.impacts, axis=-1)


def evidence_of_impact(layout: Layout, designs: tuple[Design, ...], options: FitOptions, fit: SeriesFit) -> float:
    """Deviance that an impact gains over the law alone, other things equal.

    Over the design effect of what it leaves: errors of neighbouring months that go together make any two further
    parameters look good.
    """
    prior, smoothing = replace(weak_prior(layout), usual=False), (fit.smoothing,)
    alone = fit_series(layout, designs, options, fit.delays, prior, fit.sigma, smoothing, None, fit.parameters)
    near = impact_added(layout, fit.parameters)
    both = fit_series(beside(layout), designs, options, fit.delays, prior, fit.sigma, smoothing, None, near)
    gained = deviance(np.array([alone.cost, both.cost]), fit.rows)
    return float((gained[0] - gained[1]) / both.effect.mean())


def fit_with_impact(layout: Layout, designs: tuple[Design, ...], options: FitOptions, fit: SeriesFit) -> SeriesFit:
    """The law with target and delays as they are beside an impact; the law alone, and words, where that leaves much.

    Raises
    ------
    DidNotConverge : as `fit_series`.
    """
    both, prior = beside(layout), weak_prior(layout, fit.doubt)
    tried = delay_deviances(both, designs, prior, fit.sigma, options)
    delays = choice_of_delays(tried, fit.delays, options.delay_evidence)
    first = fit_series(both, designs, options, delays, prior, fit.sigma)
    again = fit_series(both, designs, options, delays, prior, first.sigma, None, first.effect, first.parameters)
    if again.effect.mean() > LARGEST_LEFT:
        return replace(fit, flags=(*fit.flags, SET_ASIDE))
    fast = replace(again, starts_agreeing=first.starts_agreeing, flags=(*first.flags, *again.flags))
    return with_target_held(layout, designs, fast, prior, fit.effect)


def shrunk_with_impact(
    layout: Layout, designs: tuple[Design, ...], options: FitOptions, fast: SeriesFit, prior: Prior, loose: float
) -> SeriesFit:
    """The same drawn to a population: its marginal counts beside the impact, its speeds where there is none."""
    spread = prior.spread.copy()
    spread[-2:] = weak_prior(layout).spread[-2:]
    drawn = fit_series(
        beside(layout),
        designs,
        options,
        fast.delays,
        replace(prior, spread=spread),
        fast.sigma,
        (loose,),
        fast.effect,
        fast.parameters,
    )
    drawn = replace(drawn, starts_agreeing=fast.starts_agreeing, flags=fast.flags)
    return with_target_held(layout, designs, drawn, prior, drawn.effect)


def with_target_held(
    layout: Layout, designs: tuple[Design, ...], fast: SeriesFit, prior: Prior, effect: FloatArray
) -> SeriesFit:
    """The law alone with the target of `fast`: speeds, gain and starts fitted again, what the target rests on kept."""
    smoothing = np.array([fast.smoothing])
    task = problem(layout, designs, np.array([fast.delays]), smoothing, prior, fast.sigma, effect)
    start = impact_removed(beside(layout), fast.parameters)[None, :]
    solved = task.solve(start, 60, held(layout))
    parameters = solved.parameters[0]
    return replace(
        fast,
        parameters=parameters,
        structural=parameters[layout.structural],
        gain=float(parameters[layout.gain]),
        sigma=standard_error(task, parameters, 0),
        cost=float(solved.cost[0]),
        flags=(*fast.flags, _words(fast.parameters[beside(layout).impacts])),
        fast=fast,
    )


def speeds_again(task: Problem, parameters: FloatArray) -> FloatArray:
    """Structural parameters (problems, structural) of fits with an impact, their speeds those of the law alone."""
    alone = replace(task.layout, impact=False)
    starts = impact_removed(task.layout, parameters)
    solved = replace(task, layout=alone).solve(starts, 25, held(alone))
    return np.asarray(solved.parameters[:, alone.structural])


def held(layout: Layout) -> IntArray:
    """Places of the parameters of the target: levels and marginal."""
    places = np.arange(layout.size)
    return np.concatenate([places[: max(layout.sources) + 1], places[layout.marginal]])


def _words(impacts: FloatArray) -> str:
    up, down = impacts
    return (
        f"part of a change passes at once ({up:.2f} of it up, {down:.2f} down), which a law of target and speed cannot "
        "say: the target is fitted beside it, the speeds are those of the law alone"
    )
