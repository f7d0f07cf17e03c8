"""What the series of one product, or of the whole bank, have in common: a normal population of pass-through laws.

Each series' fit counts by what its data say (its information), so a short or quiet series is drawn to its neighbours
and a long one is left alone. Source: empirical Bayes by expectation maximisation, Dempster, Laird and Rubin (1977).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from behavior.estimators.pass_through_fit import SeriesFit
from behavior.estimators.pass_through_model import Layout
from behavior.estimators.pass_through_problem import ONE_PERCENT, Prior
from behavior.quantities import FloatArray

LEAST_MEMBERS = 3
USUAL_SPREAD_MARGINAL, USUAL_SPREAD_RISE, USUAL_SPREAD_SPEED = 0.15, 0.08, 0.4
PRIOR_MEMBERS = 1.0
# Weight of the members' plain mean, in members of the usual spread: too little to be felt beside any data.
ANCHOR_MEMBERS = 0.01
ROUNDS = 60


@dataclass(frozen=True)
class Population:
    """Laws of a group of series.

    Parameters
    ----------
    centre : shape (structural,), parameters of the typical member. spread : shape (structural,), standard deviation
        between members. doubt : shape (structural, structural), covariance of the centre.
    delays : months, (up, down). members : number of series behind it.
    """

    centre: FloatArray
    spread: FloatArray
    doubt: FloatArray
    delays: tuple[int, int]
    members: int

    def prior(self) -> Prior:
        """The population as the prior of a member."""
        return Prior(self.centre, self.spread)


def usual_spread(layout: Layout) -> FloatArray:
    """Spread between members that is expected before any data, shape (structural,)."""
    walk = layout.walk()
    rises = USUAL_SPREAD_RISE * np.sqrt(walk / ONE_PERCENT) if walk.size else np.array([0.15, 1.0, 0.5])
    return np.concatenate([[USUAL_SPREAD_MARGINAL], rises, np.full(2, USUAL_SPREAD_SPEED)])


def population(layout: Layout, fits: Sequence[SeriesFit], delays: tuple[int, int]) -> Population:
    """Centre and spread of a group of fits; with one member the usual spread stands for the unknown one.

    Where no member's data say anything, the centre is the plain mean of what the members themselves came to (their
    beliefs), and its doubt is ten usual spreads.
    """
    own = np.stack([fit.structural for fit in fits])
    information = np.stack([fit.information for fit in fits])
    usual = usual_spread(layout) ** 2
    mean = own.mean(axis=0)
    anchor = np.diag(ANCHOR_MEMBERS / usual)
    variance, centre, doubt = usual.copy(), mean, np.diag(usual)
    for _ in range(ROUNDS):
        root = np.sqrt(variance)
        heard = _heard(information, root)
        # The centre by generalised least squares about the mean: a silent series does not pull it. Both sides of the
        # equation hold the same precisions, so what rounding leaves of a silent direction cannot be divided by itself.
        precision = heard / np.outer(root, root)
        doubt = np.linalg.inv(precision.sum(axis=0) + anchor)
        centre = mean + doubt @ np.einsum("mij,mj->i", precision, own - mean)
        upheld = np.einsum("mij,mj->mi", heard, (own - centre) / root)
        around = variance * (upheld**2 + 1.0 - np.einsum("mii->mi", heard))
        variance = (around.sum(axis=0) + PRIOR_MEMBERS * usual) / (len(fits) + PRIOR_MEMBERS)
    lower, upper = (bound[layout.structural] for bound in layout.bounds())
    return Population(np.clip(centre, lower, upper), np.sqrt(variance), doubt, delays, len(fits))


def _heard(information: FloatArray, root: FloatArray) -> FloatArray:
    """Share of a member's distance from the centre that its own data uphold, distances in units of the spread.

    Shape (members, structural, structural); eigenvalues from 0 (silent) to 1, whatever the size of the information.
    """
    ratio, axes = np.linalg.eigh(information * np.outer(root, root))
    ratio = np.maximum(ratio, 0.0)
    share = ratio / (1.0 + ratio)
    return np.asarray((axes * share[:, None, :]) @ axes.transpose(0, 2, 1))


def drawn_laws(layout: Layout, group: Population, count: int, seed: int) -> FloatArray:
    """Structural parameters of members not seen yet, shape (count, structural); the marginal may fall."""
    generator = np.random.default_rng(seed)
    covariance = group.doubt + np.diag(group.spread**2)
    drawn = generator.multivariate_normal(group.centre, covariance, size=count, method="eigh")
    lower, upper = (bound[layout.speeds] for bound in layout.bounds())
    drawn[:, -2:] = np.clip(drawn[:, -2:], lower, upper)
    return np.asarray(drawn)
