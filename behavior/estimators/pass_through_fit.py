"""Fit of the structural law to one segment: every delay, many starts, smoothness chosen by the corrected AIC.

Non-linear least squares with weak priors that only matter where the data are silent: rises of the marginal follow a
random walk over the levels (so the marginal is flat where no rate was seen), the two speeds are a priori alike.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from behavior.errors import DidNotConverge
from behavior.estimators.pass_through_errors import corrected_aic, design_effect, information, standard_error
from behavior.estimators.pass_through_model import PERCENT, Design, Layout, LogisticLayout
from behavior.estimators.pass_through_problem import USUAL_AT, WHOLE_SCALE_BP, Prior, deviance, problem, rates_of
from behavior.estimators.pass_through_solver import Solutions
from behavior.quantities import FloatArray, IntArray

FINE_KNOTS = 31
SAME_BETA, SAME_SPEED = 0.02, 1.25


@dataclass(frozen=True)
class FitOptions:
    """How the structural law is fitted; every default is written out in a specification.

    Parameters
    ----------
    form : ``knots`` (piecewise-linear marginal) or ``logistic``. knot_spacing : distance of the knots, decimal a year.
    smoothing : standard deviations of the marginal's change over one percentage point of level, tried in turn.
    starts : starting points per delay in the last stage. delay_evidence : deviance that a delay of its own must gain.
    impact_evidence : deviance that a part passed on at once must gain, design effect taken off.
    """

    form: str = "knots"
    knot_spacing: float = 0.0075
    largest_knots: int = 8
    monotone: bool = True
    largest_marginal: float = 1.0
    largest_delay: int = 6
    floor: float = 0.0
    starts: int = 8
    smoothing: tuple[float, ...] = (0.02, 0.05, 0.1, 0.2, 0.5, 1.5)
    delay_evidence: float = 6.0
    impact_evidence: float = 15.0
    replicates: int = 200
    block_months: int = 6
    confidence: float = 0.9
    seed: int = 20260930

    @property
    def most_steps(self) -> int:
        """Steps of a start; a logistic marginal creeps where the months follow another form."""
        return 300 if self.form == "logistic" else 60

    def layout(self, lowest: float, highest: float) -> Layout:
        """Equally spaced knots over the levels that were seen."""
        if self.form == "logistic":
            return LogisticLayout(np.linspace(lowest, highest, FINE_KNOTS), largest_marginal=self.largest_marginal)
        count = int(np.clip(np.ceil((highest - lowest) / self.knot_spacing) + 1, 2, self.largest_knots))
        return Layout(np.linspace(lowest, highest, count), self.monotone, largest_marginal=self.largest_marginal)


@dataclass(frozen=True)
class SeriesFit:
    """The law fitted to the series of one segment.

    Parameters
    ----------
    parameters : shape (size,); `structural` those of the law, `gain` that of the observer, `levels` the targets of the
        sources at the middle knot, decimals a year. delays : months, (up, down).
    sigma : standard error of a one-step error, basis points.
    information : shape (structural, structural), what the data alone say of the structural parameters, the nuisance
        ones profiled out. effect : how many times that overstates it. deviance : by delays,
        smallest over the starts.
    flags : what a validator must know: directions never seen, minima that disagree. doubt : that of its prior.
    fast : the fit with an impact whose target this one has, where there is one.
    """

    parameters: FloatArray
    structural: FloatArray
    gain: float
    levels: tuple[float, ...]
    delays: tuple[int, int]
    sigma: float
    smoothing: float
    cost: float
    information: FloatArray
    effect: FloatArray
    rows: int
    deviance: dict[tuple[int, int], float] = field(default_factory=dict)
    starts_agreeing: float = 1.0
    flags: tuple[str, ...] = ()
    fast: SeriesFit | None = None
    doubt: float = 1.0


def doubt_of(free: SeriesFit) -> float:
    """Share of what the months seem to say that is only said again; `free` is a fit without any belief."""
    return 1.0 - 1.0 / float(free.effect[USUAL_AT].mean())


def starting_points(layout: Layout, designs: tuple[Design, ...], prior: Prior, count: int, seed: int) -> FloatArray:
    """Spread starts, shape (count, size); the first is the prior's centre, seeded draws follow."""
    generator = np.random.default_rng(seed)
    points = np.zeros((count, layout.size))
    for design in designs:
        paid = design.series.rate_paid * PERCENT
        points[:, layout.level_at(design.piece)], points[:, layout.start_at(design.piece)] = paid.mean(), paid[0]
    points[:, layout.gain] = np.concatenate([[0.5], generator.uniform(0.0, 1.0, count - 1)])
    points[:, layout.structural] = prior.centre
    points[1:, layout.marginal.start] = generator.uniform(0.05, 0.9, count - 1)
    points[1:, layout.rises] += generator.uniform(0.0, 0.3, (count - 1, layout.rises.stop - layout.rises.start))
    points[1:, layout.speeds] = np.log(generator.uniform(0.03, 0.8, (count - 1, 2)))
    if layout.impact:
        points[1:, layout.impacts] = generator.uniform(0.0, 0.6, (count - 1, 2))
    return points


