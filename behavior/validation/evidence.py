"""How checks pick rows, cut them into groups and set actual against expected."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas as pd

from behavior.assumptions.effects import Effect
from behavior.errors import DoesNotApply
from behavior.kinds.base import Predictions
from behavior.months import month_number
from behavior.quantities import BoolArray, FloatArray, IntArray, monthly_to_annual
from behavior.validation.base import CheckInput
from behavior.validation.statistics import LEVEL, ClusterBootstrap

PARTS = {
    "test": "out of time and unseen customers",
    "out_of_time": "out of time, all customers",
    "unseen_customers": "unseen customers, training months",
    "train": "training",
}
AGE_EDGES = (12, 24, 36, 60, 84, 120, 180, 240, 300)
DRIVER_GROUPS = 8
PREDICTION_GROUPS = 10
HALF_YEAR = 6
MOST_INFLOW = 5.0
"""Times its balance that may flow into an account in a month before its row is left to sums."""


def is_rate(given: CheckInput) -> bool:
    """True where the target is a rate paid, false where it is a share of balance that moves."""
    return given.kind.effect is Effect.REPRICING


def picture_unit(rate: bool) -> str:
    """Unit of a picture's axis: of rates paid, or of shares that leave."""
    return "rate paid, % a year" if rate else "annual share leaving, % CPR"


def tested_on(given: CheckInput) -> str:
    """What the test rows are, in words: a history of a few product series holds no customer out."""
    return "unseen customers and later months" if given.split.unseen_customers.any() else "later months"


def is_ranking(given: CheckInput) -> bool:
    """True where somebody leaves or stays; false for rates, and for net flows, in which money also comes in."""
    return given.predictions.binary or (not is_rate(given) and bool(given.predictions.table["actual"].min() >= 0))


def rows_of(given: CheckInput, part: str, predictions: Predictions | None = None) -> pd.DataFrame:
    """Prediction rows of one part of the split (`test`, `out_of_time`, `unseen_customers`, `train`, `validate`).

    Rows without a prediction or an outcome are left out.

    Raises
    ------
    DoesNotApply : when the part is empty.
    """
    table = (predictions or given.predictions).table
    chosen = table[mask_of(given, part, table)]
    known = chosen["predicted"].notna() & chosen["actual"].notna() & (chosen["weight"] > 0)
    rows = chosen[known].reset_index(drop=True)
    if rows.empty:
        raise DoesNotApply(f"no row is {PARTS.get(part, part)}; lengthen the history or change the split")
    return rows


def begun_with_balance(rows: pd.DataFrame) -> BoolArray:
    """Rows that lines and squared errors may be read from: not those of accounts that fill up from next to nothing.

    Their flow belongs in every sum; as a share of the balance before it is so large that a few of them would be all
    that a slope or a mean square shows.
    """
    return np.asarray(rows["actual"].to_numpy(np.float64) >= -MOST_INFLOW)


def mask_of(given: CheckInput, part: str, table: pd.DataFrame) -> BoolArray:
    """Mask over prediction rows, which hold each panel row once (or once a cause)."""
    mask: BoolArray = getattr(given.split, part)
    if len(table) == len(mask):
        return mask
    panel = given.panel.table
    chosen = pd.MultiIndex.from_frame(panel.loc[mask, ["unit", "month"]])
    return np.asarray(pd.MultiIndex.from_frame(table[["unit", "month"]]).isin(chosen))


def clusters_of(rows: pd.DataFrame) -> IntArray:
    """Code of each row's cluster: one customer in one half-year."""
    half_years = month_number(rows["month"]) // HALF_YEAR
    customers, _ = pd.factorize(rows["customer"])
    codes, _ = pd.factorize(customers.astype(np.int64) * 100_000 + half_years)
    return np.asarray(codes, dtype=np.int64)


