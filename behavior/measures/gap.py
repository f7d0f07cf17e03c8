"""Repricing gap: what reprices when, in base, by currency and side; and what a gap says about income."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from behavior.engine.contracts import CASH_SIDES
from behavior.engine.layout import ACCRUED, CAPITALISED, CURTAILMENT, DRAWN, INTEREST, PAYOFF, SCHEDULED, WITHDRAWAL
from behavior.engine.plan import CashFlows
from behavior.engine.positions import SIDES, SIGNS
from behavior.market.buckets import Buckets
from behavior.months import DateLike, month_bounds
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


PRINCIPAL_IN = (SCHEDULED, PAYOFF, CURTAILMENT, WITHDRAWAL)
PRINCIPAL_OUT = (DRAWN, CAPITALISED)


def monthly_cash(flows: CashFlows, exchanged: bool) -> FloatArray:
    """Cash paid by month: principal and interest less what is drawn, unsigned, (scenarios, groups, months + 1).

    exchanged : whether swap notionals are paid.
    """
    cash = flows.flows[..., INTEREST] + flows.flows[..., ACCRUED]
    principal = sum(flows.flows[..., k] for k in PRINCIPAL_IN) - sum(flows.flows[..., k] for k in PRINCIPAL_OUT)
    paid = np.asarray([1.0 if exchanged or side in CASH_SIDES else 0.0 for side in flows.groups.side])
    return np.asarray(cash + principal * paid[None, :, None])


def bucketed(monthly: FloatArray, first_days: FloatArray, buckets: Buckets, as_of: DateLike) -> FloatArray:
    """Cash by month as cash by bucket, (..., buckets).

    Parameters
    ----------
    monthly : (..., months + 1), month 0 unused. first_days : (...), the part that is paid up to the bound of a first
        bucket that is shorter than a month (overnight); ignored where the first bound is a month or more.
    """
    months = monthly.shape[-1] - 1
    place = buckets.of_dates(as_of, month_bounds(as_of, months)[1:])
    found = np.zeros((*monthly.shape[:-1], len(buckets.labels)))
    for month, bucket in enumerate(place.tolist(), start=1):
        found[..., bucket] += monthly[..., month]
    if buckets.months[0] == 0:
        found[..., place[0]] -= first_days
        found[..., 0] += first_days
    return found


def liquidity_gap(
    flows: CashFlows, first_days: FloatArray, buckets: Buckets, as_of: DateLike, exchanged: bool = False
) -> pd.DataFrame:
    """bucket, currency, side, cash_flow, cumulative_gap: what is paid when in base, by currency and side.

    Parameters
    ----------
    first_days : (groups,), cash of base up to the bound of the overnight bucket.

    Amounts are unsigned; the gap is what comes in (assets, receive legs) less what goes out, up to the bucket.
    """
    cash = bucketed(monthly_cash(flows, exchanged)[0], first_days, buckets, as_of)
    groups = flows.groups
    rows = []
    for currency in sorted(set(groups.currency)):
        money = np.asarray(groups.currency) == currency
        running = np.cumsum((groups.sign[money][:, None] * cash[money]).sum(axis=0))
        held = {side: cash[money & (np.asarray(groups.side) == side)].sum(axis=0) for side in SIDES}
        present = [side for side in SIDES if (money & (np.asarray(groups.side) == side)).any()]
        rows += [
            {
                "bucket": label,
                "currency": currency,
                "side": side,
                "cash_flow": float(held[side][number]),
                "cumulative_gap": float(running[number]),
            }
            for number, label in enumerate(buckets.labels)
            for side in present
        ]
    return pd.DataFrame(rows, columns=["bucket", "currency", "side", "cash_flow", "cumulative_gap"])


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
    left = np.maximum(1.0 - middle, 0.0)
    gap = asset - liability
    ratio = np.where(liability != 0, asset / np.where(liability == 0, 1.0, liability), np.nan)
    return GapAnalysis(gap, np.cumsum(gap), ratio, gap * change * left)
