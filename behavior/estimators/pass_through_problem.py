"""The least-squares problem of the structural law: one-step errors of rates paid, and what is believed of a product."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from behavior.estimators.pass_through_model import Design, Layout, errors_in_basis_points
from behavior.estimators.pass_through_solver import Solutions, minimise
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


def rates_of(designs: tuple[Design, ...]) -> FloatArray:
    """Rates paid of all pieces after one another, shape (rows,), decimals a year."""
    return np.concatenate([design.series.rate_paid for design in designs])


def weak_prior(layout: Layout, doubt: float = 1.0) -> Prior:
    """What is believed of a product before any data: anything plausible."""
    centre, spread = layout.usual_shape()
    return Prior(np.append(centre, USUAL[1:3]), np.append(spread, [LOOSE_SPEED, LOOSE_SPEED]), usual=True, doubt=doubt)


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


def deviance(cost: FloatArray, rows: int) -> FloatArray:
    """Minus twice the log likelihood of costs, up to a constant, same shape; a hundredth of a basis point is exact."""
    return np.asarray(rows * np.log(np.maximum(2.0 * cost / rows, WHOLE_SCALE_BP**2)))
