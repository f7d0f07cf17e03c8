"""The curves of one segment: its accounts carried forward at each spread, with bands, exposure and lowest balances."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from behavior.assumptions.curve import AssumptionCurve
from behavior.assumptions.effects import Driver, View
from behavior.estimators.spline_hazard import rows_of
from behavior.features.base import FeatureMatrix
from behavior.kinds import _decay_export as carry
from behavior.kinds._decay_bands import smooth_errors
from behavior.kinds._decay_book import OpenAccounts
from behavior.kinds._decay_fit import FIRST_MONTH
from behavior.kinds.base import FittedModel
from behavior.quantities import FloatArray, IntArray


def segment_curves(
    fitted: FittedModel,
    accounts: OpenAccounts,
    history: pd.DataFrame,
    segment: tuple[str, ...],
    place: int,
    grid: IntArray,
    drivers: tuple[Driver, ...],
    seasons: dict[str, tuple[float, ...]],
) -> tuple[list[AssumptionCurve], list[AssumptionCurve], float]:
    """Withdrawal in both views and moves of one segment's accounts, and the share of inflows clipped (a median).

    Parameters
    ----------
    history : the segment's rows. place : of the segment in the balance models, -1 for a pooled one, whose accounts are
        carried forward each at the level of its own segment. seasons : factors by role, twelve each.
    """
    estimators = fitted.estimators
    some = carry.representatives(accounts.matrix, accounts.weight, estimators["closure"])
    chosen, levels = rows_of(accounts.matrix, some), accounts.level[some]
    own = np.where(levels < 0, np.nan, levels)
    spreads = _spreads(estimators, chosen, own, history) if drivers else np.zeros(1)
    parts = carry.project_parts(
        estimators["closure"],
        estimators["migrated"],
        estimators["balance"],
        chosen,
        own,
        spreads,
        grid,
        seasons,
        estimators.get("closure_error"),
    )
    clipped = carry.clip_inflows(parts)
    months = grid - 1
    seen = _exposure(history, spreads, grid, np.asarray(estimators["inputs"].extra["seen"]), place)
    make = _CurveMaker(segment, grid, drivers, spreads, seen)
    values = clipped.withdrawal[:, months]
    lower, upper = values - carry.BAND * parts.error[:, months], values + carry.BAND * parts.error[:, months]
    lowest, spare = _lowest(estimators["minimum"], own, grid, spreads)
    return (
        [
            make(values, lower, upper, View.WITH_REDEPOSITS),
            make(lowest, lowest - spare, lowest + spare, View.MINIMUM_BALANCE),
        ],
        [make(clipped.migrated[:, months], None, None, View.WITH_REDEPOSITS)],
        float(np.median(clipped.clipped)),
    )


def _lowest(minimum: Any, own: FloatArray, grid: IntArray, spreads: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Hazard of lowest balances and half its band, (spreads, months): segments in the shares that accounts have."""
    levels, count = np.unique(own, return_counts=True)
    share = count / count.sum()
    cells = _minimum_cells(levels, grid, spreads)
    decay = np.tensordot(share, minimum.log_decay(cells).reshape(len(levels), len(spreads), len(grid)), axes=1)
    spare = smooth_errors(minimum, cells, grid, share)[:, grid - 1] * carry.BAND
    return -np.expm1(-np.maximum(decay, 0.0)), spare


def _spreads(
    estimators: Mapping[str, Any], accounts: FeatureMatrix, own: FloatArray, history: pd.DataFrame
) -> FloatArray:
    """Every quarter point that the history saw, and finer where the decay of these accounts bends."""

    def decay(spreads: FloatArray) -> FloatArray:
        return carry.first_decay(
            estimators["closure"], estimators["balance"], accounts, own, spreads, np.asarray(carry.BENDS)
        )

    return carry.refined(carry.spread_grid(history["spread"].to_numpy()), decay)


def _minimum_cells(levels: FloatArray, grid: IntArray, spreads: FloatArray) -> FeatureMatrix:
    columns = np.stack(np.meshgrid(levels, spreads, grid.astype(np.float64), indexing="ij"), -1).reshape(-1, 3)
    names = ("segment", "spread", "months_since", FIRST_MONTH)
    return FeatureMatrix(names, np.column_stack([columns, 1.0 * (columns[:, 2] == 1)]))


class _CurveMaker:
    """Makes the curves of one segment on one grid; hazards are clipped to [0, 1]."""

    def __init__(
        self,
        segment: tuple[str, ...],
        grid: IntArray,
        drivers: tuple[Driver, ...],
        spreads: FloatArray,
        seen: FloatArray,
    ) -> None:
        self.segment, self.grid, self.drivers, self.spreads, self.seen = segment, grid, drivers, spreads, seen

    def __call__(
        self, values: FloatArray, lower: FloatArray | None, upper: FloatArray | None, view: View
    ) -> AssumptionCurve:
        def shaped(one: FloatArray) -> FloatArray:
            kept = np.clip(one, 0.0, 1.0)
            return kept if self.drivers else kept[0]

        return AssumptionCurve(
            segment=self.segment,
            months=self.grid,
            driver_grids=dict.fromkeys(self.drivers, self.spreads),
            values=shaped(values),
            view=view,
            lower=None if lower is None else shaped(lower),
            upper=None if upper is None else shaped(upper),
            exposure_months=self.seen if self.drivers else self.seen[0],
        )


def _exposure(history: pd.DataFrame, spreads: FloatArray, grid: IntArray, seen: FloatArray, place: int) -> FloatArray:
    """Months of observation near each spread, shared out over the months since a landmark as cohorts were followed."""
    spread = np.nan_to_num(history["spread"].to_numpy())
    edges = 0.5 * (spreads[1:] + spreads[:-1])
    by_spread = np.bincount(np.searchsorted(edges, spread), minlength=len(spreads)).astype(np.float64)
    followed = seen.sum(axis=0) if place < 0 else seen[place]
    share = followed[np.minimum(grid, 480)] / max(float(followed.max()), 1e-12)
    return np.asarray(np.round(by_spread[:, None] * share[None, :]))
