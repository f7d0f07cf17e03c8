"""Repricing gap: what reprices when, in base, by currency and side; and what a gap says about income."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from behavior.engine.positions import SIDES, SIGNS
from behavior.engine.projection import CashFlows
from behavior.market.buckets import Buckets
from behavior.quantities import FloatArray


def repricing_gap(flows: CashFlows, buckets: Buckets) -> pd.DataFrame:
    """bucket, currency, side, repricing_amount, cumulative_gap (assets less liabilities up to the bucket)."""
    rows = []
    for currency in sorted(set(flows.groups.currency)):
        amounts = {
            side: flows.gap[
                [g for g, c in enumerate(flows.groups.currency) if c == currency and flows.groups.side[g] == side]
            ]
            for side in SIDES
        }
        held = {side: part.sum(axis=0) for side, part in amounts.items() if len(part)}
        gap = sum((SIGNS[SIDES.index(side)] * part for side, part in held.items()), np.zeros(len(buckets.labels)))
        running = np.cumsum(gap)
        for number, label in enumerate(buckets.labels):
            for side, part in held.items():
                rows.append(
                    {
                        "bucket": label,
                        "currency": currency,
                        "side": side,
                        "repricing_amount": float(part[number]),
                        "cumulative_gap": float(running[number]),
                    }
                )
    return pd.DataFrame(rows)


@dataclass(frozen=True)
class GapAnalysis:
    """A gap by bucket and the change of one year's income that it stands for.

    Parameters
    ----------
    gap, cumulative, ratio : (buckets,); ratio is assets / liabilities, NaN without liabilities.
    income_change : (buckets,), for the rate change given, gap x change x (1 - middle of the bucket), 0 from a year on.
    """

    gap: FloatArray
    cumulative: FloatArray
    ratio: FloatArray
    income_change: FloatArray


def gap_analysis(
    assets: ArrayLike, liabilities: ArrayLike, middle_years: Sequence[float | None], change: float
) -> GapAnalysis:
    """Gap, cumulative gap, ratio and income effect of a parallel change.

    Parameters
    ----------
    assets, liabilities : repricing amounts by bucket, shape (buckets,). middle_years : middle of each bucket; None or a
        year and more has no effect on the first year. change : decimals (0.01 = 100 bp).
    """
    asset, liability = np.asarray(assets, dtype=np.float64), np.asarray(liabilities, dtype=np.float64)
    middle = np.asarray([np.inf if year is None else year for year in middle_years], dtype=np.float64)
    left = np.where(middle < 1.0, 1.0 - np.minimum(middle, 1.0), 0.0)
    gap = asset - liability
    ratio = np.where(liability != 0, asset / np.where(liability == 0, 1.0, liability), np.nan)
    return GapAnalysis(gap, np.cumsum(gap), ratio, gap * change * left)
