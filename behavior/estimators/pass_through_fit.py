"""Fit of the structural law to one segment: every delay, many starts, smoothness chosen by the corrected AIC.

Non-linear least squares with weak priors that only matter where the data are silent: rises of the marginal follow a
random walk over the levels (so the marginal is flat where no rate was seen), the two speeds are a priori alike.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from behavior.errors import DidNotConverge
from behavior.estimators.pass_through_model import PERCENT, Design, Layout, LogisticLayout, errors_in_basis_points
from behavior.estimators.pass_through_solver import Solutions, jacobian, minimise
from behavior.quantities import FloatArray, IntArray

# Anything plausible: what is believed before any data.
LOOSE_SPEED, LOOSE_LINK = 1.5, 1.0
# The usual deposit: half of a gap closes in about three months (0.2 a month), up and down alike. How closely it is
# believed depends on how much of what the months seem to say is only said again (`design_effect` of a fit without any
# belief): a bank that answers each phase a little differently tells less of a direction than its months, one that keeps
# to a law is taken at its word, however far that lies from the usual. Bands leave it out.
USUAL = np.array([0.4, np.log(0.2), np.log(0.2), 0.0])
USUAL_SPREAD = np.array([0.3, 0.25, 0.25, 0.15])
USUAL_AT = np.array([0, -2, -1])  # the marginal at the lowest knot and the two speeds, among structural parameters
CLEAR_SPREAD = np.array([0.5, 0.7, 0.7, 0.7])
IMPACT_SPREAD = 0.5
ONE_PERCENT = 0.01
WHOLE_SCALE_BP = 0.01
FINE_KNOTS = 31
EFFECT_MONTHS, LARGEST_EFFECT = 24, 25.0
SAME_BETA, SAME_SPEED = 0.02, 1.25
GAINS = np.linspace(0.0, 1.0, 21)


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

    def layout(self, lowest: float, highest: float) -> Layout:
        """Equally spaced knots over the levels that were seen."""
        if self.form == "logistic":
            return LogisticLayout(np.linspace(lowest, highest, FINE_KNOTS), largest_marginal=self.largest_marginal)
        count = int(np.clip(np.ceil((highest - lowest) / self.knot_spacing) + 1, 2, self.largest_knots))
        return Layout(np.linspace(lowest, highest, count), self.monotone, largest_marginal=self.largest_marginal)


@dataclass(frozen=True)
class Prior:
    """Normal prior of the structural parameters.

    Parameters
    ----------
    centre, spread : shape (structural,); an infinite spread says nothing. usual : the usual deposit counts beside it.
    doubt : share of what the months seem to say that is only said again, 0 to 1.
    """

    centre: FloatArray
    spread: FloatArray
    usual: bool = False
    doubt: float = 1.0

    def with_walk(self, layout: Layout, smoothing: float) -> FloatArray:
        """Precision roots, shape (structural,): the walk of the marginal tightens the spread of its rises."""
        precision = self.spread**-2.0
        width = layout.walk() / ONE_PERCENT
        precision[1 : 1 + width.size] += 1.0 / (smoothing**2 * width)
        return np.asarray(np.sqrt(precision))


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


def rates_of(designs: tuple[Design, ...]) -> FloatArray:
    """Rates paid of all pieces after one another, shape (rows,), decimals a year."""
    return np.concatenate([design.series.rate_paid for design in designs])


def weak_prior(layout: Layout, doubt: float = 1.0) -> Prior:
    """What is believed of a product before any data: anything plausible."""
    centre, spread = layout.usual_shape()
    return Prior(np.append(centre, USUAL[1:3]), np.append(spread, [LOOSE_SPEED, LOOSE_SPEED]), usual=True, doubt=doubt)


def doubt_of(free: SeriesFit) -> float:
    """Share of what the months seem to say that is only said again; `free` is a fit without any belief."""
    return 1.0 - 1.0 / float(free.effect[USUAL_AT].mean())


@dataclass(frozen=True)
class Problem:
    """Least-squares problems on the pieces of one segment that differ in delay, smoothing, prior centre or data.

    Parameters
    ----------
    delays : shape (problems, 2). roots, centres : shape (problems, structural). effect : how many times the information
        of the data is overstated: beliefs count that much more.
    usual : shape (problems, 4), shift of the beliefs in the usual deposit in their spreads: marginal at the lowest
        knot, log speeds up and down, their difference. tells : whether they count beside `centres`.
    doubt : as in Prior.
    actual : (rows, problems) or (rows, 1).
    """

    layout: Layout
    designs: tuple[Design, ...]
    delays: IntArray
    roots: FloatArray
    centres: FloatArray
    usual: FloatArray
    tells: bool
    doubt: float
    effect: FloatArray
    sigma: float
    actual: FloatArray

    def residuals(self, parameters: FloatArray, problems: IntArray) -> FloatArray:
        """One-step errors in basis points, then the prior's in units of sigma: (p, rows + structural + 4 + impacts)."""
        actual = self.actual if self.actual.shape[1] == 1 else self.actual[:, problems]
        errors = errors_in_basis_points(self.layout, self.designs, parameters, self.delays[problems], actual)
        structural = parameters[:, self.layout.structural]
        weight = self.sigma * np.sqrt(self.effect)
        beliefs = weight * self.roots[problems] * (structural - self.centres[problems])
        nothing = self.sigma * parameters[:, self.layout.impacts] / IMPACT_SPREAD
        return np.concatenate([errors, beliefs, self.sigma * self._usual(structural, problems), nothing], axis=1)

    def _usual(self, structural: FloatArray, problems: IntArray) -> FloatArray:
        """Distance from the usual deposit in its spreads, shape (p, 4)."""
        own = np.column_stack([structural[:, USUAL_AT], structural[:, -1] - structural[:, -2]])
        effect = np.append(self.effect[USUAL_AT], self.effect[-2:].mean())
        belief = self.doubt / USUAL_SPREAD**2 + (1.0 - self.doubt) / CLEAR_SPREAD**2
        precision = effect * belief * self.tells
        precision[-1] += LOOSE_LINK**-2.0
        return np.asarray(np.sqrt(precision) * (own - USUAL) + np.where(precision > 0, self.usual[problems], 0.0))

    def solve(self, starts: FloatArray, iterations: int, held: IntArray | None = None) -> Solutions:
        """Minimise from the given starts, one a problem; parameters at the places `held` stay where they start."""
        lower, upper = (np.tile(bound, (starts.shape[0], 1)) for bound in self.layout.bounds())
        if held is not None:
            lower[:, held] = upper[:, held] = starts[:, held]
        return minimise(self.residuals, starts, lower, upper, iterations=iterations)


