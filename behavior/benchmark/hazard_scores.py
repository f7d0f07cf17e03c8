"""Scores of hazard models on the same rows: level first, ranking last, each with its interval.

Every score is a function of sums over cells of customers and six-month blocks, so that a draw costs one product of
matrices. A model is a column of expected hazards on the rows judged.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from behavior.benchmark.judged_rows import Rows
from behavior.benchmark.ranking import ranking
from behavior.benchmark.resampling import LEVEL, Draws, joint_region, of_absolute_error, value_and_interval
from behavior.quantities import FloatArray, IntArray

CLIP = 1e-9
BINS = 10
LEAST_HELD = 0.02
INCIDENCE = "incidence_error_points"


@dataclass(frozen=True)
class Score:
    """One figure.

    Parameters
    ----------
    draws : values in every draw, the sample first. rows, events, expected : rows counted, events that happened and
        events expected on them, by count whatever the weighting; NaN where a score is not of events.
    """

    score: str
    weighting: str
    slice: str
    bucket: str
    draws: FloatArray
    rows: int
    events: float
    expected: float = float("nan")


def annual(hazard: FloatArray, periods: float) -> FloatArray:
    """Share a year of a hazard a period, decimal: CPR of an SMM."""
    return np.asarray(1.0 - (1.0 - np.clip(hazard, 0.0, 1.0)) ** periods)


def score_model(rows: Rows, expected: FloatArray, draws: Draws, other: FloatArray | None = None) -> list[Score]:
    """All scores of one model, in the order in which they matter.

    Parameters
    ----------
    expected, other : hazards of the cause and, together, of the other causes, shape (rows,); None = the model does not
        answer the others, and those that happened stand for them.
    """
    found: list[Score] = []
    for name, weight in (("count", rows.weight), ("balance", rows.balance)):
        total = draws.sums(weight * rows.actual, weight * expected)
        found.append(_whole("actual_over_expected", name, _ratio(total[:, 0], total[:, 1]), rows, expected))
        for slice_name in rows.buckets:
            found += _by_bucket(rows, expected, draws, name, weight, slice_name)
    found += [
        _whole("monthly_cpr_error_points", "balance", _speed_error(rows, expected, draws), rows, expected),
        _whole("run_off_error_points", "balance", _run_off_error(rows, expected, draws), rows, expected),
        *_incidence_by_vintage(rows, expected, draws, other),
        *(_whole(name, "count", values, rows, expected) for name, values in _curve(rows, expected, draws).items()),
        _whole("log_loss", "count", _mean(draws, rows.weight, log_losses(rows.actual, expected)), rows, expected),
        _whole("brier", "count", _mean(draws, rows.weight, (rows.actual - expected) ** 2), rows, expected),
        _whole("calibration_error", "count", _calibration(rows, expected, draws), rows, expected),
        _whole("area_under_curve", "count", ranking(rows, expected, draws, within_month=False), rows, expected),
        _whole("concordance_within_months", "count", ranking(rows, expected, draws, within_month=True), rows, expected),
    ]
    return found


def table_of(scores: list[Score], **facts: object) -> pd.DataFrame:
    """Scores as rows: value and 90% interval."""
    lines = []
    for one in scores:
        value, low, high = interval_of(one)
        lines.append(
            {
                **facts,
                "score": one.score,
                "weighting": one.weighting,
                "slice": one.slice,
                "bucket": one.bucket,
                "value": value,
                "low": low,
                "high": high,
                "rows": one.rows,
                "events": one.events,
                "expected": one.expected,
            }
        )
    return pd.DataFrame(lines)


def interval_of(score: Score, level: float = LEVEL) -> tuple[float, float, float]:
    """Value and interval of a score; where nothing happened, up to the level at which as few as none is still likely.

    A sample without an event has none in any draw: the upper bound of actual over expected is then the Poisson mean of
    which a share (1 - level) / 2 of samples is empty, over the events expected.
    """
    if score.score == "actual_over_expected" and score.events == 0 and score.expected > 0:
        return 0.0, 0.0, float(-np.log((1.0 - level) / 2.0) / score.expected)
    return value_and_interval(score.draws, level)


def joint_of(scores: list[Score], level: float) -> list[tuple[str, float, float, float]]:
    """Bucket, value and bounds of the joint region of all buckets of a slice, in their order.

    Buckets without an event, which no draw moves, have a Poisson bound at their share of the level (Sidak); the others
    share what is left.
    """
    moved = [one for one in scores if one.events != 0]
    alone = level ** (1.0 / max(len(scores), 1))
    found = {id(one): interval_of(one, alone) for one in scores if one.events == 0}
    if moved:
        values = np.column_stack([one.draws for one in moved])
        low, high = joint_region(values, alone ** len(moved))
        found |= {id(one): (float(one.draws[0]), float(low[k]), float(high[k])) for k, one in enumerate(moved)}
    return [(one.bucket, *found[id(one)]) for one in scores]


def log_losses(actual: FloatArray, expected: FloatArray) -> FloatArray:
    """Log loss of each row, nats."""
    held = np.clip(expected, CLIP, 1.0 - CLIP)
    return np.asarray(-(actual * np.log(held) + (1.0 - actual) * np.log1p(-held)))


def _whole(name: str, weighting: str, values: FloatArray, rows: Rows, expected: FloatArray) -> Score:
    return Score(name, weighting, "", "", values, len(rows.actual), float(rows.actual.sum()), float(expected.sum()))


def _ratio(top: FloatArray, bottom: FloatArray) -> FloatArray:
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(np.where(bottom > 0, top / np.where(bottom > 0, bottom, 1.0), np.nan))


def _mean(draws: Draws, weight: FloatArray, values: FloatArray) -> FloatArray:
    total = draws.sums(weight * values, weight)
    return _ratio(total[:, 0], total[:, 1])


def _by_bucket(
    rows: Rows,
    expected: FloatArray,
    draws: Draws,
    weighting: str,
    weight: FloatArray,
    slice_name: str,
) -> list[Score]:
    labels = rows.buckets[slice_name]
    code = labels.codes.astype(np.int64)
    actual, foreseen = draws.sums_by(code, len(labels.categories), weight * rows.actual, weight * expected)
    return _of_buckets("actual_over_expected", weighting, slice_name, rows, expected, _ratio(actual, foreseen))


def _of_buckets(
    score: str, weighting: str, slice_name: str, rows: Rows, expected: FloatArray, values: FloatArray
) -> list[Score]:
    """One score a bucket of a slice from its values, shape (draws, buckets), with what was counted there."""
    labels = rows.buckets[slice_name]
    code, names = labels.codes.astype(np.int64), list(labels.categories)
    seen, events = np.bincount(code, minlength=len(names)), np.bincount(code, rows.actual, len(names))
    counts = zip(seen.tolist(), events.tolist(), np.bincount(code, expected, len(names)).tolist(), strict=True)
    return [
        Score(score, weighting, slice_name, str(name), values[:, k], int(many), happened, wanted)
        for k, (name, (many, happened, wanted)) in enumerate(zip(names, counts, strict=True))
    ]


def _monthly(rows: Rows, expected: FloatArray, draws: Draws) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Balance-weighted hazards by month, actual and expected, and exposure; shape (draws, months) each."""
    code, months = rows.months
    actual, foreseen, held = draws.sums_by(
        code, len(months), rows.balance * rows.actual, rows.balance * expected, rows.balance
    )
    return _ratio(actual, held), _ratio(foreseen, held), held


