"""What a segment's curves say in years, three numbers that are often taken for one: how long the money stays (average
life), how its value answers rates (effective duration), and when it reprices (repricing maturity).

Definitions are those of the specification's quantitative part, 4.4. A report of a model knows no book of a date and no
curve of discount factors, so value is taken at a flat curve of the last month's market rate, without servicing cost,
and rates paid follow by the segment's static beta, the slope of rate paid, by balance, on market rate over the history.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from behavior.assumptions.curve import LAST_MONTH, AssumptionCurve, AverageLife
from behavior.assumptions.effects import View
from behavior.assumptions.matching import match_segments
from behavior.assumptions.set import AssumptionTable
from behavior.kinds._decay_export import BAND
from behavior.kinds.base import Exhibit
from behavior.quantities import MONTHS_PER_YEAR, AnyArray, FloatArray

SHIFT = 0.01
BOUNDS = ("values", "lower", "upper")


@dataclass(frozen=True)
class SegmentReading:
    """Curves of one segment with the rates that they are read at.

    Parameters
    ----------
    curves : of every cause that takes balance away. spread, market, paid : last month's means by balance, decimals a
        year, NaN = unknown. beta : slope of rate paid on market rate, 0 to 1, NaN = unknown.
    """

    curves: tuple[AssumptionCurve, ...]
    spread: float
    market: float
    paid: float
    beta: float

    def survival(self, bound: str = "values", shift: float = 0.0, months: int = LAST_MONTH) -> FloatArray:
        """Share of balance left after months 1 .. `months`; `bound` picks the curve's own values or one side of its
        band, `shift` is added to the spread."""
        spread = np.nan_to_num(self.spread) + shift
        every, left = np.arange(1, months + 1), np.ones(months)
        for curve in self.curves:
            values = getattr(curve, bound)
            bounded = curve if values is None else replace(curve, values=values, lower=None, upper=None)
            drivers = dict.fromkeys(bounded.driver_grids, np.asarray(spread))
            left *= 1.0 - np.clip(bounded.at(every, drivers).values, 0.0, 1.0)
        return np.asarray(np.cumprod(left))

    @property
    def last_observed_month(self) -> int:
        """Last month that the history saw of the first cause."""
        return self.curves[0].last_observed_month


def readings(tables: Sequence[AssumptionTable], panel: pd.DataFrame, segment: AnyArray) -> dict[str, SegmentReading]:
    """Curves and rates of every segment that is open in the last month and has curves."""
    last = (panel["month"] == panel["month"].max()).to_numpy()
    found = {}
    for name in sorted(set(segment[last])):
        own = segment == name
        row = panel[own & last].head(1)
        curves = [curve for table in tables for curve in _curve_of(table, row)]
        if curves:
            found[name] = SegmentReading(tuple(curves), *_rates(panel[own], panel[own & last]))
    return found


def _curve_of(table: AssumptionTable, row: pd.DataFrame) -> list[AssumptionCurve]:
    place = int(match_segments(row, table, View.WITH_REDEPOSITS).curve_index[0])
    return [table.curves[place]] if place >= 0 else []


def _rates(history: pd.DataFrame, today: pd.DataFrame) -> tuple[float, float, float, float]:
    means = [_mean(today, name) for name in ("spread", "market_rate", "rate_paid")]
    return means[0], means[1], means[2], _static_beta(history)


def _static_beta(history: pd.DataFrame) -> float:
    """Slope of the segment's rate paid, the mean of its balances, on the market rate, 0 to 1; NaN = cannot be told."""
    known = history[["month", "market_rate", "rate_paid", "weight"]].dropna()
    known = known[known["weight"] > 0]
    held = known[["market_rate", "rate_paid"]].mul(known["weight"], axis=0).groupby(known["month"]).sum()
    by_month = held.div(known.groupby("month")["weight"].sum(), axis=0)
    market = by_month["market_rate"].to_numpy(np.float64)
    if len(by_month) < MONTHS_PER_YEAR or float(np.ptp(market)) < SHIFT / 10:
        return float("nan")
    slope = float(np.polyfit(market, by_month["rate_paid"].to_numpy(np.float64), 1)[0])
    return float(np.clip(slope, 0.0, 1.0))