def problem(
    layout: Layout,
    designs: tuple[Design, ...],
    delays: IntArray,
    smoothing: FloatArray,
    prior: Prior,
    sigma: float,
    effect: FloatArray | None = None,
) -> Problem:
    """Problems on the observed rates, one for each row of `delays` and `smoothing`."""
    roots = np.stack([prior.with_walk(layout, float(one)) for one in smoothing])
    return Problem(
        layout=layout,
        designs=designs,
        delays=delays,
        roots=roots,
        centres=np.repeat(prior.centre[None, :], roots.shape[0], axis=0),
        usual=np.zeros((roots.shape[0], USUAL.size)),
        tells=prior.usual,
        doubt=prior.doubt,
        effect=np.ones(roots.shape[1]) if effect is None else effect,
        sigma=sigma,
        actual=rates_of(designs)[:, None],
    )


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


def deviance(cost: FloatArray, rows: int) -> FloatArray:
    """Minus twice the log likelihood of costs, up to a constant, same shape; a hundredth of a basis point is exact."""
    return np.asarray(rows * np.log(np.maximum(2.0 * cost / rows, WHOLE_SCALE_BP**2)))


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
    tried = options.smoothing if smoothing is None else smoothing
    points = starting_points(layout, designs, prior, options.starts if near is None else 2, options.seed)
    if near is not None:
        points[-1] = near
    starts, pairs, walks = _crossed(points, [(delays, one) for one in tried])
    task = problem(layout, designs, pairs, walks, prior, sigma, effect)
    solved = task.solve(starts, 60)
    if near is None:
        _require_convergence(solved, starts, designs[0].series.unit)
    per_walk = solved.cost.reshape(len(tried), -1)
    best = per_walk.argmin(axis=1) + np.arange(len(tried)) * points.shape[0]
    scores = [_corrected_aic(task, solved, int(one)) for one in best]
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