def _speed_error(rows: Rows, expected: FloatArray, draws: Draws) -> FloatArray:
    """Mean absolute error of the portfolio's yearly speed, month by month, points of CPR."""
    actual, foreseen, held = _monthly(rows, expected, draws)
    gap = np.abs(annual(actual, rows.periods_a_year) - annual(foreseen, rows.periods_a_year))
    return of_absolute_error(100.0 * np.nansum(gap * held, axis=1) / np.maximum(held.sum(axis=1), 1e-12))


def _run_off_error(rows: Rows, expected: FloatArray, draws: Draws) -> FloatArray:
    """Share of balance gone over all months judged, expected less actual, percent points of the first balance."""
    actual, foreseen, _ = _monthly(rows, expected, draws)
    kept = [np.exp(np.nansum(np.log1p(-np.clip(one, 0.0, 1.0 - 1e-12)), axis=1)) for one in (actual, foreseen)]
    return np.asarray(100.0 * (kept[0] - kept[1]))


def _incidence_by_vintage(rows: Rows, expected: FloatArray, draws: Draws, other: FloatArray | None) -> list[Score]:
    """Cumulative incidence over the months judged, percent points: mean absolute error over vintages by their rows, and
    each vintage's own, expected less actual.

    Of those who are still there: exits by other causes leave nobody to count. Months in which a vintage has all but
    gone (less than a fiftieth of its most) are left out.
    """
    vintage, names = rows.buckets["vintage"].codes.astype(np.int64), list(rows.buckets["vintage"].categories)
    month, months = rows.months
    width = len(months)
    elsewhere = np.zeros(len(expected)) if rows.other is None else rows.other
    columns = (rows.actual, elsewhere, expected, elsewhere if other is None else other)
    sums = draws.sums_by(
        vintage * width + month, len(names) * width, *(rows.weight * one for one in columns), rows.weight
    )
    held = sums[-1]
    shape = (len(held), len(names), width)
    thick = held >= LEAST_HELD * held.reshape(shape).max(axis=2).repeat(width, axis=1)
    hazards = [np.where(thick, np.nan_to_num(_ratio(one, held)), 0.0).reshape(shape) for one in sums[:-1]]
    gap = 100.0 * (_competing(hazards[2], hazards[3]) - _competing(hazards[0], hazards[1])).sum(axis=2)
    size = held.reshape(shape).sum(axis=2)
    whole = of_absolute_error((np.abs(gap) * size).sum(axis=1) / np.maximum(size.sum(axis=1), 1e-12))
    own = np.where(size > 0, gap, np.nan)  # a vintage that a draw holds none of says nothing there
    return [
        _whole(INCIDENCE, "count", whole, rows, expected),
        *_of_buckets(INCIDENCE, "count", "vintage", rows, expected, own),
    ]


