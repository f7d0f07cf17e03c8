"""Asymmetric partial adjustment to a given static beta: the form many banks publish, and its two ways of being fitted.

    target_t = beta r_t − spread,   d_t = d_(t−1) + (up if target_t > d_(t−1) else down) (target_t − d_(t−1))

with beta from the static regression. The free-running form starts once and is judged on its whole path; the one-step
form starts each month from the rate paid. Where the two disagree the speeds are not identified, and the fit says so.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from behavior.assumptions.pass_through_path import NO_FLOOR, adjusted
from behavior.errors import DidNotConverge
from behavior.estimators.pass_through_series import BASIS_POINTS
from behavior.estimators.pass_through_solver import Solutions, minimise
from behavior.estimators.pass_through_statistics import least_squares
from behavior.quantities import FloatArray, IntArray

FORMS = ("dynamic_path", "one_step")
PERCENT = 100.0
STARTS = 24
APART = 1.5


@dataclass(frozen=True)
class ThresholdFit:
    """Spread (decimal a year) and monthly speeds up and down at the smallest sum of squares of all starts.

    `warning` says what is not identified: forms that disagree, starts that end elsewhere.
    """

    form: str
    parameters: tuple[float, float, float]
    sum_of_squares: float
    moved_from_start: bool
    starts_agreeing: float
    warning: str


def threshold_fit(market: FloatArray, paid: FloatArray, form: str, seed: int = 20260930) -> ThresholdFit:
    """Fit from many starts, and compare with the other form.

    Parameters
    ----------
    market, paid : shape (months,), decimals a year. form : ``dynamic_path`` or ``one_step``.

    Raises
    ------
    DidNotConverge : when no start converges, or the best never left where it began.
    """
    own = _solve(market, paid, form, seed)
    other = _solve(market, paid, FORMS[1 - FORMS.index(form)], seed)
    warning = ""
    here, there = own.parameters, other.parameters
    if any(max(a, b) > APART * min(a, b) for a, b in zip(here[1:], there[1:], strict=True)):
        words = [f"{one.form}: up {one.parameters[1]:.3f}, down {one.parameters[2]:.3f}" for one in (own, other)]
        warning = f"the two forms disagree ({'; '.join(words)}): the speeds are not identified by this series"
    return ThresholdFit(**{**vars(own), "warning": warning})


def _solve(market: FloatArray, paid: FloatArray, form: str, seed: int) -> ThresholdFit:
    beta = float(least_squares(np.column_stack([np.ones(market.size), market]), paid).coefficients[1])

    def residuals(parameters: FloatArray, problems: IntArray) -> FloatArray:
        return (_path(market * beta, paid, parameters, form) - paid) * BASIS_POINTS

    generator = np.random.default_rng(seed)
    starts = np.column_stack(
        [
            generator.uniform(-0.5, 0.5, STARTS),
            generator.uniform(0.02, 0.9, STARTS),
            generator.uniform(0.02, 0.9, STARTS),
        ]
    )
    solved = minimise(residuals, starts, np.array([-5.0, 1e-4, 1e-4]), np.array([5.0, 1.0, 1.0]), 200, 1e-12)
    best = _best(solved)
    moved = not np.allclose(solved.parameters[best], starts[best], atol=1e-9)
    if not moved:
        raise DidNotConverge("partial adjustment stayed where it started; nothing was learnt.")
    spread, up, down = solved.parameters[best]
    return ThresholdFit(
        form=form,
        parameters=(float(spread / PERCENT), float(up), float(down)),
        sum_of_squares=float(2.0 * solved.cost[best] / BASIS_POINTS**2),
        moved_from_start=moved,
        starts_agreeing=float(np.mean(solved.cost <= solved.cost[best] * 1.001)),
        warning="",
    )


def _best(solved: Solutions) -> int:
    if not solved.converged.any():
        raise DidNotConverge("partial adjustment: no start converged.")
    return int(np.where(solved.converged, solved.cost, np.inf).argmin())


def _path(aim: FloatArray, paid: FloatArray, parameters: FloatArray, form: str) -> FloatArray:
    spread, up, down = parameters[:, 0] / PERCENT, parameters[:, 1], parameters[:, 2]
    none = np.full(spread.size, NO_FLOOR)
    path = np.empty((spread.size, paid.size))
    path[:, 0] = paid[0]
    for month in range(1, paid.size):
        before = path[:, month - 1] if form == "dynamic_path" else np.full(spread.size, paid[month - 1])
        target = aim[month] - spread
        path[:, month] = adjusted(before, target, target, up, down, none)
    return path