def bootstrap_of(given: CheckInput, rows: pd.DataFrame) -> ClusterBootstrap:
    """Bootstrap of customers and half-years, each drawn apart, seeded by the specification."""
    customers, _ = pd.factorize(rows["customer"])
    return ClusterBootstrap.over(np.asarray(customers), month_number(rows["month"]) // HALF_YEAR, given.seed)


def cpr_points(monthly: FloatArray | pd.Series | float) -> FloatArray:
    """Monthly share as an annual one in percentage points; flows in (negative shares) stay negative."""
    share = np.clip(np.asarray(monthly, dtype=np.float64), -1.0, 1.0)
    return np.asarray(100.0 * monthly_to_annual(share))


@dataclass(frozen=True)
class Grouping:
    """Rows cut into groups: `codes` (rows,) with -1 for none, `labels` in order."""

    title: str
    codes: IntArray
    labels: tuple[str, ...]


def groupings(rows: pd.DataFrame) -> Mapping[str, Grouping]:
    """The cuts every calibration is looked at in; those that a kind has no column for are absent."""
    found = {"month": _sorted_groups("Month", rows["month"].dt.strftime("%Y-%m"))}
    if "driver" in rows and rows["driver"].notna().any():
        found["driver"] = _driver_groups(rows["driver"])
    if "age_months" in rows and rows["age_months"].notna().any():
        found["age"] = _age_groups(rows["age_months"])
        born = month_number(rows["month"]) - rows["age_months"].fillna(-1).to_numpy()
        years = pd.Series(np.where(rows["age_months"].notna(), born // 12 + 1970, np.nan))
        found["vintage"] = _sorted_groups("Vintage", years.map("{:.0f}".format, na_action="ignore"))
    if rows["segment"].nunique() > 1:
        found["segment"] = _sorted_groups("Segment", rows["segment"].astype(str))
    return found


def _sorted_groups(title: str, labels: pd.Series) -> Grouping:
    codes, uniques = pd.factorize(labels, sort=True)
    return Grouping(title, np.asarray(codes, dtype=np.int64), tuple(str(label) for label in uniques))


def _driver_groups(driver: pd.Series) -> Grouping:
    values = driver.to_numpy(dtype=np.float64)
    quantiles = np.nanquantile(values, np.linspace(0, 1, DRIVER_GROUPS + 1)[1:-1])
    # Edges on round quarter points, so that a reader can say them aloud.
    edges = np.unique(np.round(quantiles * 400) / 400)
    labels = _edge_labels(edges)
    codes = np.where(np.isfinite(values), np.searchsorted(edges, values, side="right"), -1)
    return Grouping("Driver", codes.astype(np.int64), labels)


def _age_groups(age: pd.Series) -> Grouping:
    values = age.to_numpy(dtype=np.float64)
    edges = np.asarray(AGE_EDGES, dtype=np.float64)
    codes = np.where(np.isfinite(values), np.searchsorted(edges, values, side="left"), -1)
    labels = [f"{low + 1:g}-{high:g} months" for low, high in zip((0, *AGE_EDGES[:-1]), AGE_EDGES, strict=True)]
    return Grouping("Age", codes.astype(np.int64), (*labels, f"over {AGE_EDGES[-1]} months"))


def prediction_tenths(rows: pd.DataFrame) -> Grouping:
    """Rows from the lowest to the highest prediction, a tenth in each group; rows of one prediction stay together."""
    ranks = rows["predicted"].rank(method="average", pct=True).to_numpy(np.float64)
    codes = np.minimum((ranks * PREDICTION_GROUPS).astype(np.int64), PREDICTION_GROUPS - 1)
    labels = [str(number) for number in range(1, PREDICTION_GROUPS + 1)]
    return Grouping("Tenth of predictions", codes, (f"{labels[0]}, lowest", *labels[1:-1], f"{labels[-1]}, highest"))


def _edge_labels(edges: FloatArray) -> tuple[str, ...]:
    """Words for what lies below, between and above edges, decimals, in percent."""
    if len(edges) == 0:
        return ("all",)
    words = [f"{100 * edge:+z.2f}%" for edge in edges]
    middle = [f"{low} to {high}" for low, high in pairwise(words)]
    return (f"below {words[0]}", *middle, f"{words[-1]} and above")


def balance_ratio(rows: pd.DataFrame) -> float:
    """Actual over expected by balance; not-a-number where nothing is expected."""
    expected = float((rows["weight"] * rows["predicted"]).sum())
    return float((rows["weight"] * rows["actual"]).sum()) / expected if expected else np.nan


def balance_ratio_interval(rows: pd.DataFrame, bootstrap: ClusterBootstrap) -> tuple[float, float]:
    """95% interval of `balance_ratio`, over clusters."""
    weight = rows["weight"].to_numpy(np.float64)
    low, high = bootstrap.ratio_interval(weight * rows["actual"].to_numpy(), weight * rows["predicted"].to_numpy())
    return float(low[0]), float(high[0])


BY_SIDE = {
    name: ",.2f" for name in ("actual / expected", "lower", "upper", "by count", "error, bp", "lower, bp", "upper, bp")
}
"""Formats of the distances of `actual_against_expected`, which are read beside each other."""


def actual_against_expected(
    rows: pd.DataFrame, grouping: Grouping, rate: bool, bootstrap: ClusterBootstrap, counted: bool = True
) -> pd.DataFrame:
    """One row a group: exposure in balance-months, actual, expected and their distance with a 95% interval.

    Shares are shown as annual percentages with the ratio actual / expected by balance and by count; rates in percent
    a year with the error predicted - actual in basis points. `counted` adds events and the ratio by count, which only
    0/1 outcomes have; of a group without an event the upper bound is Poisson's. A group of one cluster is the same in
    every draw and has no interval.
    """
    kept = grouping.codes >= 0
    count = len(grouping.labels)
    weight, codes = rows["weight"].to_numpy(np.float64), grouping.codes
    actual, predicted = rows["actual"].to_numpy(np.float64), rows["predicted"].to_numpy(np.float64)

    def total(values: FloatArray) -> FloatArray:
        return np.asarray(np.bincount(codes[kept], weights=values[kept], minlength=count), dtype=np.float64)

    numerator, denominator = (weight * (predicted - actual), weight) if rate else (weight * actual, weight * predicted)
    table = pd.DataFrame({grouping.title: grouping.labels, "rows": total(np.ones_like(weight)).astype(np.int64)})
    table["balance-months"] = total(weight)
    with np.errstate(divide="ignore", invalid="ignore"):
        mean_actual, mean_predicted = total(weight * actual) / total(weight), total(weight * predicted) / total(weight)
        distance = total(numerator) / total(denominator)
        by_count = total(actual) / total(predicted)
    low, high = np.full(count, np.nan), np.full(count, np.nan)
    masked = np.where(kept, 1.0, 0.0)
    some_low, some_high = bootstrap.ratio_interval(numerator * masked, denominator * masked, np.maximum(codes, 0))
    alone = pd.Series(bootstrap.clusters[kept]).groupby(codes[kept]).nunique().reindex(range(count)).to_numpy() == 1
    low[: len(some_low)], high[: len(some_high)] = some_low, some_high
    low[alone] = high[alone] = np.nan
    if counted and not rate:
        none = total(actual) == 0
        low[none], high[none] = 0.0, _none_yet(total(predicted))[none]
    if rate:
        table["actual, % a year"], table["predicted, % a year"] = 100 * mean_actual, 100 * mean_predicted
        table["error, bp"], table["lower, bp"], table["upper, bp"] = 1e4 * distance, 1e4 * low, 1e4 * high
    else:
        if counted:
            table["events"] = total(actual)
        table["actual, % CPR"], table["expected, % CPR"] = cpr_points(mean_actual), cpr_points(mean_predicted)
        table["actual / expected"], table["lower"], table["upper"] = distance, low, high
        if counted:
            table["by count"] = by_count
    return table[table["rows"] > 0].reset_index(drop=True)


def _none_yet(expected: FloatArray) -> FloatArray:
    """Actual over expected up to which a group without an event is still likely: no draw of its rows has one either."""
    bound = np.full(expected.shape, np.nan)
    np.divide(-np.log((1.0 - LEVEL) / 2.0), expected, out=bound, where=expected > 0)
    return bound


def monthly_path(rows: pd.DataFrame, columns: tuple[str, ...] = ("actual", "predicted")) -> pd.DataFrame:
    """Balance-weighted means by month: month, weight, then one column each; rows without a figure are left out."""
    months, labels = pd.factorize(rows["month"], sort=True)
    weight = rows["weight"].to_numpy(np.float64)
    table = pd.DataFrame({"month": labels, "weight": np.bincount(months, weights=weight)})
    for column in columns:
        values = rows[column].to_numpy(np.float64)
        seen = np.isfinite(values)
        top = np.bincount(months[seen], weights=(weight * values)[seen], minlength=len(labels))
        bottom = np.bincount(months[seen], weights=weight[seen], minlength=len(labels))
        table[column] = np.divide(top, bottom, out=np.full(len(labels), np.nan), where=bottom > 0)
    return table
