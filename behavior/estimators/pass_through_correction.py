"""Error correction: the textbook's and most validators' model of a rate that follows the market, as a challenger.

    d_t - d_(t-1) = c + up max(r_t - r_(t-1), 0) + down min(r_t - r_(t-1), 0) + th d_(t-1) + k r_(t-1)

Symmetric with one coefficient for both signs. Long-run beta −k / th; stable where −2 < th < 0.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any, Self

import numpy as np

from behavior.assumptions.effects import POOLED
from behavior.assumptions.pass_through_path import PassThroughLaw
from behavior.errors import DidNotConverge, FittingError, TooFewEvents
from behavior.estimators.pass_through_series import RateSeries, pieces_of
from behavior.estimators.pass_through_static import matched
from behavior.estimators.pass_through_statistics import (
    LeastSquares,
    dickey_fuller,
    engle_granger,
    engle_granger_critical,
    least_squares,
)
from behavior.quantities import FloatArray

NAMES = ("constant", "up", "down", "correction", "level")


@dataclass(frozen=True)
class CorrectionFit:
    """One error-correction equation.

    Parameters
    ----------
    coefficients, errors, robust_errors : constant, up, down, correction (th), level (k); per observation period.
    long_run_beta, long_run_error : −k / th and its standard error by the delta method on the robust covariance.
    asymmetry : t statistic, on robust errors, of up less down; NaN where the equation has one coefficient for both.
    cointegration, critical : Engle–Granger statistic and its 5% value.
    period : months between observations.
    """

    coefficients: tuple[float, ...]
    errors: tuple[float, ...]
    robust_errors: tuple[float, ...]
    r_squared: float
    rows: int
    long_run_beta: float
    long_run_intercept: float
    stable: bool
    unit_root_paid: float
    unit_root_short: float
    cointegration: float
    critical: float
    period: int = 1
    long_run_error: float = float("nan")
    asymmetry: float = float("nan")

    @property
    def half_life_months(self) -> float:
        """Months in which half of a gap closes; infinite where the equation is not stable."""
        rest = 1.0 + self.coefficients[3]
        return float(self.period * np.log(0.5) / np.log(rest)) if 0.0 < rest < 1.0 else float("inf")


def regression(pieces: Sequence[tuple[FloatArray, FloatArray]], asymmetric: bool) -> LeastSquares:
    """The equation by least squares over (short rate, rate paid) pieces; the symmetric one has four coefficients."""
    columns, outcomes = [], []
    for levels, paid in pieces:
        move = np.diff(levels)
        changes = [np.maximum(move, 0.0), np.minimum(move, 0.0)] if asymmetric else [move]
        columns.append(np.column_stack([np.ones(move.size), *changes, paid[:-1], levels[:-1]]))
        outcomes.append(np.diff(paid))
    return least_squares(np.concatenate(columns), np.concatenate(outcomes))


def correction_fit(levels: FloatArray, paid: FloatArray, asymmetric: bool = True, period: int = 1) -> CorrectionFit:
    """Fit the equation to one pair of matched series, shape (rows,) each.

    Raises
    ------
    TooFewEvents : the rows cannot tell the coefficients apart (no rise, or no fall, was seen).
    """
    return correction_of_pieces([(levels, paid)], asymmetric, period)


def correction_of_pieces(
    pieces: Sequence[tuple[FloatArray, FloatArray]], asymmetric: bool, period: int
) -> CorrectionFit:
    """The same over several pieces; unit roots and cointegration are those of the longest.

    Raises
    ------
    TooFewEvents : as `correction_fit`.
    """
    fitted = regression(pieces, asymmetric)
    levels, paid = max(pieces, key=lambda piece: piece[0].size)
    if asymmetric:
        own, errors, robust = fitted.coefficients, fitted.errors, fitted.robust_errors
    else:
        own, errors, robust = (
            np.insert(one, 2, one[1]) for one in (fitted.coefficients, fitted.errors, fitted.robust_errors)
        )
    correction, level = float(own[3]), float(own[4])
    return CorrectionFit(
        coefficients=tuple(own.tolist()),
        errors=tuple(errors.tolist()),
        robust_errors=tuple(robust.tolist()),
        r_squared=fitted.r_squared,
        rows=fitted.rows,
        long_run_beta=-level / correction,
        long_run_intercept=-float(own[0]) / correction,
        stable=-2.0 < correction < 0.0,
        unit_root_paid=dickey_fuller(paid),
        unit_root_short=dickey_fuller(levels),
        cointegration=engle_granger(paid, levels),
        critical=engle_granger_critical(paid.size),
        period=period,
        long_run_error=_long_run_error(correction, level, fitted.robust_covariance),
        asymmetry=_asymmetry(fitted) if asymmetric else float("nan"),
    )


def _long_run_error(correction: float, level: float, covariance: FloatArray) -> float:
    """Delta method: slope of −k / th in (th, k), the last two coefficients, about their covariance."""
    slope = np.array([level / correction**2, -1.0 / correction])
    return float(np.sqrt(max(float(slope @ covariance[-2:, -2:] @ slope), 0.0)))


def _asymmetry(fitted: LeastSquares) -> float:
    up, down = fitted.coefficients[1:3]
    contrast = np.array([1.0, -1.0])
    variance = float(contrast @ fitted.robust_covariance[1:3, 1:3] @ contrast)
    return float((up - down) / np.sqrt(variance)) if variance > 0 else float("nan")


class ErrorCorrection:
    """Error correction for each series, a pooled equation (own intercepts swept out) for the rest.

    Parameters
    ----------
    asymmetric : different impact of rises and falls.
    """

    def __init__(self, asymmetric: bool = True) -> None:
        self.asymmetric = asymmetric

    def fit(self, series: Sequence[RateSeries]) -> Self:
        """Fit each series that can carry the equation.

        Raises
        ------
        DidNotConverge : when no series gives a stable equation.
        """
        self.fits_: dict[tuple[str, ...], CorrectionFit] = {}
        self.refused_: dict[str, str] = {}
        for segment, members in pieces_of(series).items():
            gaps = np.concatenate([np.diff(one.observed) for one in members])
            period = max(int(np.median(gaps)), 1) if gaps.size else 1
            try:
                found = correction_of_pieces([matched(one) for one in members], self.asymmetric, period)
            except TooFewEvents as error:
                self.refused_[members[0].unit] = str(error)
                continue
            if found.stable:
                self.fits_[segment] = found
            else:
                correction = found.coefficients[3]
                self.refused_[members[0].unit] = f"not stable: correction {correction:.3f} outside (-2, 0)"
        if not self.fits_:
            raise DidNotConverge("error correction: " + "; ".join(f"{k}: {v}" for k, v in self.refused_.items()))
        columns = len(next(iter(self.fits_)))
        self._add_fallbacks(columns)
        return self

    def _add_fallbacks(self, columns: int) -> None:
        own = dict(self.fits_)
        keys = {(label[0], *(POOLED,) * (columns - 1)) for label in own} | {(POOLED,) * columns}
        for key in sorted(keys - set(own)):
            members = [own[one] for one in own if all(a in (POOLED, b) for a, b in zip(key, one, strict=True))]
            if len(members) == 1:
                # One member has no spread, and 0 would read as certainty: its own errors stand.
                self.fits_[key] = members[0]
                continue
            mean = np.mean([one.coefficients for one in members], axis=0)
            spread = np.std([one.coefficients for one in members], axis=0)
            self.fits_[key] = CorrectionFit(
                **{
                    **asdict(members[0]),
                    "coefficients": tuple(mean.tolist()),
                    "errors": tuple(spread.tolist()),
                    "robust_errors": tuple(spread.tolist()),
                    "long_run_beta": float(-mean[4] / mean[3]),
                    "long_run_error": float(np.std([one.long_run_beta for one in members])),
                    "long_run_intercept": float(-mean[0] / mean[3]),
                    "rows": sum(one.rows for one in members),
                }
            )

    def equation(self, segment: tuple[str, ...]) -> CorrectionFit:
        """Equation of a segment, or the most specific fallback.

        Raises
        ------
        FittingError : when nothing matches.
        """
        matching = [key for key in self.fits_ if all(a in (POOLED, b) for a, b in zip(key, segment, strict=True))]
        if not matching:
            raise FittingError(f"error correction: no equation for {segment} and no pooled one.")
        return self.fits_[min(matching, key=lambda key: sum(label == POOLED for label in key))]

    def law(self, segment: tuple[str, ...]) -> PassThroughLaw:
        """What target and speed can carry of the equation: the long-run beta at every level, the correction a month.

        The impact and the level that the rate is pulled to have no place in a law that starts from today's rate.
        """
        found = self.equation(segment)
        beta = float(np.clip(found.long_run_beta, 0.0, 1.0))
        rest = float(np.clip(1.0 + found.coefficients[3], 0.0, 1.0))
        speed = 1.0 - rest ** (1.0 / found.period)
        return PassThroughLaw(np.zeros(1), np.array([beta]), speed, speed)

    def path(self, segment: tuple[str, ...], levels: FloatArray, start: float, begin: int, floor: float) -> FloatArray:
        """Rate paid in the months after position `begin` of `levels`, stepping by the period it was fitted on."""
        found = self.equation(segment)
        constant, up, down, correction, level = found.coefficients
        months = np.arange(begin, levels.size + found.period, found.period)
        stepped = np.interp(months, np.arange(levels.size), levels)
        paid = [start]
        for before, now in pairwise(stepped):
            move = now - before
            moved = paid[-1] + constant + up * max(move, 0.0) + down * min(move, 0.0)
            paid.append(max(moved + correction * paid[-1] + level * before, min(floor, start)))
        wanted = np.arange(begin + 1, levels.size)
        return np.asarray(np.interp(wanted, months, np.array(paid)))

    def to_files(self) -> Mapping[str, str]:
        """The equations as JSON text."""
        content: dict[str, Any] = {
            "asymmetric": self.asymmetric,
            "names": NAMES,
            "equations": [{"segment": list(key), **asdict(found)} for key, found in self.fits_.items()],
            "refused": self.refused_,
        }
        return {"error_correction.json": json.dumps(content, indent=1)}

    @classmethod
    def from_files(cls, files: Mapping[str, str]) -> ErrorCorrection:
        """What `to_files` wrote."""
        content = json.loads(files["error_correction.json"])
        model = cls(bool(content["asymmetric"]))
        model.fits_, model.refused_ = {}, dict(content["refused"])
        for one in content["equations"]:
            key = tuple(one.pop("segment"))
            tuples = {name: tuple(one[name]) for name in ("coefficients", "errors", "robust_errors")}
            model.fits_[key] = CorrectionFit(**{**one, **tuples})
        return model
