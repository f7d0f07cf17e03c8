"""Scores of hazard models on the same rows: level first, ranking last, each with a block-bootstrap interval."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from behavior.features.leakage import area_under_curve
from behavior.quantities import AnyArray, FloatArray, IntArray

Score = Callable[[FloatArray, FloatArray, FloatArray], float]
CLIP = 1e-9


def actual_over_expected(actual: FloatArray, expected: FloatArray, weight: FloatArray) -> float:
    """Weighted actual events over weighted expected ones; NaN where nothing was expected."""
    total = float((weight * expected).sum())
    return float((weight * actual).sum()) / total if total > 0 else float("nan")


def log_loss(actual: FloatArray, expected: FloatArray, weight: FloatArray) -> float:
    """Weighted mean log loss, nats a row."""
    held = np.clip(expected, CLIP, 1.0 - CLIP)
    return float(np.average(-(actual * np.log(held) + (1.0 - actual) * np.log1p(-held)), weights=weight))


def brier(actual: FloatArray, expected: FloatArray, weight: FloatArray) -> float:
    """Weighted mean squared error of the probability."""
    return float(np.average((actual - expected) ** 2, weights=weight))


def calibration_error(actual: FloatArray, expected: FloatArray, weight: FloatArray) -> float:
    """Expected calibration error: mean absolute gap over ten equally filled score bins."""
    order = np.argsort(expected, kind="stable")
    parts = np.array_split(order, 10)
    gaps = [abs(float((weight[part] * (actual[part] - expected[part])).sum())) for part in parts if len(part)]
    return float(sum(gaps) / weight.sum())


def ranking(actual: FloatArray, expected: FloatArray, weight: FloatArray) -> float:
    """Area under the curve, unweighted."""
    return area_under_curve(expected, actual)


SCORES: Mapping[str, Score] = {
    "actual_over_expected": actual_over_expected,
    "log_loss": log_loss,
    "brier": brier,
    "calibration_error": calibration_error,
    "area_under_curve": ranking,
}


@dataclass(frozen=True)
class Blocks:
    """Resampling units: customer x calendar block of six months, as codes a row (shape (rows,))."""

    codes: IntArray
    count: int


def blocks_of(customer: AnyArray, month_number: IntArray, groups: int = 400, length: int = 6) -> Blocks:
    """Blocks of customers (in `groups` groups) by `length` months: months share their shock, customers their nature."""
    names = pd.factorize(customer)[0] % groups
    code, found = pd.factorize(names * 100_000 + month_number // length)
    return Blocks(code.astype(np.int64), len(found))


def interval(
    score: Score,
    actual: FloatArray,
    expected: FloatArray,
    weight: FloatArray,
    blocks: Blocks,
    seed: int,
    replicates: int = 200,
    level: float = 0.90,
) -> tuple[float, float]:
    """Percentile interval of a score under resampling of whole blocks."""
    rng = np.random.default_rng(seed)
    found = []
    for _ in range(replicates):
        times = np.bincount(rng.integers(0, blocks.count, blocks.count), minlength=blocks.count)
        own = weight * times[blocks.codes]
        keep = own > 0
        found.append(score(actual[keep], expected[keep], own[keep]))
    low, high = np.nanquantile(found, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def score_table(
    actual: FloatArray, models: Mapping[str, FloatArray], weight: FloatArray, blocks: Blocks, seed: int
) -> pd.DataFrame:
    """One row a model and score with its 90% interval; all models on the same rows and the same resamples."""
    rows = []
    for model, expected in models.items():
        for name, score in SCORES.items():
            low, high = interval(score, actual, expected, weight, blocks, seed)
            rows.append(
                {"model": model, "score": name, "value": score(actual, expected, weight), "low": low, "high": high}
            )
    return pd.DataFrame(rows)


def bucket_table(
    actual: FloatArray, expected: FloatArray, weight: FloatArray, bucket: AnyArray, blocks: Blocks, seed: int
) -> pd.DataFrame:
    """Actual over expected in each bucket with its interval; counts beside it."""
    rows = []
    for one in sorted(set(bucket)):
        mine = np.asarray(bucket == one)
        own = weight * mine
        low, high = interval(actual_over_expected, actual, expected, own, blocks, seed)
        rows.append(
            {
                "bucket": one,
                "rows": int(mine.sum()),
                "events": float(actual[mine].sum()),
                "expected": float(expected[mine].sum()),
                "actual_over_expected": actual_over_expected(actual, expected, own),
                "low": low,
                "high": high,
            }
        )
    return pd.DataFrame(rows)


def cumulative_incidence(hazards: Mapping[str, FloatArray]) -> dict[str, FloatArray]:
    """Share gone by each cause at the end of each age, from cause-specific hazards by age (shape (ages,) each)."""
    total = np.sum(list(hazards.values()), axis=0)
    open_before = np.concatenate([[1.0], np.cumprod(1.0 - total)[:-1]])
    return {cause: np.cumsum(open_before * hazard) for cause, hazard in hazards.items()}
