"""How far foretold balances of the accounts followed are from what was left of them, with every draw."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from behavior.benchmark.hazard_scores import Score
from behavior.benchmark.missing_rows import Refusal
from behavior.benchmark.resampling import Draws, of_absolute_error
from behavior.quantities import FloatArray, IntArray

CURVE, LIFE, RUN_OFF, RATIO = (
    "curve_error_points",
    "average_life_error_years",
    "run_off_error_points",
    "actual_over_expected",
)


@dataclass(frozen=True)
class Followed:
    """Cohorts as they went and as they were foretold.

    Parameters
    ----------
    customer, landmark, segment, balance : of each account followed, shape (accounts,).
    actual : view -> share of balance left, shape (accounts, 1 + horizon). foretold : view -> model -> the same.
    refused : models without an answer, and why.
    """

    customer: np.ndarray
    landmark: IntArray
    segment: IntArray
    balance: FloatArray
    actual: Mapping[str, FloatArray]
    foretold: Mapping[str, Mapping[str, FloatArray]]
    refused: tuple[Refusal, ...] = ()


def share_left(followed: Followed, share: FloatArray, draws: Draws, rows: np.ndarray | None = None) -> FloatArray:
    """Balance-weighted share left by month, at most 1, shape (draws, 1 + horizon)."""
    weight = followed.balance if rows is None else followed.balance * rows
    sums = draws.sums(*(weight * share[:, k] for k in range(share.shape[1])))
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(np.minimum(sums / np.where(sums[:, :1] > 0, sums[:, :1], np.nan), 1.0))


def scores_of(followed: Followed, view: str, share: FloatArray, draws: Draws, levels: tuple[str, ...]) -> list[Score]:
    """Scores of one model's shares left, over all accounts and by segment."""
    count = len(followed.balance)
    found: list[Score] = []
    for slice_name, bucket, rows in (
        ("", "", None),
        *(("segment", name, followed.segment == k) for k, name in enumerate(levels) if (followed.segment == k).any()),
    ):
        actual = share_left(followed, followed.actual[view], draws, rows)
        gap = share_left(followed, share, draws, rows) - actual
        size = count if rows is None else int(rows.sum())
        gone = 1.0 - actual[:, -1]
        with np.errstate(invalid="ignore", divide="ignore"):
            ratio = np.where(gone - gap[:, -1] > 1e-6, gone / (gone - gap[:, -1]), np.nan)
        for name, values in (
            (RATIO, ratio),
            (CURVE, of_absolute_error(100.0 * np.abs(gap[:, 1:]).mean(axis=1))),
            (RUN_OFF, 100.0 * gap[:, -1]),
            (LIFE, gap.sum(axis=1) / 12.0),
        ):
            found.append(Score(name, "balance", slice_name, bucket, np.asarray(values), size, float("nan")))
    return found