def _crossed(
    points: FloatArray, choices: list[tuple[tuple[int, int], float]]
) -> tuple[FloatArray, IntArray, FloatArray]:
    """Every start with every choice of delays and smoothing, choice by choice."""
    starts = np.tile(points, (len(choices), 1))
    delays = np.repeat(np.array([choice[0] for choice in choices]), points.shape[0], axis=0)
    smoothing = np.repeat(np.array([choice[1] for choice in choices]), points.shape[0])
    return starts, delays, smoothing


def noise(layout: Layout, designs: tuple[Design, ...], prior: Prior, seed: int) -> float:
    """First guess of the one-step error's standard deviation, basis points."""
    prior = replace(prior, usual=False)
    points = starting_points(layout, designs, prior, 6, seed)
    starts, delays, smoothing = _crossed(points, [((0, 0), 0.2)])
    solved = problem(layout, designs, delays, smoothing, prior, 1.0).solve(starts, 40)
    rows = rates_of(designs).size
    freedom = max(rows - min(layout.size, rows // 2), 1)
    return float(np.sqrt(max(2.0 * solved.cost.min() / freedom, WHOLE_SCALE_BP**2)))


def delay_deviances(
    layout: Layout, designs: tuple[Design, ...], prior: Prior, sigma: float, options: FitOptions
) -> dict[tuple[int, int], float]:
    """Smallest deviance for every pair of delays."""
    pairs = [(up, down) for up in range(options.largest_delay + 1) for down in range(options.largest_delay + 1)]
    prior = replace(prior, usual=False)
    points = starting_points(layout, designs, prior, 2, options.seed)
    starts, delays, smoothing = _crossed(points, [(pair, 0.2) for pair in pairs])
    solved = problem(layout, designs, delays, smoothing, prior, sigma).solve(starts, 18)
    smallest = solved.cost.reshape(len(pairs), -1).min(axis=1)
    return dict(zip(pairs, deviance(smallest, rates_of(designs).size).tolist(), strict=True))


def choice_of_delays(
    found: Mapping[tuple[int, int], float], shared: tuple[int, int], evidence: float
) -> tuple[int, int]:
    """The shared delays, unless a series' own gain by more than the evidence asked (`found`: deviance by delays).

    Where delays fit alike (deviance within 1) the shorter ones stand.
    """
    best = shortest_of_best(found)
    return best if found[shared] - found[best] > evidence else shared


def shortest_of_best(found: Mapping[tuple[int, int], float]) -> tuple[int, int]:
    """The shortest delays whose deviance is within 1 of the smallest."""
    least = min(found.values())
    return next(pair for pair in sorted(found, key=lambda pair: (sum(pair), pair)) if found[pair] <= least + 1.0)


def fit_series(
    layout: Layout,
    designs: tuple[Design, ...],
    options: FitOptions,
    delays: tuple[int, int],
    prior: Prior,
    sigma: float,
    smoothing: tuple[float, ...] | None = None,
    effect: FloatArray | None = None,
    near: FloatArray | None = None,
) -> SeriesFit:
    """Fit with the delays given, from many starts, for every smoothing; the corrected AIC chooses.

    `near` (shape (size,)) is an answer to nearly the same problem: then it and the prior's centre are the only starts.

    Raises
    ------
    DidNotConverge : when no start converged, or the best one never left where it began.
    """
    free = options.smoothing if layout.walk().size else options.smoothing[:1]  # a logistic marginal does not walk
    tried = free if smoothing is None else smoothing
    points = starting_points(layout, designs, prior, options.starts if near is None else 2, options.seed)
    if near is not None:
        points[-1] = near
    starts, pairs, walks = _crossed(points, [(delays, one) for one in tried])
    task = problem(layout, designs, pairs, walks, prior, sigma, effect)
    solved = task.solve(starts, options.most_steps)
    if near is None:
        _require_convergence(solved, starts, designs[0].series.unit)
    per_walk = solved.cost.reshape(len(tried), -1)
    best = per_walk.argmin(axis=1) + np.arange(len(tried)) * points.shape[0]
    scores = [corrected_aic(task, solved, int(one)) for one in best]
    chosen = int(np.argmin(scores))
    at = int(best[chosen])
    parameters = solved.parameters[at]
    own = slice(chosen * points.shape[0], (chosen + 1) * points.shape[0])
    return SeriesFit(
        parameters=parameters,
        structural=parameters[layout.structural],
        gain=float(parameters[layout.gain]),
        levels=tuple((parameters[: max(layout.sources) + 1] / PERCENT).tolist()),
        delays=delays,
        sigma=standard_error(task, parameters, at),
        smoothing=float(tried[chosen]),
        cost=float(solved.cost[at]),
        information=information(task, parameters, at),
        effect=design_effect(task, parameters, at),
        rows=int(rates_of(designs).size),
        starts_agreeing=_agreeing(layout, solved, own, at),
        flags=_flags(layout, solved, own, at, rates_of(designs).size),
        doubt=prior.doubt,
    )


def _require_convergence(solved: Solutions, starts: FloatArray, unit: str) -> None:
    best = int(solved.cost.argmin())
    if not solved.converged.any():
        raise DidNotConverge(f"{unit}: no start of the pass-through law converged.")
    stayed = np.allclose(solved.parameters[best], starts[best], atol=1e-9)
    if stayed and solved.cost[best] > 1e-6:
        raise DidNotConverge(f"{unit}: the pass-through law stayed where it started; nothing was learnt.")


def _agreeing(layout: Layout, solved: Solutions, own: slice, at: int) -> float:
    """Share of starts that end as low as the best one, or, where a bound stops them a little short, in the same law."""
    betas = layout.marginals(solved.parameters[own]).mean(axis=1)
    logs = solved.parameters[own][:, layout.speeds] - solved.parameters[at, layout.speeds]
    alike = np.abs(betas - layout.marginals(solved.parameters[[at]]).mean()) < SAME_BETA
    alike &= (np.abs(logs) < np.log(SAME_SPEED)).all(axis=1)
    return float(np.mean(alike | (solved.cost[own] <= solved.cost[at] * 1.001 + 1e-9)))


def _flags(layout: Layout, solved: Solutions, own: slice, at: int, rows: int) -> tuple[str, ...]:
    """Words for what is not identified: minima as good as the best one that say something else."""
    flags = []
    near = deviance(solved.cost[own], rows) - deviance(solved.cost[[at]], rows)[0] < 1.0
    rivals = solved.parameters[own][near]
    betas = layout.marginals(rivals).mean(axis=1)
    speeds = np.exp(rivals[:, layout.speeds])
    if np.ptp(betas) > 0.05:
        flags.append(f"long-run beta depends on the start: {betas.min():.3f} to {betas.max():.3f}")
    for name, speed in (("up", speeds[:, 0]), ("down", speeds[:, 1])):
        if speed.max() > 1.5 * speed.min():
            flags.append(f"speed {name} depends on the start: {speed.min():.3f} to {speed.max():.3f}")
    return tuple(flags)