def _mean(rows: pd.DataFrame, name: str) -> float:
    values, weight = rows[name].to_numpy(np.float64), rows["weight"].to_numpy(np.float64) + 1e-9
    known = ~np.isnan(values)
    return float(np.average(values[known], weights=weight[known])) if known.any() else float("nan")


def value(survival: FloatArray, market: float, paid: float) -> float:
    """Value of 1 of deposits: run-off and interest at `paid`, discounted at a flat `market` rate, both paid monthly."""
    opening = np.concatenate([[1.0], survival[:-1]])
    closing = survival.copy()
    closing[-1] = 0.0
    months = np.arange(1, len(survival) + 1)
    flows = opening - closing + opening * paid / MONTHS_PER_YEAR
    return float((flows * (1.0 + market / MONTHS_PER_YEAR) ** -months.astype(np.float64)).sum())


def effective_duration(reading: SegmentReading) -> float:
    """(V(-s) - V(+s)) / (2 s V) in years at s = 100 basis points; decay and rates paid respond. NaN without rates."""
    if np.isnan([reading.market, reading.paid, reading.beta]).any():
        return float("nan")

    def shifted(by: float) -> float:
        survival = reading.survival(shift=(1.0 - reading.beta) * by)
        return value(survival, reading.market + by, reading.paid + reading.beta * by)

    return (shifted(-SHIFT) - shifted(SHIFT)) / (2.0 * SHIFT * shifted(0.0))


def lives_exhibit(found: dict[str, SegmentReading]) -> Exhibit:
    """One row a segment: average life with its part beyond the data, both with their bands, duration, repricing."""
    rows = []
    for name, one in found.items():
        lives = {bound: AverageLife.of(one.survival(bound), one.last_observed_month) for bound in BOUNDS}
        life = {bound: span.years for bound, span in lives.items()}
        beyond = {bound: 100 * span.share_beyond for bound, span in lives.items()}
        rows.append(
            {
                "segment": name,
                "spread, %": 100 * one.spread,
                "average life, years": life["values"],
                "fast end of its 90% band": life["upper"],
                "slow end": life["lower"],
                "beyond the data, % of life": beyond["values"],
                "at the fast end, %": beyond["upper"],
                "at the slow end, %": beyond["lower"],
                "effective duration, years": effective_duration(one),
                "repricing maturity, years": (1.0 - one.beta) * life["values"],
                "static beta": one.beta,
            }
        )
    return Exhibit(
        "lives",
        "Average life, duration and repricing maturity: three numbers",
        "table",
        pd.DataFrame(rows),
        note="spread of the last month held, net balances before interest, the rest repaid in month 480; months beyond "
        "the data are the curve carried on to its last month, and follow the set's tail rule after it; "
        "the band is the curve's own; duration is effective at 100 bp, on a flat "
        "curve of the market rate, decay and rates paid responding; repricing maturity: the share beta reprices at "
        "once, the rest as it runs off",
    )


def core_path(reading: SegmentReading, month: int, quantile: float, sigma: float) -> tuple[float, float]:
    """Expected share of today's balance after `month` months, and its quantile path's; both at most 1.

    The quantile takes together what is open about the curve, half the distance of its band's ends in logarithms, and
    what a segment's total moves by beyond the model up to that month, `sigma`.
    """
    expected, low, high = (reading.survival(bound, months=month)[-1] for bound in BOUNDS)
    open_about = (np.log(low) - np.log(high)) / (2.0 * BAND) if min(low, high) > 0 else 0.0
    spread = float(np.hypot(open_about, sigma))
    return float(expected), float(expected * np.exp(quantile * spread))
