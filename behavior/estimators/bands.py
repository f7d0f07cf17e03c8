"""How sure a hazard is: errors of averaged hazards from a block bootstrap taken to its limit, one step from the fit.

A bootstrap draw that gives block b the weight w_b moves the coefficients, to first order, by H^-1 sum_b (w_b - 1) s_b,
with s_b the block's score and H the penalised Hessian. Over all draws that is the covariance H^-1 S'S H^-1: the block
bootstrap without its noise and without a refit. To it come what the prior leaves open, H^-1 P H^-1 (P its precision:
smoothing is a choice too), and the level that all units of six calendar months share, `shared_shocks`: those of the
half-years learned from moved the fit, and those of the half-years ahead will move what it foretells.

For a kind: `Blocks.of(customer, month)`, then `with_block_covariance(model, ...)` once after the fit, then
`log_error(model, matrix, group)` for the standard error of the logarithm of a mean hazard.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from behavior.estimators.sampling import sample_cases
from behavior.estimators.shared_shocks import HalfYears, sums_by
from behavior.features.base import FeatureMatrix
from behavior.quantities import AnyArray, BoolArray, FloatArray, IntArray

CALENDAR_MONTHS = 6
CHUNK = 40_000
COVARIANCE_FILE = "covariance.json"


@dataclass(frozen=True)
class Blocks:
    """What is drawn together, shape (rows,) each: `customer` x half-year, and the half-year itself."""

    customer: IntArray
    calendar: IntArray

    @classmethod
    def of(cls, customer: AnyArray | pd.Series, month: IntArray) -> Blocks:
        """Blocks of rows of a customer (any names) in a month (whole month numbers)."""
        calendar = np.asarray(month, dtype=np.int64) // CALENDAR_MONTHS
        calendar = calendar - int(calendar.min()) if len(calendar) else calendar
        own = pd.factorize(customer)[0].astype(np.int64) * (int(calendar.max(initial=0)) + 1) + calendar
        return cls(pd.factorize(own)[0].astype(np.int64), calendar)

    def rows(self, keep: BoolArray | IntArray) -> Blocks:
        """The blocks of some rows."""
        return Blocks(self.customer[keep], self.calendar[keep])


def carrier_of(model: Any) -> Any:
    """The hazard whose coefficients speak for a model: boosted trees lend their base's."""
    return getattr(model, "base", None) or model


def members_of(model: Any) -> tuple[Any, ...]:
    """The forms that a mean is of; none for any other model."""
    return tuple(getattr(model, "members", {}).values())


def with_block_covariance(
    model: Any,
    matrix: FeatureMatrix,
    event: FloatArray,
    weight: FloatArray,
    blocks: Blocks,
    cases: FloatArray | None = None,
    ahead: int = 0,
) -> None:
    """Set the model's `covariance_` from the rows that it was fitted on; `blocks` are those rows' blocks.

    `cases` are the months that each row stands for, a part of `weight`; 1 without them. `ahead` half-years after the
    last one have a level of their own, whose mean the error counts; 0 = an error of the mean over all half-years.

    Does nothing where a model has no coefficients to speak of (a constant, a table). Members of a mean have theirs.
    """
    for member in members_of(model):
        with_block_covariance(member, matrix, event, weight, blocks, cases, ahead)
    carrier = carrier_of(model)
    if not hasattr(carrier, "sensitivities"):
        return
    sample = sample_cases(event, carrier.sample_share, carrier.seed, carrier.most_rows)
    some = matrix.with_values(matrix.values[sample.rows])
    weights = weight[sample.rows] * sample.factor
    scale = len(event) / max(float(weights.sum()), 1e-12)
    weights = weights * scale
    design, fitted = carrier.sensitivities(some), model.predict_hazard(some)
    held = blocks.rows(sample.rows)
    spread = weights * fitted * (1.0 - fitted)
    prior = carrier.precision()
    hessian = design.T @ (spread[:, None] * design) + prior
    ridge = 1e-9 * float(np.trace(hessian)) / len(hessian)
    inverse = np.linalg.inv(hessian + ridge * np.eye(len(hessian)))
    # Fits step on all rows, so that the sample's own noise is no error of theirs: a row that stands for n counts as n
    # draws, not as one draw n times.
    surprise = weights * (event[sample.rows] - fitted) / np.sqrt(sample.factor)
    scores = sums_by(design, surprise, held.customer)
    draws = sample.factor if cases is None else sample.factor * cases[sample.rows]
    left = scale * weight * (event - model.predict_hazard(matrix))
    half_years = HalfYears.of(design, spread, spread * weights / draws, held.calendar, blocks.calendar, left)
    shock = half_years.shock(inverse)
    reach = inverse @ half_years.pulls.T
    if ahead:
        reach = np.hstack([reach, np.outer(carrier.level_direction(), np.full(ahead, -1.0 / ahead))])
    shared = reach @ shock.covariance(reach.shape[1]) @ reach.T
    carrier.covariance_ = np.asarray(inverse @ (prior + scores.T @ scores) @ inverse + shared)
    carrier.facts_ = {
        **carrier.facts_,
        "shock shared by a half-year, relative": round(shock.deviation, 4),
        "its correlation with the next half-year's": shock.persistence,
    }