def _slopes(task: Problem, parameters: FloatArray, at: int) -> tuple[FloatArray, FloatArray]:
    _, upper = task.layout.bounds()
    local = jacobian(task.residuals, parameters[None, :], np.array([at]), upper[None, :])
    return local.residuals[0], local.slopes[0]


def standard_error(task: Problem, parameters: FloatArray, at: int) -> float:
    """Standard error of a one-step error of the law, basis points."""
    residuals, slopes = _slopes(task, parameters, at)
    rows = rates_of(task.designs).size
    used = _freedom(slopes, rows)
    return float(np.sqrt(max(np.sum(residuals[:rows] ** 2) / max(rows - used, 1.0), WHOLE_SCALE_BP**2)))


def _freedom(slopes: FloatArray, rows: int) -> float:
    """Effective number of parameters: trace of the data's share of the curvature."""
    whole = slopes.T @ slopes + 1e-9 * np.eye(slopes.shape[1])
    return float(np.trace(np.linalg.solve(whole, slopes[:rows].T @ slopes[:rows])))


def _corrected_aic(task: Problem, solved: Solutions, at: int) -> float:
    residuals, slopes = _slopes(task, solved.parameters[at], at)
    rows = rates_of(task.designs).size
    used = _freedom(slopes, rows) + 1.0
    fit = rows * np.log(max(float(np.mean(residuals[:rows] ** 2)), WHOLE_SCALE_BP**2))
    # Quasi-likelihood: information that is overstated must not pay for a rougher curve (Burnham and Anderson, 2002).
    return float(fit / task.effect.mean() + 2.0 * used * rows / max(rows - used - 1.0, 1.0))


def information(task: Problem, parameters: FloatArray, at: int) -> FloatArray:
    """Curvature of the log likelihood in the structural parameters, nuisance parameters profiled out."""
    _, slopes = _slopes(task, parameters, at)
    data = slopes[: rates_of(task.designs).size]
    first = task.layout.structural.start
    nuisance, own = data[:, :first], data[:, first:]
    shared = np.linalg.lstsq(nuisance, own, rcond=1e-10)[0]
    cleaned = own - nuisance @ shared
    believed = np.sqrt(task.effect)
    return np.asarray(cleaned.T @ cleaned / np.outer(believed, believed) / max(task.sigma, WHOLE_SCALE_BP) ** 2)


def observed_best(task: Problem, parameters: FloatArray) -> FloatArray:
    """The same law with the gain, of all from 0 to 1, that leaves the smallest one-step errors; shape (size,).

    A fit holds the gain down because it wants the path right; what is asked of the errors wants them independent.
    """
    many = np.repeat(parameters[None, :], GAINS.size, axis=0)
    many[:, task.layout.gain] = GAINS
    delays = np.repeat(task.delays[:1], GAINS.size, axis=0)
    errors = errors_in_basis_points(task.layout, task.designs, many, delays, task.actual[:, :1])
    return np.asarray(many[int(np.sum(errors**2, axis=1).argmin())])


def design_effect(task: Problem, parameters: FloatArray, at: int) -> FloatArray:
    """How many times the data seem to say more than they do, because errors of neighbouring months go together.

    Variance of the score in two-year blocks over that of independent errors, shape (structural,), at least 1. A real
    bank answers each phase of a cycle a little differently, which no single month's error shows.
    """
    residuals, slopes = _slopes(task, parameters, at)
    rows = rates_of(task.designs).size
    months = [one.series.observed + one.series.first_month for one in task.designs]
    own = [np.full(one.series.observed.size, one.piece) for one in task.designs]
    labels = np.concatenate(own) * 100_000 + np.concatenate(months) // EFFECT_MONTHS
    _, block = np.unique(labels, return_inverse=True)
    scores = slopes[:rows, task.layout.structural] * residuals[:rows, None]
    summed = np.zeros((int(block.max()) + 1, scores.shape[1]))
    np.add.at(summed, block, scores)
    alone = np.sum(scores**2, axis=0)
    return np.asarray(np.clip(np.sum(summed**2, axis=0) / np.maximum(alone, 1e-300), 1.0, LARGEST_EFFECT))


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