def _competing(own: FloatArray, others: FloatArray) -> FloatArray:
    """Share that leaves by the own cause in each period (last axis), of all who were there when the first began."""
    open_after = np.cumprod(np.clip(1.0 - own - others, 0.0, 1.0), axis=-1)
    before = np.concatenate([np.ones((*open_after.shape[:-1], 1)), open_after[..., :-1]], axis=-1)
    return np.asarray(before * own)


def survival_by_age(rows: Rows, values: FloatArray, draws: Draws) -> tuple[FloatArray, IntArray]:
    """Share still there at the end of each age from hazards by age, shape (draws, ages), and the ages."""
    code, ages = rows.ages
    gone, held = draws.sums_by(code, len(ages), rows.weight * values, rows.weight)
    hazard = np.nan_to_num(_ratio(gone, held))
    return np.asarray(np.cumprod(1.0 - np.clip(hazard, 0.0, 1.0), axis=1)), ages


def _curve(rows: Rows, expected: FloatArray, draws: Draws) -> dict[str, FloatArray]:
    """Integrated absolute error of the survival curve by age (percent points) and error of average life (years)."""
    actual, ages = survival_by_age(rows, rows.actual, draws)
    foreseen, _ = survival_by_age(rows, expected, draws)
    gap = foreseen - actual
    step = np.diff(np.append(ages, ages[-1] + 12.0 / rows.periods_a_year))
    years = np.minimum(step, 12.0 / rows.periods_a_year) / 12.0
    return {
        "curve_error_points": of_absolute_error(100.0 * np.abs(gap) @ years / years.sum()),
        "average_life_error_years": np.asarray(gap @ years),
    }


def _calibration(rows: Rows, expected: FloatArray, draws: Draws) -> FloatArray:
    """Mean absolute gap of hazards over ten bins of the score, as equally filled as rows of one score allow."""
    _, tie, count = np.unique(expected, return_inverse=True, return_counts=True)
    middle = np.cumsum(count) - (count + 1) // 2
    code = (middle * BINS // max(len(expected), 1))[tie]
    gap, held = draws.sums_by(code, BINS, rows.weight * (rows.actual - expected), rows.weight)
    return of_absolute_error(np.abs(gap).sum(axis=1) / np.maximum(held.sum(axis=1), 1e-12))


def incidence_by_age(
    causes: Mapping[str, FloatArray], rows: Rows, draws: Draws
) -> tuple[dict[str, FloatArray], IntArray]:
    """Cumulative incidence of competing causes by age, shape (draws, ages) each, from 0/1 or expected hazards."""
    code, ages = rows.ages
    sums = draws.sums_by(code, len(ages), rows.weight, *(rows.weight * one for one in causes.values()))
    hazards = [np.nan_to_num(_ratio(one, sums[0])) for one in sums[1:]]
    every = np.sum(hazards, axis=0)
    shares = [np.cumsum(_competing(one, every - one), axis=1) for one in hazards]
    found = dict(zip(causes, shares, strict=True))
    return found, ages
