"""What the series of one product, or of the whole bank, have in common: a normal population of pass-through laws.

Each series' fit counts by what its data say (its information), so a short or quiet series is drawn to its neighbours
and a long one is left alone. Source: empirical Bayes by expectation maximisation, Dempster, Laird and Rubin (1977).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from behavior.estimators.pass_through_fit import ONE_PERCENT, Prior, SeriesFit
from behavior.estimators.pass_through_model import Layout
from behavior.quantities import FloatArray

LEAST_MEMBERS = 3
USUAL_SPREAD_MARGINAL, USUAL_SPREAD_RISE, USUAL_SPREAD_SPEED = 0.15, 0.08, 0.4
PRIOR_MEMBERS = 1.0
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
    """Centre and spread of a group of fits; with one member the usual spread stands for the unknown one."""
    own = np.stack([fit.structural for fit in fits])
    information = np.stack([fit.information for fit in fits])
    usual = usual_spread(layout) ** 2
    variance, centre = usual.copy(), own.mean(axis=0)
    doubt = np.diag(usual)
    for _ in range(ROUNDS):
        believed = np.diag(1.0 / variance)
        covariance = np.linalg.inv(information + believed)
        weighted = np.einsum("mij,mj->mi", information, own)
        # The centre by generalised least squares: a silent series does not pull it.
        marginal_precision = believed - believed @ covariance @ believed
        total = marginal_precision.sum(axis=0) + 1e-8 * np.eye(own.shape[1])
        doubt = np.linalg.inv(total)
        centre = doubt @ np.einsum("ij,mjk,mk->i", believed, covariance, weighted)
        member = np.einsum("mij,mj->mi", covariance, weighted + believed @ centre)
        around = (member - centre) ** 2 + np.einsum("mii->mi", covariance)
        variance = (around.sum(axis=0) + PRIOR_MEMBERS * usual) / (len(fits) + PRIOR_MEMBERS)
    lower, upper = (bound[layout.structural] for bound in layout.bounds())
    return Population(np.clip(centre, lower, upper), np.sqrt(variance), doubt, delays, len(fits))


def drawn_laws(layout: Layout, group: Population, count: int, seed: int) -> FloatArray:
    """Structural parameters of members not seen yet, shape (count, structural); the marginal may fall."""
    generator = np.random.default_rng(seed)
    covariance = group.doubt + np.diag(group.spread**2)
    drawn = generator.multivariate_normal(group.centre, covariance, size=count, method="eigh")
    lower, upper = (bound[layout.speeds] for bound in layout.bounds())
    drawn[:, -2:] = np.clip(drawn[:, -2:], lower, upper)
    return np.asarray(drawn)
