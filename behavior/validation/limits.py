"""Which slopes and groups of rows lie beyond stated limits with the whole of an interval, so that noise is no finding.

Rows of one customer in one half-year are one cluster. What all customers of a half-year share, which the bootstrap of
the other figures draws too, is not in these intervals: a group is set beside others of the same months. Here they are
worked out in closed form, because a bootstrap of 200 draws cannot reach the tails that many groups looked at together
need, and because a group without a single event would draw itself an interval of no width.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import stats

from behavior.quantities import FloatArray
from behavior.validation.evidence import clusters_of

LEVEL = 0.95
RATIO_LIMITS = (0.9, 1.1)
SLOPE_LIMITS = (0.8, 1.2)
RATE_LIMITS = (-10.0, 10.0)
"""Predicted minus actual rate, basis points."""
SMALLEST_SHARE = 0.01
"""Share of the balance from which a group is judged."""


def limits_of(rate: bool) -> tuple[float, float]:
    """The limits of a group: actual over expected, or (rates) predicted minus actual in basis points."""
    return RATE_LIMITS if rate else RATIO_LIMITS


def judged_groups(rows: pd.DataFrame, labels: pd.Series, rate: bool) -> pd.DataFrame:
    """Level of each group with at least 1% of the balance, its interval, and whether all of it is beyond the limits.

    Parameters
    ----------
    rows : as `rows_of` gives them. labels : shape (rows,), each row's group.
    rate : levels are predicted minus actual in basis points; else actual over expected.

    Returns
    -------
    `group`, `level`, `lower`, `upper`, `beyond`, one row a group. The intervals hold jointly with 95%. The noise of
    a group of shares is taken to be no smaller than that of all groups together: where hardly anybody moved, the
    group's own rows cannot say how much chance could have moved.
    """
    sums = _by_cluster(rows, labels)
    groups = sums.groupby("group", sort=True)
    total = groups[["weight", "actual", "predicted"]].sum()
    total = total[total["weight"] >= SMALLEST_SHARE * total["weight"].sum()]
    if rate:
        level, scale = (total["predicted"] - total["actual"]) / total["weight"], total["weight"]
        gaps = sums["predicted"] - sums["actual"] - sums["group"].map(level) * sums["weight"]
    else:
        known = total["predicted"].where(total["predicted"] != 0)
        level, scale = total["actual"] / known, known.abs()
        gaps = sums["actual"] - sums["group"].map(level) * sums["predicted"]
    squares = pd.DataFrame({"gap": gaps**2, "size": sums["weight"] ** 2}).dropna().groupby(sums["group"]).sum()
    squares = squares.reindex(total.index)
    if not rate and squares["size"].sum() > 0:
        squares["gap"] = np.maximum(squares["gap"], squares["gap"].sum() / squares["size"].sum() * squares["size"])
    freedom = (groups.size().reindex(total.index) - 1).astype(float)
    reach = stats.t.ppf(1.0 - (1.0 - LEVEL) / 2.0 / max(len(total), 1), freedom.where(freedom > 0))
    unit = 1e4 if rate else 1.0
    width = reach * np.sqrt(squares["gap"]) / scale
    found = pd.DataFrame({"level": unit * level, "lower": unit * (level - width), "upper": unit * (level + width)})
    low, high = limits_of(rate)
    found["beyond"] = (found["lower"] > high) | (found["upper"] < low)
    return found.rename_axis("group").reset_index()


def slope_beyond(lower: float, upper: float) -> bool:
    """True where the whole interval of a slope lies beyond 0.8 to 1.2."""
    return bool(lower > SLOPE_LIMITS[1] or upper < SLOPE_LIMITS[0])


def words_of(found: pd.DataFrame, what: str, rate: bool) -> str:
    """The groups beyond the limits by name, worst first, as a sentence; empty where there are none."""
    beyond = found[found["beyond"]]
    if beyond.empty:
        return ""
    low, high = limits_of(rate)
    order = (beyond["level"] - (low + high) / 2.0).abs().sort_values(ascending=False, kind="stable").index
    form = "{:+z.1f} bp, {:+z.1f} to {:+z.1f}" if rate else "{:.2f}, {:.2f} to {:.2f}"
    named = [f"{one.group} ({form.format(one.level, one.lower, one.upper)})" for one in beyond.loc[order].itertuples()]
    limits = f"{low:+g} to {high:+g} bp" if rate else f"{low:g} to {high:g}"
    more = f" and {len(named) - 5} more" if len(named) > 5 else ""
    return f" Beyond {limits} with the whole interval, {what}: {'; '.join(named[:5])}{more}."


def _by_cluster(rows: pd.DataFrame, labels: pd.Series) -> pd.DataFrame:
    """Sums by group and cluster: weight, weighted actual and weighted predicted."""
    weight = rows["weight"].to_numpy(np.float64)
    sums: dict[str, FloatArray] = {"weight": weight}
    for side in ("actual", "predicted"):
        sums[side] = weight * rows[side].to_numpy(np.float64)
    keyed = pd.DataFrame({"group": labels.to_numpy(), "cluster": clusters_of(rows), **sums})
    return keyed.groupby(["group", "cluster"], sort=True).sum().reset_index()