def log_error(model: Any, matrix: FeatureMatrix, group: int = 1) -> FloatArray:
    """Standard error of the logarithm of the mean hazard of every `group` consecutive rows, shape (rows / group,).

    Zero where the model carries no covariance. Of a mean of two forms, that `between` them, the stiffer one first.
    """
    if members := members_of(model):
        stiff, free = members
        return log_error_between(stiff, free, 0.5, matrix, group)
    carrier = carrier_of(model)
    count = len(matrix.values) // group
    covariance = getattr(carrier, "covariance_", None)
    if covariance is None:
        return np.zeros(count)
    root = root_of(covariance)
    found = np.empty(count)
    step = max(CHUNK // group, 1)
    for begin in range(0, count, step):
        rows = slice(begin * group, min(begin + step, count) * group)
        part = matrix.with_values(matrix.values[rows])
        hazard = model.predict_hazard(part)
        pull = carrier.sensitivities(part) * (hazard * (1.0 - hazard))[:, None]
        summed = pull.reshape(-1, group, pull.shape[1]).sum(axis=1)
        mean = np.maximum(hazard.reshape(-1, group).sum(axis=1), 1e-300)
        found[begin : begin + step] = np.sqrt((((summed / mean[:, None]) @ root) ** 2).sum(axis=1))
    return found


def log_error_between(stiff: Any, free: Any, share: float, matrix: FeatureMatrix, group: int = 1) -> FloatArray:
    """Standard error, as `log_error`, of what lies a `share` of the way from a stiff form to a freer one of the same
    rows, either form being as likely the right one.

    Where the stiff form is right, it is the surer one, and the two differ by chance with the difference of their
    variances, D = v_free - v_stiff: the error's variance is v_stiff + share^2 D. Where it is not, what it misses, M, is
    left in by (1 - share): v_stiff + (1 - share)^2 M^2. Of M the distance of the two is seen, and less than D cannot be
    told from chance: the larger of D and the squared distance stands for both.

    Source: J. A. Hausman, Specification Tests in Econometrics, Econometrica 46, 1978 (the variance of a difference).
    """
    own, other = (log_error(one, matrix, group) ** 2 for one in (stiff, free))
    apart = (log_mean(free, matrix, group) - log_mean(stiff, matrix, group)) ** 2
    return np.asarray(np.sqrt(own + 0.5 * (share**2 + (1.0 - share) ** 2) * np.maximum(apart, other - own)))


def log_mean(model: Any, matrix: FeatureMatrix, group: int) -> FloatArray:
    """Logarithm of the mean hazard of every `group` consecutive rows, shape (rows / group,)."""
    return np.asarray(np.log(np.maximum(model.predict_hazard(matrix).reshape(-1, group).mean(axis=1), 1e-12)))


def root_of(covariance: FloatArray) -> FloatArray:
    """R with R R' = covariance, negative eigenvalues of rounding left out."""
    values, vectors = np.linalg.eigh(0.5 * (covariance + covariance.T))
    return np.asarray(vectors * np.sqrt(np.maximum(values, 0.0)))


def covariance_text(covariance: FloatArray | None) -> dict[str, str]:
    """A model's covariance as a file of its own, every digit: bands come back as they were. No file without one."""
    return {} if covariance is None else {COVARIANCE_FILE: json.dumps(np.asarray(covariance).tolist())}


def covariance_of(files: Mapping[str, str]) -> FloatArray | None:
    """The covariance that `covariance_text` wrote, None where there is none."""
    return np.asarray(json.loads(files[COVARIANCE_FILE])) if COVARIANCE_FILE in files else None
